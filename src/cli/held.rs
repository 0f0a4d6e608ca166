//! A data directory to the right to it, or to the name of the daemon that holds it.

use std::path::Path;

use crate::journal::{JournalError, Lock};

/// Page cache of a command that reads the store once through.
pub(super) const CACHE_BYTES: u64 = 32 << 20;

/// Takes the directory's lock for reading. Where a daemon holds it, the fault names it and `call`, the API call that does the same.
pub(super) fn to_read(dir: &Path, call: &str) -> anyhow::Result<Option<Lock>> {
    take(dir, Lock::take_to_read, &format!("ask the daemon itself with {call}, or stop it first"))
}

/// Takes the directory's lock by `lock` for what no API call does. Where a daemon holds it, the fault names it.
pub(super) fn alone<T>(
    dir: &Path,
    lock: impl FnOnce(&Path) -> Result<T, JournalError>,
) -> anyhow::Result<T> {
    take(dir, lock, "stop it first: no API call does this")
}

fn take<T>(
    dir: &Path,
    lock: impl FnOnce(&Path) -> Result<T, JournalError>,
    mend: &str,
) -> anyhow::Result<T> {
    if !dir.is_dir() {
        return Err(JournalError::Missing { dir: dir.to_path_buf() }.into());
    }
    match lock(dir) {
        Err(fault @ JournalError::InUse { .. }) => {
            anyhow::bail!("{fault}; {mend}")
        }
        done => Ok(done?),
    }
}
