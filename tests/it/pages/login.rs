//! Credentials go to the endpoint's own host, with its feed and its pages, and nowhere else; and nobody is shown them.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use copytaster::config::{Login, LoginKeys};
use copytaster::fetch::Credentials;

use super::press::{self, Answer, Press};
use super::{desk, round};
use crate::desk::PATIENCE;

const SECRET: &str = "hunter2-hunter2";

/// The paths asked with credentials, in order.
fn with_login(press: &Press) -> Vec<String> {
    let asked = press.asked();
    let named = asked.into_iter().filter(|(_, headers)| headers.contains_key("authorization"));
    named.map(|(path, _)| path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_to_the_endpoints_own_host_and_never_further() {
    let press = Press::start().await;
    let other = Press::at(Ipv4Addr::new(127, 0, 0, 2)).await;
    let beside = Press::start().await;
    press.lists(&[
        "/own",
        &other.url("/theirs"),
        &beside.url("/port"),
        "/away",
        "/there-and-back",
        "/on",
    ]);
    press.says("/own", [Answer::story(1, 0)]);
    other.says("/theirs", [Answer::story(2, 0)]);
    beside.says("/port", [Answer::story(3, 0)]);
    press.says("/away", [Answer::to(other.url("/away"))]);
    other.says("/away", [Answer::story(4, 0)]);
    press.says("/there-and-back", [Answer::to(other.url("/back"))]);
    other.says("/back", [Answer::to(press.url("/secrets"))]);
    press.says("/secrets", [Answer::story(5, 0)]);
    press.says("/on", [Answer::to("/further/on")]);
    press.says("/further/on", [Answer::story(6, 0)]);

    let mut desk = desk(&press);
    let source = &mut desk.config.sources[0];
    source.allow_addresses.push("127.0.0.2/32".parse().unwrap());
    let url = source.endpoints[0].url.clone();
    source.endpoints[0].login = Some(Login {
        keys: LoginKeys::Bearer { token_file: "/none".into() },
        credentials: Credentials::bearer(&url, SECRET).unwrap(),
    });
    let told = round(&desk, &press).await;
    assert_eq!(told.articles.len(), 6, "{told:?}");
    let mut named = with_login(&press);
    named.sort_unstable();
    assert_eq!(named, ["/away", "/feed.xml", "/further/on", "/on", "/own", "/there-and-back"]);
    assert_eq!(press.visits("/secrets"), 1, "it was led back there, and went without");
    assert_eq!((with_login(&other).len(), with_login(&beside).len()), (0, 0));
    assert_eq!((other.asked().len(), beside.asked().len()), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_and_no_json_has_the_secret() {
    let press = Press::start().await;
    press.lists(&["/own"]);
    press.says("/own", [Answer::html(press::story(1, 0, ""))]);
    let dir = tempfile::tempdir().unwrap();
    let (secret, config, log) =
        (dir.path().join("secret"), dir.path().join("c.toml"), dir.path().join("log"));
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[log]\nfilter = \"trace\"\n[crawl]\nper_host_delay = \"0s\"\n[[source]]\nid = \"press\"\n\
         allow_addresses = [\"127.0.0.1/32\"]\n[[source.endpoint]]\ntype = \"feed\"\nurl = \"{}\"\nusername = \"desk\"\npassword_file = \"{}\"\n",
        press.url("/feed.xml"),
        secret.display()
    );
    std::fs::write(&config, text).unwrap();
    let copytaster = || Command::new(env!("CARGO_BIN_EXE_copytaster"));
    let mut running = copytaster()
        .args(["run", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(dir.path().join("data"))
        .stderr(std::fs::File::create(&log).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let came = tokio::time::timeout(PATIENCE, press.until_visited("/own", 1)).await;
    running.kill().unwrap();
    running.wait().unwrap();
    came.unwrap();
    assert_eq!(with_login(&press), ["/feed.xml", "/own"]);

    let said = |args: &[&str]| {
        let mut command = copytaster();
        command.args(args).arg("--config").arg(&config);
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        [ran.stdout, ran.stderr].concat()
    };
    let checked = said(&["check"]);
    // desk:hunter2-hunter2, as the header has it.
    let packed = "ZGVzazpodW50ZXIyLWh1bnRlcjI";
    let log = std::fs::read(&log).unwrap();
    assert!(String::from_utf8_lossy(&log).contains("TRACE"), "the log was not at its fullest");
    for bytes in [log, checked] {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(SECRET) && !text.contains(packed), "{text}");
    }
}
