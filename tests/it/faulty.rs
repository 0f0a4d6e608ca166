//! Disks whose syncs fail, that take writes in parts, may only be read, or do not answer: over HTTP, on a live daemon.
//!
//! A small library between the program and the system plays the disk (`faulty/disk.c`, compiled here). Where it cannot be
//! compiled or loaded, the tests say `skipped`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use copytaster::cli::complain;

use crate::crash::{Daemon, verify};
use crate::disk::{all_once, is_ready, push, push_all, readiness, until};
use crate::http;

/// What stands between the program and the system, and where it is told what to do.
pub(crate) struct Shim {
    library: PathBuf,
    pub(crate) word: PathBuf,
}

impl Shim {
    /// Compiled into a folder; `None`, and said, where the machine has no compiler or does not put it before a program.
    pub(crate) fn make(folder: &Path) -> Option<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faulty/disk.c");
        let shim = Self { library: folder.join("disk.so"), word: folder.join("word") };
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).args([&shim.library, &source]);
        if !compiler.status().is_ok_and(|done| done.success()) {
            complain("skipped: no C compiler here");
            return None;
        }
        let mut program = Command::new(env!("CARGO_BIN_EXE_copytaster"));
        program.arg("--version").envs(shim.environment(folder)).stdout(Stdio::null());
        let is_there = program.status().is_ok() && folder.join("word.here").exists();
        if !is_there {
            complain("skipped: a library cannot be put before the program here");
        }
        is_there.then_some(shim)
    }

    /// What a program over `data` is started with.
    pub(crate) fn environment<'a>(&'a self, data: &'a Path) -> [(&'a str, &'a Path); 3] {
        [
            ("LD_PRELOAD", &self.library),
            ("COPYTASTER_TEST_DISK", &self.word),
            ("COPYTASTER_TEST_DIR", data),
        ]
    }
}

/// A disk that fails as it is told.
struct Disk {
    root: tempfile::TempDir,
    data: PathBuf,
    shim: Shim,
}

impl Disk {
    /// The disk, and a daemon on it that has some records; `None` where the machine has no such.
    fn make() -> Option<(Self, Daemon, Vec<String>)> {
        let root = tempfile::tempdir().unwrap();
        let shim = Shim::make(root.path())?;
        let disk = Self { data: root.path().join("data"), shim, root };
        let daemon = disk.start();
        let before = push_all(daemon.address, "before", 30);
        until("rows", || is_ready(daemon.address));
        Some((disk, daemon, before))
    }

    fn start(&self) -> Daemon {
        Daemon::start_under(&self.data, &self.shim.environment(&self.data))
    }

    /// From here on it fails in this way.
    fn tell(&self, word: &str) {
        let fresh = self.root.path().join("word.new");
        fs::write(&fresh, word).unwrap();
        fs::rename(&fresh, &self.shim.word).unwrap();
    }

    fn heal(&self) {
        fs::remove_file(&self.shim.word).unwrap();
    }
}

/// Pushes one record after another, each until it is acknowledged, until it is enough; gives their articles.
fn keep_pushing(
    address: SocketAddr,
    name: &str,
    told: &AtomicUsize,
    enough: &AtomicBool,
) -> Vec<String> {
    let mut articles = Vec::new();
    for number in 0.. {
        let id = format!("{name}-{number}");
        let go_on = || !enough.load(Ordering::SeqCst);
        let answers = std::iter::from_fn(|| go_on().then(|| push(address, &id, number)));
        articles.extend(answers.flatten().next());
        told.fetch_add(1, Ordering::SeqCst);
        if !go_on() {
            break;
        }
    }
    articles
}

/// Lets the client of a test go, whatever became of the test.
struct LetGo<'a>(&'a AtomicBool);

impl Drop for LetGo<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The disk fails in the way of `word` while a client pushes; `/readyz` says `why`, reads go on, and all goes on when it heals.
fn a_disk_that(word: &str, why: &[&str]) {
    let Some((disk, daemon, before)) = Disk::make() else { return };
    let address = daemon.address;
    let (told, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let since = thread::scope(|scope| {
        let let_go = LetGo(&enough);
        let client = scope.spawn(|| keep_pushing(address, "since", &told, &enough));
        until("a few records", || told.load(Ordering::SeqCst) > 3);
        disk.tell(word);
        until("a fault that is told", || {
            let (status, said) = readiness(address);
            status == 503 && why.iter().all(|part| said.contains(part))
        });
        let held = told.load(Ordering::SeqCst);
        all_once(address, &before);
        assert!(!http::items(address, "/api/v1/clusters?limit=50").is_empty());
        assert!(told.load(Ordering::SeqCst) <= held + 1, "nothing can be durable now");
        disk.heal();
        until("readiness", || is_ready(address));
        let held = told.load(Ordering::SeqCst);
        until("more records", || told.load(Ordering::SeqCst) > held + 10);
        drop(let_go);
        client.join().unwrap()
    });
    until("readiness", || is_ready(address));
    all_once(address, &[before.clone(), since.clone()].concat());
    daemon.kill();
    assert!(verify(&disk.data).contains("nothing is wrong"));

    // What the disk refuses and a kill takes was not acknowledged: sent again, it is there once.
    let daemon = disk.start();
    until("readiness", || is_ready(daemon.address));
    disk.tell(word);
    let address = daemon.address;
    let (told, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let let_go = LetGo(&enough);
        scope.spawn(|| keep_pushing(address, "killed", &told, &enough));
        until("a fault that is told", || readiness(address).0 == 503);
        assert_eq!(told.load(Ordering::SeqCst), 0);
        drop(let_go);
        daemon.kill();
    });
    disk.heal();
    let daemon = disk.start();
    until("readiness", || is_ready(daemon.address));
    let killed = push_all(daemon.address, "killed", 3);
    all_once(daemon.address, &[before, since, killed].concat());
    daemon.stop();
    assert!(verify(&disk.data).contains("nothing is wrong"));
}

#[test]
fn syncs_that_fail_hold_ingest_up_and_nothing_acknowledged_is_lost() {
    a_disk_that("eio", &["Input/output error", "dmesg", "nothing is taken in"]);
}

#[test]
fn writes_that_end_in_the_middle_hold_ingest_up_and_are_cut_off() {
    a_disk_that("torn", &["Input/output error", "nothing is taken in"]);
}

#[test]
fn a_disk_that_may_only_be_read_is_served_from() {
    a_disk_that("read-only", &["mounted read-only", "dmesg", "nothing is taken in"]);
}

#[test]
fn writes_that_take_a_part_at_a_time_are_gone_on_with() {
    let Some((disk, daemon, before)) = Disk::make() else { return };
    disk.tell("short");
    let since = push_all(daemon.address, "since", 20);
    all_once(daemon.address, &[before, since].concat());
    daemon.stop();
    assert!(verify(&disk.data).contains("nothing is wrong"));
}

#[test]
fn a_disk_that_does_not_answer_holds_answers_up_and_no_reads_and_the_line_is_bounded() {
    let Some((disk, daemon, before)) = Disk::make() else { return };
    let address = daemon.address;
    let answered = AtomicUsize::new(0);
    let refused = AtomicUsize::new(0);
    let late = thread::scope(|scope| {
        disk.tell("hold");
        // One is being written, 256 are judged meanwhile, two queues hold 64 and one is on the way between them.
        let clients: Vec<_> = (0..400_u64)
            .map(|number| {
                let (answered, refused) = (&answered, &refused);
                scope.spawn(move || {
                    let id = format!("late-{number}");
                    let body = crate::disk::record(&id, number);
                    let (status, said) =
                        http::ask(address, "POST /api/v1/articles", body.as_bytes()).unwrap();
                    match status {
                        200 => drop(answered.fetch_add(1, Ordering::SeqCst)),
                        503 => {
                            assert!(said.contains("retry_after"), "{said}");
                            refused.fetch_add(1, Ordering::SeqCst);
                        }
                        _ => panic!("{status} {said}"),
                    }
                    (id, number)
                })
            })
            .collect();
        // More than the line holds is refused, and told when to come again.
        until("a full line", || refused.load(Ordering::SeqCst) > 0);
        until("a slow disk that is told", || {
            let (status, said) = readiness(address);
            status == 200 && said.contains("the disk is slow: a write to the journal takes")
                || status == 503 && said.contains("the disk does not answer")
        });
        all_once(address, &before);
        assert!(!http::items(address, "/api/v1/clusters?limit=50").is_empty());
        assert_eq!(answered.load(Ordering::SeqCst), 0, "nothing can be durable now");
        disk.heal();
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(answered.load(Ordering::SeqCst) > 0, "who waited was answered");
    until("readiness", || is_ready(address) && !readiness(address).1.contains("slow"));
    let articles: Vec<String> = late
        .into_iter()
        .map(|(id, number)| push(address, &id, number).expect("it is taken now"))
        .collect();
    all_once(address, &[before, articles].concat());
    let (_, metrics) = http::ask(address, "GET /metrics", b"").unwrap();
    let count = |end: &str| {
        let name = format!("copytaster_journal_append_seconds_bucket{{le=\"{end}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(name.as_str()));
        line.unwrap().parse::<u64>().unwrap()
    };
    assert!(count("1.0") < count("+Inf"), "the slow write is counted: {metrics}");
    daemon.stop();
    assert!(verify(&disk.data).contains("nothing is wrong"));
}
