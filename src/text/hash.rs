//! A word's bytes to its hash, with the kind of word in the two lowest bits.

/// What kind of word a hash stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A short word: mostly grammar in the alphabets we see.
    Plain = 0,
    /// A word of four letters or more.
    Content = 1,
    /// A character of a script written without spaces.
    Alone = 2,
    /// A word that begins with a digit.
    Figure = 3,
}

impl Kind {
    /// The kind of the word that `hash` stands for.
    pub const fn of(hash: u64) -> Self {
        match hash & 3 {
            0 => Self::Plain,
            1 => Self::Content,
            2 => Self::Alone,
            _ => Self::Figure,
        }
    }
}

/// The golden ratio and three more odd numbers whose bits are spread (the primes of xxHash).
const KEYS: [u64; 4] =
    [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0xD6E8_FEB8_6659_FD93];

/// Bytes that are hashed in one multiplication; nearly every word is shorter.
pub(super) const PIECE: usize = 16;

/// High and low half of a product of 128 bits, folded: one multiplication that mixes 16 bytes (Wang Yi's wyhash).
pub(crate) const fn folded(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of a word of at most 16 bytes, given as two little-endian halves padded with zeros.
pub(super) const fn of_piece(low: u64, high: u64, bytes: usize) -> u64 {
    chained(0, low, high) ^ (bytes as u64).wrapping_mul(KEYS[3])
}

const fn chained(before: u64, low: u64, high: u64) -> u64 {
    folded(low ^ KEYS[0] ^ before, high ^ KEYS[1])
}

/// The hash of a word of any length. Equal to [`of_piece`] up to 16 bytes.
pub(super) fn of_bytes(word: &[u8]) -> u64 {
    let mut hash = 0;
    for piece in word.chunks(PIECE) {
        let (low, high) = halves(piece);
        hash = chained(hash, low, high);
    }
    hash ^ (word.len() as u64).wrapping_mul(KEYS[3])
}

/// Up to 16 bytes as two little-endian numbers, padded with zeros.
pub(super) fn halves(piece: &[u8]) -> (u64, u64) {
    let mut padded = [0; PIECE];
    padded[..piece.len()].copy_from_slice(piece);
    split(&padded)
}

/// Sixteen bytes as two little-endian numbers.
pub(super) const fn split(bytes: &[u8; PIECE]) -> (u64, u64) {
    let whole = u128::from_le_bytes(*bytes);
    (whole as u64, (whole >> 64) as u64)
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Keeps the first `n` bytes of two little-endian halves, `n` up to 16.
const KEEP: [(u64, u64); PIECE + 1] = {
    let mut keep = [(u64::MAX, u64::MAX); PIECE + 1];
    let mut n = 0;
    while n < PIECE {
        let bits = (1_u128 << (8 * n)) - 1;
        keep[n] = (bits as u64, (bits >> 64) as u64);
        n += 1;
    }
    keep
};

/// The hash of the ASCII letters and digits from `start` to `end`, at most 16, capitals as small letters: digits have the bit of
/// a small letter already.
#[inline]
pub(super) fn of_ascii(bytes: &[u8], start: usize, end: usize) -> u64 {
    let (low, high) = match bytes[start..].first_chunk::<PIECE>() {
        Some(piece) => split(piece),
        None => halves(&bytes[start..end]),
    };
    let (keep_low, keep_high) = KEEP[end - start];
    let case = 0x20 * ONES;
    of_piece((low | case) & keep_low, (high | case) & keep_high, end - start)
}

/// Letters a word needs to count as content: shorter ones are mostly grammar in the alphabets we see.
const CONTENT_LETTERS_MIN: usize = 4;

#[inline]
pub(super) const fn kind_of(letters: usize, figure: bool) -> Kind {
    match (figure, letters >= CONTENT_LETTERS_MIN) {
        (true, _) => Kind::Figure,
        (false, true) => Kind::Content,
        (false, false) => Kind::Plain,
    }
}

/// `hash` with `kind` in its lowest bits.
pub(super) const fn with_kind(hash: u64, kind: Kind) -> u64 {
    (hash & !3) | kind as u64
}

/// Two hashes in a row as one.
pub(super) const fn pair(first: u64, second: u64) -> u64 {
    folded(first ^ KEYS[2], second ^ KEYS[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_hash_whichever_way_it_is_read() {
        for word in ["a", "harbour", "harbourmaster123", "harbourmasters-office-of-orsk"] {
            let bytes = word.as_bytes();
            if bytes.len() <= PIECE {
                let (low, high) = halves(bytes);
                assert_eq!(of_piece(low, high, bytes.len()), of_bytes(bytes), "{word}");
            }
        }
    }

    #[test]
    fn words_that_differ_in_one_letter_or_in_length_differ() {
        let words = ["orsk", "orsc", "orsk\0", "orskorskorskorsk", "orskorskorskorsk\0", "", "\0"];
        let mut hashes: Vec<u64> = words.iter().map(|word| of_bytes(word.as_bytes())).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), words.len());
    }

    #[test]
    fn a_hash_tells_its_kind() {
        for kind in [Kind::Plain, Kind::Content, Kind::Alone, Kind::Figure] {
            assert_eq!(Kind::of(with_kind(u64::MAX, kind)), kind);
        }
    }
}
