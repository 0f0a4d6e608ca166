//! What is noted beside versions: lost leads, settings, sources, gaps. Each to its bytes and back.

use serde::{Deserialize, Serialize};

use super::{Unreadable, broken, read};
use crate::journal::{Erase, Gap, Lost, Record, Settings, SourceNote, Trim};
use crate::model::{ArticleId, ClusterId, Seq, SourceId};

#[derive(Serialize, Deserialize)]
pub(super) struct DiskLost {
    at: i64,
    source: String,
    url: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DiskSettings {
    at: i64,
    engine: u16,
    digest: u64,
    window_millis: u64,
    live_max: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DiskSource {
    at: i64,
    id: String,
    name: String,
    kind: String,
    own: bool,
    lang: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DiskErase {
    at: i64,
    articles: Vec<u64>,
    keys: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DiskTrim {
    at: i64,
    upto: u64,
    file: String,
    digest: u64,
    /// Each by its distance from the one before.
    gone: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DiskGap {
    at: i64,
    from: u64,
    to: u64,
    why: String,
}

/// A record and the time it was given its place.
type Dated = (i64, Record);

pub(super) fn of_lost(at: i64, lost: &Lost) -> DiskLost {
    let Lost { source, url, reason } = lost.clone();
    DiskLost { at, source: source.0, url, reason }
}

pub(super) fn lost(body: &[u8]) -> Result<Dated, Unreadable> {
    let DiskLost { at, source, url, reason } = read(body)?;
    Ok((at, Record::Lost(Lost { source: SourceId(source), url, reason })))
}

pub(super) const fn of_settings(at: i64, settings: &Settings) -> DiskSettings {
    let &Settings { engine, digest, window_millis, live_max } = settings;
    DiskSettings { at, engine, digest, window_millis, live_max }
}

pub(super) fn settings(body: &[u8]) -> Result<Dated, Unreadable> {
    let DiskSettings { at, engine, digest, window_millis, live_max } = read(body)?;
    Ok((at, Record::Settings(Settings { engine, digest, window_millis, live_max })))
}

pub(super) fn of_source(at: i64, note: &SourceNote) -> DiskSource {
    let SourceNote { id, name, kind, own, lang } = note.clone();
    DiskSource { at, id: id.0, name, kind, own, lang }
}

pub(super) fn source(body: &[u8]) -> Result<Dated, Unreadable> {
    let DiskSource { at, id, name, kind, own, lang } = read(body)?;
    Ok((at, Record::Source(SourceNote { id: SourceId(id), name, kind, own, lang })))
}

pub(super) fn of_erase(at: i64, erase: &Erase) -> DiskErase {
    let articles = erase.articles.iter().map(|article| article.0).collect();
    DiskErase { at, articles, keys: erase.keys.clone() }
}

pub(super) fn erase(body: &[u8]) -> Result<Dated, Unreadable> {
    let DiskErase { at, articles, keys } = read(body)?;
    let articles = articles.into_iter().map(ArticleId).collect();
    Ok((at, Record::Erase(Erase { articles, keys })))
}

pub(super) fn of_trim(at: i64, trim: &Trim) -> DiskTrim {
    let Trim { upto, file, digest, gone } = trim;
    let mut before = 0;
    let apart = gone.iter().map(|cluster| {
        let apart = cluster.0.wrapping_sub(before);
        before = cluster.0;
        apart
    });
    DiskTrim { at, upto: upto.0, file: file.clone(), digest: *digest, gone: apart.collect() }
}

/// What it trims came before it, and what is gone came before that.
pub(super) fn trim(seq: u64, body: &[u8]) -> Result<Dated, Unreadable> {
    let DiskTrim { at, upto, file, digest, gone } = read(body)?;
    let mut before = 0_u64;
    let gone = gone.into_iter().map(|apart| {
        before = before.checked_add(apart.max(1)).filter(|&cluster| cluster <= upto)?;
        Some(ClusterId(before))
    });
    let gone = gone.collect::<Option<Vec<_>>>();
    match gone {
        Some(gone) if upto < seq => {
            Ok((at, Record::Trim(Trim { upto: Seq(upto), file, digest, gone })))
        }
        _ => Err(broken(&format!("a trim up to {upto} cannot stand at {seq}"))),
    }
}

pub(super) fn of_gap(at: i64, gap: &Gap) -> DiskGap {
    let Gap { from, to, why } = gap.clone();
    DiskGap { at, from: from.0, to: to.0, why }
}

/// A gap stands at the last of the numbers it stands for.
pub(super) fn gap(seq: u64, body: &[u8]) -> Result<Dated, Unreadable> {
    let DiskGap { at, from, to, why } = read(body)?;
    if from == 0 || from > to || to != seq {
        return Err(broken(&format!("a gap from {from} to {to} cannot stand at {seq}")));
    }
    Ok((at, Record::Gap(Gap { from: Seq(from), to: Seq(to), why })))
}
