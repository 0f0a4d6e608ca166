//! The entries of a journal in turn, read on a thread of their own a little ahead of whoever takes them. Texts stay behind, since
//! nobody who only applies looks at them.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::vec;

use super::Fault;
use crate::journal::{Bare, JournalError, Reader};
use crate::model::Seq;

/// Entries that are handed over at once: to hand over each would cost more than to read it.
const RUN_RECORDS: usize = 64;

/// Runs that wait to be taken: enough that the reader need not stop where the taker does for a moment.
const RUNS_MAX: usize = 16;

type Step = Result<Bare, JournalError>;

/// What [`Reader::bare_entries`] gives, read ahead.
pub(super) struct Ahead {
    runs: Receiver<Vec<Step>>,
    run: vec::IntoIter<Step>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Begins to read the entries from `from` on.
    pub(super) fn start(reader: &Reader, from: Seq) -> Result<Self, Fault> {
        let (reader, (to_taker, runs)) = (reader.clone(), sync_channel(RUNS_MAX));
        let thread = std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || read(reader.bare_entries(from), &to_taker))
            .map_err(Fault::Thread)?;
        Ok(Self { runs, run: Vec::new().into_iter(), thread: Some(thread) })
    }
}

impl Iterator for Ahead {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.run.len() == 0 {
            match self.runs.recv() {
                Ok(run) => self.run = run.into_iter(),
                Err(_) => {
                    // It has come to the end, unless it died: what it did not read must not be taken for the end.
                    if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                        resume_unwind(panic);
                    }
                }
            }
        }
        self.run.next()
    }
}

/// Reads until the end, or until nobody takes it.
fn read(entries: impl Iterator<Item = Step>, runs: &SyncSender<Vec<Step>>) {
    let mut run = Vec::with_capacity(RUN_RECORDS);
    for step in entries {
        run.push(step);
        if run.len() >= RUN_RECORDS {
            let whole = std::mem::replace(&mut run, Vec::with_capacity(RUN_RECORDS));
            if runs.send(whole).is_err() {
                return;
            }
        }
    }
    // Whoever took the others may have gone.
    let _ = runs.send(run);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Entry, Log, Record};
    use crate::model::Timestamp;

    fn written(count: u64) -> (tempfile::TempDir, Reader) {
        let dir = tempfile::tempdir().unwrap();
        let (mut log, _) = Log::open(dir.path()).unwrap();
        let tick = |seq| Entry { seq: Seq(seq), at: Timestamp::EPOCH, record: Record::Tick };
        let ticks: Vec<Entry> = (1..=count).map(tick).collect();
        log.append(&ticks).unwrap();
        let reader = log.reader();
        (dir, reader)
    }

    #[test]
    fn it_gives_what_the_reader_gives_whatever_the_runs() {
        let runs = RUN_RECORDS as u64;
        for count in [0, 1, runs - 1, runs, runs + 1, runs * (RUNS_MAX as u64 + 3)] {
            let (_dir, reader) = written(count);
            for from in [1, 2, count + 1] {
                let plain: Vec<_> = reader.bare_entries(Seq(from)).map(Result::unwrap).collect();
                let ahead = Ahead::start(&reader, Seq(from)).unwrap();
                assert_eq!(ahead.map(Result::unwrap).collect::<Vec<_>>(), plain);
            }
        }
    }

    #[test]
    fn damage_comes_in_its_place_and_ends_it() {
        let (dir, reader) = written(100);
        let path = dir.path().join("journal/00000001.log");
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let steps: Vec<Step> = Ahead::start(&reader, Seq(1)).unwrap().collect();
        assert_eq!(steps.len(), 100);
        assert!(steps[..99].iter().all(Result::is_ok) && steps[99].is_err());
    }

    #[test]
    fn who_reads_ends_when_nobody_takes() {
        let (_dir, reader) = written(10_000);
        let mut ahead = Ahead::start(&reader, Seq(1)).unwrap();
        assert!(ahead.next().is_some());
        let Ahead { runs, thread, .. } = ahead;
        drop(runs);
        thread.unwrap().join().unwrap();
    }
}
