//! Keys to the versions that hold them: tables of bounded size for bands, sampled shingles and blocks.
//!
//! A table is an array of 64-byte lines, each in a cache line of its own, so a key costs one memory access. A line holds ten
//! entries of a 16-bit tag and a 32-bit number; a full line forgets its oldest entry. So there is no rehash pause, no
//! tombstone, and the most it will ever take is known from the start. A tag that agrees by chance is one in 65,536 a line entry:
//! candidates are verified, so it costs a look, no error.
//!
//! Lines spread keys over all their memory, so a table with a tenth of its entries would be resident whole. Therefore they are
//! taken in segments, and one that holds little is thin (`thin.rs`): it keeps its entries elsewhere and answers as its lines would. The
//! lines of such a segment are zeros that nobody has written, for which a system has no memory set aside. Which form a segment
//! has is nowhere to be seen but there.

mod line;
mod thin;

use line::{EMPTY, Line, WORDS};
use std::hint::black_box;
use thin::Thin;

/// Entries a line is laid out for. Keys fall on lines by chance, so at a mean of seven in ten a tenth of the lines are full
/// and forget a little early.
const LOAD: usize = 7;

/// Lines of the smallest segment, 256 KiB, and of the largest, 4 MiB, which become lines in some milliseconds; as powers of two.
const SEGMENT_BITS: (u32, u32) = (12, 16);

/// Segments of a table, where those sizes allow it.
const SEGMENTS: usize = 64;

/// A map from keys to numbers that forgets its oldest entries. Numbers are below `u32::MAX`.
#[derive(Debug)]
pub struct Table {
    words: Vec<u64>,
    /// Words before the first line, so that no line lies in two cache lines.
    aligned: usize,
    lines: u64,
    /// Lines of a segment, as a power of two.
    bits: u32,
    /// What stands for the lines of a segment, while it is thin.
    thin: Vec<Option<Thin>>,
    /// How many still are.
    thin_left: usize,
}

/// Words of so many lines, and how many of them lie before the first: none is in two cache lines.
fn unwritten(lines: usize) -> (Vec<u64>, usize) {
    let words = vec![0; (lines + 1) * WORDS];
    let aligned = words.as_ptr().align_offset(64).min(WORDS);
    (words, aligned)
}

impl Clone for Table {
    fn clone(&self) -> Self {
        let (words, aligned) = unwritten(self.lines as usize);
        let Self { lines, bits, thin_left, .. } = *self;
        let mut copy = Self { words, aligned, lines, bits, thin: self.thin.clone(), thin_left };
        for segment in (0..self.thin.len()).filter(|&segment| self.thin[segment].is_none()) {
            let (first, lines) = self.lines_of(segment);
            let at = copy.aligned + first * WORDS;
            let words = lines.as_flattened();
            copy.words[at..at + words.len()].copy_from_slice(words);
        }
        copy
    }
}

impl Table {
    /// A table that comes to hold about `entries`: 64 bytes for each seven of them at most.
    pub fn with_capacity(entries: usize) -> Self {
        let lines = entries.div_ceil(LOAD).max(1);
        let wanted = lines.div_ceil(SEGMENTS).next_power_of_two().trailing_zeros();
        let bits = wanted.clamp(SEGMENT_BITS.0, SEGMENT_BITS.1);
        let firsts = (0..lines).step_by(1 << bits);
        let thin: Vec<_> =
            firsts.map(|first| Some(Thin::new((lines - first).min(1 << bits)))).collect();
        let (words, aligned) = unwritten(lines);
        Self { words, aligned, lines: lines as u64, bits, thin_left: thin.len(), thin }
    }

    /// Bytes the table may come to hold.
    pub const fn bytes_max(&self) -> usize {
        self.lines as usize * size_of::<Line>()
    }

    /// The line of a key, and the key's tag.
    fn place(&self, key: u64) -> (usize, u16) {
        // A key may have little in some of its bits (bands of equal slots): spread it first.
        let hash = (key ^ (key >> 29)).wrapping_mul(0x9FB2_1C65_1E98_DF25);
        let hash = hash ^ (hash >> 32);
        let line = ((u128::from(hash.rotate_left(32)) * u128::from(self.lines)) >> 64) as usize;
        (line, (hash >> 48) as u16)
    }

    /// What stands for a line, and its place there, where its segment is thin.
    fn thin(&self, line: usize) -> Option<(&Thin, usize)> {
        if self.thin_left == 0 {
            return None;
        }
        self.thin[line >> self.bits].as_ref().map(|thin| (thin, line & self.mask()))
    }

    /// The same, to put something in.
    fn thin_mut(&mut self, line: usize) -> Option<(&mut Thin, usize)> {
        if self.thin_left == 0 {
            return None;
        }
        let at = line & self.mask();
        self.thin[line >> self.bits].as_mut().map(|thin| (thin, at))
    }

    const fn mask(&self) -> usize {
        (1 << self.bits) - 1
    }

    fn line(&self, line: usize) -> &Line {
        &self.words[self.aligned..].as_chunks().0[line]
    }

    fn line_mut(&mut self, line: usize) -> &mut Line {
        &mut self.words[self.aligned..].as_chunks_mut().0[line]
    }

    /// Changes a line itself: its segment is lines from now on.
    fn change(&mut self, line: usize, change: impl FnOnce(&mut Line)) {
        let segment = line >> self.bits;
        if self.thin_left > 0
            && let Some(thin) = self.thin[segment].take()
        {
            self.thin_left -= 1;
            for (at, held) in thin.lines() {
                *self.line_mut((segment << self.bits) + at) = held;
            }
        }
        change(self.line_mut(line));
    }

    /// Puts a line in the place of what there was of it.
    fn set(&mut self, place: usize, line: &Line) {
        if self.thin_mut(place).is_none_or(|(thin, at)| !thin.set(at, line)) {
            self.change(place, |there| *there = *line);
        }
    }

    /// The lines of a segment that is not thin, with the place of the first.
    fn lines_of(&self, segment: usize) -> (usize, &[Line]) {
        let first = segment << self.bits;
        let end = (first + (1 << self.bits)).min(self.lines as usize);
        (first, &self.words[self.aligned..].as_chunks().0[first..end])
    }

    /// The lines of a segment that hold something, with their places.
    fn held(&self, segment: usize) -> Vec<(usize, Line)> {
        let (first, lines) = self.lines_of(segment);
        match &self.thin[segment] {
            Some(thin) => thin.lines().into_iter().map(|(at, line)| (first + at, line)).collect(),
            None => {
                (first..).zip(lines.iter().copied()).filter(|(_, line)| *line != EMPTY).collect()
            }
        }
    }

    /// The lines that hold something, with their places: what [`Table::set_line`] takes.
    pub fn lines(&self) -> impl Iterator<Item = (usize, [u64; WORDS])> {
        (0..self.thin.len()).flat_map(|segment| self.held(segment))
    }

    /// Puts back what a table of the same size held at `place`; false where it has no such place.
    pub fn set_line(&mut self, place: usize, line: [u64; WORDS]) -> bool {
        let within = (place as u64) < self.lines;
        if within {
            self.set(place, &line);
        }
        within
    }

    /// Hands out every number there is, in no order that says anything.
    pub fn each_number(&self, mut each: impl FnMut(u32)) {
        for (_, line) in self.lines() {
            line::entries(&line).for_each(|(_, number)| each(number));
        }
    }

    /// Puts what `new` gives for a number in its place, everywhere; numbers it gives nothing for are forgotten. Of two numbers
    /// the lesser must not become the greater.
    pub fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        for segment in 0..self.thin.len() {
            let (first, lines) = self.lines_of(segment);
            let count = lines.len();
            let Some(thin) = self.thin[segment].take() else {
                for line in first..first + count {
                    line::renumber(self.line_mut(line), &new);
                }
                continue;
            };
            self.thin[segment] = Some(Thin::new(count));
            for (at, mut line) in thin.lines() {
                line::renumber(&mut line, &new);
                self.set(first + at, &line);
            }
        }
    }

    /// Asks memory for the lines of all `keys` at once, so that the look-ups and insertions that follow wait once instead
    /// of once a key. Changes nothing.
    pub fn warm(&self, keys: &[u64]) {
        let first_word = |&key: &u64| {
            let (line, _) = self.place(key);
            self.thin(line).map_or_else(|| self.line(line)[0], |(thin, at)| thin.first_word(at))
        };
        let sum = keys.iter().map(first_word).fold(0_u64, u64::wrapping_add);
        black_box(sum);
    }

    /// Puts `number` under `key`, as the newest.
    pub fn insert(&mut self, key: u64, number: u32) {
        let (line, tag) = self.place(key);
        if self.thin_mut(line).is_none_or(|(thin, at)| !thin.put(at, tag, number)) {
            self.change(line, |line| line::put(line, tag, number));
        }
    }

    /// Appends the numbers under `key` to `out`, in the order of their entries. May hold numbers of other keys with its tag.
    pub fn look_up(&self, key: u64, out: &mut Vec<u32>) {
        let (line, tag) = self.place(key);
        match self.thin(line) {
            Some((thin, at)) => thin.look_up(at, tag, out),
            None => out.extend(line::numbers_of(self.line(line), tag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use line::SAME_TAG_MAX;
    use proptest::prelude::*;

    fn found(table: &Table, key: u64) -> Vec<u32> {
        let mut out = Vec::new();
        table.look_up(key, &mut out);
        out
    }

    /// A table that is lines from the start.
    fn of_lines(capacity: usize) -> Table {
        let mut table = Table::with_capacity(capacity);
        (0..table.thin.len()).for_each(|segment| table.change(segment << table.bits, |_| ()));
        table
    }

    #[test]
    fn a_table_takes_what_it_holds_until_lines_are_worth_their_room() {
        let mut table = Table::with_capacity(100_000);
        let (all, mut most) = (table.thin.len(), 0);
        for number in 0..100_000 {
            table.insert(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15), number);
            if number == 10_000 {
                assert_eq!(table.thin_left, all);
            }
            let bytes = |segment: usize| match &table.thin[segment] {
                Some(thin) => thin.bytes(),
                None => size_of_val(table.lines_of(segment).1),
            };
            let held = (0..all).map(bytes).sum::<usize>();
            most = most.max(held);
            assert!(held < (number as usize + 16) * 64, "{held} bytes for {number} entries");
        }
        assert_eq!((table.thin_left, most), (0, table.bytes_max()));
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
            assert!(again.set_line(place, line));
        }
        assert!(table.lines().eq(again.lines()));
        assert!((0..60).all(|key| found(&table, key << 40) == found(&again, key << 40)));
        assert!(!again.set_line(13, [0; WORDS]));
    }

    #[test]
    fn lines_begin_where_cache_lines_do() {
        for entries in [1, 100, 10_000] {
            let table = of_lines(entries);
            for table in [&table, &table.clone()] {
                assert_eq!(table.line(0).as_ptr().addr() % 64, 0);
            }
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

        /// Thin or not says nothing, whatever is put in, set and renumbered.
        #[test]
        fn a_thin_table_answers_as_one_of_lines_does(
            keys in prop::collection::vec(prop_oneof![0_u64..30, any::<u64>()], 1..3000),
            capacity in 200_usize..40_000, kept in 1_u32..4,
        ) {
            let (mut thin, mut lines) = (Table::with_capacity(capacity), of_lines(capacity));
            let agree = |thin: &Table, lines: &Table| {
                assert!(thin.lines().eq(lines.lines()));
                assert!(keys.iter().all(|&key| found(thin, key) == found(lines, key)));
            };
            let (first, second) = keys.split_at(keys.len() / 2);
            for (number, &key) in (0_u32..).zip(first) {
                thin.insert(key, number);
                lines.insert(key, number);
            }
            agree(&thin, &lines);
            let new = |number: u32| number.is_multiple_of(kept).then_some(number / kept);
            thin.renumber(new);
            lines.renumber(new);
            agree(&thin, &lines);
            for (number, &key) in (first.len() as u32..).zip(second) {
                thin.insert(key, number);
                lines.insert(key, number);
            }
            agree(&thin, &lines);
            let mut again = Table::with_capacity(capacity);
            for (place, line) in lines.lines() {
                again.set_line(place, [7; WORDS]);
                again.set_line(place, line);
            }
            agree(&again, &lines);
            let mut seen = [Vec::new(), Vec::new()];
            thin.each_number(|number| seen[0].push(number));
            lines.each_number(|number| seen[1].push(number));
            prop_assert_eq!(&seen[0], &seen[1]);
        }
    }
}
