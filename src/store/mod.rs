//! Journal entries with their changes in, rows to serve out. All of it derived: it may be thrown away at any moment.
//!
//! The only room that knows sled. One tree; `keys` is the map of it, `rows` its bytes, `docs/store.md` draws both.
//! sled's faults of DESIGN §6 are met here: rows stay small, a directory it cannot read is moved aside, panics become errors,
//! and a handle that met a fault of the disk is let go of and opened again while the `Store` stays.

mod apply;
mod block;
mod draft;
mod dump;
mod error;
mod findable;
mod forget;
mod found;
mod handle;
mod keys;
mod load;
mod merge;
mod meta;
mod names;
mod open;
mod packed;
mod query;
mod read;
mod redact;
mod rest;
mod rows;
mod sheet;
mod swap;
mod types;

pub use dump::DumpRow;
pub use error::StoreError;
pub use found::{Names, Standing, Stood};
pub use handle::Trouble;
pub use load::Load;
pub use open::Opened;
pub use query::{Cursor, Direction, LIMIT_MAX, Page, Query, Sort};
pub use rows::ROW_BYTES_MAX;
pub use swap::{Former, Note};
pub use types::{
    Applied, ArticleRow, ClusterRow, Counts, Event, EventKind, Lookup, MemberRow, VersionRow,
};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::journal::Location;
use crate::model::Seq;

/// The derived rows of a data directory. Cheap to clone; every call blocks, so none belongs on an async worker.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    cache_bytes: u64,
    /// sled's handle; none while the rows are opened again. Each call borrows it for as long as it reads or writes.
    tree: RwLock<Option<Arc<packed::Packed>>>,
    /// What the meta row says. Read without waiting for whoever writes.
    meta: RwLock<meta::Meta>,
    /// Seq up to which events were told, though the rows may since have fallen behind it.
    told: AtomicU64,
    /// Held while a batch is made and written: there is one writer at a time.
    writing: Mutex<()>,
    /// What a read or write met that has to be looked into.
    trouble: Mutex<Option<Trouble>>,
}

impl Drop for Inner {
    /// What is held would come from the journal again; this spares the next start the way.
    fn drop(&mut self) {
        let trouble = self.trouble.get_mut().unwrap_or_else(PoisonError::into_inner);
        let meta = *self.meta.get_mut().unwrap_or_else(PoisonError::into_inner);
        let packed = self.tree.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let (None, Some(packed)) = (trouble, packed) {
            let _comes_again = guarded("write rows", || packed.write_held(meta));
        }
    }
}

impl Store {
    /// Opens or begins the rows in `dir/store`. `cache_bytes` bounds sled's page cache; expect three times as much memory.
    ///
    /// A directory that sled cannot read, or whose rows are not those that were written, is moved aside to `dir/store.damaged-N`
    /// and begun anew: then `applied_seq` is 0 and the caller applies the journal again. The caller holds the directory's lock.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<(Self, Opened), StoreError> {
        open::open(dir, cache_bytes)
    }

    /// As [`Store::open`], but reads no row except the one that tells how far they are: quick, whatever there is. Where
    /// [`Opened::rested`] is false, the caller has [`Store::check`] to do before the rows can be trusted.
    pub fn open_unread(dir: &Path, cache_bytes: u64) -> Result<(Self, Opened), StoreError> {
        open::open_unread(dir, cache_bytes)
    }

    /// Opens the rows for a command that only reads: where there are none or they are damaged, that is the error, and nothing is moved.
    pub fn open_existing(dir: &Path, cache_bytes: u64) -> Result<(Self, Opened), StoreError> {
        open::open_existing(dir, cache_bytes)
    }

    /// Moves the rows of `dir` aside, and what the poller noted with them, because records of the journal are lost: what it knows
    /// as seen may be among them. Drop every `Store` first. Gives where they lie; `None` where there were none.
    pub fn set_aside(dir: &Path) -> Result<Option<PathBuf>, StoreError> {
        swap::mend(dir)?;
        open::set_aside(dir)
    }

    /// How many stores were moved aside as damaged and are still there, and their bytes.
    pub fn aside(dir: &Path) -> Result<(u64, u64), StoreError> {
        open::aside_total(dir)
    }

    /// Removes the rows of `dir`: the next opening begins anew, and the journal is applied again. Drop every `Store` first.
    pub fn discard(dir: &Path) -> Result<(), StoreError> {
        swap::discard(dir)
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

    /// Takes over the rows that are not derived from `former` ones, which may be damaged otherwise; gives how many. `is_ours`
    /// tells whether a record lies there in the journal that these rows are of; what `keeps` refuses stays behind, and everything
    /// where those rows are not of `generation`.
    pub fn carry_over(
        &self,
        former: Former,
        generation: u64,
        is_ours: &dyn Fn(Seq, Location) -> bool,
        keeps: &dyn Fn(Note<'_>) -> bool,
    ) -> Result<u64, StoreError> {
        let _one_writer = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let packed = self.tree()?;
        let Some(old) = former.opened()? else { return Ok(0) };
        guarded("take over the poller's rows", || {
            swap::carry_over(&packed, self.meta(), &old, Some(generation), is_ours, keeps)
        })
    }

    /// Notes in which generation of the journal these rows are made: where another has begun, an opening does not trust them.
    pub fn set_generation(&self, number: u64) -> Result<(), StoreError> {
        self.with("note the generation", |packed| open::write_generation(packed.bare(), number))
    }

    /// Reads every derived row in sled: envelopes hold, and rows are as many and the very ones the meta row says. For rows at rest.
    pub fn check(&self) -> Result<(), StoreError> {
        self.with("read all rows", |packed| open::check(packed.bare()).map(|_| ()))
    }

    /// How much is stored, and up to which record.
    pub fn counts(&self) -> Counts {
        self.meta().counts()
    }

    /// Seq of the last record whose changes are in the rows.
    pub fn applied_seq(&self) -> Seq {
        Seq(self.meta().applied_seq)
    }

    /// Seq up to which the change stream was told, or will be by rows that are still to come.
    ///
    /// Ahead of [`Store::applied_seq`] where rows are made again: then events up to it are read from here once they are there.
    pub fn told_seq(&self) -> Seq {
        Seq(self.inner.told.load(Ordering::Acquire)).max(self.applied_seq())
    }

    /// Events up to `seq` will not be told as they happen: whoever wants them waits for their rows.
    pub fn told(&self, seq: Seq) {
        self.inner.told.fetch_max(seq.0, Ordering::AcqRel);
    }

    /// The data directory whose rows these are.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        open::bytes(&open::folder(&self.inner.dir))
    }

    fn meta(&self) -> meta::Meta {
        *self.inner.meta.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_meta(&self, meta: meta::Meta) {
        *self.inner.meta.write().unwrap_or_else(PoisonError::into_inner) = meta;
    }

    /// Writes what is held in memory, where it has been for long enough. For whoever alone writes rows, while there is nothing to do.
    pub fn write_old(&self) -> Result<(), StoreError> {
        let _one_writer = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.with("write rows", |packed| self.write_if_due(packed))
    }

    /// Writes what is held in memory and asks sled to write out all of it; waits for it at most `deadline`: on a full disk it may
    /// never answer.
    pub fn flush(&self, deadline: Duration) -> Result<(), StoreError> {
        let store = self.clone();
        handle::in_time("flush", deadline, move || {
            store.write_held()?;
            Ok(store.tree()?.bare().flush().map(|_bytes| ())?)
        })
    }

    fn write_held(&self) -> Result<(), StoreError> {
        let _one_writer = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.with("write rows", |packed| {
            self.set_meta(packed.write_held(self.meta())?);
            Ok(())
        })
    }

    /// Writes what is held where that is due. For whoever is the one that writes.
    fn write_if_due(&self, packed: &packed::Packed) -> Result<(), StoreError> {
        if packed.is_due() {
            self.set_meta(packed.write_held(self.meta())?);
        }
        Ok(())
    }

    /// Takes over what was drafted: it can be read from here on, and is written with what follows.
    fn commit(
        &self,
        packed: &packed::Packed,
        mut draft: draft::Draft<'_>,
    ) -> Result<(), StoreError> {
        draft::write_sets(&mut draft)?;
        packed.hold(&draft.rows);
        self.set_meta(draft.meta);
        Ok(())
    }
}

/// Runs `work`, and makes an error of a panic: sled answers some damage with one.
fn guarded<T>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StoreError::Panicked { what }))
}
