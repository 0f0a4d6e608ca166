//! The checkpoint under the real binary: a start with it answers as a start without, and goes on as it.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::crash::{Daemon, verify};
use crate::{http, wire};

/// Three runs of each of some stories, with a line that each site has under its pages; and alerts.
fn push(address: SocketAddr, numbers: std::ops::Range<u64>) -> Vec<Value> {
    let record = |number: u64| {
        let (story, site) = (number / 3, number % 4);
        let alert = number % 11 == 5;
        let text = format!(
            "{}\nMore from the harbour desk of site {site} every morning at six",
            wire::version(story, number.to_le_bytes()[0] % 5)
        );
        json!({
            "id": number.to_string(), "source": format!("site{site}"), "title": format!("Wire {story} item {number} of the day"),
            "text": if alert { String::new() } else { text },
        })
    };
    let records: Vec<Value> = numbers.map(record).collect();
    let body = Value::from(records).to_string();
    let (status, answer) = http::ask(address, "POST /api/v1/articles", body.as_bytes()).unwrap();
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["accepted"].as_array().unwrap().clone()
}

/// What the API says of all there is.
fn answers(address: SocketAddr) -> Vec<Value> {
    let mut all = http::items(address, "/api/v1/clusters?expand=members&limit=200");
    let ids: Vec<String> =
        all.iter().map(|cluster| cluster["id"].as_str().unwrap().to_owned()).collect();
    for id in ids {
        all.push(http::json(address, &format!("/api/v1/clusters/{id}")));
    }
    all.push(http::json(address, "/api/v1/sources"));
    all
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(file.file_name());
        if file.path().is_dir() {
            copy(&file.path(), &to);
        } else {
            std::fs::copy(file.path(), to).unwrap();
        }
    }
}

#[test]
fn a_start_with_a_checkpoint_answers_as_one_without_and_goes_on_as_it() {
    let home = tempfile::tempdir().unwrap();
    let (with, without) = (home.path().join("with"), home.path().join("without"));
    let daemon = Daemon::start_with(&with, &[]);
    push(daemon.address, 0..40);
    let clusters = http::items(daemon.address, "/api/v1/clusters?expand=members&limit=200");
    let large = clusters.iter().find(|cluster| cluster["members"].as_array().unwrap().len() > 1);
    let large = large.unwrap();
    let word = json!({"articles": [large["members"][0]["article"]], "user": "Ada"}).to_string();
    let head = format!("POST /api/v1/clusters/{}/split", large["id"].as_str().unwrap());
    assert_eq!(http::ask(daemon.address, &head, word.as_bytes()).unwrap().0, 200);
    daemon.stop();
    assert!(with.join("checkpoint").is_file());
    // A crash leaves records that the checkpoint does not have.
    let daemon = Daemon::start_with(&with, &[]);
    push(daemon.address, 40..50);
    daemon.kill();

    copy(&with, &without);
    std::fs::remove_file(without.join("checkpoint")).unwrap();
    let daemons = [&with, &without].map(|data| Daemon::start_with(data, &[]));
    let [first, second] = [&daemons[0], &daemons[1]].map(|daemon| daemon.address);
    assert_eq!(answers(first), answers(second));
    for numbers in [50..51, 51..60, 60..90] {
        assert_eq!(push(first, numbers.clone()), push(second, numbers));
    }
    daemons.into_iter().for_each(Daemon::stop);
    // A checkpoint of what is not so would show as rows that no replay gives.
    verify(&with);
    verify(&without);
}
