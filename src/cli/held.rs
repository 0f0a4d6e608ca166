//! A data directory to the right to read it, or to the name of the daemon that holds it.

use std::path::Path;

use crate::journal::{JournalError, Lock};

/// Page cache of a command that reads the store once through.
pub(super) const CACHE_BYTES: u64 = 32 << 20;

/// Takes the directory's lock for reading. Where a daemon holds it, the fault names it and `call`, the API call that does the same.
pub(super) fn to_read(dir: &Path, call: &str) -> anyhow::Result<Option<Lock>> {
    if !dir.is_dir() {
        return Err(JournalError::Missing { dir: dir.to_path_buf() }.into());
    }
    match Lock::take_to_read(dir) {
        Err(fault @ JournalError::InUse { .. }) => {
            anyhow::bail!("{fault}; ask the daemon itself with {call}, or stop it first")
        }
        done => Ok(done?),
    }
}
