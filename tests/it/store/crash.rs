//! A process killed in the middle of its work: what it acknowledged is there, once, and the rows equal a replay.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use copytaster::cluster::{Batch, Params, Placed};
use copytaster::journal::{Entry, Location, Log, Reader, Record};
use copytaster::model::{Article, Seq, Timestamp};
use copytaster::store::{Applied, Store};

use super::{dump, open};

/// Where the child works.
const DIR: &str = "COPYTASTER_CRASH_DIR";

/// Most records a child writes before it ends by itself.
const RECORDS_MAX: u64 = 100_000;

/// The article that becomes record `seq`: seven stories, each copied, edited and updated.
fn article(seq: u64) -> Article {
    let story = seq % 7;
    let text = (0..40).fold(String::new(), |text, n| format!("{text} w{story}x{}", n * 3 % 41));
    Article {
        source: format!("s{}", seq % 5).as_str().into(),
        id: Some(format!("{}", seq % 30)),
        title: format!("Story {story}, as told the {seq}th time"),
        text: format!("{text} tail {seq}"),
        ..Article::default()
    }
}

/// Folds what the journal holds, and brings the store up to it.
fn replay(reader: &Reader, store: &Store) -> Batch {
    let mut fold = Batch::new(Params::default());
    for entry in reader.entries(Seq(1)) {
        let (location, entry) = entry.unwrap();
        let Record::Version(version) = &entry.record else { continue };
        let placed = fold.push(version.article.clone(), version.seen_at);
        let Placed::Version { version: again, changes, .. } = placed else { continue };
        assert_eq!(&again, version, "judged again, the verdicts are the same");
        store
            .apply(&[Applied { entry: &entry, location, changes: &changes, words: None }])
            .unwrap();
    }
    fold
}

fn write(log: &mut Log, store: &Store, fold: &mut Batch, seqs: std::ops::Range<u64>) {
    let mut batch = Vec::new();
    for seq in seqs {
        let at = Timestamp::from_secs(seq.cast_signed());
        let Placed::Version { version, changes, .. } = fold.push(article(seq), at) else {
            continue;
        };
        let entry = Entry { seq: Seq(version.id.0), at, record: Record::Version(version) };
        batch.push((entry, changes));
    }
    let entries: Vec<Entry> = batch.iter().map(|(entry, _)| entry.clone()).collect();
    let places: Vec<Location> = log.append(&entries).unwrap();
    let applied: Vec<Applied<'_>> = batch
        .iter()
        .zip(places)
        .map(|((entry, changes), location)| Applied { entry, location, changes, words: None })
        .collect();
    store.apply(&applied).unwrap();
}

#[test]
#[ignore = "the child of the next test"]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let (mut log, _) = Log::open_with(Path::new(&dir), 20_000).unwrap();
    let (store, _) = open(Path::new(&dir));
    let mut fold = replay(&log.reader(), &store);
    while log.last_seq().0 < RECORDS_MAX {
        let next = log.last_seq().0 + 1;
        write(&mut log, &store, &mut fold, next..next + 4);
        writeln!(std::io::stderr(), "durable {}", log.last_seq()).unwrap();
    }
}

/// Runs a child on `dir` and kills it after it has acknowledged `lines` batches; gives the last seq it acknowledged.
fn killed_after(dir: &Path, lines: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["store::crash::child", "--exact", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let read = |line: std::io::Result<String>| -> Option<u64> {
        line.ok()?.strip_prefix("durable ")?.parse().ok()
    };
    let last = said.by_ref().filter_map(read).nth(lines - 1).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it managed to say before it died counts as well.
    said.filter_map(read).last().unwrap_or(last)
}

#[test]
fn what_a_killed_process_acknowledged_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = 0;
    for lines in [1, 2, 5, 11, 3, 7] {
        let acknowledged = killed_after(dir.path(), lines);
        assert!(acknowledged > before);
        let (log, opened) = Log::open(dir.path()).unwrap();
        assert!(opened.last_seq.0 >= acknowledged, "{} < {acknowledged}", opened.last_seq);
        let (store, found) = open(dir.path());
        assert_eq!(found.quarantined, None);
        assert!(found.applied_seq <= opened.last_seq);
        if let Some(place) = found.applied_at {
            assert_eq!(log.reader().read(place).unwrap().seq, found.applied_seq);
        }
        replay(&log.reader(), &store);
        let scratch = tempfile::tempdir().unwrap();
        let (fresh, _) = open(scratch.path());
        replay(&log.reader(), &fresh);
        assert_eq!(dump(&store), dump(&fresh));
        assert_eq!(store.counts().versions, opened.last_seq.0);
        before = opened.last_seq.0;
    }
}
