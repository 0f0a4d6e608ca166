//! Rows to blocks in sled, and those that are not there yet: one ordered map to whoever reads.
//!
//! sled's work goes by its row, whatever the size. So rows of neighbouring keys share a block (`block`), and what changes is
//! held in memory until enough of it has come together (`merge`). Nothing is promised on what is held: the journal has it.
//!
//! A block holds the rows from its own key on, up to the next block's key. It never holds rows of two tags. Beside blocks lie
//! rows of their own: the meta row, and those that are not derived, except what makes versions findable.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::panic::resume_unwind;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::block::{self, Entry};
use super::meta::Meta;
use super::query::Direction;
use super::sheet::{Fresh, Sheet};
use super::{StoreError, keys, merge, rows};

/// What a row takes in memory besides its bytes.
const ROW_OVERHEAD: usize = 64;

/// Rows that are held before they are written: what some five hundred records change.
const HELD_ROWS_MAX: usize = 4_096;

/// Bytes that are held before they are written.
const HELD_BYTES_MAX: usize = 4 << 20;

/// How long rows are held.
const HELD_FOR: Duration = Duration::from_secs(1);

/// The tree, and what it is to get.
#[derive(Debug)]
pub(super) struct Packed {
    db: sled::Db,
    held: RwLock<Held>,
}

/// What becomes of rows, in the order in which they are read.
#[derive(Debug, Default)]
struct Held {
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What it takes in memory, nearly.
    bytes: usize,
    /// Since when.
    since: Option<Instant>,
}

impl Held {
    fn insert(&mut self, key: Vec<u8>, row: Option<Vec<u8>>) {
        let size = |row: &Option<Vec<u8>>| row.as_ref().map_or(0, Vec::len);
        let (key_bytes, row_bytes) = (key.len() + ROW_OVERHEAD, size(&row));
        let freed = self.rows.insert(key, row).map_or(0, |old| key_bytes + size(&old));
        self.bytes = self.bytes + key_bytes + row_bytes - freed;
    }
}

impl Packed {
    pub(super) fn over(db: sled::Db) -> Self {
        Self { db, held: RwLock::default() }
    }

    /// sled's own, for rows that lie in no block.
    pub(super) const fn bare(&self) -> &sled::Db {
        &self.db
    }

    /// The row under `key`.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        // Before the tree: what is not held any more is there.
        if let Some(row) = self.held().rows.get(key) {
            return Ok(row.clone());
        }
        let Some((block, bytes)) = block_of(&self.db, key)? else { return Ok(None) };
        block::find(&block, &bytes, key)
    }

    /// The rows from `low` on, without those from `high` on; `Older` begins with the last. Keys of one tag.
    pub(super) fn scan(&self, low: Vec<u8>, high: Vec<u8>, direction: Direction) -> Scan<'_> {
        Scan { packed: self, low, high, direction, ready: VecDeque::new() }
    }

    /// The rows whose keys begin with `prefix`.
    pub(super) fn scan_prefix(&self, prefix: Vec<u8>) -> Scan<'_> {
        let end = keys::after(&prefix);
        self.scan(prefix, end, Direction::Newer)
    }

    /// Takes rows over, so that they can be read.
    pub(super) fn hold(&self, sheet: &Sheet) {
        let mut held = self.held_mut();
        if sheet.is_empty() {
            return;
        }
        held.since.get_or_insert_with(Instant::now);
        for (key, row) in sheet.all() {
            held.insert(key.to_vec(), row.map(<[u8]>::to_vec));
        }
    }

    /// True where so much is held, or for so long, that it has to be written.
    pub(super) fn is_due(&self) -> bool {
        let Held { rows, bytes, since } = &*self.held();
        rows.len() >= HELD_ROWS_MAX
            || *bytes >= HELD_BYTES_MAX
            || since.is_some_and(|since| since.elapsed() >= HELD_FOR)
    }

    /// Writes what is held as one batch of sled's, the meta row with it: after a crash all of it is there or none. Gives what the
    /// meta row says then. For whoever alone writes.
    pub(super) fn write_held(&self, mut meta: Meta) -> Result<Meta, StoreError> {
        let held = self.held();
        if held.since.is_none() {
            return Ok(meta);
        }
        let mut batch = sled::Batch::default();
        let mut written = Vec::new();
        let rows = held.rows.iter().map(|(key, row)| (key.as_slice(), row.as_deref()));
        merge::merge(&self.db, &rows.collect::<Vec<_>>(), &mut meta, &mut |key, block| {
            written.push(key.clone());
            match block {
                Some(block) => batch.insert(key, block),
                None => batch.remove(key),
            }
            Ok(())
        })?;
        let key = keys::meta();
        batch.insert(&key, rows::seal(&key, &meta)?);
        self.db.apply_batch(batch)?;
        settle(&self.db, &written)?;
        drop(held);
        *self.held_mut() = Held::default();
        Ok(meta)
    }

    /// Writes rows block by block in the order of keys, the meta row last: for rows that nobody reads before all of them are there,
    /// and that are thrown away after a fault. In a batch sled would keep every page it replaces until the end.
    ///
    /// Rows of the one tag have nothing to do with those of another, so two threads share the work.
    pub(super) fn pour(&self, sheet: &Sheet, before: Meta) -> Result<Meta, StoreError> {
        let rows = sheet.in_order();
        let (first, later) = rows.split_at(half(&rows));
        let meta = thread::scope(|scope| {
            let helper = thread::Builder::new().name("rows".to_owned());
            let helper = helper.spawn_scoped(scope, || self.pour_part(later, before));
            let meta = self.pour_part(first, before)?;
            let later = match helper {
                Ok(helper) => helper.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // No thread is to be had.
                Err(_) => self.pour_part(later, before),
            };
            Ok::<_, StoreError>(meta.with_rows_since(&before, &later?))
        })?;
        let key = keys::meta();
        self.db.insert(key, rows::seal(&key, &meta)?)?;
        Ok(meta)
    }

    fn pour_part(&self, rows: &[Fresh<'_>], mut meta: Meta) -> Result<Meta, StoreError> {
        merge::merge(&self.db, rows, &mut meta, &mut |key, block| {
            match block {
                Some(block) => self.db.insert(key, block)?,
                None => self.db.remove(key)?,
            };
            Ok(())
        })?;
        Ok(meta)
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where rows of another tag begin, half of the bytes behind, nearly.
fn half(rows: &[Fresh<'_>]) -> usize {
    let bytes = |(key, row): &Fresh<'_>| key.len() + row.map_or(0, <[u8]>::len);
    let all: usize = rows.iter().map(bytes).sum();
    let (mut before, mut at) = (0, 0);
    for tag in rows.chunk_by(|(one, _), (other, _)| one[0] == other[0]) {
        if before >= all / 2 {
            break;
        }
        before += tag.iter().map(bytes).sum::<usize>();
        at += tag.len();
    }
    at
}

/// A block's key and its bytes.
pub(super) type Block = (sled::IVec, sled::IVec);

/// The block that holds the row under `key`, if there is such a row.
pub(super) fn block_of(tree: &sled::Tree, key: &[u8]) -> Result<Option<Block>, StoreError> {
    let found = tree.range(..=key).next_back().transpose()?;
    Ok(found.filter(|(block, _)| block.first() == key.first()))
}

/// The block after `key`, among those of its tag.
pub(super) fn block_after(tree: &sled::Tree, key: &[u8]) -> Result<Option<Block>, StoreError> {
    let found = tree.range::<&[u8], _>((Bound::Excluded(key), Bound::Unbounded)).next();
    Ok(found.transpose()?.filter(|(block, _)| block.first() == key.first()))
}

/// The rows of a block. What makes versions findable and is damaged is as good as lost: it is made again from texts.
pub(super) fn entries(block: &[u8], bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    match block::read(block, bytes) {
        Err(_) if block.first() == Some(&keys::FINDABLE) => Ok(Vec::new()),
        read => read,
    }
}

/// Has sled divide the pages that grew too large, by looking up what was just written. Else the next read does it, which is then a
/// write, and fails where sled may no longer write.
pub(super) fn settle(tree: &sled::Tree, written: &[Vec<u8>]) -> Result<(), StoreError> {
    for key in written {
        tree.get(key)?;
    }
    Ok(())
}

/// Rows in turn. What is written meanwhile may be among them or not; each comes once at most.
pub(super) struct Scan<'a> {
    packed: &'a Packed,
    low: Vec<u8>,
    high: Vec<u8>,
    direction: Direction,
    ready: VecDeque<Entry>,
}

impl Scan<'_> {
    /// Reads on until there is a row, or the end.
    fn fill(&mut self) -> Result<(), StoreError> {
        while self.ready.is_empty() && self.low < self.high {
            match self.direction {
                Direction::Newer => self.fill_up()?,
                Direction::Older => self.fill_down()?,
            }
        }
        Ok(())
    }

    /// Takes the rows from `low` on up to the end of their block.
    fn fill_up(&mut self) -> Result<(), StoreError> {
        // Held until the block is read: what goes from the one to the other is seen in one of them.
        let held = self.packed.held();
        let tree = &self.packed.db;
        let block = block_of(tree, &self.low)?;
        let from = block.as_ref().map_or(self.low.as_slice(), |(key, _)| key);
        let next = block_after(tree, from)?.map(|(key, _)| key.to_vec());
        let end = next.filter(|next| *next < self.high).unwrap_or_else(|| self.high.clone());
        self.ready = joined(&held, block, &self.low, &end)?;
        self.low = end;
        Ok(())
    }

    /// Takes the rows before `high` from the beginning of their block on.
    fn fill_down(&mut self) -> Result<(), StoreError> {
        let held = self.packed.held();
        let last = self.packed.db.range(..self.high.as_slice()).next_back().transpose()?;
        let block = last.filter(|(block, _)| block.first() == self.low.first());
        let begin = block.as_ref().map(|(key, _)| key.to_vec());
        let begin = begin.filter(|key| *key > self.low).unwrap_or_else(|| self.low.clone());
        self.ready = joined(&held, block, &begin, &self.high)?;
        self.high = begin;
        Ok(())
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(fault) = self.fill() {
            // Nothing follows.
            self.low.clone_from(&self.high);
            return Some(Err(fault));
        }
        let row = match self.direction {
            Direction::Newer => self.ready.pop_front(),
            Direction::Older => self.ready.pop_back(),
        };
        row.map(Ok)
    }
}

/// The rows from `low` to `high` of a block and of what is held, which is newer.
fn joined(
    held: &Held,
    block: Option<Block>,
    low: &[u8],
    high: &[u8],
) -> Result<VecDeque<Entry>, StoreError> {
    let stored = block.map(|(key, bytes)| entries(&key, &bytes)).transpose()?.unwrap_or_default();
    let within = |key: &[u8]| low <= key && key < high;
    let mut stored = stored.into_iter().filter(|(key, _)| within(key)).peekable();
    let mut ready = VecDeque::new();
    for (key, row) in held.rows.range::<[u8], _>((Bound::Included(low), Bound::Excluded(high))) {
        while let Some(older) = stored.next_if(|(stored, _)| stored < key) {
            ready.push_back(older);
        }
        let _replaced = stored.next_if(|(stored, _)| stored == key);
        if let Some(row) = row {
            ready.push_back((key.clone(), row.clone()));
        }
    }
    ready.extend(stored);
    Ok(ready)
}

#[cfg(test)]
mod tests;
