//! A text and another's shingles to the passages they share.

use std::ops::Range;

use super::{shingles, words};

/// Words in a row a passage needs: shorter runs are phrases that any two texts of a desk share.
const PASSAGE_WORDS_MIN: usize = 8;

/// The byte ranges of `text`, in order, in which every word 3-gram is one of `other` (sorted). Ranges start and end at
/// white space.
pub fn passages(text: &str, other: &[u64]) -> Vec<Range<usize>> {
    let (hashes, pieces) = located(text);
    let mut held = vec![false; hashes.len()];
    for (at, shingle) in shingles::<3>(&hashes).enumerate() {
        if other.binary_search(&shingle).is_ok() {
            held[at..at + 3].fill(true);
        }
    }
    let mut found = Vec::new();
    let mut at = 0;
    for run in held.chunk_by(|a, b| a == b) {
        let end = at + run.len();
        if run[0] && run.len() >= PASSAGE_WORDS_MIN {
            found.push(pieces[at].start..pieces[end - 1].end);
        }
        at = end;
    }
    found
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
    fn texts_of_no_words_share_none() {
        assert_eq!(passages("", &[1]).len(), 0);
        assert_eq!(passages("— – !", &[1]).len(), 0);
    }
}
