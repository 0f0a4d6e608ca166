//! A site on loopback whose pages can be held back or made to fail, and what was asked of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path as Named, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::desk::came;
use crate::wire;

/// What was asked and answered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Of each poll: whether it named validators, and how many pages had been served by then.
    pub(super) polls: Vec<(bool, usize)>,
    /// How often each page was asked for.
    pub(super) asked: BTreeMap<String, usize>,
    /// The pages that were served.
    pub(super) served: BTreeSet<String>,
}

impl Seen {
    pub(super) fn conditional(&self) -> usize {
        self.polls.iter().filter(|(conditional, _)| *conditional).count()
    }
}

/// A feed that answers 304 to whoever has it, and its pages.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Where the feed is. Its pages are at another port, which makes them another host: a page that hangs holds up no poll.
    pub(super) address: SocketAddr,
    pages: SocketAddr,
    items: usize,
    seen: Arc<watch::Sender<Seen>>,
    open: Arc<watch::Sender<bool>>,
    failing: Arc<watch::Sender<BTreeSet<String>>>,
}

impl Site {
    /// Serves a feed of `items` entries; `open` says whether its pages answer yet.
    pub(super) async fn serve(items: usize, open: bool) -> Self {
        let feeds = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let pages = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let site = Self {
            address: feeds.local_addr().unwrap(),
            pages: pages.local_addr().unwrap(),
            items,
            seen: Arc::new(watch::Sender::new(Seen::default())),
            open: Arc::new(watch::Sender::new(open)),
            failing: Arc::default(),
        };
        let routes = Router::new().route("/feed.xml", get(feed)).with_state(site.clone());
        tokio::spawn(async move { axum::serve(feeds, routes).await.unwrap() });
        let routes = Router::new().route("/page/{page}", get(page)).with_state(site.clone());
        tokio::spawn(async move { axum::serve(pages, routes).await.unwrap() });
        site
    }

    /// From now on pages answer.
    pub(super) fn open(&self) {
        self.open.send_replace(true);
    }

    /// From now on these pages have trouble of their own, and no others.
    pub(super) fn fail(&self, pages: &[&str]) {
        self.failing.send_replace(pages.iter().map(|&page| page.to_owned()).collect());
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until `done` holds of what was asked.
    pub(super) async fn until(&self, what: &str, done: impl FnMut(&Seen) -> bool) -> Seen {
        came(&self.seen, what, done).await
    }
}

async fn feed(State(site): State<Site>, asked: HeaderMap) -> Response {
    let conditional = asked.contains_key(header::IF_NONE_MATCH);
    site.seen.send_modify(|seen| seen.polls.push((conditional, seen.served.len())));
    let tag = [(header::ETAG, "\"first\"")];
    if conditional {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    let item = |number: usize| {
        format!(
            "<item><title>Item {number}</title><link>http://{}/page/{number}</link><guid>guid-{number}</guid>\
             <pubDate>Sat, 28 Feb 2026 18:00:00 GMT</pubDate></item>",
            site.pages
        )
    };
    let items: String = (0..site.items).map(item).collect();
    let xml = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Desk</title>{items}</channel></rss>"
    );
    (tag, [(header::CONTENT_TYPE, "application/rss+xml")], xml).into_response()
}

async fn page(State(site): State<Site>, Named(name): Named<String>) -> Response {
    site.seen.send_modify(|seen| *seen.asked.entry(name.clone()).or_default() += 1);
    // The sender lives as long as the site.
    let _ = site.open.subscribe().wait_for(|open| *open).await;
    if site.failing.borrow().contains(&name) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let text = wire::version(name.parse().unwrap_or_default(), 0).replace('\n', "</p><p>");
    site.seen.send_modify(|seen| {
        seen.served.insert(name.clone());
    });
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><title>Headline of {name}</title></head><body>\
         <main><article><h1>Headline of {name}</h1><p>{text}</p></article></main></body></html>"
    ))
    .into_response()
}
