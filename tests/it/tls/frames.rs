//! HTTP/2 by hand (RFC 9113), for servers that break its rules.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a server does once it was asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Misdeed {
    /// Refuses the stream with an inner error.
    ResetsStream,
    /// Half a body, then the same.
    ResetsInBody,
    /// Ends the connection because it is asked too much, it says.
    GoesAway,
    /// Says HTTP/1.1 where it agreed on HTTP/2.
    SpeaksOld,
    /// Header lines beyond any honest number.
    ManyHeaders,
    /// Header lines a little longer than any honest ones.
    LongHeaders,
    /// Header lines without end.
    EndlessHeaders,
    /// A frame of nonsense.
    Nonsense,
    /// Nothing, not even to a ping.
    Silent,
    /// Closes the connection in the middle of a body.
    Closes,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_HEADERS: u8 = 4;

/// `:status: 200`, and that alone, in HPACK's table (RFC 7541, appendix A).
const OK: &[u8] = &[0x88];

/// Frames of headers before an endless one ends after all: no test hangs on a client that takes everything.
const ENDLESS_FRAMES: usize = 10_000;

fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
}

/// A header line as HPACK writes one that is in no table.
fn line(name: &str, value: &str) -> Vec<u8> {
    let (name, value) = (name.as_bytes(), value.as_bytes());
    assert!(name.len() < 127 && value.len() < 127);
    [&[0, name.len() as u8], name, &[value.len() as u8], value].concat()
}

/// Greets, waits for a request, and misbehaves.
pub(super) async fn misbehave(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    misdeed: Misdeed,
) -> io::Result<()> {
    if matches!(misdeed, Misdeed::SpeaksOld) {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await?;
        return stream.shutdown().await;
    }
    stream.write_all(&frame(SETTINGS, 0, 0, b"")).await?;
    let asked = request(&mut stream).await?;
    let broken = 2_u32.to_be_bytes(); // INTERNAL_ERROR
    let part = [frame(HEADERS, END_HEADERS, asked, OK), frame(DATA, 0, asked, b"<rss><channel>")];
    match misdeed {
        Misdeed::ResetsStream => stream.write_all(&frame(RST_STREAM, 0, asked, &broken)).await?,
        Misdeed::ResetsInBody => {
            stream.write_all(&part.concat()).await?;
            stream.write_all(&frame(RST_STREAM, 0, asked, &broken)).await?;
        }
        Misdeed::GoesAway => {
            // It has looked at none of the streams, and ENHANCE_YOUR_CALM.
            let body = [0_u32.to_be_bytes(), 11_u32.to_be_bytes()].concat();
            stream.write_all(&frame(GOAWAY, 0, 0, &body)).await?;
        }
        Misdeed::Nonsense => stream.write_all(&frame(DATA, 0, 0, b"nonsense")).await?,
        Misdeed::Closes => stream.write_all(&part.concat()).await?,
        Misdeed::ManyHeaders | Misdeed::EndlessHeaders => {
            let lines = line("x-a", &"b".repeat(100)).repeat(100);
            stream.write_all(&frame(HEADERS, 0, asked, OK)).await?;
            let endless = matches!(misdeed, Misdeed::EndlessHeaders);
            for _ in 0..if endless { ENDLESS_FRAMES } else { 12 } {
                stream.write_all(&frame(CONTINUATION, 0, asked, &lines)).await?;
            }
            stream.write_all(&frame(CONTINUATION, END_HEADERS, asked, &lines)).await?;
        }
        Misdeed::LongHeaders => {
            let lines = line("x-a", &"b".repeat(100)).repeat(150);
            stream.write_all(&frame(HEADERS, 0, asked, OK)).await?;
            for flags in [0, 0, 0, 0, END_HEADERS] {
                stream.write_all(&frame(CONTINUATION, flags, asked, &lines)).await?;
            }
        }
        Misdeed::SpeaksOld | Misdeed::Silent => {}
    }
    // The client goes away.
    if !matches!(misdeed, Misdeed::Silent) {
        stream.shutdown().await?;
    }
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

/// Reads to the first request; its stream.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<u32> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut body = vec![0; length as usize];
        stream.read_exact(&mut body).await?;
        if head[3] == HEADERS {
            return Ok(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
        }
    }
}
