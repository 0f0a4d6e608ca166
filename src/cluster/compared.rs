//! What two texts are compared by.

use crate::text;

/// Words of body under which shingles say nothing; such items go the short path (DESIGN §4.5).
pub const BODY_WORDS_MIN: u32 = 12;

/// A kept block: the hash of its words, and how many words there are up to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptBlock {
    /// Hash of its words; 0 where it has fewer than four.
    pub hash: u64,
    /// Words of the text before its end.
    pub end: u32,
}

/// What two texts are compared by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Hashes of its words in order, furniture left out.
    pub words: Vec<u64>,
    /// Number of distinct word 3-grams.
    pub shingles: u32,
    /// Words that are figures, repeats and all.
    pub figures: u32,
    /// Hashes of its numbers, sorted, without repeats.
    pub numbers: Vec<u64>,
    /// Hashes of its names, sorted, without repeats.
    pub names: Vec<u64>,
    /// Hashes of what its headline is about ([`text::content`]), sorted, without repeats.
    pub title: Vec<u64>,
    /// The blocks that were kept, in order.
    pub blocks: Vec<KeptBlock>,
}

impl Compared {
    /// The distinct 3-grams of the text, sorted.
    pub fn shingle_set(&self) -> Vec<u64> {
        let mut set: Vec<u64> = text::shingles::<3>(&self.words).collect();
        set.sort_unstable();
        set.dedup();
        set
    }

    /// True of tables, prices and results: more than a quarter of the words are figures.
    pub const fn is_agate(&self) -> bool {
        self.figures as usize * 4 > self.words.len()
    }

    /// True where the text is long enough for its shingles to say something.
    pub const fn has_body(&self) -> bool {
        self.words.len() >= BODY_WORDS_MIN as usize
    }
}
