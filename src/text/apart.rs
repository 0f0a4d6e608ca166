//! A text to what stands in it beside its own words: cross-heads, captions, and what an editor put in square brackets.
//!
//! An agency's copy passes through many hands, and these three are what hands add. They are found by form alone, the same way in
//! every version, so nothing of it has to be stored: see docs/decisions/0020-apart.md.

use std::borrow::Cow;
use std::ops::Range;

use super::words::{Piece, pieces};

/// What a part of a text is, other than its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Apart {
    /// A heading inside the text.
    CrossHead,
    /// What stands under a picture, with its credit.
    Caption,
    /// Words in square brackets: an editor's.
    Insertion,
}

impl Apart {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrossHead => "cross_head",
            Self::Caption => "caption",
            Self::Insertion => "insertion",
        }
    }
}

/// Bytes from which a line that ends a sentence is a paragraph, and not a heading that happens to have a stop.
const PARAGRAPH_BYTES_MIN: usize = 80;
/// Characters and words a cross-head has at most: the longest of a hundred pages had eleven words.
const CROSS_HEAD_CHARS_MAX: usize = 80;
const CROSS_HEAD_WORDS_MAX: usize = 12;
/// Lines above the first cross-head: a headline's deck and a byline come before them.
const LINES_ABOVE_MIN: usize = 2;
/// Bytes of a caption at most.
const CAPTION_BYTES_MAX: usize = 600;
/// Bytes of an insertion at most: what is longer in brackets is somebody's text.
const INSERTION_BYTES_MAX: usize = 400;
/// Of a text at most one part in so many is set apart: beyond that the marks mean something else there.
const SHARE_OF_TEXT_MAX: usize = 3;

/// The parts of `text`, whose lines are its paragraphs, that are not its own words: byte ranges in order, none in another.
/// Cross-heads and captions are whole lines; so is an insertion with nothing beside it.
pub fn apart(text: &str) -> Vec<(Range<usize>, Apart)> {
    let lines: Vec<Line<'_>> = lines(text).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match kind(&lines, at) {
            Some(what) => found.push((line.start..line.start + line.text.len(), what)),
            None => insertions(line, at == 0, &mut found),
        }
    }
    let set: usize = found.iter().map(|(range, _)| range.len()).sum();
    if set * SHARE_OF_TEXT_MAX > text.len() { Vec::new() } else { found }
}

/// The text with spaces in the place of these parts: every other byte stands where it stood.
pub(super) fn blanked(text: &str, parts: impl Iterator<Item = Range<usize>>) -> Cow<'_, str> {
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for range in parts {
        out.push_str(&text[out.len()..range.start]);
        out.extend(std::iter::repeat_n(' ', range.len()));
    }
    out.push_str(&text[out.len()..]);
    Cow::Owned(out)
}

/// A text as it is compared: insertions are gone from their lines, which keep their places, and the places of the lines that
/// are no words of its own are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own<'t> {
    /// The text, with spaces where something was inserted.
    pub text: Cow<'t, str>,
    /// Places of the lines to leave out among those that hold a word, ascending.
    pub out: Vec<u16>,
}

/// What of `text` is its own.
pub fn own(text: &str) -> Own<'_> {
    let parts = apart(text);
    if parts.is_empty() {
        return Own { text: Cow::Borrowed(text), out: Vec::new() };
    }
    let (mut out, mut within) = (Vec::new(), Vec::new());
    let mut lines = lines(text).zip(0_usize..).peekable();
    for (range, _) in parts {
        while lines.next_if(|(line, _)| line.range().end <= range.start).is_some() {}
        match lines.peek() {
            Some((line, place)) if line.range() == range => out.extend(u16::try_from(*place).ok()),
            _ => within.push(range),
        }
    }
    Own { text: blanked(text, within.into_iter()), out }
}

/// A line that holds a word, without white space at its ends.
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl Line<'_> {
    const fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// The lines of a text that hold a word: the same that [`super::tokens`] calls blocks.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.split('\n').filter(|line| holds_a_word(line)).map(|line| {
        let text_of = line.trim();
        Line { start: text_of.as_ptr() as usize - text.as_ptr() as usize, text: text_of }
    })
}

fn holds_a_word(line: &str) -> bool {
    line.bytes().any(|byte| byte.is_ascii_alphanumeric()) || {
        let mut found = false;
        if !line.is_ascii() {
            let mut buffer = String::new();
            pieces(line, &mut buffer, |piece| found |= matches!(piece, Piece::Word { .. }));
        }
        found
    }
}

/// What a line is as a whole, if it is not of the text.
fn kind(lines: &[Line<'_>], at: usize) -> Option<Apart> {
    let line = lines[at].text;
    if line.len() <= CAPTION_BYTES_MAX && is_caption(line) {
        return Some(Apart::Caption);
    }
    if is_all_inserted(line) {
        return Some(Apart::Insertion);
    }
    let between = at >= LINES_ABOVE_MIN
        && at + 1 < lines.len()
        && line.len() <= 4 * CROSS_HEAD_CHARS_MAX
        && is_paragraph(lines[at - 1].text)
        && is_paragraph(lines[at + 1].text);
    (between && is_heading(line)).then_some(Apart::CrossHead)
}

/// A line long enough to be a paragraph, at whose end a sentence ends.
fn is_paragraph(line: &str) -> bool {
    const CLOSE: [char; 10] = ['"', '”', '“', '’', '\'', '»', ')', ']', '」', '』'];
    const STOP: [char; 11] = ['.', '!', '?', '…', '。', '！', '？', '؟', '۔', '।', '։'];
    line.len() >= PARAGRAPH_BYTES_MIN && line.trim_end_matches(CLOSE).ends_with(STOP)
}

/// A few words that begin with a capital (or in a script without any) and end without a stop.
fn is_heading(line: &str) -> bool {
    const QUOTES: [char; 9] = ['"', '“', '„', '‘', '\'', '«', '»', '「', '”'];
    let (mut chars, mut words) = (0, 1);
    for c in line.chars() {
        chars += 1;
        words += usize::from(c.is_whitespace());
        if chars > CROSS_HEAD_CHARS_MAX || matches!(c, '|' | '@' | '\t' | '[' | ']') {
            return false;
        }
    }
    let bare = line.trim_matches(QUOTES);
    let first = bare.chars().next();
    let ends = line
        .trim_end_matches(QUOTES)
        .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '?' | '？' | '؟' | ')'));
    words <= CROSS_HEAD_WORDS_MAX
        && ends
        && first.is_some_and(|c| c.is_alphanumeric() && !c.is_lowercase())
        && line.chars().any(char::is_alphabetic)
}

/// "Jorun Example, NAP | A view of the harbour", "… on Monday. NAP/Jorun Example", "(NAP Photo/Jorun Example)", "Photo: …".
fn is_caption(line: &str) -> bool {
    const STARTS: [&str; 12] = [
        "photo:",
        "photos:",
        "foto:",
        "fotos:",
        "bild:",
        "image:",
        "imagen:",
        "picture:",
        "caption:",
        "фото:",
        "写真：",
        "图片：",
    ];
    let first = line.chars().find(|c| !matches!(c, '(' | '['));
    let worded = first.is_some_and(|c| "pfbicфФ写图PFBIC".contains(c)) && {
        let start: String = line
            .trim_start_matches(['(', '['])
            .chars()
            .take(9)
            .flat_map(char::to_lowercase)
            .collect();
        STARTS.iter().any(|word| start.starts_with(word))
    };
    worded || is_barred(line) || is_signed_by_photographer(line)
}

/// Who and whose, a bar, and what is seen.
fn is_barred(line: &str) -> bool {
    if !holds(line, b'|') {
        return false;
    }
    let Some((who, seen)) = line.split_once(" | ") else { return false };
    let named = who.split([' ', ',', '/']).filter(|word| !word.is_empty());
    who.contains([',', '/'])
        && named.clone().count() <= 6
        && named.clone().all(is_capital)
        && seen.contains(' ')
}

/// A credit at the end of the line that a slash parts: on one side of it the two names of a person, on the other an agency.
fn is_signed_by_photographer(line: &str) -> bool {
    let end = line.trim_end_matches(['.', ' ', ')', ']']);
    let tail = &end[end.ceil_char_boundary(end.len().saturating_sub(60))..];
    let Some((before, after)) = tail.rsplit_once('/') else { return false };
    let names = |side: &mut dyn Iterator<Item = &str>| {
        side.take_while(|word| is_capital(word) && !word.ends_with(['.', ':', ';', ',']))
            .take(5)
            .count()
    };
    let right = after.split(' ').count();
    let person_right = (2..=4).contains(&right) && after.split(' ').all(is_capital);
    let agency_left = names(&mut before.rsplit([' ', '(', '[', '/'])) >= 1;
    let agency_right = (1..=2).contains(&right) && after.split(' ').all(is_capital);
    let person_left = names(&mut before.rsplit([' ', '(', '['])) >= 2;
    // A line that is a name and a place alone is none: there has to be something that is seen, or a bracket round it.
    let seen = before.len() > 12 || line.starts_with(['(', '[']) || line.len() > tail.len();
    seen && ((person_right && agency_left) || (agency_right && person_left))
}

fn is_capital(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.chars().next().is_some_and(char::is_uppercase)
}

/// The words in square brackets of a line. One at the very beginning of a text is a dateline: "[東京 12日 ロイター]".
fn insertions(line: &Line<'_>, opens_text: bool, found: &mut Vec<(Range<usize>, Apart)>) {
    let text = line.text;
    if !holds_a_bracket(text) {
        return;
    }
    let mut from = 0;
    while let Some(open) = text[from..].find(['[', '［']).map(|at| from + at) {
        let mark = text[open..].chars().next().map_or(1, char::len_utf8);
        from = open + mark;
        let Some(close) = text[from..].find(['[', ']', '［', '］']).map(|at| from + at) else {
            return;
        };
        let closing = text[close..].chars().next().unwrap_or(']');
        if matches!(closing, '[' | '［') {
            from = close;
            continue;
        }
        let end = close + closing.len_utf8();
        let dateline = opens_text && open == 0;
        if !dateline && is_insertion(text, open, &text[from..close], end) {
            found.push((line.start + open..line.start + end, Apart::Insertion));
        }
        from = end;
    }
}

/// Words that stand by themselves. "[T]he" changes a letter, "[1]" and "[L8N1CI3XV]" are numbers.
fn is_insertion(line: &str, open: usize, inside: &str, end: usize) -> bool {
    let joined = line[..open].ends_with(char::is_alphanumeric)
        || line[end..].starts_with(char::is_alphanumeric);
    let unspaced =
        inside.chars().any(|c| matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}'));
    let letters = inside.chars().filter(|c| c.is_alphabetic()).take(2).count();
    let number = !inside.contains(' ') && inside.contains(|c: char| c.is_ascii_digit());
    inside.len() <= INSERTION_BYTES_MAX && letters == 2 && !number && (!joined || unspaced)
}

/// Nothing of the line stands outside of its brackets.
fn is_all_inserted(line: &str) -> bool {
    if !holds_a_bracket(line) {
        return false;
    }
    let mut found = Vec::new();
    insertions(&Line { start: 0, text: line }, false, &mut found);
    let rest = blanked(line, found.into_iter().map(|(range, _)| range));
    !holds_a_word(&rest)
}

fn holds_a_bracket(line: &str) -> bool {
    const WIDE: u8 = 0xEF; // the first byte of ［
    holds(line, b'[') || (holds(line, WIDE) && line.contains('［'))
}

/// True where the byte is anywhere in the line. Every line of every text is asked, and an answer that does not end at the first
/// find is one for many bytes at a time.
fn holds(line: &str, byte: u8) -> bool {
    line.bytes().fold(0, |found, other| found | u8::from(other == byte)) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::tokens;

    const LEAD: &str = "KVITNES, Norland (NAP) - The harbour was closed on Monday after a crane fell over, the town said.";
    const MORE: &str = "Nobody was hurt, and the crews of the two ferries spent the night on board, a spokesman of the port said.";

    /// The parts of a text as `kind: words`.
    fn parts(text: &str) -> Vec<String> {
        apart(text)
            .into_iter()
            .map(|(range, what)| format!("{}: {}", what.as_str(), &text[range]))
            .collect()
    }

    /// The line between paragraphs of a story.
    fn between(line: &str, expected: &[&str]) {
        assert_eq!(parts(&format!("{LEAD}\n{MORE}\n{line}\n{MORE}\n{LEAD}")), expected, "{line}");
    }

    #[test]
    fn a_heading_between_paragraphs_is_a_cross_head() {
        between("Crane falls on Kvitnes quay", &["cross_head: Crane falls on Kvitnes quay"]);
        between("Was the crane too old?", &["cross_head: Was the crane too old?"]);
        between("“We heard a bang”", &["cross_head: “We heard a bang”"]);
        between("Kran älter als erlaubt", &["cross_head: Kran älter als erlaubt"]);
        between("Кран упал на причал", &["cross_head: Кран упал на причал"]);
        between("起重机倒塌", &["cross_head: 起重机倒塌"]);
        between("Nobody was hurt.", &[]);
        between("the crane, the quay and the town", &[]);
        between("- The crane was old", &[]);
        between("1 234 567", &[]);
        between("Odd Sample, mayor of Kvitnes, said this:", &[]);
        between(
            "A crane that stood for forty years on the quay of Kvitnes and saw three mayors",
            &[],
        );
    }

    #[test]
    fn lists_tables_and_edges_have_no_cross_heads() {
        assert_eq!(parts(&format!("Crane falls\n{LEAD}\n{MORE}\nMore at noon")), [""; 0]);
        assert_eq!(parts(&format!("{LEAD}\nBy Jorun Example\n{MORE}")), [""; 0]);
        assert_eq!(parts(&format!("{LEAD}\n{MORE}\nFerry Vell\nFerry Ost\n{MORE}")), [""; 0]);
    }

    #[test]
    fn what_stands_under_a_picture_is_a_caption() {
        for line in [
            "Jorun Example, NAP | A general view of the harbour of Kvitnes",
            "JORUN EXAMPLE / NAP | The crane on Monday.",
            "The crane of Kvitnes on Monday. REUTERS/Jorun Example",
            "The crane of Kvitnes on Monday (NAP Photo/Jorun Example)",
            "(NAP Photo/Jorun Example)",
            "The crane of Kvitnes on Monday. Jorun Example/NAP",
            "Photo: Jorun Example",
            "Foto: NAP",
        ] {
            between(line, &[&format!("caption: {line}")]);
        }
        for line in [
            "hh/NAP",
            "(AFP/dpa)",
            "AP/Reuters",
            "The ferry ran from Kvitnes to Vell and/or Ost, as the wind was.",
            "He paid 3/4 of it, said Odd Sample",
        ] {
            assert!(
                !parts(&format!("{LEAD}\n{MORE}\n{line}"))
                    .iter()
                    .any(|part| part.starts_with("caption")),
                "{line}"
            );
        }
    }

    #[test]
    fn words_in_square_brackets_are_an_editors() {
        between(&format!("\"He [the mayor] was there,\" {MORE}"), &["insertion: [the mayor]"]);
        between(
            "[This story was filed before the quay reopened.]",
            &["insertion: [This story was filed before the quay reopened.]"],
        );
        between(
            &format!("{MORE} [sic] {MORE} [the crane] {MORE}"),
            &["insertion: [sic]", "insertion: [the crane]"],
        );
        between(&format!("[T]he {MORE} [1] [L8N1CI3XV] [...] [unclosed"), &[]);
        between(&format!("港口[市长说]{MORE}"), &["insertion: [市长说]"]);
        assert_eq!(parts(&format!("[東京　12日　ロイター] - {MORE}")), [""; 0]);
    }

    #[test]
    fn a_text_that_is_mostly_in_brackets_is_left_alone() {
        assert_eq!(parts("[All of it was written by an editor of Kvitnes]\nNot all"), [""; 0]);
        assert_eq!(parts(""), [""; 0]);
    }

    #[test]
    fn what_is_left_has_its_places() {
        let text = format!("{LEAD}\n—\n{MORE}\nCrane falls\n{MORE} He [the mayor] left.");
        let own = own(&text);
        assert_eq!(own.out, [2]);
        assert_eq!(own.text.len(), text.len());
        assert!(own.text.ends_with("He             left."), "{}", own.text);
        assert_eq!(super::own(LEAD), Own { text: Cow::Borrowed(LEAD), out: vec![] });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn lines_that_hold_a_word_are_the_blocks_and_stay_so(
            lines in prop::collection::vec("([A-Za-zé½℃№\u{ad}\u{200b}市., \\[\\]|/\"?]{0,40}|[A-Z][a-z ]{80,120}[.])", 0..8)
        ) {
            let text = lines.join("\n");
            let parts = apart(&text);
            prop_assert!(parts.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start));
            prop_assert!(parts.iter().all(|(range, _)| !text[range.clone()].contains('\n')));
            let own = own(&text);
            let blocks = tokens(&own.text).blocks.len();
            prop_assert_eq!(super::lines(&text).count(), blocks);
            prop_assert!(own.out.iter().all(|&place| usize::from(place) < blocks));
        }
    }
}
