//! What stands around every route: who may ask, how long it may take, which validators and headers an answer has.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use crate::api::problem::Problem;
use crate::api::{self, Params};

/// Nothing but our own files, no inline script or style, no frame around us.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// Paths a load balancer asks without a token.
const ALWAYS_OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// Lets a request in or says why not: a token where one is needed, and no writes by other sites.
pub(super) async fn admit(State(state): State<api::State>, ask: Request, next: Next) -> Response {
    let writes = !matches!(*ask.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let path = ask.uri().path();
    let path = path.strip_prefix(state.settings.base_path.as_str()).unwrap_or(path);
    let verdict = if writes {
        may_write(ask.headers(), &state.settings)
    } else if ALWAYS_OPEN.contains(&path) {
        Ok(())
    } else {
        may_read(ask.headers(), &state.settings)
    };
    match verdict {
        Ok(()) => next.run(ask).await,
        Err(problem) => problem.into_response(),
    }
}

fn may_read(headers: &HeaderMap, settings: &Params) -> Result<(), Problem> {
    if settings.reads_open || bears_token(headers, &settings.tokens) {
        return Ok(());
    }
    Err(Problem::unauthorized("send one of server.tokens as `Authorization: Bearer …`"))
}

fn may_write(headers: &HeaderMap, settings: &Params) -> Result<(), Problem> {
    if is_foreign(headers, settings) {
        return Err(Problem::foreign_origin("the Origin of the request is not this server"));
    }
    if settings.tokens.is_empty() && settings.writes_open {
        return Ok(());
    }
    if bears_token(headers, &settings.tokens) {
        return Ok(());
    }
    Err(Problem::unauthorized(if settings.tokens.is_empty() {
        "no token is set, so nobody may write off loopback: set server.tokens"
    } else {
        "send one of server.tokens as `Authorization: Bearer …`"
    }))
}

/// Every token is compared, each in constant time, so the time says nothing of which one is near.
pub(super) fn bears_token(headers: &HeaderMap, tokens: &[String]) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().as_bytes());
    let Some(given) = given else { return false };
    let mut found = subtle::Choice::from(0);
    for token in tokens {
        found |= token.as_bytes().ct_eq(given);
    }
    bool::from(found)
}

/// True for a request a browser page of another origin makes. A program sends no `Origin`.
///
/// Where nothing but the address keeps writers out, the host must be loopback as well: else a page could name its own
/// host, let that resolve to 127.0.0.1 and call itself the same origin.
fn is_foreign(headers: &HeaderMap, settings: &Params) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if matches!(text(header::HeaderName::from_static("sec-fetch-site")), Some("cross-site")) {
        return true;
    }
    if !headers.contains_key(header::ORIGIN) {
        return false;
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    let Some((_, authority)) = origin else { return true };
    if !authority.eq_ignore_ascii_case(host) {
        return true;
    }
    settings.tokens.is_empty() && !is_loopback(host)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What was answered before a read is in it: waits until its rows are written. A push is not a read.
pub(super) async fn after_rows(
    State(state): State<api::State>,
    ask: Request,
    next: Next,
) -> Response {
    if ask.method() != Method::POST {
        state.status.rows().await;
    }
    next.run(ask).await
}

/// 503 for what has no answer in time. A stream has its head at once, so it is not cut.
pub(super) async fn deadline(
    State(state): State<api::State>,
    ask: Request,
    next: Next,
) -> Response {
    match tokio::time::timeout(state.settings.deadline, next.run(ask)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable("no answer in time", 5).into_response(),
    }
}

/// Makes the tag one per content coding, and answers 304 where the client has that very body (RFC 9110 §8.8.3.3, §13.1.2).
pub(super) async fn validate(ask: Request, next: Next) -> Response {
    let known = ask.headers().get(header::IF_NONE_MATCH).cloned();
    let reads = matches!(*ask.method(), Method::GET | Method::HEAD);
    let mut response = next.run(ask).await;
    let Some(tag) = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()) else {
        return response;
    };
    let coding = response.headers().get(header::CONTENT_ENCODING).and_then(|c| c.to_str().ok());
    let tag = match coding {
        Some(coding) => format!("\"{}-{coding}\"", tag.trim_matches('"')),
        None => tag.to_owned(),
    };
    let matches = known.and_then(|known| known.to_str().ok().map(|known| has(known, &tag)));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().insert(header::VARY, vary);
    if reads && matches == Some(true) && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for gone in [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::CONTENT_ENCODING] {
            response.headers_mut().remove(gone);
        }
    }
    response
}

/// Whether an `If-None-Match` list holds the tag, by weak comparison.
fn has(known: &str, tag: &str) -> bool {
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// A panic of a handler: the log has it, the client gets a 500 and the daemon goes on.
#[expect(clippy::needless_pass_by_value, reason = "the shape tower-http asks for")]
pub(super) fn panicked(cause: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let words = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = words, "a request handler panicked: {words}");
    Problem::internal().into_response()
}

/// Counts each answer and gives it the headers all answers have.
pub(super) async fn account(State(state): State<api::State>, ask: Request, next: Next) -> Response {
    let route = ask.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let method = ask.method().clone();
    let mut response = next.run(ask).await;
    let status = response.status().as_u16();
    tracing::debug!(http.route = route, http.method = %method, http.status = status, "{method} {route}: {status}");
    state.metrics.answered(&route, status);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let lines = lines.iter();
        lines.map(|(n, v)| ((*n).parse().unwrap(), HeaderValue::from_str(v).unwrap())).collect()
    }

    fn settings(tokens: &[&str], writes_open: bool) -> Params {
        let tokens = tokens.iter().map(|&token| token.to_owned()).collect();
        Params { tokens, writes_open, ..Params::default() }
    }

    fn check(lines: &[(&'static str, &str)], settings: &Params, status: Option<u16>) {
        let refused = may_write(&headers(lines), settings).err().map(|problem| problem.status);
        assert_eq!(refused, status, "{lines:?}");
    }

    #[test]
    fn who_writes_needs_a_token_once_one_is_set() {
        let guarded = settings(&["right", "other"], true);
        check(&[("authorization", "Bearer right")], &guarded, None);
        check(&[("authorization", "bearer  other")], &guarded, None);
        check(&[("authorization", "Bearer wrong")], &guarded, Some(401));
        check(&[("authorization", "Basic right")], &guarded, Some(401));
        check(&[], &guarded, Some(401));
        check(&[], &settings(&[], true), None);
        check(&[], &settings(&[], false), Some(401));
        check(&[("authorization", "Bearer ")], &settings(&[], false), Some(401));
    }

    #[test]
    fn another_sites_page_never_writes() {
        let open = settings(&[], true);
        let guarded = settings(&["right"], true);
        let token = ("authorization", "Bearer right");
        let here = ("host", "127.0.0.1:8080");
        check(&[here, ("origin", "http://127.0.0.1:8080")], &open, None);
        check(&[here, ("origin", "http://evil.example")], &open, Some(403));
        check(&[here, ("origin", "null")], &open, Some(403));
        check(&[here, ("sec-fetch-site", "cross-site")], &open, Some(403));
        check(&[here, token, ("origin", "http://evil.example")], &guarded, Some(403));
        let desk = ("host", "desk.example");
        check(&[desk, token, ("origin", "https://desk.example")], &guarded, None);
    }

    #[test]
    fn a_host_name_that_was_bent_to_loopback_is_another_site() {
        let bent = [("host", "evil.example:8080"), ("origin", "http://evil.example:8080")];
        check(&bent, &settings(&[], true), Some(403));
        let six = [("host", "[::1]:8080"), ("origin", "http://[::1]:8080")];
        check(&six, &settings(&[], true), None);
    }

    #[test]
    fn a_closed_desk_reads_with_a_token_only() {
        let closed = Params { reads_open: false, ..settings(&["right"], false) };
        assert!(may_read(&headers(&[("authorization", "Bearer right")]), &closed).is_ok());
        assert!(may_read(&HeaderMap::new(), &closed).is_err());
        assert!(may_read(&HeaderMap::new(), &Params::default()).is_ok());
    }

    #[test]
    fn a_tag_is_found_in_a_list_by_weak_comparison() {
        assert!(has("\"a\", W/\"b-gzip\"", "\"b-gzip\""));
        assert!(has("*", "\"b\""));
        assert!(!has("\"b\"", "\"b-gzip\""), "another coding is another body");
    }
}
