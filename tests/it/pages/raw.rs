//! The bytes of pages: named with each version, and read once.

use copytaster::daemon::Running;
use copytaster::fetch::raw_hash;

use super::press::{self, Answer, Press};
use super::{desk, heard};
use crate::desk::{Desk, MINUTE};
use crate::http;

/// Lets a quarter of an hour pass and waits until what is due then has ended.
async fn quarter(desk: &Desk, press: &Press, running: &Running) {
    let polls = press.visits("/feed.xml");
    desk.advance(15 * MINUTE);
    press.until_visited("/feed.xml", polls + 1).await;
    desk.quiet(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_named_with_its_version_and_read_again_only_where_its_bytes_are_others() {
    let press = Press::start().await;
    press.lists(&["/a"]);
    let page = press::story(1, 0, "");
    let other = press::story(1, 0, "<meta name=\"nonce\" content=\"7\">");
    let edited = press::story(1, 1, "");
    let answers = [&page, &page, &other, &edited].map(|page| Answer::html(page.as_str()));
    press.says("/a", answers);
    let desk = desk(&press);
    let running = desk.start().await;
    press.until_visited("/a", 1).await;
    desk.quiet(&running).await;
    let counted = |series: &str| {
        let (_, metrics) = http::ask(running.address, "GET /metrics", b"").unwrap();
        metrics.lines().any(|line| line == format!("copytaster_fetches_total{{result={series}"))
    };
    assert!(!counted("\"same\"} 1"));
    quarter(&desk, &press, &running).await;
    assert!(counted("\"same\"} 1"), "the very page of before");
    quarter(&desk, &press, &running).await;
    quarter(&desk, &press, &running).await;
    assert_eq!(press.visits("/a"), 4);
    assert!(counted("\"same\"} 1"), "others");
    let clusters = http::items(running.address, "/api/v1/clusters?expand=members");
    let article = clusters[0]["members"][0]["article"].as_str().unwrap();
    let shown = http::json(running.address, &format!("/api/v1/articles/{article}"));
    assert_eq!(shown["raw_hash"], raw_hash(edited.as_bytes()).to_string());
    assert_eq!(shown["extractor"], copytaster::extract::EXTRACTOR);
    running.stop().await.unwrap();
    let named: Vec<_> = heard(&desk).articles.iter().map(|article| article.raw).collect();
    let first_and_last = [&page, &edited].map(|page| Some(raw_hash(page.as_bytes())));
    assert_eq!(named, first_and_last, "other bytes with the same text are no version");
}
