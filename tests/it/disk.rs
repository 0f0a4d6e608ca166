//! Disks that fill up, files that may not grow, no file handles left, rows that are gone or garbled: over HTTP, on a live daemon.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use copytaster::cli::complain;
use serde_json::{Value, json};

use crate::crash::{Daemon, verify};
use crate::{http, wire};

/// Looks again until it has come about, for a bounded time.
pub(crate) fn until(what: &str, mut look: impl FnMut() -> bool) {
    let began = Instant::now();
    while !look() {
        assert!(began.elapsed() < http::PATIENT, "{what} did not come about");
        thread::yield_now();
    }
}

/// A record to push.
pub(crate) fn record(id: &str, number: u64) -> String {
    let text = wire::version(number % 9 + 1000 * (number / 9), (number % 4) as u8);
    json!({"id": id, "source": "desk", "title": id, "text": text}).to_string()
}

/// Pushes one record; its article where it was acknowledged.
pub(crate) fn push(address: SocketAddr, id: &str, number: u64) -> Option<String> {
    push_record(address, &record(id, number))
}

/// The same with a headline alone: a quarter of a KB in the journal, and as many rows.
fn push_brief(address: SocketAddr, id: &str) -> Option<String> {
    push_record(address, &json!({"id": id, "source": "desk", "title": id}).to_string())
}

fn push_record(address: SocketAddr, record: &str) -> Option<String> {
    let (status, body) = http::ask(address, "POST /api/v1/articles", record.as_bytes()).ok()?;
    let answer: Value = serde_json::from_str(&body).ok()?;
    (status == 200).then(|| answer["accepted"][0]["article"].as_str().map(str::to_owned))?
}

/// Pushes records of `name`, each until it is acknowledged; gives their articles.
pub(crate) fn push_all(address: SocketAddr, name: &str, count: u64) -> Vec<String> {
    let all = (0..count).map(|n| push(address, &format!("{name}-{n}"), n).unwrap());
    all.collect()
}

pub(crate) fn readiness(address: SocketAddr) -> (u16, String) {
    http::ask(address, "GET /readyz", b"").unwrap_or_default()
}

pub(crate) fn is_ready(address: SocketAddr) -> bool {
    readiness(address).0 == 200
}

/// Every article is there, with one version.
pub(crate) fn all_once(address: SocketAddr, articles: &[String]) {
    for id in articles {
        let article = http::json(address, &format!("/api/v1/articles/{id}"));
        assert_eq!(article["versions"].as_array().map(Vec::len), Some(1), "{article}");
    }
    let mut apart = articles.to_vec();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!(apart.len(), articles.len(), "two records became one article");
}

fn stats(data: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    let output = command.args(["stats", "--json", "--data"]).arg(data).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Sets a limit of a live process; false where the machine has no `prlimit` or does not let it.
fn limit(daemon: &Daemon, what: &str) -> bool {
    let pid = daemon.pid().to_string();
    Command::new("prlimit").args(["--pid", &pid, what]).status().is_ok_and(|done| done.success())
}

/// A small disk of its own: a tmpfs in a mount namespace that a child holds open.
struct SmallDisk {
    holder: Child,
    root: PathBuf,
    _at: tempfile::TempDir,
}

impl SmallDisk {
    fn make(size: &str) -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mut holder = Command::new("unshare")
            .args(["-rm", "sh", "-c"])
            .arg("mount -t tmpfs -o size=$2 none \"$1\" && echo mounted && exec cat")
            .arg("sh")
            .arg(at.path())
            .arg(size)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take()?).read_line(&mut line).ok()?;
        let inside = at.path().strip_prefix("/").unwrap();
        let root = Path::new("/proc").join(holder.id().to_string()).join("root").join(inside);
        let disk = Self { holder, root, _at: at };
        (line == "mounted\n" && fs::create_dir(disk.root.join("data")).is_ok()).then_some(disk)
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.root.join("filler")).unwrap();
        for bytes in [64 << 10, 4 << 10, 512, 1] {
            while file.write_all(&vec![7; bytes]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.root.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Lets the client of a test go, whatever became of the test.
struct LetGo<'a>(&'a SmallDisk, &'a AtomicBool);

impl Drop for LetGo<'_> {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
        let _ = fs::remove_file(self.0.root.join("filler"));
    }
}

#[test]
fn a_full_disk_holds_ingest_up_reads_go_on_and_room_lets_it_go_on() {
    let Some(disk) = SmallDisk::make("32m") else {
        complain("skipped: no tmpfs can be mounted here");
        return;
    };
    let data = disk.root.join("data");
    let daemon = Daemon::start_with(&data, &[]);
    let address = daemon.address;
    let before = push_all(address, "before", 30);
    let (told, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let since = thread::scope(|scope| {
        disk.fill();
        let (told, enough) = (&told, &enough);
        let let_go = LetGo(&disk, enough);
        let client = scope.spawn(move || {
            let mut articles = Vec::new();
            for number in 0.. {
                let id = format!("since-{number}");
                // What was not acknowledged is sent again until it is.
                let go_on = || !enough.load(Ordering::SeqCst);
                let answers = std::iter::from_fn(|| go_on().then(|| push(address, &id, number)));
                articles.extend(answers.flatten().next());
                told.fetch_add(1, Ordering::SeqCst);
                if enough.load(Ordering::SeqCst) {
                    break;
                }
            }
            articles
        });
        until("a full disk that is told", || {
            let (status, why) = readiness(address);
            status == 503 && why.contains("No space left")
        });
        let held = told.load(Ordering::SeqCst);
        all_once(address, &before);
        assert!(!http::items(address, "/api/v1/clusters?limit=50").is_empty());
        assert!(told.load(Ordering::SeqCst) <= held + 1, "nothing can be durable now");
        disk.make_room();
        until("readiness", || is_ready(address));
        let held = told.load(Ordering::SeqCst);
        // Asked between two looks, so that the bound is one of time for ten answers and not of turns on an idle processor.
        until("more records", || is_ready(address) && told.load(Ordering::SeqCst) > held + 10);
        drop(let_go);
        client.join().unwrap()
    });
    until("readiness", || is_ready(address));
    all_once(address, &[before, since].concat());
    daemon.stop();
    assert!(verify(&data).contains("nothing is wrong"));
    assert_eq!(stats(&data)["damaged_stores"], 0);
}

#[test]
fn rows_that_may_not_grow_hold_no_answer_up_and_follow_when_they_may() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let daemon = Daemon::start_with(&data, &[]);
    let address = daemon.address;
    let mut articles = push_all(address, "before", 30);
    // The journal stays far below this, sled's file is above it.
    if !limit(&daemon, "--fsize=400000:unlimited") {
        complain("skipped: prlimit does not set limits here");
        return;
    }
    let told = AtomicUsize::new(0);
    until("rows that cannot be written", || {
        let number = told.fetch_add(1, Ordering::SeqCst);
        assert!(number < 2000, "the rows took all");
        // Acknowledged all the same.
        assert!(push_brief(address, &format!("since-{number}")).is_some());
        readiness(address).1.contains("derived rows cannot be written")
    });
    for id in &articles {
        // sled may have been cut short in the middle of a page: then it is an honest refusal.
        let (status, said) =
            http::ask(address, &format!("GET /api/v1/articles/{id}"), b"").unwrap();
        assert!(status == 200 || (status == 503 && said.contains("retry_after")), "{said}");
    }
    assert!(limit(&daemon, "--fsize=unlimited:unlimited"));
    until("readiness", || is_ready(address));
    let since = (0..told.load(Ordering::SeqCst))
        .map(|number| push_brief(address, &format!("since-{number}")).unwrap());
    articles.extend(since);
    all_once(address, &articles);
    daemon.stop();
    assert!(verify(&data).contains("nothing is wrong"));
    let counted = stats(&data);
    assert_eq!(counted["applied_seq"], counted["journal_seq"]);
}

#[test]
fn a_daemon_without_file_handles_says_so_and_lives() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let daemon = Daemon::start_with(&data, &[]);
    let address = daemon.address;
    let articles = push_all(address, "before", 5);
    let Ok(open) = fs::read_dir(format!("/proc/{}/fd", daemon.pid())) else {
        complain("skipped: no /proc here");
        return;
    };
    let numbers = open.map(|file| file.unwrap().file_name().into_string().unwrap());
    let taken: Vec<u32> = numbers.filter_map(|number| number.parse().ok()).collect();
    let free = (0..1024).find(|number| !taken.contains(number)).unwrap();
    // One more: the connection that asks. None is left for the journal's file.
    if !limit(&daemon, &format!("--nofile={}:1024", free + 1)) {
        complain("skipped: prlimit does not set limits here");
        return;
    }
    let path = format!("GET /api/v1/articles/{}", articles[0]);
    until("an honest refusal", || {
        http::ask(address, &path, b"").is_ok_and(|(status, _)| status == 503)
    });
    assert!(limit(&daemon, "--nofile=1024:1024"));
    until("an answer", || http::ask(address, &path, b"").is_ok_and(|(status, _)| status == 200));
    let more = push_all(address, "after", 5);
    all_once(address, &[articles, more].concat());
    daemon.stop();
    assert!(verify(&data).contains("nothing is wrong"));
}

/// A data directory of some records whose daemon was stopped; their articles.
fn stopped(data: &Path) -> Vec<String> {
    let daemon = Daemon::start_with(data, &[]);
    let articles = push_all(daemon.address, "kept", 40);
    // Rows are held for a second before sled gets them.
    until("rows on disk, by the metrics", || {
        let (_, metrics) = http::ask(daemon.address, "GET /metrics", b"").unwrap();
        let bytes = metrics.lines().find_map(|line| line.strip_prefix("copytaster_store_bytes "));
        bytes.unwrap().parse::<u64>().unwrap() > 10_000
    });
    daemon.stop();
    articles
}

/// Starts over what was done to `data`: all is there again, and stays so.
fn comes_back(data: &Path, articles: &[String], damaged: u64) {
    let daemon = Daemon::start_with(data, &[]);
    until("readiness", || is_ready(daemon.address));
    all_once(daemon.address, articles);
    daemon.stop();
    assert!(verify(data).contains("nothing is wrong"));
    assert_eq!(stats(data)["damaged_stores"], damaged);
}

#[test]
fn rows_that_are_gone_or_garbled_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let articles = stopped(&data);
    let store = data.join("store");
    assert!(store.join("rested").exists(), "a clean stop leaves its mark");
    fs::remove_dir_all(&store).unwrap();
    comes_back(&data, &articles, 0);
    for name in ["db", "conf"] {
        fs::write(store.join(name), b"not what sled wrote").unwrap();
    }
    comes_back(&data, &articles, 1);
    fs::write(store.join("db"), b"").unwrap();
    comes_back(&data, &articles, 2);
    fs::remove_file(store.join("db")).unwrap();
    fs::create_dir(store.join("db")).unwrap();
    let daemon = Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(["run", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&daemon.stderr);
    assert!(!daemon.status.success() && said.contains("store"), "{said}");
    fs::remove_dir_all(&store).unwrap();
    comes_back(&data, &articles, 2);
}

#[test]
fn a_read_that_meets_damage_has_the_rows_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let articles = stopped(&data);
    let rested = fs::read(data.join("store/rested")).unwrap();
    // Behind sled's back and the mark's: the row of a version garbled, then lost.
    for (damaged, is_lost) in [(1, false), (2, true)] {
        let looks = (0..1_000_000).map(|_| sled::open(data.join("store")));
        let tree = looks.inspect(|_| thread::yield_now()).find_map(Result::ok).unwrap();
        let (key, row) = tree.scan_prefix([0x10]).last().unwrap().unwrap();
        if is_lost {
            tree.remove(key).unwrap();
        } else {
            let mut row = row.to_vec();
            row[12] ^= 1;
            tree.insert(key, row).unwrap();
        }
        drop(tree);
        fs::write(data.join("store/rested"), &rested).unwrap();
        let daemon = Daemon::start_with(&data, &[]);
        let last = format!("GET /api/v1/articles/{}", articles[articles.len() - 1]);
        assert_eq!(http::ask(daemon.address, &last, b"").unwrap().0, 503, "never a wrong row");
        until("the article", || {
            http::ask(daemon.address, &last, b"").is_ok_and(|(status, _)| status == 200)
        });
        until("readiness", || is_ready(daemon.address));
        all_once(daemon.address, &articles);
        daemon.stop();
        assert!(verify(&data).contains("nothing is wrong"));
        assert_eq!(stats(&data)["damaged_stores"], damaged);
    }
}

#[test]
fn a_flip_in_the_rows_is_harmless_mended_or_told_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let articles = stopped(&data);
    let db = data.join("store/db");
    let whole = fs::read(&db).unwrap();
    let used = whole.len() - whole.iter().rev().take_while(|&&byte| byte == 0).count();
    for part in 1..8 {
        let mut bytes = whole.clone();
        bytes[used * part / 8] ^= 0x10;
        fs::write(&db, bytes).unwrap();
        let daemon = Daemon::start_with(&data, &[]);
        // A read that meets it is refused, and has it mended.
        for id in &articles {
            let path = format!("GET /api/v1/articles/{id}");
            until("the article", || match http::ask(daemon.address, &path, b"").unwrap() {
                (200, body) => {
                    let article: Value = serde_json::from_str(&body).unwrap();
                    assert!(article["id"].as_str().unwrap().starts_with("kept-"), "{article}");
                    true
                }
                (status, body) => {
                    assert_eq!(status, 503, "{body}");
                    false
                }
            });
        }
        daemon.stop();
        let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
        let output = command.args(["verify", "--data"]).arg(&data).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() || said.contains("rows: "), "{said}");
        fs::remove_dir_all(data.join("store")).unwrap();
        comes_back(&data, &articles, stats(&data)["damaged_stores"].as_u64().unwrap());
        fs::write(&db, &whole).unwrap();
    }
}
