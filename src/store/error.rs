//! What can go wrong between the rows and sled.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::Seq;

/// A fault of the store. None of them loses anything: the journal has it all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// sled said no. After an error of the disk it refuses everything until it is opened again.
    #[error("the store could not be read or written")]
    Sled(#[from] sled::Error),
    /// The rows are closed while they are opened again after a fault.
    #[error("the store is being opened again after a fault")]
    Closed,
    /// sled panicked on what it found.
    #[error(
        "the store gave up while asked to {what}; its rows are damaged and are made again from the journal"
    )]
    Panicked {
        /// What was being done, as a verb.
        what: &'static str,
    },
    /// A row is not what was written.
    #[error("the store is damaged: {what}; it is made again from the journal")]
    Damaged {
        /// Which row, and what is wrong with it.
        what: String,
    },
    /// The rows were made from the journal as it was in another generation, and put beside it since.
    #[error(
        "the derived rows are of generation {rows} and the journal is of {journal}; they are made again from it"
    )]
    OtherGeneration {
        /// The generation they were made in.
        rows: u64,
        /// The one of the directory.
        journal: u64,
    },
    /// A row is missing that another names. A read beside a merge may see that for an instant.
    #[error(
        "the store is damaged: the {kind} row {key} is missing; it is made again from the journal"
    )]
    Missing {
        /// The kind of row.
        kind: &'static str,
        /// Its key in hexadecimal.
        key: String,
    },
    /// A row would be larger than sled can hold without leaking. A bug of ours, met before it is written.
    #[error("a {kind} row of {bytes} bytes is more than the store takes")]
    TooLarge {
        /// The kind of row.
        kind: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// An entry was handed over out of turn. Nothing was written.
    #[error("record {found} came to the store where {expected} is next")]
    OutOfTurn {
        /// The seq that is next.
        expected: Seq,
        /// The seq that came.
        found: Seq,
    },
    /// There is no store in the directory.
    #[error("{} holds no derived rows yet; start the daemon once, it makes them from the journal", dir.display())]
    Absent {
        /// The data directory.
        dir: PathBuf,
    },
    /// The disk said no.
    #[error("could not {what} {}", path.display())]
    Io {
        /// What was being done, as a verb.
        what: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// sled did not finish writing out in time; on a full disk it may never.
    #[error("the store did not finish writing within {} s; is the disk full?", waited.as_secs())]
    Stuck {
        /// How long it was waited for.
        waited: Duration,
    },
}

impl StoreError {
    /// True where the rows themselves are at fault, so that only throwing them away and rebuilding helps.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Sled(sled::Error::Io(fault)) => {
                matches!(fault.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
            }
            Self::Panicked { .. }
            | Self::Damaged { .. }
            | Self::OtherGeneration { .. }
            | Self::Missing { .. }
            | Self::Sled(_) => true,
            _ => false,
        }
    }

    /// True for what a read may meet only where disk or rows are at fault: opening the rows again is the mend.
    pub const fn needs_mending(&self) -> bool {
        matches!(self, Self::Sled(_) | Self::Panicked { .. } | Self::Damaged { .. })
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}
