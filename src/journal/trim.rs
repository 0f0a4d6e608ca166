//! Whole old segments to one file that stands for them.
//!
//! ```text
//! 1  NUMBER.trim.new, synced   ──►   NUMBER.trim, the folder synced          stands for nothing yet
//! 2  the record of the trim, appended and synced                            it is decided
//! 3  segment NUMBER removed, the folder synced                              the file is in force
//! 4  the segments before it and older files removed
//! ```
//! A crash leaves the journal as it was up to 3 and as it will be from 3 on; the next opening does what is left of 4.

use std::sync::Arc;
use std::time::Duration;

use super::reader::Reader;
use super::{Base, Entry, JournalError, base, segment};
use crate::model::Seq;

/// How long whoever reads old segments is waited for, in steps.
const WAIT: Duration = Duration::from_millis(50);
const WAITS: u32 = 200;

impl Reader {
    /// Step 1: writes the file that is to stand for the closed segments up to `number`, whose last record is `upto`. `state` is
    /// what they come to, `versions` what is still there of them. Gives its name and checksum.
    pub fn stage_trim(
        &self,
        number: u32,
        upto: Seq,
        state: &[u8],
        versions: &mut dyn Iterator<Item = Result<Entry, JournalError>>,
    ) -> Result<(String, u64), JournalError> {
        let digest = base::write(self.dir(), number, upto, state, versions)?;
        Ok((base::name(number), digest))
    }

    /// Takes back step 1: no record names the file.
    pub fn drop_staged_trim(&self, number: u32) -> Result<(), JournalError> {
        let path = base::path(self.dir(), number);
        if !path.exists() || self.base().is_some_and(|base| base.number() >= number) {
            return Ok(());
        }
        std::fs::remove_file(&path).map_err(|source| JournalError::io("remove", path, source))?;
        segment::sync_names(&segment::folder(self.dir()))
    }

    /// Steps 3 and 4, after the record of the trim is durable: the file, if it is the one of this checksum, stands for its
    /// segments from now on, and they are removed. False where somebody still reads them: then the same call does it later.
    pub fn carry_out_trim(&self, number: u32, digest: u64) -> Result<bool, JournalError> {
        let before = self.base().map_or(0, |base| base.number());
        if before < number {
            let base = Base::open(self.dir(), number)?;
            if base.check()? != digest {
                let what = "it is not the file that the record of the trim names";
                return Err(JournalError::Damaged {
                    path: base.path().to_path_buf(),
                    offset: 0,
                    what: what.to_owned(),
                });
            }
            self.shared.begin_with(Arc::new(base));
        }
        for _ in 0..WAITS {
            if self.shared.is_read_by_none() {
                base::remove_trimmed(self.dir(), number.max(before))?;
                return Ok(true);
            }
            std::thread::park_timeout(WAIT);
        }
        Ok(false)
    }
}
