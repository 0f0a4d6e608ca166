//! The names a story is signed with on the page itself, where its metadata name nobody but the site: between the headline and
//! the first paragraph, or behind the word for an author.

use dom_query::{Document, NodeRef};

use super::authors::{is_person, split};
use super::phrases;
use super::render::{one_line, weight};

/// A paragraph from this weight on is the story's: what stands below it signs nothing.
const PROSE_MIN: usize = 120;
/// Longest line that signs, in characters.
const LINE_CHARS_MAX: usize = 100;
/// Elements looked at behind the headline.
const STEPS_MAX: usize = 4_000;
/// Parts of an address at which a site keeps its authors.
const AUTHOR_PATHS: &[&str] = &[
    "author",
    "authors",
    "autor",
    "autoren",
    "autorin",
    "autores",
    "auteur",
    "auteurs",
    "autore",
    "autori",
    "redacteur",
    "journalist",
    "journalists",
    "journaliste",
    "forfatter",
    "byline",
    "skribent",
    "yazar",
];
/// Words before a name.
const LABELS: &[&str] = &[
    "author",
    "authors",
    "autor",
    "autorin",
    "autorin/autor",
    "autor/in",
    "auteur",
    "auteurs",
    "autore",
    "autora",
    "auteur(s)",
    "written by",
    "text von",
    "geschrieben von",
    "forfatter",
    "författare",
    "автор",
    "yazar",
];

/// The people who signed it: linked to their pages, after "By", alone in their line; else behind a label anywhere.
pub(crate) fn signed(doc: &Document) -> Vec<String> {
    let mut linked = Vec::new();
    let mut labelled = Vec::new();
    let mut alone = Vec::new();
    for node in under_headline(doc) {
        let line = one_line(&node.text());
        if line.is_empty() || line.chars().count() > LINE_CHARS_MAX {
            continue;
        }
        if node.has_name("a") && names_author(&node) {
            linked.extend(people(&line));
        } else if phrases::is_byline_label(&line) {
            labelled.extend(people(&line));
        } else if node.has_name("p") && is_person(&line) {
            alone.push(line);
        }
    }
    let mut found =
        [linked, labelled, alone].into_iter().find(|names| !names.is_empty()).unwrap_or_default();
    if found.is_empty() {
        found = behind_label(doc);
    }
    let mut names: Vec<String> = Vec::new();
    for name in found {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Elements between the first `h1` and the first paragraph of prose, in page order; not beyond the article the `h1` stands in.
fn under_headline(doc: &Document) -> Vec<NodeRef<'_>> {
    const NAMED: &[&str] = &["a", "p", "div", "span", "li", "address"];
    let headline = doc.select_single("h1");
    let Some(headline) = headline.nodes().first().copied() else { return Vec::new() };
    let is_article = |node: &NodeRef<'_>| node.has_name("article") || node.has_name("main");
    let article = headline.ancestors_it(None).find(is_article).or_else(|| doc.body());
    let elements =
        article.into_iter().flat_map(|article| article.descendants_it().collect::<Vec<_>>());
    elements
        .filter(NodeRef::is_element)
        .skip_while(|node| node.id != headline.id)
        .take(STEPS_MAX)
        .take_while(|node| !node.has_name("p") || weight(&one_line(&node.text())) < PROSE_MIN)
        .filter(|node| NAMED.iter().any(|name| node.has_name(name)))
        .collect()
}

fn names_author(link: &NodeRef<'_>) -> bool {
    link.attr("href").is_some_and(|href| {
        href.split(['/', '?', '#'])
            .any(|part| AUTHOR_PATHS.contains(&part.to_ascii_lowercase().as_str()))
    })
}

/// "Autor: Jorun Example", "Autorin/Autor Jorun Example", wherever it stands.
fn behind_label(doc: &Document) -> Vec<String> {
    let places = doc.select("li, p, div, span, td, dd");
    let found = places.iter().take(STEPS_MAX * 4).find_map(|place| {
        let node = place.nodes().first()?;
        let opening = node.descendants_it().find(|n| n.is_text() && !n.text().trim().is_empty())?;
        let opening = opening.text().trim().to_lowercase();
        if !LABELS.iter().any(|label| opening.starts_with(label)) {
            return None;
        }
        let line = one_line(&node.text());
        let lower = line.to_lowercase();
        let label = LABELS
            .iter()
            .filter(|label| lower.starts_with(**label))
            .max_by_key(|label| label.len())?;
        let names = line.get(label.len()..)?.trim_start_matches([':', ' ']);
        let names = (line.chars().count() <= LINE_CHARS_MAX).then(|| people(names))?;
        (!names.is_empty()).then_some(names)
    });
    found.unwrap_or_default()
}

fn people(line: &str) -> Vec<String> {
    let line = line.to_owned();
    split(std::slice::from_ref(&line)).into_iter().filter(|name| is_person(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROSE: &str = "<p>The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement to \
        the press, and two ships had to wait outside until the evening, when a tug came to help.</p>";

    fn check(above: &str, below: &str, expected: &[&str]) {
        let doc = Document::from(format!(
            "<body><a href='/author/x'>Menu Entry</a><h1>Crane falls</h1>{above}{PROSE}{below}</body>"
        ));
        assert_eq!(signed(&doc), expected, "{above}");
    }

    #[test]
    fn names_under_the_headline_sign() {
        check(
            "<a href='/autoren/je'>Dr. Jorun Example</a><a href='/autoren/os'>Odd Sample</a>",
            "",
            &["Dr. Jorun Example", "Odd Sample"],
        );
        check(
            "<p>By Jorun Example and Odd Sample</p><p>Ivar Next</p>",
            "",
            &["Jorun Example", "Odd Sample"],
        );
        check("<p><strong>Jorun Example</strong></p>", "", &["Jorun Example"]);
        check("<a href='/world'>Big World</a><p>By now it was over</p>", "", &[]);
    }

    #[test]
    fn below_the_first_paragraph_only_a_label_signs() {
        check("", "<a href='/author/je'>Jorun Example</a><p>Odd Sample</p>", &[]);
        check("", "<li><strong>Autorin/Autor</strong> Jorun Example</li>", &["Jorun Example"]);
        check("", "<p>Author: Jorun Example</p>", &["Jorun Example"]);
        check("", "<p>Authors met in Kvitnes</p>", &[]);
    }
}
