//! What a feed says of itself, beside its entries.

use url::Url;

use super::pace::Pace;
use super::references::resolve;
use super::vocabulary::Fact;

/// Facts of a feed, as they come by.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) lang: Option<String>,
    /// Where older entries stand.
    pub(super) next: Option<String>,
    base: Option<String>,
    /// How often it wants to be asked.
    pub(super) pace: Pace,
}

impl About {
    /// What the outermost element says.
    pub(super) fn root(&mut self, given: &[(&str, &str)]) {
        self.lang = value(given, "xml:lang");
        self.base = value(given, "xml:base");
    }

    /// A link of the feed. An archive goes back to the first entry there ever was, so it comes before the pages of the feed
    /// (RFC 5005 §3, §4).
    pub(super) fn link(&mut self, given: &[(&str, &str)]) {
        let rel = value(given, "rel").unwrap_or_default();
        let wanted = rel == "prev-archive" || (rel == "next" && self.next.is_none());
        let Some(href) = value(given, "href").filter(|_| wanted) else { return };
        let base = value(given, "xml:base").or_else(|| self.base.clone());
        let based = base.and_then(|base| Url::parse(&base).ok()?.join(&href).ok());
        self.next = Some(based.map_or(href, String::from));
    }

    /// A fact that stands as text, but for its pace.
    pub(super) fn learn(&mut self, fact: Fact, text: String) {
        if fact == Fact::Language {
            self.lang = Some(text);
        }
    }
}

/// Value of an attribute, resolved and trimmed; `None` where it is empty.
pub(super) fn value(given: &[(&str, &str)], name: &str) -> Option<String> {
    let (_, value) = given.iter().find(|(key, _)| *key == name)?;
    Some(resolve(value).trim().to_owned()).filter(|value| !value.is_empty())
}
