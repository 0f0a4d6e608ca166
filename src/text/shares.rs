//! The words of a text and what others wrote to how much of it is whose.

use std::collections::BTreeMap;
use std::ops::Range;

use super::passages::held;

/// Parts in which a share is told.
const PARTS: usize = 10;

/// How much of a text each author has, and how much is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Words of the text.
    pub words: usize,
    /// Of these, words in nobody else's passages.
    pub own: usize,
    /// The same in tenths. All tenths together are ten.
    pub own_tenths: usize,
    /// Who has passages in it, the one with most first, else by name.
    pub of: Vec<Share>,
}

/// What one author has of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The author.
    pub name: String,
    /// Words in its passages.
    pub words: usize,
    /// The same in tenths of the text.
    pub tenths: usize,
    /// Places of these words, in order.
    pub passages: Vec<Range<usize>>,
}

impl Shares {
    /// True where two or more authors have a tenth of the words or more each.
    pub fn is_blend(&self) -> bool {
        self.of.iter().filter(|share| share.words * PARTS >= self.words).count() >= 2
    }
}

/// Whose the words of a text are, by passages it shares with `items`: an author's name and the sorted 3-grams of something
/// of theirs. The order of items makes no difference.
///
/// Words that several authors have go to the one whose passage there is the longest, then to the one who has more of the text, then by
/// name: a statement that both quote belongs to the copy it was taken over with.
pub fn shares<S: AsRef<[u64]>>(words: &[u64], items: &[(&str, S)]) -> Shares {
    let mut masks: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (name, item) in items {
        let found = held(words, item.as_ref());
        let mask = masks.entry(name).or_insert_with(|| vec![false; words.len()]);
        for (all, one) in mask.iter_mut().zip(found) {
            *all |= one;
        }
    }
    let claims: Vec<(&str, Vec<usize>, usize)> = masks
        .into_iter()
        .map(|(name, mask)| (name, runs(&mask), mask.iter().filter(|&&held| held).count()))
        .collect();
    let owner = |at: usize| -> Option<usize> {
        let claiming = (0..claims.len()).filter(|&who| claims[who].1[at] > 0);
        claiming.min_by_key(|&who| {
            let (_, runs, all) = &claims[who];
            (usize::MAX - runs[at], usize::MAX - all, who)
        })
    };
    let owners: Vec<Option<usize>> = (0..words.len()).map(owner).collect();
    let mut passages: Vec<Vec<Range<usize>>> = vec![Vec::new(); claims.len()];
    let mut at = 0;
    for run in owners.chunk_by(|a, b| a == b) {
        if let Some(who) = run[0] {
            passages[who].push(at..at + run.len());
        }
        at += run.len();
    }
    let share = |(who, passages): (usize, Vec<Range<usize>>)| {
        let words = passages.iter().map(Range::len).sum();
        Share { name: claims[who].0.to_owned(), words, tenths: 0, passages }
    };
    let mut of: Vec<Share> =
        passages.into_iter().enumerate().map(share).filter(|share| share.words > 0).collect();
    of.sort_by(|a, b| b.words.cmp(&a.words).then_with(|| a.name.cmp(&b.name)));
    let own = words.len() - of.iter().map(|share| share.words).sum::<usize>();
    let counts: Vec<usize> = of.iter().map(|share| share.words).chain([own]).collect();
    let tenths = tenths(&counts);
    for (share, tenths) in of.iter_mut().zip(&tenths) {
        share.tenths = *tenths;
    }
    Shares { words: words.len(), own, own_tenths: tenths[counts.len() - 1], of }
}

/// The length of the run of held words that each word stands in; 0 where it is not held.
fn runs(mask: &[bool]) -> Vec<usize> {
    let mut lengths = Vec::with_capacity(mask.len());
    for run in mask.chunk_by(|a, b| a == b) {
        let length = if run[0] { run.len() } else { 0 };
        lengths.extend(std::iter::repeat_n(length, run.len()));
    }
    lengths
}

/// Counts in tenths of their sum, ten together: the largest remainders are rounded up, of equal ones the first. All ten go to the
/// last where there is nothing to share.
fn tenths(counts: &[usize]) -> Vec<usize> {
    let sum: usize = counts.iter().sum();
    let mut tenths: Vec<usize> =
        counts.iter().map(|count| (count * PARTS).checked_div(sum).unwrap_or(0)).collect();
    if sum == 0 {
        if let Some(last) = tenths.last_mut() {
            *last = PARTS;
        }
        return tenths;
    }
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&at| sum - (counts[at] * PARTS) % sum);
    let left = PARTS - tenths.iter().sum::<usize>();
    for &at in order.iter().take(left) {
        tenths[at] += 1;
    }
    tenths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{shingles, words};

    fn set(text: &str) -> Vec<u64> {
        let mut set: Vec<u64> = shingles::<3>(&words(text)).collect();
        set.sort_unstable();
        set
    }

    /// Names with their tenths, then the own ones.
    fn told(text: &str, items: &[(&str, &str)]) -> (Vec<(String, usize)>, usize) {
        let items: Vec<(&str, Vec<u64>)> =
            items.iter().map(|(name, text)| (*name, set(text))).collect();
        let shares = shares(&words(text), &items);
        (shares.of.into_iter().map(|share| (share.name, share.tenths)).collect(), shares.own_tenths)
    }

    const ALBA: &str = "The ferry left the quay of Kvitnes at dawn and ran onto a rock off Vell with forty people on board who were all taken ashore by noon";
    const BORA: &str = "Divers who looked at the hull in the afternoon found a hole as long as a man and a pump that had not run for years";

    #[test]
    fn passages_of_two_agencies_make_a_blend() {
        let own = "Our reporter saw the ferry from the church tower of Vell on Monday evening";
        let text = format!("{ALBA}. {own}. {BORA}.");
        let (of, rest) = told(&text, &[("Bora", BORA), ("Alba", ALBA)]);
        assert_eq!(of, [("Alba".to_owned(), 4), ("Bora".to_owned(), 4)]);
        assert_eq!(rest, 2);
        let items = [("Alba", set(ALBA)), ("Bora", set(BORA))];
        assert!(shares(&words(&text), &items).is_blend());
        assert!(!shares(&words(ALBA), &items).is_blend());
        assert!(!shares(&[], &items).is_blend());
    }

    #[test]
    fn what_both_agencies_quote_goes_with_the_longer_passage() {
        let quote = "we have seen many a storm here but never one that came without a wind said the mayor of Vell";
        let alba = format!("{ALBA} {quote}");
        let bora = format!("{quote} {BORA}");
        let (of, own) = told(&alba, &[("Bora", &bora), ("Alba", &alba)]);
        assert_eq!((of, own), (vec![("Alba".to_owned(), 10)], 0));
    }

    #[test]
    fn phrases_are_nobodys() {
        let (of, own) =
            told("A ferry left the quay of Kvitnes late in the evening", &[("Alba", ALBA)]);
        assert_eq!((of.len(), own), (0, 10));
    }

    #[test]
    fn tenths_are_ten() {
        assert_eq!(tenths(&[80, 10, 10]), [8, 1, 1]);
        assert_eq!(tenths(&[1, 1, 1]), [4, 3, 3]);
        assert_eq!(tenths(&[0, 7]), [0, 10]);
        assert_eq!(tenths(&[0, 0]), [0, 10]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_word_is_somebodys_once_whatever_the_order(
            text in prop::collection::vec(0_u64..5, 0..80),
            mut items in prop::collection::vec((0_usize..3, prop::collection::vec(0_u64..5, 0..60)), 0..6),
        ) {
            let names = ["Alba", "Bora", "Cove"];
            let of = |items: &[(usize, Vec<u64>)]| {
                let sets: Vec<(&str, Vec<u64>)> = items.iter().map(|(name, words)| {
                    let mut set: Vec<u64> = shingles::<3>(words).collect();
                    set.sort_unstable();
                    (names[*name], set)
                }).collect();
                shares(&text, &sets)
            };
            let found = of(&items);
            prop_assert_eq!(found.of.iter().map(|share| share.words).sum::<usize>() + found.own, text.len());
            prop_assert_eq!(found.of.iter().map(|share| share.tenths).sum::<usize>() + found.own_tenths, 10);
            let mut places: Vec<usize> = found.of.iter().flat_map(|share| share.passages.iter().cloned().flatten()).collect();
            let all = places.len();
            places.sort_unstable();
            places.dedup();
            prop_assert_eq!(places.len(), all, "no word is given twice");
            prop_assert!(places.last().is_none_or(|&last| last < text.len()));
            items.reverse();
            prop_assert_eq!(of(&items), found);
        }
    }
}
