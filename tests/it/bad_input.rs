//! Bad input, end to end: one clear sentence that names the place and the mend, and the rest goes on.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::{http, wire};

fn copytaster(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(args)
        .env_remove("COPYTASTER_CONFIG")
        .output()
        .unwrap()
}

/// The command ended with `code` and said each of `says` on stderr.
fn check(output: &Output, code: i32, says: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for words in says {
        assert!(said.contains(words), "no {words:?} in: {said}");
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Three lines, the second cut off.
fn broken_file(dir: &Path) -> std::path::PathBuf {
    let record = |id: u64| json!({"id": id, "title": "t", "text": wire::version(id, 0), "first_seen": "2026-03-01T05:00:00Z"});
    let file = dir.join("copy.jsonl");
    fs::write(&file, format!("{}\n{{\"id\": 2, \"text\": \n{}\n", record(1), record(3))).unwrap();
    file
}

#[test]
fn a_bad_line_is_named_and_all_good_lines_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let file = broken_file(dir.path());
    let output = copytaster(&["cluster", path(&file), "--stats"]);
    check(&output, 1, &["copy.jsonl:2: not JSON", "\"documents\":2", "\"bad_lines\":1"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
}

#[test]
fn a_bad_line_is_named_and_all_good_lines_are_taken_in_once() {
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (broken_file(dir.path()), dir.path().join("data"));
    let output = copytaster(&["ingest", path(&file), "--data", path(&data)]);
    check(&output, 1, &["copy.jsonl:2: not JSON"]);
    assert!(
        String::from_utf8_lossy(&output.stdout)
            .contains("2 versions taken in, 0 there already, 1 lines refused")
    );
    let again = copytaster(&["ingest", path(&file), "--data", path(&data)]);
    assert!(
        String::from_utf8_lossy(&again.stdout).contains("0 versions taken in, 2 there already")
    );
    check(&copytaster(&["verify", "--data", path(&data)]), 0, &[]);
}

#[test]
fn a_port_in_use_is_said_with_the_mend() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output =
        copytaster(&["run", "--listen", &address, "--data", path(&dir.path().join("data"))]);
    check(&output, 1, &[&address, "--listen"]);
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let data = dir.path().join("file").join("data");
    let output = copytaster(&["run", "--listen", "127.0.0.1:0", "--data", path(&data)]);
    check(&output, 1, &[path(&data)]);
}

#[test]
fn an_unknown_key_of_the_configuration_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    fs::write(&file, "[crawl]\nmin_intervall = \"5m\"\n").unwrap();
    check(
        &copytaster(&["run", "--config", path(&file)]),
        2,
        &["c.toml:2: ", "did you mean `min_interval`"],
    );
}

/// Answers each path of a site that has every fault a feed can have.
fn answer(path: &str, site: SocketAddr) -> (&'static str, String) {
    let feed = |page: &str| {
        format!(
            "<rss version=\"2.0\"><channel><title>d</title><item><title>Item</title><link>http://{site}/{page}</link></item></channel></rss>"
        )
    };
    match path {
        "/good.xml" => ("200 OK", feed("story")),
        "/hollow.xml" => ("200 OK", feed("nothing")),
        "/story" => (
            "200 OK",
            format!(
                "<html><body><article><h1>Item</h1><p>{}</p></article></body></html>",
                wire::version(9, 0).replace('\n', "</p><p>")
            ),
        ),
        "/page.xml" => (
            "200 OK",
            "<!doctype html><html><head><title>Front page</title></head><body>Hello</body></html>"
                .to_owned(),
        ),
        "/empty.xml" | "/nothing" => ("200 OK", String::new()),
        "/broken.xml" => ("500 Internal Server Error", String::new()),
        _ => ("404 Not Found", String::new()),
    }
}

/// Serves [`answer`] until the test process ends.
fn serve() -> SocketAddr {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let site = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines =
                BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            let (status, body) = answer(first.split(' ').nth(1).unwrap_or("/"), site);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            // Whoever hung up does not want it.
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    site
}

#[test]
fn each_bad_source_says_what_is_wrong_and_the_good_one_comes_in() {
    let dir = tempfile::tempdir().unwrap();
    let site = serve();
    let dead = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let source = |(id, address): (&str, SocketAddr)| {
        format!(
            "[[source]]\nid = \"{id}\"\nname = \"{id}\"\nkind = \"outlet\"\n[[source.endpoint]]\ntype = \"feed\"\nurl = \"http://{address}/{id}.xml\"\n"
        )
    };
    let sources = [
        ("good", site),
        ("hollow", site),
        ("page", site),
        ("empty", site),
        ("broken", site),
        ("dead", dead),
    ]
    .map(source);
    let toml = format!(
        "[crawl]\nper_host_delay = \"1ms\"\nallow_addresses = [\"127.0.0.1/32\"]\n{}",
        sources.concat()
    );
    let file = dir.path().join("c.toml");
    fs::write(&file, toml).unwrap();
    let daemon =
        crate::crash::Daemon::start_with(&dir.path().join("data"), &["--config", path(&file)]);
    let states = |id: &str| http::json(daemon.address, &format!("/api/v1/sources/{id}"));
    for (id, kind, words) in [
        ("page", "feed", "HTML"),
        ("empty", "feed", "empty"),
        ("broken", "server", "500"),
        ("dead", "connect", "127.0.0.1"),
    ] {
        let state = http::until(|| Some(states(id)).filter(|state| state["state"] == "failing"));
        assert_eq!(state["error"]["kind"], kind, "{state}");
        assert!(state["error"]["detail"].as_str().unwrap().contains(words), "{state}");
    }
    let lost = |state: &Value| state["last_success"].is_string();
    http::until(|| Some(states("hollow")).filter(lost));
    let articles = http::until(|| {
        let found = http::items(daemon.address, "/api/v1/clusters?expand=members&limit=5");
        (!found.is_empty()).then_some(found)
    });
    assert_eq!(articles.len(), 1, "{articles:?}");
    assert_eq!(articles[0]["members"][0]["source"], "good");
}

#[test]
fn two_sources_with_one_id_do_not_look_like_one_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("day.jsonl");
    let line = |source: &str, text: &str| {
        json!({"id": "1", "source": source, "title": "News", "text": text}).to_string()
    };
    let lines = [
        line(
            "north",
            "The locks of Orsk stay shut until Friday while divers look for the lost barge near the weir.",
        ),
        line(
            "south",
            "Grain prices fell for a third day in Alden after the minister promised to open the silos.",
        ),
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let output = copytaster(&["cluster", path(&file)]);
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let named = |at: usize, key: &str| answers[at][key].as_str().unwrap().to_owned();
    assert_eq!((named(0, "id"), named(1, "id")), ("1".to_owned(), "1".to_owned()));
    assert_eq!((named(0, "cluster"), named(1, "cluster")), ("1".to_owned(), "1#2".to_owned()));
}
