//! A site that reserves its rights in every way there is, and what the daemon keeps of its pages and shows.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as Named, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use copytaster::config::{Config, Crawl, Keep, Rights, Server, SourceKind, Store as Kept, Tdm};
use copytaster::daemon::{self, Running};
use copytaster::model::{Clock, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{http, wire};

/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_mins(1);

/// Each page: its name, a header it answers with, an element in its head.
const PAGES: [(&str, &str, &str); 7] = [
    ("open", "", ""),
    ("header", "tdm-reservation: 1", ""),
    ("noai", "x-robots-tag: noai", ""),
    (
        "meta",
        "",
        "<meta name=\"tdm-reservation\" content=\"1\"><meta name=\"tdm-policy\" content=\"https://w.test/p\">",
    ),
    ("archive", "", "<meta name=\"robots\" content=\"index, noarchive\">"),
    ("other", "x-robots-tag: otherbot: noai", "<meta name=\"otherbot\" content=\"noarchive\">"),
    ("late", "x-robots-tag: unavailable_after: 2026-03-02", ""),
];

#[derive(Clone, Default)]
struct Site {
    robots: String,
    asked_robots: Arc<AtomicUsize>,
    address: Option<SocketAddr>,
}

async fn serve(robots: &str) -> (Site, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = Site { robots: robots.to_owned(), address: Some(address), ..Site::default() };
    let routes = Router::new().route("/{name}", get(answer)).with_state(site.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (site, address)
}

async fn answer(State(site): State<Site>, Named(name): Named<String>) -> Response {
    if name == "robots.txt" {
        site.asked_robots.fetch_add(1, Ordering::SeqCst);
        return site.robots.into_response();
    }
    if name == "feed.xml" {
        let address = site.address.unwrap();
        let item = |(name, _, _): &(&str, &str, &str)| {
            format!(
                "<item><title>Feed's word on {name}</title><link>http://{address}/{name}</link>\
                 <description>Feed's summary</description></item>"
            )
        };
        let items: String = PAGES.iter().map(item).collect();
        let xml =
            format!("<rss version=\"2.0\"><channel><title>Desk</title>{items}</channel></rss>");
        return ([("content-type", "application/rss+xml")], xml).into_response();
    }
    let Some(number) = PAGES.iter().position(|(page, _, _)| *page == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (_, header, meta) = PAGES[number];
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header.split_once(": ") {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let text = wire::version(number as u64, 0).replace('\n', "</p><p>");
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><title>Headline of {name}</title>{meta}</head><body><main><article>\
         <h1>Headline of {name}</h1><p class=\"byline\">By Ann Byline</p><p>{text}</p></article></main></body></html>"
    );
    (headers, [("content-type", "text/html; charset=utf-8")], html).into_response()
}

fn config(data: &Path, site: SocketAddr) -> Config {
    Config {
        server: Server { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ..Server::default() },
        store: Kept { path: data.to_owned(), ..Kept::default() },
        crawl: Crawl { per_host_delay: Duration::from_millis(1), ..Crawl::default() },
        sources: vec![crate::daemon::source("desk", SourceKind::Outlet, site)],
        ..Config::default()
    }
}

async fn start(config: &Config, now: &Arc<AtomicI64>) -> Running {
    let now = Arc::clone(now);
    let clock = Clock::new(move || Timestamp::from_millis(now.load(Ordering::SeqCst)), 1_000_000);
    daemon::start(config.clone(), clock).await.unwrap()
}

fn noon() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(wire::minute(0).millis()))
}

/// Every article of the daemon by the name of its page, once there are so many.
async fn articles(address: SocketAddr, count: usize) -> BTreeMap<String, Value> {
    let look = move || {
        let clusters = http::items(address, "/api/v1/clusters?expand=members");
        let members = clusters.iter().flat_map(|c| c["members"].as_array().unwrap().clone());
        let ids: Vec<Value> = members.map(|member| member["article"].clone()).collect();
        (ids.len() == count).then_some(ids)
    };
    let all = tokio::task::spawn_blocking(move || {
        let ids = http::until(look);
        let read =
            |id: Value| http::json(address, &format!("/api/v1/articles/{}", id.as_str().unwrap()));
        ids.into_iter().map(read).collect::<Vec<_>>()
    });
    let all = tokio::time::timeout(PATIENCE, all).await.expect("the articles come in").unwrap();
    let name =
        |article: &Value| article["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    all.into_iter().map(|article| (name(&article), article)).collect()
}

async fn taken(config: &Config) -> BTreeMap<String, Value> {
    let running = start(config, &noon()).await;
    let articles = articles(running.address, PAGES.len()).await;
    running.stop().await.unwrap();
    articles
}

fn with_text(articles: &BTreeMap<String, Value>) -> Vec<&str> {
    let has = |article: &Value| article["text"].as_str().is_some_and(|text| !text.is_empty());
    articles.iter().filter(|(_, article)| has(article)).map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn of_pages_that_reserve_their_rights_title_and_link_are_kept_by_default() {
    let (_site, address) = serve("User-agent: *\nContent-Signal: search=yes\n").await;
    let dir = tempfile::tempdir().unwrap();
    let articles = taken(&config(dir.path(), address)).await;
    assert_eq!(with_text(&articles), ["late", "open", "other"]);
    for name in ["header", "noai", "meta", "archive"] {
        let article = &articles[name];
        assert_eq!(article["title"], format!("Headline of {name}"));
        assert_eq!(article["url"], format!("http://{address}/{name}"));
        assert_eq!(article["tdm"]["reserved"], true, "{name}");
        assert!(article.get("byline").is_none(), "{name}: {article}");
    }
    let said = json!([
        {"place": "robots", "name": "content-signal", "value": "search=yes"},
        {"place": "meta", "name": "tdm-reservation", "value": "1"},
        {"place": "meta", "name": "tdm-policy", "value": "https://w.test/p"},
    ]);
    assert_eq!(articles["meta"]["tdm"]["signals"], said);
    assert_eq!(articles["open"]["tdm"]["reserved"], false);
}

#[tokio::test]
async fn with_record_or_a_licence_all_is_kept_and_what_was_said_is_stored() {
    let (_site, address) = serve("User-agent: *\nContent-Usage: train-ai=n\n").await;
    for licensed in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path(), address);
        if licensed {
            config.sources[0].licence = Some("contract 7".to_owned());
        } else {
            config.crawl.tdm = Tdm::Record;
        }
        let articles = taken(&config).await;
        assert_eq!(with_text(&articles).len(), PAGES.len(), "licence: {licensed}");
        assert!(articles.values().all(|article| article["tdm"]["reserved"] == true));
    }
}

#[tokio::test]
async fn a_line_of_robots_txt_reserves_the_whole_site_and_is_not_asked_for_again_at_a_restart() {
    let (site, address) = serve("User-agent: *\nContent-Signal: search=yes, ai-train=no\n").await;
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path(), address);
    assert!(with_text(&taken(&config).await).is_empty());
    let now = noon();
    now.fetch_add(3_600_000, Ordering::SeqCst);
    let running = start(&config, &now).await;
    let asked = async {
        let due = Timestamp::from_millis(now.load(Ordering::SeqCst));
        while !running.status().sources().iter().all(|source| source.last_poll >= Some(due)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the feed is asked");
    running.stop().await.unwrap();
    assert_eq!(site.asked_robots.load(Ordering::SeqCst), 1, "it counts for a day");
    now.fetch_add(24 * 3_600_000, Ordering::SeqCst);
    let running = start(&config, &now).await;
    let asked = async {
        while site.asked_robots.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("after a day it is asked for again");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_a_source_grants_is_kept_and_no_more() {
    let (_site, address) = serve("").await;
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path(), address);
    let rights =
        Rights { store: Keep::Title, statement: Some("© Desk".to_owned()), ..Rights::default() };
    config.sources[0].rights = Some(rights);
    let articles = taken(&config).await;
    assert!(with_text(&articles).is_empty());
    assert!(articles.values().all(|article| article["rights"] == "© Desk"));
}

#[tokio::test]
async fn an_entry_that_is_its_own_article_goes_by_what_its_feed_says() {
    let (_site, address) = serve("User-agent: *\nContent-Usage: /feed.xml train-ai=n\n").await;
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path(), address);
    config.sources[0].endpoints[0].fetch_pages = false;
    let articles = taken(&config).await;
    assert!(with_text(&articles).is_empty(), "{articles:?}");
    assert_eq!(articles["open"]["title"], "Feed's word on open");
    config.store.path = dir.path().join("second");
    config.crawl.tdm = Tdm::Record;
    assert_eq!(taken(&config).await["open"]["text"], "Feed's summary");
}

#[tokio::test]
async fn a_text_is_not_shown_after_the_day_its_publisher_closed_it() {
    let (_site, address) = serve("").await;
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path(), address);
    let now = noon();
    let running = start(&config, &now).await;
    let before = articles(running.address, PAGES.len()).await;
    assert_eq!(before["late"]["served"], "text");
    now.fetch_add(2 * 24 * 3_600_000, Ordering::SeqCst);
    let after = articles(running.address, PAGES.len()).await;
    assert_eq!((&after["late"]["served"], &after["late"]["text"]), (&json!("title"), &Value::Null));
    assert_eq!(after["open"]["served"], "text");
    running.stop().await.unwrap();
}
