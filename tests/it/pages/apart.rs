//! Pages that a parser dies of, or never comes to an end with: their process ends, the page is lost with its reason, the rest of
//! the line goes on.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use copytaster::daemon::{self, Apart, Around, Credits, Fault, NoProcess, Parser, Unread};
use copytaster::extract::{self, Page};
use copytaster::model::{Clock, Timestamp};

use super::press::{self, Answer, Press};
use super::{Told, desk, heard};
use crate::crash::copytaster;
use crate::desk::{Desk, MINUTE, PATIENCE};

const PROGRAM: &str = env!("CARGO_BIN_EXE_copytaster");

/// Processes of the program under test, with time enough for a machine that has other things to do.
fn patient() -> Apart {
    Apart { deadline: PATIENCE, ..Apart::of(PROGRAM.into()) }
}

/// Processes of which the first does `what` once it has greeted and a page has come; those after it are sound.
fn first(what: &str, dir: &Path) -> Apart {
    std::fs::write(dir.join("greeting"), greeting()).unwrap();
    let script = format!(
        "if mkdir '{dir}/once' 2>/dev/null; then cat '{dir}/greeting'; head -c 100 >/dev/null; {what}; \
         else exec '{PROGRAM}' __extract \"$1\"; fi",
        dir = dir.display()
    );
    let arguments = ["-c", &script, "sh"].map(Into::into).to_vec();
    Apart { program: "/bin/sh".into(), arguments, slots: 2, ..patient() }
}

/// What a sound process says when it is told of no agencies.
fn greeting() -> Vec<u8> {
    let mut child = Command::new(PROGRAM)
        .args(["__extract", "268435456"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&[1, 0, 0, 0, 0]).unwrap();
    let mut said = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "it ends when nobody has pages for it");
    said
}

fn story(number: u64) -> Page {
    let url = format!("https://herald.test/{number}").parse().unwrap();
    Page { url: Some(url), html: press::story(number, 0, "") }
}

/// A page within every bound of the scan that takes its parser tens of megabytes.
fn large() -> Page {
    let line =
        "<p>The harbour of Kvitnes was closed on Monday after a crane fell over, the town said.";
    Page { url: None, html: format!("<html><body><article>{}</article>", line.repeat(40_000)) }
}

/// One that takes them far longer than a page may take.
fn slow() -> String {
    let nest = format!("{}<p>Word{}", "<div>".repeat(500), "</div>".repeat(500));
    format!("<html><body><article>{}</article></body></html>", nest.repeat(199))
}

async fn parser(apart: Apart) -> Parser {
    Parser::new(Some(apart), Arc::from([])).await.unwrap()
}

/// Starts with pages parsed `apart`, goes on until this page has been visited so often and all is quiet, stops and reads the
/// journal.
async fn round_apart(desk: &Desk, press: &Press, apart: Apart, page: (&str, usize)) -> Told {
    let clock = desk.clock(1_000_000);
    let running =
        daemon::start_with(desk.config.clone(), clock, Around::apart(apart)).await.unwrap();
    press.until_visited(page.0, page.1).await;
    desk.quiet(&running).await;
    running.stop().await.unwrap();
    heard(desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_the_same_in_a_process_of_its_own() {
    let parser = parser(patient()).await;
    for number in 0..3 {
        let found = parser.parse(story(number), Credits::Configured).await.unwrap();
        assert_eq!(found, extract::article(&story(number)));
        assert!(found.text.len() > 200, "{found:?}");
    }
    let refused = Page { url: None, html: "<div>".repeat(1_000_000) };
    let found = parser.parse(refused.clone(), Credits::Table).await.unwrap();
    assert_eq!(found, extract::article(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_and_a_hang_cost_their_page_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let crash = parser(first("kill -SEGV $$", dir.path())).await;
    let fault = crash.parse(story(1), Credits::Table).await.unwrap_err();
    assert!(fault.to_string().contains("SIGSEGV"), "{fault}");
    assert!(crash.parse(story(1), Credits::Table).await.is_ok(), "another process reads it");

    let dir = tempfile::tempdir().unwrap();
    let hasty = Apart { deadline: Duration::from_secs(5), ..first("exec sleep 600", dir.path()) };
    let hang = parser(hasty).await;
    let fault = hang.parse(story(1), Credits::Table).await.unwrap_err();
    assert!(matches!(fault, Unread::Slow(_)), "{fault}");
    assert!(fault.to_string().contains("longer than 5 s"), "{fault}");
    assert!(hang.parse(story(1), Credits::Table).await.is_ok(), "another process reads it");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_takes_more_memory_than_there_may_be_ends_its_process() {
    // It has read a page before: what it dies of must be its own fault, so a fresh one dies of it, too.
    let lean = parser(Apart { memory_bytes: 40 << 20, ..patient() }).await;
    assert!(lean.parse(story(1), Credits::Table).await.is_ok());
    let fault = lean.parse(large(), Credits::Table).await.unwrap_err();
    assert!(matches!(fault, Unread::Died { megabytes: 40, .. }), "{fault}");
    assert!(fault.to_string().contains("more than 40 MB"), "{fault}");
    assert!(lean.parse(story(1), Credits::Table).await.is_ok(), "another process reads it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_replaced_when_it_has_read_its_pages_and_there_are_never_more_than_slots() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("started");
    let script = format!("echo . >> '{}'; exec '{PROGRAM}' __extract \"$1\"", log.display());
    let arguments = ["-c", &script, "sh"].map(Into::into).to_vec();
    let program = "/bin/sh".into();
    let apart = Apart { program, arguments, slots: 2, pages_max: 3, ..patient() };
    let started = || std::fs::read_to_string(&log).unwrap().lines().count();
    let parser = parser(apart).await;
    for _ in 0..7 {
        parser.parse(story(1), Credits::Table).await.unwrap();
    }
    assert_eq!(started(), 3, "three pages, three pages, one page");
    let many = (0..8).map(|number| parser.parse(story(number), Credits::Table));
    for found in futures_util::future::join_all(many).await {
        found.unwrap();
    }
    // Fifteen pages are five full processes; beside them there is room for one that is not full, and for one more.
    assert!((5..=6).contains(&started()), "{}", started());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_parse_is_told_before_the_daemon_starts() {
    let press = Press::start().await;
    let desk = desk(&press);
    for (program, told) in [("/nowhere/copytaster", "/nowhere/copytaster"), ("/bin/true", "ready")]
    {
        let clock = Clock::new(|| Timestamp::from_millis(0), 1);
        let apart = Apart::of(program.into());
        let fault =
            daemon::start_with(desk.config.clone(), clock, Around::apart(apart)).await.unwrap_err();
        assert!(matches!(fault, Fault::Parser(NoProcess::Start { .. } | NoProcess::Greeting(_))));
        assert!(fault.to_string().contains(told), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_loses_the_page_its_parser_died_of_and_takes_in_the_others() {
    let press = Press::start().await;
    let paths = ["/0", "/1", "/2", "/3", "/4"];
    press.lists(&paths);
    for (number, path) in paths.iter().enumerate() {
        press.says(path, [Answer::story(number as u64, 0)]);
    }
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(&press);
    let told = round_apart(&desk, &press, first("kill -SEGV $$", dir.path()), ("/4", 1)).await;
    let [(path, reason)] = told.lost.as_slice() else { panic!("{told:?}") };
    assert!(
        reason.contains("the page could not be read") && reason.contains("crashed"),
        "{reason}"
    );
    assert_eq!(told.articles.len(), 4, "{told:?}");
    // A quarter of an hour later it is tried again, by a sound process.
    desk.advance(15 * MINUTE);
    let told = round_apart(&desk, &press, patient(), (path, 2)).await;
    assert_eq!(told.articles.len(), 5, "{told:?}");
}

/// A page in which a parser overflows its stack within seconds, where the scan does not refuse it. Blocks take for ever instead.
fn bottomless() -> String {
    let depth = if cfg!(debug_assertions) { 20_000 } else { 60_000 };
    format!("<html><body>{}<p>The harbour was closed", "<b>".repeat(depth))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parser_that_overflows_its_stack_takes_its_page_along_and_no_other() {
    let page = || Page { url: None, html: bottomless() };
    let guarded = parser(patient()).await;
    let found = guarded.parse(page(), Credits::Table).await.unwrap();
    assert!(found.notes[0].contains("nested more than"), "{found:?}");
    // With the scan switched off, and so much memory that only the stack can be what is wanting.
    let memory_bytes = 64 << 30;
    let blind = parser(Apart { memory_bytes, slots: 2, ..patient() }.unscanned()).await;
    let fault = blind.parse(page(), Credits::Table).await.unwrap_err();
    let told = fault.to_string();
    assert!(matches!(fault, Unread::Died { .. }), "{told}");
    assert!(told.contains("SIGABRT") || told.contains("SIGSEGV"), "{told}");
    assert!(blind.parse(story(1), Credits::Table).await.is_ok(), "another process reads it");
}

#[test]
fn a_file_that_a_parser_dies_of_is_named_and_the_next_one_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let files = ["a.html", "bottomless.html", "b.html"].map(path);
    std::fs::write(&files[0], press::story(1, 0, "")).unwrap();
    std::fs::write(&files[1], bottomless()).unwrap();
    std::fs::write(&files[2], press::story(2, 0, "")).unwrap();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let output = copytaster(&[&["extract", "--unscanned"], files.as_slice()].concat());
    assert_eq!(output.status.code(), Some(1));
    let (told, said) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let titles: Vec<String> = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["title"].to_string())
        .collect();
    assert_eq!(titles, ["\"Headline of 1\"", "\"Headline of 2\""]);
    assert!(said.contains("bottomless.html: the page could not be read"), "{said}");
    let output = copytaster(&[&["extract"], files.as_slice()].concat());
    assert_eq!(output.status.code(), Some(0), "the scan refuses it, and says so in its line");
}

/// The program as it is run: only Linux says of a process what it holds.
#[cfg(target_os = "linux")]
mod at_work {
    use std::collections::BTreeSet;
    use std::net::SocketAddr;

    use super::*;
    use crate::crash::Daemon;
    use crate::http;

    /// The running processes that `parent` has started.
    fn children(parent: u32) -> BTreeSet<u32> {
        let all = std::fs::read_dir("/proc").unwrap();
        let ids = all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        ids.filter(|id| {
            state(*id).is_some_and(|(state, started_by)| state != "Z" && started_by == parent)
        })
        .collect()
    }

    /// State and parent; `None` where there is no such process.
    fn state(id: u32) -> Option<(String, u32)> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut words = rest.split(' ');
        Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
    }

    fn runs(id: u32) -> bool {
        state(id).is_some_and(|(state, _)| state != "Z")
    }

    /// What a process holds open.
    fn held(id: &str) -> BTreeSet<PathBuf> {
        let held = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap();
        held.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok()).collect()
    }

    /// Asks `look` until it holds.
    async fn until(what: &'static str, look: impl Fn() -> bool + Send + 'static) {
        let wait = move || {
            let began = Instant::now();
            while !look() {
                assert!(began.elapsed() < 2 * PATIENCE, "{what} did not come about");
                std::thread::yield_now();
            }
        };
        tokio::task::spawn_blocking(wait).await.unwrap();
    }

    fn counted(address: SocketAddr, series: &str) -> bool {
        let (_, metrics) = http::ask(address, "GET /metrics", b"").unwrap();
        metrics.lines().any(|line| line == series)
    }

    fn config(dir: &Path, press: &Press) -> String {
        let path = dir.join("copytaster.toml");
        let text = format!(
            "[crawl]\nper_host_delay = \"0s\"\nmin_interval = \"1s\"\nmax_interval = \"1s\"\nrobots = false\n\
             [[source]]\nid = \"press\"\nallow_addresses = [\"127.0.0.1/32\"]\n\
             [[source.endpoint]]\ntype = \"feed\"\nurl = \"{}\"\n",
            press.url("/feed.xml")
        );
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_slow_page_ends_its_process_and_the_daemon_ends_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let press = Press::start().await;
        press.lists(&["/slow", "/0", "/1", "/2"]);
        press.says("/slow", [Answer::html(slow())]);
        for number in 0..6 {
            press.says(&format!("/{number}"), [Answer::story(number, 0)]);
        }
        let (data, config) = (dir.path().join("data"), config(dir.path(), &press));
        let start = move || Daemon::start_with(&data, &["--config", &config]);
        let daemon = tokio::task::spawn_blocking(start).await.unwrap();
        let (address, pid) = (daemon.address, daemon.pid());
        until("the loss of the slow page", move || {
            counted(address, "copytaster_fetches_total{result=\"parser\"} 1")
        })
        .await;
        until("three pages", move || http::items(address, "/api/v1/clusters").len() == 3).await;

        let idle = children(pid);
        assert!((1..=4).contains(&idle.len()), "{idle:?}");
        for id in &idle {
            // Whoever started this test may have left something open in all that comes after; the daemon adds nothing to it.
            let more: Vec<_> = held(&id.to_string()).difference(&held("self")).cloned().collect();
            assert!(
                more.iter().all(|one| one.to_string_lossy().starts_with("pipe:")),
                "neither socket nor file: {more:?}"
            );
            assert_eq!(more.len(), 2, "{more:?}");
            assert_eq!(std::fs::read(format!("/proc/{id}/environ")).unwrap(), b"", "no secrets");
            let killed = Command::new("kill").args(["-KILL", &id.to_string()]).status().unwrap();
            assert!(killed.success());
        }
        // Processes that somebody else has killed cost no page.
        press.lists(&["/3", "/4", "/5"]);
        until("six pages", move || http::items(address, "/api/v1/clusters").len() == 6).await;
        let left = children(pid);
        assert!((1..=4).contains(&left.len()) && left.is_disjoint(&idle), "{left:?}");
        tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
        until("the end of the processes", move || !left.iter().any(|id| runs(*id))).await;
    }
}
