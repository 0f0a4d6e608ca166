//! The pages machines watch: health, readiness, metrics, the OpenAPI document, and answers for routes there are none of.

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::api::{self, reply};

/// How the daemon is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    pub(super) status: &'static str,
    /// What is wrong and keeps it from nothing: damage that was found in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "watch", responses((status = 200, body = Health)))]
pub(super) async fn healthz() -> Response {
    reply::json(&Health { status: "ok", note: None })
}

/// The daemon does its work: 200 (with a note, where something is wrong all the same), or 503 with the reason.
#[utoipa::path(get, path = "/readyz", tag = "watch", responses(
    (status = 200, body = Health),
    (status = 503, description = "why it is not", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn readyz(State(state): State<api::State>) -> Response {
    match state.status.not_ready() {
        None => reply::json(&Health { status: "ok", note: state.status.noted() }),
        Some(why) => Problem::unavailable(why, 1).into_response(),
    }
}

/// Counters in the `OpenMetrics` text format.
#[utoipa::path(get, path = "/metrics", tag = "watch",
    responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub(super) async fn metrics(State(state): State<api::State>) -> Response {
    const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let (store, reader) = (state.store.clone(), state.reader.clone());
    let measured = tokio::task::spawn_blocking(move || {
        store.bytes().ok().zip(reader.bytes().ok()).map(|(rows, journal)| rows + journal)
    });
    // Where the disk does not answer, the last figure stands.
    if let Ok(Some(bytes)) = measured.await {
        state.metrics.store_bytes(bytes);
    }
    (
        [(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")],
        state.metrics.render(),
    )
        .into_response()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "watch",
    responses((status = 200, body = serde_json::Value, description = "OpenAPI 3.1")))]
pub(super) async fn openapi(State(state): State<api::State>) -> Response {
    reply::json(&api::document(&state.settings.base_path))
}

/// Any path that is no route.
pub(super) async fn no_route(
    uri: Uri,
    headers: axum::http::HeaderMap,
    State(state): State<api::State>,
) -> Response {
    let problem = Problem::not_found(format!("{} is no path here; see /openapi.json", uri.path()));
    let person = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if person { api::dashboard::trouble(&state, &problem) } else { problem.into_response() }
}

/// A route asked with a method it does not have.
pub(super) async fn no_method(method: Method, uri: Uri) -> Response {
    let mut response =
        Problem::method(format!("{method} is not for {}", uri.path())).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
