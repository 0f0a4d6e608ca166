//! A text to the number of its words: as many as the tokeniser finds, at a tenth of its work. A rebuild asks this of every text there is.

use super::tokens::words;

/// The lowest bit of each of eight bytes, and the highest.
const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Number of words of `text`.
pub fn word_count(text: &str) -> usize {
    // A word never goes on behind the end of a line.
    let lines = text.split('\n');
    lines.map(|line| plain(line.as_bytes()).unwrap_or_else(|| words(line).len())).sum()
}

/// The highest bit of a byte that belongs to a word.
const GOES: u64 = 0x80;

/// Words of a line in which no character needs a closer look, as in English or French; `None` for others.
fn plain(line: &[u8]) -> Option<usize> {
    let (mut words, mut before, mut rest) = (0, 0, line);
    while let Some((eight, after)) = rest.split_first_chunk() {
        let bytes = u64::from_le_bytes(*eight);
        if bytes & HIGH == 0 {
            let inside = alphanumeric(bytes);
            words += count(inside & !(inside << 8 | before));
            (before, rest) = (inside >> 56, after);
        } else {
            rest = up_to_wide(rest, bytes, &mut words, &mut before)?;
        }
    }
    while !rest.is_empty() {
        rest = one(rest, &mut words, &mut before)?;
    }
    Some(words as usize)
}

/// Reads the ASCII that `rest` begins with, of whose first eight bytes at least one is none, and the character after it.
#[inline(never)]
fn up_to_wide<'a>(
    rest: &'a [u8],
    bytes: u64,
    words: &mut u64,
    before: &mut u64,
) -> Option<&'a [u8]> {
    let bits = (bytes & HIGH).trailing_zeros() & !7;
    if bits > 0 {
        let inside = alphanumeric(bytes & ((1 << bits) - 1));
        *words += count(inside & !(inside << 8 | *before));
        *before = inside >> (bits - 8);
    }
    one(&rest[bits as usize / 8..], words, before)
}

/// Reads one character.
fn one<'a>(rest: &'a [u8], words: &mut u64, before: &mut u64) -> Option<&'a [u8]> {
    let (does, length) = character(rest)?;
    *words += (does & !*before) >> 7;
    *before = does;
    Some(&rest[length..])
}

/// How many of the highest bits of eight bytes are set.
const fn count(highest: u64) -> u64 {
    (highest >> 7).wrapping_mul(EACH) >> 56
}

/// Whether the first character belongs to a word, and its bytes; `None` for one that is not known here. All that are known are normal as they
/// stand or come apart into separators.
const fn character(bytes: &[u8]) -> Option<(u64, usize)> {
    match *bytes {
        [byte, ..] if byte.is_ascii_alphanumeric() => Some((GOES, 1)),
        [byte, ..] if byte.is_ascii() => Some((0, 1)),
        // À to ÿ, but for × and ÷.
        [0xC3, 0x80..=0x96 | 0x98..=0xB6 | 0xB8..=0xBF, ..] => Some((GOES, 2)),
        // A space that does not break, « and ».
        [0xC2, 0xA0 | 0xAB | 0xBB, ..] => Some((0, 2)),
        // Dashes, curly quotes and …; €.
        [0xE2, 0x80, 0x92..=0x95 | 0x98..=0x9F | 0xA6, ..] | [0xE2, 0x82, 0xAC, ..] => Some((0, 3)),
        _ => None,
    }
}

/// The highest bit of each of eight ASCII bytes that is a letter or a digit.
const fn alphanumeric(bytes: u64) -> u64 {
    // Below 0x80 each, so no sum carries into the next byte.
    const fn from(bytes: u64, first: u8) -> u64 {
        bytes + EACH * (0x80 - first as u64)
    }
    let lower = bytes | (EACH * 0x20);
    let letters = from(lower, b'a') & !from(lower, b'z' + 1);
    let digits = from(bytes, b'0') & !from(bytes, b'9' + 1);
    (letters | digits) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_ascii_byte_is_what_it_is() {
        for byte in 0..0x80_u8 {
            for at in 0..8 {
                let expected = if byte.is_ascii_alphanumeric() { 0x80 << (at * 8) } else { 0 };
                assert_eq!(alphanumeric(u64::from(byte) << (at * 8)), expected, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn what_is_counted_here_is_what_the_tokeniser_finds() {
        for text in [
            "",
            "The Harbour-master’s “NO” (1,200 tonnes)\n\n– “Never”…\u{a0}he said: 3×4 = 12",
            "Málaga’s café—ÉCOLE « où » straße 5€ naïve\u{ad}té e\u{301}te",
            "Київ закрив порт\n港口关闭 2 天\nท่า مرفأ١٢ ﬁsh ＡＢＣ１",
            "a_b c'd\te.f 1.000,5 x² ½ ªº µ Ⅷ ÷ A\u{300}",
        ] {
            assert_eq!(word_count(text), words(text).len(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_same_of_any_text(text in prop_oneof![
            "[a-cA-C0-2 .,’“é×ÿ…\u{a0}€\n-]{0,90}",
            "[ -~\u{80}-\u{ff}\u{2010}-\u{2028}\n]{0,60}",
            any::<String>(),
        ]) {
            prop_assert_eq!(word_count(&text), words(&text).len());
        }
    }
}
