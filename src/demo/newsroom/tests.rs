//! The sites over loopback: what stands when, validators, compression, failures.

mod day;

use std::io::Read as _;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::demo::http::{self, get};
use crate::demo::script::{MONDAY, Moment, wire_day};

/// A newsroom whose clock the test turns.
struct Open {
    newsroom: Newsroom,
    now: Arc<AtomicI64>,
}

impl Open {
    async fn at(moment: &str) -> Self {
        let now = Arc::new(AtomicI64::new(0));
        let hand = Arc::clone(&now);
        let clock =
            Clock::new(move || Timestamp::from_millis(hand.load(Ordering::Relaxed)), 1_000_000);
        let script = Arc::new(wire_day().unwrap());
        let open = Self { newsroom: serve(script, clock, MONDAY, &[]).await.unwrap(), now };
        open.turn_to(moment);
        open
    }

    fn turn_to(&self, moment: &str) {
        let at = Moment::parse(moment).unwrap().on(MONDAY);
        self.now.store(at.millis(), Ordering::Relaxed);
    }

    async fn get(&self, site: &str, path: &str, headers: &[(&str, &str)]) -> http::Answer {
        get(self.newsroom.site(site).unwrap().address, path, headers).await.unwrap()
    }

    async fn page(&self, item: &str) -> http::Answer {
        let url = self.newsroom.url(item).unwrap();
        let site = &self.newsroom.script.item(item).unwrap().site;
        let path = url.strip_prefix(&self.newsroom.site(site).unwrap().base_url).unwrap();
        self.get(site, path, &[]).await
    }
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_page_stands_there_from_its_time_on_and_changes_at_its_time() {
    let open = Open::at("Tue 07:00").await;
    assert_eq!(open.page("toll-bridge-struck").await.status, 404);
    open.turn_to("Tue 07:06");
    let first = open.page("toll-bridge-struck").await;
    assert_eq!(first.status, 200);
    assert!(first.text().contains("Divers wait for slack water"));
    open.turn_to("Tue 08:56");
    let second = open.page("toll-bridge-struck").await;
    assert!(second.text().contains("Nils Averdane") && !first.text().contains("Nils Averdane"));
    assert_ne!(first.header("etag"), second.header("etag"));
    open.newsroom.stop().await;
}

#[tokio::test]
async fn feeds_and_pages_answer_304_to_their_tag_and_date_until_they_change() {
    let open = Open::at("Tue 06:00").await;
    for (site, path) in [
        ("tpb", "/rss.xml"),
        ("corvelle", "/feed.atom"),
        ("tidewharf", "/feed.json"),
        ("kessmar", "/news-sitemap.xml"),
        ("tpb", "/"),
    ] {
        let whole = open.get(site, path, &[]).await;
        assert_eq!(whole.status, 200, "{site}{path}");
        let tag = whole.header("etag").unwrap();
        let date = whole.header("last-modified").unwrap();
        assert_eq!(open.get(site, path, &[("If-None-Match", tag)]).await.status, 304);
        assert_eq!(open.get(site, path, &[("If-Modified-Since", date)]).await.status, 304);
        let other = [("If-None-Match", "\"x\""), ("If-Modified-Since", date)];
        assert_eq!(open.get(site, path, &other).await.status, 200);
        assert!(whole.header("cache-control").unwrap().contains("max-age="));
    }
    let before = open.get("tpb", "/rss.xml", &[]).await;
    open.turn_to("Tue 06:41");
    let tag = [("If-None-Match", before.header("etag").unwrap())];
    assert_eq!(open.get("tpb", "/rss.xml", &tag).await.status, 200);
}

#[tokio::test]
async fn the_tag_of_a_page_does_not_move_with_the_links_beside_it() {
    let open = Open::at("Mon 11:00").await;
    let before = open.page("library-reopens").await;
    open.turn_to("Tue 12:00");
    let after = open.page("library-reopens").await;
    assert_ne!(before.body, after.body);
    assert_eq!(before.header("etag"), after.header("etag"));
}

#[tokio::test]
async fn gzip_is_answered_where_it_is_asked_for_and_known() {
    let open = Open::at("Tue 06:20").await;
    let ask = [("Accept-Encoding", "gzip")];
    let packed = open.get("tpb", "/rss.xml", &ask).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(gunzip(&packed.body), open.get("tpb", "/rss.xml", &[]).await.text());
    let bare = open.get("packet", "/feed.atom", &ask).await;
    assert_eq!((bare.status, bare.header("content-encoding")), (200, None));
}

#[tokio::test]
async fn every_feed_is_read_by_a_strict_reader_and_lists_what_stands_there() {
    let open = Open::at("Tue 17:29").await;
    for site in &open.newsroom.sites {
        let answer = get(site.address, site.feed_type.path(), &[]).await.unwrap();
        assert_eq!(answer.status, 200, "{}", site.id);
        let links: Vec<String> = if site.feed_type == FeedType::NewsSitemap {
            let text = answer.text();
            let locs = text.split("<loc>").skip(1);
            locs.map(|rest| rest.split("</loc>").next().unwrap().to_owned()).collect()
        } else {
            let feed = feed_rs::parser::parse(answer.body.as_slice()).unwrap();
            feed.entries.into_iter().map(|entry| entry.links[0].href.clone()).collect()
        };
        let listed: Vec<&str> =
            links.iter().map(|link| open.newsroom.item_at(link).unwrap()).collect();
        let items = open.newsroom.script.items.iter().filter(|item| item.site == site.id);
        let standing = items
            .filter(|item| !matches!(item.id.as_str(), "tarnov-resigns" | "energy-minister-quits"));
        let mut standing: Vec<&str> = standing.map(|item| item.id.as_str()).collect();
        standing.reverse();
        assert_eq!(listed, standing, "{}", site.id);
    }
}

#[tokio::test]
async fn killed_copy_is_gone_where_it_was_taken_down_and_stays_where_it_was_not() {
    let open = Open::at("Mon 16:00").await;
    assert_eq!(open.page("tarnov-resigns").await.status, 200);
    open.turn_to("Mon 17:00");
    for (item, status) in [
        ("tarnov-resigns", 410),
        ("energy-minister-quits", 410),
        ("velmora-minister-steps-down", 200),
        ("packet-tarnov", 200),
    ] {
        assert_eq!(open.page(item).await.status, status, "{item}");
    }
}

#[tokio::test]
async fn a_page_not_found_comes_as_200_and_good_pages_carry_the_same_words() {
    let open = Open::at("Tue 12:00").await;
    let lost = open.page("lost-harvest-supper").await;
    assert_eq!(lost.status, 200);
    assert!(lost.text().contains("<h1>Page not found</h1>"));
    assert!(open.page("school-board-recess").await.text().contains("Page not found"));
    assert_eq!(open.get("lantern", "/no/such/page", &[]).await.status, 404);
}

#[tokio::test]
async fn robots_txt_forbids_a_section_of_one_outlet() {
    let open = Open::at("Tue 12:00").await;
    let robots = open.get("tidewharf", "/robots.txt", &[]).await;
    assert_eq!((robots.status, robots.text().contains("Disallow: /members/\n")), (200, true));
    assert!(open.newsroom.url("tide-tables-2026").unwrap().contains("/members/"));
    assert!(open.get("lantern", "/robots.txt", &[]).await.text().contains("Disallow:\n"));
}

#[tokio::test]
async fn one_host_asks_for_patience_and_one_just_fails_at_their_times() {
    let open = Open::at("Mon 11:11").await; // 671 minutes: one into the eleventh round of 67
    let busy = open.get("packet", "/feed.atom", &[]).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("120")));
    assert_eq!(open.get("packet", "/robots.txt", &[]).await.status, 200);
    open.turn_to("Mon 11:16");
    assert_eq!(open.get("packet", "/feed.atom", &[]).await.status, 200);
    open.turn_to("Mon 11:47"); // 707 minutes: the start of the eighth round of 101
    let broken = open.get("tidewharf", "/feed.json", &[]).await;
    assert_eq!((broken.status, broken.header("retry-after")), (500, None));
}

#[tokio::test]
async fn one_outlet_sends_latin_bytes_and_dates_are_those_of_the_newsroom() {
    let open = Open::at("Tue 09:10").await;
    let page = open.page("musee-horloges").await;
    assert!(String::from_utf8(page.body.clone()).is_err());
    assert!(page.header("content-type").unwrap().contains("8859-1"));
    assert!(encoding_rs::WINDOWS_1252.decode(&page.body).0.contains("Célestin Vaubrun"));
    assert_eq!(page.header("date"), Some("Tue, 17 Mar 2026 09:10:00 GMT"));
}

#[tokio::test]
async fn every_address_names_its_item_with_and_without_campaign_parameters() {
    let open = Open::at("Mon 10:00").await;
    for item in &open.newsroom.script.items {
        let url = open.newsroom.url(&item.id).unwrap();
        assert_eq!(open.newsroom.item_at(&url), Some(item.id.as_str()));
        assert_eq!(open.newsroom.item_at(&format!("{url}?utm_source=rss#top")), Some(&*item.id));
    }
    assert_eq!(open.newsroom.item_at("http://127.0.0.1:1/wire/1000"), None);
}

#[tokio::test]
async fn a_second_newsroom_takes_the_ports_of_the_first_and_says_which_are_busy() {
    let first = Open::at("Mon 10:00").await;
    let ports = first.newsroom.ports();
    let script = Arc::clone(&first.newsroom.script);
    let clock = Clock::new(|| MONDAY, 1);
    let busy = serve(Arc::clone(&script), clock.clone(), MONDAY, &ports).await.unwrap_err();
    assert_eq!(busy.to_string(), format!("tpb cannot listen on 127.0.0.1:{}", ports[0]));
    first.newsroom.stop().await;
    let second = serve(script, clock, MONDAY, &ports).await.unwrap();
    assert_eq!(second.ports(), ports);
    second.stop().await;
}
