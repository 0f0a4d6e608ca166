//! Text without a paragraph of its own, to one, where an engine would lose it: right under the headline it is taken for the
//! headline's; in a division with emphasised words in it, those alone are kept.

use dom_query::{Document, NodeRef};

use super::render::{is_box, one_line, weight};

/// Lighter text under a headline is a label: a kicker, a date, a count.
const TEXT_MIN: usize = 60;

/// Elements that the engine keeps out of a division that it drops.
const EMPHASIS: &[&str] = &["b", "code", "em", "i", "q", "strong", "sub", "sup", "u"];

/// Puts paragraphs around it.
pub(crate) fn wrap(doc: &Document) {
    under_headings(doc);
    in_divisions(doc);
}

/// Divisions that hold a line of prose, words of it emphasised, and nothing else.
fn in_divisions(doc: &Document) {
    let emphasis =
        |node: &NodeRef<'_>| node.node_name().is_some_and(|name| EMPHASIS.contains(&name.as_ref()));
    for division in doc.select("div, section").nodes() {
        if !division.children_it(false).any(|node| emphasis(&node)) {
            continue;
        }
        let pieces: Vec<NodeRef<'_>> = division.children_it(false).collect();
        let loose = pieces.iter().filter(|node| node.is_text());
        let loose: usize = loose.map(|node| weight(&one_line(&node.text()))).sum();
        if loose < TEXT_MIN || !pieces.iter().all(is_inline) {
            continue;
        }
        into_paragraph(doc, &pieces);
    }
}

fn under_headings(doc: &Document) {
    for heading in doc.select("h1").nodes() {
        let mut run: Vec<NodeRef<'_>> = Vec::new();
        let mut next = heading.next_sibling();
        while let Some(node) = next.filter(is_inline) {
            next = node.next_sibling();
            run.push(node);
        }
        let line: String = run.iter().map(|node| node.text().to_string()).collect();
        if weight(&one_line(&line)) < TEXT_MIN {
            continue;
        }
        into_paragraph(doc, &run);
    }
}

/// Puts a paragraph around neighbours.
fn into_paragraph(doc: &Document, run: &[NodeRef<'_>]) {
    let Some(first) = run.first() else { return };
    let paragraph = doc.tree.new_element("p");
    first.insert_before(&paragraph);
    for node in run {
        paragraph.append_child(node);
    }
}

/// A piece of a line: text, or an element that holds no box.
fn is_inline(node: &NodeRef<'_>) -> bool {
    let ends = |node: &NodeRef<'_>| {
        node.node_name()
            .is_some_and(|name| is_box(&name) || matches!(name.as_ref(), "br" | "hr" | "table"))
    };
    node.is_text()
        || node.is_element() && !ends(node) && !node.descendants_it().any(|inner| ends(&inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said.";

    fn check(body: &str, expected: &str) {
        let doc = Document::from(format!("<body>{body}</body>"));
        wrap(&doc);
        assert_eq!(doc.select("body").inner_html().as_ref(), expected);
    }

    #[test]
    fn a_line_without_a_box_gets_one_up_to_where_it_ends() {
        for end in ["<br>And so on", "<p>And so on</p>", "<div>x</div>", ""] {
            check(
                &format!("<h1>Crane falls</h1>{TEXT} <a>Read</a> on{end}"),
                &format!("<h1>Crane falls</h1><p>{TEXT} <a>Read</a> on</p>{end}"),
            );
        }
        let box_in = format!("<h1>Crane falls</h1>{TEXT}<span><div>x</div></span>");
        check(&box_in, &format!("<h1>Crane falls</h1><p>{TEXT}</p><span><div>x</div></span>"));
    }

    #[test]
    fn a_line_with_emphasis_in_a_division_gets_a_paragraph() {
        for (name, rest) in
            EMPHASIS.iter().zip(["", " <a>Read</a>", " <span>on</span>"].iter().cycle())
        {
            let line = format!("{TEXT} It weighs 40 <{name}>tonnes</{name}>, and more.{rest}");
            for division in ["div", "section"] {
                let around = |line: &str| format!("<{division}>{line}</{division}>");
                check(&around(&line), &around(&format!("<p>{line}</p>")));
            }
        }
    }

    #[test]
    fn divisions_of_boxes_links_or_labels_stay() {
        for body in [
            format!("<div>{TEXT} <b>On</b><p>And so on</p></div>"),
            format!("<div>{TEXT} <b>On</b><br>And so on</div>"),
            format!("<div>{TEXT}</div>"),
            format!("<div><b>More:</b> <a>{TEXT}</a></div>"),
            "<div>Our view: <b>good</b></div>".to_owned(),
        ] {
            check(&body, &body);
        }
    }

    #[test]
    fn labels_and_what_has_its_box_stay() {
        for body in [
            "<h1>Crane falls</h1>Monday<br>And so on",
            "<h1>Crane falls</h1><p>The harbour</p>",
            "<h2>Cranes</h2>Text under other headings, of lists and of offers, is taken for what it is, or left out.",
            "<h1>Crane falls</h1>",
        ] {
            check(body, body);
        }
    }
}
