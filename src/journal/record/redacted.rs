//! A version without its words to the bytes of kind 8, and back.

use serde::{Deserialize, Serialize};

use super::version::{DiskLater, DiskVerdicts, disk_later, disk_verdicts, verdicts};
use super::{Unreadable, broken, read, word_of};
use crate::cluster::{Redacted, Version};
use crate::journal::code;
use crate::model::{Article, OriginClaim, SourceId, Timestamp, VersionId};

#[derive(Serialize, Deserialize)]
struct DiskRedacted {
    at: i64,
    seen_at: i64,
    extractor: u16,
    source: String,
    kind: u8,
    published: Option<i64>,
    updated: Option<i64>,
    lang: Option<String>,
    corrects: bool,
    words: u32,
    /// Agency and basis.
    origin: Option<(String, u8)>,
    verdicts: DiskVerdicts,
}

/// The body of a version that has no words any more.
pub(super) fn body(at: i64, version: &Version, left: Redacted) -> impl Serialize {
    let Article { source, kind, published, updated, lang, origin, .. } = &version.article;
    let disk = DiskRedacted {
        at,
        seen_at: version.seen_at.millis(),
        extractor: version.extractor,
        source: source.as_str().to_owned(),
        kind: code::of_page_kind(*kind),
        published: published.map(Timestamp::millis),
        updated: updated.map(Timestamp::millis),
        lang: lang.clone(),
        corrects: left.corrects,
        words: left.words,
        origin: origin.as_ref().map(|claim| (claim.agency.clone(), code::of_basis(claim.basis))),
        verdicts: disk_verdicts(&version.verdicts),
    };
    (disk, disk_later(&version.verdicts))
}

/// The version that a body holds, and the record's time.
pub(super) fn read_back(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, rest) = postcard::take_from_bytes::<DiskRedacted>(body)
        .map_err(|fault| broken(&fault.to_string()))?;
    let later: DiskLater = read(rest)?;
    let origin = |(agency, basis)| {
        let basis = word_of("basis of origin", basis, code::basis)?;
        Ok(OriginClaim { agency, basis, evidence: String::new() })
    };
    let article = Article {
        source: SourceId(disk.source),
        kind: word_of("page kind", disk.kind, code::page_kind)?,
        published: disk.published.map(Timestamp::from_millis),
        updated: disk.updated.map(Timestamp::from_millis),
        lang: disk.lang,
        origin: disk.origin.map(origin).transpose()?,
        ..Article::default()
    };
    let version = Version {
        id: VersionId(seq),
        seen_at: Timestamp::from_millis(disk.seen_at),
        extractor: disk.extractor,
        article,
        verdicts: verdicts(disk.verdicts, later)?,
        redacted: Some(Redacted { corrects: disk.corrects, words: disk.words }),
    };
    Ok((disk.at, version))
}
