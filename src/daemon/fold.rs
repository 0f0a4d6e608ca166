//! The journal to the state it folds to: at start, for `verify` and for a rebuild. Applies, never judges.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tracing::warn;

use super::Fault;
use super::mend::has_room;
use super::texts::LiveTexts;
use crate::cluster::{Change, Clusterer, Params, Prepared};
use crate::journal::{Entry, Location, Reader, Record, Settings, SourceNote, Spoken};
use crate::model::{Seq, SourceId, Timestamp};
use crate::store::{Applied, Store};

/// Records applied to the store in one batch: sled holds a lock while it writes one.
pub(super) const BATCH_RECORDS: usize = 256;

/// Versions whose texts are read at start: twice what the short path remembers.
const READ_AT_START: usize = 8192;

/// What takes the records that the rows lack.
pub(super) type ToRows<'a> = dyn FnMut(&[Applied<'_>]) -> Result<(), Fault> + 'a;

/// The state after the last record.
pub(super) struct Fold {
    pub(super) clusterer: Clusterer,
    pub(super) texts: LiveTexts,
    /// Number of the last record.
    pub(super) last: Seq,
    /// Time of the fold: the writer's clock goes on from here, never back.
    pub(super) seen_at: Timestamp,
    /// What was last journalled as in force.
    pub(super) settings: Option<Settings>,
    /// Each source as last journalled.
    pub(super) sources: BTreeMap<SourceId, SourceNote>,
    /// Keys of articles that were erased: what goes by one of them is not taken in.
    pub(super) erased: BTreeSet<u64>,
    /// True where records before the last one are lost.
    gaps: bool,
}

impl Fold {
    /// Folds the whole journal; the records after `applied`, which the rows lack, go to `rows` as well. Asks `each` with every
    /// record that is done whether to go on.
    pub(super) fn open(
        reader: &Reader,
        params: Params,
        store: &Store,
        rows: &mut ToRows<'_>,
        each: &mut dyn FnMut(Seq) -> bool,
    ) -> Result<Self, Fault> {
        let mut fold = Self::new(reader, params);
        fold.catch_up(reader, Seq(u64::MAX), store.applied_seq(), rows, each)?;
        fold.ready(store);
        Ok(fold)
    }

    fn new(reader: &Reader, params: Params) -> Self {
        Self {
            clusterer: Clusterer::new(params),
            texts: LiveTexts::new(reader.clone(), params.live_max),
            last: Seq(0),
            seen_at: Timestamp::EPOCH,
            settings: None,
            sources: BTreeMap::new(),
            erased: BTreeSet::new(),
            gaps: false,
        }
    }

    /// Applies the records up to `last`; those after `applied` go to `rows`, too.
    fn catch_up(
        &mut self,
        reader: &Reader,
        last: Seq,
        applied: Seq,
        rows: &mut ToRows<'_>,
        each: &mut dyn FnMut(Seq) -> bool,
    ) -> Result<(), Fault> {
        let mut lagging = Lagging::default();
        for entry in reader.entries(Seq(1)) {
            let (location, entry) = entry?;
            if entry.seq > last {
                break;
            }
            let changes = self.apply(&entry).map_err(|what| reader.unfit(location, &what))?;
            if let Record::Version(version) = &entry.record {
                self.texts.placed(version, location);
            }
            if entry.seq > applied {
                lagging.push(entry, location, changes, rows)?;
            }
            if !each(self.last) {
                return Err(Fault::Stopped);
            }
        }
        lagging.flush(rows)
    }

    /// What an entry changes. `Err` says in words why it cannot stand where it does.
    fn apply(&mut self, entry: &Entry) -> Result<Vec<Change>, String> {
        self.last = entry.seq;
        match &entry.record {
            Record::Version(version) => {
                self.seen_at = self.seen_at.max(version.seen_at);
                return Ok(self.clusterer.apply(version));
            }
            Record::Override(spoken) => return self.obey(entry.seq, spoken),
            Record::Settings(settings) => self.settings = Some(settings.clone()),
            Record::Source(note) => {
                self.sources.insert(note.id.clone(), note.clone());
            }
            Record::Erase(erase) => self.erased.extend(&erase.keys),
            Record::Gap(_) => self.gaps = true,
            Record::Tick => self.seen_at = self.seen_at.max(entry.at),
            Record::Lost(_) => {}
        }
        Ok(Vec::new())
    }

    /// An editor's word was obeyed before it was journalled, so here it is again. Only what it names may be lost.
    fn obey(&mut self, seq: Seq, spoken: &Spoken) -> Result<Vec<Change>, String> {
        match self.clusterer.override_with(seq.0, &spoken.word) {
            Ok(changes) => Ok(changes),
            Err(refusal) if self.gaps => {
                warn!(%seq, %refusal, "an editor's word names what is lost, and is passed over");
                Ok(Vec::new())
            }
            Err(refusal) => Err(format!("editor's word {seq} cannot be carried out: {refusal}")),
        }
    }

    /// Makes what is live findable again. Of the newest versions the texts are read, since they are compared with most and the
    /// short path wants their words; of the others the sketch that is kept will do, where it is of the present scheme.
    fn ready(&mut self, store: &Store) {
        let live: Vec<_> = self.clusterer.live().collect();
        let newest = live.len().saturating_sub(READ_AT_START);
        for (at, version) in live.into_iter().enumerate() {
            let kept = || {
                let bytes = store.findable(version).ok().flatten();
                bytes.and_then(|bytes| Prepared::from_bytes(&bytes))
            };
            if let Some(prepared) = (at < newest).then(kept).flatten() {
                self.clusterer.admit(version, &prepared);
                continue;
            }
            let Some(prepared) = self.texts.read(version) else {
                // Its text is gone. It still makes phrases common, as it did before.
                if let Some(prepared) = kept() {
                    self.clusterer.admit(version, &prepared);
                }
                continue;
            };
            self.clusterer.admit(version, &prepared);
            self.texts.keep(version, prepared.compared);
        }
    }
}

/// Records the store does not have yet, with their changes.
#[derive(Default)]
struct Lagging {
    waiting: Vec<(Entry, Location, Vec<Change>)>,
}

impl Lagging {
    fn push(
        &mut self,
        entry: Entry,
        location: Location,
        changes: Vec<Change>,
        rows: &mut ToRows<'_>,
    ) -> Result<(), Fault> {
        self.waiting.push((entry, location, changes));
        if self.waiting.len() >= BATCH_RECORDS { self.flush(rows) } else { Ok(()) }
    }

    fn flush(&mut self, rows: &mut ToRows<'_>) -> Result<(), Fault> {
        let batch: Vec<Applied<'_>> = self
            .waiting
            .iter()
            .map(|(entry, location, changes)| Applied { entry, location: *location, changes })
            .collect();
        rows(&batch)?;
        self.waiting.clear();
        Ok(())
    }
}

/// The settings that were last in force in a journal; the defaults where it names none.
pub fn settings(reader: &Reader) -> Result<Params, Fault> {
    let mut params = Params::default();
    for entry in reader.entries(Seq(1)) {
        if let Record::Settings(settings) = entry?.1.record {
            let live_max = u32::try_from(settings.live_max).unwrap_or(u32::MAX);
            params = Params { window_millis: settings.window_millis, live_max };
        }
    }
    Ok(params)
}

/// Folds the journal up to record `last` into a fresh store at `scratch`: what the derived rows should be there. Tells `each`
/// which records are done.
pub fn rebuild(
    reader: &Reader,
    last: Seq,
    scratch: &Path,
    cache_bytes: u64,
    each: &mut dyn FnMut(Seq),
) -> Result<Store, Fault> {
    let (store, _) = Store::open(scratch, cache_bytes)?;
    let go_on = &mut |seq| {
        each(seq);
        true
    };
    // Nothing is judged, so nothing need be findable.
    let mut fold = Fold::new(reader, Params { live_max: 1, ..Params::default() });
    let mut load = store.load(last);
    let rows = &mut |batch: &[Applied<'_>]| {
        has_room(store.dir())?;
        Ok(load.take(batch)?)
    };
    fold.catch_up(reader, last, store.applied_seq(), rows, go_on)?;
    load.finish()?;
    Ok(store)
}

/// Brings the rows of `store` up to record `last` of the journal. Asks `each` with every record that is done whether to go on.
pub(super) fn catch_up(
    reader: &Reader,
    last: Seq,
    store: &Store,
    each: &mut dyn FnMut(Seq) -> bool,
) -> Result<(), Fault> {
    // Nothing is judged, so nothing need be findable.
    let mut fold = Fold::new(reader, Params { live_max: 1, ..Params::default() });
    let rows = &mut |batch: &[Applied<'_>]| {
        has_room(store.dir())?;
        store.apply(batch)?;
        Ok(())
    };
    fold.catch_up(reader, last, store.applied_seq(), rows, each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Log;

    #[test]
    fn a_tick_moves_the_time_of_the_fold_on_and_never_back() {
        let dir = tempfile::tempdir().unwrap();
        let (log, _) = Log::open(dir.path()).unwrap();
        let mut fold = Fold::new(&log.reader(), Params::default());
        for (seq, (at, expected)) in (1..).zip([(5, 5), (3, 5), (9, 9)]) {
            let tick = Entry { seq: Seq(seq), at: Timestamp::from_secs(at), record: Record::Tick };
            assert_eq!(fold.apply(&tick), Ok(Vec::new()));
            assert_eq!((fold.last, fold.seen_at), (Seq(seq), Timestamp::from_secs(expected)));
        }
    }
}
