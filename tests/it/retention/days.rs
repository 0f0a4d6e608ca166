//! Invented days under a daemon that keeps texts for a time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use copytaster::config::{Config, Detect, Rights, Server, Source, SourceKind, Store as Kept};
use copytaster::daemon::{Offline, Running};
use copytaster::journal::{Reader, Record};
use copytaster::model::{Article, Clock, OriginBasis, OriginClaim, Seq, Timestamp, VersionId};
use serde_json::{Value, json};

use crate::crash::verify;
use crate::patience::started;
use crate::{http, wire};

pub(super) const DAY: i64 = 24 * 3_600_000;

/// Longest wait for anything; it takes a moment where nothing is wrong.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A daemon whose clock stands until the test moves it; its hours are over in milliseconds.
pub(super) struct Newsroom {
    pub(super) dir: tempfile::TempDir,
    pub(super) now: Arc<AtomicI64>,
    pub(super) config: Config,
}

impl Newsroom {
    pub(super) fn new(text_days: u16, text_bytes: Option<u64>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let path = dir.path().join("data");
        let config = Config {
            server: Server { listen, ..Server::default() },
            store: Kept { path, text_days, text_bytes, ..Kept::default() },
            detect: Detect { window: Duration::from_hours(24), ..Detect::default() },
            ..Config::default()
        };
        Self { dir, now: Arc::new(AtomicI64::new(wire::minute(0).millis())), config }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(super) async fn start(&self) -> Running {
        let now = Arc::clone(&self.now);
        let clock = Clock::new(move || Timestamp::from_millis(now.load(Ordering::SeqCst)), 100_000);
        let mut running = started(&self.config, &clock).await;
        running.ready().await.unwrap();
        running
    }

    /// A day's copy, pushed; then it is the next day.
    async fn day(&self, running: &Running, day: u64) {
        let records: Vec<Value> = (0..8_u64)
            .map(|n| {
                let story = day * 100 + n;
                let text = [wire::version(story, 0), wire::version(story + 50, 2)].join("\n");
                let url = format!("https://alba.example/{story}");
                json!({"source": "alba", "url": url, "title": format!("Story {story}"), "text": text})
            })
            .collect();
        let (address, body) = (running.address, json!(records).to_string());
        let push = move || http::ask(address, "POST /api/v1/articles", body.as_bytes()).unwrap();
        let (status, told) = tokio::task::spawn_blocking(push).await.unwrap();
        assert_eq!(status, 200, "{told}");
        self.now.fetch_add(DAY, Ordering::SeqCst);
    }

    /// Waits until the rows show no headline up to version `last`, and one after it.
    async fn gone(&self, running: &Running, last: u64) {
        let title = |id| running.store().version(VersionId(id)).unwrap().map(|row| row.title);
        let gone = async {
            while !title(last).is_some_and(|title| title.is_empty())
                || self.data().join("redacting").exists()
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("texts go");
        assert!(title(last + 1).is_none_or(|title| !title.is_empty()), "the next day stays");
    }

    fn bytes(&self) -> u64 {
        Reader::open(&self.data()).unwrap().bytes().unwrap()
    }

    /// Versions of the journal that have their words.
    fn with_words(&self) -> Vec<u64> {
        let reader = Reader::open(&self.data()).unwrap();
        let records = reader.entries(Seq(1)).map(|entry| entry.unwrap().1.record);
        records
            .filter_map(|record| match record {
                Record::Version(version) if version.redacted.is_none() => Some(version.id.0),
                _ => None,
            })
            .collect()
    }
}

/// The last version of day `day`: a day has eight, and the settings come first.
const fn last_of(day: u64) -> u64 {
    1 + 8 * (day + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_go_with_their_day_and_the_disk_grows_by_what_is_left_of_them() {
    let desk = Newsroom::new(2, None);
    let running = desk.start().await;
    let mut sizes = Vec::new();
    for day in 0..10 {
        desk.day(&running, day).await;
        // It is the next day now: what is more than two days old then has gone, and no more than that.
        if day >= 2 {
            desk.gone(&running, last_of(day - 2)).await;
        }
        sizes.push(desk.bytes());
    }
    let (whole, left) = (sizes[1] / 2, (sizes[9] - sizes[2]) / 7);
    assert!(left * 5 < whole * 2, "a day has {whole} bytes, and {left} stay: {sizes:?}");
    let address = running.address;
    let shown = tokio::task::spawn_blocking(move || {
        let list = http::json(address, "/api/v1/articles?url=https://alba.example/0&source=alba");
        let article = list["items"][0].clone();
        let page = http::ask(
            address,
            &format!("GET /clusters/{}", article["cluster"].as_str().unwrap()),
            b"",
        );
        (article, page.unwrap().0)
    });
    let (article, page) = shown.await.unwrap();
    assert_eq!((&article["redacted"], &article["text"], page), (&json!(true), &Value::Null, 200));
    running.stop().await.unwrap();
    assert_eq!(desk.with_words().first(), Some(&(last_of(7) + 1)));
    verify(&desk.data());
    let deep = std::process::Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(["verify", "--deep", "--json", "--data"])
        .arg(desk.data())
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&deep.stdout).unwrap();
    assert_eq!((&told["clean"], &told["redacted"]), (&json!(true), &json!(64)), "{told}");
    assert_eq!(
        (&told["deep"]["judged"], &told["deep"]["without_text"]),
        (&json!(0), &json!(80)),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_texts_go_where_there_are_too_many_but_none_within_the_window() {
    let desk = Newsroom::new(0, Some(1));
    let running = desk.start().await;
    for day in 0..4 {
        desk.day(&running, day).await;
    }
    // A byte is less than any day: all goes that is closed and older than the window.
    desk.gone(&running, last_of(2)).await;
    running.stop().await.unwrap();
    assert_eq!(desk.with_words().first(), Some(&(last_of(2) + 1)));
    verify(&desk.data());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_segment_and_rows_is_mended_by_the_next_start() {
    let mut desk = Newsroom::new(30, None);
    let running = desk.start().await;
    for day in 0..3 {
        desk.day(&running, day).await;
    }
    running.stop().await.unwrap();
    let reader = Reader::open(&desk.data()).unwrap();
    let without =
        |version: &copytaster::cluster::Version| Record::Version(Box::new(version.without_words()));
    reader.rewrite(1, &mut |entry| super::version_of(entry).map(without)).unwrap();
    std::fs::write(desk.data().join("redacting"), "1\n").unwrap();
    // Also where nobody wants texts removed any more.
    desk.config.store.text_days = 0;
    let running = desk.start().await;
    desk.gone(&running, last_of(0)).await;
    running.stop().await.unwrap();
    verify(&desk.data());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_claim_of_origin_was_read_from_leaves_the_checkpoint_too() {
    let desk = Newsroom::new(1, None);
    let (data, now) = (desk.data(), wire::minute(0));
    let taken = tokio::task::spawn_blocking(move || {
        let mut offline = Offline::open(&data, 16 << 20, Clock::new(move || now, 1)).unwrap();
        let evidence = "zanzigbarous (NAP)".to_owned();
        let origin = OriginClaim { agency: "NAP".into(), basis: OriginBasis::Dateline, evidence };
        let article = wire::article("alba", "1", wire::version(1, 0));
        offline.take(Article { origin: Some(origin), ..article }, now).unwrap();
        offline.finish().unwrap();
    });
    taken.await.unwrap();
    let quoted = || {
        let bytes = std::fs::read(desk.data().join("checkpoint")).unwrap_or_default();
        bytes.windows(12).any(|bytes| bytes == b"zanzigbarous")
    };
    assert!(quoted(), "or the test looks for nothing");
    desk.now.fetch_add(3 * DAY, Ordering::SeqCst);
    let running = desk.start().await;
    desk.day(&running, 1).await;
    desk.gone(&running, 2).await;
    assert!(!quoted());
    running.stop().await.unwrap();
    assert!(!quoted());
    verify(&desk.data());
}

#[tokio::test(flavor = "multi_thread")]
async fn single_texts_go_before_their_day_where_their_source_or_their_page_says_so() {
    let mut desk = Newsroom::new(0, None);
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let rights = Rights { retention: Some(Duration::from_hours(60)), ..Rights::default() };
    desk.config.sources = vec![Source {
        rights: Some(rights),
        endpoints: Vec::new(),
        ..crate::daemon::source("mara", SourceKind::Outlet, nowhere)
    }];
    let running = desk.start().await;
    let record = |source: &str, story: u64| {
        let (url, text) = (format!("https://{source}.example/{story}"), wire::version(story, 0));
        json!({"source": source, "url": url, "title": format!("Story {story}"), "text": text})
    };
    let mut closed = record("alba", 902);
    closed["tdm"] = json!({"signals": [{"place": "header", "name": "unavailable_after", "value": "2026-03-04"}]});
    let body = json!([record("alba", 900), record("mara", 901), closed]).to_string();
    let address = running.address;
    let push = move || http::ask(address, "POST /api/v1/articles", body.as_bytes()).unwrap();
    let (status, told) = tokio::task::spawn_blocking(push).await.unwrap();
    assert_eq!(status, 200, "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let numbers: Vec<u64> = (0..3).map(|n| told["accepted"][n]["seq"].as_u64().unwrap()).collect();
    let have = || {
        let with_words = desk.with_words();
        numbers.iter().map(|number| with_words.contains(number)).collect::<Vec<bool>>()
    };
    let until = async |expected: [bool; 3]| {
        let come = async {
            while have() != expected || desk.data().join("redacting").exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, come).await.expect("the texts go that have had their time");
    };
    desk.day(&running, 0).await;
    desk.day(&running, 1).await;
    assert_eq!(have(), [true; 3], "on the third day nothing has had its time yet");
    desk.now.fetch_add(DAY / 2, Ordering::SeqCst);
    until([true, false, true]).await;
    desk.day(&running, 2).await;
    until([true, false, false]).await;
    desk.day(&running, 3).await;
    running.stop().await.unwrap();
    assert_eq!(have(), [true, false, false]);
    verify(&desk.data());
}
