//! Small journals, damaged in every place: what is told of it, and what stands after it was bridged.

use super::*;
use crate::journal::{Log, Lost, Reader, scratch};

const LAST: u64 = 12;

fn lost(seq: u64) -> Entry {
    let reason = format!("reason {seq}");
    let record = Record::Lost(Lost { source: "mara".into(), url: String::new(), reason });
    Entry { seq: Seq(seq), at: Timestamp::from_secs(seq.cast_signed()), record }
}

/// A journal of twelve records, two a batch, so many bytes a segment.
fn journal(segment_bytes: u64) -> tempfile::TempDir {
    let dir = scratch();
    let (mut log, _) = Log::open_with(dir.path(), segment_bytes).unwrap();
    for first in (1..LAST).step_by(2) {
        log.append(&[lost(first), lost(first + 1)]).unwrap();
    }
    dir
}

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let names = fs::read_dir(segment::folder(dir)).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = names.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

fn put_back(dir: &Path, whole: &[(PathBuf, Vec<u8>)]) {
    for (path, _) in files(dir) {
        fs::remove_file(path).unwrap();
    }
    for (path, bytes) in whole {
        fs::write(path, bytes).unwrap();
    }
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "log")
}

/// Bridges the journal and sees that it is whole after it, that every number is there once, and that what is kept is what was
/// there; gives the numbers that are lost.
fn bridged(dir: &Path, told: &str) -> Vec<u64> {
    let before = files(dir);
    let survey = Survey::of(dir, Seq(0)).unwrap();
    assert!(!survey.holes.is_empty(), "{told}: silent");
    let generation = generation(dir).unwrap();
    let done = survey.bridge(Timestamp::EPOCH).unwrap();
    assert_eq!(done.generation, generation + 1);
    for kept in &done.kept {
        let bytes = fs::read(kept).unwrap();
        assert!(before.iter().any(|(_, old)| *old == bytes), "{told}: {} is new", kept.display());
    }
    let again = Survey::of(dir, Seq(0)).unwrap();
    assert_eq!(again.holes, [], "{told}");
    let (mut log, opened) = Log::open(dir).unwrap();
    assert_eq!((opened.last_seq, opened.cut_bytes), (again.last, 0), "{told}");
    let (mut next, mut gone) = (1, Vec::new());
    for entry in log.reader().entries(Seq(1)) {
        let entry = entry.unwrap().1;
        assert_eq!(entry.first(), Seq(next), "{told}");
        next = entry.seq.0 + 1;
        match &entry.record {
            Record::Gap(gap) => {
                assert!(done.gaps.contains(gap), "{told}");
                gone.extend(gap.from.0..=gap.to.0);
            }
            _ => assert_eq!(entry, lost(entry.seq.0), "{told}"),
        }
    }
    assert_eq!(again.gone, gone.len() as u64);
    assert_eq!(next, log.last_seq().0 + 1, "{told}");
    assert!(next > LAST, "{told}: {next} is given out again");
    log.append(&[lost(next)]).unwrap();
    gone
}

#[test]
fn a_whole_journal_has_no_hole_and_a_torn_end_is_none() {
    let dir = journal(300);
    let survey = Survey::of(dir.path(), Seq(0)).unwrap();
    assert_eq!((survey.records, survey.last, survey.holes.len()), (LAST, Seq(LAST), 0));
    let (tail, bytes) = files(dir.path()).into_iter().rfind(|(path, _)| is_segment(path)).unwrap();
    for torn in [&b"half a frame"[..], &[0; 4096]] {
        fs::write(&tail, [&bytes, torn].concat()).unwrap();
        assert_eq!(Survey::of(dir.path(), Seq(0)).unwrap().holes, []);
    }
    fs::write(&tail, &bytes).unwrap();
    let told = Survey::of(dir.path(), Seq(20)).unwrap().holes;
    assert!(told[0].what.contains("records 13 to 20 are lost"), "the rows know of more: {told:?}");
}

#[test]
fn every_flipped_byte_is_told_and_bridged_with_one_record_lost() {
    let dir = journal(500);
    let whole = files(dir.path());
    assert_eq!(whole.iter().filter(|(path, _)| is_segment(path)).count(), 2);
    for (path, bytes) in whole.iter().filter(|(path, _)| is_segment(path)) {
        // Every byte of the first frames, and then enough of the others.
        for at in (0..80).chain((80..bytes.len()).step_by(3)).chain(bytes.len() - 60..bytes.len()) {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(path, &bad).unwrap();
            let told = format!("{} byte {at}", path.display());
            assert_eq!(bridged(dir.path(), &told).len(), 1, "{told}");
            put_back(dir.path(), &whole);
        }
    }
}

#[test]
fn every_cut_of_a_file_is_told_and_bridged() {
    let dir = journal(150);
    let whole = files(dir.path());
    for (path, bytes) in whole.iter().filter(|(path, _)| is_segment(path)) {
        for keep in (0..bytes.len()).step_by(5) {
            fs::write(path, &bytes[..keep]).unwrap();
            let told = format!("{} ends at {keep}", path.display());
            let gone = bridged(dir.path(), &told);
            assert!(!gone.is_empty() && gone.len() <= 2, "{told}: {gone:?}");
            put_back(dir.path(), &whole);
        }
    }
}

#[test]
fn files_that_are_missing_or_all_garbage_are_told_and_bridged() {
    let dir = journal(150);
    let whole = files(dir.path());
    let segments: Vec<&PathBuf> =
        whole.iter().map(|(path, _)| path).filter(|path| is_segment(path)).collect();
    assert_eq!(segments.len(), 6);
    for (which, garbage) in (1_u32..64).flat_map(|which| [(which, false), (which, true)]) {
        let gone = (0..6).filter(|at| which & 1 << at != 0);
        let mut expected = Vec::new();
        for at in gone {
            expected.extend([2 * at + 1, 2 * at + 2]);
            if garbage {
                fs::write(segments[at as usize], [0xa5; 333]).unwrap();
            } else {
                fs::remove_file(segments[at as usize]).unwrap();
            }
        }
        assert_eq!(bridged(dir.path(), &format!("files {which:b}")), expected);
        put_back(dir.path(), &whole);
    }
}

#[test]
fn bytes_in_the_way_are_cleared_and_no_number_is_lost() {
    let dir = journal(500);
    let whole = files(dir.path());
    let (path, bytes) = &whole[0];
    fs::write(path, [&b"in the way"[..], bytes, &bytes[..60]].concat()).unwrap();
    assert_eq!(bridged(dir.path(), "bytes before and after"), [] as [u64; 0]);
    put_back(dir.path(), &whole);
    let junk = segment::path(dir.path(), 3);
    fs::rename(segment::path(dir.path(), 2), &junk).unwrap();
    fs::write(segment::path(dir.path(), 2), b"a file of another program").unwrap();
    let told = Survey::of(dir.path(), Seq(0)).unwrap_err().to_string();
    assert!(told.contains("00000002.log") && told.contains("by hand"), "{told}");
}

#[test]
fn a_bridge_that_a_crash_broke_off_is_gone_over_again() {
    let dir = journal(150);
    for number in [2, 4] {
        fs::write(segment::path(dir.path(), number), [7; 99]).unwrap();
    }
    let survey = Survey::of(dir.path(), Seq(0)).unwrap();
    // As far as the first file, and the generation is raised.
    for plan in survey.files.iter().filter(|plan| plan.changes) {
        survey.write_anew(plan, Timestamp::EPOCH).unwrap();
    }
    generation::raise(dir.path()).unwrap();
    survey.put_in_place(survey.files.iter().find(|plan| plan.changes).unwrap()).unwrap();
    assert!(
        Reader::open(dir.path())
            .and_then(|reader| reader.entries(Seq(1)).collect::<Result<Vec<_>, _>>())
            .is_err()
    );
    let survey = Survey::of(dir.path(), Seq(0)).unwrap();
    assert_eq!((survey.holes.len(), survey.gone), (1, 2), "{:?}", survey.holes);
    assert_eq!(survey.bridge(Timestamp::EPOCH).unwrap().generation, 3);
    let read: Vec<_> =
        Reader::open(dir.path()).unwrap().entries(Seq(1)).map(|entry| entry.unwrap().1).collect();
    assert_eq!(read.iter().filter(|entry| matches!(entry.record, Record::Gap(_))).count(), 2);
}

#[test]
fn a_last_record_that_is_whole_and_does_not_read_is_no_torn_end() {
    let dir = journal(500);
    let file = segment::path(dir.path(), 2);
    let mut bytes = fs::read(&file).unwrap();
    frame::push(&mut bytes, LAST + 1, b"no record");
    fs::write(&file, &bytes).unwrap();
    assert_eq!(bridged(dir.path(), "an unreadable record"), [LAST + 1]);
}

#[test]
fn what_a_newer_program_wrote_is_no_hole() {
    let dir = journal(500);
    let mut bytes = fs::read(segment::path(dir.path(), 2)).unwrap();
    frame::push(&mut bytes, LAST + 1, &[200, 0, 0, 0, 0]);
    fs::write(segment::path(dir.path(), 2), &bytes).unwrap();
    assert!(matches!(Survey::of(dir.path(), Seq(0)), Err(JournalError::Newer { .. })));
}
