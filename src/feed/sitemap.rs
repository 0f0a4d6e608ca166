//! A mended sitemap to entries, or to the addresses of further sitemaps.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::date;
use super::references::resolve;
use super::tidy::Raw;

/// What one `<url>` or `<sitemap>` says.
#[derive(Debug, Default)]
struct Row {
    loc: Option<String>,
    raw: Raw,
}

/// Reads a mended `<urlset>` or `<sitemapindex>`: its rows in order, with whether a date could not be read.
/// sitemaps.org 0.9, Google's news extension 0.9.
pub(super) fn rows(xml: &str) -> Vec<Raw> {
    let mut reader = Reader::from_str(xml);
    let mut rows = Vec::new();
    let mut row = Row::default();
    let mut text = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => text.clear(),
            Ok(Event::Text(piece)) => text.push_str(&piece),
            Ok(Event::GeneralRef(name)) => text.push_str(&resolve(&format!("&{};", &*name))),
            Ok(Event::End(tag)) => match tag.name().as_ref() {
                "url" | "sitemap" => {
                    let mut done = std::mem::take(&mut row);
                    done.raw.links.extend(done.loc);
                    rows.push(done.raw);
                }
                name => row.learn(name, text.trim()),
            },
            Ok(Event::Eof) | Err(_) => return rows, // mended documents are well-formed
            Ok(_) => {}
        }
    }
}

impl Row {
    fn learn(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        match name {
            "loc" => self.loc = Some(text.to_owned()),
            "title" => text.clone_into(&mut self.raw.title),
            "language" => self.raw.lang = Some(text.to_owned()),
            "keywords" => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                self.raw.categories.extend(words.map(str::to_owned));
            }
            "published" | "lastmod" => {
                let at = date::parse(text);
                self.raw.dates_unread += usize::from(at.is_none());
                if name == "published" {
                    self.raw.published = at;
                } else {
                    self.raw.updated = at;
                }
            }
            _ => {}
        }
    }
}
