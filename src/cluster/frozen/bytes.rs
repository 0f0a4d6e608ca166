//! Numbers, times and names to bytes one after another, and back. What is not there or cannot be is `None`, never a panic.

use crate::model::Timestamp;

/// Bytes being written.
#[derive(Default)]
pub(in crate::cluster) struct Out(pub(super) Vec<u8>);

impl Out {
    pub(in crate::cluster) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// A number of which most are small: seven bits a byte, the low ones first.
    pub(in crate::cluster) fn uint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(in crate::cluster) fn number(&mut self, number: u32) {
        self.uint(u64::from(number));
    }

    pub(in crate::cluster) fn count(&mut self, count: usize) {
        self.uint(count as u64);
    }

    /// A difference: of the small ones those below zero are short, too.
    pub(in crate::cluster) fn int(&mut self, number: i64) {
        self.uint(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    /// A hash: as many bits as there are.
    pub(in crate::cluster) fn word(&mut self, word: u64) {
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    pub(in crate::cluster) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A time, by its distance from one that is known when it is read.
    pub(in crate::cluster) fn time(&mut self, at: Timestamp, from: Timestamp) {
        self.int(at.millis().wrapping_sub(from.millis()));
    }

    pub(in crate::cluster) fn maybe_time(&mut self, at: Option<Timestamp>, from: Timestamp) {
        self.byte(u8::from(at.is_some()));
        if let Some(at) = at {
            self.time(at, from);
        }
    }

    /// Numbers that ascend for the most part.
    pub(in crate::cluster) fn numbers(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        self.count(numbers.len());
        let mut before = 0;
        for number in numbers {
            self.int(i64::from(number) - before);
            before = i64::from(number);
        }
    }
}

/// Bytes being read.
pub(in crate::cluster) struct In<'a>(pub(super) &'a [u8]);

impl<'a> In<'a> {
    pub(in crate::cluster) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    pub(in crate::cluster) fn uint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(in crate::cluster) fn number(&mut self) -> Option<u32> {
        self.uint()?.try_into().ok()
    }

    /// How many there are of what takes a byte at least: never more than there are bytes, so room may be made for them.
    pub(in crate::cluster) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.uint()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    pub(in crate::cluster) fn int(&mut self) -> Option<i64> {
        let number = self.uint()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(in crate::cluster) fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*word))
    }

    pub(in crate::cluster) fn text(&mut self) -> Option<&'a str> {
        let count = self.count()?;
        let (text, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    pub(in crate::cluster) fn time(&mut self, from: Timestamp) -> Option<Timestamp> {
        Some(Timestamp::from_millis(from.millis().wrapping_add(self.int()?)))
    }

    #[expect(clippy::option_option, reason = "no time is an answer, too")]
    pub(in crate::cluster) fn maybe_time(&mut self, from: Timestamp) -> Option<Option<Timestamp>> {
        match self.byte()? {
            0 => Some(None),
            1 => self.time(from).map(Some),
            _ => None,
        }
    }

    /// A number below `bound`.
    pub(in crate::cluster) fn below(&mut self, bound: usize) -> Option<u32> {
        self.number().filter(|&number| (number as usize) < bound)
    }

    /// Numbers below `bound`, as [`Out::numbers`] wrote them.
    pub(in crate::cluster) fn numbers(&mut self, bound: usize) -> Option<Vec<u32>> {
        let mut before = 0_i64;
        (0..self.count()?)
            .map(|_| {
                before = before.checked_add(self.int()?)?;
                u32::try_from(before).ok().filter(|&number| (number as usize) < bound)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_written_is_read(
            numbers in prop::collection::vec(any::<u64>(), 0..20), small in prop::collection::vec(0_u32..900, 0..20),
            name in ".{0,20}",
        ) {
            let (mut out, from) = (Out::default(), Timestamp::from_millis(7));
            for &number in &numbers {
                out.uint(number);
                out.int(number.cast_signed());
                out.word(number);
                out.maybe_time(Some(Timestamp::from_millis(number.cast_signed())), from);
            }
            out.text(&name);
            out.numbers(small.iter().copied());
            let mut read = In(&out.0);
            for &number in &numbers {
                prop_assert_eq!(read.uint(), Some(number));
                prop_assert_eq!(read.int(), Some(number.cast_signed()));
                prop_assert_eq!(read.word(), Some(number));
                let at = Timestamp::from_millis(number.cast_signed());
                prop_assert_eq!(read.maybe_time(from), Some(Some(at)));
            }
            prop_assert_eq!(read.text(), Some(name.as_str()));
            prop_assert_eq!(read.numbers(900), Some(small));
            prop_assert_eq!((read.byte(), read.uint(), read.word()), (None, None, None));
        }

        #[test]
        fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut read = In(&bytes);
            while read.uint().is_some() && read.text().is_some() && read.numbers(40).is_some() {}
        }
    }
}
