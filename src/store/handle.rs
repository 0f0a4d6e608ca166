//! sled's handle behind a store: lent to each call, let go of after a fault, opened again.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::meta::Meta;
use super::open::{self, Opened};
use super::packed::Packed;
use super::{Inner, Store, StoreError, guarded};

/// How long sled may take to let go of its files.
const LET_GO: Duration = Duration::from_secs(10);

/// How soon something that is about to come about is looked at again.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// How often it is looked at again.
pub(super) const LOOKS_MAX: u32 = 500;

/// What a read or write met that has to be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A row was missing that another names: damage, or a read beside a merge.
    Doubt(String),
    /// What only opening the rows again mends.
    Fault(String),
}

impl Store {
    pub(super) fn over(dir: &Path, cache_bytes: u64, packed: Packed, meta: Meta) -> Self {
        let inner = Inner {
            dir: dir.to_path_buf(),
            cache_bytes,
            tree: RwLock::new(Some(Arc::new(packed))),
            meta: RwLock::new(meta),
            told: AtomicU64::new(meta.applied_seq),
            writing: Mutex::new(()),
            trouble: Mutex::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The handle, for one call.
    pub(super) fn tree(&self) -> Result<Arc<Packed>, StoreError> {
        let tree = self.inner.tree.read().unwrap_or_else(PoisonError::into_inner);
        tree.clone().ok_or(StoreError::Closed)
    }

    /// Runs `work` on the handle. A panic becomes an error; what has to be looked into is kept for [`Store::trouble`].
    pub(super) fn with<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Packed) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let tree = self.tree()?;
        let done = guarded(what, || work(&tree));
        if let Err(fault) = &done {
            let mut kept = self.inner.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            if fault.needs_mending() && !matches!(*kept, Some(Trouble::Fault(_))) {
                *kept = Some(Trouble::Fault(fault.to_string()));
            } else if matches!(fault, StoreError::Missing { .. }) && kept.is_none() {
                *kept = Some(Trouble::Doubt(fault.to_string()));
            }
        }
        done
    }

    /// What a call met that has to be looked into: a doubt by [`Store::settle`], a fault by [`Store::reopen`].
    pub fn trouble(&self) -> Option<Trouble> {
        self.inner.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads all rows because of a doubt, which is gone where they hold. For whoever alone writes rows.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.check()?;
        *self.inner.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Lets go of sled's handle and opens the rows again, as after a fault of the disk. Rows that were not on disk yet are gone,
    /// so [`Store::applied_seq`] may fall. All are read, while they are served; damaged ones are set aside and empty ones begun.
    ///
    /// After an error the store stays closed, and this may be called again.
    pub fn reopen(&self) -> Result<Opened, StoreError> {
        if matches!(self.close(), Err(StoreError::Stuck { .. })) {
            // The old handle keeps its lock on the folder: what it holds can only be left to it.
            return self.begin_anew();
        }
        let Inner { dir, cache_bytes, .. } = &*self.inner;
        let (fresh, opened) = open::open_unread(dir, *cache_bytes)?;
        self.take_over(&fresh);
        match self.check() {
            Err(fault) if fault.is_damage() => {
                Ok(Opened { why: Some(fault.to_string()), ..self.begin_anew()? })
            }
            checked => checked.map(|()| opened),
        }
    }

    /// Sets the rows aside, because they are damaged, and begins empty ones. What is not derived and can still be read goes along.
    pub fn begin_anew(&self) -> Result<Opened, StoreError> {
        self.replace(true)
    }

    /// Sets the rows aside, because they are of another journal, and begins empty ones. Nothing goes along: leads that were seen
    /// then may have no article here.
    pub fn disown(&self) -> Result<Opened, StoreError> {
        self.replace(false)
    }

    fn replace(&self, with_notes: bool) -> Result<Opened, StoreError> {
        let _given_up = self.close();
        let Inner { dir, cache_bytes, .. } = &*self.inner;
        let aside = open::set_aside(dir)?;
        let (fresh, mut opened) = open::open(dir, *cache_bytes)?;
        if with_notes {
            open::take_notes(&fresh, aside.as_deref());
        }
        self.take_over(&fresh);
        opened.quarantined = aside;
        Ok(opened)
    }

    /// Takes the handle of a store that was just opened, and what is known of it.
    fn take_over(&self, fresh: &Self) {
        let tree = fresh.inner.tree.write().unwrap_or_else(PoisonError::into_inner).take();
        self.set_meta(fresh.meta());
        *self.inner.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
                    let meta = self.meta();
                    return in_time("close", LET_GO, move || {
                        let _comes_again = guarded("write rows", || alone.write_held(meta));
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
