//! A parsed page to the `meta` elements in which it says what may be done with it, as they stand: `rights` reads them.

use dom_query::Document;

use super::jsonld::plain;
use super::render::one_line;

/// Elements kept, and bytes of one: longer ones are no directives.
const ELEMENTS_MAX: usize = 16;
const CONTENT_BYTES_MAX: usize = 512;

/// Directives of `meta` robots that matter. The element may be for another crawler: that is not known here.
const DIRECTIVES: [&str; 3] = ["noai", "noarchive", "unavailable_after"];

/// Names and contents, in page order.
pub(super) fn metas(doc: &Document) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for meta in &doc.select("meta[name][content]") {
        let name = meta.attr_or("name", "").trim().to_ascii_lowercase();
        let content = one_line(&plain(&meta.attr_or("content", "")));
        if content.len() > CONTENT_BYTES_MAX || found.len() >= ELEMENTS_MAX {
            continue;
        }
        let lower = content.to_ascii_lowercase();
        if name.starts_with("tdm-") || DIRECTIVES.iter().any(|word| lower.contains(word)) {
            found.push((name, content));
        }
    }
    found
}
