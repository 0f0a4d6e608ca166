//! What is a word, what separates words and what no reader sees; words of text beyond ASCII, one at a time.
//!
//! A word is a run of Unicode letters and digits after NFKC, folded so that capitals and digits of another script make no
//! difference. Soft hyphens, zero-width characters, bidi marks, vowel points and combining marks that are no letters
//! vanish; every other character separates. Characters of scripts written without spaces stand alone, so that a shingle of
//! words is a shingle of characters there.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};
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
    } else if is_ignored(c) || is_vowel_point(c) {
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

/// Vowels of Arabic and Hebrew that are marks: Unicode counts them as letters, news leaves them out or not.
const fn is_vowel_point(c: char) -> bool {
    matches!(c, '\u{5B0}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}'
        | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' | '\u{670}')
}

/// The switch to character shingles: scripts written without spaces between words (Thai, Lao, Myanmar, Khmer, kana, Han).
const fn stands_alone(c: char) -> bool {
    matches!(
        c,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}'
    ) && !matches!(
        c,
        '\u{E3F}' | '\u{E50}'..='\u{E59}' | '\u{ED0}'..='\u{ED9}' | '\u{1040}'..='\u{1049}' | '\u{1090}'..='\u{1099}'
            | '\u{17E0}'..='\u{17E9}' | '\u{30FB}'
    )
}

/// Marks after which a capital letter says nothing: a sentence begins, or what follows a colon.
pub(super) const fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ':' | '…' | '。' | '！' | '？' | '：' | '؟' | '۔' | '।' | '‽')
}

/// Marks behind which a number goes on, if a digit follows: the Arabic ones for decimals and thousands among them.
pub(super) const fn joins_digits(c: char) -> bool {
    matches!(c, '.' | ',' | '\u{66B}' | '\u{66C}')
}

/// True where the first thing to be seen in `text` is a digit.
pub(super) fn begins_with_digit(text: &str) -> bool {
    text.chars().find(|&c| !is_ignored(c)).is_some_and(|c| digit(c).is_some())
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
                folded(c, |lower| {
                    buffer.push(lower);
                    open.letters += 1;
                });
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

/// What `c` is compared as: a digit in ASCII; a letter in lower case, and the same one that its capital is lowered to. So ß
/// is ss, ς is σ, ı is i, and Greek letters lose their accents, as they do in headlines.
fn folded(c: char, mut push: impl FnMut(char)) {
    if let Some(value) = digit(c) {
        return push(char::from(b'0' + value));
    }
    match c {
        'ß' | 'ẞ' => ['s', 's'].into_iter().for_each(push),
        'ς' => push('σ'),
        'ı' => push('i'),
        '\u{386}'..='\u{3CE}' | '\u{1F00}'..='\u{1FFF}' => decompose_canonical(c, |part| {
            if !is_combining_mark(part) {
                part.to_lowercase().for_each(&mut push);
            }
        }),
        // Lower-casing can leave a combining mark: İ is i and a dot.
        _ => c.to_lowercase().filter(|&lower| part(lower) != Part::Nothing).for_each(push),
    }
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

/// First digit of each row of decimal digits that news may be written in, ascending.
const ZEROS: [char; 21] = [
    '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}',
    '\u{BE6}', '\u{C66}', '\u{CE6}', '\u{D66}', '\u{DE6}', '\u{E50}', '\u{ED0}', '\u{F20}',
    '\u{1040}', '\u{1090}', '\u{17E0}', '\u{1810}', '\u{FF10}',
];

/// The value of a decimal digit of any script we know, else `None`.
pub(super) fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).map(|d| d as u8);
    }
    let row = ZEROS.partition_point(|&zero| zero <= c).checked_sub(1)?;
    let value = u32::from(c) - u32::from(ZEROS[row]);
    (value < 10).then_some(value as u8)
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
        check("២០ ໒໐ ၂၀", &["20", "20", "20"]);
    }

    #[test]
    fn a_capital_and_its_small_letter_are_one_whatever_the_script() {
        check("Straße STRASSE", &["strasse", "strasse"]);
        check("λόγος ΛΟΓΟΣ ΛΌΓΟΣ", &["λογοσ", "λογοσ", "λογοσ"]);
        check("ışık IŞIK İZİN izin", &["işik", "işik", "izin", "izin"]);
        check("Київ КИЇВ", &["київ", "київ"]);
    }

    #[test]
    fn vowel_points_are_not_read() {
        check("مَرْفَأ مرفأ", &["مرفأ", "مرفأ"]);
        check("נָמֵל נמל", &["נמל", "נמל"]);
    }

    #[test]
    fn digits_of_any_script_have_a_value() {
        assert_eq!(
            ['7', '٧', '७', '７', '៧', 'x', '港'].map(digit),
            [Some(7), Some(7), Some(7), Some(7), Some(7), None, None]
        );
    }

    #[test]
    fn folding_makes_retyped_headlines_equal() {
        assert_eq!(fold("  Port\u{A0}CLOSED\u{200B} —  again"), "port closed — again");
    }
}
