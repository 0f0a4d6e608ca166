//! Html of a body to its paragraphs in reading order.

use dom_query::{Document, NodeRef};

use super::guard;

/// How many times too often a text may be escaped.
const ESCAPES_MAX: usize = 3;

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

/// The paragraphs of a piece of html; none where it breaks a bound of the guard, for it may come out of a page's metadata.
pub(crate) fn paragraphs(html: &str) -> Vec<Block> {
    if guard::measure(html).is_err() {
        return Vec::new();
    }
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
    if out.blocks.iter().any(|block| block.text.contains('&') || block.text.contains("</")) {
        return out.blocks.into_iter().flat_map(unescaped).collect();
    }
    out.blocks
}

/// A paragraph that was escaped once too often ("&amp;quot;"), or that is markup written as text, as what was meant.
fn unescaped(block: Block) -> Vec<Block> {
    const ENTITIES: &[&str] = &[
        "&quot;", "&amp;", "&apos;", "&nbsp;", "&#", "&rsquo;", "&lsquo;", "&rdquo;", "&ldquo;",
        "&ndash;", "&mdash;", "&hellip;",
    ];
    const MARKS: &[&str] =
        &["</p>", "</a>", "</strong>", "</em>", "</b>", "</i>", "</div>", "</span>"];
    let kind = block.kind;
    if MARKS.iter().any(|mark| block.text.contains(mark)) {
        let lines = plain_lines(&block.text);
        return lines.into_iter().map(|text| Block { text, kind }).collect();
    }
    if !ENTITIES.iter().any(|entity| block.text.contains(entity)) {
        return vec![block];
    }
    let mut text = block.text;
    for _ in 0..ESCAPES_MAX {
        if !ENTITIES.iter().any(|entity| text.contains(entity)) {
            break;
        }
        // What would become a mark of markup stays as it is.
        let kept =
            text.replace("&lt;", "&amp;lt;").replace("&gt;", "&amp;gt;").replace('<', "&lt;");
        text = one_line(&Document::fragment(kept).text());
    }
    if text.is_empty() { Vec::new() } else { vec![Block { text, kind }] }
}

/// The text of markup, by its boxes; markup in it is not looked for again.
fn plain_lines(html: &str) -> Vec<String> {
    if guard::measure(html).is_err() {
        return Vec::new();
    }
    let doc = Document::fragment(html);
    let parted = ["p", "div", "br", "li"];
    let mut lines = vec![String::new()];
    for node in doc.root().descendants_it() {
        if parted.iter().any(|name| node.has_name(name)) {
            lines.push(String::new());
        } else if let Some(line) = lines.last_mut().filter(|_| node.is_text()) {
            line.push_str(&node.text());
        }
    }
    lines.iter().map(|line| one_line(line)).filter(|line| !line.is_empty()).collect()
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

/// White space collapsed; soft hyphens, zero-width marks and controls are nothing, and neither are overrides of direction: they show
/// other words than there are.
pub(crate) fn one_line(text: &str) -> String {
    let turned = text.contains(['\u{202d}', '\u{202e}']);
    let is_nothing = |c: char| match c {
        '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{2060}' => true,
        // With the marks that end them, and so all that may be ended by these.
        '\u{202a}'..='\u{202e}' => turned,
        c => c.is_control(),
    };
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let before = out.len();
        if before > 0 {
            out.push(' ');
        }
        let begin = out.len();
        out.extend(word.chars().map(meant).filter(|&c| !is_nothing(c)));
        if out.len() == begin {
            out.truncate(before);
        }
    }
    out
}

/// The letter of windows-1252 that a control of its number stands for: a page that was turned into UTF-8 as Latin-1.
fn meant(c: char) -> char {
    const MEANT: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match c {
        '\u{80}'..='\u{9f}' => MEANT[c as usize - 0x80],
        c => c,
    }
}

/// Length of a text as if it were written in letters: a character of Han, kana or hangul says as much as two to three of them.
pub(crate) fn weight(text: &str) -> usize {
    text.chars().map(|c| if is_dense(c) { 5 } else { 2 }).sum::<usize>() / 2
}

/// Han, kana and hangul: written without spaces, or nearly so.
pub(crate) fn is_dense(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// True of elements that begin a line of their own.
pub(crate) fn is_box(name: &str) -> bool {
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
    fn directions_are_kept_and_overrides_of_direction_are_nothing() {
        for kept in
            ["x \u{202b}שלום\u{202c} y", "x \u{2067}שלום\u{2069} y\u{200f}", "کار می\u{200c}رود"]
        {
            assert_eq!(one_line(kept), kept);
        }
        assert_eq!(one_line("to \u{202e}yap\u{202c} 10"), "to yap 10");
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
        check(
            "<p>He said &amp;quot;no&amp;quot; &amp;amp; left</p>",
            &[("He said \"no\" & left", Paragraph)],
        );
        check(
            "<p>3 &lt; 4 &amp;amp; so on, a &amp;lt;b&amp;gt;</p>",
            &[("3 < 4 & so on, a &lt;b&gt;", Paragraph)],
        );
        check(
            "<div>&lt;p&gt;One &lt;b&gt;two&lt;/b&gt;&lt;/p&gt;&lt;p&gt;Three&lt;/p&gt;</div>",
            &[("One two", Paragraph), ("Three", Paragraph)],
        );
        check("so\u{ad}ft zero\u{200b}width", &[("soft zerowidth", Paragraph)]);
        check("be\u{7}ll \u{1b} es\u{8d}cape", &[("bell escape", Paragraph)]);
        check("town\u{92}s quay \u{96} closed", &[("town’s quay – closed", Paragraph)]);
        check(
            "<p>a &amp;amp;amp;nbsp;b&amp;amp;nbsp;c &amp;amp;quot;d&amp;amp;quot;</p>",
            &[("a b c \"d\"", Paragraph)],
        );
    }
}
