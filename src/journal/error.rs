//! What can go wrong between the journal and its disk, in words that name the file and the mend.

use std::io;
use std::path::PathBuf;

use crate::model::Seq;

/// A fault of the journal. The text names what was being done to which file, and what to do about it where that is known.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the directory's lock.
    #[error("{} is in use by {}", dir.display(), holder(*pid))]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The process that holds it, where it could be told.
        pid: Option<u32>,
    },
    /// The directory is not there.
    #[error("{} does not exist; make it with `mkdir -p {}` or name another directory", dir.display(), dir.display())]
    Missing {
        /// The directory that was looked for.
        dir: PathBuf,
    },
    /// The directory is there and holds no journal.
    #[error("{} holds no journal; is it a data directory of copytaster?", dir.display())]
    NoJournal {
        /// The data directory.
        dir: PathBuf,
    },
    /// The directory cannot be written to.
    #[error("{} cannot be written to; give it to the user that runs copytaster (chown) or name another directory", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk may only be read.
    #[error("{} lies on a disk that is mounted read-only; systems do that by themselves when a disk fails (see dmesg): mount it for writing", path.display())]
    ReadOnly {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk said no.
    #[error("could not {what} {}{}", path.display(), hint(source))]
    Io {
        /// What was being done, as a verb.
        what: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that were durable once are not what was written.
    #[error("{} is damaged at byte {offset}: {what}; nothing was changed, put back this file from a backup, or give up what cannot be read with `copytaster verify --bridge`", path.display())]
    Damaged {
        /// The segment file.
        path: PathBuf,
        /// Bytes from its start.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The file that numbers the history holds no number.
    #[error("{} should hold one number: write there the generation that clients were told last, plus one", path.display())]
    NoGeneration {
        /// The file.
        path: PathBuf,
    },
    /// A frame of a format or kind that a newer program wrote.
    #[error("{} holds at byte {offset} a record of {what}, which this copytaster does not know; run the version that wrote it", path.display())]
    Newer {
        /// The segment file.
        path: PathBuf,
        /// Bytes from its start.
        offset: u64,
        /// The format or kind.
        what: String,
    },
    /// Nothing durable lies at this location.
    #[error("{} has no record at byte {offset}", path.display())]
    Absent {
        /// The segment file.
        path: PathBuf,
        /// Bytes from its start.
        offset: u64,
    },
    /// A file that was to be restored is no whole backup. Nothing was made.
    #[error("{} is no whole backup: {what} (byte {offset}); nothing was restored, take another one", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// Bytes from its start.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// A directory that a restore should fill holds something.
    #[error("{} is not empty; restore into a new directory", dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// A restore began here and did not end.
    #[error("{} holds a backup that was not restored to its end: restore it again, nothing has to be removed before", dir.display())]
    Unrestored {
        /// The data directory.
        dir: PathBuf,
    },
    /// A segment that is appended to was to be rewritten. Nothing was written.
    #[error("{} is appended to and cannot be rewritten", path.display())]
    Open {
        /// The segment file.
        path: PathBuf,
    },
    /// An erasure began here and did not end.
    #[error("an erasure in {} did not end: erase again, the same or another article, and it is finished with it", dir.display())]
    Unerased {
        /// The data directory.
        dir: PathBuf,
    },
    /// An entry was handed over out of turn. Nothing was written.
    #[error("record {found} came where {expected} is next")]
    OutOfTurn {
        /// The seq that is next.
        expected: Seq,
        /// The seq that came.
        found: Seq,
    },
    /// An entry is too large for a frame. Nothing was written.
    #[error("record {seq} has {bytes} bytes, more than the {max} a record may have")]
    TooLarge {
        /// The entry.
        seq: Seq,
        /// Its bytes before compression.
        bytes: usize,
        /// The bound.
        max: usize,
    },
}

impl JournalError {
    /// An [`JournalError::Io`], or [`JournalError::Unwritable`] where the system refused the right to write.
    pub(super) fn io(what: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        let writes = !matches!(what, "read" | "list" | "look at");
        match source.kind() {
            io::ErrorKind::PermissionDenied if writes => Self::Unwritable { path, source },
            io::ErrorKind::ReadOnlyFilesystem if writes => Self::ReadOnly { path, source },
            _ => Self::Io { what, path, source },
        }
    }
}

/// What to look at, where what the system says leaves that open.
fn hint(source: &io::Error) -> &'static str {
    let failed = rustix::io::Errno::IO.raw_os_error();
    if source.raw_os_error() == Some(failed) {
        ", the disk or the way to it fails (see dmesg)"
    } else {
        ""
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
