//! A text as the detector compares it: blocks to words, furniture left out, sets and sketch.

use crate::sketch::{self, Sketch};
use crate::text;
use xxhash_rust::xxh3::xxh3_64;

/// Words a block needs to be counted as furniture: shorter ones ("Read more", a name) recur by chance.
const BLOCK_WORDS_MIN: usize = 4;

/// Words of body under which shingles say nothing; such items go the short path (DESIGN §4.5).
pub const BODY_WORDS_MIN: u32 = 12;

/// One in so many 5-grams is an anchor.
const ANCHOR_SAMPLE: u64 = 16;

/// Anchors a text has at least, so that short items are found.
const ANCHORS_MIN: usize = 8;

/// The 5-grams that begin within these first words are all anchors: a 36-word alert shares some two sampled ones with
/// its story, but its words open it.
const OPENING_WORDS: usize = 40;

/// The sets two texts are compared by. All sorted, without repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Hashes of the word 3-grams.
    pub shingles: Vec<u64>,
    /// Hashes of the numbers.
    pub numbers: Vec<u64>,
    /// Hashes of the words of five letters and more.
    pub content: Vec<u64>,
    /// Words, repeats and all.
    pub words: u32,
}

/// A text made ready for judging and for the indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its sets.
    pub compared: Compared,
    /// Its sketch; `None` where it has no shingle or too few words for one to mean anything.
    pub sketch: Option<Sketch>,
    /// Keys for the containment index: sampled 5-grams, sorted.
    pub anchors: Vec<u64>,
}

/// The blocks (paragraphs) of a body as words.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks<'a> {
    texts: Vec<&'a str>,
    words: Vec<u64>,
    ends: Vec<usize>,
    /// One hash a block; 0 where it is too short to be furniture.
    pub(super) hashes: Vec<u64>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(body: &'a str) -> Self {
        let mut blocks = Self::default();
        for block in body.split('\n').filter(|block| !block.trim().is_empty()) {
            let start = blocks.words.len();
            text::words(block, &mut blocks.words);
            let words = &blocks.words[start..];
            let hash = if words.len() < BLOCK_WORDS_MIN { 0 } else { hash_of(words) };
            blocks.ends.push(blocks.words.len());
            blocks.texts.push(block);
            blocks.hashes.push(hash);
        }
        blocks
    }

    /// Sets, sketch and anchors of all blocks but those at `furniture` (ascending positions).
    pub(super) fn prepare(&self, furniture: &[u16]) -> Prepared {
        let kept = |block: &usize| furniture.binary_search(&(*block as u16)).is_err();
        let mut words = Vec::with_capacity(self.words.len());
        let mut compared = Compared::default();
        for block in (0..self.ends.len()).filter(kept) {
            let start = if block == 0 { 0 } else { self.ends[block - 1] };
            words.extend_from_slice(&self.words[start..self.ends[block]]);
            text::numbers(self.texts[block], &mut compared.numbers);
            text::content_words(self.texts[block], &mut compared.content);
        }
        compared.words = u32::try_from(words.len()).unwrap_or(u32::MAX);
        compared.shingles = text::shingles::<3>(&words).collect();
        let enough = compared.words >= BODY_WORDS_MIN;
        let sketch = if enough { sketch::sketch(&compared.shingles) } else { None };
        let anchors = if enough { anchors(&words) } else { Vec::new() };
        for set in [&mut compared.shingles, &mut compared.numbers, &mut compared.content] {
            set.sort_unstable();
            set.dedup();
        }
        Prepared { compared, sketch, anchors }
    }
}

/// Makes the body of a version ready again, with the furniture its verdicts name: for start-up and for the exact check.
pub fn prepare(body: &str, furniture: &[u16]) -> Prepared {
    Blocks::new(body).prepare(furniture)
}

fn hash_of(words: &[u64]) -> u64 {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    xxh3_64(&bytes).max(1)
}

fn anchors(words: &[u64]) -> Vec<u64> {
    let grams: Vec<u64> = text::shingles::<5>(words).collect();
    let mut sampled: Vec<u64> =
        grams.iter().copied().filter(|gram| gram.is_multiple_of(ANCHOR_SAMPLE)).collect();
    if sampled.len() < ANCHORS_MIN {
        let mut least = grams.clone();
        least.sort_unstable();
        least.truncate(ANCHORS_MIN);
        sampled.extend(least);
    }
    sampled.extend(grams.iter().take(OPENING_WORDS.saturating_sub(4)));
    sampled.sort_unstable();
    sampled.dedup();
    sampled
}

/// Number of elements two sorted sets share.
pub(super) fn shared(a: &[u64], b: &[u64]) -> u32 {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        count += u32::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    count
}

/// Number of elements three sorted sets share.
pub(super) fn shared_by_three(a: &[u64], b: &[u64], c: &[u64]) -> u32 {
    let both = a.iter().filter(|x| b.binary_search(x).is_ok() && c.binary_search(x).is_ok());
    u32::try_from(both.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "The port authority of Orsk closed its locks on Monday after the river rose.\nShips waited off the coast.";

    #[test]
    fn shingles_run_across_blocks() {
        let joined = STORY.replace('\n', " ");
        assert_eq!(prepare(STORY, &[]).compared, prepare(&joined, &[]).compared);
    }

    #[test]
    fn furniture_is_left_out() {
        let cut = prepare(&format!("Sign up for our morning letter\n{STORY}"), &[0]);
        assert_eq!(cut, prepare(STORY, &[]));
    }

    #[test]
    fn a_few_words_have_sets_but_no_sketch() {
        let short = prepare("Orsk port closed", &[]);
        assert_eq!((short.sketch, short.anchors.len(), short.compared.words), (None, 0, 3));
    }

    #[test]
    fn an_opening_is_anchored_whole() {
        let story = prepare(STORY, &[]);
        let alert = prepare(STORY.split('\n').next().unwrap(), &[]);
        assert!(alert.anchors.iter().all(|anchor| story.anchors.contains(anchor)));
    }

    #[test]
    fn sets_are_counted_exactly() {
        assert_eq!(shared(&[1, 3, 5, 9], &[2, 3, 9, 10]), 2);
        assert_eq!(shared(&[], &[1]), 0);
        assert_eq!(shared_by_three(&[1, 2, 3], &[2, 3], &[3, 4]), 1);
    }
}
