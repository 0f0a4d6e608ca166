//! What was judged of a version to its bytes in a head, and back.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Unreadable, broken, word_of};
use crate::cluster::{Link, Verdicts, Withdrawn};
use crate::journal::code;
use crate::model::{ArticleId, VersionId};

#[derive(Serialize, Deserialize)]
pub(super) struct DiskVerdicts {
    engine: u16,
    /// Of settings, content and headline.
    digests: Hashes,
    article: Option<u64>,
    keys: Hashes,
    blocks: Hashes,
    furniture: Vec<u16>,
    no_evidence: Vec<u16>,
    shingles: u32,
    links: Vec<DiskLink>,
    /// The block each link rests on, in the order of the links.
    rests_on: Hashes,
    hub: bool,
    withdrawn: Vec<(u64, u64)>,
    late_hubs: Vec<u64>,
    unjudged: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DiskLink {
    other: u64,
    kind: u8,
    reason: u8,
    shared: u32,
    size: u32,
    other_size: u32,
}

/// Numbers that are spread over all 64 bits: eight bytes each, little-endian, where a varint takes up to ten and longer to read.
struct Hashes(Vec<u64>);

impl Serialize for Hashes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        to.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(from)?;
        let (hashes, []) = bytes.as_chunks() else {
            return Err(D::Error::custom("hashes have eight bytes each"));
        };
        Ok(Self(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect()))
    }
}

pub(super) fn disk_verdicts(verdicts: &Verdicts) -> DiskVerdicts {
    DiskVerdicts {
        engine: verdicts.engine,
        digests: Hashes(vec![verdicts.settings, verdicts.content, verdicts.headline]),
        article: verdicts.article.map(|id| id.0),
        keys: Hashes(verdicts.keys.clone()),
        blocks: Hashes(verdicts.blocks.clone()),
        furniture: verdicts.furniture.clone(),
        no_evidence: verdicts.no_evidence.clone(),
        shingles: verdicts.shingles,
        links: verdicts.links.iter().map(disk_link).collect(),
        rests_on: Hashes(verdicts.links.iter().map(|link| link.rests_on).collect()),
        hub: verdicts.hub,
        withdrawn: verdicts.withdrawn.iter().map(|link| (link.newer.0, link.older.0)).collect(),
        late_hubs: verdicts.late_hubs.iter().map(|hub| hub.0).collect(),
        unjudged: verdicts.unjudged,
    }
}

pub(super) fn verdicts(disk: DiskVerdicts) -> Result<Verdicts, Unreadable> {
    let [settings, content, headline] = exactly(disk.digests)?;
    if disk.rests_on.0.len() != disk.links.len() {
        return Err(broken("as many links as blocks they rest on belong together"));
    }
    let withdrawn = |(newer, older)| Withdrawn { newer: VersionId(newer), older: VersionId(older) };
    let links = disk.links.iter().zip(disk.rests_on.0);
    Ok(Verdicts {
        engine: disk.engine,
        settings,
        article: disk.article.map(ArticleId),
        keys: disk.keys.0,
        content,
        blocks: disk.blocks.0,
        furniture: disk.furniture,
        no_evidence: disk.no_evidence,
        headline,
        shingles: disk.shingles,
        links: links.map(|(disk, rests_on)| link(disk, rests_on)).collect::<Result<_, _>>()?,
        hub: disk.hub,
        withdrawn: disk.withdrawn.into_iter().map(withdrawn).collect(),
        late_hubs: disk.late_hubs.into_iter().map(VersionId).collect(),
        unjudged: disk.unjudged,
    })
}

/// As many as there have to be.
fn exactly<const N: usize>(hashes: Hashes) -> Result<[u64; N], Unreadable> {
    hashes.0.try_into().map_err(|found: Vec<u64>| {
        broken(&format!("{} hashes stand where {N} belong", found.len()))
    })
}

fn disk_link(link: &Link) -> DiskLink {
    DiskLink {
        other: link.other.0,
        kind: code::of_link_kind(link.kind),
        reason: code::of_reason(link.reason),
        shared: link.shared,
        size: link.size,
        other_size: link.other_size,
    }
}

pub(super) fn link(disk: &DiskLink, rests_on: u64) -> Result<Link, Unreadable> {
    Ok(Link {
        other: VersionId(disk.other),
        kind: word_of("link kind", disk.kind, code::link_kind)?,
        reason: word_of("reason of a link", disk.reason, code::reason)?,
        shared: disk.shared,
        size: disk.size,
        other_size: disk.other_size,
        rests_on,
    })
}
