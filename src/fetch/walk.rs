//! One ask to its page: the redirect loop, and one visit within it.

use std::time::Duration;

use ipnet::IpNet;
use reqwest::header::{
    ACCEPT, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION,
};
use tokio::time::Instant;
use url::Url;

use crate::model::{Signal, Timestamp};
use crate::rights;

use super::client::{Beyond, Bounds, Reply, exchange};
use super::explain::Trail;
use super::{
    Accept, Ask, FetchError, Got, Heads, Hop, Inner, Wanted, check_url, gate, headers, place,
};

/// How long a host is left alone that says 429 and no time.
const REST: Duration = Duration::from_mins(5);

/// What a visit within a walk needs to know.
#[derive(Clone, Copy)]
pub(super) struct Visit<'a> {
    pub(super) url: &'a Url,
    /// Networks allowed, sorted: the ask's and the fetcher's.
    pub(super) allow: &'a [IpNet],
    /// The pause before it, on the clock.
    pub(super) pause: Duration,
    /// Network time that the walk has used up.
    pub(super) spent: Duration,
    pub(super) body_bytes_max: u64,
    pub(super) beyond: Beyond,
    pub(super) wanted: Option<Wanted>,
}

impl Inner {
    /// The fetcher's networks and the ask's, sorted: the name of a client.
    pub(super) fn allow(&self, own: &[IpNet]) -> Vec<IpNet> {
        let mut allow = [self.params.allow.as_slice(), own].concat();
        allow.sort_unstable();
        allow.dedup();
        allow
    }

    /// Walks from the asked URL to the one that answers.
    pub(super) async fn follow(&self, ask: &Ask, trail: &mut Trail) -> Result<Got, FetchError> {
        let allow = self.allow(&ask.allow);
        let of = ask.of.unwrap_or_else(|| place(&ask.url));
        let mut url = ask.url.clone();
        url.set_fragment(None);
        let mut login = ask.credentials.as_ref().filter(|login| login.fits(&url));
        loop {
            check_url(&url, &allow)?;
            let pause = self.permit(&url, &allow, trail).await?;
            let visit = Visit {
                url: &url,
                allow: &allow,
                pause,
                spent: trail.took,
                body_bytes_max: self.params.body_bytes_max,
                beyond: Beyond::Refuse,
                wanted: ask.wanted,
            };
            let began = trail.took;
            let known = if place(&url) == of { Known::of(ask) } else { Known::default() };
            let mut sent = request(ask.accept, known);
            let asked = self.params.heads.then(|| sent.clone());
            if let Some(login) = login {
                login.put(&mut sent);
            }
            let reply = self.visit(visit, sent, &mut trail.took).await;
            trail.answered(&url, reply.as_ref().ok(), trail.took.saturating_sub(began));
            trail.sent(login);
            let reply = reply?;
            let Some(next) = target(&url, &reply)? else {
                let asked = asked.filter(|_| reply.status == 200);
                let heads = asked.map(|sent| Box::new(self.heads(&sent, &reply)));
                let mut got = self.arrive(ask, known, url, reply, trail)?;
                got.heads = heads;
                if self.params.signals && got.status == 200 {
                    got.signals.extend(self.site_signals(&got.url, &allow).await);
                }
                return Ok(got);
            };
            let seen = next == url || trail.hops.iter().any(|hop| hop.from == next);
            if seen || trail.hops.len() >= self.params.redirects_max {
                return Err(FetchError::Redirects { url, max: self.params.redirects_max });
            }
            login = login.filter(|login| login.follow(&url, &next));
            trail.hops.push(Hop { from: url, status: reply.status, to: next.clone() });
            url = next;
        }
    }

    /// Waits for a turn at the host and asks once. Adds the network time to `took`, whatever comes of it.
    pub(super) async fn visit(
        &self,
        visit: Visit<'_>,
        sent: HeaderMap,
        took: &mut Duration,
    ) -> Result<Reply, FetchError> {
        let whole = self.params.deadline;
        let client = self.clients.get(visit.allow)?;
        let bounds = Bounds {
            deadline: whole.saturating_sub(visit.spent),
            whole,
            body_bytes_max: visit.body_bytes_max,
            beyond: visit.beyond,
            wanted: visit.wanted,
            pace_bytes_min: self.params.pace_bytes_min,
            pace_window: self.params.pace_window,
            header_bytes_max: u64::from(self.params.header_bytes_max),
        };
        let host = gate::key(visit.url);
        let turn = self.gate.turn(&host, self.clock.wait(visit.pause)).await;
        let _slot = self.in_flight.acquire().await;
        let began = Instant::now();
        let reply = exchange(&client, visit.url, sent, &bounds).await;
        *took += began.elapsed();
        if let Some(rest) = reply.as_ref().ok().and_then(|reply| self.rest_asked(reply)) {
            self.rest(&host, rest);
        }
        drop(turn);
        reply
    }

    /// Leaves a host alone for this long on the clock.
    fn rest(&self, host: &str, rest: Duration) {
        let millis = i64::try_from(rest.as_millis()).unwrap_or(i64::MAX);
        self.gate.rest(host, self.clock.wait(rest), self.clock.now().plus_millis(millis));
    }

    /// The same for those that asked for it in an earlier run. No rest is longer than a day from now, whatever is said.
    pub(super) fn recall_rests(&self, rests: Vec<(String, Timestamp)>) {
        let now = self.clock.now();
        for (host, until) in rests.into_iter().filter(|&(_, until)| until > now) {
            let left = Duration::from_millis(until.distance_millis(now));
            self.rest(&host, left.min(headers::WAIT_MAX));
        }
    }

    /// How long a host wants to be left alone by all of us, as it says with 429, or with 503 and a time.
    fn rest_asked(&self, reply: &Reply) -> Option<Duration> {
        let asked = || headers::retry_after(&reply.headers, self.clock.now());
        match reply.status {
            429 => Some(asked().unwrap_or(REST)),
            503 => asked(),
            _ => None,
        }
    }

    /// The last answer of a walk.
    fn arrive(
        &self,
        ask: &Ask,
        known: Known<'_>,
        url: Url,
        reply: Reply,
        trail: &Trail,
    ) -> Result<Got, FetchError> {
        let Reply { status, headers, body, .. } = reply;
        let asked_if_changed = known.etag.is_some() || known.last_modified.is_some();
        match status {
            200 => {}
            304 if asked_if_changed => {}
            410 => return Err(FetchError::Gone { url }),
            _ => {
                let retry_after = matches!(status, 429 | 503)
                    .then(|| headers::retry_after(&headers, self.clock.now()))
                    .flatten();
                return Err(FetchError::Status { url, status, retry_after });
            }
        }
        let kept = |sent: Option<&str>| sent.filter(|_| status == 304).map(str::to_owned);
        Ok(Got {
            asked: ask.url.clone(),
            url,
            status,
            body,
            charset: headers::charset(&headers),
            content_type: headers::content_type(&headers),
            etag: headers::validator(&headers, ETAG).or_else(|| kept(known.etag)),
            last_modified: headers::validator(&headers, LAST_MODIFIED)
                .or_else(|| kept(known.last_modified)),
            floor: headers::floor(&headers, self.clock.now()),
            hops: trail.hops.clone(),
            moved: moved(&trail.hops),
            signals: if self.params.signals { self.header_signals(&headers) } else { Vec::new() },
            heads: None,
            took: trail.took,
        })
    }
}

impl Inner {
    /// What was sent, but for a login, and what came.
    fn heads(&self, sent: &HeaderMap, reply: &Reply) -> Heads {
        let agent = ("User-Agent".to_owned(), self.params.user_agent.clone());
        let request = std::iter::once(agent).chain(headers::lines(sent)).collect();
        let response = headers::lines(&reply.headers).collect();
        Heads { request, response, machine: reply.machine }
    }

    /// What the headers of an answer say of what may be done with it.
    fn header_signals(&self, headers: &HeaderMap) -> Vec<Signal> {
        let lines = headers.iter();
        let lines = lines.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        rights::of_headers(lines, &self.agent)
    }
}

/// The validators that an address of the walk is told.
#[derive(Clone, Copy, Default)]
struct Known<'a> {
    etag: Option<&'a str>,
    last_modified: Option<&'a str>,
}

impl<'a> Known<'a> {
    fn of(ask: &'a Ask) -> Self {
        Self { etag: ask.etag.as_deref(), last_modified: ask.last_modified.as_deref() }
    }
}

/// The request headers of one hop. A validator that no header can hold is not sent.
fn request(accept: Accept, known: Known<'_>) -> HeaderMap {
    let mut sent = HeaderMap::new();
    sent.insert(ACCEPT, HeaderValue::from_static(accept.header()));
    let validators: [(HeaderName, Option<&str>); 2] =
        [(IF_NONE_MATCH, known.etag), (IF_MODIFIED_SINCE, known.last_modified)];
    for (name, value) in validators {
        if let Some(value) = value.and_then(|value| value.parse().ok()) {
            sent.insert(name, value);
        }
    }
    sent
}

/// Where a reply redirects to; `None` where it does not.
pub(super) fn target(url: &Url, reply: &Reply) -> Result<Option<Url>, FetchError> {
    if !matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let fault = |why: String| FetchError::Redirect { url: url.clone(), why };
    let Some(location) = reply.headers.get(LOCATION) else {
        return Err(fault("without saying where".to_owned()));
    };
    // Some servers write raw UTF-8 here, which is no proper header text.
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut next = url
        .join(location.trim())
        .map_err(|e| fault(format!("to something that is no address ({e})")))?;
    next.set_fragment(None);
    Ok(Some(next))
}

/// The end of the permanent part of a chain that starts at its first hop.
fn moved(hops: &[Hop]) -> Option<Url> {
    let permanent = hops.iter().take_while(|hop| matches!(hop.status, 301 | 308));
    permanent.last().map(|hop| hop.to.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_believed_as_far_as_it_is_permanent() {
        let at = |path: &str| Url::parse("http://wire.test/").unwrap().join(path).unwrap();
        for (statuses, expected) in [
            (&[][..], None),
            (&[301], Some("1")),
            (&[308, 301], Some("2")),
            (&[301, 302, 301], Some("1")),
            (&[302, 301], None),
            (&[307], None),
            (&[303], None),
        ] {
            let hop = |(n, &status): (usize, &u16)| Hop {
                from: at(&n.to_string()),
                status,
                to: at(&(n + 1).to_string()),
            };
            let hops: Vec<_> = statuses.iter().enumerate().map(hop).collect();
            assert_eq!(moved(&hops), expected.map(at), "{statuses:?}");
        }
    }

    #[test]
    fn a_location_is_read_against_its_page() {
        let url = Url::parse("https://wire.test/a/b").unwrap();
        let lands = |location: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_bytes(location).unwrap());
            let reply = Reply { status: 302, headers, body: bytes::Bytes::new(), machine: None };
            target(&url, &reply).map(|to| to.unwrap().to_string()).map_err(|e| e.kind())
        };
        assert_eq!(lands(b"c#x"), Ok("https://wire.test/a/c".to_owned()));
        assert_eq!(lands(b" /c "), Ok("https://wire.test/c".to_owned()));
        assert_eq!(lands(b"//o.test/"), Ok("https://o.test/".to_owned()));
        assert_eq!(lands("/é".as_bytes()), Ok("https://wire.test/%C3%A9".to_owned()));
        assert_eq!(lands(b"http://[::1/"), Err("redirects"));
        let bare = Reply {
            status: 302,
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            machine: None,
        };
        assert_eq!(target(&url, &bare).map_err(|e| e.kind()), Err("redirects"));
    }
}
