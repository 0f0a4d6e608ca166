//! The whole service: feed in, clusters out, over real HTTP on loopback and a real sled directory; then replay equals what was
//! served.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path as Named, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use copytaster::cluster::{Verdicts, Version};
use copytaster::config::{
    Config, Crawl, Endpoint, EndpointKind, Server, Source, SourceKind, Store as Kept,
};
use copytaster::daemon::{self, Running};
use copytaster::journal::{Entry, Log, Reader, Record};
use copytaster::model::{Article, Clock, Seq, Timestamp, VersionId};
use copytaster::store::{DumpRow, Store};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::patience::{reopen, started};
use crate::{http, wire};

/// A site whose pages the test changes under it.
#[derive(Clone, Default)]
struct Site {
    pages: Arc<Mutex<Vec<(String, String)>>>,
    unchanged: Arc<AtomicUsize>,
}

impl Site {
    /// Puts a page in place, or another text on one that stands.
    fn put(&self, name: &str, text: &str) {
        let mut pages = self.pages.lock().unwrap();
        pages.retain(|(known, _)| known != name);
        pages.push((name.to_owned(), text.to_owned()));
    }

    async fn serve(self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/feed.xml", get(feed))
            .route("/{page}", get(page))
            .with_state((self, address));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        address
    }

    /// The body, or 304 where the asker has it.
    fn answer(&self, asked: &HeaderMap, kind: &str, body: String) -> Response {
        let tag = format!("\"{:x}\"", xxhash_rust::xxh3::xxh3_64(body.as_bytes()));
        if asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes())
        {
            self.unchanged.fetch_add(1, Ordering::SeqCst);
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
        }
        ([(header::ETAG, tag), (header::CONTENT_TYPE, kind.to_owned())], body).into_response()
    }
}

async fn feed(State((site, address)): State<(Site, SocketAddr)>, asked: HeaderMap) -> Response {
    let pages = site.pages.lock().unwrap().clone();
    let item = |name: &str| {
        format!("<item><title>Item {name}</title><link>http://{address}/{name}</link></item>")
    };
    let items = pages.iter().map(|(name, _)| item(name)).collect::<Vec<_>>().concat();
    let xml = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Desk</title>{items}</channel></rss>"
    );
    site.answer(&asked, "application/rss+xml", xml)
}

async fn page(
    State((site, _)): State<(Site, SocketAddr)>,
    Named(name): Named<String>,
    asked: HeaderMap,
) -> Response {
    let pages = site.pages.lock().unwrap().clone();
    let Some((_, text)) = pages.into_iter().find(|(known, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = format!("<p>{}</p>", text.replace('\n', "</p><p>"));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><title>Headline of {name}</title></head><body><nav><a href=\"/\">Home</a></nav>\
         <main><article><h1>Headline of {name}</h1>{body}</article></main><footer>All rights reserved</footer></body></html>"
    );
    site.answer(&asked, "text/html; charset=utf-8", html)
}

/// A source of one feed at a site on loopback, whose pages are fetched.
pub(crate) fn source(id: &str, kind: SourceKind, site: SocketAddr) -> Source {
    Source {
        lang: Some("en".to_owned()),
        allow_addresses: vec!["127.0.0.1/32".parse().unwrap()],
        endpoints: vec![Endpoint {
            kind: EndpointKind::Feed,
            url: format!("http://{site}/feed.xml").parse().unwrap(),
            min_interval: Duration::from_mins(1),
            max_interval: Duration::from_mins(10),
            fetch_pages: true,
            login: None,
        }],
        ..Source::named(id.into(), kind)
    }
}

fn config(data: &Path, sources: Vec<Source>) -> Config {
    Config {
        server: Server { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ..Server::default() },
        store: Kept { path: data.to_owned(), ..Kept::default() },
        crawl: Crawl { per_host_delay: Duration::from_millis(1), ..Crawl::default() },
        sources,
        ..Config::default()
    }
}

/// A clock that stands until the test moves it; waits are over at once.
fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = Arc::clone(now);
    Clock::new(move || Timestamp::from_millis(now.load(Ordering::SeqCst)), 1_000_000)
}

/// Asks again until `done`, for a bounded time: some looks take no time at all.
async fn until<T: Send + 'static>(
    what: &str,
    look: impl Fn() -> T + Send + Clone + 'static,
    done: impl Fn(&T) -> bool,
) -> T {
    let began = Instant::now();
    loop {
        let look = look.clone();
        let seen = tokio::task::spawn_blocking(look).await.unwrap();
        if done(&seen) {
            return seen;
        }
        assert!(began.elapsed() < http::PATIENT, "{what} did not come about");
    }
}

fn clusters(address: SocketAddr) -> Vec<Value> {
    http::items(address, "/api/v1/clusters?expand=members&sort=first_seen&limit=2")
}

fn sizes(clusters: &[Value]) -> Vec<u64> {
    let mut sizes: Vec<u64> =
        clusters.iter().map(|c| c["counts"]["articles"].as_u64().unwrap()).collect();
    sizes.sort_unstable();
    sizes
}

fn dump(store: &Store) -> Vec<DumpRow> {
    store.dump().collect::<Result<_, _>>().unwrap()
}

/// Two sites: an agency with stories 1 and 2, an outlet that runs 1 with a paragraph of its own, and 3.
async fn newsroom() -> (Site, Site, Vec<Source>) {
    let (agency, outlet) = (Site::default(), Site::default());
    agency.put("one", &wire::version(1, 0));
    agency.put("two", &wire::version(2, 0));
    outlet.put("first", &wire::version(1, 2));
    outlet.put("third", &wire::version(3, 0));
    let sources = vec![
        source("northwire", SourceKind::Agency, agency.clone().serve().await),
        source("gazette", SourceKind::Outlet, outlet.clone().serve().await),
    ];
    (agency, outlet, sources)
}

async fn start(data: &Path, sources: &[Source], now: &Arc<AtomicI64>) -> Running {
    let mut running = started(&config(data, sources.to_vec()), &clock(now)).await;
    running.ready().await.unwrap();
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_go_in_clusters_come_out_and_a_replay_gives_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let now = Arc::new(AtomicI64::new(wire::minute(0).millis()));
    let (agency, outlet, sources) = newsroom().await;

    let running = start(&data, &sources, &now).await;
    let address = running.address;
    let found =
        until("four pages", move || clusters(address), |found| sizes(found) == [1, 1, 2]).await;
    let pair = found.iter().find(|c| c["counts"]["articles"] == 2).unwrap();
    let relations: Vec<&str> = pair["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["relation"].as_str().unwrap())
        .collect();
    assert!(relations.contains(&"origin"), "{pair:#}");
    assert_eq!(pair["origin"]["source"], "northwire");

    // A page changes under its address; the visit that finds it is a revisit, and the other pages cost a 304. The feeds need not:
    // the poller may not have heard yet that all it brought is in.
    outlet.put("third", &wire::version(3, 4));
    now.fetch_add(20 * 60_000, Ordering::SeqCst);
    until(
        "the changed page",
        move || clusters(address),
        |found| found.iter().any(|c| c["counts"]["articles"] == 1 && c["counts"]["versions"] == 2),
    )
    .await;
    until(
        "a 304 from the agency's pages",
        move || agency.unchanged.load(Ordering::SeqCst),
        |&seen| seen >= 2,
    )
    .await;
    let served = clusters(address);
    running.stop().await.unwrap();

    let (kept, _) = reopen(|| Store::open_existing(&data, 8 << 20));
    let last = kept.applied_seq();
    assert_eq!(last, Reader::open(&data).unwrap().last_seq(), "the line ran dry");
    let scratch = dir.path().join("scratch");
    let reader = Reader::open(&data).unwrap();
    let replayed = daemon::rebuild(&reader, last, &scratch, 8 << 20, &mut |_| {}).unwrap();
    assert_eq!(dump(&kept), dump(&replayed));
    drop(kept);

    // Another start serves the same, and so does one whose derived rows were thrown away.
    let running = start(&data, &sources, &now).await;
    let address = running.address;
    assert_eq!(until("the same", move || clusters(address), |_| true).await, served);
    running.stop().await.unwrap();
    std::fs::remove_dir_all(data.join("store")).unwrap();
    let running = start(&data, &sources, &now).await;
    let address = running.address;
    assert_eq!(until("the same", move || clusters(address), |_| true).await, served);
    running.stop().await.unwrap();
}

/// A journal of records that nobody judged, each a story of its own, without rows.
fn unread_journal(data: &Path, records: u64) {
    let (mut log, _) = Log::open(data).unwrap();
    let entries: Vec<Entry> = (1..=records)
        .map(|seq| {
            let (id, at) = (VersionId(seq), wire::minute(seq.cast_signed()));
            let verdicts = Verdicts { keys: vec![seq], ..Verdicts::default() };
            let article = Article { title: format!("Story {seq}"), ..Article::default() };
            let version =
                Version { id, seen_at: at, extractor: 0, article, verdicts, redacted: None };
            Entry { seq: Seq(seq), at, record: Record::Version(Box::new(version)) }
        })
        .collect();
    for batch in entries.chunks(256) {
        log.append(batch).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_serves_what_is_there_while_its_rows_are_made_again_and_says_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    unread_journal(&data, 3000);
    let now = Arc::new(AtomicI64::new(wire::minute(9000).millis()));
    let mut running = started(&config(&data, Vec::new()), &clock(&now)).await;
    let address = running.address;
    let readiness = move || http::ask(address, "GET /readyz", b"").unwrap();
    let (status, why) = until("progress", readiness, |(_, why)| why.contains("rebuilding")).await;
    assert!(status == 503 && why.contains(" of 3000"), "{why}");
    // It answers, with what it has so far.
    let list = move || http::json(address, "/api/v1/clusters?limit=1");
    assert!(tokio::task::spawn_blocking(list).await.unwrap()["items"].is_array());
    running.ready().await.unwrap();
    assert_eq!(until("readiness", readiness, |_| true).await.0, 200);
    assert_eq!(running.store().counts().clusters, 3000);
    running.stop().await.unwrap();
    // A stop in the middle of it is a clean one.
    std::fs::remove_dir_all(data.join("store")).unwrap();
    let running = started(&config(&data, Vec::new()), &clock(&now)).await;
    running.stop().await.unwrap();
    let running = start(&data, &[], &now).await;
    assert_eq!(running.store().counts().clusters, 3000);
    running.stop().await.unwrap();
}
