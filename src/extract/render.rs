//! Html of a body to its paragraphs in reading order.

use dom_query::{Document, NodeRef};

/// A paragraph, and what element it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// One line, white space collapsed; never empty.
    pub(crate) text: String,
    /// Its element.
    pub(crate) kind: BlockKind,
}

/// What a paragraph is in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// A paragraph of prose, or text in any other box.
    Paragraph,
    /// A headline or cross-head.
    Heading,
    /// An item of a list.
    Item,
}

/// The paragraphs of a piece of html.
pub(crate) fn paragraphs(html: &str) -> Vec<Block> {
    blocks(&Document::fragment(html).root())
}

/// The paragraphs under a node. Not recursive: the depth of the page costs no stack.
pub(crate) fn blocks(root: &NodeRef<'_>) -> Vec<Block> {
    let mut out = Writer::default();
    let mut steps: Vec<Step<'_>> = vec![Step::Enter(*root)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Leave { kind } => {
                out.close();
                out.kind = kind;
            }
            Step::Enter(node) => out.enter(node, &mut steps),
        }
    }
    out.close();
    out.blocks
}

enum Step<'a> {
    Enter(NodeRef<'a>),
    /// The end of a box; what follows belongs to the box around it.
    Leave {
        kind: BlockKind,
    },
}

struct Writer {
    blocks: Vec<Block>,
    line: String,
    kind: BlockKind,
}

impl Default for Writer {
    fn default() -> Self {
        Self { blocks: Vec::new(), line: String::new(), kind: BlockKind::Paragraph }
    }
}

impl Writer {
    fn enter<'a>(&mut self, node: NodeRef<'a>, steps: &mut Vec<Step<'a>>) {
        if node.is_text() {
            self.line.push_str(&node.text());
            return;
        }
        let Some(name) = node.node_name() else {
            steps.extend(node.children_it(true).map(Step::Enter));
            return;
        };
        match name.as_ref() {
            "br" | "hr" => self.close(),
            "script" | "style" | "noscript" | "template" | "svg" | "head" => {}
            name => {
                if is_box(name) {
                    self.close();
                    steps.push(Step::Leave { kind: self.kind });
                    self.kind = match name {
                        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => BlockKind::Heading,
                        "li" => BlockKind::Item,
                        _ => self.kind,
                    };
                } else if matches!(name, "td" | "th") {
                    self.line.push(' ');
                }
                steps.extend(node.children_it(true).map(Step::Enter));
            }
        }
    }

    /// Ends the paragraph, if it has any text.
    fn close(&mut self) {
        let text = one_line(&self.line);
        self.line.clear();
        if !text.is_empty() {
            self.blocks.push(Block { text, kind: self.kind });
        }
    }
}

/// White space collapsed; soft hyphens and zero-width marks are nothing.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(
            word.chars().filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{2060}')),
        );
    }
    out.trim().to_owned()
}

fn is_box(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "center"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "html"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tr"
            | "ul"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use BlockKind::{Heading, Item, Paragraph};

    fn check(html: &str, expected: &[(&str, BlockKind)]) {
        let got = paragraphs(html);
        let got: Vec<(&str, BlockKind)> = got.iter().map(|b| (b.text.as_str(), b.kind)).collect();
        assert_eq!(got, expected, "{html}");
    }

    #[test]
    fn boxes_part_paragraphs_and_inline_marks_do_not() {
        check(
            "<p>One <b>two</b>\n three.</p><p>Four</p>",
            &[("One two three.", Paragraph), ("Four", Paragraph)],
        );
        check(
            "<div>One<div>two</div>three</div>",
            &[("One", Paragraph), ("two", Paragraph), ("three", Paragraph)],
        );
        check(
            "<p>One<br>two<br/><br>three</p>",
            &[("One", Paragraph), ("two", Paragraph), ("three", Paragraph)],
        );
        check(
            "<h2>Head</h2>text<ul><li>a</li><li><p>b</p></li></ul>end",
            &[("Head", Heading), ("text", Paragraph), ("a", Item), ("b", Item), ("end", Paragraph)],
        );
        check("<table><tr><td>a</td><td>b</td></tr></table>", &[("a b", Paragraph)]);
        check("<script>x</script><p> </p>", &[]);
        check("so\u{ad}ft zero\u{200b}width", &[("soft zerowidth", Paragraph)]);
    }
}
