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
    let mut found = Vec::new();
    each_content(words, |word| found.push(word));
    found.sort_unstable();
    found.dedup();
    found
}

/// Calls `each` with what [`content`] collects, in order, with repeats.
pub(crate) fn each_content(words: &[u64], mut each: impl FnMut(u64)) {
    let mut before = None;
    for &word in words {
        match Kind::of(word) {
            Kind::Content | Kind::Figure => each(word),
            Kind::Alone => {
                if let Some(before) = before {
                    each(hash::pair(before, word));
                }
            }
            Kind::Plain => {}
        }
        before = (Kind::of(word) == Kind::Alone).then_some(word);
    }
}

/// Letters a word needs to count as content: shorter ones are mostly grammar in the alphabets we see.
const CONTENT_LETTERS_MIN: usize = 4;

/// How many letters a word counts for: a Korean syllable is one character and says as much as two.
fn letters_of(lower: &str, letters: usize) -> usize {
    let syllables = lower.starts_with(|c| matches!(c, '\u{AC00}'..='\u{D7A3}'));
    if syllables { letters * 2 } else { letters }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// Bytes whose bits make one mask.
const MASKED: usize = 64;

/// One bit a byte, byte 0 lowest: set where the byte belongs to a word, being an ASCII letter or digit or no ASCII at all.
fn word_bits(bytes: &[u8; MASKED]) -> u64 {
    // A loop over bytes that compilers turn into a few wide instructions, then the high bit of each byte moved together.
    let of_word = bytes.map(|byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let figure = byte.wrapping_sub(b'0') < 10;
        if letter || figure || byte >= 0x80 { 0x80 } else { 0 }
    });
    let (eights, _) = of_word.as_chunks::<8>();
    eights.iter().rev().fold(0, |mask, &eight| {
        let bits = u64::from_le_bytes(eight) >> 7;
        (mask << 8) | (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56)
    })
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
    /// Room is made for what news of this length holds, so that nothing has to move.
    fn over(text: &'a str) -> Self {
        let bytes = text.len();
        let found = Tokens {
            words: Vec::with_capacity(bytes / 5),
            numbers: Vec::with_capacity(bytes / 128),
            names: Vec::with_capacity(bytes / 40),
            blocks: Vec::with_capacity(bytes / 256),
        };
        Self {
            text,
            found,
            number: Number::default(),
            sentence_begins: true,
            buffer: String::new(),
        }
    }

    fn read(&mut self) {
        let (whole, rest) = self.text.as_bytes().as_chunks::<MASKED>();
        // The rest is filled up with separators, so that the last word ends, too.
        let mut last = [0; MASKED];
        last[..rest.len()].copy_from_slice(rest);
        let (mut start, mut end, mut inside) = (0, 0, false);
        for (at, bytes) in whole.iter().chain(std::iter::once(&last)).enumerate() {
            let mask = word_bits(bytes);
            // A set bit where a word begins or has ended.
            let mut turns = mask ^ ((mask << 1) | u64::from(inside));
            while turns != 0 {
                let place = at * MASKED + turns.trailing_zeros() as usize;
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
        self.close_number();
        self.end_block();
    }

    /// ASCII separators between two chunks: mostly one space.
    #[expect(clippy::inline_always, reason = "a seventh of the time of a text goes into the calls")]
    #[inline(always)]
    fn gap(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        if end - start == 1 && bytes[start] == b' ' {
            return self.close_number();
        }
        self.marks(start, end);
    }

    /// Separators that are more than one space.
    #[inline(never)]
    fn marks(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        match &bytes[start..end] {
            // A number goes on behind one dot or comma, if a digit follows.
            [mark @ (b'.' | b',')] => {
                if !self.digit_follows(end) {
                    self.close_number();
                }
                self.sentence_begins |= *mark == b'.';
            }
            gap => {
                self.close_number();
                for &byte in gap {
                    self.sentence_begins |= matches!(byte, b'.' | b'!' | b'?' | b':' | b'\n');
                    if byte == b'\n' {
                        self.end_block();
                    }
                }
            }
        }
    }

    fn close_number(&mut self) {
        if self.number.open {
            self.number.close(&mut self.found.numbers);
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
    #[expect(clippy::inline_always, reason = "as for gaps")]
    #[inline(always)]
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
        // Letters have the bit 0x40; digits have it not, and no ASCII has 0x80.
        let letters = 0x40 * ONES;
        let no_letter = ((low ^ letters) & keep_low & (letters | HIGH))
            | ((high ^ letters) & keep_high & (letters | HIGH));
        if no_letter != 0 {
            return self.mixed_chunk(start, end, (low, high));
        }
        let case = 0x20 * ONES;
        let lower = hash::of_piece(low | (case & keep_low), high | (case & keep_high), length);
        self.word(lower, length, false, low & 0x20 == 0);
    }

    /// At most 16 bytes that are not all ASCII letters.
    #[cold]
    fn mixed_chunk(&mut self, start: usize, end: usize, (low, high): (u64, u64)) {
        if (low | high) & HIGH != 0 {
            return self.wide_chunk(start, end);
        }
        self.figures(start, end);
        // Digits have the bit 0x20 set already.
        let length = end - start;
        let (keep_low, keep_high) = (KEEP[length.min(8)], KEEP[length.saturating_sub(8)]);
        let case = 0x20 * ONES;
        let lower = hash::of_piece(low | (case & keep_low), high | (case & keep_high), length);
        self.word(lower, length, low & 0x40 == 0, low & 0x60 == 0x40);
    }

    #[expect(clippy::inline_always, reason = "as for gaps")]
    #[inline(always)]
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
                self.close_number();
            }
        }
    }

    #[cold]
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

    /// A chunk with characters beyond ASCII, cut at quotes and dashes: mostly what remains is ASCII.
    fn wide_chunk(&mut self, start: usize, end: usize) {
        let mut from = start;
        let mut at = start;
        while let Some(mark) = self.text.as_bytes()[at..end].first_chunk::<3>() {
            if !is_mark(*mark) {
                at += 1;
                continue;
            }
            if from < at {
                self.part(from, at);
            }
            self.close_number();
            at += mark.len();
            from = at;
        }
        if from < end {
            self.part(from, end);
        }
    }

    /// A part of a chunk without quotes and dashes.
    fn part(&mut self, start: usize, end: usize) {
        let bytes = &self.text.as_bytes()[start..end];
        if bytes.is_ascii() {
            return self.chunk(start, end);
        }
        match western(bytes) {
            Some((lower, letters)) => {
                self.close_number();
                let capital =
                    bytes[0].is_ascii_uppercase() || matches!(bytes, [0xC3, 0x80..0x9F, ..]);
                self.word(hash::of_bytes(&lower[..bytes.len()]), letters, false, capital);
            }
            None => self.by_character(start, end),
        }
    }

    /// Any text: words, and separators that no ASCII is.
    fn by_character(&mut self, start: usize, end: usize) {
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
                let letters = letters_of(lower, letters);
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

/// Curly quotes (U+2018 to U+201F) and dashes (U+2012 to U+2015): they separate, end no sentence and are normal as they stand.
const fn is_mark(bytes: [u8; 3]) -> bool {
    matches!(bytes, [0xE2, 0x80, 0x92..=0x95 | 0x98..=0x9F])
}

/// A word of at most 16 bytes of ASCII letters and accented letters of Latin-1 in lower case, and how many letters it has. Such
/// words are normal as they stand; `None` for all others.
fn western(bytes: &[u8]) -> Option<([u8; PIECE], usize)> {
    let mut lower = [0; PIECE];
    lower.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let (mut letters, mut after_lead) = (0, false);
    for byte in &mut lower[..bytes.len()] {
        if after_lead {
            // × and ÷ are no letters, and ß is two; À to Þ are 0x20 below à to þ.
            if matches!(byte, 0x97 | 0x9F | 0xB7) {
                return None;
            }
            *byte |= if *byte < 0x9F { 0x20 } else { 0 };
            after_lead = false;
            continue;
        }
        letters += 1;
        match *byte {
            0xC3 => after_lead = true,
            b'A'..=b'Z' => *byte |= 0x20,
            b'a'..=b'z' => {}
            _ => return None,
        }
    }
    Some((lower, letters))
}

#[cfg(test)]
mod tests;
