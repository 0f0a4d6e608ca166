//! `copytaster fetch`: the policy of a configuration, and what the daemon would make of a page.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::press::{self, Answer, Press};

/// A configuration of one source with a login, whose body limit is small.
fn file(dir: &Path, press: &Press) -> PathBuf {
    let (secret, config) = (dir.join("secret"), dir.join("c.toml"));
    std::fs::write(&secret, "hunter2").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "[crawl]\nrobots = false\nper_host_delay = \"0s\"\nbody_bytes_max = \"16KiB\"\ncontact = \"desk@herald.example\"\n\
         [[source]]\nid = \"far\"\n[[source.endpoint]]\ntype = \"feed\"\nurl = \"https://far.example/feed\"\n\
         [[source]]\nid = \"press\"\nname = \"The Press\"\nkind = \"agency\"\nrights = \"for the desk only\"\nallow_addresses = [\"127.0.0.1/32\"]\n\
         [[source.endpoint]]\ntype = \"feed\"\nurl = \"{}\"\ntoken_file = \"{}\"\n",
        press.url("/feed.xml"),
        secret.display()
    );
    std::fs::write(&config, text).unwrap();
    config
}

async fn fetch(config: &Path, args: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copytaster"));
    command.arg("fetch").args(args).arg("--config").arg(config);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let Output { status, stdout, stderr } = ran;
    let (told, said) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(!told.contains("hunter2") && !said.contains("hunter2"), "{told}{said}");
    (status.code(), serde_json::from_str(&told).unwrap_or(Value::Null), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_fetched_for_with_its_limits_its_login_and_its_rights() {
    let press = Press::start().await;
    let dir = tempfile::tempdir().unwrap();
    let config = file(dir.path(), &press);
    press.lists(&["/a?utm_source=x"]);
    press.says("/a", [Answer::to("/b")]);
    press.says("/b", [Answer::html(press::story(1, 0, "<link rel='canonical' href='/c'>"))]);
    press.says("/long", [Answer::html("<p>".repeat(10_000))]);

    let (code, told, said) = fetch(&config, &[&press.url("/feed.xml")]).await;
    assert_eq!((code, &told["source"]["id"]), (Some(0), &"press".into()), "{said}");
    assert_eq!(told["source"]["why"], "this is its endpoint");
    assert_eq!(told["user_agent"].as_str().map(|agent| agent.contains("desk@herald")), Some(true));
    assert_eq!(told["requests"][0]["login"], "bearer");
    assert_eq!(told["feed"]["first"][0]["article_url"], press.url("/a"));
    let accept = press.asked()[0].1["accept"].to_str().unwrap().to_owned();
    assert!(
        accept.starts_with("application/rss+xml"),
        "an endpoint is asked as a poll asks: {accept}"
    );

    let (code, told, said) = fetch(&config, &[&press.url("/a")]).await;
    assert_eq!(
        (code, told["source"]["why"].as_str()),
        (Some(0), Some("an endpoint of it is at this host")),
        "{said}"
    );
    assert_eq!(told["requests"].as_array().unwrap().len(), 2);
    let stored = &told["page"]["stored"];
    assert_eq!(
        (&stored["source"], &stored["url"]),
        (&"press".into(), &press.url("/c").into()),
        "{told:#}"
    );
    assert_eq!(
        (&stored["kind"], &stored["rights"]),
        (&"article".into(), &"for the desk only".into())
    );
    assert_eq!(stored["origin"]["source"], "The Press");
    assert!(stored["text"].as_str().unwrap().len() > 200);

    let (code, told, _) = fetch(&config, &[&press.url("/long")]).await;
    assert_eq!(
        (code, &told["error"]["kind"]),
        (Some(1), &"too_large".into()),
        "its limits are not those of the file"
    );
    // For another source neither the address nor the login is allowed.
    let before = press.asked().len();
    let (code, told, _) = fetch(&config, &[&press.url("/b"), "--source", "far"]).await;
    assert_eq!((code, &told["error"]["kind"]), (Some(1), &"address".into()));
    assert_eq!(
        (press.asked().len(), &told["source"]["why"]),
        (before, &"named by --source".into())
    );
    let (code, told, said) = fetch(&config, &[&press.url("/b"), "--source", "pres"]).await;
    assert_eq!((code, told), (Some(2), Value::Null));
    assert!(said.contains("has far, press"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_be_stored_says_why() {
    let press = Press::start().await;
    let dir = tempfile::tempdir().unwrap();
    let config = file(dir.path(), &press);
    let wall = include_str!("../../fixtures/walls/consent_en_search.html");
    press.says("/wall", [Answer::html(wall)]);
    press.says("/pdf", [Answer::new("application/pdf", "%PDF-1.7")]);
    press.says("/gone", [Answer::to("/")]);
    press.says("/", [Answer::story(1, 0)]);
    for (path, kind, why) in [
        ("/wall", Some("other"), "a consent wall stands in place of the story"),
        ("/pdf", None, "a PDF"),
        ("/gone", None, "front page"),
    ] {
        let (code, told, said) = fetch(&config, &[&press.url(path)]).await;
        assert_eq!(code, Some(0), "it came: {said}");
        let page = &told["page"];
        assert_eq!(page["kind"].as_str(), kind, "{told:#}");
        assert!(page["stored"].is_null(), "{told:#}");
        assert!(page["refused"].as_str().is_some_and(|said| said.contains(why)), "{told:#}");
    }
    std::fs::write(&config, "[crawl]\nrobots = \"no\"\n").unwrap();
    let (code, _, said) = fetch(&config, &[&press.url("/wall")]).await;
    assert_eq!(code, Some(2));
    assert!(said.contains("c.toml:2"), "{said}");
}
