//! What is removed by order: words leave the journal and the rows, and every cluster stays as it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use copytaster::cluster::{Clusterer, Compared, Judged, Override, Params, Version};
use copytaster::daemon::rebuild;
use copytaster::journal::{Entry, Location, Log, Reader, Record, Spoken};
use copytaster::model::{Article, OriginBasis, OriginClaim, Seq, VersionId};
use copytaster::store::Store;
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::wire;

mod days;
pub(crate) mod history;

const CACHE_BYTES: u64 = 16 << 20;

/// Story, edit, site, and what an editor does after it.
type Arrival = (u64, u8, u8, u8);

const NOTICE: &str = "Before you continue to the harbour desk we use small files to keep the service running, to measure how readers \
    use it and to choose notices that fit your interests; accept all to agree to this, or reject all to refuse";

fn article(&(story, edit, site, _): &Arrival) -> Article {
    let basis = if site == 0 { OriginBasis::OwnItem } else { OriginBasis::Dateline };
    let claim =
        || OriginClaim { agency: "NAP".into(), basis, evidence: format!("VELL (NAP) {story}") };
    // One site hangs the same paragraph under its copy; its story 0 is a teaser, tied by that paragraph to the long page of its
    // story 3 until the paragraph turns out to be furniture.
    let (title, text) = match (site, story) {
        (3, 0) => {
            ("Locks and ferries at noon".to_owned(), format!("Crews stayed ashore.\n{NOTICE}"))
        }
        (3, _) => {
            let title =
                ["Ferries and locks in the morning", "Council votes on bridge", "Orchestra plays"];
            let title = title[story as usize % 3].to_owned();
            (title, format!("{}\n{NOTICE}", wire::version(story, 0)))
        }
        _ if edit == 3 => (format!("Corrected: item {story}"), wire::version(story, edit)),
        _ => (format!("Item {story}"), wire::version(story, edit)),
    };
    Article {
        title,
        url: Some(format!("https://site{site}.example/{story}")),
        origin: (site < 2).then(claim),
        ..wire::article(&format!("site{site}"), &story.to_string(), text)
    }
}

/// Arrivals of which one is withdrawn.
const RESTING: [Arrival; 4] = [(3, 0, 3, 9), (0, 0, 3, 9), (1, 0, 3, 9), (2, 0, 3, 9)];

/// The records of arrivals a minute apart, with editors' words among them.
fn history(arrivals: &[Arrival]) -> Vec<Entry> {
    let mut fold = Clusterer::new(Params::default());
    let mut texts: BTreeMap<VersionId, Arc<Compared>> = BTreeMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    for (minute, arrival) in (0_i64..).zip(arrivals) {
        let (at, article) = (wire::minute(minute), article(arrival));
        let Judged::New { verdicts, prepared, .. } =
            fold.judge(&article, at, &mut |id| texts.get(&id).cloned())
        else {
            continue;
        };
        let id = VersionId(entries.len() as u64 + 1);
        let (seen_at, verdicts) = (at, *verdicts);
        let version = Version { id, seen_at, extractor: 0, article, verdicts, redacted: None };
        fold.apply(&version);
        fold.admit(id, &prepared);
        texts.insert(id, Arc::new(prepared.compared));
        entries.push(Entry { seq: Seq(id.0), at, record: Record::Version(Box::new(version)) });
        let number = id.0 + 1;
        let word = match arrival.3 {
            0 => Override::Split { articles: fold.article_of(id).into_iter().collect() },
            1 => Override::Merge {
                a: fold.cluster_of(id).unwrap(),
                b: fold.cluster_of(VersionId(1)).unwrap(),
            },
            _ => continue,
        };
        if fold.override_with(number, &word).is_ok() {
            let record = Record::Override(Spoken { user: "desk".to_owned(), word });
            entries.push(Entry { seq: Seq(number), at, record });
        }
    }
    entries
}

fn version_of(entry: &Entry) -> Option<&Version> {
    match &entry.record {
        Record::Version(version) => Some(version),
        _ => None,
    }
}

fn journal(dir: &Path, entries: &[Entry]) -> Reader {
    let (mut log, _) = Log::open_with(dir, 4096).unwrap();
    for entry in entries {
        log.append(std::slice::from_ref(entry)).unwrap();
    }
    log.reader()
}

/// The rows a journal folds to.
fn folded(reader: &Reader) -> (TempDir, Store) {
    let scratch = tempfile::tempdir().unwrap();
    let last = reader.last_seq();
    let store = rebuild(reader, last, &scratch.path().join("d"), CACHE_BYTES, &mut |_| {}).unwrap();
    (scratch, store)
}

/// Every derived row, without the words of a version and without what follows from them: where the journal keeps it, and the
/// digest of all rows.
fn wordless(store: &Store) -> Vec<(String, Value)> {
    let rows = store.dump().map(|row| row.unwrap().without_words());
    rows.map(|row| (row.key, row.value)).collect()
}

/// The entries, those of `gone` without their words.
fn without(entries: &[Entry], gone: &dyn Fn(VersionId) -> bool) -> Vec<Entry> {
    let left = |entry: &Entry| match version_of(entry) {
        Some(version) if gone(version.id) => {
            Entry { record: Record::Version(Box::new(version.without_words())), ..entry.clone() }
        }
        _ => entry.clone(),
    };
    entries.iter().map(left).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_journal_without_words_folds_to_the_same_clusters(
        arrivals in prop::collection::vec((0_u64..7, 0_u8..5, 0_u8..5, 0_u8..6), 4..40),
        gone in any::<u64>(),
    ) {
        let entries = history(&RESTING.into_iter().chain(arrivals).collect::<Vec<_>>());
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let left = without(&entries, &|id| gone.rotate_left(id.0 as u32) & 1 == 1);
        let (_a, whole) = folded(&journal(dirs[0].path(), &entries));
        let (_b, redacted) = folded(&journal(dirs[1].path(), &left));
        prop_assert_eq!(wordless(&whole), wordless(&redacted));
    }
}

#[test]
fn the_histories_above_have_what_could_go_wrong() {
    let more = (0..60).map(|n: u8| (u64::from(n % 7), n / 7, n % 5, n % 6));
    let entries = history(&RESTING.into_iter().chain(more).collect::<Vec<_>>());
    let words = entries.iter().filter(|entry| matches!(entry.record, Record::Override(_))).count();
    let versions: Vec<&Version> = entries.iter().filter_map(version_of).collect();
    let withdrawn =
        versions.iter().filter(|version| !version.verdicts.withdrawn.is_empty()).count();
    let revised = versions.iter().filter(|version| version.verdicts.article.is_some()).count();
    let corrects = |version: &&&Version| version.without_words().redacted.unwrap().corrects;
    let corrects = versions.iter().filter(corrects).count();
    let counts = [words, withdrawn, revised, corrects];
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
}

/// Takes the words of all versions out of the closed segments; gives where these lie now.
fn redact(reader: &Reader) -> Vec<(VersionId, Location)> {
    let mut gone = Vec::new();
    for segment in reader.closed() {
        let without = |version: &Version| Record::Version(Box::new(version.without_words()));
        reader.rewrite(segment.0, &mut |entry| version_of(entry).map(without)).unwrap();
        for entry in reader.entries_of(segment) {
            let (place, entry) = entry.unwrap();
            gone.extend(version_of(&entry).map(|version| (version.id, place)));
        }
    }
    gone
}

#[test]
fn rows_without_words_are_those_of_the_rewritten_journal() {
    let more = (0..60).map(|n: u8| (u64::from(n % 7), n / 7, n % 5, n % 6));
    let entries = history(&RESTING.into_iter().chain(more).collect::<Vec<_>>());
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open_with(dir.path(), 4096).unwrap();
    for entry in &entries {
        log.append(std::slice::from_ref(entry)).unwrap();
    }
    let reader = log.reader();
    let (_scratch, served) = folded(&reader);
    let mut fold = Clusterer::new(Params::default());
    for entry in &entries {
        match &entry.record {
            Record::Version(version) => drop(fold.apply(version)),
            Record::Override(spoken) => drop(fold.override_with(entry.seq.0, &spoken.word)),
            _ => {}
        }
    }
    let gone = redact(&reader);
    assert!(gone.len() > 20, "{}", gone.len());
    let ids: Vec<VersionId> = gone.iter().map(|(version, _)| *version).collect();
    let changes = fold.forget_words(&ids);
    for _again in 0..2 {
        served.redact(&gone, &[], &changes).unwrap();
    }
    served.check().unwrap();
    let (_other, rebuilt) = folded(&reader);
    let rows = |store: &Store| store.dump().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(rows(&served), rows(&rebuilt));
    assert_eq!(served.version(ids[0]).unwrap().unwrap().title, "");
    let kept: Vec<&Version> = entries
        .iter()
        .filter_map(version_of)
        .filter(|version| !ids.contains(&version.id))
        .collect();
    assert!(!kept.is_empty());
    for version in kept {
        assert_eq!(served.version(version.id).unwrap().unwrap().title, version.article.title);
    }
}
