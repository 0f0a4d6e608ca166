//! The bytes of pages: named with each version, and read once.

use std::path::Path;

use copytaster::cluster::{Reason, Version, content};
use copytaster::daemon::Running;
use copytaster::extract::EXTRACTOR;
use copytaster::fetch::raw_hash;
use copytaster::journal::{Entry, Log, Reader, Record};
use copytaster::model::Seq;

use super::press::{self, Answer, Press};
use super::{desk, heard};
use crate::desk::{Desk, MINUTE};
use crate::http;

/// Lets a quarter of an hour pass and waits until what is due then has ended.
pub(super) async fn quarter(desk: &Desk, press: &Press, running: &Running) {
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
    assert_eq!(shown["extractor"], EXTRACTOR);
    running.stop().await.unwrap();
    let named: Vec<_> = heard(&desk).articles.iter().map(|article| article.raw).collect();
    let first_and_last = [&page, &edited].map(|page| Some(raw_hash(page.as_bytes())));
    assert_eq!(named, first_and_last, "other bytes with the same text are no version");
}

/// What an earlier extractor is said to have left at the end of each text.
const FURNITURE: &str = "\nShare this story with your friends";

/// Has the directory be one in which an earlier extractor read all pages. The derived rows are made anew.
pub(super) fn read_by_an_earlier_extractor(data: &Path) {
    let entries: Vec<Entry> = Reader::open(data)
        .unwrap()
        .entries(Seq(1))
        .map(|entry| {
            let (_, mut entry) = entry.unwrap();
            if let Record::Version(version) = &mut entry.record {
                version.extractor = EXTRACTOR - 1;
                version.article.text.push_str(FURNITURE);
                version.verdicts.content = content(&version.article);
            }
            entry
        })
        .collect();
    for gone in ["journal", "store"] {
        std::fs::remove_dir_all(data.join(gone)).unwrap();
    }
    std::fs::remove_file(data.join("checkpoint")).ok();
    Log::open(data).unwrap().0.append(&entries).unwrap();
}

pub(super) fn versions(data: &Path) -> Vec<Version> {
    let version = |entry: Entry| match entry.record {
        Record::Version(version) => Some(*version),
        _ => None,
    };
    let entries = Reader::open(data).unwrap().entries(Seq(1));
    entries.filter_map(|entry| version(entry.unwrap().1)).collect()
}

fn dated(edit: u8, minute: u32, nonce: u32) -> String {
    let head = format!(
        "<meta property=\"article:modified_time\" content=\"2026-02-28T18:{minute:02}:00Z\"><meta name=\"nonce\" content=\"{nonce}\">"
    );
    press::story(3, edit, &head)
}

/// A story in a page that has the same line in a box, which the present extractor cuts; without its last paragraph where that is `short`.
fn boxed(number: u64, short: bool, nonce: u32) -> String {
    let page = press::story(number, 0, &format!("<meta name=\"nonce\" content=\"{nonce}\">"));
    let page = page.replace("</main>", &format!("<nav>{FURNITURE}</nav></main>"));
    let last = page.rfind("<p>").filter(|_| short);
    let end = page.rfind("</article>").unwrap();
    last.map_or_else(|| page.clone(), |last| format!("{}{}", &page[..last], &page[end..]))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_upgrade_of_the_extractor_the_same_page_is_no_news() {
    let press = Press::start().await;
    press.lists(&["/same", "/new", "/boxed", "/short", "/dated"]);
    let (same, new, edited) =
        (press::story(1, 0, ""), press::story(2, 0, ""), press::story(2, 0, "<!-- another -->"));
    press.says("/same", [Answer::html(same)]);
    press.says("/new", [new, edited].map(Answer::html));
    press.says("/boxed", [boxed(4, false, 1), boxed(4, false, 2)].map(Answer::html));
    press.says("/short", [boxed(5, false, 1), boxed(5, true, 2)].map(Answer::html));
    press.says("/dated", [dated(0, 0, 1), dated(0, 0, 2), dated(1, 30, 3)].map(Answer::html));
    let desk = desk(&press);
    let running = desk.start().await;
    press.until_visited("/dated", 1).await;
    desk.quiet(&running).await;
    running.stop().await.unwrap();
    read_by_an_earlier_extractor(&desk.data());
    let before = versions(&desk.data());
    assert_eq!(before.len(), 5);

    desk.advance(MINUTE);
    let running = desk.start().await;
    press.until_visited("/dated", 2).await;
    desk.quiet(&running).await;
    let changed = |id: u64| {
        let clusters = http::items(running.address, "/api/v1/clusters?expand=members");
        let of = |cluster: &serde_json::Value| {
            cluster["members"]
                .as_array()
                .unwrap()
                .iter()
                .any(|member| member["article"] == copytaster::model::ArticleId(id).to_string())
        };
        clusters.into_iter().find(of).unwrap()
    };
    let by_path = |path: &str| {
        let url = press.url(path);
        before.iter().find(|version| version.article.url.as_deref() == Some(&url)).unwrap().id.0
    };
    // Of "/boxed" only the line in the box went, of "/short" a paragraph as well.
    for (path, relation) in [
        ("/same", "reextracted"),
        ("/dated", "reextracted"),
        ("/boxed", "reextracted"),
        ("/new", "update"),
        ("/short", "update"),
    ] {
        let cluster = changed(by_path(path));
        assert_eq!(cluster["members"][0]["relation"], relation, "{path}: {cluster}");
        assert_eq!(cluster["last_changed"] == cluster["first_seen"]["at"], relation != "update");
    }
    let told: Vec<_> = running.store().events((Seq(before[4].id.0), u32::MAX), 100).unwrap();
    let mut told: Vec<_> = told.iter().map(|event| event.kind.as_str()).collect();
    told.sort_unstable();
    let (read, revised) = ("article.reextracted", "article.revised");
    assert_eq!(told, [read, read, read, revised, revised, "cluster.updated", "cluster.updated"]);
    // Once it is read by the present extractor, every change is news again.
    desk.advance(15 * MINUTE);
    press.until_visited("/dated", 3).await;
    desk.quiet(&running).await;
    running.stop().await.unwrap();
    let after = versions(&desk.data());
    assert_eq!(after.len(), 11);
    let relation = after[10].verdicts.links.first().unwrap();
    assert_ne!(relation.reason, Reason::Reextracted);
    for version in &after[5..10] {
        assert!(!version.article.text.contains("Share this"));
        assert_eq!(version.extractor, EXTRACTOR);
        let same =
            version.verdicts.links.first().is_some_and(|link| link.reason == Reason::Reextracted);
        let url = version.article.url.as_ref().unwrap();
        assert_eq!(same, !url.ends_with("/new") && !url.ends_with("/short"));
    }
}
