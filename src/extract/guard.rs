//! Html bytes to "safe to parse" or the bound it breaks: one scan, before any engine sees the page.
//!
//! Every html engine is superlinear in depth, and some overflow the stack, which kills the whole process. The scan
//! counts an upper bound of the depth a tree builder would reach: elements whose end tag is optional (`<p>`, `<li>`,
//! `<td>` …) close each other and are not counted, formatting elements (`<b>`) outlive the block they were opened in.

use std::fmt;

/// Longest page, in bytes: twice the largest real one met (2.2 MB).
pub(crate) const BYTES_MAX: usize = 4 << 20;
/// Deepest nesting of tags whose end tag is not optional: four times the deepest real page.
pub(crate) const DEPTH_MAX: usize = 512;
/// Most attributes of one tag. An engine needs quadratic time for them.
pub(crate) const ATTRIBUTES_MAX: usize = 256;
/// Most tags, stray `<` included: ten times the fullest real page.
pub(crate) const TAGS_MAX: usize = 200_000;

/// What the scan counted of a page inside the bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Tags, comments and stray `<`.
    pub(crate) tags: usize,
    /// Deepest nesting.
    pub(crate) depth: usize,
}

/// The bound a page breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Over [`BYTES_MAX`].
    Bytes,
    /// Over [`DEPTH_MAX`].
    Depth,
    /// Over [`ATTRIBUTES_MAX`].
    Attributes,
    /// Over [`TAGS_MAX`].
    Tags,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "not read: more than {BYTES_MAX} bytes of html"),
            Self::Depth => write!(f, "not read: tags nested more than {DEPTH_MAX} deep"),
            Self::Attributes => {
                write!(f, "not read: a tag with more than {ATTRIBUTES_MAX} attributes")
            }
            Self::Tags => write!(f, "not read: more than {TAGS_MAX} tags"),
        }
    }
}

/// Scans a page. Linear in its bytes, times [`DEPTH_MAX`] at worst.
pub(crate) fn measure(html: &str) -> Result<Measured, Broken> {
    if html.len() > BYTES_MAX {
        return Err(Broken::Bytes);
    }
    let mut scan =
        Scan { bytes: html.as_bytes(), at: 0, open: Open::default(), seen: Measured::default() };
    while let Some(skip) = scan.bytes[scan.at..].iter().position(|&b| b == b'<') {
        scan.at += skip + 1;
        scan.seen.tags += 1;
        if scan.seen.tags > TAGS_MAX {
            return Err(Broken::Tags);
        }
        scan.markup()?;
        let depth = scan.open.depth();
        if depth > DEPTH_MAX {
            return Err(Broken::Depth);
        }
        scan.seen.depth = scan.seen.depth.max(depth);
    }
    Ok(scan.seen)
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Open,
    seen: Measured,
}

impl Scan<'_> {
    /// What stands behind a `<`.
    fn markup(&mut self) -> Result<(), Broken> {
        match self.bytes.get(self.at) {
            Some(b'!') if self.bytes[self.at..].starts_with(b"!--") => self.comment(),
            Some(b'!' | b'?') => self.skip_past(b">"),
            Some(b'/') if self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_alphabetic) => {
                self.at += 1;
                let name = self.name();
                self.attributes()?;
                self.open.end(&name);
            }
            Some(b) if b.is_ascii_alphabetic() => {
                let name = self.name();
                let self_closing = self.attributes()?;
                if !self.open.start(&name, self_closing) {
                    return Ok(());
                }
                if RAW_TEXT.contains(&name.as_str()) {
                    self.raw_text(&name);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Past the comment's end; `<!-->` and `<!--->` end at once.
    fn comment(&mut self) {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"!-->") || rest.starts_with(b"!--->") {
            self.skip_past(b">");
        } else {
            let plain = find(rest, b"-->").map(|p| p + 3);
            let bang = find(&rest[..plain.unwrap_or(rest.len())], b"--!>").map(|p| p + 4);
            self.at += bang.or(plain).unwrap_or(rest.len());
        }
    }

    fn skip_past(&mut self, mark: &[u8]) {
        let rest = &self.bytes[self.at..];
        self.at += find(rest, mark).map_or(rest.len(), |p| p + mark.len());
    }

    /// The tag's name in lower case, cut at 32 bytes: no name we know is longer.
    fn name(&mut self) -> String {
        let rest = &self.bytes[self.at..];
        let len = rest
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
            .unwrap_or(rest.len());
        self.at += len;
        String::from_utf8_lossy(&rest[..len.min(32)]).to_ascii_lowercase()
    }

    /// Reads to the tag's end; true where it closes itself (`/>`).
    fn attributes(&mut self) -> Result<bool, Broken> {
        let mut count = 0;
        loop {
            let mut slash = false;
            while let Some(b) = self.bytes.get(self.at) {
                match b {
                    b'/' => slash = true,
                    b if b.is_ascii_whitespace() => slash = false,
                    _ => break,
                }
                self.at += 1;
            }
            match self.bytes.get(self.at) {
                None => return Ok(false),
                Some(b'>') => {
                    self.at += 1;
                    return Ok(slash);
                }
                Some(_) => count += 1,
            }
            if count > ATTRIBUTES_MAX {
                return Err(Broken::Attributes);
            }
            self.attribute();
        }
    }

    fn attribute(&mut self) {
        self.at += 1; // a leading `=` belongs to the name
        self.skip_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'>' | b'='));
        let name_end = self.at;
        self.skip_while(|b| b.is_ascii_whitespace());
        if self.bytes.get(self.at) != Some(&b'=') {
            self.at = name_end;
            return;
        }
        self.at += 1;
        self.skip_while(|b| b.is_ascii_whitespace());
        match self.bytes.get(self.at) {
            Some(&quote @ (b'"' | b'\'')) => {
                self.at += 1;
                self.skip_past(&[quote]);
            }
            _ => self.skip_while(|b| !b.is_ascii_whitespace() && b != b'>'),
        }
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|&b| !keep(b)).unwrap_or(rest.len());
    }

    /// Past `</name`, or to the end where it never comes.
    fn raw_text(&mut self, name: &str) {
        let rest = &self.bytes[self.at..];
        let mut from = 0;
        while let Some(p) = find(&rest[from..], b"</") {
            let after = from + p + 2;
            let end = after + name.len();
            let named =
                rest.get(after..end).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()));
            let ends =
                rest.get(end).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
            if named && ends {
                self.at += after - 2;
                return;
            }
            from = after;
        }
        self.at = self.bytes.len();
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(p) = haystack[from..].iter().position(|&b| b == first) {
        if haystack[from + p..].starts_with(needle) {
            return Some(from + p);
        }
        from += p + 1;
    }
    None
}

/// The open elements, as an upper bound of what a tree builder has open.
#[derive(Default)]
struct Open {
    stack: Vec<String>,
    /// Formatting elements whose block has closed: the tree builder opens them again in the next one.
    floating: Vec<String>,
    /// Open `svg` and `math`: in there every element counts, void ones and optional end tags too.
    foreign: usize,
}

impl Open {
    fn depth(&self) -> usize {
        self.stack.len() + self.floating.len()
    }

    /// Opens an element. False where what follows is not raw text: inside `svg`, `<style>` holds markup.
    fn start(&mut self, name: &str, self_closing: bool) -> bool {
        if self.foreign > 0 {
            if !self_closing {
                self.push(name);
            }
            return false;
        }
        if !VOID.contains(&name) && !END_OPTIONAL.contains(&name) && !RAW_TEXT.contains(&name) {
            let foreign_empty = self_closing && FOREIGN.contains(&name);
            if !foreign_empty {
                self.push(name);
            }
        }
        true
    }

    fn push(&mut self, name: &str) {
        self.foreign += usize::from(FOREIGN.contains(&name));
        self.stack.push(name.to_owned());
    }

    fn end(&mut self, name: &str) {
        if FORMATTING.contains(&name) {
            if let Some(at) = self.stack.iter().rposition(|open| open == name) {
                self.stack.remove(at);
            } else if let Some(at) = self.floating.iter().rposition(|open| open == name) {
                self.floating.remove(at);
            }
            return;
        }
        let special = SPECIAL.contains(&name);
        let heading = is_heading(name);
        for at in (0..self.stack.len()).rev() {
            let open = self.stack[at].as_str();
            if open == name || (heading && is_heading(open)) {
                self.close_from(at);
                return;
            }
            let wall = if special || FOREIGN.contains(&name) {
                SCOPE.contains(&open)
            } else {
                SPECIAL.contains(&open)
            };
            if wall {
                return;
            }
        }
    }

    fn close_from(&mut self, at: usize) {
        for open in self.stack.drain(at..) {
            self.foreign =
                self.foreign.saturating_sub(usize::from(FOREIGN.contains(&open.as_str())));
            if FORMATTING.contains(&open.as_str()) {
                // At most three alike are opened again ("Noah's Ark clause"); those with attributes are not told apart
                // here, so the bound is looser than the rule.
                self.floating.push(open);
            }
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

const RAW_TEXT: &[&str] =
    &["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

const FOREIGN: &[&str] = &["svg", "math"];

const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img",
    "input", "keygen", "link", "meta", "param", "source", "track", "wbr",
];

/// Their start tags close the one before them, so they cannot nest without a counted element between.
/// `a` is here because a second `<a>` closes the first.
const END_OPTIONAL: &[&str] = &[
    "a", "body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "option", "p", "tbody",
    "td", "tfoot", "th", "thead", "tr",
];

const FORMATTING: &[&str] =
    &["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Elements an unrelated end tag does not close ("special" in the html standard, § 13.2.4.2), less those never counted.
const SPECIAL: &[&str] = &[
    "address",
    "applet",
    "article",
    "aside",
    "blockquote",
    "button",
    "center",
    "details",
    "dir",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "listing",
    "main",
    "marquee",
    "menu",
    "nav",
    "noscript",
    "object",
    "ol",
    "plaintext",
    "pre",
    "search",
    "section",
    "select",
    "summary",
    "table",
    "template",
    "ul",
];

/// Elements no end tag from inside them reaches across (§ 13.2.4.2, "in scope").
const SCOPE: &[&str] = &["applet", "marquee", "object", "table", "template", "svg", "math"];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: Result<(usize, usize), Broken>) {
        let got = measure(html).map(|m| (m.tags, m.depth));
        assert_eq!(got, expected, "{}", &html[..html.len().min(80)]);
    }

    #[test]
    fn depth_counts_what_a_tree_builder_would_nest() {
        check("", Ok((0, 0)));
        check("plain text", Ok((0, 0)));
        check("<div><div></div></div>", Ok((4, 2)));
        check("<p><p><p><p>", Ok((4, 0)));
        check("<ul><li>a<li>b<li>c</ul>", Ok((5, 1)));
        check("<div><br><img><hr></div>", Ok((5, 1)));
        check("<div/><div/>", Ok((2, 2)));
        check("<svg/><svg/>", Ok((2, 0)));
        check("<svg><input><input><td></svg>", Ok((5, 4)));
        check("<svg><path/><path/></svg>", Ok((4, 1)));
        check("<h2>a</h3><h2>b</h2>", Ok((4, 1)));
    }

    #[test]
    fn end_tags_that_close_nothing_lower_no_depth() {
        check("<b></i><b></i><b></i>", Ok((6, 3)));
        check("<span><div></span><span><div></span>", Ok((6, 4)));
        check("<div></p><div></p>", Ok((4, 2)));
        check("<table><td><div></table></div>", Ok((5, 2)));
    }

    #[test]
    fn formatting_outlives_its_block() {
        check("<div><b id=1></div><div><b id=2></div>", Ok((6, 3)));
        check("<div><b></b></div><div><b></b></div>", Ok((8, 2)));
    }

    #[test]
    fn what_is_no_markup_is_skipped() {
        check("<script>if (a<b) '<div><div>'</script><div>", Ok((3, 1)));
        check("<style>a<b</style>", Ok((2, 0)));
        check("<!-- <div><div> --><div>", Ok((2, 1)));
        check("<!--><div>", Ok((2, 1)));
        check("<a title='<div>'>x</a>", Ok((2, 0)));
        check("<script>never ends <div>", Ok((1, 0)));
        check("<SCRIPT></Script ><div>", Ok((3, 1)));
        check("3 < 4 and 5 <6", Ok((2, 0)));
        check("<!doctype html><?xml?><div>", Ok((3, 1)));
        check("<textarea><div></textarea>", Ok((2, 0)));
    }

    #[test]
    fn each_bound_refuses_by_its_name() {
        check(&"<div>".repeat(DEPTH_MAX), Ok((DEPTH_MAX, DEPTH_MAX)));
        check(&"<div>".repeat(100_000), Err(Broken::Depth));
        check(&"<b>".repeat(100_000), Err(Broken::Depth));
        check(&"<rt>".repeat(1_000), Err(Broken::Depth));
        check(&"<br>".repeat(TAGS_MAX + 1), Err(Broken::Tags));
        check(&"<".repeat(1 << 20), Err(Broken::Tags));
        check(&"<".repeat(5 << 20), Err(Broken::Bytes));
        check(&format!("<a {}>", "x=1 ".repeat(50_000)), Err(Broken::Attributes));
        check(&format!("<a {}>", "x ".repeat(ATTRIBUTES_MAX)), Ok((1, 0)));
        check(&format!("<a {}>", "x='1'".repeat(ATTRIBUTES_MAX + 1)), Err(Broken::Attributes));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_end_without_a_panic(html in "[<>/!a-c\"'= é-]{0,200}") {
            let measured = measure(&html);
            proptest::prop_assert!(measured.is_ok());
        }
    }
}
