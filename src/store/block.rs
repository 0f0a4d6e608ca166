//! Rows of neighbouring keys to the bytes of one of sled's rows, a block, and back.
//!
//! ```text
//! block    format u8 │ checksum u64 │ entries                 checksum: as of every row, over the block's key, too
//! entry    shared u │ rest u │ bytes u │ rest of the key │ row             u: varint
//! ```
//! `shared` bytes of an entry's key are those of the key before it; of the first, those of the block's own key. Keys rise strictly.

use std::ops::Range;

use super::{StoreError, rows};

/// A key and its row.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// Most bytes an entry has besides the rest of its key and its row: three lengths below 2^14.
const LENGTHS_MAX: usize = 6;

/// True where a row fits a block of its own.
pub(super) const fn fits(key: &[u8], row: &[u8]) -> bool {
    // A key stands in full where it shares nothing with the block's.
    rows::ENVELOPE_BYTES + LENGTHS_MAX + key.len() + row.len() <= rows::ROW_BYTES_MAX
}

/// Bytes that a row takes in a block after the one under `last`, nearly.
pub(super) fn cost(last: &[u8], key: &[u8], row: &[u8]) -> usize {
    LENGTHS_MAX / 2 + key.len() - shared(last, key) + row.len()
}

/// A block being filled.
pub(super) struct Writer {
    key: Vec<u8>,
    last: Vec<u8>,
    entries: Vec<u8>,
}

impl Writer {
    /// Begins the block under `key`, at which or after which all its rows lie.
    pub(super) fn new(key: Vec<u8>) -> Self {
        Self { last: key.clone(), key, entries: Vec::new() }
    }

    /// Bytes of the block as it is.
    pub(super) const fn len(&self) -> usize {
        rows::ENVELOPE_BYTES + self.entries.len()
    }

    /// Bytes that a row would add, nearly.
    pub(super) fn cost(&self, key: &[u8], row: &[u8]) -> usize {
        cost(&self.last, key, row)
    }

    /// Adds the next row.
    pub(super) fn push(&mut self, key: &[u8], row: &[u8]) {
        let shared = shared(&self.last, key);
        for length in [shared, key.len() - shared, row.len()] {
            write_length(length, &mut self.entries);
        }
        self.entries.extend_from_slice(&key[shared..]);
        self.entries.extend_from_slice(row);
        self.last.truncate(shared);
        self.last.extend_from_slice(&key[shared..]);
    }

    /// Key and bytes of the block.
    pub(super) fn end(self) -> (Vec<u8>, Vec<u8>) {
        let block = rows::envelop(&self.key, &self.entries);
        (self.key, block)
    }
}

/// A block whose envelope holds, read from its beginning.
pub(super) struct Reader<'a> {
    block: &'a [u8],
    entries: &'a [u8],
    at: usize,
    /// The key of the entry that was read last.
    key: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(block: &'a [u8], bytes: &'a [u8]) -> Result<Self, StoreError> {
        Ok(Self { block, entries: rows::body(block, bytes)?, at: 0, key: block.to_vec() })
    }

    /// The next row; its key is then [`Reader::key`].
    pub(super) fn next(&mut self) -> Result<Option<&'a [u8]>, StoreError> {
        if self.at == self.entries.len() {
            return Ok(None);
        }
        let Some((shared, rest, row)) = self.read() else {
            return Err(rows::damaged(self.block, "holds an entry that is cut short"));
        };
        let is_first = self.at == 0;
        let rises = self.entries[rest.clone()] > self.key[shared..];
        let is_the_blocks = is_first && shared == self.key.len() && rest.is_empty();
        if !rises && !is_the_blocks {
            return Err(rows::damaged(self.block, "holds keys that do not rise"));
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(&self.entries[rest]);
        self.at = row.end;
        Ok(Some(&self.entries[row]))
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    /// How much of the last key is shared by the entry here, and where the rest of its key and its row lie.
    fn read(&self) -> Option<(usize, Range<usize>, Range<usize>)> {
        let mut at = self.at;
        let mut length = || read_length(self.entries, &mut at);
        let (shared, rest, row) = (length()?, length()?, length()?);
        let (rest, row) = (at..at + rest, at + rest..at + rest + row);
        (shared <= self.key.len() && row.end <= self.entries.len()).then_some((shared, rest, row))
    }
}

/// The row under `key` in a block.
pub(super) fn find(block: &[u8], bytes: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let mut reader = Reader::new(block, bytes)?;
    while let Some(row) = reader.next()? {
        if reader.key() >= key {
            return Ok((reader.key() == key).then(|| row.to_vec()));
        }
    }
    Ok(None)
}

/// All rows of a block.
pub(super) fn read(block: &[u8], bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let mut reader = Reader::new(block, bytes)?;
    let mut entries = Vec::new();
    while let Some(row) = reader.next()? {
        entries.push((reader.key().to_vec(), row.to_vec()));
    }
    Ok(entries)
}

fn shared(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

fn write_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// A length of at most three bytes: more than any block has.
fn read_length(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut length = 0;
    for shift in [0, 7, 14] {
        let byte = usize::from(*bytes.get(*at)?);
        *at += 1;
        length |= (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(key: &[u8], rows: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut writer = Writer::new(key.to_vec());
        for (key, row) in rows {
            writer.push(key, row);
        }
        writer.end().1
    }

    #[test]
    fn what_was_written_is_read_and_found() {
        let long = vec![b'x'; 300];
        let rows: [(&[u8], &[u8]); 5] =
            [(b"ab", b"1"), (b"aba", b""), (b"abb", &long), (b"b", b"4"), (&long, b"5")];
        for first in [&b"ab"[..], b"aa", b"a", b""] {
            let bytes = written(first, &rows);
            let all = read(first, &bytes).unwrap();
            assert!(all.iter().map(|(key, row)| (&key[..], &row[..])).eq(rows));
            for (key, row) in rows {
                assert_eq!(find(first, &bytes, key).unwrap().as_deref(), Some(row));
            }
            for absent in [&b"a"[..], b"abab", b"abc", b"c", &[8]] {
                assert_eq!(find(first, &bytes, absent).unwrap(), None);
            }
        }
        assert_eq!(read(b"x", &written(b"x", &[])).unwrap(), []);
    }

    #[test]
    fn keys_that_do_not_rise_and_entries_that_are_cut_are_damage() {
        let told = |entries: &[u8]| {
            let bytes = rows::envelop(b"k", entries);
            read(b"k", &bytes).unwrap_err().to_string()
        };
        // The key of the block twice; one below it; lengths without what they tell of.
        for falling in [&[1, 0, 0, 1, 0, 0][..], &[0, 1, 0, b'a'], &[0, 1, 0, b'x', 0, 1, 0, b'm']]
        {
            assert!(told(falling).contains("keys that do not rise"));
        }
        for cut in [&[1][..], &[2, 0, 0], &[1, 0, 9], &[1, 9, 0], &[0x80, 0x80, 0x80, 0x80]] {
            assert!(told(cut).contains("cut short"));
        }
    }

    #[test]
    fn the_largest_row_that_fits_makes_a_block_within_the_bound() {
        let key = [9; 257];
        let row = vec![1; rows::ROW_BYTES_MAX - rows::ENVELOPE_BYTES - LENGTHS_MAX - key.len()];
        assert!(fits(&key, &row) && !fits(&key, &[&row[..], &[1]].concat()));
        let mut writer = Writer::new(vec![8]);
        writer.push(&key, &row);
        assert!(writer.end().1.len() <= rows::ROW_BYTES_MAX);
    }
}
