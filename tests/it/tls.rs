//! Servers that speak TLS, well and badly: HTTP/2 where it is offered, a private authority where it is named, and each thing that
//! can be wrong in words of its own. On loopback only.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use axum::http::Version;
use copytaster::api::SourceStatus;
use copytaster::config::{Crawl, Source, SourceKind};
use copytaster::daemon::Running;
use copytaster::fetch::Roots;

use crate::desk::{Desk, MINUTE, until};
use crate::http;

mod authority;
mod frames;
mod site;

use authority::{FORGER, Identity, OURS, RIGHT, STRANGER, Says};
use frames::Misdeed;
use site::{Manner, Site};

fn source(number: usize, site: &Site) -> Source {
    let mut source = crate::daemon::source(&format!("s{number}"), SourceKind::Outlet, site.at);
    source.endpoints[0].url = format!("https://{}/feed.xml", site.at).parse().unwrap();
    source
}

fn desk(sites: &[Site], crawl: Crawl) -> Desk {
    let sources = sites.iter().enumerate().map(|(number, site)| source(number, site)).collect();
    let roots = Roots::read_pem(OURS.pem().as_bytes()).unwrap();
    Desk::new(sources, Crawl { robots: false, roots, ..crawl })
}

async fn articles(running: &Running) -> usize {
    let address = running.address;
    let look = move || http::items(address, "/api/v1/clusters?expand=members").len();
    tokio::task::spawn_blocking(look).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_and_its_pages_come_over_http_2_where_the_server_speaks_it_and_http_1_where_not() {
    let old = OURS.sign(&RIGHT).server(&["http/1.1"], false);
    let sites = [Site::start(Manner::good()).await, Site::start(Manner::Serve(old)).await];
    let desk = desk(&sites, Crawl::default());
    let running = desk.start().await;
    until(&desk, &running, "an answer", |_, source| source.error.is_none()).await;
    assert_eq!(articles(&running).await, 4);
    for (site, version) in sites.iter().zip([Version::HTTP_2, Version::HTTP_11]) {
        let seen = site.seen();
        let asked = |path: &str| seen.asked.iter().filter(|(asked, _)| asked == path).count();
        assert!(asked("/feed.xml") > 0 && asked("/page/0") > 0 && asked("/page/1") > 0, "{seen:?}");
        assert!(seen.asked.iter().all(|(_, spoken)| *spoken == version), "{seen:?}");
        assert_eq!(seen.connections, 1, "one host, one connection: {seen:?}");
    }
    running.stop().await.unwrap();
}

/// A server of TLS that is wrong in one way, and the words in which it is told.
struct Case {
    name: &'static str,
    manner: Manner,
    kind: &'static str,
    words: &'static str,
}

fn tls(name: &'static str, words: &'static str, manner: Manner) -> Case {
    Case { name, manner, kind: "tls", words }
}

/// The record of an alert that is fatal.
const fn alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
}

const REFUSED: &[u8] = &alert(40);
const OLD: &[u8] = &alert(70);
const UNKNOWN_NAME: &[u8] = &alert(112);
const INNER: &[u8] = &alert(80);

/// A server's first words in TLS 1.1: its version, 32 bytes of chance, no session, a cipher of that time, no packing.
const HELLO_1_1: &[u8] = &[
    22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
    18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0xC0, 0x13, 0,
];

/// What a certificate can have against it.
fn certificates() -> Vec<Case> {
    let signed = |says: Says| Manner::Serve(OURS.sign(&says).server(&["h2"], false));
    let shown = |identity: Identity| Manner::Serve(identity.server(&["h2"], false));
    vec![
        tls("self-signed", "nobody this machine trusts signed", shown(Identity::of_itself(false))),
        tls("self-signed authority", "it signed itself", shown(Identity::of_itself(true))),
        tls("a stranger's", "name the authority's certificate in crawl.ca_file", {
            shown(STRANGER.sign(&RIGHT))
        }),
        tls("a forger's", "not signed by whom it names", shown(FORGER.sign(&RIGHT))),
        tls("another's", "is made out to other.test, not to 127.0.0.1", {
            signed(Says { names: &["other.test"], ..RIGHT })
        }),
        tls("ended", "its certificate ended on 2001-12-31", {
            signed(Says { years: (2000, 2001), ..RIGHT })
        }),
        tls("not begun", "counts from 2299-01-01", signed(Says { years: (2299, 2300), ..RIGHT })),
    ]
}

/// What can go wrong before there is one.
fn handshakes() -> Vec<Case> {
    vec![
        tls("plain HTTP", "does not speak TLS on this port", {
            Manner::Say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        }),
        tls("an alert", "no version or cipher of TLS that is safe", Manner::Say(REFUSED)),
        tls("an alert of version", "it said ProtocolVersion", Manner::Say(OLD)),
        tls("an alert of name", "does not know the name", Manner::Say(UNKNOWN_NAME)),
        tls("an inner alert", "ended the handshake (InternalError)", Manner::Say(INNER)),
        tls("TLS 1.1", "no version or cipher of TLS that is safe", Manner::Say(HELLO_1_1)),
        tls("a reset", "broke the connection off in the middle of the handshake", Manner::Reset),
        tls("an end", "broke the connection off in the middle of the handshake", Manner::Say(b"")),
        tls("mutual", "wants a certificate of ours", {
            Manner::Serve(OURS.sign(&RIGHT).server(&["h2"], true))
        }),
        tls("only another protocol", "neither HTTP/1.1 nor HTTP/2", {
            Manner::Serve(OURS.sign(&RIGHT).server(&["ftp"], false))
        }),
    ]
}

/// What can go wrong after it, in HTTP/2.
fn streams() -> Vec<Case> {
    let body =
        |name, words, misdeed| Case { name, manner: Manner::Frames(misdeed), kind: "body", words };
    vec![
        body("a stream reset", "broke this answer off", Misdeed::ResetsStream),
        body("a reset in the body", "broke this answer off", Misdeed::ResetsInBody),
        body("go away", "says that we ask too much", Misdeed::GoesAway),
        body("HTTP/1.1 after all", "breaks the rules of HTTP/2", Misdeed::SpeaksOld),
        body("many headers", "header lines are more or longer", Misdeed::ManyHeaders),
        body("long headers", "header lines are more or longer", Misdeed::LongHeaders),
        body("headers without end", "header lines are more or longer", Misdeed::EndlessHeaders),
        body("nonsense", "breaks the rules of HTTP/2", Misdeed::Nonsense),
        body("silence", "does not answer any more", Misdeed::Silent),
        body("an end", "broke off before its answer was whole", Misdeed::Closes),
    ]
}

/// Each of `cases` does its worst, while a good one goes on; then each is good, and a source again.
async fn survive(cases: &[Case], crawl: Crawl) {
    let mut sites = Vec::new();
    for case in cases {
        sites.push(Site::start(case.manner.clone()).await);
    }
    sites.push(Site::start(Manner::good()).await);
    let neighbour = cases.len();
    let desk = desk(&sites, crawl);
    let running = desk.start().await;
    let told =
        |number: usize, source: &SourceStatus| source.error.is_some() == (number < neighbour);
    until(&desk, &running, "a state in words", told).await;
    let wrong = cases.iter().zip(desk.sources(&running)).filter_map(|(case, source)| {
        let error = source.error?;
        let right = error.kind == case.kind && error.detail.contains(case.words);
        (!right).then(|| format!("{}: {}: {}", case.name, error.kind, error.detail))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
    let polls = |seen: &site::Seen| seen.asked.iter().filter(|(p, _)| p == "/feed.xml").count();
    let before = polls(&sites[neighbour].seen());
    desk.quiet(&running).await;
    desk.advance(11 * MINUTE);
    sites[neighbour].until("its poll", |seen| polls(seen) > before).await;
    assert_eq!(articles(&running).await, 2, "those of the good one");
    for site in &sites {
        site.be(Manner::good());
    }
    until(&desk, &running, "a return", |_, source| source.error.is_none()).await;
    assert_eq!(articles(&running).await, 2 * sites.len());
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_do_not_hold_are_told_of_each_in_its_words() {
    survive(&certificates(), Crawl::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_fail_are_told_of_each_in_its_words() {
    survive(&handshakes(), Crawl::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_stalls_is_given_up_long_before_the_deadline_of_the_whole() {
    let stalls = [tls("a stall", "too long to take the connection", Manner::Hold)];
    let connect_deadline = Duration::from_secs(2);
    let deadline = Duration::from_hours(1);
    survive(&stalls, Crawl { connect_deadline, deadline, ..Crawl::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_break_the_rules_of_http_2_are_told_of_and_taken_back() {
    survive(&streams(), Crawl::default()).await;
}

/// Fetches an address by the configuration of a newsroom.
fn fetch(config: &Path, url: &str) -> String {
    let command = Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(["fetch", "--config", config.to_str().unwrap(), url])
        .output()
        .unwrap();
    String::from_utf8_lossy(&command.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_where_the_configuration_names_it() {
    let site = Site::start(Manner::good()).await;
    let folder = tempfile::tempdir().unwrap();
    let (without, with) = (folder.path().join("without.toml"), folder.path().join("with.toml"));
    let file = folder.path().join("house.pem");
    std::fs::write(&file, format!("# of the house\n{}", OURS.pem())).unwrap();
    let crawl = "[crawl]\nallow_addresses = [\"127.0.0.1\"]\n";
    std::fs::write(&without, crawl).unwrap();
    std::fs::write(&with, format!("{crawl}ca_file = {file:?}\n")).unwrap();
    let url = format!("https://{}/page/0", site.at);
    let look = move || (fetch(&without, &url), fetch(&with, &url));
    let (told, got) = tokio::task::spawn_blocking(look).await.unwrap();
    assert!(told.contains("crawl.ca_file"), "{told}");
    assert!(got.contains("\"status\": 200") && !got.contains("crawl.ca_file"), "{got}");
}
