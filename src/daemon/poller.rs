//! The configuration to leads: asks each endpoint when it is due and sends on what is new.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

mod children;
mod read;
mod shown;

use super::apart::Parser;
use super::desk::{self, Desk};
use super::line::{Lead, REASON_BYTES_MAX, Said, ToWriter, Validators, Visits, Work};
use super::page;
use super::spool::Spool;
use crate::api::{SourceStatus, Status};
use crate::config::{Endpoint, EndpointKind, Source};
use crate::feed::{self, Entry, Sitemap};
use crate::fetch::{self, Accept, Ask, FetchError, Fetcher};
use crate::model::{Clock, Timestamp};
use crate::schedule::{self, Fault, Outcome, Poll, Skip};
use crate::store::Store;
use crate::telemetry::Metrics;

/// Longest wait for a spool that could not be used: it costs nobody anything to look again.
const SPOOL_BACKOFF: Duration = Duration::from_mins(1);

/// Longest wait for a publisher that does not answer.
const BACKOFF_MAX: Duration = Duration::from_hours(72);

/// Queues of hosts kept before those in which nobody waits are let go: a feed can name any number of hosts.
const HOSTS_MAX: usize = 4096;

/// Pages that go back and forth which a source's status names.
const FLAPPING_SHOWN: usize = 5;

/// Everything polling needs.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) fetcher: Fetcher,
    pub(super) limits: feed::Limits,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) status: Arc<Status>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) desk: Arc<Desk>,
    pub(super) leads: mpsc::Sender<Lead>,
    pub(super) work: ToWriter,
    /// What parses pages that lie in spools.
    pub(super) parser: Parser,
    pub(super) stop: CancellationToken,
}

/// One thing that is polled.
#[derive(Clone, Debug)]
struct Line {
    source: Arc<Source>,
    endpoint: Arc<Endpoint>,
    /// Names it in the store.
    key: String,
    poll: Poll,
    asked: bool,
    /// True where the last poll found more than could be taken in hand: it is asked again when there is room.
    left: bool,
    /// True where an older page did not come at the last poll.
    broke_off: bool,
    /// Of an index: what to ask with next.
    index: Option<Validators>,
    /// What it is where an index named it.
    child: Option<children::Child>,
    /// The directory, where it is one.
    spool: Option<Arc<Mutex<Spool>>>,
}

impl Line {
    fn new(source: Arc<Source>, endpoint: Arc<Endpoint>, key: String, poll: Poll) -> Self {
        let spool = Spool::of(&source, &endpoint);
        Self {
            source,
            endpoint,
            key,
            poll,
            asked: false,
            left: false,
            broke_off: false,
            index: None,
            child: None,
            spool,
        }
    }
}

/// What came of asking.
struct Polled {
    line: usize,
    /// True where the address asked was one that the endpoint had moved to.
    at_moved: bool,
    came: Came,
}

/// An answer or none.
enum Came {
    /// A feed, or "not modified".
    Answer {
        outcome: Outcome,
        validators: Validators,
        moved: Option<Url>,
        found: Option<Box<Found>>,
    },
    /// Nothing of use.
    Fault { outcome: Outcome, kind: &'static str, detail: String },
}

/// A feed, a section page or a list of sitemaps.
#[derive(Default)]
struct Found {
    leads: Vec<Lead>,
    skip: Skip,
    /// How many of them were not under way already.
    fresh: usize,
    listed: usize,
    /// The sitemaps of an index.
    sitemaps: Vec<Sitemap>,
    /// True where an older page did not come and may come another time.
    broke_off: bool,
    notes: Vec<String>,
}

/// The poller.
pub(super) struct Poller {
    context: Context,
    lines: Vec<Line>,
    hosts: BTreeMap<String, Arc<Semaphore>>,
    sending: TaskTracker,
}

impl Poller {
    /// A poller of all endpoints of `sources`. What an earlier run learned of them is taken up; an endpoint never asked
    /// gets its first poll within the first minute, one after another.
    pub(super) fn new(context: Context, sources: &[Arc<Source>]) -> Self {
        let mut lines = Vec::new();
        for source in sources {
            for endpoint in &source.endpoints {
                let key = format!("{}\n{}", source.id, endpoint.url);
                let kept = context.store.poll(&key).ok().flatten();
                let poll = kept.and_then(|row| desk::read_poll(&row)).unwrap_or_default();
                let endpoint = Arc::new(endpoint.clone());
                lines.push(Line::new(Arc::clone(source), endpoint, key, poll));
            }
        }
        let now = context.clock.now();
        let mut poller =
            Self { context, lines, hosts: BTreeMap::new(), sending: TaskTracker::new() };
        poller.hasten_indexes();
        poller
            .context
            .status
            .set_sources(sources.iter().map(|source| poller.describe(source, now)).collect());
        poller
    }

    /// Polls until told to stop.
    pub(super) async fn run(mut self) {
        let mut asking: JoinSet<Polled> = JoinSet::new();
        let desk = Arc::clone(&self.context.desk);
        loop {
            self.settle().await;
            self.visit_again();
            self.ask_due(&mut asking);
            let wait = self.context.clock.wait_until(self.next_moment());
            tokio::select! {
                () = self.context.stop.cancelled() => break,
                Some(polled) = asking.join_next(), if !asking.is_empty() => match polled {
                    Ok(polled) => self.take(polled).await,
                    Err(fault) => warn!(%fault, "a poll came to nothing"),
                },
                () = desk.until_settled() => {}
                // Visits planned meanwhile are seen at the next turn, at the latest after a second.
                () = tokio::time::sleep(wait.min(Duration::from_secs(1))) => {}
            }
        }
        asking.shutdown().await;
        self.sending.close();
        self.sending.wait().await;
    }

    fn next_moment(&self) -> Timestamp {
        let visits = self.context.desk.next();
        self.next_poll()
            .into_iter()
            .chain(visits)
            .min()
            .unwrap_or_else(|| self.context.clock.now().plus_millis(3_600_000))
    }

    fn ask_due(&mut self, asking: &mut JoinSet<Polled>) {
        let now = self.context.clock.now();
        let has_room = self.context.desk.has_room();
        let due = self.ready(|line| {
            let again = line.left && has_room && line.poll.soonest <= now;
            again || line.poll.next_poll <= now
        });
        let mut resting = Vec::new();
        for number in due {
            let line = &mut self.lines[number];
            if let Some(left) = self.context.fetcher.rests(&address(line).0) {
                line.poll.leave(left, now, xxh3_64(line.key.as_bytes()));
                resting.push(Arc::clone(&line.source));
                continue;
            }
            line.asked = true;
            asking.spawn(ask(self.context.clone(), line.clone(), number));
        }
        for source in resting {
            self.show(&source, now);
        }
    }

    /// Sends the pages that are due for another look.
    fn visit_again(&mut self) {
        for (key, source, visits) in self.context.desk.due(self.context.clock.now()) {
            let Ok(page) = Url::parse(&visits.url) else { continue };
            let entry = Arc::new(said_again(&visits));
            let (page, signals) = (Some(page), Arc::default());
            let lead = Lead { source, key, entry, page, signals, visits, turn: None };
            if self.context.desk.begin(&lead, self.context.clock.now()) {
                self.send(lead);
            }
        }
    }

    /// Keeps the validators of polls whose leads have all ended. Their ends went to the writer before; so on disk, too, the
    /// validators come after them.
    async fn settle(&mut self) {
        for (number, validators) in self.context.desk.settled() {
            let poll = &mut self.lines[number].poll;
            set_validators(poll, validators);
            poll.unfinished = false;
            self.keep(number).await;
        }
    }

    /// Has an endpoint's state written down.
    async fn keep(&self, number: usize) {
        let Line { key, poll, .. } = &self.lines[number];
        let work = Work::Polled { endpoint: key.clone(), poll: Box::new(poll.clone()) };
        // A writer that is gone ends the line from below: the stop token says so next.
        let _ = self.context.work.send(work).await;
    }

    async fn take(&mut self, polled: Polled) {
        let now = self.context.clock.now();
        let Polled { line: number, at_moved, came } = polled;
        let line = &mut self.lines[number];
        line.asked = false;
        let seed = xxh3_64(line.key.as_bytes()) ^ now.millis().unsigned_abs();
        let params = schedule::Params {
            min_interval: line.endpoint.min_interval,
            max_interval: line.endpoint.max_interval,
            backoff_max: if line.spool.is_some() { SPOOL_BACKOFF } else { BACKOFF_MAX },
            ..schedule::Params::default()
        };
        if let Came::Answer { found: Some(found), .. } = &came {
            line.poll.skip = found.skip;
        }
        let outcome = match &came {
            Came::Answer { outcome, .. } | Came::Fault { outcome, .. } => outcome,
        };
        let mut poll = schedule::next(&line.poll, outcome, now, &params, seed);
        let id = line.source.id.clone();
        let (mut begun, mut sitemaps) = (Vec::new(), None);
        match came {
            Came::Answer { validators, moved, found, .. } => {
                let moved = moved.map(String::from).filter(|url| url.len() <= MOVED_BYTES_MAX);
                poll.moved_to = moved.or(poll.moved_to.filter(|_| at_moved));
                poll.fault = None;
                self.context.metrics.source_succeeded(id.as_str(), now.secs());
                let validators = match found {
                    None => validators,
                    Some(found) => {
                        let taken = self.context.desk.take_poll(number, found.leads, validators);
                        poll.unfinished = taken.settled.is_none();
                        line.left = taken.left > 0;
                        line.broke_off = found.broke_off;
                        sitemaps = Some(found.sitemaps);
                        for note in &found.notes {
                            debug!(source.id = %id, note, "{id}: {note}");
                        }
                        info!(source.id = %id, listed = found.listed, new = found.fresh, left = taken.left, next = %poll.why, "polled {id}: {} new", found.fresh);
                        begun = taken.begun;
                        taken.settled.unwrap_or_default()
                    }
                };
                set_validators(&mut poll, validators);
            }
            Came::Fault { kind, mut detail, .. } => {
                detail.truncate(detail.floor_char_boundary(REASON_BYTES_MAX));
                // The place it moved to is no more: the configured one may know another.
                poll.moved_to = poll.moved_to.filter(|_| kind != "gone");
                warn!(source.id = %id, kind, next = %poll.why, "{id}: {detail}");
                let since = poll.fault.as_ref().map_or(now, |fault| fault.since);
                poll.fault = Some(Fault { kind: kind.to_owned(), detail, since });
            }
        }
        line.poll = poll;
        self.adopt(number, sitemaps.as_deref(), now);
        let line = &self.lines[number];
        let source = Arc::clone(&line.source);
        for lead in begun {
            self.send(lead);
        }
        self.show(&source, now);
        // A spool has no publisher who would mind a look too many after a start.
        if self.lines[number].spool.is_none() {
            self.keep(number).await;
        }
    }

    /// Puts a lead in hand in the queue of its host. One page of a host is under way at a time, and none before its host is ready
    /// for it, so neither slow hosts nor those that want long pauses fill the line.
    fn send(&mut self, lead: Lead) {
        let host = lead.page.as_ref().map(fetch::host_key).unwrap_or_default();
        if self.hosts.len() >= HOSTS_MAX {
            self.hosts.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        let turns =
            Arc::clone(self.hosts.entry(host).or_insert_with(|| Arc::new(Semaphore::new(1))));
        let Context { leads, stop, desk, fetcher, .. } = self.context.clone();
        // Thousands may wait for their turn, so a wait has no room in it for more than that: the lead lies elsewhere, and what it
        // takes to be ready, some kilobytes, is made by the first in the queue alone.
        let mut lead = Box::new(lead);
        self.sending.spawn(async move {
            let key = lead.key;
            let sent = async {
                if let Some(page) = &lead.page {
                    lead.turn = turns.acquire_owned().await.ok();
                    Box::pin(fetcher.ready(page, &lead.source.allow_addresses)).await;
                }
                leads.reserve().await.map(|room| room.send(*lead)).is_ok()
            };
            let sent = tokio::select! {
                () = stop.cancelled() => false,
                sent = sent => sent,
            };
            if !sent {
                desk.drop_lead(key);
            }
        });
    }

    fn show(&self, source: &Source, now: Timestamp) {
        let fresh = self.describe(source, now);
        self.context.status.update_source(source.id.as_str(), |shown| *shown = fresh);
    }

    fn describe(&self, source: &Source, now: Timestamp) -> SourceStatus {
        let lines: Vec<&Line> = self
            .lines
            .iter()
            .filter(|line| line.source.id == source.id && !line.is_dropped())
            .collect();
        let next = lines.iter().filter(|line| line.asked || !line.rests());
        let next = next.map(|line| &line.poll).min_by_key(|poll| poll.next_poll);
        let polls: Vec<(&Endpoint, &Poll)> =
            lines.iter().map(|line| (&*line.endpoint, &line.poll)).collect();
        let flapping = self.context.desk.flapping(&source.id, FLAPPING_SHOWN);
        shown::source(source, &polls, next, now, flapping)
    }
}

fn set_validators(poll: &mut Poll, Validators { etag, last_modified, of }: Validators) {
    (poll.etag, poll.last_modified, poll.validated) = (etag, last_modified, of);
}

/// Failures in a row after which an endpoint that moved is asked at its configured address as well, in turns.
const MOVED_TRIES: u32 = 3;

/// Longest address that a move is remembered to, as long as a link may be: the row of a poll stays small.
const MOVED_BYTES_MAX: usize = 2048;

/// Where to ask, and whether it is where the endpoint moved to.
fn address(line: &Line) -> (Url, bool) {
    let moved = line.poll.moved_to.as_deref().and_then(|url| Url::parse(url).ok());
    let turn = line.poll.failures >= MOVED_TRIES && line.poll.failures % 2 == 1;
    match moved.filter(|_| !turn) {
        Some(url) => (url, true),
        None => (line.endpoint.url.clone(), false),
    }
}

/// Asks one endpoint and looks up which of its entries are worth a visit.
async fn ask(context: Context, line: Line, number: usize) -> Polled {
    if let Some(spool) = &line.spool {
        let came = look(&context, spool).await;
        return Polled { line: number, at_moved: false, came };
    }
    let (url, at_moved) = address(&line);
    let Validators { etag, last_modified, of } = line.validators();
    let is_page = line.endpoint.kind == EndpointKind::Page;
    let asked = Ask {
        url,
        etag,
        last_modified,
        of,
        allow: line.source.allow_addresses.clone(),
        credentials: line.endpoint.login.as_ref().map(|login| login.credentials.clone()),
        accept: if is_page { Accept::Page } else { Accept::Feed },
        wanted: is_page.then_some(page::WANTED),
    };
    let came = match context.fetcher.get(&asked).await {
        Ok(got) if got.status == 304 => {
            context.metrics.fetched("not_modified");
            Came::Answer {
                outcome: Outcome::NotModified { floor: got.floor },
                validators: Validators::of(&got),
                moved: got.moved,
                found: None,
            }
        }
        Ok(got) => {
            context.metrics.fetched("ok");
            read::read(context, line, got).await.unwrap_or_else(|detail| Came::Fault {
                outcome: Outcome::Failed { retry_after: None },
                kind: "feed",
                detail,
            })
        }
        Err(fault) => {
            context.metrics.fetched(fault.kind());
            let outcome = match fault {
                FetchError::Gone { .. } if !at_moved => Outcome::Gone,
                _ => Outcome::Failed { retry_after: fault.retry_after() },
            };
            Came::Fault { outcome, kind: fault.kind(), detail: fault.to_string() }
        }
    };
    Polled { line: number, at_moved, came }
}

/// Looks into a spool.
async fn look(context: &Context, spool: &Mutex<Spool>) -> Came {
    match spool.lock().await.look(&context.clock, &context.parser, &context.work).await {
        Ok(entries) => {
            let outcome = match entries {
                0 => Outcome::Same { floor: None },
                undated => Outcome::New { times: Vec::new(), undated, floor: None },
            };
            Came::Answer { outcome, validators: Validators::default(), moved: None, found: None }
        }
        Err(detail) => {
            Came::Fault { outcome: Outcome::Failed { retry_after: None }, kind: "spool", detail }
        }
    }
}

/// The entry of a page that is visited without its feed: what is kept of it.
fn said_again(visits: &Visits) -> Entry {
    let Said { guid, published, lang, authors } = visits.said.clone();
    Entry {
        guid,
        url: Some(visits.url.clone()),
        title: visits.title.clone(),
        published,
        lang,
        authors: authors.into_iter().collect(),
        ..Entry::default()
    }
}
