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

use super::meta::Meta;
use super::open::{folder, io_fault, tree as open_tree};
use super::{StoreError, keys, rows};
use crate::journal::Location;
use crate::model::Seq;

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

/// Copies the rows that are not derived from the rows in folder `from` into `tree`, byte for byte; gives how many. What makes
/// versions findable stays behind where `is_ours` does not know the last record of those rows: versions of that number are others
/// then.
pub(super) fn carry_over(
    tree: &sled::Tree,
    from: &Path,
    cache_bytes: u64,
    is_ours: &dyn Fn(Seq, Location) -> bool,
) -> Result<u64, StoreError> {
    if !from.exists() {
        return Ok(0);
    }
    let old = open_tree(from, cache_bytes)?;
    let meta = old.get(keys::meta())?;
    let meta = meta.and_then(|bytes| rows::unseal::<Meta>(&keys::meta(), &bytes).ok());
    let ours =
        meta.is_some_and(|meta| meta.place().is_some_and(|at| is_ours(Seq(meta.applied_seq), at)));
    let mut carried = 0;
    for row in old.range([keys::NOT_DERIVED]..) {
        let (key, bytes) = row?;
        if key.first() == Some(&keys::FINDABLE) && !ours {
            continue;
        }
        rows::body(&key, &bytes)?;
        tree.insert(key, bytes)?;
        carried += 1;
    }
    Ok(carried)
}

/// Removes the rows, and whatever was made beside them.
pub(super) fn discard(dir: &Path) -> Result<(), StoreError> {
    mend(dir)?;
    remove(&folder(dir))
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
