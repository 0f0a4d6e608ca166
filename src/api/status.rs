//! What the daemon knows about itself and the reading side shows: readiness, stopping, the state of each source.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::model::Timestamp;

/// Listeners of the stream at one time; each holds a connection and a place in the live queue.
pub const LISTENERS_MAX: usize = 256;

/// From here on a write to the journal is slow, and `/readyz` says so beside `ok`.
const SLOW: Duration = Duration::from_secs(1);

/// From here on the disk counts as one that does not answer: not ready.
const HANGS: Duration = Duration::from_secs(10);

/// How a source is doing (CONTRACT §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Not asked yet.
    #[default]
    New,
    /// The last polls of all endpoints worked.
    Ok,
    /// The last poll of an endpoint went wrong.
    Failing,
    /// It answers, and brings less than its own rhythm.
    Quiet,
    /// Nobody asks it, by order.
    Paused,
}

impl SourceState {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Quiet => "quiet",
            Self::Paused => "paused",
        }
    }
}

/// Why a source fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFault {
    /// The kind, as in the metrics: `dns`, `status`, `robots` …
    pub kind: String,
    /// In plain words.
    pub detail: String,
    /// When the row of failures began.
    pub since: Timestamp,
    /// Failures in a row.
    pub count: u32,
}

/// A source as `/sources` shows it. The daemon writes it, the reading side shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceStatus {
    /// The id of the configuration.
    pub id: String,
    /// Display name.
    pub name: String,
    /// `agency`, `outlet`, `pr` or `aggregator`.
    pub kind: String,
    /// It is us.
    pub own: bool,
    /// BCP 47 language, where configured.
    pub lang: Option<String>,
    /// Free words of the configuration.
    pub tags: Vec<String>,
    /// The smaller the more important; breaks ties of the lead policy `priority`.
    pub priority: i32,
    /// How it is doing.
    pub state: SourceState,
    /// Why it fails, where it does.
    pub error: Option<SourceFault>,
    /// When an endpoint was last asked.
    pub last_poll: Option<Timestamp>,
    /// When an endpoint last answered well.
    pub last_success: Option<Timestamp>,
    /// When the next endpoint is due.
    pub next_poll: Option<Timestamp>,
    /// Why then, in words.
    pub next_poll_why: Option<String>,
    /// What is polled, watched or pushed to.
    pub endpoints: Vec<EndpointStatus>,
    /// How many of its pages go back and forth between texts.
    pub flapping: usize,
    /// The first few of them.
    pub flapping_pages: Vec<FlappingPage>,
}

/// A page that goes back and forth between texts it had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlappingPage {
    /// Its address.
    pub url: String,
    /// Between how many texts, and how often, in words.
    pub why: String,
    /// When it is looked at again.
    pub next_visit: Timestamp,
}

/// One endpoint of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointStatus {
    /// `feed`, `sitemap`, `page`, `spool` or `push`.
    pub kind: String,
    /// Address, where it has one.
    pub url: Option<String>,
    /// Where permanent redirects led.
    pub moved_to: Option<String>,
    /// When it was last asked.
    pub last_poll: Option<Timestamp>,
    /// When it last answered well.
    pub last_success: Option<Timestamp>,
    /// When it is due.
    pub next_poll: Option<Timestamp>,
    /// Why then, in words.
    pub next_poll_why: Option<String>,
    /// What is wrong with it, in words.
    pub error: Option<String>,
    /// What it brings; `None` before it ever answered.
    pub rhythm: Option<RhythmStatus>,
}

/// What an endpoint brings, and so when it is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RhythmStatus {
    /// When its newest entry was published, or first seen.
    pub newest_entry: Option<Timestamp>,
    /// Entries a day, over a fortnight or two.
    pub entries_per_day: f64,
    /// What an hour like this one of a day like this one usually brings.
    pub usual_per_hour: f64,
    /// How many times as much it is at present.
    pub lately: f64,
}

/// What may keep the daemon from its work. Each part sets and clears its own reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// It has not come to its work yet.
    Start,
    /// Nothing can be made durable.
    Journal,
    /// The line waits for rows that cannot be written.
    Line,
    /// Rows lag behind what is durable. Articles are taken in all the same.
    Rows,
}

/// What the daemon tells the reading side. Shared; every lock is held for a copy only.
#[derive(Debug)]
pub struct Status {
    /// Cancelled when the daemon stops: streams end, writes get 503.
    pub stopping: CancellationToken,
    listeners: Arc<Semaphore>,
    backups: Arc<Semaphore>,
    hindered: watch::Sender<BTreeMap<Part, String>>,
    notes: RwLock<BTreeMap<&'static str, String>>,
    writing: RwLock<Option<Instant>>,
    sources: RwLock<Vec<SourceStatus>>,
    overrides: RwLock<Option<Arc<[u64]>>>,
    /// Cancelled when the rows of all that was answered are written.
    owed_rows: RwLock<Option<CancellationToken>>,
}

impl Default for Status {
    fn default() -> Self {
        Self::starting()
    }
}

impl Status {
    /// A daemon that has just been started: not ready yet.
    pub fn starting() -> Self {
        Self {
            stopping: CancellationToken::new(),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
            backups: Arc::new(Semaphore::new(1)),
            hindered: watch::Sender::new(BTreeMap::from([(Part::Start, "starting".to_owned())])),
            notes: RwLock::default(),
            writing: RwLock::default(),
            sources: RwLock::new(Vec::new()),
            overrides: RwLock::default(),
            owed_rows: RwLock::default(),
        }
    }

    /// How long a read waits for the rows of what was answered before it. Then it goes on without: they are in the journal.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// Reads that come now wait until `written` is cancelled; `None` where rows lag, and nothing waits for them.
    pub fn owe_rows(&self, written: Option<CancellationToken>) {
        *self.owed_rows.write().unwrap_or_else(PoisonError::into_inner) = written;
    }

    /// Resolves when the rows of what was answered up to now are written, or take too long.
    pub(super) async fn rows(&self) {
        let owed = self.owed_rows.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(written) = owed.filter(|written| !written.is_cancelled())
            && tokio::time::timeout(Self::PATIENCE, written.cancelled()).await.is_err()
        {
            // One read has waited for all that come after it.
            self.owe_rows(None);
        }
    }

    /// Why it is not ready; `None` where it is.
    pub fn not_ready(&self) -> Option<String> {
        let hangs = || Some(format!("the disk does not answer: {}", self.writes_for(HANGS)?));
        self.why(|_| true).or_else(hangs)
    }

    /// Why nothing is taken in at present; `None` where it is.
    pub fn refuses(&self) -> Option<String> {
        self.why(|part| part != Part::Rows)
    }

    fn why(&self, counts: impl Fn(Part) -> bool) -> Option<String> {
        if self.stopping.is_cancelled() {
            return Some("stopping".to_owned());
        }
        let hindered = self.hindered.borrow();
        let whys = hindered.iter().filter(|&(&part, _)| counts(part));
        let whys: Vec<&str> = whys.map(|(_, why)| why.as_str()).collect();
        (!whys.is_empty()).then(|| whys.join("; "))
    }

    /// From here on `part` keeps the daemon from its work, and `why` is shown on `/readyz`. Replaces what it said before.
    pub fn hinder(&self, part: Part, why: impl Into<String>) {
        self.hindered.send_modify(|hindered| {
            hindered.insert(part, why.into());
        });
    }

    /// From here on `part` no longer does.
    pub fn free(&self, part: Part) {
        self.hindered.send_if_modified(|hindered| hindered.remove(&part).is_some());
    }

    /// Resolves once nothing but lagging rows keeps the daemon from its work.
    pub async fn takes(&self) {
        let mut hindered = self.hindered.subscribe();
        let takes =
            |hindered: &BTreeMap<Part, String>| hindered.keys().all(|&part| part == Part::Rows);
        // The sender lives as long as `self`.
        let _ = hindered.wait_for(takes).await;
    }

    /// Resolves once the daemon has come to its work.
    pub async fn started(&self) {
        let mut hindered = self.hindered.subscribe();
        let _ = hindered.wait_for(|hindered| !hindered.contains_key(&Part::Start)).await;
    }

    /// From here on it is ready.
    pub fn set_ready(&self) {
        self.hindered.send_modify(BTreeMap::clear);
    }

    /// From here on it is not ready, and `why` is shown on `/readyz`.
    pub fn set_not_ready(&self, why: impl Into<String>) {
        self.hinder(Part::Start, why);
    }

    /// Something is wrong that keeps the daemon from nothing: `/readyz` says it beside `ok`. `None` takes back what was said `about` it.
    pub fn note(&self, about: &'static str, note: Option<String>) {
        let mut notes = self.notes.write().unwrap_or_else(PoisonError::into_inner);
        match note {
            Some(note) => notes.insert(about, note),
            None => notes.remove(about),
        };
    }

    /// What was noted, and that the disk is slow where it is.
    pub fn noted(&self) -> Option<String> {
        let notes = self.notes.read().unwrap_or_else(PoisonError::into_inner).clone();
        let slow = self.writes_for(SLOW).map(|why| format!("the disk is slow: {why}"));
        let notes: Vec<String> = notes.into_values().chain(slow).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    /// A batch of records is being made durable from now on, or no longer.
    pub fn writes(&self, is_writing: bool) {
        *self.writing.write().unwrap_or_else(PoisonError::into_inner) =
            is_writing.then(Instant::now);
    }

    /// What to say of a write that takes that long by now.
    fn writes_for(&self, long: Duration) -> Option<String> {
        let since = (*self.writing.read().unwrap_or_else(PoisonError::into_inner))?.elapsed();
        let seconds = since.as_secs();
        (since >= long).then(|| {
            format!(
                "a write to the journal takes {seconds} s by now, and what comes in waits for it"
            )
        })
    }

    /// A place among the listeners of the stream, given back when dropped; `None` where all are taken.
    pub(super) fn listener(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.listeners).try_acquire_owned().ok()
    }

    /// The right to take a backup; `None` while another is taken, since each reads everything.
    pub(super) fn backup(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.backups).try_acquire_owned().ok()
    }

    /// All sources, in the order of the configuration.
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The numbers of the overrides in force, the oldest first; `None` before the journal is read.
    pub fn overrides(&self) -> Option<Arc<[u64]>> {
        self.overrides.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts that list in place.
    pub fn set_overrides(&self, numbers: Vec<u64>) {
        *self.overrides.write().unwrap_or_else(PoisonError::into_inner) = Some(numbers.into());
    }

    /// One source.
    pub fn source(&self, id: &str) -> Option<SourceStatus> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.iter().find(|source| source.id == id).cloned()
    }

    /// Puts the whole list in place.
    pub fn set_sources(&self, sources: Vec<SourceStatus>) {
        *self.sources.write().unwrap_or_else(PoisonError::into_inner) = sources;
    }

    /// Changes one source in place; false where none has the id.
    pub fn update_source(&self, id: &str, change: impl FnOnce(&mut SourceStatus)) -> bool {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let found = sources.iter_mut().find(|source| source.id == id);
        found.map(change).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_ready_between_its_start_and_its_stop() {
        let status = Status::starting();
        assert_eq!(status.not_ready().as_deref(), Some("starting"));
        status.set_ready();
        assert_eq!(status.not_ready(), None);
        status.hinder(Part::Rows, "the rows lag");
        assert_eq!((status.not_ready().as_deref(), status.refuses()), (Some("the rows lag"), None));
        status.hinder(Part::Journal, "disk full");
        assert_eq!(status.not_ready().as_deref(), Some("disk full; the rows lag"));
        assert_eq!(status.refuses().as_deref(), Some("disk full"));
        status.free(Part::Journal);
        assert_eq!(status.not_ready().as_deref(), Some("the rows lag"));
        status.stopping.cancel();
        assert_eq!(status.not_ready().as_deref(), Some("stopping"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_waits_for_rows_that_are_owed_with_patience_and_once() {
        let status = Status::starting();
        status.rows().await;
        let written = CancellationToken::new();
        status.owe_rows(Some(written.clone()));
        let waits = status.rows();
        tokio::pin!(waits);
        tokio::select! {
            biased;
            () = &mut waits => panic!("they are not written"),
            () = tokio::task::yield_now() => written.cancel(),
        }
        let begun = tokio::time::Instant::now();
        waits.await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        status.owe_rows(Some(CancellationToken::new()));
        status.rows().await;
        assert_eq!(begun.elapsed(), Status::PATIENCE);
        status.rows().await;
        assert_eq!(begun.elapsed(), Status::PATIENCE);
    }

    #[test]
    fn a_write_is_told_while_it_lasts_and_only_where_it_lasts_long() {
        let status = Status::starting();
        status.set_ready();
        assert_eq!(status.writes_for(Duration::ZERO), None);
        status.writes(true);
        assert!(status.writes_for(Duration::ZERO).is_some());
        assert_eq!(status.writes_for(Duration::from_hours(1)), None);
        status.writes(false);
        assert_eq!((status.not_ready(), status.noted()), (None, None));
    }

    #[test]
    fn a_source_is_changed_in_place_and_an_unknown_one_is_told() {
        let status = Status::starting();
        status.set_sources(vec![SourceStatus { id: "nap".into(), ..SourceStatus::default() }]);
        assert!(status.update_source("nap", |source| source.state = SourceState::Ok));
        assert!(!status.update_source("nobody", |source| source.own = true));
        assert_eq!(status.source("nap").map(|source| source.state), Some(SourceState::Ok));
        assert_eq!(status.source("nobody"), None);
    }
}
