//! Plain text to the same text as another site may write it: other bytes, nothing a reader would call a change.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

type Disguise = (&'static str, fn(&str) -> String);

/// Those that leave capitals alone.
pub(super) const ALL: [Disguise; 34] = [
    ("decomposed (NFD)", |text| text.nfd().collect()),
    ("decomposed for compatibility (NFKD)", |text| text.nfkd().collect()),
    ("full-width letters, digits and marks", full_width),
    ("soft hyphens", |text| inside_words(text, '\u{AD}')),
    ("zero-width spaces", |text| inside_words(text, '\u{200B}')),
    ("zero-width non-joiners", |text| inside_words(text, '\u{200C}')),
    ("zero-width joiners", |text| inside_words(text, '\u{200D}')),
    ("word joiners", |text| inside_words(text, '\u{2060}')),
    ("byte order marks", |text| inside_words(text, '\u{FEFF}')),
    ("left-to-right marks", |text| around_words(text, "\u{200E}", "\u{200E}")),
    ("right-to-left marks", |text| around_words(text, "\u{200F}", "\u{200F}")),
    ("Arabic letter marks", |text| around_words(text, "\u{61C}", "")),
    ("left-to-right embeddings", |text| around_words(text, "\u{202A}", "\u{202C}")),
    ("right-to-left embeddings", |text| around_words(text, "\u{202B}", "\u{202C}")),
    ("left-to-right overrides", |text| around_words(text, "\u{202D}", "\u{202C}")),
    ("right-to-left overrides", |text| around_words(text, "\u{202E}", "\u{202C}")),
    ("left-to-right isolates", |text| around_words(text, "\u{2066}", "\u{2069}")),
    ("right-to-left isolates", |text| around_words(text, "\u{2067}", "\u{2069}")),
    ("first-strong isolates", |text| around_words(text, "\u{2068}", "\u{2069}")),
    ("non-breaking spaces", |text| text.replace(' ', "\u{A0}")),
    ("narrow non-breaking spaces", |text| text.replace(' ', "\u{202F}")),
    ("thin spaces", |text| text.replace(' ', "\u{2009}")),
    ("ideographic spaces", |text| text.replace(' ', "\u{3000}")),
    ("straight quotes", |text| quotes(text, '\'', '"')),
    ("curly quotes", |text| quotes(text, '’', '”')),
    ("long dashes", |text| dashes(text, '—')),
    ("hyphens that do not break", |text| dashes(text, '\u{2011}')),
    ("tatweel", tatweel),
    ("vowel points", vowel_points),
    ("Arabic-Indic digits", |text| digits(text, '\u{660}')),
    ("Devanagari digits", |text| digits(text, '\u{966}')),
    ("Thai digits", |text| digits(text, '\u{E50}')),
    ("Khmer digits", |text| digits(text, '\u{17E0}')),
    ("Arabic marks in numbers", arabic_numbers),
];

/// Those that do not.
pub(super) const CAPITALS: [Disguise; 3] = [
    ("capitals", |text| text.to_uppercase()),
    ("capitals without accents, where Greek leaves them out", |text| {
        let greek = |c: char| matches!(c, '\u{370}'..='\u{3FF}');
        let bare = |c: char| std::iter::once(c).nfd().find(|&c| !is_combining_mark(c)).unwrap_or(c);
        let text: String = text.chars().map(|c| if greek(c) { bare(c) } else { c }).collect();
        text.to_uppercase()
    }),
    ("small letters", |text| text.to_lowercase()),
];

fn full_width(text: &str) -> String {
    let wide = |c: char| match c {
        '!'..='~' => char::from_u32(u32::from(c) - 0x21 + 0xFF01).unwrap(),
        c => c,
    };
    text.chars().map(wide).collect()
}

/// `mark` between every two letters or digits.
fn inside_words(text: &str, mark: char) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        let letter = c.is_alphanumeric();
        if inside && letter {
            out.push(mark);
        }
        inside = letter;
        out.push(c);
    }
    out
}

fn around_words(text: &str, before: &str, after: &str) -> String {
    let around = |word: &str| format!("{before}{word}{after}");
    let line = |line: &str| line.split(' ').map(around).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn quotes(text: &str, single: char, double: char) -> String {
    let other = |c: char| match c {
        '\'' | '‘' | '’' | '‚' | '‛' => single,
        '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' => double,
        c => c,
    };
    text.chars().map(other).collect()
}

fn dashes(text: &str, dash: char) -> String {
    let other = |c: char| if matches!(c, '-' | '–' | '—' | '־' | '−') { dash } else { c };
    text.chars().map(other).collect()
}

/// Stretches every Arabic letter that another one follows.
fn tatweel(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let arabic = |c: char| matches!(c, '\u{621}'..='\u{63A}' | '\u{641}'..='\u{64A}');
    let mut out = String::new();
    for (at, &c) in letters.iter().enumerate() {
        out.push(c);
        if arabic(c) && letters.get(at + 1).is_some_and(|&next| arabic(next)) {
            out.push_str("\u{640}\u{640}");
        }
    }
    out
}

/// A short vowel on every Arabic and Hebrew letter.
fn vowel_points(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        match c {
            '\u{628}'..='\u{63A}' | '\u{641}'..='\u{648}' => out.push('\u{64E}'),
            '\u{5D0}'..='\u{5EA}' => out.push('\u{5B7}'),
            _ => {}
        }
    }
    out
}

fn digits(text: &str, zero: char) -> String {
    let other = |c: char| match c.to_digit(10) {
        Some(value) => char::from_u32(u32::from(zero) + value).unwrap(),
        None => c,
    };
    text.chars().map(other).collect()
}

/// Arabic-Indic digits with the marks that belong to them.
fn arabic_numbers(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let mark = |(at, &c): (usize, &char)| match c {
        ',' if digit(at + 1) => '\u{66C}',
        '.' if digit(at + 1) => '\u{66B}',
        c => c,
    };
    digits(&letters.iter().enumerate().map(mark).collect::<String>(), '\u{660}')
}
