//! What becomes of rows, before it is written: keys and rows in one piece of memory, found by hash while the last word on them may
//! still come, and put in order once.

use std::collections::BTreeMap;
use std::ops::Range;

use hashbrown::HashTable;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::{StoreError, block, keys, rows};

/// A key, and the row that is to lie under it; `None` where none is.
pub(super) type Fresh<'a> = (&'a [u8], Option<&'a [u8]>);

/// What an entry takes besides its bytes, with its share of what finds it.
const ENTRY_BYTES: usize = 64;

/// Changed rows. The last word on a row counts.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Keys and rows; also rows on which a later word was said.
    bytes: Vec<u8>,
    /// In the order in which their keys first came.
    entries: Vec<Entry>,
    /// Hashes of keys, and positions in `entries`.
    places: HashTable<(u64, u32)>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Range<usize>,
    row: Option<Range<usize>>,
}

impl Sheet {
    /// Puts a row. Errors where it is too large for a block.
    pub(super) fn put(&mut self, key: &[u8], row: &impl Serialize) -> Result<(), StoreError> {
        let start = self.bytes.len();
        rows::append(row, &mut self.bytes);
        self.end_row(key, start)
    }

    /// Puts a row as it is.
    pub(super) fn put_bytes(&mut self, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(row);
        self.end_row(key, start)
    }

    /// The bytes from `start` on are the row under `key`.
    fn end_row(&mut self, key: &[u8], start: usize) -> Result<(), StoreError> {
        let row = &self.bytes[start..];
        if !block::fits(key, row) {
            let bytes = row.len();
            self.bytes.truncate(start);
            return Err(StoreError::TooLarge { kind: keys::kind(key[0]), bytes });
        }
        self.enter(key, Some(start..self.bytes.len()));
        Ok(())
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        self.enter(key, None);
    }

    fn enter(&mut self, key: &[u8], row: Option<Range<usize>>) {
        let hash = xxh3_64(key);
        let known = self.position(hash, key);
        let Self { bytes, entries, places } = self;
        if let Some(at) = known {
            let before = entries[at as usize].row.replace(0..0);
            entries[at as usize].row = match (before, row) {
                // Counters change and stay as long as they were.
                (Some(before), Some(row)) if before.len() == row.len() => {
                    let end = row.start;
                    bytes.copy_within(row, before.start);
                    bytes.truncate(end);
                    Some(before)
                }
                (_, row) => row,
            };
            return;
        }
        let start = bytes.len();
        bytes.extend_from_slice(key);
        let at = entries.len() as u32;
        entries.push(Entry { key: start..bytes.len(), row });
        places.insert_unique(hash, (hash, at), |&(hash, _)| hash);
    }

    /// What becomes of the row under `key`; `None` where nothing was said of it.
    pub(super) fn get(&self, key: &[u8]) -> Option<Fresh<'_>> {
        let at = self.position(xxh3_64(key), key)?;
        Some(self.fresh(&self.entries[at as usize]))
    }

    /// Where the entry of `key` is, whose hash is given.
    fn position(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let is_it = |&(of, at): &(u64, u32)| {
            of == hash && self.bytes[self.entries[at as usize].key.clone()] == *key
        };
        self.places.find(hash, is_it).map(|&(_, at)| at)
    }

    /// Removes the rows whose keys lie in `range`, of those that were put here.
    pub(super) fn remove_within(&mut self, range: &Range<Vec<u8>>) {
        for entry in &mut self.entries {
            let key = &self.bytes[entry.key.clone()];
            if *range.start <= *key && *key < *range.end {
                entry.row = None;
            }
        }
    }

    /// Everything, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = Fresh<'_>> {
        self.entries.iter().map(|entry| self.fresh(entry))
    }

    /// Everything, by key.
    pub(super) fn in_order(&self) -> Vec<Fresh<'_>> {
        // Of keys with the same beginning most came in order, which makes a sort of them cheap.
        let mut parts: BTreeMap<[u8; 2], Vec<Fresh<'_>>> = BTreeMap::new();
        for fresh in self.all() {
            let first = |at: usize| fresh.0.get(at).copied().unwrap_or_default();
            parts.entry([first(0), first(1)]).or_default().push(fresh);
        }
        let mut all = Vec::with_capacity(self.entries.len());
        for mut part in parts.into_values() {
            part.sort_by_key(|&(key, _)| key);
            all.append(&mut part);
        }
        all
    }

    fn fresh(&self, entry: &Entry) -> Fresh<'_> {
        (&self.bytes[entry.key.clone()], entry.row.clone().map(|row| &self.bytes[row]))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What it takes in memory, nearly.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.len() + self.entries.len() * ENTRY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Keys of one byte and of two, so that some begin others.
    fn key(number: u8) -> Vec<u8> {
        if number.is_multiple_of(5) { vec![number / 10] } else { vec![number / 10, number, 3] }
    }

    proptest! {
        #[test]
        fn the_last_word_on_a_row_counts(steps in prop::collection::vec((0_u8..60, 0_u8..8, any::<u8>()), 0..200)) {
            let (mut sheet, mut model) = (Sheet::default(), BTreeMap::new());
            for (number, does, byte) in steps {
                let key = key(number);
                match does {
                    0 => {
                        sheet.remove(&key);
                        model.insert(key.clone(), None);
                    }
                    1 => {
                        let range = key.clone()..vec![byte % 8];
                        sheet.remove_within(&range);
                        if range.start < range.end {
                            model.range_mut(range).for_each(|(_, row)| *row = None);
                        }
                    }
                    _ => {
                        let row = vec![byte; usize::from(byte % 3)];
                        sheet.put_bytes(&key, &row).unwrap();
                        model.insert(key.clone(), Some(row));
                    }
                }
                let expected = model.get(&key).map(|row| (&key[..], row.as_deref()));
                prop_assert_eq!(sheet.get(&key), expected);
            }
            let expected: Vec<Fresh<'_>> =
                model.iter().map(|(key, row)| (key.as_slice(), row.as_deref())).collect();
            prop_assert_eq!(sheet.in_order(), expected);
            prop_assert_eq!(sheet.get(&[99]), None);
        }
    }

    #[test]
    fn what_no_block_holds_is_refused_and_changes_nothing() {
        let mut sheet = Sheet::default();
        sheet.put(&keys::name(1), &7_u64).unwrap();
        let refused = sheet.put_bytes(&keys::name(1), &[0; rows::ROW_BYTES_MAX]);
        assert!(matches!(refused, Err(StoreError::TooLarge { kind: "name", .. })));
        assert_eq!(sheet.get(&keys::name(1)), Some((&keys::name(1)[..], Some(&[7][..]))));
        assert!(sheet.bytes() < 128);
    }
}
