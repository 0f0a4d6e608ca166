//! A daemon in the test's process, over sites on loopback, by a clock that stands until the test moves it.

use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use copytaster::api::SourceStatus;
use copytaster::config::{Config, Crawl, Server, Source, Store as Kept};
use copytaster::daemon::Running;
use copytaster::fetch::Names;
use copytaster::journal::{Lost, Reader, Record};
use copytaster::model::{Clock, Seq, Timestamp};

use tokio::sync::watch;

use crate::patience::started_with;
use crate::wire;

/// Longest wait for anything in these tests; they take a few seconds where nothing is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) const MINUTE: i64 = 60_000;

/// The daemon's directory, clock and configuration.
pub(crate) struct Desk {
    dir: tempfile::TempDir,
    now: Arc<AtomicI64>,
    pub(crate) config: Config,
    /// Who knows the addresses of hosts.
    pub(crate) names: Names,
}

impl Desk {
    /// No host is spared between two asks.
    pub(crate) fn new(sources: Vec<Source>, crawl: Crawl) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            server: Server {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                ..Server::default()
            },
            store: Kept { path: dir.path().join("data"), ..Kept::default() },
            crawl: Crawl { per_host_delay: Duration::ZERO, ..crawl },
            sources,
            ..Config::default()
        };
        let now = Arc::new(AtomicI64::new(wire::minute(0).millis()));
        Self { dir, now, config, names: Names::of_system() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    /// The clock that stands; waits are divided by `speed`.
    pub(crate) fn clock(&self, speed: u32) -> Clock {
        let now = Arc::clone(&self.now);
        Clock::new(move || Timestamp::from_millis(now.load(Ordering::SeqCst)), speed)
    }

    /// Starts; waits are over at once.
    pub(crate) async fn start(&self) -> Running {
        started_with(&self.config, &self.clock(1_000_000), &self.names).await
    }

    pub(crate) fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// What is said of each source, in their order. A daemon that has just begun says nothing of them yet.
    pub(crate) fn sources(&self, running: &Running) -> Vec<SourceStatus> {
        let ids = self.config.sources.iter().map(|source| source.id.as_str());
        ids.map(|id| running.status().source(id).unwrap_or_default()).collect()
    }

    /// Waits until every endpoint that was due has been asked, and every lead that came of it has ended.
    pub(crate) async fn quiet(&self, running: &Running) {
        let now = self.now();
        let quiet = async {
            let asked = || self.sources(running).iter().all(|s| s.next_poll > Some(now));
            while !asked() || running.under_way() > 0 {
                tokio::task::yield_now().await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, quiet).await;
        came.unwrap_or_else(|_| panic!("what is due does not end: {:#?}", self.sources(running)));
    }

    /// Every `Lost` record of the journal, once nobody writes it.
    pub(crate) fn lost(&self) -> Vec<Lost> {
        let reader = Reader::open(&self.data()).unwrap();
        let records = reader.entries(Seq(1)).map(|entry| entry.unwrap().1.record);
        records
            .filter_map(|record| match record {
                Record::Lost(lost) => Some(lost),
                _ => None,
            })
            .collect()
    }
}

/// Waits until `done` holds of what a site saw, and gives that.
pub(crate) async fn came<T: Clone + Debug>(
    seen: &watch::Sender<T>,
    what: &str,
    done: impl FnMut(&T) -> bool,
) -> T {
    let mut told = seen.subscribe();
    let came = tokio::time::timeout(PATIENCE, told.wait_for(done)).await;
    let Ok(came) = came else { panic!("{what} did not come about: {:?}", *seen.borrow()) };
    came.unwrap().clone()
}

/// Moves the clock, a quarter of an hour at a time, until `done` holds of every source.
pub(crate) async fn until(
    desk: &Desk,
    running: &Running,
    what: &str,
    done: impl Fn(usize, &SourceStatus) -> bool,
) {
    for _ in 0..100 {
        desk.quiet(running).await;
        if desk.sources(running).iter().enumerate().all(|(number, source)| done(number, source)) {
            return;
        }
        desk.advance(15 * MINUTE);
    }
    panic!("{what} did not come about: {:#?}", desk.sources(running));
}
