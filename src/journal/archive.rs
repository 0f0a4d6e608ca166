//! A journal to one file that says of itself whether it is whole, and such a file to a journal.
//!
//! ```text
//! head    "copytaster backup" 17 bytes │ format u8 │ generation u64 │ last seq u64
//! trim    only in format 2, of a trimmed journal: number u32 │ length u64 │ the file it begins with, byte for byte
//! frames  those of the journal, byte for byte, record 1 or the first that was not trimmed to the last
//! foot    xxh3 u64 of everything before it                            all integers big-endian
//! ```
//! A restored journal is a prefix of the one that was backed up, under the next generation: what was given out of the records
//! after it must not be taken for what is written in their place.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::acked::Acked;
use super::frame;
use super::log::SEGMENT_BYTES;
use super::reader::{Entries, Reader, read_frame};
use super::{Base, JournalError, Lock, Mark, base, generation, record, segment};
use crate::model::Seq;

/// What every backup begins with.
const NAME: &[u8; 17] = b"copytaster backup";

/// Format of the backups this program writes, and of those of a trimmed journal.
const ARCHIVE_FORMAT: u8 = 1;
const FORMAT_TRIMMED: u8 = 2;

/// Bytes before the first frame.
const HEAD_BYTES: usize = NAME.len() + 1 + 8 + 8;

/// Where a journal is put together; it gets its own name when it is whole.
const RESTORING: &str = "journal.restoring";

/// The file that says that a restore has not ended: nothing is read or written here but by one that begins anew.
const MARK: &str = "restoring";

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Generation of the history it was taken of.
    pub generation: u64,
    /// Its last record; it holds all before it that were not trimmed.
    pub last: Seq,
    /// Its size.
    pub bytes: u64,
}

/// Writes everything that `reader` can read at this moment to `out`; tells `each` which record is written. Any number of
/// records may be appended meanwhile: none of them is in it.
///
/// Errors: those of reading; an `Io` that names `to` where `out` takes no more.
pub fn write(
    reader: &Reader,
    generation: u64,
    to: &Path,
    out: &mut impl Write,
    each: &mut dyn FnMut(Seq),
) -> Result<Backup, JournalError> {
    let failed = |source| JournalError::io("write", to, source);
    let mut out = Summed { out, sum: Xxh3::new(), bytes: 0 };
    let (base, mut entries) = begin(reader);
    let last = entries.until();
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(NAME);
    head.push(if base.is_some() { FORMAT_TRIMMED } else { ARCHIVE_FORMAT });
    head.extend_from_slice(&generation.to_be_bytes());
    head.extend_from_slice(&last.0.to_be_bytes());
    out.write_all(&head).map_err(failed)?;
    if let Some(base) = base {
        base.check()?;
        let reading = |source| JournalError::io("read", base.path(), source);
        let bytes = fs::read(base.path()).map_err(reading)?;
        out.write_all(&base.number().to_be_bytes()).map_err(failed)?;
        out.write_all(&(bytes.len() as u64).to_be_bytes()).map_err(failed)?;
        out.write_all(&bytes).map_err(failed)?;
    }
    while let Some(entry) = entries.next() {
        let (_, entry) = entry?;
        out.write_all(entries.frame()).map_err(failed)?;
        each(entry.seq);
    }
    let sum = out.sum.digest();
    out.write_all(&sum.to_be_bytes()).and_then(|()| out.flush()).map_err(failed)?;
    Ok(Backup { generation, last, bytes: out.bytes })
}

/// What a journal begins with and the entries that follow it, of one moment.
fn begin(reader: &Reader) -> (Option<Arc<Base>>, Entries) {
    let mut base = reader.base();
    loop {
        // While there are entries to be read, what they follow is not removed.
        let entries = reader.entries(Seq(1));
        let after = reader.base();
        let number = |base: &Option<Arc<Base>>| base.as_ref().map(|base| base.number());
        if number(&base) == number(&after) {
            return (base, entries);
        }
        base = after;
    }
}

/// Writes a backup to the file `to`, which stands under that name only when it is whole and durable. An older file of that
/// name is replaced then.
pub fn write_file(
    reader: &Reader,
    generation: u64,
    to: &Path,
    each: &mut dyn FnMut(Seq),
) -> Result<Backup, JournalError> {
    let partial = beside(to);
    let written = (|| {
        let failed = |what| move |source| JournalError::io(what, to, source);
        let file = File::create(&partial).map_err(failed("make"))?;
        let mut out = BufWriter::new(&file);
        let backup = write(reader, generation, to, &mut out, each)?;
        drop(out);
        file.sync_all().map_err(failed("make durable"))?;
        fs::rename(&partial, to).map_err(failed("name"))?;
        let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        segment::sync_names(folder.unwrap_or(Path::new(".")))?;
        Ok(backup)
    })();
    if written.is_err() {
        // Half a backup is of no use; the fault is what has to be told.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn beside(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    to.with_file_name(name)
}

/// Makes the data directory `dir` from the backup `from`, under the generation after the backup's. The backup is read through
/// once before anything is made; tells `each` which record is written, and which is the last. Nobody opens the directory until
/// [`end_restore`] says that what was erased after the backup is gone again.
///
/// Errors: [`JournalError::NotEmpty`] where `dir` holds anything but what an earlier try left, [`JournalError::NoBackup`] where the file is not whole.
pub fn restore(
    from: &Path,
    dir: &Path,
    each: &mut dyn FnMut(Seq, Seq),
) -> Result<Backup, JournalError> {
    refuse_what_is_there(dir)?;
    let backup = read(from, &mut |_| Ok(()))?;
    let failed = |what: &'static str, path: &Path| {
        let path = path.to_path_buf();
        move |source| JournalError::io(what, path, source)
    };
    fs::create_dir_all(dir).map_err(failed("make", dir))?;
    let _lock = Lock::take(dir)?;
    begin_restore(dir)?;
    let fresh = dir.join(RESTORING);
    fs::create_dir(&fresh).map_err(failed("make", &fresh))?;
    let mut segments = Segments { folder: fresh.clone(), number: 0, file: None, bytes: 0 };
    let again = read(from, &mut |piece| {
        match piece {
            Piece::Base(number, bytes) => {
                let path = fresh.join(base::name(number));
                write_whole(&path, bytes).map_err(failed("write", &path))?;
                segments.number = number;
            }
            Piece::Frame(seq, frame) => {
                segments.push(frame)?;
                each(seq, backup.last);
            }
        }
        Ok(())
    })?;
    segments.close()?;
    if again != backup {
        return Err(JournalError::NoBackup {
            path: from.to_path_buf(),
            offset: 0,
            what: "it changed while it was read".to_owned(),
        });
    }
    segment::sync_names(&fresh)?;
    generation::set(dir, backup.generation + 1)?;
    let journal = segment::folder(dir);
    fs::rename(&fresh, &journal).map_err(failed("name", &journal))?;
    // All of it was acknowledged once.
    drop(Acked::open(dir, backup.last.0)?);
    segment::sync_names(&journal)?;
    segment::sync_names(dir)?;
    Ok(backup)
}

/// What was restored is whole: the directory may be opened.
pub fn end_restore(dir: &Path) -> Result<(), JournalError> {
    mark(dir).end()
}

/// Says, durably, that the directory is not whole, and removes what an earlier try left in it.
fn begin_restore(dir: &Path) -> Result<(), JournalError> {
    mark(dir).begin("a backup")?;
    for path in names(dir)? {
        if path.file_name().is_some_and(|name| !is_nothing(name)) {
            let is_folder = path.is_dir() && !path.is_symlink();
            let removed =
                if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|source| JournalError::io("remove", path, source))?;
        }
    }
    segment::sync_names(dir)
}

/// Refuses a directory in which a restore did not end.
pub(super) fn refuse_unfinished(dir: &Path) -> Result<(), JournalError> {
    if mark(dir).exists() {
        return Err(JournalError::Unrestored { dir: dir.to_path_buf() });
    }
    Ok(())
}

/// Refuses a directory that holds anything, unless a restore began in it: it was empty then, and nobody has opened it since.
fn refuse_what_is_there(dir: &Path) -> Result<(), JournalError> {
    if mark(dir).exists() || !dir.exists() {
        return Ok(());
    }
    let holds = |path: &PathBuf| path.file_name().is_some_and(|name| !is_nothing(name));
    if names(dir)?.iter().any(holds) {
        return Err(JournalError::NotEmpty { dir: dir.to_path_buf() });
    }
    Ok(())
}

/// What a restore begins with, and what file systems put into every root.
fn is_nothing(name: &OsStr) -> bool {
    [MARK, "restoring.new", "lock", "lost+found"].iter().any(|known| name == *known)
}

fn mark(dir: &Path) -> Mark {
    Mark::of(dir, MARK)
}

fn names(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let read = || fs::read_dir(dir)?.map(|name| Ok(name?.path())).collect::<io::Result<_>>();
    read().map_err(|source| JournalError::io("list", dir, source))
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A piece of a backup.
enum Piece<'a> {
    /// The file a trimmed journal begins with, and its number.
    Base(u32, &'a [u8]),
    /// A record.
    Frame(Seq, &'a [u8]),
}

/// Takes each piece of a backup in turn.
type EachPiece<'a> = dyn FnMut(Piece<'_>) -> Result<(), JournalError> + 'a;

/// Reads a backup through, gives each frame with its seq in turn, and sees that it is whole.
fn read(from: &Path, each: &mut EachPiece<'_>) -> Result<Backup, JournalError> {
    let failed = |source| JournalError::io("read", from, source);
    let mut file = BufReader::new(File::open(from).map_err(failed)?);
    let mut sum = Xxh3::new();
    let mut offset = 0;
    let broken = |offset: u64, what: &str| JournalError::NoBackup {
        path: from.to_path_buf(),
        offset,
        what: what.to_owned(),
    };
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
    let (format, generation, last) = read_head(&head).map_err(|what| broken(0, what))?;
    sum.update(&head);
    offset += head.len() as u64;
    let mut done = 0;
    if format == FORMAT_TRIMMED {
        let (mut number, mut length) = ([0; 4], [0; 8]);
        file.read_exact(&mut number).and_then(|()| file.read_exact(&mut length)).map_err(failed)?;
        let mut bytes = Vec::new();
        let mut of = file.by_ref().take(u64::from_be_bytes(length));
        of.read_to_end(&mut bytes).map_err(failed)?;
        done = base::upto_of(&bytes).map_err(|what| broken(offset, what))?;
        for part in [&number[..], &length, &bytes] {
            sum.update(part);
        }
        offset += (number.len() + length.len() + bytes.len()) as u64;
        each(Piece::Base(u32::from_be_bytes(number), &bytes))?;
    }
    let mut frame = Vec::new();
    while done < last {
        if !read_frame(&mut file, &mut frame).map_err(failed)? {
            return Err(broken(offset, "the file ends before its last record"));
        }
        let parsed = frame::parse(&frame).map_err(|why| broken(offset, why.words()))?;
        if parsed.newer().is_some() {
            return Err(broken(offset, "a newer program wrote it: restore it with that one"));
        }
        let entry = record::decode(&parsed);
        let entry = entry.map_err(|_| broken(offset, "a record cannot be read"))?;
        if entry.first().0 != done + 1 {
            return Err(broken(offset, "a record is missing"));
        }
        done = entry.seq.0;
        sum.update(&frame);
        offset += frame.len() as u64;
        each(Piece::Frame(entry.seq, &frame))?;
    }
    let mut foot = Vec::new();
    file.take(9).read_to_end(&mut foot).map_err(failed)?;
    if done != last || foot != sum.digest().to_be_bytes() {
        return Err(broken(offset, "its end is not what was written"));
    }
    Ok(Backup { generation, last: Seq(last), bytes: offset + foot.len() as u64 })
}

/// Format, generation and last record.
fn read_head(head: &[u8]) -> Result<(u8, u64, u64), &'static str> {
    let short = "it is no backup of copytaster";
    let rest = head.strip_prefix(NAME).ok_or(short)?;
    let (&format, rest) = rest.split_first().ok_or(short)?;
    if ![ARCHIVE_FORMAT, FORMAT_TRIMMED].contains(&format) {
        return Err("a newer program wrote it: restore it with that one");
    }
    let (generation, rest) = rest.split_first_chunk().ok_or(short)?;
    let (last, _) = rest.split_first_chunk().ok_or(short)?;
    Ok((format, u64::from_be_bytes(*generation), u64::from_be_bytes(*last)))
}

/// Bytes on their way to `out`, summed and counted.
struct Summed<'a, W> {
    out: &'a mut W,
    sum: Xxh3,
    bytes: u64,
}

impl<W: Write> Write for Summed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Segment files being made, one after another.
struct Segments {
    folder: PathBuf,
    number: u32,
    file: Option<BufWriter<File>>,
    bytes: u64,
}

impl Segments {
    fn push(&mut self, frame: &[u8]) -> Result<(), JournalError> {
        if self.file.is_some() && self.bytes + frame.len() as u64 > SEGMENT_BYTES {
            self.close()?;
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                (self.number, self.bytes) = (self.number + 1, 0);
                let path = segment::path_in(&self.folder, self.number);
                let made = File::create_new(&path);
                let made = made.map_err(|source| JournalError::io("make", &path, source))?;
                none.insert(BufWriter::new(made))
            }
        };
        self.bytes += frame.len() as u64;
        let written = file.write_all(frame);
        written.map_err(|source| JournalError::io("write", self.path(), source))
    }

    /// Makes the open file durable.
    fn close(&mut self) -> Result<(), JournalError> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let durable = file.flush().and_then(|()| file.get_ref().sync_all());
        durable.map_err(|source| JournalError::io("make durable", self.path(), source))
    }

    fn path(&self) -> PathBuf {
        segment::path_in(&self.folder, self.number)
    }
}

#[cfg(test)]
mod tests;
