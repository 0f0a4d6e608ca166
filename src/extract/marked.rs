//! A pruned page to the text that its microdata mark as the body of the article.

use dom_query::{Document, NodeId, NodeRef};

use super::render::{self, Block};

/// Elements that are looked at: a body may be marked in parts, paragraph by paragraph.
const PARTS_MAX: usize = 512;

/// The lines of the first article that has any; of parts within parts the outer ones count.
pub(crate) fn marked(doc: &Document) -> Vec<Block> {
    let mut article = None;
    let mut lines = Vec::new();
    for node in doc.select("[itemprop~='articleBody']").nodes().iter().take(PARTS_MAX) {
        let of = scope(node);
        if article.is_some_and(|article| article != of) || node.ancestors_it(None).any(is_body) {
            continue;
        }
        let part = render::blocks(node);
        if !part.is_empty() {
            article = Some(of);
            lines.extend(part);
        }
    }
    lines
}

/// The article that an element is a part of.
fn scope(node: &NodeRef<'_>) -> Option<NodeId> {
    node.ancestors_it(None).find(|around| around.has_attr("itemscope")).map(|around| around.id)
}

fn is_body(node: NodeRef<'_>) -> bool {
    let said = node.attr("itemprop");
    said.is_some_and(|said| said.split_whitespace().any(|name| name == "articleBody"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &[&str]) {
        let lines = marked(&Document::from(html));
        let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, expected, "{html}");
    }

    #[test]
    fn the_body_is_what_is_marked_whole_or_in_parts() {
        check("<p>Above</p><div itemprop='text articleBody'><p>One</p>Two</div>", &["One", "Two"]);
        check(
            "<p itemprop=articleBody>One</p><p>Buy</p><p itemprop=articleBody>Two</p>",
            &["One", "Two"],
        );
        check(
            "<div itemprop=articleBody><p itemprop=articleBody>One</p></div><p>Below</p>",
            &["One"],
        );
        check("<div itemprop=description>One</div>", &[]);
    }

    #[test]
    fn another_articles_body_is_none_of_it() {
        let article = |text: &str| {
            format!("<article itemscope><div itemprop=articleBody>{text}</div></article>")
        };
        check(&[article(""), article("One"), article("Two")].concat(), &["One"]);
    }
}
