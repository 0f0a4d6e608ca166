//! A page's JSON-LD blocks, mended where they are nearly JSON, to the article they describe.

use dom_query::Document;
use serde_json::{Map, Value};

/// Blocks read of one page: news pages have up to a dozen.
const BLOCKS_MAX: usize = 64;
/// Objects looked at in all blocks of one page.
const OBJECTS_MAX: usize = 4_096;

/// What JSON-LD says of the page's article.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) headline: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) published: Option<String>,
    pub(crate) modified: Option<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) publisher: Option<String>,
    pub(crate) section: Option<String>,
    pub(crate) lang: Option<String>,
    /// A `LiveBlogPosting`.
    pub(crate) live: bool,
    /// `isAccessibleForFree` is false.
    pub(crate) paid: bool,
}

/// Reads the blocks of a page. `address` picks the page's own article where several are described.
pub(crate) fn described(doc: &Document, address: Option<&str>) -> Option<Described> {
    let blocks: Vec<Value> = doc
        .select("script[type]")
        .iter()
        .filter(|script| {
            script.attr_or("type", "").to_ascii_lowercase().starts_with("application/ld+json")
        })
        .take(BLOCKS_MAX)
        .filter_map(|script| parse(&script.text()))
        .collect();
    let mut objects = Vec::new();
    for block in &blocks {
        collect(block, &mut objects);
    }
    let articles: Vec<&Map<String, Value>> =
        objects.iter().copied().filter(|object| is_article(object)).collect();
    let own = articles.iter().find(|object| address.is_some_and(|url| names_address(object, url)));
    let best = own
        .or_else(|| articles.iter().find(|object| object.contains_key("headline")))
        .or_else(|| articles.first())?;
    Some(describe(best, &objects))
}

/// JSON, or what becomes JSON without comments, control characters, halves of letters, trailing commas and semicolons.
fn parse(text: &str) -> Option<Value> {
    let text = text.trim().trim_start_matches('\u{feff}');
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&mended(text)).ok())
}

fn mended(text: &str) -> String {
    let mut bare = text.trim();
    for mark in ["<!--", "//<![CDATA[", "/*<![CDATA[*/", "<![CDATA["] {
        bare = bare.strip_prefix(mark).unwrap_or(bare).trim_start();
    }
    for mark in ["-->", "//]]>", "/*]]>*/", "]]>"] {
        bare = bare.strip_suffix(mark).unwrap_or(bare).trim_end();
    }
    let bare = bare.trim_end_matches([';', ',']).trim_end();
    let mut out = String::with_capacity(bare.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut at = 0;
    while let Some(c) = bare[at..].chars().next() {
        let rest = &bare[at..];
        at += c.len_utf8();
        match c {
            'u' if escaped && half_letter(&rest[1..]) => {
                out.push_str("u0020");
                at += 4;
            }
            // The other half goes with it, whole.
            'u' if escaped && is_half(&rest[1..]) => {
                out.push_str(&rest[..11]);
                at += 10;
            }
            c if c.is_control() && in_string => out.push(' '),
            '"' if !escaped => {
                in_string = !in_string;
                out.push(c);
            }
            '/' if !in_string => at += comment(rest).saturating_sub(1),
            '}' | ']' if !in_string => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
                out.push(c);
            }
            c => out.push(c),
        }
        escaped = in_string && c == '\\' && !escaped;
    }
    out
}

/// The number that four hex digits are.
fn hex(text: &str) -> Option<u16> {
    let digits = text.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// True where an escape is one half of a letter that takes two.
fn is_half(digits: &str) -> bool {
    hex(digits).is_some_and(|unit| (0xd800..0xe000).contains(&unit))
}

/// True where it is such a half, and the other one does not follow.
fn half_letter(digits: &str) -> bool {
    let low = |unit: u16| (0xdc00..0xe000).contains(&unit);
    let next = digits.get(4..).and_then(|rest| hex(rest.strip_prefix("\\u")?));
    is_half(digits) && (hex(digits).is_some_and(low) || !next.is_some_and(low))
}

/// Bytes of the comment that begins here.
fn comment(rest: &str) -> usize {
    match rest.as_bytes() {
        [b'/', b'*', ..] => rest.find("*/").map_or(rest.len(), |end| end + 2),
        [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
        _ => 1,
    }
}

/// Every object of a block in document order, breadth bounded by [`OBJECTS_MAX`].
fn collect<'v>(value: &'v Value, objects: &mut Vec<&'v Map<String, Value>>) {
    if objects.len() >= OBJECTS_MAX {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, objects)),
        Value::Object(object) => {
            objects.push(object);
            // What an article refers to is not what the page is about.
            let inner = ["@graph", "mainEntity", "itemListElement", "item", "author", "creator"];
            inner
                .iter()
                .filter_map(|key| object.get(*key))
                .for_each(|value| collect(value, objects));
        }
        _ => {}
    }
}

fn types(object: &Map<String, Value>) -> Vec<&str> {
    match object.get("@type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_article(object: &Map<String, Value>) -> bool {
    types(object).iter().any(|name| {
        let name = name.rsplit(['/', ':']).next().unwrap_or(name);
        name.ends_with("Article") || matches!(name, "BlogPosting" | "LiveBlogPosting" | "Report")
    })
}

fn names_address(object: &Map<String, Value>, address: &str) -> bool {
    let entity = object.get("mainEntityOfPage");
    let entity_id = entity.and_then(|e| e.get("@id").or_else(|| e.get("url")));
    [object.get("url"), object.get("@id"), entity, entity_id]
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|url| bare(url) == bare(address))
}

fn bare(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or(url).trim_end_matches('/');
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn describe(article: &Map<String, Value>, objects: &[&Map<String, Value>]) -> Described {
    let text =
        |key: &str| article.get(key).and_then(Value::as_str).map(plain).filter(|t| !t.is_empty());
    let mut authors = Vec::new();
    for key in ["author", "creator"] {
        if let Some(value) = article.get(key).filter(|_| authors.is_empty()) {
            names(value, objects, &mut authors);
        }
    }
    let mut publisher = Vec::new();
    if let Some(value) = article.get("publisher") {
        names(value, objects, &mut publisher);
    }
    let mut sections = Vec::new();
    if let Some(value) = article.get("articleSection") {
        names(value, objects, &mut sections);
    }
    Described {
        publisher: publisher.into_iter().next(),
        section: sections.into_iter().next(),
        headline: text("headline").or_else(|| text("name")),
        body: text("articleBody"),
        published: text("datePublished").or_else(|| text("dateCreated")),
        modified: text("dateModified"),
        authors,
        lang: text("inLanguage"),
        live: types(article).contains(&"LiveBlogPosting"),
        paid: article.get("isAccessibleForFree").is_some_and(|free| {
            free.as_bool() == Some(false)
                || free.as_str().is_some_and(|word| word.eq_ignore_ascii_case("false"))
        }),
    }
}

fn names(value: &Value, objects: &[&Map<String, Value>], out: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, objects, out)),
        Value::String(name) => push_name(name, out),
        Value::Object(object) => match object.get("name") {
            Some(Value::Array(many)) => {
                many.iter().filter_map(Value::as_str).for_each(|name| push_name(name, out));
            }
            Some(Value::String(name)) => push_name(name, out),
            _ => {
                let id = object.get("@id").and_then(Value::as_str);
                let referred = objects.iter().find(|other| {
                    id.is_some()
                        && other.get("@id").and_then(Value::as_str) == id
                        && other.contains_key("name")
                });
                if let Some(name) =
                    referred.and_then(|other| other.get("name")).and_then(Value::as_str)
                {
                    push_name(name, out);
                }
            }
        },
        _ => {}
    }
}

fn push_name(name: &str, out: &mut Vec<String>) {
    let name = plain(name);
    if !name.is_empty() {
        out.push(name);
    }
}

/// Text without markup and entities; line breaks stay.
pub(crate) fn plain(text: &str) -> String {
    if !text.contains(['&', '<']) {
        return text.trim().to_owned();
    }
    let marked = text.contains("</") || text.contains("<br") || text.contains("<p");
    if marked {
        return super::render::paragraphs(text)
            .into_iter()
            .map(|block| block.text)
            .collect::<Vec<_>>()
            .join("\n");
    }
    // Entities only: what looks like markup is text. Twice, for "&amp;#8217;" is common.
    let once = Document::fragment(text.replace('<', "&lt;")).text().to_string();
    let twice = if once.contains('&') {
        Document::fragment(once.replace('<', "&lt;")).text().to_string()
    } else {
        once
    };
    if twice.contains("</") {
        // Markup that was escaped once more.
        return super::render::paragraphs(&twice)
            .into_iter()
            .map(|block| block.text)
            .collect::<Vec<_>>()
            .join("\n");
    }
    twice.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Described> {
        let page =
            format!("<html><head><script type='application/ld+json'>{json}</script></head></html>");
        described(&Document::from(page), Some("https://news.test/a?x=1"))
    }

    #[test]
    fn the_article_is_found_however_it_is_wrapped() {
        let article = r#"{"@type":"NewsArticle","headline":"Harbour closed","author":{"name":"Jorun Example"}}"#;
        for json in [
            article.to_owned(),
            format!("[{{\"@type\":\"WebPage\",\"name\":\"x\"}},{article}]"),
            format!("{{\"@context\":\"x\",\"@graph\":[{article}]}}"),
            format!("{{\"@type\":\"WebPage\",\"mainEntity\":{article}}}"),
        ] {
            let found = read(&json).unwrap_or_default();
            assert_eq!(found.headline.as_deref(), Some("Harbour closed"), "{json}");
            assert_eq!(found.authors, ["Jorun Example"], "{json}");
        }
        assert_eq!(read(r#"{"@type":"Organization","name":"Herald"}"#), None);
    }

    #[test]
    fn nearly_json_is_mended() {
        for json in [
            "{\"@type\":\"Article\",\"headline\":\"A\nB\"}",
            r#"{"@type":"Article","headline":"A B",}"#,
            r#"{"@type":"Article","headline":"A B"};"#,
            r#"<!-- {"@type":["Article"],"headline":"A B"} -->"#,
            "/* ours */ {\"@type\":\"Article\", // what it is\n \"headline\":\"A B\",/**/}",
            r#"//<![CDATA[ {"@type":"https://schema.org/Article","headline":"A B"} //]]>"#,
        ] {
            assert_eq!(read(json).and_then(|d| d.headline).as_deref(), Some("A B"), "{json}");
        }
        assert_eq!(read("{\"@type\":\"Article\",\"headline\":"), None);
        assert_eq!(mended(r#"{"a":"x,]\"}",}"#), r#"{"a":"x,]\"}"}"#);
        assert_eq!(mended(r#"{"a":"b://c/*d*/",}/"#), r#"{"a":"b://c/*d*/"}"#);
    }

    #[test]
    fn a_half_of_a_letter_costs_that_letter() {
        for (said, expected) in [
            (r"A\ud83dB", "A B"),
            (r"A \udc00\ud83d", "A"),
            (r"A \uD83D\uDE00\ud83d\u0041", "A 😀 A"),
            (r"A \\ud83d \u00e9\udead", "A \\ud83d é"),
        ] {
            let found = read(&format!(r#"{{"@type":"Article","headline":"{said}"}}"#));
            assert_eq!(found.and_then(|d| d.headline).as_deref(), Some(expected), "{said}");
        }
    }

    #[test]
    fn the_pages_own_article_comes_before_the_first() {
        let json = r#"[{"@type":"NewsArticle","headline":"Other","url":"https://news.test/b"},
            {"@type":"NewsArticle","headline":"Own","mainEntityOfPage":{"@id":"http://news.test/a/"}}]"#;
        assert_eq!(read(json).and_then(|d| d.headline).as_deref(), Some("Own"));
    }

    #[test]
    fn authors_may_be_strings_lists_and_references() {
        let json = r##"{"@graph":[{"@type":"NewsArticle","headline":"A","isAccessibleForFree":"False",
            "author":["One Example",{"@id":"#p"},{"name":["Two &amp; Example"]}]},
            {"@id":"#p","@type":"Person","name":"Three Example"}]}"##;
        let found = read(json).unwrap_or_default();
        assert_eq!(found.authors, ["One Example", "Three Example", "Two & Example"]);
        assert!(found.paid);
    }

    #[test]
    fn markup_and_entities_leave_strings() {
        assert_eq!(plain("a &amp;#8217; b"), "a ’ b");
        assert_eq!(plain("<p>One.</p><p>Two.</p>"), "One.\nTwo.");
        assert_eq!(plain("3 < 4"), "3 < 4");
    }
}
