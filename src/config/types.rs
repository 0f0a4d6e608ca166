//! The configuration in force: every value parsed, bounded and checked against the others.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::login::Login;
use super::rights::Rights;
use crate::model::SourceId;
use crate::telemetry::Format;
use crate::{feed, fetch};

/// Everything that can be set. [`Config::default`] is what holds where nothing is said; it has no sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The HTTP side.
    pub server: Server,
    /// The data directory.
    pub store: Store,
    /// How pages and feeds are fetched.
    pub crawl: Crawl,
    /// What changes clusters.
    pub detect: Detect,
    /// The log.
    pub log: Log,
    /// The publishers, in file order.
    pub sources: Vec<Source>,
}

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where the API and the dashboard listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Bearer tokens that may write: those of `tokens` and of `token_file`. Empty: writes are open on loopback.
    pub tokens: Vec<Secret>,
    /// A file with one token a line.
    pub token_file: Option<PathBuf>,
    /// Prefix of every path, for a reverse proxy: empty, or `/like/this`.
    pub base_path: String,
    /// Serve reads to anyone when listening off loopback without tokens.
    pub allow_anonymous_reads: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8420)),
            tokens: Vec::new(),
            token_file: None,
            base_path: String::new(),
            allow_anonymous_reads: false,
        }
    }
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The data directory: journal and derived rows. Relative paths hang on the working directory.
    pub path: PathBuf,
    /// Cache of the derived store in bytes. Resident memory is two to three times as much.
    pub cache: u64,
    /// How long until the next closed file of the journal is read again, for bytes that the disk lost.
    pub scrub_interval: Duration,
    /// Days after which texts are removed; 0: never.
    pub text_days: u16,
    /// Bytes of journal files with texts that are kept, the newest; `None`: all.
    pub text_bytes: Option<u64>,
    /// Days after which what is left of clusters is trimmed; 0: never.
    pub history_days: u16,
    /// How pages are kept beside what was read from them.
    pub keep_raw: KeepRaw,
}

/// `store.keep_raw`: how pages are kept beside what was read from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepRaw {
    /// Not at all.
    #[default]
    No,
    /// As WARC files.
    Warc,
}

impl KeepRaw {
    /// Every word, in the order the documentation names them.
    pub const ALL: [Self; 2] = [Self::No, Self::Warc];

    /// The word used in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Warc => "warc",
        }
    }
}

impl Store {
    /// How old a text may become; `None` where it stays for ever.
    pub fn text_age(&self) -> Option<Duration> {
        days(self.text_days).or_else(|| self.history())
    }

    /// How old what is left of a cluster may become; `None` where it stays for ever.
    pub fn history(&self) -> Option<Duration> {
        days(self.history_days)
    }
}

fn days(days: u16) -> Option<Duration> {
    (days > 0).then(|| Duration::from_hours(24 * u64::from(days)))
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: PathBuf::from("copytaster-data"),
            cache: 32 << 20,
            scrub_interval: Duration::from_mins(10),
            text_days: 0,
            text_bytes: None,
            history_days: 0,
            keep_raw: KeepRaw::No,
        }
    }
}

/// `[crawl]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crawl {
    /// Where a publisher can reach you: a mail address or a web page, shown in the User-Agent.
    pub contact: Option<String>,
    /// The whole User-Agent, where the made one does not do. See [`Crawl::user_agent`].
    pub user_agent: Option<String>,
    /// Fetches under way at once, over all hosts.
    pub concurrency: usize,
    /// Leads under way at once; what else a poll finds waits in its feed.
    pub leads_max: usize,
    /// Pause between two fetches from one host.
    pub per_host_delay: Duration,
    /// Shortest time between two polls of an endpoint.
    pub min_interval: Duration,
    /// Longest time between two polls of an endpoint that answers.
    pub max_interval: Duration,
    /// Largest body taken, in bytes after decompression.
    pub body_bytes_max: u64,
    /// Time for one fetch from the first packet to the last byte, redirects included.
    pub deadline: Duration,
    /// Time for a name, a connection and the handshake of TLS.
    pub connect_deadline: Duration,
    /// What bounds an answer and a feed. The file has it among the other keys.
    pub limits: Limits,
    /// Redirects followed in one fetch.
    pub redirects_max: usize,
    /// Obey robots.txt.
    pub robots: bool,
    /// What is done with a page whose publisher reserves its rights.
    pub tdm: Tdm,
    /// Private or loopback networks that may be fetched from, whatever the source.
    pub allow_addresses: Vec<IpNet>,
    /// A file with certificates of authorities that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
    /// What it held at start.
    pub roots: fetch::Roots,
}

impl Default for Crawl {
    fn default() -> Self {
        Self {
            contact: None,
            user_agent: None,
            concurrency: 16,
            leads_max: 10_000,
            per_host_delay: Duration::from_secs(2),
            min_interval: Duration::from_mins(2),
            max_interval: Duration::from_hours(2),
            body_bytes_max: 8 << 20,
            deadline: Duration::from_secs(30),
            connect_deadline: Duration::from_secs(15),
            limits: Limits::default(),
            redirects_max: 5,
            robots: true,
            tdm: Tdm::default(),
            allow_addresses: Vec::new(),
            ca_file: None,
            roots: fetch::Roots::default(),
        }
    }
}

/// What no honest server needs more of, in `[crawl]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Unpacked bytes that each `pace_window` of a body must bring.
    pub pace_bytes_min: u64,
    /// See `pace_bytes_min`.
    pub pace_window: Duration,
    /// Header lines of an answer.
    pub headers_max: usize,
    /// Bytes of the header lines of an answer.
    pub header_bytes_max: u64,
    /// Bytes of a robots.txt that are read.
    pub robots_bytes_max: u64,
    /// Look-ups of names that are new at a time.
    pub lookups_max: usize,
    /// Time for one look-up.
    pub lookup_deadline: Duration,
    /// Entries read of one feed.
    pub feed_entries_max: usize,
    /// Elements inside each other in a feed.
    pub feed_depth_max: usize,
    /// Bytes of a link in a feed.
    pub link_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let (fetch, feed) = (fetch::Params::default(), feed::Limits::default());
        Self {
            pace_bytes_min: fetch.pace_bytes_min,
            pace_window: fetch.pace_window,
            headers_max: fetch.headers_max,
            header_bytes_max: u64::from(fetch.header_bytes_max),
            robots_bytes_max: fetch.robots_bytes_max,
            lookups_max: fetch.lookups_max,
            lookup_deadline: fetch.lookup_deadline,
            feed_entries_max: feed.entries_max,
            feed_depth_max: feed.depth_max,
            link_bytes_max: feed.link_bytes_max,
        }
    }
}

/// `crawl.tdm`: what is done with a page whose publisher reserves its rights to text and data mining.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tdm {
    /// Title and link alone are kept.
    #[default]
    Respect,
    /// It is kept like any other; what its publisher says is stored with it.
    Record,
}

impl Tdm {
    /// Every word, in the order the documentation names them.
    pub const ALL: [Self; 2] = [Self::Respect, Self::Record];

    /// The word used in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Respect => "respect",
            Self::Record => "record",
        }
    }
}

impl Crawl {
    /// The User-Agent that is sent: the one set, else program, version and contact.
    pub fn user_agent(&self) -> String {
        let made = || fetch::user_agent(self.contact.as_deref());
        self.user_agent.clone().unwrap_or_else(made)
    }
}

/// `[detect]`. A change here changes clusters and is therefore journalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detect {
    /// Two versions are compared when they were seen within this time of each other.
    pub window: Duration,
    /// Newest versions that are compared at all.
    pub live_max: u32,
}

impl Default for Detect {
    fn default() -> Self {
        Self { window: Duration::from_hours(72), live_max: 200_000 }
    }
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line is written.
    pub format: Format,
    /// Which lines are written: a level, or levels a module.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Auto, filter: "info".to_owned() }
    }
}

/// `[[source]]`: a publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Short name in API, logs and journal. Stays for ever.
    pub id: SourceId,
    /// Name shown to people.
    pub name: String,
    /// What kind of publisher it is.
    pub kind: SourceKind,
    /// True where it is us.
    pub own: bool,
    /// Language of its copy (BCP 47, lower case) where a page names none.
    pub lang: Option<String>,
    /// Who is preferred where members of a cluster are otherwise equal: 0 to 100, higher first.
    pub priority: u8,
    /// Free words to find it by.
    pub tags: Vec<String>,
    /// What may be done with its copy; `None` where nothing is said.
    pub rights: Option<Rights>,
    /// The licence under which its copy is used. It lifts what `crawl.tdm` would respect.
    pub licence: Option<String>,
    /// Private or loopback networks that may be fetched from for this source.
    pub allow_addresses: Vec<IpNet>,
    /// What is polled. A source that is only pushed to has none.
    pub endpoints: Vec<Endpoint>,
}

impl Source {
    /// A source of which no more is said: named by its id, with nothing to poll.
    pub fn named(id: SourceId, kind: SourceKind) -> Self {
        Self {
            name: id.0.clone(),
            id,
            kind,
            own: false,
            lang: None,
            priority: Self::PRIORITY,
            tags: Vec::new(),
            rights: None,
            licence: None,
            allow_addresses: Vec::new(),
            endpoints: Vec::new(),
        }
    }

    /// What may be done with its copy.
    pub fn rights(&self) -> Rights {
        self.rights.clone().unwrap_or_default()
    }

    /// [`Source::priority`] where the file says none.
    pub const PRIORITY: u8 = 50;

    /// The credentials that `url` is asked with: those of the first endpoint at the very same host, scheme and port.
    pub fn credentials(&self, url: &Url) -> Option<&fetch::Credentials> {
        let logins = self.endpoints.iter().filter_map(|endpoint| endpoint.login.as_ref());
        logins.map(|login| &login.credentials).find(|credentials| credentials.fits(url))
    }
}

/// What kind of publisher a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// Writes copy that others run.
    Agency,
    /// Publishes for readers.
    #[default]
    Outlet,
    /// Sends press releases.
    Pr,
    /// Repeats what others publish.
    Aggregator,
}

impl SourceKind {
    /// Every kind, in the order the documentation names them.
    pub const ALL: [Self; 4] = [Self::Agency, Self::Outlet, Self::Pr, Self::Aggregator];

    /// The word used in the file and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Outlet => "outlet",
            Self::Pr => "pr",
            Self::Aggregator => "aggregator",
        }
    }
}

/// `[[source.endpoint]]`: one thing that is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What the address gives.
    pub kind: EndpointKind,
    /// What is polled: http or https; of a spool its directory, as a `file:` address.
    pub url: Url,
    /// Shortest time between two polls; `[crawl]` says it where the endpoint does not.
    pub min_interval: Duration,
    /// Longest time between two polls; `[crawl]` says it where the endpoint does not.
    pub max_interval: Duration,
    /// Visit the page of each entry. False: the entry's own text is the article.
    pub fetch_pages: bool,
    /// How it is logged into, and the pages on its own host with it.
    pub login: Option<Login>,
}

/// What an endpoint's address gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointKind {
    /// RSS, RDF, Atom or JSON Feed.
    #[default]
    Feed,
    /// A news sitemap, an index of some, or a robots.txt that names some.
    Sitemap,
    /// A section page: its links that look like articles.
    Page,
    /// A directory into which files of articles are moved.
    Spool,
}

impl EndpointKind {
    /// Every kind, in the order the documentation names them.
    pub const ALL: [Self; 4] = [Self::Feed, Self::Sitemap, Self::Page, Self::Spool];

    /// The word used in the file and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Sitemap => "sitemap",
            Self::Page => "page",
            Self::Spool => "spool",
        }
    }
}

/// A text that no log, no `check` and no debug print shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What is shown in its place.
    pub const MASK: &'static str = "***";

    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to compare a credential with.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_names_a_contact_unless_it_is_set_whole() {
        let mut crawl = Crawl::default();
        let program = concat!("copytaster/", env!("CARGO_PKG_VERSION"));
        assert_eq!(crawl.user_agent(), program);
        crawl.contact = Some("desk@example.org".to_owned());
        assert_eq!(crawl.user_agent(), format!("{program} (+desk@example.org)"));
        crawl.user_agent = Some("newsbot/7".to_owned());
        assert_eq!(crawl.user_agent(), "newsbot/7");
    }

    #[test]
    fn a_secret_is_not_printed() {
        let server = Server { tokens: vec![Secret::new("hunter2")], ..Server::default() };
        let shown = format!("{server:?}");
        assert!(shown.contains("***") && !shown.contains("hunter2"), "{shown}");
    }
}
