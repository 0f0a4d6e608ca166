//! Invented days under a daemon that keeps its history for a time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::Ordering;

use copytaster::daemon::Running;
use copytaster::journal::{Reader, Record};
use copytaster::model::Seq;
use serde_json::{Value, json};

use super::days::{DAY, Newsroom, PATIENCE};
use crate::crash::verify;
use crate::{http, wire};

/// Stories of a day; one more runs through all of them.
const STORIES: u64 = 8;

/// A newsroom that compares with the stories of two days and keeps its history for three.
fn newsroom() -> Newsroom {
    let mut desk = Newsroom::new(1, None);
    desk.config.store.history_days = 3;
    desk.config.detect.live_max = 18;
    desk
}

/// So many days of so many stories, a segment each, in `data` of a folder; nothing of them has had its time there.
pub(crate) async fn untrimmed(days: u64, stories: u64) -> tempfile::TempDir {
    let desk = Newsroom::new(300, None);
    let running = desk.start().await;
    for day in 0..days {
        push(&running, (0..stories).map(|n| story(10 * day, n)).collect()).await;
        desk.now.fetch_add(DAY, Ordering::SeqCst);
    }
    running.stop().await.unwrap();
    desk.dir
}

fn record(url: &str, title: &str, text: &str) -> Value {
    let url = format!("https://alba.example/{url}");
    json!({"source": "alba", "url": url, "title": title, "text": text})
}

fn story(day: u64, n: u64) -> Value {
    let story = day * 100 + n;
    let text = [wire::version(story, 0), wire::version(story + 50, 2)].join("\n");
    record(&story.to_string(), &format!("Story {story}"), &text)
}

fn running_story(day: u64) -> Value {
    let text = format!("{}\nOn day {day} the council met again at {day}.", wire::version(7_000, 0));
    record("running", "The council goes on", &text)
}

async fn push(running: &Running, records: Vec<Value>) -> Value {
    let (address, body) = (running.address, json!(records).to_string());
    let push = move || http::ask(address, "POST /api/v1/articles", body.as_bytes()).unwrap();
    let (status, told) = tokio::task::spawn_blocking(push).await.unwrap();
    assert_eq!(status, 200, "{told}");
    serde_json::from_str(&told).unwrap()
}

/// A day's copy; then it is the next day.
async fn day(desk: &Newsroom, running: &Running, day: u64) {
    let mut records: Vec<Value> = (0..STORIES).map(|n| story(day, n)).collect();
    records.push(running_story(day));
    push(running, records).await;
    desk.now.fetch_add(DAY, Ordering::SeqCst);
}

/// Waits until the last record of a day is trimmed, and what goes with it is done.
async fn trimmed(desk: &Newsroom, day: u64) {
    let upto = 1 + (STORIES + 1) * (day + 1);
    let gone = async {
        loop {
            let base = Reader::open(&desk.data()).ok().and_then(|reader| reader.base());
            let far = base.is_some_and(|base| base.upto().0 >= upto);
            if far && !desk.data().join("trimming").exists() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("history goes");
}

/// Days 0 to `days`, trimmed as they should be.
async fn days(desk: &Newsroom, running: &Running, days: std::ops::Range<u64>) -> Vec<u64> {
    let mut sizes = Vec::new();
    for number in days {
        day(desk, running, number).await;
        if number >= 3 {
            trimmed(desk, number - 3).await;
        }
        sizes.push(bytes(&desk.data().join("journal")));
    }
    sizes
}

/// Bytes of all files in a folder.
fn bytes(folder: &Path) -> u64 {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

async fn get(running: &Running, path: &str) -> (u16, Value) {
    let (address, call) = (running.address, format!("GET {path}"));
    let ask = move || http::ask(address, &call, b"").unwrap();
    let (status, told) = tokio::task::spawn_blocking(ask).await.unwrap();
    (status, serde_json::from_str(&told).unwrap_or(Value::Null))
}

async fn article(running: &Running, url: &str) -> Option<Value> {
    let path = format!("/api/v1/articles?url=https://alba.example/{url}&source=alba");
    let (_, list) = get(running, &path).await;
    list["items"].as_array().and_then(|items| items.first()).cloned()
}

fn command(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.args(args).arg("--data").arg(data).output().unwrap()
}

fn told(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A folder and all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(file.file_name());
        if file.path().is_dir() { copy(&file.path(), &to) } else { drop(fs::copy(file.path(), to)) }
    }
}

/// Every cluster with its members, as exported.
pub(crate) fn clusters(data: &Path) -> BTreeMap<String, Value> {
    let output = command(data, &["export", "--what", "clusters"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["id"].as_str().unwrap().to_owned(), line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_goes_with_its_days_the_disk_settles_and_what_lives_on_stays_whole() {
    let desk = newsroom();
    let running = desk.start().await;
    push(&running, vec![story(99, 0)]).await;
    let first = article(&running, "9900").await.unwrap();
    let sizes = days(&desk, &running, 0..12).await;
    assert!(sizes[11] * 10 < sizes[6] * 11 && sizes[11] < sizes[3] * 3 / 2, "{sizes:?}");

    let cluster = first["cluster"].as_str().unwrap();
    assert_eq!(get(&running, &format!("/api/v1/clusters/{cluster}")).await.0, 404);
    let id = first["article"].as_str().or(first["id"].as_str()).unwrap().to_owned();
    assert_eq!(get(&running, &format!("/api/v1/articles/{id}")).await.0, 404);
    assert_eq!(article(&running, "9900").await, None);
    assert!(article(&running, "1103").await.is_some());
    let runs = article(&running, "running").await.unwrap();
    let (status, page) =
        get(&running, &format!("/api/v1/clusters/{}", runs["cluster"].as_str().unwrap())).await;
    assert_eq!((status, &page["counts"]["versions"]), (200, &json!(12)), "{page}");
    // A record that nobody remembers is new, under a number that was never given.
    let again = push(&running, vec![story(99, 0)]).await;
    assert_eq!(again["accepted"][0]["duplicate"], json!(false), "{again}");
    let events = running.store().events((Seq(0), 0), 10_000).unwrap();
    let tombstones = events.iter().filter(|event| event.kind.as_str() == "cluster.trimmed");
    assert!(tombstones.count() >= 8, "one for each cluster");
    assert!(running.store().events_from().unwrap() > Seq(0));
    running.stop().await.unwrap();

    let data = desk.data();
    verify(&data);
    let deep = told(&command(&data, &["verify", "--deep", "--json"]));
    let (count, stands) = (deep["trimmed"].as_u64().unwrap(), deep["stands"].as_u64().unwrap());
    assert!(count > 60 && stands > 8 && stands < count, "{deep}");
    let reader = Reader::open(&data).unwrap();
    assert_eq!(count, reader.base().unwrap().upto().0);
    assert_eq!(reader.entries(Seq(1)).next().unwrap().unwrap().1.seq.0, count + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trimmed_directory_starts_is_rebuilt_judged_and_restored_as_it_is() {
    let desk = newsroom();
    let running = desk.start().await;
    days(&desk, &running, 0..7).await;
    running.stop().await.unwrap();
    let data = desk.data();
    let expected = clusters(&data);
    assert!(expected.len() > 8, "{}", expected.len());

    // Without checkpoint, without rows, without both.
    for lost in [&["checkpoint"][..], &["store"], &["checkpoint", "store"]] {
        for name in lost {
            let path = data.join(name);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        rows_follow(&desk).await;
        assert_eq!(clusters(&data), expected, "{lost:?}");
        verify(&data);
    }
    told(&command(&data, &["replay", "--json"]));
    assert_eq!(clusters(&data), expected);

    let backup = desk.dir.path().join("backup");
    let taken = command(&data, &["backup", "--to", backup.to_str().unwrap()]);
    assert!(taken.status.success());
    let restored = desk.dir.path().join("restored");
    let back = command(&restored, &["restore", "--from", backup.to_str().unwrap()]);
    assert!(back.status.success(), "{}", String::from_utf8_lossy(&back.stderr));
    assert_eq!(clusters(&restored), expected);
    verify(&restored);

    let judged = command(&data, &["replay", "--judge", "--json"]);
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    verify(&data);
    assert_eq!(clusters(&data).len(), expected.len());
    // It goes on trimming: the days that were judged again are one segment now.
    let running = desk.start().await;
    for number in 7..11 {
        day(&desk, &running, number).await;
    }
    trimmed(&desk, 6).await;
    running.stop().await.unwrap();
    verify(&data);

    // What is erased leaves what stands for the past, too: it never had its words, and its name stays blocked.
    let runs = Reader::open(&data).unwrap().base().unwrap();
    let of = runs.entries().find_map(|entry| match entry.unwrap().record {
        Record::Version(version) => Some(version.verdicts.article?.to_string()),
        _ => None,
    });
    let erased = command(&data, &["erase", "--article", &of.unwrap()]);
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    verify(&data);
    let running = desk.start().await;
    let (address, body) = (running.address, json!([running_story(1)]).to_string());
    let push = move || http::ask(address, "POST /api/v1/articles", body.as_bytes()).unwrap();
    let (status, told) = tokio::task::spawn_blocking(push).await.unwrap();
    assert_eq!(status, 422, "{told}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_of_a_trim_is_mended_by_the_next_start() {
    let mut desk = newsroom();
    desk.config.store.history_days = 0;
    // So few that the first trim has something to forget.
    desk.config.detect.live_max = 5;
    let running = desk.start().await;
    day(&desk, &running, 0).await;
    running.stop().await.unwrap();
    let (data, first) = (desk.data(), desk.dir.path().join("first"));
    copy(&data.join("store"), &first);
    let running = desk.start().await;
    for number in 1..4 {
        day(&desk, &running, number).await;
    }
    texts_gone(&desk, 2).await;
    running.stop().await.unwrap();
    let before = desk.dir.path().join("before");
    copy(&data, &before);

    // The file is written and no record names it.
    let staged = data.join("journal/00000001.trim");
    fs::write(&staged, "half or whole").unwrap();
    fs::write(data.join("trimming"), "1 0\n").unwrap();
    let running = desk.start().await;
    wait_for_end(&data).await;
    assert!(!staged.exists());
    running.stop().await.unwrap();
    verify(&data);

    // The record is there, and the segments are, too: some of them, or all.
    desk.config.store.history_days = 3;
    let running = desk.start().await;
    trimmed(&desk, 0).await;
    running.stop().await.unwrap();
    let expected = clusters(&data);
    assert!(!expected.contains_key("c0000000000002"), "the first story of all is gone");
    let base = Reader::open(&data).unwrap().base().unwrap();
    let name = base.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let number: u32 = name.parse().unwrap();
    let after = desk.dir.path().join("after");
    copy(&data, &after);
    for own in [true, false] {
        for number in 1..=number - u32::from(!own) {
            let segment = format!("journal/{number:08}.log");
            fs::copy(before.join(&segment), data.join(&segment)).unwrap();
        }
        fs::write(data.join("trimming"), format!("{number} 0\n")).unwrap();
        if own {
            // The rows have not followed yet, either.
            fs::remove_dir_all(data.join("store")).unwrap();
            copy(&before.join("store"), &data.join("store"));
        }
        verify(&data);
        desk.config.store.history_days = if own { 0 } else { 3 };
        let running = desk.start().await;
        wait_for_end(&data).await;
        running.stop().await.unwrap();
        assert!(!data.join("journal/00000001.log").exists());
        assert_eq!(clusters(&data), expected);
        verify(&data);
    }

    // Rows of before, as after a power cut that sled slept through; and so old that what they lack is gone.
    for rows in [before.join("store"), first] {
        fs::remove_dir_all(data.join("store")).unwrap();
        copy(&rows, &data.join("store"));
        rows_follow(&desk).await;
        assert_eq!(clusters(&data), expected);
        verify(&data);
    }
    without_its_past(&desk, &name).await;
}

/// Without the file that stands for the past nothing starts, and nothing is said to be whole.
async fn without_its_past(desk: &Newsroom, name: &str) {
    let data = desk.data();
    fs::remove_file(data.join("journal").join(format!("{name}.trim"))).unwrap();
    let wrong = command(&data, &["verify"]);
    let wrong = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert!(wrong.contains("missing") || wrong.contains("lost"), "{wrong}");
    let ingest = command(&data, &["stats"]);
    assert!(!ingest.status.success());
    let bridged = command(&data, &["verify", "--bridge"]);
    assert!(bridged.status.success(), "{}", String::from_utf8_lossy(&bridged.stderr));
    let running = desk.start().await;
    running.stop().await.unwrap();
    verify(&data);
}

/// Waits until no version up to a day has words.
async fn texts_gone(desk: &Newsroom, day: u64) {
    let words = || {
        let reader = Reader::open(&desk.data()).unwrap();
        reader.entries(Seq(1)).find_map(|entry| match entry.unwrap().1.record {
            Record::Version(version) if version.redacted.is_none() => Some(version.id.0),
            _ => None,
        })
    };
    let gone = async {
        while words().is_none_or(|first| first <= 1 + (day + 1) * (STORIES + 1)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("texts go");
}

/// A start that ends when its rows have come to the end of the journal: a stop does not wait for rows that are made again.
async fn rows_follow(desk: &Newsroom) {
    let running = desk.start().await;
    let end = Reader::open(&desk.data()).unwrap().last_seq();
    let follow = async {
        while running.store().applied_seq() < end {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, follow).await.expect("the rows follow");
    running.stop().await.unwrap();
}

async fn wait_for_end(data: &Path) {
    let ended = async {
        while data.join("trimming").exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("the trim ends");
}
