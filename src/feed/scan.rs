//! XML text, however broken, to tokens: text, literal text, start tags and end tags.
//!
//! Never fails and never looks at a byte more than a bounded number of times. Comments, processing instructions and
//! document types (with every entity they declare) yield nothing.

/// Longest tag. A quote that never closes would otherwise swallow the rest of the feed.
const TAG_BYTES_MAX: usize = 64 << 10;

/// Most `<` in the attribute values of one tag (XML forbids them, HTML does not). It keeps the walk linear: each tag
/// that turns out to be none has looked past at most so many others.
const LESS_IN_VALUES_MAX: usize = 8;

/// One piece of markup or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text whose references are still to be resolved.
    Text(&'a str),
    /// Text without references: a CDATA section, or a `<` that opens nothing.
    Literal(&'a str),
    /// A start tag.
    Start(Tag<'a>),
    /// An end tag's name.
    End(&'a str),
}

/// A start tag as it stands in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// The whole tag, from `<` to `>`.
    pub(super) source: &'a str,
    /// Its name with prefix.
    pub(super) name: &'a str,
    /// What stands between the name and the end.
    pub(super) rest: &'a str,
    /// True for `<a/>`.
    pub(super) empty: bool,
}

/// Walks over a document.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    broken_at: Option<usize>,
    /// A document has one type; its subset is looked for once, so that made-up ones cost no second look.
    typed: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, broken_at: None, typed: false }
    }

    /// Bytes read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Where markup began that the document never ends.
    pub(super) fn broken_at(&self) -> Option<usize> {
        self.broken_at
    }

    /// Goes behind the next `end`, and gives what stood before it.
    fn until(&mut self, opening: usize, end: &str) -> Option<&'a str> {
        let from = self.at + opening;
        if let Some(length) = self.text[from..].find(end) {
            self.at = from + length + end.len();
            Some(&self.text[from..from + length])
        } else {
            self.broken_at = Some(self.at);
            self.at = self.text.len();
            None
        }
    }

    /// Skips `<!DOCTYPE …>` with its internal subset, and any other `<!…>`.
    fn declaration(&mut self) {
        let rest = &self.text[self.at..];
        let close = rest.find('>').unwrap_or(rest.len());
        let subset = !self.typed && rest[..close].contains('[');
        self.typed = true;
        match Some(rest).filter(|_| subset).and_then(subset_end) {
            Some(length) => self.at += length,
            None if close < rest.len() => self.at += close + 1,
            None => {
                self.broken_at = Some(self.at);
                self.at = self.text.len();
            }
        }
    }

    /// The token that begins with the `<` at `self.at`; `None` where it yields nothing.
    fn markup(&mut self) -> Option<Token<'a>> {
        let rest = &self.text[self.at..];
        if rest.starts_with("<!--") {
            self.until(4, "-->");
            return None;
        }
        if rest.starts_with("<![CDATA[") {
            return self.until(9, "]]>").map(Token::Literal);
        }
        match rest.as_bytes().get(1) {
            Some(b'!') => {
                self.declaration();
                None
            }
            Some(b'?') => {
                self.until(2, ">");
                None
            }
            Some(b'/') => self.until(2, ">").map(|name| Token::End(name.trim())),
            Some(&first) if is_name_start(first) => self.tag(),
            _ => Some(self.stray()),
        }
    }

    fn stray(&mut self) -> Token<'a> {
        let token = Token::Literal(&self.text[self.at..=self.at]);
        self.at += 1;
        token
    }

    fn tag(&mut self) -> Option<Token<'a>> {
        let rest = &self.text[self.at..];
        match tag_end(rest.as_bytes()) {
            End::At(end) => {
                self.at += end + 1;
                let inner = &rest[1..end];
                let (inner, empty) =
                    inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
                let name_length = inner
                    .find(|c: char| c.is_ascii_whitespace() || c == '/')
                    .unwrap_or(inner.len());
                let (name, attributes) = inner.split_at(name_length);
                Some(Token::Start(Tag { source: &rest[..=end], name, rest: attributes, empty }))
            }
            End::Stray => Some(self.stray()),
            End::Missing => {
                self.broken_at = Some(self.at);
                self.at = self.text.len();
                None
            }
        }
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let length = rest.find('<').unwrap_or(rest.len());
            if length > 0 {
                self.at += length;
                return Some(Token::Text(&rest[..length]));
            }
            if let Some(token) = self.markup() {
                return Some(token);
            }
        }
        None
    }
}

/// Length of a document type with an internal subset: behind `]`, white space, `>`.
fn subset_end(rest: &str) -> Option<usize> {
    rest.match_indices(']').find_map(|(at, _)| {
        let behind = &rest[at + 1..];
        let tail = behind.trim_start();
        tail.starts_with('>').then(|| at + 1 + (behind.len() - tail.len()) + 1)
    })
}

enum End {
    At(usize),
    Stray,
    Missing,
}

/// Where the tag that begins `bytes` ends. A `<` outside quotes says that it is no tag, and so do many inside.
fn tag_end(bytes: &[u8]) -> End {
    let mut quote = None;
    let mut less = 0;
    let mut after_equals = false;
    for (at, &byte) in bytes.iter().enumerate().skip(1).take(TAG_BYTES_MAX) {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), b'<') if less == LESS_IN_VALUES_MAX => return End::Stray,
            (Some(_), _) => less += usize::from(byte == b'<'),
            (None, b'"' | b'\'') if after_equals => quote = Some(byte),
            (None, b'>') => return End::At(at),
            (None, b'<') => return End::Stray,
            (None, _) => {}
        }
        if !byte.is_ascii_whitespace() {
            after_equals = byte == b'=';
        }
    }
    if bytes.len() > TAG_BYTES_MAX { End::Stray } else { End::Missing }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Names and raw values of a tag's attributes. Values may be unquoted or missing.
pub(super) fn attributes(rest: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = rest;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/' || c == '=');
        if rest.is_empty() {
            return found;
        }
        let length = rest.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(length);
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            found.push((name, ""));
            rest = behind;
            continue;
        };
        let value = value.trim_start();
        let (value, behind) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => {
                value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()))
            }
        };
        found.push((name, value));
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tokens in short form: `t:` text, `l:` literal, `<` start, `>` end.
    fn check(text: &str, expected: &[&str]) {
        let got: Vec<String> = Scanner::new(text)
            .map(|token| match token {
                Token::Text(text) => format!("t:{text}"),
                Token::Literal(text) => format!("l:{text}"),
                Token::Start(tag) if tag.empty => format!("<{}/", tag.name),
                Token::Start(tag) => format!("<{}", tag.name),
                Token::End(name) => format!(">{name}"),
            })
            .collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn tags_text_and_literals_come_in_order() {
        check("<a b='1>2'>x &amp; y</a >", &["<a", "t:x &amp; y", ">a"]);
        check("<a/><b:c d=\"/\" />", &["<a/", "<b:c/"]);
        check("<a><![CDATA[<b>&x]]></a>", &["<a", "l:<b>&x", ">a"]);
    }

    #[test]
    fn what_opens_no_tag_is_text() {
        check("1 < 2", &["t:1 ", "l:<", "t: 2"]);
        check("a <b and <c>", &["t:a ", "l:<", "t:b and ", "<c"]);
        check("<3", &["l:<", "t:3"]);
    }

    #[test]
    fn comments_instructions_and_document_types_yield_nothing() {
        check("<?xml version='1.0'?><!-- <a> --><a>", &["<a"]);
        check("<!DOCTYPE html><a>", &["<a"]);
        check("<!DOCTYPE r [<!ENTITY x 'y'> <!ENTITY z \"]\">\n] ><a>", &["<a"]);
    }

    #[test]
    fn markup_without_an_end_is_reported_with_its_place() {
        for (text, place) in
            [("<a>t<b c='", 4), ("<a><![CDATA[x", 3), ("x<!-- y", 1), ("<a></a", 3), ("<?xml", 0)]
        {
            let mut scanner = Scanner::new(text);
            while scanner.next().is_some() {}
            assert_eq!(scanner.broken_at(), Some(place), "{text}");
        }
    }

    #[test]
    fn an_unclosed_quote_swallows_no_more_than_a_tag_may_hold() {
        let text = format!("<a b=\"{}<c>", "x".repeat(TAG_BYTES_MAX));
        assert_eq!(Scanner::new(&text).next(), Some(Token::Literal("<")));
    }

    #[test]
    fn quotes_that_never_fit_cost_no_second_walk() {
        // Took minutes when a value could hold any number of `<`.
        let text = "<a b='c\" d=\"".repeat(100_000);
        assert_eq!(Scanner::new(&text).filter(|token| matches!(token, Token::Start(_))).count(), 0);
    }

    #[test]
    fn attributes_read_every_quoting() {
        assert_eq!(
            attributes(" a=\"1\" b = '2 3' c=4 d e=\"\""),
            [("a", "1"), ("b", "2 3"), ("c", "4"), ("d", ""), ("e", "")]
        );
        assert_eq!(attributes(" a=\"open"), [("a", "open")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_walked_to_its_end(text in "[<>/!?\\[\\]\"'= a-c&;-]{0,200}") {
            let mut scanner = Scanner::new(&text);
            for token in scanner.by_ref() {
                if let Token::Start(tag) = token {
                    attributes(tag.rest);
                }
            }
            prop_assert_eq!(scanner.at(), text.len());
        }
    }
}
