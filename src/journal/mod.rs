//! The truth on disk: numbered entries in, durable frames and their locations out, and back again.
//!
//! ```text
//! DIR/lock                    who holds the directory (pid in words)
//! DIR/generation              number of this history; missing means 1
//! DIR/journal/00000001.log    frame frame frame …      at most 64 MiB, then the next
//! DIR/journal/00000002.log
//!
//! frame   length u32 │ seq u64 │ format u8 │ checksum u64 │ payload
//! payload kind u8 │ length u32 │ postcard │ zstd( text )     all integers big-endian
//! ```
//! `docs/store.md` has every byte. One [`Log`] appends; any number of [`Reader`]s read beside it, never beyond what is durable.

mod acked;
pub mod archive;
mod base;
pub(crate) use crate::cluster::code;
pub(crate) mod disk;
pub mod erasing;
mod error;
mod frame;
mod gap;
mod generation;
pub mod judged;
mod lock;
mod log;
mod mark;
mod places;
mod reader;
mod record;
mod rewrite;
mod scrub;
mod segment;
mod trim;

pub use base::Base;
pub use disk::{fresh as beside_file, replace_file};
pub use error::JournalError;
pub use gap::{Bridged, Hole, Survey};
pub use generation::{generation, raise as raise_generation};
pub use lock::Lock;
pub use log::{Log, Opened, SEGMENT_BYTES};
pub use mark::Mark;
pub use reader::{Bare, BareEntries, Entries, Reader, peek};
pub use record::RECORD_BYTES_MAX;
pub use rewrite::Rewritten;
pub use scrub::{Scrub, Scrubbed};

/// The name of the file that stands for the segments up to `number`.
pub fn trim_file(number: u32) -> String {
    base::name(number)
}

use crate::cluster::{Override, Version};
use crate::model::{ArticleId, ClusterId, Seq, SourceId, Timestamp};

/// Where a frame lies: which segment file, and how many bytes from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Number of the segment file, from 1.
    pub segment: u32,
    /// Bytes from the start of that file.
    pub offset: u64,
}

/// One numbered record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place; gapless from 1.
    pub seq: Seq,
    /// The writer's clock when it got its place.
    pub at: Timestamp,
    /// What happened.
    pub record: Record,
}

impl Entry {
    /// The first number it stands for: its own, but for a gap.
    pub const fn first(&self) -> Seq {
        match &self.record {
            Record::Gap(gap) => gap.from,
            _ => self.seq,
        }
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An article's new state, with what was judged of it. Its id is the entry's seq.
    Version(Box<Version>),
    /// A lead that ended without an article.
    Lost(Lost),
    /// What decides clusters from here on.
    Settings(Settings),
    /// A source as it is configured from here on.
    Source(SourceNote),
    /// An editor's word. Its number, by which it can be undone, is the entry's seq.
    Override(Spoken),
    /// Articles whose words are removed by order, and that are not taken in again.
    Erase(Erase),
    /// Numbers that name no record any more.
    Gap(Gap),
    /// What came up to a record is in a file of its own from here on, but for what has had its time.
    Trim(Trim),
    /// Nothing but time: the entry's own, from which on the fold is at least that late.
    Tick,
}

/// A lead that ended without an article, once per lead and reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Whose lead it was.
    pub source: SourceId,
    /// The address it named.
    pub url: String,
    /// Why nothing came of it, in words.
    pub reason: String,
}

/// Everything that changes what is clustered with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Number of the judging rules.
    pub engine: u16,
    /// Digest of all settings that decide.
    pub digest: u64,
    /// How far apart two versions may have been seen and still be compared, in milliseconds.
    pub window_millis: u64,
    /// How many of the newest versions are compared.
    pub live_max: u64,
}

/// What an editor said, and who it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Who said it.
    pub user: String,
    /// What is to be done.
    pub word: Override,
}

/// Articles that were erased. Their versions stand in the journal without their words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erase {
    /// Who.
    pub articles: Vec<ArticleId>,
    /// Hashes of the names they went by (`Verdicts::keys`): nothing that goes by one of them is taken in again.
    pub keys: Vec<u64>,
}

/// Records that were here and are lost: stands in their place, at the last of their numbers. None of these is given out again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// The first number that names no record any more.
    pub from: Seq,
    /// The last, which is the gap's own.
    pub to: Seq,
    /// What happened to them, in words.
    pub why: String,
}

/// The records up to one of them give way to a file that holds what they come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trim {
    /// The last of these records.
    pub upto: Seq,
    /// The file's name, beside the segments.
    pub file: String,
    /// Its checksum.
    pub digest: u64,
    /// The clusters that have had their time: nothing of them is in the file, and nothing after it names them. Ascending.
    pub gone: Vec<ClusterId>,
}

/// A source as it was configured when the records after it were judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceNote {
    /// Its id.
    pub id: SourceId,
    /// Its name for people.
    pub name: String,
    /// `agency`, `outlet`, `pr` or `aggregator`.
    pub kind: String,
    /// True where it is us.
    pub own: bool,
    /// BCP 47 language, where one is configured.
    pub lang: Option<String>,
}

/// A directory for a test: in memory where the system has such a place. Some of them sync thousands of times, and none cuts the power.
#[cfg(test)]
fn scratch() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    dir.unwrap()
}
