//! Judged batches, in turn, to durable ones: on a thread of its own, so that the writer judges the next while this one waits for
//! the disk.
//!
//! What waits goes into one append, up to the bounds of a batch. Only when that is synced do the rows get it, and then who is owed
//! an answer. A failed append is retried unchanged; nothing goes on before it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{error, info};

use super::desk::Desk;
use super::lagging::BATCH_RECORDS;
use super::line::Visits;
use super::raw::RawPages;
use super::rows::{Job, Rows};
use super::{Fault, words};
use crate::api::{Obeyed, Part, Status, Taken};
use crate::cluster::OverrideError;
use crate::config::Source;
use crate::journal::{Entry, Location, Log, Record};
use crate::model::VersionId;
use crate::schedule::Poll;
use crate::telemetry::Metrics;
use crate::warc::Packed;

/// Batches that were judged and are not durable: one that is being written, and the next. No more, so that a disk that does not
/// answer fills the line soon.
const UNDER_WAY_MAX: usize = 2;

/// Bytes of text in one batch: an append of this size takes a few milliseconds.
const BATCH_BYTES: usize = 4 << 20;

/// Pause before a failed append is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Failed attempts from one line of the log to the next.
const LINE_EVERY: u32 = 60;

/// Records that become durable together, and what is owed when they are.
#[derive(Default)]
pub(super) struct Batch {
    /// What the rows get; without its places, which the append gives.
    pub(super) job: Job,
    /// Bytes of text.
    pub(super) bytes: usize,
    /// Pages that versions among them were read from.
    pub(super) pages: Vec<Packed>,
    /// How each version came.
    pub(super) via: Vec<&'static str>,
    /// Who pushed, and what became of it.
    pub(super) replies: Vec<(oneshot::Sender<Vec<Taken>>, Vec<Taken>)>,
    /// Editors, and what their word did.
    pub(super) words: Vec<(oneshot::Sender<Result<Obeyed, OverrideError>>, Obeyed)>,
    /// The overrides in force after them; `None` where no word came.
    pub(super) overrides: Option<Vec<u64>>,
    /// Leads that ended.
    pub(super) visited: Vec<(u64, Arc<Source>, Visits)>,
    /// States of endpoints.
    pub(super) polled: Vec<(String, Box<Poll>)>,
}

impl Batch {
    pub(super) const fn is_full(&self) -> bool {
        self.job.entries.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES
    }

    /// True where both fit into one append.
    const fn has_room_for(&self, later: &Self) -> bool {
        self.job.has_room_for(&later.job) && self.bytes + later.bytes <= BATCH_BYTES
    }

    fn extend(&mut self, later: Self) {
        self.job.extend(later.job);
        self.bytes += later.bytes;
        self.pages.extend(later.pages);
        self.via.extend(later.via);
        self.replies.extend(later.replies);
        self.words.extend(later.words);
        self.overrides = later.overrides.or(self.overrides.take());
        self.visited.extend(later.visited);
        self.polled.extend(later.polled);
    }
}

/// What the writer hears of batches that became durable.
pub(super) struct Placed {
    /// How many there were.
    batches: usize,
    /// The versions among their records, where they lie, and what was left out of them.
    pub(super) versions: Vec<(VersionId, Location, Box<[u16]>)>,
    /// Where the last record lies; `None` where there was none.
    pub(super) last: Option<Location>,
}

/// What batches become durable with, and who is told.
pub(super) struct Parts {
    /// Who keeps pages, where they are kept.
    pub(super) raw: Option<RawPages>,
    pub(super) log: Log,
    pub(super) rows: Rows,
    pub(super) status: Arc<Status>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) desk: Arc<Desk>,
}

/// What is left at the end.
pub(super) struct Ended {
    /// The directory stays locked until this is dropped.
    pub(super) _log: Log,
    /// Whether the rows were written.
    pub(super) rows: Result<(), Fault>,
}

type Thread = JoinHandle<Result<(Log, Rows), Fault>>;

/// The writer's end of it. When it is dropped, what is under way is done first, so that the directory is free.
pub(super) struct Appender {
    /// `None` once it is at its end.
    batches: Option<SyncSender<Batch>>,
    placed: Receiver<Placed>,
    under_way: usize,
    thread: Option<Thread>,
}

impl Drop for Appender {
    fn drop(&mut self) {
        drop(self.batches.take());
        // Whoever drops it has a fault to tell already.
        let _ = join(self.thread.take());
    }
}

impl Appender {
    /// Starts the thread.
    pub(super) fn start(parts: Parts) -> Result<Self, Fault> {
        // Each holds all that can be under way, so neither end ever waits for the other to send.
        let (batches, work) = sync_channel(UNDER_WAY_MAX);
        let (told, placed) = sync_channel(UNDER_WAY_MAX);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || parts.run(&work, &told))
            .map_err(Fault::Thread)?;
        Ok(Self { batches: Some(batches), placed, under_way: 0, thread: Some(thread) })
    }

    /// Sends a batch on to become durable. Waits while too much is under way; tells `each` of what became durable.
    pub(super) fn send(&mut self, batch: Batch, each: &mut dyn FnMut(Placed)) -> Result<(), Fault> {
        self.make_room(each)?;
        if self.batches.as_ref().is_none_or(|batches| batches.send(batch).is_err()) {
            return Err(self.fault());
        }
        self.under_way += 1;
        Ok(())
    }

    /// Waits until one more batch can be sent.
    pub(super) fn make_room(&mut self, each: &mut dyn FnMut(Placed)) -> Result<(), Fault> {
        self.settle(UNDER_WAY_MAX - 1, each)
    }

    /// True where nothing is being written: what there is can go at once.
    pub(super) fn is_idle(&mut self, each: &mut dyn FnMut(Placed)) -> bool {
        while let Ok(placed) = self.placed.try_recv() {
            self.under_way -= placed.batches;
            each(placed);
        }
        self.under_way == 0
    }

    /// Waits until at most `most` batches are under way.
    pub(super) fn settle(
        &mut self,
        most: usize,
        each: &mut dyn FnMut(Placed),
    ) -> Result<(), Fault> {
        while self.under_way > most {
            let Ok(placed) = self.placed.recv() else { return Err(self.fault()) };
            self.under_way -= placed.batches;
            each(placed);
        }
        Ok(())
    }

    /// Ends it when all is durable and the rows are written.
    pub(super) fn end(mut self) -> Result<Ended, Fault> {
        drop(self.batches.take());
        let (log, rows) = join(self.thread.take())?;
        Ok(Ended { _log: log, rows: rows.end() })
    }

    /// Why it takes nothing any more.
    fn fault(&mut self) -> Fault {
        match join(self.thread.take()) {
            Err(fault) => fault,
            Ok(_) => Fault::Writer("the journal's thread has ended".to_owned()),
        }
    }
}

fn join(thread: Option<Thread>) -> Result<(Log, Rows), Fault> {
    let ended = thread.map(JoinHandle::join);
    let died = || Err(Fault::Writer("the journal's thread died".to_owned()));
    ended.and_then(Result::ok).unwrap_or_else(died)
}

impl Parts {
    fn run(
        mut self,
        work: &Receiver<Batch>,
        told: &SyncSender<Placed>,
    ) -> Result<(Log, Rows), Fault> {
        let mut next = None;
        while let Some(mut batch) = next.take().or_else(|| work.recv().ok()) {
            let mut batches = 1;
            while let Ok(later) = work.try_recv() {
                if !batch.has_room_for(&later) {
                    next = Some(later);
                    break;
                }
                batches += 1;
                batch.extend(later);
            }
            self.take(batch, batches, told)?;
        }
        if let Some(raw) = self.raw {
            raw.end();
        }
        Ok((self.log, self.rows))
    }

    /// Makes a batch durable, then true for readers, then known.
    fn take(
        &mut self,
        mut batch: Batch,
        batches: usize,
        told: &SyncSender<Placed>,
    ) -> Result<(), Fault> {
        if let Some(raw) = &mut self.raw {
            raw.keep(&std::mem::take(&mut batch.pages));
        }
        let entries = &batch.job.entries;
        let places = if entries.is_empty() { Vec::new() } else { self.append(entries)? };
        let version = |(entry, &location): (&Entry, &Location)| match &entry.record {
            Record::Version(version) if version.reextracted_from().is_none() => {
                Some((version.id, location, version.verdicts.furniture.as_slice().into()))
            }
            _ => None,
        };
        let versions = entries.iter().zip(&places).filter_map(version).collect();
        let placed = Placed { batches, versions, last: places.last().copied() };
        // A writer that is gone met a fault of its own; what is durable is told all the same.
        let _ = told.send(placed);
        if let Some(last) = entries.last() {
            self.metrics.journal_last_seq(last.seq.0);
        }
        batch.job.places = places;
        self.tell(batch);
        Ok(())
    }

    /// Appends until it is durable. Only a stop ends it earlier: nothing of the batch was acknowledged.
    fn append(&mut self, entries: &[Entry]) -> Result<Vec<Location>, Fault> {
        let mut failed = 0_u32;
        loop {
            let began = Instant::now();
            self.status.writes(true);
            let appended = self.log.append(entries);
            self.status.writes(false);
            let fault = match appended {
                Ok(places) => {
                    self.metrics.appended_within(began.elapsed().as_secs_f64());
                    if failed > 0 {
                        self.status.free(Part::Journal);
                        info!("the journal takes records again");
                    }
                    return Ok(places);
                }
                Err(fault) => fault,
            };
            if self.status.stopping.is_cancelled() {
                return Err(fault.into());
            }
            let why = words(&fault);
            let told = format!("nothing can be made durable, so nothing is taken in: {why}");
            self.status.hinder(Part::Journal, told);
            if failed.is_multiple_of(LINE_EVERY) {
                error!(
                    "the journal cannot be written, nothing is acknowledged until it can: {why}"
                );
            }
            failed += 1;
            std::thread::park_timeout(RETRY);
        }
    }

    fn tell(&mut self, batch: Batch) {
        let Batch { mut job, via, replies, words, overrides, visited, polled, .. } = batch;
        let polls = polled.into_iter();
        let polls = polls.map(|(endpoint, poll)| (endpoint, super::desk::poll_row(&poll)));
        job.polls = polls.collect();
        let seen = visited.iter();
        let seen = seen.map(|(key, source, visits)| (*key, super::desk::row(&source.id, visits)));
        job.seen = seen.collect();
        // Whoever reads what was answered waits for the rows; leads that ended are asked for by nobody.
        self.rows.hand(job, !visited.is_empty());
        for via in via {
            self.metrics.accepted(via, 1);
        }
        for (reply, taken) in replies {
            // A sender that hung up asks again and is told `duplicate`.
            let _ = reply.send(taken);
        }
        if let Some(numbers) = overrides {
            self.status.set_overrides(numbers);
        }
        for (reply, obeyed) in words {
            let _ = reply.send(Ok(obeyed));
        }
        for (key, source, visits) in visited {
            self.desk.ended(key, source, visits);
        }
    }
}
