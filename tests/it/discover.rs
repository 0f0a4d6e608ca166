//! Discovery, end to end: what an endpoint leads to is found once, in order, and within bounds.

use std::time::Duration;

use copytaster::config::EndpointKind;

use crate::wire;

mod site;

use site::{Desk, MINUTE, Site, articles};

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
