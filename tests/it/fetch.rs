//! The fetching room against servers that misbehave, on loopback only.
#![expect(clippy::unwrap_used, reason = "helpers of tests may die of what tests may die of")]

mod command;
mod names;
mod site;
mod sites;

use std::time::Duration;

use copytaster::fetch::{self, Accept, Ask, FetchError, Fetcher, Got, Params};
use copytaster::model::{Clock, Timestamp};
use url::Url;

use site::{Act, Site, answer, to};

/// 12 Oct 2016, 18:00:00 UTC.
const NOW: Timestamp = Timestamp::from_secs(1_476_295_200);

/// A tenth of the patience of a person who waits for tests.
const DEADLINE: Duration = Duration::from_millis(300);

/// A fetcher that may reach 127.0.0.1 only, on a clock that is so fast that pauses are nothing.
fn fetcher(change: impl FnOnce(&mut Params)) -> Fetcher {
    let mut params = Params {
        deadline: Duration::from_secs(10),
        body_bytes_max: 64 << 10,
        redirects_max: 4,
        allow: vec!["127.0.0.1/32".parse().unwrap()],
        robots: false,
        ..Params::default()
    };
    change(&mut params);
    Fetcher::new(params, Clock::new(|| NOW, 1_000_000)).unwrap()
}

fn ask(url: &str) -> Ask {
    Ask::new(Url::parse(url).unwrap(), Accept::Page)
}

async fn get(url: &str) -> Result<Got, FetchError> {
    fetcher(|_| ()).get(&ask(url)).await
}

/// The kind of the fault; the sentence must hold up on its own.
fn kind(result: &Result<Got, FetchError>) -> &'static str {
    result.as_ref().map_or_else(
        |fault| {
            assert!(fault.to_string().len() > 20, "{fault}");
            fault.kind()
        },
        |_| "ok",
    )
}

#[tokio::test]
async fn a_page_comes_with_all_it_says_of_itself() {
    let headers = [
        "Content-Type: Text/HTML; charset=ISO-8859-1",
        "ETag: \"a1\"",
        "Last-Modified: Wed, 12 Oct 2016 17:00:00 GMT",
        "Cache-Control: max-age=300",
    ];
    let site = Site::start("127.0.0.1", [("/a", answer(200, &headers, b"copy"))]).await;
    let got = get(&site.url("/a#top")).await.unwrap();
    assert_eq!((got.status, &got.body[..]), (200, &b"copy"[..]));
    assert_eq!(got.url.as_str(), site.url("/a"));
    assert_eq!(got.charset.as_deref(), Some("iso-8859-1"));
    assert_eq!(got.content_type.as_deref(), Some("text/html"));
    assert_eq!(got.etag.as_deref(), Some("\"a1\""));
    assert_eq!(got.last_modified.as_deref(), Some("Wed, 12 Oct 2016 17:00:00 GMT"));
    assert_eq!(got.floor, Some(Duration::from_mins(5)));
    assert_eq!((got.moved, got.hops.len()), (None, 0));
    let head = &site.heads()[0];
    for line in ["user-agent: copytaster/", "accept: text/html", "accept-encoding: "] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(!head.contains("referer") && !head.contains("cookie"), "{head}");
}

#[tokio::test]
async fn a_page_that_did_not_change_is_asked_for_by_its_validators() {
    let site = Site::start("127.0.0.1", [("/a", answer(304, &["ETag: \"a2\""], b""))]).await;
    let mut known = ask(&site.url("/a"));
    known.etag = Some("\"a1\"".to_owned());
    known.last_modified = Some("Wed, 12 Oct 2016 17:00:00 GMT".to_owned());
    let got = fetcher(|_| ()).get(&known).await.unwrap();
    assert_eq!((got.status, got.body.len()), (304, 0));
    assert_eq!(got.etag.as_deref(), Some("\"a2\""));
    assert_eq!(got.last_modified, known.last_modified, "what it does not repeat still holds");
    let head = &site.heads()[0];
    assert!(head.contains("if-none-match: \"a1\""), "{head}");
    assert!(head.contains("if-modified-since: wed, 12 oct 2016 17:00:00 gmt"), "{head}");
    // Nobody asked whether it changed: there is no page, and that is a fault.
    assert_eq!(kind(&get(&site.url("/a")).await), "status");
}

#[tokio::test]
async fn validators_are_told_to_the_address_that_gave_them_and_to_no_other() {
    let site = Site::start(
        "127.0.0.1",
        [
            ("/today", to(302, "/tuesday")),
            ("/tuesday", answer(200, &["ETag: \"t\""], b"copy")),
            ("/monday", answer(304, &[], b"")),
        ],
    )
    .await;
    let tell = |of: &str| {
        let mut known = ask(&site.url("/today"));
        known.etag = Some("\"m\"".to_owned());
        known.of = Some(fetch::place(&Url::parse(&site.url(of)).unwrap()));
        known
    };
    // What monday's page has not changed may be new on tuesday's.
    let got = fetcher(|_| ()).get(&tell("/monday")).await.unwrap();
    assert_eq!((got.status, got.etag.as_deref()), (200, Some("\"t\"")));
    assert!(site.heads().iter().all(|head| !head.contains("if-none-match")), "{:?}", site.heads());
    fetcher(|_| ()).get(&tell("/tuesday#top")).await.unwrap();
    let told: Vec<bool> = site.heads().iter().map(|head| head.contains("if-none-match")).collect();
    assert_eq!(told, [false, false, false, true]);
}

#[tokio::test]
async fn each_status_has_its_word() {
    for (status, expected) in [
        (204, "status"),
        (300, "status"),
        (401, "forbidden"),
        (402, "forbidden"),
        (403, "forbidden"),
        (404, "not_found"),
        (410, "gone"),
        (418, "status"),
        (429, "throttled"),
        (451, "forbidden"),
        (500, "server"),
        (503, "server"),
    ] {
        let site = Site::start("127.0.0.1", [("/a", answer(status, &[], b""))]).await;
        let result = get(&site.url("/a")).await;
        assert_eq!(kind(&result), expected, "{status}");
        assert_eq!(result.unwrap_err().status(), Some(status));
    }
}

#[tokio::test]
async fn a_server_may_say_when_to_come_back() {
    for (status, line, expected) in [
        (429, "Retry-After: 120", Some(120)),
        (503, "Retry-After: Wed, 12 Oct 2016 18:05:00 GMT", Some(300)),
        (503, "Retry-After: 99999999", Some(86_400)),
        (503, "X-None: 1", None),
        (500, "Retry-After: 120", None),
    ] {
        let site = Site::start("127.0.0.1", [("/a", answer(status, &[line], b""))]).await;
        let fault = get(&site.url("/a")).await.unwrap_err();
        assert_eq!(fault.retry_after().map(|wait| wait.as_secs()), expected, "{status} {line}");
    }
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_left() {
    let ok = b"HTTP/1.1 200 X\r\n";
    let drip = |head: &[u8], more: &[u8]| {
        Act::Endless(head.to_vec(), more.to_vec(), Duration::from_millis(10))
    };
    let site = Site::start(
        "127.0.0.1",
        [
            ("/mute", Act::SayAndHold(Vec::new())),
            ("/headers", drip(ok, b"X-A: b\r\n")),
            ("/body", drip(b"HTTP/1.1 200 X\r\n\r\n", b".")),
            ("/hold", Act::SayAndHold(b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n.".to_vec())),
        ],
    )
    .await;
    let fetcher_late = fetcher(|params| params.deadline = DEADLINE);
    for path in ["/mute", "/headers", "/body", "/hold"] {
        let result = fetcher_late.get(&ask(&site.url(path))).await;
        let expected = if path == "/headers" { ["body", "deadline"] } else { ["deadline"; 2] };
        assert!(expected.contains(&kind(&result)), "{path}: {result:?}");
    }
    let fetcher_slow = fetcher(|params| params.pace_window = DEADLINE / 3);
    for path in ["/body", "/hold"] {
        assert_eq!(kind(&fetcher_slow.get(&ask(&site.url(path))).await), "slow", "{path}");
    }
    site.idle().await; // every connection was given up
}

/// 16 MiB of zeros in 27 bytes of brotli.
pub(crate) const BROTLI_BOMB: [u8; 27] = [
    0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x2f, 0xff, 0xff,
    0xff, 0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f,
];

#[tokio::test]
async fn a_body_is_cut_off_at_its_cap_however_it_is_packed() {
    use std::io::Write as _;
    let zeros = vec![0; 16 << 20];
    let gzip = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(&zeros).unwrap();
    let packed = |coding: &str, bytes: &[u8]| {
        assert!(bytes.len() < 128 << 10, "{coding} packs badly");
        answer(200, &[&format!("Content-Encoding: {coding}")], bytes)
    };
    let members = [gzip(b"of two "), gzip(b"members"), vec![0; 9]].concat();
    let endless = b"HTTP/1.1 200 X\r\n\r\n".to_vec();
    let site = Site::start(
        "127.0.0.1",
        [
            ("/gzip", packed("gzip", &gzip(&zeros))),
            ("/deflate", packed("deflate", &deflate.finish().unwrap())),
            ("/br", packed("br", &BROTLI_BOMB)),
            ("/zstd", packed("zstd", &zstd::encode_all(&zeros[..], 1).unwrap())),
            ("/members", answer(200, &["Content-Encoding: x-gzip"], &members)),
            ("/long", answer(200, &[], &zeros[..=64 << 10])),
            ("/fits", answer(200, &[], &zeros[..64 << 10])),
            ("/endless", Act::Endless(endless, vec![b'a'; 8 << 10], Duration::from_millis(1))),
        ],
    )
    .await;
    for path in ["/gzip", "/deflate", "/br", "/zstd", "/long", "/endless"] {
        assert_eq!(kind(&get(&site.url(path)).await), "too_large", "{path}");
    }
    assert_eq!(get(&site.url("/fits")).await.unwrap().body.len(), 64 << 10);
    assert_eq!(get(&site.url("/members")).await.unwrap().body, "of two members");
    site.idle().await;
}

#[tokio::test]
async fn what_is_not_http_or_breaks_off_is_said() {
    let bytes = |bytes: &[u8]| Act::SayAndClose(bytes.to_vec());
    let site = Site::start(
        "127.0.0.1",
        [
            ("/nothing", bytes(b"")),
            ("/ssh", bytes(b"SSH-2.0-OpenSSH_9.2\r\n")),
            ("/short", bytes(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf")),
            ("/lie", answer(200, &["Content-Encoding: gzip"], b"not packed")),
            ("/odd", answer(200, &["Content-Encoding: rot13"], b"pbcl")),
            (
                "/head",
                bytes(
                    &b"HTTP/1.1 200 X\r\n"
                        .iter()
                        .copied()
                        .chain(b"A: b\r\n".repeat(9999))
                        .collect::<Vec<_>>(),
                ),
            ),
        ],
    )
    .await;
    for path in ["/nothing", "/ssh", "/short", "/lie", "/odd", "/head"] {
        assert_eq!(kind(&get(&site.url(path)).await), "body", "{path}");
    }
    // Not many, and yet too much.
    let lines: Vec<String> = (0..9).map(|n| format!("X-{n}: {}", "a".repeat(9 << 10))).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let heavy = Site::start("127.0.0.1", [("/a", answer(200, &lines, b"copy"))]).await;
    let told = get(&heavy.url("/a")).await.unwrap_err().to_string();
    assert!(told.contains("crawl.header_bytes_max"), "{told}");
    let wide = fetcher(|params| params.header_bytes_max = 128 << 10);
    assert_eq!(kind(&wide.get(&ask(&heavy.url("/a"))).await), "ok");
    // TLS is offered to a server that has none.
    let url = site.url("/a").replace("http:", "https:");
    assert_eq!(kind(&get(&url).await), "tls");
    // Nobody listens.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fault = get(&format!("http://{free}/")).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        format!("{free} did not take the connection: nothing listens there")
    );
}

#[tokio::test]
async fn a_chain_of_redirects_is_followed_and_its_permanent_part_remembered() {
    let site = Site::start(
        "127.0.0.1",
        [
            ("/a", to(301, "/b#x")),
            ("/b", to(308, "c")),
            ("/c", to(302, "/d?e=f")),
            ("/d?e=f", answer(200, &[], b"copy")),
        ],
    )
    .await;
    let got = get(&site.url("/a")).await.unwrap();
    assert_eq!(got.asked.as_str(), site.url("/a"));
    assert_eq!(got.url.as_str(), site.url("/d?e=f"));
    assert_eq!(got.moved.unwrap().as_str(), site.url("/c"));
    assert_eq!(got.hops.iter().map(|hop| hop.status).collect::<Vec<_>>(), [301, 308, 302]);
    assert_eq!(get(&site.url("/c")).await.unwrap().moved, None);
}

#[tokio::test]
async fn redirects_come_to_an_end() {
    let site = Site::start(
        "127.0.0.1",
        [
            ("/self", to(302, "/self")),
            ("/ping", to(301, "/pong")),
            ("/pong", to(301, "/ping")),
            ("/1", to(302, "/2")),
            ("/2", to(302, "/3")),
            ("/3", to(302, "/4")),
            ("/4", to(302, "/5")),
            ("/5", to(302, "/6")),
            ("/6", answer(200, &[], b"too far")),
            ("/nowhere", answer(302, &[], b"")),
        ],
    )
    .await;
    for path in ["/self", "/ping", "/1", "/nowhere"] {
        assert_eq!(kind(&get(&site.url(path)).await), "redirects", "{path}");
    }
    assert_eq!(kind(&get(&site.url("/2")).await), "ok");
    assert_eq!(site.asked().iter().filter(|path| *path == "/self").count(), 1);
}

#[tokio::test]
async fn no_redirect_leads_to_another_scheme_a_secret_or_a_private_address() {
    let canary = Site::start("127.0.0.2", []).await;
    let canary_v6 = Site::start("::1", []).await;
    let (two, six) = (canary.at, canary_v6.at.port());
    let targets = [
        ("file:///etc/passwd".to_owned(), "scheme"),
        ("gopher://127.0.0.1/".to_owned(), "scheme"),
        ("data:text/html,copy".to_owned(), "scheme"),
        (format!("http://user:word@{two}/"), "credentials"),
        ("http://127.0.0.1:25/".to_owned(), "port"),
        (format!("http://{two}/"), "address"),
        (format!("//{two}/"), "address"),
        (format!("http://2130706434:{}/", two.port()), "address"),
        (format!("http://0x7f.2:{}/", two.port()), "address"),
        (format!("http://[::ffff:127.0.0.2]:{}/", two.port()), "address"),
        (format!("http://[::1]:{six}/"), "address"),
    ];
    for (target, expected) in &targets {
        let site = Site::start("127.0.0.1", [("/a", to(302, target))]).await;
        assert_eq!(kind(&get(&site.url("/a")).await), *expected, "{target}");
    }
    assert_eq!((canary.connections(), canary_v6.connections()), (0, 0));
    // The canary sings: with leave it is reached.
    let site = Site::start("127.0.0.1", [("/a", to(302, &canary.url("/b")))]).await;
    let mut open = ask(&site.url("/a"));
    open.allow = vec!["127.0.0.2/32".parse().unwrap()];
    assert_eq!(kind(&fetcher(|_| ()).get(&open).await), "not_found");
    assert_eq!((canary.connections(), canary.asked()), (1, vec!["/b".to_owned()]));
}

#[tokio::test]
async fn a_name_is_judged_by_its_address() {
    let canary = Site::start("127.0.0.1", [("/", answer(200, &[], b"copy"))]).await;
    let url = format!("http://localhost:{}/", canary.at.port());
    let result = fetcher(|params| params.allow.clear()).get(&ask(&url)).await;
    assert_eq!(kind(&result), "address");
    let said = result.unwrap_err().to_string();
    assert!(said.contains("localhost") && said.contains("allow_addresses"), "{said}");
    assert_eq!(canary.connections(), 0);
    assert_eq!(kind(&get(&url).await), "ok");
}

#[tokio::test]
async fn what_one_source_may_reach_stays_closed_to_another() {
    let site = Site::start("127.0.0.1", [("/", answer(200, &[], b"copy"))]).await;
    let fetcher = fetcher(|params| params.allow.clear());
    for url in [site.url("/"), format!("http://localhost:{}/", site.at.port())] {
        let mut open = ask(&url);
        open.allow = vec!["127.0.0.0/8".parse().unwrap()];
        assert_eq!(kind(&fetcher.get(&open).await), "ok");
        // Its connection is still open, and must not be lent.
        assert_eq!(kind(&fetcher.get(&ask(&url)).await), "address");
    }
    assert_eq!(site.asked(), ["/", "/"]);
}

const CLOSED: &[u8] =
    b"User-agent: *\nDisallow: /\nUser-agent: copytaster\nDisallow: /closed\nCrawl-delay: 7\n";

#[tokio::test]
async fn robots_txt_is_asked_once_and_obeyed_at_each_hop() {
    let site = Site::start(
        "127.0.0.1",
        [
            ("/robots.txt", answer(200, &[], CLOSED)),
            ("/a", answer(200, &[], b"copy")),
            ("/closed/b", answer(200, &[], b"not for us")),
            ("/c", to(301, "/closed/b")),
        ],
    )
    .await;
    let fetcher = fetcher(|params| params.robots = true);
    assert_eq!(kind(&fetcher.get(&ask(&site.url("/a"))).await), "ok");
    let no = fetcher.get(&ask(&site.url("/closed/b"))).await;
    assert_eq!(kind(&no), "robots");
    assert!(no.unwrap_err().to_string().contains("Disallow: /closed"));
    assert_eq!(kind(&fetcher.get(&ask(&site.url("/c"))).await), "robots");
    assert_eq!(site.asked(), ["/robots.txt", "/a", "/c"]);
}

#[tokio::test]
async fn a_missing_robots_txt_opens_and_a_broken_one_closes() {
    for (answered, expected) in [
        (answer(404, &[], b""), "ok"),
        (answer(403, &[], b""), "ok"),
        (answer(204, &[], b""), "ok"),
        (to(302, "/robots.txt"), "ok"),
        (to(302, "/rules"), "robots"),
        (answer(500, &[], b""), "robots"),
        (answer(503, &[], b""), "robots"),
        (answer(429, &[], b""), "robots"),
        (
            answer(
                200,
                &[],
                &[b"User-agent: *\nDisallow: /a\n".to_vec(), vec![b'\n'; 600 << 10]].concat(),
            ),
            "robots",
        ),
    ] {
        let page = answer(200, &[], b"copy");
        let rules = answer(200, &[], b"User-agent: *\nDisallow: /a\n");
        let script = [("/robots.txt", answered), ("/rules", rules), ("/a", page)];
        let site = Site::start("127.0.0.1", script).await;
        let fetcher = fetcher(|params| params.robots = true);
        let result = fetcher.get(&ask(&site.url("/a"))).await;
        assert_eq!(kind(&result), expected, "{:?}", site.asked());
    }
}

#[tokio::test]
async fn robots_txt_goes_through_the_same_guards() {
    let canary = Site::start("127.0.0.2", []).await;
    let script = [("/robots.txt", to(302, &canary.url("/robots.txt")))];
    let site = Site::start("127.0.0.1", script).await;
    let fetcher = fetcher(|params| params.robots = true);
    assert_eq!(kind(&fetcher.get(&ask(&site.url("/a"))).await), "address");
    assert_eq!((canary.connections(), site.asked().len()), (0, 1));
}

#[tokio::test]
async fn one_host_is_asked_one_thing_at_a_time_in_the_order_of_asking() {
    let pages: [String; 12] = std::array::from_fn(|n| format!("/{n}"));
    let script: [_; 12] =
        std::array::from_fn(|n| (pages[n].as_str(), answer(200, &["Connection: close"], b"copy")));
    let site = Site::with("127.0.0.1", |_| script).await;
    let fetcher = fetcher(|params| params.robots = true);
    let mut asks = tokio::task::JoinSet::new();
    for page in &pages {
        let (fetcher, ask) = (fetcher.clone(), ask(&site.url(page)));
        asks.spawn(async move { fetcher.get(&ask).await.map(|got| got.status) });
    }
    assert!(asks.join_all().await.into_iter().all(|status| status == Ok(200)));
    assert_eq!(site.open_most(), 1);
    let mut expected = vec!["/robots.txt".to_owned()];
    expected.extend(pages);
    assert_eq!(site.asked(), expected);
}

#[tokio::test]
async fn the_walk_is_told_as_json_also_where_it_fails() {
    let site = Site::start(
        "127.0.0.1",
        [
            ("/robots.txt", answer(200, &[], CLOSED)),
            ("/a", to(301, "/b")),
            ("/b", answer(503, &["Retry-After: 60"], b"")),
        ],
    )
    .await;
    let told = fetcher(|params| params.robots = true).explain(&ask(&site.url("/a"))).await;
    let told = serde_json::to_value(&told).unwrap();
    assert_eq!(told["robots"][0]["allowed"], true);
    assert_eq!(told["robots"][0]["crawl_delay_seconds"], 7.0);
    assert_eq!(told["requests"][0]["status"], 301);
    assert_eq!(told["requests"][1]["url"], site.url("/b"));
    assert_eq!(told["status"], 503);
    assert_eq!(told["error"]["kind"], "server");
    assert_eq!(told["error"]["retry_after_seconds"], 60);
}
