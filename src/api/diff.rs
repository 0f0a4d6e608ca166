//! Two texts to what changed between them: paragraphs first, then the words within changed paragraphs. Pure.

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use utoipa::ToSchema;

mod marks;

use marks::{Parts, set_apart};

/// Paragraphs of each text that are compared; real stories stay below a tenth of it.
pub const PARAGRAPHS_MAX: usize = 2_000;

/// Tokens of a paragraph that are compared word by word; a longer one is shown as replaced whole.
const TOKENS_MAX: usize = 4_000;

/// Paragraphs on either side of one changed run that are paired by likeness (the work is their product); else in order.
const PAIRED_MAX: usize = 64;

/// Share of common words from which two paragraphs count as one that was edited, not as one cut and one added.
const EDITED_MIN: f64 = 0.3;

/// What happened to a run of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// In both.
    Equal,
    /// Only in the second.
    Insert,
    /// Only in the first.
    Delete,
    /// In both, edited.
    Replace,
}

/// A run of words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Words {
    /// What happened to it: `equal`, `insert` or `delete`.
    pub op: Op,
    /// The very text, spaces included.
    pub text: String,
    /// `insertion` for words in square brackets: an editor's, and nobody else's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apart: Option<&'static str>,
}

/// A paragraph and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Paragraph {
    /// What happened to it.
    pub op: Op,
    /// The paragraph in the first text; null where it was inserted.
    pub from: Option<String>,
    /// The paragraph in the second text; null where it was deleted.
    pub to: Option<String>,
    /// For an edited paragraph and for one with an editor's insertion, its words in reading order; else empty.
    pub words: Vec<Words>,
    /// `cross_head`, `caption` or `insertion` for a paragraph that is not of the text itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apart: Option<&'static str>,
}

/// The paragraphs of both texts in reading order, and what happened to each. `cut` where a text had too many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The paragraphs.
    pub paragraphs: Vec<Paragraph>,
    /// True where paragraphs beyond [`PARAGRAPHS_MAX`] were left out.
    pub cut: bool,
}

/// Compares two bodies whose paragraphs are separated by `\n`.
pub fn paragraphs(from: &str, to: &str) -> Diff {
    let (old, old_cut) = split(from);
    let (new, new_cut) = split(to);
    let mut out = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                out.extend(old[old_index..old_index + len].iter().map(|text| same(text)));
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                out.extend(old[old_index..old_index + old_len].iter().map(|text| gone(text)));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                out.extend(new[new_index..new_index + new_len].iter().map(|text| come(text)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let old = &old[old_index..old_index + old_len];
                edited(old, &new[new_index..new_index + new_len], &mut out);
            }
        }
    }
    set_apart(&mut out, &Parts::of(from, &old), &Parts::of(to, &new));
    Diff { paragraphs: out, cut: old_cut || new_cut }
}

fn split(text: &str) -> (Vec<&str>, bool) {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let kept: Vec<&str> = lines.by_ref().take(PARAGRAPHS_MAX).collect();
    (kept, lines.next().is_some())
}

fn same(text: &str) -> Paragraph {
    let text = Some(text.to_owned());
    Paragraph { op: Op::Equal, from: text.clone(), to: text, words: Vec::new(), apart: None }
}

fn gone(text: &str) -> Paragraph {
    Paragraph {
        op: Op::Delete,
        from: Some(text.to_owned()),
        to: None,
        words: Vec::new(),
        apart: None,
    }
}

fn come(text: &str) -> Paragraph {
    let to = Some(text.to_owned());
    Paragraph { op: Op::Insert, from: None, to, words: Vec::new(), apart: None }
}

/// Pairs the paragraphs of one changed run and compares the words of each pair.
fn edited(old: &[&str], new: &[&str], out: &mut Vec<Paragraph>) {
    let mut left = (0, 0);
    for (i, j) in pairs(old, new).into_iter().chain([(old.len(), new.len())]) {
        out.extend(old[left.0..i].iter().map(|text| gone(text)));
        out.extend(new[left.1..j].iter().map(|text| come(text)));
        if i < old.len() && j < new.len() {
            out.push(Paragraph {
                op: Op::Replace,
                from: Some(old[i].to_owned()),
                to: Some(new[j].to_owned()),
                words: words(old[i], new[j]),
                apart: None,
            });
        }
        left = (i + 1, j + 1);
    }
}

/// Which old paragraph became which new one: the pairs, in order, whose likeness adds up to the most.
fn pairs(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    if old.len() > PAIRED_MAX || new.len() > PAIRED_MAX {
        return (0..old.len().min(new.len())).map(|i| (i, i)).collect();
    }
    let bags = |texts: &[&str]| -> Vec<Vec<String>> { texts.iter().map(|t| bag(t)).collect() };
    let (old, new) = (bags(old), bags(new));
    let width = new.len() + 1;
    let mut best = vec![0.0_f64; (old.len() + 1) * width];
    let likeness = |i: usize, j: usize| alike(&old[i], &new[j]);
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let skip = best[(i + 1) * width + j].max(best[i * width + j + 1]);
            let like = likeness(i, j);
            let take = if like >= EDITED_MIN { like + best[(i + 1) * width + j + 1] } else { 0.0 };
            best[i * width + j] = skip.max(take);
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        let here = best[i * width + j];
        if best[(i + 1) * width + j] >= here {
            i += 1;
        } else if best[i * width + j + 1] >= here {
            j += 1;
        } else {
            out.push((i, j));
            (i, j) = (i + 1, j + 1);
        }
    }
    out
}

/// The words of a paragraph, sorted, as often as they stand there.
fn bag(text: &str) -> Vec<String> {
    let mut bag: Vec<String> = tokens(text)
        .into_iter()
        .filter(|token| token.chars().any(char::is_alphanumeric))
        .map(str::to_lowercase)
        .collect();
    bag.sort_unstable();
    bag
}

/// Common words ÷ the longer one's words.
fn alike(a: &[String], b: &[String]) -> f64 {
    let (mut i, mut j, mut common) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                common += 1;
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    common as f64 / a.len().max(b.len()).max(1) as f64
}

/// Compares two paragraphs word by word. Runs of one kind are joined.
pub fn words(from: &str, to: &str) -> Vec<Words> {
    let (old, new) = (tokens(from), tokens(to));
    let mut out = Vec::new();
    if old.len() > TOKENS_MAX || new.len() > TOKENS_MAX {
        push(&mut out, Op::Delete, from);
        push(&mut out, Op::Insert, to);
        return out;
    }
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (before, after) = (&old[op.old_range()], &new[op.new_range()]);
        if matches!(op, DiffOp::Equal { .. }) {
            push(&mut out, Op::Equal, &after.concat());
        } else {
            push(&mut out, Op::Delete, &before.concat());
            push(&mut out, Op::Insert, &after.concat());
        }
    }
    bridged(&out)
}

fn push(out: &mut Vec<Words>, op: Op, text: &str) {
    if text.is_empty() {
        return;
    }
    match out.last_mut() {
        Some(last) if last.op == op => last.text.push_str(text),
        _ => out.push(Words { op, text: text.to_owned(), apart: None }),
    }
}

/// Compares two headlines: word by word where most stayed, else the one as replaced by the other.
pub fn headline(from: &str, to: &str) -> Vec<Words> {
    let runs = words(from, to);
    let length = |op: Option<Op>| -> usize {
        let taken = runs.iter().filter(|run| op.is_none_or(|op| run.op == op));
        taken.map(|run| run.text.chars().count()).sum()
    };
    if length(Some(Op::Equal)) * 2 >= length(None) - length(Some(Op::Equal)) {
        return runs;
    }
    let mut out = Vec::new();
    push(&mut out, Op::Delete, from);
    push(&mut out, Op::Insert, to);
    out
}

/// Spaces and marks between two changes are drawn into them, so that "two words" reads as one change and not as two.
fn bridged(runs: &[Words]) -> Vec<Words> {
    let mut out: Vec<Words> = Vec::with_capacity(runs.len());
    let (mut cut, mut put) = (String::new(), String::new());
    let flush = |out: &mut Vec<Words>, cut: &mut String, put: &mut String| {
        push(out, Op::Delete, &std::mem::take(cut));
        push(out, Op::Insert, &std::mem::take(put));
    };
    for (place, run) in runs.iter().enumerate() {
        match run.op {
            Op::Delete => cut.push_str(&run.text),
            Op::Insert | Op::Replace => put.push_str(&run.text),
            Op::Equal => {
                let both = !cut.is_empty() && !put.is_empty();
                let more = runs.get(place + 1).is_some();
                let filler = !run.text.chars().any(char::is_alphanumeric);
                if both && more && filler {
                    cut.push_str(&run.text);
                    put.push_str(&run.text);
                } else {
                    flush(&mut out, &mut cut, &mut put);
                    push(&mut out, Op::Equal, &run.text);
                }
            }
        }
    }
    flush(&mut out, &mut cut, &mut put);
    out
}

/// Words, spaces and marks. Scripts written without spaces give one token a character.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut before: Option<Shape> = None;
    for (at, c) in text.char_indices() {
        let shape = Shape::of(c);
        let joins = before == Some(shape) && shape != Shape::Alone;
        if !joins && at > start {
            out.push(&text[start..at]);
            start = at;
        }
        before = Some(shape);
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Word,
    Space,
    Alone,
}

impl Shape {
    fn of(c: char) -> Self {
        if c.is_whitespace() {
            return Self::Space;
        }
        let unspaced = matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
        // An apostrophe and combining marks belong to their word; a hyphen does not: "UPDATE 1-Dam breaks".
        let inner = matches!(c, '\'' | '’' | '\u{300}'..='\u{36f}');
        if !unspaced && (c.is_alphanumeric() || inner) { Self::Word } else { Self::Alone }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `=` equal, `+` insert, `-` delete, `~` edited; words of edited paragraphs as `[-cut-]` and `{+put+}`.
    fn drawn(from: &str, to: &str) -> String {
        let lines = paragraphs(from, to).paragraphs.into_iter().map(|paragraph| {
            let text = paragraph.to.clone().or(paragraph.from.clone()).unwrap();
            match paragraph.op {
                Op::Equal => format!("= {text}"),
                Op::Insert => format!("+ {text}"),
                Op::Delete => format!("- {text}"),
                Op::Replace => {
                    format!("~ {}", paragraph.words.iter().map(mark).collect::<String>())
                }
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn mark(words: &Words) -> String {
        match words.op {
            Op::Equal => words.text.clone(),
            Op::Insert => format!("{{+{}+}}", words.text),
            Op::Delete | Op::Replace => format!("[-{}-]", words.text),
        }
    }

    fn check(from: &str, to: &str, expected: &str) {
        assert_eq!(drawn(from, to), expected);
    }

    #[test]
    fn texts_that_are_alike_show_no_change() {
        check(
            "A dam broke.\nNobody was hurt.",
            "A dam broke.\n\n Nobody was hurt. ",
            "= A dam broke.\n= Nobody was hurt.",
        );
        check("", "", "");
    }

    #[test]
    fn a_changed_figure_is_marked_inside_its_paragraph() {
        check(
            "A dam broke near Orvale.\nAt least 12 people were hurt, officials said.",
            "A dam broke near Orvale.\nAt least 15 people were hurt, officials said.",
            "= A dam broke near Orvale.\n~ At least [-12-]{+15+} people were hurt, officials said.",
        );
    }

    #[test]
    fn neighbouring_changes_read_as_one() {
        check(
            "The mayor of Orvale said on Monday that work would begin.",
            "The mayor of Orvale told reporters today that work would begin.",
            "~ The mayor of Orvale [-said on Monday-]{+told reporters today+} that work would begin.",
        );
    }

    #[test]
    fn an_added_paragraph_is_no_edit_of_its_neighbour() {
        check(
            "First we heard a bang and then a wave.\nThe school is closed until further notice.",
            "First we heard a loud bang and then a wave.\nRain is forecast for the whole week.\nThe school is closed until Friday.",
            "~ First we heard a {+loud +}bang and then a wave.\n+ Rain is forecast for the whole week.\n~ The school is closed until [-further notice-]{+Friday+}.",
        );
    }

    #[test]
    fn a_headline_that_is_another_one_is_shown_as_replaced() {
        let marked = |from: &str, to: &str| headline(from, to).iter().map(mark).collect::<String>();
        assert_eq!(
            marked("Dam breaks above Orvale, 12 hurt", "Dam breaks above Orvale, 15 hurt"),
            "Dam breaks above Orvale, [-12-]{+15+} hurt"
        );
        assert_eq!(
            marked("Dam breaks above Orvale", "Mud wave reaches town of Orvale"),
            "[-Dam breaks above Orvale-]{+Mud wave reaches town of Orvale+}"
        );
    }

    #[test]
    fn scripts_without_spaces_are_compared_by_character() {
        check("市長は辞任した", "市長は昨日辞任した", "~ 市長は{+昨日+}辞任した");
    }

    #[test]
    fn too_many_paragraphs_are_cut_and_that_is_said() {
        let long = "x\n".repeat(PARAGRAPHS_MAX + 1);
        let diff = paragraphs(&long, &long);
        assert!(diff.cut);
        assert_eq!(diff.paragraphs.len(), PARAGRAPHS_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn both_texts_can_be_read_off_the_diff(
            old in prop::collection::vec("[ab ]{0,6}", 0..8),
            new in prop::collection::vec("[ab ]{0,6}", 0..8),
        ) {
            let (old, new) = (old.join("\n"), new.join("\n"));
            let diff = paragraphs(&old, &new).paragraphs;
            let from: Vec<&str> = diff.iter().filter_map(|p| p.from.as_deref()).collect();
            let to: Vec<&str> = diff.iter().filter_map(|p| p.to.as_deref()).collect();
            prop_assert_eq!(from, split(&old).0);
            prop_assert_eq!(to, split(&new).0);
            for paragraph in diff.iter().filter(|p| p.op == Op::Replace) {
                let side = |not: Op| -> String {
                    paragraph.words.iter().filter(|w| w.op != not).map(|w| w.text.as_str()).collect()
                };
                prop_assert_eq!(Some(side(Op::Insert)), paragraph.from.clone());
                prop_assert_eq!(Some(side(Op::Delete)), paragraph.to.clone());
            }
        }
    }
}
