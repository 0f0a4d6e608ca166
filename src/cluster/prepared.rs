//! A text made ready to be compared: blocks to words, furniture left out, sketch and anchors.

use super::compared::{BODY_WORDS_MIN, Compared, KeptBlock};
use super::meeting::count_distinct;
use super::short::ShortText;
use crate::sketch::{self, Sketch};
use crate::text::{self, Tokens};

/// Words a block needs to be counted as furniture: shorter ones ("Read more", a name) recur by chance.
const BLOCK_WORDS_MIN: usize = 4;

/// Words of a text that are compared; longer ones are compared by these first. News has a few thousand at the most, so this
/// only bounds what one arrival may cost.
pub const WORDS_MAX: usize = 1 << 16;

/// Words, and numbers, of a headline that are looked at.
const TITLE_WORDS_MAX: usize = 64;

/// Words with which a text is a story, whatever stands beside it.
const STORY_WORDS: usize = 150;

/// Blocks of a text that may be furniture, from its beginning.
const BLOCKS_MAX: usize = 1 << 10;

/// Anchors of a text at most: those with the least hashes are kept, so two long texts keep the same.
const ANCHORS_MAX: usize = 1 << 9;

/// One in so many 5-grams is an anchor.
const ANCHOR_SAMPLE: u64 = 16;

/// One in so many of those that begin in the opening: an alert shares few words with its story, but its words open it.
const OPENING_SAMPLE: u64 = 2;

/// Words of the opening.
const OPENING_WORDS: usize = 40;

/// Words under which a text is an alert, whose opening is anchored whole.
const ALERT_WORDS: usize = 80;

/// Of the 5-grams at the beginning of each further block, so many are anchors: what is taken over whole begins a paragraph.
const BLOCK_GRAMS: usize = 2;

/// Blocks of which this holds.
const OPENED_BLOCKS: usize = 24;

/// Anchors a text has at least, so that short items are found.
const ANCHORS_MIN: usize = 8;

/// A text made ready for judging and for the indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What it is compared by.
    pub compared: Compared,
    /// Its sketch; `None` where it has no shingle or too few words for one to mean anything.
    pub sketch: Option<Sketch>,
    /// Keys for the containment index: sampled 5-grams, sorted.
    pub anchors: Vec<u64>,
    /// What the short path looks at.
    pub short: ShortText,
}

/// The blocks (paragraphs) of a body as words.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    tokens: Tokens,
    title: Tokens,
    /// One hash a block; 0 where it is too short to be furniture, or no words of the text's own.
    pub(super) hashes: Vec<u64>,
    /// Positions of the blocks that are not of the text ([`text::own`]), ascending.
    apart: Vec<u16>,
    /// What the headline is about.
    pub(super) about: Vec<u64>,
}

impl Blocks {
    pub(super) fn new(title: &str, body: &str) -> Self {
        let text::Own { text: own, out: mut apart } = text::own(body);
        let mut tokens = text::tokens(&own);
        cut_to_max(&mut tokens);
        apart.truncate(apart.partition_point(|&at| usize::from(at) < tokens.blocks.len()));
        let mut start = 0;
        let hashes = tokens.blocks.iter().enumerate().map(|(position, block)| {
            let words = &tokens.words[start..block.words];
            start = block.words;
            let counts = words.len() >= BLOCK_WORDS_MIN
                && position < BLOCKS_MAX
                && apart.binary_search(&(position as u16)).is_err();
            if counts { hash_of(words) } else { 0 }
        });
        let hashes = hashes.collect();
        let mut title = text::tokens(title);
        title.words.truncate(TITLE_WORDS_MAX);
        title.numbers.truncate(TITLE_WORDS_MAX);
        Self { hashes, apart, about: text::content(&title.words), title, tokens }
    }

    /// One hash a block, for the verdicts: up to the last that may be furniture.
    pub(super) fn into_hashes(self) -> Vec<u64> {
        let mut hashes = self.hashes;
        let last = hashes.iter().rposition(|&hash| hash != 0);
        hashes.truncate(last.map_or(0, |last| last + 1));
        hashes
    }

    /// Words of the block at `position`.
    fn length(&self, position: usize) -> usize {
        let start = position.checked_sub(1).map_or(0, |before| self.tokens.blocks[before].words);
        self.tokens.blocks[position].words - start
    }

    /// Positions of the blocks of which this page says nothing, be they furniture or not: those that have less than thrice
    /// their words beside them, where a story would have more, and those that the headline speaks of.
    pub(super) fn no_evidence(&self) -> Vec<u16> {
        let all = self.tokens.words.len();
        // A bit a word of the headline spares most words of the body the search.
        let bits = self.about.iter().fold(0, |bits, &word| bits | bit(word));
        let says_nothing = |&position: &usize| {
            let block = self.length(position);
            let beside = (3 * block).clamp(BODY_WORDS_MIN as usize, STORY_WORDS);
            self.hashes[position] != 0
                && (all - block < beside || self.is_headlined(position, bits))
        };
        (0..self.hashes.len()).filter(says_nothing).map(|position| position as u16).collect()
    }

    /// True where a quarter of what the headline is about stands in the block. `bits` has the bit of each word of the headline.
    fn is_headlined(&self, position: usize, bits: u64) -> bool {
        let end = self.tokens.blocks[position].words;
        let words = &self.tokens.words[end - self.length(position)..end];
        let mut found: Vec<u64> = words
            .iter()
            .copied()
            .filter(|&word| bits & bit(word) != 0 && self.about.binary_search(&word).is_ok())
            .collect();
        found.sort_unstable();
        found.dedup();
        !found.is_empty() && found.len() * 4 >= self.about.len()
    }

    /// What is compared of all blocks but those at `furniture` (ascending positions) and those that are not of the text, with
    /// sketch and anchors.
    pub(super) fn prepare(&self, furniture: &[u16]) -> Prepared {
        let mut compared = Compared { title: self.about.clone(), ..Compared::default() };
        if furniture.is_empty() && self.apart.is_empty() {
            compared.words.clone_from(&self.tokens.words);
            compared.numbers.clone_from(&self.tokens.numbers);
            compared.names.clone_from(&self.tokens.names);
            let ends = self.tokens.blocks.iter().map(|block| block.words as u32);
            let kept = self.hashes.iter().zip(ends);
            compared.blocks = kept.map(|(&hash, end)| KeptBlock { hash, end }).collect();
        } else {
            self.keep(furniture, &mut compared);
        }
        for set in [&mut compared.numbers, &mut compared.names] {
            set.sort_unstable();
            set.dedup();
        }
        let shingles: Vec<u64> = text::shingles::<3>(&compared.words).collect();
        compared.shingles = count_distinct(&shingles);
        let is_figure = |&&word: &&u64| text::Kind::of(word) == text::Kind::Figure;
        compared.figures = compared.words.iter().filter(is_figure).count() as u32;
        let enough = compared.has_body();
        let sketch = if enough { sketch::sketch(&shingles) } else { None };
        let anchors = if enough { anchors(&compared) } else { Vec::new() };
        let short = ShortText::of(&self.title, &compared);
        Prepared { compared, sketch, anchors, short }
    }

    fn keep(&self, furniture: &[u16], compared: &mut Compared) {
        let mut start = text::Block::default();
        for (position, end) in self.tokens.blocks.iter().enumerate() {
            let at = position as u16;
            if furniture.binary_search(&at).is_err() && self.apart.binary_search(&at).is_err() {
                compared.words.extend_from_slice(&self.tokens.words[start.words..end.words]);
                compared
                    .numbers
                    .extend_from_slice(&self.tokens.numbers[start.numbers..end.numbers]);
                compared.names.extend_from_slice(&self.tokens.names[start.names..end.names]);
                let end = compared.words.len() as u32;
                compared.blocks.push(KeptBlock { hash: self.hashes[position], end });
            }
            start = *end;
        }
    }
}

/// One of 64 bits for a word.
pub(super) const fn bit(word: u64) -> u64 {
    1 << (word >> 58)
}

/// Makes a version ready again, with the furniture its verdicts name: for start-up and for the exact check.
pub fn prepare(title: &str, body: &str, furniture: &[u16]) -> Prepared {
    Blocks::new(title, body).prepare(furniture)
}

/// Leaves the first [`WORDS_MAX`] words, with the blocks they stand in, and as many numbers at the most.
fn cut_to_max(tokens: &mut Tokens) {
    tokens.numbers.truncate(WORDS_MAX);
    if tokens.words.len() > WORDS_MAX {
        tokens.words.truncate(WORDS_MAX);
        let whole = tokens.blocks.partition_point(|block| block.words < WORDS_MAX);
        tokens.blocks.truncate(whole + 1);
        if let Some(last) = tokens.blocks.last_mut() {
            last.words = WORDS_MAX;
            tokens.names.truncate(last.names);
        }
    }
    for block in &mut tokens.blocks {
        block.numbers = block.numbers.min(tokens.numbers.len());
    }
}

/// A hash of words in order that costs an addition a word; never 0.
fn hash_of(words: &[u64]) -> u64 {
    // Turned by its place, so that order counts; 61 is prime to 64.
    let sum = words
        .chunks(61)
        .flat_map(|run| run.iter().zip(0_u32..))
        .fold(0_u64, |sum, (word, place)| sum.wrapping_add(word.rotate_left(place)));
    text::folded(sum ^ 0xD6E8_FEB8_6659_FD93, words.len() as u64 ^ 0xA076_1D64_78BD_642F).max(1)
}

fn anchors(compared: &Compared) -> Vec<u64> {
    // A sum of turned words is mixed before its bits choose.
    let grams: Vec<u64> = text::shingles::<5>(&compared.words)
        .map(|sum| text::folded(sum ^ 0xC2B2_AE3D_27D4_EB4F, 0xF135_7AEA_2E62_A9C5))
        .collect();
    let mut found = vec![0; grams.len()];
    let mut count = 0;
    for &gram in &grams {
        // Written in any case: no processor could foresee which are anchors.
        found[count] = gram;
        count += usize::from(gram.is_multiple_of(ANCHOR_SAMPLE));
    }
    found.truncate(count);
    let rate = if compared.words.len() < ALERT_WORDS { 1 } else { OPENING_SAMPLE };
    let opening = &grams[..grams.len().min(OPENING_WORDS - 4)];
    found.extend(opening.iter().filter(|gram| gram.is_multiple_of(rate)));
    for block in compared.blocks.iter().take(OPENED_BLOCKS) {
        let start = block.end as usize;
        found.extend(grams.iter().skip(start).take(BLOCK_GRAMS));
    }
    if found.len() < ANCHORS_MIN {
        let mut least = grams;
        least.sort_unstable();
        least.truncate(ANCHORS_MIN);
        found.extend(least);
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(ANCHORS_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "The port authority of Orsk closed its locks on Monday after the river rose.\nShips waited off the coast.";

    #[test]
    fn shingles_run_across_blocks() {
        let joined = STORY.replace('\n', " ");
        assert_eq!(prepare("", STORY, &[]).sketch, prepare("", &joined, &[]).sketch);
    }

    #[test]
    fn furniture_is_left_out() {
        let cut = prepare("", &format!("Sign up for our morning letter of 7 May\n{STORY}"), &[0]);
        assert_eq!(cut, prepare("", STORY, &[]));
        let cut = prepare("", &format!("{STORY}\nSign up for our morning letter, Orsk"), &[2]);
        assert_eq!(cut, prepare("", STORY, &[]));
    }

    #[test]
    fn what_hands_added_to_a_copy_is_not_compared() {
        let lead = "The port authority of Orsk closed its locks on Monday after the river rose by three metres.";
        let more = "Ships waited off the coast for the third night, and pilots stayed ashore, their union said.";
        let agency = format!("{lead}\n{more}\n{more} He left.\n{lead}");
        let copy = format!(
            "{lead}\n{more}\nRiver rises again at Orsk\n{more} He [the harbour master] left.\nJorun Example, NAP | The locks of Orsk\n{lead}"
        );
        let (a, b) = (prepare("", &agency, &[]), prepare("", &copy, &[]));
        assert_eq!(a.compared.words, b.compared.words);
        assert_eq!((&a.sketch, &a.anchors), (&b.sketch, &b.anchors));
        // Positions of furniture count all lines that hold a word.
        let cut = prepare("", &copy, &[3]).compared;
        assert_eq!(cut.blocks.len(), 3);
        assert!(cut.words.len() + 17 < b.compared.words.len());
    }

    #[test]
    fn a_few_words_have_no_sketch() {
        let short = prepare("Port", "Orsk port closed", &[]);
        assert_eq!((short.sketch, short.anchors.len(), short.compared.words.len()), (None, 0, 3));
    }

    #[test]
    fn an_alert_shares_anchors_with_the_story_it_opens() {
        let story = prepare("", STORY, &[]);
        let alert = prepare("", STORY.split('\n').next().unwrap(), &[]);
        let shared = alert.anchors.iter().filter(|anchor| story.anchors.contains(anchor)).count();
        assert!(shared >= 2, "{shared} of {}", alert.anchors.len());
    }

    #[test]
    fn a_block_that_is_most_of_its_page_or_its_subject_is_no_evidence() {
        let notice = "word ".repeat(30);
        let page = |own: usize| format!("{notice}\n{}", "own ".repeat(own));
        let says_nothing_of =
            |title: &str, own: usize| Blocks::new(title, &page(own)).no_evidence();
        assert_eq!(says_nothing_of("", 8), [0]);
        assert_eq!(says_nothing_of("", 10), [0]);
        assert_eq!(says_nothing_of("", 89), [0, 1]);
        assert_eq!(says_nothing_of("", 90), [1]);
        assert_eq!(says_nothing_of("In other news", 90), [1]);
        assert_eq!(says_nothing_of("In a word", 90), [0, 1]);
    }
}
