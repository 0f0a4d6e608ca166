//! Journal entries with their changes in, rows to serve out. All of it derived: it may be thrown away at any moment.
//!
//! The only room that knows sled. One tree; `keys` is the map of it, `rows` its bytes, `docs/store.md` draws both.
//! sled's faults of DESIGN §6 are met here: rows stay small, a directory it cannot read is moved aside, panics become errors.

mod apply;
mod draft;
mod dump;
mod error;
mod findable;
mod keys;
mod open;
mod query;
mod read;
mod rows;
mod swap;
mod types;

pub use dump::DumpRow;
pub use error::StoreError;
pub use open::Opened;
pub use query::{Cursor, Direction, LIMIT_MAX, Page, Query, Sort};
pub use rows::ROW_BYTES_MAX;
pub use types::{
    Applied, ArticleRow, ClusterRow, Counts, Event, EventKind, Lookup, MemberRow, VersionRow,
};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::journal::Location;
use crate::model::Seq;

/// The derived rows of a data directory. Cheap to clone; every call blocks, so none belongs on an async worker.
#[derive(Clone, Debug)]
pub struct Store {
    tree: sled::Db,
    /// What the meta row says. Read without waiting for whoever writes.
    meta: Arc<RwLock<rows::Meta>>,
    /// Held while a batch is made and written: there is one writer at a time.
    writing: Arc<Mutex<()>>,
}

impl Store {
    /// Opens or begins the rows in `dir/store`. `cache_bytes` bounds sled's page cache; expect three times as much memory.
    ///
    /// A directory that sled cannot read, or whose rows do not fit their counters, is moved aside to `dir/store.damaged-N`
    /// and begun anew: then `applied_seq` is 0 and the caller applies the journal again. The caller holds the directory's lock.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<(Self, Opened), StoreError> {
        open::open(dir, cache_bytes)
    }

    /// Opens the rows for a command that only reads: where there are none or they are damaged, that is the error, and nothing is moved.
    pub fn open_existing(dir: &Path, cache_bytes: u64) -> Result<(Self, Opened), StoreError> {
        open::open_existing(dir, cache_bytes)
    }

    /// Moves the rows of `dir` aside, because they are of another journal than the one beside them. Drop every `Store` first.
    /// Gives where they lie; `None` where there were none.
    pub fn set_aside(dir: &Path) -> Result<Option<PathBuf>, StoreError> {
        open::set_aside(dir)
    }

    /// Removes the rows that were ever moved aside in `dir`.
    pub fn forget_aside(dir: &Path) -> Result<(), StoreError> {
        open::forget_aside(dir)
    }

    /// Where rows may be made beside those of `dir`, to be [put in their place](Store::put_in_place): a path at which nothing is.
    /// What an earlier attempt left there is removed. The caller holds the directory's lock.
    pub fn beside(dir: &Path) -> Result<PathBuf, StoreError> {
        swap::mend(dir)?;
        Ok(swap::beside(dir))
    }

    /// Puts the rows made at [`Store::beside`] in place of those of `dir`, and removes the old ones. Drop every `Store` first.
    pub fn put_in_place(dir: &Path) -> Result<(), StoreError> {
        swap::put_in_place(dir)
    }

    /// Takes over the rows that are not derived from the rows of `dir`, which may be damaged otherwise; gives how many. `is_ours`
    /// tells whether a record lies there in the journal that these rows are of.
    pub fn carry_over(
        &self,
        dir: &Path,
        cache_bytes: u64,
        is_ours: &dyn Fn(Seq, Location) -> bool,
    ) -> Result<u64, StoreError> {
        swap::carry_over(self, dir, cache_bytes, is_ours)
    }

    /// How much is stored, and up to which record.
    pub fn counts(&self) -> Counts {
        self.meta().counts()
    }

    /// Seq of the last record whose changes are in the rows.
    pub fn applied_seq(&self) -> Seq {
        Seq(self.meta().applied_seq)
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        guarded("measure", || Ok(self.tree.size_on_disk()?))
    }

    /// Asks sled to write out what it holds, and waits for it at most `deadline`: on a full disk it may never answer.
    pub fn flush(&self, deadline: Duration) -> Result<(), StoreError> {
        let (done, wait) = sync_channel(1);
        let tree = self.tree.clone();
        std::thread::Builder::new()
            .name("store-flush".to_owned())
            .spawn(move || {
                let flushed = guarded("flush", || Ok(tree.flush().map(|_bytes| ())?));
                drop(tree);
                let _nobody_waits_any_more = done.send(flushed);
            })
            .map_err(|source| StoreError::Io {
                what: "start a thread to flush",
                path: PathBuf::new(),
                source,
            })?;
        match wait.recv_timeout(deadline) {
            Ok(flushed) => flushed,
            Err(RecvTimeoutError::Timeout) => Err(StoreError::Stuck { waited: deadline }),
            Err(RecvTimeoutError::Disconnected) => Err(StoreError::Panicked { what: "flush" }),
        }
    }

    fn meta(&self) -> rows::Meta {
        *self.meta.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work`, and makes an error of a panic: sled answers some damage with one.
fn guarded<T>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StoreError::Panicked { what }))
}
