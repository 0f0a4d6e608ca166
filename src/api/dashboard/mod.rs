//! The pages for people: requests in, server-rendered HTML out, from the same bodies as the API. Readable without a script.

mod changes;
mod page;
mod when;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::api::dashboard::changes::{DiffPage, Stretch};
use crate::api::dashboard::page::{ClusterPage, Row, SourceLine};
use crate::api::diff::Op;
use crate::api::problem::Problem;
use crate::api::query::{self, ClustersParams};
use crate::api::sight::Sight;
use crate::api::view::{self, Found};
use crate::api::{self, read, reply, sse};
use crate::model::Timestamp;
use crate::store::Counts;

/// Rows of the desk.
const ROWS: &str = "40";

/// Articles of a cluster up to which a row reads its members, for the strip; beyond, that costs more than it tells.
const STRIP_ARTICLES_MAX: u32 = 100;

const CSS: &[u8] = include_bytes!("desk.css");
const JS: &[u8] = include_bytes!("desk.js");
const ICON: &[u8] = include_bytes!("icon.svg");

/// Part of the address of each asset, so that a browser asks again when one changed.
static ASSETS_MARK: LazyLock<String> =
    LazyLock::new(|| reply::tag(&[CSS, JS, ICON].concat())[..12].to_owned());

/// What every page has.
#[derive(Debug)]
struct Frame {
    base: String,
    mark: &'static str,
    here: &'static str,
    counts: Counts,
    ready: Option<String>,
    generation: u64,
    /// Where the stream goes on after what this page shows.
    last: String,
    now: Timestamp,
    rate: u128,
}

impl Frame {
    fn new(state: &api::State, here: &'static str) -> Self {
        let counts = state.store.counts();
        Self {
            base: state.settings.base_path.clone(),
            mark: ASSETS_MARK.as_str(),
            here,
            last: sse::after_all_of(state.settings.generation, counts.applied_seq),
            counts,
            ready: state.status.not_ready(),
            generation: state.settings.generation,
            now: state.clock.now(),
            // How many times faster than a wall clock ours runs, in thousandths of a second a second.
            rate: 1_000_000
                / state.clock.wait(std::time::Duration::from_secs(1000)).as_millis().max(1),
        }
    }
}

/// What the filter form holds.
#[derive(Debug)]
struct Filters {
    q: String,
    source: String,
    origin: String,
    lang: String,
    min_sources: String,
    sort: String,
    any: bool,
}

impl Filters {
    fn new(params: &ClustersParams) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let narrowing =
            [&params.q, &params.source, &params.origin, &params.lang, &params.min_sources];
        Self {
            any: narrowing.iter().any(|value| query::given(value.as_deref()).is_some()),
            q: text(&params.q),
            source: text(&params.source),
            origin: text(&params.origin),
            lang: text(&params.lang),
            min_sources: text(&params.min_sources),
            sort: query::given(params.sort.as_deref()).unwrap_or("changed").to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskTemplate {
    frame: Frame,
    filters: Filters,
    sources: Vec<(String, String)>,
    rows: Vec<Row>,
    next: Option<String>,
    first: Option<String>,
}

#[derive(Template)]
#[template(path = "cluster.html")]
struct ClusterTemplate {
    frame: Frame,
    page: ClusterPage,
    diff: Option<DiffPage>,
}

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesTemplate {
    frame: Frame,
    lines: Vec<SourceLine>,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroubleTemplate<'a> {
    frame: Frame,
    problem: &'a Problem,
}

fn rendered(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(page) => reply::html(status, page),
        Err(fault) => {
            tracing::error!(fault = %fault, "a page could not be rendered: {fault}");
            Problem::internal().into_response()
        }
    }
}

/// A page that says what is wrong.
pub(super) fn trouble(state: &api::State, problem: &Problem) -> Response {
    rendered(problem.status_code(), &TroubleTemplate { frame: Frame::new(state, ""), problem })
}

/// Display names by source id.
fn names(state: &api::State) -> BTreeMap<String, String> {
    state.status.sources().into_iter().map(|source| (source.id, source.name)).collect()
}

/// Runs the building of a page where it may block, and shows a page for what is wrong.
async fn page(
    state: api::State,
    build: impl FnOnce(&api::State) -> Result<Response, Problem> + Send + 'static,
) -> Response {
    let blocking = reply::blocking(move || {
        Ok(build(&state).unwrap_or_else(|problem| trouble(&state, &problem)))
    });
    blocking.await.unwrap_or_else(IntoResponse::into_response)
}

/// `/`: the clusters.
pub(super) async fn desk(State(state): State<api::State>, uri: Uri) -> Response {
    page(state, move |state| {
        // Before the list is read: an event told twice is better than one that falls between.
        let frame = Frame::new(state, "desk");
        let mut params: ClustersParams = query::params(&uri)?;
        params.limit.get_or_insert_with(|| ROWS.to_owned());
        let asked = query::clusters(&params, state.settings.generation)?;
        let list = view::clusters(state, &asked)?;
        let names = names(state);
        let now = state.clock.now();
        let mut rows = Vec::with_capacity(list.items.len());
        for mut cluster in list.items {
            if cluster.counts.articles <= STRIP_ARTICLES_MAX
                && let Found::Here(whole) = view::cluster(state, &cluster.id)?
            {
                cluster.members = whole.members;
            }
            rows.push(Row::new(&cluster, &names, now));
        }
        let front = format!("{}/", state.settings.base_path);
        let template = DeskTemplate {
            frame,
            filters: Filters::new(&params),
            sources: names.into_iter().collect(),
            rows,
            next: list.next.map(|next| read::next_page(&front, &uri, &next)),
            first: query::given(params.cursor.as_deref()).map(|_| read::first_page(&front, &uri)),
        };
        Ok(rendered(StatusCode::OK, &template))
    })
    .await
}

/// Parameters of a cluster's page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterParams {
    /// The version or article to compare the lead with.
    to: Option<String>,
    /// What to compare it with in place of the lead.
    from: Option<String>,
}

/// `/clusters/{id}`: one cluster.
pub(super) async fn cluster(
    State(state): State<api::State>,
    Path(id): Path<String>,
    sight: Sight,
    uri: Uri,
) -> Response {
    page(state, move |state| {
        let frame = Frame::new(state, "cluster");
        let params: ClusterParams = query::params(&uri)?;
        let body = match view::cluster(state, &id)? {
            Found::Here(body) => body,
            Found::Merged(into) => {
                let to = format!("{}/clusters/{into}", state.settings.base_path);
                return Ok(read::moved(&id, into, &to));
            }
        };
        let (from, to) = (query::given(params.from.as_deref()), query::given(params.to.as_deref()));
        let alone = body.counts.versions < 2;
        let diff = match view::diff(state, sight, &id, from, to) {
            // Words may have been removed by order or are not for whoever asks: the page stands without them, and without a
            // text that cannot be read.
            Ok(Found::Here(diff))
                if !alone && diff.redacted.is_empty() && diff.withheld.is_empty() =>
            {
                Some(diff)
            }
            Ok(_) | Err(Problem { status: 500, .. }) => None,
            Err(problem) => return Err(problem),
        };
        let names = names(state);
        let compared = diff.as_ref().map(|diff| diff.to.version.as_str());
        let before = view::version_before(state, &body.lead)?;
        let now = state.clock.now();
        let whole = ClusterPage::new(&body, compared, &names, now);
        let template = ClusterTemplate {
            page: ClusterPage { before, ..whole },
            diff: diff.as_ref().map(|diff| DiffPage::new(diff, &names, now)),
            frame,
        };
        Ok(rendered(StatusCode::OK, &template))
    })
    .await
}

/// `/sources`: how each source is doing.
pub(super) async fn sources(State(state): State<api::State>) -> Response {
    page(state, |state| {
        let now = state.clock.now();
        let lines = view::sources(state).items.into_iter();
        let template = SourcesTemplate {
            frame: Frame::new(state, "sources"),
            lines: lines.map(|body| SourceLine::new(body, now)).collect(),
        };
        Ok(rendered(StatusCode::OK, &template))
    })
    .await
}

/// The base path without a slash: the desk is one further.
pub(super) async fn front_door(State(state): State<api::State>) -> Response {
    let to = format!("{}/", state.settings.base_path);
    axum::response::Redirect::permanent(&to).into_response()
}

/// `/assets/…`: our own files, kept by the browser as long as their address carries the mark.
pub(super) async fn asset(Path(name): Path<String>, uri: Uri) -> Response {
    let (media_type, bytes) = match name.as_str() {
        "desk.css" => ("text/css; charset=utf-8", CSS),
        "desk.js" => ("text/javascript; charset=utf-8", JS),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Problem::not_found(format!("no asset {name}")).into_response(),
    };
    let mut response = reply::tagged(StatusCode::OK, media_type, bytes.to_vec());
    if uri.query().is_some_and(|query| query == ASSETS_MARK.as_str()) {
        let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, kept);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::body::Cluster;
    use crate::api::sample;

    fn frame() -> Frame {
        Frame {
            base: "/wire".to_owned(),
            mark: "0",
            here: "desk",
            counts: Counts::default(),
            ready: None,
            generation: 1,
            last: "1-0-0".to_owned(),
            now: sample::NOON,
            rate: 1000,
        }
    }

    fn hostile_page() -> String {
        let mut row = sample::cluster_row();
        row.title = "<script>alert(1)</script> & \"more\"".to_owned();
        let mut rows = sample::member_rows();
        rows[1].version.url = Some("javascript:alert(2)".to_owned());
        rows[2].version.title = "<img src=x onerror=alert(3)>".to_owned();
        let body = Cluster::new(&row, Some(&rows));
        let page = ClusterPage::new(&body, None, &sample::names(), sample::NOON);
        ClusterTemplate { frame: frame(), page, diff: None }.render().unwrap()
    }

    #[test]
    fn nothing_from_outside_becomes_markup_or_a_script_link() {
        let page = hostile_page();
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"));
        assert!(!page.contains("javascript:"));
        assert!(page.contains("alert(1)"), "the words are still there to read");
    }

    #[test]
    fn no_page_has_inline_style_or_script() {
        let page = hostile_page();
        assert!(!page.contains(" style=") && !page.contains("<style"));
        assert!(page.matches("<script").count() == 1 && page.contains("/wire/assets/desk.js?0"));
        assert!(!page.contains(" onclick=") && !page.contains(" onload="));
    }

    #[test]
    fn every_link_of_a_page_stays_under_the_base_path() {
        let page = hostile_page();
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let ours = link.starts_with("/wire/") || link.starts_with('#');
            assert!(ours || link.starts_with("https://"), "{link}");
        }
    }

    #[test]
    fn the_script_stays_small() {
        assert!(JS.len() < 6 * 1024, "{} bytes", JS.len());
    }
}
