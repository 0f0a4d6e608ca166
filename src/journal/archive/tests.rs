//! Backups whole, cut, flipped and taken under way.

use super::*;
use crate::journal::{Entry, Gap, Log, Lost, Record};
use crate::model::Timestamp;

fn entry(seq: u64, record: Record) -> Entry {
    Entry { seq: Seq(seq), at: Timestamp::from_secs(seq.cast_signed()), record }
}

fn lost(seq: u64) -> Entry {
    let reason = format!("page {seq} says nothing");
    entry(seq, Record::Lost(Lost { reason, ..Lost::default() }))
}

/// A journal of five numbers, of which a gap takes two, and its backup.
fn backed_up() -> (tempfile::TempDir, Log, PathBuf, Backup) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let (mut log, _) = Log::open(&data).unwrap();
    let gap = Gap { from: Seq(3), to: Seq(4), why: "a disk died".to_owned() };
    log.append(&[lost(1), lost(2)]).unwrap();
    log.append(&[entry(4, Record::Gap(gap)), lost(5)]).unwrap();
    let to = dir.path().join("backup");
    let backup = write_file(&log.reader(), 7, &to, &mut |_| {}).unwrap();
    (dir, log, to, backup)
}

fn all(dir: &Path) -> Vec<Entry> {
    let reader = Reader::open(dir).unwrap();
    reader.entries(Seq(1)).map(|entry| entry.unwrap().1).collect()
}

fn restored(from: &Path, into: &Path) -> Result<Backup, JournalError> {
    let backup = restore(from, into, &mut |_, _| {})?;
    end_restore(into).map(|()| backup)
}

#[test]
fn a_backup_restores_to_the_same_records_under_the_next_generation() {
    let (dir, _log, to, backup) = backed_up();
    let into = dir.path().join("new/data");
    assert_eq!(restored(&to, &into).unwrap(), backup);
    assert_eq!((backup.generation, backup.last), (7, Seq(5)));
    assert_eq!(backup.bytes, fs::metadata(&to).unwrap().len());
    assert_eq!(generation(&into).unwrap(), 8);
    assert_eq!(all(&into), all(&dir.path().join("data")));
    assert_eq!(Log::open(&into).unwrap().1.last_seq, Seq(5));
    assert!(!beside(&to).exists());
}

#[test]
fn what_comes_while_it_is_taken_is_not_in_it() {
    let (dir, mut log, to, _) = backed_up();
    let reader = log.reader();
    let mut next = 6;
    let mut append = |_| {
        log.append(&[lost(next)]).unwrap();
        next += 1;
    };
    let backup = write_file(&reader, 1, &to, &mut append).unwrap();
    assert_eq!((backup.last, next), (Seq(5), 10));
    let into = dir.path().join("new");
    restored(&to, &into).unwrap();
    assert_eq!(all(&into).len(), 4);
}

#[test]
fn a_directory_that_holds_anything_is_left_alone() {
    let (dir, log, to, _) = backed_up();
    drop(log);
    let data = dir.path().join("data");
    assert!(matches!(restored(&to, &data), Err(JournalError::NotEmpty { .. })));
    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letters"), "mine").unwrap();
    assert!(matches!(restored(&to, &other), Err(JournalError::NotEmpty { .. })));
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
}

#[test]
fn a_cut_or_flipped_backup_is_refused_and_makes_nothing() {
    let (dir, _log, to, _) = backed_up();
    let bytes = fs::read(&to).unwrap();
    let bad = dir.path().join("bad");
    let into = dir.path().join("new");
    let refuse = |bytes: &[u8], what: &str| {
        fs::write(&bad, bytes).unwrap();
        let fault = restored(&bad, &into).expect_err(what);
        assert!(matches!(fault, JournalError::NoBackup { .. }), "{what}: {fault}");
        assert!(!into.exists(), "{what}");
    };
    for cut in 0..bytes.len() {
        refuse(&bytes[..cut], &format!("cut at {cut}"));
    }
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        refuse(&flipped, &format!("flipped at {at}"));
    }
    let mut longer = bytes.clone();
    longer.push(0);
    refuse(&longer, "a byte too many");
}

#[test]
fn a_restore_that_did_not_end_begins_no_history_and_can_be_made_again() {
    let (dir, _log, to, backup) = backed_up();
    let into = dir.path().join("new");
    for left in [RESTORING, "journal"] {
        fs::create_dir_all(into.join(left)).unwrap();
        fs::write(into.join(left).join("00000001.log"), "half").unwrap();
    }
    fs::write(into.join(MARK), "").unwrap();
    let is_refused =
        |fault: Option<JournalError>| matches!(fault, Some(JournalError::Unrestored { .. }));
    assert!(is_refused(Log::open(&into).err()));
    assert!(is_refused(Log::open_to_erase(&into).err()));
    assert!(is_refused(Reader::open(&into).err()));
    assert_eq!(restored(&to, &into).unwrap(), backup);
    assert_eq!(Log::open(&into).unwrap().1.last_seq, Seq(5));
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing() {
    let (dir, log, _, _) = backed_up();
    let nowhere = dir.path().join("no/such/folder/backup");
    assert!(write_file(&log.reader(), 1, &nowhere, &mut |_| {}).is_err());
    let mut full = Full(20);
    let fault = write(&log.reader(), 1, Path::new("pipe"), &mut full, &mut |_| {}).unwrap_err();
    assert!(fault.to_string().contains("could not write pipe"), "{fault}");
}

/// Takes so many bytes and no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
