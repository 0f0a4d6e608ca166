//! Erasure as a person orders it: no word of an article is left, it does not come back, and its cluster stays.

use std::fs;
use std::path::Path;

use copytaster::model::Seq;
use copytaster::store::{EventKind, Store};
use serde_json::{Value, json};

use crate::crash::{Daemon, copytaster, done, verify};
use crate::patience::reopen;
use crate::{http, wire};

/// A word that only the erased article has.
pub(crate) const WORD: &str = "zanzigbarous";

fn record(site: &str, edit: u8, more: &str) -> Value {
    let text = format!("{}\n{more}", wire::version(1, edit));
    json!({
        "source": site, "id": format!("{site}-{more}"), "url": format!("https://{site}.example/{more}"),
        "title": format!("Ferry story {more}"), "text": text, "byline": format!("By {more}"),
    })
}

fn push(daemon: &Daemon, path: &str, record: &Value) -> (u16, Value) {
    let head = format!("POST /api/v1/articles{path}");
    let (status, body) = http::ask(daemon.address, &head, record.to_string().as_bytes()).unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

/// Every file under `dir` that holds `word`.
fn files_with(dir: &Path, word: &str, found: &mut Vec<String>) {
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            files_with(&path, word, found);
        } else if fs::read(&path).unwrap().windows(word.len()).any(|bytes| bytes == word.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
}

/// Nothing of the word in any file, nor in what its frames unpack to.
pub(crate) fn assert_gone(data: &Path) {
    let mut found = Vec::new();
    files_with(data, WORD, &mut found);
    assert_eq!(found, Vec::<String>::new());
    for what in ["journal", "versions", "articles", "clusters", "links"] {
        let lines = done(&["export", "--data", data.to_str().unwrap(), "--what", what]);
        assert!(!lines.contains(WORD), "{what}: {lines}");
    }
    verify(data);
}

/// The article of the word in two versions, with two others of its story before it and after it.
pub(crate) fn newsroom(data: &Path) -> String {
    let daemon = Daemon::start_with(data, &[]);
    let first = record("alba", 0, "first");
    let erased = record("mara", 2, WORD);
    let mut revised = erased.clone();
    revised["text"] = json!(format!("{} More at ten.", erased["text"].as_str().unwrap()));
    let mut article = String::new();
    for record in [&first, &erased, &record("noor", 3, "third"), &revised] {
        let (status, told) = push(&daemon, "", record);
        assert_eq!(status, 200, "{told}");
        if record["source"] == "mara" {
            told["accepted"][0]["article"].as_str().unwrap().clone_into(&mut article);
        }
    }
    daemon.stop();
    let mut found = Vec::new();
    files_with(&data.join("store"), WORD, &mut found);
    assert!(!found.is_empty(), "the rows show it, or the test looks for nothing");
    article
}

/// The members of the one cluster: article, version, source and relation.
fn members(daemon: &Daemon) -> Vec<[Value; 4]> {
    let clusters = http::items(daemon.address, "/api/v1/clusters?expand=members");
    assert_eq!(clusters.len(), 1);
    let members = clusters[0]["members"].as_array().unwrap();
    let told = |member: &Value| {
        ["article", "version", "source", "relation"].map(|key| member[key].clone())
    };
    members.iter().map(told).collect()
}

/// The erased article is refused however it is pushed, and what comes with it is taken unless all or none is asked for.
fn refuses(daemon: &Daemon) {
    let mut again = record("mara", 0, WORD);
    for (path, more) in [("", ""), ("?strict=1", ""), ("", " Quite another text.")] {
        again["text"] = json!(format!("{}{more}", again["text"].as_str().unwrap()));
        let (status, told) = push(daemon, path, &again);
        assert_eq!(
            (status, &told["rejected"][0]["problem"]["type"]),
            (422, &json!("urn:copytaster:problem:erased"))
        );
    }
    let both = json!([record("alba", 4, "fourth"), again]);
    let (status, told) = push(daemon, "?strict=1", &both);
    assert_eq!(status, 422);
    assert_eq!(told["rejected"][0]["problem"]["type"], "urn:copytaster:problem:strict");
    let (status, told) = push(daemon, "", &both);
    assert_eq!(
        (status, &told["accepted"][0]["index"], &told["rejected"][0]["index"]),
        (200, &json!(0), &json!(1))
    );
}

#[test]
fn no_word_of_an_erased_article_is_left_it_does_not_come_back_and_its_cluster_stays() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let article = newsroom(&data);
    let text = data.to_str().unwrap();
    // What a crash and a mend left may hold it as well.
    fs::create_dir(data.join("store.damaged-1")).unwrap();
    for left in ["store.damaged-1/rows", "journal/cut-1", "journal/00000001.damaged-1"] {
        fs::write(data.join(left), WORD).unwrap();
    }
    let daemon = Daemon::start_with(&data, &[]);
    let before = members(&daemon);
    let erase = ["erase", "--article", &article, "--data", text, "--json"];
    let held = copytaster(&erase);
    let told = String::from_utf8_lossy(&held.stderr).into_owned();
    assert_eq!(held.status.code(), Some(1));
    assert!(told.contains("is in use by process") && told.contains("stop it first"), "{told}");
    daemon.stop();
    let told: Value = serde_json::from_str(&done(&erase)).unwrap();
    assert_eq!(told, json!({"articles": 1, "versions": 2}));
    assert_gone(&data);

    let daemon = Daemon::start_with(&data, &[]);
    assert_eq!(members(&daemon), before);
    let shown = http::json(daemon.address, &format!("/api/v1/articles/{article}"));
    let keys = ["redacted", "title", "text", "url", "byline"].map(|key| shown[key].clone());
    assert_eq!(json!(keys), json!([true, null, null, null, null]));
    assert_eq!(shown["versions"].as_array().unwrap().len(), 2);
    let cluster = shown["cluster"].as_str().unwrap();
    let diff =
        http::json(daemon.address, &format!("/api/v1/clusters/{cluster}/diff?from={article}"));
    assert_eq!(diff["redacted"].as_array().unwrap().len(), 1);
    assert_eq!(diff["paragraphs"], json!([]));
    for page in [
        format!("/clusters/{cluster}"),
        "/".to_owned(),
        "/api/v1/clusters?expand=members".to_owned(),
    ] {
        let (status, body) = http::ask(daemon.address, &format!("GET {page}"), b"").unwrap();
        assert_eq!((status, body.contains(WORD)), (200, false), "{page}");
    }
    refuses(&daemon);
    daemon.stop();
    assert_gone(&data);

    let (store, _) = reopen(|| Store::open_existing(&data, 16 << 20));
    let events = store.events((Seq(0), 0), 100).unwrap();
    let erasures = events.iter().filter(|event| event.kind == EventKind::ArticleErased);
    let told: Vec<_> = erasures
        .map(|event| (event.article.unwrap().to_string(), event.cluster.unwrap().to_string()))
        .collect();
    assert_eq!(told, [(article, cluster.to_owned())]);

    drop(store);
    let told: Value = serde_json::from_str(&done(&["verify", "--data", text, "--json"])).unwrap();
    assert_eq!(
        (&told["redacted"], &told["erased"], &told["clean"]),
        (&json!(2), &json!(1), &json!(true))
    );

    let nothing = copytaster(&["erase", "--article", "a0000000000zzz", "--data", text]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn a_restored_backup_loses_again_what_was_erased_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let (data, again) = (dir.path().join("data"), dir.path().join("again"));
    let (file, list) = (dir.path().join("backup"), data.join("erasures.jsonl"));
    let [text, copy, file, list] = [&data, &again, &file, &list].map(|path| path.to_str().unwrap());
    newsroom(&data);
    done(&["backup", "--data", text, "--to", file]);
    done(&["erase", "--source", "mara", "--data", text]);
    assert_gone(&data);
    let restored = done(&["restore", "--from", file, "--data", copy, "--erased", list, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&restored).unwrap()["erased"], 1);
    assert_gone(&again);
    let daemon = Daemon::start_with(&again, &[]);
    assert_eq!(push(&daemon, "", &record("mara", 0, WORD)).0, 422);
}

#[test]
fn an_erasure_that_did_not_end_is_served_by_nothing_and_ended_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let text = data.to_str().unwrap();
    let article = newsroom(&data);
    // Killed right after it began.
    fs::write(data.join("erasing"), format!("{article}\n")).unwrap();
    let file = dir.path().join("more.jsonl");
    fs::write(&file, record("noor", 0, "more").to_string()).unwrap();
    for command in [
        &["run", "--listen", "127.0.0.1:0", "--data", text][..],
        &["ingest", "--data", text, file.to_str().unwrap()],
    ] {
        let refused = copytaster(command);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("erase again"), "{told}");
    }
    let told = done(&["erase", "--source", "noor", "--data", text, "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&told).unwrap(),
        json!({"articles": 2, "versions": 3})
    );
    assert_gone(&data);
    Daemon::start_with(&data, &[]).stop();
}
