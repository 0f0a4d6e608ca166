//! What makes a version findable, to bytes and back: a start need not read and sketch every live text again.

use super::compared::{Compared, Prepared};
use super::short::ShortText;
use crate::sketch::{self, Sketch};

impl Prepared {
    /// Sketch and anchors: the scheme's number in two bytes, a byte that tells whether there is a sketch, its slots, then eight
    /// bytes an anchor; all little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = sketch::SCHEME.to_le_bytes().to_vec();
        bytes.push(u8::from(self.sketch.is_some()));
        for slot in self.sketch.iter().flat_map(Sketch::slots) {
            bytes.extend(slot.to_le_bytes());
        }
        for anchor in &self.anchors {
            bytes.extend(anchor.to_le_bytes());
        }
        bytes
    }

    /// A version that can be found again and no more: what it is compared by has to be read from its text. `None` where the
    /// bytes are of another scheme, or none of these at all: then all of it has to be.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (scheme, rest) = bytes.split_first_chunk::<2>()?;
        let (&has_sketch, rest) = rest.split_first()?;
        if u16::from_le_bytes(*scheme) != sketch::SCHEME || has_sketch > 1 {
            return None;
        }
        let (slots, rest) = rest.split_at_checked(usize::from(has_sketch) * 2 * sketch::SLOTS)?;
        let sketch = (has_sketch == 1).then(|| {
            let mut values = [0; sketch::SLOTS];
            for (value, bytes) in values.iter_mut().zip(slots.as_chunks::<2>().0) {
                *value = u16::from_le_bytes(*bytes);
            }
            Sketch::from_slots(values)
        });
        let (anchors, left) = rest.as_chunks::<8>();
        let anchors = anchors.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let short = ShortText::default();
        left.is_empty().then(|| Self { compared: Compared::default(), sketch, anchors, short })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::prepare;
    use proptest::prelude::*;

    #[test]
    fn what_makes_findable_comes_back_and_another_scheme_does_not() {
        for body in
            ["Locks closed", &"The port of Orsk closed its locks on Monday night ".repeat(3)]
        {
            let prepared = prepare("Locks", body, &[]);
            let mut bytes = prepared.to_bytes();
            let back = Prepared::from_bytes(&bytes).unwrap();
            assert_eq!((back.sketch, back.anchors), (prepared.sketch, prepared.anchors));
            bytes[0] ^= 1;
            assert_eq!(Prepared::from_bytes(&bytes), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), has in 0_u8..3) {
            let _any = Prepared::from_bytes(&bytes);
            let mut known = sketch::SCHEME.to_le_bytes().to_vec();
            known.push(has);
            known.extend(bytes);
            let _known = Prepared::from_bytes(&known);
        }
    }
}
