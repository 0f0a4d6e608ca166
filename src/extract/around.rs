//! An engine's lines to the same lines with what the page has right above and between them: a first paragraph that stands by
//! itself under the headline, and cross-heads. Engines that look for precision leave both out.

use std::collections::BTreeMap;

use super::furniture::letters;
use super::render::{self, Block, BlockKind};

/// Longest cross-head, in characters.
const CROSSHEAD_CHARS_MAX: usize = 160;
/// A paragraph under the headline is the story's first from this weight on; a lighter one is the desk's standfirst, no words of
/// the story. Of 110 measured pages, all but three agreed.
const FIRST_MIN: usize = 180;
/// Lines between the headline and that paragraph, at most: byline, date, share bar.
const BETWEEN_MAX: usize = 5;

/// The lines with the first paragraph under the headline, and with the headings that stand right above one of them in the page.
/// `titles` are the forms of the headline.
pub(crate) fn whole(lines: Vec<Block>, page: &[Block], titles: &[String]) -> Vec<Block> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, block) in page.iter().enumerate() {
        places.entry(block.text.as_str()).or_default().push(at);
    }
    let begins = lines.iter().find_map(|line| places.get(line.text.as_str())?.first().copied());
    let first = begins.and_then(|begins| first(&page[..begins], titles));
    let mut out: Vec<Block> = first.filter(|first| !lines.contains(first)).into_iter().collect();
    // The place in the page of the line before; no heading is put above the first.
    let mut last: Option<usize> = None;
    for line in lines {
        let here = places
            .get(line.text.as_str())
            .and_then(|all| all.iter().copied().find(|at| last.is_none_or(|last| *at > last)));
        if let Some((here, last)) = here.zip(last) {
            let above = page[last + 1..here].last();
            out.extend(above.filter(|block| is_crosshead(block)).cloned());
        }
        last = here.or(last);
        out.push(line);
    }
    out
}

/// The paragraph under the headline, where it is long enough to be the story's.
fn first(above: &[Block], titles: &[String]) -> Option<Block> {
    let titles: Vec<String> = titles.iter().map(|title| letters(title)).collect();
    let title = above.iter().rposition(|block| titles.contains(&letters(&block.text)))?;
    let is_first = |block: &&Block| {
        block.kind == BlockKind::Paragraph
            && render::weight(&block.text) >= FIRST_MIN
            && block.text.ends_with(['.', '!', '?', '。', '…', '"', '”', '»', '“'])
    };
    above[title + 1..].iter().take(BETWEEN_MAX + 1).find(is_first).cloned()
}

fn is_crosshead(block: &Block) -> bool {
    block.kind == BlockKind::Heading && block.text.chars().count() <= CROSSHEAD_CHARS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Block {
        match text.strip_prefix("## ") {
            Some(head) => Block { text: head.to_owned(), kind: BlockKind::Heading },
            None => Block { text: text.to_owned(), kind: BlockKind::Paragraph },
        }
    }

    fn check(lines: &[&str], page: &[&str], expected: &[&str]) {
        let lines = lines.iter().map(|line| block(line)).collect();
        let page: Vec<Block> = page.iter().map(|line| block(line)).collect();
        let got = whole(lines, &page, &["Crane falls".to_owned()]);
        let got: Vec<&str> = got.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn headings_right_above_a_line_come_back() {
        check(&["One", "Two"], &["One", "## Ships wait", "Two"], &["One", "Ships wait", "Two"]);
        check(&["One", "Two"], &["One", "## Offers", "Buy", "Two"], &["One", "Two"]);
        check(&["One", "Two"], &["## Title", "One", "Two", "## More"], &["One", "Two"]);
        check(
            &["One", "## Ships wait", "Two"],
            &["One", "## Ships wait", "Two"],
            &["One", "Ships wait", "Two"],
        );
        check(&["Two", "One"], &["One", "## Ships wait", "Two"], &["Two", "One"]);
    }

    #[test]
    fn a_long_paragraph_under_the_headline_comes_back() {
        let long = "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement to the press, \
            and two ships had to wait outside until the evening, when a tug of the coast guard came to help.";
        let short = "The harbour was closed until the evening.";
        check(&["One"], &["## Crane falls", "By Odd", long, "One"], &[long, "One"]);
        check(&["One"], &["## Crane falls", short, "One"], &["One"]);
        check(&["One"], &[long, "## Crane falls", "One"], &["One"]);
        check(&["One"], &["## A ship", long, "One"], &["One"]);
        check(&[long, "One"], &["## Crane falls", long, "One"], &[long, "One"]);
        check(&["One"], &["## Crane falls", "a", "b", "c", "d", "e", "f", long, "One"], &["One"]);
    }
}
