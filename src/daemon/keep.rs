//! The fold as it goes on to checkpoints of it: when one is due, and who makes it.
//!
//! While the line runs, a thread of its own makes it, from the checkpoint before and the journal since: the writer gives it no
//! more than what the short path remembers, some ten milliseconds of copying. It costs a second fold of those records and, as long
//! as it lasts, the memory of a second fold. At a clean stop the writer's own fold is written down.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use tracing::{info, warn};

use super::fold::Fold;
use super::{Fault, checkpoint, words};
use crate::cluster::Params;
use crate::journal::Reader;
use crate::model::Seq;

/// Records after which a checkpoint is made while the line runs: a start after a crash folds about as many, in a second or two.
const RECORDS: u64 = 1 << 14;

/// Or so many parts of all there are, where that is more: making one costs more the more there is.
const PART: u64 = 32;

/// The same for a clean stop, which is the cheaper occasion.
const PART_AT_END: u64 = 256;

/// Who sees to it that there is a checkpoint.
pub(super) struct Keep {
    dir: PathBuf,
    reader: Reader,
    params: Params,
    /// The record at which the last one was made.
    covered: Arc<AtomicU64>,
    /// The record at which one was last tried to be made: a disk that is full is not asked again at each batch.
    tried: Seq,
    /// Records after which one is due.
    every: u64,
    making: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Keep {
    /// After the fold of a start: writes one down at once where much of the journal had to be folded.
    pub(super) fn after(fold: &Fold, dir: PathBuf, reader: Reader) -> Self {
        let params = *fold.clusterer.params();
        let (covered, tried) = (Arc::new(AtomicU64::new(fold.covered.0)), fold.covered);
        let stop = Arc::new(AtomicBool::new(false));
        let mut keep =
            Self { dir, reader, params, covered, tried, every: RECORDS, making: None, stop };
        if keep.is_due(fold.last) {
            keep.save(fold);
        }
        keep
    }

    fn is_due(&self, last: Seq) -> bool {
        last.0.saturating_sub(self.tried.0) >= self.every.max(last.0 / PART)
    }

    /// True where one is due and none is being made.
    pub(super) fn is_wanted(&self, last: Seq) -> bool {
        self.is_due(last) && self.making.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// When all of the fold is durable: has one made where it is due and none is being made.
    pub(super) fn look(&mut self, fold: &Fold) {
        if !self.is_wanted(fold.last) {
            return;
        }
        self.tried = fold.last;
        let (dir, reader, params) = (self.dir.clone(), self.reader.clone(), self.params);
        let (last, short_path) = (fold.last, fold.clusterer.freeze_short_path());
        let (stop, covered) = (Arc::clone(&self.stop), Arc::clone(&self.covered));
        let make = move || {
            let go_on = &mut |_| !stop.load(Ordering::Relaxed);
            let made = Fold::at(&dir, &reader, params, last, go_on)
                .and_then(|fold| checkpoint::save(&dir, &reader, &fold, &short_path));
            match made {
                Ok(()) => {
                    covered.store(last.0, Ordering::Release);
                    info!(record = last.0, "a checkpoint at record {last}");
                }
                Err(Fault::Stopped) => {}
                Err(fault) => warn!("{}; a start folds more of the journal", words(&fault)),
            }
        };
        let thread = std::thread::Builder::new().name("checkpoint".to_owned());
        self.making =
            thread.spawn(make).map_err(|fault| warn!(%fault, "no thread for a checkpoint")).ok();
    }

    /// Words that a checkpoint quotes (what a claim of origin was read from) are gone from the journal: the one there is goes, and
    /// the next is made from what is left.
    pub(super) fn forget(&mut self) -> Result<(), Fault> {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(making) = self.making.take() {
            // A panic in it was told by its own hook.
            let _ = making.join();
        }
        self.stop = Arc::new(AtomicBool::new(false));
        self.covered.store(0, Ordering::Release);
        self.tried = Seq(0);
        checkpoint::remove(&self.dir)
    }

    /// At a clean stop: writes one down where it spares the next start something.
    pub(super) fn end(mut self, fold: &Fold) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(making) = self.making.take() {
            // A panic in it was told by its own hook, and the file is whole in any case.
            let _ = making.join();
        }
        let covered = self.covered.load(Ordering::Acquire);
        if fold.last.0.saturating_sub(covered) > fold.last.0 / PART_AT_END {
            self.save(fold);
        }
    }

    fn save(&mut self, fold: &Fold) {
        self.tried = fold.last;
        let short_path = fold.clusterer.freeze_short_path();
        match checkpoint::save(&self.dir, &self.reader, fold, &short_path) {
            Ok(()) => self.covered.store(fold.last.0, Ordering::Release),
            Err(fault) => warn!("{}; the next start folds more of the journal", words(&fault)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::checkpoint::tests::{start, written};

    fn kept(dir: &std::path::Path) -> Vec<u8> {
        std::fs::read(dir.join("checkpoint")).unwrap()
    }

    #[test]
    fn one_is_made_beside_the_writer_when_it_is_due_and_is_the_same() {
        let (_home, dir) = written();
        let at_end = kept(&dir);
        std::fs::remove_file(dir.join("checkpoint")).unwrap();
        let started = start(&dir);
        let mut keep = Keep::after(&started.fold, dir.clone(), started.reader.clone());
        keep.look(&started.fold);
        assert!(keep.making.is_none(), "forty records are not many");
        keep.every = 40;
        keep.look(&started.fold);
        keep.making.take().unwrap().join().unwrap();
        assert!(kept(&dir) == at_end);
        keep.look(&started.fold);
        assert!(keep.making.is_none(), "it has just been made");
    }

    #[test]
    fn a_stop_gives_up_what_is_being_made_and_writes_its_own() {
        let (_home, dir) = written();
        let at_end = kept(&dir);
        std::fs::remove_file(dir.join("checkpoint")).unwrap();
        let started = start(&dir);
        let mut keep = Keep::after(&started.fold, dir.clone(), started.reader.clone());
        keep.every = 1;
        keep.stop.store(true, Ordering::Relaxed);
        keep.look(&started.fold);
        keep.end(&started.fold);
        assert!(kept(&dir) == at_end);
    }

    #[test]
    fn words_that_are_gone_take_it_with_them_and_the_next_is_made_without() {
        let (_home, dir) = written();
        let started = start(&dir);
        let mut keep = Keep::after(&started.fold, dir.clone(), started.reader.clone());
        keep.every = 40;
        keep.look(&started.fold);
        assert!(keep.making.is_none(), "there is one already");
        keep.forget().unwrap();
        assert!(!dir.join("checkpoint").exists());
        keep.look(&started.fold);
        keep.making.take().unwrap().join().unwrap();
        keep.forget().unwrap();
        assert!(!dir.join("checkpoint").exists());
        keep.end(&started.fold);
        assert!(dir.join("checkpoint").is_file());
    }

    #[test]
    fn a_failed_one_leaves_nothing_behind_and_is_not_tried_at_each_batch() {
        let (_home, dir) = written();
        std::fs::remove_file(dir.join("checkpoint")).unwrap();
        std::fs::create_dir(dir.join("checkpoint")).unwrap();
        let started = start(&dir);
        let mut keep = Keep::after(&started.fold, dir.clone(), started.reader.clone());
        keep.every = 20;
        keep.look(&started.fold);
        keep.making.take().unwrap().join().unwrap();
        assert!(!dir.join("checkpoint.new").exists());
        keep.look(&started.fold);
        assert!(keep.making.is_none());
        std::fs::remove_dir(dir.join("checkpoint")).unwrap();
        keep.end(&started.fold);
        assert!(dir.join("checkpoint").is_file());
    }
}
