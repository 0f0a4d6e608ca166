//! Files moved into a directory, whole, half and broken: each is taken once or set aside with its reason.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use copytaster::config::{Endpoint, EndpointKind, Source, SourceKind};
use serde_json::json;
use url::Url;

use super::site::{Desk, articles};
use crate::wire;

/// A look a second, by the clock of the test.
const LOOK: i64 = 1_000;

fn desk(dir: &Path) -> Desk {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let source = crate::daemon::source("nap", SourceKind::Agency, nowhere);
    let endpoints = vec![Endpoint {
        kind: EndpointKind::Spool,
        url: Url::from_directory_path(dir).unwrap(),
        min_interval: Duration::from_secs(1),
        max_interval: Duration::from_secs(1),
        fetch_pages: false,
        login: None,
    }];
    Desk::new(vec![Source { endpoints, ..source }])
}

fn record(id: u64) -> String {
    json!({"id": id, "title": format!("Story {id}"), "text": wire::version(id, 0)}).to_string()
}

fn names(dir: PathBuf) -> Vec<String> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap());
    let files = files.filter(|file| file.file_type().unwrap().is_file());
    let mut names: Vec<_> = files.map(|file| file.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_stand_still_are_taken_once_and_the_broken_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path();
    let desk = desk(spool);
    let running = desk.start().await;
    fs::write(spool.join("one.jsonl"), record(1) + "\n" + &record(2) + "\n").unwrap();
    fs::write(spool.join("mixed.jsonl"), record(3) + "\n{oops\n").unwrap();
    fs::write(spool.join("item.xml"), "<newsItem/>").unwrap();
    fs::write(spool.join("half.jsonl"), record(4) + "\n" + &record(5)[..40]).unwrap();
    fs::write(spool.join("moved.jsonl.tmp"), record(6)).unwrap();
    fs::write(spool.join(".hidden.jsonl"), record(7)).unwrap();
    for _ in 0..3 {
        desk.advance(&running, LOOK).await;
    }
    articles(&running, 3).await;
    assert_eq!(names(spool.to_owned()), [".hidden.jsonl", "half.jsonl", "moved.jsonl.tmp"]);
    assert_eq!(names(spool.join("done")), ["mixed.jsonl", "one.jsonl"]);
    let failed = ["item.xml", "item.xml.reason", "mixed.jsonl", "mixed.jsonl.reason"];
    assert_eq!(names(spool.join("failed")), failed);
    let read = |name: &str| fs::read_to_string(spool.join("failed").join(name)).unwrap();
    assert_eq!(read("mixed.jsonl"), "{oops\n");
    assert!(read("mixed.jsonl.reason").contains("mixed.jsonl:2: not JSON"));
    assert!(read("item.xml.reason").contains("XML"));

    // The half one is finished, the other moved to its name.
    fs::write(spool.join("half.jsonl"), record(4) + "\n" + &record(5)).unwrap();
    fs::rename(spool.join("moved.jsonl.tmp"), spool.join("moved.jsonl")).unwrap();
    for _ in 0..3 {
        desk.advance(&running, LOOK).await;
    }
    articles(&running, 6).await;
    assert_eq!(names(spool.to_owned()), [".hidden.jsonl"]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_when_the_daemon_died_is_taken_again_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path();
    let desk = desk(spool);
    let running = desk.start().await;
    fs::write(spool.join("one.jsonl"), record(1)).unwrap();
    for _ in 0..3 {
        desk.advance(&running, LOOK).await;
    }
    articles(&running, 1).await;
    running.stop().await.unwrap();
    // As if it had died before it moved the file away; and another one waited.
    fs::rename(spool.join("done/one.jsonl"), spool.join("one.jsonl")).unwrap();
    fs::write(spool.join("two.jsonl"), record(2)).unwrap();
    let running = desk.start().await;
    for _ in 0..3 {
        desk.advance(&running, LOOK).await;
    }
    articles(&running, 2).await;
    assert_eq!(names(spool.join("done")), ["one.jsonl", "two.jsonl"]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_stays_half_is_taken_as_far_as_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path();
    let desk = desk(spool);
    let running = desk.start().await;
    fs::write(spool.join("half.jsonl"), record(4) + "\n" + &record(5)[..40]).unwrap();
    for _ in 0..15 {
        desk.advance(&running, LOOK).await;
    }
    articles(&running, 1).await;
    assert_eq!(names(spool.join("failed")), ["half.jsonl", "half.jsonl.reason"]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_cannot_be_used_says_so_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("in");
    fs::write(&spool, "a file where the directory should be").unwrap();
    let desk = desk(&spool);
    let running = desk.start().await;
    let error = running.status().sources()[0].error.clone().unwrap();
    assert_eq!(error.kind, "spool");
    assert!(error.detail.contains("make it a directory"), "{error:?}");
    fs::remove_file(&spool).unwrap();
    fs::create_dir(&spool).unwrap();
    fs::write(spool.join("one.jsonl"), record(1)).unwrap();
    for _ in 0..4 {
        desk.advance(&running, 60 * LOOK).await;
    }
    articles(&running, 1).await;
    assert_eq!(running.status().sources()[0].error, None);
    running.stop().await.unwrap();
}
