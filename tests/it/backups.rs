//! Backups from a stopped and from a busy daemon, and what is restored from them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::crash::{Daemon, copytaster, done, push, verify};
use crate::http;

fn journal_lines(data: &Path) -> Vec<String> {
    let data = data.to_str().unwrap();
    done(&["export", "--data", data, "--what", "journal"]).lines().map(str::to_owned).collect()
}

#[test]
fn a_backup_of_a_busy_daemon_restores_to_a_prefix_of_its_journal() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let daemon = Daemon::start_with(&data, &[]);
    let address = daemon.address;
    let told = AtomicUsize::new(0);
    let (backup, before) = thread::scope(|scope| {
        scope.spawn(|| push(address, 0, 0, &told));
        while told.load(Ordering::SeqCst) < 30 {
            thread::yield_now();
        }
        let before = told.load(Ordering::SeqCst);
        let (status, backup) = http::ask_bytes(address, "POST /api/v1/admin/backup", b"").unwrap();
        assert_eq!(status, 200);
        daemon.kill();
        (backup, before)
    });
    let file = dir.path().join("copytaster.backup");
    std::fs::write(&file, &backup).unwrap();
    let again = dir.path().join("again");
    done(&["restore", "--from", file.to_str().unwrap(), "--data", again.to_str().unwrap()]);
    let (all, part) = (journal_lines(&data), journal_lines(&again));
    assert!(part.len() >= before, "{} of {before}", part.len());
    assert_eq!(part, all[..part.len()]);

    verify(&again);
    let restored = Daemon::start_with(&again, &[]);
    let list = http::json(restored.address, "/api/v1/clusters");
    assert_eq!(list["generation"], 2);
    let pushed: u64 = http::items(restored.address, "/api/v1/clusters?limit=200")
        .iter()
        .map(|cluster| cluster["counts"]["versions"].as_u64().unwrap())
        .sum();
    assert!(usize::try_from(pushed).unwrap() >= before, "{pushed} of {before}");
    drop(restored);
    verify(&again);

    std::fs::write(&file, &backup[..backup.len() - 1]).unwrap();
    let third = dir.path().join("third");
    let cut = copytaster(&[
        "restore",
        "--from",
        file.to_str().unwrap(),
        "--data",
        third.to_str().unwrap(),
    ]);
    assert_eq!((cut.status.code(), third.exists()), (Some(1), false));
    let full = copytaster(&[
        "restore",
        "--from",
        file.to_str().unwrap(),
        "--data",
        again.to_str().unwrap(),
    ]);
    assert_eq!(full.status.code(), Some(1));
}

#[test]
fn a_directory_in_use_names_its_holder_and_the_call_and_a_stopped_one_is_backed_up_and_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (file, text) = (dir.path().join("backup"), data.to_str().unwrap());
    let arguments = ["backup", "--data", text, "--to", file.to_str().unwrap(), "--json"];
    let daemon = Daemon::start_with(&data, &[]);
    let body = b"{\"id\": \"1\", \"title\": \"Lock keepers on strike in Orsk\"}";
    assert_eq!(http::ask(daemon.address, "POST /api/v1/articles", body).unwrap().0, 200);
    for (command, call) in [
        (&arguments[..], "POST /api/v1/admin/backup"),
        (&["compact", "--data", text], "stop it first"),
        (&["ingest", "--data", text, text], "POST /api/v1/articles"),
    ] {
        let held = copytaster(command);
        let told = String::from_utf8_lossy(&held.stderr).into_owned();
        assert_eq!(held.status.code(), Some(1));
        assert!(told.contains("is in use by process") && told.contains(call), "{told}");
    }
    drop(daemon);
    std::fs::create_dir(data.join("store.damaged-1")).unwrap();
    std::fs::write(data.join("store.damaged-1/rows"), vec![0; 1 << 16]).unwrap();
    let freed: Value = serde_json::from_str(&done(&["compact", "--data", text, "--json"])).unwrap();
    assert!(freed["freed"].as_u64().unwrap() >= 4096, "{freed}");
    assert!(!data.join("store.damaged-1").exists());
    verify(&data);
    let made: Value = serde_json::from_str(&done(&arguments)).unwrap();
    assert_eq!(made["bytes"], file.metadata().unwrap().len());
    assert_eq!(made["records"], u64::try_from(journal_lines(&data).len()).unwrap());
}
