//! A site that speaks TLS on loopback, as its test tells it, and what it saw.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::State;
use axum::http::{Request, StatusCode, Version, header};
use axum::response::{Html, IntoResponse, Response};
use axum::serve::Listener;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::authority::{OURS, RIGHT};
use super::frames;
use crate::desk::came;
use crate::wire;

/// What a site does with whoever connects.
#[derive(Clone)]
pub(super) enum Manner {
    /// A handshake by this, and then HTTP.
    Serve(Arc<ServerConfig>),
    /// Reads the first words of the client, says these bytes and closes.
    Say(&'static [u8]),
    /// Reads them and tears the connection down.
    Reset,
    /// Reads them and says nothing, until the client goes away.
    Hold,
    /// A handshake by what is right, and then HTTP/2 by hand.
    Frames(frames::Misdeed),
}

static GOOD: LazyLock<Arc<ServerConfig>> =
    LazyLock::new(|| OURS.sign(&RIGHT).server(&["h2", "http/1.1"], false));

impl Manner {
    pub(super) fn good() -> Self {
        Self::Serve(Arc::clone(&GOOD))
    }
}

/// What came about at a site.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) connections: usize,
    pub(super) asked: Vec<(String, Version)>,
}

/// A running site; it ends with the runtime.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) at: SocketAddr,
    manner: Arc<watch::Sender<Manner>>,
    seen: Arc<watch::Sender<Seen>>,
}

/// Connections whose handshake is done.
struct Ready(mpsc::Receiver<TlsStream<TcpStream>>, SocketAddr);

impl Listener for Ready {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.0.recv().await {
            Some(stream) => (stream, self.1),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.1)
    }
}

impl Site {
    pub(super) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let manner = Arc::new(watch::Sender::new(manner));
        let site = Self { at, manner, seen: Arc::default() };
        let (ready, waiting) = mpsc::channel(16);
        let routes = Router::new().fallback(answer).with_state(site.clone());
        tokio::spawn(async move { axum::serve(Ready(waiting, at), routes).await.unwrap() });
        let serving = site.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.seen.send_modify(|seen| seen.connections += 1);
                let manner = serving.manner.borrow().clone();
                let ready = ready.clone();
                // Whoever hangs up has had enough, which is the point.
                tokio::spawn(async move { drop(meet(stream, manner, ready).await) });
            }
        });
        site
    }

    pub(super) fn be(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until `done` holds of what came about.
    pub(super) async fn until(&self, what: &str, done: impl FnMut(&Seen) -> bool) {
        came(&self.seen, what, done).await;
    }
}

async fn meet(
    mut stream: TcpStream,
    manner: Manner,
    ready: mpsc::Sender<TlsStream<TcpStream>>,
) -> io::Result<()> {
    let config = match manner {
        Manner::Serve(config) => config,
        Manner::Frames(misdeed) => {
            let stream = TlsAcceptor::from(Arc::clone(&GOOD)).accept(stream).await?;
            return frames::misbehave(stream, misdeed).await;
        }
        Manner::Say(bytes) => {
            hello(&mut stream).await?;
            stream.write_all(bytes).await?;
            return stream.shutdown().await;
        }
        Manner::Reset => {
            hello(&mut stream).await?;
            return stream.set_zero_linger();
        }
        Manner::Hold => {
            hello(&mut stream).await?;
            return stream.read_u8().await.map(drop);
        }
    };
    let shaken = TlsAcceptor::from(config).accept(stream).into_fallible().await;
    let stream = match shaken {
        Ok(stream) => stream,
        Err((_, mut stream)) => {
            // What the client has said meanwhile is read: else it would find a reset in place of the reason.
            stream.shutdown().await?;
            return tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop);
        }
    };
    ready.send(stream).await.map_err(io::Error::other)
}

/// Reads the client's first record to its end: what is left unread would become a reset.
async fn hello(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let mut rest = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut rest).await.map(drop)
}

async fn answer<B>(State(site): State<Site>, request: Request<B>) -> Response {
    let path = request.uri().path().to_owned();
    site.seen.send_modify(|seen| seen.asked.push((path.clone(), request.version())));
    let at = site.at;
    match path.as_str() {
        "/feed.xml" => {
            let item = |n: usize| {
                format!(
                    "<item><title>Headline {n}</title><link>https://{at}/page/{n}</link></item>"
                )
            };
            let items: String = (0..2).map(item).collect();
            let xml = format!("<rss><channel><title>Desk</title>{items}</channel></rss>");
            ([(header::CONTENT_TYPE, "application/rss+xml")], xml).into_response()
        }
        page if page.starts_with("/page/") => {
            let story = u64::from(at.port()) * 10 + u64::from(page.as_bytes()[6]);
            let text = wire::version(story, 0).replace('\n', "</p><p>");
            Html(format!("<title>{page}</title><article><h1>{page}</h1><p>{text}</p></article>"))
                .into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
