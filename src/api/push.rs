//! Pushed records in; they go to the writer, and the answer goes out when they are durable.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::api::{self, Wish, query, reply};
use crate::cluster::Arrival;
use crate::jsonl;
use crate::model::{Article, ArticleId, ClusterId, Seq, Timestamp, VersionId};

/// Records in one request; more is asked to be split, so that one sender cannot fill the line.
pub(super) const RECORDS_MAX: usize = 10_000;

/// How long a push waits for a place in the queue to the writer.
const QUEUE_WAIT: Duration = Duration::from_secs(2);

/// Bytes that are read in a small part of a millisecond.
const SMALL_BYTES: usize = 16 << 10;

/// Bytes of text that are read before the writer judges them: some ninety articles.
const READ_BYTES_MAX: usize = 256 << 10;

/// Seconds a sender is asked to wait where the queue stayed full.
const RETRY_AFTER_SECONDS: u32 = 2;

/// How far a `first_seen` may lie ahead of our clock (CONTRACT §4).
const AHEAD_MAX_MILLIS: i64 = 5 * 60 * 1000;

/// Records for the writer, and where it answers.
#[derive(Debug)]
pub struct Push {
    /// The records, in the order they came.
    pub articles: Vec<Arrival>,
    /// All or nothing.
    pub strict: bool,
    /// One answer for each record, in the same order, sent when all are durable. Dropped where they are not.
    pub reply: oneshot::Sender<Vec<Taken>>,
}

/// What the writer answers for one record.
pub type Taken = Result<Accepted, Refused>;

/// Why the writer did not take a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It goes by a name that was erased.
    Erased,
    /// Another one does, and all or none were to be taken.
    Strict,
}

/// What became of one pushed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its article.
    pub article: ArticleId,
    /// Its version.
    pub version: VersionId,
    /// The cluster the version is in.
    pub cluster: ClusterId,
    /// The journal's number of the version.
    pub seq: Seq,
    /// True where the very record was there already.
    pub duplicate: bool,
}

/// How a push is to be taken.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PushParams {
    /// `1`: all records or none.
    strict: Option<String>,
}

/// What became of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct PushAnswer {
    /// The records that are durable.
    pub(super) accepted: Vec<AcceptedRecord>,
    /// The records that were not taken.
    pub(super) rejected: Vec<RejectedRecord>,
}

/// A record that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct AcceptedRecord {
    /// Its place in the request, from 0.
    pub(super) index: usize,
    /// Its article.
    pub(super) article: String,
    /// Its version.
    pub(super) version: String,
    /// The cluster it is in.
    pub(super) cluster: String,
    /// Its number in the journal.
    pub(super) seq: u64,
    /// True where the very record was there already.
    pub(super) duplicate: bool,
}

/// A record that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct RejectedRecord {
    /// Its place in the request, from 0.
    pub(super) index: usize,
    /// Why.
    pub(super) problem: Problem,
}

/// Take in one record, an array of records or NDJSON. Answers when they are durable; sending again doubles nothing.
#[utoipa::path(post, path = "/api/v1/articles", tag = "articles", params(PushParams),
    request_body(content = serde_json::Value, description = "an article record, an array of them, or one a line (NDJSON)"),
    responses(
        (status = 200, description = "at least one was taken", body = PushAnswer),
        (status = 400, description = "the body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too much at once", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "none was taken", body = PushAnswer),
        (status = 503, description = "the line is full or stopping", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn articles(
    State(state): State<api::State>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let Query(params) = Query::<PushParams>::try_from_uri(&uri)
        .map_err(|fault| Problem::parameter(fault.body_text()))?;
    let strict = query::flag("strict", params.strict.as_deref())?;
    taking(&state).await?;
    let body = self::body(&state, body)?;
    let now = state.clock.now();
    // A few records are read sooner than another thread wakes.
    let is_small = body.len() <= SMALL_BYTES;
    let read = move || {
        let (good, rejected) = sort_out(records(&body)?, now, strict);
        Ok((arrivals(good), rejected))
    };
    let (good, mut rejected) = if is_small { read()? } else { reply::blocking(read).await? };
    let mut accepted = Vec::new();
    if !good.is_empty() {
        for (index, taken) in hand_over(&state, good, strict).await? {
            match taken {
                Ok(one) => accepted.push(AcceptedRecord::new(index, one)),
                Err(refused) => rejected.push(RejectedRecord { index, problem: refused.into() }),
            }
        }
        rejected.sort_by_key(|record| record.index);
    }
    let status =
        if accepted.is_empty() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(reply::json_with(status, &PushAnswer { accepted, rejected }))
}

/// Gives the records to the writer and waits until they are durable.
async fn hand_over(
    state: &api::State,
    good: Vec<(usize, Arrival)>,
    strict: bool,
) -> Result<Vec<(usize, Taken)>, Problem> {
    let (indices, articles): (Vec<usize>, Vec<Arrival>) = good.into_iter().unzip();
    let (reply, answer) = oneshot::channel();
    hand(state, Wish::Push(Push { articles, strict, reply })).await?;
    let taken = answer.await.map_err(|_| unsure("the records"))?;
    Ok(indices.into_iter().zip(taken).collect())
}

impl AcceptedRecord {
    fn new(index: usize, one: Accepted) -> Self {
        Self {
            index,
            article: one.article.to_string(),
            version: one.version.to_string(),
            cluster: one.cluster.to_string(),
            seq: one.seq.0,
            duplicate: one.duplicate,
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Erased => Self::erased(),
            Refused::Strict => Self::strict(),
        }
    }
}

/// Waits a little until writes are taken; says why not where that takes longer.
pub(super) async fn taking(state: &api::State) -> Result<(), Problem> {
    if state.status.stopping.is_cancelled() {
        return Err(Problem::unavailable("the daemon is stopping", RETRY_AFTER_SECONDS));
    }
    // A start of a small directory, or a disk that has room again, takes less than this.
    if tokio::time::timeout(QUEUE_WAIT, state.status.takes()).await.is_err() {
        let why = state.status.refuses().unwrap_or_else(|| "send again".to_owned());
        return Err(Problem::unavailable(why, RETRY_AFTER_SECONDS));
    }
    Ok(())
}

/// A body of bounded size.
pub(super) fn body(
    state: &api::State,
    body: Result<Bytes, BytesRejection>,
) -> Result<Bytes, Problem> {
    body.map_err(|fault| match fault.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(format!(
            "the body has more than {} bytes: send it in parts",
            state.settings.body_bytes_max
        )),
        _ => Problem::body(fault.body_text()),
    })
}

/// Gives a wish to the writer, if there is room in the line.
pub(super) async fn hand(state: &api::State, wish: Wish) -> Result<(), Problem> {
    state.wishes.send_timeout(wish, QUEUE_WAIT).await.map_err(|fault| match fault {
        SendTimeoutError::Timeout(_) => {
            Problem::unavailable("the line is full: send again", RETRY_AFTER_SECONDS)
        }
        SendTimeoutError::Closed(_) => {
            Problem::unavailable("the daemon is stopping", RETRY_AFTER_SECONDS)
        }
    })
}

/// The writer went before it answered.
pub(super) fn unsure(what: &str) -> Problem {
    Problem::unavailable(
        format!("{what} may not be durable: send again, nothing is doubled"),
        RETRY_AFTER_SECONDS,
    )
}

/// A body to its JSON values; a line that is none stays in its place as the reason.
fn records(body: &[u8]) -> Result<Vec<Result<Value, String>>, Problem> {
    let too_many =
        || Problem::too_large(format!("more than {RECORDS_MAX} records: send them in parts"));
    let text = std::str::from_utf8(body)
        .map_err(|fault| Problem::body(format!("not UTF-8 at byte {}", fault.valid_up_to())))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(Problem::body("the body is empty: send a record, an array or NDJSON"));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(values)) if values.len() > RECORDS_MAX => Err(too_many()),
        Ok(Value::Array(values)) => Ok(values.into_iter().map(Ok).collect()),
        Ok(value) => Ok(vec![Ok(value)]),
        // An array or a lone value that does not parse has no lines to save.
        Err(fault) if text.starts_with('[') || !text.contains('\n') => {
            Err(Problem::body(format!("not JSON: {fault}")))
        }
        Err(_) => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let values: Vec<_> = lines
                .take(RECORDS_MAX + 1)
                .map(|line| {
                    serde_json::from_str(line).map_err(|fault| format!("not JSON: {fault}"))
                })
                .collect();
            if values.len() > RECORDS_MAX { Err(too_many()) } else { Ok(values) }
        }
    }
}

type Sorted = (Vec<(usize, Article)>, Vec<RejectedRecord>);

/// The records that can be taken and those that cannot, each with its place. Strict: one bad record refuses all.
fn sort_out(values: Vec<Result<Value, String>>, now: Timestamp, strict: bool) -> Sorted {
    let mut good = Vec::new();
    let mut rejected = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let article = value
            .map_err(Problem::record)
            .and_then(|value| jsonl::parse_value(value).map_err(|p| Problem::record(p.to_string())))
            .and_then(|article| timely(article, now));
        match article {
            Ok(article) => good.push((index, article)),
            Err(problem) => rejected.push(RejectedRecord { index, problem }),
        }
    }
    if strict && !rejected.is_empty() {
        let problem = Problem::strict();
        let held = good.drain(..);
        rejected.extend(held.map(|(index, _)| RejectedRecord { index, problem: problem.clone() }));
        rejected.sort_by_key(|record| record.index);
    }
    (good, rejected)
}

/// The writer judges one after another, so the texts are read here, where many do it at once: of the first records, for what is
/// read takes room while it waits.
fn arrivals(good: Vec<(usize, Article)>) -> Vec<(usize, Arrival)> {
    let mut room = READ_BYTES_MAX;
    let mut arrival = |article: Article| {
        room = room.saturating_sub(article.text.len());
        if room > 0 { Arrival::read(article) } else { Arrival::from(article) }
    };
    good.into_iter().map(|(place, article)| (place, arrival(article))).collect()
}

fn timely(article: Article, now: Timestamp) -> Result<Article, Problem> {
    match article.first_seen {
        Some(at) if at > now.plus_millis(AHEAD_MAX_MILLIS) => {
            Err(Problem::record(format!("first_seen {at} is over 5 minutes ahead of {now}")))
        }
        _ => Ok(article),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GOOD: &str = r#"{"id": "nap-1", "title": "Dam breaks near Orvale"}"#;

    fn count(body: &str) -> Result<(usize, usize), u16> {
        let values = records(body.as_bytes()).map_err(|problem| problem.status)?;
        let bad = values.iter().filter(|value| value.is_err()).count();
        Ok((values.len() - bad, bad))
    }

    #[test]
    fn a_record_an_array_and_lines_are_all_read() {
        assert_eq!(count(GOOD), Ok((1, 0)));
        assert_eq!(count(&format!("[{GOOD}, {GOOD}]")), Ok((2, 0)));
        assert_eq!(count(&format!("{GOOD}\n\n{GOOD}\r\n")), Ok((2, 0)));
        assert_eq!(count(&format!("{GOOD}\n{{oops\n{GOOD}")), Ok((2, 1)));
    }

    #[test]
    fn a_body_that_is_nothing_is_refused_whole() {
        assert_eq!(count(""), Err(400));
        assert_eq!(count("{oops"), Err(400));
        assert_eq!(count("[1,\n2"), Err(400));
        assert_eq!(count(&"1\n".repeat(RECORDS_MAX + 1)), Err(413));
        assert!(records(b"\xff\xfe").is_err());
    }

    #[test]
    fn a_bad_record_is_told_by_its_place_and_strict_takes_none() {
        let now = Timestamp::from_secs(1_000);
        let values = || vec![Ok(json!({"id": "a", "title": "A"})), Err("not JSON".to_owned())];
        let (good, rejected) = sort_out(values(), now, false);
        assert_eq!((good.len(), rejected.len(), rejected[0].index), (1, 1, 1));
        let (good, rejected) = sort_out(values(), now, true);
        assert_eq!((good.len(), rejected.len()), (0, 2));
        assert!(rejected[0].problem.kind.ends_with("strict"));
    }

    #[test]
    fn a_first_seen_from_the_future_is_refused() {
        let now = Timestamp::from_secs(1_000);
        let at =
            |millis| Article { first_seen: Some(now.plus_millis(millis)), ..Article::default() };
        assert!(timely(at(AHEAD_MAX_MILLIS), now).is_ok());
        assert!(timely(at(AHEAD_MAX_MILLIS + 1), now).is_err());
    }
}
