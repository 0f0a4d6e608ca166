//! The files of a directory: their names, their order, and how pages leave them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Kept, Pages, WarcError};
use crate::journal::{beside_file, disk, replace_file};
use crate::model::Timestamp;

/// Where the pages of a data directory are kept.
pub fn folder(dir: &Path) -> PathBuf {
    dir.join("raw")
}

/// A file of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// Its number, from 1.
    pub number: u32,
    /// The second in which it was begun: `YYYYMMDDhhmmss`.
    pub begun: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl FileName {
    /// What archives call such a file: who made it, since when, and its number.
    pub(super) fn new(dir: &Path, number: u32, at: Timestamp) -> Self {
        let begun = stamp(at);
        let path = folder(dir).join(format!("copytaster-{begun}-{number:08}.warc.gz"));
        Self { number, begun, path }
    }

    fn read(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let name = name.strip_prefix("copytaster-")?.strip_suffix(".warc.gz")?;
        let (begun, number) = name.split_once('-')?;
        let is_time = begun.len() == 14 && begun.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_time)?;
        Some(Self { number, begun: begun.to_owned(), path })
    }

    /// The name alone.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// A moment as names of files have it: they sort as the moments do.
pub fn stamp(at: Timestamp) -> String {
    at.to_utc().format("%Y%m%d%H%M%S").to_string()
}

/// The files of a data directory, the oldest first. Others that lie there are none of ours.
pub fn files(dir: &Path) -> Result<Vec<FileName>, WarcError> {
    let folder = folder(dir);
    let failed = |source| WarcError::io("list", &folder, source);
    let entries = match fs::read_dir(&folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        done => done.map_err(failed)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        files.extend(FileName::read(entry.map_err(failed)?.path()));
    }
    files.sort_by_key(|file| file.number);
    Ok(files)
}

/// How many files there are, and their bytes.
pub fn bytes(dir: &Path) -> Result<(usize, u64), WarcError> {
    let files = files(dir)?;
    let size = |file: &FileName| match fs::metadata(&file.path) {
        // It may have gone meanwhile.
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(0),
        done => {
            done.map(|data| data.len()).map_err(|fault| WarcError::io("look at", &file.path, fault))
        }
    };
    let sizes: Vec<u64> = files.iter().map(size).collect::<Result<_, _>>()?;
    Ok((files.len(), sizes.iter().sum()))
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Pages that were removed.
    pub removed: u64,
    /// Pages that are still there.
    pub left: u64,
    /// Bytes after damage, which nobody can say anything of, and which were removed for that.
    pub unread: u64,
}

/// Removes the pages that `is_gone` names from a file that nobody writes; the file, where none is left. A crash leaves the old file
/// or the new one. What cannot be read goes, too: it may be what was to go.
pub fn rewrite(
    path: &Path,
    is_gone: &mut dyn FnMut(&Kept) -> bool,
) -> Result<Rewritten, WarcError> {
    let whole = fs::read(path).map_err(|source| WarcError::io("read", path, source))?;
    let mut pages = Pages::open(path)?;
    let (mut done, mut parts, mut from) = (Rewritten::default(), Vec::new(), 0);
    for page in &mut pages {
        match page {
            Ok(page) if is_gone(&page) => {
                done.removed += 1;
                parts.push(from..page.start as usize);
                from = page.end as usize;
            }
            Ok(_) => done.left += 1,
            Err(fault @ WarcError::Io { .. }) => return Err(fault),
            Err(WarcError::Damaged { .. }) => {}
        }
    }
    let end = pages.end() as usize;
    done.unread = (whole.len() - end) as u64;
    if done.removed == 0 && done.unread == 0 {
        return Ok(done);
    }
    if done.left == 0 {
        remove(path)?;
        return Ok(done);
    }
    parts.push(from..end);
    let parts: Vec<&[u8]> = parts.into_iter().map(|part| &whole[part]).collect();
    replace_file(path, &parts).map_err(|source| WarcError::io("replace", path, source))?;
    Ok(done)
}

/// Removes a file, durably.
pub(super) fn remove(path: &Path) -> Result<(), WarcError> {
    let gone = disk::remove(path).and_then(|()| disk::sync_names(parent(path)));
    gone.map_err(|source| WarcError::io("remove", path, source))
}

pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Removes what a crash left of files that were being written anew.
pub(super) fn remove_leftovers(dir: &Path) -> Result<(), WarcError> {
    for file in files(dir)? {
        let fresh = beside_file(&file.path);
        disk::remove(&fresh).map_err(|source| WarcError::io("remove", &fresh, source))?;
    }
    Ok(())
}
