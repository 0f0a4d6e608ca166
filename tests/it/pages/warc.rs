//! Pages kept beside what was read from them: there before it, whole after a crash, and gone with it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use copytaster::config::KeepRaw;
use copytaster::daemon::Running;
use copytaster::extract::EXTRACTOR;
use copytaster::fetch::raw_hash;
use copytaster::model::ArticleId;
use copytaster::warc::{self, Kept, Pages};
use serde_json::Value;

use super::press::{self, Answer, Press};
use super::raw::{quarter, read_by_an_earlier_extractor, versions};
use crate::crash::{Daemon, copytaster};
use crate::desk::{Desk, MINUTE, PATIENCE};
use crate::http;

const DAY: i64 = 24 * 60 * MINUTE;

fn desk(press: &Press) -> Desk {
    let mut desk = super::desk(press);
    desk.config.store.keep_raw = KeepRaw::Warc;
    desk
}

/// All pages that are kept, in their order.
fn kept(data: &Path) -> Vec<Kept> {
    let files = warc::files(data).unwrap();
    files.iter().flat_map(|file| Pages::open(&file.path).unwrap().map(Result::unwrap)).collect()
}

fn bodies(data: &Path) -> Vec<String> {
    kept(data).iter().map(|page| String::from_utf8(page.body().to_vec()).unwrap()).collect()
}

/// What a command prints as JSON.
fn json(arguments: &[&str], data: &Path) -> Value {
    let all = [arguments, &["--json", "--data", data.to_str().unwrap()]].concat();
    let output = copytaster(&all);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A day in which these pages are visited, and its end.
async fn visit(desk: &Desk, press: &Press, paths: &[&str]) {
    press.lists(paths);
    let running = desk.start().await;
    press.until_visited(paths.last().unwrap(), 1).await;
    desk.quiet(&running).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_has_its_page_which_verify_reads_and_erase_removes() {
    let press = Press::start().await;
    let pages = [press::story(1, 0, ""), press::story(2, 0, ""), press::story(1, 1, "")];
    press.says("/a", [pages[0].clone(), pages[0].clone(), pages[2].clone()].map(Answer::html));
    press.says("/b", [Answer::html(pages[1].clone())]);
    let wall = include_str!("../../fixtures/walls/consent_de_pur.html");
    press.says("/wall", [Answer::html(wall)]);
    press.lists(&["/a", "/wall"]);
    let desk = desk(&press);
    let running = desk.start().await;
    press.until_visited("/wall", 1).await;
    desk.quiet(&running).await;
    press.lists(&["/a", "/wall", "/b"]);
    quarter(&desk, &press, &running).await;
    quarter(&desk, &press, &running).await;
    running.stop().await.unwrap();
    let data = desk.data();
    assert_eq!(bodies(&data), pages, "in the order of the versions, one each, and no wall");
    let raws: Vec<_> = versions(&data).iter().map(|version| version.article.raw).collect();
    assert_eq!(raws, pages.clone().map(|page| Some(raw_hash(page.as_bytes()))));
    let first = &kept(&data)[0];
    assert_eq!((first.url.clone(), first.source.as_str()), (press.url("/a"), "press"));
    assert_eq!(first.records[0].field("WARC-IP-Address"), Some("127.0.0.1"));
    let asked = String::from_utf8_lossy(&first.records[1].block).into_owned();
    assert!(asked.contains("User-Agent: copytaster/"), "{asked}");

    let checked = json(&["verify"], &data);
    assert_eq!((&checked["pages"], &checked["pages_unclaimed"]), (&3.into(), &0.into()));
    let counted = json(&["stats"], &data);
    assert_eq!(counted["raw_files"], 1);
    assert_eq!(counted["raw_bytes"], warc::bytes(&data).unwrap().1);
    let article = versions(&data)[0].id.0;
    let article = ArticleId(article).to_string();
    json(&["erase", "--article", &article], &data);
    assert_eq!(bodies(&data), pages[1..2], "both states of it are gone");
    assert_eq!(json(&["verify"], &data)["pages"], 1);
    json(&["erase", "--source", "press"], &data);
    assert!(warc::files(&data).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_pages_are_read_again_by_order_and_that_is_no_news() {
    let press = Press::start().await;
    for (number, path) in ["/0", "/1", "/2"].into_iter().enumerate() {
        press.says(path, [Answer::story(number as u64, 0)]);
    }
    let desk = desk(&press);
    visit(&desk, &press, &["/0", "/1", "/2"]).await;
    let data = desk.data();
    let read: Vec<String> = versions(&data).into_iter().map(|one| one.article.text).collect();
    read_by_an_earlier_extractor(&data);
    json(&["replay"], &data);
    let clusters = |data: &Path| {
        copytaster(&["export", "--what", "clusters", "--data", data.to_str().unwrap()]).stdout
    };
    let before = String::from_utf8(clusters(&data)).unwrap();

    let would = json(&["replay", "--re-extract", "--dry-run"], &data);
    assert_eq!(
        (&would["wanted"], &would["pages"], &would["extractor"]),
        (&3.into(), &3.into(), &EXTRACTOR.into())
    );
    assert_eq!(would["changed"].as_array().unwrap().len(), 3);
    assert_eq!(versions(&data).len(), 3, "a dry run writes nothing");
    json(&["replay", "--re-extract"], &data);
    let all = versions(&data);
    assert_eq!(all.len(), 6);
    for (old, new) in all[..3].iter().zip(&all[3..]) {
        assert_eq!(new.reextracted_from(), Some(old.id));
        assert_eq!((new.extractor, new.article.raw), (EXTRACTOR, old.article.raw));
        assert_eq!(new.article.url, old.article.url);
    }
    let again: Vec<String> = all[3..].iter().map(|one| one.article.text.clone()).collect();
    assert_eq!(again, read, "what the present extractor had read at first");
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let taken = ["lead", "counts", "members"].map(|key| line[key].take());
        assert!(taken.iter().any(|value| !value.is_null()));
        line
    };
    let after = String::from_utf8(clusters(&data)).unwrap();
    let (before, after): (Vec<_>, Vec<_>) =
        (before.lines().map(line).collect(), after.lines().map(line).collect());
    assert_eq!(before, after, "no time, title or state of a cluster moves");
    assert_eq!(json(&["verify"], &data)["clean"], true);
    assert_eq!(json(&["replay", "--re-extract"], &data)["wanted"], 0);
    // The pages as they are found next time are what is there.
    visit(&desk, &press, &["/0", "/1", "/2"]).await;
    assert_eq!(versions(&data).len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_with_the_text_that_was_read_from_it() {
    let press = Press::start().await;
    for (number, path) in ["/0", "/1", "/2"].into_iter().enumerate() {
        press.says(path, [Answer::story(number as u64, 0)]);
    }
    let mut desk = desk(&press);
    desk.config.store.text_days = 4;
    for path in ["/0", "/1"] {
        visit(&desk, &press, &[path]).await;
        desk.advance(DAY);
    }
    desk.advance(3 * DAY);
    press.lists(&["/2"]);
    let running = desk.start().await;
    press.until_visited("/2", 1).await;
    let pages = [1, 2].map(|number| press::story(number, 0, ""));
    until("the first page is gone", &running, || bodies(&desk.data()) == pages).await;
    running.stop().await.unwrap();
    let redacted: Vec<bool> =
        versions(&desk.data()).iter().map(|one| one.redacted.is_some()).collect();
    assert_eq!(redacted, [true, false, false]);
}

/// Asks `look` until it holds.
async fn until(what: &str, running: &Running, look: impl Fn() -> bool) {
    let began = Instant::now();
    while !look() {
        assert!(
            began.elapsed() < PATIENCE,
            "{what} did not come about: {:?}",
            running.status().noted()
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_disk_takes_no_page_what_was_read_from_it_is_taken_in_all_the_same() {
    let press = Press::start().await;
    press.lists(&["/0"]);
    for (number, path) in ["/0", "/1"].into_iter().enumerate() {
        press.says(path, [Answer::story(number as u64, 0)]);
    }
    let desk = desk(&press);
    let running = {
        let mut running = desk.start().await;
        running.ready().await.unwrap();
        running
    };
    press.until_visited("/0", 1).await;
    desk.quiet(&running).await;
    let (folder, aside) = (desk.data().join("raw"), desk.data().join("raw.aside"));
    fs::rename(&folder, &aside).unwrap();
    fs::write(&folder, "in the way").unwrap();
    // A day later it begins another file, which it cannot.
    desk.advance(DAY);
    press.lists(&["/0", "/1"]);
    press.until_visited("/1", 1).await;
    desk.quiet(&running).await;
    let shown = |path: &str| http::ask(running.address, &format!("GET {path}"), b"").unwrap().1;
    until("a note", &running, || shown("/readyz").contains("pages are not kept at present")).await;
    assert!(shown("/metrics").contains("copytaster_raw_pages_total{result=\"lost\"} 1"));
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    press.says("/2", [Answer::story(2, 0)]);
    press.lists(&["/2"]);
    quarter(&desk, &press, &running).await;
    until("no note", &running, || running.status().noted().is_none()).await;
    assert!(shown("/metrics").contains("copytaster_raw_pages_total{result=\"kept\"} 2"));
    running.stop().await.unwrap();
    assert_eq!(versions(&desk.data()).len(), 3);
    assert_eq!(bodies(&desk.data()), [0, 2].map(|number| press::story(number, 0, "")));
    let checked = json(&["verify"], &desk.data());
    assert_eq!((&checked["pages"], &checked["clean"]), (&2.into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_pages_of_all_that_was_acknowledged_are_there_and_half_a_page_is_cut() {
    let press = Press::start().await;
    for number in 0..4 {
        press.says(&format!("/{number}"), [Answer::story(number, 0)]);
    }
    press.lists(&["/0", "/1"]);
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), dir.path().join("copytaster.toml"));
    let text = format!(
        "[store]\nkeep_raw = \"warc\"\n[crawl]\nper_host_delay = \"0s\"\nmin_interval = \"1s\"\nmax_interval = \"1s\"\nrobots = false\n\
         [[source]]\nid = \"press\"\nallow_addresses = [\"127.0.0.1/32\"]\n\
         [[source.endpoint]]\ntype = \"feed\"\nurl = \"{}\"\n",
        press.url("/feed.xml")
    );
    fs::write(&config, text).unwrap();
    let start = {
        let (data, config) = (data.clone(), config.to_str().unwrap().to_owned());
        move || Daemon::start_with(&data, &["--config", &config])
    };
    for round in [2, 4] {
        let daemon = tokio::task::spawn_blocking(start.clone()).await.unwrap();
        let address = daemon.address;
        let are_there =
            move || (http::items(address, "/api/v1/clusters").len() == round).then_some(());
        let wait = move || http::until(are_there);
        tokio::task::spawn_blocking(wait).await.unwrap();
        tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
        let file = warc::files(&data).unwrap().pop().unwrap().path;
        let half = &fs::read(&file).unwrap()[..200];
        fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(half).unwrap();
        assert_eq!(json(&["verify"], &data)["clean"], true, "what a crash leaves is no damage");
        press.lists(&["/0", "/1", "/2", "/3"]);
    }
    let daemon = tokio::task::spawn_blocking(start).await.unwrap();
    tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
    let named: Vec<_> =
        versions(&data).iter().map(|one| one.article.raw.unwrap().to_string()).collect();
    let pages: Vec<_> = kept(&data).into_iter().map(|page| page.raw).collect();
    assert_eq!(named.len(), 4);
    assert!(named.iter().all(|raw| pages.contains(raw)), "{named:?} of {pages:?}");
}
