//! A trim that is to be, and whether what came meanwhile still lets it.

use super::Fault;
use crate::cluster::Touched;
use crate::journal::{Reader, Record, Trim};
use crate::model::{ArticleId, Seq, VersionId};

/// A trim that is to be.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// The record to append.
    pub(super) trim: Trim,
    /// What was journalled after this record was not looked at.
    pub(super) seen: Seq,
    /// How many versions go.
    pub(super) count: usize,
    /// These and what they are linked to, and the articles of both, ascending.
    pub(super) versions: Vec<VersionId>,
    pub(super) articles: Vec<ArticleId>,
}

impl Planned {
    /// True where records after those that were looked at name what was to go: then it stays, this time.
    pub(super) fn is_overtaken(&self, reader: &Reader) -> Result<bool, Fault> {
        let touched = touched(reader, self.seen, reader.last_seq())?;
        Ok(touched.reaches(&self.versions, &self.articles))
    }
}

/// What records after `after` up to `last` name.
pub(super) fn touched(reader: &Reader, after: Seq, last: Seq) -> Result<Touched, Fault> {
    let mut touched = Touched::default();
    for entry in reader.bare_entries(Seq(after.0 + 1)) {
        let (_, entry, _) = entry?;
        if entry.seq > last {
            break;
        }
        match &entry.record {
            Record::Version(version) => touched.by(version),
            Record::Override(spoken) => touched.by_word(&spoken.word),
            _ => {}
        }
    }
    Ok(touched)
}
