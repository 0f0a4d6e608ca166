//! Applied entries to rows, index entries and events, in one batch.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use super::draft::{Draft, missing};
use super::query::Sort;
use super::rows::{self, ArticlePart, ClusterPart, Places, SourcePart, VersionPart};
use super::types::{Applied, Event, EventKind};
use super::{Store, StoreError, findable, keys};
use crate::cluster::{Change, LinkKind, Member, Relation, SetId, Summary, Version};
use crate::journal::Record;
use crate::model::{ArticleId, ClusterId, Seq, VersionId};

/// For how many records back the change stream can be resumed: some hours of the largest wires, a few tens of MB.
pub(super) const EVENT_SEQS_KEPT: u64 = 1 << 17;

impl Store {
    /// Writes down what a run of entries changed, and gives the events of the change stream in their order.
    ///
    /// Entries that are applied already are passed over, so a batch may be handed over again. All or nothing.
    /// Errors: [`StoreError::OutOfTurn`] where an entry is missing before the first new one; sled's own; `Damaged`.
    pub fn apply(&self, batch: &[Applied<'_>]) -> Result<Vec<Event>, StoreError> {
        self.apply_with(batch, &[], None)
    }

    /// The same, and in one step with it what [`Store::put_findable`] does, where there is an oldest version.
    pub fn apply_with(
        &self,
        batch: &[Applied<'_>],
        findable: &[(VersionId, Vec<u8>)],
        oldest: Option<VersionId>,
    ) -> Result<Vec<Event>, StoreError> {
        let _one_writer = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.with("apply records", |packed| {
            // Before, so that what is handed over again after a fault has changed nothing.
            self.write_if_due(packed)?;
            self.forget_before(packed, batch)?;
            let mut draft = Draft::over(packed, self.meta());
            let events = enter_all(&mut draft, batch, Seq(0))?;
            if let Some(oldest) = oldest {
                findable::enter(&mut draft, findable, oldest)?;
            }
            self.commit(packed, draft)?;
            self.told(self.applied_seq());
            Ok(events)
        })
    }
}

/// Writes a run of entries and their changes into the draft; gives the events. Those of records up to
/// `untold` are too old to be kept once the last record is there, so they are not made.
pub(super) fn enter_all(
    draft: &mut Draft<'_>,
    batch: &[Applied<'_>],
    untold: Seq,
) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    let old = |seq: u64| Seq(seq.saturating_sub(EVENT_SEQS_KEPT));
    let first_old = old(draft.meta.applied_seq + 1);
    for applied in batch {
        let next = draft.meta.applied_seq + 1;
        let seq = applied.entry.seq;
        if seq.0 < next {
            continue;
        }
        if applied.entry.first().0 != next {
            return Err(StoreError::OutOfTurn { expected: Seq(next), found: seq });
        }
        enter(draft, applied)?;
        if seq > untold {
            let told = match &applied.entry.record {
                Record::Erase(erase) => tell_erased(draft, seq, &erase.articles)?,
                Record::Trim(trim) => tell_trimmed(seq, &trim.gone),
                _ => tell(draft, seq, applied.changes)?,
            };
            for run in told.chunks(rows::EVENTS_PER_ROW) {
                let parts: Vec<_> = run.iter().map(rows::event_part).collect();
                draft.put(keys::event(seq, run[0].n), &parts)?;
            }
            events.extend(told);
        }
    }
    // What stands for several records makes as many old events go.
    let end_old = old(draft.meta.applied_seq + 1);
    if first_old < end_old && untold == Seq(0) {
        draft.remove_all(keys::events(first_old)..keys::events(end_old))?;
    }
    Ok(events)
}

/// Writes one entry and its changes into the draft.
fn enter(draft: &mut Draft<'_>, applied: &Applied<'_>) -> Result<(), StoreError> {
    let Applied { entry, location, changes, words } = *applied;
    match &entry.record {
        Record::Version(version) => {
            let words = words.unwrap_or_else(|| version.words());
            let set = joined(version.id, changes);
            enter_version(draft, version, rows::Stands { at: location, set, words })?;
        }
        Record::Lost(_) => draft.meta.lost += 1,
        Record::Settings(_)
        | Record::Source(_)
        | Record::Override(_)
        | Record::Erase(_)
        | Record::Gap(_)
        // What it takes away is taken before: much of it would not fit one batch.
        | Record::Trim(_)
        | Record::Tick => {}
    }
    for change in changes {
        enter_change(draft, change)?;
    }
    draft.meta.applied_seq = entry.seq.0;
    draft.meta.segment = location.segment;
    draft.meta.offset = location.offset;
    Ok(())
}

/// The events of an erasure.
fn tell_erased(
    draft: &Draft<'_>,
    seq: Seq,
    articles: &[ArticleId],
) -> Result<Vec<Event>, StoreError> {
    let event = |(n, &article)| {
        let newest = draft.article(article)?.map(|row| VersionId(row.newest));
        let cluster = newest.map(|newest| cluster_of(draft, newest)).transpose()?.flatten();
        let kind = EventKind::ArticleErased;
        Ok(Event { seq, n, kind, cluster, into: None, article: Some(article), version: None })
    };
    (0..).zip(articles).map(event).collect()
}

/// The events of a trim: a tombstone for each cluster that is gone.
fn tell_trimmed(seq: Seq, gone: &[ClusterId]) -> Vec<Event> {
    let event = |(n, &cluster)| {
        let (kind, cluster) = (EventKind::ClusterTrimmed, Some(cluster));
        Event { seq, n, kind, cluster, into: None, article: None, version: None }
    };
    (0..).zip(gone).map(event).collect()
}

/// The set that a new version comes into.
fn joined(version: VersionId, changes: &[Change]) -> SetId {
    let set = |change: &Change| match change {
        Change::Joined { set, member, .. } if member.version == version => Some(*set),
        _ => None,
    };
    changes.iter().find_map(set).unwrap_or_default()
}

/// The rows of a new version and its article.
fn enter_version(
    draft: &mut Draft<'_>,
    version: &Version,
    stands: rows::Stands,
) -> Result<(), StoreError> {
    let article = version.article_id();
    let part = rows::version_part(version, article, stands);
    // What founds an article was not there before.
    let before = if article.0 == version.id.0 { None } else { draft.article(article)? };
    let is_new = before.is_none();
    let (old_url, old_versions) = before.map_or((None, 0), |old| (old.url, old.versions));
    draft.meta.articles += u64::from(is_new);
    if article.0 != version.id.0 {
        let row = ArticlePart {
            source: part.source.to_owned(),
            url: part.url.map(str::to_owned).or(old_url),
            newest: version.id.0,
            versions: old_versions + 1,
        };
        draft.put(keys::article(article), &row)?;
        draft.put(keys::state(article, version.id), &())?;
    }
    put_passages(draft, version)?;
    for &hash in &version.verdicts.keys {
        draft.name(hash, article)?;
    }
    let source_key = keys::source(part.source);
    let source: Option<SourcePart> = draft.get(&source_key)?;
    draft.meta.sources += u64::from(source.is_none());
    draft.meta.versions += 1;
    let mut source = source.unwrap_or_default();
    source.articles += u64::from(is_new);
    source.versions += 1;
    draft.put(source_key, &source)?;
    draft.put(keys::version(version.id), &part)
}

/// An agency's own item is found from the older texts that have passages of it. From later ones it is found by their own verdicts.
pub(super) fn put_passages(draft: &mut Draft<'_>, version: &Version) -> Result<(), StoreError> {
    if !version.article.is_own_item() {
        return Ok(());
    }
    let links = version.verdicts.links.iter().filter(|link| link.kind == LinkKind::Passage);
    links
        .map(|link| link.other)
        .try_for_each(|text| draft.put(keys::passage(text, version.id), &()))
}

pub(super) fn enter_change(draft: &mut Draft<'_>, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Created { set, cluster } => {
            draft.put(keys::cluster(*cluster), &ClusterPart::Lives(set.0))
        }
        Change::Joined { set, member, .. } | Change::Restated { set, member } => {
            put_member(draft, *set, member)
        }
        Change::Moved { from, to, versions } => {
            versions.iter().try_for_each(|&version| move_member(draft, *from, *to, version))
        }
        Change::Merged { from, into, kept, gone } => {
            remove_set(draft, *gone)?;
            draft.put(keys::cluster(*into), &ClusterPart::Lives(kept.0))?;
            draft.put(keys::cluster(*from), &ClusterPart::Redirects(into.0))
        }
        // Each part's `Updated` says where its id leads, so that one that redirected revives.
        // What is forgotten was taken away before (`Store::forget_before`).
        Change::Split { .. } | Change::Forgotten { .. } => Ok(()),
        Change::Updated { set, summary } => {
            draft.sets.insert(*set, Arc::clone(summary));
            Ok(())
        }
    }
}

pub(super) fn put_member(
    draft: &mut Draft<'_>,
    set: SetId,
    member: &Member,
) -> Result<(), StoreError> {
    draft.put(keys::member(set, member.version), &rows::member_part(member))
}

fn move_member(
    draft: &mut Draft<'_>,
    from: SetId,
    to: SetId,
    version: VersionId,
) -> Result<(), StoreError> {
    let old = keys::member(from, version);
    let member: rows::MemberPart = draft.need(&old)?;
    draft.remove(old);
    draft.put(keys::member(to, version), &member)?;
    let key = keys::version(version);
    let mut part: VersionPart = draft.need(&key)?;
    part.set = to.0;
    draft.put(key, &part)
}

pub(super) fn put_set(
    draft: &mut Draft<'_>,
    set: SetId,
    summary: &Summary,
) -> Result<(), StoreError> {
    let lead: VersionPart = draft.need(&keys::version(summary.lead))?;
    let row = rows::set_part(summary, &lead);
    let old: Option<Places> = draft.head(&keys::set(set))?;
    draft.meta.clusters += u64::from(old.is_none());
    for sort in Sort::ALL {
        let now = keys::order(sort, &row.places);
        if let Some(before) = old.as_ref().map(|old| keys::order(sort, old)) {
            if before == now {
                continue;
            }
            draft.remove(before);
        }
        draft.put(now, &set.0)?;
    }
    draft.put(keys::cluster(summary.cluster), &ClusterPart::Lives(set.0))?;
    draft.put(keys::set(set), &row)
}

pub(super) fn remove_set(draft: &mut Draft<'_>, set: SetId) -> Result<(), StoreError> {
    draft.sets.remove(&set);
    let Some(old) = draft.head::<Places>(&keys::set(set))? else { return Ok(()) };
    for sort in Sort::ALL {
        draft.remove(keys::order(sort, &old));
    }
    draft.meta.clusters -= 1;
    draft.remove(keys::set(set));
    Ok(())
}

/// The events of one record, by the ids that hold after it.
fn tell(draft: &Draft<'_>, seq: Seq, changes: &[Change]) -> Result<Vec<Event>, StoreError> {
    let created: BTreeSet<ClusterId> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Created { cluster, .. } => Some(*cluster),
            _ => None,
        })
        .collect();
    // Another reading of a page is told, so that who keeps copies can follow, and is no update of anything.
    let is_reading = |member: &Member| member.relation == Relation::Reextracted;
    let no_news = changes
        .iter()
        .any(|change| matches!(change, Change::Joined { member, .. } if is_reading(member)));
    let mut events: Vec<Event> = Vec::new();
    for change in changes {
        let n = events.len() as u32;
        let event = |kind, cluster| Event {
            seq,
            n,
            kind,
            cluster: Some(cluster),
            into: None,
            article: None,
            version: None,
        };
        match change {
            Change::Created { cluster, .. } => {
                events.push(event(EventKind::ClusterCreated, *cluster));
            }
            Change::Joined { member, new_article, .. } => {
                let kind = match () {
                    () if is_reading(member) => EventKind::ArticleReextracted,
                    () if *new_article => EventKind::ArticleCreated,
                    () => EventKind::ArticleRevised,
                };
                events.push(Event {
                    cluster: cluster_of(draft, member.version)?,
                    article: Some(member.article),
                    version: Some(member.version),
                    ..event(kind, ClusterId::default())
                });
            }
            Change::Merged { from, into, .. } => {
                events.push(Event { into: Some(*into), ..event(EventKind::ClusterMerged, *from) });
            }
            Change::Split { from, into } => {
                for (n, part) in (n..).zip(into.iter().filter(|part| *part != from)) {
                    let split = event(EventKind::ClusterSplit, *from);
                    events.push(Event { n, into: Some(*part), ..split });
                }
            }
            Change::Updated { summary, .. } if !no_news && !created.contains(&summary.cluster) => {
                events.push(event(EventKind::ClusterUpdated, summary.cluster));
            }
            Change::Updated { .. }
            | Change::Restated { .. }
            | Change::Moved { .. }
            | Change::Forgotten { .. } => {}
        }
    }
    Ok(events)
}

/// The cluster a version is in, as drafted; `None` where its set has no row yet.
fn cluster_of(draft: &Draft<'_>, version: VersionId) -> Result<Option<ClusterId>, StoreError> {
    let key = keys::version(version);
    let set = SetId(draft.head(&key)?.ok_or_else(|| missing(&key))?);
    if let Some(summary) = draft.sets.get(&set) {
        return Ok(Some(summary.cluster));
    }
    let cluster: Option<u64> = draft.head(&keys::set(set))?;
    Ok(cluster.map(ClusterId))
}
