//! A request to one site at one moment to its answer: feed, page, front page, robots.txt, 304, 404, 410 or an outage.

use xxhash_rust::xxh3::xxh3_64;

use crate::demo::script::Shown;
use crate::model::Timestamp;

use super::desk::Desk;
use super::sites::Outage;
use super::{feed, page};

/// The parts of a request that matter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    pub(super) if_none_match: Option<&'a str>,
    pub(super) if_modified_since: Option<&'a str>,
}

/// What is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// The answer as of the desk's `now`.
pub(super) fn answer(desk: &Desk<'_>, asked: &Asked<'_>) -> Answer {
    // robots.txt is spared: a crawler takes its 5xx for "everything forbidden", for a day (RFC 9309 §2.3.1.4).
    let outage = desk.site.outage.filter(|o| out_of_order(*o, desk) && asked.path != "/robots.txt");
    let mut answer = match outage {
        Some(outage) => failure(outage),
        None => content(desk, asked),
    };
    answer.headers.push(("date", http_date(desk.now)));
    answer
}

/// Whether the site fails now.
fn out_of_order(outage: Outage, desk: &Desk<'_>) -> bool {
    let minutes = (desk.now.millis() - desk.monday.millis()).div_euclid(60_000);
    minutes.rem_euclid(i64::from(outage.of.max(1))) < i64::from(outage.minutes)
}

fn failure(outage: Outage) -> Answer {
    let mut headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
    if outage.retry_after_secs > 0 {
        headers.push(("retry-after", outage.retry_after_secs.to_string()));
    }
    Answer { status: outage.status, headers, body: b"The presses are being oiled.\n".to_vec() }
}

fn content(desk: &Desk<'_>, asked: &Asked<'_>) -> Answer {
    if asked.path == "/robots.txt" {
        return plain(200, robots(desk));
    }
    if asked.path == desk.site.feed.path() {
        let body = feed::feed(desk).into_bytes();
        return validated(desk, asked, desk.site.feed.content_type(), body, desk.changed());
    }
    if asked.path == "/" {
        let body = encode(desk, &page::front(desk));
        return validated(desk, asked, html_type(desk), body, desk.changed());
    }
    let Some((item, state)) = desk.find(asked.path) else {
        return html(desk, 404, &page::not_found(desk));
    };
    match &state.shown {
        Shown::Gone(status) => html(desk, *status, &page::not_found(desk)),
        Shown::SoftNotFound { .. } => html(desk, 200, &page::not_found(desk)),
        Shown::Story(story) => {
            let body = encode(desk, &page::story(desk, item, story, state.at));
            let validator = xxh3_64(format!("{story:?}").as_bytes());
            let changed = state.at.on(desk.monday);
            let tag = format!("W/\"{validator:016x}\"");
            conditional(desk, asked, html_type(desk), body, changed, tag)
        }
    }
}

/// An answer whose tag is its body's hash.
fn validated(
    desk: &Desk<'_>,
    asked: &Asked<'_>,
    content_type: &str,
    body: Vec<u8>,
    changed: Timestamp,
) -> Answer {
    let tag = format!("W/\"{:016x}\"", xxh3_64(&body));
    conditional(desk, asked, content_type, body, changed, tag)
}

/// 304 where the asker has it already (RFC 9110 §13.2.2: the tag decides where one is sent), else 200.
fn conditional(
    desk: &Desk<'_>,
    asked: &Asked<'_>,
    content_type: &str,
    body: Vec<u8>,
    changed: Timestamp,
    tag: String,
) -> Answer {
    let same = match (asked.if_none_match, asked.if_modified_since) {
        (Some(tags), _) => tags.split(',').any(|t| t.trim() == tag || t.trim() == "*"),
        (None, Some(since)) => since == http_date(changed),
        (None, None) => false,
    };
    let headers = vec![
        ("etag", tag),
        ("last-modified", http_date(changed)),
        ("cache-control", format!("public, max-age={}", desk.site.max_age_secs)),
        ("content-type", content_type.to_owned()),
    ];
    if same {
        return Answer { status: 304, headers, body: Vec::new() };
    }
    Answer { status: 200, headers, body }
}

fn robots(desk: &Desk<'_>) -> String {
    let disallow = match desk.site.disallow {
        Some(section) => format!("Disallow: /{section}/"),
        None => "Disallow:".to_owned(),
    };
    let sitemap = match desk.site.feed {
        super::FeedType::NewsSitemap => {
            format!("Sitemap: {}{}\n", desk.base, desk.site.feed.path())
        }
        _ => String::new(),
    };
    format!("User-agent: *\n{disallow}\n{sitemap}")
}

fn plain(status: u16, body: String) -> Answer {
    let headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
    Answer { status, headers, body: body.into_bytes() }
}

fn html(desk: &Desk<'_>, status: u16, body: &str) -> Answer {
    let headers = vec![("content-type", html_type(desk).to_owned())];
    Answer { status, headers, body: encode(desk, body) }
}

const fn html_type(desk: &Desk<'_>) -> &'static str {
    if desk.site.latin { "text/html; charset=ISO-8859-1" } else { "text/html; charset=utf-8" }
}

/// Bytes in the site's charset; what windows-1252 cannot say becomes a character reference.
fn encode(desk: &Desk<'_>, html: &str) -> Vec<u8> {
    if desk.site.latin {
        encoding_rs::WINDOWS_1252.encode(html).0.into_owned()
    } else {
        html.as_bytes().to_vec()
    }
}

/// RFC 9110 date.
fn http_date(at: Timestamp) -> String {
    at.to_utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
