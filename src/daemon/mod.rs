//! The line: poller to harvester to writer, and the API beside it. Wires the stages, starts and stops them.
//!
//! ```text
//! poller ── leads, 256 ──► harvester ── work, 64 ──► writer ── events, 1024 ──► API streams
//!                                                     ▲
//! API ── pushes, 64 ──────────────────────────────────┘
//! ```
//! Stopping is the line running dry: poller and API stop first and drop their senders, the harvester ends what it holds
//! and drops its own, the writer writes what is left. A fault travels the other way: a stage that ends drops its receiver.

mod desk;
mod fold;
mod harvester;
mod line;
mod offline;
mod poller;
mod rejudge;
mod replay;
mod texts;
mod writer;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::api::{self, Push, Status};
use crate::cluster::{self, ENGINE};
use crate::config::{Config, Source, SourceKind};
use crate::fetch::{FetchError, Fetcher};
use crate::journal::{JournalError, Log, Reader, Settings, SourceNote};
use crate::model::{Clock, Seq};
use crate::store::{Event, Store, StoreError};
use crate::telemetry::Metrics;
use crate::wire::Agency;

pub use fold::{rebuild, settings};
pub use offline::Offline;
pub use rejudge::{Rejudged, rejudge};
pub use replay::{Replayed, replay};

/// Changes a slow listener may lag behind before it must resume from the store.
const EVENTS_MAX: usize = 1024;

/// How long the line may take to run dry.
const STOP_DEADLINE: Duration = Duration::from_secs(28);

/// Why the daemon cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The derived rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The fetcher could not be made.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}: {source}; choose another with --listen (port 0 takes a free one)"
    )]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("the writer's thread cannot be started: {0}")]
    Thread(std::io::Error),
    /// A stage died.
    #[error("the writer stopped: {0}")]
    Writer(String),
}

/// What the writer journals before it takes in anything: what is in force.
pub(crate) struct Notes {
    settings: Settings,
    sources: Vec<SourceNote>,
}

/// A daemon at work.
#[derive(Debug)]
pub struct Running {
    /// Where it serves.
    pub address: SocketAddr,
    store: Store,
    status: Arc<Status>,
    desk: Arc<desk::Desk>,
    poller: JoinHandle<()>,
    harvester: JoinHandle<()>,
    pushes: JoinHandle<()>,
    server: JoinHandle<()>,
    writer: JoinHandle<Result<(), Fault>>,
    polling: CancellationToken,
}

/// What every stage sees of the others.
#[derive(Clone)]
struct Shared {
    clock: Clock,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    desk: Arc<desk::Desk>,
    events: broadcast::Sender<Event>,
}

/// Starts the whole line on the current tokio runtime: opens journal and store, folds, listens, polls.
pub async fn start(config: Config, clock: Clock) -> Result<Running, Fault> {
    let shared = Shared {
        clock,
        status: Arc::new(Status::starting()),
        metrics: Arc::new(Metrics::new()),
        desk: Arc::new(desk::Desk::new(config.crawl.leads_max)),
        events: broadcast::channel(EVENTS_MAX).0,
    };
    let Shared { clock, status, metrics, desk, .. } = shared.clone();
    let listener = listen(config.server.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|source| Fault::Listen { address: config.server.listen, source })?;
    let fetcher = Fetcher::new(config.fetch_params(), clock.clone())?;
    let (opening, with) = (config.clone(), shared.clone());
    let opened = tokio::task::spawn_blocking(move || open(&opening, with)).await;
    let (writer, reader, generation) =
        opened.map_err(|fault| Fault::Writer(fault.to_string()))??;
    let store = writer.store.clone();

    let (to_writer, work) = mpsc::channel(line::WORK_MAX);
    let (to_harvester, leads) = mpsc::channel(line::LEADS_MAX);
    let (to_pushes, pushed) = mpsc::channel(line::WORK_MAX);
    let state = reading_side(&shared, &store, reader, to_pushes, config.api_params(generation));
    let sources: Vec<Arc<Source>> = config.sources.iter().cloned().map(Arc::new).collect();
    resume_visits(&store, &sources, &desk)?;
    let polling = CancellationToken::new();
    let context = poller::Context {
        fetcher: fetcher.clone(),
        store: store.clone(),
        clock: clock.clone(),
        status: Arc::clone(&status),
        metrics: Arc::clone(&metrics),
        desk: Arc::clone(&desk),
        leads: to_harvester,
        work: to_writer.clone(),
        stop: polling.clone(),
    };
    let agencies = agencies(&config.sources);
    let harvester = harvester::Harvester { fetcher, clock, metrics, agencies };
    let concurrency = config.crawl.concurrency;
    let poller = poller::Poller::new(context, &sources);
    status.set_ready();
    Ok(Running {
        address,
        store,
        poller: tokio::spawn(poller.run()),
        harvester: tokio::spawn(harvester::run(harvester, concurrency, leads, to_writer.clone())),
        pushes: tokio::spawn(forward(pushed, to_writer)),
        server: tokio::spawn(serve(listener, state, status.stopping.clone())),
        writer: spawn_writer(writer, notes(&config), work, &polling)?,
        status,
        desk,
        polling,
    })
}

fn reading_side(
    shared: &Shared,
    store: &Store,
    reader: Reader,
    pushes: mpsc::Sender<Push>,
    settings: api::Params,
) -> api::State {
    let Shared { clock, status, metrics, events, .. } = shared.clone();
    let settings = Arc::new(settings);
    api::State { store: store.clone(), reader, pushes, events, status, metrics, clock, settings }
}

impl Running {
    /// The derived rows.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What the daemon says of itself.
    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }

    /// Leads under way. Zero between polls when every page found so far is in.
    pub fn under_way(&self) -> usize {
        self.desk.under_way()
    }

    /// Resolves when a stage has ended by itself, which is a fault.
    pub async fn broken(&mut self) -> Fault {
        match (&mut self.writer).await {
            Ok(Err(fault)) => fault,
            Ok(Ok(())) => Fault::Writer("its line ran dry".to_owned()),
            Err(fault) => Fault::Writer(fault.to_string()),
        }
    }

    /// Stops taking in, lets the line run dry, waits until all is written.
    pub async fn stop(self) -> Result<(), Fault> {
        info!("stopping: writes are refused, the line runs dry");
        self.status.stopping.cancel();
        self.polling.cancel();
        let Self { poller, harvester, pushes, server, writer, .. } = self;
        let dry = async {
            let _ = poller.await;
            let _ = server.await;
            let _ = pushes.await;
            let _ = harvester.await;
            writer.await.map_err(|fault| Fault::Writer(fault.to_string()))?
        };
        tokio::time::timeout(STOP_DEADLINE, dry).await.unwrap_or_else(|_| {
            warn!("the line did not run dry in time; what was acknowledged is in the journal");
            Ok(())
        })
    }
}

/// Opens the data directory for the daemon. Blocks.
fn open(config: &Config, shared: Shared) -> Result<(writer::Writer, Reader, u64), Fault> {
    let Shared { clock, status, metrics, desk, events } = shared;
    let dir = &config.store.path;
    let (log, store) = open_dir(dir, config.store.cache)?;
    let reader = log.reader();
    let generation = crate::journal::generation(dir)?;
    let fold = fold::Fold::open(&reader, &store, config.cluster_params())?;
    metrics.journal_last_seq(fold.last.0);
    info!(records = fold.last.0, clusters = fold.clusterer.clusters(), "opened {}", dir.display());
    Ok((
        writer::Writer { log, store, fold, clock, events, status, metrics, desk },
        reader,
        generation,
    ))
}

/// Opens journal and derived rows for writing, and mends what a crash or a bad disk left.
fn open_dir(dir: &Path, cache_bytes: u64) -> Result<(Log, Store), Fault> {
    let (log, found) = Log::open(dir)?;
    if found.cut_bytes > 0 {
        warn!(
            bytes = found.cut_bytes,
            "the last write had not been finished and was cut; nothing acknowledged is lost"
        );
    }
    let (store, opened) = Store::open(dir, cache_bytes)?;
    if let (Some(aside), why) = (opened.quarantined, opened.why.unwrap_or_default()) {
        warn!(path = %aside.display(), why, "the derived rows were damaged; they are set aside and made again from the journal");
    }
    let applied = store.applied_seq();
    let at_its_place = |at| log.reader().read(at).is_ok_and(|entry| entry.seq == applied);
    if applied == Seq(0) || opened.applied_at.is_some_and(at_its_place) {
        return Ok((log, store));
    }
    warn!(%applied, journal = %found.last_seq, "the derived rows are of another journal; they are made again from this one");
    drop(store);
    Store::set_aside(dir)?;
    let (store, _) = Store::open(dir, cache_bytes)?;
    Ok((log, store))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Fault> {
    TcpListener::bind(address).await.map_err(|source| Fault::Listen { address, source })
}

async fn serve(listener: TcpListener, state: api::State, stopping: CancellationToken) {
    let served = axum::serve(listener, api::router(state))
        .with_graceful_shutdown(stopping.cancelled_owned())
        .await;
    if let Err(fault) = served {
        error!(%fault, "the API stopped");
    }
}

/// Pushes go the way of all work.
async fn forward(mut pushed: mpsc::Receiver<Push>, work: line::ToWriter) {
    while let Some(push) = pushed.recv().await {
        if work.send(line::Work::Push(push)).await.is_err() {
            break;
        }
    }
}

fn spawn_writer(
    writer: writer::Writer,
    notes: Notes,
    work: mpsc::Receiver<line::Work>,
    polling: &CancellationToken,
) -> Result<JoinHandle<Result<(), Fault>>, Fault> {
    let (done, ended) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || done.send(writer.run(notes, work)))
        .map_err(Fault::Thread)?;
    let polling = polling.clone();
    Ok(tokio::spawn(async move {
        let ended = ended.await;
        polling.cancel();
        ended.unwrap_or_else(|_| Err(Fault::Writer("its thread died".to_owned())))
    }))
}

/// Plans the visits that an earlier run left open.
fn resume_visits(store: &Store, sources: &[Arc<Source>], desk: &desk::Desk) -> Result<(), Fault> {
    store.each_seen(&mut |key, row| {
        let Some((id, visits)) = desk::read_row(row) else { return };
        if let Some(source) = sources.iter().find(|source| source.id == id) {
            desk.plan(key, Arc::clone(source), visits);
        }
    })?;
    Ok(())
}

fn notes(config: &Config) -> Notes {
    let settings = in_force(&config.cluster_params());
    let note = |source: &Source| SourceNote {
        id: source.id.clone(),
        name: source.name.clone(),
        kind: source.kind.as_str().to_owned(),
        own: source.own,
        lang: source.lang.clone(),
    };
    Notes { settings, sources: config.sources.iter().map(note).collect() }
}

/// The settings as the journal writes them down.
fn in_force(params: &cluster::Params) -> Settings {
    Settings {
        engine: ENGINE,
        digest: params.digest(),
        window_millis: params.window_millis,
        live_max: u64::from(params.live_max),
    }
}

/// The agencies of the configuration: their names are credits, too.
fn agencies(sources: &[Source]) -> Arc<[Agency]> {
    sources
        .iter()
        .filter(|source| source.kind == SourceKind::Agency)
        .map(|source| Agency::named(&source.name, &[source.id.as_str()]))
        .collect()
}
