//! Leads to articles: the one place where work goes on side by side, and so the only one where order may change.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::apart::{Credits, Parser, Unread};
use super::granted::{self, Asker};
use super::line::{
    Ended, Harvest, Lead, OfPage, REASON_BYTES_MAX, Said, ToWriter, Validators, Visits, Work,
};
use super::page::{self, Reading};
use crate::cluster;
use crate::config::{Source, Tdm};
use crate::extract::{self, EXTRACTOR, Page};
use crate::fetch::{self, Accept, Ask, FetchError, Fetcher, Got, Heads};
use crate::model::{Article, Clock, Signal};
use crate::telemetry::Metrics;
use crate::text;
use crate::warc::{self, Packed};
use url::Url;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Everything a visit needs.
#[derive(Clone, Debug)]
pub(super) struct Harvester {
    pub(super) fetcher: Fetcher,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) parser: Parser,
    /// What is done with a page whose publisher reserves its rights.
    pub(super) tdm: Tdm,
    /// Pages are kept beside what is read from them.
    pub(super) keeps_pages: bool,
}

/// Visits leads, `concurrency` at a time, until no more come or the writer is gone.
pub(super) async fn run(
    harvester: Harvester,
    concurrency: usize,
    leads: mpsc::Receiver<Lead>,
    work: ToWriter,
) {
    let leads =
        stream::unfold(leads, |mut leads| async { leads.recv().await.map(|lead| (lead, leads)) });
    let mut harvests = std::pin::pin!(
        leads.map(|lead| harvester.clone().visit(lead)).buffer_unordered(concurrency.max(1))
    );
    while let Some(harvest) = harvests.next().await {
        if work.send(Work::Harvest(Box::new(harvest))).await.is_err() {
            break;
        }
    }
}

impl Harvester {
    /// Brings one lead to its end.
    async fn visit(self, mut lead: Lead) -> Harvest {
        let turn = lead.turn.take();
        let (came, visits) = match lead.page.clone() {
            None => {
                let came = self.entry(&lead).await;
                let came = self.kept(came, lead.signals.to_vec(), &lead.source);
                (came, self.visited(&lead, Validators::default()))
            }
            Some(page) => {
                let ask = Ask {
                    credentials: lead.source.credentials(&page).cloned(),
                    url: page,
                    etag: lead.visits.etag.clone(),
                    last_modified: lead.visits.last_modified.clone(),
                    of: lead.visits.of,
                    allow: lead.source.allow_addresses.clone(),
                    accept: Accept::Page,
                    wanted: Some(page::WANTED),
                };
                let got = self.fetcher.get(&ask).await;
                drop(turn);
                self.page(&lead, got).await
            }
        };
        let (ended, visits) = end(&lead, came, visits);
        say_flaps(&lead, &visits);
        Harvest { source: lead.source, key: lead.key, visits, ended }
    }

    async fn page(&self, lead: &Lead, got: Result<Got, FetchError>) -> (Came, Visits) {
        let got = match got {
            Ok(got) => got,
            Err(fault) => {
                self.metrics.fetched(fault.kind());
                return (
                    Came::Nothing(fault.to_string()),
                    self.visited(lead, Validators::default()),
                );
            }
        };
        if got.status == 304 {
            self.metrics.fetched("not_modified");
            return (Came::Unchanged, self.visited(lead, Validators::of(&got)));
        }
        let validators = Validators::of(&got);
        let read = self.read(lead, got).await;
        self.metrics.fetched(match &read {
            Ok((Came::Unchanged, _)) => "same",
            Ok(_) => "ok",
            Err(_) => "parser",
        });
        match read {
            Ok((came, print)) => (came, Visits { print, ..self.visited(lead, validators) }),
            // The validators are not kept: the page is asked for in full next time.
            Err(fault) => {
                let visits = self.visited(lead, Validators::default());
                (unread(lead, &fault), Visits { print: None, ..visits })
            }
        }
    }

    /// What came of an entry that is its own article, as far as it may be kept.
    fn kept(&self, came: Came, signals: Vec<Signal>, source: &Source) -> Came {
        let Came::Article(article, page) = came else { return came };
        match granted::granted(*article, signals, source, self.tdm, self.clock.now()) {
            Ok(article) => Came::Article(Box::new(article), page),
            Err(reason) => Came::Nothing(reason),
        }
    }

    /// What an answer carries, as far as it may be kept, and what names the two; a fault where that could not be told. The very
    /// answer of the visit before is not read again.
    async fn read(&self, lead: &Lead, mut got: Got) -> Result<(Came, Option<u64>), Unread> {
        let (url, signals) = (got.url.clone(), std::mem::take(&mut got.signals));
        let (about, before) = (self.about(lead, &url, &signals), lead.visits.print);
        let (asked, body) = (got.asked.clone(), got.body.clone());
        let visit = got.heads.take().map(|heads| Visit { asked, url: url.clone(), heads, body });
        let opened = tokio::task::spawn_blocking(move || {
            let raw = fetch::raw_hash(&got.body);
            let print = Some(xxh3_64_with_seed(&raw.0, about));
            (raw, print, (print != before).then(|| page::opened(&got)))
        });
        let (raw, print, opened) = opened.await.map_err(|_| Unread::GaveUp)?;
        let page = match opened {
            None => return Ok((Came::Unchanged, print)),
            Some(Err(reason)) => return Ok((Came::Nothing(reason), print)),
            Some(Ok(page)) => page,
        };
        let mut found = self.parser.parse(page, Credits::Configured).await?;
        let lines = std::mem::take(&mut found.lines);
        let stored = page::stored(&url, &found, &lead.entry, &lead.source);
        let reading = Reading { found: Some(found), stored };
        let asker = Asker { agent: self.fetcher.agent(), tdm: self.tdm, now: self.clock.now() };
        let came = match granted::of_reading(reading, signals, &lead.source, &asker).stored {
            Ok(article) => {
                let article = Article { raw: Some(raw), ..*article };
                let packed = self.packed(lead, visit, &article).await;
                Came::Article(Box::new(article), OfPage { packed, lines })
            }
            Err(reason) => Came::Nothing(reason),
        };
        Ok((came, print))
    }

    /// The page of an article, where it is to be kept: what may not be kept as text may not be kept as a page.
    async fn packed(&self, lead: &Lead, visit: Option<Visit>, article: &Article) -> Option<Packed> {
        let visit = visit.filter(|_| self.keeps_pages && !article.text.is_empty())?;
        let Visit { asked, url, heads, body } = visit;
        let (at, raw, source) = (self.clock.now(), article.raw?, lead.source.id.clone());
        let pack = move || {
            let Heads { request, response, machine } = *heads;
            let (request, response) = (request.as_slice(), response.as_slice());
            let (asked, url, body, source) = (&asked, &url, &body, &source);
            warc::pack(&warc::Visit {
                at,
                asked,
                url,
                machine,
                request,
                response,
                body,
                raw,
                source,
            })
        };
        match tokio::task::spawn_blocking(pack).await {
            Ok(Ok(packed)) => Some(packed),
            // Bytes in memory are packed or there are none.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// Names what decides besides its bytes what is made of an answer: who reads it, what its feed says, what its publisher and
    /// its source say of its use.
    fn about(&self, lead: &Lead, url: &Url, signals: &[Signal]) -> u64 {
        let Lead { entry, source, .. } = lead;
        let rights = (self.tdm, &source.licence, source.rights().store);
        let all = (EXTRACTOR, url.as_str(), &entry.title, &source.name, signals, rights);
        xxh3_64(format!("{all:?}").as_bytes())
    }

    /// The entry's own text as an article.
    async fn entry(&self, lead: &Lead) -> Came {
        let body = match &lead.entry.content {
            None => None,
            Some(html) => {
                let page = Page { url: None, html: wrapped(html) };
                match self.parser.parse(page, Credits::Table).await {
                    Ok(found) => Some(found.text),
                    Err(fault) => return unread(lead, &fault),
                }
            }
        };
        from_entry(lead, body)
    }

    fn visited(&self, lead: &Lead, validators: Validators) -> Visits {
        let Validators { etag, last_modified, of } = validators;
        let now = self.clock.now();
        let known = !lead.visits.url.is_empty();
        Visits {
            url: lead.page.as_ref().map(ToString::to_string).unwrap_or_default(),
            title: lead.entry.title.clone(),
            first: if known { lead.visits.first } else { now },
            last: now,
            stamp: lead.stamp(),
            etag,
            last_modified,
            of,
            ..lead.visits.clone()
        }
    }
}

/// Tells of a page that could not be read, which is a fault of ours or an attack, and either is worth a look.
fn unread(lead: &Lead, fault: &Unread) -> Came {
    let id = lead.source.id.as_str();
    let url = lead.page.as_ref().map_or("an entry's own text", Url::as_str);
    warn!(source.id = id, url, "{id}: {url}: {fault}");
    Came::Nothing(fault.to_string())
}

/// What is kept of a visit.
struct Visit {
    asked: Url,
    url: Url,
    heads: Box<Heads>,
    body: Bytes,
}

/// What a visit gave.
enum Came {
    Article(Box<Article>, OfPage),
    Unchanged,
    /// Nothing of use, and why in words.
    Nothing(String),
}

/// What a visit means for its lead, and what is remembered of it.
fn end(lead: &Lead, came: Came, visits: Visits) -> (Ended, Visits) {
    match came {
        Came::Article(article, page) => {
            let texts = visits.texts.clone().after(Some(cluster::content(&article)));
            let visits = Visits { good: true, tries: 0, said: Said::default(), texts, ..visits };
            (Ended::Article(article, page), visits)
        }
        Came::Unchanged if lead.visits.good => {
            let texts = visits.texts.clone().after(None);
            (Ended::Unchanged, Visits { texts, ..visits })
        }
        // The same page that was no article: one try more.
        Came::Unchanged => (Ended::Unchanged, nothing(lead, visits)),
        Came::Nothing(reason) => {
            let end = reason.floor_char_boundary(REASON_BYTES_MAX);
            let lost = reason[..end].to_owned();
            let news = lost != lead.visits.lost;
            (Ended::Lost { reason, news }, Visits { lost, ..nothing(lead, visits) })
        }
    }
}

/// Tells of a page that came back to a text it had before, and does so again and again.
fn say_flaps(lead: &Lead, visits: &Visits) {
    let (Visits { url, texts, .. }, before) = (visits, &lead.visits.texts);
    if texts.flap() && texts != before && texts.keep().0.last() != before.keep().0.last() {
        let id = lead.source.id.as_str();
        let next = visits.look().map_or_else(|| "never".to_owned(), |at| at.to_string());
        info!(
            source.id = id,
            url, next, "{id}: {url} {texts}: it is looked at less often, next at {next}"
        );
    }
}

/// Visits after one that gave no article: with what is needed to make one of the page should it come at last.
fn nothing(lead: &Lead, visits: Visits) -> Visits {
    let entry = &lead.entry;
    let said = Said {
        guid: entry.guid.clone(),
        published: entry.published,
        lang: entry.lang.clone(),
        authors: (!entry.authors.is_empty()).then(|| entry.authors.join(", ")),
    };
    Visits { good: false, tries: lead.visits.tries.saturating_add(1), said, ..visits }
}

/// An entry whose content has this text as an article.
fn from_entry(lead: &Lead, body: Option<String>) -> Came {
    let entry = &lead.entry;
    let body =
        body.filter(|body| !body.is_empty()).or_else(|| entry.summary.clone()).unwrap_or_default();
    let body = text::paragraphs(&body);
    if entry.title.is_empty() && body.is_empty() {
        return Came::Nothing("the entry has neither title nor text".to_owned());
    }
    let mut article = page::base(entry, &lead.source);
    article.title.clone_from(&entry.title);
    article.text = body;
    article.url = entry
        .url
        .as_deref()
        .and_then(|url| Url::parse(url).ok())
        .map(|url| extract::canonical(&url).to_string());
    if article.url.is_none() {
        article.id.clone_from(&entry.guid);
    }
    if article.url.is_none() && article.id.is_none() {
        return Came::Nothing("the entry has neither link nor guid".to_owned());
    }
    Came::Article(Box::new(article), OfPage::default())
}

fn wrapped(html: &str) -> String {
    format!("<html><body><article>{html}</article></body></html>")
}
