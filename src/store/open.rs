//! A data directory to a store whose rows can be trusted, or to an empty one with the old rows moved aside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::draft::missing;
use super::handle::{LOOK, LOOKS_MAX};
use super::meta::Meta;
use super::packed::Packed;
use super::{Store, StoreError, block, guarded, keys, rest, rows, swap};
use crate::journal::{Location, generation};
use crate::model::Seq;

/// How many directories moved aside are kept, the youngest: they are for whoever looks into a fault, not for reading.
const KEPT_ASIDE: usize = 3;

/// How often sled writes out what it holds. Nothing is promised on it: the journal is what is durable.
const FLUSH_EVERY_MILLIS: u64 = 500;

/// What was found when a store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// The rows hold all records up to this one; the caller applies those after it.
    pub applied_seq: Seq,
    /// Where the journal must hold that record, if these rows are of that journal; see [`Store::disown`].
    pub applied_at: Option<Location>,
    /// True where a clean stop left them whole, so that they need not be read.
    pub rested: bool,
    /// Where rows that could not be trusted lie.
    pub quarantined: Option<PathBuf>,
    /// Why they could not, in words.
    pub why: Option<String>,
}

pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<(Store, Opened), StoreError> {
    mended(dir, &|| attempt(dir, cache_bytes, Reading::AllUnlessRested))
}

pub(super) fn open_unread(dir: &Path, cache_bytes: u64) -> Result<(Store, Opened), StoreError> {
    mended(dir, &|| attempt(dir, cache_bytes, Reading::Meta))
}

/// Opens, and where the rows are damaged, opens once more after they were moved aside.
fn mended(
    dir: &Path,
    attempt: &dyn Fn() -> Result<(Store, Opened), StoreError>,
) -> Result<(Store, Opened), StoreError> {
    swap::mend(dir)?;
    match attempt() {
        Err(fault) if fault.is_damage() => {
            let why = match &fault {
                StoreError::Sled(cause) => cause.to_string(),
                other => other.to_string(),
            };
            let aside = set_aside(dir)?;
            let (store, mut opened) = attempt()?;
            opened.quarantined = aside;
            opened.why = Some(why);
            Ok((store, opened))
        }
        done => done,
    }
}

/// Takes over what is not derived from rows that were set aside, as far as it can still be read. Nothing depends on it.
pub(super) fn take_notes(store: &Store, aside: Option<&Path>) {
    let (Some(aside), Ok(packed)) = (aside, store.tree()) else { return };
    let cache_bytes = store.inner.cache_bytes;
    let _lost = guarded("take over", || {
        let generation = read_generation(packed.bare())?;
        let meta = store.meta();
        let old = tree(aside, cache_bytes)?;
        swap::carry_over(&packed, meta, &old, generation, &|_, _| false, &|_| true)
    });
}

pub(super) fn open_existing(dir: &Path, cache_bytes: u64) -> Result<(Store, Opened), StoreError> {
    if folder(dir).is_dir() {
        attempt(dir, cache_bytes, Reading::AllUnlessRestedAndLeft)
    } else {
        Err(StoreError::Absent { dir: dir.to_path_buf() })
    }
}

/// Stores that lie moved aside, and their bytes.
pub(super) fn aside_total(dir: &Path) -> Result<(u64, u64), StoreError> {
    let numbers = aside_numbers(dir)?;
    let sizes = numbers.iter().map(|&number| bytes(&aside(dir, number)));
    let sum = sizes.sum::<Result<u64, _>>()?;
    Ok((numbers.len() as u64, sum))
}

/// Bytes of all files in a folder and the folders in it; 0 where there is none.
pub(super) fn bytes(path: &Path) -> Result<u64, StoreError> {
    let files = match fs::read_dir(path) {
        Ok(files) => files,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(io_fault("list", path)(source)),
    };
    let mut sum = 0;
    for file in files {
        let file = file.map_err(io_fault("list", path))?;
        sum += match file.metadata() {
            Ok(found) if found.is_dir() => bytes(&file.path())?,
            Ok(found) => found.len(),
            // sled removes files as it goes.
            Err(_) => 0,
        };
    }
    Ok(sum)
}

/// Moves the rows to the first free `store.damaged-N`, and removes the oldest such beyond [`KEPT_ASIDE`].
pub(super) fn set_aside(dir: &Path) -> Result<Option<PathBuf>, StoreError> {
    let from = folder(dir);
    if !from.exists() {
        return Ok(None);
    }
    let mut numbers = aside_numbers(dir)?;
    let number = numbers.last().map_or(1, |last| last + 1);
    let to = aside(dir, number);
    fs::rename(&from, &to).map_err(io_fault("move aside", &from))?;
    numbers.push(number);
    for &old in numbers.iter().rev().skip(KEPT_ASIDE) {
        let old = aside(dir, old);
        fs::remove_dir_all(&old).map_err(io_fault("remove", &old))?;
    }
    Ok(Some(to))
}

/// Removes everything that was ever moved aside.
pub(super) fn forget_aside(dir: &Path) -> Result<(), StoreError> {
    for number in aside_numbers(dir)? {
        let old = aside(dir, number);
        fs::remove_dir_all(&old).map_err(io_fault("remove", &old))?;
    }
    Ok(())
}

pub(super) fn folder(dir: &Path) -> PathBuf {
    dir.join("store")
}

fn aside(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("store.damaged-{number}"))
}

fn aside_numbers(dir: &Path) -> Result<Vec<u32>, StoreError> {
    let mut numbers = Vec::new();
    for file in fs::read_dir(dir).map_err(io_fault("list", dir))? {
        let name = file.map_err(io_fault("list", dir))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("store.damaged-"));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn io_fault<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io { what, path: path.to_path_buf(), source }
}

/// How much is read of rows before they are trusted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The meta row.
    Meta,
    /// All rows, unless a clean stop left them whole. They will be written to.
    AllUnlessRested,
    /// The same, and they will not be written to.
    AllUnlessRestedAndLeft,
}

fn attempt(dir: &Path, cache_bytes: u64, reading: Reading) -> Result<(Store, Opened), StoreError> {
    let store = folder(dir);
    let tree = tree(&store, cache_bytes)?;
    let read = guarded("read the rows", || {
        let meta = read_meta(&tree)?;
        compare_generations(dir, &tree, &meta, reading)?;
        let rested = rest::rested(&store, &meta);
        if reading != Reading::Meta && !rested {
            check(&tree)?;
        }
        if reading != Reading::AllUnlessRestedAndLeft {
            rest::wake(&store)?;
        }
        Ok((meta, rested))
    });
    let (meta, rested) = match read {
        Ok(read) => read,
        Err(fault) => {
            // sled writes out on the last drop, and may give up at that as well.
            let _given_up = guarded("close", || {
                drop(tree);
                Ok(())
            });
            return Err(fault);
        }
    };
    let opened = Opened {
        applied_seq: Seq(meta.applied_seq),
        applied_at: meta.place(),
        rested,
        ..Opened::default()
    };
    Ok((Store::over(dir, cache_bytes, Packed::over(tree), meta), opened))
}

/// The tree at `path` as sled opens it, its rows unread.
pub(super) fn tree(path: &Path, cache_bytes: u64) -> Result<sled::Db, StoreError> {
    remove_torn_snapshots(path)?;
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(cache_bytes)
        .flush_every_ms(Some(FLUSH_EVERY_MILLIS));
    let mut looks = 0;
    loop {
        match guarded("open", || Ok(config.open()?)) {
            // A task of sled's that still ends, or a process that was just forked, holds the lock of its files for an instant.
            Err(StoreError::Sled(sled::Error::Io(fault)))
                if looks < LOOKS_MAX && fault.to_string().contains("could not acquire lock") =>
            {
                looks += 1;
                std::thread::park_timeout(LOOK);
            }
            done => return done,
        }
    }
}

/// sled reads a half-written `snap.*.generating` as its newest snapshot and fails; what it was made from is still there (sled #1527).
fn remove_torn_snapshots(path: &Path) -> Result<(), StoreError> {
    let files = match fs::read_dir(path) {
        Ok(files) => files,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(io_fault("list", path)(source)),
    };
    for file in files {
        let file = file.map_err(io_fault("list", path))?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(file.path()).map_err(io_fault("remove", &file.path()))?;
        }
    }
    Ok(())
}

/// What the meta row says; nothing in a tree that has just been begun.
fn read_meta(tree: &sled::Tree) -> Result<Meta, StoreError> {
    let key = keys::meta();
    let meta = tree.get(key)?.map(|bytes| rows::unseal(&key, &bytes)).transpose()?;
    if meta.is_none() && tree.range(..[keys::NOT_DERIVED]).next().transpose()?.is_some() {
        return Err(missing(&key));
    }
    Ok(meta.unwrap_or_default())
}

/// Errors where the rows were made in another generation of the journal: they may say what it has not, though the last record is
/// the same. Rows without anything in them, or from before that was noted, are of the present one from here on.
fn compare_generations(
    dir: &Path,
    tree: &sled::Tree,
    meta: &Meta,
    reading: Reading,
) -> Result<(), StoreError> {
    // Whoever numbers answers by it says what is wrong with the file.
    let Ok(journal) = generation(dir) else { return Ok(()) };
    match read_generation(tree)? {
        Some(rows) if rows == journal => Ok(()),
        Some(rows) if meta.applied_seq > 0 => Err(StoreError::OtherGeneration { rows, journal }),
        _ if reading == Reading::AllUnlessRestedAndLeft => Ok(()),
        _ => {
            // On a disk that takes nothing, another opening does it.
            let _later = write_generation(tree, journal);
            Ok(())
        }
    }
}

/// The generation of the journal that rows were made in; `None` where it was not noted.
pub(super) fn read_generation(tree: &sled::Tree) -> Result<Option<u64>, StoreError> {
    let key = keys::generation();
    tree.get(key)?.map(|bytes| rows::unseal(&key, &bytes)).transpose()
}

pub(super) fn write_generation(tree: &sled::Tree, number: u64) -> Result<(), StoreError> {
    let key = keys::generation();
    tree.insert(key, rows::seal(&key, &number)?)?;
    Ok(())
}

/// Reads every derived row in sled: envelopes hold, keys rise, and they are as many and the very ones the meta row says.
pub(super) fn check(tree: &sled::Tree) -> Result<Meta, StoreError> {
    let meta = read_meta(tree)?;
    let (mut found, mut last) = (Meta::default(), Vec::new());
    for row in tree.range([keys::META + 1]..[keys::NOT_DERIVED]) {
        let (block, bytes) = row?;
        if *block <= *last {
            return Err(rows::damaged(&block, "begins before the one before it ends"));
        }
        let mut rows = block::Reader::new(&block, &bytes)?;
        while let Some(row) = rows.next()? {
            found.exchange(rows.key(), None, Some(row))?;
        }
        last = rows.key().to_vec();
    }
    meta.compare(&found)?;
    Ok(meta)
}
