//! The guard as a whole: hostile pages end, bounded, with a note.

use super::*;

fn read(html: String) -> Extracted {
    article(&Page { url: Url::parse("https://herald.test/world/harbour").ok(), html })
}

fn refused(html: String, note: &str) {
    let found = read(html);
    assert_eq!(found.kind, PageKind::Other);
    assert!(found.notes.iter().any(|said| said.contains(note)), "{:?}", found.notes);
    assert_eq!(found.text, "");
}

#[test]
fn pages_out_of_bounds_are_not_parsed() {
    refused("<div>".repeat(100_000), "deep");
    refused("<ul><li>".repeat(10_000), "deep");
    refused(format!("<p {}>x", "a=1 ".repeat(50_000)), "attributes");
    refused("<".repeat(5 << 20), "bytes");
    refused("<".repeat(1 << 20), "tags");
    refused("<br>".repeat(300_000), "tags");
}

#[test]
fn pages_at_the_bounds_end() {
    for html in [
        format!("{}text", "<div>".repeat(guard::DEPTH_MAX)),
        format!("{}text", "<table><tr><td>".repeat(150)),
        format!("{}text", "<ul><li>".repeat(guard::DEPTH_MAX)),
        "<b><p>".repeat(150),
        format!("<p {}>x", "a=1 ".repeat(guard::ATTRIBUTES_MAX)),
        "<p>x<br>".repeat(2_000),
    ] {
        let found = read(html);
        assert!(found.notes.iter().all(|note| !note.contains("gave up")), "{:?}", found.notes);
    }
}

#[test]
fn a_paragraph_in_a_division_is_read_with_the_words_around_its_emphasis() {
    let lines = [
        "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement to the press.",
        "Nobody was hurt, but two ships had to wait outside until the evening, when a tug of the coast guard came to help.",
        "The crane had been checked in May, and the harbour master said that he had seen nothing wrong with it then.",
    ];
    let last = "The harbour will open again on 16 April of this year, the town hopes, for the new crane will be there by then.";
    for mark in ["b", "code", "em", "i", "q", "strong", "sub", "sup", "u"] {
        let marked = last.replace("16 April", &format!("<{mark}>16 April</{mark}>"));
        let prose = lines.map(|line| format!("<p>{line}</p>")).concat();
        let found = read(format!(
            "<title>Crane falls</title><article><h1>Crane falls</h1>{prose}<div>{marked}</div></article>"
        ));
        assert_eq!(found.text, [&lines[..], &[last]].concat().join("\n"), "{mark}");
    }
}

#[test]
fn broken_and_empty_pages_are_no_story() {
    for html in [
        "",
        " ",
        "<",
        "<html",
        "<html><body></body>",
        "\0\0",
        "<script>never ends",
        "<!--",
        "]]>",
        "<svg><style><p>",
    ] {
        let found = read(html.to_owned());
        assert_eq!(found.kind, PageKind::Other, "{html:?}");
        assert_eq!(found.canonical_url.as_deref(), Some("https://herald.test/world/harbour"));
    }
}

#[test]
fn an_agencys_own_page_is_its_own_item() {
    let html = "<html><body><article><h1>Harbour closed</h1><p>The harbour of Kvitnes was closed on Monday after a crane \
        fell over, the town said in a statement.</p></article></body></html>";
    let own =
        article(&Page { url: Url::parse("https://www.afp.com/en/a").ok(), html: html.to_owned() });
    assert_eq!(
        own.origin.map(|o| (o.agency, o.basis)),
        Some(("AFP".to_owned(), OriginBasis::OwnItem))
    );
    assert_eq!(read(html.to_owned()).origin, None);
}

#[test]
fn further_agencies_may_be_known() {
    let html = "<html><body><article><h1>Harbour closed</h1><p>KVITNES (NORPRESS) - The harbour of Kvitnes was closed on Monday \
        after a crane fell over, the town said in a statement.</p></article></body></html>";
    let mut norpress = Agency::named("NORPRESS", &["Norland Press"]);
    norpress.hosts = vec!["norpress.test".to_owned()];
    let at = |url: &str| {
        let page = Page { url: Url::parse(url).ok(), html: html.to_owned() };
        article_with(&page, std::slice::from_ref(&norpress)).origin.map(|o| (o.agency, o.basis))
    };
    assert_eq!(at("https://herald.test/a"), Some(("NORPRESS".to_owned(), OriginBasis::Dateline)));
    assert_eq!(at("https://norpress.test/a"), Some(("NORPRESS".to_owned(), OriginBasis::OwnItem)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_html_gives_one_line_a_paragraph(html in "(<(p|div|h1|a|ul|li|b|table|td|svg)( class=\"x\")?>|</(p|div|a|b|table)>|[a-z ]{1,12}|&amp;|\n){0,60}") {
        let found = read(html);
        proptest::prop_assert!(found.text.lines().all(|line| !line.trim().is_empty()));
        proptest::prop_assert!(found.notes.iter().all(|note| !note.contains("gave up")));
    }
}

/// What stands only where no reader sees it.
const MARK: &str = "zqhidden";

/// Pieces of pages that hold [`MARK`] in markup and programs, or bare tags in words that are escaped once.
fn piece() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let line = "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement.";
    prop_oneof![
        6 => Just(format!("<p>{line}</p>")),
        1 => Just(format!("<script>var a = \"</article><p>{MARK}</p>\"; if (a < b) {{ {MARK}() }}</script>")),
        1 => Just(format!("<script type=\"application/json\">{{\"a\": \"<p>{MARK}</p>\"}}</script>")),
        1 => Just(format!("<script type=\"application/ld+json\">{{\"@type\": \"Thing\", \"x\": \"{MARK}\"}}</script>")),
        1 => Just(format!("<style>.{MARK} > p {{ color: red }}</style>")),
        1 => Just(format!("<noscript><img src={MARK}><p>{MARK}</p></noscript>")),
        1 => Just(format!("<template><p>{MARK} {line}</p></template>")),
        1 => Just(format!("<!-- <p>{MARK}</p> --><![CDATA[{MARK}]]>")),
        1 => Just(format!("<p data-x=\"{MARK}>\" onclick='{MARK}()'>{line}</p>")),
        1 => Just(format!("<iframe srcdoc=\"&lt;p&gt;{MARK}&lt;/p&gt;\">{MARK}</iframe>")),
        1 => Just(format!("<svg><title>{MARK}</title><text>{MARK}</text></svg>")),
        1 => Just(format!("<textarea>{MARK}</textarea><select><option>{MARK}</select>")),
        1 => Just(format!("<p>{line} <img alt=\"{MARK}\" src=\"{MARK}.gif\"></p>")),
        1 => Just("<p>He said &amp;quot;no&amp;quot; &amp;amp; left, and the town of Kvitnes was quiet again by the evening.</p>".to_owned()),
        1 => Just("</div></article>".to_owned()),
        1 => Just("<div><table><tr><td>".to_owned()),
    ]
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]
    #[test]
    fn no_markup_and_no_program_gets_into_what_is_read(pieces in proptest::collection::vec(piece(), 0..24)) {
        let html = format!("<html><head><title>Harbour closed</title></head><body><article><h1>Harbour closed</h1>{}</article></body></html>", pieces.concat());
        let found = read(html);
        for said in [&found.title, &found.text].into_iter().chain(&found.byline).chain(&found.authors) {
            for foreign in [MARK, "<p", "</", "<!--", "CDATA", "&lt;", "&amp;", "&quot;", "function", "srcdoc", "onclick"] {
                proptest::prop_assert!(!said.contains(foreign), "{} in {:?}", foreign, said);
            }
        }
    }
}

#[test]
fn a_credit_that_names_nobody_counts_above_the_text_too() {
    let text = "<p>The harbour of Kvitnes was closed on Monday after a crane fell over, the town said.</p>\
        <p>Nobody was hurt, but two ships had to wait outside until the evening, when a tug came.</p>\
        <p>The crane had been checked in May, and nobody had seen anything wrong with it then.</p>";
    let credit = |line: &str| {
        let html = format!(
            "<html><body><article><h1>Crane falls</h1><div><p>{line}</p>{text}</div></article></body></html>"
        );
        let found = article(&Page { url: None, html });
        assert!(found.text.starts_with("The harbour of Kvitnes"), "{}", found.text);
        found.credit
    };
    assert_eq!(credit("Agencies").as_deref(), Some("Agencies"));
    assert_eq!(credit("Key points"), None);
}
