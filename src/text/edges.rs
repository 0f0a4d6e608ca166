//! Masks of 64 bytes to the ends of words, with what is special about each: an addition tells it for all of them at once.

use super::masks::{MASKED, Masks};

/// A bit behind each run of `runs` (one that goes on is carried) in which `within` has a bit: the carry of an addition.
#[inline]
fn runs_with(runs: u64, within: u64, carried: &mut u64) -> u64 {
    let (sum, over) = runs.overflowing_add(within);
    let (sum, over_again) = sum.overflowing_add(*carried);
    *carried = u64::from(over | over_again);
    sum
}

/// The place of the lowest bit, which is taken away; any place where there is none.
#[inline]
pub(super) fn take(bits: &mut u64) -> usize {
    // With a bit that is always there, no processor has to be asked whether there is one.
    let at = (*bits | 1 << 63).trailing_zeros();
    *bits &= bits.wrapping_sub(1);
    at as usize
}

/// What the masks of 64 bytes hand on to the next.
#[derive(Default)]
pub(super) struct Carried {
    /// Bytes of words.
    pub(super) words: u64,
    /// The open run of separators has the end of a sentence, a line break.
    pub(super) stop: u64,
    pub(super) line: u64,
    /// The open word is special, is a name.
    pub(super) special: u64,
    pub(super) name: u64,
    /// The open word begins a sentence, a line.
    pub(super) opens: bool,
    pub(super) begins_line: bool,
}

/// The words that end within 64 bytes, or begin there.
pub(super) struct Edges {
    /// Place of the first byte in the text.
    pub(super) base: usize,
    /// Where words begin and where they have ended; each is taken away when it is read.
    pub(super) starts: u64,
    pub(super) ends: u64,
    /// Of the beginnings, those of sentences and those of lines.
    pub(super) opens: u64,
    pub(super) lines: u64,
    /// Of the ends, those of words with a byte that is no ASCII letter or that begin a line.
    pub(super) special: u64,
    /// Of the ends, those of names.
    pub(super) names: u64,
    /// Bytes that are no ASCII letter.
    pub(super) odd: u64,
}

impl Edges {
    #[inline]
    pub(super) fn new(base: usize, masks: &Masks, carried: &mut Carried) -> Self {
        let words = masks.letters | masks.odd;
        let before = (words << 1) | (carried.words >> 63);
        let two_before = (words << 2) | (carried.words >> 62);
        let starts = words & !before;
        let opens = runs_with(!words, masks.stops, &mut carried.stop) & starts;
        let lines = runs_with(!words, masks.breaks, &mut carried.line) & starts;
        let special = runs_with(words, masks.odd | lines, &mut carried.special);
        let capital = masks.capitals & starts & !opens;
        // One letter is no name.
        let names = runs_with(words, capital, &mut carried.name) & two_before;
        carried.words = words;
        let ends = !words & before;
        Self { base, starts, ends, opens, lines, special, names, odd: masks.odd }
    }

    /// Where the next word begins.
    #[inline]
    pub(super) fn next_start(&mut self) -> usize {
        self.base + take(&mut self.starts)
    }

    /// What is special about a word that ends here.
    #[inline]
    pub(super) fn special_at(&self, start: usize, end: usize, carried: &Carried) -> Special {
        let Some(at) = start.checked_sub(self.base) else {
            // It began before these bytes: whether it is odd is not to be seen from here.
            let Carried { opens, begins_line, .. } = *carried;
            return Special { opens, begins_line, odd: true };
        };
        let bytes = (1 << (end - start).min(MASKED - 1)) - 1;
        Special {
            opens: (self.opens >> at) & 1 != 0,
            begins_line: (self.lines >> at) & 1 != 0,
            odd: (self.odd >> at) & bytes != 0,
        }
    }

    /// The next word begins a sentence, whatever stands right before it.
    #[inline]
    pub(super) fn next_opens(&mut self, carried: &mut Carried) {
        self.opens |= self.starts & self.starts.wrapping_neg();
        self.names &= !(self.ends & self.ends.wrapping_neg());
        if self.ends == 0 {
            let inside = carried.words >> (MASKED - 1);
            carried.stop |= 1 - inside;
            carried.name &= 1 - inside;
        }
    }

    /// Hands on what is known of a word that goes on behind these bytes.
    #[inline]
    pub(super) fn hand_on(&self, start: usize, carried: &mut Carried) {
        let Special { opens, begins_line, .. } = self.special_at(start, start, carried);
        (carried.opens, carried.begins_line) = (opens, begins_line);
    }
}

/// What is special about a word.
#[derive(Clone, Copy)]
pub(super) struct Special {
    /// It begins a sentence.
    pub(super) opens: bool,
    pub(super) begins_line: bool,
    /// It may have bytes that are no ASCII letter.
    pub(super) odd: bool,
}
