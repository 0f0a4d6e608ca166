//! Rows as they will be once a batch stands: reads see what the batch has written so far, sled sees it all at once.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::meta::Meta;
use super::rows::{ArticlePart, VersionPart};
use super::{StoreError, keys, rows};
use crate::model::{ArticleId, Seq, VersionId};

/// What a row takes in memory besides its bytes.
const ROW_OVERHEAD: usize = 64;

/// What a batch writes and removes, by key.
#[derive(Debug, Default)]
pub(super) struct Drafted {
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What it takes in memory, nearly.
    pub(super) bytes: usize,
}

impl Drafted {
    const fn new() -> Self {
        Self { rows: BTreeMap::new(), bytes: 0 }
    }

    fn insert(&mut self, key: Vec<u8>, row: Option<Vec<u8>>) {
        let size = |row: &Option<Vec<u8>>| row.as_ref().map_or(0, Vec::len);
        let (key_bytes, row_bytes) = (key.len() + ROW_OVERHEAD, size(&row));
        let freed = self.rows.insert(key, row).map_or(0, |old| key_bytes + size(&old));
        self.bytes = self.bytes + key_bytes + row_bytes - freed;
    }
}

/// A batch being made over the tree.
pub(super) struct Draft<'a> {
    tree: &'a sled::Tree,
    pub(super) rows: Drafted,
    pub(super) meta: Meta,
    /// Rows that are not derived, written in the same step.
    pub(super) notes: Vec<Changed>,
    /// The tree holds rows of records up to this one.
    pub(super) written: Seq,
}

impl<'a> Draft<'a> {
    pub(super) const fn over(tree: &'a sled::Tree, meta: Meta) -> Self {
        Self { tree, rows: Drafted::new(), meta, notes: Vec::new(), written: Seq(meta.applied_seq) }
    }

    /// The draft that was left with `rows` and `meta`, over a tree that holds records up to `written`.
    pub(super) const fn resume(
        tree: &'a sled::Tree,
        rows: Drafted,
        meta: Meta,
        written: Seq,
    ) -> Self {
        Self { tree, rows, meta, notes: Vec::new(), written }
    }

    /// The row under `key`, as it will be.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        if let Some(drafted) = self.rows.rows.get(key) {
            return drafted.as_ref().map(|bytes| rows::unseal(key, bytes)).transpose();
        }
        self.stored(key)?.map(|bytes| rows::unseal(key, &bytes)).transpose()
    }

    /// The row in the tree. One whose key names a record that came after all that is written is not looked for, and none where
    /// nothing is written.
    fn stored(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        let later = |seq| seq > self.written;
        if self.written == Seq(0) || keys::begins_with(key).is_some_and(later) {
            return Ok(None);
        }
        Ok(self.tree.get(key)?)
    }

    /// The row under `key`, which another row or the fold says is there.
    pub(super) fn need<T: DeserializeOwned>(&self, key: &[u8]) -> Result<T, StoreError> {
        self.get(key)?.ok_or_else(|| missing(key))
    }

    pub(super) fn put(&mut self, key: Vec<u8>, row: &impl Serialize) -> Result<(), StoreError> {
        let sealed = rows::seal(&key, row)?;
        self.rows.insert(key, Some(sealed));
        Ok(())
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.rows.insert(key, None);
    }

    /// An article, as it will be.
    pub(super) fn article(&self, id: ArticleId) -> Result<Option<ArticlePart>, StoreError> {
        if let Some(row) = self.get(&keys::article(id))? {
            return Ok(Some(row));
        }
        let first = VersionId(id.0);
        let part: Option<VersionPart> = self.get(&keys::version(first))?;
        Ok(part.and_then(|part| part.alone(first)))
    }

    /// The versions of an article in the tree after its first, the oldest first.
    pub(super) fn states(&self, article: ArticleId) -> Result<Vec<VersionId>, StoreError> {
        let keys = self.tree.scan_prefix(keys::states(article)).keys();
        keys.map(|key| Ok(keys::last_version(&key?).unwrap_or_default())).collect()
    }

    /// Removes every row of the tree whose key lies in `range`.
    pub(super) fn remove_all(&mut self, range: Range<Vec<u8>>) -> Result<(), StoreError> {
        for key in self.tree.range(range).keys() {
            self.remove(key?.to_vec());
        }
        Ok(())
    }

    /// Writes it all, the meta row included, as one sled batch: after a crash all of it is there or none.
    pub(super) fn write(mut self) -> Result<Meta, StoreError> {
        let mut batch = sled::Batch::default();
        let mut written = Vec::with_capacity(self.rows.rows.len());
        let notes = std::mem::take(&mut self.notes);
        let mut write = |key: Vec<u8>, row| {
            written.push(key.clone());
            match row {
                Some(row) => batch.insert(key, row),
                None => batch.remove(key),
            }
        };
        self.each_change(|key, row| {
            write(key, row);
            Ok(())
        })?;
        for (key, row) in notes {
            write(key, row);
        }
        let key = keys::meta();
        batch.insert(&key, rows::seal(&key, &self.meta)?);
        self.tree.apply_batch(batch)?;
        settle(self.tree, &written)?;
        Ok(self.meta)
    }

    /// Writes it all in the order of keys, the meta row last: for rows that nobody reads before all of them are there, and that
    /// are thrown away after a fault. Two threads each write a half.
    pub(super) fn pour(mut self) -> Result<Meta, StoreError> {
        let tree = self.tree;
        let mut changes = Vec::with_capacity(self.rows.rows.len());
        self.each_change(|key, row| {
            changes.push((key, row));
            Ok(())
        })?;
        let later = changes.split_off(changes.len() / 2);
        std::thread::scope(|scope| {
            let later = scope.spawn(|| pour_out(tree, later));
            let poured = pour_out(tree, changes);
            // A panic of sled goes on to where panics become errors.
            poured.and(later.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })?;
        let key = keys::meta();
        tree.insert(key, rows::seal(&key, &self.meta)?)?;
        Ok(self.meta)
    }

    /// Hands out what will be otherwise than it is in the tree, by key, and takes note of it in the meta row.
    fn each_change(
        &mut self,
        mut each: impl FnMut(Vec<u8>, Option<Vec<u8>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for (key, row) in std::mem::take(&mut self.rows.rows) {
            let before = self.stored(&key)?;
            if before.as_deref() == row.as_deref() {
                continue;
            }
            self.meta.exchange(&key, before.as_deref(), row.as_deref())?;
            each(key, row)?;
        }
        Ok(())
    }
}

/// What becomes of a row, by key.
pub(super) type Changed = (Vec<u8>, Option<Vec<u8>>);

/// Writes rows one by one: in a batch sled keeps every page it replaces until the end, a gigabyte at eight thousand rows, and takes
/// the rows in the order of a hash.
fn pour_out(tree: &sled::Tree, changes: Vec<Changed>) -> Result<(), StoreError> {
    for (key, row) in changes {
        match row {
            Some(row) => tree.insert(key, row)?,
            None => tree.remove(key)?,
        };
    }
    Ok(())
}

/// Has sled divide the pages that grew too large, by looking up what was just written. Else the next read does it, which is then a
/// write, and fails where sled may no longer write.
pub(super) fn settle(tree: &sled::Tree, written: &[Vec<u8>]) -> Result<(), StoreError> {
    for key in written {
        tree.get(key)?;
    }
    Ok(())
}

/// The fault of a row that is not there and should be.
pub(super) fn missing(key: &[u8]) -> StoreError {
    let hex = key.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    StoreError::Missing { kind: keys::kind(key[0]), key: hex }
}
