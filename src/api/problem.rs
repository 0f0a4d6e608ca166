//! What went wrong with a request, in and out as RFC 9457 `application/problem+json`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;

/// Media type of a problem (RFC 9457 §3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What each problem's `type` begins with. The rest is its kind: `urn:copytaster:problem:not-found`.
pub const TYPE_PREFIX: &str = "urn:copytaster:problem:";

/// A problem as it goes over the wire (RFC 9457 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Which problem: a URI that stays the same for the same kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words; the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, and the mend.
    pub detail: String,
    /// Seconds after which to try again, where that helps; also sent as `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{TYPE_PREFIX}{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// 400: a parameter is unknown or has a value that cannot be read.
    pub fn parameter(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-parameter", "A parameter is wrong", detail)
    }

    /// 400: the body is not what was announced.
    pub fn body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-body", "The body cannot be read", detail)
    }

    /// 401: a token is needed, and none or a wrong one came.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "A token is needed", detail)
    }

    /// 403: a browser page of another origin asked to write.
    pub fn foreign_origin(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "foreign-origin", "Another site may not write", detail)
    }

    /// 404: nothing goes by that name.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// 405: the path exists, the method does not.
    pub fn method(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            detail,
        )
    }

    /// 409: it cannot be done as things stand.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "Not as things stand", detail)
    }

    /// 410: a cursor or stream id of another generation.
    pub fn resync(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "resync-required", "Start again from the beginning", detail)
    }

    /// 413: more than the server takes at once.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too much at once", detail)
    }

    /// 422: one record of a push that cannot be taken.
    pub fn record(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-record",
            "The record cannot be taken",
            detail,
        )
    }

    /// 422: a record that goes by a name that was erased.
    pub fn erased() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "erased",
            "Erased by order",
            "this article was erased here and is not taken in again: leave it out",
        )
    }

    /// 422: a record that is right, refused because `?strict=1` and another one is wrong.
    pub fn strict() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "strict",
            "Not taken because another record was refused",
            "strict=1 takes all records or none; mend the others and send all again",
        )
    }

    /// 503 with `Retry-After`: the daemon cannot take it at this moment.
    pub fn unavailable(detail: impl Into<String>, retry_after_seconds: u32) -> Self {
        let problem =
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available", detail);
        Self { retry_after: Some(retry_after_seconds), ..problem }
    }

    /// 500: a bug or a fault of the disk; the log has the cause.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
            "the daemon's log has the cause",
        )
    }

    /// The HTTP status; 500 where the number is none.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Seconds after which rows that are opened again may be there.
const ROWS_RETRY_SECONDS: u32 = 5;

impl From<StoreError> for Problem {
    /// Logs the fault (this is where it is handled) and tells the client what helps: rows that cannot be read are opened again
    /// or made again, so it may ask later.
    fn from(fault: StoreError) -> Self {
        if matches!(fault, StoreError::Closed) {
            return Self::unavailable(fault.to_string(), ROWS_RETRY_SECONDS);
        }
        tracing::error!(fault = %fault, "the store could not answer a request: {fault}");
        let passes = fault.needs_mending() || matches!(fault, StoreError::Missing { .. });
        if passes {
            let why = "the derived rows could not be read; they are mended from the journal";
            return Self::unavailable(why, ROWS_RETRY_SECONDS);
        }
        Self::internal()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status_code(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"copytaster\""),
            );
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457_and_its_media_type() {
        let response = Problem::unavailable("the queue is full", 2).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        let shown = serde_json::to_value(Problem::not_found("no cluster c1")).unwrap();
        assert_eq!(
            shown,
            serde_json::json!({
                "type": "urn:copytaster:problem:not-found",
                "title": "Not found",
                "status": 404,
                "detail": "no cluster c1",
            })
        );
    }

    #[test]
    fn a_missing_token_says_which_scheme_to_use() {
        let response = Problem::unauthorized("send a token").into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"copytaster\"");
    }
}
