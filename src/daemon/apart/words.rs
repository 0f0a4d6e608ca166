//! What the daemon and a process that parses say to each other: the length in four bytes, then the message.

use std::io;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Credits, NoProcess};
use crate::extract::{EXTRACTOR, Extracted, Page};
use crate::model::{OriginBasis, OriginClaim, PageKind, Timestamp};
use crate::wire::Agency;

/// Longest message: a page at its longest, and the agencies of any configuration, are a fraction of it.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Every basis of a claim; [`OriginBasis::as_str`] names it between the two.
const BASES: [OriginBasis; 6] = [
    OriginBasis::OwnItem,
    OriginBasis::Dateline,
    OriginBasis::SignOff,
    OriginBasis::Byline,
    OriginBasis::Metadata,
    OriginBasis::Quote,
];

#[derive(Serialize, Deserialize)]
struct AgencyWords {
    name: String,
    abbreviations: Vec<String>,
    forms: Vec<String>,
    sign_offs: Vec<(String, String)>,
    hosts: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Asked<'a> {
    url: Option<&'a str>,
    html: &'a str,
    configured: bool,
}

#[derive(Serialize, Deserialize)]
struct Greeting<'a> {
    program: &'a str,
    extractor: u16,
    /// Why it cannot go to work.
    refused: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Claim {
    agency: String,
    basis: String,
    evidence: String,
}

#[derive(Serialize, Deserialize)]
struct Found {
    title: String,
    text: String,
    byline: Option<String>,
    authors: Vec<String>,
    dateline: Option<String>,
    credit: Option<String>,
    origin: Option<Claim>,
    published: Option<i64>,
    published_zone: Option<i32>,
    section: Option<String>,
    updated: Option<i64>,
    updated_zone: Option<i32>,
    lang: Option<String>,
    canonical_url: Option<String>,
    kind: String,
    links: Vec<String>,
    lines: Vec<u64>,
    reserves: Vec<(String, String)>,
    notes: Vec<String>,
}

fn bytes<T: Serialize>(said: &T) -> Vec<u8> {
    // Nothing above has a form that cannot be written; an empty message is refused by whoever reads it.
    postcard::to_allocvec(said).unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(said: &'a [u8]) -> io::Result<T> {
    postcard::from_bytes(said).map_err(io::Error::other)
}

/// The four bytes that go before a message.
pub(super) fn length(said: &[u8]) -> io::Result<[u8; 4]> {
    match u32::try_from(said.len()) {
        Ok(length) if said.len() <= MESSAGE_BYTES_MAX => Ok(length.to_le_bytes()),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// The length of the message that follows.
pub(super) fn read_length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes) as usize;
    if length <= MESSAGE_BYTES_MAX { Ok(length) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// What a process is told first.
pub(super) fn hello(agencies: &[Agency]) -> Vec<u8> {
    let words = |agency: &Agency| {
        let Agency { name, abbreviations, forms, sign_offs, hosts } = agency.clone();
        AgencyWords { name, abbreviations, forms, sign_offs, hosts }
    };
    bytes(&agencies.iter().map(words).collect::<Vec<_>>())
}

/// What [`hello`] tells.
pub(super) fn agencies(hello: &[u8]) -> io::Result<Vec<Agency>> {
    let agency = |words| {
        let AgencyWords { name, abbreviations, forms, sign_offs, hosts } = words;
        Agency { name, abbreviations, forms, sign_offs, hosts }
    };
    Ok(read::<Vec<AgencyWords>>(hello)?.into_iter().map(agency).collect())
}

/// What a process answers first: who it is, or why it cannot go to work.
pub(super) fn greeting(fault: Option<&io::Error>) -> Vec<u8> {
    let refused = fault.map(|fault| format!("its memory cannot be limited: {fault}"));
    bytes(&Greeting { program: env!("CARGO_PKG_VERSION"), extractor: EXTRACTOR, refused })
}

/// Whether [`greeting`] comes from this program, at work.
pub(super) fn greeted(said: &[u8]) -> Result<(), NoProcess> {
    let Greeting { program, extractor, refused } = read(said).map_err(NoProcess::Greeting)?;
    if let Some(reason) = refused {
        return Err(NoProcess::Refused(reason));
    }
    let same = program == env!("CARGO_PKG_VERSION") && extractor == EXTRACTOR;
    same.then_some(()).ok_or_else(|| NoProcess::Other(program.to_owned()))
}

/// A page to be read.
pub(super) fn asked(page: &Page, credits: Credits) -> Vec<u8> {
    let url = page.url.as_ref().map(Url::as_str);
    bytes(&Asked { url, html: &page.html, configured: credits == Credits::Configured })
}

/// The page of [`asked`].
pub(super) fn page(said: &[u8]) -> io::Result<(Page, Credits)> {
    let Asked { url, html, configured } = read(said)?;
    let url = url.map(Url::parse).transpose().map_err(io::Error::other)?;
    let credits = if configured { Credits::Configured } else { Credits::Table };
    Ok((Page { url, html: html.to_owned() }, credits))
}

/// What a page carries, to be sent.
pub(super) fn answer(found: Extracted) -> Vec<u8> {
    let claim = |OriginClaim { agency, basis, evidence }| Claim {
        agency,
        basis: basis.as_str().to_owned(),
        evidence,
    };
    bytes(&Found {
        title: found.title,
        text: found.text,
        byline: found.byline,
        authors: found.authors,
        dateline: found.dateline,
        credit: found.credit,
        origin: found.origin.map(claim),
        published: found.published.map(Timestamp::millis),
        published_zone: found.published_zone,
        section: found.section,
        updated: found.updated.map(Timestamp::millis),
        updated_zone: found.updated_zone,
        lang: found.lang,
        canonical_url: found.canonical_url,
        kind: found.kind.as_str().to_owned(),
        links: found.links,
        lines: found.lines.into_hashes(),
        reserves: found.reserves,
        notes: found.notes,
    })
}

/// What [`answer`] sends.
pub(super) fn found(said: &[u8]) -> io::Result<Extracted> {
    let found: Found = read(said)?;
    let unknown = |word: &str| io::Error::other(format!("the word `{word}` is not known"));
    let claim = |Claim { agency, basis: word, evidence }| {
        let basis = BASES.into_iter().find(|basis| basis.as_str() == word);
        basis.map(|basis| OriginClaim { agency, basis, evidence }).ok_or_else(|| unknown(&word))
    };
    Ok(Extracted {
        kind: PageKind::from_word(&found.kind).ok_or_else(|| unknown(&found.kind))?,
        title: found.title,
        text: found.text,
        byline: found.byline,
        authors: found.authors,
        dateline: found.dateline,
        credit: found.credit,
        origin: found.origin.map(claim).transpose()?,
        published: found.published.map(Timestamp::from_millis),
        published_zone: found.published_zone,
        section: found.section,
        updated: found.updated.map(Timestamp::from_millis),
        updated_zone: found.updated_zone,
        lang: found.lang,
        canonical_url: found.canonical_url,
        links: found.links,
        lines: found.lines.into(),
        reserves: found.reserves,
        notes: found.notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(basis: OriginBasis, kind: PageKind) -> Extracted {
        let word = |text: &str| Some(text.to_owned());
        Extracted {
            title: "Crane falls".to_owned(),
            text: "Übermut\nim Hafen".to_owned(),
            byline: word("By Ann Post"),
            authors: vec!["Ann Post".to_owned()],
            dateline: word("KVITNES (AFP)"),
            credit: word("AFP"),
            origin: Some(OriginClaim {
                agency: "AFP".to_owned(),
                basis,
                evidence: "(AFP)".to_owned(),
            }),
            published: Some(Timestamp::from_millis(-1)),
            published_zone: Some(-90),
            section: word("World"),
            updated: Some(Timestamp::from_millis(1_476_295_500_123)),
            updated_zone: Some(120),
            lang: word("de"),
            canonical_url: word("https://herald.test/a"),
            kind,
            links: vec!["https://herald.test/b".to_owned()],
            lines: vec![7, u64::MAX].into(),
            reserves: vec![("tdm-reservation".to_owned(), "1".to_owned())],
            notes: vec!["cut".to_owned()],
        }
    }

    #[test]
    fn what_is_said_is_what_is_heard() {
        let kinds = ["article", "index", "soft_404", "live_blog", "paywall_stub", "other"];
        for (basis, kind) in BASES.into_iter().zip(kinds) {
            let sent = full(basis, PageKind::from_word(kind).unwrap());
            assert_eq!(found(&answer(sent.clone())).unwrap(), sent);
        }
        assert_eq!(found(&answer(Extracted::default())).unwrap(), Extracted::default());
        let url = Some(Url::parse("https://herald.test/a?b=ü").unwrap());
        let sent = Page { url, html: "<p>\0 ü".to_owned() };
        for credits in [Credits::Table, Credits::Configured] {
            assert_eq!(page(&asked(&sent, credits)).unwrap(), (sent.clone(), credits));
        }
        let known = [Agency::named("NORPRESS", &["Nordic Press"]), Agency::default()];
        assert_eq!(agencies(&hello(&known)).unwrap(), known);
    }

    #[test]
    fn a_process_that_is_not_at_work_is_told_from_one_that_is() {
        assert!(greeted(&greeting(None)).is_ok());
        let refused = greeted(&greeting(Some(&io::Error::other("not permitted")))).unwrap_err();
        assert_eq!(refused.to_string(), "its memory cannot be limited: not permitted");
        let old = Greeting { program: "0.0.1", extractor: EXTRACTOR, refused: None };
        assert!(matches!(greeted(&bytes(&old)), Err(NoProcess::Other(_))));
        assert!(matches!(greeted(b""), Err(NoProcess::Greeting(_))));
    }

    #[test]
    fn a_message_beyond_any_page_is_not_waited_for() {
        assert_eq!(read_length(length(b"four").unwrap()).unwrap(), 4);
        assert!(read_length([0xff; 4]).is_err());
    }
}
