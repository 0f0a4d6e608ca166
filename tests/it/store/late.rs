//! What is found late, through the real binary and its rows: a cluster that falls apart does so in journal, sled and export.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const FERRY: &str = "The car ferry Sanna Bell ran aground off the skerries of Tolvik early on Sunday with 214 people on board. Rescuers \
    brought every passenger ashore before noon, and divers found a gash of four metres below the waterline.";
const BUDGET: &str = "Parliament in Orlen passed the spending plan by three votes after the farmers' party won lower fuel duty. \
    Economists at the central bank expect the deficit to reach 3.1 percent next year, the governor told reporters.";

fn copytaster(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    let output = command.args(arguments).arg("--data").arg(dir).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Takes one record in, by a process of its own: each starts from what the one before left.
fn ingest(dir: &Path, source: &str, title: &str, text: &str, minute: u32) {
    let file = dir.with_extension("jsonl");
    let line = json!({
        "id": format!("{source}-{minute}"), "source": source, "title": title, "text": text,
        "first_seen": format!("2026-03-01T06:{minute:02}:00Z"),
    });
    writeln!(std::fs::File::create(&file).unwrap(), "{line}").unwrap();
    copytaster(dir, &["ingest", file.to_str().unwrap()]);
}

/// The titles of each cluster's members, the clusters in order of their ids.
fn clusters(dir: &Path) -> Vec<(String, Vec<String>)> {
    let text = copytaster(dir, &["export", "--what", "clusters"]);
    let mut clusters: Vec<(String, Vec<String>)> = text
        .lines()
        .map(|line| {
            let cluster: Value = serde_json::from_str(line).unwrap();
            let members = cluster["members"].as_array().unwrap();
            let told = |member: &Value| {
                format!(
                    "{} {}",
                    member["relation"].as_str().unwrap(),
                    member["title"].as_str().unwrap()
                )
            };
            (cluster["id"].as_str().unwrap().to_owned(), members.iter().map(told).collect())
        })
        .collect();
    clusters.sort();
    clusters
}

#[test]
fn a_round_up_found_late_lets_its_stories_go_and_their_old_id_lives_again() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    ingest(&dir, "papers", "The week", &format!("{FERRY}\n{BUDGET}"), 1);
    ingest(&dir, "alba", "Ferry aground", FERRY, 2);
    ingest(&dir, "post", "Ferry: all safe", FERRY, 3);
    let before = clusters(&dir);
    assert_eq!(before.len(), 1, "{before:?}");
    ingest(&dir, "mara", "Budget passes", BUDGET, 4);
    let after = clusters(&dir);
    let titles: Vec<&[String]> = after.iter().map(|(_, titles)| titles.as_slice()).collect();
    assert_eq!(
        titles,
        [
            &["contains The week".to_owned()][..],
            &["origin Ferry aground".to_owned(), "copy Ferry: all safe".to_owned()][..],
            &["origin Budget passes".to_owned()][..],
        ]
    );
    assert_eq!(after[0].0, before[0].0);
    let verified: Value = serde_json::from_str(&copytaster(&dir, &["verify", "--json"])).unwrap();
    assert_eq!(verified["clean"], true, "{verified}");
}

#[test]
fn an_alert_is_taken_by_its_story_after_a_restart_and_by_no_second_one() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    let file = home.path().join("day.jsonl");
    let mut lines = std::fs::File::create(&file).unwrap();
    for story in 0..300_u64 {
        let text = crate::wire::version(story, 0);
        let line = json!({"id": story.to_string(), "source": "desk", "title": format!("Notes {story}"), "text": text, "first_seen": "2026-03-01T05:00:00Z"});
        writeln!(lines, "{line}").unwrap();
    }
    drop(lines);
    copytaster(&dir, &["ingest", file.to_str().unwrap()]);
    ingest(
        &dir,
        "alba",
        "CAR FERRY SANNA BELL AGROUND OFF TOLVIK, 214 ON BOARD - COASTGUARD",
        "",
        1,
    );
    ingest(&dir, "alba", "Ferry aground off Tolvik", FERRY, 9);
    let ferry: Vec<_> =
        clusters(&dir).into_iter().filter(|(_, titles)| titles.len() == 2).collect();
    assert_eq!(ferry.len(), 1, "{ferry:?}");
    let verified: Value = serde_json::from_str(&copytaster(&dir, &["verify", "--json"])).unwrap();
    assert_eq!(verified["clean"], true, "{verified}");
}
