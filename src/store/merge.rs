//! Changed rows and the blocks they fall into, to the blocks there will be.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::block::{self, Writer};
use super::meta::Meta;
use super::packed::{Block, block_after, block_of, entries};
use super::sheet::Fresh;
use super::{StoreError, keys};

/// A block of less than a so manieth of what it could hold takes in the one after it.
const SPARSE: usize = 4;

/// What becomes of sled's rows, by key.
type Each<'a> = dyn FnMut(Vec<u8>, Option<Vec<u8>>) -> Result<(), StoreError> + 'a;

/// Bytes of a key or a row, from a block or from what is held.
type Bytes<'a> = Cow<'a, [u8]>;

/// Bytes to which blocks are filled. sled keeps some sixteen of them on a page, which it writes anew as a whole now and then, and a
/// page over 128 KiB ends in a file of its own that it never removes.
const fn full(tag: u8) -> usize {
    match tag {
        // They come in order, and are hardly ever written again.
        keys::FINDABLE | keys::VERSION | keys::EVENT => 4 << 10,
        // Hashes come in no order, so each is likely to be the only one that its block gets.
        keys::NAME => 512,
        _ => 1 << 10,
    }
}

/// Hands out what sled is to get so that `rows`, which come by key, are as they should be, and takes note of it in the meta row.
pub(super) fn merge(
    tree: &sled::Tree,
    rows: &[Fresh<'_>],
    meta: &mut Meta,
    each: &mut Each<'_>,
) -> Result<(), StoreError> {
    let mut rest = rows;
    while let Some(&(first, _)) = rest.first() {
        let mut span = Span { full: full(first[0]), is_appended: true, ..Span::default() };
        let mut block = block_of(tree, first)?;
        loop {
            let key = block.as_ref().map_or(first, |(key, _)| key).to_vec();
            let next = block_after(tree, &key)?;
            let end = next.as_ref().map(|(key, _)| &key[..]);
            let within =
                |(key, _): &Fresh<'_>| key[0] == first[0] && end.is_none_or(|end| *key < end);
            let (here, later) = rest.split_at(rest.partition_point(within));
            rest = later;
            span.take(block, here, meta)?;
            if next.is_none() || !span.is_sparse() {
                break;
            }
            block = next;
        }
        span.write(each)?;
    }
    Ok(())
}

/// Neighbouring blocks, and the rows that there will be in their place.
#[derive(Default)]
struct Span<'a> {
    blocks: Vec<Block>,
    rows: Vec<(Bytes<'a>, Bytes<'a>)>,
    /// Bytes of the rows in blocks, nearly.
    bytes: usize,
    full: usize,
    is_changed: bool,
    /// True while what comes anew comes after what was there.
    is_appended: bool,
}

impl<'a> Span<'a> {
    /// Takes in a block and what falls into it.
    fn take(
        &mut self,
        block: Option<Block>,
        fresh: &[Fresh<'a>],
        meta: &mut Meta,
    ) -> Result<(), StoreError> {
        let stored = match block {
            Some((key, bytes)) => {
                let stored = entries(&key, &bytes)?;
                self.blocks.push((key, bytes));
                stored
            }
            None => Vec::new(),
        };
        let mut stored = stored.into_iter().peekable();
        for &(key, row) in fresh {
            while let Some((key, row)) = stored.next_if(|(stored, _)| stored.as_slice() < key) {
                self.push(key.into(), row.into());
            }
            let before = stored.next_if(|(stored, _)| stored == key).map(|(_, row)| row);
            if before.as_deref() != row {
                meta.exchange(key, before.as_deref(), row)?;
                self.is_changed = true;
                self.is_appended &= stored.peek().is_none();
            }
            if let Some(row) = row {
                self.push(key.into(), row.into());
            }
        }
        for (key, row) in stored {
            self.push(key.into(), row.into());
        }
        Ok(())
    }

    fn push(&mut self, key: Bytes<'a>, row: Bytes<'a>) {
        let last = self.rows.last().map_or(&[][..], |(key, _)| key);
        self.bytes += block::cost(last, &key, &row);
        self.rows.push((key, row));
    }

    fn is_sparse(&self) -> bool {
        self.is_changed && self.bytes < self.full / SPARSE
    }

    /// Divides the rows into blocks: full ones where rows were added at the end, else ones of a size, which have room for more.
    fn write(self, each: &mut Each<'_>) -> Result<(), StoreError> {
        let Self { blocks, rows, bytes, full, is_changed, is_appended } = self;
        if !is_changed {
            return Ok(());
        }
        let most = if is_appended { full } else { bytes.div_ceil(bytes.div_ceil(full).max(1)) };
        let mut old: BTreeSet<&[u8]> = blocks.iter().map(|(key, _)| &key[..]).collect();
        let mut put = |writer: Writer| {
            let (key, bytes) = writer.end();
            old.remove(key.as_slice());
            let is_there = blocks.iter().any(|(old, was)| *old == key && *was == bytes);
            if is_there { Ok(()) } else { each(key, Some(bytes)) }
        };
        let mut writer: Option<Writer> = None;
        // The first keeps the key of the block in whose place it comes: a row of sled's less to remove.
        let begun = blocks.first().map(|(key, _)| key.to_vec());
        let mut begun = begun.filter(|begun| rows.first().is_some_and(|(key, _)| **begun <= **key));
        for (key, row) in &rows {
            if let Some(filled) =
                writer.take_if(|writer| writer.len() + writer.cost(key, row) > most)
            {
                put(filled)?;
            }
            let begin = || Writer::new(begun.take().unwrap_or_else(|| key.to_vec()));
            writer.get_or_insert_with(begin).push(key, row);
        }
        if let Some(filled) = writer {
            put(filled)?;
        }
        old.into_iter().try_for_each(|key| each(key.to_vec(), None))
    }
}
