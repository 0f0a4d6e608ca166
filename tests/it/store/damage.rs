//! Stores opened again, torn, damaged and overfed.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use copytaster::cluster::{Change, SetId};
use copytaster::journal::Record;
use copytaster::model::{ClusterId, Seq, SourceId};
use copytaster::store::{Applied, Lookup, Opened, ROW_BYTES_MAX, Store};

use super::{CACHE_BYTES, apply, at, dump, entry, founds, member, merged, open, singles};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn what_was_applied_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = merged(dir.path());
    let (before, counts) = (dump(&store), store.counts());
    store.put_poll("https://mara.example/feed", b"etag").unwrap();
    store.put_seen(7, b"done").unwrap();
    drop(store);
    let (store, opened) = open(dir.path());
    let applied_at = Some(at(4));
    let found = Opened { applied_seq: Seq(4), applied_at, ..Opened::default() };
    assert_eq!(opened, found);
    assert_eq!((dump(&store), store.counts()), (before, counts));
    assert_eq!(store.poll("https://mara.example/feed").unwrap().as_deref(), Some(&b"etag"[..]));
    assert_eq!(store.poll("https://mara.example/other").unwrap(), None);
    assert_eq!(store.seen(7).unwrap().as_deref(), Some(&b"done"[..]));
    assert_eq!(store.seen(8).unwrap(), None);
}

#[test]
fn a_torn_snapshot_does_not_keep_the_store_shut() {
    let dir = tempfile::tempdir().unwrap();
    drop(merged(dir.path()));
    for bytes in [&b""[..], b"half a snapshot"] {
        let torn = dir.path().join("store/snap.00000000FFFFFFFF.generating");
        std::fs::write(&torn, bytes).unwrap();
        let (_, opened) = open(dir.path());
        assert_eq!((opened.applied_seq, opened.quarantined), (Seq(4), None));
        assert!(!torn.exists());
    }
}

#[test]
fn a_directory_of_garbage_is_moved_aside_and_said() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=5 {
        drop(merged(dir.path()));
        for name in ["db", "conf"] {
            std::fs::write(dir.path().join("store").join(name), b"not what sled wrote").unwrap();
        }
        let told = Store::open_existing(dir.path(), CACHE_BYTES).unwrap_err();
        assert!(told.is_damage(), "{told}");
        let (store, opened) = open(dir.path());
        assert_eq!((opened.applied_seq, store.counts().versions), (Seq(0), 0));
        let (aside, why) = (opened.quarantined.unwrap(), opened.why.unwrap());
        assert!(aside.ends_with(format!("store.damaged-{round}")) && aside.is_dir());
        assert!(!why.is_empty());
    }
    let mut left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["store", "store.damaged-3", "store.damaged-4", "store.damaged-5"]);
}

/// The tree behind a store's back. A process that another test has just forked may hold its lock for an instant.
fn behind(dir: &Path) -> sled::Db {
    let looks = (0..1_000_000).map(|_| sled::open(dir.join("store")));
    looks.inspect(|_| thread::yield_now()).find_map(Result::ok).unwrap()
}

/// What is said of a store to whose tree something was done behind its back.
fn said_of(meddle: impl Fn(&sled::Db)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = merged(dir.path());
    // An article of two versions, which has a row of its own.
    let second = Change::Joined { set: SetId(2), member: member(5, 4), new_article: false };
    apply(&store, 5, 4, &[second]);
    store.put_seen(7, b"done").unwrap();
    drop(store);
    let tree = behind(dir.path());
    meddle(&tree);
    drop(tree);
    let (store, opened) = open(dir.path());
    assert!(opened.quarantined.is_some() && opened.applied_seq == Seq(0));
    assert_eq!(store.seen(7).unwrap(), None, "nobody knows whose notes these were");
    opened.why.unwrap()
}

#[test]
fn a_lost_row_of_any_kind_is_seen() {
    for (tag, kind) in [
        (0x10, "version"),
        (0x12, "article"),
        (0x13, "state"),
        (0x14, "name"),
        (0x15, "source"),
        (0x20, "set"),
        (0x21, "member"),
        (0x22, "cluster"),
        (0x30, "order"),
        (0x40, "event"),
    ] {
        let why = said_of(|tree| {
            let (key, _) = tree.scan_prefix([tag]).next().unwrap().unwrap();
            tree.remove(key).unwrap();
        });
        assert!(why.contains(kind) && why.contains(" rows where "), "{tag:02x}: {why}");
    }
    let why = said_of(|tree| drop(tree.remove([0x00]).unwrap()));
    assert!(why.contains("the meta row 00 is missing"), "{why}");
}

#[test]
fn a_row_as_it_was_before_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    singles(&store, 3);
    drop(store);
    let tree = behind(dir.path());
    let (key, old) = tree.scan_prefix([0x15]).next().unwrap().unwrap();
    drop(tree);
    // Whole in itself and in its place, only not the newest: what a lost write leaves.
    let why = said_of(|tree| drop(tree.insert(&key, &old).unwrap()));
    assert!(why.contains("not those that were written"), "{why}");
}

#[test]
fn rows_of_an_older_format_are_set_aside() {
    let why = said_of(|tree| {
        let meta = tree.get([0x00]).unwrap().unwrap();
        let mut old = meta.to_vec();
        old[0] = 1;
        tree.insert([0x00], old).unwrap();
    });
    assert!(why.contains("has format 1, not 4"), "{why}");
}

#[test]
fn rows_left_whole_are_trusted_once() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = merged(dir.path());
    store.rest(PATIENCE).unwrap();
    drop(store);
    let lose = || {
        let tree = behind(dir.path());
        let (key, _) = tree.scan_prefix([0x14]).next().unwrap().unwrap();
        tree.remove(key).unwrap();
    };
    lose();
    let (store, opened) = Store::open_existing(dir.path(), CACHE_BYTES).unwrap();
    assert!(opened.rested, "a command that reads leaves the mark");
    assert!(store.check().unwrap_err().to_string().contains("name rows"));
    drop(store);
    let (store, opened) = open(dir.path());
    assert!(opened.rested && opened.quarantined.is_none());
    drop(store);
    // No clean stop in between.
    let (_, opened) = open(dir.path());
    assert!(!opened.rested && opened.quarantined.is_some());
}

#[test]
fn a_store_that_is_opened_again_stays_the_same_to_those_who_have_it() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = merged(dir.path());
    let (other, before) = (store.clone(), dump(&store));
    let opened = store.reopen().unwrap();
    assert_eq!((opened.applied_seq, opened.quarantined), (Seq(4), None));
    assert_eq!(dump(&other), before);
    store.put_seen(7, b"done").unwrap();
    let tree_file = dir.path().join("store/db");
    let opened = store.begin_anew().unwrap();
    assert_eq!(other.seen(7).unwrap().as_deref(), Some(&b"done"[..]), "the notes go along");
    assert!(opened.quarantined.is_some_and(|aside| aside.is_dir()) && tree_file.exists());
    assert_eq!((other.counts().versions, other.told_seq()), (0, Seq(4)));
    assert_eq!(Store::aside(dir.path()).unwrap().0, 1);
    store.disown().unwrap();
    assert_eq!(other.seen(7).unwrap(), None, "notes of another journal stay behind");
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_a_reader() {
    let dir = tempfile::tempdir().unwrap();
    let told = Store::open_existing(dir.path(), CACHE_BYTES).unwrap_err();
    assert!(told.to_string().contains("start the daemon once"), "{told}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn no_row_outgrows_its_bound_whatever_comes() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let mut huge = entry(1, 1);
    if let Record::Version(version) = &mut huge.record {
        version.article.title = "é".repeat(1 << 19);
        version.article.url = Some("u".repeat(1 << 20));
        version.article.source = SourceId("s".repeat(1 << 20));
    }
    let mut changes = founds(1, 1, &[]);
    if let Some(Change::Updated { summary, .. }) = changes.last_mut() {
        let sources = (0..5_000).map(|n| SourceId(format!("source-{n:04}")));
        Arc::make_mut(summary).sources = sources.collect();
    }
    store
        .apply(&[Applied { entry: &huge, location: at(1), changes: &changes, words: None }])
        .unwrap();
    let Lookup::Found(row) = store.cluster(ClusterId(1)).unwrap() else { panic!() };
    assert_eq!((row.title.len(), row.lead_url), (1024, None));
    drop(store);
    let tree = behind(dir.path());
    assert!(tree.iter().all(|row| row.unwrap().1.len() <= ROW_BYTES_MAX));
}
