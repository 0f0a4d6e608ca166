//! Response headers to what they mean for us: charset, freshness, how long to stay away. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{
    AGE, CACHE_CONTROL, CONTENT_TYPE, DATE, EXPIRES, HeaderMap, HeaderName, RETRY_AFTER,
};

use crate::model::Timestamp;

/// The lines of a head, as text.
pub(super) fn lines(head: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    head.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    })
}

/// Longest stay-away and longest freshness believed: a day. The schedule has bounds of its own.
pub(super) const WAIT_MAX: Duration = Duration::from_hours(24);

/// Longest validator kept, in bytes: they are stored and sent back at each poll.
const VALIDATOR_BYTES_MAX: usize = 512;

/// A header as text, blanks trimmed; `None` where it is missing, empty or not ASCII.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
}

/// Bytes of all lines, names and values.
pub(super) fn bytes(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len()) as u64).sum()
}

/// A validator (`ETag`, `Last-Modified`) as the server wrote it, if it is short enough to keep.
pub(super) fn validator(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    text(headers, name).filter(|value| value.len() <= VALIDATOR_BYTES_MAX).map(str::to_owned)
}

/// The media type in lower case without parameters: "application/rss+xml".
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let essence = text(headers, CONTENT_TYPE)?.split(';').next()?.trim();
    (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
}

/// The `charset` parameter of `Content-Type`, lower case, without quotes.
pub(super) fn charset(headers: &HeaderMap) -> Option<String> {
    charset_of(text(headers, CONTENT_TYPE)?)
}

/// The `charset` parameter of a media type, lower case, without quotes.
pub fn charset_of(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1);
    parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(key, value)| {
        let value = value.trim().trim_matches(['"', '\'']);
        (key.trim().eq_ignore_ascii_case("charset") && !value.is_empty())
            .then(|| value.to_ascii_lowercase())
    })
}

/// For how long the server says this answer stays fresh: `max-age` less `Age`, else `Expires` less `Date` (RFC 9111
/// §4.2.1). `None` where it says nothing, or that it must always be asked; at most a day.
pub(super) fn floor(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let mut max_age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or("").split(',') {
            let (key, value) = directive.split_once('=').unwrap_or((directive, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "no-cache" | "no-store" => return None,
                "max-age" => max_age = Some(seconds(value.trim().trim_matches('"'))?),
                _ => {}
            }
        }
    }
    let fresh = if let Some(age_max) = max_age {
        let age = text(headers, AGE).and_then(seconds).unwrap_or_default();
        age_max.saturating_sub(age)
    } else {
        let expires = moment(text(headers, EXPIRES)?)?;
        expires.duration_since(sent_at(headers, now)).ok()?
    };
    (!fresh.is_zero()).then(|| fresh.min(WAIT_MAX))
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), at most a day. A date that is past is zero.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER)?;
    let wait = match seconds(value) {
        Some(wait) => wait,
        None => moment(value)?.duration_since(sent_at(headers, now)).unwrap_or_default(),
    };
    Some(wait.min(WAIT_MAX))
}

/// When the answer was sent by the server's own clock, else `now`: differences of two of its times need no right clock.
fn sent_at(headers: &HeaderMap, now: Timestamp) -> SystemTime {
    text(headers, DATE)
        .and_then(moment)
        .unwrap_or_else(|| UNIX_EPOCH + Duration::from_millis(now.millis().max(0).unsigned_abs()))
}

fn moment(value: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(value).ok()
}

/// Whole seconds; numbers too large for us are the largest (RFC 9111 §1.2.2).
fn seconds(value: &str) -> Option<Duration> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 12 Oct 2016, 18:00:00 UTC.
    const NOW: Timestamp = Timestamp::from_secs(1_476_295_200);

    fn map(lines: &[&str]) -> HeaderMap {
        let pair = |line: &&str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    fn secs(wait: Option<Duration>) -> Option<u64> {
        wait.map(|wait| wait.as_secs())
    }

    #[test]
    fn freshness_is_read_as_rfc_9111_says() {
        for (lines, expected) in [
            (&["cache-control: max-age=300"][..], Some(300)),
            (&["cache-control: public, MAX-AGE=\"60\""], Some(60)),
            (&["cache-control: max-age=300", "age: 100"], Some(200)),
            (&["cache-control: max-age=300", "age: 900"], None),
            (&["cache-control: max-age=0"], None),
            (&["cache-control: no-cache, max-age=300"], None),
            (&["cache-control: max-age=300", "cache-control: no-store"], None),
            (&["cache-control: s-maxage=300"], None),
            (&["cache-control: max-age=99999999999999999999999"], Some(86_400)),
            (&["cache-control: max-age=soon"], None),
            (&["expires: Wed, 12 Oct 2016 18:10:00 GMT"], Some(600)),
            (
                &["expires: Wed, 12 Oct 2016 18:10:00 GMT", "date: Wed, 12 Oct 2016 18:09:00 GMT"],
                Some(60),
            ),
            (&["expires: Wed, 12 Oct 2016 17:00:00 GMT"], None),
            (&["expires: 0"], None),
            (&["expires: Wed, 12 Oct 2016 18:10:00 GMT", "cache-control: max-age=30"], Some(30)),
            (&[], None),
        ] {
            assert_eq!(secs(floor(&map(lines), NOW)), expected, "{lines:?}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        for (lines, expected) in [
            (&["retry-after: 120"][..], Some(120)),
            (&["retry-after: 0"], Some(0)),
            (&["retry-after: Wed, 12 Oct 2016 18:02:00 GMT"], Some(120)),
            (&["retry-after: Wednesday, 12-Oct-16 18:02:00 GMT"], Some(120)),
            (&["retry-after: Wed, 12 Oct 2016 17:00:00 GMT"], Some(0)),
            (
                &[
                    "retry-after: Wed, 12 Oct 2011 00:01:00 GMT",
                    "date: Wed, 12 Oct 2011 00:00:00 GMT",
                ],
                Some(60),
            ),
            (&["retry-after: 99999999999"], Some(86_400)),
            (&["retry-after: -5"], None),
            (&["retry-after: later"], None),
            (&[], None),
        ] {
            assert_eq!(secs(retry_after(&map(lines), NOW)), expected, "{lines:?}");
        }
    }

    #[test]
    fn the_content_type_is_taken_apart() {
        let read = |line| {
            let headers = map(&[line]);
            (content_type(&headers), charset(&headers))
        };
        let pair = |a: &str, b: &str| {
            ((!a.is_empty()).then(|| a.to_owned()), (!b.is_empty()).then(|| b.to_owned()))
        };
        assert_eq!(read("content-type: Text/HTML; Charset=\"UTF-8\""), pair("text/html", "utf-8"));
        assert_eq!(
            read("content-type: text/xml;version=1; charset=iso-8859-1"),
            pair("text/xml", "iso-8859-1")
        );
        assert_eq!(read("content-type: text/html; charset="), pair("text/html", ""));
        assert_eq!(read("content-type: ;charset=x"), pair("", "x"));
        assert_eq!(read("x: y"), pair("", ""));
    }

    #[test]
    fn a_validator_too_long_to_keep_is_none() {
        let long = format!("etag: \"{}\"", "a".repeat(VALIDATOR_BYTES_MAX));
        assert_eq!(validator(&map(&[&long]), reqwest::header::ETAG), None);
        let kept = validator(&map(&["etag: W/\"a b\""]), reqwest::header::ETAG);
        assert_eq!(kept.as_deref(), Some("W/\"a b\""));
    }
}
