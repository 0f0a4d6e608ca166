//! What makes live versions findable, kept beside the derived rows so that a start need not read their texts.
//!
//! A row that is missing, or of another scheme, costs its text to be read and sketched again; nothing depends on it.

use super::draft::{Changed, settle};
use super::{Store, StoreError, keys, rows};
use crate::model::VersionId;

impl Store {
    /// Keeps what makes each version findable, and forgets what is older than `oldest`.
    pub fn put_findable(
        &self,
        fresh: &[(VersionId, Vec<u8>)],
        oldest: VersionId,
    ) -> Result<(), StoreError> {
        self.with("keep sketches", |tree| {
            let notes = notes(tree, fresh, oldest)?;
            let mut batch = sled::Batch::default();
            for (key, row) in &notes {
                match row {
                    Some(row) => batch.insert(key.as_slice(), row.as_slice()),
                    None => batch.remove(key.as_slice()),
                }
            }
            tree.apply_batch(batch)?;
            let fresh: Vec<_> = notes.into_iter().map(|(key, _)| key).collect();
            settle(tree, &fresh)
        })
    }

    /// Hands over what is kept of each version from `first` on, in order. A row that does not hold is passed over.
    pub fn each_findable(
        &self,
        first: VersionId,
        each: &mut dyn FnMut(VersionId, &[u8]),
    ) -> Result<(), StoreError> {
        self.with("read sketches", |tree| {
            for row in tree.range(keys::findable(first)..=keys::findable(VersionId(u64::MAX))) {
                let (key, bytes) = row?;
                let version = keys::last_version(&key);
                let kept = rows::body(&key, &bytes).ok();
                let kept = kept.and_then(|body| postcard::from_bytes::<&[u8]>(body).ok());
                if let (Some(version), Some(kept)) = (version, kept) {
                    each(version, kept);
                }
            }
            Ok(())
        })
    }
}

/// The rows that keep what makes versions findable, and those that go because they are older than `oldest`.
pub(super) fn notes(
    tree: &sled::Tree,
    fresh: &[(VersionId, Vec<u8>)],
    oldest: VersionId,
) -> Result<Vec<Changed>, StoreError> {
    let kept = fresh.iter().map(|(version, bytes)| {
        let key = keys::findable(*version);
        let row = rows::seal(&key, bytes)?;
        Ok((key, Some(row)))
    });
    let old = tree.range(keys::findable(VersionId(0))..keys::findable(oldest)).keys();
    let gone = old.map(|key| Ok((key?.to_vec(), None)));
    kept.chain(gone).collect()
}
