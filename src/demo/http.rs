//! A loopback address and a path to what stands there: one small HTTP/1.0 GET, for the check and for tests.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer read.
const ANSWER_BYTES_MAX: u64 = 64 << 20; // hundreds of times the whole day's clusters

/// Longest wait for an answer.
const DEADLINE: Duration = Duration::from_secs(20);

/// An answer, its body as sent (compressed where that was asked for).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, named in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, damaged bytes replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Gets `path` (with its query) from `address`. HTTP/1.0, so the server closes and sends no chunks.
pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
    tokio::time::timeout(DEADLINE, exchange(address, path, headers))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, format!("{address} did not answer")))?
}

async fn exchange(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
    let mut ask = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n");
    for (name, value) in headers {
        let _ = write!(ask, "{name}: {value}\r\n");
    }
    ask.push_str("\r\n");
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(ask.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await?;
    parse(&bytes).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{address} answered no HTTP"))
    })
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Answer { status, headers, body: bytes[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_into_status_headers_and_body() {
        let answer = parse(b"HTTP/1.0 304 Not Modified\r\nETag: \"x\"\r\n\r\nbody").unwrap();
        assert_eq!((answer.status, answer.header("etag")), (304, Some("\"x\"")));
        assert_eq!(answer.body, b"body");
        assert_eq!(parse(b"SSH-2.0\r\n\r\n"), None);
    }
}
