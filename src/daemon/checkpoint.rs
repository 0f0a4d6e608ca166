//! The fold at some record to the file `DIR/checkpoint`, and back: a start reads it and only the records that follow.
//!
//! ```text
//! checkpoint   "copytaster checkpoint\n" │ format u8 │ head │ fold │ short path
//! each part    length u64 │ bytes, the last eight of them xxh3 of the others                              little-endian
//! ```
//! It is a convenience. Where it is missing, damaged, of another build, of other settings, of another generation, of another
//! journal or ahead of the rows, the journal is folded from its first record. `verify` and `replay` never look at it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::Fault;
use super::fold::Fold;
use super::mend::has_room;
use super::stand::Passed;
use crate::cluster::{Clusterer, Params};
use crate::journal::{
    Location, Reader, Settings, SourceNote, beside_file, generation, replace_file,
};
use crate::model::{Seq, SourceId, Timestamp, VersionId};

/// The file in the data directory.
const NAME: &str = "checkpoint";

const MAGIC: &[u8] = b"copytaster checkpoint\n\x02";

const SUM_BYTES: usize = 8;

/// What the fold knows besides its clusters.
#[derive(Serialize, Deserialize)]
struct Head {
    generation: u64,
    seq: u64,
    segment: u32,
    offset: u64,
    /// Checksum of that record as it lies there: no other journal has it.
    mark: u64,
    seen_at: i64,
    gaps: bool,
    /// Keys of articles that were erased.
    erased: Vec<u64>,
    /// Names of articles that were trimmed, and when the last of them were.
    passed: Vec<u64>,
    passed_at: i64,
    /// How often the journal had been rewritten: what was folded before may have words that are gone.
    rewritings: u64,
    settings: Option<SettingsPart>,
    sources: Vec<SourcePart>,
    places: Vec<PlacePart>,
}

#[derive(Serialize, Deserialize)]
struct SettingsPart {
    engine: u16,
    digest: u64,
    window_millis: u64,
    live_max: u64,
}

#[derive(Serialize, Deserialize)]
struct SourcePart {
    id: String,
    name: String,
    kind: String,
    own: bool,
    lang: Option<String>,
}

/// Where the text of a live version lies, and what of it was furniture.
#[derive(Serialize, Deserialize)]
struct PlacePart {
    version: u64,
    segment: u32,
    offset: u64,
    furniture: Vec<u16>,
}

/// Writes the fold down. It has all records up to `fold.last`, all of them durable; `short_path` is of the same moment. After a
/// crash the old file is there, or the new one.
pub(super) fn save(
    dir: &Path,
    reader: &Reader,
    fold: &Fold,
    short_path: &[u8],
) -> Result<(), Fault> {
    // It may well be the largest file there is, and the journal wants the disk more.
    has_room(dir)?;
    let (seq, mark) = reader.mark(fold.at)?;
    if seq != fold.last {
        return Err(Fault::Checkpoint(io::Error::other("the fold is not at the end it names")));
    }
    let head = Head::of(fold, generation(dir)?, mark);
    let mut head =
        postcard::to_stdvec(&head).expect("a growing buffer takes plain structs of known length");
    head.extend(xxh3_64(&head).to_le_bytes());
    let fold = fold.clusterer.freeze();
    let lengths = [head.len(), fold.len(), short_path.len()].map(|len| (len as u64).to_le_bytes());
    let [head_len, fold_len, short_len] = &lengths;
    let parts: [&[u8]; 7] = [MAGIC, head_len, &head, fold_len, &fold, short_len, short_path];
    replace_file(&dir.join(NAME), &parts).map_err(Fault::Checkpoint)
}

/// The fold that was written down, with its short path frozen yet and nothing findable; `None` where there is none. The error
/// says why the one there is does not fit. `applied` is how far the rows are: they need what comes after that.
pub(super) fn load(
    dir: &Path,
    reader: &Reader,
    params: Params,
    applied: Seq,
) -> Result<Option<(Fold, Vec<u8>)>, String> {
    let Some(bytes) = read(dir)? else { return Ok(None) };
    let (head, rest) = head(dir, reader, &bytes)?;
    if Seq(head.seq) > applied {
        return Err(format!("it is at record {}, the derived rows at {applied}", head.seq));
    }
    let (fold, rest) = part(rest)?;
    let (short_path, rest) = part(rest)?;
    if !rest.is_empty() {
        return Err(cut());
    }
    let clusterer = Clusterer::thaw(fold, params).map_err(|why| why.to_string())?;
    Ok(Some((head.fold(reader, params, clusterer), short_path.to_vec())))
}

/// The settings that were last in force in the journal up to a record; `None` where there is no checkpoint of this journal.
pub(super) fn settings(dir: &Path, reader: &Reader) -> Option<(Settings, Seq)> {
    let bytes = read(dir).ok()??;
    let (head, _) = head(dir, reader, &bytes).ok()?;
    Some((head.settings?.into(), Seq(head.seq)))
}

/// Removes it, because words in it (those that a claim of origin was read from) must go.
pub(super) fn remove(dir: &Path) -> Result<(), Fault> {
    let path = dir.join(NAME);
    // What a crash left of a new one has words, too.
    for path in [beside_file(&path), path] {
        match fs::remove_file(path) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                return Err(Fault::Checkpoint(fault));
            }
            _ => {}
        }
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(Fault::Checkpoint)
}

fn read(dir: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(dir.join(NAME)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(format!("it cannot be read: {fault}")),
    }
}

fn cut() -> String {
    "it is damaged".to_owned()
}

/// The first part of `bytes`, and what follows it.
fn part(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut())?;
    rest.split_at_checked(length).ok_or_else(cut)
}

/// The head, where it is of this journal; and the parts behind it.
fn head<'a>(dir: &Path, reader: &Reader, bytes: &'a [u8]) -> Result<(Head, &'a [u8]), String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it is of another build, or none")?;
    let (sealed, rest) = part(rest)?;
    let (head, sum) = sealed.split_last_chunk::<SUM_BYTES>().ok_or_else(cut)?;
    if u64::from_le_bytes(*sum) != xxh3_64(head) {
        return Err(cut());
    }
    let head: Head = postcard::from_bytes(head).map_err(|_| cut())?;
    let at = Location { segment: head.segment, offset: head.offset };
    let of_generation = generation(dir).is_ok_and(|number| number == head.generation);
    let of_journal = reader.mark(at).is_ok_and(|found| found == (Seq(head.seq), head.mark));
    if !(of_generation && of_journal) {
        return Err("it is of another journal".to_owned());
    }
    if head.rewritings != reader.rewritings() {
        return Err("words were removed from the journal since".to_owned());
    }
    Ok((head, rest))
}

impl Head {
    fn of(fold: &Fold, generation: u64, mark: u64) -> Self {
        let source = |note: &SourceNote| SourcePart {
            id: note.id.0.clone(),
            name: note.name.clone(),
            kind: note.kind.clone(),
            own: note.own,
            lang: note.lang.clone(),
        };
        let places = fold.texts.places().map(|(version, at, furniture)| PlacePart {
            version: version.0,
            segment: at.segment,
            offset: at.offset,
            furniture: furniture.to_vec(),
        });
        Self {
            generation,
            seq: fold.last.0,
            segment: fold.at.segment,
            offset: fold.at.offset,
            mark,
            seen_at: fold.seen_at.millis(),
            gaps: fold.gaps,
            erased: fold.erased.iter().copied().collect(),
            passed: fold.passed.names(),
            passed_at: fold.passed.at.millis(),
            rewritings: fold.rewritings,
            settings: fold.settings.as_ref().map(|settings| SettingsPart {
                engine: settings.engine,
                digest: settings.digest,
                window_millis: settings.window_millis,
                live_max: settings.live_max,
            }),
            sources: fold.sources.values().map(source).collect(),
            places: places.collect(),
        }
    }

    fn fold(self, reader: &Reader, params: Params, clusterer: Clusterer) -> Fold {
        let mut fold = Fold::new(reader, params);
        fold.clusterer = clusterer;
        fold.last = Seq(self.seq);
        fold.covered = fold.last;
        fold.at = Location { segment: self.segment, offset: self.offset };
        fold.seen_at = Timestamp::from_millis(self.seen_at);
        fold.gaps = self.gaps;
        fold.erased = self.erased.into_iter().collect();
        fold.rewritings = self.rewritings;
        fold.passed = Passed::of(self.passed, Timestamp::from_millis(self.passed_at));
        fold.settings = self.settings.map(Settings::from);
        fold.sources = self
            .sources
            .into_iter()
            .map(|part| {
                let SourcePart { id, name, kind, own, lang } = part;
                (SourceId(id.clone()), SourceNote { id: SourceId(id), name, kind, own, lang })
            })
            .collect();
        for PlacePart { version, segment, offset, furniture } in self.places {
            fold.texts.place(VersionId(version), Location { segment, offset }, furniture.into());
        }
        fold
    }
}

impl From<SettingsPart> for Settings {
    fn from(part: SettingsPart) -> Self {
        let SettingsPart { engine, digest, window_millis, live_max } = part;
        Self { engine, digest, window_millis, live_max }
    }
}

#[cfg(test)]
pub(super) mod tests;
