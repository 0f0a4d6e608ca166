//! A page to the same page without the boxes that ask for consent. A box may weigh more than the brief it lies over, so engines
//! take it for the story; its class may say nothing, so its words are looked at.

use dom_query::{Document, NodeRef};

use super::phrases;
use super::render::{Block, one_line};

/// What lies over a page, by its markup or by the name of who sells such boxes.
const DIALOGS: &str = "dialog, [role='dialog'], [role='alertdialog'], [aria-modal='true'], amp-consent, amp-user-notification, \
    [id*='onetrust'], [id*='didomi'], [id*='usercentrics'], [id*='cookiebot' i], [id*='sp_message'], [class*='qc-cmp'], [class*='cookie-consent'], \
    [class*='cookieconsent' i], [class*='cookie-banner'], [id*='cookie-banner'], [class*='cookie-notice'], [id*='cookie-notice']";
/// Longest line that is looked at, in characters.
const LINE_CHARS_MAX: usize = 420;
/// Longest box, in characters: a wall with its list of partners is longer, and is told by other rules.
const BOX_CHARS_MAX: usize = 4_000;
/// Share of a box that its notices are, in percent.
const NOTICE_PERCENT_MIN: usize = 40;
/// Lines of notices that are followed up.
const LINES_MAX: usize = 16;

/// Whether any of the lines asks for consent.
pub(crate) fn is_among(lines: &[Block]) -> bool {
    lines.iter().any(|line| phrases::is_consent(&line.text, &[]))
}

/// Cuts them. A box with the headline in it stays, whatever it says.
pub(crate) fn cut(doc: &Document) {
    let named = doc.select(DIALOGS);
    named.nodes().iter().filter(|node| !holds_story(node)).for_each(NodeRef::remove_from_parent);
    for _ in 0..LINES_MAX {
        let lines = doc.select("p, li, span, div, h2, h3, h4, label");
        let asks = lines.nodes().iter().find(|node| {
            let line = one_line(&node.text());
            line.chars().count() <= LINE_CHARS_MAX
                && !holds_story(node)
                && phrases::is_consent(&line, &[])
        });
        let Some(line) = asks else { break };
        whole_box(*line).remove_from_parent();
    }
}

/// The largest box around a notice that is a notice for the most part.
fn whole_box(line: NodeRef<'_>) -> NodeRef<'_> {
    let chars = |node: &NodeRef<'_>| one_line(&node.text()).chars().count();
    let notice = chars(&line);
    let mut found = line;
    while let Some(parent) = found.parent() {
        let all = chars(&parent);
        let wraps = parent.has_name("body") || parent.has_name("html") || holds_story(&parent);
        if wraps || all > BOX_CHARS_MAX || notice * 100 < all * NOTICE_PERCENT_MIN {
            break;
        }
        found = parent;
    }
    found
}

fn holds_story(node: &NodeRef<'_>) -> bool {
    const STORY: &[&str] = &["h1", "article", "main"];
    let is_story = |node: &NodeRef<'_>| STORY.iter().any(|name| node.has_name(name));
    is_story(node) || node.descendants_it().any(|node| is_story(&node))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIEF: &str =
        "<main><h1>Harbour closed</h1><p>The harbour was closed on Monday.</p></main>";
    const ASKS: &str = "<h2>Your privacy</h2><p>We and our partners store and access information on a device, such as a number.</p>\
        <p>Your choices are kept for thirteen months.</p>";

    fn check(html: &str, expected: &str) {
        let doc = Document::from(format!("<body>{html}</body>"));
        cut(&doc);
        assert_eq!(one_line(&doc.select("body").text()), expected, "{html}");
    }

    #[test]
    fn boxes_that_ask_go_whatever_they_are_called() {
        let brief = "Harbour closedThe harbour was closed on Monday.";
        for opening in
            ["<div role='dialog'>", "<div id='onetrust-x'>", "<div>", "<section class='x7'><div>"]
        {
            let close = if opening.starts_with("<sec") { "</div></section>" } else { "</div>" };
            check(&format!("{opening}{ASKS}{close}{BRIEF}"), brief);
            check(&format!("<div>{BRIEF}{opening}{ASKS}{close}</div>"), brief);
        }
    }

    #[test]
    fn what_holds_the_headline_stays() {
        check("<div aria-modal='true'><h1>Crane falls</h1>Kept</div>", "Crane fallsKept");
        check(
            "<p>The site uses cookies to follow people, the court found, and fined the Herald.</p>",
            "The site uses cookies to follow people, the court found, and fined the Herald.",
        );
    }
}
