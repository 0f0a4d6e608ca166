//! A URL to its bytes, politely and safely: robots.txt, one connection and a pause per host, conditional requests, and
//! nothing that a hostile page can say leads to a private address, an endless body or an endless chain.
//!
//! ```text
//!  Ask ─► check_url ─► robots (cached) ─► turn at the host ─► exchange ─► 200, 304 ─► Got
//!              ▲                                                  │
//!              └──────────────── redirect: each hop again ◄───────┘
//! ```
//! All waits go through [`Clock`]; deadlines are real time, since they bound what a peer can do to us.

mod address;
mod client;
mod credentials;
mod error;
mod explain;
mod gate;
mod headers;
mod permits;
mod resolve;
mod robots;
mod tls;
mod unpack;
mod walk;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use tokio::sync::Semaphore;
use url::{Position, Url};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Clock, RawHash, Signal};

pub use address::{allowed, check_url, is_public};
pub use credentials::{BadCredentials, Credentials, Scheme};
pub use error::FetchError;
pub use explain::{Explained, Fault, Request, RobotsSeen, Said};
pub use headers::charset_of;
pub use permits::{Kept, Memory, Remembered};
pub use resolve::Names;
pub use robots::{ROBOTS_BYTES_MAX, Robots, Verdict};
pub use tls::{BadRoots, Roots};

/// Who counts as one host in the queues: registrable domain, or address and port. A poller that keeps its own queue for
/// each host keeps them by this.
pub fn host_key(url: &Url) -> String {
    gate::key(url)
}

/// Names an address in eight bytes: whose validators these are.
pub fn place(url: &Url) -> u64 {
    xxh3_64(url[..Position::AfterQuery].as_bytes())
}

/// Names the bytes of a page.
pub fn raw_hash(body: &[u8]) -> RawHash {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    RawHash(std::array::from_fn(|at| digest.as_ref()[at]))
}

/// What a [`Fetcher`] obeys.
#[derive(Clone, Debug)]
pub struct Params {
    /// The `User-Agent`; its first word, up to the `/`, is the name looked for in robots.txt. See [`user_agent`].
    pub user_agent: String,
    /// Time for all requests of one ask, redirects included, waits for a turn excluded. Real time.
    pub deadline: Duration,
    /// Time for a name, a connection and the handshake of TLS. Real time.
    pub connect_deadline: Duration,
    /// Header lines of an answer.
    pub headers_max: usize,
    /// Bytes of all of them.
    pub header_bytes_max: u32,
    /// Bytes of a robots.txt that are read. RFC 9309 §2.5 wants 500 KiB at least.
    pub robots_bytes_max: u64,
    /// Look-ups of names at a time, of those that are new; others have half as many for themselves.
    pub lookups_max: usize,
    /// Time for one look-up. Real time.
    pub lookup_deadline: Duration,
    /// Authorities that are trusted beside the machine's own.
    pub roots: Roots,
    /// Bytes of a body, unpacked.
    pub body_bytes_max: u64,
    /// Redirects followed.
    pub redirects_max: usize,
    /// Pause between two requests to one host, on the clock. A longer `Crawl-delay` takes its place.
    pub per_host_delay: Duration,
    /// Private networks that every ask may reach.
    pub allow: Vec<IpNet>,
    /// Obey robots.txt?
    pub robots: bool,
    /// Collect what a page's headers and its site's robots.txt and tdmrep.json say of what may be done with it?
    pub signals: bool,
    /// Keep what was sent and what came besides a body?
    pub heads: bool,
    /// Requests in flight at a time, over all hosts.
    pub concurrency: usize,
    /// Unpacked bytes that each `pace_window` of a body must bring.
    pub pace_bytes_min: u64,
    /// See `pace_bytes_min`. Real time.
    pub pace_window: Duration,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            user_agent: user_agent(None),
            deadline: Duration::from_secs(30),
            connect_deadline: Duration::from_secs(15), // the name alone may take ten
            headers_max: 100, // hyper's own default; real servers send some twenty
            header_bytes_max: 64 << 10,
            robots_bytes_max: ROBOTS_BYTES_MAX as u64,
            lookups_max: 8, // each may block a thread for as long as a dead name server likes
            lookup_deadline: Duration::from_secs(10),
            roots: Roots::default(),
            body_bytes_max: 8 << 20, // real pages reach 2.2 MB, sitemaps and archive feeds some more
            redirects_max: 8,
            per_host_delay: Duration::from_secs(2),
            allow: Vec::new(),
            robots: true,
            signals: false,
            heads: false,
            concurrency: 32,
            pace_bytes_min: 1 << 10, // a modem of 1985; a byte a second is an attack
            pace_window: Duration::from_secs(10),
        }
    }
}

/// Our `User-Agent`: `copytaster/VERSION (+contact)`, so that a webmaster can find out who asks. Characters that no
/// header takes are left out of the contact.
pub fn user_agent(contact: Option<&str>) -> String {
    let name = concat!("copytaster/", env!("CARGO_PKG_VERSION"));
    let fits = |c: &char| (' '..='~').contains(c) && !matches!(c, '(' | ')');
    let contact: String = contact.unwrap_or_default().chars().filter(fits).collect();
    match contact.trim() {
        "" => name.to_owned(),
        contact => format!("{name} (+{contact})"),
    }
}

/// What is wanted: it decides the `Accept` header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// RSS, Atom, JSON Feed, sitemap.
    Feed,
    /// HTML.
    #[default]
    Page,
}

impl Accept {
    const fn header(self) -> &'static str {
        match self {
            Self::Feed => {
                "application/rss+xml, application/atom+xml, application/feed+json, \
                 application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
            }
            Self::Page => "text/html, application/xhtml+xml, */*;q=0.5",
        }
    }
}

/// One thing to fetch.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Where.
    pub url: Url,
    /// `ETag` of the state we have, sent back as `If-None-Match`.
    pub etag: Option<String>,
    /// `Last-Modified` of the state we have, sent back as `If-Modified-Since`.
    pub last_modified: Option<String>,
    /// The [`place`] of the address that gave them, which alone is told of them: what it did not change may be new where a
    /// redirect leads elsewhere. `None`: the asked one gave them.
    pub of: Option<u64>,
    /// Private networks that this ask may reach: its source's `allow_addresses`. They open nothing to other asks.
    pub allow: Vec<IpNet>,
    /// Sent as long as the walk stays at their place; once it has left, never again.
    pub credentials: Option<Credentials>,
    /// What is wanted.
    pub accept: Accept,
    /// Who tells by the head of an answer that it is nothing of that, before the rest comes.
    pub wanted: Option<Wanted>,
}

/// Judges the head of an answer: why it is not what is wanted, in words.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// By the type that it is said to have.
    pub by_type: fn(&str) -> Option<String>,
    /// By that, where there is one, and its first bytes.
    pub by_bytes: fn(Option<&str>, &[u8]) -> Option<String>,
    /// How many bytes that takes. A body that ends before is not judged.
    pub bytes: usize,
}

impl Ask {
    /// An ask for a URL of which we have nothing yet.
    pub const fn new(url: Url, accept: Accept) -> Self {
        let (etag, last_modified, of, credentials) = (None, None, None, None);
        let allow = Vec::new();
        Self { url, etag, last_modified, of, allow, credentials, accept, wanted: None }
    }
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The page that redirected.
    pub from: Url,
    /// Its status: 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it sent us.
    pub to: Url,
}

/// What came back: status 200 with a body, or 304 without. All else is a [`FetchError`].
#[derive(Clone, Debug)]
pub struct Got {
    /// The URL asked, as asked.
    pub asked: Url,
    /// The URL that answered.
    pub url: Url,
    /// 200 or 304.
    pub status: u16,
    /// The body, unpacked; empty for 304.
    pub body: Bytes,
    /// `charset` of the content type, lower case.
    pub charset: Option<String>,
    /// Media type without parameters, lower case.
    pub content_type: Option<String>,
    /// Validator to send next time; for a 304 that names none, the one that was sent.
    pub etag: Option<String>,
    /// Validator to send next time; as `etag`.
    pub last_modified: Option<String>,
    /// How long the server says this stays fresh (`max-age`, `Expires`); at most a day.
    pub floor: Option<Duration>,
    /// The redirects, in order.
    pub hops: Vec<Hop>,
    /// Where to ask from now on: as far as the chain was permanent (301, 308) from its start.
    pub moved: Option<Url>,
    /// What headers and site say of what may be done with it, where [`Params::signals`] asks for it and a body came.
    pub signals: Vec<Signal>,
    /// What was sent and what came besides the body, where [`Params::heads`] asks for it and a body came.
    pub heads: Option<Box<Heads>>,
    /// Network time, waits for a turn excluded. Real time.
    pub took: Duration,
}

/// What was sent and what came besides a body, as archives keep it. A login is never in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// The header lines sent.
    pub request: Vec<(String, String)>,
    /// The header lines that came.
    pub response: Vec<(String, String)>,
    /// The machine that answered.
    pub machine: Option<IpAddr>,
}

/// How many things are held of what was met. Each has a bound, whatever is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Hosts with their turns and rests.
    pub hosts: usize,
    /// Sites with their robots.txt.
    pub sites: usize,
    /// Names with their addresses.
    pub names: usize,
}

/// Fetches. Cheap to clone; all clones share hosts' turns and robots.txt, so a daemon has one.
#[derive(Clone, Debug)]
pub struct Fetcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    params: Params,
    agent: String,
    clock: Clock,
    clients: client::Clients,
    gate: gate::Gate,
    permits: permits::Permits,
    in_flight: Semaphore,
}

impl Fetcher {
    /// Waits until the host of `url` would take a request at once: robots.txt is known, its pause is over, and so is a rest that it
    /// asked for. Whoever has few hands waits here before taking one of them. What is wrong is said by [`Self::get`].
    pub async fn ready(&self, url: &Url, allow: &[IpNet]) {
        let inner = &self.0;
        let allow = inner.allow(allow);
        if check_url(url, &allow).is_err() {
            return;
        }
        let host = gate::key(url);
        // robots.txt may have to be fetched first, and may ask for a longer pause after that.
        inner.gate.ready(&host, Duration::ZERO).await;
        let permit = inner.permit(url, &allow, &mut explain::Trail::default()).await;
        let pause = permit.unwrap_or(inner.params.per_host_delay);
        inner.gate.ready(&host, inner.clock.wait(pause)).await;
    }

    /// How much longer the host of `url` asked to be left alone, on the clock: it answered 429, or 503 with `Retry-After`.
    pub fn rests(&self, url: &Url) -> Option<Duration> {
        let left = self.0.gate.rests(&gate::key(url))?;
        Some(left.saturating_mul(self.0.clock.speed()))
    }

    /// Makes a fetcher.
    ///
    /// # Errors
    /// [`FetchError::Setup`] where the HTTP client cannot be made, as with a `user_agent` that no header can hold.
    pub fn new(params: Params, clock: Clock) -> Result<Self, FetchError> {
        Self::with_names(params, clock, Names::of_system())
    }

    /// The same where somebody else than the system says which addresses names have.
    ///
    /// # Errors
    /// As [`Fetcher::new`].
    pub fn with_names(params: Params, clock: Clock, names: Names) -> Result<Self, FetchError> {
        let end = params.user_agent.find(['/', ' ', '(']).unwrap_or(params.user_agent.len());
        let inner = Inner {
            agent: params.user_agent[..end].to_owned(),
            clients: client::Clients::new(&params, names),
            gate: gate::Gate::default(),
            permits: permits::Permits::default(),
            in_flight: Semaphore::new(params.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            clock,
            params,
        };
        inner.clients.get(&inner.allow(&[]))?;
        Ok(Self(Arc::new(inner)))
    }

    /// Fetches under the full policy. May wait long for its turn: the pause of a host with many asks adds up. Dropping
    /// the future gives the turn back.
    ///
    /// # Errors
    /// Whatever kept the page from coming, robots.txt included.
    pub async fn get(&self, ask: &Ask) -> Result<Got, FetchError> {
        self.0.follow(ask, &mut explain::Trail::default()).await
    }

    /// The sitemaps that the site of `url` names in its robots.txt, through the same guards and the same memory as every other
    /// question to it. They may lie on other hosts: each is asked for like any address.
    ///
    /// # Errors
    /// Whatever kept its robots.txt from coming. A site without one, or one in trouble, names none.
    pub async fn sitemaps(&self, url: &Url, allow: &[IpNet]) -> Result<Vec<Url>, FetchError> {
        self.0.sitemaps(url, &self.0.allow(allow)).await
    }

    /// How much of what it met it holds in memory.
    pub fn held(&self) -> Held {
        let Inner { gate, permits, clients, .. } = &*self.0;
        Held { hosts: gate.len(), sites: permits.len(), names: clients.names() }
    }

    /// What is remembered of hosts and sites and still counts, for a later run to [`recall`](Self::recall).
    pub fn remembered(&self) -> Memory {
        let rests = self.0.gate.resting(self.0.clock.now());
        Memory { sites: self.0.remembered_sites(), rests }
    }

    /// Takes up what an earlier run [remembered](Self::remembered), before anything is asked for.
    pub fn recall(&self, memory: Memory) {
        self.0.recall_sites(memory.sites);
        self.0.recall_rests(memory.rests);
    }

    /// Our name in robots.txt, in `X-Robots-Tag` and in the `meta` elements of pages.
    pub fn agent(&self) -> &str {
        &self.0.agent
    }

    /// As [`Fetcher::get`], and tells what happened on the way, also where it failed.
    pub async fn explain(&self, ask: &Ask) -> Explained {
        let mut trail = explain::Trail::default();
        let result = self.0.follow(ask, &mut trail).await;
        Explained::new(ask, &self.0.params.user_agent, trail, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_as_archives_name_it() {
        // The digest of nothing, as everybody knows it.
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(raw_hash(b"").to_string(), empty);
        assert_ne!(raw_hash(b"a"), raw_hash(b"b"));
    }

    #[test]
    fn the_user_agent_names_us_and_how_to_reach_us() {
        let name = user_agent(None);
        assert!(name.starts_with("copytaster/") && !name.contains(' '), "{name}");
        assert_eq!(user_agent(Some(" ")), name);
        assert_eq!(
            user_agent(Some("https://desk.test/bot\r\nX: y")),
            format!("{name} (+https://desk.test/botX: y)")
        );
        assert_eq!(user_agent(Some("(ü)@desk.test")), format!("{name} (+@desk.test)"));
    }
}
