//! The journal judged again: how its clusters would come out by the present rules, and, by order, that they do.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::lagging::BATCH_RECORDS;
use super::stand::first_clusters;
use super::texts::LiveTexts;
use super::{Fault, in_force};
use crate::cluster::regroup::{Place, Regrouping};
use crate::cluster::{Clusterer, Judged, Params, Verdicts, Version};
use crate::journal::{Entry, Location, Log, Reader, Record, Spoken, Trim, judged};
use crate::model::{Seq, VersionId};
use crate::store::Store;

/// How long the rows of before may take to be written out.
const FLUSH_DEADLINE: Duration = Duration::from_mins(2);

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

/// Judges every version of the journal again, in its order, with `params`; tells `each` which records are done. Writes nothing.
///
/// Holds what a daemon holds, twice: the rows of the fold, and the sets of the newest texts.
pub fn rejudge(
    reader: &Reader,
    params: Params,
    each: &mut dyn FnMut(Seq),
) -> Result<Rejudged, Fault> {
    through(reader, params, &mut |_| Ok(()), each)
}

/// The same, and the new verdicts take the place of the old ones: in a journal written beside that of `dir`, with the same records
/// under the same numbers. Gives what came of it and the generation that begins. The rows are those of before, which no
/// opening trusts; the caller makes them again ([`super::replay_judged`]), and holds the directory's lock.
pub fn rejudge_for_good(
    dir: &Path,
    params: Params,
    cache_bytes: u64,
    each: &mut dyn FnMut(Seq),
) -> Result<(Rejudged, u64), Fault> {
    let reader = Reader::open(dir)?;
    let beside = judged::beside(dir)?;
    let written: Result<Rejudged, Fault> = (|| {
        let (mut log, _) = Log::open(&beside)?;
        let mut waiting = Vec::new();
        let rejudged = through(
            &reader,
            params,
            &mut |entry| {
                waiting.push(entry);
                if waiting.len() >= BATCH_RECORDS {
                    log.append(&std::mem::take(&mut waiting))?;
                }
                Ok(())
            },
            each,
        )?;
        log.append(&waiting)?;
        Ok(rejudged)
    })();
    let rejudged = written.inspect_err(|_| {
        // Half a journal is of no use; the fault is what has to be told.
        let _ = judged::drop_beside(dir);
    })?;
    // Rows of the old verdicts must not meet the new ones, whenever the power fails: that they are of this generation is durable
    // before the next begins. They are kept for what the poller noted.
    let noted =
        Store::open_unread(dir, cache_bytes).and_then(|(store, _)| store.write_out(FLUSH_DEADLINE));
    if noted.is_err() {
        Store::discard(dir)?;
    }
    Ok((rejudged, judged::put_in_place(dir)?))
}

/// Hands every record to `write` as it stands by the new verdicts.
fn through(
    reader: &Reader,
    params: Params,
    write: &mut dyn FnMut(Entry) -> Result<(), Fault>,
    each: &mut dyn FnMut(Seq),
) -> Result<Rejudged, Fault> {
    let mut folds = Folds::new(reader, params)?;
    let mut engines = BTreeSet::new();
    for entry in reader.entries(Seq(1)) {
        let (location, entry) = entry?;
        let Entry { seq, at, record } = entry;
        let record = match record {
            Record::Version(version) => {
                engines.insert(version.verdicts.engine);
                Record::Version(Box::new(folds.take(*version, location)))
            }
            Record::Override(spoken) => folds.obey(seq, spoken),
            Record::Trim(trim) => folds.trim(trim),
            Record::Settings(_) => Record::Settings(in_force(&params)),
            other => other,
        };
        write(Entry { seq, at, record })?;
        each(seq);
    }
    Ok(folds.compare(engines))
}

/// The fold of the verdicts, and beside it the fold of new ones.
struct Folds {
    reader: Reader,
    before: Clusterer,
    after: Clusterer,
    texts: LiveTexts,
    /// Each version, and which version it is judged again: itself, unless it is a duplicate now.
    versions: Vec<(VersionId, VersionId)>,
    without_text: usize,
    /// The last record that was trimmed.
    begun: Seq,
}

impl Folds {
    fn new(reader: &Reader, params: Params) -> Result<Self, Fault> {
        Ok(Self {
            reader: reader.clone(),
            // It only applies, so nothing need be findable.
            before: first_clusters(reader, Params { live_max: 1, ..params })?,
            after: first_clusters(reader, params)?,
            texts: LiveTexts::new(reader.clone(), params.live_max),
            versions: Vec::new(),
            without_text: 0,
            begun: reader.base().map_or(Seq(0), |base| base.upto()),
        })
    }

    /// The version with its new verdicts; with the old ones where it cannot be judged again.
    fn take(&mut self, mut version: Version, location: Location) -> Version {
        let Self { reader, before, after, texts, .. } = self;
        before.apply(&version);
        if is_without_text(&version) {
            self.without_text += 1;
            self.versions.push((version.id, version.id));
            after.apply(&version);
            return version;
        }
        let prior = version.reextracted_from().and_then(|of| prior(reader, of));
        let (article, seen_at) = (&version.article, version.seen_at);
        let mut lend = |other| texts.lend(other);
        let judged = match &prior {
            Some(prior) => after.judge_reextracted(article, prior, seen_at, &mut lend),
            None => after.judge(article, seen_at, &mut lend),
        };
        let same = match judged {
            Judged::Duplicate(same) => {
                after.apply(&version);
                same
            }
            Judged::New { verdicts, prepared, .. } => {
                version.verdicts = *verdicts;
                after.apply(&version);
                if version.reextracted_from().is_none() {
                    after.admit(version.id, &prepared);
                    texts.placed(&version, location);
                    texts.keep(version.id, prepared.compared);
                }
                version.id
            }
        };
        self.versions.push((version.id, same));
        version
    }

    /// A trim that is carried out stays. One that is not is taken back: the file it names was made from the old verdicts.
    fn trim(&mut self, trim: Trim) -> Record {
        if trim.upto <= self.begun {
            return Record::Trim(trim);
        }
        self.before.forget(&trim.gone);
        Record::Tick
    }

    /// An editor's word holds in both folds. Where the new verdicts made it idle (what it joins is one already), nothing but its
    /// time is left of it.
    fn obey(&mut self, seq: Seq, spoken: Spoken) -> Record {
        let _of_old = self.before.override_with(seq.0, &spoken.word);
        match self.after.override_with(seq.0, &spoken.word) {
            Ok(_) => Record::Override(spoken),
            Err(_) => Record::Tick,
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

/// The version of which another is a further reading, as the journal has it.
pub(super) fn prior(reader: &Reader, of: VersionId) -> Option<Box<Version>> {
    match reader.read_seq(Seq(of.0), Location::default()).ok()?.record {
        Record::Version(prior) => Some(prior),
        _ => None,
    }
}

/// True where a text was judged that is no longer there. An item may come as a headline alone, but then no block was seen.
pub(super) fn is_without_text(version: &Version) -> bool {
    let Version { article, verdicts: Verdicts { blocks, .. }, .. } = version;
    version.redacted.is_some()
        || article.text.is_empty() && (article.title.is_empty() || !blocks.is_empty())
}
