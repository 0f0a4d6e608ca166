//! A file that says what is under way, from before its first step until after its last: whoever opens the directory next goes on
//! from there, or refuses it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{JournalError, disk, segment};

/// The file.
#[derive(Debug)]
pub struct Mark(PathBuf);

impl Mark {
    /// `DIR/name`.
    pub fn of(dir: &Path, name: &str) -> Self {
        Self(dir.join(name))
    }

    /// True where something is under way.
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// What it says; `None` where nothing is under way.
    pub fn read(&self) -> Result<Option<String>, JournalError> {
        match fs::read_to_string(&self.0) {
            Ok(said) => Ok(Some(said)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(JournalError::io("read", &self.0, source)),
        }
    }

    /// Says, durably, what begins.
    pub fn begin(&self, what: &str) -> Result<(), JournalError> {
        let said = format!("{what}\n");
        disk::replace_file(&self.0, &[said.as_bytes()])
            .map_err(|source| JournalError::io("write", &self.0, source))
    }

    /// It is done, durably.
    pub fn end(&self) -> Result<(), JournalError> {
        fs::remove_file(&self.0).map_err(|source| JournalError::io("remove", &self.0, source))?;
        segment::sync_names(self.0.parent().unwrap_or(Path::new(".")))
    }
}
