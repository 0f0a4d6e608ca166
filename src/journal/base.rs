//! What a trimmed journal begins with: one file that stands for all records up to one of them.
//!
//! ```text
//! NUMBER.trim   head │ frames of the versions that are still there, without words │ zstd(state of the fold) │ xxh3 u64
//! head          "copytaster trim\n" │ format u8 │ upto u64 │ versions u64 │ bytes of frames u64 │ of state u64 │ xxh3 u64
//! ```
//! All integers big-endian; each checksum covers everything before it. The file has the number of the last segment it stands
//! for. It is in force from the moment that segment is gone, and that segment is the first to go.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::places::{Table, offsets};
use super::reader::read_frame;
use super::{Entry, JournalError, frame, record, segment};
use crate::model::Seq;

const MAGIC: &[u8; 17] = b"copytaster trim\n\x01";

const HEAD_BYTES: usize = MAGIC.len() + 4 * 8 + SUM_BYTES;

const SUM_BYTES: usize = 8;

/// zstd's own default. The state is numbers and hashes for the most part.
const ZSTD_LEVEL: i32 = 3;

/// The file that a trimmed journal begins with.
#[derive(Debug)]
pub struct Base {
    path: PathBuf,
    number: u32,
    upto: u64,
    versions: u64,
    frames: u64,
    state: u64,
    /// Where the frame of each version begins.
    table: OnceLock<Table>,
}

impl Base {
    /// The last record it stands for.
    pub const fn upto(&self) -> Seq {
        Seq(self.upto)
    }

    /// How many versions it holds.
    pub const fn versions(&self) -> u64 {
        self.versions
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the last segment it stands for.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// Opens the file of this number. Of its bytes only head and length are looked at.
    pub(super) fn open(dir: &Path, number: u32) -> Result<Self, JournalError> {
        let path = path(dir, number);
        let failed = |source| JournalError::io("read", &path, source);
        let mut file = match File::open(&path) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
                return Err(damaged(&path, 0, "it is missing"));
            }
            done => done.map_err(failed)?,
        };
        let mut head = Vec::with_capacity(HEAD_BYTES);
        let length = file.metadata().map_err(failed)?.len();
        (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
        let [upto, versions, frames, state] =
            read_head(&head).map_err(|what| damaged(&path, 0, what))?;
        let whole = [HEAD_BYTES as u64, frames, state, SUM_BYTES as u64];
        let whole = whole.into_iter().try_fold(0_u64, u64::checked_add);
        if whole != Some(length) {
            return Err(damaged(&path, length, "its end is missing, or there is more"));
        }
        Ok(Self { path, number, upto, versions, frames, state, table: OnceLock::new() })
    }

    /// Reads it through; gives its checksum.
    pub fn check(&self) -> Result<u64, JournalError> {
        let mut file = self.file(0)?;
        let mut sum = Xxh3::new();
        let mut left = HEAD_BYTES as u64 + self.frames + self.state;
        let mut part = vec![0; 1 << 16];
        while left > 0 {
            let size = part.len().min(usize::try_from(left).unwrap_or(part.len()));
            file.read_exact(&mut part[..size]).map_err(|fault| self.failed(fault))?;
            sum.update(&part[..size]);
            left -= size as u64;
        }
        let mut foot = [0; SUM_BYTES];
        file.read_exact(&mut foot).map_err(|fault| self.failed(fault))?;
        let told = u64::from_be_bytes(foot);
        if told != sum.digest() {
            return Err(damaged(&self.path, 0, "its checksum is another"));
        }
        Ok(told)
    }

    /// The state of the fold as it was given, the whole file being what was written.
    pub fn state(&self) -> Result<Vec<u8>, JournalError> {
        self.check()?;
        let at = HEAD_BYTES as u64 + self.frames;
        let packed = self.file(at)?.take(self.state);
        zstd::stream::decode_all(packed).map_err(|fault| self.failed(fault))
    }

    /// The versions that are still there, in turn.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry, JournalError>> + '_ {
        let (mut file, mut opened) = (None, false);
        let (mut at, end) = (HEAD_BYTES as u64, HEAD_BYTES as u64 + self.frames);
        let mut bytes = Vec::new();
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            if !opened {
                opened = true;
                match self.file(at) {
                    Ok(found) => file = Some(found),
                    Err(fault) => {
                        at = end;
                        return Some(Err(fault));
                    }
                }
            }
            let found = file.as_mut().map(|file| read_frame(file, &mut bytes));
            let entry = match found {
                Some(Ok(true)) => self.parse(at, &bytes),
                Some(Err(fault)) => Err(self.failed(fault)),
                _ => Err(damaged(&self.path, at, "it ends before its last version")),
            };
            at = if entry.is_ok() { at + bytes.len() as u64 } else { end };
            Some(entry)
        })
    }

    /// The version that was record `seq`; `None` where it is not there any more, or was no version.
    pub(super) fn read(&self, seq: Seq) -> Result<Option<Entry>, JournalError> {
        let table = if let Some(table) = self.table.get() {
            table
        } else {
            let mut frames = self.file(HEAD_BYTES as u64)?.take(self.frames);
            let made = offsets(&mut frames).map_err(|fault| self.failed(fault))?;
            self.table.get_or_init(|| made)
        };
        let Ok(at) = table.binary_search_by_key(&seq.0, |&(seq, _)| seq) else { return Ok(None) };
        let at = HEAD_BYTES as u64 + table[at].1;
        let mut bytes = Vec::new();
        let mut file = self.file(at)?;
        read_frame(&mut file, &mut bytes).map_err(|fault| self.failed(fault))?;
        self.parse(at, &bytes).map(Some)
    }

    fn parse(&self, at: u64, bytes: &[u8]) -> Result<Entry, JournalError> {
        let frame = frame::parse(bytes).map_err(|why| damaged(&self.path, at, why.words()))?;
        record::decode(&frame).map_err(|_| damaged(&self.path, at, "a record is unreadable"))
    }

    fn file(&self, at: u64) -> Result<BufReader<File>, JournalError> {
        let open = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(at))?;
            Ok(BufReader::new(file))
        };
        open().map_err(|fault| self.failed(fault))
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::io("read", &self.path, source)
    }
}

fn read_head(head: &[u8]) -> Result<[u64; 4], &'static str> {
    let (all, sum) = head.split_last_chunk::<SUM_BYTES>().ok_or("its head is cut short")?;
    if head.len() < HEAD_BYTES || u64::from_be_bytes(*sum) != xxh3_64(all) {
        return Err("its head is not what was written");
    }
    let rest = all.strip_prefix(MAGIC).ok_or("a newer program wrote it, or none")?;
    let mut numbers = rest.as_chunks::<8>().0.iter().map(|number| u64::from_be_bytes(*number));
    Ok([(); 4].map(|()| numbers.next().unwrap_or(0)))
}

/// The last record that a file of these bytes stands for, where they are whole.
pub(super) fn upto_of(bytes: &[u8]) -> Result<u64, &'static str> {
    let (all, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or("it is cut short")?;
    let [upto, ..] = read_head(all.get(..HEAD_BYTES).ok_or("it is cut short")?)?;
    let whole = u64::from_be_bytes(*sum) == xxh3_64(all);
    whole.then_some(upto).ok_or("what stands for its trimmed records is not what was written")
}

pub(super) fn path(dir: &Path, number: u32) -> PathBuf {
    segment::folder(dir).join(name(number))
}

/// The name of the file that stands for the segments up to this one.
pub(super) fn name(number: u32) -> String {
    format!("{number:08}.trim")
}

fn damaged(path: &Path, offset: u64, what: &str) -> JournalError {
    let what = format!("{what}, and it stands for all records before the first segment");
    JournalError::Damaged { path: path.to_path_buf(), offset, what }
}

/// Writes the file for the segments up to `number`, durably. It stands for nothing yet: [`switch`] has it do so. Gives its
/// checksum.
pub(super) fn write(
    dir: &Path,
    number: u32,
    upto: Seq,
    state: &[u8],
    versions: &mut dyn Iterator<Item = Result<Entry, JournalError>>,
) -> Result<u64, JournalError> {
    let path = path(dir, number);
    let new = path.with_extension("trim.new");
    let written = write_new(&new, upto, state, versions).and_then(|digest| {
        fs::rename(&new, &path).map_err(|source| JournalError::io("name", &path, source))?;
        segment::sync_names(&segment::folder(dir))?;
        Ok(digest)
    });
    if written.is_err() {
        // Half of it is of no use; the next opening removes it as well.
        let _ = fs::remove_file(&new);
    }
    written
}

fn write_new(
    new: &Path,
    upto: Seq,
    state: &[u8],
    versions: &mut dyn Iterator<Item = Result<Entry, JournalError>>,
) -> Result<u64, JournalError> {
    let failed = |source| JournalError::io("write", new, source);
    let mut frames = Vec::new();
    let mut count = 0_u64;
    for entry in versions {
        let entry = entry?;
        let payload = record::encode(&entry).map_err(|bytes| JournalError::TooLarge {
            seq: entry.seq,
            bytes,
            max: record::RECORD_BYTES_MAX,
        })?;
        frame::push(&mut frames, entry.seq.0, &payload);
        count += 1;
    }
    let state = zstd::bulk::compress(state, ZSTD_LEVEL).map_err(failed)?;
    let mut head = MAGIC.to_vec();
    for number in [upto.0, count, frames.len() as u64, state.len() as u64] {
        head.extend_from_slice(&number.to_be_bytes());
    }
    head.extend_from_slice(&xxh3_64(&head).to_be_bytes());
    let mut sum = Xxh3::new();
    let mut to = BufWriter::new(File::create(new).map_err(failed)?);
    for part in [&head, &frames, &state] {
        sum.update(part);
        to.write_all(part).map_err(failed)?;
    }
    to.write_all(&sum.digest().to_be_bytes()).map_err(failed)?;
    let file = to.into_inner().map_err(|fault| failed(fault.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(sum.digest())
}

/// Numbers of the files that stand for segments, or are to, ascending.
pub(super) fn numbers(dir: &Path) -> Result<Vec<u32>, JournalError> {
    segment::numbers_of(dir, ".trim")
}

/// The number of the file in force: the highest whose own segment is gone. `segments` are the numbers there are.
pub(super) fn in_force(dir: &Path, segments: &[u32]) -> Result<Option<u32>, JournalError> {
    let numbers = numbers(dir)?;
    Ok(numbers.into_iter().rev().find(|number| segments.binary_search(number).is_err()))
}

/// Removes the segments that file `number` stands for, its own first: from then on it is in force, whatever else is there. Then
/// the files that stood for fewer. A crash in between leaves what the next call removes.
pub(super) fn remove_trimmed(dir: &Path, number: u32) -> Result<(), JournalError> {
    let folder = segment::folder(dir);
    let own = segment::path(dir, number);
    if own.exists() {
        fs::remove_file(&own).map_err(|source| JournalError::io("remove", &own, source))?;
        segment::sync_names(&folder)?;
    }
    let segments =
        segment::numbers(dir)?.into_iter().map(|other| (other, segment::path(dir, other)));
    let files = numbers(dir)?.into_iter().map(|other| (other, path(dir, other)));
    let old: Vec<PathBuf> =
        segments.chain(files).filter(|&(other, _)| other < number).map(|(_, path)| path).collect();
    for path in &old {
        fs::remove_file(path).map_err(|source| JournalError::io("remove", path, source))?;
    }
    if old.is_empty() { Ok(()) } else { segment::sync_names(&folder) }
}

/// At an opening: removes what a crash left of a file being written, and of segments that another stands for.
pub(super) fn mend(dir: &Path) -> Result<(), JournalError> {
    let folder = segment::folder(dir);
    for number in segment::numbers_of(dir, ".trim.new")? {
        let new = folder.join(format!("{}.new", name(number)));
        fs::remove_file(&new).map_err(|source| JournalError::io("remove", new, source))?;
    }
    match in_force(dir, &segment::numbers(dir)?)? {
        Some(number) => remove_trimmed(dir, number),
        None => Ok(()),
    }
}

/// Copies the file in force to the journal of another data directory, durably.
pub(super) fn copy(base: &Base, to: &Path) -> Result<(), JournalError> {
    let path = path(to, base.number);
    let copied = fs::create_dir_all(segment::folder(to))
        .and_then(|()| fs::copy(&base.path, &path))
        .and_then(|_| File::open(&path)?.sync_all());
    copied.map_err(|source| JournalError::io("write", &path, source))?;
    segment::sync_names(&segment::folder(to))
}

#[cfg(test)]
mod tests;
