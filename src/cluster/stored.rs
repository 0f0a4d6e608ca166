//! What makes a version findable, to bytes and back: a start need not read and sketch every live text again.

use super::compared::Compared;
use super::prepared::Prepared;
use super::short::ShortText;
use crate::sketch::{self, Sketch};

/// Bits of the third byte: there is a sketch; and what the short path sees in the version.
const SKETCHED: u8 = 1;
const NEITHER: u8 = 1 << 1;
const ITEM: u8 = 2 << 1;
const STORY: u8 = 3 << 1;

/// A version that can be found again and no more: what it is compared by has to be read from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its sketch and anchors, and of an item what the short path looks at.
    pub prepared: Prepared,
    /// True where the short path looks at words that only its text has.
    pub is_story: bool,
}

impl Prepared {
    /// Sketch and anchors, and the words of an item: the scheme's number in two bytes, a byte that tells what there is, the
    /// slots of the sketch, the number of an item's words in two bytes and eight bytes a word, then eight bytes an anchor; all
    /// little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = sketch::SCHEME.to_le_bytes().to_vec();
        let short = match &self.short {
            ShortText { is_item: true, .. } => ITEM,
            ShortText { words, .. } if words.is_empty() => NEITHER,
            ShortText { .. } => STORY,
        };
        bytes.push(if self.sketch.is_some() { SKETCHED | short } else { short });
        for slot in self.sketch.iter().flat_map(Sketch::slots) {
            bytes.extend(slot.to_le_bytes());
        }
        if short == ITEM {
            bytes.extend((self.short.words.len() as u16).to_le_bytes());
            bytes.extend(self.short.words.iter().flat_map(|word| word.to_le_bytes()));
        }
        for anchor in &self.anchors {
            bytes.extend(anchor.to_le_bytes());
        }
        bytes
    }

    /// What [`Prepared::to_bytes`] gave. `None` where the bytes are of another scheme or of an earlier build, or none of these at
    /// all: then all of it has to be read from the text.
    pub fn from_bytes(bytes: &[u8]) -> Option<Found> {
        let (scheme, rest) = bytes.split_first_chunk::<2>()?;
        let (&flags, rest) = rest.split_first()?;
        let has_sketch = flags & SKETCHED == SKETCHED;
        let short = flags & !SKETCHED;
        if u16::from_le_bytes(*scheme) != sketch::SCHEME || ![NEITHER, ITEM, STORY].contains(&short)
        {
            return None;
        }
        let (slots, rest) = rest.split_at_checked(usize::from(has_sketch) * 2 * sketch::SLOTS)?;
        let sketch = has_sketch.then(|| {
            let mut values = [0; sketch::SLOTS];
            for (value, bytes) in values.iter_mut().zip(slots.as_chunks::<2>().0) {
                *value = u16::from_le_bytes(*bytes);
            }
            Sketch::from_slots(values)
        });
        let (words, rest) = if short == ITEM {
            let (count, rest) = rest.split_first_chunk::<2>()?;
            rest.split_at_checked(usize::from(u16::from_le_bytes(*count)) * 8)?
        } else {
            (&[][..], rest)
        };
        let is_story = short == STORY;
        let short = ShortText { words: numbers(words)?, is_item: short == ITEM };
        let anchors = numbers(rest)?;
        let prepared = Self { compared: Compared::default(), sketch, anchors, short };
        Some(Found { prepared, is_story })
    }
}

/// Eight bytes a number; `None` where some are left.
fn numbers(bytes: &[u8]) -> Option<Vec<u64>> {
    let (numbers, left) = bytes.as_chunks::<8>();
    left.is_empty().then(|| numbers.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::prepare;
    use proptest::prelude::*;

    #[test]
    fn what_makes_findable_comes_back_and_another_scheme_does_not() {
        let story = "The port of Orsk closed its locks on Monday night ".repeat(3);
        for (title, body, is_story) in [
            ("Locks", "Locks closed", false),
            ("Port of Orsk closes its locks", "", false),
            ("Locks", &story, true),
        ] {
            let prepared = prepare(title, body, &[]);
            let mut bytes = prepared.to_bytes();
            let back = Prepared::from_bytes(&bytes).unwrap();
            let short = if is_story { ShortText::default() } else { prepared.short };
            assert_eq!((back.is_story, back.prepared.short), (is_story, short));
            assert_eq!(
                (back.prepared.sketch, back.prepared.anchors),
                (prepared.sketch, prepared.anchors)
            );
            bytes[2] &= SKETCHED;
            assert_eq!(Prepared::from_bytes(&bytes), None, "an earlier build kept no words");
            bytes[0] ^= 1;
            assert_eq!(Prepared::from_bytes(&bytes), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), has in 0_u8..9) {
            let _any = Prepared::from_bytes(&bytes);
            let mut known = sketch::SCHEME.to_le_bytes().to_vec();
            known.push(has);
            known.extend(bytes);
            let _known = Prepared::from_bytes(&known);
        }
    }
}
