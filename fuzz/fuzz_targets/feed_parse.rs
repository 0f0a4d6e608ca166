//! Any bytes to a feed or a refusal: no panic, and no more of anything than the limits allow.

#![no_main]

use copytaster::feed::{self, Limits};
use copytaster::model::Timestamp;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|bytes: &[u8]| {
    let base = Url::parse("https://desk.example/feed").expect("a literal address");
    let limits = Limits { entries_max: 50, ..Limits::default() };
    let now = Timestamp::from_secs(1_772_323_200);
    for charset in [None, Some("windows-1252")] {
        let Ok(feed) = feed::parse(bytes, charset, &base, now, &limits) else { continue };
        assert!(feed.entries.len() <= limits.entries_max);
        assert!(feed.sitemaps.len() <= limits.entries_max);
        for url in feed.entries.iter().filter_map(|entry| entry.url.as_deref()) {
            let parsed = Url::parse(url).expect("an entry's link is absolute");
            assert!(matches!(parsed.scheme(), "http" | "https"), "{url}");
        }
    }
});
