//! One site at one moment: what it lists, where its stories stand and what its addresses are.

use crate::demo::script::{Item, Script, Shown, State};
use crate::model::Timestamp;

use super::sites::SiteSpec;

/// Entries a feed or front page lists, the newest first.
const LISTED_MAX: usize = 60; // more than any site publishes in the script

/// A site as it stands at `now`.
#[derive(Clone, Debug)]
pub(super) struct Desk<'a> {
    pub(super) site: &'a SiteSpec,
    pub(super) script: &'a Script,
    /// Scheme, address and port, no slash at the end.
    pub(super) base: String,
    /// The midnight the script counts from.
    pub(super) monday: Timestamp,
    pub(super) now: Timestamp,
}

/// What a feed says of an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    pub(super) title: &'a str,
    /// First paragraph; empty for a page that will not be found.
    pub(super) summary: &'a str,
    pub(super) published: Timestamp,
    pub(super) changed: Timestamp,
}

impl<'a> Desk<'a> {
    /// Items that stand there, the newest first.
    pub(super) fn listed(&self) -> Vec<(&'a Item, Listed<'a>)> {
        let items = self.script.items.iter().filter(|item| item.site == self.site.id);
        let mut listed: Vec<_> = items
            .filter_map(|item| {
                let state = item.at(self.now, self.monday)?;
                let (title, summary) = match &state.shown {
                    Shown::Story(story) => {
                        let first = story.paragraphs.first().map_or("", String::as_str);
                        (story.title.as_str(), first)
                    }
                    Shown::SoftNotFound { title } => (title.as_str(), ""),
                    Shown::Gone(_) => return None,
                };
                let published = item.published().on(self.monday);
                let changed = state.at.on(self.monday);
                Some((item, Listed { title, summary, published, changed }))
            })
            .collect();
        listed.reverse();
        listed.truncate(LISTED_MAX);
        listed
    }

    /// The item at `path` and its present state.
    pub(super) fn find(&self, path: &str) -> Option<(&'a Item, &'a State)> {
        let items = self.script.items.iter().filter(|item| item.site == self.site.id);
        items
            .filter_map(|item| Some((item, item.at(self.now, self.monday)?)))
            .find(|(item, _)| self.path(item) == path)
    }

    /// Path of an item on this site.
    pub(super) fn path(&self, item: &Item) -> String {
        path(self.site, self.script, item, self.monday)
    }

    /// Address of an item, as its canonical link says.
    pub(super) fn url(&self, item: &Item) -> String {
        format!("{}{}", self.base, self.path(item))
    }

    /// Address of an item, as the feed says.
    pub(super) fn link(&self, item: &Item) -> String {
        format!("{}{}", self.url(item), self.site.link_tail)
    }

    /// When anything here last changed; the day's midnight before the first item.
    pub(super) fn changed(&self) -> Timestamp {
        let moments = self.script.items.iter().filter(|item| item.site == self.site.id);
        let moments = moments.flat_map(|item| &item.states).map(|state| state.at.on(self.monday));
        moments.filter(|at| *at <= self.now).max().unwrap_or(self.monday)
    }
}

/// Path of an item on its site.
pub(super) fn path(site: &SiteSpec, script: &Script, item: &Item, monday: Timestamp) -> String {
    let place = script.items.iter().position(|other| other.id == item.id).unwrap_or_default();
    let date = item.published().on(monday).to_utc().format("%Y/%m/%d").to_string();
    site.path
        .replace("{section}", &item.section)
        .replace("{date}", &date)
        .replace("{id}", &item.id)
        .replace("{n}", &(1000 + place).to_string())
}
