//! A trim to rows without what has had its time, in small batches: it may be most of what there is.
//!
//! All of it may be done again, so a crash in between costs nothing: until the record of the trim is applied, it is.

use super::apply::remove_set;
use super::draft::{Draft, missing};
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
            draft.put(keys::trimmed(), &trim.upto.0.max(known))
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
        self.forget_passages(packed, trim.upto)?;
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
        self.commit(packed, draft)?;
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

    /// Passages tie nothing together, so one of their two ends may be gone, and then nothing is to be found by them. Their rows are few:
    /// agencies' own items have them alone.
    pub(super) fn forget_passages(&self, packed: &Packed, upto: Seq) -> Result<(), StoreError> {
        let end = keys::passages(VersionId(upto.0 + 1));
        let mut gone = Vec::new();
        for row in packed.scan(keys::passages(VersionId(0)), end, Direction::Newer) {
            let (key, _) = row?;
            let ends = keys::read_passage(&key).ok_or_else(|| missing(&key))?;
            for version in [ends.0, ends.1] {
                if packed.get(&keys::version(version))?.is_none() {
                    gone.push(key);
                    break;
                }
            }
        }
        for part in gone.chunks(BATCH_ROWS) {
            self.draft_forgetting(packed, |draft| {
                for key in part {
                    draft.remove(key);
                }
                Ok(())
            })?;
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Clusterer, Link, LinkKind, Params, Reason, SetId, Verdicts, Version};
    use crate::journal::Entry;
    use crate::model::{Article, OriginBasis, OriginClaim, Timestamp};
    use crate::store::Standing;

    /// A text, or an agency's own item that has passages in older texts.
    fn version(id: u64, texts: &[u64]) -> Version {
        let link = |&text: &u64| Link {
            other: VersionId(text),
            kind: LinkKind::Passage,
            reason: Reason::Passage,
            shared: 30,
            size: 200,
            other_size: 90,
            rests_on: 0,
        };
        let origin = OriginClaim {
            agency: "Alba".to_owned(),
            basis: OriginBasis::OwnItem,
            evidence: String::new(),
        };
        Version {
            id: VersionId(id),
            seen_at: Timestamp::from_secs(id.cast_signed()),
            extractor: 0,
            article: Article {
                source: "alba".into(),
                title: format!("Story {id}"),
                origin: (!texts.is_empty()).then_some(origin),
                ..Article::default()
            },
            verdicts: Verdicts { links: texts.iter().map(link).collect(), ..Verdicts::default() },
            redacted: None,
        }
    }

    fn later(store: &Store, text: u64) -> Vec<u64> {
        store.later_items(VersionId(text)).unwrap().into_iter().map(|row| row.id.0).collect()
    }

    fn passages(store: &Store) -> Vec<String> {
        let rows = store.dump().map(Result::unwrap);
        rows.filter(|row| row.kind == "passage").map(|row| row.key).collect()
    }

    #[test]
    fn later_items_go_with_either_end_and_a_trimmed_journal_begins_with_those_that_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), 1 << 20).unwrap();
        let mut fold = Clusterer::new(Params::default());
        let enter = |record: Record, seq: u64, changes: &[Change]| {
            let entry = Entry { seq: Seq(seq), at: Timestamp::from_secs(9), record };
            let location = Location { segment: 1, offset: seq };
            let applied = Applied { entry: &entry, location, changes, words: None };
            store.apply(&[applied]).unwrap();
        };
        // The fifth is younger than its texts, and older than what was trimmed up to.
        let told = [(1, &[][..]), (2, &[]), (3, &[1, 2]), (4, &[2]), (5, &[1])];
        let versions: Vec<Version> = told.iter().map(|(id, texts)| version(*id, texts)).collect();
        for version in &versions {
            let changes = fold.apply(version);
            enter(Record::Version(Box::new(version.clone())), version.id.0, &changes);
        }
        assert_eq!((later(&store, 1), later(&store, 2)), (vec![3, 5], vec![3, 4]));

        let gone = vec![ClusterId(1), ClusterId(4)];
        let changes = fold.forget(&gone);
        let trim = Trim { upto: Seq(5), gone, ..Trim::default() };
        enter(Record::Trim(trim), 6, &changes);
        assert_eq!((later(&store, 1), later(&store, 2)), (vec![], vec![3]));

        let other = tempfile::tempdir().unwrap();
        let (begun, _) = Store::open(other.path(), 1 << 20).unwrap();
        let stay = versions.into_iter().filter_map(|version| {
            let set: SetId = fold.set_of(version.id)?;
            Some((version, set))
        });
        begun.found_versions(&stay.collect::<Vec<_>>()).unwrap();
        let (names, articles, sets) = fold.standing();
        begun
            .found(&Standing { upto: Seq(5), names, articles, sets, ..Standing::default() })
            .unwrap();
        assert_eq!(passages(&begun), passages(&store));
        assert_eq!(later(&begun, 2), [3]);
    }
}
