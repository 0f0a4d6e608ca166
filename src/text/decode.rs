//! Bytes to text. Valid UTF-8 beats every declaration: sites and wires declare ISO-8859-1 and send UTF-8. What is none is guessed
//! only where nobody says what it is.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

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

/// Zero bytes that tell of UTF-16; fewer are strays.
const ZEROS_MIN: usize = 8;

/// Decodes `bytes`. Order: byte order mark, UTF-16 by its zero bytes, ISO-2022-JP by its escapes, valid UTF-8, UTF-8 with strays of another encoding in it,
/// `declared` (the HTTP charset), a declaration in the document (`<?xml … encoding=`, `<meta charset`), what the bytes look like.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, &bytes[mark..]);
    }
    let head = &bytes[..bytes.len().min(PRESCAN_BYTES)];
    if let Some(encoding) = by_zeros(head) {
        return with(encoding, bytes);
    }
    if is_escaped(bytes) {
        return with(ISO_2022_JP, bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: text.to_owned(), encoding: UTF_8.name(), damaged: false };
    }
    if let Some(text) = with_strays(bytes) {
        return Decoded { text, encoding: UTF_8.name(), damaged: true };
    }
    // It is no UTF-8, whoever calls it that, and a declaration that could be read byte by byte is none of UTF-16.
    let told = |encoding: &&'static Encoding| {
        *encoding != UTF_8 && *encoding != UTF_16LE && *encoding != UTF_16BE
    };
    let declared = declared.and_then(|label| Encoding::for_label(label.as_bytes())).filter(told);
    let inside = || in_document(head).filter(told);
    with(declared.or_else(inside).unwrap_or_else(|| looks_like(bytes)), bytes)
}

/// ISO-2022-JP: nothing but ASCII and the escapes that begin its letters, which mean nothing anywhere else.
fn is_escaped(bytes: &[u8]) -> bool {
    let escape = |part: &[u8]| matches!(part, b"\x1b$B" | b"\x1b$@");
    bytes.windows(3).any(escape) && bytes.is_ascii()
}

/// UTF-16 without a mark: of markup and spaces every second byte is zero, whatever the script.
fn by_zeros(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = |zeros: usize, others: usize| {
        zeros >= ZEROS_MIN && zeros * 20 >= head.len() && others * 20 <= zeros
    };
    match () {
        () if many(odd, even) => Some(UTF_16LE),
        () if many(even, odd) => Some(UTF_16BE),
        () => None,
    }
}

/// UTF-8 into which bytes of another encoding were pasted, which a western page means as windows-1252; `None` where the strays are
/// more than the letters of UTF-8 that are whole.
fn with_strays(bytes: &[u8]) -> Option<String> {
    let (mut whole, mut strays) = (0, 0);
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        strays += chunk.invalid().len();
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    (whole > strays).then_some(text)
}

/// What bytes that nobody declares look like, by the frequency of letters in many languages.
fn looks_like(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
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

    /// A page in the bytes of an encoding that `encoding_rs` only reads.
    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf16_without_a_mark_is_told_by_its_zeros_whatever_is_declared() {
        let page =
            "<html><body><p>Der Hafen von Kvitnes wurde für Übungen geschlossen.</p></body></html>";
        check(&utf16(page, u16::to_le_bytes), Some("utf-8"), page, "UTF-16LE");
        check(&utf16(page, u16::to_be_bytes), None, page, "UTF-16BE");
        // A page of bytes that calls itself UTF-16 is none: it could not have been read.
        let liar = b"<meta charset=utf-16><p>M\xfcller und S\xf6hne";
        check(liar, None, "<meta charset=utf-16><p>Müller und Söhne", "windows-1252");
    }

    #[test]
    fn iso_2022_jp_is_told_by_its_escapes_though_its_bytes_are_ascii() {
        let page = "<p>港は月曜日、閉鎖された。</p>";
        let (bytes, _, lossy) = ISO_2022_JP.encode(page);
        assert!(!lossy && bytes.is_ascii());
        for declared in [None, Some("utf-8"), Some("iso-2022-jp")] {
            check(&bytes, declared, page, "ISO-2022-JP");
        }
        check(b"<p>An escape \x1b$ of 5</p>", None, "<p>An escape \x1b$ of 5</p>", "UTF-8");
    }

    #[test]
    fn a_page_of_two_encodings_is_read_as_what_most_of_it_is() {
        let mut page =
            "<p>Der Kran fiel über den Kai, für Übung war es zu spät.</p><p>".as_bytes().to_vec();
        page.extend(b"M\xfcller sagte: \x84Nein\x93");
        let read =
            "<p>Der Kran fiel über den Kai, für Übung war es zu spät.</p><p>Müller sagte: „Nein“";
        for declared in [None, Some("utf-8"), Some("iso-8859-1")] {
            check(&page, declared, read, "UTF-8");
        }
        assert!(decode(&page, None).damaged);
    }

    #[test]
    fn what_nobody_declares_is_told_by_its_letters() {
        for (label, text) in [
            (
                "windows-1251",
                "Порт Квитнеса закрыт с понедельника: в гавани упал кран, никто не пострадал",
            ),
            (
                "windows-1253",
                "Το λιμάνι του Κβίτνες έκλεισε τη Δευτέρα αφού έπεσε ένας γερανός στην προβλήτα",
            ),
            (
                "shift_jis",
                "クヴィトネス港は月曜日、クレーンが倒れたため閉鎖されたと町が発表した。けが人はいなかった。",
            ),
            (
                "gbk",
                "克维特内斯港星期一关闭，此前一台起重机倒塌，镇政府说没有人受伤，周二将重新开放。",
            ),
            (
                "euc-kr",
                "크비트네스 항구는 월요일 크레인이 쓰러진 뒤 폐쇄되었으며 다친 사람은 없다고 시가 밝혔다.",
            ),
            (
                "windows-1252",
                "Der Hafen von Kvitnes wurde für Übungen geschlossen, und die Kräne stehen still.",
            ),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let page = format!("<html><body><p>{text}</p></body></html>");
            let (bytes, _, lossy) = encoding.encode(&page);
            assert!(!lossy, "{label}");
            // Called what it is not, it is no UTF-8 all the same.
            for declared in [None, Some("utf-8"), Some("no-such-name")] {
                check(&bytes, declared, &page, encoding.name());
            }
        }
    }
}
