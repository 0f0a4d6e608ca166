//! Kept pages to what the present extractor reads from them: further readings of the articles that an earlier one read.
//!
//! The newest version of each article counts, where another extractor read it and its page is there. What comes out otherwise becomes
//! its next version, [no news](crate::cluster::Relation::Reextracted). What the page does not say any more stays as it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use url::Url;

use super::apart::{Apart, Credits, Parser, Unread};
use super::offline::Offline;
use super::rejudge::prior;
use super::{Fault, page};
use crate::cluster::{self, Version};
use crate::extract::{EXTRACTOR, Extracted, Page};
use crate::fetch;
use crate::journal::{Reader, Record, SourceNote};
use crate::model::{Article, ArticleId, Clock, OriginBasis, SourceId, VersionId};
use crate::text;
use crate::warc::{self, Kept, Pages};
use crate::wire::Agency;

/// Pages that are parsed side by side.
const SIDE_BY_SIDE: usize = 8;

/// What came of reading pages again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reextracted {
    /// Articles whose newest version another extractor read.
    pub wanted: usize,
    /// Of these, articles whose page is kept.
    pub pages: usize,
    /// Of these, articles that come out otherwise, each with the version it was.
    pub changed: Vec<VersionId>,
    /// Of these, articles that have no text any more by the present rules: they stay as they are.
    pub refused: Vec<(VersionId, String)>,
    /// Files of pages that are damaged, with what is wrong: what follows in them was not read.
    pub damaged: Vec<String>,
}

/// What is looked for: the newest versions, by the pages they were read from.
#[derive(Default)]
struct Wanted {
    by_page: BTreeMap<String, Vec<VersionId>>,
    sources: BTreeMap<SourceId, SourceNote>,
}

impl Wanted {
    fn of(reader: &Reader) -> Result<Self, Fault> {
        let mut newest: BTreeMap<ArticleId, Option<(String, VersionId)>> = BTreeMap::new();
        let mut sources = BTreeMap::new();
        reader.each(|entry| match entry.record {
            Record::Version(version) => {
                let by_others = version.extractor != EXTRACTOR && version.extractor > 0;
                let raw = version.article.raw.filter(|_| by_others && version.redacted.is_none());
                newest.insert(version.article_id(), raw.map(|raw| (raw.to_string(), version.id)));
            }
            Record::Source(note) => drop(sources.insert(note.id.clone(), note)),
            _ => {}
        })?;
        let mut by_page: BTreeMap<String, Vec<VersionId>> = BTreeMap::new();
        for (raw, version) in newest.into_values().flatten() {
            by_page.entry(raw).or_default().push(version);
        }
        Ok(Self { by_page, sources })
    }

    /// The agencies that were configured: their credits counted, too.
    fn agencies(&self) -> Arc<[Agency]> {
        let notes = self.sources.values().filter(|note| note.kind == "agency");
        notes.map(|note| Agency::named(&note.name, &[note.id.as_str()])).collect()
    }
}

/// Reads the kept pages of `dir`, which no daemon holds, again; tells `each` how many are done, and of how many. With `dry` nothing is written.
pub async fn reextract(
    dir: &Path,
    cache_bytes: u64,
    clock: Clock,
    apart: Option<Apart>,
    dry: bool,
    each: &mut dyn FnMut(usize, usize),
) -> Result<Reextracted, Fault> {
    let mut offline =
        if dry { None } else { Some(Offline::open(dir, cache_bytes, clock.clone())?) };
    let reader = Reader::open(dir)?;
    let mut wanted = Wanted::of(&reader)?;
    let mut done = Reextracted {
        wanted: wanted.by_page.values().map(Vec::len).sum(),
        ..Reextracted::default()
    };
    let parser = Parser::new(apart, wanted.agencies()).await?;
    let mut found = Vec::new();
    for file in warc::files(dir)? {
        let pages = Pages::open(&file.path)?;
        for page in pages {
            match page {
                Ok(page) => {
                    let versions = wanted.by_page.remove(&page.raw).unwrap_or_default();
                    found.extend(versions.into_iter().map(|version| (version, page.clone())));
                }
                Err(fault) => done.damaged.push(fault.to_string()),
            }
            if found.len() >= SIDE_BY_SIDE {
                let these = std::mem::take(&mut found);
                take(these, &reader, &wanted, &parser, &mut offline, &mut done).await?;
                each(done.pages, done.wanted);
            }
        }
    }
    take(found, &reader, &wanted, &parser, &mut offline, &mut done).await?;
    if let Some(offline) = offline {
        offline.finish()?;
    }
    Ok(done)
}

/// Reads some pages again and has what comes out otherwise written.
async fn take(
    found: Vec<(VersionId, Kept)>,
    reader: &Reader,
    wanted: &Wanted,
    parser: &Parser,
    offline: &mut Option<Offline>,
    done: &mut Reextracted,
) -> Result<(), Fault> {
    let read = found.iter().map(|(_, kept)| parser.parse(page(kept), Credits::Configured));
    let read: Vec<Result<Extracted, Unread>> = join_all(read).await;
    for ((version, _), found) in found.iter().zip(read) {
        done.pages += 1;
        let Some(prior) = prior(reader, *version) else { continue };
        let again = match found {
            Ok(found) => again(&prior, &found, wanted.sources.get(&prior.article.source)),
            Err(fault) => Err(fault.to_string()),
        };
        match again {
            Ok(again) if cluster::content(&again) == prior.verdicts.content => {}
            Ok(again) => {
                let is_new = match offline {
                    Some(offline) => offline.take_reading(again, &prior)?,
                    None => true,
                };
                done.changed.extend(is_new.then_some(*version));
            }
            Err(why) => done.refused.push((*version, why)),
        }
    }
    Ok(())
}

/// A kept page as it is parsed.
fn page(kept: &Kept) -> Page {
    let charset = kept.content_type().as_deref().and_then(fetch::charset_of);
    let html = text::decode(kept.body(), charset.as_deref()).text;
    Page { url: Url::parse(&kept.url).ok(), html }
}

/// The article of a version by another reading of its page; else why there is none. It keeps its names, so that it stays that article.
fn again(
    prior: &Version,
    found: &Extracted,
    source: Option<&SourceNote>,
) -> Result<Article, String> {
    page::is_readable(found)?;
    let before = &prior.article;
    let name = source.map_or("", |source| source.name.as_str());
    let title = if found.title.is_empty() { &before.title } else { &found.title };
    let own = before.origin.clone().filter(|claim| claim.basis == OriginBasis::OwnItem);
    Ok(Article {
        title: page::without_site(title, name).to_owned(),
        text: found.text.clone(),
        kind: found.kind,
        published: found.published.or(before.published),
        updated: found.updated.or(before.updated),
        lang: found.lang.clone().or_else(|| before.lang.clone()),
        byline: found.byline.clone().or_else(|| before.byline.clone()),
        credit: found.credit.clone(),
        origin: own.or_else(|| found.origin.clone()),
        ..before.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Verdicts;
    use crate::model::{OriginClaim, PageKind, Timestamp};

    #[test]
    fn another_reading_keeps_the_names_of_its_article_and_what_the_page_does_not_say() {
        let origin = OriginClaim {
            agency: "Alba".to_owned(),
            basis: OriginBasis::OwnItem,
            evidence: String::new(),
        };
        let before = Article {
            source: "alba".into(),
            url: Some("https://alba.example/1".to_owned()),
            guid: Some("tag:1".to_owned()),
            title: "Ferry back - Alba".to_owned(),
            text: "The ferry is back. Share".to_owned(),
            byline: Some("By Ines Moll".to_owned()),
            published: Some(Timestamp::from_secs(5)),
            origin: Some(origin),
            ..Article::default()
        };
        let prior = Version {
            id: VersionId(1),
            seen_at: Timestamp::EPOCH,
            extractor: 1,
            article: before.clone(),
            verdicts: Verdicts::default(),
            redacted: None,
        };
        let found = Extracted {
            title: "Ferry back again - Alba".to_owned(),
            text: "The ferry is back.".to_owned(),
            canonical_url: Some("https://alba.example/other".to_owned()),
            ..Extracted::default()
        };
        let note = SourceNote { name: "Alba".to_owned(), ..SourceNote::default() };
        let expected =
            Article { title: "Ferry back again".to_owned(), text: found.text.clone(), ..before };
        assert_eq!(again(&prior, &found, Some(&note)), Ok(expected));
        let gone = Extracted { kind: PageKind::SoftNotFound, ..found };
        assert!(again(&prior, &gone, None).unwrap_err().contains("soft_404"));
    }
}
