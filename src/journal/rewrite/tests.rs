//! Rewritten segments: what stays, what moves, what a crash leaves, and that damage is not hidden by it.

use super::*;
use crate::journal::{Log, Lost, scratch};
use crate::model::Timestamp;

fn lost(seq: u64, reason: &str) -> Entry {
    let lost =
        Lost { source: "alba".into(), url: format!("http://a/{seq}"), reason: reason.to_owned() };
    Entry { seq: Seq(seq), at: Timestamp::from_secs(seq.cast_signed()), record: Record::Lost(lost) }
}

/// Words that do not compress, so that segments fill.
fn words(seed: u64) -> String {
    let word = |n: u64| format!("{:x}", (seed * 131 + n).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (0..40).map(word).collect::<Vec<_>>().concat()
}

/// A log of `records` records in segments of a few, and where each lies.
fn log(dir: &Path, records: u64) -> (Log, Vec<Location>) {
    let (mut log, _) = Log::open_with(dir, 2000).unwrap();
    let places = (1..=records).flat_map(|seq| log.append(&[lost(seq, &words(seq))]).unwrap());
    let places = places.collect();
    (log, places)
}

/// Cuts the reason of every other record.
fn shorten(entry: &Entry) -> Option<Record> {
    let Record::Lost(lost) = &entry.record else { return None };
    let shorter = || Record::Lost(Lost { reason: "gone".to_owned(), ..lost.clone() });
    entry.seq.0.is_multiple_of(2).then(shorter)
}

fn reasons(reader: &Reader) -> Vec<usize> {
    let entries = reader.entries(Seq(1)).map(|entry| entry.unwrap().1.record);
    entries
        .map(|record| if let Record::Lost(lost) = record { lost.reason.len() } else { 0 })
        .collect()
}

#[test]
fn what_is_replaced_is_other_and_all_is_found_where_it_was_and_where_it_is() {
    let dir = scratch();
    let (mut log, places) = log(dir.path(), 12);
    let reader = log.reader();
    let before = reader.bytes().unwrap();
    let mut read_on = reader.entries(Seq(1));
    read_on.next().unwrap().unwrap();
    let closed = reader.closed();
    assert!(closed.len() > 1, "{closed:?}");
    let last = *closed.last().unwrap();
    for &(number, first) in &closed {
        let done = reader.rewrite(number, &mut shorten).unwrap();
        assert!(done.records > 0 && done.after < done.before, "{done:?}");
        let entries: Vec<Seq> =
            reader.entries_of((number, first)).map(|entry| entry.unwrap().1.seq).collect();
        assert_eq!(entries[0], first);
        // Once more is no more.
        reader.rewrite(number, &mut shorten).unwrap();
    }
    assert!(reader.bytes().unwrap() < before);
    assert!(read_on.next().unwrap().is_ok(), "who reads the old file reads it to its end");
    let open = log.append(&[lost(13, "end")]).unwrap()[0].segment;
    assert!(open > last.0);
    assert!(matches!(reader.rewrite(open, &mut shorten), Err(JournalError::Open { .. })));
    let upto = reader.entries_of(last).last().unwrap().unwrap().1.seq.0;
    let check = |reader: &Reader| {
        let reasons = reasons(reader);
        assert_eq!(reasons.len(), 13);
        for (seq, &place) in (1..).zip(&places) {
            let entry = reader.read_seq(Seq(seq), place).unwrap();
            assert_eq!((entry.seq, entry.at), (Seq(seq), Timestamp::from_secs(seq.cast_signed())));
            assert_eq!(
                reasons[seq as usize - 1] == 4,
                seq.is_multiple_of(2) && seq <= upto,
                "{seq}"
            );
        }
    };
    check(&reader);
    drop(log);
    let (log, opened) = Log::open(dir.path()).unwrap();
    assert_eq!((opened.last_seq, opened.cut_bytes), (Seq(13), 0));
    check(&log.reader());
}

#[test]
fn a_segment_nobody_appends_to_is_rewritten_to_the_last() {
    let dir = scratch();
    drop(log(dir.path(), 12));
    let reader = Reader::open(dir.path()).unwrap();
    for (number, _) in reader.closed() {
        reader.rewrite(number, &mut shorten).unwrap();
    }
    assert_eq!(reasons(&reader)[11], 4);
    assert_eq!(Log::open(dir.path()).unwrap().1.cut_bytes, 0);
}

#[test]
fn nothing_to_replace_writes_nothing_and_a_leftover_is_removed() {
    let dir = scratch();
    let (first, _) = log(dir.path(), 12);
    let path = segment::path(dir.path(), 1);
    let before = fs::read(&path).unwrap();
    assert_eq!(first.reader().rewrite(1, &mut |_| None).unwrap().records, 0);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!anew(&path).exists());
    drop(first);
    fs::write(anew(&path), b"half a file").unwrap();
    let (log, opened) = Log::open(dir.path()).unwrap();
    assert_eq!(opened.last_seq, Seq(12));
    assert!(!anew(&path).exists());
    drop(log);
}

#[test]
fn damage_stays_damage_and_is_neither_rewritten_nor_searched_away() {
    let dir = scratch();
    let (log, places) = log(dir.path(), 12);
    let path = segment::path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let reader = log.reader();
    assert!(matches!(reader.rewrite(1, &mut shorten), Err(JournalError::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(!anew(&path).exists());
    assert!(matches!(reader.read_seq(Seq(1), places[0]), Err(JournalError::Damaged { .. })));
    assert_eq!(
        reader.read_seq(Seq(2), places[0]).unwrap().seq,
        Seq(2),
        "a wrong hint is no damage"
    );
    let unknown = reader.read_seq(Seq(99), places[1]).unwrap_err().to_string();
    assert!(unknown.contains("record 2 stands where 99 belongs"), "{unknown}");
}
