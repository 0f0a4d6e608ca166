//! Closed segment files, one after another, to whether they still are what was written.
//!
//! A disk that loses bits does so where nobody reads. Each step reads one file through, so the whole journal is read again and
//! again in the background, and damage is told while there is still a backup without it.

use std::fs::File;
use std::io::BufReader;

use super::JournalError;
use super::frame;
use super::reader::{Reader, read_frame};
use super::segment::{self, Segment};

/// Goes round the closed segments of a journal.
#[derive(Debug)]
pub struct Scrub {
    reader: Reader,
    /// Number of the segment that is next.
    next: u32,
}

/// What a step found.
#[derive(Debug)]
pub struct Scrubbed {
    /// Number of the segment that was read, or the last of those that a trimmed journal's first file stands for.
    pub segment: u32,
    /// Records that are as they were written, or why the file is not.
    pub found: Result<u64, JournalError>,
}

impl Scrub {
    /// Begins with the oldest segment that `reader` sees.
    pub const fn new(reader: Reader) -> Self {
        Self { reader, next: 1 }
    }

    /// Reads the next closed segment through: checksums, numbers, and that it ends where the one after it begins. `None` while
    /// no segment is closed.
    pub fn step(&mut self) -> Option<Scrubbed> {
        if let Some(base) = self.reader.base().filter(|base| base.number() >= self.next) {
            self.next = base.number() + 1;
            let found = base.check().map(|_| base.versions());
            return Some(Scrubbed { segment: base.number(), found });
        }
        let segments = self.reader.segments();
        let mut closed = segments.windows(2).map(|pair| (pair[0], pair[1]));
        let first = closed.clone().next()?;
        let (segment, after) =
            closed.find(|(segment, _)| segment.number >= self.next).unwrap_or(first);
        let is_last = segments.iter().rev().nth(1).is_none_or(|last| last.number == segment.number);
        // After the last comes what stands for those that were trimmed, or the first.
        self.next = if is_last { 1 } else { segment.number + 1 };
        Some(Scrubbed { segment: segment.number, found: self.read(segment, after) })
    }

    fn read(&self, segment: Segment, after: Segment) -> Result<u64, JournalError> {
        let (dir, number) = (self.reader.dir(), segment.number);
        let path = segment::path(dir, number);
        let failed = |source| JournalError::io("read", &path, source);
        let mut file = BufReader::new(File::open(&path).map_err(failed)?);
        let (mut offset, mut last, mut records) = (0, None, 0);
        let mut bytes = Vec::new();
        while read_frame(&mut file, &mut bytes).map_err(failed)? {
            let damaged = |what: &str| segment::damaged(dir, number, offset, what);
            let frame = frame::parse(&bytes).map_err(|why| damaged(why.words()))?;
            if let Some(what) = frame.newer() {
                return Err(JournalError::Newer { path, offset, what });
            }
            let in_turn = match last {
                None => frame.seq == segment.first,
                Some(last) => segment::begins_with(&frame, last + 1),
            };
            if !in_turn {
                return Err(damaged(&format!("record {} stands out of its turn", frame.seq)));
            }
            last = Some(frame.seq);
            offset += bytes.len() as u64;
            records += 1;
        }
        // The file after it may begin with a gap, which has a number further on.
        if last.is_some_and(|last| last < after.first) && self.joins(last, after)? {
            return Ok(records);
        }
        Err(segment::damaged(dir, number, offset, "it ends before the next file begins"))
    }

    /// True where the first record of `after` is what follows `last`.
    fn joins(&self, last: Option<u64>, after: Segment) -> Result<bool, JournalError> {
        let expected = last.map_or(1, |last| last + 1);
        if after.first == expected {
            return Ok(true);
        }
        let path = segment::path(self.reader.dir(), after.number);
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|mut file| read_frame(&mut file, &mut bytes))
            .map_err(|source| JournalError::io("read", &path, source))?;
        Ok(frame::parse(&bytes).is_ok_and(|frame| segment::begins_with(&frame, expected)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::journal::{Entry, Log, Record, scratch};
    use crate::model::{Seq, Timestamp};

    fn tick(seq: u64) -> Entry {
        Entry { seq: Seq(seq), at: Timestamp::EPOCH, record: Record::Tick }
    }

    #[test]
    fn closed_segments_are_read_in_turn_and_damage_in_one_hides_none_of_the_others() {
        let dir = scratch();
        let (mut log, _) = Log::open_with(dir.path(), 80).unwrap();
        let mut scrub = Scrub::new(log.reader());
        assert!(scrub.step().is_none(), "nothing is closed");
        for seq in 1..=8 {
            log.append(&[tick(seq)]).unwrap();
        }
        let mut round = |count: usize| -> Vec<(u32, Result<u64, String>)> {
            let steps = (0..count).map(|_| scrub.step().unwrap());
            steps.map(|step| (step.segment, step.found.map_err(|told| told.to_string()))).collect()
        };
        let closed = log.reader().segments().len() - 1;
        assert!(closed >= 3, "{closed}");
        let whole = round(closed + 1);
        assert!(whole.iter().all(|(_, found)| *found == Ok(2)), "{whole:?}");
        assert_eq!((whole[0].0, whole[closed].0), (1, 1), "it goes round");
        let (path, bytes) =
            (segment::path(dir.path(), 2), fs::read(segment::path(dir.path(), 2)).unwrap());
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            for (segment, found) in round(closed) {
                let told = found.err().unwrap_or_default();
                assert_eq!(told.contains("00000002.log"), segment == 2, "{at}: {segment} {told}");
            }
        }
        let half = bytes.len() / 2;
        for cut in [0, half, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert!(round(closed).iter().any(|(_, found)| found.is_err()), "cut at {cut}");
        }
        fs::remove_file(&path).unwrap();
        assert!(round(closed).iter().any(|(segment, found)| *segment == 2 && found.is_err()));
    }
}
