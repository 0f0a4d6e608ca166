//! Rows as they will be once a batch stands: reads see what the batch has written so far, others see it all at once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::apply::put_set;
use super::meta::Meta;
use super::names::Names;
use super::packed::Packed;
use super::query::Direction;
use super::rows::{ArticlePart, VersionPart};
use super::sheet::Sheet;
use super::{StoreError, keys, rows};
use crate::cluster::{SetId, Summary};
use crate::model::{ArticleId, Seq, VersionId};

/// A batch being made over the rows there are.
pub(super) struct Draft<'a> {
    packed: &'a Packed,
    pub(super) rows: Sheet,
    /// Sets whose rows are to be made at the end, from the last word on each: a set changes with each of its members.
    pub(super) sets: BTreeMap<SetId, Arc<Summary>>,
    /// Names that whoever drafts writes by themselves; where there is none, each is a row among others.
    pub(super) names: Option<Names>,
    pub(super) meta: Meta,
    /// There are rows of records up to this one.
    pub(super) written: Seq,
}

impl<'a> Draft<'a> {
    pub(super) fn over(packed: &'a Packed, meta: Meta) -> Self {
        let (rows, sets) = (Sheet::default(), BTreeMap::new());
        Self { packed, rows, sets, names: None, meta, written: Seq(meta.applied_seq) }
    }

    /// The row under `key`, as it will be.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        match self.rows.get(key) {
            Some((_, row)) => row.map(|bytes| rows::row(key, bytes)).transpose(),
            None => self.stored(key)?.map(|bytes| rows::row(key, &bytes)).transpose(),
        }
    }

    /// What the row under `key`, as it will be, begins with: the rest of it costs more to read.
    pub(super) fn head<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        match self.rows.get(key) {
            Some((_, row)) => row.map(|bytes| rows::head(key, bytes)).transpose(),
            None => self.stored(key)?.map(|bytes| rows::head(key, &bytes)).transpose(),
        }
    }

    /// The row that is there. One whose key names a record that came after all that is written is not looked for, and none where
    /// nothing is written.
    fn stored(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let later = |seq| seq > self.written;
        if self.written == Seq(0) || keys::begins_with(key).is_some_and(later) {
            return Ok(None);
        }
        self.packed.get(key)
    }

    /// The row under `key`, which another row or the fold says is there.
    pub(super) fn need<T: DeserializeOwned>(&self, key: &[u8]) -> Result<T, StoreError> {
        self.get(key)?.ok_or_else(|| missing(key))
    }

    pub(super) fn put(
        &mut self,
        key: impl AsRef<[u8]>,
        row: &impl Serialize,
    ) -> Result<(), StoreError> {
        self.rows.put(key.as_ref(), row)
    }

    /// Puts a row as it is.
    pub(super) fn put_bytes(
        &mut self,
        key: impl AsRef<[u8]>,
        row: &[u8],
    ) -> Result<(), StoreError> {
        self.rows.put_bytes(key.as_ref(), row)
    }

    /// An article goes by a name, unless another did before.
    pub(super) fn name(&mut self, hash: u64, article: ArticleId) -> Result<(), StoreError> {
        if let Some(names) = &mut self.names {
            names.add(hash, article.0);
            return Ok(());
        }
        let key = keys::name(hash);
        if self.get::<u64>(&key)?.is_none() { self.put(key, &article.0) } else { Ok(()) }
    }

    pub(super) fn remove(&mut self, key: impl AsRef<[u8]>) {
        self.rows.remove(key.as_ref());
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

    /// The versions of an article that are there after its first, the oldest first.
    pub(super) fn states(&self, article: ArticleId) -> Result<Vec<VersionId>, StoreError> {
        let rows = self.packed.scan_prefix(keys::states(article));
        rows.map(|row| Ok(keys::last_version(&row?.0).unwrap_or_default())).collect()
    }

    /// Removes every row whose key lies in `range`.
    pub(super) fn remove_all(&mut self, range: Range<Vec<u8>>) -> Result<(), StoreError> {
        self.rows.remove_within(&range);
        for row in self.packed.scan(range.start, range.end, Direction::Newer) {
            self.remove(row?.0);
        }
        Ok(())
    }
}

/// Makes the rows of sets that changed.
pub(super) fn write_sets(draft: &mut Draft<'_>) -> Result<(), StoreError> {
    let sets = std::mem::take(&mut draft.sets);
    sets.iter().try_for_each(|(&set, summary)| put_set(draft, set, summary))
}

/// The fault of a row that is not there and should be.
pub(super) fn missing(key: &[u8]) -> StoreError {
    let hex = key.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    StoreError::Missing { kind: keys::kind(key[0]), key: hex }
}
