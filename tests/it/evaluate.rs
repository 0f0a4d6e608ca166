//! `copytaster evaluate`, end to end: both kinds of gold, clusters given or made, bad lines, exit codes.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wire;

fn copytaster(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_copytaster")).args(args).output().unwrap()
}

/// The one object of `evaluate --json`, which ended with `code`.
fn scored(args: &[&str], code: i32) -> Value {
    let output = copytaster(&[&["evaluate", "--json"], args].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `evaluate` ended with `code`, wrote no data and said each of `says`.
fn refused(args: &[&str], code: i32, says: &[&str]) {
    let output = copytaster(&[&["evaluate"], args].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{said}");
    for words in says {
        assert!(said.contains(words), "no {words:?} in: {said}");
    }
}

/// A directory of small files.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, lines: &[Value]) -> String {
        self.text(name, &lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"))
    }

    fn text(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }
}

/// Three versions of one story, two of another, one alone.
fn articles() -> Vec<Value> {
    [(1, 0), (1, 1), (2, 0), (1, 2), (2, 3), (3, 0)]
        .into_iter()
        .zip(1..)
        .map(|((story, edit), id)| {
            json!({
                "id": id, "source": format!("site{id}"), "title": format!("Item {id}"), "text": wire::version(story, edit),
                "first_seen": wire::minute(id).to_string(), "gold_cluster": format!("story {story}"), "corpus": "invented",
            })
        })
        .collect()
}

fn without(key: &str, lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    for line in &mut lines {
        line.as_object_mut().unwrap().remove(key);
    }
    lines
}

fn items(clusters: &[(u32, &str)], key: &str) -> Vec<Value> {
    clusters.iter().map(|(id, cluster)| json!({"id": id, key: cluster})).collect()
}

fn pairs() -> Vec<Value> {
    let pair = |a: i32, b: i32, label: Value| json!({"id": a * 10 + b, "corpus": "c", "a": a, "b": b, "label": label, "borderline": false});
    vec![
        pair(1, 2, json!("same_story_version")),
        pair(4, 2, json!(true)),
        pair(3, 5, json!(1)),
        pair(5, 6, json!("same")),
        pair(1, 3, json!("different")),
        pair(1, 6, json!(0)),
    ]
}

#[test]
fn given_clusters_are_scored_against_gold_clusters() {
    let desk = Desk::new();
    let gold = [(1, "x"), (2, "x"), (3, "x"), (4, "y"), (5, "y"), (6, "y")];
    let gold = desk.file("gold.jsonl", &items(&gold, "gold_cluster"));
    let pred = [(1, "1"), (2, "1"), (3, "3"), (4, "3"), (5, "3"), (8, "3"), (9, "9")];
    let pred = desk.file("pred.jsonl", &items(&pred, "cluster"));
    // 6 is missing. Gold 6 pairs, predicted 1 + 3, both 1 + 1. B-cubed: precision (2 + 1/3 + 4/3 + 1) / 6, recall
    // (4/3 + 1/3 + 4/3 + 1/3) / 6. Rand: (2 − 6·4/15) / (5 − 6·4/15).
    let expected = json!({
        "items": 6, "gold_clusters": 2, "predicted_clusters": 3,
        "pairs": {"gold": 6, "predicted": 4, "both": 2, "precision": 0.5, "recall": 0.333_333, "f1": 0.4},
        "b_cubed": {"precision": 0.777_778, "recall": 0.555_556, "f1": 0.648_148},
        "adjusted_rand": 0.117_647, "missing": 1, "not_in_gold": 2, "bad": 0,
    });
    assert_eq!(scored(&["--gold", &gold, "--pred", &pred], 0), expected);
    let table = copytaster(&["evaluate", "--gold", &gold, "--pred", &pred]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    for row in [
        "missing                      1",
        "pairs                   0.5000    0.3333    0.4000",
        "B-cubed                 0.7778    0.5556    0.6481",
        "adjusted Rand                               0.1176",
        "6 in gold, 4 predicted, 2 in both",
    ] {
        assert!(table.contains(row), "no {row:?} in:\n{table}");
    }
}

#[test]
fn gold_lines_with_texts_are_clustered_as_cluster_does() {
    let desk = Desk::new();
    let gold = desk.file("gold.jsonl", &articles());
    let (out, packed) = (desk.path("out.jsonl"), desk.path("gold.jsonl.zst"));
    fs::write(&packed, zstd::encode_all(fs::File::open(&gold).unwrap(), 1).unwrap()).unwrap();
    assert!(copytaster(&["cluster", &gold, "--out", &out]).status.success());
    let made = scored(&["--gold", &packed], 0);
    assert_eq!(made, scored(&["--gold", &gold, "--pred", &out], 0));
    assert_eq!((&made["items"], &made["predicted_clusters"]), (&json!(6), &json!(3)));
    assert_eq!(made["pairs"]["f1"], 1.0, "{made}");
    assert_eq!((&made["b_cubed"]["f1"], &made["adjusted_rand"]), (&json!(1.0), &json!(1.0)));
    // With no time between them that counts as near, nothing is linked and precision is undefined.
    let apart = scored(&["--gold", &gold, "--set", "window=1s"], 0);
    assert_eq!(apart["pairs"]["precision"], Value::Null, "{apart}");
    assert_eq!((&apart["pairs"]["recall"], &apart["adjusted_rand"]), (&json!(0.0), &json!(0.0)));
}

#[test]
fn gold_without_texts_takes_them_from_other_files() {
    let desk = Desk::new();
    let (gold, texts) = (without("text", &articles()), without("gold_cluster", &articles()));
    let gold = desk.file("gold.jsonl", &without("title", &gold));
    let (some, more) = (desk.file("1.jsonl", &texts[..3]), desk.file("2.jsonl", &texts[3..]));
    let made = scored(&["--gold", &gold, "--texts", &some, "--texts", &more], 0);
    assert_eq!((&made["pairs"]["f1"], &made["missing"]), (&json!(1.0), &json!(0)), "{made}");
    refused(&["--gold", &gold], 1, &["gold.jsonl:1: ", "--pred", "no good gold line"]);
}

#[test]
fn pairs_are_scored_by_label() {
    let desk = Desk::new();
    let gold = desk.file("pairs.jsonl", &pairs());
    let texts = desk.file("texts.jsonl", &articles()[..5]);
    let made = scored(&["--gold", &gold, "--texts", &texts], 0);
    let out = desk.path("out.jsonl");
    assert!(copytaster(&["cluster", &texts, "--out", &out]).status.success());
    assert_eq!(made, scored(&["--gold", &gold, "--pred", &out], 0));
    let none = json!({"precision": null, "recall": null, "f1": null});
    let label = |positive, pairs, together| json!({"positive": positive, "pairs": pairs, "together": together});
    let expected = json!({
        "items": 6, "gold_clusters": null, "predicted_clusters": 3,
        "pairs": {"gold": 4, "predicted": 3, "both": 3, "precision": 1.0, "recall": 0.75, "f1": 0.857_143},
        "b_cubed": none, "adjusted_rand": null, "missing": 1, "not_in_gold": 0, "bad": 0,
        "labels": {
            "0": label(false, 1, 0), "1": label(true, 1, 1), "different": label(false, 1, 0),
            "same": label(true, 1, 0), "same_story_version": label(true, 1, 1), "true": label(true, 1, 1),
        },
    });
    assert_eq!(made, expected);
    let table = copytaster(&["evaluate", "--gold", &gold, "--pred", &out]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("+ same: 0 of 1 predicted together"), "{table}");
    assert!(!table.contains("B-cubed"), "{table}");
}

#[test]
fn bad_lines_are_named_and_all_others_scored() {
    let desk = Desk::new();
    let gold = r#"{"id": 1, "gold_cluster": "x"}
{"id": 2, "gold_cluster":
{"id": 2, "gold_cluster": "x"}
{"id": 1, "gold_cluster": "y"}
{"a": 1, "b": 2, "label": true}
{"id": 3}
"#;
    let gold = desk.text("gold.jsonl", gold);
    let pred = desk.text(
        "pred.jsonl",
        "{\"id\": 1, \"cluster\": \"1\"}\n{\"id\": 2, \"cluster\": \"1\"}\n{\"id\": 2, \"cluster\": \"2\"}\n{\"id\": 2, \"cluster\": \"1\"}\n{\"cluster\": \"1\"}\n",
    );
    let found = scored(&["--gold", &gold, "--pred", &pred], 1);
    assert_eq!((&found["items"], &found["bad"]), (&json!(2), &json!(6)), "{found}");
    assert_eq!(found["pairs"]["f1"], 1.0);
    let output = copytaster(&["evaluate", "--gold", &gold, "--pred", &pred]);
    let said = String::from_utf8_lossy(&output.stderr);
    for words in [
        "gold.jsonl:2: not JSON",
        "gold.jsonl:4: 1 has the gold cluster x from a line before",
        "gold.jsonl:5: items with a `gold_cluster` and labelled pairs do not mix",
        "gold.jsonl:6: a gold line has an `id` and a `gold_cluster`",
        "pred.jsonl:3: 2 is in the cluster 1 by a line before",
        "pred.jsonl:5: a record needs an `id` or a `url`",
        "6 lines were refused; all others are scored",
    ] {
        assert!(said.contains(words), "no {words:?} in: {said}");
    }
    let mut texts = articles();
    texts[1]["text"] = json!(7);
    let found = scored(&["--gold", &desk.file("texts.jsonl", &texts)], 1);
    assert_eq!(
        (&found["items"], &found["missing"], &found["bad"]),
        (&json!(5), &json!(0), &json!(1))
    );
}

#[test]
fn wrong_usage_is_refused_before_anything_is_scored() {
    let desk = Desk::new();
    let gold = desk.file("gold.jsonl", &articles());
    let pairs = desk.file("pairs.jsonl", &pairs());
    let absent = &desk.path("absent.jsonl");
    refused(&["--gold", absent], 2, &["absent.jsonl cannot be opened"]);
    refused(&["--gold", &gold, "--pred", absent], 2, &["absent.jsonl cannot be opened"]);
    refused(&["--gold", &pairs, "--texts", absent], 2, &["absent.jsonl cannot be opened"]);
    refused(&["--gold", &pairs], 2, &["pairs.jsonl has pairs", "--pred FILE", "--texts FILE"]);
    refused(&["--gold", &gold, "--pred", &gold, "--texts", &gold], 2, &["cannot be used with"]);
    refused(&["--gold", &gold, "--pred", &gold, "--set", "window=1h"], 2, &["cannot be used"]);
    refused(&["--gold", &gold, "--set", "windows=1h"], 2, &["window and live_max"]);
    refused(&["--gold", "-", "--pred", "-"], 2, &["`-` is given twice"]);
    refused(&["--gold", &desk.text("empty.jsonl", "")], 1, &["empty.jsonl has no good gold line"]);
    refused(&[], 2, &["--gold"]);
}
