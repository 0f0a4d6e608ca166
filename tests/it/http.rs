//! One request, one answer, over plain loopback sockets.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks and reads to the end: HTTP/1.0, so the server closes.
pub(crate) fn ask(address: SocketAddr, head: &str, body: &[u8]) -> io::Result<(u16, String)> {
    let (status, body) = ask_bytes(address, head, body)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The same, with the body as it came.
pub(crate) fn ask_bytes(
    address: SocketAddr,
    head: &str,
    body: &[u8],
) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    stream.write_all(
        format!("{head} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n")
            .as_bytes(),
    )?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = answer.split_off(end.ok_or(io::ErrorKind::UnexpectedEof)? + 4);
    let head = String::from_utf8_lossy(&answer);
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.ok_or(io::ErrorKind::InvalidData)?, body))
}

/// The JSON that stands at `path`.
pub(crate) fn json(address: SocketAddr, path: &str) -> Value {
    let (status, body) = ask(address, &format!("GET {path}"), b"").unwrap();
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// All items of a list, page by page.
pub(crate) fn items(address: SocketAddr, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = path.to_owned();
    for _ in 0..1000 {
        let list = json(address, &next);
        all.extend(list["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = list["next"].as_str() else { return all };
        next = format!("{path}&cursor={cursor}");
    }
    panic!("{path} has no end");
}

/// Longest wait for what has to come about: machines are slow at times.
pub(crate) const PATIENT: Duration = Duration::from_secs(90);

/// Looks again until there is something, for a bounded time.
pub(crate) fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENT, "it did not come about");
        std::thread::yield_now();
    }
}
