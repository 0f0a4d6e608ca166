//! A version of an article to the bytes of kinds 1, 5, 12 and 13, and back.

use serde::{Deserialize, Serialize};

use super::{Unreadable, broken, read, word_of};
use crate::cluster::{Link, Verdicts, Version, Withdrawn};
use crate::journal::code;
use crate::model::{
    Article, ArticleId, OriginClaim, RawHash, Signal, SourceId, Subject, Timestamp, VersionId,
};

/// Strings are lent where it is written and owned where it is read: a text is not copied to be packed.
#[derive(Serialize, Deserialize)]
struct DiskVersion<S> {
    at: i64,
    seen_at: i64,
    extractor: u16,
    article: DiskArticle<S>,
    verdicts: DiskVerdicts,
}

#[derive(Serialize, Deserialize)]
struct DiskArticle<S> {
    source: S,
    id: Option<S>,
    url: Option<S>,
    guid: Option<S>,
    title: S,
    text: S,
    kind: u8,
    published: Option<i64>,
    updated: Option<i64>,
    first_seen: Option<i64>,
    lang: Option<S>,
    credit: Option<S>,
    byline: Option<S>,
    version: Option<S>,
    slugline: Option<S>,
    urgency: Option<u8>,
    subjects: Vec<(S, S)>,
    genre: Option<S>,
    ednote: Option<S>,
    rights: Option<S>,
    origin: Option<DiskOrigin<S>>,
    extra: Option<S>,
}

#[derive(Serialize, Deserialize)]
struct DiskOrigin<S> {
    agency: S,
    basis: u8,
    evidence: S,
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
    let disk: DiskVersion<String> = read(body)?;
    Ok((disk.at, version(seq, disk, DiskLater::default())?))
}

/// The version that a body of kind 5 holds, and the record's time.
pub(super) fn later(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, rest) = postcard::take_from_bytes::<DiskVersion<String>>(body)
        .map_err(|fault| broken(&fault.to_string()))?;
    let later = read(rest)?;
    Ok((disk.at, version(seq, disk, later)?))
}

/// Place, name and value.
type DiskSignal = (u8, String, String);

/// The body of a version with what its publisher said of its use: the bytes of kind 5, then that.
pub(super) fn body_with_signals(at: i64, version: &Version) -> impl Serialize {
    (disk_version(at, version), disk_later(&version.verdicts), disk_signals(version))
}

/// The same with the page it was read from: the bytes of kind 12, then the page's hash.
pub(super) fn body_with_raw(at: i64, version: &Version, raw: RawHash) -> impl Serialize {
    (disk_version(at, version), disk_later(&version.verdicts), disk_signals(version), raw.0)
}

/// The version that a body of kind 12 holds, and the record's time.
pub(super) fn with_signals(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, later, signals): (DiskVersion<String>, DiskLater, Vec<DiskSignal>) = read(body)?;
    let at = disk.at;
    let mut version = version(seq, disk, later)?;
    version.article.signals = signals.into_iter().map(signal).collect::<Result<_, _>>()?;
    Ok((at, version))
}

/// The version that a body of kind 13 holds, and the record's time.
pub(super) fn with_raw(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, later, signals, raw): (DiskVersion<String>, DiskLater, Vec<DiskSignal>, _) =
        read(body)?;
    let at = disk.at;
    let mut version = version(seq, disk, later)?;
    version.article.signals = signals.into_iter().map(signal).collect::<Result<_, _>>()?;
    version.article.raw = Some(RawHash(raw));
    Ok((at, version))
}

fn disk_signals(version: &Version) -> Vec<DiskSignal> {
    let disk = |signal: &Signal| {
        (code::of_signal_place(signal.place), signal.name.clone(), signal.value.clone())
    };
    version.article.signals.iter().map(disk).collect()
}

fn signal((place, name, value): DiskSignal) -> Result<Signal, Unreadable> {
    let place = word_of("place of a signal", place, code::signal_place)?;
    Ok(Signal { place, name, value })
}

fn disk_version(at: i64, version: &Version) -> DiskVersion<&str> {
    DiskVersion {
        at,
        seen_at: version.seen_at.millis(),
        extractor: version.extractor,
        article: disk_article(&version.article),
        verdicts: disk_verdicts(&version.verdicts),
    }
}

fn disk_article(article: &Article) -> DiskArticle<&str> {
    DiskArticle {
        source: article.source.as_str(),
        id: article.id.as_deref(),
        url: article.url.as_deref(),
        guid: article.guid.as_deref(),
        title: &article.title,
        text: &article.text,
        kind: code::of_page_kind(article.kind),
        published: article.published.map(Timestamp::millis),
        updated: article.updated.map(Timestamp::millis),
        first_seen: article.first_seen.map(Timestamp::millis),
        lang: article.lang.as_deref(),
        credit: article.credit.as_deref(),
        byline: article.byline.as_deref(),
        version: article.version.as_deref(),
        slugline: article.slugline.as_deref(),
        urgency: article.urgency,
        subjects: article.subjects.iter().map(|s| (s.scheme.as_str(), s.code.as_str())).collect(),
        genre: article.genre.as_deref(),
        ednote: article.ednote.as_deref(),
        rights: article.rights.as_deref(),
        origin: article.origin.as_ref().map(|claim| DiskOrigin {
            agency: claim.agency.as_str(),
            basis: code::of_basis(claim.basis),
            evidence: claim.evidence.as_str(),
        }),
        extra: article.extra.as_deref(),
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

fn version(seq: u64, disk: DiskVersion<String>, later: DiskLater) -> Result<Version, Unreadable> {
    Ok(Version {
        id: VersionId(seq),
        seen_at: Timestamp::from_millis(disk.seen_at),
        extractor: disk.extractor,
        article: article(disk.article)?,
        verdicts: verdicts(disk.verdicts, later)?,
        redacted: None,
    })
}

fn article(disk: DiskArticle<String>) -> Result<Article, Unreadable> {
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
        signals: Vec::new(),
        raw: None,
        extra: disk.extra,
    })
}

fn origin(disk: DiskOrigin<String>) -> Result<OriginClaim, Unreadable> {
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
