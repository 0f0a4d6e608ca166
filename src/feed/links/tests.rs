//! Made-up section pages, with what leads a crawler astray, to the stories on them.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn page() -> Url {
    Url::parse("https://www.gazette.test/world").unwrap()
}

fn paths(html: &str) -> Vec<String> {
    let path = |entry: Entry| {
        let url = Url::parse(&entry.url.unwrap_or_default()).unwrap();
        url.as_str().split_once(".test").unwrap().1.to_owned()
    };
    stories(html, &page()).into_iter().map(path).collect()
}

/// Whether a link to `href` with this text is taken for a story's.
fn check(href: &str, text: &str, expected: bool) {
    let found = paths(&format!("<main><a href='{href}'>{text}</a></main>"));
    assert_eq!(!found.is_empty(), expected, "{href} {text:?}: {found:?}");
}

#[test]
fn links_with_a_headline_or_a_storys_address_are_stories() {
    let headline = "Dam at Velm holds as the rain stops";
    for href in [
        "/1",
        "/story/17",
        "/news?id=17",
        "https://gazette.test/x",
        "/?p=1234",
        "a",
        "/x/2026-dam.html",
    ] {
        check(href, headline, href != "/1");
    }
    for href in [
        "/world/dam-at-velm-holds",
        "/2026/03/02/velm-dam",
        "/world/velm-88123456",
        "/politics/archive/2026/03/velm-dam-holds/677001/",
    ] {
        check(href, "", href != "/2026/03/02/velm-dam" && href != "/world/velm-88123456");
        check(href, "Velm dam holds", true);
    }
    check("/kiji/20260302001", "ヴェルムのダム、決壊を免れる", true);
}

#[test]
fn traps_are_no_stories_whatever_they_are_called() {
    let headline = "Everything that happened on this day in history";
    for href in [
        "/",
        "/world",
        "/world#top",
        "/2026/03/02/",
        "/2026/03",
        "/calendar/2026-03-02",
        "/calendar?month=3&year=2026",
        "/archive/2026/03",
        "/world?page=2",
        "/world/page/2",
        "/world/3",
        "/?p=2",
        "/tag/the-dam-at-velm-holds",
        "/author/mira-tolland-of-the-gazette",
        "/search?q=dam",
        "/files/the-dam-at-velm-report.pdf",
        "/rss",
        "https://other.test/world/dam-at-velm-holds",
        "https://shop.gazette.test/world/dam-at-velm-holds",
        "http://www.gazette.test:8080/world/dam-at-velm-holds",
        "javascript:void(0)",
        "mailto:desk@gazette.test",
        "data:text/html,x",
    ] {
        check(href, headline, false);
    }
    for text in ["2", "Next", "Older posts »", "…"] {
        check("/dam", text, false);
    }
    let rel = "<main><a rel='next' href='/the-dam-at-velm-holds'>Everything on this day in history</a></main>";
    assert_eq!(paths(rel), Vec::<String>::new());
}

#[test]
fn a_section_page_gives_its_stories_in_order_each_once() {
    let html = r#"<!doctype html><html><head><base href="/world/"><script>if (a<b) "<a href='/never-ever-read-this-one'>"</script></head>
      <body><header><a href="/subscribe-to-the-daily-gazette-now">Subscribe to the daily Gazette</a></header>
      <nav><a href="/world/europe-and-its-many-regions">All the news from Europe and around</a></nav>
      <main>
        <article><a href="dam?utm_x=1"><img alt="x"></a><h2><a href="dam?utm_x=1">Dam holds</a></h2></article>
        <a href="/grain-prices-fall-for-a-third-day"><h3>Grain</h3></a>
        <div><a href="/world/17-ferries">Seventeen ferries wait outside the harbour</a> <a href="/world/17-ferries#comments">3</a></div>
        <!-- <a href="/the-one-in-a-comment-is-none">A headline that nobody is to see</a> -->
        <aside><a href="/most-read-story-of-them-all">The story that everybody reads today</a></aside>
        <a href="/europe">Europe</a> <a href="/world?page=2">2</a>
      </main><footer><a href="/our-editorial-standards-and-rules">What we hold ourselves to every day</a></footer></body></html>"#;
    let found = stories(html, &page());
    let titles: Vec<&str> = found.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Dam holds",
            "Grain",
            "Seventeen ferries wait outside the harbour",
            "The story that everybody reads today"
        ]
    );
    assert_eq!(found[0].url.as_deref(), Some("https://www.gazette.test/world/dam?utm_x=1"));
}

#[test]
fn a_calendar_without_end_and_a_page_of_links_are_bounded() {
    let mut html = String::from("<main>");
    for n in 0..50_000 {
        let _ = write!(
            html,
            "<a href='/y{n}/2026/03/02'>Day {n}</a><a href='/some-story-that-is-long-{n}'>x</a>"
        );
    }
    let found = paths(&html);
    assert_eq!((found.len(), found[0].as_str()), (200, "/some-story-that-is-long-0"));
}

#[test]
fn feeds_are_found_where_they_are_announced_and_where_they_are_linked() {
    let html = r#"<html><head>
      <LINK REL="alternate" TYPE="application/rss+xml" title="Comments" href="/comments/feed/">
      <link rel='alternate' type='application/atom+xml' title='World &amp; more' href='atom.xml'>
      <link rel="alternate" hreflang="de" href="/de/"><link rel="stylesheet" type="text/css" href="/x.rss">
      </head><body><a href="/rss.xml">RSS</a> <a href="https://feeds.other.test/gazette.rss">x</a> <a href="atom.xml">Atom</a>
      <a href="/feeding-the-world">Feeding</a></body></html>"#;
    let found = announced(html, &page());
    let urls: Vec<&str> = found.iter().map(|feed| feed.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://www.gazette.test/atom.xml",
            "https://www.gazette.test/rss.xml",
            "https://feeds.other.test/gazette.rss",
            "https://www.gazette.test/comments/feed/"
        ]
    );
    assert_eq!(found[0].title, "World & more");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_page_is_walked(html in "[<>/a!\"'= -hnrefscipt\u{e9}]{0,300}") {
        let _ = (stories(&html, &page()), announced(&html, &page()));
    }

    #[test]
    fn any_link_is_judged(href in "[a-z0-9/?=&.%#:-]{0,60}", text in "[a-z ]{0,40}") {
        let html = format!("<a href='{href}'>{text}</a>");
        for entry in stories(&html, &page()) {
            prop_assert!(entry.url.is_some_and(|url| url.contains("gazette.test")));
        }
    }
}
