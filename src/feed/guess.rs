//! What a body that is no feed looks like, in words for the person who configured its address.

use super::markup;

/// Longest title that is quoted.
const TITLE_CHARS_MAX: usize = 80;

/// Bytes of a page in which its title is looked for.
const HEAD_BYTES: usize = 64 << 10;

/// By the first bytes, where they are no text at all.
pub(super) fn binary(bytes: &[u8]) -> Option<&'static str> {
    const MARKS: [(&[u8], &str); 7] = [
        (b"\x1f\x8b", "a gzip file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"PK\x03\x04", "a zip file"),
        (b"%PDF-", "a PDF document"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
    ];
    MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|&(_, name)| name)
}

/// By the outermost element, where it is no feed's.
pub(super) fn markup(root: &str, text: &str) -> String {
    match root.to_ascii_lowercase().as_str() {
        "html" | "head" | "body" | "meta" | "script" | "title" | "div" | "p" | "h1" | "link"
        | "style" | "center" | "table" => match title(text) {
            Some(title) => format!("an HTML page titled {title:?}"),
            None => "an HTML page".to_owned(),
        },
        "opml" => "an OPML list of feeds".to_owned(),
        "svg" => "an SVG image".to_owned(),
        "error" => "an XML error message of a storage service".to_owned(),
        _ => format!("an XML document of <{}>", cut(root)),
    }
}

/// By the text, where it holds no element.
pub(super) fn no_markup(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    format!("plain text that begins {:?}", cut(line))
}

fn title(text: &str) -> Option<String> {
    let end = (0..=text.len().min(HEAD_BYTES)).rev().find(|&at| text.is_char_boundary(at))?;
    let head = text[..end].to_ascii_lowercase();
    let from = head.find("<title")?;
    let from = from + head[from..].find('>')? + 1;
    let to = from + head[from..].find("</title")?;
    let title = markup::plain(&text[from..to]);
    Some(cut(&title)).filter(|title| !title.is_empty())
}

fn cut(text: &str) -> String {
    text.chars().take(TITLE_CHARS_MAX).collect()
}
