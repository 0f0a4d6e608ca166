//! The table: what a server may do to whoever asks it, and the words in which it is told.

use std::io::Write as _;
use std::sync::LazyLock;

use super::site::{Act, Misdeed, answer, said};
use crate::fetch::BROTLI_BOMB;

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
        case("no status", "body", "is no HTTP", |body| {
            Act::Say([b"HTTP/1.1 2OO OK\r\n\r\n", body].concat())
        }),
        case("a page alone", "body", "is no HTTP", |body| Act::Say(body.to_vec())),
        case("another protocol, unasked", "status", "answered 101", |body| {
            let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
            Act::Say([head.as_bytes(), body].concat())
        }),
        case("a part, unasked", "status", "answered 206", |body| {
            let part = half(body);
            let range = format!("Content-Range: bytes 0-{}/{}\r\n", part.len() - 1, body.len());
            Act::Say(said("206 Partial Content", &(range + &length(part)), part))
        }),
        case("nothing new, unasked", "status", "answered 304", |_| {
            Act::Say(said("304 Not Modified", "", b""))
        }),
        case("an end in the middle of a header", "body", "header lines are none", |body| {
            Act::Say(answer("X-A: a\0b\r\n", body))
        }),
    ]
}

/// Answers that are not packed as they say, or are far more than they seem.
pub(super) fn packed() -> Vec<Case> {
    const ZEROS: usize = 16 << 20;
    const OTHERWISE: &str = "not packed as its Content-Encoding says";
    let page = |case: Case| Case { page_words: "does not look like html", ..case };
    vec![
        case("gzip that is none", "body", OTHERWISE, |body| {
            Act::Say(answer("Content-Encoding: gzip\r\n", body))
        }),
        case(
            "gzip of which a second member breaks off",
            "body",
            "before its answer was whole",
            |body| {
                let members = [&gzip(half(body))[..], half(&gzip(half(body)))].concat();
                Act::Say(answer(
                    &format!("Content-Encoding: gzip\r\n{}", length(&members)),
                    &members,
                ))
            },
        ),
        case("gzip with another sum", "body", OTHERWISE, |body| {
            let mut packed = gzip(body);
            let sum = packed.len() - 8;
            packed[sum] ^= 1;
            Act::Say(answer("Content-Encoding: gzip\r\n", &packed))
        }),
        case("deflate that is none", "body", OTHERWISE, |body| {
            Act::Say(answer("Content-Encoding: deflate\r\n", body))
        }),
        case("brotli that is none", "body", OTHERWISE, |body| {
            Act::Say(answer("Content-Encoding: br\r\n", body))
        }),
        case("zstd that is none", "body", OTHERWISE, |body| {
            Act::Say(answer("Content-Encoding: zstd\r\n", body))
        }),
        case("a packing of nobody's", "body", "packed as", |body| {
            Act::Say(answer("Content-Encoding: rot13\r\n", body))
        }),
        page(case("a bomb of gzip", "too_large", "larger than", |_| {
            Act::Say(answer("Content-Encoding: gzip\r\n", &gzip(&vec![0; ZEROS])))
        })),
        page(case("a bomb of deflate", "too_large", "larger than", |_| {
            let mut packed =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(&vec![0; ZEROS]).unwrap();
            Act::Say(answer("Content-Encoding: deflate\r\n", &packed.finish().unwrap()))
        })),
        page(case("a bomb of brotli", "too_large", "larger than", |_| {
            Act::Say(answer("Content-Encoding: br\r\n", &BROTLI_BOMB))
        })),
        page(case("a bomb of zstd", "too_large", "larger than", |_| {
            let packed = zstd::encode_all(&vec![0; ZEROS][..], 1).unwrap();
            Act::Say(answer("Content-Encoding: zstd\r\n", &packed))
        })),
    ]
}

/// Redirects that lead nowhere, nowhere new, or where nobody may go.
pub(super) fn redirects() -> Vec<Case> {
    fn to(location: &str) -> Act {
        Act::Say(said("302 Found", &format!("Location: {location}\r\n"), b""))
    }
    vec![
        case("a redirect to nowhere", "redirects", "without saying where", |_| {
            Act::Say(said("302 Found", "", b""))
        }),
        case("a redirect to nothing", "redirects", "in a circle", |_| to("")),
        case("a redirect to itself", "redirects", "in a circle", |_| to("?")),
        // Whoever brings the cookie may come in; nobody of ours ever does.
        case("a wall of cookies", "redirects", "in a circle", |_| {
            let cookies = "Set-Cookie: seen=1; Path=/\r\n".repeat(20);
            Act::Say(said("302 Found", &format!("{cookies}Location: #seen\r\n"), b""))
        }),
        case("a redirect to no host", "redirects", "to something that is no address", |_| {
            to("///")
        }),
        case("a redirect to a zone", "redirects", "to something that is no address", |_| {
            to("http://[fe80::1%25lo]/")
        }),
        case("a redirect to a script", "scheme", "only http and https", |_| {
            to("javascript:alert(1)")
        }),
        case("a redirect to words", "scheme", "only http and https", |_| to("data:text/html,copy")),
        case("a redirect to a file", "scheme", "only http and https", |_| to("file:///etc/passwd")),
        case("a redirect with a login", "credentials", "user name or password", |_| {
            to("http://user:word@127.0.0.1/")
        }),
        case("a redirect to port 0", "port", "on port 0", |_| to("http://127.0.0.1:0/")),
        case("a redirect in decimal", "address", "not a public address", |_| {
            to("http://2130706434/")
        }),
        case("a redirect in octal", "address", "not a public address", |_| {
            to("http://0177.0.0.2/")
        }),
        case("a redirect in full width", "address", "not a public address", |_| {
            to("http://１２７.０.０.２/")
        }),
        case("a redirect in backslashes", "address", "not a public address", |_| {
            to("http:\\\\127.0.0.2\\")
        }),
        case("a redirect in IPv6", "address", "not a public address", |_| to("http://[::1]/")),
        case("a redirect to a mapped address", "address", "not a public address", |_| {
            to("http://[::ffff:127.0.0.2]/")
        }),
        case("a redirect to an address of a page's length", "not_found", "answered 404", |_| {
            to(&format!("/{}", "a".repeat(8000)))
        }),
        case("a redirect longer than any", "bad_url", "longer than", |_| {
            to(&format!("/{}", "a".repeat(10_000)))
        }),
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
        case("not yet, and not yet", "deadline", "not done after", |_| {
            Act::Drip(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())
        }),
    ]
}
