//! Raw values to typed ones. A refusal is the rest of a sentence: what is wanted instead.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use toml::de::DeValue;
use url::Url;

use super::problem::{either, nearest};
use super::sheet::Raw;
use super::units;

/// Longest address of an endpoint in bytes; feed links have the same bound.
const URL_BYTES_MAX: usize = 2048;

/// Shortest bearer token taken, in bytes: 16 hex digits are 64 bits, the least that cannot be guessed over HTTP.
const TOKEN_BYTES_MIN: usize = 16;

pub(super) fn text(raw: Raw<'_>) -> Result<String, String> {
    match raw {
        Raw::File(DeValue::String(text)) => Ok(text.clone().into_owned()),
        Raw::Text(text) => Ok(text.to_owned()),
        Raw::File(_) => Err("want a string in quotes".to_owned()),
    }
}

pub(super) fn path(raw: Raw<'_>) -> Result<PathBuf, String> {
    let text = text(raw)?;
    if text.is_empty() { Err("want a path".to_owned()) } else { Ok(PathBuf::from(text)) }
}

/// A string, where the empty one says "not set".
pub(super) fn unset_if_empty(raw: Raw<'_>) -> Result<Option<String>, String> {
    text(raw).map(|text| Some(text).filter(|text| !text.trim().is_empty()))
}

pub(super) fn truth(raw: Raw<'_>) -> Result<bool, String> {
    match raw {
        Raw::File(DeValue::Boolean(truth)) => Ok(*truth),
        Raw::Text("true" | "1" | "yes") => Ok(true),
        Raw::Text("false" | "0" | "no") => Ok(false),
        _ => Err("want true or false".to_owned()),
    }
}

pub(super) fn whole(min: u64, max: u64) -> impl Fn(Raw<'_>) -> Result<u64, String> {
    move |raw| {
        let number = match raw {
            Raw::File(DeValue::Integer(number)) => {
                u64::from_str_radix(number.as_str(), number.radix()).ok()
            }
            Raw::Text(text) => text.trim().parse().ok(),
            Raw::File(_) => None,
        };
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| format!("want a whole number from {min} to {max}"))
    }
}

pub(super) fn duration(
    min: Duration,
    max: Duration,
) -> impl Fn(Raw<'_>) -> Result<Duration, String> {
    move |raw| {
        let span = text(raw).ok().and_then(|text| units::duration(&text));
        span.filter(|span| (min..=max).contains(span)).ok_or_else(|| {
            let (min, max) = (units::show_duration(min), units::show_duration(max));
            format!("want {}, from {min} to {max}", units::DURATION)
        })
    }
}

pub(super) fn size(min: u64, max: u64) -> impl Fn(Raw<'_>) -> Result<u64, String> {
    move |raw| {
        let bytes = text(raw).ok().and_then(|text| units::size(&text));
        bytes.filter(|bytes| (min..=max).contains(bytes)).ok_or_else(|| {
            let (min, max) = (units::show_size(min), units::show_size(max));
            format!("want {}, from {min} to {max}", units::SIZE)
        })
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(
    words: &[T],
    name: impl Fn(T) -> &'static str,
) -> impl Fn(Raw<'_>) -> Result<T, String> {
    move |raw| {
        let names: Vec<&str> = words.iter().map(|&word| name(word)).collect();
        let given = text(raw)?;
        let found = words.iter().copied().find(|&word| name(word) == given);
        found.ok_or_else(|| match nearest(&given, &names) {
            Some(near) => format!("did you mean {near:?}? It can be {}", either(&names)),
            None => format!("want {}", either(&names)),
        })
    }
}

/// A list of strings; in a variable they are separated by commas.
pub(super) fn list(raw: Raw<'_>) -> Result<Vec<String>, String> {
    let want = || "want a list of strings, as in [\"one\", \"two\"]".to_owned();
    match raw {
        Raw::File(DeValue::Array(items)) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(want))
            .collect(),
        Raw::Text(text) => Ok(text
            .split(',')
            .map(str::trim)
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect()),
        Raw::File(_) => Err(want()),
    }
}

/// Networks; a bare address is a network of one.
pub(super) fn networks(raw: Raw<'_>) -> Result<Vec<IpNet>, String> {
    let network = |text: String| {
        let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
        text.parse().ok().or_else(one).ok_or_else(|| {
            format!("{text:?} is no network: want addresses as in [\"10.20.0.0/16\", \"::1\"]")
        })
    };
    list(raw)?.into_iter().map(network).collect()
}

/// The address of an endpoint: http or https, a host, no credentials.
pub(super) fn web_address(raw: Raw<'_>) -> Result<Url, String> {
    let text = text(raw)?;
    let url = Url::parse(text.trim()).map_err(|reason| {
        format!("not an address ({reason}): want one as in \"https://example.org/rss.xml\"")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{}: is not fetched: want http or https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("addresses carry no user name or password: leave them out".to_owned());
    }
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(format!("want an address of at most {URL_BYTES_MAX} bytes"));
    }
    Ok(url)
}

/// The path of a directory, as a `file:` address; a relative one hangs on the working directory.
pub(super) fn directory(raw: Raw<'_>) -> Result<Url, String> {
    let want = || "want the path of a directory".to_owned();
    let text = text(raw).ok().filter(|text| !text.trim().is_empty()).ok_or_else(want)?;
    let path = std::path::absolute(text.trim()).map_err(|_| want())?;
    Url::from_directory_path(path).map_err(|()| want())
}

/// An id people type and URLs carry: lower case letters, digits, `-`, `_`, `.`; a letter or digit first.
pub(super) fn id(raw: Raw<'_>) -> Result<String, String> {
    let id = text(raw)?;
    let good =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    let first = id.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if first && id.len() <= 64 && id.bytes().all(good) {
        return Ok(id);
    }
    Err("want at most 64 lower case letters, digits, `-`, `_` and `.`, a letter or digit first"
        .to_owned())
}

/// A language tag, in lower case.
pub(super) fn lang(raw: Raw<'_>) -> Result<Option<String>, String> {
    let Some(tag) = unset_if_empty(raw)?.map(|tag| tag.to_ascii_lowercase()) else {
        return Ok(None);
    };
    let mut parts = tag.split('-');
    let primary = parts
        .next()
        .is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    let rest =
        parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if primary && rest {
        Ok(Some(tag))
    } else {
        Err("want a language tag such as \"en\" or \"pt-br\"".to_owned())
    }
}

/// Text that goes into a header line.
pub(super) fn header(raw: Raw<'_>) -> Result<Option<String>, String> {
    let text = unset_if_empty(raw)?;
    let fits = |t: &String| t.len() <= 256 && t.bytes().all(|b| (b' '..=b'~').contains(&b));
    if text.as_ref().is_none_or(fits) {
        Ok(text)
    } else {
        Err("want at most 256 printable ASCII characters".to_owned())
    }
}

/// A mail address or a web page.
pub(super) fn contact(raw: Raw<'_>) -> Result<Option<String>, String> {
    let contact = header(raw)?;
    let web = |c: &str| c.starts_with("https://") || c.starts_with("http://");
    let mail = |c: &str| c.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
    let reaches = |c: &String| !c.contains([' ', '(', ')']) && (web(c) || mail(c));
    if contact.as_ref().is_none_or(reaches) {
        return Ok(contact);
    }
    Err("want a mail address or a web page where a publisher can reach you".to_owned())
}

/// Empty, or "/like/this".
pub(super) fn base_path(raw: Raw<'_>) -> Result<String, String> {
    let path = text(raw)?;
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    let whole = path.starts_with('/')
        && !path.ends_with('/')
        && !path.contains("//")
        && path.bytes().all(good);
    if path.is_empty() || whole {
        Ok(path)
    } else {
        Err("want \"\" or a path such as \"/copytaster\"".to_owned())
    }
}

/// A bearer token. The message does not repeat it.
pub(super) fn token(text: &str) -> Result<(), String> {
    if text.len() >= TOKEN_BYTES_MIN && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(format!(
        "a token has at least {TOKEN_BYTES_MIN} printable ASCII characters and no spaces: make one with `openssl rand -hex 32`"
    ))
}
