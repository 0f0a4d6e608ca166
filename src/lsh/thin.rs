//! A segment of which little is used yet: its entries alone, until the lines themselves are worth their room.
//!
//! Entries of a line stand behind each other, from the line's home on, in the order in which they came (open addressing, and none
//! is ever taken out). So it answers exactly as the lines would.

use super::line::{self, EMPTY, ENTRIES, Line, SAME_TAG_MAX, WORDS};

/// Slots of the smallest one that holds anything.
const SLOTS_MIN: usize = 16;

/// Of as many slots, so many are used before it grows: the ways from a home to a free slot stay short.
const USED: usize = 10;

/// The entries of some lines.
#[derive(Clone, Debug)]
pub(super) struct Thin {
    /// Line, tag, and number plus one; zero is a free one. None at all, or a power of two of them.
    slots: Vec<u64>,
    used: usize,
    lines: usize,
}

const fn pack(at: usize, tag: u16, number: u32) -> u64 {
    // Numbers are below the greatest of their type, so one more does not reach the tag.
    ((at as u64) << 48) | ((tag as u64) << 32) | (number as u64 + 1)
}

const fn line_of(slot: u64) -> usize {
    (slot >> 48) as usize
}

const fn tag_of(slot: u64) -> u16 {
    (slot >> 32) as u16
}

const fn number_of(slot: u64) -> u32 {
    slot as u32 - 1
}

impl Thin {
    /// Nothing, of so many lines.
    pub(super) const fn new(lines: usize) -> Self {
        Self { slots: Vec::new(), used: 0, lines }
    }

    /// Bytes of its entries' room.
    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.slots.len() * size_of::<u64>()
    }

    /// Where a line's entries begin. Those of neighbours lie apart: a crowd in one is not in the way of the next.
    fn home(&self, at: usize) -> usize {
        let bits = self.slots.len().trailing_zeros();
        ((at as u64 * 0x9E37_79B9) & 0xFFFF_FFFF) as usize >> (32 - bits)
    }

    /// The slot at a line's home, to be asked of memory.
    pub(super) fn first_word(&self, at: usize) -> u64 {
        if self.slots.is_empty() { 0 } else { self.slots[self.home(at)] }
    }

    /// Appends the numbers under `tag` in line `at` to `out`.
    pub(super) fn look_up(&self, at: usize, tag: u16, out: &mut Vec<u32>) {
        if self.slots.is_empty() {
            return;
        }
        let (mask, wanted) = (self.slots.len() - 1, pack(at, tag, 0) >> 32);
        let mut place = self.home(at);
        while self.slots[place] != 0 {
            if self.slots[place] >> 32 == wanted {
                out.push(number_of(self.slots[place]));
            }
            place = (place + 1) & mask;
        }
    }

    /// Puts `number` into line `at` as [`line::put`] does. False, and nothing is put, where that takes the lines themselves.
    pub(super) fn put(&mut self, at: usize, tag: u16, number: u32) -> bool {
        if !self.has_room() {
            return false;
        }
        let mask = self.slots.len() - 1;
        let (mut all, mut same, mut oldest) = (0, 0, (0, u32::MAX));
        let mut place = self.home(at);
        while self.slots[place] != 0 {
            let slot = self.slots[place];
            all += usize::from(line_of(slot) == at);
            if slot >> 32 == pack(at, tag, 0) >> 32 {
                same += 1;
                if number_of(slot) < oldest.1 {
                    oldest = (place, number_of(slot));
                }
            }
            place = (place + 1) & mask;
        }
        if same >= SAME_TAG_MAX {
            self.slots[oldest.0] = pack(at, tag, number);
        } else if all >= ENTRIES {
            return false;
        } else {
            self.slots[place] = pack(at, tag, number);
            self.used += 1;
        }
        true
    }

    /// Puts a line where there is nothing of it. False where that takes the lines themselves; then some of it may be there.
    pub(super) fn set(&mut self, at: usize, line: &Line) -> bool {
        !self.holds(at)
            && !line::turned(line)
            && line::entries(line).all(|(tag, number)| {
                let room = number < u32::MAX && self.has_room();
                if room {
                    self.append(pack(at, tag, number));
                }
                room
            })
    }

    fn holds(&self, at: usize) -> bool {
        if self.slots.is_empty() {
            return false;
        }
        let mask = self.slots.len() - 1;
        let places = (self.home(at)..).map(|place| self.slots[place & mask]);
        places.take_while(|&slot| slot != 0).any(|slot| line_of(slot) == at)
    }

    /// The lines that hold something, in their order.
    pub(super) fn lines(&self) -> Vec<(usize, Line)> {
        let mut slots = self.in_order();
        slots.sort_by_key(|&slot| line_of(slot));
        let lines = slots.chunk_by(|&a, &b| line_of(a) == line_of(b));
        let line = |slots: &[u64]| {
            let mut line = EMPTY;
            for &slot in slots {
                line::append(&mut line, tag_of(slot), number_of(slot));
            }
            (line_of(slots[0]), line)
        };
        lines.map(line).collect()
    }

    /// The slots in use, those of a line in the order in which they came.
    fn in_order(&self) -> Vec<u64> {
        // No entry lies beyond a free slot from its home on.
        let free = self.slots.iter().position(|&slot| slot == 0).unwrap_or(0);
        let around = self.slots[free..].iter().chain(&self.slots[..free]);
        around.copied().filter(|&slot| slot != 0).collect()
    }

    /// Makes room for one more; false where it would be half as large as the lines themselves.
    fn has_room(&mut self) -> bool {
        if self.used < self.slots.len() / SLOTS_MIN * USED {
            return true;
        }
        let slots = (self.slots.len() * 2).max(SLOTS_MIN);
        if slots > self.lines * WORDS / 2 {
            return false;
        }
        let old = self.in_order();
        self.slots = vec![0; slots];
        self.used = 0;
        for slot in old {
            self.append(slot);
        }
        true
    }

    fn append(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut place = self.home(line_of(slot));
        while self.slots[place] != 0 {
            place = (place + 1) & mask;
        }
        self.slots[place] = slot;
        self.used += 1;
    }
}
