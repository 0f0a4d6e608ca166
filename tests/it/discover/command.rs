//! `copytaster sources`: what is found at an address on loopback, written below what stands in the file, listed and taken over.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::site::Site;

async fn copytaster(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.args(args).env_remove("COPYTASTER_CONFIG");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn check(output: &Output, code: i32, says: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for words in says {
        assert!(told.contains(words), "no {words:?} in: {told}");
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

const BEFORE: &str = "# ours\n[crawl]\nper_host_delay = \"0s\" # on loopback nobody minds\n";

async fn add(site: &Site, at: &str, file: &Path) -> Output {
    let url = format!("http://{}{at}", site.address);
    copytaster(&["sources", "add", &url, "--config", path(file), "--allow", "127.0.0.1/32"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_a_page_announces_is_added_once_and_the_file_keeps_its_comments() {
    let site = Site::serve().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    fs::write(&file, BEFORE).unwrap();
    site.put(
        "/",
        "<!doctype html><html><head><link rel=alternate type=application/rss+xml href=/gone.xml>\
        <link rel=alternate type=application/atom+xml href=/feed.xml></head></html>",
    );
    site.put("/feed.xml", &super::atom(&["/1"], ""));
    let output = add(&site, "/", &file).await;
    check(&output, 0, &["the page announces it", "next start"]);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with(BEFORE), "{text}");
    let feed = format!("type = \"feed\"\nurl = \"http://{}/feed.xml\"\n", site.address);
    assert!(text.ends_with(&feed) && text.contains("name = \"F\""), "{text}");
    check(&copytaster(&["check", "--config", path(&file)]).await, 0, &[]);
    check(
        &add(&site, "/", &file).await,
        0,
        &["there already, as an endpoint of source \"127.0.0.1\""],
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn sitemaps_of_robots_txt_and_the_stories_of_a_page_are_found_where_there_is_no_feed() {
    let site = Site::serve().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    let story = |n: usize| format!("<a href='/story-of-the-dam-at-velm-{n}'>x</a>");
    site.put(
        "/",
        &format!("<!doctype html><main>{}</main>", (0..9).map(story).collect::<String>()),
    );
    check(&add(&site, "/", &file).await, 0, &["9 links of it look like articles'"]);
    assert!(
        fs::read_to_string(&file).unwrap().contains("type = \"page\""),
        "made where it was missing"
    );
    site.put("/robots.txt", "Sitemap: SITE/news.xml\n");
    check(&add(&site, "/", &file).await, 0, &["it names 1 sitemaps"]);
    assert!(fs::read_to_string(&file).unwrap().contains("id = \"127.0.0.1-2\""));
    site.put("/robots.txt", "User-agent: *\nDisallow: /closed\n");
    site.put("/plain", "<!doctype html><p>Nothing here</p>");
    let before = fs::read_to_string(&file).unwrap();
    check(&add(&site, "/plain", &file).await, 1, &["nothing to poll", "an HTML page"]);
    check(&add(&site, "/closed", &file).await, 1, &["closed to us by robots.txt"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_written_and_taken_over_and_nothing_is_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let spool = dir.path().join("in");
    let text = format!(
        "[[source]]\nid = \"nap\"\nname = \"North & Co\"\nkind = \"agency\"\npriority = 90\ntags = [\"world\", \"wire\"]\n\
         [[source.endpoint]]\ntype = \"sitemap\"\nurl = \"https://nap.example/map.xml\"\n\
         [[source.endpoint]]\ntype = \"spool\"\npath = {:?}\n\
         [[source]]\nid = \"post\"\n[[source.endpoint]]\ntype = \"page\"\nurl = \"https://post.example/world\"\n",
        path(&spool)
    );
    fs::write(at("c.toml"), text).unwrap();
    let shown = copytaster(&["check", "--json", "--config", path(&at("c.toml"))]).await;
    for format in ["opml", "csv"] {
        let (list, file) = (at(format), at(&format!("{format}.toml")));
        let config = at("c.toml");
        let output =
            copytaster(&["sources", "export", "--format", format, "--config", path(&config)]).await;
        check(&output, 0, &[]);
        fs::write(&list, &output.stdout).unwrap();
        let import = ["sources", "import", path(&list), "--config", path(&file)];
        check(&copytaster(&import).await, 0, &["2 new sources, 0 feeds there already"]);
        let taken = copytaster(&["check", "--json", "--config", path(&file)]).await;
        assert_eq!(String::from_utf8_lossy(&taken.stdout), String::from_utf8_lossy(&shown.stdout));
        check(&copytaster(&import).await, 0, &["0 new sources, 3 feeds there already"]);
    }
    fs::write(at("odd.opml"), "<opml><outline text='X' xmlUrl='gopher://x/'/></opml>").unwrap();
    let (odd, none) = (at("odd.opml"), at("none.toml"));
    check(
        &copytaster(&["sources", "import", path(&odd), "--config", path(&none)]).await,
        1,
        &["1 left out"],
    );
    check(
        &copytaster(&["sources", "import", path(&none), "--config", path(&none)]).await,
        2,
        &["cannot be read"],
    );
}
