//! The journal judged again, in memory: how its clusters would come out by the present rules. Nothing is written.

use std::collections::BTreeSet;

use super::Fault;
use super::texts::LiveTexts;
use crate::cluster::regroup::{Place, Regrouping};
use crate::cluster::{Clusterer, Judged, Override, Params, Verdicts, Version};
use crate::journal::{Location, Reader, Record};
use crate::model::{Seq, VersionId};

/// What came of judging again.
#[derive(Clone, Debug, Default)]
pub struct Rejudged {
    /// Versions of the journal.
    pub versions: usize,
    /// Versions whose text is gone: their verdicts stand as they are.
    pub without_text: usize,
    /// The rules that judged them at arrival.
    pub engines: BTreeSet<u16>,
    /// Links by the verdicts, as they stand at the end.
    pub links_before: usize,
    /// Links judged again, as they stand at the end.
    pub links_after: usize,
    /// How the clusters differ.
    pub regrouping: Regrouping,
}

/// Judges every version of the journal again, in its order, with `params`; tells `each` which records are done.
///
/// Holds what a daemon holds, twice: the rows of the fold, and the sets of the newest texts.
pub fn rejudge(
    reader: &Reader,
    params: Params,
    each: &mut dyn FnMut(Seq),
) -> Result<Rejudged, Fault> {
    let mut folds = Folds::new(reader, params);
    let mut engines = BTreeSet::new();
    for entry in reader.entries(Seq(1)) {
        let (location, entry) = entry?;
        match entry.record {
            Record::Version(version) => {
                engines.insert(version.verdicts.engine);
                folds.take(*version, location);
            }
            Record::Override(spoken) => folds.obey(entry.seq, &spoken.word),
            Record::Settings(_)
            | Record::Source(_)
            | Record::Lost(_)
            | Record::Erase(_)
            | Record::Gap(_)
            | Record::Tick => {}
        }
        each(entry.seq);
    }
    Ok(folds.compare(engines))
}

/// The fold of the verdicts, and beside it the fold of new ones.
struct Folds {
    before: Clusterer,
    after: Clusterer,
    texts: LiveTexts,
    /// Each version, and which version it is judged again: itself, unless it is a duplicate now.
    versions: Vec<(VersionId, VersionId)>,
    without_text: usize,
}

impl Folds {
    fn new(reader: &Reader, params: Params) -> Self {
        Self {
            // It only applies, so nothing need be findable.
            before: Clusterer::new(Params { live_max: 1, ..params }),
            after: Clusterer::new(params),
            texts: LiveTexts::new(reader.clone(), params.live_max),
            versions: Vec::new(),
            without_text: 0,
        }
    }

    fn take(&mut self, mut version: Version, location: Location) {
        let Self { before, after, texts, .. } = self;
        before.apply(&version);
        if is_without_text(&version) {
            self.without_text += 1;
            self.versions.push((version.id, version.id));
            after.apply(&version);
            return;
        }
        let judged = after.judge(&version.article, version.seen_at, &mut |other| texts.lend(other));
        let same = match judged {
            Judged::Duplicate(same) => same,
            Judged::New { verdicts, prepared, .. } => {
                version.verdicts = *verdicts;
                after.apply(&version);
                after.admit(version.id, &prepared);
                texts.placed(&version, location);
                texts.keep(version.id, prepared.compared);
                version.id
            }
        };
        self.versions.push((version.id, same));
    }

    /// An editor's word holds in both folds. Where the present rules made it idle (what it joins is one already), it is passed over.
    fn obey(&mut self, seq: Seq, word: &Override) {
        for fold in [&mut self.before, &mut self.after] {
            let _idle = fold.override_with(seq.0, word);
        }
    }

    fn compare(self, engines: BTreeSet<u16>) -> Rejudged {
        let Self { before, after, versions, without_text, .. } = self;
        let place = |&(version, same): &(VersionId, VersionId)| {
            Some(Place {
                version,
                before: before.cluster_of(version)?,
                after: after.cluster_of(same)?,
            })
        };
        let places: Vec<Place> = versions.iter().filter_map(place).collect();
        let links = |fold: &Clusterer| {
            versions.iter().map(|&(version, _)| fold.links_of(version).count()).sum()
        };
        Rejudged {
            versions: versions.len(),
            without_text,
            engines,
            links_before: links(&before),
            links_after: links(&after),
            regrouping: Regrouping::of(&places),
        }
    }
}

/// True where a text was judged that is no longer there. An item may come as a headline alone, but then no block was seen.
fn is_without_text(version: &Version) -> bool {
    let Version { article, verdicts: Verdicts { blocks, .. }, .. } = version;
    version.redacted.is_some()
        || article.text.is_empty() && (article.title.is_empty() || !blocks.is_empty())
}
