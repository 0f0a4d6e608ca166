//! Text to paragraphs, hard-wrapped wire copy unwrapped.

/// Lines longer than this are written by a program that does not wrap: 80-column wires, some room for tabs.
const WRAPPED_CHARS_MAX: usize = 92;
/// A longest line shorter than this is a list or a table, no wrapped prose.
const WRAPPED_CHARS_MIN: usize = 40;
/// A text of fewer lines is not judged to be wrapped: three short paragraphs look the same.
const WRAPPED_LINES_MIN: usize = 4;
/// A wrapped line ends where the next word would not have fitted: within this many characters of the longest.
const RAGGED_CHARS: usize = 18;

/// `text` with its paragraphs as lines: trimmed, in order, none empty, one space between words. Lines of hard-wrapped copy are
/// joined: there a paragraph begins after a blank line, at a deeper indent, or after a short line that ends a sentence.
pub fn paragraphs(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut out = String::with_capacity(text.len());
    if is_wrapped(&lines) {
        unwrap(&lines, &mut out);
    } else {
        for line in lines {
            push(line, '\n', &mut out);
        }
    }
    out
}

/// Adds the words of `line`, if it has any, behind `mark`.
fn push(line: &str, mark: char, out: &mut String) {
    let line = line.trim();
    if line.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push(mark);
    }
    if is_spaced_once(line) {
        return out.push_str(line);
    }
    for (at, word) in line.split_whitespace().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// True where all that parts the words of a trimmed line are single spaces: most lines are as they should be.
fn is_spaced_once(line: &str) -> bool {
    let bytes = line.as_bytes();
    // Without an early end, so that it can be done for many bytes at a time.
    let odd = bytes.iter().zip(bytes.iter().skip(1)).fold(0, |odd, (&byte, &next)| {
        let control = u8::from(byte.wrapping_sub(b'\t') < 5);
        odd | control | (u8::from(byte == b' ') & u8::from(next == b' '))
    });
    let wide = || {
        let mut leads = bytes.iter().enumerate().filter(|(_, byte)| **byte >= 0xC2);
        leads.any(|(at, _)| line[at..].starts_with(char::is_whitespace))
    };
    odd == 0 && (line.is_ascii() || !wide())
}

/// True where most lines end near one margin, most of them in mid-sentence.
fn is_wrapped(lines: &[&str]) -> bool {
    // Mostly the first paragraph tells; no character has more than four bytes.
    let is_long = |line: &&str| {
        line.len() > WRAPPED_CHARS_MAX
            && (line.len() > 4 * WRAPPED_CHARS_MAX || line.chars().count() > WRAPPED_CHARS_MAX)
    };
    if lines.len() < WRAPPED_LINES_MIN || lines.iter().any(is_long) {
        return false;
    }
    let lengths: Vec<usize> =
        lines.iter().map(|line| line.chars().count()).filter(|&length| length > 0).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    if lengths.len() < WRAPPED_LINES_MIN || longest < WRAPPED_CHARS_MIN {
        return false;
    }
    let margin = lengths.iter().filter(|&&length| length + RAGGED_CHARS >= longest).count();
    let running = lines
        .windows(2)
        .filter(|pair| !pair[0].is_empty() && !pair[1].is_empty() && !ends_sentence(pair[0]))
        .count();
    margin * 2 >= lengths.len() && running * 2 >= lengths.len()
}

fn ends_sentence(line: &str) -> bool {
    line.trim_end_matches(['"', '\'', '”', '’', '»', ')'])
        .ends_with(['.', '!', '?', '…', ':', '。', '！', '？', '؟', '।'])
}

fn unwrap(lines: &[&str], out: &mut String) {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).count();
    let mut last: &str = "";
    for &line in lines {
        if line.is_empty() {
            last = "";
            continue;
        }
        let deeper = indent(line) >= indent(last) + 2;
        let short = last.chars().count() + RAGGED_CHARS < longest && ends_sentence(last);
        let opens = last.is_empty() || deeper || short;
        push(line, if opens { '\n' } else { ' ' }, out);
        last = line;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(paragraphs(text).split('\n').collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lines_of_unwrapped_text_are_paragraphs() {
        check(
            "The port of Orsk closed on Monday.\n\n  Ships   wait. \r\n",
            &["The port of Orsk closed on Monday.", "Ships wait."],
        );
        assert_eq!(paragraphs(" \n\u{A0}\r\n"), "");
        check("a\tb\u{2003}c\u{85}d \u{B}", &["a b c d"]);
    }

    #[test]
    fn hard_wrapped_copy_is_joined() {
        check(
            "    The port authority of Orsk said on Monday it would keep its\nlocks closed until the water had fallen below the second mark and\nthe pilots had returned to work.\n    Ships waited off the coast, where a westerly wind rose during\nthe night, officials said.\n",
            &[
                "The port authority of Orsk said on Monday it would keep its locks closed until the water had fallen below the second mark and the pilots had returned to work.",
                "Ships waited off the coast, where a westerly wind rose during the night, officials said.",
            ],
        );
    }

    #[test]
    fn a_short_line_that_ends_a_sentence_ends_a_paragraph() {
        let got = paragraphs(
            "The port authority of Orsk said on Monday it would keep its\nlocks closed.\nShips waited off the coast, where a westerly wind rose during\nthe night and the pilots stayed ashore, as they had done since\nthe strike began.\n",
        );
        assert_eq!(got.lines().count(), 2);
    }

    #[test]
    fn a_line_of_many_bytes_may_be_one_of_few_characters() {
        let line = "港".repeat(WRAPPED_CHARS_MAX);
        assert_eq!(paragraphs(&[line.as_str(); 5].join("\n")).lines().count(), 1);
        let line = "港".repeat(WRAPPED_CHARS_MAX + 1);
        assert_eq!(paragraphs(&[line.as_str(); 5].join("\n")).lines().count(), 5);
    }

    proptest! {
        /// All words and nothing else, a space between them; and what is tidy stays as it is.
        #[test]
        fn words_are_kept_and_spaces_are_not(text in "[a-z.é港\u{2019}\u{85}\u{A0}\u{2003}\t \n]{0,300}") {
            let tidy = paragraphs(&text);
            prop_assert!(tidy.split_whitespace().eq(text.split_whitespace()));
            let lines: Vec<String> = tidy
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .filter(|line| !line.is_empty())
                .collect();
            prop_assert_eq!(lines.join("\n"), tidy);
        }
    }
}
