//! An editor's word on clusters: split, merged, undone. It goes to the writer and is answered when it is durable.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::api::body::List;
use crate::api::problem::Problem;
use crate::api::{self, Wish, push, query, reply, view};
use crate::cluster::{Override, OverrideError};
use crate::journal::{Location, Record, Spoken};
use crate::model::{ArticleId, ClusterId, Seq};
use crate::store::{Lookup, Store};

/// Letters of an editor's name.
const USER_LETTERS_MAX: usize = 100;

/// Articles one split may name.
const ARTICLES_MAX: usize = 10_000;

/// A word for the writer, and where it answers.
#[derive(Debug)]
pub struct Word {
    /// Who says it, as the request names them; may be empty.
    pub user: String,
    /// What is to be.
    pub word: Override,
    /// The answer, sent when the word is durable, or at once where it cannot be carried out.
    pub reply: oneshot::Sender<Result<Obeyed, OverrideError>>,
}

/// An editor's word that holds from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obeyed {
    /// What names it when it is to be undone: its number in the journal.
    pub number: Seq,
    /// The clusters it made or changed, the oldest id first.
    pub clusters: Vec<ClusterId>,
}

/// A split.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitBody {
    /// Articles of the cluster that are another story, not all of it.
    articles: Vec<String>,
    /// Who says so.
    #[serde(default)]
    user: String,
}

/// A merge.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeBody {
    /// Two clusters that are one story.
    clusters: [String; 2],
    /// Who says so.
    #[serde(default)]
    user: String,
}

/// Who undoes; may be left out.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UndoBody {
    /// Who says so.
    #[serde(default)]
    user: String,
}

/// An override in force, and what it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct OverrideAnswer {
    /// Its number, for `DELETE …/overrides/{n}`.
    #[serde(rename = "override")]
    pub(super) number: u64,
    /// The clusters it made or changed, the oldest id first.
    pub(super) clusters: Vec<String>,
}

/// Part some articles of a cluster from the rest, for good: nothing but an undo ties them again.
#[utoipa::path(post, path = "/api/v1/clusters/{id}/split", tag = "clusters",
    params(("id" = String, Path, description = "the cluster")), request_body = SplitBody, responses(
    (status = 200, description = "done, and durable", body = OverrideAnswer),
    (status = 400, description = "the body is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "no such cluster or article", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "the articles are not a part of the cluster", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "the line is full or stopping", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn split(
    State(state): State<api::State>,
    Path(id): Path<String>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    let SplitBody { articles, user } = read(&state, body)?;
    state.status.rows().await;
    if articles.len() > ARTICLES_MAX {
        return Err(Problem::too_large(format!(
            "a split names {ARTICLES_MAX} articles at the most"
        )));
    }
    let cluster = living(&state, &id).await?;
    let store = state.store.clone();
    let articles = reply::blocking(move || {
        articles.iter().map(|article| member(&store, cluster, article)).collect()
    })
    .await?;
    say(&state, user, Override::Split { articles }).await
}

/// The article of that id, whose newest version is in the cluster.
fn member(store: &Store, cluster: ClusterId, article: &str) -> Result<ArticleId, Problem> {
    let unknown = || Problem::not_found(format!("no article {article} in {cluster}"));
    let id: ArticleId = article.parse().map_err(|_| unknown())?;
    let row = store.article(id)?.ok_or_else(unknown)?;
    let version = store.version(row.newest)?.ok_or_else(unknown)?;
    let found = store.cluster_of_set(version.set)?;
    found.filter(|row| row.summary.cluster == cluster).map(|_| id).ok_or_else(unknown)
}

/// Make two clusters one, for good: nothing but an undo, or a split, parts them again.
#[utoipa::path(post, path = "/api/v1/clusters/merge", tag = "clusters", request_body = MergeBody, responses(
    (status = 200, description = "done, and durable", body = OverrideAnswer),
    (status = 400, description = "the body is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "no such cluster", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "they are one, or a split keeps them apart", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "the line is full or stopping", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn merge(
    State(state): State<api::State>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    let MergeBody { clusters: [a, b], user } = read(&state, body)?;
    state.status.rows().await;
    let (a, b) = (living(&state, &a).await?, living(&state, &b).await?);
    say(&state, user, Override::Merge { a, b }).await
}

/// Undo a split or a merge: what the texts say holds again.
#[utoipa::path(delete, path = "/api/v1/clusters/{id}/overrides/{n}", tag = "clusters",
    params(("id" = String, Path, description = "a cluster, merged or not"), ("n" = u64, Path, description = "the override's number")),
    request_body(content = UndoBody, description = "may be left out"), responses(
    (status = 200, description = "undone, and durable", body = OverrideAnswer),
    (status = 404, description = "no such cluster or override", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "the line is full or stopping", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn undo(
    State(state): State<api::State>,
    Path((id, number)): Path<(String, String)>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    let unknown = || Problem::not_found(format!("{number} is no override's number"));
    let number: u64 = number.parse().map_err(|_| unknown())?;
    let UndoBody { user } = match body {
        Ok(bytes) if bytes.is_empty() => UndoBody::default(),
        body => read(&state, body)?,
    };
    living(&state, &id).await?;
    say(&state, user, Override::Undo { number }).await
}

/// Which page of the overrides.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OverridesParams {
    /// Items of a page, 1 to 500; 50 where it is left out.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// An override in force, as it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct OverrideItem {
    /// Its number, for `DELETE …/overrides/{n}`.
    #[serde(rename = "override")]
    number: u64,
    /// When it was said.
    at: String,
    /// Who said it; empty where nobody was named.
    user: String,
    /// `split` or `merge`.
    word: &'static str,
    /// The articles a split parted from their cluster; none of a merge.
    articles: Vec<String>,
    /// The two clusters of a merge, by the ids they had; none of a split.
    clusters: Vec<String>,
}

/// The overrides in force, the newest first. What was undone is not among them.
#[utoipa::path(get, path = "/api/v1/overrides", tag = "clusters", params(OverridesParams), responses(
    (status = 200, description = "a page", body = List<OverrideItem>),
    (status = 400, description = "a parameter is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "the journal is not read yet, or cannot be read at present", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(state): State<api::State>, uri: Uri) -> Result<Response, Problem> {
    let OverridesParams { limit, cursor } = query::params(&uri)?;
    let limit = query::limit(limit.as_deref())?;
    let before = match query::given(cursor.as_deref()) {
        None => u64::MAX,
        Some(text) => text
            .parse()
            .map_err(|_| Problem::parameter(format!("cursor={text} is none of ours")))?,
    };
    let generation = state.settings.generation;
    let Some(all) = state.status.overrides() else {
        return Err(Problem::unavailable("the journal is being read", 2));
    };
    let list = reply::blocking(move || {
        let mut numbers = all.iter().rev().copied().skip_while(|&number| number >= before);
        let page: Vec<u64> = numbers.by_ref().take(limit).collect();
        let next = numbers.next().and(page.last()).map(ToString::to_string);
        let items = page.iter().map(|&number| item(&state, number)).collect::<Result<_, _>>()?;
        Ok(List { items, next, generation })
    })
    .await?;
    Ok(reply::json(&list))
}

/// What the journal has under an override's number.
fn item(state: &api::State, number: u64) -> Result<OverrideItem, Problem> {
    // The rows keep no place of it, so it is looked for by its number.
    let entry = state.reader.read_seq(Seq(number), Location::default());
    let entry = entry.map_err(|fault| {
        tracing::error!(number, fault = %fault, "the journal has no override {number}: {fault}");
        view::unread(&fault)
    })?;
    let at = entry.at.to_string();
    let Record::Override(Spoken { user, word }) = entry.record else {
        return Err(Problem::not_found(format!("{number} is no override's number")));
    };
    let (word, articles, clusters) = match word {
        Override::Split { articles } => {
            ("split", articles.iter().map(ToString::to_string).collect(), Vec::new())
        }
        Override::Merge { a, b } => ("merge", Vec::new(), vec![a.to_string(), b.to_string()]),
        // It undoes another and is never in force itself.
        Override::Undo { .. } => ("undo", Vec::new(), Vec::new()),
    };
    Ok(OverrideItem { number, at, user, word, articles, clusters })
}

/// A small JSON body.
fn read<T: for<'de> Deserialize<'de>>(
    state: &api::State,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Problem> {
    let body = push::body(state, body)?;
    serde_json::from_slice(&body)
        .map_err(|fault| Problem::body(format!("not as expected: {fault}")))
}

/// The cluster that an id names now, be it merged or not.
async fn living(state: &api::State, id: &str) -> Result<ClusterId, Problem> {
    let unknown = Problem::not_found(format!("no cluster {id}"));
    let Ok(cluster) = id.parse::<ClusterId>() else { return Err(unknown) };
    let store = state.store.clone();
    let found = reply::blocking(move || Ok(store.cluster(cluster)?)).await?;
    match found {
        Lookup::Found(row) => Ok(row.summary.cluster),
        Lookup::Merged(into) => Ok(into),
        Lookup::Absent => Err(unknown),
    }
}

async fn say(state: &api::State, user: String, word: Override) -> Result<Response, Problem> {
    if user.chars().count() > USER_LETTERS_MAX || user.chars().any(char::is_control) {
        return Err(Problem::body(format!(
            "`user` is a name of at most {USER_LETTERS_MAX} letters on one line"
        )));
    }
    push::taking(state).await?;
    let (reply, answer) = oneshot::channel();
    push::hand(state, Wish::Word(Word { user, word, reply })).await?;
    let answered = answer.await.map_err(|_| push::unsure("the word"))?;
    let Obeyed { number, clusters } = answered.map_err(|fault| match fault {
        OverrideError::Unknown(_) => Problem::not_found(fault.to_string()),
        _ => Problem::conflict(fault.to_string()),
    })?;
    let clusters = clusters.iter().map(ToString::to_string).collect();
    Ok(reply::json(&OverrideAnswer { number: number.0, clusters }))
}
