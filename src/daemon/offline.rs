//! Articles from files to a data directory that no daemon holds: the writer alone, without the stages before it.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::broadcast;

use super::appender::{Appender, Batch, Parts};
use super::desk::Desk;
use super::fold::settings_last;
use super::keep::Keep;
use super::open::{fold, open_dir};
use super::rows::Rows;
use super::writer::{PAGE, Writer};
use super::{Fault, Notes, in_force};
use crate::api::Status;
use crate::cluster::{Arrival, Version};
use crate::model::{Article, Clock, Timestamp, VersionId};
use crate::store::{Counts, Store};
use crate::telemetry::Metrics;

/// A data directory open for taking in.
pub struct Offline {
    writer: Writer,
    store: Store,
    batch: Batch,
}

impl std::fmt::Debug for Offline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offline").finish_non_exhaustive()
    }
}

impl Offline {
    /// Opens `dir`, making it where it is missing. It folds with the settings last in force there.
    pub fn open(dir: &Path, cache_bytes: u64, clock: Clock) -> Result<Self, Fault> {
        let (log, store, opened) = open_dir(dir, cache_bytes)?;
        let reader = log.reader();
        let params = settings_last(dir, &reader)?;
        let (events, _) = broadcast::channel(1);
        let (status, metrics, desk) =
            (Arc::new(Status::starting()), Arc::new(Metrics::new()), Arc::new(Desk::new(0)));
        // No one waits for an answer here, so a disk that is full ends the command instead of holding it.
        status.stopping.cancel();
        let (fold, owed) = fold(&reader, &store, &opened, params, &status)?;
        if let Some(fault) = owed {
            return Err(fault);
        }
        let keep = Keep::after(&fold, dir.to_path_buf(), reader.clone());
        let rows = Rows::start(store.clone(), reader.clone(), Arc::clone(&status), events, None)?;
        let parts = Parts { raw: None, log, rows, status, metrics: Arc::clone(&metrics), desk };
        let appender = Appender::start(parts)?;
        let began = fold.last;
        let mut writer = Writer { appender, reader, fold, keep, clock, metrics, began };
        writer.note(Notes { settings: in_force(&params), sources: Vec::new() })?;
        Ok(Self { writer, store, batch: Batch::default() })
    }

    /// Takes one article in, seen at `seen_at`; durable once [`Offline::commit`] is done, or earlier. True where it was
    /// there already; `None` where it was erased and is not taken in again.
    pub fn take(
        &mut self,
        article: impl Into<Arrival>,
        seen_at: Timestamp,
    ) -> Result<Option<(VersionId, bool)>, Fault> {
        let taken = self.writer.judge(article.into(), "file", seen_at, &mut self.batch);
        if self.batch.is_full() {
            self.writer.send(&mut self.batch)?;
        }
        Ok(taken)
    }

    /// Takes in another reading of a page that `prior` was read from; true where it is a version of its own.
    pub(super) fn take_reading(
        &mut self,
        article: Article,
        prior: &Version,
    ) -> Result<bool, Fault> {
        let seen_at = self.writer.now();
        let (_, duplicate) =
            self.writer.place(article.into(), Some(prior), PAGE, seen_at, &mut self.batch);
        if self.batch.is_full() {
            self.writer.send(&mut self.batch)?;
        }
        Ok(!duplicate)
    }

    /// Has what was taken in made durable, however little it is, without waiting for it: a fault shows at one of the next calls.
    pub fn send(&mut self) -> Result<(), Fault> {
        self.writer.send(&mut self.batch)
    }

    /// The same, and waits until it is durable.
    pub fn commit(&mut self) -> Result<(), Fault> {
        self.writer.commit(&mut self.batch)
    }

    /// Makes the rest durable; gives what the directory holds.
    pub fn finish(mut self) -> Result<Counts, Fault> {
        self.writer.commit(&mut self.batch)?;
        let Writer { appender, keep, fold, .. } = self.writer;
        let ended = appender.end()?;
        ended.rows?;
        keep.end(&fold);
        Ok(self.store.counts())
    }
}
