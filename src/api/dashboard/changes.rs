//! A diff's body to what the cluster page prints of it.

use std::collections::BTreeMap;

use crate::api::dashboard::page::{moment, named};
use crate::api::diff::{Op, Paragraph, Words};
use crate::api::view::DiffBody;
use crate::model::Timestamp;

/// Equal paragraphs shown on either side of a change; the rest is folded.
const CONTEXT: usize = 1;

/// A stretch of the diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// Equal paragraphs that are shown.
    Same(Vec<String>),
    /// Equal paragraphs that are folded away.
    Folded(Vec<String>),
    /// A paragraph only the second has, and what it is where it is not of the text.
    Added(Vec<Words>, &'static str),
    /// A paragraph only the first has, and the same.
    Cut(Vec<Words>, &'static str),
    /// A paragraph with edited words.
    Edited(Vec<Words>),
}

/// A diff as the cluster page shows it.
#[derive(Clone, Debug)]
pub(super) struct DiffPage {
    /// Source of the first; with its time where both are of one article.
    pub(super) from: String,
    /// Source of the second; the time alone where both are of one article.
    pub(super) to: String,
    /// The headline's words.
    pub(super) title: Vec<Words>,
    /// The bodies.
    pub(super) stretches: Vec<Stretch>,
    /// "2 paragraphs edited, 1 added".
    pub(super) told: String,
    /// True where paragraphs were left out.
    pub(super) cut: bool,
    /// Whose words each has, by name: "Herald: 8 NAP, 2 own". Empty where no agency's own item is at hand.
    pub(super) shares: Vec<String>,
}

impl DiffPage {
    /// The page of a body.
    pub(super) fn new(body: &DiffBody, names: &BTreeMap<String, String>, now: Timestamp) -> Self {
        let clock = |at: &str| moment(at, now).clock;
        let (from, to) = (named(names, &body.from.source), named(names, &body.to.source));
        let (from, to) = if body.from.article == body.to.article {
            (format!("{from}, {}", clock(&body.from.seen_at)), clock(&body.to.seen_at))
        } else {
            (from, to)
        };
        let shares = [(&from, &body.shares.from), (&to, &body.shares.to)]
            .into_iter()
            .filter_map(|(name, shares)| Some(format!("{name}: {}", shares.as_ref()?.in_words())))
            .collect();
        Self {
            shares,
            from,
            to,
            title: body.title.clone(),
            stretches: stretches(&body.paragraphs),
            told: told(&body.counts),
            cut: body.cut,
        }
    }
}

fn told(counts: &BTreeMap<String, usize>) -> String {
    let parts: Vec<String> = [("edited", "edited"), ("inserted", "added"), ("deleted", "cut")]
        .into_iter()
        .filter_map(|(key, word)| {
            let count = counts.get(key).copied().filter(|&count| count > 0)?;
            Some(format!("{count} {} {word}", if count == 1 { "paragraph" } else { "paragraphs" }))
        })
        .collect();
    if parts.is_empty() { "the bodies are the same".to_owned() } else { parts.join(", ") }
}

/// What a paragraph is that is not of the text, in words; empty where it is.
fn apart(paragraph: &Paragraph) -> &'static str {
    match paragraph.apart {
        Some("cross_head") => "cross-head",
        Some("insertion") => "editor’s note",
        Some(other) => other,
        None => "",
    }
}

/// The words of a paragraph that one text has.
fn runs(paragraph: &Paragraph) -> Vec<Words> {
    if !paragraph.words.is_empty() {
        return paragraph.words.clone();
    }
    let text = paragraph.to.clone().or_else(|| paragraph.from.clone()).unwrap_or_default();
    vec![Words { op: paragraph.op, text, apart: None }]
}

/// Joins equal paragraphs; a long run keeps its ends where a change is near and folds the middle.
fn stretches(paragraphs: &[Paragraph]) -> Vec<Stretch> {
    let mut out = Vec::new();
    let mut start = 0;
    while start < paragraphs.len() {
        let paragraph = &paragraphs[start];
        match paragraph.op {
            Op::Insert => out.push(Stretch::Added(runs(paragraph), apart(paragraph))),
            Op::Delete => out.push(Stretch::Cut(runs(paragraph), apart(paragraph))),
            Op::Replace => out.push(Stretch::Edited(paragraph.words.clone())),
            Op::Equal => {
                let run = paragraphs[start..].iter().take_while(|one| one.op == Op::Equal);
                let run: Vec<String> = run.map(|one| one.to.clone().unwrap_or_default()).collect();
                let (first, last) = (start == 0, start + run.len() == paragraphs.len());
                start += run.len();
                fold(run, first, last, &mut out);
                continue;
            }
        }
        start += 1;
    }
    out
}

fn fold(run: Vec<String>, first: bool, last: bool, out: &mut Vec<Stretch>) {
    let head = if first { 0 } else { CONTEXT };
    let tail = if last { 0 } else { CONTEXT };
    if run.len() < head + tail + 2 {
        out.push(Stretch::Same(run));
        return;
    }
    let end = run.len() - tail;
    for (kept, stretch) in [
        (&run[..head], Stretch::Same as fn(Vec<String>) -> Stretch),
        (&run[head..end], Stretch::Folded),
        (&run[end..], Stretch::Same),
    ] {
        if !kept.is_empty() {
            out.push(stretch(kept.to_vec()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::diff;

    #[test]
    fn long_equal_runs_are_folded_and_keep_their_ends() {
        let same = "One.\nTwo.\nThree.\nFour.\nFive.";
        let paragraphs = |to: &str| diff::paragraphs(same, to).paragraphs;
        let names = |to: &str| -> Vec<String> {
            stretches(&paragraphs(to))
                .iter()
                .map(|s| format!("{s:?}"))
                .map(|s| s.split('(').next().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(same), ["Folded"]);
        assert_eq!(names(&format!("{same}\nSomething new.")), ["Folded", "Same", "Added"]);
        assert_eq!(
            names(&format!("New.\n{same}\nNew.")),
            ["Added", "Same", "Folded", "Same", "Added"]
        );
    }

    #[test]
    fn what_changed_is_told_in_words() {
        let counts = |pairs: &[(&str, usize)]| {
            told(&pairs.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect())
        };
        assert_eq!(counts(&[("equal", 9)]), "the bodies are the same");
        assert_eq!(
            counts(&[("edited", 1), ("deleted", 2)]),
            "1 paragraph edited, 2 paragraphs cut"
        );
    }
}
