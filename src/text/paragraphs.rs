//! Text to paragraphs, hard-wrapped wire copy unwrapped.

/// Lines longer than this are written by a program that does not wrap: 80-column wires, some room for tabs.
const WRAPPED_CHARS_MAX: usize = 92;
/// A longest line shorter than this is a list or a table, no wrapped prose.
const WRAPPED_CHARS_MIN: usize = 40;
/// A text of fewer lines is not judged to be wrapped: three short paragraphs look the same.
const WRAPPED_LINES_MIN: usize = 4;
/// A wrapped line ends where the next word would not have fitted: within this many characters of the longest.
const RAGGED_CHARS: usize = 18;

/// The paragraphs of `text`, trimmed, in order, none empty. Lines of hard-wrapped copy are joined: there a paragraph begins
/// after a blank line, at a deeper indent, or after a short line that ends a sentence.
pub fn paragraphs(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if is_wrapped(&lines) {
        unwrapped(&lines)
    } else {
        lines.iter().map(|line| one_space(line)).filter(|line| !line.is_empty()).collect()
    }
}

fn one_space(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// True where most lines end near one margin, most of them in mid-sentence.
fn is_wrapped(lines: &[&str]) -> bool {
    let lengths: Vec<usize> =
        lines.iter().map(|line| line.chars().count()).filter(|&length| length > 0).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    if lengths.len() < WRAPPED_LINES_MIN
        || !(WRAPPED_CHARS_MIN..=WRAPPED_CHARS_MAX).contains(&longest)
    {
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

fn unwrapped(lines: &[&str]) -> Vec<String> {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).count();
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    let mut last: &str = "";
    for &line in lines {
        if line.trim().is_empty() {
            open = false;
            last = "";
            continue;
        }
        let deeper = indent(line) >= indent(last) + 2 && !last.is_empty();
        let short = last.chars().count() + RAGGED_CHARS < longest && ends_sentence(last);
        match out.last_mut() {
            Some(paragraph) if open && !deeper && !short => {
                paragraph.push(' ');
                paragraph.push_str(&one_space(line));
            }
            _ => out.push(one_space(line)),
        }
        open = true;
        last = line;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(paragraphs(text), expected);
    }

    #[test]
    fn lines_of_unwrapped_text_are_paragraphs() {
        check(
            "The port of Orsk closed on Monday.\n\n  Ships   wait. \r\n",
            &["The port of Orsk closed on Monday.", "Ships wait."],
        );
        check("", &[]);
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
        assert_eq!(got.len(), 2);
    }
}
