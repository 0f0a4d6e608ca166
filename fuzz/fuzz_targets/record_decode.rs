//! Any kind byte and body, framed with a checksum that holds, to an entry or a refusal; and any bytes as a segment file.
//!
//! Frame and record are private to the journal, so this goes through [`Reader`], over a file in a temporary directory.
//! Each input is tried as a payload of format 1, packed and as it is (what a record's reader and what inflating meets); as a payload of
//! format 2, with the length of its head put in and as it is; and as a whole file (what the scan of a torn tail meets).

#![no_main]

use std::path::Path;

use copytaster::journal::{Location, Reader, Record, Survey};
use copytaster::model::Seq;
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::Xxh3;

/// One frame as docs/store.md draws it: length, seq, format, checksum, payload, all big-endian.
fn frame(seq: u64, format: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame =
        u32::try_from(payload.len()).expect("libFuzzer's inputs are small").to_be_bytes().to_vec();
    frame.extend_from_slice(&seq.to_be_bytes());
    frame.push(format);
    let mut checksum = Xxh3::new();
    checksum.update(&frame);
    checksum.update(payload);
    frame.extend_from_slice(&checksum.digest().to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

fn read(dir: &Path, segment: &[u8]) {
    std::fs::write(dir.join("journal/00000001.log"), segment).expect("the directory is ours");
    let survey = Survey::of(dir, Seq(0));
    let Ok(reader) = Reader::open(dir) else { return };
    let _ = reader.read(Location { segment: 1, offset: 0 });
    for entry in reader.entries(Seq(1)) {
        let Ok((at, entry)) = entry else {
            assert!(
                survey.map_or(true, |survey| !survey.holes.is_empty()),
                "damage no survey sees"
            );
            break;
        };
        assert_eq!(reader.read(at).ok(), Some(entry), "read one by one and in a row");
    }
    // What is read without texts is the same but for them, and may go on where only a text cannot be unpacked.
    for (whole, bare) in reader.entries(Seq(1)).zip(reader.bare_entries(Seq(1))) {
        let Ok((at, mut entry)) = whole else { break };
        let (bare_at, bare, words) = bare.expect("who reads all of it reads a part of it");
        if let Record::Version(version) = &mut entry.record {
            assert!(words.is_some());
            (version.article.text, version.article.extra) = (String::new(), None);
        }
        assert_eq!((at, entry), (bare_at, bare));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(dir.path().join("journal")).expect("the directory is ours");
    let packed =
        zstd::bulk::compress(bytes, 1).expect("zstd's own buffer is as large as it asks for");
    read(dir.path(), &frame(1, 1, &packed));
    read(dir.path(), &frame(1, 1, bytes));
    if let Some((&kind, head)) = bytes.split_first() {
        let length = u32::try_from(head.len()).expect("libFuzzer's inputs are small");
        read(dir.path(), &frame(1, 2, &[&[kind], &length.to_be_bytes()[..], head].concat()));
    }
    read(dir.path(), &frame(1, 2, bytes));
    read(dir.path(), bytes);
});
