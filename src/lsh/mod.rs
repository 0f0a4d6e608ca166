//! Keys to the versions that hold them: tables of fixed size for bands, sampled shingles and blocks.
//!
//! A table is an array of 64-byte lines, one memory access a key. A line holds ten entries of a 16-bit tag and a 32-bit
//! number; a full line forgets its oldest entry. So there is no rehash pause, no tombstone, and memory is known from the
//! start. A tag that agrees by chance is one in 65,536 a line entry: candidates are verified, so it costs a look, no error.

/// Entries of a line: ten tags of two bytes and ten numbers of four, and the count, fill 64 bytes.
const ENTRIES: usize = 10;

/// Entries with one tag in a line: a text that floods a key pushes out its own kind only.
const SAME_TAG_MAX: usize = 4;

/// Words of a line: `[0..5]` tags in pairs, `[5..15]` numbers, `[15]` how many entries were ever put in (modulo 2³²).
type Line = [u32; 16];

/// A map from keys to numbers that forgets its oldest entries.
#[derive(Clone, Debug)]
pub struct Table {
    lines: Vec<Line>,
    mask: u64,
}

impl Table {
    /// A table that holds about `entries` at a load of six in ten. Memory: 64 bytes a line, `entries` ÷ 6 lines rounded up
    /// to a power of two, taken from the system as it is touched.
    pub fn with_capacity(entries: usize) -> Self {
        let lines = (entries / 6).max(1).next_power_of_two();
        Self { lines: vec![[0; 16]; lines], mask: lines as u64 - 1 }
    }

    /// Bytes the table may come to hold.
    pub const fn bytes_max(&self) -> usize {
        self.lines.len() * size_of::<Line>()
    }

    fn place(&self, key: u64) -> (usize, u16) {
        // A key may have little in its low bits (bands of equal slots): spread it first.
        let hash = (key ^ (key >> 29)).wrapping_mul(0x9FB2_1C65_1E98_DF25);
        let hash = hash ^ (hash >> 32);
        ((hash & self.mask) as usize, (hash >> 48) as u16)
    }

    /// Puts `number` under `key`, as the newest.
    pub fn insert(&mut self, key: u64, number: u32) {
        let (at, tag) = self.place(key);
        let line = &mut self.lines[at];
        let filled = (line[15] as usize).min(ENTRIES);
        let same = (0..filled).filter(|&entry| tag_at(line, entry) == tag).count();
        if same >= SAME_TAG_MAX {
            replace_oldest_of_tag(line, tag, number);
            return;
        }
        let entry = if filled < ENTRIES { filled } else { oldest(line) };
        set(line, entry, tag, number);
        line[15] = if filled < ENTRIES { line[15] + 1 } else { advance(line[15]) };
    }

    /// Appends the numbers under `key` to `out`, in the order of their entries. May hold numbers of other keys with its tag.
    pub fn look_up(&self, key: u64, out: &mut Vec<u32>) {
        let (at, tag) = self.place(key);
        let line = &self.lines[at];
        let filled = (line[15] as usize).min(ENTRIES);
        out.extend(
            (0..filled).filter(|&entry| tag_at(line, entry) == tag).map(|entry| line[5 + entry]),
        );
    }
}

fn tag_at(line: &Line, entry: usize) -> u16 {
    (line[entry / 2] >> (16 * (entry % 2))) as u16
}

fn set(line: &mut Line, entry: usize, tag: u16, number: u32) {
    let shift = 16 * (entry % 2);
    let pair = &mut line[entry / 2];
    *pair = (*pair & !(0xFFFF << shift)) | (u32::from(tag) << shift);
    line[5 + entry] = number;
}

/// The entry a full line loses next: they are overwritten in turn.
const fn oldest(line: &Line) -> usize {
    line[15] as usize % ENTRIES
}

/// The next count of a full line; stays at ten or above, so that full stays full when it wraps.
const fn advance(count: u32) -> u32 {
    if count == u32::MAX { ENTRIES as u32 + (u32::MAX % ENTRIES as u32) + 1 } else { count + 1 }
}

/// Numbers grow with time, so the oldest entry of a tag is the least.
fn replace_oldest_of_tag(line: &mut Line, tag: u16, number: u32) {
    let oldest = (0..ENTRIES.min(line[15] as usize))
        .filter(|&entry| tag_at(line, entry) == tag)
        .min_by_key(|&entry| line[5 + entry]);
    if let Some(entry) = oldest {
        line[5 + entry] = number;
    }
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
    fn what_was_put_in_is_found() {
        let mut table = Table::with_capacity(6000);
        for number in 0..1000 {
            table.insert(u64::from(number) << 40, number);
        }
        for number in 0..1000 {
            assert!(found(&table, u64::from(number) << 40).contains(&number), "{number}");
        }
        assert_eq!(found(&table, 77), [0_u32; 0]);
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
