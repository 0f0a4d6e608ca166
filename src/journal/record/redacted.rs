//! A version without its words to the head of kind 15, and back; and the bytes of kind 8, as builds before it wrote them.

use serde::{Deserialize, Serialize};

use super::verdicts::{DiskVerdicts, disk_verdicts, verdicts};
use super::{Unreadable, broken, read, whole, word_of};
use crate::cluster::{Redacted, Verdicts, Version};
use crate::journal::code;
use crate::model::{Article, OriginClaim, SourceId, Timestamp, VersionId};

#[derive(Serialize, Deserialize)]
struct DiskRedacted<S, V> {
    at: i64,
    seen_at: i64,
    extractor: u16,
    source: S,
    kind: u8,
    published: Option<i64>,
    updated: Option<i64>,
    lang: Option<S>,
    corrects: bool,
    words: u32,
    /// Agency and basis.
    origin: Option<(S, u8)>,
    verdicts: V,
}

/// The head of a version that has no words any more.
pub(super) fn head(at: i64, version: &Version, left: Redacted) -> impl Serialize {
    let Article { source, kind, published, updated, lang, origin, .. } = &version.article;
    DiskRedacted {
        at,
        seen_at: version.seen_at.millis(),
        extractor: version.extractor,
        source: source.as_str(),
        kind: code::of_page_kind(*kind),
        published: published.map(Timestamp::millis),
        updated: updated.map(Timestamp::millis),
        lang: lang.as_deref(),
        corrects: left.corrects,
        words: left.words,
        origin: origin.as_ref().map(|claim| (claim.agency.as_str(), code::of_basis(claim.basis))),
        verdicts: disk_verdicts(&version.verdicts),
    }
}

/// The version that a head holds, and the record's time.
pub(super) fn read_head(seq: u64, head: &[u8]) -> Result<(i64, Version), Unreadable> {
    let disk: DiskRedacted<String, DiskVerdicts> = read(head)?;
    version(seq, disk, verdicts)
}

/// The version that a body of kind 8 holds, and the record's time.
pub(super) fn read_body(seq: u64, body: &[u8]) -> Result<(i64, Version), Unreadable> {
    let (disk, rest) = postcard::take_from_bytes::<DiskRedacted<String, whole::DiskVerdicts>>(body)
        .map_err(|fault| broken(&fault.to_string()))?;
    let later = read(rest)?;
    version(seq, disk, |disk| whole::verdicts(disk, later))
}

fn version<V>(
    seq: u64,
    disk: DiskRedacted<String, V>,
    verdicts: impl FnOnce(V) -> Result<Verdicts, Unreadable>,
) -> Result<(i64, Version), Unreadable> {
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
        verdicts: verdicts(disk.verdicts)?,
        redacted: Some(Redacted { corrects: disk.corrects, words: disk.words }),
    };
    Ok((disk.at, version))
}
