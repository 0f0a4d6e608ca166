//! Derived rows to what they know of the journal beside them: whether they are of it, and how far it once went.

use std::path::Path;

use crate::journal::{JournalError, Record, peek};
use crate::model::{Seq, VersionId};
use crate::store::{Store, VersionRow};

/// Rows looked at, at each distance from the newest.
const LOOKED_AT: u64 = 16;

/// How far the rows of a data directory say that its journal went; `None` where the journal has other records than they say,
/// and none that they say: then they are of another one.
///
/// A row says where the journal keeps its version. The newest may be those that are lost, so older ones are looked at as well;
/// where none is left to be looked at, the journal was cut short, and the rows were made from it.
pub fn known(dir: &Path, store: &Store) -> Option<Seq> {
    let applied = store.applied_seq();
    let distances = (0..u64::BITS).map(|halved| applied.0 >> halved).take_while(|&seq| seq > 0);
    let mut is_another = false;
    for before in distances.flat_map(|seq| (seq.saturating_sub(LOOKED_AT)..seq).rev()) {
        let row = store.version(VersionId(before + 1)).ok().flatten();
        match row.and_then(|row| is_of(dir, &row)) {
            Some(true) => return Some(applied),
            Some(false) => is_another = true,
            None => {}
        }
    }
    (!is_another && applied > Seq(0)).then_some(applied)
}

/// Whether the journal has the version a row was made from; `None` where it ends before that could be told.
fn is_of(dir: &Path, row: &VersionRow) -> Option<bool> {
    match peek(dir, row.location) {
        // Two journals may begin alike, so the number alone says little.
        Ok(entry) => Some(match entry.record {
            // A row holds the beginning of what is long.
            Record::Version(version) => {
                (version.id, version.seen_at) == (row.id, row.seen_at)
                    && version.article.source.as_str().starts_with(row.source.as_str())
                    && (version.redacted.is_some() || version.article.title.starts_with(&row.title))
            }
            _ => false,
        }),
        Err(JournalError::Absent { .. }) => None,
        Err(_) => Some(false),
    }
}
