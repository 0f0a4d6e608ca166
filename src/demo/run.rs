//! Options to a demo run: newsroom and daemon on one virtual clock; with `once` the table and whether the day came out.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net};
use serde_json::Value;
use url::Url;

use super::check::{ObservedCluster, ObservedMember, Report, Told, check, check_copies};
use super::newsroom::{self, FeedType, Kind, Newsroom, Site};
use super::script::{self, MONDAY, Moment, Script};
use super::time::{self, Anchor};
use super::{http, observe, table};
use crate::config::{
    Config, Crawl, Endpoint, EndpointKind, Server, Source, SourceKind, Store as Kept,
};
use crate::daemon::{self, Apart, Running};
use crate::model::{Clock, SourceId, Timestamp};

/// Virtual seconds in a real one where nothing else is said: half a day in twelve minutes.
pub const SPEED: u32 = 60;

/// The same with `once`: thirty-one hours in 75 seconds.
pub const SPEED_ONCE: u32 = 1_500;

/// Where the whole day begins.
const DAWN: Moment = Moment::from_minutes(10 * 60);

/// Where a demo to look at begins: Monday's copy stands there, and the bridge is about to be struck.
const BEFORE_THE_BRIDGE: Moment = Moment::from_minutes(29 * 60 + 30);

/// How long, in real time, the crawl may go on after the day's end before the check is made as it is.
const GRACE: Duration = Duration::from_mins(1);

/// Real time between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Virtual time between two lines of progress.
const PROGRESS_MILLIS: i64 = 3 * 3_600_000;

/// Clusters asked for at a time.
const PAGE: usize = 100;

/// Pages of the list read at most.
const PAGES_MAX: usize = 100; // a hundred times what the day makes

/// Name of the anchor's file in the data directory.
const ANCHOR: &str = "newsroom.json";

/// What a demo may be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Virtual seconds in a real one; [`SPEED`] or [`SPEED_ONCE`] where missing.
    pub speed: Option<u32>,
    /// Where pages are parsed apart; `None`: in this process.
    pub apart: Option<Apart>,
    /// Where API and dashboard listen.
    pub listen: SocketAddr,
    /// Where the data are kept; a temporary directory, removed at the end, where missing.
    pub data: Option<PathBuf>,
    /// Play the day to its end, check it and return.
    pub once: bool,
    /// With `once`: JSON instead of the table.
    pub json: bool,
    /// The wall clock.
    pub wall: Clock,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// What goes to stdout; empty without `once`.
    pub output: String,
    /// False where an expectation of the script failed.
    pub came_out: bool,
}

/// Why a demo could not run.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The script that comes with the program is broken.
    #[error("the script of the wire day does not hold together")]
    Script(#[from] script::ScriptError),
    /// A site could not open.
    #[error("the newsroom cannot open; another demo may be running on the same data")]
    Newsroom(#[from] newsroom::Closed),
    /// The data directory.
    #[error("{path} cannot be used")]
    Data {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The daemon.
    #[error(transparent)]
    Daemon(#[from] daemon::Fault),
    /// The API did not answer as it should.
    #[error("the API at {address} cannot be read: {detail}")]
    Api {
        /// Where.
        address: SocketAddr,
        /// What went wrong.
        detail: String,
    },
}

/// Runs the demo until `ended` resolves; with `once` until the day has been played and checked, if that comes first.
/// `tell` gets lines for people: the address, and how far the day is.
pub async fn run(
    options: Options,
    tell: impl Fn(&str),
    ended: impl Future<Output = ()>,
) -> Result<Ended, Fault> {
    let script = Arc::new(script::wire_day()?);
    let home = Home::new(options.data.as_deref())?;
    let speed = options.speed.unwrap_or(if options.once { SPEED_ONCE } else { SPEED }).max(1);
    let anchor = home.anchor()?;
    let start = match &anchor {
        Some(anchor) => anchor.at(options.wall.now(), script.end().on(MONDAY)),
        None if options.once => DAWN.on(MONDAY),
        None => BEFORE_THE_BRIDGE.on(MONDAY),
    };
    let clock = time::clock(start, speed);
    let ports = anchor.map(|anchor| anchor.ports).unwrap_or_default();
    let newsroom = newsroom::serve(Arc::clone(&script), clock.clone(), MONDAY, &ports).await?;
    let config = config(&newsroom.sites, options.listen, &home.dir);
    home.keep(&Anchor {
        real_millis: options.wall.now().millis(),
        virtual_millis: start.millis(),
        speed,
        ports: newsroom.ports(),
    })?;
    let around = daemon::Around { apart: options.apart, ..daemon::Around::default() };
    let mut running = daemon::start_with(config, clock.clone(), around).await?;
    running.ready().await?;
    tell(&format!(
        "listening=http://{}  (the newsroom's day, {speed} times as fast)",
        running.address
    ));
    let play = async {
        if !options.once {
            return Err(Fault::Daemon(running.broken().await));
        }
        once(&newsroom, &running, &clock, &tell, options.json).await
    };
    let outcome = tokio::select! {
        outcome = play => outcome,
        () = ended => Ok(Ended { output: String::new(), came_out: !options.once }),
    };
    let stopped = running.stop().await;
    newsroom.stop().await;
    let outcome = outcome?;
    stopped?;
    Ok(outcome)
}

/// Waits for the day's end and for every page that is awaited, then checks.
async fn once(
    newsroom: &Newsroom,
    running: &Running,
    clock: &Clock,
    tell: &impl Fn(&str),
    json: bool,
) -> Result<Ended, Fault> {
    let script = &newsroom.script;
    let end = script.end().on(MONDAY);
    let mut told = clock.now();
    while clock.now() < end {
        tokio::time::sleep(LOOK.min(clock.wait_until(end))).await;
        if clock.now().millis() - told.millis() >= PROGRESS_MILLIS {
            told = clock.now();
            let found = observed(newsroom, running.address).await?;
            tell(&progress(script, &found, told));
        }
    }
    let patience = tokio::time::Instant::now() + GRACE;
    let found = loop {
        let found = observed(newsroom, running.address).await?;
        let all = missing(script, &found) == 0 && running.under_way() == 0;
        if all || tokio::time::Instant::now() >= patience {
            break found;
        }
        tokio::time::sleep(LOOK).await;
    };
    let mut report = check(script, &found);
    check_copies(script, &told_of(newsroom, running.address, &found).await?, &mut report);
    let output = if json { as_json(&found, &report) } else { table::table(&found, &report) };
    Ok(Ended { output, came_out: report.came_out() })
}

/// All clusters, by way of the API.
async fn observed(newsroom: &Newsroom, address: SocketAddr) -> Result<Vec<ObservedCluster>, Fault> {
    let mut all = Vec::new();
    let mut cursor = None::<String>;
    for _ in 0..PAGES_MAX {
        let mut path = format!("/api/v1/clusters?expand=members&sort=first_seen&limit={PAGE}");
        if let Some(cursor) = &cursor {
            path.push_str("&cursor=");
            path.extend(url::form_urlencoded::byte_serialize(cursor.as_bytes()));
        }
        let body = ask(address, &path).await?;
        let (clusters, next) = observe::clusters(&body, |url| newsroom.item_at(url));
        all.extend(clusters);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

/// What the API says of each article that the plan asks about, by item.
async fn told_of(
    newsroom: &Newsroom,
    address: SocketAddr,
    found: &[ObservedCluster],
) -> Result<BTreeMap<String, Told>, Fault> {
    let mut all = BTreeMap::new();
    for copy in &newsroom.script.plan.copies {
        let is_it = |member: &&ObservedMember| member.item.as_ref() == Some(&copy.item);
        let Some(member) = found.iter().flat_map(|cluster| &cluster.members).find(is_it) else {
            continue;
        };
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("url", &member.url)
            .append_pair("source", &member.source)
            .finish();
        let body = ask(address, &format!("/api/v1/articles?{query}")).await?;
        all.insert(copy.item.clone(), observe::told(&body["items"][0]));
    }
    Ok(all)
}

/// The JSON of one answer of the API.
async fn ask(address: SocketAddr, path: &str) -> Result<Value, Fault> {
    let fault = |detail: String| Fault::Api { address, detail };
    let answer = http::get(address, path, &[]).await.map_err(|e| fault(e.to_string()))?;
    if answer.status != 200 {
        return Err(fault(format!("{path} answered {}: {}", answer.status, answer.text())));
    }
    serde_json::from_slice(&answer.body).map_err(|e| fault(e.to_string()))
}

fn missing(script: &Script, found: &[ObservedCluster]) -> usize {
    let seen = |id: &str| {
        found.iter().flat_map(|c| &c.members).any(|member| member.item.as_deref() == Some(id))
    };
    script.awaited().filter(|item| !seen(&item.id)).count()
}

fn progress(script: &Script, found: &[ObservedCluster], now: Timestamp) -> String {
    let minutes = (now.millis() - MONDAY.millis()).div_euclid(60_000);
    let moment = Moment::from_minutes(u32::try_from(minutes).unwrap_or(0));
    let all = script.awaited().count();
    let articles = all - missing(script, found);
    format!("{moment}: {articles} of {all} articles, {} clusters", found.len())
}

fn as_json(found: &[ObservedCluster], report: &Report) -> String {
    let (ok, failed, not_yet) = report.counts();
    let whole = serde_json::json!({
        "came_out": report.came_out(),
        "counts": {"ok": ok, "failed": failed, "not_yet": not_yet},
        "checks": report.checks,
        "clusters": found,
    });
    format!("{whole:#}\n")
}

/// The configuration a newsroom of this kind would write: quick polls, since its clock is quick.
fn config(sites: &[Site], listen: SocketAddr, dir: &Path) -> Config {
    let crawl = Crawl {
        contact: Some("demo@copytaster.invalid".to_owned()),
        per_host_delay: Duration::from_secs(1),
        min_interval: Duration::from_mins(5),
        max_interval: Duration::from_mins(15),
        ..Crawl::default()
    };
    Config {
        server: Server { listen, ..Server::default() },
        store: Kept { path: dir.to_owned(), ..Kept::default() },
        sources: sites.iter().map(|site| source(site, &crawl)).collect(),
        crawl,
        ..Config::default()
    }
}

fn source(site: &Site, crawl: &Crawl) -> Source {
    let url = Url::parse(&site.feed_url).expect("scheme, loopback address, port and a fixed path");
    Source {
        id: SourceId::from(site.id),
        name: site.name.to_owned(),
        kind: match site.kind {
            Kind::Agency => SourceKind::Agency,
            Kind::Outlet => SourceKind::Outlet,
        },
        own: site.id == "lantern",
        lang: Some(site.lang.to_owned()),
        priority: Source::PRIORITY,
        tags: vec!["demo".to_owned()],
        rights: None,
        licence: None,
        allow_addresses: vec![IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8))],
        endpoints: vec![Endpoint {
            kind: match site.feed_type {
                FeedType::NewsSitemap => EndpointKind::Sitemap,
                FeedType::Rss | FeedType::Atom | FeedType::Json => EndpointKind::Feed,
            },
            url,
            min_interval: crawl.min_interval,
            max_interval: crawl.max_interval,
            fetch_pages: true,
            login: None,
        }],
    }
}

/// The data directory; a temporary one goes with it.
struct Home {
    dir: PathBuf,
    temporary: bool,
}

impl Home {
    fn new(data: Option<&Path>) -> Result<Self, Fault> {
        let (dir, temporary) = if let Some(dir) = data {
            (dir.to_owned(), false)
        } else {
            let name = format!("copytaster-demo-{}", std::process::id());
            (std::env::temp_dir().join(name), true)
        };
        std::fs::create_dir_all(&dir)
            .map_err(|source| Fault::Data { path: dir.clone(), source })?;
        Ok(Self { dir, temporary })
    }

    /// What an earlier run left. One that cannot be read is a fault: on other ports every page would be a new article.
    fn anchor(&self) -> Result<Option<Anchor>, Fault> {
        let path = self.dir.join(ANCHOR);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Fault::Data { path, source }),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|bad| Fault::Data { path, source: io::Error::other(bad) })
    }

    fn keep(&self, anchor: &Anchor) -> Result<(), Fault> {
        let path = self.dir.join(ANCHOR);
        let text = serde_json::to_vec(anchor).expect("numbers only");
        // Renamed into place, so that a demo killed here leaves the old anchor or the new one.
        let draft = path.with_extension("new");
        std::fs::write(&draft, text)
            .and_then(|()| std::fs::rename(&draft, &path))
            .map_err(|source| Fault::Data { path, source })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed lies in the system's temporary directory, which is cleared by others.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_home_goes_and_a_named_one_keeps_its_anchor() {
        let home = Home::new(None).unwrap();
        let dir = home.dir.clone();
        assert!(dir.is_dir() && home.anchor().unwrap().is_none());
        drop(home);
        assert!(!dir.exists());

        let kept = tempfile::tempdir().unwrap();
        let anchor = Anchor { real_millis: 1, virtual_millis: 2, speed: 3, ports: vec![4, 5] };
        Home::new(Some(kept.path())).unwrap().keep(&anchor).unwrap();
        let again = Home::new(Some(kept.path())).unwrap();
        assert_eq!(again.anchor().unwrap(), Some(anchor));
        std::fs::write(kept.path().join(ANCHOR), "{").unwrap();
        let torn = again.anchor().unwrap_err().to_string();
        assert!(torn.contains(ANCHOR), "{torn}");
    }

    #[test]
    fn the_configuration_polls_every_site_on_loopback_only() {
        let site = Site {
            id: "kessmar",
            name: "K",
            kind: Kind::Agency,
            lang: "de",
            base_url: "http://127.0.0.1:9".to_owned(),
            feed_url: "http://127.0.0.1:9/news-sitemap.xml".to_owned(),
            feed_type: FeedType::NewsSitemap,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
        };
        let config = config(&[site], SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Path::new("d"));
        let source = &config.sources[0];
        assert_eq!(source.kind, SourceKind::Agency);
        assert_eq!(source.endpoints[0].kind, EndpointKind::Sitemap);
        assert_eq!(source.allow_addresses[0].to_string(), "127.0.0.0/8");
        assert!(config.crawl.allow_addresses.is_empty());
    }
}
