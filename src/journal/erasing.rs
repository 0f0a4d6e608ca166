//! What is beside a journal of an erasure: that one is under way, and which articles were ever erased.
//!
//! ```text
//! DIR/erasing           ids of the articles, a line each, from before the first byte is removed until the last one is
//! DIR/erasures.jsonl    {"article", "keys", "at"} a line      in no backup: what a restored backup has to lose again
//! ```

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{JournalError, Mark, judged, segment};
use crate::model::ArticleId;

/// The articles of an erasure that did not end; none where there is no such.
pub fn unfinished(dir: &Path) -> Result<BTreeSet<ArticleId>, JournalError> {
    let said = mark(dir).read()?.unwrap_or_default();
    Ok(said.lines().filter_map(|line| line.parse().ok()).collect())
}

/// Notes, durably, that these articles are being erased.
pub fn begin(dir: &Path, articles: &BTreeSet<ArticleId>) -> Result<(), JournalError> {
    let lines: Vec<String> = articles.iter().map(ToString::to_string).collect();
    mark(dir).begin(&lines.join("\n"))
}

/// Nothing of these articles is left.
pub fn end(dir: &Path) -> Result<(), JournalError> {
    mark(dir).end()
}

/// Adds lines to the list of all erasures, durably.
pub fn note(dir: &Path, lines: &[String]) -> Result<(), JournalError> {
    let path = list(dir);
    let written = OpenOptions::new().append(true).create(true).open(&path).and_then(|mut file| {
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
        file.sync_all()
    });
    written.map_err(|source| JournalError::io("write", path, source))?;
    segment::sync_names(dir)
}

/// Removes what lies beside the segments for whoever looks into a crash or damage, or wants to go back: it may hold any words.
pub fn remove_what_was_kept(dir: &Path) -> Result<(), JournalError> {
    judged::forget_before(dir)?;
    let folder = segment::folder(dir);
    let failed = |source| JournalError::io("list", &folder, source);
    for file in fs::read_dir(&folder).map_err(failed)? {
        let file = file.map_err(failed)?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("cut-") || name.contains(".damaged-") || name.ends_with(".new") {
            let path = file.path();
            fs::remove_file(&path).map_err(|source| JournalError::io("remove", path, source))?;
        }
    }
    Ok(())
}

/// Errors where an erasure did not end: what is left would be served.
pub(super) fn refuse_unfinished(dir: &Path) -> Result<(), JournalError> {
    if mark(dir).exists() {
        return Err(JournalError::Unerased { dir: dir.to_path_buf() });
    }
    Ok(())
}

fn mark(dir: &Path) -> Mark {
    Mark::of(dir, "erasing")
}

fn list(dir: &Path) -> PathBuf {
    dir.join("erasures.jsonl")
}
