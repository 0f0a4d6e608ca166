//! A site on loopback whose every path the test writes, what was asked of it, and a daemon that reads it by a clock that the
//! test moves.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use copytaster::config::{Crawl, Endpoint, EndpointKind, Source, SourceKind};
use copytaster::daemon::Running;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{http, wire};

/// One request: its path with query, and whether it named a validator.
pub(super) type Asked = (String, bool);

/// The site.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) address: SocketAddr,
    bodies: Arc<Mutex<BTreeMap<String, String>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Site {
    pub(super) async fn serve() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let site = Self { address, bodies: Arc::default(), asked: Arc::default() };
        let routes = Router::new().fallback(answer).with_state(site.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        site
    }

    /// Puts a body in place; `SITE` in it stands for the site's own address.
    pub(super) fn put(&self, path: &str, body: &str) {
        let body = body.replace("SITE", &format!("http://{}", self.address));
        self.bodies.lock().unwrap().insert(path.to_owned(), body);
    }

    /// Puts the page of an article in place.
    pub(super) fn story(&self, path: &str, number: u64) {
        self.put(path, &page(number));
    }

    /// What was asked since this was last called, in order.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The paths of [`Self::asked`].
    pub(super) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|(path, _)| path).collect()
    }

    /// A source with one endpoint at `path`.
    pub(super) fn source(&self, kind: EndpointKind, path: &str) -> Source {
        let source = crate::daemon::source("desk", SourceKind::Outlet, self.address);
        let endpoints = vec![Endpoint {
            kind,
            url: format!("http://{}{path}", self.address).parse().unwrap(),
            ..source.endpoints[0].clone()
        }];
        Source { endpoints, ..source }
    }
}

/// The page of an article.
pub(super) fn page(number: u64) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>Headline of story {number}</title></head><body>\
         <main><article><h1>Headline of story {number}</h1><p>{}</p></article></main></body></html>",
        wire::version(number, 0).replace('\n', "</p><p>")
    )
}

async fn answer(State(site): State<Site>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let known = headers.get(header::IF_NONE_MATCH);
    site.asked.lock().unwrap().push((path.clone(), known.is_some()));
    let Some(body) = site.bodies.lock().unwrap().get(&path).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if body == "500" {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let tag = format!("\"{:x}\"", xxhash_rust::xxh3::xxh3_64(body.as_bytes()));
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let kind = if body.starts_with("<!doctype html") { "text/html" } else { "application/xml" };
    ([(header::ETAG, tag), (header::CONTENT_TYPE, kind.to_owned())], body).into_response()
}

/// A desk that is quiet whenever the test looks at it.
pub(super) struct Desk(crate::desk::Desk);

impl Desk {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        Self(crate::desk::Desk::new(sources, Crawl { robots: false, ..Crawl::default() }))
    }

    pub(super) async fn start(&self) -> Running {
        let mut running = self.0.start().await;
        running.ready().await.unwrap();
        self.quiet(&running).await;
        running
    }

    /// Moves the clock, and waits until all that was due then has been asked and has come in.
    pub(super) async fn advance(&self, running: &Running, millis: i64) {
        self.0.advance(millis);
        self.quiet(running).await;
    }

    /// Waits until every endpoint that was due has been asked, and every lead that came of it has ended. Children of a sitemap
    /// index become due when it was read, so it has to be quiet several times.
    async fn quiet(&self, running: &Running) {
        for _ in 0..20 {
            self.0.quiet(running).await;
            tokio::task::yield_now().await;
        }
    }
}

/// Addresses and titles of the articles, once there are `count` of them.
pub(super) async fn articles(running: &Running, count: usize) -> Vec<(Option<String>, String)> {
    let address = running.address;
    let look = move || {
        let clusters = http::items(address, "/api/v1/clusters?expand=members&sort=first_seen");
        let members = clusters.iter().flat_map(|c| c["members"].as_array().unwrap().clone());
        let member = |m: Value| {
            (
                m["url"].as_str().map(str::to_owned),
                m["title"].as_str().unwrap_or_default().to_owned(),
            )
        };
        Some(members.map(member).collect::<Vec<_>>()).filter(|members| members.len() >= count)
    };
    let found = tokio::task::spawn_blocking(move || http::until(look)).await.unwrap();
    assert_eq!(found.len(), count, "{found:?}");
    found
}
