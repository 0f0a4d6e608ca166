//! The story files of the wire day to a script: who publishes what when, and what must come of it.

mod edits;
mod plan;
mod raw;
mod read;

pub use plan::{Alone, Apart, NotYet, Plan, PlannedCluster, PlannedCopy};
pub use read::{ScriptError, wire_day};

use std::fmt;

use crate::model::Timestamp;

/// Monday 16 March 2026, 00:00 UTC: the midnight the script's times count from.
pub const MONDAY: Timestamp = Timestamp::from_secs(1_773_619_200);

/// A time of the script in minutes since Monday's midnight. Written "Mon 10:30", "Tue 05:42".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u32);

impl Moment {
    /// The moment `minutes` after Monday's midnight.
    pub const fn from_minutes(minutes: u32) -> Self {
        Self(minutes)
    }

    /// Reads "Mon 10:30". `None` where it is not of that form or no time of day.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.split_once(' ')?;
        let days = ["Mon", "Tue"].iter().position(|name| *name == day)?;
        let (hours, minutes) = time.split_once(':')?;
        let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
        (hours < 24 && minutes < 60)
            .then(|| Self(u32::try_from(days).unwrap_or(0) * 1440 + hours * 60 + minutes))
    }

    /// The moment on a clock whose Monday began at `monday`.
    pub const fn on(self, monday: Timestamp) -> Timestamp {
        monday.plus_millis(self.0 as i64 * 60_000)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = if self.0 < 1440 { "Mon" } else { "Tue" };
        write!(f, "{day} {:02}:{:02}", self.0 % 1440 / 60, self.0 % 60)
    }
}

/// The whole day.
#[derive(Clone, Debug)]
pub struct Script {
    /// Every page of the day, by time of its first state, then in file order.
    pub items: Vec<Item>,
    /// What must come of it.
    pub plan: Plan,
}

/// One page of one site.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name in the script.
    pub id: String,
    /// The story file it stands in.
    pub story: String,
    /// The site that publishes it.
    pub site: String,
    /// BCP 47 language of the text.
    pub lang: String,
    /// Section of the site: "world", "members".
    pub section: String,
    /// What the page looks like over time, the oldest first; never empty.
    pub states: Vec<State>,
}

impl Item {
    /// What stands there at `now` and since when, on a clock whose Monday began at `monday`. `None` before publication.
    pub fn at(&self, now: Timestamp, monday: Timestamp) -> Option<&State> {
        self.states.iter().rev().find(|state| state.at.on(monday) <= now)
    }

    /// When it is first published.
    pub fn published(&self) -> Moment {
        self.states.first().map_or_else(Moment::default, |state| state.at)
    }

    /// Its first text; `None` for a page that never has one.
    pub fn first_text(&self) -> Option<&Story> {
        self.states.iter().find_map(|state| match &state.shown {
            Shown::Story(story) => Some(story),
            Shown::SoftNotFound { .. } | Shown::Gone(_) => None,
        })
    }
}

/// What a page shows from a moment on.
#[derive(Clone, Debug)]
pub struct State {
    /// Since when.
    pub at: Moment,
    /// What.
    pub shown: Shown,
    /// The item whose text this one was made from.
    pub of: Option<String>,
}

/// The ways a page answers.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A story.
    Story(Story),
    /// "Page not found" with status 200; the feed still lists it under this headline.
    SoftNotFound {
        /// The headline in the feed.
        title: String,
    },
    /// Taken down, with this status (404 or 410); the feed drops it.
    Gone(u16),
}

/// A story as a site runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// Headline.
    pub title: String,
    /// Paragraphs, without furniture.
    pub paragraphs: Vec<String>,
    /// Reporter's name.
    pub byline: Option<String>,
    /// The agency the site credits.
    pub credit: Option<String>,
    /// Photo credit and caption: "Oda Brandvik, TPB | The bridge at dawn".
    pub photo: Option<String>,
    /// Cross-head in mid-text.
    pub crosshead: Option<String>,
    /// The agency's line to editors: "Eds: adds …".
    pub note: Option<String>,
}

impl Script {
    /// The item of that name.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// When the last thing happens.
    pub fn end(&self) -> Moment {
        self.items
            .iter()
            .flat_map(|item| &item.states)
            .map(|state| state.at)
            .max()
            .unwrap_or_default()
    }

    /// Items that a crawl of the whole day must have found: all but those that must or may stay away.
    pub fn awaited(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| {
            !self.plan.absent.iter().any(|absent| absent.item == item.id)
                && !self.plan.alone.iter().any(|alone| alone.item == item.id && alone.optional)
        })
    }
}

#[cfg(test)]
mod tests;
