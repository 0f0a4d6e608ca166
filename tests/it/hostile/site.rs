//! A site on loopback that misbehaves, as its test tells it, at its feed, at its page or nowhere, and what it saw.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::desk::came;
use crate::wire;

/// What a connection brings before an endless answer ends after all: no test hangs on a client that takes everything.
const ENDLESS_BYTES: usize = 256 << 20;

/// Pages that a feed lists of those that are more than the first.
const LISTED: usize = 10;

/// Where a site misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Robots,
    Feed,
    Page,
    Good,
}

/// How it does.
#[derive(Clone)]
pub(super) enum Act {
    /// These bytes, and the connection is closed.
    Say(Vec<u8>),
    /// These bytes, and the connection is torn down.
    Reset(Vec<u8>),
    /// These bytes, and then nothing, until the client goes away.
    Hold(Vec<u8>),
    /// The first bytes, then the second ones again and again, as fast as they are taken.
    Endless(Vec<u8>, Vec<u8>),
    /// The same a bit at a time.
    Drip(Vec<u8>, Vec<u8>),
}

/// An answer with these headers, which gives no length.
pub(super) fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    said("200 OK", headers, body)
}

/// The same of another status.
pub(super) fn said(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// What came about at a site.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// How often each path was asked for.
    pub(super) asked: BTreeMap<String, usize>,
    /// Bytes that one connection took, at most.
    pub(super) taken_most: usize,
    /// Connections at which it misbehaves just now.
    pub(super) held: usize,
}

impl Seen {
    pub(super) fn count(&self, path: &str) -> usize {
        self.asked.get(path).copied().unwrap_or(0)
    }

    /// Requests of any path.
    pub(super) fn all(&self) -> usize {
        self.asked.values().sum()
    }
}

/// What a site does with the honest bytes of an answer.
pub(super) type Misdeed = fn(&[u8]) -> Act;

/// The same where it remembers something.
type Plot = Arc<dyn Fn(&[u8]) -> Act + Send + Sync>;

/// A running site; it ends with the runtime.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) at: SocketAddr,
    /// Host and port by which it calls itself.
    pub(super) name: String,
    plot: Plot,
    mood: Arc<watch::Sender<Mood>>,
    seen: Arc<watch::Sender<Seen>>,
    /// Pages beside the first that its feed lists, and what else stands there.
    more: Arc<watch::Sender<(usize, String)>>,
}

impl Site {
    pub(super) async fn start(
        misdeed: impl Fn(&[u8]) -> Act + Send + Sync + 'static,
        mood: Mood,
    ) -> Self {
        Self::start_as("127.0.0.1", misdeed, mood).await
    }

    /// The same by the name of `host`, wherever that is found.
    pub(super) async fn start_as(
        host: &str,
        misdeed: impl Fn(&[u8]) -> Act + Send + Sync + 'static,
        mood: Mood,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let site = Self {
            at,
            name: format!("{host}:{}", at.port()),
            plot: Arc::new(misdeed),
            mood: Arc::new(watch::Sender::new(mood)),
            seen: Arc::default(),
            more: Arc::default(),
        };
        let serving = site.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        site
    }

    pub(super) fn be(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Its feed lists so many pages beside the first, the last few of them, and these items.
    pub(super) fn tell(&self, pages: usize, items: String) {
        self.more.send_replace((pages, items));
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until `done` holds of what came about.
    pub(super) async fn until(&self, what: &str, done: impl FnMut(&Seen) -> bool) {
        came(&self.seen, what, done).await;
    }

    /// The honest bytes of a path. Half of them hold more than what an article or an entry needs.
    fn honest(&self, path: &str) -> Option<Vec<u8>> {
        let padding = "<!-- and so on -->".repeat(400);
        let name = &self.name;
        let page = path.strip_prefix("/page").map(|number| number.parse().unwrap_or(0));
        let body = match path {
            "/feed.xml" => {
                let (pages, items) = self.more.borrow().clone();
                let more: String =
                    (1..=pages).rev().take(LISTED).map(|n| item(name, &n.to_string())).collect();
                let first = item(name, "");
                format!(
                    "<rss version=\"2.0\"><channel><title>Desk</title>{first}{more}{items}{padding}</channel></rss>"
                )
            }
            _ if page.is_some() => format!(
                "<!doctype html><title>Headline at {name}</title><article><h1>Headline at {name}</h1><p>{}</p>\
                 <!-- half of it -->{padding}<p>That was all.</p></article>",
                wire::version(u64::from(self.at.port()) + page.unwrap_or(0) * 100_000, 0)
                    .replace('\n', "</p><p>")
            ),
            "/robots.txt" => "User-agent: *\nDisallow: /closed\n".to_owned(),
            _ => return None,
        };
        Some(body.into_bytes())
    }

    async fn serve(self, mut stream: TcpStream) {
        let Some(path) = read_path(&mut stream).await else { return };
        self.seen.send_modify(|seen| *seen.asked.entry(path.clone()).or_default() += 1);
        let Some(body) = self.honest(&path) else {
            let nothing = b"HTTP/1.1 404 None\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            drop(stream.write_all(nothing).await);
            return;
        };
        let mood = *self.mood.borrow();
        let bad = matches!(
            (mood, path.as_str()),
            (Mood::Robots, "/robots.txt") | (Mood::Feed, "/feed.xml")
        ) || (mood == Mood::Page && path.starts_with("/page"));
        if !bad {
            let length = format!("Content-Length: {}\r\n", body.len());
            drop(stream.write_all(&answer(&length, &body)).await);
            return;
        }
        self.seen.send_modify(|seen| seen.held += 1);
        let mut taken = 0;
        // Whoever hung up has had enough, which is the point.
        drop(misbehave(&mut stream, (self.plot)(&body), &mut taken).await);
        self.seen.send_modify(|seen| {
            seen.held -= 1;
            seen.taken_most = seen.taken_most.max(taken);
        });
    }
}

fn item(name: &str, number: &str) -> String {
    format!(
        "<item><title>Headline at {name} {number}</title><link>http://{name}/page{number}</link></item>"
    )
}

async fn misbehave(
    stream: &mut TcpStream,
    act: Act,
    taken: &mut usize,
) -> Result<(), std::io::Error> {
    match act {
        Act::Say(bytes) => write(stream, &bytes, taken).await,
        Act::Reset(bytes) => {
            write(stream, &bytes, taken).await?;
            stream.set_zero_linger()
        }
        Act::Hold(bytes) => {
            write(stream, &bytes, taken).await?;
            stream.read(&mut [0; 64]).await.map(drop)
        }
        Act::Endless(head, more) => {
            write(stream, &head, taken).await?;
            while *taken < ENDLESS_BYTES {
                write(stream, &more, taken).await?;
            }
            Ok(())
        }
        Act::Drip(head, more) => {
            write(stream, &head, taken).await?;
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while *taken < ENDLESS_BYTES {
                ticks.tick().await;
                write(stream, &more, taken).await?;
            }
            Ok(())
        }
    }
}

async fn write(stream: &mut TcpStream, bytes: &[u8], taken: &mut usize) -> std::io::Result<()> {
    for piece in bytes.chunks(64 << 10) {
        stream.write_all(piece).await?;
        *taken += piece.len();
    }
    Ok(())
}

async fn read_path(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        assert!(head.len() < 64 << 10, "a request head without end");
    }
    // A query asks for the same.
    String::from_utf8(head).ok()?.split([' ', '?']).nth(1).map(str::to_owned)
}
