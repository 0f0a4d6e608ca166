//! A text and another's shingles to the passages they share.

use std::ops::Range;

use super::apart::{apart, blanked};
use super::{shingles, words};

/// Words in a row a passage needs: shorter runs are phrases that any two texts of a desk share.
const PASSAGE_WORDS_MIN: usize = 8;

/// The byte ranges of `text`, in order, in which every word 3-gram is one of `other` (sorted). Ranges start and end at
/// white space, and at what is set apart ([`apart`]): a cross-head or an insertion interrupts no passage and is in none.
pub fn passages(text: &str, other: &[u64]) -> Vec<Range<usize>> {
    let located = Located::of(text);
    let held = held(&located.words, other);
    let mut found = Vec::new();
    let mut at = 0;
    for run in held.chunk_by(|a, b| a == b) {
        let end = at + run.len();
        if run[0] {
            located.cut(at..end, &mut found);
        }
        at = end;
    }
    found
}

/// Which of the words stand in a passage of `other` (its 3-grams, sorted): a run long enough, each 3-gram of it held.
pub(super) fn held(words: &[u64], other: &[u64]) -> Vec<bool> {
    let mut held = vec![false; words.len()];
    for (at, shingle) in shingles::<3>(words).enumerate() {
        if other.binary_search(&shingle).is_ok() {
            held[at..at + 3].fill(true);
        }
    }
    for run in held.chunk_by_mut(|a, b| a == b) {
        if run.len() < PASSAGE_WORDS_MIN {
            run.fill(false);
        }
    }
    held
}

/// The words of a text that are its own, and where they stand.
#[derive(Clone, Debug)]
pub struct Located {
    /// Their hashes, in order.
    pub words: Vec<u64>,
    /// The run of non-space characters in which each stands.
    pieces: Vec<Range<usize>>,
    /// What is set apart.
    apart: Vec<Range<usize>>,
}

impl Located {
    /// The words of `text`.
    pub fn of(text: &str) -> Self {
        let apart: Vec<Range<usize>> = apart(text).into_iter().map(|(range, _)| range).collect();
        let (words, pieces) = located(&blanked(text, apart.iter().cloned()));
        Self { words, pieces, apart }
    }

    /// Adds the byte ranges that words at these places take, without what is set apart between them.
    pub fn cut(&self, words: Range<usize>, found: &mut Vec<Range<usize>>) {
        let (mut start, end) = (self.pieces[words.start].start, self.pieces[words.end - 1].end);
        let first = self.apart.partition_point(|apart| apart.end <= start);
        for apart in self.apart[first..].iter().take_while(|apart| apart.start < end) {
            if apart.start > start {
                found.push(start..apart.start);
            }
            start = apart.end;
        }
        if start < end {
            found.push(start..end);
        }
    }
}

/// Each word's hash and the run of non-space characters it stands in.
fn located(text: &str) -> (Vec<u64>, Vec<Range<usize>>) {
    let mut hashes = Vec::new();
    let mut pieces = Vec::new();
    for piece in text.split_whitespace() {
        let start = piece.as_ptr() as usize - text.as_ptr() as usize;
        hashes.extend(words(piece));
        pieces.resize(hashes.len(), start..start + piece.len());
    }
    (hashes, pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_what_both_have_in_a_row() {
        let story = "Ships waited off the coast, where a westerly wind rose during the night. Pilots stayed ashore.";
        let other =
            "Officials said ships waited off the coast where a westerly wind rose during a storm.";
        let mut set: Vec<u64> = shingles::<3>(&words(other)).collect();
        set.sort_unstable();
        let found: Vec<&str> =
            passages(story, &set).into_iter().map(|range| &story[range]).collect();
        assert_eq!(found, ["Ships waited off the coast, where a westerly wind rose during"]);
    }

    #[test]
    fn what_an_editor_put_in_is_in_no_passage_and_breaks_none() {
        let other = "Ships waited off the coast where a westerly wind rose during the night and pilots stayed ashore.";
        let set = {
            let mut set: Vec<u64> = shingles::<3>(&words(other)).collect();
            set.sort_unstable();
            set
        };
        let story = "Ships waited off the coast [of Norland], where a westerly wind rose during the night and pilots [all of them] stayed ashore.";
        let found: Vec<&str> =
            passages(story, &set).into_iter().map(|range| story[range].trim()).collect();
        assert_eq!(
            found,
            [
                "Ships waited off the coast",
                ", where a westerly wind rose during the night and pilots",
                "stayed ashore."
            ]
        );
    }

    #[test]
    fn texts_of_no_words_share_none() {
        assert_eq!(passages("", &[1]).len(), 0);
        assert_eq!(passages("— – !", &[1]).len(), 0);
    }
}
