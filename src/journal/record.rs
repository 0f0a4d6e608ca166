//! Entries to the payload bytes of format 1, and back. The structs here are the disk's own words: core types carry no serde.

use serde::{Deserialize, Serialize};

use super::{Entry, Lost, Record, Settings, SourceNote, code};
use crate::cluster::{Link, Verdicts, Version, Withdrawn};
use crate::model::{Article, ArticleId, OriginClaim, Seq, SourceId, Subject, Timestamp, VersionId};

/// Most bytes of a record before compression: several times the largest body a fetch or a push may bring.
pub const RECORD_BYTES_MAX: usize = 32 << 20;

/// zstd's own default: level 9 saves 4 % of wire copy for four times the work.
const ZSTD_LEVEL: i32 = 3;

const KIND_VERSION: u8 = 1;
const KIND_LOST: u8 = 2;
const KIND_SETTINGS: u8 = 3;
const KIND_SOURCE: u8 = 4;
/// A version with verdicts of more kinds: the bytes of [`KIND_VERSION`], then [`DiskLater`].
const KIND_VERSION_LATER: u8 = 5;

/// Why payload bytes are no record of format 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A kind byte that format 1 of this program does not know.
    Kind(u8),
    /// The bytes do not hold what their kind promises; the words say where it broke.
    Broken(String),
}

#[derive(Serialize, Deserialize)]
struct DiskVersion {
    at: i64,
    seen_at: i64,
    extractor: u16,
    article: DiskArticle,
    verdicts: DiskVerdicts,
}

#[derive(Serialize, Deserialize)]
struct DiskArticle {
    source: String,
    id: Option<String>,
    url: Option<String>,
    guid: Option<String>,
    title: String,
    text: String,
    kind: u8,
    published: Option<i64>,
    updated: Option<i64>,
    first_seen: Option<i64>,
    lang: Option<String>,
    credit: Option<String>,
    byline: Option<String>,
    version: Option<String>,
    slugline: Option<String>,
    urgency: Option<u8>,
    subjects: Vec<(String, String)>,
    genre: Option<String>,
    ednote: Option<String>,
    rights: Option<String>,
    origin: Option<DiskOrigin>,
    extra: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct DiskOrigin {
    agency: String,
    basis: u8,
    evidence: String,
}

#[derive(Serialize, Deserialize)]
struct DiskVerdicts {
    engine: u16,
    settings: u64,
    article: Option<u64>,
    keys: Vec<u64>,
    content: u64,
    blocks: Vec<u64>,
    furniture: Vec<u16>,
    shingles: u32,
    links: Vec<DiskLink>,
    hub: bool,
}

/// What verdicts hold since engine 2.
#[derive(Default, Serialize, Deserialize)]
struct DiskLater {
    no_evidence: Vec<u16>,
    headline: u64,
    withdrawn: Vec<(u64, u64)>,
    late_hubs: Vec<u64>,
    unjudged: u32,
    /// The block each link rests on, in the order of the links.
    rests_on: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct DiskLink {
    other: u64,
    kind: u8,
    reason: u8,
    shared: u32,
    size: u32,
    other_size: u32,
}

#[derive(Serialize, Deserialize)]
struct DiskLost {
    at: i64,
    source: String,
    url: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct DiskSettings {
    at: i64,
    engine: u16,
    digest: u64,
    window_millis: u64,
    live_max: u64,
}

#[derive(Serialize, Deserialize)]
struct DiskSource {
    at: i64,
    id: String,
    name: String,
    kind: String,
    own: bool,
    lang: Option<String>,
}

/// The payload of an entry. `Err` is its size where that is over [`RECORD_BYTES_MAX`].
pub(super) fn encode(entry: &Entry) -> Result<Vec<u8>, usize> {
    let raw = raw(entry);
    if raw.len() > RECORD_BYTES_MAX {
        return Err(raw.len());
    }
    Ok(zstd::bulk::compress(&raw, ZSTD_LEVEL)
        .expect("zstd's own buffer is as large as it asks for"))
}

/// The entry that a payload of format 1 holds.
pub(super) fn decode(seq: u64, payload: &[u8]) -> Result<Entry, Unreadable> {
    let raw = inflate(payload)?;
    let (kind, body) = raw.split_first().ok_or_else(|| broken("it is empty"))?;
    let (at, record) = match *kind {
        KIND_VERSION => {
            let disk: DiskVersion = read(body)?;
            (disk.at, Record::Version(Box::new(version(seq, disk, DiskLater::default())?)))
        }
        KIND_VERSION_LATER => {
            let (disk, rest) = postcard::take_from_bytes::<DiskVersion>(body)
                .map_err(|fault| broken(&fault.to_string()))?;
            let later = read(rest)?;
            (disk.at, Record::Version(Box::new(version(seq, disk, later)?)))
        }
        KIND_LOST => {
            let disk: DiskLost = read(body)?;
            let lost = Lost { source: SourceId(disk.source), url: disk.url, reason: disk.reason };
            (disk.at, Record::Lost(lost))
        }
        KIND_SETTINGS => {
            let disk: DiskSettings = read(body)?;
            let DiskSettings { at, engine, digest, window_millis, live_max } = disk;
            (at, Record::Settings(Settings { engine, digest, window_millis, live_max }))
        }
        KIND_SOURCE => {
            let disk: DiskSource = read(body)?;
            let DiskSource { at, id, name, kind, own, lang } = disk;
            (at, Record::Source(SourceNote { id: SourceId(id), name, kind, own, lang }))
        }
        unknown => return Err(Unreadable::Kind(unknown)),
    };
    Ok(Entry { seq: Seq(seq), at: Timestamp::from_millis(at), record })
}

/// Kind byte and postcard, before compression: what the golden test holds.
fn raw(entry: &Entry) -> Vec<u8> {
    let at = entry.at.millis();
    match &entry.record {
        Record::Version(version) => {
            let later = disk_later(&version.verdicts);
            write(KIND_VERSION_LATER, &(disk_version(at, version), later))
        }
        Record::Lost(Lost { source, url, reason }) => write(
            KIND_LOST,
            &DiskLost { at, source: source.0.clone(), url: url.clone(), reason: reason.clone() },
        ),
        Record::Settings(Settings { engine, digest, window_millis, live_max }) => write(
            KIND_SETTINGS,
            &DiskSettings {
                at,
                engine: *engine,
                digest: *digest,
                window_millis: *window_millis,
                live_max: *live_max,
            },
        ),
        Record::Source(SourceNote { id, name, kind, own, lang }) => write(
            KIND_SOURCE,
            &DiskSource {
                at,
                id: id.0.clone(),
                name: name.clone(),
                kind: kind.clone(),
                own: *own,
                lang: lang.clone(),
            },
        ),
    }
}

fn write(kind: u8, disk: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(disk, vec![kind])
        .expect("a growing buffer takes plain structs of known length")
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Unreadable> {
    match postcard::take_from_bytes(body) {
        Ok((disk, [])) => Ok(disk),
        Ok((_, rest)) => Err(broken(&format!("{} bytes are left over", rest.len()))),
        Err(fault) => Err(broken(&fault.to_string())),
    }
}

fn broken(what: &str) -> Unreadable {
    Unreadable::Broken(what.to_owned())
}

/// Decompresses a payload of bounded size; the size it names is not trusted beyond the bound.
fn inflate(payload: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let named = zstd::zstd_safe::get_frame_content_size(payload)
        .ok()
        .flatten()
        .ok_or_else(|| broken("it is not compressed with zstd"))?;
    if named > RECORD_BYTES_MAX as u64 {
        return Err(broken(&format!("it would unpack to {named} bytes")));
    }
    zstd::bulk::decompress(payload, named as usize).map_err(|fault| broken(&fault.to_string()))
}

fn disk_version(at: i64, version: &Version) -> DiskVersion {
    DiskVersion {
        at,
        seen_at: version.seen_at.millis(),
        extractor: version.extractor,
        article: disk_article(version.article.clone()),
        verdicts: disk_verdicts(&version.verdicts),
    }
}

fn disk_article(article: Article) -> DiskArticle {
    DiskArticle {
        source: article.source.0,
        id: article.id,
        url: article.url,
        guid: article.guid,
        title: article.title,
        text: article.text,
        kind: code::of_page_kind(article.kind),
        published: article.published.map(Timestamp::millis),
        updated: article.updated.map(Timestamp::millis),
        first_seen: article.first_seen.map(Timestamp::millis),
        lang: article.lang,
        credit: article.credit,
        byline: article.byline,
        version: article.version,
        slugline: article.slugline,
        urgency: article.urgency,
        subjects: article.subjects.into_iter().map(|s| (s.scheme, s.code)).collect(),
        genre: article.genre,
        ednote: article.ednote,
        rights: article.rights,
        origin: article.origin.map(|claim| DiskOrigin {
            agency: claim.agency,
            basis: code::of_basis(claim.basis),
            evidence: claim.evidence,
        }),
        extra: article.extra,
    }
}

fn disk_verdicts(verdicts: &Verdicts) -> DiskVerdicts {
    DiskVerdicts {
        engine: verdicts.engine,
        settings: verdicts.settings,
        article: verdicts.article.map(|id| id.0),
        keys: verdicts.keys.clone(),
        content: verdicts.content,
        blocks: verdicts.blocks.clone(),
        furniture: verdicts.furniture.clone(),
        shingles: verdicts.shingles,
        links: verdicts.links.iter().map(disk_link).collect(),
        hub: verdicts.hub,
    }
}

fn disk_later(verdicts: &Verdicts) -> DiskLater {
    DiskLater {
        no_evidence: verdicts.no_evidence.clone(),
        headline: verdicts.headline,
        withdrawn: verdicts.withdrawn.iter().map(|link| (link.newer.0, link.older.0)).collect(),
        late_hubs: verdicts.late_hubs.iter().map(|hub| hub.0).collect(),
        unjudged: verdicts.unjudged,
        rests_on: verdicts.links.iter().map(|link| link.rests_on).collect(),
    }
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

fn version(seq: u64, disk: DiskVersion, later: DiskLater) -> Result<Version, Unreadable> {
    Ok(Version {
        id: VersionId(seq),
        seen_at: Timestamp::from_millis(disk.seen_at),
        extractor: disk.extractor,
        article: article(disk.article)?,
        verdicts: verdicts(disk.verdicts, later)?,
    })
}

fn article(disk: DiskArticle) -> Result<Article, Unreadable> {
    Ok(Article {
        source: SourceId(disk.source),
        id: disk.id,
        url: disk.url,
        guid: disk.guid,
        title: disk.title,
        text: disk.text,
        kind: word("page kind", disk.kind, code::page_kind)?,
        published: disk.published.map(Timestamp::from_millis),
        updated: disk.updated.map(Timestamp::from_millis),
        first_seen: disk.first_seen.map(Timestamp::from_millis),
        lang: disk.lang,
        credit: disk.credit,
        byline: disk.byline,
        version: disk.version,
        slugline: disk.slugline,
        urgency: disk.urgency,
        subjects: disk
            .subjects
            .into_iter()
            .map(|(scheme, code)| Subject { scheme, code })
            .collect(),
        genre: disk.genre,
        ednote: disk.ednote,
        rights: disk.rights,
        origin: disk.origin.map(origin).transpose()?,
        extra: disk.extra,
    })
}

fn origin(disk: DiskOrigin) -> Result<OriginClaim, Unreadable> {
    let basis = word("basis of origin", disk.basis, code::basis)?;
    Ok(OriginClaim { agency: disk.agency, basis, evidence: disk.evidence })
}

fn verdicts(disk: DiskVerdicts, later: DiskLater) -> Result<Verdicts, Unreadable> {
    let rests_on = later.rests_on.into_iter().chain(std::iter::repeat(0));
    let withdrawn = |(newer, older)| Withdrawn { newer: VersionId(newer), older: VersionId(older) };
    Ok(Verdicts {
        no_evidence: later.no_evidence,
        headline: later.headline,
        withdrawn: later.withdrawn.into_iter().map(withdrawn).collect(),
        late_hubs: later.late_hubs.into_iter().map(VersionId).collect(),
        unjudged: later.unjudged,
        engine: disk.engine,
        settings: disk.settings,
        article: disk.article.map(ArticleId),
        keys: disk.keys,
        content: disk.content,
        blocks: disk.blocks,
        furniture: disk.furniture,
        shingles: disk.shingles,
        links: disk
            .links
            .iter()
            .zip(rests_on)
            .map(|(disk, rests_on)| link(disk, rests_on))
            .collect::<Result<_, _>>()?,
        hub: disk.hub,
    })
}

fn link(disk: &DiskLink, rests_on: u64) -> Result<Link, Unreadable> {
    Ok(Link {
        other: VersionId(disk.other),
        kind: word("link kind", disk.kind, code::link_kind)?,
        reason: word("reason of a link", disk.reason, code::reason)?,
        shared: disk.shared,
        size: disk.size,
        other_size: disk.other_size,
        rests_on,
    })
}

fn word<T>(what: &str, byte: u8, read: fn(u8) -> Option<T>) -> Result<T, Unreadable> {
    read(byte).ok_or_else(|| broken(&format!("{byte} is no {what}")))
}

#[cfg(test)]
mod tests;
