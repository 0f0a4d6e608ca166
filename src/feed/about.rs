//! What a feed says of itself, beside its entries.

use std::time::Duration;

use url::Url;

use super::references::resolve;
use super::vocabulary::{Fact, period};

/// Longest refresh interval a feed may ask for; more is a mistake in the feed.
const TTL_MAX: Duration = Duration::from_hours(7 * 24);

/// Facts of a feed, as they come by.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) lang: Option<String>,
    /// Where older entries stand.
    pub(super) next: Option<String>,
    base: Option<String>,
    ttl: Option<Duration>,
    period: Option<Duration>,
    frequency: Option<u32>,
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

    /// A fact that stands as text.
    pub(super) fn learn(&mut self, fact: Fact, text: String) {
        match fact {
            Fact::Ttl => {
                self.ttl = text.parse::<u32>().ok().map(u64::from).map(Duration::from_mins);
            }
            Fact::Period => self.period = period(&text),
            Fact::Frequency => self.frequency = text.parse().ok().filter(|&times| times > 0),
            Fact::Language => self.lang = Some(text),
            Fact::OriginLink | Fact::AtomLink | Fact::FeedLink => {}
        }
    }

    /// How long the publisher asks us to wait between polls.
    pub(super) fn ttl(&self) -> Option<Duration> {
        let ttl = self.ttl.or_else(|| Some(self.period? / self.frequency.unwrap_or(1)));
        ttl.filter(|ttl| !ttl.is_zero()).map(|ttl| ttl.min(TTL_MAX))
    }
}

/// Value of an attribute, resolved and trimmed; `None` where it is empty.
pub(super) fn value(given: &[(&str, &str)], name: &str) -> Option<String> {
    let (_, value) = given.iter().find(|(key, _)| *key == name)?;
    Some(resolve(value).trim().to_owned()).filter(|value| !value.is_empty())
}
