//! HTTP requests in, the store's answers out: the API under `/api/v1`, the dashboard and the watch pages at the root.
//!
//! Reads come from the store and the journal and never wait for the writer, only for rows that are being written of what was
//! answered before; what writes is handed to the writer with a reply slot and answered when it is durable. Every route stands in one table, `TABLE`.

mod admin;
pub mod body;
mod dashboard;
pub mod diff;
mod evidence;
mod guard;
mod openapi;
mod overrides;
pub mod problem;
mod push;
mod query;
mod read;
mod reply;
#[cfg(test)]
mod sample;
mod sight;
mod sse;
pub mod status;
#[cfg(test)]
mod tests;
mod view;
mod watch;
#[cfg(test)]
mod whose_tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, delete, get, post};
use tokio::sync::{broadcast, mpsc};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::journal::Reader;
use crate::model::Clock;
use crate::store::{Event, Store};
use crate::telemetry::Metrics;

pub use openapi::document;
pub use overrides::{Obeyed, Word};
pub use push::{Accepted, Push, Refused, Taken};
pub use sight::{Serve, Showing, Terms};
pub use status::{
    EndpointStatus, FlappingPage, Part, RhythmStatus, SourceFault, SourceState, SourceStatus,
    Status,
};

/// What the reading side obeys; built by `config`.
#[derive(Clone, Debug)]
pub struct Params {
    /// Bearer tokens that may write, and read where reads are not open.
    pub tokens: Vec<String>,
    /// Path before every route: "" or "/wire".
    pub base_path: String,
    /// Generation of the answers (CONTRACT §5).
    pub generation: u64,
    /// True where reads need no token: on loopback, or by `allow_anonymous_reads`.
    pub reads_open: bool,
    /// True where writes need no token as long as none is set: on loopback only.
    pub writes_open: bool,
    /// How much of a text is shown.
    pub showing: Showing,
    /// Largest body of a push, in bytes.
    pub body_bytes_max: usize,
    /// A request that has no answer by then gets 503.
    pub deadline: Duration,
}

impl Default for Params {
    /// A daemon on loopback without tokens.
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            base_path: String::new(),
            generation: 1,
            reads_open: true,
            writes_open: true,
            showing: Showing::default(),
            body_bytes_max: 32 << 20, // some 10,000 stories of 3 KB
            deadline: Duration::from_secs(30),
        }
    }
}

/// What a request asks of the writer.
#[derive(Debug)]
pub enum Wish {
    /// Take these records in.
    Push(Push),
    /// Carry out an editor's word.
    Word(Word),
}

/// All a request may reach. Cloned per request, so every part is cheap to clone.
#[derive(Clone, Debug)]
pub struct State {
    /// Derived rows.
    pub store: Store,
    /// Texts, by location.
    pub reader: Reader,
    /// To the writer.
    pub wishes: mpsc::Sender<Wish>,
    /// What the writer commits, as it commits it.
    pub events: broadcast::Sender<Event>,
    /// What the daemon says of itself.
    pub status: Arc<Status>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Clock,
    /// What to obey.
    pub settings: Arc<Params>,
}

type Routed = fn() -> MethodRouter<State>;

/// Every route there is, relative to `base_path`. The OpenAPI document names the same ones; a test holds them equal.
const TABLE: &[(&str, Routed)] = &[
    ("/api/v1/clusters", || get(read::clusters)),
    ("/api/v1/clusters/{id}", || get(read::cluster)),
    ("/api/v1/clusters/{id}/diff", || get(read::diff)),
    ("/api/v1/clusters/{id}/split", || post(overrides::split)),
    ("/api/v1/clusters/{id}/overrides/{n}", || delete(overrides::undo)),
    ("/api/v1/clusters/merge", || post(overrides::merge)),
    ("/api/v1/overrides", || get(overrides::list)),
    ("/api/v1/articles", || get(read::articles).merge(post(push::articles))),
    ("/api/v1/articles/{id}", || get(read::article)),
    ("/api/v1/articles/{id}/versions", || get(read::article_versions)),
    ("/api/v1/sources", || get(read::sources)),
    ("/api/v1/sources/{id}", || get(read::source)),
    ("/api/v1/admin/backup", || post(admin::backup)),
    ("/api/v1/stream", || get(sse::stream)),
    ("/healthz", || get(watch::healthz)),
    ("/readyz", || get(watch::readyz)),
    ("/metrics", || get(watch::metrics)),
    ("/openapi.json", || get(watch::openapi)),
    ("/", || get(dashboard::desk)),
    ("/clusters/{id}", || get(dashboard::cluster)),
    ("/sources", || get(dashboard::sources)),
    ("/assets/{name}", || get(dashboard::asset)),
];

/// What whoever watches the daemon asks for: answered whatever the rows do.
const WATCHES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// A base path as routes and links have it: with a slash before and none behind.
fn base_path(configured: &str) -> String {
    let bare = configured.trim_matches('/');
    if bare.is_empty() { String::new() } else { format!("/{bare}") }
}

/// The whole reading side over `state`.
pub fn router(state: State) -> Router {
    let base = base_path(&state.settings.base_path);
    let settings = Params { base_path: base.clone(), ..Params::clone(&state.settings) };
    let state = State { settings: Arc::new(settings), ..state };
    let mut routes = Router::new();
    for (path, methods) in TABLE {
        let mut methods = methods();
        if !WATCHES.contains(path) {
            let rows = axum::middleware::from_fn_with_state(state.clone(), guard::after_rows);
            methods = methods.layer(rows);
        }
        routes = routes.route(&format!("{base}{path}"), methods);
    }
    if !base.is_empty() {
        routes = routes.route(&base, get(dashboard::front_door));
    }
    let body_bytes_max = state.settings.body_bytes_max;
    // The last layer is the outermost: what it wraps is above it.
    routes
        .fallback(watch::no_route)
        .method_not_allowed_fallback(watch::no_method)
        .layer(axum::middleware::from_fn_with_state(state.clone(), guard::admit))
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(axum::middleware::from_fn_with_state(state.clone(), guard::deadline))
        .layer(CompressionLayer::new())
        .layer(axum::middleware::from_fn(guard::validate))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(axum::middleware::from_fn_with_state(state.clone(), guard::account))
        .with_state(state)
}
