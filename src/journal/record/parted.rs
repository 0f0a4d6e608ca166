//! A version to the two parts of kind 14, and back: a head as it is, which is all that a fold asks of it, and its words, packed.
//!
//! To unpack a text costs more than to fold its version, and a start or a rebuild looks at none.

use serde::{Deserialize, Serialize};

use super::verdicts::{DiskVerdicts, disk_verdicts, verdicts};
use super::{Unreadable, read, word_of};
use crate::cluster::Version;
use crate::journal::code;
use crate::model::{
    Article, OriginClaim, RawHash, Signal, SourceId, Subject, Timestamp, VersionId,
};

/// Strings are lent where it is written and owned where it is read: none is copied to be packed.
#[derive(Serialize, Deserialize)]
struct DiskHead<S> {
    at: i64,
    seen_at: i64,
    extractor: u16,
    /// Words of the text, which is not here.
    words: u32,
    source: S,
    id: Option<S>,
    url: Option<S>,
    guid: Option<S>,
    title: S,
    kind: u8,
    published: Option<i64>,
    updated: Option<i64>,
    first_seen: Option<i64>,
    not_before: Option<i64>,
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
    signals: Vec<DiskSignal<S>>,
    raw: Option<[u8; 32]>,
    verdicts: DiskVerdicts,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DiskOrigin<S> {
    agency: S,
    basis: u8,
    evidence: S,
}

/// Place, name and value.
pub(super) type DiskSignal<S> = (u8, S, S);

/// The head of a version.
pub(super) fn head(at: i64, version: &Version) -> impl Serialize {
    let article = &version.article;
    let millis = |at: Option<Timestamp>| at.map(Timestamp::millis);
    DiskHead {
        at,
        seen_at: version.seen_at.millis(),
        extractor: version.extractor,
        words: version.words(),
        source: article.source.as_str(),
        id: article.id.as_deref(),
        url: article.url.as_deref(),
        guid: article.guid.as_deref(),
        title: &article.title,
        kind: code::of_page_kind(article.kind),
        published: millis(article.published),
        updated: millis(article.updated),
        first_seen: millis(article.first_seen),
        not_before: millis(article.not_before),
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
        origin: article.origin.as_ref().map(disk_origin),
        signals: article.signals.iter().map(disk_signal).collect(),
        raw: article.raw.map(|RawHash(hash)| hash),
        verdicts: disk_verdicts(&version.verdicts),
    }
}

/// What a version has besides its head; `None` where that is nothing.
pub(super) fn words(version: &Version) -> Option<(&str, Option<&str>)> {
    let (text, extra) = (&version.article.text, &version.article.extra);
    (!text.is_empty() || extra.is_some()).then_some((text, extra.as_deref()))
}

/// The version that a head holds, without its text and what else is packed; the record's time; how many words the text has.
pub(super) fn read_head(seq: u64, head: &[u8]) -> Result<(i64, Version, u32), Unreadable> {
    let disk: DiskHead<String> = read(head)?;
    let time = |at: Option<i64>| at.map(Timestamp::from_millis);
    let subject = |(scheme, code)| Subject { scheme, code };
    let article = Article {
        source: SourceId(disk.source),
        id: disk.id,
        url: disk.url,
        guid: disk.guid,
        title: disk.title,
        text: String::new(),
        kind: word_of("page kind", disk.kind, code::page_kind)?,
        published: time(disk.published),
        updated: time(disk.updated),
        first_seen: time(disk.first_seen),
        not_before: time(disk.not_before),
        lang: disk.lang,
        credit: disk.credit,
        byline: disk.byline,
        version: disk.version,
        slugline: disk.slugline,
        urgency: disk.urgency,
        subjects: disk.subjects.into_iter().map(subject).collect(),
        genre: disk.genre,
        ednote: disk.ednote,
        rights: disk.rights,
        origin: disk.origin.map(origin).transpose()?,
        signals: disk.signals.into_iter().map(signal).collect::<Result<_, _>>()?,
        raw: disk.raw.map(RawHash),
        extra: None,
    };
    let version = Version {
        id: VersionId(seq),
        seen_at: Timestamp::from_millis(disk.seen_at),
        extractor: disk.extractor,
        article,
        verdicts: verdicts(disk.verdicts)?,
        redacted: None,
    };
    Ok((disk.at, version, disk.words))
}

/// Puts back what lay beside the head.
pub(super) fn add_words(version: &mut Version, words: &[u8]) -> Result<(), Unreadable> {
    (version.article.text, version.article.extra) = read(words)?;
    Ok(())
}

fn disk_origin(claim: &OriginClaim) -> DiskOrigin<&str> {
    let OriginClaim { agency, basis, evidence } = claim;
    DiskOrigin { agency, basis: code::of_basis(*basis), evidence }
}

pub(super) fn origin(disk: DiskOrigin<String>) -> Result<OriginClaim, Unreadable> {
    let basis = word_of("basis of origin", disk.basis, code::basis)?;
    Ok(OriginClaim { agency: disk.agency, basis, evidence: disk.evidence })
}

fn disk_signal(signal: &Signal) -> DiskSignal<&str> {
    (code::of_signal_place(signal.place), &signal.name, &signal.value)
}

pub(super) fn signal((place, name, value): DiskSignal<String>) -> Result<Signal, Unreadable> {
    let place = word_of("place of a signal", place, code::signal_place)?;
    Ok(Signal { place, name, value })
}
