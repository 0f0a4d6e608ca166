//! A declared type and the first bytes of a body to whether it is a page at all.

/// First bytes of a body that [`not_a_page`] looks at.
pub const HEAD_BYTES: usize = 2048;

/// What files begin with that are often linked where a page should be, and what people call them.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\xD0\xCF\x11\xE0", "an office document"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
    (b"\x89PNG", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\0", "a picture"),
    (b"MM\0*", "a picture"),
    (b"\x1F\x8B", "a file packed with gzip"),
    (b"BZh", "a file packed with bzip2"),
    (b"\x28\xB5\x2F\xFD", "a file packed with zstd"),
    (b"7z\xBC\xAF\x27\x1C", "an archive"),
    (b"Rar!", "an archive"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound or a film"),
    (b"fLaC", "a sound"),
    (b"\x1A\x45\xDF\xA3", "a film"),
    (b"\x7FELF", "a program"),
];

/// Tags that a page has near its beginning.
const TAGS: &[&str] = &[
    "<!doctype",
    "<html",
    "<head",
    "<body",
    "<title",
    "<meta",
    "<article",
    "<main",
    "<div",
    "<section",
    "<header",
    "<h1",
    "<h2",
    "<p>",
    "<p ",
    "<table",
    "<script",
    "<style",
    "<link",
];

/// Why this body is no page, in words; `None` where it may be one. The bytes have the last word: servers call a PDF
/// `text/html` and pages `text/plain`.
pub fn not_a_page(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    let called = content_type.map_or(String::new(), |kind| format!(" (it is called {kind})"));
    if let Some((_, what)) = SIGNATURES.iter().find(|(start, _)| body.starts_with(start)) {
        return Some(format!("the address gives {what}, not a page{called}"));
    }
    // "....ftyp" begins every MP4, "RIFF....WAVE" and its like sounds, films and pictures.
    if body.get(4..8) == Some(b"ftyp") || (body.starts_with(b"RIFF") && body.len() > 12) {
        return Some(format!("the address gives a sound, a film or a picture, not a page{called}"));
    }
    match content_type.unwrap_or_default() {
        "text/html" | "application/xhtml+xml" => {
            is_binary(body).then(|| format!("the address gives bytes that are no text{called}"))
        }
        kind if says_nothing(kind) => match looks_like_html(body) {
            true => None,
            false if content_type.is_none() => Some(
                "the address gives something that does not look like html and has no type"
                    .to_owned(),
            ),
            false => Some(format!("the address gives no html, not a page{called}")),
        },
        kind => not_a_page_by_type(kind),
    }
}

/// The same by the declared type alone, where that says enough: nothing of the body need come.
pub fn not_a_page_by_type(content_type: &str) -> Option<String> {
    let open =
        says_nothing(content_type) || matches!(content_type, "text/html" | "application/xhtml+xml");
    (!open).then(|| format!("the address gives {}, not a page", words(content_type)))
}

/// A type that says nothing of the matter, or is said by servers that do not know better.
fn says_nothing(content_type: &str) -> bool {
    matches!(
        content_type,
        "" | "text/plain"
            | "text/xml"
            | "application/xml"
            | "application/octet-stream"
            | "application/x-httpd-php"
            | "unknown/unknown"
    )
}

/// A type that no page has, as people call it.
fn words(kind: &str) -> String {
    let what = match kind {
        "application/pdf" => "a PDF",
        "application/rss+xml"
        | "application/atom+xml"
        | "application/rdf+xml"
        | "application/feed+json" => "a feed",
        "application/json" | "application/ld+json" => "JSON",
        _ => match kind.split('/').next().unwrap_or_default() {
            "image" => "a picture",
            "audio" => "a sound",
            "video" => "a film",
            "font" => "a font",
            _ => return kind.to_owned(),
        },
    };
    format!("{what} ({kind})")
}

/// A tag of a page among the first bytes. Zero bytes are passed over: UTF-16 has one beside each letter.
fn looks_like_html(body: &[u8]) -> bool {
    let head: String = body
        .iter()
        .take(HEAD_BYTES)
        .filter(|&&byte| byte != 0)
        .map(|&byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let feed = ["<rss", "<feed", "<rdf:rdf", "<urlset", "<sitemapindex"];
    !feed.iter().any(|tag| head.contains(tag)) && TAGS.iter().any(|tag| head.contains(tag))
}

/// More than a tenth of the first bytes are control characters that no text has. Zero bytes are none of them: see above.
fn is_binary(body: &[u8]) -> bool {
    let head = &body[..body.len().min(HEAD_BYTES)];
    let odd = head.iter().filter(|byte| matches!(byte, 1..=8 | 0x0E..=0x1A | 0x1C..=0x1F)).count();
    odd * 10 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, body: &[u8], expected: Option<&str>) {
        let said = not_a_page(Some(kind).filter(|kind| !kind.is_empty()), body);
        let holds = match (expected, said.as_deref()) {
            (None, None) => true,
            (Some(part), Some(said)) => said.contains(part),
            _ => false,
        };
        assert!(holds, "{kind} {:?}: {said:?}", String::from_utf8_lossy(body));
    }

    #[test]
    fn a_type_that_no_page_has_says_enough_and_no_more_than_the_bytes_would() {
        for (kind, expected) in [
            ("application/pdf", Some("the address gives a PDF (application/pdf), not a page")),
            ("video/mp4", Some("the address gives a film (video/mp4), not a page")),
            ("text/html", None),
            ("application/octet-stream", None),
            ("", None),
        ] {
            assert_eq!(not_a_page_by_type(kind).as_deref(), expected, "{kind}");
            assert_eq!(not_a_page(Some(kind), PAGE).as_deref(), expected, "{kind}");
        }
    }

    const PAGE: &[u8] = b"<!DOCTYPE html><html><p>Copy";

    #[test]
    fn html_is_a_page_whatever_a_careless_server_calls_it() {
        for kind in
            ["text/html", "application/xhtml+xml", "", "text/plain", "application/octet-stream"]
        {
            check(kind, PAGE, None);
        }
        check("text/xml", b"<?xml version=\"1.0\"?>\n<html xmlns=\"x\"><body>", None);
        let utf_16: Vec<u8> = PAGE.iter().flat_map(|&byte| [byte, 0]).collect();
        check("", &utf_16, None);
        check("text/html", &utf_16, None);
        // Called html, it is read as that: pages without any tag are known.
        check("text/html", b"copy", None);
        check("text/html", b"", None);
    }

    #[test]
    fn what_is_no_page_is_named() {
        check("application/pdf", b"%PDF-1.7\n", Some("a PDF"));
        check("text/html", b"%PDF-1.7\n", Some("a PDF, not a page (it is called text/html)"));
        check("application/pdf", PAGE, Some("a PDF (application/pdf)"));
        check("image/jpeg", b"\xFF\xD8\xFF\xE0", Some("a picture"));
        check("image/avif", b"....", Some("a picture (image/avif)"));
        check("video/mp4", b"\0\0\0\x18ftypmp42", Some("a film"));
        check("", b"\0\0\0\x18ftypmp42", Some("a film"));
        check("audio/mpeg", b"\xFF\xFB\x90", Some("a sound (audio/mpeg)"));
        check("application/zip", b"PK\x03\x04..", Some("a zip archive"));
        check("application/json", b"{\"a\": \"<p>\"}", Some("JSON"));
        check("application/rss+xml", b"<rss>", Some("a feed"));
        check("text/xml", b"<?xml version=\"1.0\"?><rss><channel><link>x", Some("no html"));
        check("text/plain", b"To whom it may concern", Some("no html"));
        check("", b"To whom it may concern", Some("does not look like html"));
        check("text/calendar", b"BEGIN:VCALENDAR", Some("text/calendar"));
        let noise: Vec<u8> = (0..=255).cycle().take(4096).collect();
        check("text/html", &noise[1..], None);
        check("text/html", &[1, 2, 3, 4, 5, 6, 7, 8], Some("no text"));
    }
}
