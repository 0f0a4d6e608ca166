//! Who appends pages: to one file at a time, each batch durable before the next step is taken.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::{FileName, files, folder, parent, remove_leftovers};
use super::write::{Packed, warcinfo};
use super::{Pages, WarcError};
use crate::journal::{disk, replace_file};
use crate::model::Timestamp;

/// From this size on the next batch begins another file. Archives use a gigabyte; ours are rewritten when a page has to go.
pub const FILE_BYTES: u64 = 64 << 20;

/// Appends pages.
#[derive(Debug)]
pub struct Keeper {
    dir: PathBuf,
    file_bytes: u64,
    open: Writing,
    last: u32,
    /// Files whose end could not be cut.
    torn: Vec<String>,
}

/// The file that is being written, if one is.
#[derive(Clone, Debug, Default)]
pub struct Writing(Arc<Mutex<Option<Open>>>);

impl Writing {
    /// Has the next page begin another file, where it is this one that is being written: then it may be rewritten.
    pub fn let_go(&self, number: u32) {
        let mut open = self.lock();
        if open.as_ref().is_some_and(|open| open.name.number == number) {
            *open = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Open {
    name: FileName,
    file: File,
    /// Where the last batch ends that is durable.
    end: u64,
}

impl Keeper {
    /// Opens the folder of a data directory, and cuts what a crash left at the end of the file that was being written then. Tells how
    /// many bytes that were.
    pub fn open(dir: &Path, file_bytes: u64) -> Result<(Self, u64), WarcError> {
        let folder = folder(dir);
        fs::create_dir_all(&folder)
            .and_then(|()| disk::sync_names(parent(&folder)))
            .map_err(|source| WarcError::io("make", &folder, source))?;
        remove_leftovers(dir)?;
        let known = files(dir)?;
        let cut = cut_torn(dir, &known)?;
        let last = known.last().map_or(0, |file| file.number);
        let (dir, torn, open) = (dir.to_owned(), Vec::new(), Writing::default());
        Ok((Self { dir, file_bytes, open, last, torn }, cut))
    }

    /// What is being written, for whoever rewrites files.
    pub fn writing(&self) -> Writing {
        self.open.clone()
    }

    /// Appends pages and makes them durable. After an error nothing of them is there, and the next call begins a file of its own.
    pub fn append(&mut self, pages: &[Packed], at: Timestamp) -> Result<(), WarcError> {
        let day = at.to_utc().format("%Y%m%d").to_string();
        let goes_on = |open: &Open| open.end < self.file_bytes && open.name.begun.starts_with(&day);
        let writing = self.open.clone();
        // Held while it is written: nobody rewrites the file meanwhile.
        let mut held = writing.lock();
        let open = match held.take().filter(goes_on) {
            Some(open) => open,
            None => self.begin(at)?,
        };
        let all = pages.iter().map(|page| page.0.as_slice()).collect::<Vec<_>>().concat();
        let path = &open.name.path;
        let written = disk::write_at(&open.file, path, open.end, &all)
            .and_then(|()| disk::sync_data(&open.file, path));
        if let Err(source) = written {
            // What a failed sync leaves is not believed: it is cut, and the file is let go of. Where that fails, too, the next start
            // cuts what is no page, and what is one is one page too many.
            let cut = disk::cut(&open.file, path, open.end);
            if cut.and_then(|()| disk::sync_data(&open.file, path)).is_err() {
                self.torn.push(open.name.name());
            }
            return Err(WarcError::io("write", path, source));
        }
        *held = Some(Open { end: open.end + all.len() as u64, ..open });
        Ok(())
    }

    /// Begins the next file.
    fn begin(&mut self, at: Timestamp) -> Result<Open, WarcError> {
        let name = FileName::new(&self.dir, self.last + 1, at);
        let failed = |source| WarcError::io("begin", &name.path, source);
        let info = warcinfo(&name.name(), at).map_err(failed)?;
        let names = [self.torn.as_slice(), &[name.name(), String::new()]].concat().join("\n");
        replace_file(&mark(&self.dir), &[names.as_bytes()]).map_err(failed)?;
        let begin = || {
            let file = disk::open(&name.path)?;
            disk::write_at(&file, &name.path, 0, &info)?;
            disk::sync_data(&file, &name.path)?;
            disk::sync_names(parent(&name.path))?;
            Ok(file)
        };
        let file = begin().map_err(|source| {
            // Half a beginning is of no use; the next one has its number.
            let _ = disk::remove(&name.path);
            failed(source)
        })?;
        self.last = name.number;
        Ok(Open { end: info.len() as u64, name, file })
    }

    /// Lets go of it: all that was appended is durable, and the next start need not look.
    pub fn end(self) -> Result<(), WarcError> {
        if !self.torn.is_empty() {
            return Ok(());
        }
        let mark = mark(&self.dir);
        disk::remove(&mark).map_err(|source| WarcError::io("remove", mark, source))
    }
}

fn mark(dir: &Path) -> PathBuf {
    folder(dir).join("open")
}

/// True where a file was being written when its writer died, or is at present: what lies at its end may be no page.
pub(super) fn is_unfinished(dir: &Path, file: &FileName) -> bool {
    let names = fs::read_to_string(mark(dir)).unwrap_or_default();
    names.lines().any(|name| name == file.name())
}

/// Cuts the ends of the files that were being written, from the last whole page on.
fn cut_torn(dir: &Path, known: &[FileName]) -> Result<u64, WarcError> {
    let mark = mark(dir);
    let mut cut = 0;
    for torn in known.iter().filter(|file| is_unfinished(dir, file)) {
        cut += cut_end(&torn.path)?;
    }
    disk::remove(&mark).map_err(|source| WarcError::io("remove", &mark, source))?;
    Ok(cut)
}

fn cut_end(path: &Path) -> Result<u64, WarcError> {
    let mut pages = Pages::open(path)?;
    for page in &mut pages {
        match page {
            Err(fault @ WarcError::Io { .. }) => return Err(fault),
            Err(WarcError::Damaged { .. }) | Ok(_) => {}
        }
    }
    let failed = |source| WarcError::io("cut", path, source);
    let file = disk::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > pages.end() {
        disk::cut(&file, path, pages.end())
            .and_then(|()| disk::sync_data(&file, path))
            .map_err(failed)?;
    }
    Ok(size - pages.end())
}
