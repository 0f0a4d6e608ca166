//! A version to what is shown of it: a page's text without the lines that its site repeats, at both ends.
//!
//! The journal keeps the text as it was read, and which of its blocks were furniture of its source when it came. So nothing is
//! learned twice, what was read once stays evidence, and no page changes because its site is known better.

use std::ops::Range;

use super::types::Version;
use crate::text;

/// Most of a text that is left out at either end, in percent: more is no frame.
const FRAME_PERCENT_MAX: usize = 25;

impl Version {
    /// The version as it is shown. What came as text, and what no extractor has read, is shown as it came.
    #[must_use]
    pub fn shown(mut self) -> Self {
        if self.extractor > 0 && !self.verdicts.furniture.is_empty() && self.redacted.is_none() {
            self.article.text = self.framed();
        }
        self
    }

    fn framed(&self) -> String {
        let lines: Vec<&str> = self.article.text.lines().collect();
        let marks = self.marks(&lines);
        let all = self.article.text.len();
        let fits = |cut: Range<usize>| {
            let bytes: usize = lines[cut.clone()].iter().map(|line| line.len()).sum();
            (bytes * 100 <= all * FRAME_PERCENT_MAX).then_some(cut)
        };
        let top = edge(marks.iter().copied());
        let end = lines.len() - edge(marks.iter().rev().copied());
        let begin = fits(0..top).map_or(0, |cut| cut.end);
        let end = fits(end..lines.len()).map_or(lines.len(), |cut| cut.start);
        lines.get(begin..end).unwrap_or(&lines).join("\n")
    }

    /// What each line is to its site. Blocks are the lines that hold a word, in order.
    fn marks(&self, lines: &[&str]) -> Vec<Mark> {
        let mut position = 0;
        let mark = |line: &&str| {
            if text::word_count(line) == 0 {
                return Mark::Label;
            }
            let at = position;
            position += 1;
            let furniture = &self.verdicts.furniture;
            if furniture.iter().any(|&known| usize::from(known) == at) {
                Mark::Furniture
            } else if self.verdicts.blocks.get(at).is_none_or(|&hash| hash == 0) {
                Mark::Label
            } else {
                Mark::Text
            }
        };
        lines.iter().map(mark).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// A block that the source shows in unrelated stories.
    Furniture,
    /// Too short to be known: of the frame where furniture stands on the inner side of it.
    Label,
    Text,
}

/// How many lines of an end, seen from there, are the frame: up to the last furniture before any text.
fn edge(marks: impl Iterator<Item = Mark>) -> usize {
    let outside = marks.take_while(|&mark| mark != Mark::Text);
    let known = (1..).zip(outside).filter(|&(_, mark)| mark == Mark::Furniture);
    known.last().map_or(0, |(lines, _)| lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Clusterer, Judged, Params};
    use crate::model::{Article, Timestamp, VersionId};

    const NOTICE: &str = "This is the view of the whole coast at the Herald.";

    fn version(lines: &[&str], furniture: &[u16]) -> Version {
        let article = Article {
            source: "herald".into(),
            url: Some("https://herald.example/1".into()),
            title: "Crane falls".into(),
            text: lines.join("\n"),
            ..Article::default()
        };
        let clusterer = Clusterer::new(Params::default());
        let seen_at = Timestamp::from_millis(0);
        let Judged::New { verdicts, .. } = clusterer.judge(&article, seen_at, &mut |_| None) else {
            panic!("nothing came before")
        };
        let mut version = Version {
            id: VersionId(1),
            seen_at,
            extractor: 1,
            article,
            verdicts: *verdicts,
            redacted: None,
        };
        version.verdicts.furniture = furniture.to_vec();
        version
    }

    fn check(lines: &[&str], furniture: &[u16], expected: &[&str]) {
        let shown = version(lines, furniture).shown().article.text;
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_frame_goes_from_both_ends_and_stays_inside() {
        let story: Vec<String> = (0..8)
            .map(|n| format!("Sentence s{n} tells what pilot p{n} saw near lock l{n} that night."))
            .collect();
        let story: Vec<&str> = story.iter().map(String::as_str).collect();
        let with = |top: &[&'static str], end: &[&'static str]| [top, &story, end].concat();
        check(&with(&[], &[NOTICE]), &[8], &story);
        check(&with(&[NOTICE, "* * *"], &[]), &[0], &with(&["* * *"], &[]));
        check(&with(&[], &[NOTICE, "More", "…"]), &[8], &story);
        check(&with(&[], &["(AFP)", NOTICE]), &[9], &with(&[], &["(AFP)"]));
        check(&with(&[], &[NOTICE]), &[3], &with(&[], &[NOTICE]));
        check(&with(&[], &[NOTICE]), &[], &with(&[], &[NOTICE]));
        let most = with(&[], &[NOTICE]);
        check(&most, &[3, 4, 5, 6, 7, 8], &most);
    }

    #[test]
    fn what_came_as_text_is_shown_whole() {
        let pushed = Version { extractor: 0, ..version(&["One line that is here.", NOTICE], &[1]) };
        assert_eq!(pushed.clone().shown(), pushed);
    }
}
