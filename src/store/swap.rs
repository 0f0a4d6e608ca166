//! Rows made beside the present ones, to the present ones.
//!
//! ```text
//! DIR/store.rebuilding/store   being made
//! DIR/store                    in use          ──► DIR/store.replaced, removed when the new ones stand
//! ```
//! A crash leaves either the old rows or the new ones, or for an instant neither under its name: then the next opening puts
//! the old ones back.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use super::meta::Meta;
use super::open::{folder, io_fault, read_generation, tree as open_tree};
use super::packed::{Packed, entries, settle};
use super::sheet::Sheet;
use super::{Store, StoreError, keys, rows};
use crate::journal::Location;
use crate::model::{Seq, VersionId};

/// The present rows, being opened so that others can take over what is not derived. It takes sled a while, so a thread does it.
#[derive(Debug)]
pub struct Former(Option<JoinHandle<Result<Option<sled::Db>, StoreError>>>);

impl Store {
    /// Begins to open the rows of `dir`, for [`Store::carry_over`].
    pub fn former(dir: &Path, cache_bytes: u64) -> Result<Former, StoreError> {
        let path = folder(dir);
        let open = move || path.exists().then(|| open_tree(&path, cache_bytes)).transpose();
        let thread = Builder::new().name("former".to_owned()).spawn(open);
        thread.map(|thread| Former(Some(thread))).map_err(io_fault("start a thread for", dir))
    }
}

impl Former {
    pub(super) fn opened(mut self) -> Result<Option<sled::Db>, StoreError> {
        let died = || Err(StoreError::Panicked { what: "open the rows there are" });
        self.0.take().map_or(Ok(None), |thread| thread.join().unwrap_or_else(|_| died()))
    }
}

impl Drop for Former {
    /// Whoever opens these rows next finds them closed.
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _closed = thread.join();
        }
    }
}

/// Puts back what a swap that did not end took away, and removes what it left.
pub(super) fn mend(dir: &Path) -> Result<(), StoreError> {
    let (store, old) = (folder(dir), replaced(dir));
    if old.exists() && !store.exists() {
        fs::rename(&old, &store).map_err(io_fault("move back", &old))?;
    }
    remove(&old)?;
    remove(&beside(dir))
}

/// Puts the rows made beside in place of the present ones.
pub(super) fn put_in_place(dir: &Path) -> Result<(), StoreError> {
    let (store, old, new) = (folder(dir), replaced(dir), folder(&beside(dir)));
    let had_rows = store.exists();
    if had_rows {
        fs::rename(&store, &old).map_err(io_fault("move aside", &store))?;
    }
    if let Err(source) = fs::rename(&new, &store) {
        if had_rows {
            fs::rename(&old, &store).map_err(io_fault("move back", &old))?;
        }
        return Err(io_fault("move into place", &new)(source));
    }
    let durable = fs::File::open(dir).and_then(|names| names.sync_all());
    durable.map_err(io_fault("make durable", dir))?;
    mend(dir)
}

/// Copies the rows that are not derived from the rows `old`, byte for byte; gives how many. What makes
/// versions findable stays behind where `is_ours` does not know the last record of those rows: versions of that number are others
/// then; and what `keeps` refuses. Nothing is copied from rows of another `generation`: leads that were seen then may have no
/// article in this one.
pub(super) fn carry_over(
    packed: &Packed,
    meta: Meta,
    old: &sled::Db,
    generation: Option<u64>,
    is_ours: &dyn Fn(Seq, Location) -> bool,
    keeps: &dyn Fn(Note<'_>) -> bool,
) -> Result<u64, StoreError> {
    if read_generation(old)?.is_some_and(|noted| Some(noted) != generation) {
        return Ok(0);
    }
    let theirs = old.get(keys::meta())?;
    let theirs = theirs.and_then(|bytes| rows::unseal::<Meta>(&keys::meta(), &bytes).ok());
    let ours = theirs
        .is_some_and(|meta| meta.place().is_some_and(|at| is_ours(Seq(meta.applied_seq), at)));
    let (mut carried, mut copied) = (0, Vec::new());
    for row in old.range([keys::NOT_DERIVED]..) {
        let (key, bytes) = row?;
        if key.first() == Some(&keys::FINDABLE) {
            let kept = if ours { entries(&key, &bytes)? } else { Vec::new() };
            let before = kept.len();
            let kept = kept.into_iter().filter(|(key, row)| keeps(note(key, row)));
            let kept: Vec<_> = kept.collect();
            carried += kept.len() as u64;
            if kept.len() == before && before > 0 {
                // There is none of them here yet, so the block can stay one.
                packed.bare().insert(&key, bytes)?;
                copied.push(key.to_vec());
                continue;
            }
            let mut findable = Sheet::default();
            kept.iter().try_for_each(|(key, row)| findable.put_bytes(key, row))?;
            packed.hold(&findable);
            if packed.is_due() {
                packed.write_held(meta)?;
            }
            continue;
        }
        if key == keys::generation() {
            continue;
        }
        let row: Vec<u8> = rows::unseal(&key, &bytes)?;
        if keeps(note(&key, &row)) {
            packed.bare().insert(key, bytes)?;
            carried += 1;
        }
    }
    settle(packed.bare(), &copied)?;
    Ok(carried)
}

/// Removes the rows, and whatever was made beside them.
pub(super) fn discard(dir: &Path) -> Result<(), StoreError> {
    mend(dir)?;
    remove(&folder(dir))
}

/// A row that is not derived, by what it says.
#[derive(Clone, Copy, Debug)]
pub enum Note<'a> {
    /// What the poller noted of an endpoint.
    Endpoint,
    /// What it noted of a lead.
    Lead(&'a [u8]),
    /// What makes a version findable.
    Findable(VersionId),
}

fn note<'a>(key: &[u8], row: &'a [u8]) -> Note<'a> {
    match (key.first(), keys::last_version(key)) {
        (Some(&keys::SEEN), _) => Note::Lead(row),
        (Some(&keys::FINDABLE), Some(version)) => Note::Findable(version),
        _ => Note::Endpoint,
    }
}

/// Where rows are made beside those of `dir`.
pub(super) fn beside(dir: &Path) -> PathBuf {
    dir.join("store.rebuilding")
}

fn replaced(dir: &Path) -> PathBuf {
    dir.join("store.replaced")
}

fn remove(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(io_fault("remove", path))?;
    }
    Ok(())
}
