//! Paragraphs as the engines found them to the story alone: furniture cut at both ends, and by its words anywhere.

use super::phrases;
use super::render::{Block, BlockKind, weight};
use crate::wire;

/// Lines looked at from each end.
const EDGE_LINES: usize = 8;
/// Text above a "page not found" block that makes it a stray block and not the page, in characters.
const STORY_CHARS_MIN: usize = 300;
/// Longest line that is a label and not prose, in characters.
const LABEL_CHARS_MAX: usize = 80;

/// Lines from the end within which a box may open.
const BOX_LINES_MAX: usize = 14;
/// Most of a text that a box at its end may be, in percent.
const BOX_PERCENT_MAX: usize = 25;
/// What a page names as its body is believed on where it ends from this share of the text on that it holds, in percent.
const HELD_PERCENT_MIN: usize = 80;
/// Bytes of such a body times lines that are looked for in it: more is no story, and would take long.
const COMPARED_MAX: usize = 1 << 26;
/// A line from this weight on is prose, where it ends as a sentence.
const PROSE_MIN: usize = 120;
/// Longest paragraph about an author, in characters.
const BIO_CHARS_MAX: usize = 600;
/// Words of a line of names, at most.
const NAME_WORDS_MAX: usize = 6;
/// A line above the first paragraph is a deck or a label up to this weight, where it ends without a mark.
const DECK_MAX: usize = 80;
/// Such lines, at most.
const DECK_LINES_MAX: usize = 3;
/// A paragraph below them is the story's first from this weight on.
const FIRST_MIN: usize = 60;
/// A cut line that may hold a credit is at most this long, in characters.
const CREDIT_CHARS_MAX: usize = 160;

/// Marks that a sentence or a quote of any of our scripts ends with.
const END_MARKS: &[char] = &[
    '.', '!', '?', '…', '"', '”', '“', '»', '«', ')', '\'', '’', '。', '！', '？', '」', '』',
    '）', '।', '؟', '۔',
];

/// What the page says of itself, to know it again in its body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) titles: &'a [String],
    pub(crate) authors: &'a [String],
    pub(crate) byline: Option<&'a str>,
    /// What it names as the article's body, in any of its ways.
    pub(crate) bodies: &'a [Vec<Block>],
    /// Agencies besides those we know.
    pub(crate) agencies: &'a [wire::Agency],
}

/// The story's paragraphs, and what the cut tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) kept: Vec<Block>,
    /// A block that says "page not found": below a story (cut), or with no story above (the page is one).
    pub(crate) not_found: Option<NotFound>,
    /// Lines cut from the top, in order.
    pub(crate) top: Vec<String>,
    /// Lines cut from the end that may hold a credit, in order.
    pub(crate) tail: Vec<String>,
}

/// Where a "page not found" block stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotFound {
    /// Under a story.
    Stray,
    /// In its place.
    Instead,
}

/// Cuts the furniture.
pub(crate) fn cut(blocks: Vec<Block>, known: &Known<'_>) -> Cut {
    let (mut blocks, not_found) = without_not_found(blocks);
    let walled = below_wall(&mut blocks);
    let below = below_body(&mut blocks, known.bodies);
    let boxed = cut_box(&mut blocks);
    blocks.retain(|block| !is_furniture(block, known));
    repeats(&mut blocks);
    let top = cut_top(&mut blocks, known);
    let mut tail = cut_end(&mut blocks, known);
    if blocks.iter().all(|block| phrases::is_rights(&block.text)) {
        // The foot of a page without a story.
        blocks.clear();
    }
    tail.extend(
        boxed
            .into_iter()
            .chain(below)
            .chain(walled)
            .filter(|line| line.chars().count() <= CREDIT_CHARS_MAX),
    );
    Cut { kept: blocks, not_found, top, tail }
}

/// Cuts from the first line that says so to the end, where a story stands above.
fn without_not_found(mut blocks: Vec<Block>) -> (Vec<Block>, Option<NotFound>) {
    let Some(at) = blocks.iter().position(|block| phrases::says_not_found(&block.text)) else {
        return (blocks, None);
    };
    let above: usize = blocks[..at].iter().map(|block| block.text.chars().count()).sum();
    let below: usize = blocks[at..].iter().map(|block| block.text.chars().count()).sum();
    if above >= STORY_CHARS_MIN {
        // A story about a 404 says more below it than a block of furniture does.
        if below > STORY_CHARS_MIN * 2 {
            return (blocks, None);
        }
        blocks.truncate(at);
        return (blocks, Some(NotFound::Stray));
    }
    let instead = (below < STORY_CHARS_MIN * 2).then_some(NotFound::Instead);
    (blocks, instead)
}

/// Cuts a line that stands at a wall and what is below it, where that is no story. Gives what was cut.
fn below_wall(blocks: &mut Vec<Block>) -> Vec<String> {
    let is_prose = |block: &Block| weight(&block.text) >= PROSE_MIN && is_sentence(&block.text);
    let at = blocks.iter().position(|block| phrases::says_wall(&block.text));
    let at = at
        .filter(|&at| blocks[..at].iter().any(is_prose) && !blocks[at + 1..].iter().any(is_prose));
    at.map_or_else(Vec::new, |at| blocks.drain(at..).map(|block| block.text).collect())
}

/// Cuts what stands below the body that the page names, where that holds nearly all the rest and ends with it. Gives what was cut.
/// A body that ends otherwise says nothing: one goes on with readers' comments, another breaks off within a sentence.
fn below_body(blocks: &mut Vec<Block>, bodies: &[Vec<Block>]) -> Vec<String> {
    if bodies.is_empty() {
        return Vec::new();
    }
    let lines: Vec<String> = blocks.iter().map(|block| letters(&block.text)).collect();
    let ends = bodies.iter().filter_map(|body| {
        let body: String = body.iter().map(|line| letters(&line.text)).collect();
        if body.len().saturating_mul(blocks.len()) > COMPARED_MAX {
            return None;
        }
        let is_held: Vec<bool> = lines.iter().map(|line| body.contains(line)).collect();
        let weights = blocks.iter().map(|block| weight(&block.text)).zip(&is_held);
        let (held, all) = weights.fold((0, 0), |(held, all), (weight, is_held)| {
            (held + if *is_held { weight } else { 0 }, all + weight)
        });
        let last = is_held.iter().rposition(|&held| held)?;
        let ends = body.ends_with(&lines[last]);
        (ends && held * 100 >= all * HELD_PERCENT_MIN).then_some(last + 1)
    });
    let end = ends.min().unwrap_or(blocks.len());
    blocks.drain(end..).map(|block| block.text).collect()
}

/// Cuts a box from the end: the line that opens it and all below, where that is little of the whole. Gives what was cut.
fn cut_box(blocks: &mut Vec<Block>) -> Vec<String> {
    let all: usize = blocks.iter().map(|block| weight(&block.text)).sum();
    let far = blocks.len().saturating_sub(BOX_LINES_MAX).max(2).min(blocks.len());
    let opens = blocks[far..].iter().position(|block| phrases::opens_box(&block.text));
    let at = opens.map(|at| far + at).filter(|&at| {
        let below: usize = blocks[at..].iter().map(|block| weight(&block.text)).sum();
        below * 100 <= all * BOX_PERCENT_MAX
    });
    at.map_or_else(Vec::new, |at| blocks.drain(at..).map(|block| block.text).collect())
}

/// Furniture wherever it stands. Prose is spared: each rule asks for a short line or an unmistakable phrase.
fn is_furniture(block: &Block, known: &Known<'_>) -> bool {
    let line = block.text.as_str();
    let length = line.chars().count();
    let photo = length <= 220
        && block.kind != BlockKind::Heading
        && wire::is_photo_credit(line, known.agencies)
        && !is_sentence(line);
    photo
        || phrases::is_label(line)
        || phrases::is_consent(line, known.titles)
        || phrases::is_newsletter(line, known.titles)
        || phrases::points_elsewhere(line)
}

/// A line twice in a row, or a label three times, is the template's.
fn repeats(blocks: &mut Vec<Block>) {
    blocks.dedup_by(|b, a| a.text == b.text);
}

/// Ends like prose and is as long as prose.
fn is_sentence(line: &str) -> bool {
    let bare = line.trim_end_matches(['"', '”', '»', '\'', ')']);
    line.chars().count() > 60 && bare.ends_with(['.', '!', '?', '。']) && !line.contains('|')
}

/// Gives what was cut.
fn cut_top(blocks: &mut Vec<Block>, known: &Known<'_>) -> Vec<String> {
    let mut cut: Vec<Block> = Vec::new();
    // The last title within reach ends the top matter; what stands above it is kicker and trail.
    let title = blocks.iter().take(EDGE_LINES).rposition(|block| is_title(&block.text, known));
    if let Some(at) = title {
        let above: usize = blocks[..at].iter().map(|block| block.text.chars().count()).sum();
        if above <= STORY_CHARS_MIN {
            cut.extend(blocks.drain(..=at));
        } else {
            cut.push(blocks.remove(at));
        }
    }
    // One line that is none may stand between: a standfirst.
    let mut at = 0;
    for _ in 0..EDGE_LINES {
        match blocks.get(at) {
            Some(block)
                if is_top_matter(&block.text, known)
                    || wire::is_agency_alone(&block.text, known.agencies) =>
            {
                cut.push(blocks.remove(at));
            }
            Some(_) if at == 0 && blocks.len() > 1 => at = 1,
            _ => break,
        }
    }
    cut.extend(blocks.drain(..decks(blocks)));
    cut.into_iter().map(|block| block.text).collect()
}

/// How many lines above the first paragraph are decks and labels ("Key points", "Agencies"): the desk's, and nobody's sentence.
fn decks(blocks: &[Block]) -> usize {
    let headings = blocks.iter().filter(|block| block.kind == BlockKind::Heading).count();
    let is_deck = |block: &&Block| {
        let line = block.text.as_str();
        // One heading of several is the first part's.
        let stays = block.kind == BlockKind::Heading && headings > 1;
        block.kind != BlockKind::Item
            && !stays
            && weight(line) <= DECK_MAX
            && !line.ends_with(|c: char| END_MARKS.contains(&c) || matches!(c, ']' | ':' | ','))
    };
    let decks = blocks.iter().take_while(is_deck).count();
    let is_first = |block: &Block| {
        block.kind != BlockKind::Heading
            && weight(&block.text) >= FIRST_MIN
            && block.text.ends_with(END_MARKS)
    };
    let below = blocks.get(decks).is_some_and(is_first);
    if below && decks <= DECK_LINES_MAX && blocks.len() >= decks + 2 { decks } else { 0 }
}

fn cut_end(blocks: &mut Vec<Block>, known: &Known<'_>) -> Vec<String> {
    let mut tail = Vec::new();
    for _ in 0..EDGE_LINES {
        let Some(last) = blocks.last() else { break };
        let line = last.text.as_str();
        let heading = last.kind == BlockKind::Heading;
        let matter = heading
            || is_top_matter(line, known)
            || is_title(line, known)
            || phrases::is_end_label(line)
            || wire::is_sign_off(line, known.agencies)
            || phrases::says_wall(line)
            || phrases::is_tag_list(line)
            || is_bio(line, known)
            || last.kind == BlockKind::Paragraph && is_names(line);
        if !matter || blocks.len() == 1 {
            break;
        }
        tail.insert(0, line.to_owned());
        blocks.pop();
    }
    tail
}

/// The headline again, whatever its case and quotes.
fn is_title(line: &str, known: &Known<'_>) -> bool {
    let line = letters(line);
    !line.is_empty()
        && known.titles.iter().map(|title| letters(title)).any(|title| {
            // A kicker may stand in the same line.
            let kicker = line.len().saturating_sub(title.len());
            line == title || (title.len() >= 16 && kicker <= 60 && line.ends_with(&title))
        })
}

/// Byline, date and reading time: what stands between a headline and its text.
fn is_top_matter(line: &str, known: &Known<'_>) -> bool {
    let length = line.chars().count();
    if length > LABEL_CHARS_MAX * 2 {
        return false;
    }
    let bare = letters(line);
    let by = known.byline.is_some_and(|byline| letters(byline) == bare);
    let author = known.authors.iter().any(|author| {
        let author = letters(author);
        author.len() > 4
            && (bare == author
                || (length <= LABEL_CHARS_MAX && is_byline(line) && bare.contains(&author)))
    });
    by || author || phrases::is_byline_label(line) || phrases::is_date_line(line)
}

/// "Jorun Example is a reporter at the Herald", of an author of the story: a box about them.
fn is_bio(line: &str, known: &Known<'_>) -> bool {
    let lower = line.to_lowercase();
    line.chars().count() <= BIO_CHARS_MAX
        && known
            .authors
            .iter()
            .any(|author| lower.strip_prefix(&author.to_lowercase()).is_some_and(phrases::says_who))
}

/// Names and nothing else: "Jorun Example", "Herald / Odd Sample".
fn is_names(line: &str) -> bool {
    let name = |word: &str| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '.' | '\'' | '’'))
    };
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '&'))
        .filter(|word| !word.is_empty())
        .collect();
    (2..=NAME_WORDS_MAX).contains(&words.len())
        && line.chars().count() <= LABEL_CHARS_MAX
        && words.iter().all(|word| name(word))
        && !line.ends_with('.')
}

fn is_byline(line: &str) -> bool {
    !is_sentence(line) && !line.ends_with('.')
}

/// Letters and digits in lower case: what two spellings of a headline share.
pub(crate) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
#[path = "furniture_tests.rs"]
mod tests;
