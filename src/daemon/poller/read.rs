//! An endpoint's answer to what is new in it: bytes to entries, entries to leads.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::{Came, Context, Found, Line};
use crate::cluster;
use crate::config::EndpointKind;
use crate::daemon::desk;
use crate::daemon::line::{Lead, Validators, Visits};
use crate::extract;
use crate::feed::{self, Entry, Feed, Named, Sitemap};
use crate::fetch::{self, Accept, Ask, FetchError, Got, Robots};
use crate::model::{Article, Timestamp};
use crate::schedule::{Outcome, Skip};
use crate::store::StoreError;
use crate::text;

/// Older pages of a feed that are read at one poll, besides its first.
const PAGES_MAX: usize = 10;

/// Bytes of a gzipped sitemap, unpacked; sitemaps.org allows 50 MB, news sitemaps have a thousand rows.
const UNPACKED_BYTES_MAX: u64 = 32 << 20;

/// An answer to what is new in it. Validators go with it only now that it could be read.
pub(super) async fn read(context: Context, line: Line, got: Got) -> Result<Came, String> {
    let (with, of, validators) = (context.clone(), line.clone(), Validators::of(&got));
    let (floor, moved) = (got.floor, got.moved.clone());
    let signals: Arc<[_]> = got.signals.clone().into();
    let mut feed = blocking(move || parse(&with, &of, &got)).await?;
    let broke_off = older(&context, &line, &mut feed).await;
    // What was not read of older pages is asked for again, and a 304 would hide it.
    let validators = if broke_off { Validators::default() } else { validators };
    let floor = floor.max(feed.ttl);
    blocking(move || {
        let (outcome, mut found) = news(&context, &line, feed, floor).map_err(|e| e.to_string())?;
        found.leads.iter_mut().for_each(|lead| lead.signals = Arc::clone(&signals));
        let found = Some(Box::new(Found { broke_off, ..found }));
        Ok(Came::Answer { outcome, validators, moved, found })
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err("the feed could not be read: its parser gave up".to_owned()))
}

/// Bytes to entries.
fn parse(context: &Context, line: &Line, got: &Got) -> Result<Feed, String> {
    let now = context.clock.now();
    if line.endpoint.kind == EndpointKind::Page {
        return section(got);
    }
    let is_sitemap = line.endpoint.kind == EndpointKind::Sitemap;
    if is_sitemap && got.url.path() == "/robots.txt" {
        return robots(got);
    }
    let body = match got.body.as_ref() {
        [0x1F, 0x8B, ..] if is_sitemap => Cow::Owned(unpacked(&got.body)?),
        body => Cow::Borrowed(body),
    };
    let feed = feed::parse(&body, got.charset.as_deref(), &got.url, now, &context.limits);
    let mut feed = feed.map_err(|fault| fault.to_string())?;
    if line.child.is_some() {
        feed.entries = feed::without_archive(feed.entries);
    }
    Ok(feed)
}

/// The stories of a section page, as if it were their feed.
fn section(got: &Got) -> Result<Feed, String> {
    let html = text::decode(&got.body, got.charset.as_deref()).text;
    let stories = feed::stories(&html, &got.url);
    if stories.is_empty() {
        return Err("no link on the page looks like an article's: give another page, or its feed"
            .to_owned());
    }
    Ok(Feed::of_entries(stories))
}

/// The sitemaps of a robots.txt, as if it were their index.
fn robots(got: &Got) -> Result<Feed, String> {
    let named = Robots::parse(&got.body, "");
    let address = |line: &String| got.url.join(line).ok().map(String::from);
    let sitemap = |url| Sitemap { url, lastmod: None };
    let sitemaps: Vec<_> = named.sitemaps().iter().filter_map(address).map(sitemap).collect();
    if sitemaps.is_empty() {
        return Err("its robots.txt names no sitemap: give the address of one".to_owned());
    }
    Ok(Feed::of_sitemaps(sitemaps))
}

/// A sitemap that lies gzipped on its server; the header says nothing of it.
fn unpacked(body: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(body).take(UNPACKED_BYTES_MAX + 1);
    reader.read_to_end(&mut unpacked).map_err(|fault| format!("a broken gzip file: {fault}"))?;
    if unpacked.len() as u64 > UNPACKED_BYTES_MAX {
        return Err(format!("a gzip file of more than {UNPACKED_BYTES_MAX} bytes unpacked"));
    }
    Ok(unpacked)
}

/// Reads the older pages of a feed into it, until one has an entry that is known (RFC 5005). True where a page may come
/// another time. Where the last poll was not brought in to its end, what is known stops nothing.
async fn older(context: &Context, line: &Line, feed: &mut Feed) -> bool {
    let deep = line.broke_off || line.left || line.poll.unfinished;
    let entries_max = context.limits.entries_max;
    let mut page = feed.clone();
    let mut seen = BTreeSet::new();
    for _ in 0..PAGES_MAX {
        let Some(next) = page.next.take().and_then(|next| Url::parse(&next).ok()) else { break };
        let at_home = fetch::host_key(&next) == fetch::host_key(&line.endpoint.url);
        if !at_home || !seen.insert(next.clone()) || feed.entries.len() >= entries_max {
            break;
        }
        let (with, of, entries) = (context.clone(), line.clone(), page.entries.clone());
        let known = blocking(move || any_known(&with, &of, entries).map_err(|e| e.to_string()));
        if !deep && known.await.unwrap_or(true) {
            break;
        }
        let allow = line.source.allow_addresses.clone();
        let credentials = line.source.credentials(&next).cloned();
        let ask = Ask { allow, credentials, ..Ask::new(next, Accept::Feed) };
        let got = match context.fetcher.get(&ask).await {
            Ok(got) => got,
            Err(fault) => {
                context.metrics.fetched(fault.kind());
                feed.notes.push(format!("an older page of it did not come: {fault}"));
                return may_pass(&fault);
            }
        };
        context.metrics.fetched("ok");
        let (with, of) = (context.clone(), line.clone());
        match blocking(move || parse(&with, &of, &got)).await {
            Ok(older) => page = older,
            Err(fault) => {
                feed.notes.push(format!("an older page of it could not be read: {fault}"));
                break;
            }
        }
        feed.entries.extend(page.entries.iter().cloned());
    }
    false
}

/// True for a fault that another poll may not meet.
fn may_pass(fault: &FetchError) -> bool {
    matches!(
        fault.kind(),
        "dns" | "connect" | "deadline" | "slow" | "throttled" | "server" | "body"
    )
}

fn any_known(context: &Context, line: &Line, entries: Vec<Entry>) -> Result<bool, StoreError> {
    for named in feed::named(entries, visits(line)) {
        if context.store.seen(key(line, &named).0)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Are the pages of its entries visited?
fn visits(line: &Line) -> bool {
    line.endpoint.fetch_pages || line.endpoint.kind != EndpointKind::Feed
}

/// Entries to what is new among them.
fn news(
    context: &Context,
    line: &Line,
    feed: Feed,
    floor: Option<Duration>,
) -> Result<(Outcome, Found), StoreError> {
    let now = context.clock.now();
    let Feed { entries, sitemaps, notes, skip_hours, skip_days, .. } = feed;
    let listed = entries.len() + sitemaps.len();
    let mut leads = Vec::new();
    for named in feed::named(entries, visits(line)) {
        leads.extend(lead(context, line, named, now)?);
    }
    // Oldest first, so that of several sites' pages found at once the first published tends to be read first.
    leads.reverse();
    leads.sort_by_key(|lead| lead.entry.published.or(lead.entry.updated).unwrap_or(now));
    // What an earlier poll brought and is still under way is no news, or a slow host would make its feed look busy.
    let fresh = leads.iter().filter(|lead| !context.desk.is_under_way(lead.key));
    let mut claimed: Vec<Option<Timestamp>> = fresh.map(|lead| lead.claims(now)).collect();
    if !sitemaps.is_empty() {
        // An index is as new as the newest of what it names.
        let newest = sitemaps.iter().filter_map(|map| map.lastmod).filter(|&at| at <= now).max();
        claimed = Vec::from_iter((newest > line.poll.newest).then_some(newest));
    }
    let fresh = claimed.len();
    let outcome = if fresh == 0 {
        Outcome::Same { floor }
    } else {
        let times: Vec<Timestamp> = claimed.into_iter().flatten().collect();
        Outcome::New { undated: fresh - times.len(), times, floor }
    };
    let skip = Skip { hours: skip_hours, days: skip_days };
    Ok((outcome, Found { leads, skip, fresh, listed, sitemaps, notes, broke_off: false }))
}

/// What a lead hangs on in the store, and its page where that is visited.
fn key(line: &Line, named: &Named) -> (u64, Option<Url>) {
    let url = named.entry.url.as_deref().filter(|_| named.visited);
    let page = url.and_then(|url| Url::parse(url).ok());
    // A link that says at each poll by another parameter how it was found is no other page.
    let name = page.as_ref().map_or(named.name.clone(), |page| extract::canonical(page).into());
    (xxh3_64(format!("{}\0{name}", line.source.id).as_bytes()), page)
}

/// The lead an entry makes: it was never visited, or has changed since by its own word, or was lost and is due for another try.
fn lead(
    context: &Context,
    line: &Line,
    named: Named,
    now: Timestamp,
) -> Result<Option<Lead>, StoreError> {
    let (key, page) = key(line, &named);
    let Named { mut entry, visited, .. } = named;
    let kept = context.store.seen(key)?.and_then(|row| desk::read_row(&row));
    // Where there is no page, another state is another name: a date that moves alone says nothing.
    let stamp = entry.updated.filter(|_| visited).map(Timestamp::millis);
    let visits = match kept {
        None => Visits::default(),
        Some((_, visits)) => {
            let Some(visits) = visits.again(stamp, now) else { return Ok(None) };
            visits
        }
    };
    if !visited && entry.url.is_none() && is_reused(context, line, &entry)? {
        entry = feed::renamed(entry);
    }
    Ok(Some(Lead {
        source: Arc::clone(&line.source),
        key,
        entry: Arc::new(entry),
        page,
        signals: Arc::default(),
        visits,
        turn: None,
    }))
}

/// True where the entry's guid is the name of an article already that has another headline: it would pass for its next
/// version.
fn is_reused(context: &Context, line: &Line, entry: &Entry) -> Result<bool, StoreError> {
    let source = line.source.id.clone();
    let named = Article { source, id: entry.guid.clone(), ..Article::default() };
    for key in cluster::keys(&named) {
        let Some(article) = context.store.article_named(key)? else { continue };
        let Some(article) = context.store.article(article)? else { continue };
        let Some(version) = context.store.version(article.newest)? else { continue };
        return Ok(!feed::same_headline(&version.title, &entry.title));
    }
    Ok(false)
}
