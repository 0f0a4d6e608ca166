//! HTML of a title or teaser to plain text on one line, and plain text to HTML.

use super::references::{escape_into, resolve};
use super::scan::{Scanner, Token};

/// Times that a title is unwrapped: publishers escape twice, seldom thrice.
const LAYERS_MAX: usize = 3;

/// `html` without markup, references resolved, white space as single spaces. Text that was escaped twice is unescaped
/// twice; a `<` or `&` that belongs to the text stays.
pub(super) fn plain(html: &str) -> String {
    let mut text = strip(html);
    for _ in 1..LAYERS_MAX {
        if !is_escaped(&text) {
            break;
        }
        text = strip(&text);
    }
    collapse(&text)
}

/// Plain text as HTML paragraphs.
pub(super) fn html_of_plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        out.push_str("<p>");
        escape_into(&mut out, line);
        out.push_str("</p>");
    }
    out
}

/// Words with single spaces between, without the marks that only steer layout.
pub(super) fn collapse(text: &str) -> String {
    let seen =
        |c: &char| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let before = out.len();
        if before > 0 {
            out.push(' ');
        }
        out.extend(word.chars().filter(seen));
        if out.len() == before + 1 && before > 0 {
            out.pop();
        }
    }
    out
}

/// True where a layer of escaping is left: markup, or a reference with its semicolon.
fn is_escaped(text: &str) -> bool {
    (text.contains('<')
        && Scanner::new(text).any(|token| match token {
            Token::Start(tag) => role(tag.name) != Role::Text,
            Token::End(name) => role(name) != Role::Text,
            _ => false,
        }))
        || (text.contains('&') && resolve(text) != text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// No element of HTML: text that looks like one.
    Text,
    Inline,
    Block,
    /// Its content is no text.
    Hidden,
}

fn role(name: &str) -> Role {
    match name.to_ascii_lowercase().as_str() {
        "a" | "abbr" | "b" | "bdi" | "bdo" | "big" | "cite" | "code" | "data" | "del" | "em"
        | "font" | "i" | "ins" | "kbd" | "label" | "mark" | "q" | "s" | "small" | "span"
        | "strike" | "strong" | "sub" | "sup" | "time" | "tt" | "u" | "var" | "wbr" => Role::Inline,
        "address" | "article" | "aside" | "audio" | "blockquote" | "body" | "br" | "button"
        | "caption" | "center" | "dd" | "div" | "dl" | "dt" | "embed" | "figcaption" | "figure"
        | "footer" | "form" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header" | "hr"
        | "html" | "img" | "input" | "li" | "link" | "main" | "meta" | "nav" | "object" | "ol"
        | "p" | "picture" | "pre" | "section" | "source" | "table" | "tbody" | "td" | "tfoot"
        | "th" | "thead" | "tr" | "ul" | "video" => Role::Block,
        "head" | "iframe" | "noscript" | "script" | "style" | "svg" | "template" | "textarea" => {
            Role::Hidden
        }
        _ => Role::Text,
    }
}

/// Takes off one layer: markup and references.
fn strip(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.to_owned();
    }
    let mut out = String::with_capacity(html.len());
    let mut hidden: Option<&str> = None;
    let mut scanner = Scanner::new(html);
    for token in scanner.by_ref() {
        match (hidden, token) {
            (Some(name), Token::End(end)) if end.eq_ignore_ascii_case(name) => hidden = None,
            (Some(_), _) => {}
            (None, Token::Text(text)) => out.push_str(&resolve(text)),
            (None, Token::Literal(text)) => out.push_str(text),
            (None, Token::Start(tag)) => match role(tag.name) {
                Role::Text => out.push_str(tag.source),
                Role::Inline => {}
                Role::Block => out.push(' '),
                Role::Hidden if tag.empty => {}
                Role::Hidden => hidden = Some(tag.name),
            },
            (None, Token::End(name)) => match role(name) {
                Role::Text => {
                    out.push_str("</");
                    out.push_str(name);
                    out.push('>');
                }
                Role::Block => out.push(' '),
                Role::Inline | Role::Hidden => {}
            },
        }
    }
    if let Some(at) = scanner.broken_at().filter(|_| hidden.is_none()) {
        let tail = &html[at..];
        let cut_tag = tail[1..].trim_start_matches('/');
        let name = cut_tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        // Teasers are cut in the middle of a tag; other text behind a `<` is text.
        if role(name) == Role::Text && !tail.starts_with("<!--") {
            out.push_str(&resolve(tail));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(plain(html), expected, "{html}");
    }

    #[test]
    fn markup_goes_and_words_stay_apart() {
        check("<p>One</p><p>two<br>three</p>", "One two three");
        check("a<b>b</b>c  \n d", "abc d");
        check("<img src='x.png' alt='a > b'>Text", "Text");
        check("x<script>if (a<b) c()</script>y<style>p{}</style>", "xy");
        check("<!-- note -->Flood", "Flood");
    }

    #[test]
    fn references_are_resolved_as_often_as_they_were_made() {
        check("Marks &amp; Spencer", "Marks & Spencer");
        check("Marks &amp;amp; Spencer", "Marks & Spencer");
        check("&lt;b&gt;Flood&lt;/b&gt; in Ostrel", "Flood in Ostrel");
        check("caf&eacute;&nbsp;noir", "café noir");
    }

    #[test]
    fn what_only_looks_like_markup_is_text() {
        check("5 < 6 & 7 > 2", "5 < 6 & 7 > 2");
        check("I <3 Ostrel", "I <3 Ostrel");
        check("a <not an element> b", "a <not an element> b");
        check("if x <y", "if x <y");
    }

    #[test]
    fn a_teaser_cut_inside_a_tag_loses_only_the_tag() {
        check("Water rose <a href=\"https://gaz", "Water rose");
    }

    #[test]
    fn layout_marks_and_controls_vanish() {
        check("Ost\u{ad}rel\u{200b} \u{7}flood\u{feff}", "Ostrel flood");
        check(" \u{200b} ", "");
    }

    #[test]
    fn plain_text_becomes_escaped_paragraphs() {
        assert_eq!(html_of_plain("a < b\n\nc & d\n"), "<p>a &lt; b</p><p>c &amp; d</p>");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn plain_text_is_one_line_without_outer_space(html in "[<>/a-cp &;#!\\-\n=\"]{0,120}") {
            let text = plain(&html);
            prop_assert_eq!(text.trim(), text.as_str());
            prop_assert!(!text.contains("  ") && !text.contains('\n'));
        }
    }
}
