//! The rows' own thread: durable batches in, rows and events out. A fault of sled or its disk ends neither it nor the writer.
//!
//! The journal is the truth, so the writer does not wait for rows that cannot be written. They follow: the handle is let go of,
//! opened again after a while, and what it lacks comes from the journal, or all of it where nothing is left to trust.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

use super::Fault;
use super::lagging::BATCH_RECORDS;
use super::mend::{Mender, has_room};
use crate::api::{Part, Status};
use crate::cluster::Change;
use crate::journal::{Entry, Location, Reader};
use crate::model::{Seq, VersionId};
use crate::store::{Applied, Event, Store, Trouble};

/// Batches that wait for their rows: some 100 MB at most. Then the line waits, too.
const JOBS_MAX: usize = 32;

/// How often it is looked whether a read met a fault.
const LOOK: Duration = Duration::from_millis(500);

/// How long the last write before a clean stop may take.
const REST: Duration = Duration::from_secs(10);

/// A batch that is durable, and what goes with it.
#[derive(Default)]
pub(super) struct Job {
    pub(super) entries: Vec<Entry>,
    pub(super) places: Vec<Location>,
    pub(super) changes: Vec<Vec<Change>>,
    /// What makes versions findable, and the oldest version that still is.
    pub(super) findable: Vec<(VersionId, Vec<u8>)>,
    pub(super) oldest: Option<VersionId>,
    /// Rows of the poller, by endpoint.
    pub(super) polls: Vec<(String, Vec<u8>)>,
    /// Rows of leads, by key.
    pub(super) seen: Vec<(u64, Vec<u8>)>,
    /// Versions whose words are gone.
    pub(super) redacted: Option<Redacted>,
    /// Who waits until the rows of a trim are gone.
    pub(super) trimmed: Option<SyncSender<bool>>,
}

type Handed = (Job, Waiting);

impl Job {
    /// True where both can be written in one step; words that are gone are gone from the rows of what came before.
    pub(super) const fn has_room_for(&self, later: &Self) -> bool {
        self.entries.len() + later.entries.len() <= BATCH_RECORDS
            && self.redacted.is_none()
            && later.redacted.is_none()
            // What a trim takes away goes by itself.
            && self.trimmed.is_none()
            && later.trimmed.is_none()
    }

    /// Takes what came later into the same step.
    pub(super) fn extend(&mut self, later: Self) {
        self.entries.extend(later.entries);
        self.places.extend(later.places);
        self.changes.extend(later.changes);
        self.findable.extend(later.findable);
        self.oldest = later.oldest.or(self.oldest);
        self.polls.extend(later.polls);
        self.seen.extend(later.seen);
        self.redacted = later.redacted.or(self.redacted.take());
        self.trimmed = later.trimmed.or(self.trimmed.take());
    }
}

/// Dropped when the rows of a job are written, or nobody has to wait for them any more.
struct Waiting {
    _done: SyncSender<()>,
    _shown: DropGuard,
}

/// Versions whose words are gone, and those that moved by that, where they lie now, the rows of the sets that show them, and who waits for it.
pub(super) struct Redacted {
    pub(super) versions: Vec<(VersionId, Location)>,
    pub(super) moved: Vec<(VersionId, Location)>,
    pub(super) changes: Vec<Change>,
    pub(super) done: SyncSender<()>,
}

/// The writer's end of it.
pub(super) struct Rows {
    jobs: SyncSender<Handed>,
    /// False while rows lag: then nobody waits for them.
    in_time: Arc<AtomicBool>,
    /// The first job handed over whose rows were not written when it was last looked.
    oldest: Option<(CancellationToken, Instant)>,
    status: Arc<Status>,
    thread: JoinHandle<Result<(), Fault>>,
}

impl Rows {
    /// Starts the thread. `owed`: why the rows could not be brought up to the journal's end, where they could not.
    pub(super) fn start(
        store: Store,
        reader: Reader,
        status: Arc<Status>,
        events: broadcast::Sender<Event>,
        owed: Option<Fault>,
    ) -> Result<Self, Fault> {
        let (jobs, work) = sync_channel(JOBS_MAX);
        let in_time = Arc::new(AtomicBool::new(owed.is_none()));
        let last = reader.last_seq();
        let keeper = Keeper {
            mender: Mender::new(store.clone(), reader, Arc::clone(&status)),
            store,
            events,
            status: Arc::clone(&status),
            in_time: Arc::clone(&in_time),
        };
        let thread = std::thread::Builder::new()
            .name("rows".to_owned())
            .spawn(move || keeper.run(&work, owed, last))
            .map_err(Fault::Thread)?;
        Ok(Self { jobs, in_time, oldest: None, status, thread })
    }

    /// Hands a durable batch over; `waits` until its rows are written, unless rows lag. Reads that come after it wait for them in
    /// any case.
    pub(super) fn hand(&mut self, job: Job, waits: bool) {
        let (done, written) = sync_channel(1);
        let shown = CancellationToken::new();
        let waiting = Waiting { _done: done, _shown: shown.clone().drop_guard() };
        let sent = self.jobs.try_send((job, waiting)).or_else(|refused| match refused {
            TrySendError::Full(job) => {
                let why = "nothing more is taken in before the derived rows can be written";
                self.status.hinder(Part::Line, why);
                let sent = self.jobs.send(job);
                self.status.free(Part::Line);
                sent.map_err(|_| ())
            }
            TrySendError::Disconnected(_) => Err(()),
        });
        self.look_at_oldest(&shown);
        // Where the thread has ended, the next start writes the rows.
        let in_time = sent.is_ok() && self.in_time.load(Ordering::Acquire);
        self.status.owe_rows(in_time.then_some(shown));
        if waits
            && in_time
            && let Err(RecvTimeoutError::Timeout) = written.recv_timeout(Status::PATIENCE)
        {
            self.be_late();
        }
    }

    /// Rows are late when the oldest that are owed were waited for in vain.
    fn look_at_oldest(&mut self, newest: &CancellationToken) {
        match &self.oldest {
            Some((oldest, since)) if !oldest.is_cancelled() => {
                if since.elapsed() >= Status::PATIENCE {
                    self.be_late();
                }
            }
            _ => self.oldest = Some((newest.clone(), Instant::now())),
        }
    }

    fn be_late(&self) {
        if self.in_time.swap(false, Ordering::AcqRel) {
            self.status.hinder(Part::Rows, "the derived rows are slow to be written");
            self.status.owe_rows(None);
            warn!("the derived rows are slow to be written; reads no longer wait for them");
        }
    }

    /// Waits until all rows are written. An error says why they could not; the journal has everything then.
    pub(super) fn end(self) -> Result<(), Fault> {
        drop(self.jobs);
        self.thread
            .join()
            .unwrap_or_else(|_| Err(Fault::Writer("the rows' thread died".to_owned())))
    }
}

/// Who writes the rows.
struct Keeper {
    mender: Mender,
    store: Store,
    events: broadcast::Sender<Event>,
    status: Arc<Status>,
    in_time: Arc<AtomicBool>,
}

impl Keeper {
    fn run(mut self, work: &Receiver<Handed>, owed: Option<Fault>, last: Seq) -> Result<(), Fault> {
        if let Some(fault) = owed {
            self.mender.mend(fault, last)?;
            self.well();
        }
        let mut next = None;
        loop {
            match next.take().map_or_else(|| work.recv_timeout(LOOK), Ok) {
                Ok(first) => next = self.take_what_waits(first, work)?,
                Err(RecvTimeoutError::Timeout) => self.look_after()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Err(fault) = self.store.rest(REST) {
            warn!(%fault, "the derived rows were not all written out; the next start looks them over");
        }
        Ok(())
    }

    /// Writes what waits in one step, up to the bounds of a batch: sled's work goes by the batch and by the row. Gives what did
    /// not fit.
    fn take_what_waits(
        &mut self,
        first: Handed,
        work: &Receiver<Handed>,
    ) -> Result<Option<Handed>, Fault> {
        let (mut job, waiting) = first;
        let (mut waiting, mut next) = (vec![waiting], None);
        while let Ok((later, waits)) = work.try_recv() {
            if !job.has_room_for(&later) {
                next = Some((later, waits));
                break;
            }
            job.extend(later);
            waiting.push(waits);
        }
        self.take(&job, waiting)?;
        Ok(next)
    }

    /// Writes until it is written, mending between the attempts.
    fn take(&mut self, job: &Job, waiting: Vec<Waiting>) -> Result<(), Fault> {
        let mut waiting = Some(waiting);
        let before = job.entries.first().map(|entry| Seq(entry.seq.0 - 1));
        while let Err(fault) = self.write(job) {
            self.in_time.store(false, Ordering::Release);
            // Whoever waits goes on: the batch is durable.
            waiting = None;
            self.mender.mend(fault, before.unwrap_or_else(|| self.store.told_seq()))?;
        }
        drop(waiting);
        self.well();
        Ok(())
    }

    fn well(&mut self) {
        self.mender.rested();
        if !self.in_time.swap(true, Ordering::AcqRel) {
            self.status.free(Part::Rows);
            info!("the derived rows are up to the journal again");
        }
    }

    fn write(&self, job: &Job) -> Result<(), Fault> {
        has_room(self.store.dir())?;
        let places = job.entries.iter().zip(&job.places);
        let applied: Vec<Applied<'_>> = places
            .zip(&job.changes)
            .map(|((entry, &location), changes)| Applied { entry, location, changes, words: None })
            .collect();
        let mut findable = job.findable.as_slice();
        for part in applied.chunks(BATCH_RECORDS) {
            let told = self.store.told_seq();
            let last = part.last().map_or(Seq(0), |applied| applied.entry.seq);
            let (of_part, rest) =
                findable.split_at(findable.partition_point(|(version, _)| version.0 <= last.0));
            findable = rest;
            for event in self.store.apply_with(part, of_part, job.oldest)? {
                if event.seq > told {
                    // No listener is no fault.
                    let _ = self.events.send(event);
                }
            }
        }
        // What the poller must know after a restart. Lost with a crash it costs a visit, no article.
        // Leads that ended come first: what a poll gave to ask with next time rests on them.
        for (key, row) in &job.seen {
            self.store.put_seen(*key, row)?;
        }
        for (endpoint, row) in &job.polls {
            self.store.put_poll(endpoint, row)?;
        }
        if let Some(done) = &job.trimmed {
            // Whoever asked may have stopped.
            let _ = done.try_send(true);
        }
        if let Some(Redacted { versions, moved, changes, done }) = &job.redacted {
            self.store.redact(versions, moved, changes)?;
            // Whoever asked may have stopped.
            let _ = done.try_send(());
        }
        Ok(())
    }

    /// A read met what has to be looked into.
    fn look_after(&mut self) -> Result<(), Fault> {
        while let Some(trouble) = self.store.trouble() {
            self.in_time.store(false, Ordering::Release);
            let fault = match trouble {
                Trouble::Fault(why) => Fault::Rows(why),
                Trouble::Doubt(why) => match self.store.settle() {
                    Ok(()) => break,
                    Err(_) => Fault::Rows(why),
                },
            };
            self.mender.mend(fault, self.store.told_seq())?;
        }
        // A disk without room, and a fault of sled's, show again when rows come.
        if has_room(self.store.dir()).is_ok() {
            let _noted = self.store.write_old();
        }
        self.well();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Record;
    use crate::model::Timestamp;

    fn ticks(seqs: std::ops::RangeInclusive<u64>) -> Job {
        let tick = |seq| Entry { seq: Seq(seq), at: Timestamp::EPOCH, record: Record::Tick };
        Job { entries: seqs.map(tick).collect(), ..Job::default() }
    }

    #[test]
    fn what_waits_becomes_one_step_in_its_order_up_to_the_bounds_of_a_batch() {
        let most = BATCH_RECORDS as u64;
        let mut job = ticks(1..=2);
        assert!(job.has_room_for(&ticks(3..=most)));
        assert!(!job.has_room_for(&ticks(3..=most + 1)));
        job.extend(Job { oldest: Some(VersionId(7)), ..ticks(3..=5) });
        job.extend(ticks(6..=6));
        let seqs: Vec<u64> = job.entries.iter().map(|entry| entry.seq.0).collect();
        assert_eq!((seqs.as_slice(), job.oldest), (&[1, 2, 3, 4, 5, 6][..], Some(VersionId(7))));
    }

    #[test]
    fn rows_that_lose_their_words_are_a_step_of_their_own() {
        let (done, _written) = sync_channel(1);
        let redacted =
            Some(Redacted { versions: Vec::new(), moved: Vec::new(), changes: Vec::new(), done });
        let redacted = Job { redacted, ..Job::default() };
        assert!(!ticks(1..=1).has_room_for(&redacted));
        assert!(!redacted.has_room_for(&ticks(1..=1)));
    }
}
