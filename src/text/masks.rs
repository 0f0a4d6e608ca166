//! Sixty-four bytes of text to masks, a bit a byte, byte 0 lowest.

use wide::i8x16;

/// Bytes whose bits make one mask.
pub(super) const MASKED: usize = 64;

/// Which of the bytes are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    /// ASCII letters.
    pub(super) letters: u64,
    /// Of these, capitals.
    pub(super) capitals: u64,
    /// What else belongs to words: ASCII digits and every byte beyond ASCII.
    pub(super) odd: u64,
    /// Marks that end a sentence or come before a colon's list, and line breaks.
    pub(super) stops: u64,
    /// Line breaks.
    pub(super) breaks: u64,
}

impl Masks {
    #[inline]
    pub(super) fn of(bytes: &[u8; MASKED]) -> Self {
        let mut masks = Self::default();
        let (lanes, _) = bytes.as_chunks::<16>();
        for (lane, bytes) in lanes.iter().enumerate() {
            let bytes = i8x16::new(bytes.map(u8::cast_signed));
            let letters = within(bytes | i8x16::splat(0x20), *b"az");
            let stops = [b'.', b'!', b'?', b':'].map(|stop| is(bytes, stop));
            let breaks = is(bytes, b'\n');
            let put = |mask: &mut u64, found: i8x16| {
                *mask |= u64::from(found.to_bitmask() as u16) << (16 * lane);
            };
            put(&mut masks.letters, letters);
            put(&mut masks.capitals, letters ^ within(bytes, *b"az"));
            // The highest bit of a byte beyond ASCII is its own flag.
            put(&mut masks.odd, bytes | within(bytes, *b"09"));
            put(&mut masks.stops, stops[0] | stops[1] | stops[2] | stops[3] | breaks);
            put(&mut masks.breaks, breaks);
        }
        masks
    }
}

#[inline]
fn is(bytes: i8x16, byte: u8) -> i8x16 {
    bytes.simd_eq(i8x16::splat(byte.cast_signed()))
}

/// Bytes from `first` to `last`: added to, so that these and no others come out above one signed limit.
#[inline]
fn within(bytes: i8x16, [first, last]: [u8; 2]) -> i8x16 {
    let to_top = i8x16::splat(i8::MAX - last.cast_signed());
    let below = i8x16::splat(i8::MAX - (last - first).cast_signed() - 1);
    (bytes + to_top).simd_gt(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_what_it_is() {
        for first in (0..=u8::MAX).step_by(MASKED) {
            let bytes = std::array::from_fn(|at| first + at as u8);
            let expected = |is: fn(u8) -> bool| {
                bytes.iter().rev().fold(0, |mask, &byte| mask << 1 | u64::from(is(byte)))
            };
            let masks = Masks::of(&bytes);
            assert_eq!(masks.letters, expected(|byte| byte.is_ascii_alphabetic()), "{first}");
            assert_eq!(masks.capitals, expected(|byte| byte.is_ascii_uppercase()), "{first}");
            assert_eq!(masks.odd, expected(|byte| byte.is_ascii_digit() || byte >= 0x80));
            assert_eq!(masks.stops, expected(|byte| b".!?:\n".contains(&byte)), "{first}");
            assert_eq!(masks.breaks, expected(|byte| byte == b'\n'), "{first}");
        }
    }
}
