//! What a site says to crawlers as a whole, robots.txt and tdmrep.json: how long it is remembered, and what comes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use copytaster::fetch::{Fetcher, Params};
use copytaster::model::{Clock, Signal, Timestamp};
use url::Url;

use super::site::{Act, Site, answer, to};
use super::{DEADLINE, NOW, ask, kind};

const MINUTE: i64 = 60_000;

/// A fetcher that obeys robots.txt, on a clock that the test moves.
struct Visitor {
    fetcher: Fetcher,
    now: Arc<AtomicI64>,
}

impl Visitor {
    fn new(change: impl FnOnce(&mut Params)) -> Self {
        Self::at(&Arc::new(AtomicI64::new(NOW.millis())), change)
    }

    fn at(now: &Arc<AtomicI64>, change: impl FnOnce(&mut Params)) -> Self {
        let mut params = Params {
            deadline: Duration::from_secs(10),
            allow: vec!["127.0.0.1/32".parse().unwrap()],
            signals: true,
            ..Params::default()
        };
        change(&mut params);
        let now = Arc::clone(now);
        let read = Arc::clone(&now);
        let clock =
            Clock::new(move || Timestamp::from_millis(read.load(Ordering::SeqCst)), 1_000_000);
        Self { fetcher: Fetcher::new(params, clock).unwrap(), now }
    }

    fn pass(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    async fn kind(&self, url: &str) -> &'static str {
        kind(&self.fetcher.get(&ask(url)).await)
    }
}

fn count(site: &Site, path: &str) -> usize {
    site.asked().iter().filter(|asked| *asked == path).count()
}

#[tokio::test]
async fn a_robots_txt_that_drips_costs_its_deadline_once_and_is_asked_again_later() {
    let head = b"HTTP/1.1 200 X\r\n\r\nUser-agent: *\n".to_vec();
    let drips = Act::Endless(head, b"#".to_vec(), Duration::from_millis(20));
    let page = || answer(200, &[], b"copy");
    let site =
        Site::start("127.0.0.1", [("/robots.txt", drips), ("/a", page()), ("/b", page())]).await;
    let visitor = Visitor::new(|params| params.deadline = DEADLINE);
    assert_eq!(visitor.kind(&site.url("/a")).await, "deadline");
    let began = Instant::now();
    for page in ["/a", "/b", "/b"] {
        assert_eq!(visitor.kind(&site.url(page)).await, "deadline");
    }
    assert!(began.elapsed() < DEADLINE, "three pages more cost {:?}", began.elapsed());
    assert_eq!(site.asked(), ["/robots.txt"]);
    visitor.pass(MINUTE);
    assert_eq!(visitor.kind(&site.url("/a")).await, "deadline");
    assert_eq!(site.asked(), ["/robots.txt", "/robots.txt"]);
    assert!(visitor.fetcher.remembered().sites.is_empty(), "a fault is not kept across restarts");
}

#[tokio::test]
async fn a_robots_txt_without_end_is_read_to_its_limit() {
    let head = b"HTTP/1.1 200 X\r\n\r\nUser-agent: *\nDisallow: /closed\n".to_vec();
    let endless = Act::Endless(head, b"# nothing\n".repeat(8 << 10), Duration::from_millis(1));
    let page = || answer(200, &[], b"copy");
    let site =
        Site::start("127.0.0.1", [("/robots.txt", endless), ("/a", page()), ("/closed", page())])
            .await;
    let visitor = Visitor::new(|_| ());
    assert_eq!(visitor.kind(&site.url("/a")).await, "ok");
    assert_eq!(visitor.kind(&site.url("/closed")).await, "robots");
    assert_eq!(count(&site, "/robots.txt"), 1);
    let kept = visitor.fetcher.remembered();
    assert!(kept.sites.iter().all(|site| site.robots.is_none()), "half a file is none to keep");
}

#[tokio::test]
async fn html_and_rubbish_for_a_robots_txt_forbid_nothing() {
    let html = b"<!doctype html><html><body><p>Disallow: everything</p></body></html>".to_vec();
    let rubbish: Vec<u8> = (0..=255).cycle().take(100 << 10).collect();
    for body in [html, rubbish, Vec::new()] {
        let page = answer(200, &[], b"copy");
        let rules = answer(200, &["Content-Type: text/html"], &body);
        let site = Site::start("127.0.0.1", [("/robots.txt", rules), ("/a", page)]).await;
        assert_eq!(Visitor::new(|_| ()).kind(&site.url("/a")).await, "ok");
    }
}

#[tokio::test]
async fn a_delay_longer_than_a_minute_is_a_minute_and_that_is_said() {
    let rules = answer(200, &[], b"User-agent: *\nCrawl-delay: 3600\n");
    let site =
        Site::start("127.0.0.1", [("/robots.txt", rules), ("/a", answer(200, &[], b"copy"))]).await;
    let told = Visitor::new(|_| ()).fetcher.explain(&ask(&site.url("/a"))).await;
    let told = serde_json::to_value(&told).unwrap();
    assert_eq!(told["robots"][0]["crawl_delay_seconds"], 3600.0);
    assert_eq!(told["robots"][0]["pause_seconds"], 60.0);
}

#[tokio::test]
async fn the_sitemaps_of_a_site_are_told_through_the_same_memory() {
    let rules =
        b"Sitemap: /news.xml\nUser-agent: *\nDisallow: /\nSitemap: https://maps.test/all.xml\n";
    let site = Site::start("127.0.0.1", [("/robots.txt", answer(200, &[], rules))]).await;
    let visitor = Visitor::new(|_| ());
    let url = Url::parse(&site.url("/a")).unwrap();
    for _ in 0..2 {
        let maps = visitor.fetcher.sitemaps(&url, &[]).await.unwrap();
        let maps: Vec<&str> = maps.iter().map(Url::as_str).collect();
        assert_eq!(maps, [site.url("/news.xml").as_str(), "https://maps.test/all.xml"]);
    }
    assert_eq!(site.asked(), ["/robots.txt"]);
    let none = Site::start("127.0.0.1", []).await;
    let none = Url::parse(&none.url("/")).unwrap();
    assert!(visitor.fetcher.sitemaps(&none, &[]).await.unwrap().is_empty());
    let elsewhere = Url::parse("http://127.0.0.2:8099/").unwrap();
    assert_eq!(visitor.fetcher.sitemaps(&elsewhere, &[]).await.unwrap_err().kind(), "address");
}

#[tokio::test]
async fn what_sites_said_is_known_after_a_restart_for_as_long_as_it_would_have_counted() {
    let rules =
        answer(200, &["Cache-Control: max-age=7200"], b"User-agent: *\nDisallow: /closed\n");
    let reserved = answer(200, &[], b"[{\"location\": \"/\", \"tdm-reservation\": 1}]");
    let page = answer(200, &[], b"copy");
    let script = [("/robots.txt", rules), ("/.well-known/tdmrep.json", reserved), ("/a", page)];
    let site = Site::start("127.0.0.1", script).await;
    let trouble = Site::start("127.0.0.1", [("/robots.txt", answer(503, &[], b""))]).await;
    let first = Visitor::new(|_| ());
    assert_eq!(first.kind(&site.url("/a")).await, "ok");
    assert_eq!(first.kind(&trouble.url("/a")).await, "robots");
    let kept = first.fetcher.remembered();
    assert_eq!(kept.sites.len(), 1, "trouble of a server is no word of its publisher");

    let second = Visitor::at(&first.now, |_| ());
    second.fetcher.recall(kept.clone());
    assert_eq!(second.fetcher.remembered(), kept);
    let got = second.fetcher.get(&ask(&site.url("/a"))).await.unwrap();
    assert_eq!(words(&got.signals), ["tdmrep tdm-reservation=1"]);
    assert_eq!(second.kind(&site.url("/closed")).await, "robots");
    assert_eq!((count(&site, "/robots.txt"), count(&site, "/.well-known/tdmrep.json")), (1, 1));

    second.pass(2 * 60 * MINUTE);
    let third = Visitor::at(&second.now, |_| ());
    third.fetcher.recall(kept.clone());
    assert_eq!(third.kind(&site.url("/a")).await, "ok");
    assert_eq!((count(&site, "/robots.txt"), count(&site, "/.well-known/tdmrep.json")), (2, 1));
    second.pass(24 * 60 * MINUTE);
    let fourth = Visitor::at(&second.now, |_| ());
    fourth.fetcher.recall(kept);
    assert!(fourth.fetcher.remembered().sites.is_empty());
}

fn words(signals: &[Signal]) -> Vec<String> {
    signals.iter().map(|s| format!("{} {}={}", s.place.as_str(), s.name, s.value)).collect()
}

#[tokio::test]
async fn a_page_comes_with_what_its_headers_and_its_site_say_of_its_use() {
    let rules =
        b"User-agent: *\nContent-Signal: search=yes, ai-train=no\nContent-Usage: /a train-ai=n\n";
    let reserved =
        b"[{\"location\": \"/a*\", \"tdm-reservation\": 1, \"tdm-policy\": \"https://w.test/p\"}]";
    let site = Site::start(
        "127.0.0.1",
        [
            ("/robots.txt", answer(200, &[], rules)),
            ("/.well-known/tdmrep.json", answer(200, &[], reserved)),
            (
                "/a?b",
                answer(
                    200,
                    &["TDM-Reservation: 0", "X-Robots-Tag: otherbot: noai, copytaster: noarchive"],
                    b"copy",
                ),
            ),
            ("/c", to(302, "/a?b")),
            ("/d", answer(200, &["X-Robots-Tag: NOAI"], b"copy")),
        ],
    )
    .await;
    let visitor = Visitor::new(|_| ());
    let of = async |path: &str| {
        words(&visitor.fetcher.get(&ask(&site.url(path))).await.unwrap().signals)
    };
    let all = [
        "header tdm-reservation=0",
        "header noarchive=",
        "robots content-signal=search=yes, ai-train=no",
        "robots content-usage=train-ai=n",
        "tdmrep tdm-reservation=1",
        "tdmrep tdm-policy=https://w.test/p",
    ];
    assert_eq!(of("/a?b").await, all);
    assert_eq!(of("/c").await, all, "of the page that answers, not of the one that was asked for");
    assert_eq!(of("/d").await, ["header noai=", "robots content-signal=search=yes, ai-train=no"]);
    assert_eq!(count(&site, "/.well-known/tdmrep.json"), 1);
}

#[tokio::test]
async fn a_file_on_rights_that_is_closed_missing_broken_or_slow_says_nothing() {
    let head = b"HTTP/1.1 200 X\r\n\r\n[".to_vec();
    let drips = || Act::Endless(head.clone(), b" ".to_vec(), Duration::from_millis(20));
    for (rules, file, asked) in [
        (&b"User-agent: *\nDisallow: /.well-known/\n"[..], answer(200, &[], b"[]"), 0),
        (b"", answer(404, &[], b""), 1),
        (b"", answer(500, &[], b""), 1),
        (b"", answer(200, &[], b"<html>no such page</html>"), 1),
        (b"", drips(), 1),
    ] {
        let script = [
            ("/robots.txt", answer(200, &[], rules)),
            ("/.well-known/tdmrep.json", file),
            ("/a", answer(200, &[], b"copy")),
        ];
        let site = Site::start("127.0.0.1", script).await;
        let visitor = Visitor::new(|params| params.deadline = DEADLINE);
        for _ in 0..2 {
            let got = visitor.fetcher.get(&ask(&site.url("/a"))).await.unwrap();
            assert!(got.signals.is_empty());
        }
        assert_eq!(count(&site, "/.well-known/tdmrep.json"), asked);
    }
}
