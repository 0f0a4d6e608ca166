//! A journal to one file that says of itself whether it is whole, and such a file to a journal.
//!
//! ```text
//! head    "copytaster backup" 17 bytes │ format u8 │ generation u64 │ last seq u64
//! frames  those of the journal, byte for byte, record 1 to the last
//! foot    xxh3 u64 of everything before it                            all integers big-endian
//! ```
//! A restored journal is a prefix of the one that was backed up, under the next generation: what was given out of the records
//! after it must not be taken for what is written in their place.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use super::acked::Acked;
use super::frame::{self, FORMAT};
use super::log::SEGMENT_BYTES;
use super::reader::{Reader, read_frame};
use super::{JournalError, Lock, generation, record, segment};
use crate::model::Seq;

/// What every backup begins with.
const NAME: &[u8; 17] = b"copytaster backup";

/// Format of the backups this program writes.
const ARCHIVE_FORMAT: u8 = 1;

/// Bytes before the first frame.
const HEAD_BYTES: usize = NAME.len() + 1 + 8 + 8;

/// Where a journal is put together; it gets its own name when it is whole.
const RESTORING: &str = "journal.restoring";

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Generation of the history it was taken of.
    pub generation: u64,
    /// Its last record; it holds all from 1 on.
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
    let mut entries = reader.entries(Seq(1));
    let last = entries.until();
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(NAME);
    head.push(ARCHIVE_FORMAT);
    head.extend_from_slice(&generation.to_be_bytes());
    head.extend_from_slice(&last.0.to_be_bytes());
    out.write_all(&head).map_err(failed)?;
    while let Some(entry) = entries.next() {
        let (_, entry) = entry?;
        out.write_all(entries.frame()).map_err(failed)?;
        each(entry.seq);
    }
    let sum = out.sum.digest();
    out.write_all(&sum.to_be_bytes()).and_then(|()| out.flush()).map_err(failed)?;
    Ok(Backup { generation, last, bytes: out.bytes })
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
/// once before anything is made; tells `each` which record is written, and which is the last.
///
/// Errors: [`JournalError::NotEmpty`] where `dir` holds anything, [`JournalError::NoBackup`] where the file is not whole.
pub fn restore(
    from: &Path,
    dir: &Path,
    each: &mut dyn FnMut(Seq, Seq),
) -> Result<Backup, JournalError> {
    refuse_what_is_there(dir)?;
    let backup = read(from, &mut |_, _| Ok(()))?;
    let failed = |what: &'static str, path: &Path| {
        let path = path.to_path_buf();
        move |source| JournalError::io(what, path, source)
    };
    fs::create_dir_all(dir).map_err(failed("make", dir))?;
    let _lock = Lock::take(dir)?;
    let fresh = dir.join(RESTORING);
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(failed("remove", &fresh))?;
    }
    fs::create_dir(&fresh).map_err(failed("make", &fresh))?;
    let mut segments = Segments { folder: fresh.clone(), number: 0, file: None, bytes: 0 };
    let again = read(from, &mut |seq, frame| {
        segments.push(frame)?;
        each(seq, backup.last);
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

/// Refuses a directory in which a restore did not end: it would begin a new history there.
pub(super) fn refuse_unfinished(dir: &Path) -> Result<(), JournalError> {
    if dir.join(RESTORING).exists() && !segment::folder(dir).exists() {
        return Err(JournalError::Unrestored { dir: dir.to_path_buf() });
    }
    Ok(())
}

/// What an earlier try left, and what file systems put into every root, is nothing.
fn refuse_what_is_there(dir: &Path) -> Result<(), JournalError> {
    let names = match fs::read_dir(dir) {
        Ok(names) => names,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(JournalError::io("list", dir, source)),
    };
    for name in names {
        let name = name.map_err(|source| JournalError::io("list", dir, source))?.file_name();
        if ![RESTORING, "lock", "generation", "lost+found"].iter().any(|known| name == **known) {
            return Err(JournalError::NotEmpty { dir: dir.to_path_buf() });
        }
    }
    Ok(())
}

/// Takes each frame of a backup in turn.
type EachFrame<'a> = dyn FnMut(Seq, &[u8]) -> Result<(), JournalError> + 'a;

/// Reads a backup through, gives each frame with its seq in turn, and sees that it is whole.
fn read(from: &Path, each: &mut EachFrame<'_>) -> Result<Backup, JournalError> {
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
    let (generation, last) = read_head(&head).map_err(|what| broken(0, what))?;
    sum.update(&head);
    offset += head.len() as u64;
    let mut done = 0;
    let mut frame = Vec::new();
    while done < last {
        if !read_frame(&mut file, &mut frame).map_err(failed)? {
            return Err(broken(offset, "the file ends before its last record"));
        }
        let parsed = frame::parse(&frame).map_err(|why| broken(offset, why.words()))?;
        if parsed.format != FORMAT {
            return Err(broken(offset, "a newer program wrote it: restore it with that one"));
        }
        let entry = record::decode(parsed.seq, parsed.payload);
        let entry = entry.map_err(|_| broken(offset, "a record cannot be read"))?;
        if entry.first().0 != done + 1 {
            return Err(broken(offset, "a record is missing"));
        }
        done = entry.seq.0;
        sum.update(&frame);
        offset += frame.len() as u64;
        each(entry.seq, &frame)?;
    }
    let mut foot = Vec::new();
    file.take(9).read_to_end(&mut foot).map_err(failed)?;
    if done != last || foot != sum.digest().to_be_bytes() {
        return Err(broken(offset, "its end is not what was written"));
    }
    Ok(Backup { generation, last: Seq(last), bytes: offset + foot.len() as u64 })
}

fn read_head(head: &[u8]) -> Result<(u64, u64), &'static str> {
    let short = "it is no backup of copytaster";
    let rest = head.strip_prefix(NAME).ok_or(short)?;
    let (&format, rest) = rest.split_first().ok_or(short)?;
    if format != ARCHIVE_FORMAT {
        return Err("a newer program wrote it: restore it with that one");
    }
    let (generation, rest) = rest.split_first_chunk().ok_or(short)?;
    let (last, _) = rest.split_first_chunk().ok_or(short)?;
    Ok((u64::from_be_bytes(*generation), u64::from_be_bytes(*last)))
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
