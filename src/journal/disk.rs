//! What the journal asks of the disk, each kind of call in one place: tests make any of them fail, and then cut the power.
//!
//! **A sync that failed is not believed when it is made again.** The system tells of a failed write-out once and may call the
//! pages clean after that: a second sync has nothing left to write, and succeeds. So what a failed sync was to make durable is
//! written again before the next one: bytes at their place, a file under its name. Reading back would prove nothing, since it
//! comes from those very pages.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

#[cfg(test)]
pub(super) mod model;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// A file is opened, and made where it is not there.
    Open,
    /// Bytes are written.
    Write,
    /// A file is cut or made longer.
    Cut,
    /// A file's bytes and length are made durable.
    Sync,
    /// The names in a folder are made durable.
    Names,
    /// A name is removed.
    Remove,
    /// A file takes the name of another.
    Rename,
}

/// Opens a file for writing, and makes it where it is not there.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    asked(Op::Open, path)?;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    done(Op::Open, path, 0..0);
    Ok(file)
}

/// Writes all of `bytes` at byte `at`. What an error leaves there may be any part of them.
pub(crate) fn write_at(mut file: &File, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
    let may = asked(Op::Write, path);
    // A disk that fails takes a part first.
    let bytes = if may.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)?;
    done(Op::Write, path, at..at + bytes.len() as u64);
    may
}

/// Gives a file so many bytes.
pub(crate) fn cut(file: &File, path: &Path, end: u64) -> io::Result<()> {
    asked(Op::Cut, path)?;
    file.set_len(end)?;
    done(Op::Cut, path, end..end);
    Ok(())
}

/// Makes a file's bytes, and of what is known of it its length, durable. After an error, see above.
pub(crate) fn sync_data(file: &File, path: &Path) -> io::Result<()> {
    asked(Op::Sync, path)?;
    file.sync_data()?;
    done(Op::Sync, path, 0..0);
    Ok(())
}

/// The same with all that is known of the file.
pub(super) fn sync(file: &File, path: &Path) -> io::Result<()> {
    asked(Op::Sync, path)?;
    file.sync_all()?;
    done(Op::Sync, path, 0..0);
    Ok(())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_names(folder: &Path) -> io::Result<()> {
    asked(Op::Names, folder)?;
    File::open(folder)?.sync_all()?;
    done(Op::Names, folder, 0..0);
    Ok(())
}

/// Removes a file, where it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    asked(Op::Remove, path)?;
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    done(Op::Remove, path, 0..0);
    Ok(())
}

/// Makes `parts`, one after another, the whole of the file at `path`, durably: written beside, synced, renamed, the folder synced.
///
/// A crash leaves the old file or the new one, never half of it. After an error it may be either, and the same call may be made
/// again: it begins with the bytes.
pub fn replace_file(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let fresh = fresh(path);
    let write = || {
        remove(&fresh)?;
        let file = open(&fresh)?;
        let mut at = 0;
        for part in parts {
            write_at(&file, &fresh, at, part)?;
            at += part.len() as u64;
        }
        sync(&file, &fresh)?;
        asked(Op::Rename, path)?;
        fs::rename(&fresh, path)?;
        done(Op::Rename, path, 0..0);
        sync_names(path.parent().unwrap_or(Path::new(".")))
    };
    write().inspect_err(|_| {
        // What was written of it takes room for nothing. Where that fails as well, the next one overwrites it.
        let _left = fs::remove_file(&fresh);
    })
}

/// What a file is called while [`replace_file`] writes it.
pub fn fresh(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

#[cfg(test)]
use model::{asked, done};

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "only tests make it fail")]
const fn asked(_op: Op, _path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(test))]
fn done(_op: Op, _path: &Path, _bytes: std::ops::Range<u64>) {}

#[cfg(test)]
mod tests;
