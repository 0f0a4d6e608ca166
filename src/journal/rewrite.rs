//! A segment file to the same one with other records in some places. The rest is copied as it stands, byte for byte.
//!
//! ```text
//! NUMBER.log.new   written and synced   ── rename ──►   NUMBER.log      then the folder is synced
//! ```
//! A crash leaves the old file or the new one. Each record keeps its number and its time; what follows it moves.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::reader::{Reader, Wanted, read_frame};
use super::{Entry, JournalError, Location, Record, frame, generation, record, segment};
use crate::model::Seq;

/// A segment file as it was and as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Records that are others now.
    pub records: u64,
    /// Its bytes before.
    pub before: u64,
    /// Its bytes after.
    pub after: u64,
}

impl Reader {
    /// Numbers and first records of the segments that may be [rewritten](Reader::rewrite), ascending.
    pub fn closed(&self) -> Vec<(u32, Seq)> {
        let segments = self.shared.closed();
        segments.into_iter().map(|segment| (segment.number, Seq(segment.first))).collect()
    }

    /// Bytes of one segment file.
    pub fn segment_bytes(&self, number: u32) -> Result<u64, JournalError> {
        let path = segment::path(&self.dir, number);
        let size = fs::metadata(&path).map_err(|source| JournalError::io("look at", path, source));
        Ok(size?.len())
    }

    /// How often records were rewritten: what was folded when it was less may have words that are gone.
    pub fn rewritings(&self) -> u64 {
        generation::rewritings(&self.dir)
    }

    /// The entries of one segment that [`Reader::closed`] tells, without their texts.
    pub fn entries_of(
        &self,
        (number, first): (u32, Seq),
    ) -> impl Iterator<Item = Result<(Location, Entry), JournalError>> {
        let is_there = move |entry: &Result<(Location, _), _>| {
            entry.as_ref().map_or(true, |(location, _)| location.segment == number)
        };
        let entries = self.bare_entries(first);
        entries
            .map(|entry| entry.map(|(location, entry, _)| (location, entry)))
            .take_while(is_there)
    }

    /// Puts what `replace` gives for an entry in its place, in segment `number`. Where it gives nothing for any, nothing is written.
    ///
    /// One caller at a time. Readers go on: those in the midst of the old file read it to its end. Errors: `Damaged` where a frame
    /// is not whole, [`JournalError::Open`] where a log appends to the segment, the disk's own; then the file is as it was.
    pub fn rewrite(
        &self,
        number: u32,
        replace: &mut dyn FnMut(&Entry) -> Option<Record>,
    ) -> Result<Rewritten, JournalError> {
        let path = segment::path(&self.dir, number);
        if self.shared.closed().iter().all(|segment| segment.number != number) {
            return Err(JournalError::Open { path });
        }
        let new = anew(&path);
        let written = self.write_anew(number, &new, replace);
        let in_place = written.and_then(|done| {
            if done.records > 0 {
                generation::count_rewriting(&self.dir)?;
                fs::rename(&new, &path)
                    .map_err(|source| JournalError::io("replace", &path, source))?;
                self.shared.places.forget(number);
            }
            // Where nothing is left to do, too: an earlier attempt may have failed at this. The new file's name came and went
            // since, so that the folder is written again.
            segment::sync_names(&segment::folder(&self.dir))?;
            Ok(done)
        });
        if !matches!(in_place, Ok(Rewritten { records: 1.., .. })) {
            // What is left of it is of no use; the next opening tries again.
            let _ = fs::remove_file(&new);
        }
        in_place
    }

    fn write_anew(
        &self,
        number: u32,
        new: &Path,
        replace: &mut dyn FnMut(&Entry) -> Option<Record>,
    ) -> Result<Rewritten, JournalError> {
        let path = segment::path(&self.dir, number);
        let reading = |source| JournalError::io("read", &path, source);
        let writing = |source| JournalError::io("write", new, source);
        let mut from = BufReader::new(File::open(&path).map_err(reading)?);
        let mut to = BufWriter::new(File::create(new).map_err(writing)?);
        let (mut done, mut bytes) = (Rewritten::default(), Vec::new());
        while read_frame(&mut from, &mut bytes).map_err(reading)? {
            let location = Location { segment: number, offset: done.before };
            let (seq, read) = self.parse(location, &bytes, Wanted::Whole)?;
            done.before += bytes.len() as u64;
            let other = read.and_then(|(entry, _)| {
                let record = replace(&entry)?;
                Some(Entry { record, ..entry })
            });
            if let Some(other) = other {
                done.records += 1;
                bytes.clear();
                let payload = record::encode(&other).map_err(|bytes| JournalError::TooLarge {
                    seq: Seq(seq),
                    bytes,
                    max: record::RECORD_BYTES_MAX,
                })?;
                frame::push(&mut bytes, seq, &payload);
            }
            done.after += bytes.len() as u64;
            to.write_all(&bytes).map_err(writing)?;
        }
        to.into_inner()
            .map_err(|fault| writing(fault.into_error()))?
            .sync_all()
            .map_err(writing)?;
        Ok(done)
    }
}

fn anew(path: &Path) -> PathBuf {
    path.with_extension("log.new")
}

/// Removes what a crash left of a file that was being written anew.
pub(super) fn remove_leftovers(dir: &Path) -> Result<(), JournalError> {
    for number in segment::numbers(dir)? {
        let new = anew(&segment::path(dir, number));
        if new.exists() {
            fs::remove_file(&new).map_err(|source| JournalError::io("remove", new, source))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
