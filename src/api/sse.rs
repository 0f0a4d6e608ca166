//! What changes, as it changes: stored events after the last one a client has, then the live ones, without gap or doubling.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::api::{self, query, reply};
use crate::model::Seq;
use crate::store::Event;

/// Silence after which a comment is sent, so that proxies keep the line open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How soon a browser comes back.
const RETRY: Duration = Duration::from_secs(3);

/// How soon a listener looks again for events whose rows are not there yet.
const ROWS_WAIT: Duration = Duration::from_secs(1);

/// Stored events read at a time.
const BATCH: usize = 256;

/// A place between events: after all of `seq` up to `n`.
type Place = (Seq, u32);

/// Parameters of the stream.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamParams {
    /// Resume after this id; for clients that cannot send `Last-Event-ID`, which goes before.
    last_event_id: Option<String>,
}

/// The `data` of an event. Its `event` is the type, its `id` is `GENERATION-SEQ-N`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StreamEvent {
    /// `cluster.created`, `cluster.updated`, `cluster.merged`, `cluster.split`, `article.created`, `article.revised`, `article.reextracted`, `article.erased` or `cluster.trimmed`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The journal's number of the record that brought it.
    pub(super) seq: u64,
    /// The cluster.
    pub(super) cluster: Option<String>,
    /// Where a merged cluster went.
    pub(super) into: Option<String>,
    /// The article.
    pub(super) article: Option<String>,
    /// Its version.
    pub(super) version: Option<String>,
}

impl StreamEvent {
    fn new(event: &Event) -> Self {
        Self {
            kind: event.kind.as_str(),
            seq: event.seq.0,
            cluster: event.cluster.map(|id| id.to_string()),
            into: event.into.map(|id| id.to_string()),
            article: event.article.map(|id| id.to_string()),
            version: event.version.map(|id| id.to_string()),
        }
    }
}

/// Where a client wants to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Resume {
    /// At what comes next.
    Live,
    /// After this place.
    After(Place),
    /// Cannot be had, and why.
    Gap(String),
}

/// Reads a last event id. What is not one of ours, of another generation, or older than what is `kept`, is a gap: events
/// may have been missed.
fn resume(last: Option<&str>, generation: u64, kept: RangeInclusive<Seq>) -> Resume {
    let Some(last) = last else { return Resume::Live };
    let mut parts = last.splitn(3, '-').map(str::parse::<u64>);
    let (Some(Ok(of)), Some(Ok(seq)), Some(Ok(n))) = (parts.next(), parts.next(), parts.next())
    else {
        return Resume::Gap(format!("{last} is no id of this stream"));
    };
    if of != generation {
        return Resume::Gap(format!("generation {of} ended, this is generation {generation}"));
    }
    let (oldest, newest) = (kept.start(), kept.end());
    if seq > newest.0 {
        return Resume::Gap(format!("event {seq} lies ahead of {newest}, the last one here"));
    }
    if seq < oldest.0 {
        return Resume::Gap(format!("event {seq} is too old, events are kept from {oldest} on"));
    }
    Resume::After((Seq(seq), u32::try_from(n).unwrap_or(u32::MAX)))
}

/// What changes, as server-sent events. Resumes exactly after `Last-Event-ID`; says `gap` where it cannot.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stream",
    params(StreamParams, ("last-event-id" = Option<String>, Header, description = "resume after this id")),
    responses(
        (status = 200, description = "events; `data` is a StreamEvent, of a `gap` the reason", body = StreamEvent, content_type = "text/event-stream"),
        (status = 503, description = "too many listeners, or stopping", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn stream(
    State(state): State<api::State>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let params: StreamParams = query::params(&uri)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = query::given(last).or(query::given(params.last_event_id.as_deref()));
    let last = last.map(str::to_owned);
    if state.status.stopping.is_cancelled() {
        return Err(Problem::unavailable("the daemon is stopping", 2));
    }
    let place = state.status.listener().ok_or_else(|| {
        Problem::unavailable("too many listeners: close one, or come back later", 30)
    })?;
    // Listening begins before the store is asked, so nothing falls between the two.
    let live = state.events.subscribe();
    let store = state.store.clone();
    let kept = reply::blocking(move || Ok(store.events_from()?..=store.told_seq())).await?;
    let told = *kept.end();
    let resume = resume(last.as_deref(), state.settings.generation, kept);
    let feed = Feed::new(state, live, place, &resume, told);
    let events = stream::unfold(feed, |mut feed| async move {
        feed.next().await.map(|event| (Ok::<_, Infallible>(event), feed))
    });
    let mut response =
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    let no_buffer = axum::http::HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", no_buffer);
    Ok(response)
}

/// One listener: reads from the store until it has caught up, then takes what the writer commits.
struct Feed {
    state: api::State,
    live: broadcast::Receiver<Event>,
    after: Place,
    ready: VecDeque<sse::Event>,
    behind: bool,
    _place: OwnedSemaphorePermit,
}

impl Feed {
    fn new(
        state: api::State,
        live: broadcast::Receiver<Event>,
        place: OwnedSemaphorePermit,
        resume: &Resume,
        told: Seq,
    ) -> Self {
        let now = (told, u32::MAX);
        let (after, behind) = match *resume {
            Resume::After(after) => (after, true),
            Resume::Live | Resume::Gap(_) => (now, false),
        };
        let generation = state.settings.generation;
        // The first id lets a client resume exactly even if it is cut off before the first event.
        let hello = sse::Event::default().retry(RETRY).id(id(generation, after)).comment("hello");
        let mut ready = VecDeque::from([hello]);
        if let Resume::Gap(reason) = resume {
            ready.push_back(gap(generation, after, reason));
        }
        Self { state, live, after, ready, behind, _place: place }
    }

    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.behind {
                self.catch_up().await;
                continue;
            }
            let got = tokio::select! {
                biased;
                () = self.state.status.stopping.cancelled() => return None,
                got = self.live.recv() => got,
            };
            match got {
                Ok(event) => self.take(&event),
                // Too slow for the live queue: the store has what fell out of it.
                Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Reads one batch of stored events; an empty one means there is no more, and the live queue goes on from there.
    async fn catch_up(&mut self) {
        let (store, after) = (self.state.store.clone(), self.after);
        let batch = reply::blocking(move || {
            // Asked before: what comes later comes live as well.
            let all = store.applied_seq() >= store.told_seq();
            let batch = store.events(after, BATCH)?;
            // Asked afterwards: what was kept then was kept while the batch was read.
            Ok((batch, store.events_from()? <= after.0, all))
        });
        match batch.await {
            Ok((_, false, _)) => {
                let reason = "this listener was too slow, the events in between are gone";
                self.after = (self.state.store.told_seq(), u32::MAX);
                self.ready.push_back(gap(self.state.settings.generation, self.after, reason));
                self.behind = false;
            }
            Ok((batch, _, true)) if batch.is_empty() => self.behind = false,
            // The rows are made again: what comes next is not there yet.
            Ok((batch, ..)) if batch.is_empty() => self.wait_for_rows().await,
            Ok((batch, ..)) => batch.iter().for_each(|event| self.take(event)),
            // Rows that cannot be read are opened again or made again.
            Err(problem) if problem.retry_after.is_some() => self.wait_for_rows().await,
            Err(problem) => {
                self.behind = false;
                let generation = self.state.settings.generation;
                self.ready.push_back(gap(generation, self.after, &problem.detail));
            }
        }
    }

    async fn wait_for_rows(&mut self) {
        tokio::select! {
            () = self.state.status.stopping.cancelled() => self.behind = false,
            () = tokio::time::sleep(ROWS_WAIT) => {}
        }
    }

    /// Queues an event that comes after all that were sent; one that was sent already is passed over.
    fn take(&mut self, event: &Event) {
        let place = (event.seq, event.n);
        if place <= self.after {
            return;
        }
        self.after = place;
        let body = StreamEvent::new(event);
        let sent =
            sse::Event::default().event(body.kind).id(id(self.state.settings.generation, place));
        // The only fault is a body that is no JSON, and this one is.
        if let Ok(sent) = sent.json_data(&body) {
            self.ready.push_back(sent);
        }
    }
}

fn id(generation: u64, (seq, n): Place) -> String {
    format!("{generation}-{seq}-{n}")
}

/// The id after which nothing of `seq` is missing: what a page that shows everything up to it goes on from.
pub(super) fn after_all_of(generation: u64, seq: Seq) -> String {
    id(generation, (seq, u32::MAX))
}

fn gap(generation: u64, after: Place, reason: &str) -> sse::Event {
    let data = serde_json::json!({"reason": reason, "generation": generation}).to_string();
    sse::Event::default().event("gap").id(id(generation, after)).data(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(last: Option<&str>, expected: &Resume) {
        let got = resume(last, 2, Seq(5)..=Seq(40));
        match (expected, &got) {
            (Resume::Gap(says), Resume::Gap(reason)) => assert!(reason.contains(says), "{reason}"),
            _ => assert_eq!(&got, expected, "{last:?}"),
        }
    }

    #[test]
    fn an_id_resumes_after_its_event_and_all_else_is_a_gap() {
        check(None, &Resume::Live);
        check(Some("2-17-3"), &Resume::After((Seq(17), 3)));
        check(Some("2-40-4294967295"), &Resume::After((Seq(40), u32::MAX)));
        check(Some("1-17-3"), &Resume::Gap("generation 1 ended".into()));
        check(Some("2-4-0"), &Resume::Gap("too old".into()));
        check(Some("2-41-0"), &Resume::Gap("ahead".into()));
        check(Some("seventeen"), &Resume::Gap("no id of this stream".into()));
        check(Some("2-17"), &Resume::Gap("no id".into()));
    }
}
