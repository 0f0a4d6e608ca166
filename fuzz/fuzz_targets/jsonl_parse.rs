//! Any line to an article or a refusal: no panic, and what is written of an article reads back as the same.

#![no_main]

use copytaster::jsonl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(line) = std::str::from_utf8(bytes) else { return };
    let Ok(article) = jsonl::parse(line) else { return };
    let written = jsonl::write(&article);
    let again = jsonl::parse_value(written.clone()).expect("what was written is a record");
    assert_eq!(jsonl::write(&again), written);
});
