//! Discovery, end to end: what an endpoint leads to is found once, in order, and within bounds.

use std::time::Duration;

use copytaster::config::EndpointKind;

use crate::wire;

mod command;
mod site;
mod spool;

use crate::desk::MINUTE;
use site::{Desk, Site, articles};

fn rss(items: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>Desk</title>{items}</channel></rss>")
}

/// An item without a link.
fn bare(guid: &str, title: &str, number: u64) -> String {
    format!(
        "<item><title>{title}</title><guid isPermaLink=\"false\">{guid}</guid><description>{}</description></item>",
        wire::version(number, 0)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn guids_that_are_new_at_each_poll_store_nothing_again() {
    let site = Site::serve().await;
    let poll = |n: u64| {
        let item = |number: u64| bare(&format!("{n}-{number}"), &format!("Item {number}"), number);
        site.put("/feed.xml", &rss(&(0..3).map(item).collect::<String>()));
    };
    let desk = Desk::new(vec![site.source(EndpointKind::Feed, "/feed.xml")]);
    poll(0);
    let mut running = desk.start().await;
    articles(&running, 3).await;
    for n in 1..=5 {
        poll(n);
        site.asked();
        desk.advance(&running, 11 * MINUTE).await;
        assert_eq!(site.paths(), ["/feed.xml"]);
        if n == 3 {
            running.stop().await.unwrap();
            running = desk.start().await;
        }
    }
    articles(&running, 3).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guid_that_is_given_out_again_makes_no_version_and_another_text_makes_one() {
    let site = Site::serve().await;
    let desk = Desk::new(vec![site.source(EndpointKind::Feed, "/feed.xml")]);
    site.put("/feed.xml", &rss(&bare("1", "Dam at Velm holds", 1)));
    let running = desk.start().await;
    articles(&running, 1).await;
    site.put("/feed.xml", &rss(&bare("1", "Grain prices fall again", 2)));
    desk.advance(&running, 11 * MINUTE).await;
    articles(&running, 2).await;
    site.put(
        "/feed.xml",
        &rss(&bare("1", "UPDATE 1-Dam at Velm holds", 1).replace("</desc", " It held.</desc")),
    );
    desk.advance(&running, 11 * MINUTE).await;
    let found = articles(&running, 2).await;
    assert!(found.iter().any(|(_, title)| title.starts_with("UPDATE 1")), "{found:?}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_two_entries_tell_of_is_read_once_and_again_when_a_third_one_does() {
    let site = Site::serve().await;
    let item = |n: u64| {
        format!(
            "<item><title>Ticker {n}</title><link>SITE/live?utm_source={n}</link><guid>t{n}</guid>\
             <pubDate>Sat, 28 Feb 2026 0{n}:00:00 GMT</pubDate></item>"
        )
    };
    site.story("/live?utm_source=1", 1);
    site.story("/live?utm_source=2", 1);
    site.put("/feed.xml", &rss(&item(1)));
    let mut source = site.source(EndpointKind::Feed, "/feed.xml");
    source.endpoints[0].max_interval = Duration::from_mins(1);
    let desk = Desk::new(vec![source]);
    let running = desk.start().await;
    articles(&running, 1).await;
    site.asked();
    // The same page by another way. All of this is over before the page is due for a look of its own.
    site.put("/feed.xml", &rss(&item(2)));
    desk.advance(&running, 2 * MINUTE).await;
    assert_eq!(site.paths(), ["/feed.xml"]);
    let both = rss(&item(2).replace("=2<", "=1<")).replace("</channel>", &(item(1) + "</channel>"));
    site.put("/feed.xml", &both);
    desk.advance(&running, 2 * MINUTE).await;
    assert!(site.paths().iter().any(|path| path.starts_with("/live")), "it has changed");
    articles(&running, 1).await;
    running.stop().await.unwrap();
}

fn urls(paths: &[&str]) -> String {
    let row = |path: &&str| format!("<url><loc>SITE{path}</loc></url>");
    format!("<urlset>{}</urlset>", paths.iter().map(row).collect::<String>())
}

fn index(sitemaps: &[(&str, &str)]) -> String {
    let row = |(path, lastmod): &(&str, &str)| {
        let lastmod = if lastmod.is_empty() {
            String::new()
        } else {
            format!("<lastmod>{lastmod}</lastmod>")
        };
        format!("<sitemap><loc>SITE{path}</loc>{lastmod}</sitemap>")
    };
    format!("<sitemapindex>{}</sitemapindex>", sitemaps.iter().map(row).collect::<String>())
}

fn maps(asked: &[(String, bool)]) -> Vec<(&str, bool)> {
    let maps = asked.iter().filter(|(path, _)| path.contains(".xml"));
    maps.map(|(path, conditional)| (path.as_str(), *conditional)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sitemaps_of_an_index_are_asked_newest_first_and_again_when_they_change() {
    let site = Site::serve().await;
    for (path, number) in [("/a", 1), ("/b", 2), ("/c", 3), ("/old", 4), ("/d", 5)] {
        site.story(path, number);
    }
    site.put("/one.xml", &urls(&["/a"]));
    site.put("/two.xml", &urls(&["/b", "/c"]));
    site.put("/archive.xml", &urls(&["/old"]));
    let (archive, one) = (("/archive.xml", "2019-01-01"), ("/one.xml", "2026-02-26T10:00:00Z"));
    site.put("/map.xml", &index(&[archive, one, ("/two.xml", "2026-02-28T23:00:00Z")]));
    let desk = Desk::new(vec![site.source(EndpointKind::Sitemap, "/map.xml")]);
    let running = desk.start().await;
    articles(&running, 3).await;
    let asked = site.asked();
    assert_eq!(maps(&asked), [("/map.xml", false), ("/two.xml", false), ("/one.xml", false)]);

    // One says that it has not changed for days: it is left alone until it has.
    desk.advance(&running, 11 * MINUTE).await;
    let asked = site.asked();
    let mut again = maps(&asked);
    again.sort_unstable();
    assert_eq!(again, [("/map.xml", true), ("/two.xml", true)]);
    site.put("/one.xml", &urls(&["/a", "/d"]));
    let one = ("/one.xml", "2026-03-01T00:20:00Z");
    site.put("/map.xml", &index(&[archive, one, ("/two.xml", "2026-02-28T23:00:00Z")]));
    desk.advance(&running, 11 * MINUTE).await;
    assert!(maps(&site.asked()).contains(&("/one.xml", true)));
    articles(&running, 4).await;

    // A start knows the state of each, and asks the index in full.
    running.stop().await.unwrap();
    let running = desk.start().await;
    desk.advance(&running, 11 * MINUTE).await;
    let asked = site.asked();
    let asked = maps(&asked);
    assert_eq!(asked.iter().filter(|(path, _)| *path == "/map.xml").count(), 1, "{asked:?}");
    assert!(
        asked.contains(&("/map.xml", false)) && asked.contains(&("/two.xml", true)),
        "{asked:?}"
    );
    articles(&running, 4).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_turns_into_a_plain_sitemap_and_back_drops_its_sitemaps_and_takes_them_up_again()
 {
    let site = Site::serve().await;
    for (path, number) in [("/a", 1), ("/b", 2), ("/c", 3)] {
        site.story(path, number);
    }
    site.put("/one.xml", &urls(&["/a"]));
    site.put("/map.xml", &index(&[("/one.xml", "")]));
    let desk = Desk::new(vec![site.source(EndpointKind::Sitemap, "/map.xml")]);
    let running = desk.start().await;
    articles(&running, 1).await;
    site.asked();

    site.put("/map.xml", &urls(&["/b"]));
    desk.advance(&running, 11 * MINUTE).await;
    articles(&running, 2).await;
    site.asked();
    for _ in 0..3 {
        desk.advance(&running, 11 * MINUTE).await;
    }
    let asked = site.asked();
    // It is asked with the validators of its own now, and nobody asks what it no longer names.
    let alone = maps(&asked).iter().all(|asked| *asked == ("/map.xml", true));
    assert!(alone && !maps(&asked).is_empty(), "{asked:?}");

    site.put("/one.xml", &urls(&["/a", "/c"]));
    site.put("/map.xml", &index(&[("/one.xml", "")]));
    desk.advance(&running, 11 * MINUTE).await;
    articles(&running, 3).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_without_end_is_asked_within_bounds() {
    let site = Site::serve().await;
    let endless = |from: usize| {
        let names: Vec<String> = (from..from + 500).map(|n| format!("/map{n}.xml")).collect();
        let rows: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        // Each of them is the index itself: a circle of indexes.
        for name in &names {
            site.put(name, &index(&rows));
        }
        site.put("/map.xml", &index(&rows));
    };
    let desk = Desk::new(vec![site.source(EndpointKind::Sitemap, "/map.xml")]);
    for poll in 0..4 {
        endless(poll * 500);
        if poll == 0 {
            let running = desk.start().await;
            let endpoints = running.status().sources()[0].endpoints.len();
            assert!(site.asked().len() <= 1 + 16 + 256 + 16 && endpoints <= 273, "{endpoints}");
            running.stop().await.unwrap();
        }
    }
    let running = desk.start().await;
    desk.advance(&running, 200 * MINUTE).await;
    endless(9_000);
    desk.advance(&running, 200 * MINUTE).await;
    let endpoints = running.status().sources()[0].endpoints.len();
    assert!(site.asked().len() <= 900 && endpoints <= 273, "{endpoints}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sitemaps_that_a_robots_txt_names_are_read_where_it_is_the_endpoint() {
    let site = Site::serve().await;
    site.story("/a", 1);
    site.put("/news.xml", &urls(&["/a"]));
    site.put(
        "/robots.txt",
        "User-agent: *\nDisallow: /x\n\nSitemap: SITE/news.xml\nsitemap: SITE/video.xml\n",
    );
    let desk = Desk::new(vec![site.source(EndpointKind::Sitemap, "/robots.txt")]);
    let running = desk.start().await;
    articles(&running, 1).await;
    assert_eq!(site.paths(), ["/robots.txt", "/.well-known/tdmrep.json", "/news.xml", "/a"]);
    running.stop().await.unwrap();
}

/// An Atom page of these entries, and where the next one is.
fn atom(paths: &[&str], next: &str) -> String {
    let entry = |path: &&str| {
        format!("<entry><title>E {path}</title><id>{path}</id><link href=\"SITE{path}\"/></entry>")
    };
    let entries: String = paths.iter().map(entry).collect();
    let link = if next.is_empty() {
        String::new()
    } else {
        format!("<link rel=\"next\" href=\"{next}\"/>")
    };
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>F</title>{link}{entries}</feed>")
}

#[tokio::test(flavor = "multi_thread")]
async fn older_pages_of_a_feed_are_read_until_one_is_known() {
    let site = Site::serve().await;
    for (n, path) in ["/1", "/2", "/3", "/4", "/5", "/6"].iter().enumerate() {
        site.story(path, n as u64);
    }
    site.put("/feed", &atom(&["/4"], "/feed?page=2"));
    site.put("/feed?page=2", &atom(&["/3", "/2"], "/feed?page=3"));
    site.put("/feed?page=3", &atom(&["/1"], "/feed?page=2"));
    let desk = Desk::new(vec![site.source(EndpointKind::Feed, "/feed")]);
    let running = desk.start().await;
    articles(&running, 4).await;
    let pages = |paths: Vec<String>| {
        paths.into_iter().filter(|p| p.starts_with("/feed")).collect::<Vec<_>>()
    };
    assert_eq!(pages(site.paths()), ["/feed", "/feed?page=2", "/feed?page=3"]);
    // Two came since: the first page has nothing that is known, the second has.
    site.put("/feed", &atom(&["/6", "/5"], "/feed?page=2"));
    site.put("/feed?page=2", &atom(&["/4", "/3"], "/feed?page=3"));
    desk.advance(&running, 11 * MINUTE).await;
    articles(&running, 6).await;
    assert_eq!(pages(site.paths()), ["/feed", "/feed?page=2"]);
    desk.advance(&running, 11 * MINUTE).await;
    assert_eq!(pages(site.paths()), ["/feed"]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_without_end_are_read_within_bounds_and_one_that_failed_is_asked_for_again() {
    let site = Site::serve().await;
    for n in 0..40_u64 {
        site.story(&format!("/{n}"), n);
        site.put(
            &format!("/feed?page={n}"),
            &atom(&[&format!("/{n}")], &format!("/feed?page={}", n + 1)),
        );
    }
    let desk = Desk::new(vec![site.source(EndpointKind::Feed, "/feed?page=0")]);
    // Trouble of its own, which may pass.
    site.put("/feed?page=2", "500");
    let running = desk.start().await;
    articles(&running, 2).await;
    site.asked();
    site.put("/feed?page=2", &atom(&["/2"], "/feed?page=3"));
    desk.advance(&running, 11 * MINUTE).await;
    articles(&running, 11).await;
    let asked = site.asked();
    let pages = asked.iter().filter(|(path, _)| path.starts_with("/feed"));
    let (pages, conditional): (Vec<_>, Vec<_>) = pages.map(|(path, c)| (path, *c)).unzip();
    assert_eq!(pages.len(), 11, "{pages:?}");
    assert!(!conditional.contains(&true), "a 304 would hide the page that did not come");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_section_page_brings_its_stories_and_no_calendar() {
    let site = Site::serve().await;
    site.story("/world/dam-at-velm-holds", 1);
    site.story("/world/2026/grain", 2);
    let section = "<!doctype html><html><body><nav><a href=\"/about-the-gazette-and-its-staff\">About us</a></nav><main>\
        <h2><a href=\"/world/dam-at-velm-holds\">Dam at Velm holds</a></h2>\
        <a href=\"/world/2026/grain\">Grain prices fall for a third day in Alden</a>\
        <a href=\"/2026/02/28/\">All that happened on the last day of February</a>\
        <a href=\"/tag/the-dam-at-velm-and-more\">The dam at Velm and all the rest</a></main></body></html>";
    site.put("/world", section);
    let desk = Desk::new(vec![site.source(EndpointKind::Page, "/world")]);
    let running = desk.start().await;
    articles(&running, 2).await;
    let mut paths = site.paths();
    paths.sort_unstable();
    let rights = "/.well-known/tdmrep.json";
    assert_eq!(paths, [rights, "/world", "/world/2026/grain", "/world/dam-at-velm-holds"]);
    desk.advance(&running, 11 * MINUTE).await;
    assert_eq!(site.asked(), [("/world".to_owned(), true)]);
    site.put("/world", "<!doctype html><html><body>Closed for the holidays</body></html>");
    desk.advance(&running, 11 * MINUTE).await;
    let error = running.status().sources()[0].error.clone().unwrap();
    assert!(error.detail.contains("no link on the page"), "{error:?}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_index_named_is_known_again_after_a_start_though_it_said_304_before() {
    let site = Site::serve().await;
    site.story("/a", 1);
    site.story("/b", 2);
    site.put("/one.xml", &urls(&["/a"]));
    site.put("/map.xml", &index(&[("/one.xml", "")]));
    let desk = Desk::new(vec![site.source(EndpointKind::Sitemap, "/map.xml")]);
    let running = desk.start().await;
    articles(&running, 1).await;
    site.asked();
    desk.advance(&running, 150 * MINUTE).await;
    assert!(site.asked().contains(&("/map.xml".to_owned(), true)));
    running.stop().await.unwrap();

    site.put("/one.xml", &urls(&["/a", "/b"]));
    let running = desk.start().await;
    desk.advance(&running, 150 * MINUTE).await;
    assert!(site.asked().contains(&("/map.xml".to_owned(), false)));
    articles(&running, 2).await;
    running.stop().await.unwrap();
}
