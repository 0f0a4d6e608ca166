//! Bytes to text. Valid UTF-8 beats every declaration: sites and wires declare ISO-8859-1 and send UTF-8.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Text and the encoding it was read in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// Name of the encoding (WHATWG).
    pub encoding: &'static str,
    /// True where bytes had no meaning in that encoding and became U+FFFD.
    pub damaged: bool,
}

/// Bytes looked at for a declaration inside the document (WHATWG's prescan reads 1,024).
const PRESCAN_BYTES: usize = 2048;

/// Decodes `bytes`. Order: byte order mark, valid UTF-8, `declared` (the HTTP charset), a declaration in the document
/// (`<?xml … encoding=`, `<meta charset`), windows-1252.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, &bytes[mark..]);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: text.to_owned(), encoding: UTF_8.name(), damaged: false };
    }
    let inside = in_document(&bytes[..bytes.len().min(PRESCAN_BYTES)]);
    let encoding = declared
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .filter(|&encoding| encoding != UTF_8)
        .or(inside)
        .or_else(|| declared.and_then(|label| Encoding::for_label(label.as_bytes())))
        .unwrap_or(WINDOWS_1252);
    with(encoding, bytes)
}

fn with(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name(), damaged }
}

/// The encoding a document names for itself in its first bytes.
fn in_document(head: &[u8]) -> Option<&'static Encoding> {
    ["encoding=", "charset="].into_iter().find_map(|key| {
        let at = head.windows(key.len()).position(|w| w.eq_ignore_ascii_case(key.as_bytes()))?;
        let rest = &head[at + key.len()..];
        let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
        let end = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.')))
            .unwrap_or(rest.len());
        Encoding::for_label(&rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], declared: Option<&str>, text: &str, encoding: &str) {
        let got = decode(bytes, declared);
        assert_eq!((got.text.as_str(), got.encoding), (text, encoding));
    }

    #[test]
    fn valid_utf8_beats_every_declaration() {
        check("Müller".as_bytes(), Some("iso-8859-1"), "Müller", "UTF-8");
        check(
            "<?xml encoding='ISO-8859-1'?>é".as_bytes(),
            None,
            "<?xml encoding='ISO-8859-1'?>é",
            "UTF-8",
        );
    }

    #[test]
    fn what_is_not_utf8_follows_the_header_then_the_document() {
        check(b"M\xfcller", Some("iso-8859-1"), "Müller", "windows-1252");
        check(
            b"<meta charset=windows-1251>\xcf",
            None,
            "<meta charset=windows-1251>П",
            "windows-1251",
        );
        check(
            b"<meta charset=windows-1251>\xcf",
            Some("utf-8"),
            "<meta charset=windows-1251>П",
            "windows-1251",
        );
        check(b"\x93quoted\x94", None, "“quoted”", "windows-1252");
    }

    #[test]
    fn byte_order_marks_are_read_and_dropped() {
        check(b"\xef\xbb\xbfa", Some("windows-1251"), "a", "UTF-8");
        check(b"\xff\xfea\0", None, "a", "UTF-16LE");
    }
}
