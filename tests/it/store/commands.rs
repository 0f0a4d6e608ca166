//! `stats` and `export` as a person runs them, over a directory that the journal, the fold and the store made.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use copytaster::cluster::{Batch, Params, Placed};
use copytaster::journal::{Entry, Log, Lost, Record};
use copytaster::model::{Article, Seq, Timestamp};
use copytaster::store::Applied;
use serde_json::Value;

use super::open;
use crate::patience::reopen;

/// Two articles of one story, one of them in two versions, another story, and a lost lead.
fn newsroom(dir: &Path) {
    let (mut log, _) = Log::open(dir).unwrap();
    let (store, _) = open(dir);
    let mut fold = Batch::new(Params::default());
    let ferry = "The ferry Tern went back to Port Vell on Sunday after a fire in its engine room, \
                 and all ninety people aboard left it unhurt by the evening, the harbour said.";
    let vines = "Growers in the valley of Ossa began the harvest three weeks early, because a dry \
                 spring and a hot summer had ripened the grapes before the cellars were ready.";
    let items = [
        ("alba", "1", "Ferry back in Port Vell", ferry.to_owned()),
        ("mara", "9", "Ninety safe after fire", format!("{ferry} Nobody was hurt.")),
        ("alba", "2", "Early harvest in Ossa", vines.to_owned()),
        ("alba", "1", "Ferry back, cause open", format!("{ferry} The cause is open.")),
    ];
    for (minute, (source, id, title, text)) in (0..).zip(items) {
        let article = Article {
            source: source.into(),
            id: Some(id.to_owned()),
            title: title.to_owned(),
            text,
            ..Article::default()
        };
        let at = Timestamp::from_secs(minute * 60);
        let Placed::Version { version, changes, .. } = fold.push(article, at) else { continue };
        let entry = Entry { seq: Seq(version.id.0), at, record: Record::Version(version) };
        let location = log.append(std::slice::from_ref(&entry)).unwrap()[0];
        store
            .apply(&[Applied { entry: &entry, location, changes: &changes, words: None }])
            .unwrap();
    }
    let lost =
        Lost { source: "mara".into(), url: "http://m/".to_owned(), reason: "gone".to_owned() };
    let entry = Entry { seq: Seq(5), at: Timestamp::from_secs(600), record: Record::Lost(lost) };
    let location = log.append(std::slice::from_ref(&entry)).unwrap()[0];
    store.apply(&[Applied { entry: &entry, location, changes: &[], words: None }]).unwrap();
}

fn copytaster(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.args(arguments).arg("--data").arg(dir).output().unwrap()
}

fn lines(dir: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = copytaster(dir, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn refused(dir: &Path, arguments: &[&str], code: i32) -> String {
    let output = copytaster(dir, arguments);
    assert_eq!(output.status.code(), Some(code));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn stats_count_what_is_there_with_and_without_derived_rows() {
    let dir = tempfile::tempdir().unwrap();
    newsroom(dir.path());
    let check = |field: &str, expected: Value| {
        let counted = &lines(dir.path(), &["stats", "--json"])[0];
        assert_eq!(counted[field], expected, "{field}");
    };
    let counts =
        [("articles", 3), ("versions", 4), ("sources", 2), ("lost", 1), ("journal_seq", 5)];
    let all = [("clusters", 2), ("generation", 1), ("applied_seq", 5)];
    for (field, expected) in counts.into_iter().chain(all) {
        check(field, expected.into());
    }
    std::fs::remove_dir_all(dir.path().join("store")).unwrap();
    for (field, expected) in counts {
        check(field, expected.into());
    }
    check("clusters", Value::Null);
    assert!(!dir.path().join("store").exists(), "stats makes nothing");
    let table = String::from_utf8(copytaster(dir.path(), &["stats"]).stdout).unwrap();
    assert!(table.lines().any(|line| line.starts_with("articles ") && line.ends_with(" 3")));
}

#[test]
fn exported_articles_are_the_newest_versions_and_cluster_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    newsroom(dir.path());
    let articles = lines(dir.path(), &["export"]);
    let titles: Vec<_> = articles.iter().map(|line| line["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        ["Ninety safe after fire", "Early harvest in Ossa", "Ferry back, cause open"]
    );
    assert_eq!(articles[0]["first_seen"], "1970-01-01T00:01:00Z");
    let bare = lines(dir.path(), &["export", "--no-text"]);
    assert!(bare.iter().all(|line| line.get("text").is_none() && line["title"].is_string()));
    for line in &articles {
        let article = copytaster::jsonl::parse(&line.to_string()).unwrap();
        assert_eq!(article.text, line["text"]);
    }
}

#[test]
fn each_export_has_its_lines() {
    let dir = tempfile::tempdir().unwrap();
    newsroom(dir.path());
    let what = |what: &str, more: &[&str]| {
        lines(dir.path(), &[&["export", "--what", what], more].concat())
    };
    let versions = what("versions", &[]);
    assert_eq!(versions.len(), 4);
    assert_eq!(versions[3]["article"], versions[0]["article"]);
    let links = what("links", &[]);
    assert!(
        links.iter().any(|link| link["kind"] == "text" && link["jaccard"].as_f64() > Some(0.7))
    );
    let journal = what("journal", &[]);
    let seqs: Vec<_> = journal.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    assert_eq!(journal[4]["data"]["reason"], "gone");
    let clusters = what("clusters", &[]);
    assert_eq!(clusters.len(), 2);
    assert_eq!(clusters[1]["members"].as_array().unwrap().len(), 3);
    let span = ["--since", "1970-01-01T00:01:00Z", "--until", "1970-01-01T00:03:00Z"];
    assert_eq!(what("versions", &span).len(), 2);
    assert_eq!(what("journal", &span[..2]).len(), 4);
    assert_eq!(what("clusters", &span).len(), 1);
}

/// What a job that runs by the clock would mail to somebody: nothing, but for the lines that were asked for.
#[test]
fn whatever_works_on_a_data_directory_can_be_told_to_be_quiet() {
    let dir = tempfile::tempdir().unwrap();
    let (data, back) = (dir.path().join("data"), dir.path().join("back"));
    let file = dir.path().join("backup");
    newsroom(&data);
    let file = file.to_str().unwrap();
    for (arguments, data, lines) in [
        (&["ingest", "tests/fixtures/journals/format-2/articles.jsonl"][..], &data, 0),
        (&["export"], &data, 7),
        (&["export", "--what", "clusters"], &data, 5),
        (&["stats", "--json"], &data, 1),
        (&["verify"], &data, 0),
        (&["verify", "--deep"], &data, 0),
        (&["replay"], &data, 0),
        (&["compact"], &data, 0),
        (&["backup", "--to", file], &data, 0),
        (&["erase", "--article", "a0000000000001"], &data, 0),
        (&["restore", "--from", file], &back, 0),
        (&["stats", "--json"], &back, 1),
    ] {
        let output = copytaster(data, &[arguments, &["--quiet"]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(told.lines().count(), lines, "{arguments:?}: {told}");
    }
    // Where nothing but the journal is left.
    std::fs::remove_dir_all(data.join("store")).unwrap();
    let output = copytaster(&data, &["stats", "--json", "--quiet"]);
    assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]));
}

/// Every way in which the commands write to standard output, from few lines and from many.
const WRITERS: [&[&str]; 7] = [
    &["stats", "--data", "DIR"],
    &["export", "--data", "DIR"],
    &["export", "--what", "links", "--data", "DIR"],
    &["export", "--what", "journal", "--data", "DIR"],
    &["verify", "--data", "DIR"],
    &["openapi"],
    &["cluster", "tests/fixtures/journals/kinds-1-to-5/articles.jsonl"],
];

fn writing_to(dir: &Path, arguments: &[&str], out: impl Into<Stdio>) -> Output {
    let named =
        |word: &&str| if *word == "DIR" { dir.as_os_str().into() } else { OsString::from(word) };
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.args(arguments.iter().map(named)).stdout(out).output().unwrap()
}

#[test]
fn output_that_the_disk_does_not_take_is_a_failure() {
    // A disk that is always full, where the system has one.
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let dir = tempfile::tempdir().unwrap();
    newsroom(dir.path());
    for arguments in WRITERS {
        let output = writing_to(dir.path(), arguments, full.try_clone().unwrap());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains("standard output cannot be written to"), "{arguments:?}: {told}");
    }
}

#[test]
fn a_reader_that_left_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    newsroom(dir.path());
    for arguments in WRITERS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = writing_to(dir.path(), arguments, writer);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), told.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_mend() {
    let dir = tempfile::tempdir().unwrap();
    newsroom(dir.path());
    let held = reopen(|| Log::open(dir.path()));
    let holder = format!("in use by process {}", std::process::id());
    for command in [&["stats"][..], &["export"], &["export", "--what", "clusters"]] {
        let told = refused(dir.path(), command, 1);
        assert!(told.contains(&holder) && told.contains("GET /"), "{told}");
    }
    drop(held);
    assert!(refused(&dir.path().join("none"), &["stats"], 1).contains("mkdir -p"));
    assert!(refused(dir.path(), &["export", "--since", "noon"], 2).contains("--since noon"));
    std::fs::remove_dir_all(dir.path().join("store")).unwrap();
    let told = refused(dir.path(), &["export", "--what", "clusters"], 1);
    assert!(told.contains("start the daemon once"), "{told}");
}
