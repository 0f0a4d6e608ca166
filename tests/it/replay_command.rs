//! `copytaster replay`, end to end: rows made again, what differs, clusters judged again, exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use copytaster::daemon::replay;
use copytaster::journal::{Log, Reader, Record, raise_generation};
use copytaster::model::Seq;
use copytaster::store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::patience::reopen;
use crate::wire;

const CACHE_BYTES: u64 = 16 << 20;

fn copytaster(args: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.args(args).arg("--data").arg(data).output().unwrap()
}

/// What a command that ended with `code` wrote to standard output.
fn told(args: &[&str], data: &Path, code: i32) -> String {
    let output = copytaster(args, data);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn object(args: &[&str], data: &Path, code: i32) -> Value {
    serde_json::from_str(&told(args, data, code)).unwrap()
}

/// A command that ended with `code`, wrote no data and said each of `says`.
fn refused(args: &[&str], data: &Path, code: i32, says: &[&str]) {
    let output = copytaster(args, data);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{args:?}: {said}");
    for words in says {
        assert!(said.contains(words), "no {words:?} in: {said}");
    }
}

/// A data directory of one story at minutes 0, 10 and 200, another at 20 and 30, one record of it sent again, and a third.
fn newsroom() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let items = [
        ("alba", "1", 1, 0, 0),
        ("mara", "2", 1, 3, 10),
        ("alba", "3", 2, 0, 20),
        ("orla", "4", 2, 2, 30),
        ("orla", "4", 2, 2, 35),
        ("mara", "5", 3, 0, 40),
        ("orla", "6", 1, 2, 200),
    ];
    let line = |(source, id, story, edit, minute): (&str, &str, u64, u8, i64)| {
        json!({
            "id": id, "source": source, "title": format!("Item {id}"),
            "text": wire::version(story, edit), "first_seen": wire::minute(minute).to_string(),
        })
        .to_string()
    };
    let file = dir.path().join("day.jsonl");
    fs::write(&file, items.map(line).join("\n")).unwrap();
    let data = dir.path().join("data");
    told(&["ingest", file.to_str().unwrap()], &data, 0);
    dir
}

/// The names in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let files = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn rows_made_again_are_the_rows_that_were_and_the_poller_keeps_its_notes() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let (store, _) = Store::open(data, CACHE_BYTES).unwrap();
    store.put_poll("https://mara.example/feed", b"etag").unwrap();
    store.put_seen(7, b"done").unwrap();
    drop(store);
    let before = told(&["export", "--what", "clusters"], data, 0);
    let made = object(&["replay", "--json"], data, 0);
    assert_eq!(
        (&made["records"], &made["versions"], &made["clusters"], &made["carried"]),
        (&json!(7), &json!(6), &json!(3), &json!(8))
    );
    assert_eq!(told(&["export", "--what", "clusters"], data, 0), before);
    told(&["verify"], data, 0);
    assert_eq!(names(data), ["checkpoint", "journal", "lock", "store"]);
    let (store, _) = Store::open(data, CACHE_BYTES).unwrap();
    assert_eq!(store.poll("https://mara.example/feed").unwrap().as_deref(), Some(&b"etag"[..]));
    assert_eq!(store.seen(7).unwrap().as_deref(), Some(&b"done"[..]));
}

#[test]
fn a_deleted_or_damaged_store_comes_back() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let before = told(&["export", "--what", "clusters"], data, 0);
    fs::remove_dir_all(data.join("store")).unwrap();
    assert!(told(&["replay"], data, 0).starts_with("7 records, 6 versions, 3 clusters: "));
    assert_eq!(told(&["export", "--what", "clusters"], data, 0), before);
    for name in ["db", "conf"] {
        fs::write(data.join("store").join(name), b"not what sled wrote").unwrap();
    }
    let output = copytaster(&["replay", "--quiet"], data);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the poller's notes"), "{output:?}");
    assert_eq!(told(&["export", "--what", "clusters"], data, 0), before);
    told(&["verify"], data, 0);
}

#[test]
fn a_dry_run_says_what_differs_and_changes_nothing() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let dry = ["replay", "--dry-run"];
    assert!(told(&dry, data, 0).contains("nothing would change"));
    assert_eq!(told(&["replay", "--dry-run", "--quiet"], data, 0), "");
    let tree = sled::open(data.join("store")).unwrap();
    let first = |tag: u8| tree.scan_prefix([tag]).map(Result::unwrap).next().unwrap();
    let ((key, _), (_, other)) = (first(0x21), first(0x22));
    tree.insert(&key, other).unwrap();
    drop(tree);
    assert!(told(&dry, data, 1).contains("rows: "));
    told(&["replay"], data, 0);
    told(&["verify"], data, 0);
    let (store, _) = Store::open(data, CACHE_BYTES).unwrap();
    drop(store);
    fs::remove_dir_all(data.join("store")).unwrap();
    let said = object(&["replay", "--dry-run", "--json"], data, 1);
    assert_eq!((&said["clean"], &said["versions"]), (&json!(false), &Value::Null));
    assert!(!data.join("store").exists());
}

#[test]
fn a_row_of_another_cluster_is_a_difference() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    // Rows that are whole in themselves and tell of another day: those of a journal with a record more.
    let other = newsroom();
    let other = &other.path().join("data");
    let line = json!({"id": "7", "source": "orla", "title": "Item 7", "text": wire::version(4, 0)});
    for (data, title) in [(data, "Item 7"), (other, "Item 8"), (other, "Item 9")] {
        let mut line = line.clone();
        line["title"] = json!(title);
        let file = dir.path().join("late.jsonl");
        fs::write(&file, line.to_string()).unwrap();
        told(&["ingest", file.to_str().unwrap()], data, 0);
    }
    fs::remove_dir_all(data.join("store")).unwrap();
    fs::rename(other.join("store"), data.join("store")).unwrap();
    let said = object(&["replay", "--dry-run", "--json"], data, 1);
    let wrong = said["wrong"].to_string();
    assert!(wrong.contains("Item 8") && wrong.contains("Item 7"), "{wrong}");
    // Sketches of that day's versions would hide this day's.
    assert_eq!(object(&["replay", "--json"], data, 0)["carried"], 0);
    told(&["replay", "--dry-run"], data, 0);
}

#[test]
fn a_swap_that_did_not_end_is_mended() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let (store, _) = Store::open(data, CACHE_BYTES).unwrap();
    store.put_seen(7, b"done").unwrap();
    drop(store);
    // The instant between the two renames, and what a process that died while it made rows leaves.
    fs::rename(data.join("store"), data.join("store.replaced")).unwrap();
    fs::create_dir_all(data.join("store.rebuilding/store")).unwrap();
    let (store, opened) = Store::open(data, CACHE_BYTES).unwrap();
    assert_eq!((opened.applied_seq.0, opened.quarantined), (7, None));
    assert_eq!(store.seen(7).unwrap().as_deref(), Some(&b"done"[..]));
    drop(store);
    assert_eq!(names(data), ["checkpoint", "journal", "lock", "store"]);
    // The instant after them.
    fs::create_dir_all(data.join("store.replaced")).unwrap();
    assert!(replay(data, CACHE_BYTES, &mut |_| {}).unwrap().carried.is_ok_and(|rows| rows == 7));
    assert_eq!(names(data), ["checkpoint", "journal", "lock", "store"]);
}

#[test]
fn a_damaged_journal_leaves_the_rows_as_they_are() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let (store, _) = Store::open(data, CACHE_BYTES).unwrap();
    store.put_seen(7, b"done").unwrap();
    drop(store);
    let segment = data.join("journal/00000001.log");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&segment, bytes).unwrap();
    for args in [&["replay"][..], &["replay", "--judge", "--dry-run"]] {
        refused(args, data, 1, &["is damaged at byte"]);
    }
    assert_eq!(names(data), ["checkpoint", "journal", "lock", "store"]);
    let (store, _) = Store::open_existing(data, CACHE_BYTES).unwrap();
    assert_eq!(store.seen(7).unwrap().as_deref(), Some(&b"done"[..]));
}

#[test]
fn judged_again_by_the_same_settings_nothing_changes() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let again = ["replay", "--judge", "--dry-run", "--json"];
    let same = object(&again, data, 0);
    for (field, expected) in [
        ("versions", json!(6)),
        ("engine_then", json!([same["engine_now"]])),
        ("clusters_before", json!(3)),
        ("clusters_after", json!(3)),
        ("unchanged", json!(3)),
        ("merged", json!([])),
        ("split", json!([])),
        ("moved", json!([])),
        ("without_text", json!(0)),
        ("window_millis", json!(72 * 3_600_000)),
    ] {
        assert_eq!(same[field], expected, "{field}");
    }
    assert!(same["links_before"].as_u64() > Some(0));
    assert_eq!(same["links_before"], same["links_after"]);
    let said = told(&again[..3], data, 0);
    assert!(!said.contains("split c") && said.contains("3 unchanged"), "{said}");
    assert_eq!(told(&["replay", "--judge", "--dry-run", "--quiet"], data, 0), "");
}

#[test]
fn a_narrower_window_splits_what_lies_further_apart_and_nothing_is_written() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let journal = fs::read(data.join("journal/00000001.log")).unwrap();
    let narrow = ["replay", "--judge", "--dry-run", "--set", "window=1h"];
    let split = object(&[&narrow[..], &["--json"]].concat(), data, 0);
    // Record 1 is the settings; the last version is record 7 and lies three hours after its like.
    let id = |number: u64| copytaster::model::ClusterId(number).to_string();
    assert_eq!(
        split["split"],
        json!([{"from": id(2), "into": [id(2), id(7)], "versions": [2, 1]}])
    );
    assert_eq!((&split["unchanged"], &split["clusters_after"]), (&json!(2), &json!(4)));
    assert!(split["links_after"].as_u64() < split["links_before"].as_u64());
    let said = told(&narrow, data, 0);
    let line = format!("split {} -> [{} 2 versions], [{} 1 version]\n", id(2), id(2), id(7));
    assert!(said.starts_with(&line), "{said}");
    let few = ["replay", "--judge", "--dry-run", "--json", "--set", "live_max=1"];
    assert_eq!(object(&few, data, 0)["live_max"], 1);
    assert_eq!(fs::read(data.join("journal/00000001.log")).unwrap(), journal);
    told(&["verify"], data, 0);
}

#[test]
fn new_verdicts_hold_for_good_under_the_next_generation() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let before = fs::read(data.join("journal/00000001.log")).unwrap();
    let narrow = ["replay", "--judge", "--json", "--set", "window=1h"];
    let judged = object(&narrow, data, 0);
    assert_eq!((&judged["generation"], &judged["clusters_after"]), (&json!(2), &json!(4)));
    assert_eq!(fs::read(data.join("journal.before/00000001.log")).unwrap(), before);
    let stats = object(&["stats", "--json"], data, 0);
    assert_eq!((&stats["generation"], &stats["clusters"]), (&json!(2), &json!(4)));
    let deep = object(&["verify", "--deep", "--json"], data, 0);
    assert_eq!((&deep["deep"]["judged"], &deep["deep"]["differing"]), (&json!(6), &json!(0)));
    // The settings went into the journal with them, so judging by those last in force changes nothing.
    let same = object(&["replay", "--judge", "--dry-run", "--json"], data, 0);
    assert_eq!((&same["unchanged"], &same["window_millis"]), (&json!(4), &json!(3_600_000)));
    let back = object(&["replay", "--judge", "--json", "--set", "window=72h"], data, 0);
    assert_eq!((&back["generation"], &back["clusters_after"]), (&json!(3), &json!(3)));
    told(&["verify", "--quiet"], data, 0);
}

#[test]
fn what_the_poller_noted_outlives_new_verdicts() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let feed = "https://mara.example/feed";
    let (rows, _) = reopen(|| Store::open_existing(data, CACHE_BYTES));
    rows.put_poll(feed, b"etag").unwrap();
    rows.put_seen(7, b"done").unwrap();
    drop(rows);
    told(&["replay", "--judge", "--set", "window=1h"], data, 0);
    told(&["verify", "--quiet"], data, 0);
    let (rows, _) = reopen(|| Store::open_existing(data, CACHE_BYTES));
    assert_eq!(rows.poll(feed).unwrap().as_deref(), Some(&b"etag"[..]));
    assert_eq!(rows.seen(7).unwrap().as_deref(), Some(&b"done"[..]));
}

#[test]
fn rows_of_another_generation_are_not_trusted_though_they_fit_the_journal() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    let (rows, _) = reopen(|| Store::open_existing(data, CACHE_BYTES));
    rows.put_seen(7, b"done").unwrap();
    drop(rows);
    // As after a bridging or a restore, when somebody puts the old rows back.
    raise_generation(data).unwrap();
    let wrong = object(&["verify", "--json"], data, 1);
    let wrong = wrong["wrong"][0].as_str().unwrap().to_owned();
    assert!(wrong.contains("generation 1") && wrong.contains("is of 2"), "{wrong}");
    // The next start makes them again, and asks for every lead once more.
    told(&["ingest", dir.path().join("day.jsonl").to_str().unwrap()], data, 0);
    told(&["verify", "--quiet"], data, 0);
    assert_eq!(object(&["stats", "--json"], data, 0)["damaged_stores"], 1);
    let (rows, _) = reopen(|| Store::open_existing(data, CACHE_BYTES));
    assert_eq!((rows.counts().clusters, rows.seen(7).unwrap()), (3, None));
    drop(rows);
    // So does a replay, and takes nothing over.
    let (rows, _) = reopen(|| Store::open_existing(data, CACHE_BYTES));
    rows.put_seen(7, b"done").unwrap();
    drop(rows);
    raise_generation(data).unwrap();
    told(&["replay"], data, 0);
    told(&["verify", "--quiet"], data, 0);
    let (rows, _) = reopen(|| Store::open_existing(data, CACHE_BYTES));
    assert_eq!(rows.seen(7).unwrap(), None);
}

#[test]
fn verdicts_that_would_come_out_otherwise_are_named() {
    let dir = newsroom();
    let other = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(other.path()).unwrap();
    for entry in Reader::open(&dir.path().join("data")).unwrap().entries(Seq(1)) {
        let (_, mut entry) = entry.unwrap();
        if let (7, Record::Version(version)) = (entry.seq.0, &mut entry.record) {
            version.verdicts.links.clear();
        }
        log.append(&[entry]).unwrap();
    }
    drop(log);
    told(&["replay"], other.path(), 0);
    told(&["verify", "--quiet"], other.path(), 0);
    let deep = object(&["verify", "--deep", "--json"], other.path(), 1);
    let version = copytaster::model::VersionId(7).to_string();
    assert!(deep["wrong"][0].as_str().unwrap().contains(&version), "{deep}");
    assert_eq!(deep["deep"]["differing"], 1);
}

#[test]
fn a_version_whose_text_is_gone_keeps_its_verdicts_and_is_counted() {
    let dir = newsroom();
    let gone = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(gone.path()).unwrap();
    for entry in Reader::open(&dir.path().join("data")).unwrap().entries(Seq(1)) {
        let (_, mut entry) = entry.unwrap();
        if let (3 | 6, Record::Version(version)) = (entry.seq.0, &mut entry.record) {
            version.article.text.clear();
        }
        log.append(&[entry]).unwrap();
    }
    drop(log);
    let judged = object(&["replay", "--judge", "--dry-run", "--json"], gone.path(), 0);
    assert_eq!((&judged["without_text"], &judged["versions"]), (&json!(2), &json!(6)));
    assert_eq!((&judged["unchanged"], &judged["clusters_after"]), (&json!(3), &json!(3)));
    let said = told(&["replay", "--judge", "--dry-run"], gone.path(), 0);
    assert!(said.contains("2 versions whose text is gone"), "{said}");
}

#[test]
fn what_cannot_be_done_is_said_with_its_mend() {
    let dir = newsroom();
    let data = &dir.path().join("data");
    refused(&["replay", "--set", "window=1h"], data, 2, &["--judge"]);
    let judge = ["replay", "--judge", "--dry-run", "--set"];
    refused(&[&judge[..], &["window=soon"]].concat(), data, 2, &["window=soon"]);
    refused(&[&judge[..], &["speed=9"]].concat(), &dir.path().join("none"), 2, &["speed=9"]);
    for more in [&["replay"][..], &["replay", "--dry-run"], &judge[..2], &judge[..3]] {
        refused(more, &dir.path().join("none"), 1, &["mkdir -p"]);
        refused(more, dir.path(), 1, &["holds no journal"]);
    }
    let held = Log::open(data).unwrap();
    let holder = format!("in use by process {}", std::process::id());
    for more in [&["replay"][..], &["replay", "--dry-run"], &judge[..2], &judge[..3]] {
        refused(more, data, 1, &[&holder, "stop it first"]);
    }
    drop(held);
    told(&["replay"], data, 0);
}
