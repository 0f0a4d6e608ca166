//! Invented feeds, well-formed and not, to the entries they must give.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    Timestamp::parse("2026-03-02T12:00:00Z").unwrap()
}

fn try_parse(bytes: impl AsRef<[u8]>) -> Result<Feed, FeedError> {
    let base = Url::parse("https://gazette.test/news/feed.xml").unwrap();
    parse(bytes.as_ref(), None, &base, now(), &Limits::default())
}

fn feed(bytes: impl AsRef<[u8]>) -> Feed {
    try_parse(bytes).unwrap()
}

/// An RSS feed of one item with these children.
fn item(children: &str) -> Feed {
    feed(format!("<rss version='2.0'><channel><item>{children}</item></channel></rss>"))
}

/// The title of an item whose `<title>` holds `inner`.
fn check_title(inner: &str, expected: &str) {
    let feed = item(&format!("<title>{inner}</title><link>https://gazette.test/1</link>"));
    assert_eq!(feed.entries[0].title, expected, "{inner}");
}

/// The address of an item with these children, and whether a note mentions `note` (`""`: no note at all).
fn check_link(children: &str, expected: Option<&str>, note: &str) {
    let feed = item(&format!("<title>T</title>{children}"));
    assert_eq!(feed.entries[0].url.as_deref(), expected, "{children}");
    check_note(&feed, note);
}

fn check_note(feed: &Feed, note: &str) {
    if note.is_empty() {
        assert_eq!(feed.notes, Vec::<String>::new());
    } else {
        assert!(feed.notes.iter().any(|n| n.contains(note)), "{note}: {:?}", feed.notes);
    }
}

fn titles(feed: &Feed) -> Vec<&str> {
    feed.entries.iter().map(|entry| entry.title.as_str()).collect()
}

const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel>
  <title>Ostrel Gazette &amp; Herald</title><link>https://gazette.test/</link><language>en-GB</language>
  <ttl>15</ttl>
  <image><title>Logo</title><url>https://gazette.test/logo.png</url></image>
  <item>
    <title><![CDATA[Dam at Velm holds, NWA says]]></title>
    <link>https://gazette.test/2026/dam</link>
    <guid isPermaLink="false">g-1</guid>
    <pubDate>Mon, 02 Mar 2026 09:30:00 +0100</pubDate>
    <dc:creator>Mira Tolland</dc:creator>
    <category>Floods</category><category>Velm</category>
    <description>&lt;p&gt;The dam &lt;b&gt;held&lt;/b&gt;.&lt;/p&gt;</description>
    <content:encoded><![CDATA[<p>VELM (NWA) - The dam held & stood.</p>]]></content:encoded>
    <media:content url="https://gazette.test/dam.jpg"><media:title>A photo</media:title></media:content>
  </item>
  <item><title>Second</title><link>https://gazette.test/2026/second</link></item>
</channel></rss>"#;

#[test]
fn rss_gives_all_that_it_says() {
    let feed = feed(RSS);
    assert_eq!(feed.kind, FeedKind::Rss);
    assert_eq!(feed.title.as_deref(), Some("Ostrel Gazette & Herald"));
    assert_eq!(feed.ttl, Some(Duration::from_mins(15)));
    check_note(&feed, "");
    let expected = Entry {
        guid: Some("g-1".to_owned()),
        url: Some("https://gazette.test/2026/dam".to_owned()),
        title: "Dam at Velm holds, NWA says".to_owned(),
        summary: Some("The dam held.".to_owned()),
        content: Some("<p>VELM (NWA) - The dam held & stood.</p>".to_owned()),
        published: Timestamp::parse("2026-03-02T08:30:00Z"),
        updated: None,
        lang: Some("en-gb".to_owned()),
        authors: vec!["Mira Tolland".to_owned()],
        categories: vec!["Floods".to_owned(), "Velm".to_owned()],
    };
    assert_eq!(feed.entries[0], expected);
    assert_eq!(feed.entries.len(), 2);
    assert_eq!(feed.entries[1].guid, None);
}

#[test]
fn atom_gives_all_that_it_says() {
    let feed = feed(
        r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://bote.test/">
        <title type="html">Velmer &amp;amp; Bote</title>
        <entry xml:lang="fr" xml:base="politik/">
          <id>tag:bote.test,2026:1</id><title type="html">Wahl &amp;uuml;ber &lt;i&gt;Nacht&lt;/i&gt;</title>
          <link rel="self" href="self.atom"/><link rel="enclosure" href="a.mp3"/>
          <link rel="alternate" type="application/json" href="wahl.json"/>
          <link rel="alternate" type="text/html" href="wahl"/>
          <published>2026-03-01T10:00:00Z</published><updated>2026-03-01T11:00:00+01:00</updated>
          <author><name>Jo Quill</name><email>jo@bote.test</email></author>
          <category term="pol" label="Politik"/>
          <summary>Kurz</summary>
          <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>A &amp; B</p><br/></div></content>
        </entry></feed>"#,
    );
    assert_eq!((feed.kind, feed.title.as_deref()), (FeedKind::Atom, Some("Velmer & Bote")));
    let entry = &feed.entries[0];
    assert_eq!(entry.url.as_deref(), Some("https://bote.test/politik/wahl"));
    assert_eq!(entry.title, "Wahl über Nacht");
    assert_eq!(entry.published, Timestamp::parse("2026-03-01T10:00:00Z"));
    assert_eq!(entry.updated, Timestamp::parse("2026-03-01T10:00:00Z"));
    assert_eq!(entry.authors, ["Jo Quill"]);
    assert_eq!(entry.categories, ["Politik"]);
    assert_eq!(entry.lang.as_deref(), Some("fr"));
    let content = entry.content.as_deref().unwrap();
    assert!(content.contains("<p>A &amp; B</p><br/></div>"), "{content}");
    check_note(&feed, "");
}

#[test]
fn atom_content_that_breaks_other_readers_costs_nothing() {
    for content in [
        "<content type='html'/>",
        "<content type='nonsense'>x</content>",
        "<content src='https://bote.test/x'>text beside src</content>",
        "<content type='image/png'>aGVsbG8=</content>",
        "<title/>",
    ] {
        let text = format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>T</title>{content}\
             <link href='/x'/></entry></feed>"
        );
        let feed = feed(text);
        assert_eq!(feed.entries[0].url.as_deref(), Some("https://gazette.test/x"), "{content}");
    }
}

#[test]
fn json_feed_gives_all_that_it_says() {
    let feed = feed(
        r#"{"version": "https://jsonfeed.org/version/1.1", "title": "Quay News", "language": "en",
        "items": [
          {"id": 7, "url": "/a", "title": "Tide &amp; time", "content_text": "One.\nTwo < three.",
           "date_published": "2026-03-01T10:00:00Z", "date_modified": 1772362800,
           "authors": [{"name": "Ada Fenn"}], "tags": ["Sea", 3, null], "language": "nl"},
          {"id": "8", "external_url": "https://other.test/b", "content_html": "<p>x</p>", "image": {}},
          "junk"]}"#,
    );
    assert_eq!(feed.kind, FeedKind::Json);
    let entry = &feed.entries[0];
    assert_eq!(entry.guid.as_deref(), Some("7"));
    assert_eq!(entry.url.as_deref(), Some("https://gazette.test/a"));
    assert_eq!(entry.title, "Tide & time");
    assert_eq!(entry.content.as_deref(), Some("<p>One.</p><p>Two &lt; three.</p>"));
    assert_eq!(entry.updated, Timestamp::parse("2026-03-01T11:00:00Z"));
    assert_eq!(entry.authors, ["Ada Fenn"]);
    assert_eq!(entry.categories, ["Sea", "3"]);
    assert_eq!(entry.lang.as_deref(), Some("nl"));
    assert_eq!(feed.entries[1].url.as_deref(), Some("https://other.test/b"));
    assert_eq!(feed.entries[1].lang.as_deref(), Some("en"));
    assert_eq!(feed.entries.len(), 2);
}

#[test]
fn old_and_odd_forms_of_rss_are_read() {
    let rdf = feed(
        r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
          xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://quay.test/"><title>Quay</title><sy:updatePeriod>hourly</sy:updatePeriod>
          <sy:updateFrequency>4</sy:updateFrequency><dc:language>nl</dc:language><items/></channel>
        <item rdf:about="https://quay.test/1"><title>One</title><dc:date>2026-03-01T10:00Z</dc:date></item>
        <item rdf:about="https://quay.test/2"><title>Two</title><link>https://quay.test/two</link></item>
        </rdf:RDF>"#,
    );
    assert_eq!(rdf.ttl, Some(Duration::from_mins(15)));
    assert_eq!((rdf.title.as_deref(), rdf.lang.as_deref()), (Some("Quay"), Some("nl")));
    assert_eq!(rdf.entries[0].url.as_deref(), Some("https://quay.test/1"));
    assert_eq!(rdf.entries[0].published, Timestamp::parse("2026-03-01T10:00:00Z"));
    assert_eq!(rdf.entries[1].url.as_deref(), Some("https://quay.test/two"));
    assert_eq!(rdf.entries[1].guid.as_deref(), Some("https://quay.test/2"));
    for root in [
        "<rss>",
        "<rss version='0.91'>",
        "<rss version='2.00'>",
        "<rss version='2.0' xmlns='http://backend.userland.com/rss2'>",
        "<!DOCTYPE rss PUBLIC '-//N//DTD RSS 0.91//EN' 'http://n.test/rss.dtd'><rss version='0.91'>",
    ] {
        let feed = feed(format!("{root}<channel><item><title>One</title></item></channel></rss>"));
        assert_eq!(titles(&feed), ["One"], "{root}");
    }
    let atom03 = feed(
        "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry><title>A</title>\
         <issued>2026-03-01T10:00:00Z</issued><modified>2026-03-01T11:00:00Z</modified></entry></feed>",
    );
    assert_eq!(atom03.entries[0].published, Timestamp::parse("2026-03-01T10:00:00Z"));
    assert_eq!(atom03.entries[0].updated, Timestamp::parse("2026-03-01T11:00:00Z"));
    let prefixed = feed(
        "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:title>P</a:title></a:entry></a:feed>",
    );
    assert_eq!(titles(&prefixed), ["P"]);
}

#[test]
fn news_sitemaps_and_indexes_are_read() {
    let map = feed(
        r#"<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
          xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="urn:i">
        <url><loc> https://gazette.test/a?x=1&amp;y=2 </loc><lastmod>2026-03-01</lastmod>
          <news:news><news:publication><news:name>Gazette</news:name><news:language>en</news:language>
          </news:publication><news:publication_date>2026-02-28T23:00:00Z</news:publication_date>
          <news:title>Ferry &amp; fog</news:title><news:keywords>Sea, Fog</news:keywords></news:news>
          <image:image><image:loc>https://gazette.test/i.jpg</image:loc><image:title>I</image:title></image:image>
        </url><url><loc>https://gazette.test/b</loc></url></urlset>"#,
    );
    assert_eq!(map.kind, FeedKind::NewsSitemap);
    let entry = &map.entries[0];
    assert_eq!(entry.url.as_deref(), Some("https://gazette.test/a?x=1&y=2"));
    assert_eq!(entry.title, "Ferry & fog");
    assert_eq!(entry.published, Timestamp::parse("2026-02-28T23:00:00Z"));
    assert_eq!(entry.updated, Timestamp::parse("2026-03-01T00:00:00Z"));
    assert_eq!(entry.lang.as_deref(), Some("en"));
    assert_eq!(entry.categories, ["Sea", "Fog"]);
    assert_eq!(map.entries[1].title, "");
    let index = feed(
        "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>/news.xml</loc>\
         <lastmod>2026-03-01</lastmod></sitemap><sitemap><loc>ftp://x.test/</loc></sitemap></sitemapindex>",
    );
    assert_eq!(index.kind, FeedKind::SitemapIndex);
    let news = "https://gazette.test/news.xml".to_owned();
    let lastmod = Timestamp::parse("2026-03-01T00:00:00Z");
    assert_eq!(index.sitemaps, [Sitemap { url: news, lastmod }]);
    assert_eq!(index.entries, []);
}

#[test]
fn titles_are_plain_however_they_were_escaped() {
    check_title("AT&T x & y", "AT&T x & y");
    check_title("caf&eacute;&nbsp;&amp; bar", "café & bar");
    check_title("Tom &amp;amp; Ann", "Tom & Ann");
    check_title("&lt;b&gt;Flood&lt;/b&gt;", "Flood");
    check_title("A <b>bold</b> word", "A bold word");
    check_title("<![CDATA[5 < 6 & <i>7</i>]]>", "5 < 6 & 7");
    check_title("one<![CDATA[ two ]]>three", "one two three");
    check_title("a\0b\u{1}c&#0;d&#146;s", "abcd’s");
    check_title("&bogus; stays", "&bogus; stays");
    check_title("I <3 Velm", "I <3 Velm");
    check_title("<p>open", "open");
}

#[test]
fn links_are_absolute_web_addresses_or_dropped() {
    check_link("<link>/a</link>", Some("https://gazette.test/a"), "");
    check_link("<link> https://x.test/a?b=1&c=2 </link>", Some("https://x.test/a?b=1&c=2"), "");
    check_link("<link>javascript:alert(1)</link>", None, "not http");
    check_link("<link>data:text/html,x</link>", None, "not http");
    check_link("<link>https://</link>", None, "no addresses");
    check_link("<link>https://u:p@x.test/a</link>", Some("https://x.test/a"), "");
    check_link(&format!("<link>/{}</link>", "a".repeat(2048)), None, "longer");
    check_link("<guid>https://x.test/g</guid>", Some("https://x.test/g"), "");
    check_link("<guid isPermaLink='false'>https://x.test/g</guid>", None, "");
    check_link("<atom:link href='https://x.test/at'/>", Some("https://x.test/at"), "");
    check_link(
        "<feedburner:origLink>https://x.test/o</feedburner:origLink><link>https://burner.test/1</link>",
        Some("https://x.test/o"),
        "",
    );
    check_link("<link/><guid>g</guid>", None, "");
}

#[test]
fn dates_out_of_reason_are_dropped_and_noted() {
    for (date, note) in [
        ("Mon, 01 Jan 1990 00:00:00 GMT", "before 1995"),
        ("Wed, 04 Mar 2026 12:00:00 GMT", "ahead"),
        ("last Tuesday", "could not be read"),
    ] {
        let feed = item(&format!("<title>T</title><pubDate>{date}</pubDate>"));
        assert_eq!(feed.entries[0].published, None, "{date}");
        check_note(&feed, note);
    }
    let feed = item("<title>T</title><pubDate>mar, 3 mar 2026 11:00:00 GMT</pubDate>");
    assert_eq!(feed.entries[0].published, Timestamp::parse("2026-03-03T11:00:00Z"));
    check_note(&feed, "");
}

#[test]
fn a_feed_that_breaks_off_keeps_its_complete_entries() {
    let cut = RSS.find("<item><title>Second").unwrap() + 12;
    let feed = feed(&RSS[..cut]);
    assert_eq!(titles(&feed), ["Dam at Velm holds, NWA says"]);
    check_note(&feed, "breaks off at line 19");
    let without_end = self::feed(RSS.trim_end_matches("</channel></rss>"));
    assert_eq!(without_end.entries.len(), 2);
    check_note(&without_end, "behind its last entry");
    let early = RSS.find("<guid").unwrap();
    assert!(matches!(try_parse(&RSS[..early]), Err(FeedError::Malformed { .. })));
}

#[test]
fn tags_that_do_not_match_are_mended() {
    let mended = feed(
        "<rss><channel><item><title>One<link>https://x.test/1</link></item>\
         <item><title>Two</title></wrong></item><item><title>Three</title>\
         <description><div>unclosed</description><item><title>Four</title></item></channel></rss>",
    );
    assert_eq!(mended.entries.len(), 4, "{mended:?}");
    assert_eq!(mended.entries[2].summary.as_deref(), Some("unclosed"));
    check_note(&mended, "never closed");
}

#[test]
fn what_is_no_feed_is_named() {
    for (body, words) in [
        (
            "<!DOCTYPE html><html><head><title>Just a &amp; moment…</title>",
            "an HTML page titled \"Just a & moment…\"",
        ),
        ("<html><body>x</body></html>", "an HTML page"),
        ("<opml version='2.0'/>", "an OPML list"),
        ("<weird:thing/>", "an XML document of <weird:thing>"),
        ("Service unavailable\nTry later", "plain text that begins \"Service unavailable\""),
        ("{\"error\": 1}", "no JSON Feed"),
        ("[1, 2]", "no JSON Feed"),
        ("%PDF-1.7", "a PDF document"),
    ] {
        match try_parse(body) {
            Err(error @ FeedError::NotAFeed { .. }) => {
                let said = error.to_string();
                assert!(said.contains(words), "{said}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    assert!(matches!(try_parse("{\"items\": [1,"), Err(FeedError::Malformed { .. })));
    assert_eq!(try_parse(b"\x1f\x8b\x08").unwrap_err().to_string().matches("gzip").count(), 1);
}

#[test]
fn an_empty_body_is_empty() {
    for body in ["", " \n\t", "\u{feff}", "\0\0"] {
        assert_eq!(try_parse(body), Err(FeedError::Empty), "{body:?}");
    }
}

#[test]
fn charsets_and_marks_before_the_document_are_read() {
    let body = b"\n <?xml version='1.0' encoding='ISO-8859-1'?><rss><channel><item><title>caf\xe9\
        </title></item></channel></rss>";
    assert_eq!(titles(&feed(body)), ["café"]);
    let mut wide: Vec<u8> = vec![0xff, 0xfe];
    wide.extend(RSS.replace("UTF-8", "UTF-16").encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(feed(wide).entries.len(), 2);
    let broken = b"<?xml version='1.0' encoding='Shift_JIS'?><rss><channel><item><title>a\xffb</title></item></channel></rss>";
    check_note(&feed(broken), "no Shift_JIS");
}

#[test]
fn entity_bombs_and_external_entities_are_harmless() {
    let mut bomb = String::from("<!DOCTYPE rss [<!ENTITY l0 \"lol\">");
    for level in 1..10 {
        let _ = write!(bomb, "<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10));
    }
    bomb.push_str("<!ENTITY x SYSTEM \"file:///etc/passwd\">]>");
    bomb.push_str("<rss><channel><item><title>&l9; &x;</title></item></channel></rss>");
    assert_eq!(titles(&feed(bomb)), ["&l9; &x;"]);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("<rss><channel><item>{}", "<a>".repeat(depth));
    assert_eq!(try_parse(nested(300)), Err(FeedError::TooDeep { depth_max: 256 }));
    let closed = format!("{}{}</item></channel></rss>", nested(200), "</a>".repeat(200));
    assert!(try_parse(closed).is_ok());
    let lines =
        item(&format!("<title>T</title><description>{}</description>", "<p>x<br>".repeat(300)));
    assert_eq!(lines.entries.len(), 1);
    let json = format!("{{\"items\": {}", "[".repeat(100_000));
    assert!(matches!(try_parse(json), Err(FeedError::Malformed { .. })));
}

#[test]
fn entries_are_bounded() {
    let mut items = String::new();
    for n in 0..5003 {
        let _ = write!(items, "<item><title>T{n}</title></item>");
    }
    let capped = feed(format!("<rss><channel>{items}<ttl>5</ttl></channel></rss>"));
    assert_eq!(capped.entries.len(), 5000);
    assert_eq!(capped.ttl, Some(Duration::from_mins(5)));
    check_note(&capped, "3 entries beyond the first 5000");
}

#[test]
fn doubles_collapse_but_a_reused_guid_hides_nothing() {
    let doubled = feed(
        "<rss><channel>\
         <item><title>A</title><link>/a</link><guid>1</guid></item>\
         <item><title>A again</title><link>/a</link><guid>1</guid></item>\
         <item><title>A</title><link>/a</link><guid>2</guid></item>\
         <item><title>B</title><link>/b</link><guid>1</guid></item>\
         <item><title>C</title><link>/a</link><guid>3</guid></item>\
         <item><title>D</title><guid isPermaLink='false'>1</guid></item>\
         <item><title>D</title><guid isPermaLink='false'>1</guid></item>\
         <item><title>E</title></item><item><title>E</title></item><item/>\
         </channel></rss>",
    );
    assert_eq!(titles(&doubled), ["A", "B", "C", "D", "E", "E"]);
    check_note(&doubled, "3 entries stood there twice");
    check_note(&doubled, "1 entries had neither");
}

#[test]
fn a_ttl_is_bounded_and_must_be_a_number() {
    for (ttl, expected) in [
        ("<ttl> 60 </ttl>", Some(3600)),
        ("<ttl>4000000000</ttl>", Some(7 * 24 * 3600)),
        ("<ttl>0</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", Some(86_400)),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            Some(86_400),
        ),
    ] {
        let feed = feed(format!("<rss><channel>{ttl}</channel></rss>"));
        assert_eq!(feed.ttl, expected.map(Duration::from_secs), "{ttl}");
    }
}

/// Laws that hold for whatever was read.
fn is_tidy(feed: &Feed) -> bool {
    feed.entries.iter().all(|entry| {
        let web = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        entry.url.as_ref().is_none_or(web)
            && !entry.title.contains(['\n', '\0'])
            && entry.published.is_none_or(|at| at <= now().plus_millis(86_400_000))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = try_parse(&bytes);
        let mut inside = b"<rss><channel><item><title>".to_vec();
        inside.extend(&bytes);
        inside.extend(b"</title></item></channel></rss>");
        if let Ok(feed) = try_parse(&inside) {
            prop_assert!(is_tidy(&feed));
        }
    }

    #[test]
    fn a_damaged_feed_is_read_or_refused(
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[<>/&;\"'=!\\[\\]a-c]{0,3}"), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut text: Vec<char> = RSS.chars().collect();
        for (at, new) in edits {
            let at = at.index(text.len());
            text.splice(at..=at, new.chars());
        }
        let whole: String = text.iter().collect();
        let half: String = text[..cut.index(text.len())].iter().collect();
        for text in [whole, half] {
            if let Ok(feed) = try_parse(&text) {
                prop_assert!(is_tidy(&feed));
                prop_assert_eq!(try_parse(&text), Ok(feed));
            }
        }
    }

    #[test]
    fn cutting_a_feed_never_changes_the_entries_before_the_cut(cut in any::<prop::sample::Index>()) {
        let whole = feed(RSS);
        if let Ok(part) = try_parse(&RSS.as_bytes()[..cut.index(RSS.len())]) {
            let kept = part.entries.len();
            prop_assert_eq!(&part.entries[..], &whole.entries[..kept]);
        }
    }
}
