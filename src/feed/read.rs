//! A mended feed to raw entries, by feed-rs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use feed_rs::model;
use feed_rs::parser::{Builder, ParseFeedError};
use url::Url;

use super::markup::html_of_plain;
use super::tidy::Raw;
use super::{FeedError, FeedKind, date};
use crate::model::Timestamp;

/// What was read of a feed.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) kind: FeedKind,
    pub(super) title: Option<String>,
    pub(super) lang: Option<String>,
    pub(super) entries: Vec<Raw>,
}

/// Reads mended bytes.
pub(super) fn read(bytes: &[u8], base: &Url) -> Result<Read, FeedError> {
    let unread = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&unread);
    let parser = Builder::new()
        .base_uri(Some(base.as_str()))
        .sanitize_content(false)
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(move |text| {
            let at = date::parse(text);
            if at.is_none() && !text.trim().is_empty() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            at.map(Timestamp::to_utc)
        })
        .build();
    let feed = parser.parse(bytes).map_err(|error| malformed(&error))?;
    let kind = match feed.feed_type {
        model::FeedType::Atom => FeedKind::Atom,
        model::FeedType::JSON => FeedKind::Json,
        model::FeedType::RSS0 | model::FeedType::RSS1 | model::FeedType::RSS2 => FeedKind::Rss,
    };
    let mut entries: Vec<Raw> = feed.entries.into_iter().map(|e| raw(kind, e)).collect();
    if let Some(first) = entries.first_mut() {
        first.dates_unread = unread.load(Ordering::Relaxed);
    }
    let title = feed.title.map(|title| title.content);
    Ok(Read { kind, title, lang: feed.language, entries })
}

fn malformed(error: &ParseFeedError) -> FeedError {
    FeedError::Malformed { place: "an unnamed place".to_owned(), what: error.to_string() }
}

fn raw(kind: FeedKind, entry: model::Entry) -> Raw {
    let published = entry.published.map(Timestamp::from);
    // feed-rs says "updated" of every RSS entry: the published time again, where there is no other.
    let updated = entry.updated.map(Timestamp::from);
    let updated = updated.filter(|_| kind != FeedKind::Rss || updated != published);
    let categories = entry.categories.into_iter();
    Raw {
        guid: Some(entry.id).filter(|id| !id.is_empty()),
        links: links(entry.links),
        title: entry.title.map(|title| title.content).unwrap_or_default(),
        summary: entry.summary.map(|summary| summary.content),
        content: entry.content.and_then(content),
        published,
        updated,
        lang: None,
        authors: entry.authors.into_iter().filter_map(|person| person.name).collect(),
        categories: categories
            .map(|category| category.label.filter(|l| !l.is_empty()).unwrap_or(category.term))
            .collect(),
        dates_unread: 0,
    }
}

/// Links to the page itself, a web page before other forms of it.
fn links(links: Vec<model::Link>) -> Vec<String> {
    let is_page =
        |link: &model::Link| link.media_type.as_deref().is_none_or(|media| media.contains("html"));
    let mut own: Vec<model::Link> = links
        .into_iter()
        .filter(|link| link.target.is_none())
        .filter(|link| link.rel.as_deref().is_none_or(|rel| rel.eq_ignore_ascii_case("alternate")))
        .collect();
    own.sort_by_key(|link| !is_page(link));
    own.into_iter().map(|link| link.href).collect()
}

/// The text as HTML.
fn content(content: model::Content) -> Option<String> {
    let body = content.body?;
    let is_plain = content.content_type.as_str() == "text/plain";
    Some(if is_plain { html_of_plain(&body) } else { body })
}
