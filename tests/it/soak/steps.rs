//! SIGKILL at each call that changes a file while words, history or segments go and copies are made: what was begun is ended by
//! the next start or by the same command, and nothing else is lost.
//!
//! Some of the calls here, spread over all; `just soak` kills at each.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use copytaster::cli::complain;
use copytaster::journal::Reader;
use copytaster::model::Seq;
use serde_json::Value;

use super::rounds;
use crate::crash::{Daemon, done, verify};
use crate::disk::{is_ready, until};
use crate::erase::{WORD, assert_gone};
use crate::faulty::Shim;
use crate::retention::history;

/// How many of a command's calls are killed at.
const KILLS: usize = 5;

/// Stories of a day.
const STORIES: u64 = 8;

/// A command that is killed, over and over, on copies of one folder.
struct Killed {
    root: tempfile::TempDir,
    shim: Shim,
}

impl Killed {
    /// `None` where the machine has no such.
    fn make() -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let shim = Shim::make(root.path())?;
        Some(Self { root, shim })
    }

    /// The folder that each turn begins with.
    fn first(&self) -> PathBuf {
        self.root.path().join("first")
    }

    /// The folder of a turn; its data directory is `data` in it.
    fn folder(&self) -> PathBuf {
        self.root.path().join("turn")
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn begin(&self) {
        let _ = fs::remove_dir_all(self.folder());
        history::copy(&self.first(), &self.folder());
    }

    /// What the program is started with to be killed at this call; at none for 0.
    fn environment<'a>(&'a self, folder: &'a Path, call: &'a str) -> Vec<(&'a str, &'a Path)> {
        let kill = ("COPYTASTER_TEST_KILL", Path::new(call));
        self.shim.environment(folder).into_iter().chain([kill]).collect()
    }

    /// The calls to be killed at, of those that were counted: the first, the last, and some between.
    fn calls(&self) -> Vec<usize> {
        let count = self.shim.word.with_extension("count");
        let all: usize = fs::read_to_string(count).unwrap().parse().unwrap();
        assert!(all > 2, "{all} calls: the test counts nothing");
        complain(&format!("{all} calls"));
        let kills = rounds(KILLS).clamp(2, all);
        (0..kills).map(|kill| 1 + kill * (all - 1) / (kills - 1)).collect()
    }

    /// The command, killed at this call.
    fn command(&self, arguments: &[&str], call: usize) -> ExitStatus {
        let (folder, call) = (self.folder(), call.to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
        command.args(arguments).envs(self.environment(&folder, &call)).output().unwrap().status
    }

    /// A command killed at its calls, each time on a fresh copy; `mended` looks at what was left. Then it is run to its end.
    fn each(&self, arguments: &[&str], mended: &dyn Fn()) {
        self.begin();
        assert!(self.command(arguments, 0).success(), "{arguments:?}");
        mended();
        for call in self.calls() {
            self.begin();
            let ended = self.command(arguments, call);
            assert_eq!(ended.signal(), Some(9), "call {call}: {ended}");
            mended();
        }
    }
}

/// Every version of a directory, each with its place: what no command here may change.
fn kept(data: &Path) -> String {
    done(&["export", "--data", data.to_str().unwrap(), "--what", "versions"])
}

/// A directory with some days in it; the daemon that made it kept all of them.
fn days_in(folder: &Path, stories: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let data = runtime.block_on(history::untrimmed(6, stories));
    history::copy(&data.path().join("data"), &folder.join("data"));
}

#[test]
fn a_kill_while_history_goes_is_gone_on_from() {
    let Some(killed) = Killed::make() else { return };
    // More than are compared with, or there is no cluster that could go.
    days_in(&killed.first(), 250);
    let (data, folder) = (killed.data(), killed.folder());
    // By the real clock all of it has had its time, except what lies in the last segment.
    let terms = [
        ("COPYTASTER_STORE__TEXT_DAYS", Path::new("1")),
        ("COPYTASTER_STORE__HISTORY_DAYS", Path::new("3")),
        ("COPYTASTER_DETECT__WINDOW", Path::new("24h")),
        ("COPYTASTER_DETECT__LIVE_MAX", Path::new("1000")),
        ("COPYTASTER_TEST_FROM", Path::new("redacting")),
    ];
    let start = |call: &str| {
        let environment = [killed.environment(&folder, call), terms.to_vec()].concat();
        Daemon::start_under(&data, &environment)
    };
    let is_trimmed = |upto: u64| {
        let base = Reader::open(&data).ok().and_then(|reader| reader.base());
        let is_far = base.is_some_and(|base| base.upto() >= Seq(upto));
        is_far && !["trimming", "redacting"].iter().any(|mark| data.join(mark).exists())
    };
    let to_its_end = || {
        // The segment of the last day may be closed only after the first look, and the next comes with the second start.
        for upto in [1, 1 + 6 * 250] {
            let daemon = start("0");
            until("the trim ends", || is_trimmed(upto) && is_ready(daemon.address));
            daemon.stop();
        }
        verify(&data);
        let clusters: BTreeMap<String, Value> = history::clusters(&data);
        clusters
    };
    killed.begin();
    let daemon = start("0");
    until("a trim", || is_trimmed(1));
    daemon.stop();
    let calls = killed.calls();
    let expected = to_its_end();
    assert!(expected.len() == 1000, "{}", expected.len());
    for call in calls {
        killed.begin();
        let mut daemon = start(&call.to_string());
        until("a kill", || daemon.is_gone() || is_trimmed(1));
        drop(daemon);
        verify(&data);
        let ended = to_its_end();
        let mut names = expected.keys().chain(ended.keys());
        let other = names.find(|&name| ended.get(name) != expected.get(name));
        let of = |all: &BTreeMap<String, Value>| other.and_then(|name| all.get(name).cloned());
        assert_eq!(other, None, "call {call}: {:?} for {:?}", of(&ended), of(&expected));
    }
}

#[test]
fn a_kill_while_an_article_is_erased_is_gone_on_from() {
    let Some(killed) = Killed::make() else { return };
    fs::create_dir(killed.first()).unwrap();
    let article = crate::erase::newsroom(&killed.first().join("data"));
    let data = killed.data();
    let arguments = ["erase", "--article", &article, "--data", data.to_str().unwrap()];
    killed.each(&arguments, &|| {
        done(&arguments);
        assert_gone(&data);
    });
    assert!(fs::read_to_string(data.join("erasures.jsonl")).is_ok_and(|said| !said.contains(WORD)));
}

#[test]
fn a_kill_while_rows_are_made_again_leaves_the_old_ones_or_the_new() {
    let Some(killed) = Killed::make() else { return };
    days_in(&killed.first(), STORIES);
    let first = killed.first().join("data");
    let expected = (kept(&first), history::clusters(&first));
    let data = killed.data();
    let text = data.to_str().unwrap();
    for command in ["replay", "compact"] {
        killed.each(&[command, "--data", text, "--quiet"], &|| {
            let daemon = Daemon::start_or_say(&data).unwrap();
            daemon.stop();
            verify(&data);
            assert_eq!((kept(&data), history::clusters(&data)), expected, "{command}");
        });
    }
}

#[test]
fn a_kill_while_a_journal_is_judged_again_leaves_the_old_one_or_the_new() {
    let Some(killed) = Killed::make() else { return };
    days_in(&killed.first(), STORIES);
    let data = killed.data();
    let text = data.to_str().unwrap();
    let texts = |data: &Path| done(&["export", "--data", data.to_str().unwrap()]);
    let expected = texts(&killed.first().join("data"));
    killed.each(&["replay", "--judge", "--data", text, "--quiet"], &|| {
        let daemon = Daemon::start_or_say(&data).unwrap();
        daemon.stop();
        verify(&data);
        assert_eq!(texts(&data).lines().count(), expected.lines().count());
    });
}

#[test]
fn a_kill_while_a_backup_is_made_leaves_none_or_all_of_it() {
    let Some(killed) = Killed::make() else { return };
    days_in(&killed.first(), STORIES);
    let data = killed.data();
    let (file, again) = (killed.folder().join("backup"), killed.folder().join("again"));
    let (text, to, again) =
        (data.to_str().unwrap(), file.to_str().unwrap(), again.to_str().unwrap());
    let backup = ["backup", "--data", text, "--to", to];
    let expected = kept(&killed.first().join("data"));
    killed.each(&backup, &|| {
        if !file.exists() {
            done(&backup);
        }
        done(&["restore", "--from", to, "--data", again]);
        assert_eq!(kept(Path::new(again)), expected);
    });
}

#[test]
fn what_a_killed_restore_left_is_not_opened_before_it_is_restored_again() {
    let Some(killed) = Killed::make() else { return };
    fs::create_dir(killed.first()).unwrap();
    let first = killed.first().join("data");
    let article = crate::erase::newsroom(&first);
    let text = first.to_str().unwrap();
    let backup = killed.first().join("backup");
    done(&["backup", "--data", text, "--to", backup.to_str().unwrap()]);
    done(&["erase", "--article", &article, "--data", text]);

    // The backup has its words, the list of erasures says that they are to go again.
    let (again, from) = (killed.folder().join("again"), killed.folder().join("backup"));
    let list = killed.data().join("erasures.jsonl");
    let [from, again, list] = [&from, &again, &list].map(|path| path.to_str().unwrap());
    let restore = ["restore", "--from", from, "--data", again, "--erased", list];
    killed.each(&restore, &|| {
        if Reader::open(Path::new(again)).is_err() {
            done(&restore);
        }
        Daemon::start_with(Path::new(again), &[]).stop();
        assert_gone(Path::new(again));
    });
}
