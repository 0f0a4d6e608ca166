//! The reading routes of the API: a request in, a body of `view` out.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::body::{Cluster, List, Source, Version};
use crate::api::problem::Problem;
use crate::api::query::{self, ClustersParams};
use crate::api::sight::Sight;
use crate::api::view::{self, DiffBody, Found};
use crate::api::{self, reply};
use crate::model::ClusterId;

/// Body of a 307: where the cluster went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Merged {
    /// The id that was asked for.
    pub(super) id: String,
    /// The cluster it is part of.
    pub(super) merged_into: String,
}

/// Clusters, a page at a time.
#[utoipa::path(get, path = "/api/v1/clusters", tag = "clusters", params(ClustersParams), responses(
    (status = 200, body = List<Cluster>, headers(("link", description = "rel=\"next\"")), description = "a page"),
    (status = 400, description = "a parameter is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 410, description = "the cursor is of another generation", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn clusters(
    State(state): State<api::State>,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked = query::clusters(&query::params(&uri)?, state.settings.generation)?;
    let list = {
        let state = state.clone();
        reply::blocking(move || view::clusters(&state, &asked)).await?
    };
    let mut response = reply::json(&list);
    if let Some(next) = &list.next {
        let path = format!("{}/api/v1/clusters", state.settings.base_path);
        let link = format!("<{}>; rel=\"next\"", next_page(&path, &uri, next));
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

/// The same question with another cursor.
pub(super) fn next_page(path: &str, uri: &Uri, cursor: &str) -> String {
    page_of(path, uri, Some(cursor))
}

/// The same question from its beginning.
pub(super) fn first_page(path: &str, uri: &Uri) -> String {
    page_of(path, uri, None)
}

fn page_of(path: &str, uri: &Uri, cursor: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.extend_pairs(pairs.filter(|(key, value)| key != "cursor" && !value.is_empty()));
    query.extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// One cluster with all its members.
#[utoipa::path(get, path = "/api/v1/clusters/{id}", tag = "clusters",
    params(("id" = String, Path, description = "the cluster")), responses(
    (status = 200, body = Cluster),
    (status = 307, description = "merged; Location has the cluster it is part of", body = Merged),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "no such cluster"),
))]
pub(super) async fn cluster(
    State(state): State<api::State>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    let base = state.settings.base_path.clone();
    let asked = id.clone();
    let found = reply::blocking(move || view::cluster(&state, &asked)).await?;
    Ok(match found {
        Found::Here(body) => reply::json(&body),
        Found::Merged(into) => moved(&id, into, &format!("{base}/api/v1/clusters/{into}")),
    })
}

/// 307 to where a merged cluster went; never cached, for an undone merge revives the id.
pub(super) fn moved(id: &str, into: ClusterId, to: &str) -> Response {
    let body = Merged { id: id.to_owned(), merged_into: into.to_string() };
    let mut response = reply::json_with(StatusCode::TEMPORARY_REDIRECT, &body);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, to);
    }
    response
}

/// Which versions to compare.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffParams {
    /// A version or an article of the cluster. Default: the lead.
    from: Option<String>,
    /// A version or an article of the cluster. Default: the newest version of another article.
    to: Option<String>,
}

/// What differs between two versions of a cluster: paragraphs, and words within edited ones.
#[utoipa::path(get, path = "/api/v1/clusters/{id}/diff", tag = "clusters",
    params(("id" = String, Path, description = "the cluster"), DiffParams), responses(
    (status = 200, body = DiffBody),
    (status = 307, description = "merged; Location has the cluster it is part of", body = Merged),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "no such cluster or version"),
))]
pub(super) async fn diff(
    State(state): State<api::State>,
    Path(id): Path<String>,
    sight: Sight,
    uri: Uri,
) -> Result<Response, Problem> {
    let params: DiffParams = query::params(&uri)?;
    let base = state.settings.base_path.clone();
    let asked = id.clone();
    let found = reply::blocking(move || {
        let (from, to) = (query::given(params.from.as_deref()), query::given(params.to.as_deref()));
        view::diff(&state, sight, &asked, from, to)
    })
    .await?;
    let asked = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(match found {
        Found::Here(body) => reply::json(&body),
        Found::Merged(into) => {
            moved(&id, into, &format!("{base}/api/v1/clusters/{into}/diff{asked}"))
        }
    })
}

/// Names an article goes by.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ArticlesParams {
    /// Its address.
    url: Option<String>,
    /// Its guid or id at the source; needs `source`.
    guid: Option<String>,
    /// Its source.
    source: Option<String>,
}

/// Articles by a name: `url`, or `guid` with `source`. An empty list where nothing goes by it.
#[utoipa::path(get, path = "/api/v1/articles", tag = "articles", params(ArticlesParams), responses(
    (status = 200, description = "the articles that go by the name", body = List<Value>),
    (status = 400, description = "no name was given", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn articles(
    State(state): State<api::State>,
    sight: Sight,
    uri: Uri,
) -> Result<Response, Problem> {
    let params: ArticlesParams = query::params(&uri)?;
    let list = reply::blocking(move || {
        let ArticlesParams { url, guid, source } = &params;
        let given = |value: &'_ Option<String>| query::given(value.as_deref()).map(str::to_owned);
        let (url, guid, source) = (given(url), given(guid), given(source));
        view::articles_named(&state, sight, url.as_deref(), guid.as_deref(), source.as_deref())
    });
    Ok(reply::json(&list.await?))
}

/// One article: its record as stored, with text, versions, cluster and evidence.
#[utoipa::path(get, path = "/api/v1/articles/{id}", tag = "articles",
    params(("id" = String, Path, description = "the article")), responses(
    (status = 200, body = serde_json::Value, description = "the record, `article`, `cluster`, `state`, `versions`, `evidence`; where its words were removed by order, `redacted` is true and `title`, `text` and `url` are null; `served` says how much of the text is shown: `text`, `excerpt` (its beginning) or `title` (null); `tdm` has what its publisher said of its use, and whether that reserves the rights"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "no such article"),
))]
pub(super) async fn article(
    State(state): State<api::State>,
    Path(id): Path<String>,
    sight: Sight,
    uri: Uri,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    let body: Value = reply::blocking(move || view::article(&state, sight, &id)).await?;
    Ok(reply::json(&body))
}

/// All versions of an article, oldest first.
#[utoipa::path(get, path = "/api/v1/articles/{id}/versions", tag = "articles",
    params(("id" = String, Path, description = "the article")), responses(
    (status = 200, body = List<Version>),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "no such article"),
))]
pub(super) async fn article_versions(
    State(state): State<api::State>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    let list = reply::blocking(move || view::article_versions(&state, &id)).await?;
    Ok(reply::json(&list))
}

/// All sources and how they are doing, in the order of the configuration.
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources", responses((status = 200, body = List<Source>)))]
pub(super) async fn sources(
    State(state): State<api::State>,
    uri: Uri,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    Ok(reply::json(&view::sources(&state)))
}

/// One source.
#[utoipa::path(get, path = "/api/v1/sources/{id}", tag = "sources",
    params(("id" = String, Path, description = "the source")), responses(
    (status = 200, body = Source),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "no such source"),
))]
pub(super) async fn source(
    State(state): State<api::State>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    query::none(&uri)?;
    Ok(reply::json(&view::source(&state, &id)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_asks_the_same_with_another_cursor() {
        let uri: Uri = "/api/v1/clusters?q=a%20b&lang=&cursor=1.changed.0".parse().unwrap();
        assert_eq!(next_page("/x", &uri, "1.changed.ff"), "/x?q=a+b&cursor=1.changed.ff");
        assert_eq!(first_page("/x", &uri), "/x?q=a+b");
        assert_eq!(first_page("/x", &"/api?cursor=1".parse().unwrap()), "/x");
    }
}
