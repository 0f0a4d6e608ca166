//! A data directory in, the right to be its only process out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::JournalError;

/// The lock on a data directory. Held until dropped; the system frees it when the process dies.
///
/// The file `DIR/lock` keeps the holder's pid, so that who comes second can be told whom to ask.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of `dir`, which exists, and writes our pid into it.
    ///
    /// [`JournalError::InUse`] names the holder; [`JournalError::Unwritable`] or [`JournalError::ReadOnly`] where the file cannot be made.
    pub fn take(dir: &Path) -> Result<Self, JournalError> {
        let path = path(dir);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| JournalError::io("open", &path, source))?;
        let lock = Self::hold(file, dir)?;
        lock.sign().map_err(|source| JournalError::io("write", &path, source))?;
        Ok(lock)
    }

    /// Takes the lock for a command that only reads, so that it works on a directory it may not write to as well.
    ///
    /// `None` where there is no lock file and none can be made: then no daemon can hold it, either.
    pub fn take_to_read(dir: &Path) -> Result<Option<Self>, JournalError> {
        match Self::take(dir) {
            Err(JournalError::Unwritable { .. } | JournalError::ReadOnly { .. }) => {}
            done => return done.map(Some),
        }
        match File::open(path(dir)) {
            Ok(file) => Self::hold(file, dir).map(Some),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(JournalError::io("open", path(dir), source)),
        }
    }

    fn hold(file: File, dir: &Path) -> Result<Self, JournalError> {
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                Err(JournalError::InUse { dir: dir.to_path_buf(), pid: read_pid(&file) })
            }
            Err(TryLockError::Error(source)) => Err(JournalError::io("lock", path(dir), source)),
        }
    }

    fn sign(&self) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        writeln!(file, "{}", std::process::id())
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_to_come_is_told_who_holds_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let told = Lock::take(dir.path()).unwrap_err().to_string();
        assert!(told.ends_with(&format!("is in use by process {}", std::process::id())), "{told}");
        assert!(Lock::take_to_read(dir.path()).is_err());
        drop(first);
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_lock_file_of_a_dead_process_holds_nobody_off() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("lock"),
            "a long line left by some other program, not a pid",
        )
        .unwrap();
        drop(Lock::take(dir.path()).unwrap());
        let pid = std::fs::read_to_string(dir.path().join("lock")).unwrap();
        assert_eq!(pid.trim(), std::process::id().to_string());
    }
}
