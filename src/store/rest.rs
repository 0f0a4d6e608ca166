//! The mark of a clean stop: rows that were whole when they were written out for the last time need not be read at the start.
//!
//! `store/rested` holds what the rows add up to. It is removed, durably, before anything is written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::meta::Meta;
use super::open::{folder, io_fault};
use super::{Store, StoreError};

impl Store {
    /// Writes everything out and leaves a mark that the rows are whole. The last thing before a clean stop.
    ///
    /// An error costs the next start a look at all rows.
    pub fn rest(&self, deadline: Duration) -> Result<(), StoreError> {
        if self.trouble().is_some() {
            return Ok(());
        }
        self.write_out(deadline)?;
        let mark = mark(&folder(&self.inner.dir));
        File::create(&mark)
            .and_then(|mut file| {
                file.write_all(words(&self.meta()).as_bytes())?;
                file.sync_all()
            })
            .map_err(io_fault("write", &mark))
    }

    /// Writes everything out and makes it durable.
    pub fn write_out(&self, deadline: Duration) -> Result<(), StoreError> {
        self.flush(deadline)?;
        let rows = folder(&self.inner.dir).join("db");
        File::open(&rows).and_then(|rows| rows.sync_all()).map_err(io_fault("write out", &rows))
    }
}

/// True where the rows in `store` were left whole as `meta` says.
pub(super) fn rested(store: &Path, meta: &Meta) -> bool {
    fs::read_to_string(mark(store)).is_ok_and(|found| found == words(meta))
}

/// Removes the mark, since the rows will be written to.
pub(super) fn wake(store: &Path) -> Result<(), StoreError> {
    let mark = mark(store);
    match fs::remove_file(&mark) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        done => done.map_err(io_fault("remove", &mark))?,
    }
    let names = File::open(store).and_then(|names| names.sync_all());
    names.map_err(io_fault("make durable", store))
}

fn mark(store: &Path) -> PathBuf {
    store.join("rested")
}

fn words(meta: &Meta) -> String {
    format!("{} {:016x}\n", meta.applied_seq, meta.digest)
}
