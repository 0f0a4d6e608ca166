//! What is a word, what separates words and what no reader sees; words of text beyond ASCII, one at a time.
//!
//! A word is a run of Unicode letters and digits after NFKC and lower-casing. Soft hyphens, zero-width characters, bidi
//! marks and combining marks that are no letters vanish; every other character separates. Characters of scripts written
//! without spaces stand alone, so that a shingle of words is a shingle of characters there.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfkc_quick};

/// What one character does to the word it stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Letter,
    Alone,
    Nothing,
    Separator,
}

fn part(c: char) -> Part {
    if c.is_ascii() {
        if c.is_ascii_alphanumeric() { Part::Letter } else { Part::Separator }
    } else if stands_alone(c) {
        Part::Alone
    } else if is_ignored(c) {
        Part::Nothing
    } else if c.is_alphanumeric() {
        Part::Letter
    } else if is_combining_mark(c) {
        Part::Nothing
    } else {
        Part::Separator
    }
}

/// Characters that no reader sees, or that only stretch a word (the Arabic tatweel), and that must not break one.
const fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{640}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
    )
}

/// The switch to character shingles: scripts written without spaces between words (Thai, Lao, Myanmar, Khmer, kana, Han).
const fn stands_alone(c: char) -> bool {
    matches!(
        c,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}'
    ) && !matches!(c, '\u{E3F}' | '\u{E50}'..='\u{E59}' | '\u{30FB}')
}

/// Marks after which a capital letter says nothing: a sentence begins, or what follows a colon.
pub(super) const fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ':' | '…' | '。' | '！' | '？' | '：' | '؟' | '۔' | '।' | '‽')
}

/// What a chunk of text holds, piece by piece.
pub(super) enum Piece<'a> {
    /// A word in lower case; `capital` where its first letter was none.
    Word { lower: &'a str, letters: usize, capital: bool, alone: bool },
    /// A character between words.
    Separator(char),
}

/// Calls `each` with the words and separators of `chunk`, in order. `buffer` is room to work in.
pub(super) fn pieces(chunk: &str, buffer: &mut String, mut each: impl FnMut(Piece<'_>)) {
    // Most text is normal as it stands, and finding that out is cheaper than normalising it.
    if is_nfkc_quick(chunk.chars()) == IsNormalized::Yes {
        of_normal(chunk.chars(), buffer, &mut each);
    } else {
        of_normal(chunk.nfkc(), buffer, &mut each);
    }
}

fn of_normal(
    chars: impl Iterator<Item = char>,
    buffer: &mut String,
    each: &mut impl FnMut(Piece<'_>),
) {
    let mut open = Open::default();
    buffer.clear();
    for c in chars {
        match part(c) {
            Part::Letter => {
                if open.letters == 0 {
                    open.capital = c.is_uppercase();
                }
                for lower in c.to_lowercase() {
                    // Lower-casing can leave a combining mark: İ is i and a dot.
                    if part(lower) != Part::Nothing {
                        buffer.push(lower);
                        open.letters += 1;
                    }
                }
            }
            Part::Nothing => {}
            Part::Separator => {
                open.close(buffer, each);
                each(Piece::Separator(c));
            }
            Part::Alone => {
                open.close(buffer, each);
                buffer.push(c);
                each(Piece::Word { lower: buffer, letters: 1, capital: false, alone: true });
                buffer.clear();
            }
        }
    }
    open.close(buffer, each);
}

/// The word being read.
#[derive(Default)]
struct Open {
    letters: usize,
    capital: bool,
}

impl Open {
    fn close(&mut self, buffer: &mut String, each: &mut impl FnMut(Piece<'_>)) {
        if !buffer.is_empty() {
            let Self { letters, capital } = *self;
            each(Piece::Word { lower: buffer, letters, capital, alone: false });
            buffer.clear();
        }
        *self = Self::default();
    }
}

/// `text` for comparing by eye: NFKC, lower case, runs of white space as one space, nothing invisible.
pub fn fold(text: &str) -> String {
    let plain: String =
        text.nfkc().flat_map(char::to_lowercase).filter(|&c| !is_ignored(c)).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// First digit of each decimal digit row that NFKC leaves alone.
const ZEROS: [char; 13] = [
    '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}',
    '\u{BE6}', '\u{C66}', '\u{CE6}', '\u{E50}', '\u{FF10}',
];

/// The value of a decimal digit of any script we know, else `None`.
pub(super) fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).map(|d| d as u8);
    }
    ZEROS.iter().find_map(|&zero| {
        let distance = u32::from(c).checked_sub(u32::from(zero))?;
        (distance < 10).then_some(distance as u8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let (mut got, mut buffer) = (Vec::new(), String::new());
        pieces(text, &mut buffer, |piece| {
            if let Piece::Word { lower, .. } = piece {
                got.push(lower.to_owned());
            }
        });
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case() {
        check(
            "The Harbour-master's \"NO\" (1,200 tonnes)",
            &["the", "harbour", "master", "s", "no", "1", "200", "tonnes"],
        );
        check("Málaga’s café—ÉCOLE", &["málaga", "s", "café", "école"]);
        check("", &[]);
    }

    #[test]
    fn what_no_reader_sees_does_not_break_a_word() {
        check("har\u{AD}bour\u{200B}side \u{202B}مرفأ\u{202C}", &["harbourside", "مرفأ"]);
        check("cafe\u{301} ＡＢＣ１ ﬁsh", &["café", "abc1", "fish"]);
        check("مـــرفأ İzmir", &["مرفأ", "izmir"]);
    }

    #[test]
    fn scripts_without_spaces_go_by_character() {
        check("港口关闭 2 天", &["港", "口", "关", "闭", "2", "天"]);
        check("ท่า", &["ท", "\u{e48}", "า"]);
        check("日本vsチリ", &["日", "本", "vs", "チ", "リ"]);
    }

    #[test]
    fn digits_of_any_script_have_a_value() {
        assert_eq!(
            ['7', '٧', '७', '７', 'x'].map(digit),
            [Some(7), Some(7), Some(7), Some(7), None]
        );
    }

    #[test]
    fn folding_makes_retyped_headlines_equal() {
        assert_eq!(fold("  Port\u{A0}CLOSED\u{200B} —  again"), "port closed — again");
    }
}
