//! A version of an article to the bytes of kinds 1 and 5, and back.

use serde::{Deserialize, Serialize};

use super::{Unreadable, broken, read, word_of};
use crate::cluster::{Link, Verdicts, Version, Withdrawn};
use crate::journal::code;
use crate::model::{Article, ArticleId, OriginClaim, SourceId, Subject, Timestamp, VersionId};

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
pub(super) struct DiskVerdicts {
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
pub(super) struct DiskLater {
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

/// The body of a version with all its verdicts: the bytes of kind 1, then what engine 2 added.
pub(super) fn body(at: i64, version: &Version) -> impl Serialize {
    (disk_version(at, version), disk_later(&version.verdicts))
}

/// The version that a body of kind 1 holds, as engine 1 wrote it, and the record's time.
pub(super) fn first(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let disk: DiskVersion = read(body)?;
    Ok((disk.at, version(seq, disk, DiskLater::default())?))
}

/// The version that a body of kind 5 holds, and the record's time.
pub(super) fn later(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, rest) = postcard::take_from_bytes::<DiskVersion>(body)
        .map_err(|fault| broken(&fault.to_string()))?;
    let later = read(rest)?;
    Ok((disk.at, version(seq, disk, later)?))
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

pub(super) fn disk_verdicts(verdicts: &Verdicts) -> DiskVerdicts {
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

pub(super) fn disk_later(verdicts: &Verdicts) -> DiskLater {
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
        redacted: None,
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
        kind: word_of("page kind", disk.kind, code::page_kind)?,
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
    let basis = word_of("basis of origin", disk.basis, code::basis)?;
    Ok(OriginClaim { agency: disk.agency, basis, evidence: disk.evidence })
}

pub(super) fn verdicts(disk: DiskVerdicts, later: DiskLater) -> Result<Verdicts, Unreadable> {
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
        kind: word_of("link kind", disk.kind, code::link_kind)?,
        reason: word_of("reason of a link", disk.reason, code::reason)?,
        shared: disk.shared,
        size: disk.size,
        other_size: disk.other_size,
        rests_on,
    })
}
