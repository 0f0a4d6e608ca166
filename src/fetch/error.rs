//! Why nothing was fetched, in words for the person who runs the daemon.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use url::Url;

/// Why an ask brought no page. `Display` is a sentence that names the place and, where there is one, the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address anybody could fetch.
    #[error("{url} cannot be fetched: {why}")]
    BadUrl {
        /// The address, cut where it is very long.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Neither http nor https.
    #[error("only http and https are fetched, and this address is {scheme}:")]
    Scheme {
        /// The scheme it has.
        scheme: String,
    },
    /// A user name or password in the URL.
    #[error(
        "the address at {host} has a user name or password in it: remove the part before the @"
    )]
    Credentials {
        /// The host; the rest is a secret.
        host: String,
    },
    /// A port on which something else than a web server listens.
    #[error("{host} is asked on port {port}, which belongs to another service")]
    Port {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The host is, or resolves to, an address that is not public.
    #[error(
        "{host} is at {address}, which is not a public address: if it is meant, add it to allow_addresses of this source"
    )]
    Address {
        /// The host as asked.
        host: String,
        /// The address that was refused.
        address: IpAddr,
    },
    /// robots.txt says no.
    #[error("{} is closed to us by robots.txt ({})", brief(url.as_str()), brief(why))]
    Robots {
        /// The page.
        url: Url,
        /// The line that says so, or what its server answered instead.
        why: String,
    },
    /// The host's name has no address.
    #[error("{host} has no address: {why}; check the spelling, or the name server of this machine")]
    Dns {
        /// The host.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// Nobody took the connection.
    #[error("{host} did not take the connection: {why}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        why: String,
    },
    /// The certificate or the handshake is bad.
    #[error("no secure connection with {host}: {why}")]
    Tls {
        /// The host.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// The whole took too long.
    #[error("{} was not done after {} s", brief(url.as_str()), after.as_secs_f32())]
    Deadline {
        /// The page.
        url: Url,
        /// The time it was given.
        after: Duration,
    },
    /// The body came in too slowly.
    #[error("{} sent fewer than {bytes_min} bytes in {} s (crawl.pace_bytes_min)", brief(url.as_str()), window.as_secs_f32())]
    Slow {
        /// The page.
        url: Url,
        /// What a window must bring.
        bytes_min: u64,
        /// The window.
        window: Duration,
    },
    /// The body, unpacked, passes the cap.
    #[error("{} is larger than {bytes_max} bytes unpacked (crawl.body_bytes_max)", brief(url.as_str()))]
    TooLarge {
        /// The page.
        url: Url,
        /// The cap.
        bytes_max: u64,
    },
    /// By its head it is not what was wanted: nothing more of it was taken.
    #[error("{why}")]
    Unwanted {
        /// What it is instead.
        why: String,
    },
    /// 410: it will not come back.
    #[error("{} is gone for good (410)", brief(url.as_str()))]
    Gone {
        /// The page.
        url: Url,
    },
    /// Any other status than 200 and 304.
    #[error("{} answered {status}, {}", brief(url.as_str()), meaning(*status))]
    Status {
        /// The page.
        url: Url,
        /// The status.
        status: u16,
        /// How long the server asked us to stay away (429 and 503), bounded by a day.
        retry_after: Option<Duration>,
    },
    /// A redirect that cannot be followed.
    #[error("{} redirects {why}", brief(url.as_str()))]
    Redirect {
        /// The page that redirects.
        url: Url,
        /// What is wrong with its target.
        why: String,
    },
    /// Redirects without end.
    #[error("{} redirects in a circle or more than {max} times", brief(url.as_str()))]
    Redirects {
        /// The last page of the chain.
        url: Url,
        /// The hops allowed.
        max: usize,
    },
    /// What came back is not HTTP, or broke off.
    #[error("{} did not answer properly: {why}", brief(url.as_str()))]
    Body {
        /// The page.
        url: Url,
        /// What is wrong.
        why: String,
    },
    /// The client could not be made: a fault of this machine, not of a page.
    #[error("the HTTP client cannot be made: {why}")]
    Setup {
        /// What is wrong.
        why: String,
    },
}

/// Bytes of what a stranger wrote that a sentence shows of it; a longer address is shown by its beginning and its end.
const SHOWN_MAX: usize = 200;

fn brief(text: &str) -> Cow<'_, str> {
    if text.len() <= SHOWN_MAX {
        return text.into();
    }
    let (head, tail) =
        (text.floor_char_boundary(SHOWN_MAX - 50), text.ceil_char_boundary(text.len() - 50));
    format!("{}…{}", &text[..head], &text[tail..]).into()
}

/// What a status means to somebody who reads a source's state.
const fn meaning(status: u16) -> &'static str {
    match status {
        401 | 407 => "it wants a login, or another than it got",
        402 => "it wants to be paid",
        403 | 451 => "it does not let us in",
        404 => "there is no such page",
        429 => "we ask too often",
        500..=599 => "it has trouble of its own",
        200..=299 => "which brings no page",
        _ => "which we cannot use",
    }
}

impl FetchError {
    /// One word for `SourceStatus.error.kind` and for metrics. The set is small and fixed.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::Scheme { .. } => "scheme",
            Self::Credentials { .. } => "credentials",
            Self::Port { .. } => "port",
            Self::Address { .. } => "address",
            Self::Robots { .. } => "robots",
            Self::Dns { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Deadline { .. } => "deadline",
            Self::Slow { .. } => "slow",
            Self::TooLarge { .. } => "too_large",
            Self::Unwanted { .. } => "unwanted",
            Self::Gone { .. } => "gone",
            Self::Status { status, .. } => match status {
                401..=403 | 407 | 451 => "forbidden",
                404 => "not_found",
                429 => "throttled",
                500..=599 => "server",
                _ => "status",
            },
            Self::Redirect { .. } | Self::Redirects { .. } => "redirects",
            Self::Body { .. } => "body",
            Self::Setup { .. } => "setup",
        }
    }

    /// How long the server asked us to stay away.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The status it failed with, where there was one.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Gone { .. } => Some(410),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stays_one_however_long_an_address_or_a_rule_is() {
        let url = Url::parse(&format!("http://wire.test/{}/the-end", "é".repeat(1000))).unwrap();
        let said = FetchError::Status { url: url.clone(), status: 404, retry_after: None };
        let said = said.to_string();
        assert!(said.starts_with("http://wire.test/%C3%A9%C3"), "{said}");
        assert!(
            said.contains('…') && said.ends_with("/the-end answered 404, there is no such page")
        );
        let rule = format!("Disallow: /{}$", "é*".repeat(1000));
        let said = FetchError::Robots { url, why: rule }.to_string();
        assert!(said.len() < 3 * SHOWN_MAX && said.contains("robots.txt (Disallow: /é*"), "{said}");
        let url = Url::parse("http://wire.test/story").unwrap();
        assert_eq!(
            FetchError::Gone { url }.to_string(),
            "http://wire.test/story is gone for good (410)"
        );
    }
}
