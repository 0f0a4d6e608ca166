//! Where older entries stand, by a feed's own word (RFC 5005, JSON Feed 1.1).

use super::*;

fn check_next(xml: &str, expected: Option<&str>) {
    let base = Url::parse("https://gazette.test/news/feed.xml").unwrap();
    let now = Timestamp::parse("2026-03-02T12:00:00Z").unwrap();
    let feed = parse(xml.as_bytes(), None, &base, now, &Limits::default()).unwrap();
    assert_eq!(feed.next.as_deref(), expected, "{xml}");
}

#[test]
fn older_pages_and_archives_are_told() {
    let atom = |links: &str| {
        let entry = "<entry><title>A</title><link rel='next' href='/no'/></entry>";
        format!("<feed xmlns='http://www.w3.org/2005/Atom'>{links}{entry}</feed>")
    };
    check_next(&atom("<link rel='self' href='/feed'/><link rel='previous' href='/0'/>"), None);
    check_next(
        &atom("<link rel='next' href='?page=2'/>"),
        Some("https://gazette.test/news/feed.xml?page=2"),
    );
    let both = "<link rel='next' href='/2'/><link rel='prev-archive' href='/2026/02'/><link rel='next' href='/3'/>";
    check_next(&atom(both), Some("https://gazette.test/2026/02"));
    check_next(&atom("<link rel='next' href='javascript:x'/>"), None);
    check_next(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://cdn.gazette.test/a/'><link rel='next' href='b'/></feed>",
        Some("https://cdn.gazette.test/a/b"),
    );
    check_next(
        "<rss xmlns:atom='http://www.w3.org/2005/Atom'><channel><link>/</link><atom:link rel='next' href='/rss?paged=2'/>\
         <item><title>A</title><atom:link rel='next' href='/no'/></item></channel></rss>",
        Some("https://gazette.test/rss?paged=2"),
    );
    check_next(
        r#"{"title": "G", "items": [], "next_url": "/p/2"}"#,
        Some("https://gazette.test/p/2"),
    );
}
