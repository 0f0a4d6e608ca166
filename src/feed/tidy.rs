//! Entries as they were read to entries that can be trusted: absolute http links, plain titles, sane dates, no doubles.

use std::collections::BTreeSet;

use url::Url;

use super::markup::{collapse, plain};
use super::{Entry, Limits};
use crate::model::Timestamp;

/// Dates before this are mistakes: no news site is older.
const OLDEST: Timestamp = Timestamp::from_secs(788_918_400); // 1995-01-01T00:00:00Z

/// How far ahead of us a publisher's clock may be.
const AHEAD_MILLIS: i64 = 24 * 3600 * 1000;

/// Longest title and guid that is kept; longer ones are cut. The store keeps rows of 8 KiB.
const TITLE_BYTES_MAX: usize = 2048;

/// Most authors, and most categories, of an entry.
const NAMES_MAX: usize = 64;

/// An entry before it is tidied.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) guid: Option<String>,
    /// Best first; may be relative, may be no web address.
    pub(super) links: Vec<String>,
    /// As HTML.
    pub(super) title: String,
    /// As HTML.
    pub(super) summary: Option<String>,
    pub(super) content: Option<String>,
    pub(super) published: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    pub(super) lang: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) dates_unread: usize,
}

/// Counts what was wrong; says it once for the whole feed.
#[derive(Debug, Default)]
struct Faults {
    dates_unread: usize,
    dates_insane: usize,
    links_foreign: usize,
    links_long: usize,
    links_broken: usize,
    doubles: usize,
    empty: usize,
}

impl Faults {
    fn notes(&self) -> Vec<String> {
        [
            (self.dates_unread, "dates could not be read"),
            (self.dates_insane, "dates before 1995 or over a day ahead were dropped"),
            (self.links_foreign, "links that are not http or https were dropped"),
            (self.links_long, "links were longer than allowed and dropped"),
            (self.links_broken, "links are no addresses and were dropped"),
            (self.doubles, "entries stood there twice and were collapsed"),
            (self.empty, "entries had neither link, title nor text and were dropped"),
        ]
        .into_iter()
        .filter(|&(count, _)| count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
    }
}

/// Tidies all entries of one feed, and says what was wrong.
pub(super) fn entries(
    raw: Vec<Raw>,
    base: &Url,
    now: Timestamp,
    limits: &Limits,
) -> (Vec<Entry>, Vec<String>) {
    let mut faults = Faults::default();
    let mut seen = BTreeSet::new();
    let mut entries: Vec<Entry> = Vec::with_capacity(raw.len());
    for raw in raw {
        let entry = tidy(raw, base, now, limits, &mut faults);
        if entry.url.is_none() && entry.title.is_empty() && entry.content.is_none() {
            faults.empty += usize::from(entry.summary.is_none());
            if entry.summary.is_none() {
                continue;
            }
        }
        if is_double(&entry, &mut seen) {
            faults.doubles += 1;
        } else {
            entries.push(entry);
        }
    }
    (entries, faults.notes())
}

/// Two entries are one where link and guid agree, or link and title. A guid alone is not trusted: some are reused.
/// The first one stays.
fn is_double(entry: &Entry, seen: &mut BTreeSet<(String, bool, String)>) -> bool {
    let url = entry.url.clone().unwrap_or_default();
    if url.is_empty() && entry.guid.is_none() {
        return false;
    }
    let by_guid = entry.guid.iter().map(|guid| (url.clone(), true, guid.clone()));
    let title = Some(&entry.title).filter(|title| !title.is_empty() || entry.guid.is_none());
    let by_title = title.map(|title| (url.clone(), false, title.clone()));
    // Without a link a guid must bring its title along, or a reused guid would hide a new entry.
    let keys: Vec<_> = if url.is_empty() {
        let guid = entry.guid.clone().unwrap_or_default();
        vec![(guid, false, entry.title.clone())]
    } else {
        by_guid.chain(by_title).collect()
    };
    let double = keys.iter().any(|key| seen.contains(key));
    seen.extend(keys);
    double
}

fn tidy(raw: Raw, base: &Url, now: Timestamp, limits: &Limits, faults: &mut Faults) -> Entry {
    faults.dates_unread += raw.dates_unread;
    let url = raw.links.iter().find_map(|link| web_link(link, base, limits, faults));
    let text = |html: String| Some(plain(&html)).filter(|text| !text.is_empty());
    let name = |name: String| Some(cut(plain(&name))).filter(|name| !name.is_empty());
    Entry {
        guid: raw.guid.map(|guid| cut(collapse(&guid))).filter(|guid| !guid.is_empty()),
        url,
        title: cut(plain(&raw.title)),
        summary: raw.summary.and_then(text),
        content: raw.content.filter(|content| !content.trim().is_empty()),
        published: sane(raw.published, now, faults),
        updated: sane(raw.updated, now, faults),
        lang: raw.lang.and_then(|tag| lang(&tag)),
        authors: raw.authors.into_iter().filter_map(name).take(NAMES_MAX).collect(),
        categories: raw.categories.into_iter().filter_map(name).take(NAMES_MAX).collect(),
    }
}

/// An absolute address of the web, without user and password; `None` for all else.
pub(super) fn absolute(link: &str, base: &Url) -> Result<Url, Unfit> {
    // Line breaks inside a link come from pretty-printers; the URL standard drops them too.
    let link = link.trim();
    if link.is_empty() {
        return Err(Unfit::Broken);
    }
    let mut url = base.join(link).map_err(|_| Unfit::Broken)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Unfit::Foreign);
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Unfit::Broken);
    }
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| Unfit::Broken)?;
    Ok(url)
}

/// Why a link is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Foreign,
    Broken,
}

fn web_link(link: &str, base: &Url, limits: &Limits, faults: &mut Faults) -> Option<String> {
    if link.len() > limits.link_bytes_max {
        faults.links_long += 1;
        return None;
    }
    match absolute(link, base) {
        Ok(url) if url.as_str().len() <= limits.link_bytes_max => Some(url.into()),
        Ok(_) => {
            faults.links_long += 1;
            None
        }
        Err(Unfit::Foreign) => {
            faults.links_foreign += 1;
            None
        }
        Err(Unfit::Broken) => {
            faults.links_broken += 1;
            None
        }
    }
}

fn sane(at: Option<Timestamp>, now: Timestamp, faults: &mut Faults) -> Option<Timestamp> {
    let at = at?;
    if at < OLDEST || at > now.plus_millis(AHEAD_MILLIS) {
        faults.dates_insane += 1;
        return None;
    }
    Some(at)
}

/// A language tag in lower case, `None` where it has not the form of one (RFC 5646 §2.1, loosely).
pub(super) fn lang(tag: &str) -> Option<String> {
    let tag = tag.trim().replace('_', "-").to_ascii_lowercase();
    let fits = (2..=35).contains(&tag.len())
        && tag.split('-').all(|part| (1..=8).contains(&part.len()))
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && tag.as_bytes()[..2].iter().all(u8::is_ascii_alphabetic);
    fits.then_some(tag)
}

fn cut(mut text: String) -> String {
    if text.len() > TITLE_BYTES_MAX {
        let end = (0..=TITLE_BYTES_MAX).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
