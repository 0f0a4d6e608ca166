//! Visited pages to WARC 1.1 files (ISO 28500), as archives keep them, and back.
//!
//! ```text
//! DIR/raw/copytaster-20261126180315-00000001.warc.gz     warcinfo │ response request metadata │ response request metadata …
//! DIR/raw/open                                           name of the file that is being written; gone after a clean stop
//! ```
//! Each record is a gzip member of its own, so that one can be read, and taken out, without the others. A page is its last record's:
//! what a crash leaves after the last `metadata` is cut. `docs/store.md` says what is in them.

mod check;
mod error;
mod files;
mod keeper;
mod read;
mod write;

pub use check::{Checked, check};
pub use error::WarcError;
pub use files::{FileName, Rewritten, bytes, files, folder, rewrite, stamp};
pub use keeper::{FILE_BYTES, Keeper, Writing};
pub use read::{Kept, Pages, Record};
pub use write::{Packed, Visit, pack};

#[cfg(test)]
mod tests;
