//! A file that says what is under way, from before its first step until after its last: a start goes on from there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Fault;
use crate::journal::replace_file;
use crate::store::StoreError;

/// The file.
pub(super) struct Mark(PathBuf);

impl Mark {
    /// `DIR/name`.
    pub(super) fn of(dir: &Path, name: &str) -> Self {
        Self(dir.join(name))
    }

    /// True where something is under way.
    pub(super) fn exists(&self) -> bool {
        self.0.exists()
    }

    /// What it says; `None` where nothing is under way.
    pub(super) fn read(&self) -> Result<Option<String>, Fault> {
        match fs::read_to_string(&self.0) {
            Ok(said) => Ok(Some(said)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// Says, durably, what begins.
    pub(super) fn begin(&self, what: &str) -> Result<(), Fault> {
        let said = format!("{what}\n");
        replace_file(&self.0, &[said.as_bytes()]).map_err(|source| self.failed("write", source))
    }

    /// It is done. Where a crash brings the file back, the last steps are done again.
    pub(super) fn end(&self) -> Result<(), Fault> {
        fs::remove_file(&self.0).map_err(|source| self.failed("remove", source))
    }

    fn failed(&self, what: &'static str, source: io::Error) -> Fault {
        StoreError::Io { what, path: self.0.clone(), source }.into()
    }
}
