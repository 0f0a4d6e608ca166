//! Journals in temporary directories: appended to, cut, damaged, refused, and read back.

use super::*;
use crate::journal::acked::Acked;
use crate::journal::disk::Op;
use crate::journal::{Gap, Lost, scratch, segment::path};
use crate::model::Timestamp;

fn lost(seq: u64, reason: &str) -> Entry {
    let record =
        Record::Lost(Lost { source: "mara".into(), url: String::new(), reason: reason.to_owned() });
    Entry { seq: Seq(seq), at: Timestamp::from_secs(seq.cast_signed()), record }
}

pub(super) fn run(seqs: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
    seqs.map(|seq| lost(seq, &format!("reason {seq}"))).collect()
}

pub(super) fn read_all(reader: &Reader, from: u64) -> Vec<Entry> {
    reader.entries(Seq(from)).map(|entry| entry.unwrap().1).collect()
}

/// A journal of ten records, one a batch, in segments of about three.
fn ten() -> (tempfile::TempDir, Vec<Location>) {
    let dir = scratch();
    let (mut log, _) = Log::open_with(dir.path(), 200).unwrap();
    let places = run(1..=10).into_iter().flat_map(|entry| log.append(&[entry]).unwrap()).collect();
    (dir, places)
}

#[test]
fn what_was_appended_is_read_by_place_and_in_turn_after_reopening() {
    let (dir, places) = ten();
    assert!(places.last().unwrap().segment > 2, "{places:?}");
    let (log, opened) = Log::open(dir.path()).unwrap();
    let segments = places.last().unwrap().segment as usize;
    assert_eq!(opened, Opened { last_seq: Seq(10), segments, ..Opened::default() });
    let reader = log.reader();
    for from in 0..=11 {
        assert_eq!(read_all(&reader, from), run(from.max(1)..=10), "from {from}");
    }
    for (place, entry) in places.iter().zip(run(1..=10)) {
        assert_eq!(reader.read(*place).unwrap(), entry);
    }
    let walked: Vec<_> = reader.entries(Seq(1)).map(|entry| entry.unwrap().0).collect();
    assert_eq!(walked, places);
}

#[test]
fn a_reader_sees_a_batch_once_it_is_durable_and_never_before() {
    let dir = scratch();
    let disk = disk::model::begin();
    let (mut log, _) = Log::open(dir.path()).unwrap();
    let reader = log.reader();
    assert_eq!(read_all(&reader, 1), []);
    log.append(&run(1..=2)).unwrap();
    assert_eq!(read_all(&reader, 1), run(1..=2));
    disk.fail(Op::Sync);
    disk.fail(Op::Cut);
    log.append(&run(3..=3)).unwrap_err();
    assert_eq!(read_all(&reader, 1), run(1..=2), "written, but not durable");
    let beyond = Location { segment: 1, offset: log.tail.end };
    assert!(matches!(reader.read(beyond), Err(JournalError::Absent { .. })));
}

#[test]
fn an_entry_out_of_turn_is_refused_and_nothing_is_written() {
    let dir = scratch();
    let (mut log, _) = Log::open(dir.path()).unwrap();
    let check = |log: &mut Log, seqs: &[u64], expected: &str| {
        let entries: Vec<_> = seqs.iter().map(|&seq| lost(seq, "x")).collect();
        assert_eq!(log.append(&entries).unwrap_err().to_string(), expected);
        assert_eq!(log.last_seq(), Seq(0));
    };
    check(&mut log, &[2], "record 2 came where 1 is next");
    check(&mut log, &[1, 3], "record 3 came where 2 is next");
    let mut version = crate::cluster::Version {
        id: crate::model::VersionId(9),
        seen_at: Timestamp::EPOCH,
        extractor: 0,
        article: crate::model::Article::default(),
        verdicts: crate::cluster::Verdicts::default(),
        redacted: None,
    };
    let at = Timestamp::EPOCH;
    let entry = |version| Entry { seq: Seq(1), at, record: Record::Version(Box::new(version)) };
    assert!(log.append(&[entry(version.clone())]).is_err());
    version.id.0 = 1;
    log.append(&[entry(version)]).unwrap();
}

/// Makes the journal say that nothing after `seq` was ever acknowledged.
fn acknowledged(dir: &Path, seq: u64) {
    drop(Acked::open(dir, seq).unwrap());
}

/// Every file of a journal folder, by name.
fn files(dir: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let names = fs::read_dir(segment::folder(dir)).unwrap().map(|file| file.unwrap().path());
    names
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
        })
        .collect()
}

#[test]
fn every_cut_of_a_record_that_nobody_was_told_of_is_cut_off_kept_and_said() {
    let (dir, places) = ten();
    let last = *places.last().unwrap();
    let file = path(dir.path(), last.segment);
    let whole = fs::read(&file).unwrap();
    for keep in last.offset..whole.len() as u64 {
        fs::write(&file, &whole[..keep as usize]).unwrap();
        acknowledged(dir.path(), 9);
        assert_eq!(Reader::open(dir.path()).unwrap().last_seq(), Seq(9));
        let (mut log, opened) = Log::open_with(dir.path(), 200).unwrap();
        assert_eq!((opened.last_seq, opened.cut_bytes), (Seq(9), keep - last.offset));
        let kept = opened.cut_kept.map(|path| fs::read(path).unwrap()).unwrap_or_default();
        assert_eq!(kept, whole[last.offset as usize..keep as usize]);
        assert_eq!(log.append(&run(10..=10)).unwrap(), [last]);
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn what_was_acknowledged_and_is_not_there_is_damage_wherever_the_file_ends() {
    let (dir, places) = ten();
    let last = places.last().unwrap();
    let file = path(dir.path(), last.segment);
    let whole = fs::read(&file).unwrap();
    for keep in 0..whole.len() {
        fs::write(&file, &whole[..keep]).unwrap();
        let before = files(dir.path());
        let told = Log::open(dir.path()).unwrap_err().to_string();
        assert!(told.contains("acknowledged") && told.contains("10"), "{keep}: {told}");
        assert!(Reader::open(dir.path()).is_err());
        assert_eq!(files(dir.path()), before, "nothing is changed");
    }
    fs::remove_file(&file).unwrap();
    assert!(Log::open(dir.path()).unwrap_err().to_string().contains("acknowledged"));
    for name in files(dir.path()).keys().filter(|name| *name != "acknowledged") {
        fs::remove_file(segment::folder(dir.path()).join(name)).unwrap();
    }
    let told = Log::open(dir.path()).unwrap_err().to_string();
    assert!(told.contains("records 1 to 10"), "{told}");
}

#[test]
fn a_batch_that_a_power_cut_wrote_in_part_is_cut_whatever_part_that_was() {
    let dir = scratch();
    let (mut log, _) = Log::open(dir.path()).unwrap();
    log.append(&run(1..=3)).unwrap();
    let acked = fs::read(segment::folder(dir.path()).join("acknowledged")).unwrap();
    let batch = log.append(&run(4..=8)).unwrap();
    drop(log);
    let file = path(dir.path(), 1);
    let whole = fs::read(&file).unwrap();
    for (at, place) in batch.iter().enumerate() {
        let mut torn = whole.clone();
        torn[place.offset as usize..][..HEADER_BYTES].fill(0);
        fs::write(&file, &torn).unwrap();
        fs::write(segment::folder(dir.path()).join("acknowledged"), &acked).unwrap();
        let (_, opened) = Log::open(dir.path()).unwrap();
        assert_eq!(opened.last_seq, Seq(3 + at as u64));
        assert_eq!(fs::read(opened.cut_kept.unwrap()).unwrap(), torn[place.offset as usize..]);
    }
}

#[test]
fn every_flipped_byte_of_a_journal_is_harmless_or_told() {
    let dir = scratch();
    let (mut log, _) = Log::open_with(dir.path(), 300).unwrap();
    for batch in [1..=2, 3..=4, 5..=7, 8..=8] {
        log.append(&run(batch)).unwrap();
    }
    drop(log);
    let whole = files(dir.path());
    assert_eq!(whole.keys().collect::<Vec<_>>(), ["00000001.log", "00000002.log", "acknowledged"]);
    for (name, bytes) in &whole {
        let file = segment::folder(dir.path()).join(name);
        for at in 0..bytes.len() {
            {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << (at % 8);
                fs::write(&file, &bad).unwrap();
                let read = Log::open_with(dir.path(), 300).and_then(|(log, _)| {
                    log.reader()
                        .entries(Seq(1))
                        .map(|entry| Ok(entry?.1))
                        .collect::<Result<Vec<_>, _>>()
                });
                match read {
                    Ok(entries) => {
                        assert_eq!(entries, run(1..=8), "{name} byte {at}: silent");
                        assert_eq!(name, "acknowledged", "byte {at} is read and does not count");
                    }
                    Err(told) => {
                        let told = told.to_string();
                        assert!(told.contains(name.as_str()), "{name} byte {at}: {told}");
                        assert_eq!(fs::read(&file).unwrap(), bad, "it was changed");
                    }
                }
                for (name, bytes) in &whole {
                    fs::write(segment::folder(dir.path()).join(name), bytes).unwrap();
                }
            }
        }
    }
    assert_eq!(files(dir.path()), whole, "nothing was cut");
}

#[test]
fn a_journal_does_not_begin_in_its_middle() {
    let (dir, _) = ten();
    fs::remove_file(path(dir.path(), 1)).unwrap();
    let told = Log::open(dir.path()).unwrap_err().to_string();
    assert!(told.contains("00000001.log") && told.contains("missing"), "{told}");
    fs::rename(path(dir.path(), 2), path(dir.path(), 1)).unwrap();
    fs::rename(path(dir.path(), 3), path(dir.path(), 2)).unwrap();
    let told = Log::open(dir.path()).unwrap_err().to_string();
    assert!(told.contains("where 1 belongs"), "{told}");
}

#[test]
fn damage_before_whole_records_names_segment_and_byte_and_changes_nothing() {
    let dir = scratch();
    let places = Log::open(dir.path()).unwrap().0.append(&run(1..=5)).unwrap();
    let file = path(dir.path(), 1);
    let whole = fs::read(&file).unwrap();
    for at in (0..places[4].offset).flat_map(|at| [at, at]) {
        let mut bad = whole.clone();
        bad[at as usize] ^= 0x10;
        fs::write(&file, &bad).unwrap();
        // With what was acknowledged, then in a journal of a build that did not note it.
        let noted = segment::folder(dir.path()).join("acknowledged");
        if fs::remove_file(&noted).is_err() {
            acknowledged(dir.path(), 5);
        }
        let told = Log::open(dir.path()).unwrap_err();
        let JournalError::Damaged { path, offset, .. } = told else { panic!("{told}") };
        assert_eq!(path, file);
        assert!(
            places.iter().any(|place| place.offset == offset && offset <= at),
            "{at}: {offset}"
        );
        assert_eq!(fs::read(&file).unwrap(), bad);
    }
}

#[test]
fn damage_in_a_closed_segment_is_said_by_whoever_reads_it() {
    let (dir, places) = ten();
    let place = places[1];
    assert_eq!(place.segment, 1);
    let file = path(dir.path(), 1);
    let mut bytes = fs::read(&file).unwrap();
    bytes[place.offset as usize + HEADER_BYTES] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let read: Vec<_> = reader.entries(Seq(1)).collect();
    assert_eq!(read.len(), 2, "the first record, then the damage, then nothing");
    let told = read[1].as_ref().unwrap_err().to_string();
    assert!(
        told.contains("00000001.log is damaged at byte") && told.contains("checksum"),
        "{told}"
    );
    assert!(matches!(reader.read(place), Err(JournalError::Damaged { .. })));
    assert!(reader.read(places[2]).is_ok());
}

#[test]
fn a_closed_segment_that_is_short_or_missing_is_damage() {
    let (dir, _) = ten();
    fs::remove_file(path(dir.path(), 2)).unwrap();
    let told = Log::open(dir.path()).unwrap_err().to_string();
    assert!(told.contains("00000002.log") && told.contains("missing"), "{told}");

    let (dir, _) = ten();
    let file = path(dir.path(), 1);
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let reader = Log::open(dir.path()).unwrap().0.reader();
    assert!(reader.entries(Seq(1)).any(|entry| entry.is_err()));
}

#[test]
fn an_empty_last_segment_is_what_a_crash_after_rolling_leaves() {
    let (dir, places) = ten();
    let number = places.last().unwrap().segment + 1;
    fs::write(path(dir.path(), number), b"").unwrap();
    let (mut log, opened) = Log::open_with(dir.path(), 200).unwrap();
    assert_eq!((opened.last_seq, opened.segments), (Seq(10), number as usize));
    assert_eq!(log.append(&run(11..=11)).unwrap(), [Location { segment: number, offset: 0 }]);
    assert_eq!(read_all(&log.reader(), 9), run(9..=11));
}

#[test]
fn a_frame_of_a_newer_format_is_no_damage() {
    let dir = scratch();
    drop(Log::open(dir.path()).unwrap());
    let mut bytes = Vec::new();
    frame::push(&mut bytes, 1, &[200, 0, 0, 0, 0]);
    fs::write(path(dir.path(), 1), &bytes).unwrap();
    let told = Log::open(dir.path()).unwrap().0.reader().entries(Seq(1)).next().unwrap();
    let told = told.unwrap_err().to_string();
    assert!(told.contains("kind 200") && told.contains("run the version that wrote it"), "{told}");
}

#[test]
fn a_directory_that_cannot_be_used_says_what_to_do() {
    let dir = scratch();
    let told = |fault: JournalError| fault.to_string();
    let none = dir.path().join("none/there");
    assert!(told(Log::open(&none).unwrap_err()).contains("mkdir -p"));
    assert!(told(Reader::open(&none).unwrap_err()).contains("mkdir -p"));
    assert!(told(Reader::open(dir.path()).unwrap_err()).contains("holds no journal"));
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(told(Log::open(&file).unwrap_err()).contains("file"));
    let _first = Log::open(dir.path()).unwrap();
    assert!(told(Log::open(dir.path()).unwrap_err()).contains("in use by process"));
}

#[test]
fn a_gap_stands_for_numbers_that_are_never_given_out_again() {
    let dir = scratch();
    let (mut log, _) = Log::open_with(dir.path(), 200).unwrap();
    log.append(&run(1..=2)).unwrap();
    let gap = |from, to| {
        let record = Record::Gap(Gap { from: Seq(from), to: Seq(to), why: "rot".to_owned() });
        Entry { seq: Seq(to), at: Timestamp::EPOCH, record }
    };
    for (from, to) in [(2, 5), (4, 5), (3, 2)] {
        assert!(log.append(&[gap(from, to)]).is_err(), "{from} to {to}");
    }
    let mut elsewhere = gap(3, 5);
    elsewhere.seq = Seq(6);
    assert!(log.append(&[elsewhere]).is_err(), "a gap stands at its last number");
    log.append(&[gap(3, 1_000_000), lost(1_000_001, "next")]).unwrap();
    log.append(&[lost(1_000_002, "and on")]).unwrap();
    let mut expected = run(1..=2);
    let after = [lost(1_000_001, "next"), lost(1_000_002, "and on")];
    expected.push(gap(3, 1_000_000));
    expected.extend(after.clone());
    assert_eq!(read_all(&log.reader(), 1), expected);
    assert_eq!(read_all(&log.reader(), 3), expected[2..]);
    assert_eq!(read_all(&log.reader(), 500_000), expected[2..]);
    assert_eq!(read_all(&log.reader(), 1_000_001), after);
    drop(log);
    let (log, opened) = Log::open(dir.path()).unwrap();
    assert_eq!(opened.last_seq, Seq(1_000_002));
    assert_eq!(read_all(&log.reader(), 1), expected);
}

#[test]
fn a_hole_without_a_gap_is_damage() {
    let dir = scratch();
    drop(Log::open(dir.path()).unwrap());
    let bytes = [1, 2, 4].iter().fold(Vec::new(), |mut bytes, &seq| {
        frame::push(&mut bytes, seq, &record::encode(&lost(seq, "x")).unwrap());
        bytes
    });
    fs::write(path(dir.path(), 1), &bytes).unwrap();
    let told = Log::open(dir.path()).unwrap_err().to_string();
    assert!(told.contains("record 4 stands where 3 belongs"), "{told}");
}
