//! The editor's word over HTTP: final, durable, undoable, the same after SIGKILL, a rebuild and a replay.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::crash::{Daemon, verify};
use crate::{http, wire};

/// A desk with two stories of three articles each; the ids of the articles in the order they came.
fn push_stories(address: SocketAddr) -> Vec<String> {
    let records: Vec<Value> = (0..6)
        .map(|number: u8| {
            let text = wire::version(40 + u64::from(number) / 3, number % 3);
            json!({"id": number.to_string(), "source": format!("desk{number}"), "title": format!("Story {}", number / 3), "text": text})
        })
        .collect();
    let body = Value::from(records).to_string();
    let (status, answer) = http::ask(address, "POST /api/v1/articles", body.as_bytes()).unwrap();
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let accepted = answer["accepted"].as_array().unwrap();
    accepted.iter().map(|one| one["article"].as_str().unwrap().to_owned()).collect()
}

/// Each cluster as the places of its articles among `articles`, sorted; with the ids of the clusters.
fn clusters(address: SocketAddr, articles: &[String]) -> Vec<(Vec<usize>, String)> {
    let place = |member: &Value| articles.iter().position(|id| *id == member["article"]).unwrap();
    let items = http::items(address, "/api/v1/clusters?expand=members");
    let mut found: Vec<(Vec<usize>, String)> = items
        .iter()
        .map(|cluster| {
            let mut places: Vec<usize> =
                cluster["members"].as_array().unwrap().iter().map(place).collect();
            places.sort_unstable();
            (places, cluster["id"].as_str().unwrap().to_owned())
        })
        .collect();
    found.sort();
    found
}

fn places(address: SocketAddr, articles: &[String]) -> Vec<Vec<usize>> {
    clusters(address, articles).into_iter().map(|(places, _)| places).collect()
}

fn say(address: SocketAddr, head: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = http::ask(address, head, body.to_string().as_bytes()).unwrap();
    (status, serde_json::from_str(&answer).unwrap())
}

fn start(data: &Path) -> Daemon {
    Daemon::start_with(data, &[])
}

#[test]
fn an_editors_word_holds_through_kill_rebuild_and_replay_until_it_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let daemon = start(&data);
    let articles = push_stories(daemon.address);
    assert_eq!(places(daemon.address, &articles), [vec![0, 1, 2], vec![3, 4, 5]]);
    let ids: Vec<String> =
        clusters(daemon.address, &articles).into_iter().map(|(_, id)| id).collect();

    let split = json!({"articles": [articles[1]], "user": "Ada"});
    let head = format!("POST /api/v1/clusters/{}/split", ids[0]);
    let (status, parted) = say(daemon.address, &head, &split);
    assert_eq!((status, parted["clusters"].as_array().map(Vec::len)), (200, Some(2)), "{parted}");
    let merge = json!({"clusters": ids, "user": "Bo"});
    let (status, merged) = say(daemon.address, "POST /api/v1/clusters/merge", &merge);
    assert_eq!((status, &merged["clusters"]), (200, &json!([ids[0]])), "{merged}");
    let expected = [vec![0, 2, 3, 4, 5], vec![1]];
    assert_eq!(places(daemon.address, &articles), expected);

    let listed = |address| {
        let items = http::items(address, "/api/v1/overrides?limit=1");
        items.iter().map(|item| item["override"].clone()).collect::<Vec<Value>>()
    };
    let both = [merged["override"].clone(), parted["override"].clone()];
    assert_eq!(listed(daemon.address), both);
    daemon.kill();
    verify(&data);
    let daemon = start(&data);
    assert_eq!(places(daemon.address, &articles), expected);
    let all = http::json(daemon.address, "/api/v1/overrides");
    assert_eq!(all["next"], Value::Null);
    let (first, second) = (&all["items"][0], &all["items"][1]);
    assert_eq!((&first["word"], &first["user"]), (&json!("merge"), &json!("Bo")));
    assert_eq!(first["clusters"].as_array().map(Vec::len), Some(2), "{first}");
    assert_eq!((&second["word"], &second["articles"]), (&json!("split"), &json!([articles[1]])));
    assert!(second["at"].as_str().unwrap().ends_with('Z'), "{second}");
    let (status, _) = say(daemon.address, "GET /api/v1/overrides?cursor=first", &json!({}));
    assert_eq!(status, 400);
    daemon.kill();
    std::fs::remove_dir_all(data.join("store")).unwrap();
    let daemon = start(&data);
    assert_eq!(places(daemon.address, &articles), expected);

    // A newcomer near both sides of the split goes to one of them, and joins nothing.
    let copy =
        json!({"id": "7", "source": "desk7", "title": "Story 0", "text": wire::version(40, 1)});
    let (status, _) = say(daemon.address, "POST /api/v1/articles", &copy);
    assert_eq!((status, http::items(daemon.address, "/api/v1/clusters?limit=9").len()), (200, 2));

    let undo = |number: &Value| format!("DELETE /api/v1/clusters/{}/overrides/{number}", ids[0]);
    let (status, answer) = say(daemon.address, &undo(&merged["override"]), &json!({"user": "Ada"}));
    assert_eq!((status, answer["clusters"].as_array().map(Vec::len)), (200, Some(2)), "{answer}");
    assert_eq!(listed(daemon.address), [parted["override"].clone()]);
    let (status, body) = http::ask(daemon.address, &undo(&parted["override"]), b"").unwrap();
    assert_eq!(status, 200, "{body}");
    let counts: Vec<Value> = http::items(daemon.address, "/api/v1/clusters?limit=9")
        .iter()
        .map(|cluster| cluster["counts"]["articles"].clone())
        .collect();
    assert_eq!(
        (counts.contains(&json!(4)), counts.contains(&json!(3)), counts.len()),
        (true, true, 2)
    );
    assert_eq!(listed(daemon.address), [] as [Value; 0]);
    drop(daemon);
    verify(&data);
}

#[test]
fn a_word_that_cannot_be_carried_out_is_refused_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let daemon = start(&data);
    let articles = push_stories(daemon.address);
    let ids: Vec<String> =
        clusters(daemon.address, &articles).into_iter().map(|(_, id)| id).collect();
    let before = clusters(daemon.address, &articles);
    let split = |id: &str| format!("POST /api/v1/clusters/{id}/split");
    let merge = "POST /api/v1/clusters/merge";
    let undo = |number: &str| format!("DELETE /api/v1/clusters/{}/overrides/{number}", ids[0]);
    let unknown = "c0000000000zzz";
    for (head, body, expected) in [
        (split(&ids[0]), json!({"articles": articles[..3]}), 409),
        (split(&ids[0]), json!({"articles": []}), 409),
        (split(&ids[0]), json!({"articles": [articles[3]]}), 404),
        (split(&ids[0]), json!({"articles": ["nothing"]}), 404),
        (split(unknown), json!({"articles": [articles[0]]}), 404),
        (split(&ids[0]), json!({"articles": articles[0]}), 400),
        (split(&ids[0]), json!({"articles": [articles[0]], "user": "a\nb"}), 400),
        (merge.to_owned(), json!({"clusters": [ids[0], ids[0]]}), 409),
        (merge.to_owned(), json!({"clusters": [ids[0], unknown]}), 404),
        (merge.to_owned(), json!({"clusters": [ids[0]]}), 400),
        (undo("3"), json!({}), 404),
        (undo("first"), json!({}), 404),
    ] {
        let (status, problem) = say(daemon.address, &head, &body);
        assert_eq!(status, expected, "{head} {body}: {problem}");
        assert_eq!(problem["status"], expected);
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(clusters(daemon.address, &articles), before);

    let (_, parted) = say(daemon.address, &split(&ids[0]), &json!({"articles": [articles[0]]}));
    let both = parted["clusters"].clone();
    let (status, problem) = say(daemon.address, merge, &json!({"clusters": both}));
    let number = parted["override"].to_string();
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains(&number), "{problem}");
    drop(daemon);
    verify(&data);
}
