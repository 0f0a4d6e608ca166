//! A page whose text lies only in its scripts or frames to that text: the longest piece of html that a script holds as a JSON
//! string, or that stands in an `<iframe srcdoc>`, a `<noscript>` or a `<template>`.
//!
//! Pages built in the browser carry their story so (`__NEXT_DATA__` and its like). It is asked last, for what a script holds
//! need not be what a reader sees.

use dom_query::Document;

use super::guard;
use super::prune;
use super::render::{self, Block};

/// Strings shorter than this hold no story, in bytes as written.
const STRING_BYTES_MIN: usize = 400;
/// Strings read of one page: the longest is among the first, or the page is none of ours.
const STRINGS_MAX: usize = 64;
/// Frames read of one page.
const FRAMES_MAX: usize = 8;
/// Paragraphs that make a story of a string.
const PARAGRAPHS_MIN: usize = 2;

/// The paragraphs of the longest html string in the page's scripts and frames; none where there is no such string.
pub(crate) fn blocks(html: &str) -> Vec<Block> {
    let mut best = (0, Vec::new());
    for script in scripts(html) {
        for text in strings(script).into_iter().take(STRINGS_MAX) {
            // State inside state: a script that pushes JSON as a string.
            let inner = strings(&text);
            inner.iter().chain(std::iter::once(&text)).for_each(|text| longer(text, &mut best));
        }
    }
    if html.contains("srcdoc") {
        for frame in Document::from(html).select("iframe[srcdoc]").iter().take(FRAMES_MAX) {
            let inner = frame.attr_or("srcdoc", "");
            // Escaped once too often: a frame of text is none.
            let again = (!inner.contains('<') && inner.contains("&lt;"))
                .then(|| Document::fragment(inner.as_ref()).text().to_string());
            longer(again.as_deref().unwrap_or(&inner), &mut best);
        }
    }
    // What a browser without scripts shows, and what one with scripts builds the page of (or shows at once: `shadowrootmode`).
    for (begins, ends) in [("<noscript", "</noscript"), ("<template", "</template")] {
        let hidden = between(html, begins, ends).filter(|text| text.len() >= STRING_BYTES_MIN);
        hidden.for_each(|text| longer(text, &mut best));
    }
    best.1
}

/// Keeps the blocks of `text` where they are more than the best yet.
fn longer(text: &str, best: &mut (usize, Vec<Block>)) {
    // What a string holds has not been measured yet.
    if !is_story(text) || guard::measure(text).is_err() {
        return;
    }
    let doc = Document::from(text);
    prune::prune(&doc);
    let mut found = render::blocks(&doc.root());
    // "$$AD$$", "{{ad}}": what a template puts in later.
    found.retain(|block| !(block.text.starts_with("$$") || block.text.starts_with("{{")));
    let chars = found.iter().map(|block| block.text.chars().count()).sum();
    if chars > best.0 {
        *best = (chars, found);
    }
}

/// What stands between `<script …>` and `</script>`, in order.
fn scripts(html: &str) -> impl Iterator<Item = &str> {
    between(html, "<script", "</script")
}

/// What stands between a tag that begins so and one that ends so.
fn between<'a>(
    html: &'a str,
    begins: &'static str,
    ends: &'static str,
) -> impl Iterator<Item = &'a str> {
    html.split(begins).skip(1).filter_map(move |rest| {
        let body = rest.split_once('>')?.1;
        Some(body.split(ends).next().unwrap_or(body))
    })
}

/// Long JSON strings that hold markup, unescaped.
fn strings(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let bytes = script.as_bytes();
    let mut at = 0;
    while let Some(open) = bytes[at..].iter().position(|&b| b == b'"').map(|skip| at + skip) {
        let mut end = open + 1;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        if end >= bytes.len() {
            break;
        }
        if end - open >= STRING_BYTES_MIN {
            let quoted = &script[open..=end];
            if let Ok(text) = serde_json::from_str::<String>(quoted) {
                found.push(text);
            }
        }
        at = end + 1;
    }
    found
}

/// Html of paragraphs and not a program.
fn is_story(text: &str) -> bool {
    text.matches("</p>").count() >= PARAGRAPHS_MIN && !text.trim_start().starts_with(['{', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "<p>The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement to the \
        press, and two ships had to wait outside until a tug came to help.</p><p>\\\"Nobody was hurt,\\\" the harbour master said, but \
        the crane had been checked in May, and he had seen nothing wrong with it then, or since then, or at any time before.</p>\
        <p>The coast guard sent a tug in the evening.</p>";

    fn lines(script: &str) -> Vec<String> {
        let html =
            format!("<html><body><div id='app'></div><script>{script}</script></body></html>");
        blocks(&html).into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn the_story_is_found_in_state_of_either_depth() {
        let escaped = STORY.replace('<', "\\u003c").replace('>', "\\u003e");
        let plain = format!("window.state = {{\"title\":\"x\",\"body\":\"{STORY}\"}};");
        let pushed = format!(
            "push([1,{}])",
            serde_json::to_string(&format!("{{\"body\":\"{escaped}\"}}")).unwrap()
        );
        for script in [plain, format!("{{\"body\":\"{escaped}\"}}"), pushed] {
            let found = lines(&script);
            assert_eq!(found.len(), 3, "{script}");
            assert!(found[1].starts_with("\"Nobody was hurt,\""), "{script}");
        }
    }

    #[test]
    fn programs_and_short_strings_are_no_story() {
        assert!(lines("var a = \"<p>Too short</p><p>to count</p>\";").is_empty());
        assert!(lines(&format!("var a = \"{}\";", "x".repeat(1_000))).is_empty());
        assert!(lines("var a = \"never ends <p>").is_empty());
    }

    #[test]
    fn a_frame_that_holds_its_page_is_read() {
        let escaped = STORY.replace("\\\"", "&quot;").replace('<', "&lt;");
        let twice = escaped.replace('&', "&amp;");
        for escaped in [escaped, twice] {
            let html = format!("<body><iframe srcdoc=\"{escaped}\"></iframe></body>");
            assert_eq!(blocks(&html).len(), 3);
        }
    }

    #[test]
    fn a_story_for_readers_without_scripts_is_read_and_a_notice_for_them_is_none() {
        let story = STORY.replace("\\\"", "\"");
        let html = format!(
            "<body><div id='app'></div><noscript>{story}<p>The crane stood still for a week.</p></noscript></body>"
        );
        assert_eq!(blocks(&html).len(), 4);
        let shadow = format!(
            "<body><x-story><template shadowrootmode=open><style>p {{}}</style>{story}</template></x-story></body>"
        );
        assert_eq!(blocks(&shadow).len(), 3);
        let notice =
            "<body><noscript><p>Please turn scripts on.</p><p>Nothing works.</p></noscript></body>";
        assert!(blocks(notice).is_empty());
    }

    #[test]
    fn a_string_out_of_bounds_is_not_parsed() {
        let deep = format!("{}{STORY}", "<div>".repeat(1_000));
        assert!(lines(&format!("var a = \"{deep}\";")).is_empty());
    }
}
