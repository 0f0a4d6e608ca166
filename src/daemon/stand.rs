//! What a trimmed journal begins with: the fold at its last trimmed record to bytes and back, and to the rows it had then.
//!
//! The bytes are the truth: unlike a checkpoint they are read whatever rules and settings are in force, for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::Fault;
use super::fold::Fold;
use crate::cluster::{Change, Clusterer, Params};
use crate::journal::{Base, Entry, Reader, Record, Settings, SourceNote};
use crate::model::{ClusterId, Seq, SourceId, Timestamp, VersionId};
use crate::store::{Names, Standing, Stood, Store};

/// Number of the layout.
const FORMAT: u8 = 1;

/// Names of articles that have had their time which are remembered, the newest: eight bytes each.
const PASSED_MAX: usize = 1 << 20;

/// Rows handed to the store at a time.
const PART: usize = 1024;

/// Names of articles that were trimmed: an old page that a feed goes on to list is no news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    names: BTreeSet<u64>,
    /// The same, the newest last.
    order: VecDeque<u64>,
    /// When the last of them was trimmed.
    pub(super) at: Timestamp,
}

impl Passed {
    pub(super) fn of(names: Vec<u64>, at: Timestamp) -> Self {
        let mut passed = Self { at, ..Self::default() };
        for name in names {
            passed.add(name);
        }
        passed
    }

    pub(super) fn add(&mut self, name: u64) {
        if !self.names.insert(name) {
            return;
        }
        self.order.push_back(name);
        if self.order.len() > PASSED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
    }

    pub(super) fn has(&self, name: u64) -> bool {
        self.names.contains(&name)
    }

    pub(super) fn names(&self) -> Vec<u64> {
        self.order.iter().copied().collect()
    }
}

/// What rows are made of beside the clusters as they stand: what happened on the way there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    /// What the ids of clusters name.
    clusters: Names,
    /// Articles and versions each source has brought.
    brought: BTreeMap<SourceId, (u64, u64)>,
    lost: u64,
}

impl Ledger {
    /// Takes down what an entry changed.
    pub(super) fn take(&mut self, entry: &Entry, changes: &[Change]) {
        match &entry.record {
            Record::Version(version) => {
                let brought = self.brought.entry(version.article.source.clone()).or_default();
                let is_new =
                    |change: &Change| matches!(change, Change::Joined { new_article: true, .. });
                brought.0 += u64::from(changes.iter().any(is_new));
                brought.1 += 1;
            }
            Record::Lost(_) => self.lost += 1,
            _ => {}
        }
        for change in changes {
            match change {
                Change::Created { set, cluster } => {
                    self.clusters.insert(*cluster, Ok(*set));
                }
                Change::Merged { from, into, kept, .. } => {
                    self.clusters.insert(*into, Ok(*kept));
                    self.clusters.insert(*from, Err(*into));
                }
                Change::Updated { set, summary } => {
                    self.clusters.insert(summary.cluster, Ok(*set));
                }
                _ => {}
            }
        }
    }

    /// Takes out what is gone, and ids that lead there.
    pub(super) fn forget(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::Forgotten { versions, .. } = change {
                for version in versions {
                    self.clusters.remove(&ClusterId(version.0));
                }
            }
        }
        loop {
            let leads_astray = |names: &Result<_, ClusterId>| {
                names.is_err_and(|into| !self.clusters.contains_key(&into))
            };
            let astray = self.clusters.iter().filter(|(_, names)| leads_astray(names));
            let astray: Vec<ClusterId> = astray.map(|(&id, _)| id).collect();
            if astray.is_empty() {
                return;
            }
            for id in astray {
                self.clusters.remove(&id);
            }
        }
    }
}

/// The state as it lies in the file.
#[derive(Serialize, Deserialize)]
struct State {
    seen_at: i64,
    gaps: bool,
    erased: Vec<u64>,
    passed: Vec<u64>,
    passed_at: i64,
    /// Engine, digest, window and `live_max` in force.
    settings: Option<(u16, u64, u64, u64)>,
    /// Id, name, kind, own, language.
    sources: Vec<(String, String, String, bool, Option<String>)>,
    /// Source, its articles and its versions.
    brought: Vec<(String, u64, u64)>,
    lost: u64,
    /// Ids of clusters, each with the set it names, or the id it redirects to.
    live: Vec<(u64, u32)>,
    merged: Vec<(u64, u64)>,
    /// Window and `live_max` the fold was made with.
    made_with: (u64, u32),
    fold: Vec<u8>,
}

/// The fold and its ledger as bytes.
pub(super) fn to_bytes(fold: &Fold, ledger: &Ledger) -> Vec<u8> {
    let note = |note: &SourceNote| {
        let SourceNote { id, name, kind, own, lang } = note.clone();
        (id.0, name, kind, own, lang)
    };
    let settings = |settings: &Settings| {
        let &Settings { engine, digest, window_millis, live_max } = settings;
        (engine, digest, window_millis, live_max)
    };
    let Params { window_millis, live_max } = *fold.clusterer.params();
    let ids = || ledger.clusters.iter();
    let state = State {
        seen_at: fold.seen_at.millis(),
        gaps: fold.gaps,
        erased: fold.erased.iter().copied().collect(),
        passed: fold.passed.names(),
        passed_at: fold.passed.at.millis(),
        settings: fold.settings.as_ref().map(settings),
        sources: fold.sources.values().map(note).collect(),
        brought: ledger
            .brought
            .iter()
            .map(|(source, &(articles, versions))| (source.0.clone(), articles, versions))
            .collect(),
        lost: ledger.lost,
        live: ids().filter_map(|(id, names)| Some((id.0, names.ok()?.0))).collect(),
        merged: ids().filter_map(|(id, names)| Some((id.0, names.err()?.0))).collect(),
        made_with: (window_millis, live_max),
        fold: fold.clusterer.freeze(),
    };
    postcard::to_extend(&state, vec![FORMAT])
        .expect("a growing buffer takes plain structs of known length")
}

/// The state a file holds.
fn read(base: &Base) -> Result<State, Fault> {
    let bytes = base.state()?;
    match bytes.split_first() {
        Some((&FORMAT, rest)) => postcard::from_bytes(rest)
            .map_err(|fault| unfit(base, &format!("its state is unreadable: {fault}"))),
        _ => Err(unfit(base, "a newer program wrote its state; run that one")),
    }
}

fn unfit(base: &Base, what: &str) -> Fault {
    let (path, what) = (base.path().to_path_buf(), what.to_owned());
    Fault::Journal(crate::journal::JournalError::Damaged { path, offset: 0, what })
}

impl Fold {
    /// The fold before the first record that is there: of nothing, or of what was trimmed.
    pub(super) fn first(reader: &Reader, params: Params) -> Result<Self, Fault> {
        Ok(first_with_ledger(reader, params)?.0)
    }
}

/// The same, and what is known of the way there.
pub(super) fn first_with_ledger(reader: &Reader, params: Params) -> Result<(Fold, Ledger), Fault> {
    let mut fold = Fold::new(reader, params);
    let Some(base) = reader.base() else { return Ok((fold, Ledger::default())) };
    let state = read(&base)?;
    fold.clusterer = thaw(&base, &state, params)?;
    fold.last = base.upto();
    fold.seen_at = Timestamp::from_millis(state.seen_at);
    fold.gaps = state.gaps;
    fold.erased = state.erased.into_iter().collect();
    fold.passed = Passed::of(state.passed, Timestamp::from_millis(state.passed_at));
    fold.settings = state.settings.map(settings_of);
    let note = |(id, name, kind, own, lang): (String, _, _, _, _)| {
        (SourceId(id.clone()), SourceNote { id: SourceId(id), name, kind, own, lang })
    };
    fold.sources = state.sources.into_iter().map(note).collect();
    let live =
        state.live.into_iter().map(|(id, set)| (ClusterId(id), Ok(crate::cluster::SetId(set))));
    let merged = state.merged.into_iter().map(|(id, into)| (ClusterId(id), Err(ClusterId(into))));
    let brought = state.brought.into_iter();
    let brought =
        brought.map(|(source, articles, versions)| (SourceId(source), (articles, versions)));
    let ledger = Ledger {
        clusters: live.chain(merged).collect(),
        brought: brought.collect(),
        lost: state.lost,
    };
    Ok((fold, ledger))
}

/// The clusters as they stood before the first record that is there.
pub(super) fn first_clusters(reader: &Reader, params: Params) -> Result<Clusterer, Fault> {
    match reader.base() {
        Some(base) => thaw(&base, &read(&base)?, params),
        None => Ok(Clusterer::new(params)),
    }
}

/// What was last in force before the first record that is there.
pub(super) fn first_settings(reader: &Reader) -> Result<Option<Settings>, Fault> {
    let state = reader.base().map(|base| read(&base)).transpose()?;
    Ok(state.and_then(|state| state.settings).map(settings_of))
}

const fn settings_of((engine, digest, window_millis, live_max): (u16, u64, u64, u64)) -> Settings {
    Settings { engine, digest, window_millis, live_max }
}

fn thaw(base: &Base, state: &State, params: Params) -> Result<Clusterer, Fault> {
    let (window_millis, live_max) = state.made_with;
    Clusterer::thaw_for(&state.fold, Params { window_millis, live_max }, params)
        .map_err(|why| unfit(base, &format!("its fold cannot be read: {why}")))
}

/// Begins the rows of a trimmed journal anew where they are from before the trim: the records they lack are gone, and what they
/// have too much of is named nowhere any more.
pub(super) fn found(reader: &Reader, store: &Store) -> Result<(), Fault> {
    let Some(base) = reader.base() else { return Ok(()) };
    if store.trimmed()? >= base.upto() {
        return Ok(());
    }
    if store.applied_seq() > Seq(0) {
        store.disown()?;
    }
    let few = Params { live_max: 1, ..Params::default() };
    let (fold, ledger) = first_with_ledger(reader, few)?;
    let mut part: Vec<Stood> = Vec::with_capacity(PART);
    for entry in base.entries() {
        let Record::Version(version) = entry?.record else { continue };
        let Some(set) = fold.clusterer.set_of(version.id) else { continue };
        part.push((*version, set));
        if part.len() == PART {
            super::mend::has_room(store.dir())?;
            store.found_versions(&std::mem::take(&mut part))?;
        }
    }
    super::mend::has_room(store.dir())?;
    store.found_versions(&part)?;
    store.found(&standing(&fold, ledger))?;
    Ok(())
}

fn standing(fold: &Fold, ledger: Ledger) -> Standing {
    let Ledger { clusters, brought, lost } = ledger;
    let (names, articles, sets) = fold.clusterer.standing();
    Standing { upto: fold.last, lost, sources: brought, clusters, names, articles, sets }
}

/// The versions of a journal up to a record that the fold there still knows, without their words.
pub(super) fn versions<'a>(
    base: Option<&'a Base>,
    reader: &Reader,
    upto: Seq,
    knows: &'a dyn Fn(VersionId) -> bool,
) -> impl Iterator<Item = Result<Entry, crate::journal::JournalError>> + 'a {
    let before =
        base.into_iter().flat_map(Base::entries).map(|entry| entry.map(|entry| (entry, None)));
    let after =
        reader.bare_entries(Seq(1)).map(|entry| entry.map(|(_, entry, words)| (entry, words)));
    let all = before
        .chain(after)
        .take_while(move |entry| entry.as_ref().map_or(true, |(entry, _)| entry.seq <= upto));
    all.filter_map(move |entry| match entry {
        Ok((Entry { seq, at, record: Record::Version(version) }, words)) if knows(version.id) => {
            let words = words.unwrap_or_else(|| version.words());
            let record = Record::Version(Box::new(version.without_words_of(words)));
            Some(Ok(Entry { seq, at, record }))
        }
        Ok(_) => None,
        Err(fault) => Some(Err(fault)),
    })
}
