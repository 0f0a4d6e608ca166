//! Files of pages as others read them, as a crash leaves them, and after pages went.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use url::Url;

use super::*;
use crate::fetch::raw_hash;
use crate::model::{SourceId, Timestamp};

fn at(hours: i64) -> Timestamp {
    Timestamp::from_secs(1_772_000_000 + hours * 3600)
}

fn body(n: usize) -> String {
    format!("<html><p>Page {n} of the harbour.</p>{}", "<br>".repeat(n))
}

fn page(n: usize) -> Packed {
    let url = Url::parse(&format!("http://herald.test:8080/{n}?a=b")).unwrap();
    let asked = Url::parse("http://herald.test:8080/r").unwrap();
    let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let body = body(n);
    pack(&Visit {
        at: at(0),
        asked: if n == 0 { &url } else { &asked },
        url: &url,
        machine: Some([127, 0, 0, 1].into()),
        request: &[line("Accept", "text/html"), line("Authorization", "Basic c2VjcmV0")],
        response: &[
            line("content-type", "text/html; charset=utf-8"),
            line("set-cookie", "session=secret"),
            line("transfer-encoding", "chunked"),
            line("x-odd", "a\r\nb"),
        ],
        body: body.as_bytes(),
        raw: raw_hash(body.as_bytes()),
        source: &SourceId("herald".to_owned()),
    })
    .unwrap()
}

/// A directory with one file of `pages` pages, whose writer was killed.
fn killed(pages: usize) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (mut keeper, _) = Keeper::open(dir.path(), FILE_BYTES).unwrap();
    for n in 0..pages {
        keeper.append(&[page(n)], at(0)).unwrap();
    }
    let file = files(dir.path()).unwrap().remove(0).path;
    (dir, file)
}

fn bodies(path: &Path) -> Vec<String> {
    let pages = Pages::open(path).unwrap();
    pages.map(|page| String::from_utf8(page.unwrap().body().to_vec()).unwrap()).collect()
}

/// One record by the letter of the standard, and what follows it: read here by other code than that which is tested.
fn by_the_letter(bytes: &[u8]) -> (Vec<(String, String)>, &[u8], &[u8]) {
    let rest = bytes.strip_prefix(b"WARC/1.1\r\n").expect("a record begins with its version");
    let (mut rest, mut fields) = (rest, Vec::new());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let (line, after) = (std::str::from_utf8(&rest[..end]).unwrap(), &rest[end + 2..]);
        rest = after;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap();
        fields.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = fields.iter().find(|(name, _)| name == "content-length").unwrap();
    let (block, rest) = rest.split_at(length.1.parse().unwrap());
    (fields, block, rest.strip_prefix(b"\r\n\r\n").expect("a record ends with two empty lines"))
}

fn all_of<'a>(fields: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
}

fn one_of<'a>(fields: &'a [(String, String)], name: &'a str) -> &'a str {
    let mut values = all_of(fields, name);
    let value = values.next().unwrap_or_else(|| panic!("no {name} in {fields:?}"));
    assert_eq!(values.next(), None, "{name} twice");
    value
}

#[test]
fn a_file_is_what_the_standard_says() {
    let (_dir, path) = killed(3);
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(name, "copytaster-20260225061320-00000001.warc.gz");
    let mut all = Vec::new();
    MultiGzDecoder::new(fs::File::open(&path).unwrap()).read_to_end(&mut all).unwrap();
    let (mut rest, mut kinds, mut ids, mut response) =
        (all.as_slice(), Vec::new(), BTreeSet::new(), String::new());
    while !rest.is_empty() {
        let (fields, block, after) = by_the_letter(rest);
        rest = after;
        let one = |name| one_of(&fields, name);
        let id = one("warc-record-id");
        let uuid = id.strip_prefix("<urn:uuid:").and_then(|id| id.strip_suffix('>')).unwrap();
        let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(
            (uuid.as_bytes()[14], "89ab".contains(&uuid[19..20])),
            (b'8', true),
            "version 8: {uuid}"
        );
        assert!(ids.insert(id.to_owned()), "{id} names two records");
        assert!(Timestamp::parse(one("warc-date")).is_some());
        assert_eq!(one("warc-block-digest"), raw_hash(block).to_string());
        let kind = one("warc-type");
        kinds.push(kind.to_owned());
        let text = String::from_utf8(block.to_vec()).unwrap();
        assert!(
            !text.contains("secret") && !text.contains("c2VjcmV0") && !text.contains("chunked"),
            "{text}"
        );
        match kind {
            "warcinfo" => {
                assert_eq!(one("warc-filename"), name);
                assert_eq!(one("content-type"), "application/warc-fields");
                assert!(text.contains("format: WARC File Format 1.1\r\n"));
                continue;
            }
            "response" => {
                response = id.to_owned();
                assert_eq!(one("content-type"), "application/http;msgtype=response");
                assert_eq!(one("warc-ip-address"), "127.0.0.1");
                let (head, payload) = text.split_once("\r\n\r\n").unwrap();
                assert_eq!(one("warc-payload-digest"), raw_hash(payload.as_bytes()).to_string());
                let length = format!("Content-Length: {}", payload.len());
                let lines: Vec<&str> = head.split("\r\n").collect();
                assert_eq!(lines[0], "HTTP/1.1 200 OK");
                assert!(
                    lines.contains(&length.as_str()) && lines.contains(&"x-odd: a  b"),
                    "{head}"
                );
            }
            "request" => {
                assert_eq!(one("content-type"), "application/http;msgtype=request");
                assert!(
                    text.starts_with("GET /")
                        && text.contains("?a=b HTTP/1.1\r\nHost: herald.test:8080\r\n")
                );
                assert!(text.ends_with("\r\n\r\n"));
            }
            "metadata" => assert!(text.contains("source: herald\r\n")),
            other => panic!("{other}"),
        }
        assert!(one("warc-target-uri").starts_with("http://herald.test:8080/"));
        let concurrent: Vec<&str> = all_of(&fields, "warc-concurrent-to").collect();
        assert_eq!(concurrent, if kind == "response" { vec![] } else { vec![response.as_str()] });
    }
    let page = ["response", "request", "metadata"];
    assert_eq!(kinds, [&["warcinfo"][..], &page, &page, &page].concat());
}

#[test]
fn pages_come_back_as_they_were() {
    let (dir, path) = killed(3);
    assert_eq!(bodies(&path), [body(0), body(1), body(2)]);
    let kept = Pages::open(&path).unwrap().nth(1).unwrap().unwrap();
    assert_eq!(
        (kept.url.as_str(), kept.source.as_str()),
        ("http://herald.test:8080/1?a=b", "herald")
    );
    assert_eq!(kept.raw, raw_hash(body(1).as_bytes()).to_string());
    assert_eq!(kept.content_type().as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(kept.at, at(0));
    assert_eq!(bytes(dir.path()).unwrap(), (1, fs::metadata(&path).unwrap().len()));
}

#[test]
fn what_a_crash_leaves_after_the_last_whole_page_is_cut_and_no_more() {
    let (dir, path) = killed(2);
    let whole = fs::read(&path).unwrap();
    let ends: Vec<u64> = Pages::open(&path).unwrap().map(|page| page.unwrap().end).collect();
    let begins = Pages::open(&path).unwrap().next().unwrap().unwrap().start;
    let mark = folder(dir.path()).join("open");
    let named = fs::read(&mark).unwrap();
    let near_ends = ends.iter().flat_map(|&end| end as usize - 2..end as usize + 3);
    let cuts = (0..whole.len()).step_by(23).chain(near_ends).chain(whole.len() - 3..=whole.len());
    for cut in cuts.filter(|&cut| cut <= whole.len()) {
        fs::write(&path, &whole[..cut]).unwrap();
        fs::write(&mark, &named).unwrap();
        let (keeper, gone) = Keeper::open(dir.path(), FILE_BYTES).unwrap();
        let kept = [0, begins].into_iter().chain(ends.iter().copied());
        let end = kept.filter(|&end| end <= cut as u64).max().unwrap();
        assert_eq!(gone, cut as u64 - end, "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap(), whole[..end as usize]);
        keeper.end().unwrap();
        assert!(!mark.exists(), "the next start need not look");
    }
    // What is broken in a file that was closed is damage, and nobody cuts it.
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(Keeper::open(dir.path(), FILE_BYTES).unwrap().1, 0);
    assert_eq!(fs::metadata(&path).unwrap().len(), whole.len() as u64 - 1);
}

#[test]
fn a_file_is_followed_by_another_when_it_is_full_when_a_day_begins_and_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let (mut keeper, _) = Keeper::open(dir.path(), 2_000).unwrap();
    for (n, (hours, number)) in [(0, 1), (0, 1), (0, 2), (24, 3)].into_iter().enumerate() {
        keeper.append(&[page(n)], at(hours)).unwrap();
        assert_eq!(files(dir.path()).unwrap().last().unwrap().number, number, "page {n}");
    }
    // Whoever is about to rewrite it has it closed; another is let be.
    keeper.writing().let_go(2);
    keeper.append(&[page(5)], at(24)).unwrap();
    keeper.writing().let_go(3);
    keeper.append(&[page(6)], at(24)).unwrap();
    keeper.end().unwrap();
    let (mut keeper, _) = Keeper::open(dir.path(), 2_000).unwrap();
    keeper.append(&[page(4)], at(24)).unwrap();
    let all: Vec<usize> =
        files(dir.path()).unwrap().iter().map(|file| bodies(&file.path).len()).collect();
    assert_eq!(all, [2, 1, 2, 1, 1]);
}

#[test]
fn a_page_that_goes_leaves_the_others_as_they_are_byte_for_byte() {
    let (_dir, path) = killed(3);
    let before = fs::read(&path).unwrap();
    let spans: Vec<(usize, usize)> = Pages::open(&path)
        .unwrap()
        .map(|page| page.map(|page| (page.start as usize, page.end as usize)).unwrap())
        .collect();
    let done = rewrite(&path, &mut |page| page.url.contains("/1?")).unwrap();
    assert_eq!((done.removed, done.left, done.unread), (1, 2, 0));
    let left = [&before[..spans[0].1], &before[spans[2].0..]].concat();
    assert_eq!(fs::read(&path).unwrap(), left);
    assert_eq!(rewrite(&path, &mut |_| false).unwrap().removed, 0);
    assert_eq!(fs::read(&path).unwrap(), left);
    // What cannot be read may be what was to go.
    fs::write(&path, [&left[..spans[0].1], b"rot"].concat()).unwrap();
    let done = rewrite(&path, &mut |_| false).unwrap();
    assert_eq!((done.removed, done.left, done.unread), (0, 1, 3));
    assert_eq!(bodies(&path), [body(0)]);
    rewrite(&path, &mut |_| true).unwrap();
    assert!(!path.exists(), "a file without pages is none");
}

#[test]
fn a_disk_that_takes_nothing_costs_the_pages_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (mut keeper, _) = Keeper::open(dir.path(), FILE_BYTES).unwrap();
    keeper.append(&[page(0)], at(0)).unwrap();
    // A folder in the way of the next file is as good as a disk that is full.
    let next = folder(dir.path()).join("copytaster-20260226061320-00000002.warc.gz");
    fs::create_dir(&next).unwrap();
    assert!(keeper.append(&[page(1)], at(24)).is_err());
    fs::remove_dir(&next).unwrap();
    keeper.append(&[page(2)], at(24)).unwrap();
    let kept: Vec<String> =
        files(dir.path()).unwrap().iter().flat_map(|file| bodies(&file.path)).collect();
    assert_eq!(kept, [body(0), body(2)]);
}
