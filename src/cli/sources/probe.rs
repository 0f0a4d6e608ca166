//! An address to what can be polled there: itself, what it announces, what its robots.txt names, or its own links.

use ipnet::IpNet;
use url::Url;

use crate::cli::clock;
use crate::config::EndpointKind;
use crate::feed::{self, Feed, FeedKind};
use crate::fetch::{Accept, Ask, Fetcher, Got, Robots};
use crate::text;

/// Announced feeds that are tried.
const TRIED_MAX: usize = 5;

/// Story links from which a page is worth polling.
const STORIES_MIN: usize = 5;

/// What is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: EndpointKind,
    pub(super) url: Url,
    pub(super) title: Option<String>,
    pub(super) lang: Option<String>,
    /// How it was found, for a person.
    pub(super) says: String,
}

/// Looks, within robots.txt and every limit. The error is for a person.
pub(super) async fn probe(
    fetcher: &Fetcher,
    url: &Url,
    allow: &[IpNet],
    limits: &feed::Limits,
) -> Result<Found, String> {
    let got = ask(fetcher, url, allow).await?;
    if got.url.path() == "/robots.txt" {
        return of_robots(&got).ok_or_else(|| format!("{url} names no sitemap"));
    }
    let why = match parse(&got, limits) {
        Ok(feed) => return Ok(of_feed(&got, feed, "it is one")),
        Err(why) => why,
    };
    let html = text::decode(&got.body, got.charset.as_deref()).text;
    for announced in feed::announced(&html, &got.url).into_iter().take(TRIED_MAX) {
        let Ok(got) = ask(fetcher, &announced.url, allow).await else { continue };
        if let Ok(feed) = parse(&got, limits) {
            return Ok(of_feed(&got, feed, "the page announces it"));
        }
    }
    if let Ok(robots) = got.url.join("/robots.txt")
        && let Ok(got) = ask(fetcher, &robots, allow).await
        && let Some(found) = of_robots(&got)
    {
        return Ok(found);
    }
    let stories = feed::stories(&html, &got.url).len();
    if stories >= STORIES_MIN {
        let says = format!("{}: {stories} links of it look like articles'", got.url);
        let lang = None;
        return Ok(Found { kind: EndpointKind::Page, url: got.url, title: None, lang, says });
    }
    Err(format!(
        "nothing to poll at {url}: {why}; it announces no feed that reads, its robots.txt names no sitemap, and {stories} of its \
         links look like articles' (at least {STORIES_MIN} make a section page)"
    ))
}

async fn ask(fetcher: &Fetcher, url: &Url, allow: &[IpNet]) -> Result<Got, String> {
    let ask = Ask { allow: allow.to_vec(), ..Ask::new(url.clone(), Accept::Feed) };
    fetcher.get(&ask).await.map_err(|fault| fault.to_string())
}

fn parse(got: &Got, limits: &feed::Limits) -> Result<Feed, String> {
    feed::parse(&got.body, got.charset.as_deref(), &got.url, clock().now(), limits)
        .map_err(|fault| fault.to_string())
}

fn of_feed(got: &Got, feed: Feed, how: &str) -> Found {
    let kind = match feed.kind {
        FeedKind::NewsSitemap | FeedKind::SitemapIndex => EndpointKind::Sitemap,
        _ => EndpointKind::Feed,
    };
    // A redirect that does not last may lead elsewhere tomorrow.
    let url = got.moved.clone().unwrap_or_else(|| got.asked.clone());
    let (count, what) = (feed.entries.len() + feed.sitemaps.len(), kind.as_str());
    let says = format!("{url}: a {what} of {count} entries; {how}");
    Found { kind, url, title: feed.title, lang: feed.lang, says }
}

fn of_robots(got: &Got) -> Option<Found> {
    let count = Robots::parse(&got.body, "").sitemaps().len();
    let says = format!("{}: it names {count} sitemaps", got.url);
    let url = got.url.clone();
    (count > 0).then_some(Found { kind: EndpointKind::Sitemap, url, title: None, lang: None, says })
}
