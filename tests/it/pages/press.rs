//! A publisher on loopback: a feed of the links it is told, and what each address answers at its first, second, … visit.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::desk::PATIENCE;
use crate::wire;

/// One answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: vec![("content-type", kind.to_owned())], body: body.into() }
    }

    pub(super) fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::new("text/html; charset=utf-8", body)
    }

    pub(super) fn to(location: impl Into<String>) -> Self {
        Self { status: 302, headers: vec![("location", location.into())], body: Vec::new() }
    }

    /// A story as pages show them. The number chooses its words, the edit its version.
    pub(super) fn story(number: u64, edit: u8) -> Self {
        Self::html(story(number, edit, ""))
    }
}

/// The page of a story, with more in its head.
pub(super) fn story(number: u64, edit: u8, head: &str) -> String {
    let text = wire::version(number, edit).replace('\n', "</p><p>");
    format!(
        "<!doctype html><html lang=\"en\"><head><title>Headline of {number}</title>{head}</head><body>\
         <main><article><h1>Headline of {number}</h1><p>{text}</p></article></main></body></html>"
    )
}

/// What was asked so far: paths with their queries and the headers that came along.
pub(super) type Asked = Vec<(String, HeaderMap)>;

#[derive(Clone, Debug)]
pub(super) struct Press {
    pub(super) address: SocketAddr,
    script: Arc<watch::Sender<BTreeMap<String, Vec<Answer>>>>,
    asked: Arc<watch::Sender<Asked>>,
}

impl Press {
    /// Serves nothing yet, at a free port of 127.0.0.1.
    pub(super) async fn start() -> Self {
        Self::at(Ipv4Addr::LOCALHOST).await
    }

    /// The same at another address of loopback.
    pub(super) async fn at(ip: Ipv4Addr) -> Self {
        assert!(ip.is_loopback());
        let listener = TcpListener::bind((IpAddr::from(ip), 0)).await.unwrap();
        let press = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::default(),
            asked: Arc::default(),
        };
        let routes = Router::new().fallback(answer).with_state(press.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        press
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What `path` answers, visit by visit; the last answer stays.
    pub(super) fn says(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers = answers.into_iter().collect();
        self.script.send_modify(|script| drop(script.insert(path.to_owned(), answers)));
    }

    /// Puts these links into its feed; those that begin with a slash are its own.
    pub(super) fn lists(&self, links: &[&str]) {
        let item = |link: &&str| {
            let link = if link.starts_with('/') { self.url(link) } else { (*link).to_owned() };
            format!(
                "<item><title>Entry</title><link>{}</link><pubDate>Sat, 28 Feb 2026 18:00:00 GMT</pubDate></item>",
                link.replace('&', "&amp;")
            )
        };
        let items: String = links.iter().map(item).collect();
        let xml = format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Press</title>{items}</channel></rss>"
        );
        self.says("/feed.xml", [Answer::new("application/rss+xml", xml)]);
    }

    pub(super) fn asked(&self) -> Asked {
        self.asked.borrow().clone()
    }

    /// How often a path was asked for.
    pub(super) fn visits(&self, path: &str) -> usize {
        self.asked.borrow().iter().filter(|(asked, _)| asked == path).count()
    }

    /// Waits until `path` was asked for `times` times.
    pub(super) async fn until_visited(&self, path: &str, times: usize) {
        let mut asked = self.asked.subscribe();
        let enough = |asked: &Asked| asked.iter().filter(|(one, _)| one == path).count() >= times;
        let came = tokio::time::timeout(PATIENCE, asked.wait_for(enough)).await.is_ok();
        assert!(came, "{path} was not visited {times} times: {:?}", self.asked.borrow());
    }
}

async fn answer(State(press): State<Press>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let before = press.visits(&path);
    press.asked.send_modify(|asked| asked.push((path.clone(), headers)));
    let script = press.script.borrow();
    let Some(answers) = script.get(&path).filter(|answers| !answers.is_empty()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Answer { status, headers, body } = answers[before.min(answers.len() - 1)].clone();
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    response.headers_mut().clear();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
