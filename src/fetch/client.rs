//! One request to one answer: within its time, its size and its speed.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::headers;
use super::resolve::{Guarded, Names, NoAddress, Slots};
use super::tls::{self, Roots};
use super::unpack::{Body, Stop};
use super::{FetchError, Params, Wanted};

/// Allow lists whose clients are kept. Each source may have its own; most have none.
const CLIENTS_MAX: usize = 64;

/// How long an idle connection is kept: long enough for the next page of a host, short enough not to be a burden to it.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// A connection of HTTP/2 from which nothing comes is asked after this long whether it lives, and given up after as long again: else
/// one that died without a word would be kept, and everything asked on it would take the deadline.
const PING: Duration = Duration::from_secs(5);

/// A client for each allow list. Never one for all: a connection that one source was allowed to open would be taken
/// from the pool for a source that was not.
#[derive(Debug)]
pub(super) struct Clients {
    user_agent: String,
    roots: Roots,
    connect_deadline: Duration,
    headers_max: usize,
    header_bytes_max: u32,
    slots: Slots,
    made: Mutex<BTreeMap<Vec<IpNet>, Client>>,
}

impl Clients {
    pub(super) fn new(params: &Params, names: Names) -> Self {
        Self {
            user_agent: params.user_agent.clone(),
            roots: params.roots.clone(),
            connect_deadline: params.connect_deadline,
            headers_max: params.headers_max,
            header_bytes_max: params.header_bytes_max,
            slots: Slots::new(names, params.lookups_max, params.lookup_deadline),
            made: Mutex::default(),
        }
    }

    /// The client of this allow list (sorted, without doubles).
    pub(super) fn get(&self, allow: &[IpNet]) -> Result<Client, FetchError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(allow) {
            return Ok(client.clone());
        }
        let client = self.make(allow)?;
        if made.len() >= CLIENTS_MAX {
            made.clear();
        }
        made.insert(allow.to_vec(), client.clone());
        Ok(client)
    }

    /// Names remembered.
    pub(super) fn names(&self) -> usize {
        self.slots.len()
    }

    fn make(&self, allow: &[IpNet]) -> Result<Client, FetchError> {
        // reqwest takes the process's provider; that another one stands already is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let builder = || {
            let resolver = Guarded { allow: allow.into(), slots: self.slots.clone() };
            Client::builder()
                .user_agent(&self.user_agent)
                .dns_resolver(Arc::new(resolver))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .no_gzip() // undone by `unpack`
                .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, CODINGS)]))
                .connect_timeout(self.connect_deadline)
                .pool_max_idle_per_host(1)
                .pool_idle_timeout(IDLE_MAX)
                .http1_max_headers(self.headers_max)
                .http2_keep_alive_interval(PING)
                .http2_keep_alive_timeout(PING)
                .http2_max_header_list_size(self.header_bytes_max)
        };
        // A machine without root certificates (a bare container) can still fetch http; each https page then says why not.
        builder()
            .tls_certs_merge(self.roots.certificates())
            .build()
            .or_else(|_| builder().tls_certs_only(self.roots.certificates()).build())
            .map_err(|fault| FetchError::Setup { why: fault.to_string() })
    }
}

/// Bytes of room made at once for a body that announces its length: most pages fit, and no lie costs more.
const ROOM_MAX: u64 = 512 << 10;

/// What we can unpack.
const CODINGS: HeaderValue = HeaderValue::from_static("gzip, br, zstd, deflate");

/// Bytes of a coding's name that are shown.
const CODING_SHOWN: usize = 40;

/// What is done with a body that passes the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// [`FetchError::TooLarge`].
    Refuse,
    /// What came until then counts.
    Cut,
}

/// The bounds of one exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Time left for headers and body.
    pub(super) deadline: Duration,
    /// What [`FetchError::Deadline`] names: the time the whole ask was given.
    pub(super) whole: Duration,
    /// Unpacked bytes.
    pub(super) body_bytes_max: u64,
    pub(super) beyond: Beyond,
    /// Unpacked bytes that each `pace_window` must bring.
    pub(super) pace_bytes_min: u64,
    pub(super) pace_window: Duration,
    /// Bytes of all header lines.
    pub(super) header_bytes_max: u64,
    pub(super) wanted: Option<Wanted>,
}

/// An answer. The body is empty unless the status is 200.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The machine that answered.
    pub(super) machine: Option<IpAddr>,
}

/// Asks `url` once, without following anything.
pub(super) async fn exchange(
    client: &Client,
    url: &Url,
    ask: HeaderMap,
    bounds: &Bounds,
) -> Result<Reply, FetchError> {
    let end = Instant::now() + bounds.deadline;
    let late = || FetchError::Deadline { url: url.clone(), after: bounds.whole };
    let sent = client.get(url.clone()).headers(ask).send();
    let mut response = match timeout_at(end, sent).await {
        Err(_) => return Err(late()),
        Ok(Err(fault)) => return Err(translate(&fault, url)),
        Ok(Ok(response)) => response,
    };
    let status = response.status().as_u16();
    let machine = response.remote_addr().map(|address| address.ip());
    let mut headers = std::mem::take(response.headers_mut());
    // HTTP/2 has said so before; of HTTP/1.1 the library bounds the number, and the bytes at some 400 KiB.
    if headers::bytes(&headers) > bounds.header_bytes_max {
        return Err(FetchError::Body { url: url.clone(), why: LONG_HEADERS.to_owned() });
    }
    let body = if status == 200 {
        let gzip = is_gzip(&headers);
        if gzip {
            // As the client does for the codings that it undoes: they are not true of what is handed on.
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
        } else if let Some(coding) = unread_coding(&headers) {
            let coding = &coding[..coding.floor_char_boundary(CODING_SHOWN)];
            let why = format!("it is packed as {coding:?}, which we did not ask for");
            return Err(FetchError::Body { url: url.clone(), why });
        }
        let announced = response.content_length().unwrap_or(0);
        if announced > bounds.body_bytes_max && bounds.beyond == Beyond::Refuse {
            let bytes_max = bounds.body_bytes_max;
            return Err(FetchError::TooLarge { url: url.clone(), bytes_max });
        }
        read(response, gzip, url, &headers, end, bounds).await?
    } else {
        Bytes::new()
    };
    Ok(Reply { status, headers, body, machine })
}

fn is_gzip(headers: &HeaderMap) -> bool {
    let coding = headers::text(headers, CONTENT_ENCODING).unwrap_or_default();
    ["gzip", "x-gzip"].iter().any(|gzip| coding.eq_ignore_ascii_case(gzip))
}

/// A coding the client did not undo: it removes the header of those it does.
fn unread_coding(headers: &HeaderMap) -> Option<&str> {
    headers::text(headers, CONTENT_ENCODING)
        .filter(|coding| !coding.eq_ignore_ascii_case("identity"))
}

async fn read(
    mut response: Response,
    gzip: bool,
    url: &Url,
    headers: &HeaderMap,
    end: Instant,
    bounds: &Bounds,
) -> Result<Bytes, FetchError> {
    let kind = headers::content_type(headers);
    let mut wanted = bounds.wanted;
    if let Some((wanted, kind)) = wanted.zip(kind.as_deref())
        && let Some(why) = (wanted.by_type)(kind)
    {
        return Err(FetchError::Unwanted { why });
    }
    let announced = response.content_length().unwrap_or(0).min(ROOM_MAX);
    let bytes_max = usize::try_from(bounds.body_bytes_max).unwrap_or(usize::MAX);
    let mut body = Body::new(gzip, announced as usize, bytes_max);
    let mut window_end = Instant::now() + bounds.pace_window;
    let mut before = 0;
    loop {
        let chunk = timeout_at(end.min(window_end), response.chunk()).await;
        let now = Instant::now();
        if let Ok(chunk) = chunk {
            let Some(chunk) = chunk.map_err(|fault| translate(&fault, url))? else {
                return body.finish().map_err(|stop| stopped(stop, url, bounds));
            };
            match body.push(&chunk) {
                Ok(()) => {}
                Err(Stop::Full) if bounds.beyond == Beyond::Cut => return Ok(body.cut()),
                Err(stop) => return Err(stopped(stop, url, bounds)),
            }
            if let Some(head) = wanted.take_if(|head| body.bytes().len() >= head.bytes)
                && let Some(why) = (head.by_bytes)(kind.as_deref(), body.bytes())
            {
                return Err(FetchError::Unwanted { why });
            }
        }
        if now >= end {
            return Err(FetchError::Deadline { url: url.clone(), after: bounds.whole });
        }
        if now >= window_end {
            if ((body.bytes().len() - before) as u64) < bounds.pace_bytes_min {
                let (bytes_min, window) = (bounds.pace_bytes_min, bounds.pace_window);
                return Err(FetchError::Slow { url: url.clone(), bytes_min, window });
            }
            (window_end, before) = (now + bounds.pace_window, body.bytes().len());
        }
    }
}

/// Why no more of a body is taken, in our words.
fn stopped(stop: Stop, url: &Url, bounds: &Bounds) -> FetchError {
    let why = match stop {
        Stop::Full => {
            let bytes_max = bounds.body_bytes_max;
            return FetchError::TooLarge { url: url.clone(), bytes_max };
        }
        Stop::Short => BROKE_OFF.to_owned(),
        Stop::Broken(fault) => format!("{OTHERWISE_PACKED} ({fault})"),
    };
    FetchError::Body { url: url.clone(), why }
}

/// The client's error in our words: looks down its chain for what we know.
fn translate(fault: &reqwest::Error, url: &Url) -> FetchError {
    let host = url.host_str().unwrap_or_default().to_owned();
    let mut deepest = fault.to_string();
    let mut refused = None;
    let mut next = fault.source();
    while let Some(cause) = next {
        if let Some(no) = cause.downcast_ref::<NoAddress>() {
            return match no {
                NoAddress::Refused(address) => FetchError::Address { host, address: *address },
                NoAddress::Unknown(why) => FetchError::Dns { host, why: why.clone() },
            };
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return FetchError::Tls { host, why: tls::why(tls) };
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            refused = Some(io.kind());
        }
        deepest = cause.to_string();
        next = below(cause);
    }
    if fault.is_connect() {
        return unconnected(url, refused, fault.is_timeout(), deepest);
    }
    if let Some(why) = tls::why_later(&deepest) {
        return FetchError::Tls { host, why };
    }
    let why = match (refused, meaning(&deepest)) {
        (_, Some(meaning)) => format!("{meaning} ({deepest})"),
        (Some(io::ErrorKind::ConnectionReset), None) => "it broke the connection off".to_owned(),
        // The connection ended in good order, and what was packed did not.
        (Some(io::ErrorKind::UnexpectedEof), None) => BROKE_OFF.to_owned(),
        (_, None) => deepest,
    };
    FetchError::Body { url: url.clone(), why }
}

/// Why there is no connection: to the system's mind, or to that of the TLS on top of it.
fn unconnected(url: &Url, kind: Option<io::ErrorKind>, late: bool, said: String) -> FetchError {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, TimedOut, UnexpectedEof,
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    let is_tls = url.scheme() == "https";
    let why = match kind {
        Some(ConnectionRefused) => "nothing listens there".to_owned(),
        Some(ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof) if is_tls => {
            let why = "it broke the connection off in the middle of the handshake";
            return FetchError::Tls { host, why: why.to_owned() };
        }
        _ if late && is_tls => {
            let why = "it took too long to take the connection and to end the handshake (crawl.connect_deadline)";
            return FetchError::Tls { host, why: why.to_owned() };
        }
        _ if late => "it took too long (crawl.connect_deadline)".to_owned(),
        Some(TimedOut) => "it does not answer".to_owned(),
        _ => said,
    };
    let port = url.port_or_known_default().unwrap_or(0);
    FetchError::Connect { host: format!("{host}:{port}"), why }
}

/// What the HTTP library says of a bad answer, and what it means to somebody who runs a crawler.
const MEANINGS: [(&str, &str); 25] = [
    ("message head is too large", LONG_HEADERS),
    ("too_many_continuations", LONG_HEADERS),
    ("connection closed before message completed", BROKE_OFF),
    (
        "end of file before message length reached",
        "it broke off before the length it had announced",
    ),
    ("unexpected EOF", BROKE_OFF),
    ("stream closed because of a broken pipe", BROKE_OFF),
    ("received: detected excessive load", "it says that we ask too much of it"),
    ("stream error received", "it broke this answer off"),
    ("connection error received", "it ended the connection"),
    (
        "stream error detected", // the library says the same of both
        "it breaks the rules of HTTP/2, or its header lines are more or longer than any honest server's",
    ),
    ("error detected", "it breaks the rules of HTTP/2"),
    ("operation timed out", "it does not answer any more, not even to a ping of HTTP/2"),
    ("invalid HTTP version", NO_HTTP),
    ("invalid HTTP status-code", NO_HTTP),
    // Unpacking has words of its own, some of which are HTTP's, too.
    ("deflate", OTHERWISE_PACKED),
    ("brotli", OTHERWISE_PACKED),
    ("extra bytes after body", OTHERWISE_PACKED),
    ("frame descriptor", OTHERWISE_PACKED), // this and the next are zstd's
    ("frame parameter", OTHERWISE_PACKED),
    ("memory for decoding", OTHERWISE_PACKED),
    ("orrupted", OTHERWISE_PACKED),
    ("checksum", OTHERWISE_PACKED),
    ("content-length", "it announces a length that cannot be"),
    ("chunk", "the pieces it is sent in do not fit together"),
    ("header", "its header lines are none"),
];

const LONG_HEADERS: &str = "its header lines are more or longer than any honest server's (crawl.headers_max, crawl.header_bytes_max)";

const NO_HTTP: &str = "what it sends is no HTTP";

const OTHERWISE_PACKED: &str = "it is not packed as its Content-Encoding says";

const BROKE_OFF: &str = "it broke off before its answer was whole";

/// What the library's words mean, where that is known.
fn meaning(said: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(words, _)| said.contains(words)).map(|(_, meaning)| *meaning)
}

/// The cause of a cause. An `io::Error` keeps another error inside, rustls's for one, and its `source` skips that one.
fn below<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => cause.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_answer_is_told_in_words_a_sysadmin_knows() {
        for (said, expected) in [
            ("message head is too large", Some("its header lines are more or longer")),
            ("invalid content-length parsed", Some("it announces a length that cannot be")),
            ("invalid chunk size line", Some("the pieces it is sent in do not fit")),
            ("unexpected EOF during chunk size line", Some("it broke off before its answer")),
            ("end of file before message length reached", Some("before the length it had")),
            ("invalid HTTP version parsed", Some("what it sends is no HTTP")),
            ("invalid HTTP status-code parsed", Some("what it sends is no HTTP")),
            ("invalid HTTP header parsed", Some("its header lines are none")),
            ("deflate decompression error", Some("not packed as its Content-Encoding says")),
            ("Frame requires too much memory for decoding", Some("not packed as")),
            ("there are extra bytes after body has been decompressed", Some("not packed as")),
            ("something new", None),
        ] {
            let told = meaning(said);
            assert_eq!(told.is_some(), expected.is_some(), "{said}: {told:?}");
            assert!(told.unwrap_or_default().contains(expected.unwrap_or_default()), "{said}");
        }
    }
}
