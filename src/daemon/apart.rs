//! Pages parsed apart: in a few processes of the same program, each of which may die of a page and takes nothing else along.
//!
//! A parser that overflows its stack or runs out of memory takes its process with it, and no `catch_unwind` helps. So the
//! process that parses holds nothing but the page: no socket, no file of the journal, no secret of the environment. It is killed
//! when a page takes too long, and another takes its place.

mod child;
mod words;
mod worker;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::extract::{self, Extracted, PAGE_BYTES_MAX, Page};
use crate::wire::Agency;
use worker::Worker;

pub use child::parse_pages;

/// The hidden subcommand in which pages are parsed.
const SUBCOMMAND: &str = "__extract";

/// How long one page may take: two hundred times what a real one does. Without optimisation all takes many times as long.
const DEADLINE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

/// How much memory a process may take for itself: real pages need a tenth of it.
const MEMORY_BYTES: u64 = 256 << 20;

/// A process is replaced after this many pages, with what its allocator has not given back.
const PAGES_MAX: u32 = 1_000;

/// Where pages are parsed apart, and within which bounds.
#[derive(Clone, Debug)]
pub struct Apart {
    /// The program that is started for it.
    pub program: PathBuf,
    /// Its arguments; the bound of its memory in bytes comes behind them.
    pub arguments: Vec<OsString>,
    /// Pages parsed at once, each in a process.
    pub slots: usize,
    /// How long one page may take before its process is killed.
    pub deadline: Duration,
    /// How much memory a process may take for itself, in bytes.
    pub memory_bytes: u64,
    /// Pages after which a process is replaced.
    pub pages_max: u32,
}

impl Apart {
    /// Processes of `program`, which is a copytaster, with the bounds that hold in production.
    pub fn of(program: PathBuf) -> Self {
        let slots = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4));
        Self {
            program,
            arguments: vec![SUBCOMMAND.into()],
            slots,
            deadline: DEADLINE,
            memory_bytes: MEMORY_BYTES,
            pages_max: PAGES_MAX,
        }
    }

    /// The same for pages that no scan has looked at: what blows up a parser does.
    #[must_use]
    pub fn unscanned(mut self) -> Self {
        self.arguments.push("--unscanned".into());
        self
    }

    /// Processes of the program that runs, also after an upgrade has put another one in its place.
    pub fn of_this() -> io::Result<Self> {
        let own = Path::new("/proc/self/exe");
        let program = if own.exists() { own.to_owned() } else { std::env::current_exe()? };
        Ok(Self::of(program))
    }
}

/// Why a page was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It took too long.
    #[error("the page could not be read: its parser took longer than {} s and was stopped", .0.as_secs_f64())]
    Slow(Duration),
    /// Its process ended: for want of memory, of stack, or by a fault of the parser.
    #[error(
        "the page could not be read: its parser needed more than {megabytes} MB of memory or crashed ({how})"
    )]
    Died {
        /// The bound of its memory.
        megabytes: u64,
        /// How the process ended.
        how: String,
    },
    /// There is no process to parse it in. No fault of the page's.
    #[error("the page could not be read: no process to parse it in can be started: {0}")]
    NoProcess(#[from] NoProcess),
    /// The thread that parsed it in this process died.
    #[error("the page could not be read: its parser gave up")]
    GaveUp,
}

/// Why no process can be started to parse pages in.
#[derive(Debug, thiserror::Error)]
pub enum NoProcess {
    /// The system would not start it.
    #[error("{}: {source}", .program.display())]
    Start {
        /// What was to be started.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended, or said nothing, before it was ready.
    #[error("it was not ready: {0}")]
    Greeting(io::Error),
    /// It could not go to work, in its own words.
    #[error("{0}")]
    Refused(String),
    /// It is another program than this one.
    #[error("it is copytaster {0}, which is not the program that asks")]
    Other(String),
}

/// What parses the daemon's pages.
#[derive(Clone)]
pub struct Parser(Place);

#[derive(Clone)]
enum Place {
    /// This very process.
    Here(Arc<[Agency]>),
    /// Processes of their own.
    Apart(Arc<Pool>),
}

impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Place::Here(_) => "Parser(here)",
            Place::Apart(_) => "Parser(apart)",
        })
    }
}

/// Whose credits count besides those of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credits {
    /// Nobody's.
    Table,
    /// Those of the agencies of the configuration.
    Configured,
}

impl Parser {
    /// A parser that knows `agencies`; apart where it is said how. The first process is started at once: one that cannot be is a
    /// fault of the installation and is told before anything is taken in.
    pub async fn new(apart: Option<Apart>, agencies: Arc<[Agency]>) -> Result<Self, NoProcess> {
        let Some(apart) = apart else { return Ok(Self(Place::Here(agencies))) };
        let pool = Pool::new(apart, &agencies);
        let first = pool.start().await?;
        pool.keep(first);
        Ok(Self(Place::Apart(Arc::new(pool))))
    }

    /// What a page carries.
    pub async fn parse(&self, page: Page, credits: Credits) -> Result<Extracted, Unread> {
        match &self.0 {
            // What is too long is refused unread, here as there.
            Place::Apart(pool) if page.html.len() <= PAGE_BYTES_MAX => {
                pool.parse(&page, credits).await
            }
            Place::Apart(_) => Ok(extract::article(&page)),
            Place::Here(agencies) => {
                let agencies = Arc::clone(agencies);
                let parse = move || match credits {
                    Credits::Table => extract::article(&page),
                    Credits::Configured => extract::article_with(&page, &agencies),
                };
                tokio::task::spawn_blocking(parse).await.map_err(|_| Unread::GaveUp)
            }
        }
    }
}

/// The processes: as many as there are slots, started when they are needed.
struct Pool {
    apart: Apart,
    /// What a process is told first: the agencies.
    hello: Vec<u8>,
    slots: Semaphore,
    idle: Mutex<Vec<Worker>>,
}

impl Pool {
    fn new(apart: Apart, agencies: &[Agency]) -> Self {
        let slots = Semaphore::new(apart.slots.max(1));
        Self { hello: words::hello(agencies), slots, idle: Mutex::default(), apart }
    }

    async fn start(&self) -> Result<Worker, NoProcess> {
        Worker::start(&self.apart, &self.hello).await
    }

    /// Puts a process back that has answered, unless it has done its part.
    fn keep(&self, worker: Worker) {
        if worker.pages() < self.apart.pages_max {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        }
    }

    /// A process that waits and still lives. The dead ones among them cost nothing but their place.
    fn idle(&self) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find_map(Worker::alive)
    }

    async fn parse(&self, page: &Page, credits: Credits) -> Result<Extracted, Unread> {
        // It is never closed; were it, one more process would do no harm.
        let _slot = self.slots.acquire().await.ok();
        let asked = words::asked(page, credits);
        if let Some(worker) = self.idle() {
            let fresh = worker.pages() == 0;
            match self.ask(worker, &asked).await {
                // Others may have left it without memory, or killed it. A page is to blame for a process of its own.
                Err(Unread::Died { .. }) if !fresh => {}
                done => return done,
            }
        }
        self.ask(self.start().await?, &asked).await
    }

    async fn ask(&self, mut worker: Worker, asked: &[u8]) -> Result<Extracted, Unread> {
        let deadline = self.apart.deadline;
        match tokio::time::timeout(deadline, worker.ask(asked)).await {
            Ok(Ok(found)) => {
                self.keep(worker);
                Ok(found)
            }
            Ok(Err(_)) => {
                let megabytes = self.apart.memory_bytes >> 20;
                Err(Unread::Died { megabytes, how: worker.end().await })
            }
            Err(_) => {
                worker.end().await;
                Err(Unread::Slow(deadline))
            }
        }
    }
}
