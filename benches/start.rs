//! A data directory of invented records to what a start of the daemon over it takes: CPU, wall and memory until it is ready.
//!
//! ```sh
//! cargo bench --bench start -- DIR 1000000     # makes DIR where it is missing, which takes minutes; then starts over it
//! ```
//! Without arguments: 2,000 records in a directory that is thrown away. Linux only: it reads /proc.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench tells what it measures, and a fault ends it"
)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use copytaster::daemon::Offline;
use copytaster::model::{Article, Clock, Timestamp};

/// Sites that run each story, the second in its own words here and there.
const SITES: u64 = 2;

/// Words of a text: some 2.7 KB.
const WORDS: usize = 430;

/// sled's cache, as in the shipped configuration.
const CACHE_BYTES: u64 = 32 << 20;

/// Versions that are compared with, as in the shipped configuration.
const LIVE_MAX: u32 = 200_000;

/// Time of the first record; the others follow a second apart.
const FIRST: i64 = 1_772_323_200;

fn record(at: u64) -> Article {
    let (story, site) = (at / SITES, at % SITES);
    let mut text = common::body(story, WORDS);
    if site > 0 {
        text = text.replacen(" an", " the", 3);
    }
    Article {
        source: format!("site{}", at % 40).as_str().into(),
        url: Some(format!("https://site{}.example/2026/03/story-{story}", at % 40)),
        title: text.chars().skip(9).take(60).collect(),
        text,
        lang: Some("en".to_owned()),
        published: Some(Timestamp::from_secs(FIRST + at.cast_signed() - 40)),
        ..Article::default()
    }
}

fn make(dir: &Path, records: u64) {
    std::fs::create_dir_all(dir).unwrap();
    let begun = Instant::now();
    let mut offline =
        Offline::open(dir, CACHE_BYTES, Clock::new(|| Timestamp::from_secs(FIRST), 1)).unwrap();
    for at in 0..records {
        offline.take(record(at), Timestamp::from_secs(FIRST + at.cast_signed())).unwrap();
    }
    let counts = offline.finish().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "made    {} versions, {} clusters in {seconds:.1} s",
        counts.versions, counts.clusters
    );
}

/// Seconds of CPU that a process has had, and its largest resident size in MB.
fn used(child: &Child) -> (f64, u64) {
    let proc = format!("/proc/{}", child.id());
    let stat = std::fs::read_to_string(format!("{proc}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // utime and stime, in hundredths on every Linux there is.
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    let status = std::fs::read_to_string(format!("{proc}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    (ticks as f64 / 100.0, peak / 1024)
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut answer = String::new();
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").unwrap();
    stream.read_to_string(&mut answer).is_ok() && answer.split(' ').nth(1) == Some("200")
}

fn start(dir: &Path, what: &str) {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(["run", "--listen", "127.0.0.1:0", "--data"])
        .arg(dir)
        .env_remove("COPYTASTER_CONFIG")
        .env("COPYTASTER_DETECT__LIVE_MAX", LIVE_MAX.to_string())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        line.split_once("listening=http://").map(|(_, address)| address.to_owned())
    });
    let address = address.unwrap_or_else(|| panic!("the daemon ended before it served"));
    std::thread::spawn(move || lines.for_each(drop));
    while !is_ready(&address) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let (cpu, peak) = used(&child);
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what:<24} ready after {seconds:.2} s, {cpu:.2} s CPU, {peak} MB");
    let stopping = Instant::now();
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    child.wait().unwrap();
    println!("{:<24} stopped after {:.2} s", "", stopping.elapsed().as_secs_f64());
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let thrown_away = tempfile::tempdir().unwrap();
    let dir = arguments.first().map_or(thrown_away.path().join("data"), Into::into);
    let records = arguments.get(1).map_or(2_000, |records| records.parse().unwrap());
    if !dir.join("journal").exists() {
        make(&dir, records);
    }
    // What made the records had other settings, so a checkpoint of its is not for the first start.
    start(&dir, "the first start");
    start(&dir, "a start");
    if std::fs::remove_file(dir.join("checkpoint")).is_ok() {
        start(&dir, "without a checkpoint");
    }
}
