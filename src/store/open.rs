//! A data directory to a store whose rows can be trusted, or to an empty one with the old rows moved aside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use super::query::Sort;
use super::rows::{self, Meta};
use super::{Store, StoreError, guarded, keys, swap};
use crate::journal::Location;
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
    /// Where the journal must hold that record, if these rows are of that journal; see [`Store::set_aside`].
    pub applied_at: Option<Location>,
    /// Where rows that could not be trusted lie.
    pub quarantined: Option<PathBuf>,
    /// Why they could not, in words.
    pub why: Option<String>,
}

pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<(Store, Opened), StoreError> {
    swap::mend(dir)?;
    match attempt(dir, cache_bytes) {
        Err(fault) if fault.is_damage() => {
            let why = match &fault {
                StoreError::Sled(cause) => cause.to_string(),
                other => other.to_string(),
            };
            let aside = set_aside(dir)?;
            let (store, mut opened) = attempt(dir, cache_bytes)?;
            opened.quarantined = aside;
            opened.why = Some(why);
            Ok((store, opened))
        }
        done => done,
    }
}

pub(super) fn open_existing(dir: &Path, cache_bytes: u64) -> Result<(Store, Opened), StoreError> {
    if folder(dir).is_dir() {
        attempt(dir, cache_bytes)
    } else {
        Err(StoreError::Absent { dir: dir.to_path_buf() })
    }
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

fn attempt(dir: &Path, cache_bytes: u64) -> Result<(Store, Opened), StoreError> {
    let tree = tree(&folder(dir), cache_bytes)?;
    let meta = guarded("read all rows", || check(&tree));
    let meta = match meta {
        Ok(meta) => meta,
        Err(fault) => {
            // sled writes out on the last drop, and may give up at that as well.
            let _given_up = guarded("close", || {
                drop(tree);
                Ok(())
            });
            return Err(fault);
        }
    };
    let Meta { applied_seq, segment, offset, .. } = meta;
    let applied_at = (applied_seq > 0).then_some(Location { segment, offset });
    let opened = Opened { applied_seq: Seq(applied_seq), applied_at, ..Opened::default() };
    let store =
        Store { tree, meta: Arc::new(RwLock::new(meta)), writing: Arc::new(Mutex::new(())) };
    Ok((store, opened))
}

/// The tree at `path` as sled opens it, its rows unread.
pub(super) fn tree(path: &Path, cache_bytes: u64) -> Result<sled::Db, StoreError> {
    remove_torn_snapshots(path)?;
    guarded("open", || {
        Ok(sled::Config::new()
            .path(path)
            .cache_capacity(cache_bytes)
            .flush_every_ms(Some(FLUSH_EVERY_MILLIS))
            .open()?)
    })
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

/// Reads every derived row: envelopes hold, and there are as many of each kind as the meta row says.
fn check(tree: &sled::Tree) -> Result<Meta, StoreError> {
    let mut meta = None;
    let mut rows = [0_u64; 256];
    for row in tree.range(..[keys::NOT_DERIVED]) {
        let (key, bytes) = row?;
        let tag = key.first().copied().unwrap_or(keys::META);
        rows::body(&key, &bytes)?;
        if tag == keys::META {
            meta = Some(rows::unseal::<Meta>(&key, &bytes)?);
        } else {
            rows[usize::from(tag)] += 1;
        }
    }
    let meta = meta.unwrap_or_default();
    for (tag, expected) in [
        (keys::VERSION, meta.versions),
        (keys::PLACE, meta.versions),
        (keys::STATE, meta.versions),
        (keys::MEMBER, meta.versions),
        (keys::ARTICLE, meta.articles),
        (keys::SOURCE, meta.sources),
        (keys::SET, meta.clusters),
        (keys::ORDER, meta.clusters * Sort::ALL.len() as u64),
    ] {
        let found = rows[usize::from(tag)];
        if found != expected {
            let kind = keys::kind(tag);
            return Err(StoreError::damaged(format!(
                "{found} {kind} rows where {expected} belong"
            )));
        }
    }
    Ok(meta)
}
