//! Articles to no word of them: in the journal, in the rows, in what is kept beside either. For a directory that no daemon holds.
//!
//! In this order: the mark that an erasure is under way; the record of it; the pages; the segments, rewritten; the rows, made anew, since
//! sled keeps old bytes in its files. A crash leaves the mark, nothing starts over it, and the next erasure ends this one, too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;
use url::Url;

use super::desk;
use super::replay::remake;
use super::{Fault, checkpoint, raw};
use crate::cluster::{self, Version};
use crate::extract;
use crate::journal::{Entry, Erase, Log, Lost, Reader, Record, erasing, generation};
use crate::model::{Article, ArticleId, Seq, SourceId, Timestamp, VersionId};
use crate::store::{Note, Store};

/// Articles in one record: it stays far below what a record may have.
const ARTICLES_A_RECORD: usize = 10_000;

/// What is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// These articles.
    Articles(BTreeSet<ArticleId>),
    /// Every article of a source.
    Source(SourceId),
    /// Articles that an earlier history lost, where this one has them: the same id and one of these keys.
    Again(BTreeMap<ArticleId, Vec<u64>>),
}

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Articles.
    pub articles: usize,
    /// Their versions.
    pub versions: usize,
}

/// What the journal has of the articles to erase.
#[derive(Default)]
struct Found {
    keys: BTreeMap<ArticleId, BTreeSet<u64>>,
    versions: BTreeSet<VersionId>,
    sources: BTreeSet<SourceId>,
    /// The pages these were read from.
    raws: BTreeSet<String>,
    /// Articles an earlier record names.
    before: BTreeSet<ArticleId>,
}

/// Erases, from a journal that was [opened for it](Log::open_to_erase); tells `each` which records the new rows hold. Where
/// there is nothing of the kind, nothing is changed.
pub fn erase(
    mut log: Log,
    dir: &Path,
    which: &Which,
    cache_bytes: u64,
    now: Timestamp,
    each: &mut dyn FnMut(Seq),
) -> Result<Erased, Fault> {
    let unfinished = erasing::unfinished(dir)?;
    let found = find(&log.reader(), which, &unfinished)?;
    if found.versions.is_empty() {
        return Ok(Erased::default());
    }
    erasing::begin(dir, &found.keys.keys().copied().collect())?;
    // It quotes what claims of origin were read from.
    checkpoint::remove(dir)?;
    write_down(&mut log, dir, &found, now)?;
    let (_lock, reader) = log.close()?;
    let keys: BTreeSet<u64> = found.keys.values().flatten().copied().collect();
    // Pages go first: once the words are gone, nothing names them any more. A page that a crash left without a record goes by its address.
    raw::erase(dir, &mut |page| {
        found.raws.contains(&page.raw) || goes_by(&SourceId(page.source.clone()), &page.url, &keys)
    })?;
    for (number, _) in reader.closed() {
        reader.rewrite(number, &mut |entry| left_of(entry, &found, &keys))?;
    }
    erasing::remove_what_was_kept(dir)?;
    let keeps = |note: Note<'_>| match note {
        // Leads of these sources repeat headlines and addresses, and an address that a feed gives need not be the one that the
        // page gives; so all of them go, and the feeds are asked in full, which brings them up again.
        Note::Lead(row) => {
            desk::read_row(row).is_some_and(|(source, _)| !found.sources.contains(&source))
        }
        Note::Endpoint => false,
        Note::Findable(version) => !found.versions.contains(&version),
    };
    remake(dir, &reader, cache_bytes, each, generation(dir)?, &keeps)?;
    Store::forget_aside(dir)?;
    erasing::end(dir)?;
    Ok(Erased { articles: found.keys.len(), versions: found.versions.len() })
}

fn find(reader: &Reader, which: &Which, unfinished: &BTreeSet<ArticleId>) -> Result<Found, Fault> {
    let mut found = Found::default();
    reader.each(|entry| match entry.record {
        Record::Version(version) => {
            let article = version.article_id();
            let is_meant = match which {
                Which::Articles(articles) => articles.contains(&article),
                Which::Source(source) => version.article.source == *source,
                Which::Again(known) => known.get(&article).is_some_and(|keys| {
                    found.keys.contains_key(&article)
                        || version.verdicts.keys.iter().any(|key| keys.contains(key))
                }),
            };
            if is_meant || unfinished.contains(&article) {
                found.keys.entry(article).or_default().extend(&version.verdicts.keys);
                found.versions.insert(version.id);
                found.raws.extend(version.article.raw.map(|raw| raw.to_string()));
                found.sources.insert(version.article.source);
            }
        }
        Record::Erase(erase) => found.before.extend(erase.articles),
        _ => {}
    })?;
    Ok(found)
}

/// Journals what is erased, and notes it beside for what is restored later.
fn write_down(log: &mut Log, dir: &Path, found: &Found, now: Timestamp) -> Result<(), Fault> {
    let fresh: Vec<_> =
        found.keys.iter().filter(|(article, _)| !found.before.contains(article)).collect();
    let line = |(article, keys): &(&ArticleId, &BTreeSet<u64>)| {
        let keys: Vec<String> = keys.iter().map(|key| format!("{key:016x}")).collect();
        json!({"article": article.to_string(), "keys": keys, "at": now.to_string()}).to_string()
    };
    erasing::note(dir, &fresh.iter().map(line).collect::<Vec<_>>())?;
    for part in fresh.chunks(ARTICLES_A_RECORD) {
        let articles = part.iter().map(|(article, _)| **article).collect();
        let keys: BTreeSet<u64> = part.iter().flat_map(|(_, keys)| *keys).copied().collect();
        let record = Record::Erase(Erase { articles, keys: keys.into_iter().collect() });
        log.append(&[Entry { seq: Seq(log.last_seq().0 + 1), at: now, record }])?;
    }
    Ok(())
}

/// What stands in an entry's place: a version without its words, a lost lead without the address.
fn left_of(entry: &Entry, found: &Found, keys: &BTreeSet<u64>) -> Option<Record> {
    let without = |version: &Version| Record::Version(Box::new(version.without_words()));
    match &entry.record {
        Record::Version(version) => {
            let has_words = version.redacted.is_none() && found.versions.contains(&version.id);
            has_words.then(|| without(version))
        }
        Record::Lost(lost) if goes_by(&lost.source, &lost.url, keys) => {
            Some(Record::Lost(Lost { url: String::new(), ..lost.clone() }))
        }
        _ => None,
    }
}

/// True where an address of a source is a name of what is erased.
fn goes_by(source: &SourceId, url: &str, keys: &BTreeSet<u64>) -> bool {
    let canonical = Url::parse(url).ok().map(|url| extract::canonical(&url).to_string());
    [canonical, Some(url.to_owned())].into_iter().any(|url| {
        let named = Article {
            source: source.clone(),
            url: url.filter(|url| !url.is_empty()),
            ..Article::default()
        };
        cluster::keys(&named).iter().any(|key| keys.contains(key))
    })
}
