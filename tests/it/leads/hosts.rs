//! Hosts that want to be asked slowly or not at all: they are left alone, and hold up nobody else.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use copytaster::config::{Crawl, SourceKind};
use copytaster::daemon::{self, Running};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::HOUR;
use crate::desk::{Desk, PATIENCE};
use crate::wire;

/// What a host says.
#[derive(Clone, Debug, Default)]
struct Says {
    robots: Option<&'static str>,
    /// The pages that its feed lists.
    lists: Vec<String>,
    /// Pages get 429 with this `Retry-After`.
    rest: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Host {
    address: SocketAddr,
    says: Arc<Says>,
    asked: Arc<watch::Sender<Vec<String>>>,
}

impl Host {
    async fn serve(says: impl FnOnce(SocketAddr) -> Says) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let host = Self { address, says: Arc::new(says(address)), asked: Arc::default() };
        let routes = Router::new().fallback(answer).with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        host
    }

    fn pages(&self) -> usize {
        self.asked.borrow().iter().filter(|path| path.starts_with("/page/")).count()
    }

    async fn until(&self, what: &str, mut done: impl FnMut(&[String]) -> bool) {
        let mut asked = self.asked.subscribe();
        let came = tokio::time::timeout(PATIENCE / 2, asked.wait_for(|asked| done(asked))).await;
        assert!(came.is_ok(), "{what} did not come about: {:?}", self.asked.borrow());
    }
}

async fn answer(State(host): State<Host>, uri: Uri) -> Response {
    let path = uri.path().to_owned();
    host.asked.send_modify(|asked| asked.push(path.clone()));
    match (path.as_str(), host.says.robots, host.says.rest) {
        ("/robots.txt", Some(robots), _) => robots.into_response(),
        ("/feed.xml", ..) => {
            let item =
                |url: &String| format!("<item><title>{url}</title><link>{url}</link></item>");
            let items: String = host.says.lists.iter().map(item).collect();
            format!("<rss><channel><title>Desk</title>{items}</channel></rss>").into_response()
        }
        (page, _, None) if page.starts_with("/page/") => {
            let text = wire::version(u64::from(host.address.port()), 0).replace('\n', "</p><p>");
            Html(format!("<title>{page}</title><article><h1>{page}</h1><p>{text}</p></article>"))
                .into_response()
        }
        (page, _, Some(rest)) if page.starts_with("/page/") => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, rest)]).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn pages(of: SocketAddr, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |page| format!("http://{of}/page/{page}"))
}

/// A daemon whose waits are real and whose clock the test moves.
async fn start(feed: SocketAddr, concurrency: usize) -> (Desk, Running) {
    let sources = vec![crate::daemon::source("desk", SourceKind::Outlet, feed)];
    let desk = Desk::new(sources, Crawl { concurrency, robots: true, ..Crawl::default() });
    let running = daemon::start(desk.config.clone(), desk.clock(1)).await.unwrap();
    (desk, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_want_long_pauses_hold_up_nobody() {
    let slow = || {
        Host::serve(|_| Says { robots: Some("User-agent: *\nCrawl-delay: 60"), ..Says::default() })
    };
    let slow = [slow().await, slow().await, slow().await];
    let quick = Host::serve(|_| Says::default()).await;
    // What a feed lists last is visited first.
    let mut lists: Vec<String> = pages(quick.address, 6).collect();
    lists.extend(slow.iter().flat_map(|host| pages(host.address, 3)));
    let feed = Host::serve(|_| Says { lists, ..Says::default() }).await;
    let (_desk, running) = start(feed.address, 2).await;
    quick.until("all quick pages", |asked| asked.len() == 7).await;
    assert!(slow.iter().all(|host| host.pages() <= 1));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_says_429_to_a_page_is_left_alone_by_all() {
    let lists = |at| pages(at, 5).collect();
    let host =
        Host::serve(|at| Says { lists: lists(at), rest: Some("7200"), ..Says::default() }).await;
    let (desk, running) = start(host.address, 16).await;
    host.until("a page", |asked| asked.iter().any(|path| path.starts_with("/page/"))).await;
    let said = || running.status().source("desk").unwrap().next_poll_why.unwrap_or_default();
    let left = async {
        // Its feed is due, and waits with the rest.
        while !said().contains("its host asked to be left alone") {
            let next = running.status().source("desk").unwrap().next_poll;
            // The clock goes on when nothing is due: a rest is over by the clock as well.
            if next.is_some_and(|next| next > desk.now()) {
                desk.advance(HOUR / 4);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, left).await.expect("the feed is put off");
    assert_eq!(host.pages(), 1, "{:?}", host.asked.borrow());
    running.stop().await.unwrap();
    // A restart does not forget it. The page that was lost is due again, and its feed, too.
    let asked = host.asked.borrow().len();
    let running = crate::patience::started(&desk.config, &desk.clock(1)).await;
    let left = async {
        while !running.status().source("desk").is_some_and(|source| {
            source.next_poll_why.is_some_and(|why| why.contains("asked to be left alone"))
                && source.next_poll > Some(desk.now())
        }) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, left).await.expect("the feed is put off again");
    assert_eq!(host.asked.borrow().len(), asked, "{:?}", host.asked.borrow());
    running.stop().await.unwrap();
    // Nor does it hold when the rest is over.
    desk.advance(3 * HOUR);
    let running = crate::patience::started(&desk.config, &desk.clock(1)).await;
    host.until("another ask", |paths| paths.len() > asked).await;
    running.stop().await.unwrap();
}
