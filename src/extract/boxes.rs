//! A page to the short lines beside its text that may credit an agency: "AFP, KVITNES" in a box over it, "abc/Reuters" under it.
//!
//! Metadata of such pages names the site or nobody, and the engines take the line for furniture, which it is. Whether it is a
//! credit `wire` decides, by form; here it is only seen to that no picture, list or link is asked.

use dom_query::{Document, NodeRef};

use super::render::one_line;

/// Longest line of a box, in bytes.
const LINE_BYTES_MAX: usize = 80;
/// Lines of a page that are asked; a page of cards has more, and each is another story's.
const LINES_MAX: usize = 400;
/// How far up it is looked for a picture, a list of links or a link.
const ANCESTORS_MAX: usize = 6;

/// Where a line is no credit of the text, whatever it says.
const ELSEWHERE: &[&str] =
    &["figure", "figcaption", "picture", "aside", "nav", "footer", "button", "a", "table", "form"];
/// The same by class or id.
const PICTURED: &[&str] = &[
    "caption",
    "photo",
    "image",
    "img",
    "picture",
    "gallery",
    "media",
    "video",
    "slide",
    "related",
    "teaser",
    "card",
    "copyright",
    "bild",
    "foto",
    "lightbox",
    "comment",
    "recommend",
    "footer",
];

/// The lines, in page order, from the headline on.
pub(crate) fn lines(doc: &Document) -> Vec<String> {
    let found = doc.select("h1, p, div, span, li, em, i, b, strong, small, address, cite");
    let mut below = !found.iter().any(|one| one.is("h1"));
    let mut lines: Vec<String> = Vec::new();
    for node in found.nodes() {
        if node.has_name("h1") {
            below = true;
            continue;
        }
        if !below || node.first_element_child().is_some() {
            continue;
        }
        let text = node.text();
        // An agency has a capital or an abbreviation; a line without a comma or a slash is a byline, which is read elsewhere.
        let bare = text.trim();
        if bare.len() < 4 || bare.len() > LINE_BYTES_MAX || !bare.contains(['/', ',']) {
            continue;
        }
        if is_elsewhere(node) {
            continue;
        }
        let line = one_line(bare);
        if !lines.contains(&line) {
            lines.push(line);
        }
        if lines.len() > LINES_MAX {
            return Vec::new();
        }
    }
    lines
}

fn is_elsewhere(node: &NodeRef<'_>) -> bool {
    let named = |node: &NodeRef<'_>| {
        ELSEWHERE.iter().any(|name| node.has_name(name))
            || ["class", "id"].iter().filter_map(|key| node.attr(key)).any(|value| {
                let value = value.to_lowercase();
                PICTURED.iter().any(|word| value.contains(word))
            })
    };
    named(node)
        || node.ancestors_it(Some(ANCESTORS_MAX)).any(|above| !is_page(&above) && named(&above))
}

/// The page as a whole may be called anything.
fn is_page(node: &NodeRef<'_>) -> bool {
    ["html", "body", "main", "article"].iter().any(|name| node.has_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &[&str]) {
        let doc = Document::from(format!("<body><h1>Crane falls</h1>{body}</body>"));
        assert_eq!(lines(&doc), expected, "{body}");
    }

    #[test]
    fn lines_of_boxes_are_found_and_those_of_pictures_lists_and_links_are_not() {
        check(
            "<ul class='boxTitle'><li><div class='name'>NAP, KVITNES</div></li></ul>",
            &["NAP, KVITNES"],
        );
        check("<section><div><div class='mt-8'>abc/NAP</div></div></section>", &["abc/NAP"]);
        check("<figure><span>Jorun Example/NAP</span></figure>", &[]);
        check("<div class='article-image'><p>NAP, KVITNES</p></div>", &[]);
        check("<a href='/x'><span>NAP, KVITNES</span></a>", &[]);
        check("<div>Nobody was hurt</div><div><p>By the way, <b>no</b></p></div>", &[]);
        check("<p>abc/NAP</p><p>abc/NAP</p>", &["abc/NAP"]);
        let doc = Document::from("<p>abc/NAP</p><h1>Crane falls</h1>");
        assert_eq!(lines(&doc), [""; 0]);
    }
}
