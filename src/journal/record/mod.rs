//! Entries to the payload bytes of format 2, and those of formats 1 and 2 back. The structs here are the disk's own words: core types
//! carry no serde.

mod notes;
mod parted;
mod redacted;
mod verdicts;
mod whole;
mod word;

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};

use super::frame::{self, Frame};
use super::{Entry, Record};
use crate::cluster::Version;
use crate::model::{Seq, Timestamp};

/// Most bytes of a record before compression: several times the largest body a fetch or a push may bring.
pub const RECORD_BYTES_MAX: usize = 32 << 20;

/// Level 3 saves 3 % of wire copy for a third more work, level 9 some 7 % for five times as much; level -1 costs 25 %.
const ZSTD_LEVEL: i32 = 1;

/// What most heads come to.
const HEAD_BYTES: usize = 1 << 10;

/// Bytes before the head: its kind and its length.
const BEFORE_HEAD: usize = 5;

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
/// A version whose text lies beside its head. Since format 2, in place of kinds 1, 5, 12 and 13.
const KIND_VERSION_PARTED: u8 = 14;
/// A version whose words are gone. Since format 2, in place of kind 8.
const KIND_REDACTED_HEAD: u8 = 15;

/// Why payload bytes are no record of formats 1 or 2.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A newer program wrote it: a format or a kind that this one does not know.
    Newer(String),
    /// The bytes do not hold what their kind promises; the words say where it broke.
    Broken(String),
}

/// A record as it was asked for, and of how many words a version's text is where it was asked for without.
pub(super) type Read = (Entry, Option<u32>);

/// The payload of an entry, of format 2. `Err` is its size where that is over [`RECORD_BYTES_MAX`].
pub(super) fn encode(entry: &Entry) -> Result<Vec<u8>, usize> {
    let (mut payload, packed) = parts(entry);
    let bytes = payload.len() + packed.as_ref().map_or(0, Vec::len);
    if bytes > RECORD_BYTES_MAX {
        return Err(bytes);
    }
    if let Some(packed) = packed {
        let packed = PACKER.with_borrow_mut(|packer| match packer {
            Some(packer) => packer.compress(&packed),
            none => none.insert(Compressor::new(ZSTD_LEVEL)?).compress(&packed),
        });
        payload.extend(packed.expect("zstd's own buffer is as large as it asks for"));
    }
    Ok(payload)
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

/// The entry that a frame holds.
pub(super) fn decode(frame: &Frame<'_>) -> Result<Entry, Unreadable> {
    read_frame(frame, true).map(|(entry, _)| entry)
}

/// The same without its text and what else is packed with it, and of how many words that text is where it is a version.
pub(super) fn decode_bare(frame: &Frame<'_>) -> Result<Read, Unreadable> {
    read_frame(frame, false)
}

fn read_frame(frame: &Frame<'_>, with_words: bool) -> Result<Read, Unreadable> {
    if let Some(what) = frame.newer() {
        return Err(Unreadable::Newer(what));
    }
    let seq = frame.seq;
    let (at, record, words) = if frame.format == frame::PACKED {
        let (at, record) = packed(seq, &inflate(frame.payload)?)?;
        match record {
            Record::Version(mut version) if !with_words => {
                let words = version.words();
                (version.article.text, version.article.extra) = (String::new(), None);
                (at, Record::Version(version), Some(words))
            }
            record => (at, record, None),
        }
    } else {
        parted(seq, frame.payload, with_words)?
    };
    Ok((Entry { seq: Seq(seq), at: Timestamp::from_millis(at), record }, words))
}

/// The record of format 1 that was packed as a whole.
fn packed(seq: u64, raw: &[u8]) -> Result<(i64, Record), Unreadable> {
    let (&kind, body) = raw.split_first().ok_or_else(|| broken("it is empty"))?;
    let (at, version) = match kind {
        KIND_VERSION => whole::first(seq, body)?,
        KIND_VERSION_LATER => whole::later(seq, body)?,
        KIND_VERSION_SIGNALS => whole::with_signals(seq, body)?,
        KIND_VERSION_RAW => whole::with_raw(seq, body)?,
        KIND_REDACTED => redacted::read_body(seq, body)?,
        _ => return note(seq, kind, body),
    };
    Ok((at, Record::Version(Box::new(version))))
}

/// The record of format 2: its head as it is, its words packed. The number is that of [`Read`].
fn parted(
    seq: u64,
    payload: &[u8],
    with_words: bool,
) -> Result<(i64, Record, Option<u32>), Unreadable> {
    let (&kind, rest) = payload.split_first().ok_or_else(|| broken("it is empty"))?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| broken("it has no head"))?;
    let (head, words) = rest
        .split_at_checked(u32::from_be_bytes(*length) as usize)
        .ok_or_else(|| broken("its head is cut short"))?;
    if kind == KIND_VERSION_PARTED {
        let (at, mut version, count) = parted::read_head(seq, head)?;
        if with_words && !words.is_empty() {
            parted::add_words(&mut version, &inflate(words)?)?;
        }
        let count = (!with_words).then_some(count);
        return Ok((at, Record::Version(Box::new(version)), count));
    }
    if !words.is_empty() {
        return Err(broken(&format!("{} bytes are left over", words.len())));
    }
    if kind == KIND_REDACTED_HEAD {
        let (at, version) = redacted::read_head(seq, head)?;
        let count = (!with_words).then(|| version.words());
        return Ok((at, Record::Version(Box::new(version)), count));
    }
    let (at, record) = note(seq, kind, head)?;
    Ok((at, record, None))
}

/// What is no version, which both formats write alike.
fn note(seq: u64, kind: u8, body: &[u8]) -> Result<(i64, Record), Unreadable> {
    match kind {
        KIND_LOST => notes::lost(body),
        KIND_SETTINGS => notes::settings(body),
        KIND_SOURCE => notes::source(body),
        KIND_OVERRIDE => word::read_back(body),
        KIND_ERASE => notes::erase(body),
        KIND_TRIM => notes::trim(seq, body),
        KIND_GAP => notes::gap(seq, body),
        KIND_TICK => Ok((read(body)?, Record::Tick)),
        unknown => Err(Unreadable::Newer(format!("kind {unknown}"))),
    }
}

/// The payload up to the end of the head, and what is to be packed behind it.
fn parts(entry: &Entry) -> (Vec<u8>, Option<Vec<u8>>) {
    let at = entry.at.millis();
    let head = match &entry.record {
        Record::Version(version) => match version.redacted {
            Some(left) => write(KIND_REDACTED_HEAD, &redacted::head(at, version, left)),
            None => return parts_of(at, version),
        },
        Record::Lost(lost) => write(KIND_LOST, &notes::of_lost(at, lost)),
        Record::Settings(settings) => write(KIND_SETTINGS, &notes::of_settings(at, settings)),
        Record::Source(source) => write(KIND_SOURCE, &notes::of_source(at, source)),
        Record::Override(spoken) => write(KIND_OVERRIDE, &word::body(at, spoken)),
        Record::Erase(erase) => write(KIND_ERASE, &notes::of_erase(at, erase)),
        Record::Trim(trim) => write(KIND_TRIM, &notes::of_trim(at, trim)),
        Record::Gap(gap) => write(KIND_GAP, &notes::of_gap(at, gap)),
        Record::Tick => write(KIND_TICK, &at),
    };
    (head, None)
}

fn parts_of(at: i64, version: &Version) -> (Vec<u8>, Option<Vec<u8>>) {
    let text_bytes = version.article.text.len();
    let words = parted::words(version)
        .map(|words| append(&words, Vec::with_capacity(text_bytes + BEFORE_HEAD)));
    (write(KIND_VERSION_PARTED, &parted::head(at, version)), words)
}

/// Kind, length of the head, head.
fn write(kind: u8, head: &impl Serialize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(HEAD_BYTES);
    payload.push(kind);
    payload.extend([0; 4]);
    let mut payload = append(head, payload);
    // One that does not fit four bytes is over the bound for records, and goes nowhere.
    let length = (payload.len() - BEFORE_HEAD) as u32;
    payload[1..BEFORE_HEAD].copy_from_slice(&length.to_be_bytes());
    payload
}

fn append(disk: &impl Serialize, to: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(disk, to).expect("a growing buffer takes plain structs of known length")
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
