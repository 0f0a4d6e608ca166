//! A diff and what is set apart in its two texts to a diff that says so: cross-heads, captions, an editor's insertions.

use std::ops::Range;

use super::{Op, Paragraph, Words};
use crate::text::{self, Apart};

/// What is set apart in the paragraphs of a text.
pub(super) struct Parts(Vec<OfParagraph>);

/// What is set apart in one of them.
#[derive(Clone, Default)]
struct OfParagraph {
    /// The whole of it.
    whole: Option<Apart>,
    /// Insertions, as byte ranges within it.
    within: Vec<Range<usize>>,
}

impl Parts {
    /// Of `text`, whose paragraphs are these slices of it.
    pub(super) fn of(text: &str, paragraphs: &[&str]) -> Self {
        let mut parts = text::apart(text).into_iter().peekable();
        let of = |paragraph: &&str| {
            let start = paragraph.as_ptr() as usize - text.as_ptr() as usize;
            let end = start + paragraph.len();
            let mut found = OfParagraph::default();
            while let Some((range, what)) = parts.next_if(|(range, _)| range.start < end) {
                if range.start == start && range.end == end {
                    found.whole = Some(what);
                } else if range.start >= start {
                    found.within.push(range.start - start..range.end - start);
                }
            }
            found
        };
        Self(paragraphs.iter().map(of).collect())
    }
}

/// Marks in the paragraphs of a diff what is set apart in either text.
pub(super) fn set_apart(paragraphs: &mut [Paragraph], from: &Parts, to: &Parts) {
    let (mut old, mut new) = (from.0.iter(), to.0.iter());
    for paragraph in paragraphs {
        let before = paragraph.from.as_ref().and_then(|_| old.next());
        let after = paragraph.to.as_ref().and_then(|_| new.next());
        let whole = |part: Option<&OfParagraph>| part.and_then(|part| part.whole);
        paragraph.apart = whole(after).or(whole(before)).map(Apart::as_str);
        let within =
            |part: Option<&OfParagraph>| part.map_or(Vec::new(), |part| part.within.clone());
        let (before, after) = (within(before), within(after));
        if before.is_empty() && after.is_empty() {
            continue;
        }
        if paragraph.words.is_empty() {
            let text = paragraph.to.clone().or_else(|| paragraph.from.clone()).unwrap_or_default();
            paragraph.words = vec![Words { op: paragraph.op, text, apart: None }];
        }
        let runs = std::mem::take(&mut paragraph.words);
        paragraph.words = marked(&runs, &before, &after);
    }
}

/// The same runs, cut where an insertion of either text begins and ends.
fn marked(runs: &[Words], before: &[Range<usize>], after: &[Range<usize>]) -> Vec<Words> {
    let (mut old, mut new) = (0, 0);
    let mut out = Vec::with_capacity(runs.len());
    for run in runs {
        let (place, ranges) = if run.op == Op::Delete { (old, before) } else { (new, after) };
        cut(run, place, ranges, &mut out);
        if run.op != Op::Insert {
            old += run.text.len();
        }
        if run.op != Op::Delete {
            new += run.text.len();
        }
    }
    out
}

fn cut(run: &Words, place: usize, ranges: &[Range<usize>], out: &mut Vec<Words>) {
    let end = place + run.text.len();
    let mut from = place;
    let mut push = |range: Range<usize>, apart: Option<Apart>| {
        if !range.is_empty() {
            let text = run.text[range.start - place..range.end - place].to_owned();
            out.push(Words { op: run.op, text, apart: apart.map(Apart::as_str) });
        }
    };
    for range in ranges.iter().filter(|range| range.start < end && range.end > place) {
        let (start, stop) = (range.start.max(from), range.end.min(end));
        push(from..start, None);
        push(start..stop, Some(Apart::Insertion));
        from = stop;
    }
    push(from..end, None);
}

#[cfg(test)]
mod tests {
    use super::{Op, Words};
    use crate::api::diff::paragraphs;

    const LEAD: &str = "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement.";
    const MORE: &str = "Nobody was hurt, and the crews of the two ferries spent the night on board, a spokesman said.";

    fn mark(words: &Words) -> String {
        match words.op {
            Op::Equal => words.text.clone(),
            Op::Insert => format!("{{+{}+}}", words.text),
            Op::Delete | Op::Replace => format!("[-{}-]", words.text),
        }
    }

    /// Paragraphs as `apart: words`, insertions in `⟨⟩`.
    fn drawn(from: &str, to: &str) -> Vec<String> {
        let of = |paragraph: super::Paragraph| {
            let run = |run: &Words| match run.apart {
                Some(_) => format!("⟨{}⟩", mark(run)),
                None => mark(run),
            };
            let words = paragraph.words.iter().map(run).collect::<String>();
            format!("{}: {words}", paragraph.apart.unwrap_or("text"))
        };
        paragraphs(from, to).paragraphs.into_iter().map(of).collect()
    }

    #[test]
    fn an_editors_insertion_shows_as_such() {
        let copy = MORE.replace("spokesman", "spokesman [of the port]");
        assert_eq!(
            drawn(MORE, &copy),
            [
                "text: Nobody was hurt, and the crews of the two ferries spent the night on board, a spokesman ⟨{+[of the port]+}⟩{+ +}said."
            ]
        );
        let both = drawn(&copy, &copy);
        assert_eq!(both.len(), 1);
        assert!(both[0].ends_with("a spokesman ⟨[of the port]⟩ said."), "{both:?}");
        assert!(drawn("", &copy)[0].ends_with("⟨{+[of the port]+}⟩{+ said.+}"));
        assert!(drawn(&copy, "")[0].ends_with("⟨[-[of the port]-]⟩[- said.-]"));
    }

    #[test]
    fn an_insertion_that_was_edited_is_marked_on_both_sides() {
        let (a, b) = (MORE.replace("two", "two [old]"), MORE.replace("two", "two [very old]"));
        let drawn = drawn(&a, &b);
        assert!(drawn[0].contains("of the two ⟨[⟩⟨{+very +}⟩⟨old]⟩ ferries"), "{drawn:?}");
    }

    #[test]
    fn cross_heads_and_captions_are_named() {
        let agency = format!("{LEAD}\n{MORE}\n{LEAD}");
        let copy = format!(
            "{LEAD}\n{MORE}\nCrane falls at Kvitnes\n{LEAD}\nJorun Example, NAP | The crane of Kvitnes"
        );
        let kinds = |from: &str, to: &str| -> Vec<Option<&str>> {
            paragraphs(from, to).paragraphs.into_iter().map(|paragraph| paragraph.apart).collect()
        };
        let expected = [None, None, Some("cross_head"), None, Some("caption")];
        assert_eq!(kinds(&agency, &copy), expected);
        assert_eq!(kinds(&copy, &agency), expected);
    }
}
