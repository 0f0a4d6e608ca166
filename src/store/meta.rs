//! The tree's own row: how far the rows are, how many of each kind there must be, and one sum over all of them.

use serde::{Deserialize, Serialize};

use super::query::Sort;
use super::types::Counts;
use super::{StoreError, keys, rows};
use crate::journal::Location;
use crate::model::Seq;

/// The kinds of derived rows that are counted, in the order of [`Meta::rows`].
const COUNTED: [u8; 10] = [
    keys::VERSION,
    keys::ARTICLE,
    keys::STATE,
    keys::NAME,
    keys::SOURCE,
    keys::SET,
    keys::MEMBER,
    keys::CLUSTER,
    keys::ORDER,
    keys::EVENT,
];

/// How far the rows are, and what they must add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) applied_seq: u64,
    pub(super) segment: u32,
    pub(super) offset: u64,
    pub(super) lost: u64,
    pub(super) articles: u64,
    pub(super) versions: u64,
    pub(super) clusters: u64,
    pub(super) sources: u64,
    /// Wrapping sum of the checksums of all other derived rows in blocks: each covers its key, so a row that is lost, old or under
    /// another's key shows.
    pub(super) digest: u64,
    /// How many rows of each kind there are in blocks.
    pub(super) rows: [u64; COUNTED.len()],
}

impl Meta {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            articles: self.articles,
            versions: self.versions,
            clusters: self.clusters,
            sources: self.sources,
            lost: self.lost,
            applied_seq: Seq(self.applied_seq),
        }
    }

    /// Where the journal keeps the last record that is applied; `None` where none is.
    pub(super) fn place(&self) -> Option<Location> {
        let Self { applied_seq, segment, offset, .. } = *self;
        (applied_seq > 0).then_some(Location { segment, offset })
    }

    /// Takes note that the row under `key` is `after` where it was `before`. What is not derived is not counted.
    pub(super) fn exchange(
        &mut self,
        key: &[u8],
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        if key.first() >= Some(&keys::NOT_DERIVED) {
            return Ok(());
        }
        // The digest alone shows whether these are there.
        let is_counted = !matches!(key.first(), Some(&(keys::TRIMMED | keys::PASSAGE)));
        if let Some(row) = before {
            self.digest = self.digest.wrapping_sub(rows::mark(key, row));
            if is_counted {
                *self.count(key)? -= 1;
            }
        }
        if let Some(row) = after {
            self.digest = self.digest.wrapping_add(rows::mark(key, row));
            if is_counted {
                *self.count(key)? += 1;
            }
        }
        Ok(())
    }

    /// The same with the changes of rows that made `other` of `before`, as they made this.
    pub(super) fn with_rows_since(mut self, before: &Self, other: &Self) -> Self {
        let more = other.digest.wrapping_sub(before.digest);
        self.digest = self.digest.wrapping_add(more);
        for ((rows, before), other) in self.rows.iter_mut().zip(before.rows).zip(other.rows) {
            *rows = rows.wrapping_add(other.wrapping_sub(before));
        }
        self
    }

    /// Errors where the rows that were `found` are not those this row was written with, or cannot belong together.
    pub(super) fn compare(&self, found: &Self) -> Result<(), StoreError> {
        let Self { versions, clusters, sources, .. } = *self;
        let implied = [
            (keys::VERSION, versions),
            (keys::MEMBER, versions),
            (keys::SET, clusters),
            (keys::ORDER, clusters * Sort::ALL.len() as u64),
            (keys::SOURCE, sources),
        ];
        let counted = COUNTED.into_iter().zip(self.rows);
        for (tag, expected) in counted.chain(implied) {
            let rows = found.of(tag);
            if rows != expected {
                let kind = keys::kind(tag);
                return Err(StoreError::damaged(format!(
                    "{rows} {kind} rows where {expected} belong"
                )));
            }
        }
        if self.digest != found.digest {
            return Err(StoreError::damaged(
                "its rows are as many as they should be, and are not those that were written",
            ));
        }
        Ok(())
    }

    fn of(&self, tag: u8) -> u64 {
        let at = COUNTED.iter().position(|&counted| counted == tag);
        at.map_or(0, |at| self.rows[at])
    }

    fn count(&mut self, key: &[u8]) -> Result<&mut u64, StoreError> {
        let tag = key.first().copied().unwrap_or(keys::META);
        let at = COUNTED.iter().position(|&counted| counted == tag);
        at.map(|at| &mut self.rows[at])
            .ok_or_else(|| StoreError::damaged(format!("a row has the unknown tag {tag:02x}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::SetId;
    use crate::model::VersionId;

    fn sealed(key: &[u8], row: u32) -> Vec<u8> {
        [key, &row.to_be_bytes()].concat()
    }

    #[test]
    fn a_row_that_is_gone_old_or_changed_places_shows() {
        let places = [1, 2].map(|version| keys::version(VersionId(version)));
        let rows = [sealed(&places[0], 7), sealed(&places[1], 8)];
        let mut whole = Meta::default();
        for (key, row) in places.iter().zip(&rows) {
            whole.exchange(key, None, Some(row)).unwrap();
        }
        let mut same = whole;
        same.exchange(&places[0], Some(&rows[0]), Some(&rows[0])).unwrap();
        assert_eq!(same, whole);
        let mut other = whole;
        other.exchange(&places[1], Some(&rows[1]), Some(&sealed(&places[1], 9))).unwrap();
        assert_eq!(other.rows, whole.rows);
        assert_ne!(other.digest, whole.digest);
        let mut gone = whole;
        gone.exchange(&places[1], Some(&rows[1]), None).unwrap();
        assert!(whole.compare(&gone).unwrap_err().to_string().contains("1 version rows where 2"));
    }

    #[test]
    fn kinds_that_belong_together_are_as_many_as_each_other() {
        let mut meta = Meta { clusters: 1, ..Meta::default() };
        let key = keys::set(SetId(1));
        meta.exchange(&key, None, Some(&sealed(&key, 1))).unwrap();
        let told = meta.compare(&meta).unwrap_err().to_string();
        assert!(told.contains("0 order rows where 4 belong"), "{told}");
        assert!(meta.exchange(&[0x5f], None, Some(&sealed(&key, 1))).is_err());
    }
}
