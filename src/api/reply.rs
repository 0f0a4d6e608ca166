//! A body to a response with its validator: JSON and pages carry an `ETag` of their very bytes.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::api::problem::Problem;

/// Runs a read of store or journal where it may block. A panic there becomes a 500.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(fault) => {
            tracing::error!(fault = %fault, "a read did not end: {fault}");
            Err(Problem::internal())
        }
    }
}

/// 200 with a JSON body.
pub(super) fn json<T: Serialize>(body: &T) -> Response {
    json_with(StatusCode::OK, body)
}

/// A JSON body under any status.
pub(super) fn json_with<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => tagged(status, "application/json", bytes),
        Err(fault) => {
            tracing::error!(fault = %fault, "an answer could not be written as JSON: {fault}");
            Problem::internal().into_response()
        }
    }
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    tagged(status, "text/html; charset=utf-8", page.into_bytes())
}

/// Bytes with the tag of their identity coding; [`guard::validate`](super::guard) makes it one per coding.
pub(super) fn tagged(status: StatusCode, media_type: &'static str, bytes: Vec<u8>) -> Response {
    let tag = tag(&bytes);
    let mut response = (status, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if status == StatusCode::OK
        && let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\""))
    {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Hash of a body, in hex.
pub(super) fn tag(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}
