//! The highest seq that was acknowledged, kept beside the segments: records missing at the end are known to be missing.
//!
//! ```text
//! DIR/journal/acknowledged    seq u64 │ xxh3 u64 │ seq u64 │ xxh3 u64      two slots, written in turn; the higher one counts
//! ```
//! Written over in place after each append, when the records are durable: microseconds beside a sync, and it survives the
//! process. Synced once in [`SYNC_EVERY`] appends, at a clean stop and at each opening: a sync costs as much as the append's
//! own. What a power cut may take is the word on the last few batches, never a word too much.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::{JournalError, segment};

const SLOT_BYTES: usize = 16;

/// Appends between two syncs, so many that less than one answer in a hundred waits for two. The system writes the file out by
/// itself, too, within half a minute.
const SYNC_EVERY: u32 = 1024;

/// The file, open for writing.
#[derive(Debug)]
pub(super) struct Acked {
    file: File,
    slot: usize,
    unsynced: u32,
}

/// What the file says: the highest seq known to have been acknowledged. `None` where there is no file or no slot holds.
pub(super) fn known(dir: &Path) -> Result<Option<u64>, JournalError> {
    let path = path(dir);
    match fs::read(&path) {
        Ok(bytes) => Ok(slots(&bytes).flatten().max()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(JournalError::io("read", path, source)),
    }
}

impl Acked {
    /// Opens or begins the file and writes `last` down durably: everything up to it is part of the journal from here on.
    pub(super) fn open(dir: &Path, last: u64) -> Result<Self, JournalError> {
        let path = path(dir);
        let open = || {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
            let mut acked = Self { file, slot: 0, unsynced: 0 };
            // Both slots, so that neither is left from an earlier journal.
            acked.put(last)?;
            acked.put(last)?;
            acked.file.sync_all()?;
            Ok(acked)
        };
        open().map_err(|source| JournalError::io("write", &path, source))
    }

    /// Notes that everything up to `seq` is durable and may be acknowledged.
    pub(super) fn reach(&mut self, seq: u64) {
        self.unsynced += 1;
        let noted = self.put(seq);
        // The records themselves are durable, so a failure is no fault of the append; the next one notes more than this did.
        if noted.is_ok() && self.unsynced >= SYNC_EVERY {
            let _next_time = self.sync();
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.unsynced = 0;
        Ok(())
    }

    fn put(&mut self, seq: u64) -> io::Result<()> {
        let seq = seq.to_be_bytes();
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(&seq);
        slot[8..].copy_from_slice(&xxh3_64(&seq).to_be_bytes());
        self.file.seek(SeekFrom::Start((self.slot * SLOT_BYTES) as u64))?;
        self.slot = 1 - self.slot;
        self.file.write_all(&slot)
    }
}

impl Drop for Acked {
    fn drop(&mut self) {
        if self.unsynced > 0 {
            // Where it fails, the next start knows of a few batches less.
            let _a_few_less = self.sync();
        }
    }
}

fn path(dir: &Path) -> PathBuf {
    segment::folder(dir).join("acknowledged")
}

fn slots(bytes: &[u8]) -> impl Iterator<Item = Option<u64>> {
    bytes.chunks(SLOT_BYTES).map(|slot| {
        let (seq, rest) = slot.split_first_chunk::<8>()?;
        let (sum, _) = rest.split_first_chunk::<8>()?;
        (xxh3_64(seq) == u64::from_be_bytes(*sum)).then(|| u64::from_be_bytes(*seq))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_is_known_however_one_byte_of_it_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(segment::folder(dir.path())).unwrap();
        assert_eq!(known(dir.path()).unwrap(), None);
        let mut acked = Acked::open(dir.path(), 7).unwrap();
        assert_eq!(known(dir.path()).unwrap(), Some(7));
        for seq in 8..=9 + u64::from(SYNC_EVERY) {
            acked.reach(seq);
            assert_eq!(known(dir.path()).unwrap(), Some(seq));
        }
        let last = 9 + u64::from(SYNC_EVERY);
        drop(acked);
        let whole = fs::read(path(dir.path())).unwrap();
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 4;
            fs::write(path(dir.path()), &bad).unwrap();
            let told = known(dir.path()).unwrap().unwrap();
            assert!(told == last || told == last - 1, "byte {at}: {told}");
        }
        for cut in 0..SLOT_BYTES {
            fs::write(path(dir.path()), &whole[..cut]).unwrap();
            assert_eq!(known(dir.path()).unwrap(), None);
        }
        drop(Acked::open(dir.path(), 3).unwrap());
        assert_eq!(known(dir.path()).unwrap(), Some(3), "what an earlier journal said is gone");
    }
}
