//! Checkpoints of a small directory: what they spare, that they change nothing, and which of them are refused.

use std::path::PathBuf;

use super::*;
use crate::daemon::Offline;
use crate::daemon::fold::write_rows;
use crate::daemon::lagging::Folded;
use crate::journal::{Log, raise_generation};
use crate::model::{Article, Clock};
use crate::store::Store;

const CACHE_BYTES: u64 = 1 << 20;

/// A story by number, as a site runs it: of those of one number most lines are the same. Each site has a line under all its pages.
fn article(number: u32) -> Article {
    let (story, site) = (number / 3, number % 4);
    let line = |n: u32| {
        let n = n + story * 100;
        format!("Sentence s{n} tells what pilot p{n}x{n} saw near lock l{n} that night of {n}.")
    };
    let body: Vec<String> = (number % 3..12).map(line).collect();
    let alert = number % 7 == 5;
    Article {
        source: format!("site{site}").as_str().into(),
        id: Some(number.to_string()),
        title: format!(
            "Pilot p{}x{} of story{story}, town{story} and lock{story}",
            story * 100,
            story * 100
        ),
        text: if alert {
            String::new()
        } else {
            format!("{}\nMore of the desk of site{site} tomorrow", body.join("\n"))
        },
        ..Article::default()
    }
}

fn at(number: u32) -> Timestamp {
    Timestamp::from_secs(i64::from(number) * 60)
}

/// Takes articles in and stops cleanly.
fn take_in(dir: &Path, numbers: std::ops::Range<u32>) {
    let mut offline = Offline::open(dir, CACHE_BYTES, Clock::new(|| at(0), 1)).unwrap();
    for number in numbers {
        offline.take(article(number), at(number)).unwrap();
    }
    offline.finish().unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(file.file_name());
        if file.path().is_dir() {
            copy(&file.path(), &to);
        } else {
            fs::copy(file.path(), to).unwrap();
        }
    }
}

/// A fold as a start makes it, with its journal and rows.
pub(in crate::daemon) struct Started {
    pub(in crate::daemon) fold: Fold,
    pub(in crate::daemon) reader: Reader,
    store: Store,
    _log: Log,
}

pub(in crate::daemon) fn start(dir: &Path) -> Started {
    let (log, _) = Log::open(dir).unwrap();
    let (store, _) = Store::open_unread(dir, CACHE_BYTES).unwrap();
    let reader = log.reader();
    let fold = Fold::open(&reader, Params::default(), &store, &mut |_| Ok(()), &mut |_| true);
    Started { fold: fold.unwrap(), reader, store, _log: log }
}

fn frozen(fold: &Fold) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let head = postcard::to_stdvec(&Head::of(fold, 1, 0)).unwrap();
    (head, fold.clusterer.freeze(), fold.clusterer.freeze_short_path())
}

/// A home, and in it a directory of forty articles with a checkpoint at its end.
pub(in crate::daemon) fn written() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    fs::create_dir(&dir).unwrap();
    take_in(&dir, 0..40);
    (home, dir)
}

#[test]
fn a_start_with_a_checkpoint_is_a_start_without_and_goes_on_as_it() {
    let (home, dir) = written();
    // One of them in the middle of the journal, none at its end.
    let older = fs::read(dir.join(NAME)).unwrap();
    take_in(&dir, 40..60);
    fs::write(dir.join(NAME), older).unwrap();
    let without = home.path().join("without");
    copy(&dir, &without);
    fs::remove_file(without.join(NAME)).unwrap();

    let with = start(&dir);
    assert!(with.fold.covered > Seq(39) && with.fold.covered < with.fold.last);
    let folded = start(&without);
    assert_eq!(folded.fold.covered, Seq(0));
    assert!(frozen(&with.fold) == frozen(&folded.fold), "the states differ");
    drop((with, folded));

    for dir in [&dir, &without] {
        take_in(dir, 60..90);
    }
    let entries = |dir: &Path| -> Vec<_> {
        let reader = Reader::open(dir).unwrap();
        reader.entries(Seq(1)).map(|entry| entry.unwrap().1).collect()
    };
    assert_eq!(entries(&dir), entries(&without), "verdicts differ");
    assert!(fs::read(dir.join(NAME)).unwrap() == fs::read(without.join(NAME)).unwrap());
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused_and_all_is_folded() {
    let (home, dir) = written();
    let good = fs::read(dir.join(NAME)).unwrap();
    let with = start(&dir);
    let expected = frozen(&with.fold);
    assert_eq!(with.fold.covered, with.fold.last);
    drop(with);
    for at in (0..good.len()).step_by(good.len() / 90) {
        let mut flipped = good.clone();
        flipped[at] ^= 0x10;
        fs::write(dir.join(NAME), flipped).unwrap();
        let started = start(&dir);
        // What is damaged in the short path alone costs no more than that.
        assert!(frozen(&started.fold) == expected, "byte {at} of {}", good.len());
    }
    for end in [0, 1, MAGIC.len(), good.len() / 2, good.len() - 1] {
        fs::write(dir.join(NAME), &good[..end]).unwrap();
        let started = start(&dir);
        assert!(started.fold.covered == Seq(0) && frozen(&started.fold) == expected, "{end}");
    }

    // Of another journal, though of the same length.
    let other = home.path().join("other");
    fs::create_dir(&other).unwrap();
    take_in(&other, 50..90);
    fs::write(other.join(NAME), &good).unwrap();
    assert_eq!(start(&other).fold.covered, Seq(0));

    // Of another generation.
    fs::write(dir.join(NAME), &good).unwrap();
    assert!(start(&dir).fold.covered > Seq(0));
    // From before words were removed from the journal, which it may have yet.
    fs::write(dir.join("rewritings"), "1\n").unwrap();
    assert_eq!(start(&dir).fold.covered, Seq(0));
    fs::remove_file(dir.join("rewritings")).unwrap();
    assert!(start(&dir).fold.covered > Seq(0));
    raise_generation(&dir).unwrap();
    assert_eq!(start(&dir).fold.covered, Seq(0));
}

#[test]
fn rows_that_are_behind_a_checkpoint_get_all_they_lack() {
    let (_home, dir) = written();
    fs::remove_dir_all(dir.join("store")).unwrap();
    let (log, _) = Log::open(&dir).unwrap();
    let (store, _) = Store::open_unread(&dir, CACHE_BYTES).unwrap();
    let reader = log.reader();
    let rows = &mut |batch: Vec<Folded>| write_rows(&store, &batch);
    let fold = Fold::open(&reader, Params::default(), &store, rows, &mut |_| true).unwrap();
    assert_eq!((fold.covered, store.applied_seq()), (Seq(0), fold.last));
}

#[test]
fn the_checkpoint_made_beside_the_writer_is_the_one_made_of_its_fold() {
    let (_home, dir) = written();
    let Started { fold, reader, store, _log } = start(&dir);
    let short_path = fold.clusterer.freeze_short_path();
    for from_scratch in [false, true] {
        if from_scratch {
            fs::remove_file(dir.join(NAME)).unwrap();
        }
        let made = Fold::at(&dir, &reader, Params::default(), fold.last, &mut |_| true).unwrap();
        save(&dir, &reader, &made, &short_path).unwrap();
        let (loaded, kept) =
            load(&dir, &reader, Params::default(), store.applied_seq()).unwrap().unwrap();
        assert!(kept == short_path && loaded.clusterer.freeze() == fold.clusterer.freeze());
    }
    let stopped = Fold::at(&dir, &reader, Params::default(), fold.last, &mut |_| false);
    assert!(stopped.is_ok(), "nothing is left to be folded");
    fs::remove_file(dir.join(NAME)).unwrap();
    let stopped = Fold::at(&dir, &reader, Params::default(), fold.last, &mut |_| false);
    assert!(matches!(stopped, Err(Fault::Stopped)));
}

#[test]
fn the_settings_in_force_are_read_from_a_checkpoint_where_it_fits() {
    let (_home, dir) = written();
    let reader = Reader::open(&dir).unwrap();
    let (found, seq) = settings(&dir, &reader).unwrap();
    assert_eq!((found.digest, seq), (Params::default().digest(), reader.last_seq()));
    raise_generation(&dir).unwrap();
    assert_eq!(settings(&dir, &reader), None);
}
