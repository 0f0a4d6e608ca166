//! A journal judged again beside the present one, to the present one.
//!
//! ```text
//! DIR/judging/journal   being written
//! DIR/journal.judged    written to its end   ──►  DIR/journal, while the old one becomes DIR/journal.before
//! ```
//! A crash leaves the old journal or the new one. Where it comes between the two last renames, the next opening makes the last.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Base, JournalError, base, generation, segment};

/// Where a journal may be judged again beside the one of `dir`: a data directory of its own, empty but for the file that a trimmed journal begins with. What an earlier attempt left is
/// removed. The caller holds the lock of `dir`.
pub fn beside(dir: &Path) -> Result<PathBuf, JournalError> {
    let judging = judging(dir);
    remove(&judging)?;
    remove(&dir.join(WHOLE))?;
    fs::create_dir(&judging).map_err(|source| JournalError::io("make", &judging, source))?;
    if let Some(number) = base::in_force(dir, &segment::numbers(dir)?)? {
        base::copy(&Base::open(dir, number)?, &judging)?;
    }
    Ok(judging)
}

/// Puts the journal that was written at [`beside`], to its end and with its log dropped, in place of the one of `dir`; gives the
/// generation that begins with it. The old one is kept as `journal.before`, one such at the most.
pub fn put_in_place(dir: &Path) -> Result<u64, JournalError> {
    let (journal, whole, before) = (segment::folder(dir), dir.join(WHOLE), dir.join(BEFORE));
    rename(&segment::folder(&judging(dir)), &whole)?;
    segment::sync_names(dir)?;
    // Before the records are others: a crash in between costs clients a needless fetch of their lists and no more.
    let raised = generation::raise(dir)?;
    remove(&before)?;
    rename(&journal, &before)?;
    rename(&whole, &journal)?;
    segment::sync_names(dir)?;
    remove(&judging(dir))?;
    Ok(raised)
}

/// Drops what was written at [`beside`].
pub fn drop_beside(dir: &Path) -> Result<(), JournalError> {
    remove(&judging(dir))
}

/// Removes the journal as it was before it was last judged again.
pub fn forget_before(dir: &Path) -> Result<(), JournalError> {
    remove(&dir.join(BEFORE))
}

/// Ends a change of journals that a crash cut short. The caller holds the lock of `dir`.
pub(super) fn mend(dir: &Path) -> Result<(), JournalError> {
    let (journal, whole) = (segment::folder(dir), dir.join(WHOLE));
    if whole.exists() && !journal.exists() {
        rename(&whole, &journal)?;
        segment::sync_names(dir)?;
    }
    remove(&whole)?;
    remove(&judging(dir))
}

/// A journal written to its end that has not its place yet.
const WHOLE: &str = "journal.judged";

/// The journal as it was.
const BEFORE: &str = "journal.before";

fn judging(dir: &Path) -> PathBuf {
    dir.join("judging")
}

fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    fs::rename(from, to).map_err(|source| JournalError::io("name", to, source))
}

fn remove(path: &Path) -> Result<(), JournalError> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(|source| JournalError::io("remove", path, source))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Entry, Log, Lost, Record};
    use crate::model::{Seq, Timestamp};

    fn write(dir: &Path, reason: &str) {
        let (mut log, _) = Log::open(dir).unwrap();
        let record = Record::Lost(Lost { reason: reason.to_owned(), ..Lost::default() });
        log.append(&[Entry { seq: Seq(1), at: Timestamp::EPOCH, record }]).unwrap();
    }

    fn reason(dir: &Path) -> String {
        let (log, _) = Log::open(dir).unwrap();
        let first = log.reader().entries(Seq(1)).next();
        let Some(Ok((_, Entry { record: Record::Lost(lost), .. }))) = first else { panic!() };
        lost.reason
    }

    /// A directory with an old journal and one judged again beside it.
    fn two() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "old");
        write(&beside(dir.path()).unwrap(), "new");
        dir
    }

    #[test]
    fn the_new_journal_takes_the_place_of_the_old_one_under_the_next_generation() {
        let dir = two();
        assert_eq!(put_in_place(dir.path()).unwrap(), 2);
        assert_eq!(reason(dir.path()), "new");
        assert!(dir.path().join("journal.before/00000001.log").exists());
        assert!(!judging(dir.path()).exists());
    }

    #[test]
    fn a_crash_leaves_the_old_journal_or_the_new_one() {
        let dir = two();
        assert_eq!(reason(dir.path()), "old");
        assert!(!judging(dir.path()).exists(), "half a journal is of no use");

        let dir = two();
        let whole = dir.path().join(WHOLE);
        rename(&segment::folder(&judging(dir.path())), &whole).unwrap();
        assert_eq!(reason(dir.path()), "old");
        assert!(!whole.exists());

        let dir = two();
        rename(&segment::folder(&judging(dir.path())), &dir.path().join(WHOLE)).unwrap();
        rename(&segment::folder(dir.path()), &dir.path().join("journal.before")).unwrap();
        assert_eq!(reason(dir.path()), "new");
    }
}
