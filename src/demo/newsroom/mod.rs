//! The script and a clock to twelve sites on loopback: what they serve depends on the virtual time and on nothing else.

mod answer;
mod desk;
mod feed;
pub(crate) mod files;
mod page;
mod sites;

pub use sites::{FeedType, Kind, Outage, SITES, SiteSpec, spec};

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri, header};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use crate::demo::script::Script;
use crate::model::{Clock, Timestamp};
use answer::{Answer, Asked, answer};
use desk::Desk;

/// How long open connections may take to end when the newsroom closes.
const CLOSING_MAX: Duration = Duration::from_secs(2);

/// A newsroom that could not open.
#[derive(Debug, thiserror::Error)]
#[error("{site} cannot listen on 127.0.0.1:{port}")]
pub struct Closed {
    /// The site.
    pub site: &'static str,
    /// The port asked for; 0 for any.
    pub port: u16,
    /// Why.
    pub source: io::Error,
}

/// A site that is being served.
#[derive(Clone, Debug)]
pub struct Site {
    /// Id in the script and in the configuration.
    pub id: &'static str,
    /// Name as printed.
    pub name: &'static str,
    /// Agency or outlet.
    pub kind: Kind,
    /// BCP 47 language.
    pub lang: &'static str,
    /// Scheme, address and port, no slash at the end.
    pub base_url: String,
    /// Address of its feed.
    pub feed_url: String,
    /// Form of its feed.
    pub feed_type: FeedType,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Twelve servers. Dropping it ends them at once; [`Newsroom::stop`] lets open answers end.
#[derive(Debug)]
pub struct Newsroom {
    /// The sites, in the order of [`SITES`].
    pub sites: Vec<Site>,
    /// The script they play.
    pub script: Arc<Script>,
    monday: Timestamp,
    stop: CancellationToken,
    servers: JoinSet<()>,
}

/// What one site's handler knows.
#[derive(Clone)]
struct Served {
    site: &'static SiteSpec,
    script: Arc<Script>,
    base: Arc<str>,
    monday: Timestamp,
    clock: Clock,
}

/// Opens all sites. `monday` is the midnight the script counts from on `clock`; `ports` asks for a port for each site
/// in the order of [`SITES`] (0 and missing ones: any), so that a second run has the addresses of the first.
pub async fn serve(
    script: Arc<Script>,
    clock: Clock,
    monday: Timestamp,
    ports: &[u16],
) -> Result<Newsroom, Closed> {
    let stop = CancellationToken::new();
    let mut servers = JoinSet::new();
    let mut sites = Vec::with_capacity(SITES.len());
    for (place, spec) in SITES.iter().enumerate() {
        let port = ports.get(place).copied().unwrap_or(0);
        let closed = |source| Closed { site: spec.id, port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(closed)?;
        let site = site(spec, listener.local_addr().map_err(closed)?);
        let served = Served {
            site: spec,
            script: Arc::clone(&script),
            base: site.base_url.as_str().into(),
            monday,
            clock: clock.clone(),
        };
        let ended = stop.clone().cancelled_owned();
        let app = router(served);
        servers.spawn(async move {
            // A server that ends early is seen by the crawl as a dead host: that is what it is for.
            let _ended = axum::serve(listener, app).with_graceful_shutdown(ended).await;
        });
        sites.push(site);
    }
    Ok(Newsroom { sites, script, monday, stop, servers })
}

fn site(spec: &'static SiteSpec, address: SocketAddr) -> Site {
    let base_url = format!("http://{address}");
    Site {
        id: spec.id,
        name: spec.name,
        kind: spec.kind,
        lang: spec.lang,
        feed_url: format!("{base_url}{}", spec.feed.path()),
        base_url,
        feed_type: spec.feed,
        address,
    }
}

impl Newsroom {
    /// The site of that id.
    pub fn site(&self, id: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == id)
    }

    /// The ports in use, for [`serve`] of a second run.
    pub fn ports(&self) -> Vec<u16> {
        self.sites.iter().map(|site| site.address.port()).collect()
    }

    /// Address of an item, as its canonical link says.
    pub fn url(&self, item: &str) -> Option<String> {
        let item = self.script.item(item)?;
        let site = self.site(&item.site)?;
        let path = desk::path(spec(&item.site)?, &self.script, item, self.monday);
        Some(format!("{}{path}", site.base_url))
    }

    /// The item an address belongs to, whatever stands behind its `?`.
    pub fn item_at(&self, url: &str) -> Option<&str> {
        let bare = url.split(['?', '#']).next().unwrap_or(url);
        let site = self.sites.iter().find(|site| {
            bare.strip_prefix(&site.base_url).is_some_and(|rest| rest.starts_with('/'))
        })?;
        let path = bare.strip_prefix(&site.base_url)?;
        let items = self.script.items.iter().filter(|item| item.site == site.id);
        let spec = spec(site.id)?;
        items
            .map(|item| (item, desk::path(spec, &self.script, item, self.monday)))
            .find(|(_, known)| known.trim_end_matches('/') == path.trim_end_matches('/'))
            .map(|(item, _)| item.id.as_str())
    }

    /// Closes all sites; open answers get two seconds.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.servers.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSING_MAX, ended).await.is_err() {
            self.servers.abort_all();
        }
    }
}

fn router(served: Served) -> Router {
    let gzip = served.site.gzip;
    let app = Router::new().fallback(handle).with_state(served);
    if gzip { app.layer(CompressionLayer::new()) } else { app }
}

async fn handle(State(served): State<Served>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    if served.site.slow_millis > 0 {
        let slow = Duration::from_millis(served.site.slow_millis);
        tokio::time::sleep(served.clock.wait(slow)).await;
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let asked = Asked {
        path: uri.path(),
        if_none_match: text(header::IF_NONE_MATCH),
        if_modified_since: text(header::IF_MODIFIED_SINCE),
    };
    let desk = Desk {
        site: served.site,
        script: &served.script,
        base: served.base.to_string(),
        monday: served.monday,
        now: served.clock.now(),
    };
    respond(answer(&desk, &asked))
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(answer.body))
        .expect("statuses and header values are our own constants, numbers, dates and hashes")
}

#[cfg(test)]
mod tests;
