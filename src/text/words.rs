//! Text to words, as hashes, and to the numbers it holds.
//!
//! A word is a run of Unicode letters and digits after NFKC and lower-casing. Soft hyphens, zero-width characters, bidi
//! marks and combining marks that are no letters vanish; every other character separates. Characters of scripts written
//! without spaces stand alone, so that a shingle of words is a shingle of characters there.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64;

/// What one character does to the word it stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Letter,
    Alone,
    Nothing,
    Separator,
}

fn part(c: char) -> Part {
    if stands_alone(c) {
        Part::Alone
    } else if c.is_alphanumeric() {
        Part::Letter
    } else if is_ignored(c) || is_combining_mark(c) {
        Part::Nothing
    } else {
        Part::Separator
    }
}

/// Characters that no reader sees and that must not break a word.
const fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
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

/// Calls `word` with each word of `text`, normalised, in order.
fn each_word(text: &str, mut word: impl FnMut(&str)) {
    let mut buffer = String::with_capacity(32);
    // ASCII separators cut the text into chunks; composition never reaches across one.
    for chunk in text.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()) {
        if chunk.is_empty() {
            continue;
        }
        buffer.clear();
        if chunk.is_ascii() {
            buffer.push_str(chunk);
            buffer.make_ascii_lowercase();
            word(&buffer);
        } else {
            each_word_unicode(chunk, &mut buffer, &mut word);
        }
    }
}

fn each_word_unicode(chunk: &str, buffer: &mut String, word: &mut impl FnMut(&str)) {
    for c in chunk.nfkc().flat_map(char::to_lowercase) {
        match part(c) {
            Part::Letter => buffer.push(c),
            Part::Nothing => {}
            Part::Separator => flush(buffer, word),
            Part::Alone => {
                flush(buffer, word);
                buffer.push(c);
                flush(buffer, word);
            }
        }
    }
    flush(buffer, word);
}

fn flush(buffer: &mut String, word: &mut impl FnMut(&str)) {
    if !buffer.is_empty() {
        word(buffer);
        buffer.clear();
    }
}

/// Appends the hash of each word of `text` to `out`, in order.
pub fn words(text: &str, out: &mut Vec<u64>) {
    each_word(text, |word| out.push(xxh3_64(word.as_bytes())));
}

/// Number of words of `text`.
pub fn word_count(text: &str) -> usize {
    let mut count = 0;
    each_word(text, |_| count += 1);
    count
}

/// Letters a word needs to count as a content word: shorter ones are mostly grammar in the alphabets we see.
const CONTENT_LETTERS_MIN: usize = 5;

/// Appends the hashes of the words of five letters and more that are no numbers. Unsorted, with repeats.
pub fn content_words(text: &str, out: &mut Vec<u64>) {
    each_word(text, |word| {
        if word.chars().count() >= CONTENT_LETTERS_MIN
            && !word.starts_with(|c: char| c.is_ascii_digit())
        {
            out.push(xxh3_64(word.as_bytes()));
        }
    });
}

/// `text` for comparing by eye: NFKC, lower case, runs of white space as one space, nothing invisible.
pub fn fold(text: &str) -> String {
    let plain: String =
        text.nfkc().flat_map(char::to_lowercase).filter(|&c| !is_ignored(c)).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// First digit of each decimal digit row that NFKC leaves alone.
const ZEROS: [char; 14] = [
    '0', '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}',
    '\u{BE6}', '\u{C66}', '\u{CE6}', '\u{E50}', '\u{FF10}',
];

/// The value of a decimal digit of any script we know, else `None`.
fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).map(|d| d as u8);
    }
    ZEROS.iter().find_map(|&zero| {
        let distance = u32::from(c).checked_sub(u32::from(zero))?;
        (distance < 10).then_some(distance as u8)
    })
}

/// Appends the hash of each number of `text` to `out`. A number is a digit run; a `.` or `,` between two digits is dropped,
/// so 1,000 and 1.000 and 1000 are one number (and 1.5 is 15: the same figures in the same place of another copy agree).
pub fn numbers(text: &str, out: &mut Vec<u64>) {
    let mut run: Vec<u8> = Vec::with_capacity(16);
    let mut inner = false;
    for c in text.chars() {
        if let Some(value) = digit(c) {
            run.push(b'0' + value);
            inner = false;
        } else if matches!(c, '.' | ',') && !run.is_empty() && !inner {
            inner = true;
        } else if !run.is_empty() {
            out.push(xxh3_64(&run));
            run.clear();
            inner = false;
        }
    }
    if !run.is_empty() {
        out.push(xxh3_64(&run));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut got = Vec::new();
        each_word(text, |word| got.push(word.to_owned()));
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
    }

    #[test]
    fn scripts_without_spaces_go_by_character() {
        check("港口关闭 2 天", &["港", "口", "关", "闭", "2", "天"]);
        check("ท่า", &["ท", "\u{e48}", "า"]);
        check("日本vsチリ", &["日", "本", "vs", "チ", "リ"]);
    }

    #[test]
    fn a_number_is_its_digits() {
        let of = |text: &str| {
            let mut out = Vec::new();
            numbers(text, &mut out);
            out
        };
        assert_eq!(of("1,000 and 1.000"), [of("1000")[0], of("1000")[0]]);
        assert_eq!(of("١٢٣"), of("123"));
        assert_eq!(of("In 1987, 25 pct.").len(), 2);
        assert_eq!(of("no figures"), [0_u64; 0]);
    }

    #[test]
    fn folding_makes_retyped_headlines_equal() {
        assert_eq!(fold("  Port\u{A0}CLOSED\u{200B} —  again"), "port closed — again");
    }
}
