//! Any bytes, decoded as a page is, to an article: no panic, and paragraphs without blank ones between.

#![no_main]

use copytaster::extract::{self, Page};
use copytaster::text;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|bytes: &[u8]| {
    let url = Url::parse("https://desk.example/2026/03/01/story").ok();
    let page = Page { url, html: text::decode(bytes, None).text };
    let found = extract::article(&page);
    assert!(found.text.split('\n').all(|line| found.text.is_empty() || !line.trim().is_empty()));
});
