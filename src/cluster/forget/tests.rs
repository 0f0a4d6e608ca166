//! The law of what is forgotten, over invented histories.

use super::*;
use crate::cluster::Params;
use crate::cluster::frozen::tests::{History, Step, step};
use proptest::prelude::*;

/// So few are live that most have had their time, and enough that an alert looks back to live stories alone.
const PARAMS: Params = Params { window_millis: 72 * 3_600_000, live_max: 7 };

/// A record of a history: the version at this place, or the word.
#[derive(Clone, Copy)]
enum Record {
    Version(usize),
    Word(usize),
}

/// Takes steps; gives the records they come to.
fn take(history: &mut History, steps: &[Step]) -> Vec<Record> {
    let mut records = Vec::new();
    for step in steps {
        let before = (history.versions.len(), history.words.len());
        history.take(step);
        records.extend((before.0..history.versions.len()).map(Record::Version));
        records.extend((before.1..history.words.len()).map(Record::Word));
    }
    records
}

fn apply(fold: &mut Clusterer, history: &History, record: Record) -> Vec<Change> {
    match record {
        Record::Version(at) => fold.apply(&history.versions[at]),
        Record::Word(at) => {
            let (number, word) = &history.words[at];
            fold.override_with(*number, word).unwrap()
        }
    }
}

fn touched(history: &History, records: &[Record]) -> Touched {
    let mut touched = Touched::default();
    for record in records {
        match *record {
            Record::Version(at) => touched.by(&history.versions[at]),
            Record::Word(at) => touched.by_word(&history.words[at].1),
        }
    }
    touched
}

/// A history, a fold of it that forgot at `cut`, and what that forgot.
fn forgotten(steps: &[Step], cut: usize) -> (History, Clusterer, Vec<ClusterId>) {
    let mut history = History::new(PARAMS);
    take(&mut history, &steps[..cut]);
    let mut early = history.batch.clusterer().clone();
    let mut whole = early.clone();
    let records = take(&mut history, &steps[cut..]);
    let gone = early.forgettable(&touched(&history, &records));
    early.forget(&gone);
    // What is left is enough to go on from.
    early = Clusterer::thaw(&early.freeze(), PARAMS).unwrap();
    for &record in &records {
        assert_eq!(apply(&mut early, &history, record), apply(&mut whole, &history, record));
    }
    early.forget(&gone);
    (history, early, gone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_forgotten_early_makes_no_difference_to_what_comes_after(
        steps in prop::collection::vec(step(), 1..70),
        cut in 0_usize..70,
        more in prop::collection::vec(step(), 1..10),
    ) {
        let (mut late, early, gone) = forgotten(&steps, cut.min(steps.len()));
        let told = late.batch.clusterer_mut().forget(&gone);
        prop_assert_eq!(told.len(), gone.len());
        prop_assert_eq!(late.batch.clusterer().freeze(), early.freeze());
        // It goes on, and a start from what is left goes on like it.
        let mut again = late.clone();
        again.restart();
        // In which order it looks at what it refuses, its tables say: those of a start never held what was not live.
        for step in &more {
            late.take(step);
            again.take(step);
        }
        prop_assert_eq!(&late.versions, &again.versions);
        prop_assert_eq!(&late.words, &again.words);
        prop_assert_eq!(late.frozen()[0].clone(), again.frozen()[0].clone());
    }

    #[test]
    fn what_goes_goes_whole_and_nothing_else_does(steps in prop::collection::vec(step(), 20..70)) {
        let mut history = History::new(PARAMS);
        take(&mut history, &steps);
        let before = history.batch.clusterer().clone();
        let gone = before.forgettable(&Touched::default());
        let told = history.batch.clusterer_mut().forget(&gone);
        let after = history.batch.clusterer();
        let mut versions = BTreeSet::new();
        for change in &told {
            let Change::Forgotten { versions: of, articles, names, .. } = change else { panic!() };
            versions.extend(of.iter().copied());
            prop_assert!(articles.iter().all(|&id| after.article_number(id).is_none()));
            prop_assert!(names.iter().all(|&name| !after.knows(name)));
        }
        for Version { id, .. } in &history.versions {
            if versions.contains(id) {
                prop_assert_eq!(after.cluster_of(*id), None);
                prop_assert!(*id < before.oldest_live_version().unwrap());
            } else {
                prop_assert_eq!(after.cluster_of(*id), before.cluster_of(*id));
                prop_assert_eq!(after.article_of(*id), before.article_of(*id));
                prop_assert_eq!(after.relation_of(*id), before.relation_of(*id));
                let set = before.set_of(*id).unwrap();
                prop_assert_eq!(after.summary(set), before.summary(set));
            }
        }
        prop_assert_eq!(after.len(), before.len());
        prop_assert_eq!(after.clusters() + gone.len(), before.clusters());
        prop_assert_eq!(after.oldest_live_version(), before.oldest_live_version());
    }
}

/// Stories one after another, each by three sites, and the weekly page that has held some of them.
fn long() -> Vec<Step> {
    let stories =
        (0..5).flat_map(|story| (0..3).map(move |site| Step::Story(story, 0, site, true)));
    let week = [(0, 2), (1, 0), (2, 1)].map(|(part, site)| Step::Week(part, site));
    week.into_iter().chain(stories).collect()
}

#[test]
fn most_of_a_long_history_goes_and_what_it_showed_of_blocks_stays() {
    let mut history = History::new(PARAMS);
    take(&mut history, &long());
    let fold = history.batch.clusterer_mut();
    let (rows, clusters) = (fold.rows.len(), fold.clusters());
    let gone = fold.forgettable(&Touched::default());
    assert!(gone.len() >= 4, "{} of {clusters}", gone.len());
    assert_eq!(fold.forget(&gone).len(), gone.len());
    assert!(fold.rows.len() < rows && fold.rows.iter().any(Row::is_ghost));
    assert_eq!(fold.forget(&gone), [], "once is enough");
}

#[test]
fn a_cluster_that_is_named_later_stays_and_so_does_all_of_its_articles() {
    let mut history = History::new(PARAMS);
    take(&mut history, &long());
    let fold = history.batch.clusterer();
    let gone = fold.forgettable(&Touched::default());
    let first = VersionId(gone[0].0);
    let link = history.versions.iter().find(|version| version.id == first).unwrap();
    let mut touched = Touched::default();
    touched.by_word(&Override::Split { articles: fold.article_of(first).into_iter().collect() });
    assert!(!fold.forgettable(&touched).contains(&gone[0]), "{link:?}");
    let mut touched = Touched::default();
    touched.by_word(&Override::Merge { a: gone[0], b: gone[1] });
    let left = fold.forgettable(&touched);
    assert!(!left.contains(&gone[0]) && !left.contains(&gone[1]) && !left.is_empty());
}
