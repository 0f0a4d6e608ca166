//! Rows as they will be once a batch stands: reads see what the batch has written so far, sled sees it all at once.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::meta::Meta;
use super::{StoreError, keys, rows};
use crate::model::{ArticleId, VersionId};

/// A batch being made over the tree.
pub(super) struct Draft<'a> {
    tree: &'a sled::Tree,
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(super) meta: Meta,
}

impl<'a> Draft<'a> {
    pub(super) const fn over(tree: &'a sled::Tree, meta: Meta) -> Self {
        Self { tree, rows: BTreeMap::new(), meta }
    }

    /// The row under `key`, as it will be.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        if let Some(drafted) = self.rows.get(key) {
            return drafted.as_ref().map(|bytes| rows::unseal(key, bytes)).transpose();
        }
        self.tree.get(key)?.map(|bytes| rows::unseal(key, &bytes)).transpose()
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

    /// The versions of an article in the tree, the oldest first.
    pub(super) fn states(&self, article: ArticleId) -> Result<Vec<VersionId>, StoreError> {
        let keys = self.tree.scan_prefix(keys::states(article)).keys();
        keys.map(|key| Ok(keys::last_version(&key?).unwrap_or_default())).collect()
    }

    /// Removes every row of the tree whose key begins with `prefix`.
    pub(super) fn remove_all(&mut self, prefix: &[u8]) -> Result<(), StoreError> {
        for key in self.tree.scan_prefix(prefix).keys() {
            self.remove(key?.to_vec());
        }
        Ok(())
    }

    /// Writes it all, the meta row included, as one sled batch: after a crash all of it is there or none.
    pub(super) fn write(self) -> Result<Meta, StoreError> {
        let Self { tree, rows, mut meta } = self;
        let mut batch = sled::Batch::default();
        let mut written = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            let before = tree.get(&key)?;
            if before.as_deref() == row.as_deref() {
                continue;
            }
            meta.exchange(&key, before.as_deref(), row.as_deref())?;
            written.push(key.clone());
            match row {
                Some(row) => batch.insert(key, row),
                None => batch.remove(key),
            }
        }
        let key = keys::meta();
        batch.insert(&key, rows::seal(&key, &meta)?);
        tree.apply_batch(batch)?;
        settle(tree, &written)?;
        Ok(meta)
    }
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
