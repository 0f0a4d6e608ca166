//! What every page came out as, and by which number of the extractor: so that the number rises when the rules change what is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use copytaster::extract::{EXTRACTOR, Page, article};
use copytaster::text::decode;
use xxhash_rust::xxh3::xxh3_64;

use crate::extract::{address, pages};

/// By page: the extractor's number, and the hash of title and text.
type Readings = BTreeMap<String, (u16, String)>;

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages/read_by.tsv")
}

fn kept() -> Readings {
    let kept = fs::read_to_string(file()).unwrap_or_default();
    let reading = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        let (page, number, hash) = (parts.next()?, parts.next()?, parts.next()?);
        Some((page, (number.parse().ok()?, hash)))
    };
    kept.lines().filter_map(reading).collect()
}

/// As a visit reads it: from its bytes.
fn read(bytes: &[u8]) -> String {
    let html = decode(bytes, None).text;
    let found = article(&Page { url: address(&html), html });
    format!("{:016x}", xxh3_64(format!("{}\0{}", found.title, found.text).as_bytes()))
}

#[test]
fn a_page_that_comes_out_otherwise_makes_the_extractors_number_rise() {
    let kept = kept();
    let mut now = Readings::new();
    let (mut otherwise, mut is_new) = (Vec::new(), false);
    for page in pages() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let hash = read(&fs::read(&page).unwrap());
        let number = match kept.get(&name) {
            Some((number, before)) if *before == hash => *number,
            Some((number, _)) => {
                otherwise.push((name.clone(), *number));
                EXTRACTOR
            }
            None => {
                is_new = true;
                EXTRACTOR
            }
        };
        now.insert(name, (number, hash));
    }
    let gone = kept.keys().any(|page| !now.contains_key(page));
    if otherwise.is_empty() && !is_new && !gone {
        return;
    }
    let line =
        |(page, (number, hash)): (&String, &(u16, String))| format!("{page}\t{number}\t{hash}\n");
    let lines: String = now.iter().map(line).collect();
    let made = file().with_extension("tsv.new");
    fs::write(&made, lines).unwrap();
    let held: Vec<_> = otherwise.iter().filter(|(_, number)| *number >= EXTRACTOR).collect();
    assert!(
        held.is_empty(),
        "{held:?} come out otherwise than by extractor {EXTRACTOR}. Where daemons that read with it may run, they would take that for \
         news: let EXTRACTOR in src/extract/mod.rs rise, run this again, then rename {made:?} to read_by.tsv."
    );
    panic!("pages are new, gone or read by a new extractor: rename {made:?} to read_by.tsv");
}
