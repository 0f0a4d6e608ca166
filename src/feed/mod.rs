//! Bytes of a feed to entries: RSS 0.9 to 2.0 and RDF, Atom, JSON Feed, news sitemaps, sitemap indexes.
//!
//! ```text
//! bytes ─ text::decode ─ mend (XML) / json ─ read (feed-rs) / sitemap ─ tidy ─► Feed
//! ```
//! A feed is read as far as it can be. What was mended, dropped or cut is said in [`Feed::notes`], once a kind.

use std::time::Duration;

use url::Url;

use crate::model::Timestamp;
use crate::text;

mod about;
mod date;
mod guess;
mod index;
mod json;
mod links;
mod markup;
mod mend;
mod names;
pub mod opml;
mod pace;
mod read;
mod references;
mod scan;
mod sitemap;
mod tidy;
mod vocabulary;

pub use index::{Sitemap, newest, without_archive};
pub use links::{Announced, announced, stories};
pub use names::{Named, named, renamed, same_headline};

/// What one feed may bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries read of one feed, and addresses of one sitemap index. Real feeds hold up to 1,000 (news sitemaps).
    pub entries_max: usize,
    /// Elements inside each other. Real feeds reach about 20, with raw HTML in their texts.
    pub depth_max: usize,
    /// Bytes of a link. Longer ones are dropped.
    pub link_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries_max: 5000, depth_max: 256, link_bytes_max: 2048 }
    }
}

/// The form a feed has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// RSS of any version, RDF included.
    Rss,
    /// Atom 1.0 (RFC 4287) or 0.3.
    Atom,
    /// JSON Feed 1.0 or 1.1.
    Json,
    /// A sitemap, with Google's news extension or without.
    NewsSitemap,
    /// A list of sitemaps.
    SitemapIndex,
    /// A page that is no feed: a section page, a robots.txt.
    Page,
}

/// One poll of a feed, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Its form.
    pub kind: FeedKind,
    /// Its title as plain text.
    pub title: Option<String>,
    /// Its language tag in lower case.
    pub lang: Option<String>,
    /// Its entries in the order of the feed, doubles collapsed onto the first.
    pub entries: Vec<Entry>,
    /// The sitemaps of an index.
    pub sitemaps: Vec<Sitemap>,
    /// Where older entries stand: Atom's `prev-archive` or `next` (RFC 5005), JSON Feed's `next_url`. Absolute.
    pub next: Option<String>,
    /// How long the publisher asks us to wait between polls: `<ttl>`, or `sy:updatePeriod` ÷ `sy:updateFrequency`.
    /// At most seven days.
    pub ttl: Option<Duration>,
    /// `<skipHours>`: one bit an hour of the day in GMT, the lowest from midnight.
    pub skip_hours: u32,
    /// `<skipDays>`: one bit a day of the week, the lowest for Monday.
    pub skip_days: u8,
    /// What was mended, dropped or cut, in words.
    pub notes: Vec<String>,
}

impl Feed {
    /// An index of these sitemaps.
    #[must_use]
    pub fn of_sitemaps(sitemaps: Vec<Sitemap>) -> Self {
        Self { sitemaps, ..Self::of_entries(Vec::new()) }
    }

    /// The stories of a page, which says nothing of itself.
    #[must_use]
    pub fn of_entries(entries: Vec<Entry>) -> Self {
        Self {
            kind: FeedKind::Page,
            title: None,
            lang: None,
            entries,
            sitemaps: Vec::new(),
            next: None,
            ttl: None,
            skip_hours: 0,
            skip_days: 0,
            notes: Vec::new(),
        }
    }
}

/// One entry of a feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The publisher's own name for it. Not to be trusted: some change each poll, some are reused.
    pub guid: Option<String>,
    /// Absolute address of its page, http or https only.
    pub url: Option<String>,
    /// Plain text on one line, references resolved; empty where there is none.
    pub title: String,
    /// Teaser as plain text on one line.
    pub summary: Option<String>,
    /// HTML of `content:encoded` or Atom's content.
    pub content: Option<String>,
    /// When it says it was published. `None` where that is before 1995 or over a day ahead.
    pub published: Option<Timestamp>,
    /// When it says it was changed. `None` as above.
    pub updated: Option<Timestamp>,
    /// Language tag in lower case; the feed's where it has none of its own.
    pub lang: Option<String>,
    /// Names of its authors.
    pub authors: Vec<String>,
    /// Labels of its categories.
    pub categories: Vec<String>,
}

/// Why a body gave no feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The body is something else.
    #[error("not a feed: the address answers with {looks_like}")]
    NotAFeed {
        /// What it is, with its article: "an HTML page titled …".
        looks_like: String,
    },
    /// The feed is broken before anything of use.
    #[error("broken feed: at {place}, {what}")]
    Malformed {
        /// Where, in words.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// The body holds nothing but white space.
    #[error("the feed is empty: the address answers without any content")]
    Empty,
    /// Elements stand inside each other more deeply than any feed needs.
    #[error("more than {depth_max} elements inside each other: this is no honest feed")]
    TooDeep {
        /// The limit.
        depth_max: usize,
    },
}

/// A date as publishers write it, in feeds and elsewhere.
pub fn moment(text: &str) -> Option<Timestamp> {
    date::parse(text)
}

/// Reads a feed. `charset` is HTTP's, `base` the address it came from, `now` the time dates are held against.
pub fn parse(
    bytes: &[u8],
    charset: Option<&str>,
    base: &Url,
    now: Timestamp,
    limits: &Limits,
) -> Result<Feed, FeedError> {
    if let Some(looks_like) = guess::binary(bytes) {
        return Err(FeedError::NotAFeed { looks_like: looks_like.to_owned() });
    }
    let decoded = text::decode(bytes, charset);
    let mut notes = Vec::new();
    if decoded.damaged {
        notes.push(format!("some bytes are no {}; they read as \u{fffd}", decoded.encoding));
    }
    let text = decoded.text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut feed = match text.chars().next() {
        None => return Err(FeedError::Empty),
        Some('{' | '[') => of_json(text, base, now, limits)?,
        Some(_) => of_xml(text, base, now, limits)?,
    };
    if text.contains('\0') {
        notes.push("holds NUL characters, which were dropped".to_owned());
    }
    notes.append(&mut feed.notes);
    for entry in &mut feed.entries {
        if entry.lang.is_none() {
            entry.lang.clone_from(&feed.lang);
        }
    }
    Ok(Feed { notes, ..feed })
}

fn of_json(text: &str, base: &Url, now: Timestamp, limits: &Limits) -> Result<Feed, FeedError> {
    let mended = json::mend(text, limits)?;
    let mut read = read::read(&mended.bytes, base)?;
    for (entry, lang) in read.entries.iter_mut().zip(mended.langs) {
        entry.lang = lang;
    }
    let (entries, mut faults) = tidy::entries(read.entries, base, now, limits);
    let mut notes = mended.notes;
    notes.append(&mut faults);
    Ok(Feed {
        kind: read.kind,
        title: title(read.title),
        lang: read.lang.and_then(|lang| tidy::lang(&lang)),
        entries,
        sitemaps: Vec::new(),
        next: mended.next.and_then(|next| tidy::absolute(&next, base).ok()).map(String::from),
        ttl: None,
        skip_hours: 0,
        skip_days: 0,
        notes,
    })
}

fn of_xml(text: &str, base: &Url, now: Timestamp, limits: &Limits) -> Result<Feed, FeedError> {
    let mended = mend::mend(text, limits)?;
    let (kind, heading, raw) = match mended.root {
        vocabulary::Root::Urls => (FeedKind::NewsSitemap, None, sitemap::rows(&mended.xml)),
        vocabulary::Root::Index => (FeedKind::SitemapIndex, None, sitemap::rows(&mended.xml)),
        _ => {
            let mut read = read::read(mended.xml.as_bytes(), base)?;
            for (entry, facts) in read.entries.iter_mut().zip(mended.entries) {
                entry.lang = facts.lang;
                entry.links.splice(0..0, facts.origin_link);
            }
            (read.kind, read.title, read.entries)
        }
    };
    let (entries, mut faults) = tidy::entries(raw, base, now, limits);
    let mut notes = mended.notes;
    notes.append(&mut faults);
    let (entries, sitemaps) = match kind {
        FeedKind::SitemapIndex => {
            let sitemap = |entry: Entry| Some(Sitemap { url: entry.url?, lastmod: entry.updated });
            (Vec::new(), entries.into_iter().filter_map(sitemap).collect())
        }
        _ => (entries, Vec::new()),
    };
    Ok(Feed {
        kind,
        title: title(heading),
        lang: mended.lang.and_then(|lang| tidy::lang(&lang)),
        entries,
        sitemaps,
        next: mended.next.and_then(|next| tidy::absolute(&next, base).ok()).map(String::from),
        ttl: mended.pace.ttl(),
        skip_hours: mended.pace.skip_hours,
        skip_days: mended.pace.skip_days,
        notes,
    })
}

fn title(html: Option<String>) -> Option<String> {
    html.map(|html| markup::plain(&html)).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod paging_tests;
#[cfg(test)]
mod tests;
