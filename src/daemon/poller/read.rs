//! An endpoint's answer to what is new in it: bytes to entries, entries to leads.

use std::sync::Arc;

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::{Context, Found, Line};
use crate::cluster;
use crate::config::EndpointKind;
use crate::daemon::desk;
use crate::daemon::line::{Lead, Validators, Visits};
use crate::extract;
use crate::feed::{self, Entry, Feed, Named};
use crate::fetch::Got;
use crate::model::{Article, Timestamp};
use crate::schedule::Outcome;
use crate::store::StoreError;

/// A feed's bytes to what is new in it. Validators go with it only now that it could be read.
pub(super) fn read(context: &Context, line: &Line, got: Got) -> Result<(Outcome, Found), String> {
    let now = context.clock.now();
    let Feed { entries, ttl, notes, .. } =
        feed::parse(&got.body, got.charset.as_deref(), &got.url, now, &feed::Limits::default())
            .map_err(|fault| fault.to_string())?;
    let listed = entries.len();
    let newest = entries
        .iter()
        .filter_map(|entry| entry.updated.max(entry.published))
        .filter(|&at| at <= now)
        .max();
    let visits = line.endpoint.fetch_pages || line.endpoint.kind == EndpointKind::Sitemap;
    let mut leads = Vec::new();
    for named in feed::named(entries, visits) {
        leads.extend(lead(context, line, named, now).map_err(|fault| fault.to_string())?);
    }
    // Oldest first, so that of several sites' pages found at once the first published tends to be read first.
    leads.reverse();
    leads.sort_by_key(|lead| lead.entry.published.or(lead.entry.updated).unwrap_or(now));
    let floor = got.floor.max(ttl);
    // What an earlier poll brought and is still under way is no news, or a slow host would make its feed look busy.
    let fresh = leads.iter().filter(|lead| !context.desk.is_under_way(lead.key)).count();
    let outcome = if fresh == 0 {
        Outcome::Same { floor }
    } else {
        Outcome::New { entries: fresh, newest, floor }
    };
    let Got { etag, last_modified, moved, .. } = got;
    let validators = Validators { etag, last_modified };
    Ok((outcome, Found { validators, moved, leads, fresh, listed, notes }))
}

/// The lead an entry makes: it was never visited, or has changed since by its own word, or was lost and is due for another try.
fn lead(
    context: &Context,
    line: &Line,
    named: Named,
    now: Timestamp,
) -> Result<Option<Lead>, StoreError> {
    let Named { mut entry, name, visited } = named;
    let page = entry.url.as_deref().filter(|_| visited).and_then(|url| Url::parse(url).ok());
    // A link that says at each poll by another parameter how it was found is no other page.
    let name = page.as_ref().map_or(name, |page| extract::canonical(page).into());
    let key = xxh3_64(format!("{}\0{name}", line.source.id).as_bytes());
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
