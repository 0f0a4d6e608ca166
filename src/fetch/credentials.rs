//! A secret and the place it belongs to, to the one header that carries it: sent to that place and nowhere else, shown nowhere.

use std::fmt;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// Headers that are ours to set, or that say where a message ends.
const OURS: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Why credentials cannot be sent. The secret is in none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCredentials {
    /// The name of a header that is not one.
    #[error("that is no name of a header: want one as in \"X-Api-Key\"")]
    Name,
    /// A header that carries no credentials.
    #[error(
        "that header is set by the program itself: want the one the publisher names, as in \"X-Api-Key\""
    )]
    Ours,
    /// A user name that HTTP cannot carry.
    #[error("a user name has no colon and no control characters")]
    Username,
    /// A secret that a header cannot carry.
    #[error("the secret is empty or has characters that no header can carry")]
    Secret,
}

/// How a secret is shown to a publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// User name and password, RFC 7617.
    Basic,
    /// A bearer token, RFC 6750.
    Bearer,
    /// A header of the publisher's own.
    Header,
}

impl Scheme {
    /// The word used where requests are shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::Header => "header",
        }
    }
}

/// Credentials of one place: scheme, host and port of the address they were made for.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    scheme: Scheme,
    place: Url,
    name: HeaderName,
    value: HeaderValue,
}

impl Credentials {
    /// User name and password for the place of `url`.
    ///
    /// # Errors
    /// Where HTTP cannot carry the user name.
    pub fn basic(url: &Url, username: &str, password: &str) -> Result<Self, BadCredentials> {
        if username.contains(':') || username.chars().any(char::is_control) {
            return Err(BadCredentials::Username);
        }
        let pair = base64(format!("{username}:{password}").as_bytes());
        Self::new(url, Scheme::Basic, AUTHORIZATION, &format!("Basic {pair}"))
    }

    /// A bearer token for the place of `url`.
    ///
    /// # Errors
    /// Where no header can carry it.
    pub fn bearer(url: &Url, token: &str) -> Result<Self, BadCredentials> {
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(BadCredentials::Secret);
        }
        Self::new(url, Scheme::Bearer, AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// A header of the publisher's own for the place of `url`.
    ///
    /// # Errors
    /// Where it is none, or one that carries no credentials.
    pub fn header(url: &Url, name: &str, value: &str) -> Result<Self, BadCredentials> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| BadCredentials::Name)?;
        if OURS.contains(&name.as_str()) {
            return Err(BadCredentials::Ours);
        }
        Self::new(url, Scheme::Header, name, value)
    }

    fn new(
        url: &Url,
        scheme: Scheme,
        name: HeaderName,
        value: &str,
    ) -> Result<Self, BadCredentials> {
        if value.trim().is_empty() || value.chars().any(char::is_control) {
            return Err(BadCredentials::Secret);
        }
        let mut value = HeaderValue::from_str(value)
            .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
            .map_err(|_| BadCredentials::Secret)?;
        // No debug print and no log of the HTTP client shows it, and HTTP/2 keeps it out of its tables.
        value.set_sensitive(true);
        Ok(Self { scheme, place: url.clone(), name, value })
    }

    /// How they are shown.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// True where `url` is at their place: the same host, scheme and port, or the same host by https on its own port where
    /// they were made for http on its own.
    pub fn fits(&self, url: &Url) -> bool {
        let place = &self.place;
        let raised = place.scheme() == "http"
            && place.port().is_none()
            && url.scheme() == "https"
            && url.port().is_none();
        let same = place.scheme() == url.scheme()
            && place.port_or_known_default() == url.port_or_known_default();
        place.host_str() == url.host_str() && (same || raised)
    }

    /// True where they go along from `from` to `to`, the next hop of a walk: both are at their place, and https is not left.
    pub(super) fn follow(&self, from: &Url, to: &Url) -> bool {
        self.fits(to) && (from.scheme() != "https" || to.scheme() == "https")
    }

    pub(super) fn put(&self, headers: &mut HeaderMap) {
        headers.insert(self.name.clone(), self.value.clone());
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.place.host_str().unwrap_or_default();
        write!(f, "Credentials({} for {host})", self.scheme.as_str())
    }
}

/// RFC 4648 §4, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            let six = (bits >> (18 - 6 * n)) & 63;
            out.push(if n <= three.len() { char::from(LETTERS[six as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn sent(credentials: &Credentials) -> (String, String) {
        let mut headers = HeaderMap::new();
        credentials.put(&mut headers);
        let (name, value) = headers.iter().next().unwrap();
        assert!(value.is_sensitive());
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    #[test]
    fn each_scheme_has_its_header() {
        let at = url("https://wire.test/feed");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        // RFC 7617 §2 and §2.1.
        let basic = Credentials::basic(&at, "Aladdin", "open sesame").unwrap();
        assert_eq!(sent(&basic), pair("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        let basic = Credentials::basic(&at, "test", "123£").unwrap();
        assert_eq!(sent(&basic), pair("authorization", "Basic dGVzdDoxMjPCow=="));
        let bearer = Credentials::bearer(&at, "mF_9.B5f-4.1JqM").unwrap();
        assert_eq!(sent(&bearer), pair("authorization", "Bearer mF_9.B5f-4.1JqM"));
        let header = Credentials::header(&at, "X-Api-Key", "k 1").unwrap();
        assert_eq!(sent(&header), pair("x-api-key", "k 1"));
    }

    #[test]
    fn letters_of_base64_are_those_of_the_rfc() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
    }

    #[test]
    fn what_http_cannot_carry_is_refused() {
        let at = url("https://wire.test/feed");
        let basic = |user| Credentials::basic(&at, user, "x").map(|_| ());
        assert_eq!(basic("a:b"), Err(BadCredentials::Username));
        assert_eq!(basic("a\n"), Err(BadCredentials::Username));
        let bearer = |token| Credentials::bearer(&at, token).map(|_| ());
        assert_eq!(bearer(""), Err(BadCredentials::Secret));
        assert_eq!(bearer("a b"), Err(BadCredentials::Secret));
        assert_eq!(bearer("a\u{1}"), Err(BadCredentials::Secret));
        let header = |name, value| Credentials::header(&at, name, value).map(|_| ());
        assert_eq!(header("X Api", "x"), Err(BadCredentials::Name));
        assert_eq!(header("Host", "x"), Err(BadCredentials::Ours));
        assert_eq!(header("Content-Length", "1"), Err(BadCredentials::Ours));
        assert_eq!(header("X-Api-Key", "a\r\nHost: b"), Err(BadCredentials::Secret));
        assert_eq!(header("Cookie", "a=b"), Ok(()));
    }

    #[test]
    fn a_secret_fits_its_place_alone() {
        let fits = |made: &str, asked: &str| {
            Credentials::bearer(&url(made), "secret").unwrap().fits(&url(asked))
        };
        let feed = "https://wire.test/feed";
        for (asked, expected) in [
            ("https://wire.test/page?id=1", true),
            ("https://WIRE.test:443/", true),
            ("http://wire.test/page", false),
            ("https://wire.test:8443/", false),
            ("https://www.wire.test/", false),
            ("https://wire.test.evil.test/", false),
            ("https://evil.test/wire.test", false),
            ("https://wire.test@evil.test/", false),
        ] {
            assert_eq!(fits(feed, asked), expected, "{asked}");
        }
        assert!(fits("http://wire.test/feed", "https://wire.test/feed"));
        assert!(!fits("http://wire.test:8080/feed", "https://wire.test:8443/feed"));
        assert!(!fits("http://wire.test:8080/feed", "http://wire.test/feed"));
        let credentials = Credentials::bearer(&url("http://wire.test/"), "secret").unwrap();
        let (plain, tls) = (url("http://wire.test/a"), url("https://wire.test/b"));
        assert!(credentials.follow(&plain, &tls) && credentials.follow(&tls, &tls));
        assert!(!credentials.follow(&tls, &plain), "https is not left");
    }

    #[test]
    fn a_debug_print_has_no_secret() {
        let at = url("https://wire.test/feed");
        let shown = format!("{:?}", Credentials::basic(&at, "desk", "hunter2").unwrap());
        assert_eq!(shown, "Credentials(basic for wire.test)");
    }
}
