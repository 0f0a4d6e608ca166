//! Ids, names and queries to rows.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::apply::EVENT_SEQS_KEPT;
use super::draft::missing;
use super::packed::{Packed, Scan, settle};
use super::query::{Cursor, Direction, Filter, LIMIT_MAX, Page, Query, Sort, place_of};
use super::rows::{self, ArticlePart, ClusterPart, EventPart, MemberPart, SetRow, VersionPart};
use super::types::{ArticleRow, ClusterRow, Event, Lookup, MemberRow, VersionRow};
use super::{Store, StoreError, keys};
use crate::cluster::SetId;
use crate::model::{ArticleId, ClusterId, Seq, VersionId};

/// Most redirects followed from one id. A chain grows only when an id merges into one that merges later.
const REDIRECTS_MAX: usize = 1_000;

/// Most index entries looked at for one page; then it ends early and its `next` goes on.
const LOOKED_AT_MAX: usize = 20_000;

/// Most events given at once.
const EVENTS_MAX: usize = 10_000;

impl Store {
    /// One page of clusters.
    pub fn clusters(&self, query: &Query) -> Result<Page<ClusterRow>, StoreError> {
        self.with("list clusters", |packed| page(packed, query))
    }

    /// The cluster a public id names.
    pub fn cluster(&self, id: ClusterId) -> Result<Lookup<ClusterRow>, StoreError> {
        self.with("read a cluster", |packed| {
            let mut at = id;
            for _ in 0..REDIRECTS_MAX {
                match get(packed, &keys::cluster(at))? {
                    None if at == id => return Ok(Lookup::Absent),
                    None => return Err(missing(&keys::cluster(at))),
                    Some(ClusterPart::Redirects(into)) => at = ClusterId(into),
                    Some(ClusterPart::Lives(_)) if at != id => return Ok(Lookup::Merged(at)),
                    Some(ClusterPart::Lives(set)) => {
                        let set = SetId(set);
                        let row = whole(packed, set, need(packed, &keys::set(set))?)?;
                        return rows::cluster_row(set, row).map(Lookup::Found);
                    }
                }
            }
            Err(StoreError::damaged(format!("the redirects of {id} have no end")))
        })
    }

    /// The cluster that hangs on a set; `None` where there is no such set.
    pub fn cluster_of_set(&self, set: SetId) -> Result<Option<ClusterRow>, StoreError> {
        self.with("read a cluster", |packed| {
            let Some(row) = get(packed, &keys::set(set))? else { return Ok(None) };
            rows::cluster_row(set, whole(packed, set, row)?).map(Some)
        })
    }

    /// The public id of a set's cluster; `None` where there is no such set.
    pub fn set_cluster(&self, set: SetId) -> Result<Option<ClusterId>, StoreError> {
        self.with("read a cluster", |packed| {
            let row: Option<SetRow> = get(packed, &keys::set(set))?;
            Ok(row.map(|row| ClusterId(row.places.cluster)))
        })
    }

    /// All members of a set, the oldest version first.
    pub fn members(&self, set: SetId) -> Result<Vec<MemberRow>, StoreError> {
        self.with("read members", |packed| {
            let mut members = Vec::new();
            for row in packed.scan_prefix(keys::members(set)) {
                let (key, bytes) = row?;
                let id = keys::last_version(&key).ok_or_else(|| missing(&key))?;
                let member = rows::member(id, &rows::row::<MemberPart>(&key, &bytes)?)?;
                let part: VersionPart = need(packed, &keys::version(id))?;
                // It may just move to another set.
                let version = VersionRow { set, ..rows::version_row(id, part)? };
                members.push(MemberRow { member, version });
            }
            Ok(members)
        })
    }

    /// A version; `None` where there is none of this id.
    pub fn version(&self, id: VersionId) -> Result<Option<VersionRow>, StoreError> {
        self.with("read a version", |packed| {
            let part: Option<VersionPart> = get(packed, &keys::version(id))?;
            part.map(|part| rows::version_row(id, part)).transpose()
        })
    }

    /// Agencies' own items that came after a version and whose passages it has, though they are no versions of it; the oldest first.
    pub fn later_items(&self, text: VersionId) -> Result<Vec<VersionRow>, StoreError> {
        self.with("read a version", |packed| {
            let mut items = Vec::new();
            for row in packed.scan_prefix(keys::passages(text)) {
                let item = keys::last_version(&row?.0).unwrap_or_default();
                // It may just be trimmed.
                let part: Option<VersionPart> = get(packed, &keys::version(item))?;
                items.extend(part.map(|part| rows::version_row(item, part)).transpose()?);
            }
            Ok(items)
        })
    }

    /// An article; `None` where there is none of this id.
    pub fn article(&self, id: ArticleId) -> Result<Option<ArticleRow>, StoreError> {
        self.with("read an article", |packed| {
            let part: Option<ArticlePart> = get(packed, &keys::article(id))?;
            let part = match part {
                Some(part) => Some(part),
                None => alone(packed, VersionId(id.0))?,
            };
            Ok(part.map(|part| rows::article_row(id, part)))
        })
    }

    /// Says that the row of a version is not there, though it has to be: all rows are looked into then. Always an error.
    pub fn lacks(&self, id: VersionId) -> Result<(), StoreError> {
        self.with("read an article", |_| Err(missing(&keys::version(id))))
    }

    /// All versions of an article, the oldest first.
    pub fn article_versions(&self, id: ArticleId) -> Result<Vec<VersionRow>, StoreError> {
        let ids: Vec<VersionId> = self.with("read an article", |packed| {
            let rows = packed.scan_prefix(keys::states(id));
            rows.map(|row| Ok(keys::last_version(&row?.0).unwrap_or_default())).collect()
        })?;
        // The first goes by the number of its article.
        let first = self.version(VersionId(id.0))?.filter(|row| row.article == id);
        let later = ids.into_iter();
        let later = later.map(|id| self.version(id)?.ok_or_else(|| missing(&keys::version(id))));
        first.map(Ok).into_iter().chain(later).collect()
    }

    /// The article that first went by a name: `hash` is one of `Verdicts::keys`.
    pub fn article_named(&self, hash: u64) -> Result<Option<ArticleId>, StoreError> {
        self.with("look up a name", |packed| Ok(get(packed, &keys::name(hash))?.map(ArticleId)))
    }

    /// Events after event `n` of record `seq`, in order, at most `limit` of them.
    ///
    /// Complete only where `after.0` is not before [`Store::events_from`].
    pub fn events(&self, after: (Seq, u32), limit: usize) -> Result<Vec<Event>, StoreError> {
        self.with("read events", |packed| {
            let limit = limit.min(EVENTS_MAX);
            let mut events = Vec::new();
            let (low, high) = (keys::events(after.0), keys::after(&[keys::EVENT]));
            for row in packed.scan(low, high, Direction::Newer) {
                let told = read_events(&row?)?;
                events.extend(told.into_iter().filter(|event| (event.seq, event.n) > after));
                if events.len() >= limit {
                    break;
                }
            }
            events.truncate(limit);
            Ok(events)
        })
    }

    /// The earliest record after which the change stream can be resumed without a gap.
    pub fn events_from(&self) -> Result<Seq, StoreError> {
        let trimmed = self.trimmed()?;
        Ok(Seq(self.meta().applied_seq.saturating_sub(EVENT_SEQS_KEPT)).max(trimmed))
    }

    /// The last record that was trimmed, by the last trim that was applied; 0 where none was.
    pub fn trimmed(&self) -> Result<Seq, StoreError> {
        self.with("read how far it is trimmed", |packed| {
            Ok(Seq(get(packed, &keys::trimmed())?.unwrap_or(0)))
        })
    }

    /// What the poller keeps of an endpoint, byte for byte.
    pub fn poll(&self, endpoint: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.with("read poll state", |packed| bare(packed, &keys::poll(endpoint)))
    }

    /// Keeps the poller's state of an endpoint, at most [`super::ROW_BYTES_MAX`] less a few bytes.
    pub fn put_poll(&self, endpoint: &str, state: &[u8]) -> Result<(), StoreError> {
        self.with("write poll state", |packed| put(packed, &keys::poll(endpoint), state))
    }

    /// What the poller noted of a lead, by the hash it chose for it.
    pub fn seen(&self, lead: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.with("look up a lead", |packed| bare(packed, &keys::seen(lead)))
    }

    /// Calls `each` with every noted lead: for start-up, when visits left open are taken up again.
    pub fn each_seen(&self, each: &mut dyn FnMut(u64, &[u8])) -> Result<(), StoreError> {
        self.with("read leads", |packed| {
            for row in packed.bare().scan_prefix([keys::SEEN]) {
                let (key, bytes) = row?;
                let note: Vec<u8> = rows::unseal(&key, &bytes)?;
                if let Some(lead) = keys::lead(&key) {
                    each(lead, &note);
                }
            }
            Ok(())
        })
    }

    /// Notes what became of a lead.
    pub fn put_seen(&self, lead: u64, note: &[u8]) -> Result<(), StoreError> {
        self.with("note a lead", |packed| put(packed, &keys::seen(lead), note))
    }
}

fn put(packed: &Packed, key: &[u8], bytes: &[u8]) -> Result<(), StoreError> {
    let tree = packed.bare();
    tree.insert(key, rows::seal(key, &bytes)?)?;
    settle(tree, &[key.to_vec()])
}

/// A row of its own.
fn bare<T: DeserializeOwned>(packed: &Packed, key: &[u8]) -> Result<Option<T>, StoreError> {
    packed.bare().get(key)?.map(|bytes| rows::unseal(key, &bytes)).transpose()
}

fn get<T: DeserializeOwned>(packed: &Packed, key: &[u8]) -> Result<Option<T>, StoreError> {
    packed.get(key)?.map(|bytes| rows::row(key, &bytes)).transpose()
}

fn need<T: DeserializeOwned>(packed: &Packed, key: &[u8]) -> Result<T, StoreError> {
    get(packed, key)?.ok_or_else(|| missing(key))
}

/// The article of which a version is the only one.
fn alone(packed: &Packed, first: VersionId) -> Result<Option<ArticlePart>, StoreError> {
    let part: Option<VersionPart> = get(packed, &keys::version(first))?;
    Ok(part.and_then(|part| part.alone(first)))
}

/// A set's row with all its sources: where the row holds a part of them, they are read from its members.
fn whole(packed: &Packed, set: SetId, mut row: SetRow) -> Result<SetRow, StoreError> {
    if row.is_cut() {
        let mut sources = BTreeSet::new();
        for row in packed.scan_prefix(keys::members(set)) {
            let id = keys::last_version(&row?.0).unwrap_or_default();
            sources.insert(need::<VersionPart>(packed, &keys::version(id))?.source);
        }
        row.sources = sources.into_iter().collect();
    }
    Ok(row)
}

fn page(packed: &Packed, query: &Query) -> Result<Page<ClusterRow>, StoreError> {
    let sort = query.cursor.map_or(query.sort, |cursor| cursor.sort);
    let direction = query.cursor.map_or(Direction::Older, |cursor| cursor.direction);
    let limit = query.limit.clamp(1, LIMIT_MAX);
    let filter = Filter::new(query, sort);
    let mut index = walk(packed, query, sort, direction);
    let mut items: Vec<(Cursor, ClusterRow)> = Vec::new();
    // The last item looked at: where the page after this one begins, if there is more.
    let mut at = None;
    let mut more = false;
    for (looked_at, entry) in index.by_ref().enumerate() {
        let (key, set) = entry?;
        if items.len() == limit || looked_at == LOOKED_AT_MAX {
            more = true;
            break;
        }
        let (place, cluster) = keys::read_order(&key).ok_or_else(|| missing(&key))?;
        let cursor = Cursor { sort, direction, place, cluster };
        at = Some(cursor);
        let set = SetId(rows::row(&key, &set)?);
        // A row that moved while the page was read stands elsewhere in the list.
        let Some(row) = get::<SetRow>(packed, &keys::set(set))? else { continue };
        if row.places.cluster != cluster.0 || row.places.place(sort) != place {
            continue;
        }
        let row = whole(packed, set, row)?;
        if filter.takes(&row) {
            items.push((cursor, rows::cluster_row(set, row)?));
        }
    }
    Ok(paged(items, direction, at.filter(|_| more)))
}

/// The index of `sort` within the query's span, from its cursor on, in its direction.
fn walk<'a>(packed: &'a Packed, query: &Query, sort: Sort, direction: Direction) -> Scan<'a> {
    let (mut low, mut high) = (keys::order_from(sort, 0), keys::order_end(sort));
    if sort.by_time() {
        let at =
            |moment: crate::model::Timestamp| keys::order_from(sort, place_of(moment.millis()));
        low = query.since.map_or(low, at);
        high = query.until.map_or(high, at);
    }
    match (&query.cursor, direction) {
        (Some(cursor), Direction::Older) => high = high.min(keys::cursor(cursor)),
        (Some(cursor), Direction::Newer) => {
            let mut after = keys::cursor(cursor);
            after.push(0);
            low = low.max(after);
        }
        (None, _) => {}
    }
    packed.scan(low, high, direction)
}

/// A page in the order of the list, whichever way it was read. `rest` is where the walk stopped with more to come.
fn paged(
    mut items: Vec<(Cursor, ClusterRow)>,
    direction: Direction,
    rest: Option<Cursor>,
) -> Page<ClusterRow> {
    let turned = |cursor: &Cursor, direction| Cursor { direction, ..*cursor };
    if direction == Direction::Newer {
        items.reverse();
    }
    let (mut next, mut newer) = (
        items.last().map(|(cursor, _)| turned(cursor, Direction::Older)),
        items.first().map(|(cursor, _)| turned(cursor, Direction::Newer)),
    );
    match direction {
        Direction::Older => next = rest,
        Direction::Newer => newer = rest.or(newer),
    }
    Page { items: items.into_iter().map(|(_, row)| row).collect(), next, newer }
}

fn read_events((key, bytes): &(Vec<u8>, Vec<u8>)) -> Result<Vec<Event>, StoreError> {
    let (seq, first) = keys::read_event(key).ok_or_else(|| missing(key))?;
    let parts: Vec<EventPart> = rows::row(key, bytes)?;
    (first..).zip(&parts).map(|(n, part)| rows::event(seq, n, part)).collect()
}
