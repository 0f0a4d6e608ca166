//! The journal to the state it folds to: at start, for `verify` and for a rebuild. Applies, never judges.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tracing::{info, warn};

use super::ahead::Ahead;
use super::lagging::{Folded, Lagging, ToRows, applied, behind};
use super::mend::has_room;
use super::stand::{Passed, first_settings, found};
use super::texts::LiveTexts;
use super::{Fault, checkpoint};
use crate::cluster::{Change, Clusterer, Params};
use crate::journal::{Entry, Location, Reader, Record, Settings, SourceNote, Spoken, Trim};
use crate::model::{Seq, SourceId, Timestamp};
use crate::store::Store;

/// The state after the last record.
pub(super) struct Fold {
    pub(super) clusterer: Clusterer,
    pub(super) texts: LiveTexts,
    /// Number of the last record.
    pub(super) last: Seq,
    /// Where that lies.
    pub(super) at: Location,
    /// The record at which it was read from a checkpoint; 0 where it was not.
    pub(super) covered: Seq,
    /// Time of the fold: the writer's clock goes on from here, never back.
    pub(super) seen_at: Timestamp,
    /// What was last journalled as in force.
    pub(super) settings: Option<Settings>,
    /// Each source as last journalled.
    pub(super) sources: BTreeMap<SourceId, SourceNote>,
    /// Keys of articles that were erased: what goes by one of them is not taken in.
    pub(super) erased: BTreeSet<u64>,
    /// How often the journal had been rewritten when it was read.
    pub(super) rewritings: u64,
    /// True where records before the last one are lost.
    pub(super) gaps: bool,
    /// Names of articles that have had their time.
    pub(super) passed: Passed,
}

impl Fold {
    /// Folds the journal, from the checkpoint beside it on where that fits; the records after `applied`, which the rows lack, go to `rows` as well. Asks `each` with every
    /// record that is done whether to go on.
    pub(super) fn open(
        reader: &Reader,
        params: Params,
        store: &Store,
        rows: &mut ToRows<'_>,
        each: &mut dyn FnMut(Seq) -> bool,
    ) -> Result<Self, Fault> {
        let applied = store.applied_seq();
        found(reader, store)?;
        let applied = store.applied_seq().max(applied);
        let (mut fold, short_path) = Self::begin(store.dir(), reader, params, applied)?;
        let remembered = fold.clusterer.thaw_short_path(&short_path).map_or_else(
            |why| {
                if fold.covered > Seq(0) {
                    warn!("what the short path remembered is read from texts: {why}");
                }
                Seq(0)
            },
            |()| fold.covered,
        );
        fold.catch_up(reader, Seq(u64::MAX), applied, rows, each)?;
        fold.ready(store, remembered);
        Ok(fold)
    }

    /// The state after record `last`, with nothing findable: for the checkpoint at it.
    pub(super) fn at(
        dir: &Path,
        reader: &Reader,
        params: Params,
        last: Seq,
        each: &mut dyn FnMut(Seq) -> bool,
    ) -> Result<Self, Fault> {
        let (mut fold, _) = Self::begin(dir, reader, params, last)?;
        fold.catch_up(reader, last, last, &mut |_| Ok(()), each)?;
        Ok(fold)
    }

    /// The state that was written down, and its short path; the beginning where it does not fit. It is at `latest` or before.
    fn begin(
        dir: &Path,
        reader: &Reader,
        params: Params,
        latest: Seq,
    ) -> Result<(Self, Vec<u8>), Fault> {
        match checkpoint::load(dir, reader, params, latest) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(why) => {
                info!("the checkpoint does not fit, so the whole journal is folded: {why}");
            }
        }
        Ok((Self::first(reader, params)?, Vec::new()))
    }

    pub(super) fn new(reader: &Reader, params: Params) -> Self {
        Self {
            clusterer: Clusterer::new(params),
            texts: LiveTexts::new(reader.clone(), params.live_max),
            last: Seq(0),
            at: Location::default(),
            covered: Seq(0),
            seen_at: Timestamp::EPOCH,
            settings: None,
            sources: BTreeMap::new(),
            erased: BTreeSet::new(),
            rewritings: reader.rewritings(),
            gaps: false,
            passed: Passed::default(),
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
        for entry in Ahead::start(reader, Seq(self.last.0 + 1))? {
            let (location, entry, words) = entry?;
            if entry.seq > last {
                break;
            }
            self.at = location;
            let changes = self.apply(&entry).map_err(|what| reader.unfit(location, &what))?;
            if let Record::Version(version) = &entry.record {
                self.texts.placed(version, location);
            }
            if entry.seq > applied {
                lagging.push(Folded { bare: (location, entry, words), changes }, rows)?;
            }
            if !each(self.last) {
                return Err(Fault::Stopped);
            }
        }
        lagging.flush(rows)
    }

    /// Applies the records up to `last`; those that the rows of `store` lack go there.
    fn into_rows(
        mut self,
        reader: &Reader,
        last: Seq,
        store: &Store,
        each: &mut dyn FnMut(Seq) -> bool,
    ) -> Result<(), Fault> {
        let rows = &mut |batch: Vec<Folded>| write_rows(store, &batch);
        self.catch_up(reader, last, store.applied_seq(), rows, each)
    }

    /// What an entry changes. `Err` says in words why it cannot stand where it does.
    pub(super) fn apply(&mut self, entry: &Entry) -> Result<Vec<Change>, String> {
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
            Record::Trim(trim) => return Ok(self.trim(trim, entry.at)),
            Record::Tick => self.seen_at = self.seen_at.max(entry.at),
            Record::Lost(_) => {}
        }
        Ok(Vec::new())
    }

    /// Forgets what has had its time. Where the fold began with what was left, there is nothing to forget.
    pub(super) fn trim(&mut self, trim: &Trim, at: Timestamp) -> Vec<Change> {
        let changes = self.clusterer.forget(&trim.gone);
        self.pass(&changes, at);
        changes
    }

    /// Remembers the names of articles that are forgotten.
    pub(super) fn pass(&mut self, changes: &[Change], at: Timestamp) {
        for change in changes {
            if let Change::Forgotten { names, .. } = change {
                for &name in names {
                    self.passed.add(name);
                }
            }
        }
        self.passed.at = self.passed.at.max(at);
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
}

/// Writes the rows of a run of records, where there is room for them.
pub(super) fn write_rows(store: &Store, batch: &[Folded]) -> Result<(), Fault> {
    has_room(store.dir())?;
    store.apply(&applied(batch))?;
    Ok(())
}

/// The settings that were last in force in a journal; the defaults where it names none.
pub fn settings(reader: &Reader) -> Result<Params, Fault> {
    settings_since(reader, first_params(reader)?, Seq(1))
}

fn first_params(reader: &Reader) -> Result<Params, Fault> {
    Ok(first_settings(reader)?.map_or_else(Params::default, |settings| params(&settings)))
}

/// The same, where a checkpoint may tell what was in force up to it.
pub(super) fn settings_last(dir: &Path, reader: &Reader) -> Result<Params, Fault> {
    match checkpoint::settings(dir, reader) {
        Some((settings, seq)) => settings_since(reader, params(&settings), Seq(seq.0 + 1)),
        None => settings(reader),
    }
}

fn settings_since(reader: &Reader, before: Params, from: Seq) -> Result<Params, Fault> {
    let mut last = before;
    for entry in reader.bare_entries(from) {
        if let Record::Settings(settings) = entry?.1.record {
            last = params(&settings);
        }
    }
    Ok(last)
}

fn params(settings: &Settings) -> Params {
    let live_max = u32::try_from(settings.live_max).unwrap_or(u32::MAX);
    Params { window_millis: settings.window_millis, live_max }
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
    // Nothing is judged, so nothing need be findable. A checkpoint is not asked: the journal is what rows are checked against.
    found(reader, &store)?;
    let mut fold = Fold::first(reader, Params { live_max: 1, ..Params::default() })?;
    let mut load = store.load(last);
    let make = |batch: Vec<Folded>| {
        has_room(store.dir())?;
        Ok(load.take(&applied(&batch))?)
    };
    behind(make, |rows| fold.catch_up(reader, last, store.applied_seq(), rows, go_on))?;
    load.finish()?;
    Ok(store)
}

/// Brings the rows of `store` up to record `last` of the journal, from the checkpoint beside it on where that is not ahead of
/// them. Asks `each` with every record that is done whether to go on.
pub(super) fn catch_up(
    reader: &Reader,
    last: Seq,
    store: &Store,
    each: &mut dyn FnMut(Seq) -> bool,
) -> Result<(), Fault> {
    let dir = store.dir();
    let few = Params { live_max: 1, ..Params::default() };
    let params = checkpoint::settings(dir, reader).map_or(few, |(settings, _)| params(&settings));
    found(reader, store)?;
    let (fold, _) = Fold::begin(dir, reader, params, store.applied_seq())?;
    fold.into_rows(reader, last, store, each)
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
