//! Journals that are damaged under their rows: refused, told in full, bridged by order, and sound after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use copytaster::cluster::{Batch, Params, Placed};
use copytaster::config::Config;
use copytaster::daemon::{self, Fault, Offline, rebuild};
use copytaster::journal::{Entry, Location, Log, Reader, Record, Survey, generation};
use copytaster::model::{ArticleId, Clock, Seq, Timestamp};
use copytaster::store::Store;
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::patience::{reopen, started, unlocked};
use crate::{http, wire};

const CACHE_BYTES: u64 = 16 << 20;

fn offline(data: &Path) -> Result<Offline, Fault> {
    Offline::open(data, CACHE_BYTES, Clock::new(|| wire::minute(0), 1))
}

/// A data directory of eight versions, taken in as `ingest` does.
fn newsroom() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut data = offline(dir.path()).unwrap();
    let arrivals = [
        ("a", 1, 0),
        ("b", 1, 1),
        ("a", 1, 2),
        ("c", 2, 0),
        ("a", 2, 1),
        ("b", 1, 3),
        ("c", 2, 2),
        ("d", 3, 0),
    ];
    for (at, (site, story, edit)) in (0..).zip(arrivals) {
        let article = wire::article(site, &story.to_string(), wire::version(story, edit));
        data.take(article, wire::minute(at)).unwrap();
    }
    data.finish().unwrap();
    dir
}

fn segment(data: &Path, number: u32) -> PathBuf {
    data.join(format!("journal/{number:08}.log"))
}

/// Where each record of a journal lies.
fn places(data: &Path) -> Vec<Location> {
    Reader::open(data).unwrap().entries(Seq(1)).map(|entry| entry.unwrap().0).collect()
}

fn verify(data: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    let Output { status, stdout, stderr } =
        command.args(["verify", "--json", "--data"]).arg(data).args(more).output().unwrap();
    let told = serde_json::from_slice(&stdout);
    (status.code(), told.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&stderr))))
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[test]
fn a_journal_that_ends_before_its_rows_is_refused_wherever_it_ends() {
    let dir = newsroom();
    let whole = fs::read(segment(dir.path(), 1)).unwrap();
    let places = places(dir.path());
    let ends = places.iter().map(|place| place.offset).chain(places.iter().map(|p| p.offset + 9));
    for end in ends {
        fs::write(segment(dir.path(), 1), &whole[..end as usize]).unwrap();
        // As a build before this one left it; what was acknowledged is known to the rows alone.
        fs::remove_file(dir.path().join("journal/acknowledged")).unwrap();
        for attempt in 1..=2 {
            let told = unlocked(|| offline(dir.path())).unwrap_err().to_string();
            for words in [
                "00000001.log is damaged",
                "the rows hold records up to 9",
                "backup",
                "verify --bridge",
            ] {
                let first = attempt == 1;
                assert!(told.contains(words), "{end}, first {first}: no {words:?} in {told}");
            }
        }
        assert!(dir.path().join("store").is_dir(), "the rows are left alone");
        let survey = Survey::of(dir.path(), Seq(9)).unwrap();
        assert_eq!(survey.last, Seq(9), "{:?}", survey.holes);
    }
}

#[test]
fn what_is_given_up_is_told_and_its_number_is_not_given_out_again() {
    let dir = newsroom();
    let places = places(dir.path());
    let mut bytes = fs::read(segment(dir.path(), 1)).unwrap();
    for damaged in [2, 4, 8] {
        bytes[places[damaged].offset as usize + 30] ^= 1;
    }
    fs::write(segment(dir.path(), 1), &bytes).unwrap();
    let (code, told) = verify(dir.path(), &[]);
    assert_eq!((code, &told["clean"]), (Some(1), &Value::Bool(false)));
    let wrong = strings(&told["wrong"]);
    let expected = [(places[2], "record 3"), (places[4], "record 5"), (places[8], "record 9")];
    assert_eq!(wrong.len(), expected.len(), "{wrong:?}");
    for (line, (place, record)) in wrong.iter().zip(expected) {
        let at = format!("00000001.log at byte {}", place.offset);
        assert!(line.contains(&at) && line.contains(&format!("{record} is lost")), "{line}");
    }
    let told = unlocked(|| offline(dir.path())).unwrap_err().to_string();
    assert!(told.contains("verify --bridge"), "{told}");
    assert_eq!(fs::read(segment(dir.path(), 1)).unwrap(), bytes, "nothing was changed");

    let (code, told) = verify(dir.path(), &["--bridge"]);
    assert_eq!((code, &told["bridged"]["generation"]), (Some(0), &Value::from(2)), "{told}");
    assert_eq!(told["bridged"]["gaps"].as_array().unwrap().len(), 3);
    let kept = strings(&told["bridged"]["kept"]);
    assert_eq!(fs::read(kept[0]).unwrap(), bytes);
    let mut data = reopen(|| offline(dir.path()));
    let article = wire::article("e", "1", wire::version(1, 4));
    assert_eq!(data.take(article, wire::minute(60)).unwrap().unwrap().0.0, 10);
    assert_eq!(data.finish().unwrap().versions, 6);
    let (code, told) = verify(dir.path(), &[]);
    assert_eq!((code, &told["gone"], &told["records"]), (Some(0), &3.into(), &10.into()), "{told}");
    assert_eq!(verify(dir.path(), &["--bridge"]).0, Some(0));
    assert_eq!(generation(dir.path()).unwrap(), 2, "there was nothing to bridge");
}

#[test]
fn rows_without_a_journal_do_not_begin_a_new_one() {
    let dir = newsroom();
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    for _ in 0..2 {
        let told = unlocked(|| offline(dir.path())).unwrap_err().to_string();
        assert!(told.contains("ends with record 0, and the rows hold records up to 9"), "{told}");
    }
    assert_eq!(verify(dir.path(), &["--bridge"]).0, Some(0));
    let mut data = reopen(|| offline(dir.path()));
    let article = wire::article("e", "1", wire::version(1, 4));
    // A new settings record comes first.
    assert_eq!(data.take(article, wire::minute(60)).unwrap().unwrap().0.0, 11);
}

#[test]
fn rows_of_another_journal_are_set_aside_and_made_from_this_one() {
    let (dir, other) = (newsroom(), tempfile::tempdir().unwrap());
    let mut data = offline(other.path()).unwrap();
    for at in 0..3_u8 {
        let article = wire::article("z", &at.to_string(), wire::version(7 + u64::from(at), 0));
        data.take(article, wire::minute(at.into())).unwrap();
    }
    data.finish().unwrap();
    fs::remove_dir_all(other.path().join("store")).unwrap();
    fs::rename(dir.path().join("store"), other.path().join("store")).unwrap();
    assert_eq!(reopen(|| offline(other.path())).finish().unwrap().versions, 3);
    assert!(other.path().join("store.damaged-1").is_dir());
}

/// A journal of arrivals (story, edit, site), a few in each segment. An article is a story at a site.
fn journal(arrivals: &[(u64, u8, u8)]) -> (TempDir, u64) {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open_with(dir.path(), 4096).unwrap();
    let mut batch = Batch::new(Params::default());
    for (at, &(story, edit, site)) in (0_i64..).zip(arrivals) {
        let text = wire::version(story, edit);
        let article = wire::article(&format!("site{site}"), &story.to_string(), text);
        let at = wire::minute(at);
        let Placed::Version { version, .. } = batch.push(article, at) else { continue };
        let seq = Seq(version.id.0);
        log.append(&[Entry { seq, at, record: Record::Version(version) }]).unwrap();
    }
    let last = log.last_seq().0;
    (dir, last)
}

/// Waits until the daemon notes `wanted`, or notes nothing.
async fn noted(running: &daemon::Running, wanted: Option<&str>) {
    let seen = |note: Option<String>| match (note, wanted) {
        (None, None) => true,
        (Some(note), Some(words)) => note.contains(words),
        _ => false,
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !seen(running.status().noted()) {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("it notes {:?}", running.status().noted()));
}

#[tokio::test]
async fn damage_to_a_file_that_nobody_reads_is_noted_while_the_daemon_works() {
    let arrivals: Vec<_> = (0..40).map(|at| (at % 5, (at % 4) as u8, (at % 3) as u8)).collect();
    let (dir, _) = journal(&arrivals);
    let file = segment(dir.path(), 2);
    assert!(segment(dir.path(), 4).exists());
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.path = dir.path().to_path_buf();
    config.store.scrub_interval = Duration::from_millis(1);
    let running = started(&config, &Clock::new(|| wire::minute(99), 1)).await;
    running.status().started().await;
    let whole = fs::read(&file).unwrap();
    let mut bad = whole.clone();
    bad[whole.len() / 2] ^= 8;
    fs::write(&file, &bad).unwrap();
    noted(&running, Some("00000002.log is damaged")).await;
    let address = running.address;
    let ready = tokio::task::spawn_blocking(move || http::json(address, "/readyz")).await.unwrap();
    assert_eq!(ready["status"], "ok");
    assert!(ready["note"].as_str().unwrap().contains("00000002.log"), "{ready}");
    fs::write(&file, &whole).unwrap();
    noted(&running, None).await;
    running.stop().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_lost_the_rest_folds_and_its_articles_stay_themselves(
        arrivals in prop::collection::vec((0_u64..4, 0_u8..5, 0_u8..4), 4..40),
        damaged in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let (dir, last) = journal(&arrivals);
        let places = places(dir.path());
        let mut named: BTreeMap<u64, ArticleId> = BTreeMap::new();
        for entry in Reader::open(dir.path()).unwrap().entries(Seq(1)) {
            let Record::Version(version) = entry.unwrap().1.record else { continue };
            named.insert(version.id.0, version.article_id());
        }
        for place in damaged.iter().map(|index| places[index.index(places.len())]) {
            let file = segment(dir.path(), place.segment);
            let mut bytes = fs::read(&file).unwrap();
            bytes[place.offset as usize + 22] ^= 0x40;
            fs::write(&file, &bytes).unwrap();
        }
        let survey = Survey::of(dir.path(), Seq(0)).unwrap();
        // An even number of flips of one byte is none.
        if !survey.holes.is_empty() {
            survey.bridge(Timestamp::EPOCH).unwrap();
        }
        let reader = Reader::open(dir.path()).unwrap();
        prop_assert_eq!(reader.last_seq(), Seq(last));
        let scratch = tempfile::tempdir().unwrap();
        let store = rebuild(&reader, Seq(last), &scratch.path().join("d"), CACHE_BYTES, &mut |_| {}).unwrap();
        let (mut versions, mut articles) = (0, BTreeMap::new());
        for entry in reader.entries(Seq(1)) {
            let Record::Version(version) = entry.unwrap().1.record else { continue };
            let row = store.version(version.id).unwrap().unwrap();
            prop_assert_eq!(row.article, named[&version.id.0]);
            let member = store.members(row.set).unwrap().into_iter()
                .find(|member| member.version.id == version.id).unwrap().member;
            prop_assert_eq!(member.article, row.article);
            let parent = member.parent.map(|link| store.version(link.other).unwrap());
            prop_assert!(parent != Some(None), "a parent that is lost is none");
            versions += 1;
            *articles.entry(row.article).or_insert(0) += 1;
        }
        prop_assert_eq!(store.counts().versions, versions);
        prop_assert_eq!(store.counts().articles, articles.len() as u64);
        for (id, count) in articles {
            prop_assert_eq!(store.article(id).unwrap().unwrap().versions, count);
        }
        drop(store);
        let (_, opened) = reopen(|| Store::open(&scratch.path().join("d"), CACHE_BYTES));
        prop_assert_eq!(opened.why, None, "the rows add up");
    }
}
