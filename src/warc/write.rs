//! A visit to the records that tell of it.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::IpAddr;

use flate2::Compression;
use flate2::write::GzEncoder;
use url::{Position, Url};
use xxhash_rust::xxh3::xxh3_128;

use crate::fetch::raw_hash;
use crate::model::{RawHash, SourceId, Timestamp};

/// Headers that are not kept: those that tell of the body as it was sent, where it is kept unpacked, and those that let in whoever
/// has them.
const LEFT_OUT: [&str; 9] = [
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "connection",
    "set-cookie",
    "set-cookie2",
    "cookie",
    "authorization",
    "proxy-authorization",
];

/// A page that was visited.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// When.
    pub at: Timestamp,
    /// The address that was asked for.
    pub asked: &'a Url,
    /// The address that answered.
    pub url: &'a Url,
    /// The machine that answered.
    pub machine: Option<IpAddr>,
    /// What was sent along.
    pub request: &'a [(String, String)],
    /// What came along.
    pub response: &'a [(String, String)],
    /// The page, unpacked.
    pub body: &'a [u8],
    /// Its hash.
    pub raw: RawHash,
    /// Whose page it is.
    pub source: &'a SourceId,
}

/// The records of a visit, as they are appended.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(pub(super) Vec<u8>);

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packed({} bytes)", self.0.len())
    }
}

impl Packed {
    /// Bytes on disk.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Packs what is kept of a visit: answer, question, and what we know besides.
pub fn pack(visit: &Visit<'_>) -> io::Result<Packed> {
    let Visit { at, asked, url, machine, request, response, body, raw, source } = *visit;
    let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
    push_head(&mut answer, response);
    write!(answer, "Content-Length: {}\r\n\r\n", body.len())?;
    answer.extend_from_slice(body);
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let mut question = format!("GET {path} HTTP/1.1\r\n").into_bytes();
    let host = &url[Position::BeforeHost..Position::AfterPort];
    push_head(&mut question, &[("Host".to_owned(), host.to_owned())]);
    push_head(&mut question, request);
    question.extend_from_slice(b"\r\n");
    let mut about = format!("source: {source}\r\nfetchTimeMs: {}\r\n", at.millis());
    if asked != url {
        let _ = write!(about, "via: {asked}\r\n");
    }

    let id = |kind: &str| record_id(kind, url.as_str(), at, &raw.0);
    let of = |kind, content_type| Fields { kind, id: id(kind), content_type, at, url: Some(url) };
    let concurrent = ("WARC-Concurrent-To", id("response"));
    let mut first = vec![("WARC-Payload-Digest", raw.to_string())];
    first.extend(machine.map(|machine| ("WARC-IP-Address", machine.to_string())));
    let mut packed = Vec::new();
    let http = "application/http;msgtype=response";
    push(&mut packed, &of("response", http), &first, &answer)?;
    let http = "application/http;msgtype=request";
    push(&mut packed, &of("request", http), std::slice::from_ref(&concurrent), &question)?;
    let fields = "application/warc-fields";
    push(&mut packed, &of("metadata", fields), &[concurrent], about.as_bytes())?;
    Ok(Packed(packed))
}

/// The record a file begins with.
pub(super) fn warcinfo(name: &str, at: Timestamp) -> io::Result<Vec<u8>> {
    let software = concat!("copytaster/", env!("CARGO_PKG_VERSION"));
    let about = format!(
        "software: {software}\r\nformat: WARC File Format 1.1\r\n\
         conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n\
         description: pages that new versions of articles were read from; bodies unpacked, logins and cookies left out\r\n"
    );
    let id = record_id("warcinfo", name, at, &[]);
    let content_type = "application/warc-fields";
    let fields = Fields { kind: "warcinfo", id, content_type, at, url: None };
    let mut packed = Vec::new();
    push(&mut packed, &fields, &[("WARC-Filename", name.to_owned())], about.as_bytes())?;
    Ok(packed)
}

/// What every record says of itself.
struct Fields<'a> {
    kind: &'a str,
    id: String,
    content_type: &'a str,
    at: Timestamp,
    url: Option<&'a Url>,
}

/// Names a record: nobody else's has this name, and the same one has it again. The form is that of a UUID of version 8.
fn record_id(kind: &str, about: &str, at: Timestamp, raw: &[u8]) -> String {
    let all = [format!("{kind}\0{about}\0{}\0", at.millis()).as_bytes(), raw].concat();
    let hash = xxh3_128(&all);
    let number = hash & !(0xf << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    format!(
        "<urn:uuid:{}-{}-{}-{}-{}>",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

fn push_head(to: &mut Vec<u8>, head: &[(String, String)]) {
    for (name, value) in head {
        if LEFT_OUT.iter().all(|left_out| !name.eq_ignore_ascii_case(left_out)) {
            // A line break in a value would be another header.
            let value = value.replace(['\r', '\n'], " ");
            to.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
}

fn push(
    to: &mut Vec<u8>,
    fields: &Fields<'_>,
    more: &[(&str, String)],
    block: &[u8],
) -> io::Result<()> {
    let Fields { kind, id, content_type, at, url } = fields;
    let mut head = format!("WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\n");
    let _ = write!(head, "WARC-Date: {at}\r\n");
    if let Some(url) = url {
        let _ = write!(head, "WARC-Target-URI: {url}\r\n");
    }
    for (name, value) in more {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let (length, digest) = (block.len(), raw_hash(block));
    let _ = write!(head, "WARC-Block-Digest: {digest}\r\nContent-Type: {content_type}\r\n");
    let _ = write!(head, "Content-Length: {length}\r\n\r\n");
    let mut member = GzEncoder::new(to, Compression::default());
    member.write_all(head.as_bytes())?;
    member.write_all(block)?;
    member.write_all(b"\r\n\r\n")?;
    member.finish()?;
    Ok(())
}
