//! Text to the hashes of its words, numbers and names, block by block, in one pass.
//!
//! Bytes become masks of 64 bits, and an addition of masks tells for all words of a mask at once what stands before them and
//! what they hold (`runs_with`). A word of ASCII letters then costs one multiplication and hardly a branch; only words with
//! digits, long ones, and those with bytes beyond ASCII are looked at one by one.

use super::edges::{Carried, Edges, Special, take};
use super::hash::{self, Kind, PIECE, kind_of};
use super::masks::{MASKED, Masks};
use super::number::Number;
use super::room::{ROOM, Room};
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

/// How many letters a word counts for: a Korean syllable is one character and says as much as two.
fn letters_of(lower: &str, letters: usize) -> usize {
    let syllables = lower.starts_with(|c| matches!(c, '\u{AC00}'..='\u{D7A3}'));
    if syllables { letters * 2 } else { letters }
}

/// A word that was looked at by itself.
enum Seen {
    /// At most 16 ASCII letters, after all.
    Plain,
    /// The hash of ASCII letters and digits.
    Word { hash: u64, name: bool },
    /// There are bytes beyond ASCII in it.
    Wide,
}

struct Reader<'a> {
    text: &'a str,
    found: Tokens,
    number: Number,
    /// Place behind the last digit read.
    number_end: usize,
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
            number_end: 0,
            sentence_begins: false,
            buffer: String::new(),
        }
    }

    fn read(&mut self) {
        let (whole, rest) = self.text.as_bytes().as_chunks::<MASKED>();
        // The rest is filled up with separators, so that the last word ends, too.
        let mut last = [0; MASKED];
        last[..rest.len()].copy_from_slice(rest);
        let mut words = Room { places: &mut [0; ROOM], count: 0 };
        let mut names = Room { places: &mut [0; ROOM], count: 0 };
        let mut carried = Carried { stop: 1, ..Carried::default() };
        let mut start = 0;
        for (at, bytes) in whole.iter().chain(std::iter::once(&last)).enumerate() {
            let inside = carried.words >> 63 != 0;
            let mut edges = Edges::new(at * MASKED, &Masks::of(bytes), &mut carried);
            if words.count > ROOM - MASKED {
                self.take_in(words.waiting(), names.waiting());
                (words.count, names.count) = (0, 0);
            }
            if !inside {
                start = edges.next_start();
            }
            while edges.ends != 0 {
                let at = take(&mut edges.ends);
                let end = edges.base + at;
                let mut seen = Seen::Plain;
                if (edges.special >> at) & 1 != 0 || end - start > PIECE {
                    let special = edges.special_at(start, end, &carried);
                    if special.begins_line {
                        self.end_block(words.count, names.count);
                    }
                    seen = self.look_at(start, end, special);
                }
                match seen {
                    Seen::Plain => {
                        let hash = hash::of_ascii(self.text.as_bytes(), start, end);
                        let hash = hash::with_kind(hash, kind_of(end - start, false));
                        words.put(hash, true);
                        names.put(hash, (edges.names >> at) & 1 != 0);
                    }
                    Seen::Word { hash, name } => {
                        words.put(hash, true);
                        names.put(hash, name);
                    }
                    Seen::Wide => {
                        self.take_in(words.waiting(), names.waiting());
                        (words.count, names.count) = (0, 0);
                        self.wide_chunk(start, end);
                        if self.sentence_begins {
                            edges.next_opens(&mut carried);
                        }
                    }
                }
                start = edges.next_start();
            }
            edges.hand_on(start, &mut carried);
        }
        self.take_in(words.waiting(), names.waiting());
        self.end_block(0, 0);
    }

    fn take_in(&mut self, words: &[u64], names: &[u64]) {
        self.found.words.extend_from_slice(words);
        self.found.names.extend_from_slice(names);
    }

    /// Ends the block after the words and names found, and so many that are on their way.
    fn end_block(&mut self, words: usize, names: usize) {
        self.number.close(&mut self.found.numbers);
        let found = &mut self.found;
        let block = Block {
            words: found.words.len() + words,
            numbers: found.numbers.len(),
            names: found.names.len() + names,
        };
        if block.words > found.blocks.last().map_or(0, |last| last.words) {
            found.blocks.push(block);
        }
    }

    /// A word that may have digits, or bytes beyond ASCII, or more than 16 letters.
    #[inline(never)]
    fn look_at(&mut self, start: usize, end: usize, special: Special) -> Seen {
        let bytes = &self.text.as_bytes()[start..end];
        if !special.odd && bytes.len() <= PIECE {
            return Seen::Plain;
        }
        self.sentence_begins = special.opens;
        self.settle_number(start);
        match self.ascii(start, end) {
            Some((hash, name)) => Seen::Word { hash, name },
            None => Seen::Wide,
        }
    }

    /// An open number goes on behind one dot or comma, if a digit follows.
    fn settle_number(&mut self, start: usize) {
        let joined = || {
            let mark = self.text.as_bytes()[self.number_end];
            start == self.number_end + 1 && joins_digits(char::from(mark)) && self.is_digit(start)
        };
        if self.number.open && !joined() {
            self.number.close(&mut self.found.numbers);
        }
    }

    /// True where a digit of whatever script stands at `place`.
    fn is_digit(&self, place: usize) -> bool {
        match self.text.as_bytes().get(place) {
            Some(byte) if byte.is_ascii() => byte.is_ascii_digit(),
            Some(_) => begins_with_digit(&self.text[place..]),
            None => false,
        }
    }

    /// The hash of a word of ASCII letters and digits, and whether it is a name; `None` where it is none.
    fn ascii(&mut self, start: usize, end: usize) -> Option<(u64, bool)> {
        let bytes = &self.text.as_bytes()[start..end];
        if !bytes.is_ascii() {
            return None;
        }
        let hash = match bytes.len() {
            0..=PIECE => hash::of_ascii(self.text.as_bytes(), start, end),
            _ => hash::of_bytes(&bytes.to_ascii_lowercase()),
        };
        let hash = hash::with_kind(hash, kind_of(bytes.len(), bytes[0].is_ascii_digit()));
        let capital = bytes[0].is_ascii_uppercase() && bytes.len() > 1;
        self.figures(start, end);
        Some((hash, capital && !self.sentence_begins))
    }

    fn word(&mut self, hash: u64, letters: usize, figure: bool, capital: bool) {
        let hash = hash::with_kind(hash, kind_of(letters, figure));
        self.found.words.push(hash);
        if capital && letters > 1 && !self.sentence_begins {
            self.found.names.push(hash);
        }
        self.sentence_begins = false;
    }

    /// The numbers of an ASCII word.
    fn figures(&mut self, start: usize, end: usize) {
        for (place, &byte) in (start..end).zip(&self.text.as_bytes()[start..end]) {
            if byte.is_ascii_digit() {
                self.number.digit(byte - b'0');
                self.number_end = place + 1;
            } else {
                self.number.close(&mut self.found.numbers);
            }
        }
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
            self.number.close(&mut self.found.numbers);
            at += mark.len();
            from = at;
        }
        if from < end {
            self.part(from, end);
        }
    }

    /// A part of a chunk without quotes and dashes.
    fn part(&mut self, start: usize, end: usize) {
        if let Some((hash, name)) = self.ascii(start, end) {
            self.found.words.push(hash);
            if name {
                self.found.names.push(hash);
            }
            self.sentence_begins = false;
            return;
        }
        let bytes = &self.text.as_bytes()[start..end];
        match western(bytes) {
            Some((lower, letters)) => {
                self.number.close(&mut self.found.numbers);
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
        self.number_end = end;
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
