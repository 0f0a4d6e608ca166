//! Headers, elements and files as publishers write them, and what they come to.

use super::*;

/// 12 Oct 2016, 18:00:00 UTC.
const NOW: Timestamp = Timestamp::from_secs(1_476_295_200);

fn words(signals: &[Signal]) -> Vec<String> {
    signals.iter().map(in_words).collect()
}

fn headers(lines: &[(&str, &str)]) -> Vec<Signal> {
    of_headers(lines.iter().copied(), "copytaster")
}

fn metas(lines: &[(&str, &str)]) -> Vec<Signal> {
    of_metas(lines.iter().copied(), "copytaster")
}

#[test]
fn each_header_says_what_it_says() {
    for (name, value, expected) in [
        ("tdm-reservation", "1", &["tdm-reservation: 1 (header)"][..]),
        ("tdm-reservation", " 0 ", &["tdm-reservation: 0 (header)"]),
        ("tdm-reservation", "yes", &[]),
        ("tdm-policy", "https://w.test/p.json", &["tdm-policy: https://w.test/p.json (header)"]),
        ("x-robots-tag", "noai", &["noai (header)"]),
        (
            "x-robots-tag",
            "noindex, NoAI , noimageai, NOARCHIVE",
            &["noai (header)", "noarchive (header)"],
        ),
        ("x-robots-tag", "otherbot: noai, noarchive", &[]),
        ("x-robots-tag", "CopyTaster: noai", &["noai (header)"]),
        ("x-robots-tag", "otherbot: noai, copytaster: noarchive", &["noarchive (header)"]),
        ("x-robots-tag", "max-snippet: 20, noarchive", &["noarchive (header)"]),
        ("x-robots-tag", "noaircraft", &[]),
        ("content-usage", "train-ai=n", &["content-usage: train-ai=n (header)"]),
        ("content-signal", "ai-train=no", &["content-signal: ai-train=no (header)"]),
        ("cache-control", "noai", &[]),
    ] {
        assert_eq!(words(&headers(&[(name, value)])), expected, "{name}: {value}");
    }
}

#[test]
fn a_day_after_which_a_page_is_closed_is_read_in_every_form() {
    for (value, end) in [
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", Some("2010-06-25T23:00:00Z")),
        ("unavailable_after: Wednesday, 12-Oct-16 18:00:00 GMT", Some("2016-10-12T18:00:00Z")),
        ("unavailable_after: Wed, 12 Oct 2016 18:00:00 GMT, noindex", Some("2016-10-12T18:00:00Z")),
        ("noindex, unavailable_after:2016-10-12", Some("2016-10-12T00:00:00Z")),
        ("unavailable_after: 2016-10-12T20:00:00+02:00", Some("2016-10-12T18:00:00Z")),
        ("otherbot: unavailable_after: 2016-10-12", None),
        ("copytaster: unavailable_after: 2016-10-12", Some("2016-10-12T00:00:00Z")),
        ("unavailable_after: soon, noindex", None),
        ("unavailable_after", None),
        ("unavailable_after:", None),
    ] {
        let found = ends(&headers(&[("x-robots-tag", value)]));
        assert_eq!(found.map(|at| at.to_string()).as_deref(), end, "{value}");
    }
    let mixed =
        headers(&[("x-robots-tag", "unavailable_after: Wed, 12 Oct 2016 18:00:00 GMT, noai")]);
    assert_eq!(words(&mixed)[1], "noai (header)");
    let soon = headers(&[("x-robots-tag", "unavailable_after: soon, noarchive")]);
    assert_eq!(words(&soon), ["noarchive (header)"]);
    let day = headers(&[("x-robots-tag", "unavailable_after: 12 Oct 2016 18:00:00 GMT")]);
    assert!(verdict(&day, NOW).reserved);
    assert!(!verdict(&day, NOW.plus_millis(-1)).reserved);
}

#[test]
fn elements_of_the_page_count_where_they_name_us_or_all() {
    for (name, content, expected) in [
        ("tdm-reservation", "1", &["tdm-reservation: 1 (meta)"][..]),
        ("TDM-Policy", "https://w.test/p", &["tdm-policy: https://w.test/p (meta)"]),
        ("robots", "index, noai", &["noai (meta)"]),
        ("ROBOTS", "NOARCHIVE", &["noarchive (meta)"]),
        ("copytaster", "noarchive", &["noarchive (meta)"]),
        ("otherbot", "noarchive", &[]),
        ("robots", "unavailable_after: 2016-10-12", &["unavailable_after: 2016-10-12 (meta)"]),
        ("description", "noai", &[]),
    ] {
        assert_eq!(words(&metas(&[(name, content)])), expected, "{name}: {content}");
    }
}

#[test]
fn what_counts_as_a_reservation() {
    use SignalPlace::{Header, Meta, Robots, Tdmrep};
    let signal = |place, name: &str, value: &str| Signal::new(place, name, value);
    for (signals, reserved) in [
        (vec![], false),
        (vec![signal(Header, "tdm-reservation", "1")], true),
        (vec![signal(Header, "tdm-reservation", "0")], false),
        // What stands nearer to the page overrides what stands further away, both ways.
        (
            vec![signal(Tdmrep, "tdm-reservation", "1"), signal(Header, "tdm-reservation", "0")],
            false,
        ),
        (
            vec![signal(Tdmrep, "tdm-reservation", "0"), signal(Header, "tdm-reservation", "1")],
            true,
        ),
        (vec![signal(Header, "tdm-reservation", "1"), signal(Meta, "tdm-reservation", "0")], false),
        (vec![signal(Header, "tdm-reservation", "0"), signal(Meta, "tdm-reservation", "1")], true),
        (
            vec![signal(Header, "tdm-reservation", "0"), signal(Header, "tdm-reservation", "1")],
            true,
        ),
        // Other signals are not lifted by it.
        (
            vec![
                signal(Header, "tdm-reservation", "0"),
                signal(Robots, "content-signal", "ai-train=no"),
            ],
            true,
        ),
        (vec![signal(Header, "noai", "")], true),
        (vec![signal(Meta, "noarchive", "")], true),
        (vec![signal(Header, "tdm-policy", "https://w.test/p")], false),
        (vec![signal(Robots, "content-signal", "search=yes, ai-train=no")], true),
        (vec![signal(Robots, "content-signal", "search=yes,ai-input=yes")], false),
        (vec![signal(Robots, "content-usage", "train-ai=n")], true),
        (vec![signal(Robots, "content-usage", "bots=y, train-ai=y")], false),
        (vec![signal(Robots, "content-usage", "bots")], false),
        (vec![signal(Header, "content-usage", "train-ai=?0;v=1")], true),
        (vec![signal(Header, "content-usage", "train-ai=\"N\"")], true),
        (vec![signal(Header, "content-usage", "x;y=n")], false),
    ] {
        let found = verdict(&signals, NOW);
        assert_eq!(found.reserved, reserved, "{signals:?}");
        assert_eq!(found.because.is_some(), reserved);
    }
}

#[test]
fn the_terms_are_those_of_the_place_that_decides() {
    let signals = [
        Signal::new(SignalPlace::Tdmrep, "tdm-reservation", "1"),
        Signal::new(SignalPlace::Tdmrep, "tdm-policy", "https://w.test/site"),
        Signal::new(SignalPlace::Meta, "tdm-reservation", "1"),
        Signal::new(SignalPlace::Meta, "tdm-policy", "https://w.test/page"),
    ];
    let found = verdict(&signals, NOW);
    assert_eq!(found.policy.as_deref(), Some("https://w.test/page"));
    assert_eq!(found.because.as_deref(), Some("tdm-reservation: 1 (meta)"));
}

#[test]
fn a_file_of_the_site_says_it_path_by_path() {
    let file = br#"[
        {"location": "/", "tdm-reservation": 1, "tdm-policy": "https://w.test/terms.json"},
        {"location": "/open/", "tdm-reservation": 0},
        {"location": "/open/", "tdm-reservation": "1"},
        {"location": "/open/a", "tdm-reservation": false},
        {"location": "/odd", "tdm-reservation": 2},
        {"location": 7, "tdm-reservation": 1}, {"tdm-reservation": 1}, "x", null
    ]"#;
    let rules = locations(file);
    assert_eq!(rules.len(), 4);
    let says = |path: &str| words(&of_locations(&rules, |pattern| path.starts_with(pattern)));
    let whole = ["tdm-reservation: 1 (tdmrep)", "tdm-policy: https://w.test/terms.json (tdmrep)"];
    assert_eq!(says("/news"), whole);
    assert_eq!(says("/odd"), whole);
    assert_eq!(says("/open/b"), ["tdm-reservation: 1 (tdmrep)"], "of two rules for one place");
    assert_eq!(says("/open/a"), ["tdm-reservation: 0 (tdmrep)"]);
    assert!(of_locations(&rules, |_| false).is_empty());
}

#[test]
fn a_file_that_is_none_reserves_nothing_and_a_huge_one_is_bounded() {
    for file in
        ["", "<html>no such page</html>", "7", "[", "[[[[", "{\"location\": \"/\"}", "\u{feff}[]"]
    {
        assert!(locations(file.as_bytes()).is_empty(), "{file}");
    }
    assert_eq!(
        locations("\u{feff}{\"location\": \"/\", \"tdm-reservation\": 1}".as_bytes()).len(),
        1
    );
    let deep = "[".repeat(200_000);
    assert!(locations(deep.as_bytes()).is_empty());
    let rule = "{\"location\": \"/a\", \"tdm-reservation\": 1},".repeat(5000);
    let many = format!("[{rule}null]");
    assert_eq!(locations(many.as_bytes()).len(), LOCATIONS_MAX);
}

#[test]
fn what_a_page_can_make_us_keep_is_bounded() {
    let policies: Vec<String> = (0..100).map(|n| format!("https://w.test/{n}")).collect();
    let many: Vec<(&str, &str)> = policies.iter().map(|p| ("tdm-policy", p.as_str())).collect();
    assert_eq!(headers(&many).len(), SIGNALS_MAX);
    let long = format!("train-ai=n, {}", "ä".repeat(4000));
    let kept = headers(&[("content-usage", &long), ("content-usage", &long)]);
    assert_eq!(kept.len(), 1);
    assert!(kept[0].value.len() <= VALUE_BYTES_MAX && verdict(&kept, NOW).reserved);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn no_line_is_too_odd_to_be_read(
        line in "(unavailable_after|noai|copytaster|x|[:, ä0-9]){0,12}", bytes in "[\\[{\"a:,1}\\] ]{0,40}"
    ) {
        let found = headers(&[("x-robots-tag", &line)]);
        let _verdict = verdict(&found, NOW);
        let _rules = locations(bytes.as_bytes());
        proptest::prop_assert!(found.len() <= SIGNALS_MAX);
    }
}
