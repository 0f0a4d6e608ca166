//! What is looked for to the key it lies under. The map of the tree:
//!
//! ```text
//! tag  key after the tag                     row
//! 00                                         meta: applied_seq, counters
//! 01                                         the last record that was trimmed, where one was
//! 10   version u64                           a version as shown, and the set it is in
//! 11   version u64 │ version u64             (empty) the agencies' own items that came later and whose passages a version has
//! 12   article u64                           an article of several versions; one of a single version is that version's row
//! 13   article u64 │ version u64             (empty) the versions of an article after its first, oldest first
//! 14   hash u64                              the article a url or id names
//! 15   source, utf-8                         what a source has brought
//! 20   set u32                               a cluster as lists show it
//! 21   set u32 │ version u64                 a member of a set
//! 22   cluster u64                           the set a public id names, or the id it redirects to
//! 30   sort u8 │ place u64 │ cluster u64     the set; lists are ranges of these, read from the end
//! 40   seq u64 │ n u32                       events n and following of a record in the change stream
//! ─── below derived, above the poller's own ───
//! 60   endpoint, xxh3-128                    poll state, the poller's bytes
//! 61   lead, u64                             what became of a lead, the poller's bytes
//! 62   version u64                           what makes a live version findable; made again from its text where it is lost
//! ```
//! Numbers are big-endian, so that the order of bytes is the order of the journal.

use xxhash_rust::xxh3::xxh3_128;

use super::query::{Cursor, Sort};
use super::rows::Places;
use crate::cluster::SetId;
use crate::model::{ArticleId, ClusterId, Seq, VersionId};

pub(super) const META: u8 = 0x00;
pub(super) const TRIMMED: u8 = 0x01;
pub(super) const VERSION: u8 = 0x10;
pub(super) const PASSAGE: u8 = 0x11;
pub(super) const ARTICLE: u8 = 0x12;
pub(super) const STATE: u8 = 0x13;
pub(super) const NAME: u8 = 0x14;
pub(super) const SOURCE: u8 = 0x15;
pub(super) const SET: u8 = 0x20;
pub(super) const MEMBER: u8 = 0x21;
pub(super) const CLUSTER: u8 = 0x22;
pub(super) const ORDER: u8 = 0x30;
pub(super) const EVENT: u8 = 0x40;
/// First tag that is not derived from the journal.
pub(super) const NOT_DERIVED: u8 = 0x60;
pub(super) const POLL: u8 = 0x60;
pub(super) const SEEN: u8 = 0x61;
pub(super) const FINDABLE: u8 = 0x62;
const GENERATION: u8 = 0x63;

/// The kind of row a key's tag names, for people.
pub(super) const fn kind(tag: u8) -> &'static str {
    match tag {
        META => "meta",
        TRIMMED => "trimmed",
        VERSION => "version",
        PASSAGE => "passage",
        ARTICLE => "article",
        STATE => "state",
        NAME => "name",
        SOURCE => "source",
        SET => "set",
        MEMBER => "member",
        CLUSTER => "cluster",
        ORDER => "order",
        EVENT => "event",
        POLL => "poll",
        SEEN => "seen",
        FINDABLE => "findable",
        GENERATION => "generation",
        _ => "unknown",
    }
}

pub(super) const fn meta() -> [u8; 1] {
    [META]
}

pub(super) const fn generation() -> [u8; 1] {
    [GENERATION]
}

pub(super) const fn trimmed() -> [u8; 1] {
    [TRIMMED]
}

pub(super) fn findable(id: VersionId) -> Vec<u8> {
    tagged(FINDABLE, &[&id.0.to_be_bytes()])
}

pub(super) fn version(id: VersionId) -> Vec<u8> {
    tagged(VERSION, &[&id.0.to_be_bytes()])
}

pub(super) fn passages(text: VersionId) -> Vec<u8> {
    tagged(PASSAGE, &[&text.0.to_be_bytes()])
}

pub(super) fn passage(text: VersionId, item: VersionId) -> Vec<u8> {
    tagged(PASSAGE, &[&text.0.to_be_bytes(), &item.0.to_be_bytes()])
}

/// Text and item of a passage key.
pub(super) fn read_passage(key: &[u8]) -> Option<(VersionId, VersionId)> {
    let (text, item) = key.get(1..)?.split_first_chunk()?;
    let item: &[u8; 8] = item.try_into().ok()?;
    Some((VersionId(u64::from_be_bytes(*text)), VersionId(u64::from_be_bytes(*item))))
}

pub(super) fn article(id: ArticleId) -> Vec<u8> {
    tagged(ARTICLE, &[&id.0.to_be_bytes()])
}

pub(super) fn states(article: ArticleId) -> Vec<u8> {
    tagged(STATE, &[&article.0.to_be_bytes()])
}

pub(super) fn state(article: ArticleId, version: VersionId) -> Vec<u8> {
    tagged(STATE, &[&article.0.to_be_bytes(), &version.0.to_be_bytes()])
}

pub(super) fn name(hash: u64) -> Vec<u8> {
    tagged(NAME, &[&hash.to_be_bytes()])
}

pub(super) fn source(id: &str) -> Vec<u8> {
    tagged(SOURCE, &[id.as_bytes()])
}

pub(super) fn set(id: SetId) -> Vec<u8> {
    tagged(SET, &[&id.0.to_be_bytes()])
}

pub(super) fn members(set: SetId) -> Vec<u8> {
    tagged(MEMBER, &[&set.0.to_be_bytes()])
}

pub(super) fn member(set: SetId, version: VersionId) -> Vec<u8> {
    tagged(MEMBER, &[&set.0.to_be_bytes(), &version.0.to_be_bytes()])
}

pub(super) fn cluster(id: ClusterId) -> Vec<u8> {
    tagged(CLUSTER, &[&id.0.to_be_bytes()])
}

/// The key of a cluster in the index of `sort`.
pub(super) fn order(sort: Sort, places: &Places) -> Vec<u8> {
    order_at(sort, places.place(sort), ClusterId(places.cluster))
}

/// The key of a cursor's item in the index of its sort.
pub(super) fn cursor(cursor: &Cursor) -> Vec<u8> {
    order_at(cursor.sort, cursor.place, cursor.cluster)
}

/// The key below every item of `sort` whose place is `place` or more.
pub(super) fn order_from(sort: Sort, place: u64) -> Vec<u8> {
    tagged(ORDER, &[&[sort.byte()], &place.to_be_bytes()])
}

/// The key above every item of `sort`.
pub(super) fn order_end(sort: Sort) -> Vec<u8> {
    tagged(ORDER, &[&[sort.byte() + 1]])
}

/// Place and cluster that an index key holds.
pub(super) fn read_order(key: &[u8]) -> Option<(u64, ClusterId)> {
    let (place, cluster) = key.get(2..)?.split_first_chunk()?;
    let cluster: &[u8; 8] = cluster.try_into().ok()?;
    Some((u64::from_be_bytes(*place), ClusterId(u64::from_be_bytes(*cluster))))
}

pub(super) fn events(seq: Seq) -> Vec<u8> {
    tagged(EVENT, &[&seq.0.to_be_bytes()])
}

pub(super) fn event(seq: Seq, n: u32) -> Vec<u8> {
    tagged(EVENT, &[&seq.0.to_be_bytes(), &n.to_be_bytes()])
}

/// Seq and number that an event key holds.
pub(super) fn read_event(key: &[u8]) -> Option<(Seq, u32)> {
    let (seq, n) = key.get(1..)?.split_first_chunk()?;
    Some((Seq(u64::from_be_bytes(*seq)), u32::from_be_bytes(n.try_into().ok()?)))
}

/// The version that a member, state or passage key ends with.
pub(super) fn last_version(key: &[u8]) -> Option<VersionId> {
    key.last_chunk().map(|bytes| VersionId(u64::from_be_bytes(*bytes)))
}

pub(super) fn poll(endpoint: &str) -> Vec<u8> {
    tagged(POLL, &[&xxh3_128(endpoint.as_bytes()).to_be_bytes()])
}

pub(super) fn seen(lead: u64) -> Vec<u8> {
    tagged(SEEN, &[&lead.to_be_bytes()])
}

/// The key above all that begin with `prefix`, which is not all ones.
pub(super) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while end.pop_if(|last| *last == u8::MAX).is_some() {}
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

/// The record without which there can be no row under `key`, where the key says so: ids are the seqs of the records they begin with.
pub(super) fn begins_with(key: &[u8]) -> Option<Seq> {
    let (&tag, rest) = key.split_first()?;
    let bytes = match tag {
        VERSION | ARTICLE | CLUSTER | EVENT => rest.first_chunk(),
        PASSAGE | STATE | MEMBER | ORDER => rest.last_chunk(),
        _ => None,
    };
    bytes.map(|bytes| Seq(u64::from_be_bytes(*bytes)))
}

/// The hash of the lead that a seen key ends with.
pub(super) fn lead(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

fn order_at(sort: Sort, place: u64, cluster: ClusterId) -> Vec<u8> {
    tagged(ORDER, &[&[sort.byte()], &place.to_be_bytes(), &cluster.0.to_be_bytes()])
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(tag);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_sort_as_their_numbers_do() {
        let seqs = [0, 1, 255, 256, u64::MAX];
        let keys: Vec<_> = seqs.iter().map(|&seq| event(Seq(seq), 7)).collect();
        assert!(keys.is_sorted());
        for (key, seq) in keys.iter().zip(seqs) {
            assert_eq!(read_event(key), Some((Seq(seq), 7)));
        }
        let key = order_at(Sort::Sources, 5, ClusterId(9));
        assert_eq!(read_order(&key), Some((5, ClusterId(9))));
        assert!(order_from(Sort::Sources, 5) < key && key < order_from(Sort::Sources, 6));
        assert!(key < order_end(Sort::Sources));
        assert_eq!(last_version(&member(SetId(1), VersionId(8))), Some(VersionId(8)));
        let ends = (VersionId(5), VersionId(9));
        assert_eq!(read_passage(&passage(ends.0, ends.1)), Some(ends));
    }

    #[test]
    fn a_key_names_the_record_before_which_its_row_cannot_be() {
        let nine = VersionId(9);
        let keys = [
            version(nine),
            article(ArticleId(9)),
            cluster(ClusterId(9)),
            event(Seq(9), 3),
            state(ArticleId(4), nine),
            member(SetId(4), nine),
            passage(VersionId(4), nine),
            order_at(Sort::Changed, 4, ClusterId(9)),
        ];
        assert!(keys.iter().all(|key| begins_with(key) == Some(Seq(9))));
        for key in [name(9), source("site"), set(SetId(9)), meta().to_vec()] {
            assert_eq!(begins_with(&key), None);
        }
    }

    #[test]
    fn keys_of_no_form_are_no_keys() {
        for key in [&[][..], &[ORDER], &[ORDER, 1, 2, 3], &[0; 40]] {
            assert_eq!(read_order(key), None);
            assert_eq!(read_event(key), None);
            assert_eq!(read_passage(key), None);
        }
    }
}
