//! What a site repeats on its pages is not shown as text of its stories.

use copytaster::journal::Reader;
use copytaster::journal::Record;
use copytaster::model::Seq;

use super::desk;
use super::press::{self, Answer, Press};
use crate::http;

/// Nothing that any rule of the extractor knows.
const NOTICE: &str = "Such is the whole view of the northern coast at the Herald of Ostby.";

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_three_stories_is_not_shown_under_the_fourth_and_stays_in_the_journal() {
    let press = Press::start().await;
    let paths: Vec<String> = (1..=5).map(|number| format!("/story/{number}")).collect();
    press.lists(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    for (number, path) in (1..).zip(&paths) {
        let head = format!("<title>Harbour{number}a closes{number}b tonight{number}c</title>");
        let page = press::story(number, 0, "")
            .replace(&format!("<title>Headline of {number}</title>"), &head)
            .replace(&format!("<h1>Headline of {number}</h1>"), &head.replace("title", "h1"))
            .replace("</article>", &format!("<p>{NOTICE}</p></article>"));
        press.says(path, [Answer::html(page)]);
    }
    let desk = desk(&press);
    let running = desk.start().await;
    press.until_visited("/feed.xml", 1).await;
    desk.quiet(&running).await;
    let shown: Vec<bool> =
        texts(running.address).iter().map(|text| text.contains(NOTICE)).collect();
    assert_eq!(shown, [true, true, false, false, false], "in the order they came");
    running.stop().await.unwrap();
    let reader = Reader::open(&desk.data()).unwrap();
    let kept = reader.entries(Seq(1)).filter(|entry| {
        matches!(&entry.as_ref().unwrap().1.record, Record::Version(version) if version.article.text.contains(NOTICE))
    });
    assert_eq!(kept.count(), 5);
    // A start shows the same.
    let running = desk.start().await;
    let again: Vec<bool> =
        texts(running.address).iter().map(|text| text.contains(NOTICE)).collect();
    assert_eq!(again, shown);
    running.stop().await.unwrap();
}

/// The texts of all articles, the oldest first.
fn texts(address: std::net::SocketAddr) -> Vec<String> {
    let clusters = http::items(address, "/api/v1/clusters?expand=members&limit=50");
    let members = clusters.iter().flat_map(|cluster| cluster["members"].as_array().unwrap());
    let mut articles: Vec<String> =
        members.map(|member| member["article"].as_str().unwrap().to_owned()).collect();
    articles.sort_by_key(|article| (article.len(), article.clone()));
    let text = |article: &String| {
        let shown = http::json(address, &format!("/api/v1/articles/{article}"));
        shown["text"].as_str().unwrap().to_owned()
    };
    articles.iter().map(text).collect()
}
