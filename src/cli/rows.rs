//! The derived rows of a data directory and a fresh fold of its journal, to what differs between them.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{complain, progress};
use crate::config;
use crate::daemon::{self, Fault, Replayed};
use crate::journal::Reader;
use crate::model::Seq;
use crate::store::{Counts, DumpRow, Store};

/// Differences listed; the rest is counted.
const LISTED_MAX: usize = 20;

/// Folds the journal anew beside the rows that are served, and compares row by row. Tells `each` which records are folded.
/// Gives what the fresh rows hold; `None` where the served ones cannot be read.
///
/// Rows that end before the journal are no fault: a kill leaves them so, and the next start brings them up to it. They are
/// compared with a fold up to where they end. Nor are rows that have words which are gone from the journal, where a kill came
/// between the two (`daemon::is_losing_words`): those are compared without words.
pub(super) fn compare(
    dir: &Path,
    each: &mut dyn FnMut(Seq),
    wrong: &mut Vec<String>,
) -> anyhow::Result<Option<Counts>> {
    let cache = config::Store::default().cache;
    // A clean stop is trusted by a start; here every row is read all the same.
    let read = |(served, _): (Store, _)| served.check().map(|()| served);
    let served = match Store::open_existing(dir, cache).and_then(read) {
        Ok(served) => served,
        Err(fault) => {
            wrong.push(format!("rows: {fault}; the next start makes them again from the journal"));
            return Ok(None);
        }
    };
    if served.applied_seq() == Seq(0) {
        // A kill before the first rows leaves nothing, not even the row that says so.
        return Ok(Some(served.counts()));
    }
    let reader = Reader::open(dir)?;
    let upto = reader.base().map_or(Seq(0), |base| base.upto());
    if served.trimmed()? < upto {
        wrong.push(format!(
            "rows: they are from before records up to {upto} were trimmed; the next start makes them again"
        ));
        return Ok(None);
    }
    let scratch = scratch(dir);
    // Fresh by all means: rows that a dead process of this number left would be taken for our own.
    if scratch.exists() {
        remove(&scratch)?;
    }
    let rebuilt = daemon::rebuild(&reader, served.applied_seq(), &scratch, cache, each);
    let compared = rebuilt.map_err(anyhow::Error::from).and_then(|rebuilt| {
        differences(&served, &rebuilt, daemon::is_losing_words(dir), wrong)?;
        Ok(Some(rebuilt.counts()))
    });
    remove(&scratch)?;
    compared
}

/// Makes the rows of a directory again and puts them in place, with a bar; says where the poller's notes could not be taken over.
/// The caller holds the lock.
pub(super) fn make_again(dir: &Path, quiet: bool) -> anyhow::Result<Replayed> {
    make_again_by(daemon::replay, dir, quiet)
}

/// The same after the journal was judged again.
pub(super) fn make_again_judged(dir: &Path, quiet: bool) -> anyhow::Result<Replayed> {
    make_again_by(daemon::replay_judged, dir, quiet)
}

type Replay = fn(&Path, u64, &mut dyn FnMut(Seq)) -> Result<Replayed, Fault>;

fn make_again_by(replay: Replay, dir: &Path, quiet: bool) -> anyhow::Result<Replayed> {
    let bar = progress::bar(Reader::open(dir)?.last_seq().0, quiet);
    let cache = config::Store::default().cache;
    let made = replay(dir, cache, &mut |seq| bar.set_position(seq.0));
    bar.finish_and_clear();
    let replayed = made?;
    if let Err(fault) = &replayed.carried {
        complain(&format!(
            "the poller's notes could not all be read from the old rows ({fault}): the next round asks every feed anew"
        ));
    }
    Ok(replayed)
}

/// Where the rows are made anew: beside those that are there, since a disk that holds the one has more room than a folder for
/// temporary files; only for a directory that may not be written to it is that one.
fn scratch(dir: &Path) -> PathBuf {
    let name = format!("copytaster-rows-{}", std::process::id());
    let beside = dir.join(&name);
    let writable = std::fs::create_dir(&beside).and_then(|()| std::fs::remove_dir(&beside));
    if writable.is_ok() { beside } else { std::env::temp_dir().join(name) }
}

fn remove(scratch: &Path) -> anyhow::Result<()> {
    std::fs::remove_dir_all(scratch)
        .with_context(|| format!("{} cannot be removed", scratch.display()))
}

/// What one side has and the other has not, or has otherwise. Both come in the order of their keys.
fn differences(
    served: &Store,
    rebuilt: &Store,
    are_losing_words: bool,
    wrong: &mut Vec<String>,
) -> anyhow::Result<()> {
    let rows = |store: &Store| {
        let as_it_is = move |row: DumpRow| if are_losing_words { row.without_words() } else { row };
        store.dump().map(move |row| row.map(as_it_is))
    };
    let (mut left, mut right) = (rows(served), rows(rebuilt));
    let (mut a, mut b) = (left.next().transpose()?, right.next().transpose()?);
    let mut more = 0;
    loop {
        let (order, line) = match (&a, &b) {
            (None, None) => break,
            (Some(x), Some(y)) if x == y => (Ordering::Equal, None),
            (Some(x), Some(y)) if x.key == y.key => (
                Ordering::Equal,
                Some(format!("rows: {} holds {} and should hold {}", shown(x), x.value, y.value)),
            ),
            (Some(x), y) if y.as_ref().is_none_or(|y| x.key < y.key) => {
                (Ordering::Less, Some(format!("rows: {} should not be there", shown(x))))
            }
            (_, y) => {
                (Ordering::Greater, y.as_ref().map(|y| format!("rows: {} is missing", shown(y))))
            }
        };
        match line {
            Some(line) if wrong.len() < LISTED_MAX => wrong.push(line),
            Some(_) => more += 1,
            None => {}
        }
        if order != Ordering::Greater {
            a = left.next().transpose()?;
        }
        if order != Ordering::Less {
            b = right.next().transpose()?;
        }
    }
    if more > 0 {
        wrong.push(format!("rows: and {more} more differences"));
    }
    Ok(())
}

fn shown(row: &DumpRow) -> String {
    format!("{} {}", row.kind, row.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Entry, Log, Record};
    use crate::model::Timestamp;

    #[test]
    fn rows_that_a_kill_left_before_the_first_are_no_fault() {
        let dir = tempfile::tempdir().unwrap();
        let (mut log, _) = Log::open(dir.path()).unwrap();
        let at = Timestamp::EPOCH;
        log.append(&[Entry { seq: Seq(1), at, record: Record::Tick }]).unwrap();
        drop(log);
        drop(Store::open(dir.path(), 1 << 20).unwrap());
        let mut wrong = Vec::new();
        let counts = compare(dir.path(), &mut |_| {}, &mut wrong).unwrap();
        assert_eq!(counts.map(|counts| counts.applied_seq), Some(Seq(0)));
        assert_eq!(wrong, Vec::<String>::new());
    }
}
