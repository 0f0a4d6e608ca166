//! `copytaster fetch`, as a person calls it.

use std::process::{Command, Output};

use serde_json::Value;

use super::site::{Site, answer};

async fn run(args: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.arg("fetch").args(args);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let Output { status, stdout, stderr } = ran.unwrap();
    let said = String::from_utf8(stderr).unwrap();
    (status.code(), serde_json::from_slice(&stdout).unwrap_or(Value::Null), said)
}

#[tokio::test]
async fn fetch_prints_json_and_exits_by_how_it_went() {
    let page = answer(200, &["ETag: \"a1\"", "Content-Type: text/html"], b"copy");
    let site = Site::start("127.0.0.1", [("/a", page)]).await;

    let (code, told, said) = run(&[&site.url("/a"), "--allow", "127.0.0.1/32"]).await;
    assert_eq!((code, &told["status"]), (Some(0), &Value::from(200)), "{said}");
    assert_eq!((&told["etag"], &told["bytes"]), (&Value::from("\"a1\""), &Value::from(4)));
    assert_eq!(told["robots"][0]["status"], 404);
    assert_eq!(site.asked(), ["/robots.txt", "/a", "/.well-known/tdmrep.json"]);

    let (code, told, said) = run(&[&site.url("/a")]).await;
    assert_eq!((code, &told["error"]["kind"]), (Some(1), &Value::from("address")), "{said}");

    for bad in ["wire.test/feed", "file:///etc/passwd", "http://a:b@127.0.0.1/"] {
        let (code, told, said) = run(&[bad]).await;
        assert_eq!((code, told), (Some(2), Value::Null), "{bad}: {said}");
        assert!(!said.is_empty() && !said.contains("panicked"), "{said}");
    }
    assert_eq!(site.asked().len(), 3);
}

#[tokio::test]
async fn fetch_says_what_a_publisher_reserves_and_what_would_be_kept() {
    let html = b"<html><head><meta name=\"tdm-policy\" content=\"https://w.test/p\"></head><body>copy</body></html>";
    let closed = answer(200, &["X-Robots-Tag: noai"], html);
    let script = [("/a", closed), ("/b", answer(200, &[], html))];
    let site = Site::start("127.0.0.1", script).await;
    let (_, told, said) = run(&[&site.url("/a"), "--allow", "127.0.0.1"]).await;
    assert_eq!(
        (&told["tdm"]["reserved"], &told["tdm"]["keeps"]),
        (&Value::from(true), &Value::from("title and link")),
        "{said}"
    );
    assert_eq!(told["tdm"]["because"], "noai (header)");
    assert_eq!(told["tdm"]["policy"], "https://w.test/p");
    assert_eq!(told["tdm"]["signals"][1]["place"], "meta");
    let (_, told, _) = run(&[&site.url("/b"), "--allow", "127.0.0.1"]).await;
    assert_eq!(
        (&told["tdm"]["reserved"], &told["tdm"]["keeps"]),
        (&Value::from(false), &Value::from("all of it"))
    );
}

#[tokio::test]
async fn a_machine_without_root_certificates_still_fetches_http() {
    let site = Site::start("127.0.0.1", [("/a", answer(200, &[], b"copy"))]).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.args(["fetch", &site.url("/a"), "--allow", "127.0.0.1"]);
    command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/dev/null");
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test]
async fn fetch_says_what_a_feed_lists_and_what_a_page_is() {
    let feed = "<rss version=\"2.0\"><channel><title>Desk</title><item><title>Locks closed</title><link>/a</link></item></channel></rss>";
    let page = "<html lang=\"en\"><body><article><h1>Locks closed</h1><p>The port authority of Orsk closed its locks on Monday after \
        the river rose by three metres in one night, and ships waited off the coast until Tuesday.</p></article></body></html>";
    let site = Site::start(
        "127.0.0.1",
        [
            ("/feed", answer(200, &["Content-Type: application/rss+xml"], feed.as_bytes())),
            ("/page", answer(200, &["Content-Type: text/html"], page.as_bytes())),
        ],
    )
    .await;
    let (_, told, said) = run(&[&site.url("/feed"), "--allow", "127.0.0.1/32"]).await;
    assert_eq!(
        (&told["feed"]["entries"], &told["feed"]["first"][0]["url"]),
        (&Value::from(1), &Value::from(site.url("/a"))),
        "{said}"
    );
    let (_, told, said) = run(&[&site.url("/page"), "--allow", "127.0.0.1/32"]).await;
    assert_eq!(
        (&told["page"]["kind"], &told["page"]["title"]),
        (&Value::from("article"), &Value::from("Locks closed")),
        "{said}"
    );
}
