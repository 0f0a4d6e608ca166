//! A trim to rows without what has had its time, in small batches: it may be most of what there is.
//!
//! All of it may be done again, so a crash in between costs nothing: until the record of the trim is applied, it is.

use super::apply::remove_set;
use super::draft::Draft;
use super::packed::Packed;
use super::query::Direction;
use super::rows::{ClusterPart, VersionPart};
use super::types::Applied;
use super::{Store, StoreError, keys, rows};
use crate::cluster::Change;
use crate::journal::{Location, Record, Trim};
use crate::model::{ClusterId, Seq, VersionId};

/// Rows of one batch, nearly: sled holds a lock while it writes one.
const BATCH_ROWS: usize = 2048;

impl Store {
    /// Where the first record of `batch` that is not applied is a trim, takes away what it says is gone: the record is applied
    /// after that. Whoever hands a trim over hands it alone.
    pub(super) fn forget_before(
        &self,
        packed: &Packed,
        batch: &[Applied<'_>],
    ) -> Result<(), StoreError> {
        let applied = self.applied_seq();
        let first = batch.iter().find(|applied_to| applied_to.entry.seq > applied);
        let Some(Applied { entry, changes, .. }) = first else { return Ok(()) };
        let Record::Trim(trim) = &entry.record else { return Ok(()) };
        self.forget(packed, trim, changes)
    }

    fn forget(&self, packed: &Packed, trim: &Trim, changes: &[Change]) -> Result<(), StoreError> {
        // Before the first event goes: who reads events asks afterwards from where on they are kept.
        self.draft_forgetting(packed, |draft| {
            let known = draft.get::<u64>(&keys::trimmed())?.unwrap_or(0);
            draft.put(keys::trimmed().to_vec(), &trim.upto.0.max(known))
        })?;
        let mut waiting = changes.iter().peekable();
        while waiting.peek().is_some() {
            self.draft_forgetting(packed, |draft| {
                let mut rows = 0;
                while rows < BATCH_ROWS
                    && let Some(change) = waiting.next()
                {
                    rows += forget_set(draft, change)?;
                }
                Ok(())
            })?;
        }
        self.forget_redirects(packed, trim.upto)?;
        self.displace(packed, trim.upto)?;
        self.forget_events(packed, trim.upto)
    }

    fn draft_forgetting(
        &self,
        packed: &Packed,
        work: impl FnOnce(&mut Draft<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut draft = Draft::over(packed, self.meta());
        work(&mut draft)?;
        self.commit(packed, draft);
        self.write_if_due(packed)
    }

    /// Ids that lead to one that names nothing any more name nothing, either.
    fn forget_redirects(&self, packed: &Packed, upto: Seq) -> Result<(), StoreError> {
        let ids = || (keys::cluster(ClusterId(0)), keys::cluster(ClusterId(upto.0 + 1)));
        loop {
            let mut astray = Vec::new();
            let (low, high) = ids();
            for row in packed.scan(low, high, Direction::Newer) {
                let (key, bytes) = row?;
                if let ClusterPart::Redirects(into) = rows::row(&key, &bytes)?
                    && packed.get(&keys::cluster(ClusterId(into)))?.is_none()
                {
                    astray.push(key);
                }
            }
            if astray.is_empty() {
                return Ok(());
            }
            for part in astray.chunks(BATCH_ROWS) {
                self.draft_forgetting(packed, |draft| {
                    for key in part {
                        draft.remove(key.clone());
                    }
                    Ok(())
                })?;
            }
        }
    }

    /// What is left of the versions up to `upto` lies in no segment any more.
    fn displace(&self, packed: &Packed, upto: Seq) -> Result<(), StoreError> {
        let mut from = VersionId(0);
        let end = || keys::version(VersionId(upto.0 + 1));
        loop {
            let mut displaced = Vec::new();
            for row in packed.scan(keys::version(from), end(), Direction::Newer) {
                let (key, bytes) = row?;
                let mut part: VersionPart = rows::row(&key, &bytes)?;
                if part.place() != Location::default() {
                    part.redact(Location::default());
                    displaced.push((key, part));
                }
                if displaced.len() >= BATCH_ROWS {
                    break;
                }
            }
            let Some((last, _)) = displaced.last() else { return Ok(()) };
            from = keys::last_version(last).unwrap_or_default();
            self.draft_forgetting(packed, |draft| {
                displaced.into_iter().try_for_each(|(key, part)| draft.put(key, &part))
            })?;
        }
    }

    fn forget_events(&self, packed: &Packed, upto: Seq) -> Result<(), StoreError> {
        loop {
            let (low, high) = (keys::events(Seq(0)), keys::events(Seq(upto.0 + 1)));
            let old = packed.scan(low, high, Direction::Newer).take(BATCH_ROWS);
            let old: Vec<_> = old.collect::<Result<_, _>>()?;
            if old.is_empty() {
                return Ok(());
            }
            self.draft_forgetting(packed, |draft| {
                for (key, _) in old {
                    draft.remove(key);
                }
                Ok(())
            })?;
        }
    }
}

/// Takes away a set and what hangs on it; gives how many rows that were, nearly.
fn forget_set(draft: &mut Draft<'_>, change: &Change) -> Result<usize, StoreError> {
    let Change::Forgotten { set, versions, articles, names, .. } = change else { return Ok(1) };
    for &article in articles {
        draft.meta.articles -= u64::from(draft.article(article)?.is_some());
        draft.remove(keys::article(article));
    }
    for &version in versions {
        let key = keys::version(version);
        if let Some(part) = draft.get::<VersionPart>(&key)? {
            draft.meta.versions -= 1;
            draft.remove(keys::state(part.article(), version));
        }
        draft.remove(key);
        draft.remove(keys::member(*set, version));
        draft.remove(keys::cluster(ClusterId(version.0)));
    }
    remove_set(draft, *set)?;
    for &name in names {
        draft.remove(keys::name(name));
    }
    Ok(3 * versions.len() + names.len() + 5)
}
