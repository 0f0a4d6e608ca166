//! A parsed index to the stories it links: where a section page is polled, these are its leads.

use std::collections::BTreeSet;

use dom_query::Document;
use url::Url;

use super::canonical;
use super::render::one_line;

/// Links kept of one page.
const LINKS_MAX: usize = 500;
/// A link of fewer characters is a section's or a button's name.
const HEADLINE_CHARS_MIN: usize = 25;

/// Links with the text of a headline to the page's own host, canonical, each once, in page order.
pub(crate) fn headlines(doc: &Document, url: Option<&Url>) -> Vec<String> {
    let Some(base) = url else { return Vec::new() };
    let mut seen = BTreeSet::new();
    doc.select("a[href]")
        .iter()
        .filter(|link| one_line(&link.text()).chars().count() >= HEADLINE_CHARS_MIN)
        .filter_map(|link| base.join(link.attr_or("href", "").trim()).ok())
        .filter(|to| matches!(to.scheme(), "http" | "https") && to.host_str() == base.host_str())
        .map(|to| canonical(&to).to_string())
        .filter(|to| *to != canonical(base).as_str())
        .filter(|to| seen.insert(to.clone()))
        .take(LINKS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines_of_the_same_host_are_leads() {
        let doc = Document::from(
            "<a href='/a?utm_source=x'>A crane falls in the harbour of Kvitnes</a>
             <a href='/a'>A crane falls in the harbour of Kvitnes</a>
             <a href='/world'>World</a>
             <a href='https://other.test/b'>Another crane falls in another harbour</a>
             <a href='javascript:x'>A crane falls in the harbour of Kvitnes</a>
             <a href='c'>Two ships wait outside the harbour of Ostby</a>",
        );
        let url = Url::parse("https://herald.test/").unwrap();
        assert_eq!(headlines(&doc, Some(&url)), ["https://herald.test/a", "https://herald.test/c"]);
        assert!(headlines(&doc, None).is_empty());
    }
}
