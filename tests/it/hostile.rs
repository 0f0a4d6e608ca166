//! Servers that mean harm: each is told of in words, takes a bounded amount, holds up nobody, leaves nothing half-read behind and
//! is a source again as soon as it behaves. On loopback only.

use std::time::Duration;

use copytaster::api::SourceStatus;
use copytaster::config::{Crawl, SourceKind};
use copytaster::daemon::Running;
use serde_json::Value;

use crate::desk::{Desk, MINUTE, PATIENCE, until};
use crate::http;
use crate::soak::Draw;

mod cases;
mod day;
mod names;
mod site;
mod traps;

use cases::Case;
use site::{Act, Misdeed, Mood, Site, answer};

/// What one connection may bring us: the largest body (8 MiB) and headers, and what the system of whatever machine keeps in the
/// buffers of both ends. Endless answers are four times as long.
const TAKEN_BYTES_MAX: usize = 64 << 20;

/// What a source's state says of its fault fits a few lines, whatever a server wrote.
const DETAIL_BYTES_MAX: usize = 512;

/// A desk whose sources are named after their place in `sites`.
fn desk(sites: &[Site], crawl: Crawl) -> Desk {
    let source = |(number, site): (usize, &Site)| {
        crate::daemon::source(&format!("s{number}"), SourceKind::Outlet, site.at)
    };
    Desk::new(sites.iter().enumerate().map(source).collect(), crawl)
}

/// Address and reason of what was lost, once nobody writes.
fn lost(desk: &Desk) -> Vec<(String, String)> {
    desk.lost().into_iter().map(|lost| (lost.url, lost.reason)).collect()
}

/// All articles, as the API lists them.
async fn articles(running: &Running) -> Vec<Value> {
    let address = running.address;
    let look = move || http::items(address, "/api/v1/clusters?expand=members");
    let clusters = tokio::task::spawn_blocking(look).await.unwrap();
    clusters.iter().flat_map(|cluster| cluster["members"].as_array().unwrap().clone()).collect()
}

fn of(articles: &[Value], number: usize) -> usize {
    articles.iter().filter(|article| article["source"] == format!("s{number}")).count()
}

fn all_are(sites: &[Site], mood: Mood) {
    for site in sites {
        site.be(mood);
    }
}

const GOOD: Misdeed = |body| Act::Say(answer("", body));

/// Each of `cases` does its worst at its feed, then at its page, then it is good; the last source always was.
async fn survive(cases: &[Case], crawl: Crawl) {
    let mut sites = Vec::new();
    for case in cases {
        sites.push(Site::start(case.misdeed, Mood::Feed).await);
    }
    sites.push(Site::start(GOOD, Mood::Good).await);
    let neighbour = cases.len();
    let desk = desk(&sites, Crawl { robots: false, ..crawl });
    let running = desk.start().await;

    let told = |number: usize, source: &SourceStatus| match (cases.get(number), &source.error) {
        (Some(case), Some(error)) => {
            let right = error.kind == case.kind && error.detail.contains(case.words);
            assert!(right || error.kind == "deadline", "{}: {error:?}", case.name);
            assert!(
                error.detail.len() <= DETAIL_BYTES_MAX,
                "{}: {}",
                case.name,
                error.detail.len()
            );
            right
        }
        (Some(_), None) => false,
        (None, error) => error.is_none(),
    };
    until(&desk, &running, "a state in words", told).await;
    let polls = sites[neighbour].seen().count("/feed.xml");
    for more in 1..=3 {
        desk.quiet(&running).await;
        desk.advance(11 * MINUTE);
        sites[neighbour].until("its poll", |seen| seen.count("/feed.xml") >= polls + more).await;
    }

    all_are(&sites, Mood::Page);
    let asked = |number: usize, source: &SourceStatus| {
        source.error.is_none() && sites[number].seen().count("/page") > 0
    };
    until(&desk, &running, "a visit of each page", asked).await;
    let found = articles(&running).await;
    assert!((0..neighbour).all(|number| of(&found, number) == 0), "half-read: {found:?}");
    // The neighbour's misdeed is none.
    assert_eq!(of(&found, neighbour), 1, "{found:?}");

    all_are(&sites, Mood::Good);
    for _ in 0..100 {
        desk.advance(15 * MINUTE);
        desk.quiet(&running).await;
        if articles(&running).await.len() == sites.len() {
            break;
        }
    }
    let found = articles(&running).await;
    for number in 0..sites.len() {
        assert_eq!(of(&found, number), 1, "{number}: {found:?}");
    }
    running.stop().await.unwrap();
    let lost = lost(&desk);
    for (case, site) in cases.iter().zip(&sites) {
        let mut said = lost.iter().filter(|(url, _)| url.contains(&site.at.to_string()));
        let right = said.any(|(_, reason)| reason.contains(case.page_words));
        assert!(right, "{}: {:?} in {lost:#?}", case.name, case.page_words);
        assert!(site.seen().taken_most < TAKEN_BYTES_MAX, "{}: {:?}", case.name, site.seen());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_answer_wrongly_are_told_of_bounded_and_taken_back() {
    survive(&cases::quick(), Crawl { deadline: PATIENCE, ..Crawl::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packings_that_are_none_or_bombs_are_told_of_bounded_and_taken_back() {
    survive(&cases::packed(), Crawl { deadline: PATIENCE, ..Crawl::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_of_every_trick_are_told_of_and_taken_back() {
    survive(&cases::redirects(), Crawl { deadline: PATIENCE, ..Crawl::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_take_their_time_are_told_of_and_taken_back() {
    let deadline = Duration::from_secs(1);
    survive(&cases::held(), Crawl { deadline, ..Crawl::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_some_hang_the_others_go_on_at_their_pace() {
    let mut sites = Vec::new();
    for case in cases::held() {
        sites.push(Site::start(case.misdeed, Mood::Feed).await);
    }
    let hanging = sites.len();
    let neighbour = Site::start(GOOD, Mood::Good).await;
    sites.push(neighbour.clone());
    let deadline = Duration::from_mins(10);
    let desk = desk(&sites, Crawl { robots: false, deadline, ..Crawl::default() });
    let running = desk.start().await;
    for site in &sites[..hanging] {
        site.until("an ask", |seen| seen.held == 1).await;
    }
    let id = format!("s{hanging}");
    for polls in 1..=5 {
        neighbour.until("its poll", |seen| seen.count("/feed.xml") >= polls).await;
        let now = desk.now();
        let taken = async {
            while running.status().source(&id).unwrap().next_poll <= Some(now) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, taken).await.expect("its answer is taken in");
        desk.advance(11 * MINUTE);
    }
    // They hang still, each asked once.
    for site in &sites[..hanging] {
        let seen = site.seen();
        assert_eq!((seen.held, seen.all()), (1, 1), "{seen:?}");
    }
    running.stop().await.unwrap();
}
