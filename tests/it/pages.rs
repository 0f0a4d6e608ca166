//! What becomes of the pages that entries lead to: an article, or nothing, and why in words.

mod apart;
mod by_hand;
mod login;
mod press;
mod raw;
mod template;
mod warc;

use copytaster::config::{Crawl, SourceKind};
use copytaster::journal::{Reader, Record};
use copytaster::model::{Article, Seq};

use crate::desk::{Desk, MINUTE};
use crate::wire;
use press::{Answer, Press};

/// What a journal says of pages.
#[derive(Debug, Default)]
struct Told {
    articles: Vec<Article>,
    /// Path and reason.
    lost: Vec<(String, String)>,
}

impl Told {
    /// Why the page at this path is no article.
    fn lost(&self, path: &str) -> &str {
        let found = self.lost.iter().find(|(lost, _)| lost == path);
        &found.unwrap_or_else(|| panic!("{path} is not lost: {self:?}")).1
    }
}

fn desk(press: &Press) -> Desk {
    let sources = vec![crate::daemon::source("press", SourceKind::Outlet, press.address)];
    Desk::new(sources, Crawl { robots: false, ..Crawl::default() })
}

/// Starts, waits until the first poll and its pages are through, stops, and reads the journal.
async fn round(desk: &Desk, press: &Press) -> Told {
    let running = desk.start().await;
    press.until_visited("/feed.xml", 1).await;
    desk.quiet(&running).await;
    running.stop().await.unwrap();
    heard(desk)
}

fn heard(desk: &Desk) -> Told {
    let reader = Reader::open(&desk.data()).unwrap();
    let mut told = Told::default();
    for entry in reader.entries(Seq(1)) {
        match entry.unwrap().1.record {
            Record::Version(version) => told.articles.push(version.article),
            Record::Lost(lost) => {
                let url = url::Url::parse(&lost.url).unwrap();
                told.lost.push((url.path().to_owned(), lost.reason));
            }
            _ => {}
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_redirects_to_the_front_page_is_no_article() {
    let press = Press::start().await;
    press.lists(&["/world/harbour", "/world/crane", "/world/moved", "/?p=7"]);
    press.says("/world/harbour", [Answer::to("/")]);
    press.says("/world/crane", [Answer::to("/en/index.html?utm_source=404")]);
    press.says("/world/moved", [Answer::to("/world/2026/moved")]);
    press.says("/", [Answer::story(1, 0)]);
    press.says("/en/index.html?utm_source=404", [Answer::story(2, 0)]);
    press.says("/world/2026/moved", [Answer::story(3, 0)]);
    press.says("/?p=7", [Answer::story(4, 0)]);
    let told = round(&desk(&press), &press).await;
    for path in ["/world/harbour", "/world/crane"] {
        assert!(told.lost(path).contains("front page"), "{told:?}");
    }
    let mut urls: Vec<_> = told.articles.iter().filter_map(|a| a.url.as_deref()).collect();
    urls.sort_unstable();
    assert_eq!(urls, [press.url("/?p=7"), press.url("/world/2026/moved")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_no_article_and_is_named() {
    let press = Press::start().await;
    let prose = wire::version(1, 0);
    let pdf = [b"%PDF-1.7\n<html><body><p>".to_vec(), prose.into_bytes()].concat();
    let cases = [
        ("/a.pdf", Answer::new("application/pdf", pdf.clone()), "a PDF"),
        ("/b", Answer::html(pdf), "a PDF"),
        ("/c", Answer::new("image/jpeg", b"\xFF\xD8\xFF\xE0".to_vec()), "a picture"),
        ("/d", Answer::new("application/json", press::story(2, 0, "")), "JSON"),
        ("/e", Answer::new("text/plain", press::story(3, 0, "")), ""),
    ];
    press.lists(&cases.each_ref().map(|(path, ..)| *path));
    for (path, answer, _) in &cases {
        press.says(path, [answer.clone()]);
    }
    let told = round(&desk(&press), &press).await;
    for (path, _, named) in cases.iter().filter(|(.., named)| !named.is_empty()) {
        assert!(told.lost(path).contains(named), "{told:?}");
    }
    let urls: Vec<_> = told.articles.iter().filter_map(|a| a.url.clone()).collect();
    assert_eq!(urls, [press.url("/e")], "html that is called text is a page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_wall_is_no_article_and_the_story_comes_when_it_has_gone() {
    let press = Press::start().await;
    press.lists(&["/world/harbour"]);
    let wall = include_str!("../fixtures/walls/consent_de_pur.html");
    press.says("/world/harbour", [Answer::html(wall), Answer::story(1, 0)]);
    let desk = desk(&press);
    let told = round(&desk, &press).await;
    assert!(told.lost("/world/harbour").contains("a consent wall stands in place"), "{told:?}");
    assert!(told.articles.is_empty(), "{told:?}");
    desk.advance(15 * MINUTE);
    let running = desk.start().await;
    press.until_visited("/world/harbour", 2).await;
    desk.quiet(&running).await;
    running.stop().await.unwrap();
    assert_eq!(heard(&desk).articles.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_goes_back_and_forth_is_looked_at_less_often() {
    let press = Press::start().await;
    press.lists(&["/world/harbour"]);
    let both = |visit: usize| Answer::story(1, (visit % 2) as u8);
    press.says("/world/harbour", (0..20).map(both));
    let desk = desk(&press);
    let mut running = desk.start().await;
    press.until_visited("/world/harbour", 1).await;
    desk.quiet(&running).await;
    // Each look of the poller that asks the feed has begun the visits that were due before.
    for step in 1..=16 {
        if step == 5 {
            // What was learned outlives the process.
            running.stop().await.unwrap();
            running = desk.start().await;
        }
        let polls = press.visits("/feed.xml");
        desk.advance(15 * MINUTE);
        press.until_visited("/feed.xml", polls + 1).await;
        desk.quiet(&running).await;
    }
    running.stop().await.unwrap();
    // After 0, 15, 30, 45, 75 and 135 minutes; a page that stays as it is has 14 visits by then.
    assert_eq!(press.visits("/world/harbour"), 6);
    assert_eq!(heard(&desk).articles.len(), 2, "each text once");
}
