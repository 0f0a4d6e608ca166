//! Keys to the versions that hold them: tables of fixed size for bands, sampled shingles and blocks.
//!
//! A table is an array of 64-byte lines, each in a cache line of its own, so a key costs one memory access. A line holds ten
//! entries of a 16-bit tag and a 32-bit number; a full line forgets its oldest entry. So there is no rehash pause, no
//! tombstone, and memory is known from the start. A tag that agrees by chance is one in 65,536 a line entry: candidates are
//! verified, so it costs a look, no error.

use std::hint::black_box;

/// Entries of a line: ten tags of two bytes, ten numbers of four and the count fill 64 bytes.
const ENTRIES: usize = 10;

/// Entries with one tag in a line: a text that floods a key pushes out its own kind only.
const SAME_TAG_MAX: usize = 4;

/// Entries a line is laid out for. Keys fall on lines by chance, so at a mean of seven in ten a tenth of the lines are full
/// and forget a little early.
const LOAD: usize = 7;

/// Words of a line: `[0..2]` and the low half of `[2]` are the tags, the high half of `[2]` counts the entries ever put in,
/// `[3..8]` are the numbers in pairs.
const WORDS: usize = 8;

type Line = [u64; WORDS];

/// A map from keys to numbers that forgets its oldest entries. Numbers are below `u32::MAX`.
#[derive(Debug)]
pub struct Table {
    /// Lines one after another from `aligned` on. Zeros until touched, so the system gives memory as it is used.
    words: Vec<u64>,
    /// The first word that begins a cache line.
    aligned: usize,
    lines: u64,
}

impl Clone for Table {
    /// A copy lies elsewhere, so its lines begin elsewhere.
    fn clone(&self) -> Self {
        let mut copy = Self::with_lines(self.lines);
        let length = self.lines as usize * WORDS;
        copy.words[copy.aligned..][..length].copy_from_slice(&self.words[self.aligned..][..length]);
        copy
    }
}

impl Table {
    /// A table that holds about `entries`: 64 bytes for each seven of them, taken from the system as it is touched.
    pub fn with_capacity(entries: usize) -> Self {
        Self::with_lines(entries.div_ceil(LOAD).max(1) as u64)
    }

    fn with_lines(lines: u64) -> Self {
        let words = vec![0; (lines as usize + 1) * WORDS];
        let aligned = words.as_ptr().align_offset(64).min(WORDS);
        Self { words, aligned, lines }
    }

    /// Bytes the table may come to hold.
    pub const fn bytes_max(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// Where the line of a key begins, and the key's tag.
    fn place(&self, key: u64) -> (usize, u16) {
        // A key may have little in some of its bits (bands of equal slots): spread it first.
        let hash = (key ^ (key >> 29)).wrapping_mul(0x9FB2_1C65_1E98_DF25);
        let hash = hash ^ (hash >> 32);
        let line = (u128::from(hash.rotate_left(32)) * u128::from(self.lines)) >> 64;
        (self.aligned + line as usize * WORDS, (hash >> 48) as u16)
    }

    fn line(&self, at: usize) -> &Line {
        self.words[at..].first_chunk().expect("place gives the beginning of a whole line")
    }

    fn line_mut(&mut self, at: usize) -> &mut Line {
        self.words[at..].first_chunk_mut().expect("place gives the beginning of a whole line")
    }

    /// The lines that hold something, with their places: what [`Table::set_line`] takes.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &[u64; WORDS])> {
        let lines = self.words[self.aligned..].as_chunks::<WORDS>().0;
        let all = lines.iter().take(self.lines as usize).enumerate();
        all.filter(|(_, line)| line.iter().any(|&word| word != 0))
    }

    /// Puts back what a table of the same size held at `place`; false where it has no such place.
    pub fn set_line(&mut self, place: usize, line: [u64; WORDS]) -> bool {
        let within = (place as u64) < self.lines;
        if within {
            *self.line_mut(self.aligned + place * WORDS) = line;
        }
        within
    }

    /// Hands out every number there is, in no order that says anything.
    pub fn each_number(&self, mut each: impl FnMut(u32)) {
        for (_, line) in self.lines() {
            let filled = (count(line) as usize).min(ENTRIES);
            (0..filled).for_each(|entry| each(number_at(line, entry)));
        }
    }

    /// Puts what `new` gives for a number in its place, everywhere; numbers it gives nothing for are forgotten. Of two numbers
    /// the lesser must not become the greater.
    pub fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        let lines = self.words[self.aligned..].as_chunks_mut::<WORDS>().0;
        for line in lines.iter_mut().take(self.lines as usize) {
            let filled = (count(line) as usize).min(ENTRIES);
            let mut moved: [Option<u32>; ENTRIES] = [None; ENTRIES];
            for (entry, moved) in moved.iter_mut().enumerate().take(filled) {
                *moved = new(number_at(line, entry));
            }
            if moved[..filled].iter().all(Option::is_some) {
                let numbers = moved.iter().flatten();
                numbers.enumerate().for_each(|(entry, &number)| set_number(line, entry, number));
            } else {
                close_ranks(line, &moved[..filled]);
            }
        }
    }

    /// Asks memory for the lines of all `keys` at once, so that the look-ups and insertions that follow wait once instead
    /// of once a key. Changes nothing.
    pub fn warm(&self, keys: &[u64]) {
        let sum =
            keys.iter().fold(0_u64, |sum, &key| sum.wrapping_add(self.words[self.place(key).0]));
        black_box(sum);
    }

    /// Puts `number` under `key`, as the newest.
    pub fn insert(&mut self, key: u64, number: u32) {
        let (at, tag) = self.place(key);
        let line = self.line_mut(at);
        let count = count(line);
        let filled = (count as usize).min(ENTRIES);
        let same = matching(line, tag).filter(|&entry| entry < filled);
        if same.clone().count() >= SAME_TAG_MAX {
            // Numbers grow with time, so the oldest entry of a tag is the least.
            if let Some(oldest) = same.min_by_key(|&entry| number_at(line, entry)) {
                set_number(line, oldest, number);
            }
            return;
        }
        // Entries of a full line are overwritten in turn.
        let entry = if filled < ENTRIES { filled } else { count as usize % ENTRIES };
        set_tag(line, entry, tag);
        set_number(line, entry, number);
        set_count(line, if filled < ENTRIES { count + 1 } else { advance(count) });
    }

    /// Appends the numbers under `key` to `out`, in the order of their entries. May hold numbers of other keys with its tag.
    pub fn look_up(&self, key: u64, out: &mut Vec<u32>) {
        let (at, tag) = self.place(key);
        let line = self.line(at);
        let filled = (count(line) as usize).min(ENTRIES);
        out.extend(
            matching(line, tag).filter(|&entry| entry < filled).map(|entry| number_at(line, entry)),
        );
    }
}

/// Lays a line out anew without the entries that have no number any more, the oldest first.
fn close_ranks(line: &mut Line, moved: &[Option<u32>]) {
    let mut left: Vec<(u32, u16)> = moved
        .iter()
        .enumerate()
        .filter_map(|(entry, number)| Some(((*number)?, tag_at(line, entry))))
        .collect();
    left.sort_by_key(|&(number, _)| number);
    *line = [0; WORDS];
    for (entry, &(number, tag)) in left.iter().enumerate() {
        set_tag(line, entry, tag);
        set_number(line, entry, number);
    }
    set_count(line, left.len() as u32);
}

const LANES: u64 = 0x0001_0001_0001_0001;

/// The entries whose tag is `tag`, filled or not, ascending.
fn matching(line: &Line, tag: u16) -> impl Iterator<Item = usize> + Clone + use<> {
    let wanted = u64::from(tag) * LANES;
    let zero_lanes = |word: u64| {
        // Exact, lane by lane: adding within 15 bits cannot carry into the next lane.
        let low = 0x7FFF * LANES;
        !(((word & low) + low) | word | low)
    };
    // The third word's high half is the count, no tags.
    let found = [line[0] ^ wanted, line[1] ^ wanted, (line[2] ^ wanted) | 0xFFFF_FFFF_0000_0000]
        .map(zero_lanes);
    found.into_iter().enumerate().flat_map(|(at, mut lanes)| {
        std::iter::from_fn(move || {
            let lane = (lanes != 0).then(|| lanes.trailing_zeros() as usize / 16)?;
            lanes &= lanes - 1;
            Some(at * 4 + lane)
        })
    })
}

const fn count(line: &Line) -> u32 {
    (line[2] >> 32) as u32
}

const fn set_count(line: &mut Line, count: u32) {
    line[2] = (line[2] & 0xFFFF_FFFF) | ((count as u64) << 32);
}

const fn set_tag(line: &mut Line, entry: usize, tag: u16) {
    let shift = 16 * (entry % 4);
    line[entry / 4] = (line[entry / 4] & !(0xFFFF << shift)) | ((tag as u64) << shift);
}

const fn tag_at(line: &Line, entry: usize) -> u16 {
    (line[entry / 4] >> (16 * (entry % 4))) as u16
}

const fn number_at(line: &Line, entry: usize) -> u32 {
    (line[3 + entry / 2] >> (32 * (entry % 2))) as u32
}

const fn set_number(line: &mut Line, entry: usize, number: u32) {
    let shift = 32 * (entry % 2);
    let pair = 3 + entry / 2;
    line[pair] = (line[pair] & !(0xFFFF_FFFF << shift)) | ((number as u64) << shift);
}

/// The next count of a full line; stays at ten or above, so that full stays full when it wraps.
const fn advance(count: u32) -> u32 {
    if count == u32::MAX { ENTRIES as u32 + (u32::MAX % ENTRIES as u32) + 1 } else { count + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(table: &Table, key: u64) -> Vec<u32> {
        let mut out = Vec::new();
        table.look_up(key, &mut out);
        out
    }

    #[test]
    fn what_has_another_number_is_found_by_it_and_what_has_none_is_not() {
        let mut table = Table::with_capacity(700);
        let key = |number: u32| u64::from(number % 300) << 40;
        (0..900).for_each(|number| table.insert(key(number), number));
        let before = table.clone();
        table.renumber(Some);
        assert!(table.lines().eq(before.lines()));
        table.renumber(|number| (number % 2 == 1).then_some(number / 2));
        for number in 0..900 {
            let was = found(&before, key(number)).contains(&number);
            assert_eq!(found(&table, key(number)).contains(&(number / 2)), was && number % 2 == 1);
        }
        let mut seen = Vec::new();
        table.each_number(|number| seen.push(number));
        assert!(seen.iter().all(|&number| number < 450) && seen.len() > 200);
        (450..1000).for_each(|number| table.insert(key(number), number));
        assert!(found(&table, key(999)).contains(&999));
    }

    #[test]
    fn what_was_put_in_is_found() {
        let mut table = Table::with_capacity(6000);
        for number in 0..1000 {
            table.insert(u64::from(number) << 40, number);
        }
        for number in 0..1000 {
            assert!(found(&table, u64::from(number) << 40).contains(&number), "{number}");
        }
        assert_eq!(found(&table, 77), [0_u32; 0]);
        assert_eq!(found(&table.clone(), 7 << 40), [7]);
    }

    #[test]
    fn a_table_of_the_same_size_made_of_the_same_lines_is_the_same() {
        let (mut table, mut again) = (Table::with_capacity(90), Table::with_capacity(90));
        for number in 0..60 {
            table.insert(u64::from(number) << 40, number);
        }
        for (place, line) in table.lines() {
            assert!(again.set_line(place, *line));
        }
        assert!(table.lines().eq(again.lines()));
        assert!((0..60).all(|key| found(&table, key << 40) == found(&again, key << 40)));
        assert!(!again.set_line(13, [0; WORDS]));
    }

    #[test]
    fn lines_begin_where_cache_lines_do() {
        for entries in [1, 100, 10_000] {
            let table = Table::with_capacity(entries);
            assert_eq!(std::ptr::from_ref(&table.words[table.aligned]).addr() % 64, 0);
            assert!(table.words.len() >= table.aligned + table.lines as usize * WORDS);
        }
    }

    #[test]
    fn a_full_line_forgets_the_first_come() {
        let mut table = Table::with_capacity(1);
        for number in 0..25 {
            table.insert(u64::from(number), number);
        }
        let kept: Vec<u32> =
            (0..25).filter(|&number| found(&table, u64::from(number)).contains(&number)).collect();
        assert_eq!(kept, (15..25).collect::<Vec<_>>());
    }

    #[test]
    fn one_flooded_key_keeps_its_newest_and_leaves_the_rest_alone() {
        let mut table = Table::with_capacity(1);
        table.insert(1, 1);
        for number in 10..1000 {
            table.insert(2, number);
        }
        assert_eq!(found(&table, 1), [1]);
        let mut kept = found(&table, 2);
        kept.sort_unstable();
        assert_eq!(kept, [996, 997, 998, 999]);
    }

    #[test]
    fn the_count_of_a_line_never_makes_it_look_unfilled() {
        assert_eq!(
            advance(u32::MAX) % ENTRIES as u32,
            (u32::MAX % ENTRIES as u32 + 1) % ENTRIES as u32
        );
        assert!(advance(u32::MAX) >= ENTRIES as u32);
    }

    #[test]
    fn keys_that_differ_in_any_bit_alone_are_told_apart() {
        let mut table = Table::with_capacity(10_000);
        for bit in 0..64 {
            table.insert(1 << bit, bit);
        }
        let alone = (0..64).filter(|&bit| found(&table, 1 << bit) == [bit]).count();
        assert!(alone >= 63, "{alone}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_newest_is_found_and_no_key_has_more_than_its_share(
            keys in prop::collection::vec(0_u64..40, 1..400), capacity in 1_usize..100,
        ) {
            let mut table = Table::with_capacity(capacity);
            for (number, &key) in (0_u32..).zip(&keys) {
                table.insert(key, number);
                let found = found(&table, key);
                prop_assert!(found.contains(&number));
                prop_assert!(found.len() <= SAME_TAG_MAX);
                prop_assert!(found.iter().all(|&other| keys[other as usize] == key));
            }
        }
    }
}
