//! What happened on the way to a page, as `copytaster fetch` prints it.

use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::model::Signal;

use super::client::Reply;
use super::{Ask, Credentials, FetchError, Got, Hop};

/// What a walk notes while it goes.
#[derive(Debug, Default)]
pub(super) struct Trail {
    pub(super) robots: Vec<RobotsSeen>,
    pub(super) hops: Vec<Hop>,
    /// Network time so far, robots.txt excluded.
    pub(super) took: Duration,
    requests: Vec<Request>,
}

impl Trail {
    pub(super) fn answered(&mut self, url: &Url, reply: Option<&Reply>, took: Duration) {
        let status = reply.map(|reply| reply.status);
        let url = url.to_string();
        self.requests.push(Request { url, status, milliseconds: millis(took), login: None });
    }

    /// Notes what the last request was sent with.
    pub(super) fn sent(&mut self, login: Option<&Credentials>) {
        if let Some(request) = self.requests.last_mut() {
            request.login = login.map(|login| login.scheme().as_str());
        }
    }
}

/// One request of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The URL asked.
    pub url: String,
    /// What it answered; `null` where nothing usable came.
    pub status: Option<u16>,
    /// Network time.
    pub milliseconds: u64,
    /// How it was logged in: `basic`, `bearer`, `header`; `null` where no credentials went along.
    pub login: Option<&'static str>,
}

/// What one site's robots.txt said on the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobotsSeen {
    /// The file.
    pub url: String,
    /// Its status: 4xx means no rules, 5xx that all is closed.
    pub status: u16,
    /// May we?
    pub allowed: bool,
    /// The line that decided.
    pub rule: Option<String>,
    /// The pause it asks for.
    pub crawl_delay_seconds: Option<f64>,
    /// The pause it gets: the longer of what it asks for, up to a minute, and our own.
    pub pause_seconds: f64,
    /// The sitemaps it names.
    pub sitemaps: Vec<String>,
}

/// A [`Signal`] as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// `header`, `meta`, `tdmrep` or `robots`.
    pub place: &'static str,
    /// `tdm-reservation`, `noai` …
    pub name: String,
    /// As found.
    pub value: String,
}

impl Said {
    /// What a signal shows.
    pub fn of(signal: &Signal) -> Self {
        let Signal { place, name, value } = signal.clone();
        Self { place: place.as_str(), name, value }
    }
}

/// A [`FetchError`] as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// [`FetchError::kind`].
    pub kind: &'static str,
    /// The sentence.
    pub detail: String,
    /// How long the server asked us to stay away.
    pub retry_after_seconds: Option<u64>,
}

/// The whole walk: what we asked, what was said on the way, and how it ended.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// The URL asked.
    pub asked: String,
    /// Who we said we are.
    pub user_agent: String,
    /// robots.txt of each site on the way; empty where it is not obeyed.
    pub robots: Vec<RobotsSeen>,
    /// The requests in order, redirects included.
    pub requests: Vec<Request>,
    /// The URL that answered; `null` where none did, as all that follows.
    pub url: Option<String>,
    /// 200 or 304, or the status it failed with.
    pub status: Option<u16>,
    /// Where to ask from now on.
    pub moved: Option<String>,
    /// Media type.
    pub content_type: Option<String>,
    /// Declared charset.
    pub charset: Option<String>,
    /// Validator for the next time.
    pub etag: Option<String>,
    /// Validator for the next time.
    pub last_modified: Option<String>,
    /// How long the server says it stays fresh.
    pub fresh_for_seconds: Option<u64>,
    /// Bytes of the body, unpacked.
    pub bytes: Option<usize>,
    /// Network time, waits for a turn and robots.txt excluded.
    pub milliseconds: u64,
    /// Why it failed; `null` where it did not.
    pub error: Option<Fault>,
    /// What came, for whoever wants to read it.
    #[serde(skip)]
    pub got: Option<Got>,
}

impl Explained {
    pub(super) fn new(
        ask: &Ask,
        user_agent: &str,
        trail: Trail,
        result: Result<Got, FetchError>,
    ) -> Self {
        let (got, fault) = match result {
            Ok(got) => (Some(got), None),
            Err(fault) => (None, Some(fault)),
        };
        let of = |field: fn(&Got) -> Option<String>| got.as_ref().and_then(field);
        Self {
            asked: ask.url.to_string(),
            user_agent: user_agent.to_owned(),
            robots: trail.robots,
            requests: trail.requests,
            url: of(|got| Some(got.url.to_string())),
            status: got
                .as_ref()
                .map(|got| got.status)
                .or(fault.as_ref().and_then(FetchError::status)),
            moved: of(|got| got.moved.as_ref().map(Url::to_string)),
            content_type: of(|got| got.content_type.clone()),
            charset: of(|got| got.charset.clone()),
            etag: of(|got| got.etag.clone()),
            last_modified: of(|got| got.last_modified.clone()),
            fresh_for_seconds: got.as_ref().and_then(|got| got.floor).map(|fresh| fresh.as_secs()),
            bytes: got.as_ref().map(|got| got.body.len()),
            milliseconds: millis(trail.took),
            error: fault.map(|fault| Fault {
                kind: fault.kind(),
                retry_after_seconds: fault.retry_after().map(|wait| wait.as_secs()),
                detail: fault.to_string(),
            }),
            got,
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
