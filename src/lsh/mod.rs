//! Keys to the versions that hold them: tables of bounded size for bands, sampled shingles and blocks.
//!
//! A table is an array of 64-byte lines, each in a cache line of its own, so a key costs one memory access. A line holds ten
//! entries of a 16-bit tag and a 32-bit number; a full line forgets its oldest entry. So there is no rehash pause, no
//! tombstone, and the most it will ever take is known from the start. A tag that agrees by chance is one in 65,536 a line entry:
//! candidates are verified, so it costs a look, no error.
//!
//! Lines spread keys over all their memory, so a table with a tenth of its entries would be resident whole. Therefore they come
//! in segments, and one that holds little is [thin](thin): it keeps its entries and answers as its lines would. Which form a
//! segment has is nowhere to be seen but in memory.

mod line;
mod thin;

use line::{EMPTY, Line, WORDS};
use std::hint::black_box;
use thin::Thin;

/// Entries a line is laid out for. Keys fall on lines by chance, so at a mean of seven in ten a tenth of the lines are full
/// and forget a little early.
const LOAD: usize = 7;

/// Lines of a segment: 256 KiB, which become lines in a tenth of a millisecond or two.
const SEGMENT_LINES: usize = 4096;

/// A map from keys to numbers that forgets its oldest entries. Numbers are below `u32::MAX`.
#[derive(Clone, Debug)]
pub struct Table {
    segments: Vec<Segment>,
    lines: u64,
}

/// Lines that lie together.
#[derive(Clone, Debug)]
enum Segment {
    Thin(Thin),
    Lines(Vec<Line>),
}

impl Segment {
    /// The lines that hold something.
    fn held(&self) -> Vec<(usize, Line)> {
        match self {
            Self::Thin(thin) => thin.lines(),
            Self::Lines(lines) => {
                let all = lines.iter().copied().enumerate();
                all.filter(|(_, line)| *line != EMPTY).collect()
            }
        }
    }

    /// Puts a line in the place of what there was of it.
    fn set(&mut self, at: usize, line: Line) {
        if let Self::Thin(thin) = self
            && thin.set(at, &line)
        {
            return;
        }
        self.change(at, |there| *there = line);
    }

    /// Changes a line itself: the segment is lines from now on.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut Line)) {
        match self {
            Self::Lines(lines) => change(&mut lines[at]),
            Self::Thin(thin) => {
                let mut lines = vec![EMPTY; thin.size()];
                for (at, line) in thin.lines() {
                    lines[at] = line;
                }
                change(&mut lines[at]);
                *self = Self::Lines(lines);
            }
        }
    }
}

impl Table {
    /// A table that comes to hold about `entries`: 64 bytes for each seven of them at most.
    pub fn with_capacity(entries: usize) -> Self {
        let lines = entries.div_ceil(LOAD).max(1);
        let segments = (0..lines).step_by(SEGMENT_LINES);
        let segments =
            segments.map(|first| Segment::Thin(Thin::new(SEGMENT_LINES.min(lines - first))));
        Self { segments: segments.collect(), lines: lines as u64 }
    }

    /// Bytes the table may come to hold.
    pub const fn bytes_max(&self) -> usize {
        self.lines as usize * size_of::<Line>()
    }

    /// Segment and line of a key, and the key's tag.
    fn place(&self, key: u64) -> (usize, usize, u16) {
        // A key may have little in some of its bits (bands of equal slots): spread it first.
        let hash = (key ^ (key >> 29)).wrapping_mul(0x9FB2_1C65_1E98_DF25);
        let hash = hash ^ (hash >> 32);
        let line = ((u128::from(hash.rotate_left(32)) * u128::from(self.lines)) >> 64) as usize;
        (line / SEGMENT_LINES, line % SEGMENT_LINES, (hash >> 48) as u16)
    }

    /// The lines that hold something, with their places: what [`Table::set_line`] takes.
    pub fn lines(&self) -> impl Iterator<Item = (usize, [u64; WORDS])> {
        let segments = self.segments.iter().enumerate();
        segments.flat_map(|(segment, lines)| {
            let lines = lines.held().into_iter();
            lines.map(move |(at, line)| (segment * SEGMENT_LINES + at, line.0))
        })
    }

    /// Puts back what a table of the same size held at `place`; false where it has no such place.
    pub fn set_line(&mut self, place: usize, line: [u64; WORDS]) -> bool {
        let within = (place as u64) < self.lines;
        if within {
            self.segments[place / SEGMENT_LINES].set(place % SEGMENT_LINES, Line(line));
        }
        within
    }

    /// Hands out every number there is, in no order that says anything.
    pub fn each_number(&self, mut each: impl FnMut(u32)) {
        for (_, line) in self.lines() {
            line::entries(&Line(line)).for_each(|(_, number)| each(number));
        }
    }

    /// Puts what `new` gives for a number in its place, everywhere; numbers it gives nothing for are forgotten. Of two numbers
    /// the lesser must not become the greater.
    pub fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        for segment in &mut self.segments {
            match segment {
                Segment::Thin(thin) => {
                    let lines = thin.lines();
                    *segment = Segment::Thin(Thin::new(thin.size()));
                    for (at, mut line) in lines {
                        line::renumber(&mut line, &new);
                        segment.set(at, line);
                    }
                }
                Segment::Lines(lines) => {
                    for line in lines {
                        line::renumber(line, &new);
                    }
                }
            }
        }
    }

    /// Asks memory for the lines of all `keys` at once, so that the look-ups and insertions that follow wait once instead
    /// of once a key. Changes nothing.
    pub fn warm(&self, keys: &[u64]) {
        let first_word = |&key: &u64| {
            let (segment, at, _) = self.place(key);
            match &self.segments[segment] {
                Segment::Thin(thin) => thin.first_word(at),
                Segment::Lines(lines) => lines[at].0[0],
            }
        };
        let sum = keys.iter().map(first_word).fold(0_u64, u64::wrapping_add);
        black_box(sum);
    }

    /// Puts `number` under `key`, as the newest.
    pub fn insert(&mut self, key: u64, number: u32) {
        let (segment, at, tag) = self.place(key);
        let segment = &mut self.segments[segment];
        if let Segment::Thin(thin) = segment
            && thin.put(at, tag, number)
        {
            return;
        }
        segment.change(at, |line| line::put(line, tag, number));
    }

    /// Appends the numbers under `key` to `out`, in the order of their entries. May hold numbers of other keys with its tag.
    pub fn look_up(&self, key: u64, out: &mut Vec<u32>) {
        let (segment, at, tag) = self.place(key);
        match &self.segments[segment] {
            Segment::Thin(thin) => thin.look_up(at, tag, out),
            Segment::Lines(lines) => out.extend(line::numbers_of(&lines[at], tag)),
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
        table.segments.iter_mut().for_each(|segment| segment.change(0, |_| ()));
        table
    }

    fn thin_segments(table: &Table) -> usize {
        table.segments.iter().filter(|segment| matches!(segment, Segment::Thin(_))).count()
    }

    #[test]
    fn a_table_takes_what_it_holds_until_lines_are_worth_their_room() {
        let mut table = Table::with_capacity(100_000);
        let (all, mut most) = (table.segments.len(), 0);
        for number in 0..100_000 {
            table.insert(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15), number);
            if number == 10_000 {
                assert_eq!(thin_segments(&table), all);
            }
            let bytes = |segment: &Segment| match segment {
                Segment::Thin(thin) => thin.bytes(),
                Segment::Lines(lines) => size_of_val(&lines[..]),
            };
            let held = table.segments.iter().map(bytes).sum::<usize>();
            most = most.max(held);
            assert!(held < (number as usize + 16) * 64, "{held} bytes for {number} entries");
        }
        assert_eq!((thin_segments(&table), most), (0, table.bytes_max()));
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
            let lines = vec![EMPTY; entries];
            assert_eq!((lines.as_ptr().addr() % 64, size_of_val(&lines[0])), (0, 64));
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
