//! Rows made in memory and written once, against rows written record by record.

use copytaster::cluster::{Batch, Change, Member, Params, Placed, SetId};
use copytaster::journal::{Entry, Gap, Record};
use copytaster::model::{Article, ClusterId, Seq, SourceId, Timestamp, VersionId};
use copytaster::store::{Applied, DumpRow, Store};

use super::{at, dump, entry, founds, member, open, summary};

/// Where numbers jump: far enough that events from before are no longer kept.
const GAP: u64 = 200_000;

/// What a fold makes of a hundred arrivals: copies, and later versions of articles.
fn folded() -> Vec<(Entry, Vec<Change>)> {
    let words =
        |n: u32| (0..60).fold(String::new(), |text, word| format!("{text} w{n}x{}", word * 7 % 61));
    let mut fold = Batch::new(Params::default());
    let arrivals = (0..100_u32).filter_map(|step| {
        let story = step % 9;
        let article = Article {
            source: SourceId(format!("s{}", step % 4)),
            id: Some(format!("{}", step % 61)),
            title: format!("Story {story}"),
            text: format!("{} tail {step}", words(story)),
            ..Article::default()
        };
        let seen_at = Timestamp::from_secs(60 * i64::from(step));
        match fold.push(article, seen_at) {
            Placed::Version { version, changes, .. } => Some((seen_at, version, changes)),
            Placed::Duplicate(_) => None,
        }
    });
    arrivals
        .map(|(at, version, changes)| {
            (Entry { seq: Seq(version.id.0), at, record: Record::Version(version) }, changes)
        })
        .collect()
}

/// Three clusters, of which the fourth version merges two, and the next version of an article.
fn with_a_merge() -> Vec<(Entry, Vec<Change>)> {
    let found = |seq: u64| (entry(seq, seq), founds(seq, seq as u32, &["s1"]));
    let (gone, kept) = (SetId(1), SetId(2));
    let merge = vec![
        Change::Moved { from: gone, to: kept, versions: vec![VersionId(1)] },
        Change::Merged { from: ClusterId(2), into: ClusterId(1), kept, gone },
        Change::Joined { set: kept, member: member(4, 4), new_article: true },
        Change::Updated { set: kept, summary: summary(1, 1, &["s1", "s2"], 4) },
    ];
    let later = vec![
        Change::Restated { set: kept, member: Member { superseded: true, ..member(4, 4) } },
        Change::Joined { set: kept, member: member(5, 4), new_article: false },
        Change::Updated { set: kept, summary: summary(1, 5, &["s1", "s2"], 5) },
    ];
    vec![found(1), found(2), found(3), (entry(4, 4), merge), (entry(5, 4), later)]
}

/// Hands all of it to `take` in runs of `run` entries.
fn each_run(all: &[(Entry, Vec<Change>)], run: usize, mut take: impl FnMut(&[Applied<'_>])) {
    for part in all.chunks(run) {
        let applied: Vec<Applied<'_>> = part
            .iter()
            .map(|(entry, changes)| Applied {
                entry,
                location: at(entry.seq.0),
                changes,
                words: None,
            })
            .collect();
        take(&applied);
    }
}

fn rows_of(store: &Store) -> Vec<DumpRow> {
    store.check().unwrap();
    dump(store)
}

fn check(all: &[(Entry, Vec<Change>)]) {
    let dir = tempfile::tempdir().unwrap();
    let (one_by_one, _) = open(dir.path());
    each_run(all, 1, |run| drop(one_by_one.apply(run).unwrap()));
    let expected = rows_of(&one_by_one);
    let last = all.last().unwrap().0.seq;
    for held_max in [0, 10_000, usize::MAX] {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = open(dir.path());
        let mut load = store.load_in_parts(last, held_max);
        each_run(all, 7, |run| load.take(run).unwrap());
        assert_eq!(load.finish().unwrap(), last);
        assert_eq!(rows_of(&store), expected, "{held_max}");
        assert_eq!(store.counts(), one_by_one.counts());
        assert_eq!(store.told_seq(), last);
    }
}

#[test]
fn rows_written_once_are_the_rows_written_record_by_record() {
    check(&folded());
    check(&with_a_merge());
}

#[test]
fn events_that_a_gap_makes_too_old_are_in_neither() {
    let mut all = folded();
    let from = Seq(all.last().unwrap().0.seq.0 + 1);
    let (to, at) = (Seq(from.0 + GAP), Timestamp::from_secs(9_000));
    let gap = Record::Gap(Gap { from, to, why: "a test".to_owned() });
    all.push((Entry { seq: to, at, record: gap }, Vec::new()));
    check(&all);
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let mut load = store.load(to);
    each_run(&all, 7, |run| load.take(run).unwrap());
    load.finish().unwrap();
    assert!(dump(&store).iter().all(|row| row.kind != "event"));
}

#[test]
fn rows_go_on_where_a_load_left_them() {
    let all = folded();
    let (first, rest) = all.split_at(40);
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [loaded, whole] = dirs.each_ref().map(|dir| open(dir.path()).0);
    let mut load = loaded.load(first[39].0.seq);
    each_run(first, 40, |run| load.take(run).unwrap());
    load.finish().unwrap();
    each_run(rest, 7, |run| drop(loaded.apply(run).unwrap()));
    each_run(&all, 7, |run| drop(whole.apply(run).unwrap()));
    assert_eq!(rows_of(&loaded), rows_of(&whole));
}
