//! A page as it came to the hashes of all its lines: they tell later whether words that a text lost still stand in the page.

use dom_query::Document;
use xxhash_rust::xxh3::xxh3_64;

use super::render;

/// Lines of one page that are named; of one with more none are. News pages have some hundreds.
const LINES_MAX: usize = 8_192;

/// The lines of a page, whatever they are to its story.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Hashes, ascending.
    hashes: Vec<u64>,
}

impl Lines {
    pub(crate) fn of(doc: &Document) -> Self {
        let lines = render::blocks(&doc.root());
        if lines.len() > LINES_MAX {
            return Self::default();
        }
        Self::from(lines.iter().map(|line| hash(&line.text)).collect::<Vec<_>>())
    }

    /// True where the page has this very line.
    pub fn holds(&self, line: &str) -> bool {
        self.hashes.binary_search(&hash(line)).is_ok()
    }

    /// The hashes, to be sent.
    pub fn into_hashes(self) -> Vec<u64> {
        self.hashes
    }
}

impl From<Vec<u64>> for Lines {
    fn from(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes }
    }
}

fn hash(line: &str) -> u64 {
    xxh3_64(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_held_whatever_it_is_and_no_other() {
        let page = "<body><nav>Menu</nav><p>One  <b>two</b></p><div hidden>Share</div></body>";
        let lines = Lines::of(&Document::from(page));
        for (line, held) in [("Menu", true), ("One two", true), ("Share", true), ("One", false)] {
            assert_eq!(lines.holds(line), held, "{line}");
        }
        assert_eq!(Lines::from(lines.clone().into_hashes()), lines);
        let many = format!("<body>{}</body>", "<p>x</p>".repeat(LINES_MAX + 1));
        assert_eq!(Lines::of(&Document::from(many.as_str())), Lines::default());
    }
}
