//! Entries in turn to durable frames: the one place that writes the journal.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::acked::Acked;
use super::frame::{self, HEADER_BYTES};
use super::reader::{Reader, Shared};
use super::segment::{self, Found, Segment};
use super::{
    Entry, JournalError, Location, Lock, Record, archive, base, disk, erasing, judged, record,
    rewrite,
};
use crate::model::Seq;

/// Bytes after which the next batch goes to a new segment file. A file of this size is read through in well under a second.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// What was found when a journal was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Seq of the last record; 0 in a new journal.
    pub last_seq: Seq,
    /// Bytes that a crash left unfinished, and that were cut. No record among them was ever acknowledged.
    pub cut_bytes: u64,
    /// Where those bytes are kept; `None` where there were none, or a full disk had no room for them.
    pub cut_kept: Option<PathBuf>,
    /// Segment files, the one that is appended to included.
    pub segments: usize,
}

/// The journal, open for appending. Holds the directory's lock until dropped.
#[derive(Debug)]
pub struct Log {
    dir: PathBuf,
    segment_bytes: u64,
    shared: Arc<Shared>,
    tail: Tail,
    acked: Acked,
    daily: Daily,
    lock: Lock,
}

impl Log {
    /// Opens or begins the journal of data directory `dir`: takes the lock, cuts a torn tail (its bytes are kept beside), makes
    /// what is whole durable.
    ///
    /// `dir` itself is made where its parent exists. Errors: [`JournalError::InUse`] with the holder, `Missing`, `Unwritable`, `ReadOnly`,
    /// and `Damaged` where records that were acknowledged are not there; then nothing is changed.
    pub fn open(dir: &Path) -> Result<(Self, Opened), JournalError> {
        Self::open_with(dir, SEGMENT_BYTES)
    }

    /// As [`Log::open`], with segments that end at `segment_bytes` instead of [`SEGMENT_BYTES`].
    pub fn open_with(dir: &Path, segment_bytes: u64) -> Result<(Self, Opened), JournalError> {
        Self::open_any(dir, segment_bytes, |dir| {
            archive::refuse_unfinished(dir)?;
            erasing::refuse_unfinished(dir)
        })
    }

    /// As [`Log::open`], for an erasure: one that did not end is no hindrance.
    pub fn open_to_erase(dir: &Path) -> Result<(Self, Opened), JournalError> {
        Self::open_any(dir, SEGMENT_BYTES, archive::refuse_unfinished)
    }

    /// The same before a restore has ended.
    pub fn open_restored(dir: &Path) -> Result<(Self, Opened), JournalError> {
        Self::open_any(dir, SEGMENT_BYTES, |_| Ok(()))
    }

    /// Begins a new segment with the first batch of each day, too, by the time of its entries.
    pub fn begin_daily(&mut self) -> Result<(), JournalError> {
        let first = Location { segment: self.tail.number, offset: 0 };
        let begun = (self.tail.end > 0).then(|| self.reader().read(first)).transpose()?;
        self.daily = Daily { wanted: true, begun: begun.map(|entry| day_of(&entry)) };
        Ok(())
    }

    /// Ends the appending: all segments are closed ones to the reader. The directory stays locked.
    pub fn close(self) -> Result<(Lock, Reader), JournalError> {
        let reader = Reader::of(&self.dir)?;
        Ok((self.lock, reader))
    }

    fn open_any(
        dir: &Path,
        segment_bytes: u64,
        refuse: fn(&Path) -> Result<(), JournalError>,
    ) -> Result<(Self, Opened), JournalError> {
        make(dir, dir)?;
        let lock = Lock::take(dir)?;
        refuse(dir)?;
        judged::mend(dir)?;
        make(dir, &segment::folder(dir))?;
        rewrite::remove_leftovers(dir)?;
        base::mend(dir)?;
        let found = segment::find(dir)?;
        let cut_kept = keep_torn(dir, &found)?;
        let tail = match found.end {
            0 => Tail::begin(dir, found.tail.max(1))?,
            end => Tail::open(dir, found.tail, found.told, end)?,
        };
        let acked = Acked::open(dir, found.last)?;
        segment::sync_names(dir)?;
        segment::sync_names(&segment::folder(dir))?;
        let opened = Opened {
            last_seq: Seq(found.last),
            cut_bytes: found.torn,
            cut_kept,
            segments: found.files.max(1),
        };
        let shared = Arc::new(Shared::new(found, true));
        let dir = dir.to_path_buf();
        Ok((
            Self { dir, segment_bytes, shared, tail, acked, daily: Daily::default(), lock },
            opened,
        ))
    }

    /// Seq of the last durable record; 0 where there is none.
    pub fn last_seq(&self) -> Seq {
        Seq(self.shared.durable())
    }

    /// Writes entries, in turn from `last_seq + 1` (a gap stands for several numbers), and returns their places once they are durable (`fdatasync`).
    ///
    /// All or nothing: after an error none of them counts, and the same call may be made again unchanged.
    pub fn append(&mut self, entries: &[Entry]) -> Result<Vec<Location>, JournalError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(Vec::new());
        };
        let (bytes, offsets) = self.frames(entries)?;
        self.tail.mend()?;
        let another_day =
            self.daily.wanted && self.daily.begun.is_some_and(|day| day != day_of(first));
        let is_full = self.tail.end + bytes.len() as u64 > self.segment_bytes;
        if self.tail.end > 0 && (is_full || another_day) {
            self.tail = Tail::begin(&self.dir, self.tail.number + 1)?;
        }
        let start = self.tail.end;
        self.tail.write(&bytes)?;
        if start == 0 {
            self.daily.begun = Some(day_of(first));
        }
        let number = self.tail.number;
        let begun = (start == 0).then_some(Segment { number, first: first.seq.0 });
        self.acked.reach(last.seq.0);
        self.shared.reach(begun, last.seq.0);
        Ok(offsets
            .into_iter()
            .map(|offset| Location { segment: number, offset: start + offset })
            .collect())
    }

    /// A reader of everything durable, that sees each batch as soon as it is appended.
    pub fn reader(&self) -> Reader {
        Reader::beside(&self.dir, Arc::clone(&self.shared))
    }

    /// The frames of entries one after another, and where each begins.
    fn frames(&self, entries: &[Entry]) -> Result<(Vec<u8>, Vec<u64>), JournalError> {
        let mut bytes = Vec::new();
        let mut offsets = Vec::with_capacity(entries.len());
        let mut next = Seq(self.shared.durable() + 1);
        for entry in entries {
            let named = match &entry.record {
                Record::Version(version) => Seq(version.id.0),
                Record::Gap(gap) => gap.to,
                _ => entry.seq,
            };
            for (expected, found) in [(next, entry.first()), (entry.seq, named)] {
                if found != expected {
                    return Err(JournalError::OutOfTurn { expected, found });
                }
            }
            if entry.seq < next {
                return Err(JournalError::OutOfTurn { expected: next, found: entry.seq });
            }
            next = Seq(entry.seq.0 + 1);
        }
        let max = record::RECORD_BYTES_MAX;
        let payloads = record::encode_all(entries)
            .map_err(|(seq, bytes)| JournalError::TooLarge { seq, bytes, max })?;
        for (entry, payload) in entries.iter().zip(payloads) {
            offsets.push(bytes.len() as u64);
            bytes.reserve(HEADER_BYTES + payload.len());
            frame::push(&mut bytes, entry.seq.0, &payload);
        }
        Ok((bytes, offsets))
    }
}

/// Whether segments end with the day, and on which day the present one began.
#[derive(Clone, Copy, Debug, Default)]
struct Daily {
    wanted: bool,
    begun: Option<i64>,
}

/// The day of an entry, counted from 1970.
const fn day_of(entry: &Entry) -> i64 {
    entry.at.millis().div_euclid(24 * 3_600_000)
}

/// The segment file that is appended to, and how far it counts.
#[derive(Debug)]
struct Tail {
    file: File,
    path: PathBuf,
    number: u32,
    end: u64,
    /// True where bytes that do not count may lie after `end`.
    dirty: bool,
}

impl Tail {
    /// Makes segment `number`, which holds nothing, and makes its name durable.
    ///
    /// One that an earlier attempt left is made anew: its name would not be written by a second sync of the folder.
    fn begin(dir: &Path, number: u32) -> Result<Self, JournalError> {
        let path = segment::path(dir, number);
        disk::remove(&path).map_err(|source| JournalError::io("remove", &path, source))?;
        let tail = Self::open(dir, number, 0, 0)?;
        segment::sync_names(&segment::folder(dir))?;
        Ok(tail)
    }

    /// Opens segment `number`, cuts it to `end` and makes it durable.
    ///
    /// What nobody was `told` of begins at that byte, and is written again: it may be what a sync failed on, still shown by the
    /// system and never to be written by it.
    fn open(dir: &Path, number: u32, told: u64, end: u64) -> Result<Self, JournalError> {
        let path = segment::path(dir, number);
        let open = || -> io::Result<File> {
            let mut file = disk::open(&path)?;
            disk::cut(&file, &path, end)?;
            if told < end {
                let mut untold = vec![0; usize::try_from(end - told).map_err(io::Error::other)?];
                file.seek(SeekFrom::Start(told))?;
                file.read_exact(&mut untold)?;
                disk::write_at(&file, &path, told, &untold)?;
            }
            disk::sync(&file, &path)?;
            Ok(file)
        };
        let file = open().map_err(|source| JournalError::io("open", &path, source))?;
        Ok(Self { file, path, number, end, dirty: false })
    }

    /// Writes `bytes` at the end and makes them durable; else cuts them off again.
    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.dirty = true;
        let written = disk::write_at(&self.file, &self.path, self.end, bytes)
            .and_then(|()| disk::sync_data(&self.file, &self.path));
        match written {
            Ok(()) => {
                self.end += bytes.len() as u64;
                self.dirty = false;
                Ok(())
            }
            Err(source) => {
                // Where the cut fails, too, the next append begins with it: nothing goes on before it is done.
                let _cut_later = self.mend();
                Err(JournalError::io("write to", &self.path, source))
            }
        }
    }

    /// Cuts what a failed write left behind. What a failed sync was to make durable is written again by the next append, and only
    /// that one's sync counts.
    fn mend(&mut self) -> Result<(), JournalError> {
        if !self.dirty {
            return Ok(());
        }
        disk::cut(&self.file, &self.path, self.end)
            .and_then(|()| disk::sync(&self.file, &self.path))
            .map_err(|source| JournalError::io("cut", &self.path, source))?;
        self.dirty = false;
        Ok(())
    }
}

/// Copies the torn end of the last segment beside it, durably, before it is cut: what it was can be looked into.
fn keep_torn(dir: &Path, found: &Found) -> Result<Option<PathBuf>, JournalError> {
    if found.torn == 0 {
        return Ok(None);
    }
    let path = segment::beside(dir, "cut");
    let copy = || {
        let mut torn = File::open(segment::path(dir, found.tail))?;
        torn.seek(SeekFrom::Start(found.end))?;
        let mut kept = File::create(&path)?;
        io::copy(&mut torn, &mut kept)?;
        kept.sync_all()
    };
    match copy() {
        Ok(()) => Ok(Some(path)),
        // They are known to be nobody's: a start on a full disk does not hang on them.
        Err(fault) if fault.kind() == io::ErrorKind::StorageFull && found.known.is_some() => {
            // A part of them may stand there; it takes room that is needed.
            let _in_the_way = fs::remove_file(&path);
            Ok(None)
        }
        Err(source) => Err(JournalError::io("write", path, source)),
    }
}

/// Makes `folder`, which is the data directory `dir` or lies in it, where it is not there.
fn make(dir: &Path, folder: &Path) -> Result<(), JournalError> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(()),
        Err(_) if folder.is_dir() => Ok(()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            Err(JournalError::Missing { dir: dir.to_path_buf() })
        }
        Err(source) => Err(JournalError::io("make", folder, source)),
    }
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;
