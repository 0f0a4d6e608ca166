//! A seq and where it once lay to its entry, wherever it lies now: a segment that was rewritten moved what it holds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::frame::{self, HEADER_BYTES};
use super::reader::Reader;
use super::{Entry, JournalError, Location, segment};
use crate::model::Seq;

/// Segments whose offsets are kept at hand: a megabyte each at most, and made again in a moment.
const TABLES_MAX: usize = 64;

/// Where each record of a segment begins, ascending.
pub(super) type Table = Vec<(u64, u64)>;

/// Offsets of the segments that were asked for what had moved.
#[derive(Debug, Default)]
pub(super) struct Places {
    tables: Mutex<BTreeMap<u32, Arc<Table>>>,
}

impl Places {
    /// What was known of a segment holds no longer.
    pub(super) fn forget(&self, number: u32) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    fn find(&self, dir: &Path, number: u32, seq: u64) -> io::Result<Option<u64>> {
        let known = {
            let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
            tables.get(&number).map(Arc::clone)
        };
        let table = if let Some(table) = known {
            table
        } else {
            let mut file = BufReader::new(File::open(segment::path(dir, number))?);
            let table = Arc::new(offsets(&mut file)?);
            let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
            if tables.len() >= TABLES_MAX {
                tables.pop_first();
            }
            tables.insert(number, Arc::clone(&table));
            table
        };
        let at = table.binary_search_by_key(&seq, |&(seq, _)| seq).ok();
        Ok(at.map(|at| table[at].1))
    }
}

impl Reader {
    /// The entry `seq`, which lay at `hint` once. What was trimmed is without words. Where something else is there, it is looked for in the segment that holds it.
    ///
    /// Errors are those of [`Reader::read`], and `Damaged` where another record stands there and this one nowhere.
    pub fn read_seq(&self, seq: Seq, hint: Location) -> Result<Entry, JournalError> {
        if let Some(base) = self.base().filter(|base| seq <= base.upto()) {
            let path = base.path().to_path_buf();
            return base.read(seq)?.ok_or(JournalError::Absent { path, offset: 0 });
        }
        let at_hint = match self.read(hint) {
            Ok(entry) if entry.seq == seq => return Ok(entry),
            Ok(entry) => {
                self.unfit(hint, &format!("record {} stands where {seq} belongs", entry.seq))
            }
            Err(fault @ (JournalError::Absent { .. } | JournalError::Damaged { .. })) => fault,
            Err(fault) => return Err(fault),
        };
        let Some(number) = self.shared.holding(seq.0) else { return Err(at_hint) };
        // It may be rewritten between the look and the reading, once more and no oftener.
        for _ in 0..2 {
            let found = self.shared.places.find(&self.dir, number, seq.0);
            let path = || segment::path(&self.dir, number);
            let offset = found.map_err(|source| JournalError::io("read", path(), source))?;
            let location = offset.map(|offset| Location { segment: number, offset });
            match location.filter(|&location| location != hint).map(|at| self.read(at)) {
                Some(Ok(entry)) if entry.seq == seq => return Ok(entry),
                _ => self.shared.places.forget(number),
            }
        }
        Err(at_hint)
    }
}

/// Where each frame begins, up to the first that has no header.
pub(super) fn offsets(file: &mut impl Read) -> io::Result<Table> {
    let (mut table, mut at) = (Table::new(), 0);
    let mut header = Vec::with_capacity(HEADER_BYTES);
    loop {
        header.clear();
        file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header)?;
        let Ok(found) = frame::header(&header) else { return Ok(table) };
        table.push((found.seq, at));
        at += (HEADER_BYTES + found.length) as u64;
        io::copy(&mut file.by_ref().take(found.length as u64), &mut io::sink())?;
    }
}
