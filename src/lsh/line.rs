//! A line of a table: ten entries of a tag and a number, in one cache line.

/// Entries of a line: ten tags of two bytes, ten numbers of four and the count fill 64 bytes.
pub(super) const ENTRIES: usize = 10;

/// Entries with one tag in a line: a text that floods a key pushes out its own kind only.
pub(super) const SAME_TAG_MAX: usize = 4;

/// Words of a line: `[0..2]` and the low half of `[2]` are the tags, the high half of `[2]` counts the entries ever put in,
/// `[3..8]` are the numbers in pairs.
pub(super) const WORDS: usize = 8;

/// One line.
pub(super) type Line = [u64; WORDS];

/// A line that holds nothing.
pub(super) const EMPTY: Line = [0; WORDS];

/// Puts `number` into a line under `tag`, as the newest.
pub(super) fn put(line: &mut Line, tag: u16, number: u32) {
    let filled = filled(line);
    let same = matching(line, tag).filter(|&entry| entry < filled);
    if same.clone().count() >= SAME_TAG_MAX {
        // Numbers grow with time, so the oldest entry of a tag is the least.
        if let Some(oldest) = same.min_by_key(|&entry| number_at(line, entry)) {
            set_number(line, oldest, number);
        }
        return;
    }
    append(line, tag, number);
}

/// Puts an entry behind the others; those of a full line are overwritten in turn.
pub(super) fn append(line: &mut Line, tag: u16, number: u32) {
    let count = count(line);
    let entry = count as usize % ENTRIES;
    set_tag(line, entry, tag);
    set_number(line, entry, number);
    set_count(line, advance(count));
}

/// The numbers under `tag`, in the order of their entries.
pub(super) fn numbers_of(line: &Line, tag: u16) -> impl Iterator<Item = u32> {
    let filled = filled(line);
    matching(line, tag).filter(move |&entry| entry < filled).map(|entry| number_at(line, entry))
}

/// Tags and numbers, in the order of their entries.
pub(super) fn entries(line: &Line) -> impl Iterator<Item = (u16, u32)> {
    (0..filled(line)).map(|entry| (tag_at(line, entry), number_at(line, entry)))
}

/// True where entries were overwritten: a line is then more than its entries in their order.
pub(super) const fn turned(line: &Line) -> bool {
    count(line) as usize > ENTRIES
}

/// Puts what `new` gives for a number in its place; numbers it gives nothing for are forgotten.
pub(super) fn renumber(line: &mut Line, new: impl Fn(u32) -> Option<u32>) {
    let filled = filled(line);
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

/// Lays a line out anew without the entries that have no number any more, the oldest first.
fn close_ranks(line: &mut Line, moved: &[Option<u32>]) {
    let mut left: Vec<(u32, u16)> = moved
        .iter()
        .enumerate()
        .filter_map(|(entry, number)| Some(((*number)?, tag_at(line, entry))))
        .collect();
    left.sort_by_key(|&(number, _)| number);
    *line = EMPTY;
    for (number, tag) in left {
        append(line, tag, number);
    }
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

const fn filled(line: &Line) -> usize {
    let count = count(line) as usize;
    if count < ENTRIES { count } else { ENTRIES }
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

/// The next count; stays at ten or above, so that a full line stays full when it wraps.
const fn advance(count: u32) -> u32 {
    if count == u32::MAX { ENTRIES as u32 + (u32::MAX % ENTRIES as u32) + 1 } else { count + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_a_line_never_makes_it_look_unfilled() {
        assert_eq!(
            advance(u32::MAX) % ENTRIES as u32,
            (u32::MAX % ENTRIES as u32 + 1) % ENTRIES as u32
        );
        assert!(advance(u32::MAX) >= ENTRIES as u32);
    }
}
