//! A script of paths and answers to a web server on loopback that misbehaves as told, and what it saw.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a path does.
#[derive(Clone)]
pub(super) enum Act {
    /// These bytes, and the connection stays open for the next request.
    Say(Vec<u8>),
    /// These bytes, and the connection is closed.
    SayAndClose(Vec<u8>),
    /// These bytes, and then nothing, until the client goes away.
    SayAndHold(Vec<u8>),
    /// The first bytes, then the second ones again and again, until the client goes away.
    Endless(Vec<u8>, Vec<u8>, Duration),
}

/// An answer with a proper length.
pub(super) fn answer(status: u16, headers: &[&str], body: &[u8]) -> Act {
    let mut bytes = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    Act::Say([bytes.as_bytes(), body].concat())
}

/// A redirect.
pub(super) fn to(status: u16, location: &str) -> Act {
    answer(status, &[&format!("Location: {location}")], b"")
}

#[derive(Default)]
struct Seen {
    connections: usize,
    asked: Vec<String>,
    heads: Vec<String>,
    open: usize,
    open_most: usize,
}

/// A running server; it ends with the runtime.
pub(super) struct Site {
    pub(super) at: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

type Script = Arc<BTreeMap<String, Act>>;

impl Site {
    /// Serves `script` on a free port of `ip`. A path it does not name is a 404.
    pub(super) async fn start<const N: usize>(ip: &str, script: [(&str, Act); N]) -> Self {
        Self::with(ip, |_| script).await
    }

    /// As `start`; the script may name the server's own address.
    pub(super) async fn with<'a, const N: usize>(
        ip: &str,
        script: impl FnOnce(SocketAddr) -> [(&'a str, Act); N],
    ) -> Self {
        let ip: IpAddr = ip.parse().unwrap();
        assert!(ip.is_loopback());
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let script = script(at).into_iter().map(|(path, act)| (path.to_owned(), act));
        let script: Script = Arc::new(script.collect());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                note(&noted, |seen| seen.connections += 1);
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&noted)));
            }
        });
        Self { at, seen }
    }

    /// The URL of a path here.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// The paths asked, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        note(&self.seen, |seen| seen.asked.clone())
    }

    /// The heads of the requests, lower case.
    pub(super) fn heads(&self) -> Vec<String> {
        note(&self.seen, |seen| seen.heads.clone())
    }

    /// Connections taken so far.
    pub(super) fn connections(&self) -> usize {
        note(&self.seen, |seen| seen.connections)
    }

    /// The most requests that were being answered at one time.
    pub(super) fn open_most(&self) -> usize {
        note(&self.seen, |seen| seen.open_most)
    }

    /// Waits until every request is done with: its answer written, or its client gone.
    pub(super) async fn idle(&self) {
        let idle = async {
            while note(&self.seen, |seen| seen.open) > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), idle).await.expect("a request is never done");
    }
}

fn note<T>(seen: &Mutex<Seen>, f: impl FnOnce(&mut Seen) -> T) -> T {
    f(&mut seen.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn serve(mut stream: TcpStream, script: Script, seen: Arc<Mutex<Seen>>) {
    if speaks_tls(&stream).await {
        drop(stream.read(&mut [0; 4096]).await); // what is left unread would become a reset
        drop(stream.write_all(b"HTTP/1.1 400 plain HTTP here\r\n\r\n").await);
        return;
    }
    while let Some(head) = read_head(&mut stream).await {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        note(&seen, |seen| {
            seen.asked.push(path.clone());
            seen.heads.push(head.to_ascii_lowercase());
            seen.open += 1;
            seen.open_most = seen.open_most.max(seen.open);
        });
        let act = script.get(&path).cloned().unwrap_or_else(|| answer(404, &[], b""));
        // Others may come while this one is open, if they are let.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        if let Act::Say(bytes) = act {
            // Done before the client can know it: its next request must not count as open at the same time.
            note(&seen, |seen| seen.open -= 1);
            if stream.write_all(&bytes).await.is_err() {
                return;
            }
            continue;
        }
        misbehave(&mut stream, act).await;
        note(&seen, |seen| seen.open -= 1);
        return;
    }
}

/// Is the first byte that of a TLS handshake?
async fn speaks_tls(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok() && first == [22]
}

/// Does what ends a connection.
async fn misbehave(stream: &mut TcpStream, act: Act) {
    match act {
        Act::Say(bytes) | Act::SayAndClose(bytes) => drop(stream.write_all(&bytes).await),
        Act::SayAndHold(bytes) => {
            drop(stream.write_all(&bytes).await);
            drop(stream.read(&mut [0; 64]).await);
        }
        Act::Endless(head, more, every) => {
            let mut ticks = tokio::time::interval(every);
            let mut written = stream.write_all(&head).await;
            while written.is_ok() {
                ticks.tick().await;
                written = stream.write_all(&more).await;
            }
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        assert!(head.len() < 64 << 10, "a request head without end");
    }
    String::from_utf8(head).ok()
}
