//! sled's handle behind a store: lent to each call, let go of after a fault, opened again.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::meta::Meta;
use super::open::{self, Opened};
use super::{Inner, Store, StoreError, guarded};

/// How long sled may take to let go of its files.
const LET_GO: Duration = Duration::from_secs(10);

/// How soon something that is about to come about is looked at again.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// How often it is looked at again.
pub(super) const LOOKS_MAX: u32 = 500;

impl Store {
    pub(super) fn over(dir: &Path, cache_bytes: u64, tree: sled::Db, meta: Meta) -> Self {
        let inner = Inner {
            dir: dir.to_path_buf(),
            cache_bytes,
            tree: RwLock::new(Some(Arc::new(tree))),
            meta: RwLock::new(meta),
            told: AtomicU64::new(meta.applied_seq),
            writing: Mutex::new(()),
            fault: Mutex::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The handle, for one call.
    pub(super) fn tree(&self) -> Result<Arc<sled::Db>, StoreError> {
        let tree = self.inner.tree.read().unwrap_or_else(PoisonError::into_inner);
        tree.clone().ok_or(StoreError::Closed)
    }

    /// Runs `work` on the handle. A panic becomes an error; what only opening again can mend is kept for [`Store::fault`].
    pub(super) fn with<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&sled::Tree) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let tree = self.tree()?;
        let done = guarded(what, || work(&tree));
        if let Err(fault) = &done
            && fault.needs_mending()
        {
            let mut kept = self.inner.fault.lock().unwrap_or_else(PoisonError::into_inner);
            kept.get_or_insert_with(|| fault.to_string());
        }
        done
    }

    /// What a call met that only [`Store::reopen`] mends.
    pub fn fault(&self) -> Option<String> {
        self.inner.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of sled's handle and opens the rows again, as after a fault of the disk. Rows that were not on disk yet are gone,
    /// so [`Store::applied_seq`] may fall; damaged ones are set aside and empty ones begun.
    ///
    /// After an error the store stays closed, and this may be called again.
    pub fn reopen(&self) -> Result<Opened, StoreError> {
        if matches!(self.close(), Err(StoreError::Stuck { .. })) {
            // The old handle keeps its lock on the folder: what it holds can only be left to it.
            return self.begin_anew();
        }
        let Inner { dir, cache_bytes, .. } = &*self.inner;
        let (fresh, opened) = open::open(dir, *cache_bytes)?;
        self.take_over(&fresh);
        Ok(opened)
    }

    /// Sets the rows aside, because they are damaged or of another journal, and begins empty ones. What is not derived and can
    /// still be read goes with it.
    pub fn begin_anew(&self) -> Result<Opened, StoreError> {
        let _given_up = self.close();
        let Inner { dir, cache_bytes, .. } = &*self.inner;
        let aside = open::set_aside(dir)?;
        let (fresh, mut opened) = open::open(dir, *cache_bytes)?;
        open::take_notes(&fresh, aside.as_deref());
        self.take_over(&fresh);
        opened.quarantined = aside;
        Ok(opened)
    }

    /// Takes the handle of a store that was just opened, and what is known of it.
    fn take_over(&self, fresh: &Self) {
        let tree = fresh.inner.tree.write().unwrap_or_else(PoisonError::into_inner).take();
        self.set_meta(fresh.meta());
        *self.inner.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.inner.tree.write().unwrap_or_else(PoisonError::into_inner) = tree;
    }

    /// Lets go of the handle: waits for the calls that have it, then for sled to end.
    fn close(&self) -> Result<(), StoreError> {
        let tree = self.inner.tree.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut tree) = tree else { return Ok(()) };
        for _ in 0..LOOKS_MAX {
            match Arc::try_unwrap(tree) {
                // sled writes out on the last drop, and may give up or hang at that.
                Ok(alone) => {
                    return in_time("close", LET_GO, move || {
                        drop(alone);
                        Ok(())
                    });
                }
                Err(shared) => tree = shared,
            }
            std::thread::park_timeout(LOOK);
        }
        Err(StoreError::Stuck { waited: LOOK * LOOKS_MAX })
    }
}

/// Runs `work` on a thread of its own and waits for it at most `deadline`: sled may wait for ever for a disk that is full.
pub(super) fn in_time(
    what: &'static str,
    deadline: Duration,
    work: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let (done, wait) = sync_channel(1);
    std::thread::Builder::new()
        .name(format!("store-{what}"))
        .spawn(move || {
            let _nobody_waits_any_more = done.send(guarded(what, work));
        })
        .map_err(|source| StoreError::Io {
            what: "start a thread for",
            path: PathBuf::from("the store"),
            source,
        })?;
    match wait.recv_timeout(deadline) {
        Ok(done) => done,
        Err(RecvTimeoutError::Timeout) => Err(StoreError::Stuck { waited: deadline }),
        Err(RecvTimeoutError::Disconnected) => Err(StoreError::Panicked { what }),
    }
}
