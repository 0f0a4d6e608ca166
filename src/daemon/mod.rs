//! The line: poller to harvester to writer, and the API beside it. Wires the stages, starts and stops them.
//!
//! ```text
//! poller ── leads, 256 ──► harvester ── work, 64 ──► writer ── events, 1024 ──► API streams
//!                                                     ▲
//! API ── wishes, 64 ──────────────────────────────────┘
//! ```
//! The API is there first: it answers from the rows there are while the journal is folded, and the line begins after that.
//! Stopping is the line running dry: poller and API stop first and drop their senders, the harvester ends what it holds
//! and drops its own, the writer writes what is left. A fault travels the other way: a stage that ends drops its receiver.

mod ahead;
mod apart;
mod appender;
mod around;
mod checkpoint;
mod deep;
mod desk;
mod erase;
mod fold;
mod granted;
mod harvester;
mod keep;
mod known;
mod lagging;
mod line;
mod mend;
mod offline;
mod open;
mod page;
mod permits;
mod planned;
mod poller;
mod raw;
mod ready;
mod reextract;
mod rejudge;
mod replay;
mod retain;
mod rows;
mod scrub;
mod spool;
mod stand;
mod texts;
mod trim;
mod writer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::api::{self, Part, Status, Wish};
use crate::cluster::{self, ENGINE};
use crate::config::{Config, KeepRaw, Source, SourceKind};
use crate::fetch::{FetchError, Fetcher, Held};
use crate::journal::{JournalError, Log, Reader, Settings, SourceNote};
use crate::model::Clock;
use crate::store::{Event, Opened, Store, StoreError};
use crate::telemetry::Metrics;
use crate::warc::{WarcError, Writing};
use crate::wire::Agency;

pub use apart::{Apart, Credits, NoProcess, Parser, Unread, parse_pages};
pub use around::Around;
pub use deep::{Deep, judge_again};
pub use erase::{Erased, Which, erase};
pub use fold::{rebuild, settings};
pub(crate) use granted::{Asker, of_reading as grant};
pub use known::known;
pub use offline::Offline;
pub(crate) use page::{Reading, read as read_page};
pub use reextract::{Reextracted, reextract};
pub use rejudge::{Rejudged, rejudge, rejudge_for_good};
pub use replay::{Replayed, replay, replay_judged};
pub use retain::is_losing_words;

use writer::Writer;

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
    /// The checkpoint could not be written or removed.
    #[error("the checkpoint cannot be written or removed: {0}")]
    Checkpoint(std::io::Error),
    /// Pages cannot be parsed apart.
    #[error("pages cannot be read in a process of their own: {0}")]
    Parser(#[from] NoProcess),
    /// A thread could not be started.
    #[error("the writer's thread cannot be started: {0}")]
    Thread(std::io::Error),
    /// A stage died.
    #[error("the writer stopped: {0}")]
    Writer(String),
    /// Pages cannot be kept, read or removed.
    #[error(transparent)]
    Raw(#[from] WarcError),
    /// sled is not asked to write where a disk is nearly full: it could not be read afterwards.
    #[error("{0}")]
    NoRoom(String),
    /// A read met rows that only opening them again can mend.
    #[error("{0}")]
    Rows(String),
    /// It was told to stop before it came to its work.
    #[error("stopped before the journal was read")]
    Stopped,
}

/// A fault and what it came from, in one line.
fn words(fault: &dyn std::error::Error) -> String {
    let mut words = fault.to_string();
    let mut cause = fault.source();
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    words
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
    fetcher: Fetcher,
    server: JoinHandle<()>,
    /// All stages. `None` once it was seen to end.
    line: Option<JoinHandle<Result<(), Fault>>>,
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
    parser: Parser,
}

/// Starts the daemon on the current tokio runtime: opens journal and rows, listens and serves. Then the journal is folded, which
/// takes its time, and the line begins: [`Running::ready`] waits for that. Pages are parsed in this process.
pub async fn start(config: Config, clock: Clock) -> Result<Running, Fault> {
    start_with(config, clock, Around::default()).await
}

/// The same with other things around it.
pub async fn start_with(config: Config, clock: Clock, around: Around) -> Result<Running, Fault> {
    let Around { apart, names } = around;
    let parser = Parser::new(apart, agencies(&config.sources)).await?;
    let shared = Shared {
        clock,
        status: Arc::new(Status::starting()),
        metrics: Arc::new(Metrics::new()),
        desk: Arc::new(desk::Desk::new(config.crawl.leads_max)),
        events: broadcast::channel(EVENTS_MAX).0,
        parser,
    };
    let listener = listen(config.server.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|source| Fault::Listen { address: config.server.listen, source })?;
    let fetcher = Fetcher::with_names(config.fetch_params(), shared.clock.clone(), names)?;
    let (dir, cache_bytes) = (config.store.path.clone(), config.store.cache);
    let opened = tokio::task::spawn_blocking(move || {
        let generation = crate::journal::generation(&dir);
        Ok::<_, Fault>((open::open_dir(&dir, cache_bytes)?, generation?))
    });
    let ((log, store, opened), generation) =
        opened.await.map_err(|fault| Fault::Writer(fault.to_string()))??;

    let (to_pushes, pushed) = mpsc::channel(line::WORK_MAX);
    let params = Arc::new(config.api_params(generation));
    let state = reading_side(&shared, &store, log.reader(), to_pushes, params);
    let Shared { status, desk, .. } = shared.clone();
    let polling = CancellationToken::new();
    let server = tokio::spawn(serve(listener, state, status.stopping.clone()));
    let data = Data { log, store: store.clone(), opened };
    let with = fetcher.clone();
    let line = tokio::spawn(run_line(config, shared, data, with, pushed, polling.clone()));
    Ok(Running { address, store, status, desk, fetcher, server, line: Some(line), polling })
}

/// An open data directory.
struct Data {
    log: Log,
    store: Store,
    opened: Opened,
}

/// Folds the journal, then runs the stages until the line is dry.
async fn run_line(
    config: Config,
    shared: Shared,
    mut data: Data,
    fetcher: Fetcher,
    pushed: mpsc::Receiver<Wish>,
    polling: CancellationToken,
) -> Result<(), Fault> {
    let (store, reader) = (data.store.clone(), data.log.reader());
    let terms = retain::Terms::of(&config);
    if terms.is_some() {
        data.log.begin_daily()?;
    }
    let scrubbed = Arc::clone(&shared.metrics);
    let (params, with) = (config.cluster_params(), shared.clone());
    let keeps_pages = config.store.keep_raw == KeepRaw::Warc;
    let opening = tokio::task::spawn_blocking(move || make_writer(data, params, keeps_pages, with));
    let (writer, writing) = match opening.await.map_err(|fault| Fault::Writer(fault.to_string()))? {
        Err(Fault::Stopped) => return Ok(()),
        done => done?,
    };
    let Shared { clock, status, metrics, desk, parser, .. } = shared;
    let (to_writer, work) = mpsc::channel(line::WORK_MAX);
    let (to_harvester, leads) = mpsc::channel(line::LEADS_MAX);
    let sources: Vec<Arc<Source>> = config.sources.iter().cloned().map(Arc::new).collect();
    if let Err(fault) = resume_visits(&store, &sources, &desk) {
        warn!("pages to visit again are not known, their feeds bring them up: {}", words(&fault));
    }
    let dir = config.store.path.clone();
    let read = dir.clone();
    fetcher.recall(
        tokio::task::spawn_blocking(move || permits::load(&read)).await.unwrap_or_default(),
    );
    let permits = permits::run(fetcher.clone(), dir, clock.clone(), polling.clone());
    let permits = tokio::spawn(permits);
    let context = poller::Context {
        fetcher: fetcher.clone(),
        limits: config.feed_limits(),
        store,
        clock: clock.clone(),
        status: Arc::clone(&status),
        metrics: Arc::clone(&metrics),
        desk,
        leads: to_harvester,
        work: to_writer.clone(),
        parser: parser.clone(),
        stop: polling.clone(),
    };
    let retain = terms.map(|terms| retain::Retain {
        terms,
        reader: reader.clone(),
        store: context.store.clone(),
        clock: clock.clone(),
        writer: to_writer.clone(),
        writing,
        stop: polling.clone(),
    });
    if let Some(retain) = retain {
        tokio::spawn(retain.run());
    }
    let tdm = config.crawl.tdm;
    let harvester = harvester::Harvester { fetcher, clock, metrics, parser, tdm, keeps_pages };
    let concurrency = config.crawl.concurrency;
    let poller = tokio::spawn(poller::Poller::new(context, &sources).run());
    let harvester = tokio::spawn(harvester::run(harvester, concurrency, leads, to_writer.clone()));
    let pushes = tokio::spawn(forward(pushed, to_writer));
    let scrub = scrub::run(reader, config.store.scrub_interval, Arc::clone(&status), scrubbed);
    tokio::spawn(scrub);
    let writer = spawn_writer(writer, notes(&config), work, &polling)?;
    status.free(Part::Start);
    // It ends last: when those that send to it have, or by a fault, which the others need not see first.
    writer.await.map_err(|fault| Fault::Writer(fault.to_string()))??;
    for stage in [poller, pushes, harvester, permits] {
        let _ = stage.await;
    }
    Ok(())
}

/// The writer with the fold of the whole journal, and which file of pages it writes. Blocks.
fn make_writer(
    data: Data,
    params: cluster::Params,
    keeps_pages: bool,
    shared: Shared,
) -> Result<(Writer, Writing), Fault> {
    let Data { log, store, opened } = data;
    let Shared { clock, status, metrics, desk, events, .. } = shared;
    let reader = log.reader();
    let (fold, owed) = open::fold(&reader, &store, &opened, params, &status)?;
    metrics.journal_last_seq(fold.last.0);
    status.set_overrides(fold.clusterer.overrides());
    let (records, checkpoint) = (fold.last.0, fold.covered.0);
    info!(records, checkpoint, clusters = fold.clusterer.clusters(), "the journal is read");
    let keep = keep::Keep::after(&fold, store.dir().to_path_buf(), reader.clone());
    let open = || {
        let (status, metrics) = (Arc::clone(&status), Arc::clone(&metrics));
        raw::RawPages::open(store.dir(), clock.clone(), status, metrics)
    };
    let raw = keeps_pages.then(open).transpose()?;
    let writing = raw.as_ref().map(raw::RawPages::writing).unwrap_or_default();
    let rows = rows::Rows::start(store, reader.clone(), Arc::clone(&status), events, owed)?;
    let parts = appender::Parts { raw, log, rows, status, metrics: Arc::clone(&metrics), desk };
    let appender = appender::Appender::start(parts)?;
    let began = fold.last;
    Ok((Writer { appender, reader, fold, keep, clock, metrics, began }, writing))
}

fn reading_side(
    shared: &Shared,
    store: &Store,
    reader: Reader,
    wishes: mpsc::Sender<Wish>,
    settings: Arc<api::Params>,
) -> api::State {
    let Shared { clock, status, metrics, events, .. } = shared.clone();
    api::State { store: store.clone(), reader, wishes, events, status, metrics, clock, settings }
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

    /// How much of what the crawl met is held in memory, and how many pages are planned to be looked at again.
    pub fn held(&self) -> (Held, usize) {
        (self.fetcher.held(), self.desk.planned())
    }

    /// Resolves once the journal is folded and the line has begun, or could not.
    pub async fn ready(&mut self) -> Result<(), Fault> {
        let status = Arc::clone(&self.status);
        tokio::select! {
            () = status.started() => Ok(()),
            fault = self.broken() => Err(fault),
        }
    }

    /// Resolves when a stage has ended by itself, which is a fault.
    pub async fn broken(&mut self) -> Fault {
        let Some(line) = &mut self.line else {
            return Fault::Writer("it has ended before".to_owned());
        };
        let ended = line.await;
        self.line = None;
        match ended {
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
        let Self { server, line, .. } = self;
        let dry = async {
            let _ = server.await;
            match line {
                Some(line) => line.await.map_err(|fault| Fault::Writer(fault.to_string()))?,
                None => Ok(()),
            }
        };
        tokio::time::timeout(STOP_DEADLINE, dry).await.unwrap_or_else(|_| {
            warn!("the line did not run dry in time; what was acknowledged is in the journal");
            Ok(())
        })
    }
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

/// What requests ask goes the way of all work.
async fn forward(mut wishes: mpsc::Receiver<Wish>, work: line::ToWriter) {
    while let Some(wish) = wishes.recv().await {
        let wish = match wish {
            Wish::Push(push) => line::Work::Push(push),
            Wish::Word(word) => line::Work::Word(word),
        };
        if work.send(wish).await.is_err() {
            break;
        }
    }
}

fn spawn_writer(
    writer: Writer,
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
pub(crate) fn agencies(sources: &[Source]) -> Arc<[Agency]> {
    sources
        .iter()
        .filter(|source| source.kind == SourceKind::Agency)
        .map(|source| Agency::named(&source.name, &[source.id.as_str()]))
        .collect()
}
