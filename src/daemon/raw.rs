//! Pages that are kept, on their way to the disk and off it.
//!
//! A page is durable before the record of what was read from it, so a version whose page is missing says that the disk took none, and
//! never that a crash came between. Pages are for looking things up again; the journal is the truth. So where the disk takes no page or
//! has little room, none is kept, which is said and counted, and what was read from them is taken in all the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{error, info, warn};

use super::mend::free_bytes;
use super::{Fault, words};
use crate::api::Status;
use crate::cluster::Version;
use crate::model::{Clock, Timestamp};
use crate::telemetry::Metrics;
use crate::warc::{self, FILE_BYTES, Keeper, Kept, Packed, Writing};

/// Bytes that must be free before a page is kept: the journal and the rows have the rest to themselves.
const FREE_BYTES: u64 = 256 << 20;

/// What `/readyz` calls it.
const NOTE: &str = "pages";

/// A day, and one more for what was fetched long before it found its place, in milliseconds.
const SLACK_MILLIS: i64 = 2 * 24 * 3_600_000;

/// Who keeps pages.
pub(super) struct RawPages {
    keeper: Keeper,
    dir: PathBuf,
    clock: Clock,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    /// True after an attempt in vain.
    failing: bool,
}

impl RawPages {
    /// Opens the folder of pages and cuts what a crash left.
    pub(super) fn open(
        dir: &Path,
        clock: Clock,
        status: Arc<Status>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Fault> {
        let (keeper, cut) = Keeper::open(dir, FILE_BYTES)?;
        if cut > 0 {
            warn!(bytes = cut, "the last page had not been kept whole and was cut");
        }
        Ok(Self { keeper, dir: dir.to_owned(), clock, status, metrics, failing: false })
    }

    /// What is being written, for whoever removes pages.
    pub(super) fn writing(&self) -> Writing {
        self.keeper.writing()
    }

    /// Keeps pages, or says why not.
    pub(super) fn keep(&mut self, pages: &[Packed]) {
        if pages.is_empty() {
            return;
        }
        let kept = self.try_keep(pages);
        self.metrics.raw_pages(if kept.is_ok() { "kept" } else { "lost" }, pages.len() as u64);
        match kept {
            Ok(()) if self.failing => {
                self.status.note(NOTE, None);
                info!("pages are kept again");
            }
            Ok(()) => {}
            Err(fault) => {
                let told = format!("pages are not kept at present: {}", words(&fault));
                if !self.failing {
                    error!("{told}; what was read from them is");
                }
                self.status.note(NOTE, Some(told));
                self.failing = true;
                return;
            }
        }
        self.failing = false;
    }

    fn try_keep(&mut self, pages: &[Packed]) -> Result<(), Fault> {
        if let Some(free) = free_bytes(&self.dir).filter(|&free| free < FREE_BYTES) {
            let (free, wanted) = (free >> 20, FREE_BYTES >> 20);
            let told =
                format!("{free} MiB are free on {}, {wanted} are wanted", self.dir.display());
            return Err(Fault::NoRoom(told));
        }
        Ok(self.keeper.append(pages, self.clock.now())?)
    }

    /// Nothing more comes.
    pub(super) fn end(self) {
        if let Err(fault) = self.keeper.end() {
            warn!("the next start looks for the end of the last page: {}", words(&fault));
        }
    }
}

/// Pages whose texts go.
#[derive(Debug, Default)]
pub(super) struct Going {
    raws: BTreeSet<String>,
    /// When the first and the last of these texts were seen.
    span: Option<(Timestamp, Timestamp)>,
}

impl Going {
    /// The page of this version goes.
    pub(super) fn add(&mut self, version: &Version) {
        let Some(raw) = version.article.raw else { return };
        self.raws.insert(raw.to_string());
        let at = version.seen_at;
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
    }

    /// Removes the pages from the files that may hold them. They go with the first of the texts that were read from them.
    pub(super) fn remove(&self, dir: &Path, writing: &Writing) -> Result<u64, Fault> {
        let Some((first, last)) = self.span else { return Ok(0) };
        let (first, last) = (
            warc::stamp(first.plus_millis(-SLACK_MILLIS)),
            warc::stamp(last.plus_millis(SLACK_MILLIS)),
        );
        let files = warc::files(dir)?;
        let mut removed = 0;
        for (at, file) in files.iter().enumerate() {
            let ends_before = files.get(at + 1).is_some_and(|next| next.begun < first);
            if file.begun > last || ends_before {
                continue;
            }
            writing.let_go(file.number);
            let done = warc::rewrite(&file.path, &mut |page| self.raws.contains(&page.raw))?;
            say_unread(file, done.unread);
            removed += done.removed;
        }
        Ok(removed)
    }
}

/// Removes the files whose pages are all older than `age` milliseconds at `now`, be they anybody's or not: what a crash left without a
/// record is among them.
pub(super) fn remove_older(dir: &Path, age: i64, now: Timestamp) -> Result<(), Fault> {
    let files = warc::files(dir)?;
    // One file is of one day, and the newest may be being written.
    let old = warc::stamp(now.plus_millis(-age).plus_millis(-SLACK_MILLIS));
    let older = files.iter().take(files.len().saturating_sub(1)).filter(|file| file.begun < old);
    for file in older {
        warc::rewrite(&file.path, &mut |_| true)?;
    }
    Ok(())
}

/// Removes every page that `is_gone` names, whatever its file. For a directory that no daemon holds.
pub(super) fn erase(dir: &Path, is_gone: &mut dyn FnMut(&Kept) -> bool) -> Result<(), Fault> {
    for file in warc::files(dir)? {
        let done = warc::rewrite(&file.path, is_gone)?;
        say_unread(&file, done.unread);
    }
    Ok(())
}

fn say_unread(file: &warc::FileName, bytes: u64) {
    if bytes > 0 {
        let name = file.name();
        warn!(
            bytes,
            "{name}: what could not be read was removed, too: it may have been a page that goes"
        );
    }
}
