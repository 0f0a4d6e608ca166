//! The table: what a server may do to whoever asks it, and the words in which it is told.

use std::io::Write as _;
use std::sync::LazyLock;

use super::site::{Act, Misdeed, answer};

/// One way to misbehave.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) misdeed: Misdeed,
    /// The kind of fault of a source whose feed does so.
    pub(super) kind: &'static str,
    /// What its state says.
    pub(super) words: &'static str,
    /// What is said of a page that does so.
    pub(super) page_words: &'static str,
}

const fn case(
    name: &'static str,
    kind: &'static str,
    words: &'static str,
    misdeed: Misdeed,
) -> Case {
    Case { name, misdeed, kind, words, page_words: words }
}

fn half(body: &[u8]) -> &[u8] {
    &body[..body.len() / 2]
}

fn length(body: &[u8]) -> String {
    format!("Content-Length: {}\r\n", body.len())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Packed `layers` times over.
fn layers(body: &[u8], layers: usize) -> Vec<u8> {
    (0..layers).fold(body.to_vec(), |bytes, _| gzip(&bytes))
}

/// A lot of nothing, packed twice.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| layers(&vec![0; 16 << 20], 2));

/// A million entries in a few hundred kilobytes.
static ENTRIES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let item = "<item><title>Item</title><link>/page</link></item>";
    gzip(format!("<rss><channel>{}", item.repeat(1_000_000)).as_bytes())
});

/// Those that answer at once and wrongly.
pub(super) fn quick() -> Vec<Case> {
    torn().into_iter().chain(swollen()).collect()
}

/// Answers that are no whole ones.
pub(super) fn torn() -> Vec<Case> {
    vec![
        case("reset in the body", "body", "broke the connection off", |body| {
            Act::Reset(answer(&length(body), half(body)))
        }),
        case("end before the length", "body", "before the length it had announced", |body| {
            Act::Say(answer(&length(body), half(body)))
        }),
        case("two lengths", "body", "announces a length that cannot be", |body| {
            Act::Say(answer(&(length(body) + &length(half(body))), body))
        }),
        case("a length below zero", "body", "announces a length that cannot be", |body| {
            Act::Say(answer("Content-Length: -1\r\n", body))
        }),
        case("end between two chunks", "body", "broke off before its answer", |body| {
            let mut bytes = answer("Transfer-Encoding: chunked\r\n", b"");
            bytes.extend(format!("{:x}\r\n", body.len() / 2).into_bytes());
            bytes.extend_from_slice(half(body));
            bytes.extend_from_slice(b"\r\n");
            Act::Say(bytes)
        }),
        case("a chunk of no size", "body", "pieces it is sent in do not fit", |body| {
            let mut bytes = answer("Transfer-Encoding: chunked\r\n", b"");
            bytes.extend(format!("{:x}\r\n", body.len() / 2).into_bytes());
            bytes.extend_from_slice(half(body));
            bytes.extend_from_slice(b"\r\nzz\r\n");
            Act::Say(bytes)
        }),
        case("no HTTP", "body", "is no HTTP", |_| Act::Say(b"220 mail.test ESMTP\r\n".to_vec())),
    ]
}

/// Answers that are more than they seem, or without end.
fn swollen() -> Vec<Case> {
    vec![
        case("header lines by number", "body", "header lines are more or longer", |body| {
            Act::Say(answer(&"X-A: b\r\n".repeat(10_000), body))
        }),
        case("header lines without end", "body", "header lines are more or longer", |_| {
            let line = format!("X-A: {}\r\n", "b".repeat(60 << 10));
            Act::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), line.into_bytes())
        }),
        case("one header line without end", "body", "header lines are more or longer", |_| {
            Act::Endless(b"HTTP/1.1 200 OK\r\nX-A: ".to_vec(), vec![b'b'; 64 << 10])
        }),
        case("gzip within gzip", "body", "packed as", |body| {
            Act::Say(answer("Content-Encoding: gzip, gzip\r\n", &layers(body, 2)))
        }),
        Case {
            page_words: "gives a file packed with gzip",
            ..case("gzip within gzip, on two lines", "feed", "with a gzip file", |body| {
                let lines = "Content-Encoding: gzip\r\n".repeat(2);
                Act::Say(answer(&lines, &layers(body, 2)))
            })
        },
        case("ten layers of gzip", "body", "packed as", |body| {
            let lines = format!("Content-Encoding: gzip{}\r\n", ", gzip".repeat(9));
            Act::Say(answer(&lines, &layers(body, 10)))
        }),
        case("a bomb within a bomb", "body", "packed as", |_| {
            Act::Say(answer("Content-Encoding: gzip, gzip\r\n", &BOMB))
        }),
        case("gzip that breaks off", "body", "before its answer was whole", |body| {
            let packed = gzip(body);
            Act::Say(answer("Content-Encoding: gzip\r\n", half(&packed)))
        }),
        Case {
            // Its first bytes are no page's.
            page_words: "does not look like html",
            ..case("a million entries, packed", "too_large", "larger than", |_| {
                Act::Say(answer("Content-Encoding: gzip\r\n", &ENTRIES))
            })
        },
        case("a body without end", "too_large", "larger than", |body| {
            Act::Endless(answer("", body), vec![b'b'; 64 << 10])
        }),
        Case {
            page_words: "nested more than",
            ..case("a million elements deep", "feed", "elements inside each other", |body| {
                let root = body.split_inclusive(|&byte| byte == b'>').next().unwrap_or(body);
                Act::Say(answer("", &[root, &b"<b>".repeat(1_000_000)].concat()))
            })
        },
    ]
}

/// Those that take their time.
pub(super) fn held() -> Vec<Case> {
    vec![
        case("no word", "deadline", "not done after", |_| Act::Hold(Vec::new())),
        case("a stall in the headers", "deadline", "not done after", |_| {
            Act::Hold(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec())
        }),
        case("a stall in the body", "deadline", "not done after", |body| {
            Act::Hold(answer(&length(body), half(body)))
        }),
        case("a body in drops", "deadline", "not done after", |body| {
            Act::Drip(answer("", half(body)), b" ".to_vec())
        }),
        case("headers in drops", "deadline", "not done after", |_| {
            Act::Drip(b"HTTP/1.1 200 OK\r\nX-A: ".to_vec(), b"b".to_vec())
        }),
    ]
}
