//! The bytes of kinds 1, 5, 12 and 13 to the version they hold: packed as a whole, as builds before kind 14 wrote them.

use serde::Deserialize;

use super::parted::{DiskOrigin, DiskSignal, origin, signal};
use super::verdicts::{DiskLink, link};
use super::{Unreadable, broken, read, word_of};
use crate::cluster::{Verdicts, Version, Withdrawn};
use crate::journal::code;
use crate::model::{Article, ArticleId, RawHash, SourceId, Subject, Timestamp, VersionId};

#[derive(Deserialize)]
struct DiskVersion {
    at: i64,
    seen_at: i64,
    extractor: u16,
    article: DiskArticle,
    verdicts: DiskVerdicts,
}

#[derive(Deserialize)]
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
    origin: Option<DiskOrigin<String>>,
    extra: Option<String>,
}

#[derive(Deserialize)]
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
#[derive(Default, Deserialize)]
pub(super) struct DiskLater {
    no_evidence: Vec<u16>,
    headline: u64,
    withdrawn: Vec<(u64, u64)>,
    late_hubs: Vec<u64>,
    unjudged: u32,
    /// The block each link rests on, in the order of the links.
    rests_on: Vec<u64>,
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

/// The version that a body of kind 12 holds, and the record's time.
pub(super) fn with_signals(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, later, signals): (DiskVersion, DiskLater, Vec<DiskSignal<String>>) = read(body)?;
    let at = disk.at;
    let mut version = version(seq, disk, later)?;
    version.article.signals = signals.into_iter().map(signal).collect::<Result<_, _>>()?;
    Ok((at, version))
}

/// The version that a body of kind 13 holds, and the record's time.
pub(super) fn with_raw(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, later, signals, raw): (DiskVersion, DiskLater, Vec<DiskSignal<String>>, _) =
        read(body)?;
    let at = disk.at;
    let mut version = version(seq, disk, later)?;
    version.article.signals = signals.into_iter().map(signal).collect::<Result<_, _>>()?;
    version.article.raw = Some(RawHash(raw));
    Ok((at, version))
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
        not_before: None,
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
