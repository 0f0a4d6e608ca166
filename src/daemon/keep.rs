//! The fold as it goes on to checkpoints of it: when one is due, and who makes it.
//!
//! While the line runs, a thread of its own makes it, from the checkpoint before and the journal since: the writer gives it no
//! more than what the short path remembers, some ten milliseconds of copying. It costs a second fold of those records and, as long
//! as it lasts, the memory of a second fold. At a clean stop the writer's own fold is written down.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// The record at which the last one was made, or was tried to.
    covered: Seq,
    making: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Keep {
    /// After the fold of a start: writes one down at once where much of the journal had to be folded.
    pub(super) fn after(fold: &Fold, dir: PathBuf, reader: Reader) -> Self {
        let params = *fold.clusterer.params();
        let (covered, stop) = (fold.covered, Arc::new(AtomicBool::new(false)));
        let mut keep = Self { dir, reader, params, covered, making: None, stop };
        if keep.is_due(fold.last) {
            keep.save(fold);
        }
        keep
    }

    fn lacks(&self, last: Seq) -> u64 {
        last.0.saturating_sub(self.covered.0)
    }

    fn is_due(&self, last: Seq) -> bool {
        self.lacks(last) >= RECORDS.max(last.0 / PART)
    }

    /// After a batch that is durable: has one made where it is due and none is being made.
    pub(super) fn look(&mut self, fold: &Fold) {
        if !self.is_due(fold.last) || self.making.as_ref().is_some_and(|made| !made.is_finished()) {
            return;
        }
        self.covered = fold.last;
        let (dir, reader, params) = (self.dir.clone(), self.reader.clone(), self.params);
        let (last, short_path) = (fold.last, fold.clusterer.freeze_short_path());
        let stop = Arc::clone(&self.stop);
        let make = move || {
            let go_on = &mut |_| !stop.load(Ordering::Relaxed);
            let made = Fold::at(&dir, &reader, params, last, go_on)
                .and_then(|fold| checkpoint::save(&dir, &reader, &fold, &short_path));
            match made {
                Ok(()) => info!(record = last.0, "a checkpoint at record {last}"),
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
        self.covered = Seq(0);
        checkpoint::remove(&self.dir)
    }

    /// At a clean stop: writes one down where it spares the next start something.
    pub(super) fn end(mut self, fold: &Fold) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(making) = self.making.take() {
            // A panic in it was told by its own hook, and the file is whole in any case.
            let _ = making.join();
        }
        if self.lacks(fold.last) > fold.last.0 / PART_AT_END {
            self.save(fold);
        }
    }

    fn save(&mut self, fold: &Fold) {
        self.covered = fold.last;
        let short_path = fold.clusterer.freeze_short_path();
        if let Err(fault) = checkpoint::save(&self.dir, &self.reader, fold, &short_path) {
            warn!("{}; the next start folds more of the journal", words(&fault));
        }
    }
}
