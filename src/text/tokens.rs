//! Text to the hashes of its words, numbers and names, block by block, in one pass.
//!
//! Bytes are sorted into word and separator eight at a time, a bit each; words are then the runs of bits. A word of ASCII
//! letters and digits costs one multiplication; only chunks with other bytes are read character by character.

use super::hash::{self, Kind, PIECE};
use super::words::{Piece, begins_with_digit, ends_sentence, joins_digits, pieces};

/// Where a paragraph ends in each list of [`Tokens`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Words before its end.
    pub words: usize,
    /// Numbers before its end.
    pub numbers: usize,
    /// Names before its end.
    pub names: usize,
}

/// The words of a text and what is special among them, as hashes, in order, with repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Every word; the lowest bits tell its [`Kind`].
    pub words: Vec<u64>,
    /// Every number: a digit run with an inner `.` or `,` dropped, so that 1,000 and 1.000 and 1000 are one.
    pub numbers: Vec<u64>,
    /// Every name: a word of two letters or more that begins with a capital and no sentence.
    pub names: Vec<u64>,
    /// The lines that hold a word, in order.
    pub blocks: Vec<Block>,
}

/// Reads `text`, whose lines are its blocks.
pub fn tokens(text: &str) -> Tokens {
    let mut reader = Reader::over(text);
    reader.read();
    reader.found
}

/// The hashes of the words of `text`, in order.
pub fn words(text: &str) -> Vec<u64> {
    tokens(text).words
}

/// Number of words of `text`.
pub fn word_count(text: &str) -> usize {
    words(text).len()
}

/// What a text is about, sorted, without repeats: its words of four letters and more, its figures, and pairs of neighbours
/// in scripts without spaces.
pub fn content(words: &[u64]) -> Vec<u64> {
    let mut found: Vec<u64> = words
        .iter()
        .copied()
        .filter(|&word| matches!(Kind::of(word), Kind::Content | Kind::Figure))
        .collect();
    found.extend(words.windows(2).filter_map(|pair| {
        let alone = pair.iter().all(|&word| Kind::of(word) == Kind::Alone);
        alone.then(|| hash::pair(pair[0], pair[1]))
    }));
    found.sort_unstable();
    found.dedup();
    found
}

/// Letters a word needs to count as content: shorter ones are mostly grammar in the alphabets we see.
const CONTENT_LETTERS_MIN: usize = 4;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// One bit a byte, byte 0 lowest: set where the byte belongs to a word, being an ASCII letter or digit or no ASCII at all.
const fn word_bits(eight: u64) -> u64 {
    let low = eight & !HIGH;
    let lower = low | (0x20 * ONES);
    // Adding makes the high bit of each byte say "at least"; no byte carries into the next, all being below 0x80.
    let letter = (lower + (0x80 - b'a' as u64) * ONES) & !(lower + (0x7F - b'z' as u64) * ONES);
    let figure = (low + (0x80 - b'0' as u64) * ONES) & !(low + (0x7F - b'9' as u64) * ONES);
    let word = ((letter | figure) | eight) & HIGH;
    (word >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

fn masks(bytes: &[u8]) -> Vec<u64> {
    bytes
        .chunks(64)
        .map(|chunk| {
            let (eights, rest) = chunk.as_chunks::<8>();
            let mut mask = 0;
            for (at, &eight) in eights.iter().enumerate() {
                mask |= word_bits(u64::from_le_bytes(eight)) << (8 * at);
            }
            if !rest.is_empty() {
                mask |= word_bits(hash::halves(rest).0) << (8 * eights.len());
            }
            mask
        })
        .collect()
}

/// Keeps the first `n` bytes of a little-endian number, `n` up to 8.
const KEEP: [u64; 9] = {
    let mut keep = [u64::MAX; 9];
    let mut n = 0;
    while n < 8 {
        keep[n] = (1 << (8 * n)) - 1;
        n += 1;
    }
    keep
};

/// A number being read: its digits so far, as a hash.
#[derive(Default)]
struct Number {
    hash: u64,
    open: bool,
    /// A dot or comma came last.
    joint: bool,
}

impl Number {
    fn digit(&mut self, value: u8) {
        let before = if self.open { self.hash } else { 0 };
        self.hash =
            (before ^ (u64::from(value) + 1)).wrapping_mul(0x9FB2_1C65_1E98_DF25).rotate_left(23);
        self.open = true;
        self.joint = false;
    }

    /// Goes on behind one dot or comma, not behind two.
    fn mark(&mut self, out: &mut Vec<u64>) {
        if self.joint {
            self.close(out);
        }
        self.joint = self.open;
    }

    fn close(&mut self, out: &mut Vec<u64>) {
        if self.open {
            out.push(hash::folded(self.hash, 0xA076_1D64_78BD_642F));
            self.open = false;
        }
        self.joint = false;
    }
}

struct Reader<'a> {
    text: &'a str,
    found: Tokens,
    number: Number,
    /// True where the next capital letter is no sign of a name.
    sentence_begins: bool,
    buffer: String,
}

impl<'a> Reader<'a> {
    fn over(text: &'a str) -> Self {
        let found = Tokens { words: Vec::with_capacity(text.len() / 5), ..Tokens::default() };
        Self {
            text,
            found,
            number: Number::default(),
            sentence_begins: true,
            buffer: String::new(),
        }
    }

    fn read(&mut self) {
        let bytes = self.text.as_bytes();
        let (mut start, mut end, mut inside, mut carry) = (0, 0, false, 0);
        for (at, mask) in masks(bytes).into_iter().enumerate() {
            // A set bit where a word begins or has ended.
            let mut turns = mask ^ ((mask << 1) | carry);
            carry = mask >> 63;
            while turns != 0 {
                let place = at * 64 + turns.trailing_zeros() as usize;
                turns &= turns - 1;
                if inside {
                    self.chunk(start, place);
                    end = place;
                } else {
                    self.gap(end, place);
                    start = place;
                }
                inside = !inside;
            }
        }
        if inside {
            self.chunk(start, bytes.len());
        }
        self.number.close(&mut self.found.numbers);
        self.end_block();
    }

    /// ASCII separators between two chunks.
    fn gap(&mut self, start: usize, end: usize) {
        match &self.text.as_bytes()[start..end] {
            b" " => self.number.close(&mut self.found.numbers),
            // A number goes on behind one dot or comma, if a digit follows.
            [mark @ (b'.' | b',')] => {
                if !self.digit_follows(end) {
                    self.number.close(&mut self.found.numbers);
                }
                self.sentence_begins |= *mark == b'.';
            }
            gap => {
                self.number.close(&mut self.found.numbers);
                for &byte in gap {
                    self.sentence_begins |= matches!(byte, b'.' | b'!' | b'?' | b':' | b'\n');
                    if byte == b'\n' {
                        self.end_block();
                    }
                }
            }
        }
    }

    /// True where a digit of whatever script stands at `place`.
    fn digit_follows(&self, place: usize) -> bool {
        match self.text.as_bytes().get(place) {
            Some(byte) if byte.is_ascii() => byte.is_ascii_digit(),
            Some(_) => begins_with_digit(&self.text[place..]),
            None => false,
        }
    }

    fn end_block(&mut self) {
        let Tokens { words, numbers, names, blocks } = &mut self.found;
        let block = Block { words: words.len(), numbers: numbers.len(), names: names.len() };
        if block.words > blocks.last().map_or(0, |last| last.words) {
            blocks.push(block);
        }
    }

    /// A run of bytes without an ASCII separator.
    fn chunk(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        let length = end - start;
        if length > PIECE {
            return self.long_chunk(start, end);
        }
        let (low, high) = match bytes[start..].first_chunk::<PIECE>() {
            Some(piece) => hash::split(piece),
            None => hash::halves(&bytes[start..end]),
        };
        let (keep_low, keep_high) = (KEEP[length.min(8)], KEEP[length.saturating_sub(8)]);
        let (low, high) = (low & keep_low, high & keep_high);
        if (low | high) & HIGH != 0 {
            return self.wide_chunk(start, end);
        }
        // Digits have bit 0x20 set and 0x40 not; letters have 0x40.
        let (case, letter) = (0x20 * ONES, 0x40 * ONES);
        let lower = hash::of_piece(low | (case & keep_low), high | (case & keep_high), length);
        let all_letters = low & letter == letter & keep_low && high & letter == letter & keep_high;
        if !all_letters {
            self.figures(start, end);
        }
        let begins_with_figure = low & 0x40 == 0;
        let capital = low & 0x60 == 0x40;
        self.word(lower, length, begins_with_figure, capital);
    }

    fn word(&mut self, hash: u64, letters: usize, figure: bool, capital: bool) {
        let kind = match (figure, letters >= CONTENT_LETTERS_MIN) {
            (true, _) => Kind::Figure,
            (false, true) => Kind::Content,
            (false, false) => Kind::Plain,
        };
        let hash = hash::with_kind(hash, kind);
        self.found.words.push(hash);
        if capital && letters > 1 && !self.sentence_begins {
            self.found.names.push(hash);
        }
        self.sentence_begins = false;
    }

    /// The numbers of an ASCII word that has a digit.
    fn figures(&mut self, start: usize, end: usize) {
        for &byte in &self.text.as_bytes()[start..end] {
            if byte.is_ascii_digit() {
                self.number.digit(byte - b'0');
            } else {
                self.number.close(&mut self.found.numbers);
            }
        }
    }

    fn long_chunk(&mut self, start: usize, end: usize) {
        let bytes = &self.text.as_bytes()[start..end];
        if !bytes.is_ascii() {
            return self.wide_chunk(start, end);
        }
        if bytes.iter().any(u8::is_ascii_digit) {
            self.figures(start, end);
        }
        let lower = hash::of_bytes(&bytes.to_ascii_lowercase());
        self.word(lower, bytes.len(), bytes[0].is_ascii_digit(), bytes[0].is_ascii_uppercase());
    }

    /// A chunk with characters beyond ASCII: words, and separators that no ASCII is.
    fn wide_chunk(&mut self, start: usize, end: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        pieces(&self.text[start..end], &mut buffer, |piece| match piece {
            Piece::Separator(c) => {
                if joins_digits(c) {
                    self.number.mark(&mut self.found.numbers);
                } else {
                    self.number.close(&mut self.found.numbers);
                }
                self.sentence_begins |= ends_sentence(c);
            }
            Piece::Word { lower, letters, capital, alone } => {
                let mut figure = false;
                for (at, &byte) in lower.as_bytes().iter().enumerate() {
                    if byte.is_ascii_digit() {
                        figure |= at == 0;
                        self.number.digit(byte - b'0');
                    } else {
                        self.number.close(&mut self.found.numbers);
                    }
                }
                let hash = hash::of_bytes(lower.as_bytes());
                if alone {
                    self.found.words.push(hash::with_kind(hash, Kind::Alone));
                    self.sentence_begins = false;
                } else {
                    self.word(hash, letters, figure, capital);
                }
            }
        });
        if self.number.joint {
            self.number.close(&mut self.found.numbers);
        }
        self.buffer = buffer;
    }
}

#[cfg(test)]
mod tests;
