//! Entries to the payload bytes of format 1, and back. The structs here are the disk's own words: core types carry no serde.

mod notes;
mod redacted;
mod version;
mod word;

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};

use super::{Entry, Record};
use crate::cluster::Version;
use crate::model::{Seq, Timestamp};

/// Most bytes of a record before compression: several times the largest body a fetch or a push may bring.
pub const RECORD_BYTES_MAX: usize = 32 << 20;

/// Level 3 saves 3 % of wire copy for a third more work, level 9 some 7 % for five times as much; level -1 costs 25 %.
const ZSTD_LEVEL: i32 = 1;

/// What most versions come to besides their text.
const FURTHER_BYTES: usize = 1 << 10;

/// Bytes of text from which on two threads pack: some ten records, a fifth of a millisecond of work.
const SHARED_BYTES: usize = 32 << 10;

const KIND_VERSION: u8 = 1;
const KIND_LOST: u8 = 2;
const KIND_SETTINGS: u8 = 3;
const KIND_SOURCE: u8 = 4;
/// A version with verdicts of more kinds: the bytes of [`KIND_VERSION`], then what engine 2 added.
const KIND_VERSION_LATER: u8 = 5;
const KIND_OVERRIDE: u8 = 6;
const KIND_ERASE: u8 = 7;
/// A version whose words are gone.
const KIND_REDACTED: u8 = 8;
const KIND_TRIM: u8 = 9;
const KIND_GAP: u8 = 10;
const KIND_TICK: u8 = 11;
/// A version whose publisher said what may be done with it: the bytes of [`KIND_VERSION_LATER`], then its words.
const KIND_VERSION_SIGNALS: u8 = 12;

/// A version whose page is named: the bytes of [`KIND_VERSION_SIGNALS`], then the page's hash.
const KIND_VERSION_RAW: u8 = 13;

/// Why payload bytes are no record of format 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A kind byte that format 1 of this program does not know.
    Kind(u8),
    /// The bytes do not hold what their kind promises; the words say where it broke.
    Broken(String),
}

/// The payload of an entry. `Err` is its size where that is over [`RECORD_BYTES_MAX`].
pub(super) fn encode(entry: &Entry) -> Result<Vec<u8>, usize> {
    let raw = raw(entry);
    if raw.len() > RECORD_BYTES_MAX {
        return Err(raw.len());
    }
    let packed = PACKER.with_borrow_mut(|packer| match packer {
        Some(packer) => packer.compress(&raw),
        none => none.insert(Compressor::new(ZSTD_LEVEL)?).compress(&raw),
    });
    Ok(packed.expect("zstd's own buffer is as large as it asks for"))
}

/// The payloads of entries, in their order. `Err` is the first that is too large, and its size. Where there is much text, another
/// thread packs the second half: nobody is answered before all of it is packed.
pub(super) fn encode_all(entries: &[Entry]) -> Result<Vec<Vec<u8>>, (Seq, usize)> {
    let each = |entries: &[Entry]| -> Result<Vec<Vec<u8>>, (Seq, usize)> {
        let packed = |entry: &Entry| encode(entry).map_err(|bytes| (entry.seq, bytes));
        entries.iter().map(packed).collect()
    };
    let (first, later) = entries.split_at(half(entries));
    if later.is_empty() {
        return each(first);
    }
    thread::scope(|scope| {
        let helper = thread::Builder::new().name("packer".to_owned());
        let helper = helper.spawn_scoped(scope, || with_spare_packer(|| each(later)));
        let mut all = each(first)?;
        let later = match helper {
            Ok(helper) => helper.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // No thread is to be had.
            Err(_) => each(later),
        };
        all.extend(later?);
        Ok(all)
    })
}

/// Where the second half of the text of entries begins; behind them all where there is too little to share.
fn half(entries: &[Entry]) -> usize {
    let text = |entry: &Entry| match &entry.record {
        Record::Version(version) => version.article.text.len(),
        _ => 0,
    };
    let all: usize = entries.iter().map(text).sum();
    if all < SHARED_BYTES {
        return entries.len();
    }
    let mut before = 0;
    let is_before = |entry: &&Entry| {
        before += text(entry);
        before <= all / 2
    };
    entries.iter().take_while(is_before).count().max(1)
}

/// Runs `work` on a thread that ends with it, with what the last such thread packed with.
fn with_spare_packer<T>(work: impl FnOnce() -> T) -> T {
    let spare = || SPARE_PACKER.lock().unwrap_or_else(PoisonError::into_inner);
    PACKER.set(spare().take());
    let done = work();
    *spare() = PACKER.take();
    done
}

/// The entry that a payload of format 1 holds.
pub(super) fn decode(seq: u64, payload: &[u8]) -> Result<Entry, Unreadable> {
    let raw = inflate(payload)?;
    let (kind, body) = raw.split_first().ok_or_else(|| broken("it is empty"))?;
    let (at, record) = match *kind {
        KIND_VERSION => {
            let (at, version) = version::first(seq, body)?;
            (at, Record::Version(Box::new(version)))
        }
        KIND_VERSION_LATER => {
            let (at, version) = version::later(seq, body)?;
            (at, Record::Version(Box::new(version)))
        }
        KIND_VERSION_SIGNALS => {
            let (at, version) = version::with_signals(seq, body)?;
            (at, Record::Version(Box::new(version)))
        }
        KIND_VERSION_RAW => {
            let (at, version) = version::with_raw(seq, body)?;
            (at, Record::Version(Box::new(version)))
        }
        KIND_REDACTED => {
            let (at, version) = redacted::read_back(seq, body)?;
            (at, Record::Version(Box::new(version)))
        }
        KIND_LOST => notes::lost(body)?,
        KIND_SETTINGS => notes::settings(body)?,
        KIND_SOURCE => notes::source(body)?,
        KIND_OVERRIDE => word::read_back(body)?,
        KIND_ERASE => notes::erase(body)?,
        KIND_TRIM => notes::trim(seq, body)?,
        KIND_GAP => notes::gap(seq, body)?,
        KIND_TICK => (read(body)?, Record::Tick),
        unknown => return Err(Unreadable::Kind(unknown)),
    };
    Ok(Entry { seq: Seq(seq), at: Timestamp::from_millis(at), record })
}

/// Kind byte and postcard, before compression: what the golden test holds.
fn raw(entry: &Entry) -> Vec<u8> {
    let at = entry.at.millis();
    match &entry.record {
        Record::Version(version) => match version.redacted {
            Some(left) => write(KIND_REDACTED, &redacted::body(at, version, left)),
            None => raw_version(at, version),
        },
        Record::Lost(lost) => write(KIND_LOST, &notes::of_lost(at, lost)),
        Record::Settings(settings) => write(KIND_SETTINGS, &notes::of_settings(at, settings)),
        Record::Source(source) => write(KIND_SOURCE, &notes::of_source(at, source)),
        Record::Override(spoken) => write(KIND_OVERRIDE, &word::body(at, spoken)),
        Record::Erase(erase) => write(KIND_ERASE, &notes::of_erase(at, erase)),
        Record::Trim(trim) => write(KIND_TRIM, &notes::of_trim(at, trim)),
        Record::Gap(gap) => write(KIND_GAP, &notes::of_gap(at, gap)),
        Record::Tick => write(KIND_TICK, &at),
    }
}

fn raw_version(at: i64, version: &Version) -> Vec<u8> {
    let text_bytes = version.article.text.len();
    if let Some(raw) = version.article.raw {
        return write_long(text_bytes, KIND_VERSION_RAW, &version::body_with_raw(at, version, raw));
    }
    if version.article.signals.is_empty() {
        return write_long(text_bytes, KIND_VERSION_LATER, &version::body(at, version));
    }
    write_long(text_bytes, KIND_VERSION_SIGNALS, &version::body_with_signals(at, version))
}

fn write(kind: u8, disk: &impl Serialize) -> Vec<u8> {
    write_long(0, kind, disk)
}

/// The same, where the text alone comes to so many bytes.
fn write_long(text_bytes: usize, kind: u8, disk: &impl Serialize) -> Vec<u8> {
    let mut raw = Vec::with_capacity(text_bytes + FURTHER_BYTES);
    raw.push(kind);
    postcard::to_extend(disk, raw).expect("a growing buffer takes plain structs of known length")
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Unreadable> {
    match postcard::take_from_bytes(body) {
        Ok((disk, [])) => Ok(disk),
        Ok((_, rest)) => Err(broken(&format!("{} bytes are left over", rest.len()))),
        Err(fault) => Err(broken(&fault.to_string())),
    }
}

fn word_of<T>(what: &str, byte: u8, read: fn(u8) -> Option<T>) -> Result<T, Unreadable> {
    read(byte).ok_or_else(|| broken(&format!("{byte} is no {what}")))
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
    UNPACKER
        .with_borrow_mut(|unpacker| match unpacker {
            Some(unpacker) => unpacker.decompress(payload, named as usize),
            none => none.insert(Decompressor::new()?).decompress(payload, named as usize),
        })
        .map_err(|fault| broken(&fault.to_string()))
}

static SPARE_PACKER: Mutex<Option<Compressor<'static>>> = Mutex::new(None);

thread_local! {
    // What zstd works with, kept: to make it anew costs as much as to pack or unpack a small record.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

#[cfg(test)]
mod tests;
