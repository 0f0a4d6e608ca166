//! The status of a source to its body.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::status::{self, EndpointStatus, SourceState, SourceStatus};

/// A configured publisher and how it is doing.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Source {
    /// The id of the configuration.
    pub id: String,
    /// Display name.
    pub name: String,
    /// `agency`, `outlet`, `pr` or `aggregator`.
    pub kind: String,
    /// Where it is configured: `file` or `api`.
    pub managed: &'static str,
    /// It is us.
    pub own: bool,
    /// BCP 47 language.
    pub lang: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// How it is doing.
    pub state: SourceState,
    /// Why it fails; null where it does not.
    pub error: Option<SourceError>,
    /// When an endpoint was last asked.
    pub last_poll: Option<String>,
    /// When an endpoint last answered well.
    pub last_success: Option<String>,
    /// When the next endpoint is due.
    pub next_poll: Option<String>,
    /// Why then.
    pub next_poll_why: Option<String>,
    /// What is polled, watched or pushed to.
    pub endpoints: Vec<Endpoint>,
    /// Pages that go back and forth between texts they had before: they are looked at less and less often.
    pub flapping: Flapping,
}

/// The pages of a source that go back and forth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Flapping {
    /// How many there are.
    pub count: usize,
    /// The first five.
    pub pages: Vec<FlappingPage>,
}

/// A page that goes back and forth between texts: a trial of headlines, or caches of different age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FlappingPage {
    /// Its address.
    pub url: String,
    /// Between how many texts, and how often.
    pub why: String,
    /// When it is looked at again.
    pub next_visit: String,
}

/// Why a source fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceError {
    /// The kind, as in the metrics.
    pub kind: String,
    /// In plain words.
    pub detail: String,
    /// When the row of failures began.
    pub since: String,
    /// Failures in a row.
    pub count: u32,
}

/// One endpoint of a source.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Endpoint {
    /// `feed`, `sitemap`, `page`, `spool` or `push`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Address.
    pub url: Option<String>,
    /// Where it has moved to: what is asked in its place.
    pub moved_to: Option<String>,
    /// When it was last asked.
    pub last_poll: Option<String>,
    /// When it last answered well.
    pub last_success: Option<String>,
    /// When it is due.
    pub next_poll: Option<String>,
    /// Why then.
    pub next_poll_why: Option<String>,
    /// What is wrong with it.
    pub error: Option<String>,
    /// What it brings, and so how often it is asked; null before it ever answered.
    pub rhythm: Option<Rhythm>,
}

/// What an endpoint brings.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Rhythm {
    /// When its newest entry was published, or first seen.
    pub newest_entry: Option<String>,
    /// Entries a day, learned over a fortnight.
    pub entries_per_day: f64,
    /// What an hour like this one of a day like this one usually brings.
    pub usual_per_hour: f64,
    /// How many times as much it is at present: above 1 in a burst, below in a silence.
    pub lately: f64,
}

impl Source {
    /// The body of a status.
    pub fn new(status: &SourceStatus) -> Self {
        Self {
            id: status.id.clone(),
            name: status.name.clone(),
            kind: status.kind.clone(),
            managed: "file",
            own: status.own,
            lang: status.lang.clone(),
            tags: status.tags.clone(),
            state: status.state,
            error: status.error.as_ref().map(|fault| SourceError {
                kind: fault.kind.clone(),
                detail: fault.detail.clone(),
                since: fault.since.to_string(),
                count: fault.count,
            }),
            last_poll: status.last_poll.map(|at| at.to_string()),
            last_success: status.last_success.map(|at| at.to_string()),
            next_poll: status.next_poll.map(|at| at.to_string()),
            next_poll_why: status.next_poll_why.clone(),
            endpoints: status.endpoints.iter().map(Endpoint::new).collect(),
            flapping: Flapping {
                count: status.flapping,
                pages: status.flapping_pages.iter().map(FlappingPage::new).collect(),
            },
        }
    }
}

impl FlappingPage {
    fn new(page: &status::FlappingPage) -> Self {
        let next_visit = page.next_visit.to_string();
        Self { url: page.url.clone(), why: page.why.clone(), next_visit }
    }
}

impl Endpoint {
    fn new(status: &EndpointStatus) -> Self {
        Self {
            kind: status.kind.clone(),
            url: status.url.clone(),
            moved_to: status.moved_to.clone(),
            last_poll: status.last_poll.map(|at| at.to_string()),
            last_success: status.last_success.map(|at| at.to_string()),
            next_poll: status.next_poll.map(|at| at.to_string()),
            next_poll_why: status.next_poll_why.clone(),
            error: status.error.clone(),
            rhythm: status.rhythm.as_ref().map(|rhythm| Rhythm {
                newest_entry: rhythm.newest_entry.map(|at| at.to_string()),
                entries_per_day: hundredths(rhythm.entries_per_day),
                usual_per_hour: hundredths(rhythm.usual_per_hour),
                lately: hundredths(rhythm.lately),
            }),
        }
    }
}

/// As exact as anybody can use it.
fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_shows_its_state_as_a_word_and_no_error_as_null() {
        let status = SourceStatus { id: "nap".to_owned(), ..SourceStatus::default() };
        let shown = serde_json::to_value(Source::new(&status)).unwrap();
        assert_eq!(shown["state"], "new");
        assert!(shown["error"].is_null());
    }
}
