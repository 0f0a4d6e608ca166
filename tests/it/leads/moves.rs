//! A feed that moves, is gone or has trouble: where it is asked next, what is said of it, and what a restart still knows.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use copytaster::api::{SourceState, SourceStatus};
use copytaster::config::{Crawl, SourceKind};
use copytaster::daemon::Running;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::HOUR;
use crate::desk::{Desk, MINUTE, PATIENCE};

/// How the feed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// At its own address, which says that it is at the other one now.
    Moved,
    /// At its own address; the other one knows nothing.
    Back,
    /// Nowhere, for now.
    Trouble,
    /// Nowhere, for good.
    Gone,
}

#[derive(Clone, Debug)]
struct Mover {
    stand: Arc<watch::Sender<Stand>>,
    asked: Arc<watch::Sender<Vec<String>>>,
}

impl Mover {
    async fn serve(stand: Stand) -> (Self, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mover = Self { stand: Arc::new(watch::Sender::new(stand)), asked: Arc::default() };
        let routes = Router::new().fallback(answer).with_state(mover.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (mover, address)
    }

    fn stands(&self, stand: Stand) {
        self.stand.send_replace(stand);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.send_replace(Vec::new())
    }
}

async fn answer(State(mover): State<Mover>, uri: Uri) -> Response {
    let path = uri.path().to_owned();
    mover.asked.send_modify(|asked| asked.push(path.clone()));
    let stand = *mover.stand.borrow();
    let feed = "<rss><channel><title>Desk</title></channel></rss>";
    match (stand, path.as_str()) {
        (Stand::Moved, "/feed.xml") => {
            (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, "/new.xml")]).into_response()
        }
        (Stand::Moved, "/new.xml") | (Stand::Back, "/feed.xml") => feed.into_response(),
        (Stand::Gone, _) => StatusCode::GONE.into_response(),
        (Stand::Trouble, _) => StatusCode::BAD_GATEWAY.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn desk(address: SocketAddr) -> Desk {
    let sources = vec![crate::daemon::source("desk", SourceKind::Outlet, address)];
    Desk::new(sources, Crawl { robots: false, ..Crawl::default() })
}

/// A daemon that has asked once.
async fn started(desk: &Desk) -> Running {
    let mut running = desk.start().await;
    running.ready().await.unwrap();
    desk.quiet(&running).await;
    running
}

/// The source after its next poll, `later` from now.
async fn polled(desk: &Desk, running: &Running, later: i64) -> SourceStatus {
    let before = status(running).last_poll;
    desk.advance(later);
    let asked = async {
        while status(running).last_poll == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("it is asked");
    desk.quiet(running).await;
    status(running)
}

fn status(running: &Running) -> SourceStatus {
    running.status().source("desk").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_moved_is_asked_there_and_found_again_where_it_was() {
    let (mover, address) = Mover::serve(Stand::Moved).await;
    let desk = desk(address);
    let running = started(&desk).await;
    let first = status(&running);
    assert_eq!(first.state, SourceState::Ok);
    let moved = first.endpoints[0].moved_to.clone();
    assert!(moved.is_some_and(|to| to.ends_with("/new.xml")), "{:?}", first.endpoints);
    mover.asked();
    polled(&desk, &running, HOUR).await;
    assert_eq!(mover.asked(), ["/new.xml"]);

    mover.stands(Stand::Back);
    for failure in 1..=3 {
        let failing = polled(&desk, &running, HOUR).await;
        assert_eq!(failing.state, SourceState::Failing, "{failing:?}");
        assert_eq!(failing.error.map(|error| error.count), Some(failure));
    }
    assert_eq!(mover.asked(), ["/new.xml"; 3]);
    let back = polled(&desk, &running, HOUR).await;
    assert_eq!((back.state, &back.endpoints[0].moved_to), (SourceState::Ok, &None));
    assert_eq!(mover.asked(), ["/feed.xml"]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_feed_is_still_known_after_a_restart() {
    let (mover, address) = Mover::serve(Stand::Trouble).await;
    let desk = desk(address);
    let running = started(&desk).await;
    let before = polled(&desk, &running, HOUR).await;
    running.stop().await.unwrap();

    let running = started(&desk).await;
    let after = status(&running);
    assert_eq!((after.state, &after.error), (SourceState::Failing, &before.error));
    assert_eq!(after.next_poll_why, before.next_poll_why);
    assert_eq!(after.endpoints[0].error, before.endpoints[0].error);
    mover.stands(Stand::Back);
    let mended = polled(&desk, &running, HOUR).await;
    assert_eq!((mended.state, mended.error), (SourceState::Ok, None));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_gone_is_asked_once_more_and_then_left_for_a_month() {
    let (mover, address) = Mover::serve(Stand::Gone).await;
    let desk = desk(address);
    let running = started(&desk).await;
    let day = 24 * HOUR;
    let once = status(&running);
    assert_eq!(once.error.as_ref().map(|error| error.kind.as_str()), Some("gone"));
    let twice = polled(&desk, &running, day + MINUTE).await;
    let (last, next) = (twice.last_poll.unwrap(), twice.next_poll.unwrap());
    assert_eq!(next.distance_millis(last), 30 * day.unsigned_abs());
    mover.stands(Stand::Back);
    let back = polled(&desk, &running, 30 * day + MINUTE).await;
    assert_eq!(back.state, SourceState::Ok);
    running.stop().await.unwrap();
}
