//! What makes live versions findable, kept beside the derived rows so that a start need not read their texts.
//!
//! A row that is missing, or of another scheme, costs its text to be read and sketched again; nothing depends on it.

use std::sync::PoisonError;

use super::draft::Draft;
use super::query::Direction;
use super::{Store, StoreError, keys};
use crate::model::VersionId;

impl Store {
    /// Keeps what makes each version findable, and forgets what is older than `oldest`.
    pub fn put_findable(
        &self,
        fresh: &[(VersionId, Vec<u8>)],
        oldest: VersionId,
    ) -> Result<(), StoreError> {
        let _one_writer = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.with("keep sketches", |packed| {
            self.write_if_due(packed)?;
            let mut draft = Draft::over(packed, self.meta());
            enter(&mut draft, fresh, oldest)?;
            self.commit(packed, draft)
        })
    }

    /// Hands over what is kept of each version from `first` on, in order. A row that does not hold is passed over.
    pub fn each_findable(
        &self,
        first: VersionId,
        each: &mut dyn FnMut(VersionId, &[u8]),
    ) -> Result<(), StoreError> {
        self.with("read sketches", |packed| {
            let (low, high) = (keys::findable(first), keys::after(&[keys::FINDABLE]));
            for row in packed.scan(low, high, Direction::Newer) {
                let (key, bytes) = row?;
                if let Some(version) = keys::last_version(&key) {
                    each(version, &bytes);
                }
            }
            Ok(())
        })
    }
}

/// Drafts what makes versions findable, and that what is older than `oldest` goes.
pub(super) fn enter(
    draft: &mut Draft<'_>,
    fresh: &[(VersionId, Vec<u8>)],
    oldest: VersionId,
) -> Result<(), StoreError> {
    draft.remove_all(keys::findable(VersionId(0))..keys::findable(oldest))?;
    for (version, bytes) in fresh.iter().filter(|(version, _)| *version >= oldest) {
        draft.put_bytes(keys::findable(*version), bytes)?;
    }
    Ok(())
}
