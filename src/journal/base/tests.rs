//! Journals that lost their beginning by order: what is read of them, what a crash leaves, what damage is told.

use std::sync::Arc;

use super::*;
use crate::cluster::{Redacted, Verdicts, Version};
use crate::journal::archive;
use crate::journal::{Location, Log, Reader, Record, Scrub, Survey, Trim, scratch};
use crate::model::{Article, Timestamp, VersionId};

/// A version without words.
fn version(seq: u64) -> Entry {
    let version = Version {
        id: VersionId(seq),
        seen_at: Timestamp::EPOCH,
        extractor: 0,
        article: Article::default(),
        verdicts: Verdicts::default(),
        redacted: Some(Redacted { corrects: false, words: 7 }),
    };
    Entry { seq: Seq(seq), at: Timestamp::EPOCH, record: Record::Version(Box::new(version)) }
}

fn tick(seq: u64) -> Entry {
    Entry { seq: Seq(seq), at: Timestamp::EPOCH, record: Record::Tick }
}

/// Twelve records, of which the first is a version, in segments of two or three; and the file for the second of them, staged.
fn staged() -> (tempfile::TempDir, Log, u64) {
    let dir = scratch();
    let (mut log, _) = Log::open_with(dir.path(), 80).unwrap();
    log.append(&[version(1)]).unwrap();
    for seq in 2..=11 {
        log.append(&[tick(seq)]).unwrap();
    }
    let reader = log.reader();
    let upto = Seq(reader.closed()[2].1.0 - 1);
    let versions = &mut [Ok(version(1))].into_iter();
    let (file, digest) = reader.stage_trim(2, upto, b"the state", versions).unwrap();
    assert_eq!(file, "00000002.trim");
    let record = Record::Trim(Trim { upto, file, digest, gone: Vec::new() });
    log.append(&[Entry { seq: Seq(12), at: Timestamp::EPOCH, record }]).unwrap();
    (dir, log, digest)
}

fn seqs(reader: &Reader) -> Vec<u64> {
    reader.entries(Seq(1)).map(|entry| entry.unwrap().1.seq.0).collect()
}

/// What a trimmed journal gives.
fn check(reader: &Reader) {
    let base = reader.base().unwrap();
    assert_eq!((base.number(), base.versions()), (2, 1));
    assert_eq!(base.state().unwrap(), b"the state");
    assert_eq!(base.entries().map(Result::unwrap).collect::<Vec<_>>(), [version(1)]);
    let first = base.upto().0 + 1;
    assert!(first > 2 && seqs(reader) == (first..=12).collect::<Vec<_>>(), "{:?}", seqs(reader));
    assert_eq!(reader.read_seq(Seq(1), Location::default()).unwrap(), version(1));
    let gone = reader.read_seq(Seq(2), Location::default());
    assert!(matches!(gone, Err(JournalError::Absent { .. })), "{gone:?}");
    let last = Location { segment: 9999, offset: 0 };
    assert_eq!(reader.read_seq(Seq(11), last).unwrap(), tick(11));
}

fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(segment::folder(dir)).unwrap();
    let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "acknowledged").collect();
    names.sort();
    names
}

#[test]
fn a_trimmed_journal_reads_from_there_on_and_is_appended_to() {
    let (dir, mut log, digest) = staged();
    let reader = log.reader();
    assert!(
        reader.base().is_none() && seqs(&reader).len() == 12,
        "nothing stands for anything yet"
    );
    assert!(reader.carry_out_trim(2, digest).unwrap());
    check(&reader);
    assert_eq!(files(dir.path())[..2], ["00000002.trim", "00000003.log"]);
    assert!(reader.carry_out_trim(2, digest).unwrap(), "once more is nothing");
    log.append(&[tick(13)]).unwrap();
    drop(log);
    let (log, opened) = Log::open_with(dir.path(), 80).unwrap();
    assert_eq!(opened.last_seq, Seq(13));
    assert_eq!(seqs(&log.reader()).last(), Some(&13));
    assert_eq!(seqs(&Reader::open(dir.path()).unwrap()), seqs(&log.reader()));
    let survey = Survey::of(dir.path(), Seq(0)).unwrap();
    assert!(survey.holes.is_empty(), "{:?}", survey.holes);
    assert_eq!((survey.last, survey.stands), (Seq(13), 1));
    assert_eq!(survey.trimmed + survey.records, 13);
    let mut scrub = Scrub::new(log.reader());
    let steps: Vec<_> = (0..6).map(|_| scrub.step().unwrap()).collect();
    assert!(steps.iter().all(|step| step.found.is_ok()) && steps[0].segment == 2, "{steps:?}");
}

#[test]
fn a_crash_leaves_the_journal_before_or_after() {
    // Before the first segment goes: as if nothing were.
    let (dir, log, digest) = staged();
    drop(log);
    fs::write(path(dir.path(), 9).with_extension("trim.new"), "half").unwrap();
    let (log, _) = Log::open(dir.path()).unwrap();
    assert!(log.reader().base().is_none() && seqs(&log.reader()).len() == 12);
    assert!(files(dir.path()).iter().all(|name| !name.contains(".new")));
    let segments: Vec<_> = [1, 2].map(|number| fs::read(segment::path(dir.path(), number))).into();
    assert!(log.reader().carry_out_trim(2, digest).unwrap());
    check(&log.reader());
    drop(log);
    // After it: what is left goes at the next opening, and readers pass over it before.
    fs::write(segment::path(dir.path(), 1), segments[0].as_ref().unwrap()).unwrap();
    check(&Reader::open(dir.path()).unwrap());
    assert!(Survey::of(dir.path(), Seq(0)).unwrap().holes.is_empty());
    let (log, _) = Log::open(dir.path()).unwrap();
    check(&log.reader());
    assert!(!segment::path(dir.path(), 1).exists());
}

#[test]
fn a_staged_file_is_taken_back_and_one_in_force_is_not() {
    let (dir, log, digest) = staged();
    let reader = log.reader();
    reader.carry_out_trim(2, digest).unwrap();
    reader.drop_staged_trim(2).unwrap();
    check(&reader);
    let versions = &mut std::iter::empty();
    reader.stage_trim(3, Seq(9), b"", versions).unwrap();
    reader.drop_staged_trim(3).unwrap();
    assert!(!path(dir.path(), 3).exists());
}

#[test]
fn nothing_is_removed_for_a_file_that_is_not_the_one_that_was_written() {
    let (dir, log, digest) = staged();
    let before = files(dir.path());
    let told = log.reader().carry_out_trim(2, digest ^ 1).unwrap_err().to_string();
    assert!(told.contains("not the file"), "{told}");
    let path = path(dir.path(), 2);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, bad).unwrap();
        assert!(log.reader().carry_out_trim(2, digest).is_err(), "byte {at}");
        assert_eq!(files(dir.path()), before);
    }
}

#[test]
fn who_reads_old_segments_reads_them_to_their_end() {
    let (dir, log, digest) = staged();
    let reader = log.reader();
    let mut entries = reader.entries(Seq(1));
    entries.next().unwrap().unwrap();
    let other = reader.clone();
    let done = std::thread::spawn(move || other.carry_out_trim(2, digest).unwrap());
    while reader.base().is_none() {
        std::thread::yield_now();
    }
    assert!(segment::path(dir.path(), 2).exists());
    assert_eq!(entries.by_ref().map(|entry| entry.unwrap().1.seq.0).last(), Some(12));
    drop(entries);
    assert!(done.join().unwrap());
    check(&reader);
}

#[test]
fn a_damaged_or_missing_file_is_told_and_bridged_by_order_alone() {
    let (dir, log, digest) = staged();
    log.reader().carry_out_trim(2, digest).unwrap();
    drop(log);
    let path = path(dir.path(), 2);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, &bad).unwrap();
        let survey = Survey::of(dir.path(), Seq(0)).unwrap();
        let told = survey.holes.iter().any(|hole| hole.path == path);
        assert!(told, "byte {at}: {:?}", survey.holes);
        let read = Reader::open(dir.path()).and_then(|reader| reader.base().unwrap().state());
        assert!(read.is_err(), "byte {at}");
    }
    for bad in [&good[..good.len() - 1], &good[..20], &[]] {
        fs::write(&path, bad).unwrap();
        let told = Log::open(dir.path()).unwrap_err().to_string();
        assert!(told.contains("00000002.trim") && told.contains("--bridge"), "{told}");
    }
    fs::remove_file(&path).unwrap();
    let told = Log::open(dir.path()).unwrap_err().to_string();
    assert!(told.contains("00000001.log") && told.contains("00000002.trim"), "{told}");
    for bytes in [None, Some(&good[..30])] {
        let (home, dir) = (scratch(), dir.path());
        fs::create_dir(segment::folder(home.path())).unwrap();
        for name in files(dir) {
            let from = segment::folder(dir).join(&name);
            fs::copy(from, segment::folder(home.path()).join(name)).unwrap();
        }
        if let Some(bytes) = bytes {
            fs::write(super::path(home.path(), 2), bytes).unwrap();
        }
        let bridged = Survey::of(home.path(), Seq(12)).unwrap().bridge(Timestamp::EPOCH).unwrap();
        assert_eq!(bridged.kept.is_empty(), bytes.is_none(), "{:?}", bridged.kept);
        let (log, opened) = Log::open(home.path()).unwrap();
        assert!(log.reader().base().is_none());
        assert_eq!(opened.last_seq, Seq(12));
        let (first, last) = (bridged.gaps[0].from, bridged.gaps.last().unwrap().to);
        assert_eq!((first, seqs(&log.reader()).last().copied()), (Seq(1), Some(12)));
        assert!(last < Seq(12));
    }
}

#[test]
fn a_backup_of_a_trimmed_journal_brings_it_back() {
    let (dir, log, digest) = staged();
    log.reader().carry_out_trim(2, digest).unwrap();
    let home = scratch();
    let (backup, back) = (home.path().join("backup"), home.path().join("back"));
    let reader: Reader = log.reader();
    let written = archive::write_file(&reader, 1, &backup, &mut |_| {}).unwrap();
    assert_eq!(archive::restore(&backup, &back, &mut |_, _| {}).unwrap(), written);
    archive::end_restore(&back).unwrap();
    let (restored, opened) = Log::open(&back).unwrap();
    assert_eq!(opened.last_seq, Seq(12));
    check(&restored.reader());
    assert_eq!(
        fs::read(path(&back, 2)).unwrap(),
        fs::read(path(dir.path(), 2)).unwrap(),
        "byte for byte"
    );
    let good = fs::read(&backup).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&backup, bad).unwrap();
        let other = home.path().join("other");
        assert!(archive::restore(&backup, &other, &mut |_, _| {}).is_err(), "byte {at}");
        assert!(!other.exists());
    }
    let shared: Arc<Base> = reader.base().unwrap();
    copy(&shared, home.path()).unwrap();
    let (copied, opened) = Log::open(home.path()).unwrap();
    assert_eq!(opened.last_seq, shared.upto());
    assert_eq!(seqs(&copied.reader()), [0_u64; 0]);
}
