//! Stores opened again, torn, damaged and overfed.

use copytaster::cluster::Change;
use copytaster::journal::Record;
use copytaster::model::{ClusterId, Seq, SourceId};
use copytaster::store::{Applied, Lookup, Opened, ROW_BYTES_MAX, Store};

use super::{CACHE_BYTES, at, dump, entry, founds, merged, open};

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

#[test]
fn rows_that_do_not_fit_their_counters_are_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    drop(merged(dir.path()));
    let tree = sled::open(dir.path().join("store")).unwrap();
    let (member, _) = tree.scan_prefix([0x21]).next().unwrap().unwrap();
    tree.remove(member).unwrap();
    drop(tree);
    let (_, opened) = open(dir.path());
    assert!(opened.quarantined.is_some());
    let why = opened.why.unwrap();
    assert!(why.contains("3 member rows where 4 belong"), "{why}");
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
        summary.sources = (0..5_000).map(|n| SourceId(format!("source-{n:04}"))).collect();
    }
    store.apply(&[Applied { entry: &huge, location: at(1), changes: &changes }]).unwrap();
    let Lookup::Found(row) = store.cluster(ClusterId(1)).unwrap() else { panic!() };
    assert_eq!((row.title.len(), row.lead_url), (1024, None));
    drop(store);
    let tree = sled::open(dir.path().join("store")).unwrap();
    assert!(tree.iter().all(|row| row.unwrap().1.len() <= ROW_BYTES_MAX));
}
