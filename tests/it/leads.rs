//! Feeds that answer 304, and what becomes of the leads of a poll when the program dies, stops, has its hands full or finds a
//! page broken: every entry ends as an article or as lost, for no feed says a thing twice.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use copytaster::config::{Crawl, Source, SourceKind};
use copytaster::daemon::{self, Which};
use copytaster::journal::Log;
use serde_json::Value;

use crate::crash::{Daemon, verify};
use crate::desk::{Desk, MINUTE};
use crate::patience::reopen;
use crate::{http, wire};

mod hosts;
mod moves;
mod site;

use site::Site;

const HOUR: i64 = 60 * MINUTE;

/// A desk of these sites, named after their place.
fn desk(sites: &[&Site], crawl: Crawl) -> Desk {
    let sources = sites.iter().enumerate().map(|(number, site)| source(number, site)).collect();
    Desk::new(sources, Crawl { robots: false, ..crawl })
}

fn source(number: usize, site: &Site) -> Source {
    crate::daemon::source(&format!("desk{number}"), SourceKind::Outlet, site.address)
}

/// Asks the API until it lists `count` articles.
async fn articles(address: SocketAddr, count: usize) -> Vec<Value> {
    let look = move || {
        let clusters = http::items(address, "/api/v1/clusters?expand=members");
        let members = clusters.iter().flat_map(|c| c["members"].as_array().unwrap().clone());
        Some(members.collect::<Vec<_>>()).filter(|members| members.len() == count)
    };
    tokio::task::spawn_blocking(move || http::until(look)).await.unwrap()
}

/// A configuration of one site, polled each second.
fn file(dir: &Path, site: &Site) -> std::path::PathBuf {
    let path = dir.join("copytaster.toml");
    let text = format!(
        "[crawl]\nper_host_delay = \"0s\"\nmin_interval = \"1s\"\nmax_interval = \"1s\"\n\
         [[source]]\nid = \"desk\"\nallow_addresses = [\"127.0.0.1/32\"]\n\
         [[source.endpoint]]\ntype = \"feed\"\nurl = \"http://{}/feed.xml\"\n",
        site.address
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_feed_said_before_a_sigkill_arrives_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::serve(7, false).await;
    let (data, config) = (dir.path().join("data"), file(dir.path(), &site));
    let start = move || Daemon::start_with(&data, &["--config", config.to_str().unwrap()]);
    let again = start.clone();

    let daemon = tokio::task::spawn_blocking(start).await.unwrap();
    // A second each: whatever the first poll left in sled's buffers is on disk by the fourth.
    site.until("the fourth poll", |seen| seen.polls.len() >= 4 && !seen.asked.is_empty()).await;
    tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
    assert_eq!(site.seen().conditional(), 0, "validators were used before their leads ended");

    site.open();
    let daemon = tokio::task::spawn_blocking(again).await.unwrap();
    site.until("every page", |seen| seen.served.len() == 7).await;
    articles(daemon.address, 7).await;
    site.until("a poll with validators", |seen| seen.conditional() > 0).await;
    tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
    verify(&dir.path().join("data"));
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_amid_the_harvest_cost_no_entry_and_double_none() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::serve(40, true).await;
    let (data, config) = (dir.path().join("data"), file(dir.path(), &site));
    let start = move || Daemon::start_with(&data, &["--config", config.to_str().unwrap()]);
    for pages in [1, 6, 7, 23, 39] {
        let daemon = tokio::task::spawn_blocking(start.clone()).await.unwrap();
        site.until("some pages", |seen| seen.served.len() >= pages).await;
        tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
    }
    let daemon = tokio::task::spawn_blocking(start).await.unwrap();
    site.until("every page", |seen| seen.served.len() == 40).await;
    articles(daemon.address, 40).await;
    let clusters = move || http::items(daemon.address, "/api/v1/clusters?sort=first_seen");
    let clusters = tokio::task::spawn_blocking(clusters).await.unwrap();
    let versions = clusters.iter().map(|c| c["counts"]["versions"].as_u64().unwrap());
    assert_eq!(versions.sum::<u64>(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_host_when_the_daemon_stops_arrives_at_the_next_start() {
    let site = Site::serve(7, false).await;
    let desk = desk(&[&site], Crawl::default());
    let running = desk.start().await;
    site.until("a visit", |seen| !seen.asked.is_empty()).await;
    let mut stop = Box::pin(running.stop());
    tokio::select! {
        biased;
        _ = &mut stop => panic!("it stopped before its page was in"),
        () = async { site.open() } => {}
    }
    stop.await.unwrap();
    assert!(site.seen().served.len() < 7, "nothing was left waiting: the test shows nothing");

    desk.advance(MINUTE);
    let running = desk.start().await;
    articles(running.address, 7).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_leads_than_may_be_under_way_wait_in_their_feed() {
    let site = Site::serve(10, true).await;
    let desk = desk(&[&site], Crawl { leads_max: 3, ..Crawl::default() });
    let running = desk.start().await;
    for poll in 1..=20 {
        site.until("a poll", |seen| seen.polls.len() >= poll).await;
        desk.quiet(&running).await;
        if site.seen().served.len() == 10 {
            break;
        }
        desk.advance(11 * MINUTE);
    }
    articles(running.address, 10).await;
    // One more poll finds nothing left; the one after it may be answered with 304.
    let polls = site.seen().polls.len();
    for more in 1..=3 {
        desk.advance(11 * MINUTE);
        site.until("a poll", |seen| seen.polls.len() >= polls + more).await;
        desk.quiet(&running).await;
    }
    let seen = site.seen();
    assert!(seen.conditional() > 0, "validators are never used: {:?}", seen.polls);
    for (conditional, served) in seen.polls {
        assert!(!conditional || served == 10, "asked with validators after {served} of 10 pages");
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_keeps_failing_is_lost_after_its_tries_and_holds_nothing_back() {
    let site = Site::serve(3, true).await;
    site.fail(&["1"]);
    let desk = desk(&[&site], Crawl::default());
    let mut running = desk.start().await;
    site.until("the visit", |seen| seen.asked.contains_key("1")).await;
    desk.quiet(&running).await;
    desk.advance(11 * MINUTE);
    site.until("a poll with validators", |seen| seen.conditional() > 0).await;

    for (pause, tries) in [(15 * MINUTE, 2), (HOUR, 3), (3 * HOUR, 4), (12 * HOUR, 5)] {
        // The plan outlives the process, and the reason is not written down once more.
        running.stop().await.unwrap();
        running = desk.start().await;
        desk.advance(pause);
        site.until("another try", |seen| seen.asked["1"] == tries).await;
        desk.quiet(&running).await;
    }
    for _ in 0..3 {
        let polls = site.seen().polls.len();
        desk.advance(24 * HOUR);
        site.until("a poll", |seen| seen.polls.len() > polls).await;
        desk.quiet(&running).await;
    }
    running.stop().await.unwrap();
    assert_eq!(site.seen().asked["1"], 5, "it is left alone after its tries");
    let lost = desk.lost();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(lost[0].url.ends_with("/page/1") && lost[0].reason.contains("500"), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_answers_at_last_is_an_article_though_its_feed_says_304() {
    let site = Site::serve(2, true).await;
    site.fail(&["1"]);
    let desk = desk(&[&site], Crawl::default());
    let running = desk.start().await;
    articles(running.address, 1).await;
    desk.quiet(&running).await;
    desk.advance(11 * MINUTE);
    site.until("a poll with validators", |seen| seen.conditional() > 0).await;
    running.stop().await.unwrap();
    site.fail(&[]);

    let running = desk.start().await;
    desk.advance(4 * MINUTE);
    let found = articles(running.address, 2).await;
    let late = found.iter().find(|m| m["url"].as_str().unwrap().ends_with("/page/1")).unwrap();
    assert_eq!(late["published"], "2026-02-28T18:00:00Z", "what its feed said of it is kept");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_asks_only_those_who_are_due() {
    let (quick, slow) = (Site::serve(2, true).await, Site::serve(2, true).await);
    let mut desk = desk(&[&slow, &quick], Crawl::default());
    desk.config.sources[0].endpoints[0].min_interval = Duration::from_mins(10);
    desk.config.sources[1].endpoints[0].max_interval = Duration::from_mins(1);
    let running = desk.start().await;
    articles(running.address, 4).await;
    desk.quiet(&running).await;
    for polls in 2..=3 {
        desk.advance(2 * MINUTE);
        quick.until("the next poll", |seen| seen.polls.len() >= polls).await;
        desk.quiet(&running).await;
    }
    running.stop().await.unwrap();
    let running = desk.start().await;
    // The poller looks at its endpoints in their order: when the second is asked, the first was passed by.
    desk.advance(2 * MINUTE);
    quick.until("a poll after the start", |seen| seen.polls.len() >= 4).await;
    assert_eq!(slow.seen().polls.len(), 1, "it was not due");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_erased_is_passed_over_once_and_leaves_no_address() {
    let site = Site::serve(3, true).await;
    let desk = desk(&[&site], Crawl::default());
    let running = desk.start().await;
    desk.quiet(&running).await;
    articles(running.address, 3).await;
    running.stop().await.unwrap();
    let data = desk.data();
    let erased = tokio::task::spawn_blocking(move || {
        let (log, _) = reopen(|| Log::open_to_erase(&data));
        let which = Which::Source("desk0".into());
        daemon::erase(log, &data, &which, 16 << 20, wire::minute(1), &mut |_| {})
    });
    assert_eq!(erased.await.unwrap().unwrap().articles, 3);
    for _again in 0..2 {
        desk.advance(24 * HOUR);
        let mut running = desk.start().await;
        running.ready().await.unwrap();
        desk.quiet(&running).await;
        let shown = articles(running.address, 3).await;
        assert!(shown.iter().all(|article| article["title"] == "" && article["url"].is_null()));
        running.stop().await.unwrap();
        let lost = desk.lost();
        assert_eq!(lost.len(), 3, "each once: {lost:?}");
        assert!(lost.iter().all(|lost| lost.url.is_empty() && lost.reason == "erased by order"));
    }
    assert!(site.seen().asked.values().all(|&times| times > 1), "they were looked at again");
}
