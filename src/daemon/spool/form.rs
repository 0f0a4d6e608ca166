//! A spooled file's bytes to the articles in it, and to what is wrong with the rest.

use std::borrow::Cow;
use std::io::Read as _;

use serde_json::Value;

use crate::config::{Source, SourceKind};
use crate::daemon::page::is_readable;
use crate::extract::{Extracted, Page};
use crate::jsonl;
use crate::model::{Article, OriginBasis, OriginClaim, Timestamp};
use crate::text;

/// Bytes of a file, unpacked. Larger ones are for `copytaster ingest`, which reads them line by line.
pub(super) const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why XML is set aside.
const XML: &str = "it is XML: article records (JSON lines) and pages (.html) are read, NewsML and NITF are not yet";

/// How far a `first_seen` may lie ahead of our clock, as with a push.
const AHEAD_MAX_MILLIS: i64 = 5 * 60 * 1000;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The articles, in their order.
    pub(super) articles: Vec<Article>,
    /// What cannot be taken: its line from 1, the line, and why.
    pub(super) refused: Vec<(usize, String, String)>,
    /// True where it breaks off as a file does that is still being written.
    pub(super) breaks_off: bool,
}

/// Why nothing can be taken of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    /// In words.
    pub(super) why: String,
    /// True where it breaks off as a file does that is still being written.
    pub(super) breaks_off: bool,
}

impl From<&str> for Unfit {
    fn from(why: &str) -> Self {
        Self { why: why.to_owned(), breaks_off: false }
    }
}

impl From<String> for Unfit {
    fn from(why: String) -> Self {
        Self { why, breaks_off: false }
    }
}

/// A file as far as it can be read without a parser of html.
#[derive(Debug)]
pub(super) enum Opened {
    /// Article records.
    Records(Contents),
    /// A page.
    Page(Page),
}

/// Reads a file of article records (JSON lines, one object, an array), or opens a page of html.
pub(super) fn open(
    name: &str,
    bytes: &[u8],
    source: &Source,
    now: Timestamp,
) -> Result<Opened, Unfit> {
    let bytes = unpacked(bytes)?;
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    let is_page = [".html", ".htm", ".xhtml"].iter().any(|end| name.to_lowercase().ends_with(end));
    if is_page {
        return Ok(Opened::Page(Page { url: None, html: text::decode(&bytes, None).text }));
    }
    let text = std::str::from_utf8(&bytes).map_err(|fault| Unfit {
        why: "it is no UTF-8: article records are JSON".to_owned(),
        breaks_off: fault.error_len().is_none(),
    })?;
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().chars().next() {
        Some('{' | '[') => Ok(Opened::Records(records(text, source, now))),
        Some('<') => Err(XML.into()),
        Some(_) => Err("it is neither JSON nor a page (.html)".into()),
        None => Ok(Opened::Records(Contents { breaks_off: true, ..Contents::default() })),
    }
}

fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Unfit> {
    let mut out = Vec::new();
    let broken = |fault: std::io::Error| Unfit {
        why: format!("it cannot be unpacked: {fault}"),
        breaks_off: fault.kind() == std::io::ErrorKind::UnexpectedEof,
    };
    match bytes {
        [0x1F, 0x8B, ..] => {
            let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(FILE_BYTES_MAX + 1);
            reader.read_to_end(&mut out).map_err(broken)?;
        }
        [0x28, 0xB5, 0x2F, 0xFD, ..] => {
            let reader = zstd::stream::read::Decoder::new(bytes).map_err(broken)?;
            reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut out).map_err(broken)?;
        }
        _ => return Ok(Cow::Borrowed(bytes)),
    }
    if out.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it unpacks to more than {} MiB", FILE_BYTES_MAX >> 20).into());
    }
    Ok(Cow::Owned(out))
}

/// One value over several lines, an array of records, or a record a line.
fn records(text: &str, source: &Source, now: Timestamp) -> Contents {
    let mut contents = Contents::default();
    let whole = serde_json::from_str::<Value>(text).ok();
    if let Some(whole) = whole {
        let values = match whole {
            Value::Array(values) => values,
            value => vec![value],
        };
        for (at, value) in values.into_iter().enumerate() {
            let line = value.to_string();
            match record(value, source, now) {
                Ok(article) => contents.articles.push(article),
                Err(why) => contents.refused.push((at + 1, line, why)),
            }
        }
        return contents;
    }
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let read = jsonl::value(line).map_err(|problem| problem.to_string());
        match read.and_then(|value| record(value, source, now)) {
            Ok(article) => contents.articles.push(article),
            Err(why) => contents.refused.push((at + 1, line.to_owned(), why)),
        }
    }
    let last = text.lines().count();
    let bad_end = contents.refused.last().is_some_and(|&(at, ..)| at == last);
    contents.breaks_off = bad_end && !text.ends_with('\n');
    contents
}

fn record(mut value: Value, source: &Source, now: Timestamp) -> Result<Article, String> {
    if let Value::Object(map) = &mut value {
        let named = map.get("source").is_some_and(|named| {
            !named.is_null() && named.as_str().is_none_or(|name| !name.trim().is_empty())
        });
        if !named {
            map.insert("source".to_owned(), source.id.as_str().into());
        }
    }
    let mut article = jsonl::parse_value(value).map_err(|problem| problem.to_string())?;
    if let Some(at) = article.first_seen.filter(|&at| at > now.plus_millis(AHEAD_MAX_MILLIS)) {
        return Err(format!("first_seen {at} is over 5 minutes ahead of {now}"));
    }
    if article.source == source.id {
        article.lang = article.lang.or_else(|| source.lang.clone());
        article.rights = article.rights.or_else(|| source.rights().statement);
        article.origin = article.origin.or_else(|| own_item(source));
    }
    Ok(article)
}

/// What a page holds: one article, which goes by the file's name where it has no address.
pub(super) fn page(name: &str, found: Extracted, source: &Source) -> Result<Contents, Unfit> {
    is_readable(&found)?;
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    let id = found.canonical_url.is_none().then(|| name.to_owned());
    let article = Article {
        source: source.id.clone(),
        id,
        url: found.canonical_url,
        title: found.title,
        text: found.text,
        kind: found.kind,
        published: found.published,
        updated: found.updated,
        lang: found.lang.or_else(|| source.lang.clone()),
        byline: found.byline,
        credit: found.credit,
        rights: source.rights().statement,
        origin: own_item(source).or(found.origin),
        ..Article::default()
    };
    Ok(Contents { articles: vec![article], ..Contents::default() })
}

fn own_item(source: &Source) -> Option<OriginClaim> {
    let agency = source.name.clone();
    let claim = OriginClaim { agency, basis: OriginBasis::OwnItem, evidence: String::new() };
    (source.kind == SourceKind::Agency).then_some(claim)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::extract;

    pub(in crate::daemon) fn source() -> Source {
        let source = Source::named("nap".into(), SourceKind::Agency);
        Source { name: "NAP".to_owned(), lang: Some("en".to_owned()), ..source }
    }

    fn read(name: &str, bytes: &[u8]) -> Result<Contents, Unfit> {
        match open(name, bytes, &source(), Timestamp::from_secs(1_000))? {
            Opened::Records(contents) => Ok(contents),
            Opened::Page(found) => page(name, extract::article(&found), &source()),
        }
    }

    fn check(text: &str, articles: usize, refused: &[usize], breaks_off: bool) {
        let found = read("copy.jsonl", text.as_bytes()).unwrap();
        let lines: Vec<usize> = found.refused.iter().map(|&(line, ..)| line).collect();
        assert_eq!((found.articles.len(), &lines[..]), (articles, refused), "{text}");
        assert_eq!(found.breaks_off, breaks_off, "{text}");
    }

    const GOOD: &str = r#"{"id": "1", "title": "Dam holds"}"#;

    #[test]
    fn records_are_read_from_lines_one_object_or_an_array() {
        check(GOOD, 1, &[], false);
        check(&format!("{GOOD}\n\n{GOOD}\n"), 2, &[], false);
        check(&format!("[{GOOD},\n {{\"id\": \"2\"}}, {GOOD}]"), 2, &[2], false);
        check("{\n \"id\": \"1\",\n \"title\": \"Dam holds\"\n}\n", 1, &[], false);
    }

    #[test]
    fn a_bad_line_is_told_and_a_last_one_without_its_end_may_still_grow() {
        check(&format!("{GOOD}\n{{oops\n{GOOD}\n"), 2, &[2], false);
        check(&format!("{GOOD}\n{{\"id\": \"2\", \"ti"), 1, &[2], true);
        check(&format!("{GOOD}\n{{\"id\": \"2\", \"ti\n"), 1, &[2], false);
        check("", 0, &[], true);
        check("  \n", 0, &[], true);
    }

    #[test]
    fn a_record_belongs_to_the_spools_source_unless_it_names_one() {
        let article = |text: &str| read("a.json", text.as_bytes()).unwrap().articles.remove(0);
        let own = article(GOOD);
        assert_eq!((own.source.as_str(), own.lang.as_deref()), ("nap", Some("en")));
        assert_eq!(own.origin.map(|origin| origin.basis), Some(OriginBasis::OwnItem));
        let other = article(r#"{"id": "1", "title": "T", "source": "dpa"}"#);
        assert_eq!((other.source.as_str(), other.origin), ("dpa", None));
        let ahead = r#"{"id": "1", "title": "T", "first_seen": "2026-03-02T00:00:00Z"}"#;
        assert!(read("a.json", ahead.as_bytes()).unwrap().refused[0].2.contains("ahead"));
    }

    #[test]
    fn files_of_which_nothing_can_be_taken_say_why() {
        for (name, bytes, says) in [
            ("a.xml", &b"<newsItem/>"[..], "XML"),
            ("a.bin", b"\xff\xfe\x00", "UTF-8"),
            ("a.txt", b"ZCZC", "neither JSON"),
            ("a.gz", b"\x1f\x8b\x09broken and longer than a head", "unpacked"),
            ("a.html", b"<html><body>Page not found</body></html>", "no article"),
        ] {
            let unfit = read(name, bytes).unwrap_err();
            assert!(unfit.why.contains(says) && !unfit.breaks_off, "{name}: {unfit:?}");
        }
    }

    #[test]
    fn a_file_that_is_cut_anywhere_may_still_grow() {
        let long =
            format!("{{\"id\": \"1\", \"title\": \"{}\"}}", "D\u{e4}mme halten. ".repeat(40));
        let gzipped = {
            use std::io::Write as _;
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(long.as_bytes()).unwrap();
            writer.finish().unwrap()
        };
        for whole in
            [long.as_bytes().to_vec(), zstd::encode_all(long.as_bytes(), 1).unwrap(), gzipped]
        {
            assert_eq!(read("a.jsonl", &whole).unwrap().articles.len(), 1);
            for cut in 4..whole.len() {
                let breaks_off = match read("a.jsonl", &whole[..cut]) {
                    Ok(contents) => contents.breaks_off,
                    Err(unfit) => unfit.breaks_off,
                };
                assert!(breaks_off, "cut at {cut} of {}", whole.len());
            }
        }
    }

    #[test]
    fn a_page_and_a_packed_file_are_read() {
        let paragraph = "The dam at Velm held on Monday after three days of rain, the water board said in the town. ";
        let html = format!(
            "<html><body><article><h1>Dam holds</h1><p>{}</p></article></body></html>",
            paragraph.repeat(4)
        );
        let found = read("velm.html", html.as_bytes()).unwrap();
        assert_eq!(found.articles[0].id.as_deref(), Some("velm.html"));
        let packed = zstd::encode_all(GOOD.as_bytes(), 1).unwrap();
        assert_eq!(read("a.jsonl.zst", &packed).unwrap().articles.len(), 1);
    }
}
