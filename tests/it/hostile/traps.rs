//! Traps without end: they cost no more than their bounds.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A robots.txt in drops closes its site with a reason, one without end is read to its bound, and neither is a lasting harm.
#[tokio::test(flavor = "multi_thread")]
async fn a_robots_txt_without_end_or_in_drops_is_told_of_bounded_and_forgiven() {
    let endless: Misdeed = |body| Act::Endless(answer("", body), vec![b'\n'; 64 << 10]);
    let drops: Misdeed = |body| Act::Drip(answer("", body), b"\n".to_vec());
    let sites = [Site::start(endless, Mood::Robots).await, Site::start(drops, Mood::Robots).await];
    let deadline = Duration::from_secs(1);
    let desk = desk(&sites, Crawl { robots: true, deadline, ..Crawl::default() });
    let running = desk.start().await;
    let told = |number: usize, source: &SourceStatus| match &source.error {
        None => number == 0,
        Some(error) => {
            assert!(error.kind == "deadline" && error.detail.contains("/robots.txt"), "{error:?}");
            number == 1
        }
    };
    until(&desk, &running, "a state in words", told).await;
    assert_eq!(sites[1].seen().count("/feed.xml"), 0, "asked without leave");
    assert!(sites[0].seen().taken_most < TAKEN_BYTES_MAX, "{:?}", sites[0].seen());
    all_are(&sites, Mood::Good);
    let whole = |number: usize, source: &SourceStatus| {
        source.error.is_none() && sites[number].seen().count("/page") > 0
    };
    until(&desk, &running, "both sources", whole).await;
    let found = articles(&running).await;
    assert_eq!((of(&found, 0), of(&found, 1)), (1, 1), "{found:?}");
    running.stop().await.unwrap();
}

/// A film or a program in the place of a page, with or without its name, is refused by its head.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_told_by_its_head_and_the_rest_is_not_taken() {
    const LENGTH: &str = "Content-Length: 10000000000\r\n";
    let more = || vec![b'\x07'; 64 << 10];
    let film: Misdeed =
        |_| Act::Endless(answer("Content-Type: video/mp4\r\n", b""), vec![0; 64 << 10]);
    let named: Misdeed = |_| Act::Hold(answer("Content-Type: application/pdf\r\n", b""));
    let sites = [
        Site::start(film, Mood::Page).await,
        Site::start(named, Mood::Page).await,
        Site::start(move |_| Act::Endless(answer("", b"%PDF-1.7\n"), more()), Mood::Page).await,
        Site::start(
            move |_| Act::Endless(answer("Content-Type: text/html\r\n", b""), more()),
            Mood::Page,
        )
        .await,
        Site::start(|own: &[u8]| Act::Hold(answer(LENGTH, &own[..own.len() / 2])), Mood::Page)
            .await,
        Site::start(GOOD, Mood::Good).await,
    ];
    let crawl =
        Crawl { robots: false, deadline: PATIENCE, body_bytes_max: 1 << 30, ..Crawl::default() };
    let desk = desk(&sites, crawl);
    let running = desk.start().await;
    until(&desk, &running, "an answer", |number, source| {
        source.error.is_none() && sites[number].seen().count("/page") > 0
    })
    .await;
    let found = articles(&running).await;
    assert_eq!((found.len(), of(&found, sites.len() - 1)), (1, 1), "{found:?}");
    running.stop().await.unwrap();
    let lost = lost(&desk);
    let words =
        ["a film (video/mp4)", "a PDF (application/pdf)", "a PDF, not", "no text", "larger than"];
    for (site, words) in sites.iter().zip(words) {
        let mut said = lost.iter().filter(|(url, _)| url.contains(&site.at.to_string()));
        assert!(said.any(|(_, why)| why.contains(words)), "{words}: {lost:?}");
        assert!(site.seen().taken_most < TAKEN_BYTES_MAX / 2, "{words}: {:?}", site.seen());
    }
}

/// A canary on an address that no source may reach: true where nobody connected.
fn canary(ip: IpAddr) -> (SocketAddr, impl Fn() -> bool) {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    (listener.local_addr().unwrap(), move || listener.accept().is_err())
}

/// A feed as long as it may be of one story and of what `items` says.
fn feed_of(own: &[u8], items: &str) -> Act {
    let feed = String::from_utf8_lossy(own).replace("</channel>", &format!("{items}</channel>"));
    Act::Say(answer("", feed.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_of_hosts_costs_its_own_source_a_reason_each_and_reaches_none_of_them() {
    let (two, two_silent) = canary(IpAddr::from([127, 0, 0, 2]));
    let (six, six_silent) = canary(IpAddr::from(Ipv6Addr::LOCALHOST));
    let mut hosts = vec![two.to_string(), six.to_string()];
    hosts.extend((0..500).map(|day| format!("127.1.{}.{}", day / 250, 1 + day % 250)));
    let item =
        |host: &String| format!("<item><title>{host}</title><link>http://{host}/</link></item>");
    let items = hosts.iter().map(item).collect::<Vec<_>>().concat();
    let site = Site::start(move |own| feed_of(own, &items), Mood::Feed).await;
    let sites = [site, Site::start(GOOD, Mood::Good).await];
    let desk = desk(&sites, Crawl { robots: false, ..Crawl::default() });
    let running = desk.start().await;
    until(&desk, &running, "an answer", |_, source| source.error.is_none()).await;
    let found = articles(&running).await;
    assert_eq!((of(&found, 0), of(&found, 1)), (1, 1), "{found:?}");
    running.stop().await.unwrap();
    assert!(two_silent() && six_silent(), "somebody connected");
    let lost = lost(&desk);
    assert_eq!(lost.len(), hosts.len());
    assert!(lost.iter().all(|(_, why)| why.contains("not a public address")), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_every_spelling_reach_nobody_who_may_not_be_reached() {
    let (two, two_silent) = canary(IpAddr::from([127, 0, 0, 2]));
    let (six, six_silent) = canary(IpAddr::from(Ipv6Addr::LOCALHOST));
    let (port, six) = (two.port(), six.port());
    let refused = [
        format!("http://2130706434:{port}/"),
        format!("http://0x7f000002:{port}/a"),
        format!("http://0177.0.0.2:{port}/b"),
        format!("http://127.2:{port}/c"),
        format!("HTTP:127.0.0.2:{port}/d"),
        format!("http://127.0.0.2.:{port}/e"),
        format!("http://①②⑦.⓪.⓪.②:{port}/f"),
        format!("http://127。0。0。2:{port}/g"),
        format!("http://user:word@127.0.0.2:{port}/h"),
        format!("http://[::ffff:127.0.0.2]:{port}/i"),
        format!("http://[::1]:{six}/j"),
        "http://127.0.0.1:0/k".to_owned(),
        "http://127.0.0.1:25/l".to_owned(),
    ];
    let no_addresses = [
        "javascript:alert(1)",
        "data:text/html,copy",
        "file:///etc/passwd",
        "http://[fe80::1%25lo]/",
        "http://",
        "http://%00/",
        "blob:http://127.0.0.2/",
    ];
    let item = |link: &str| format!("<item><title>At {link}</title><link>{link}</link></item>");
    let items: String = refused.iter().map(String::as_str).chain(no_addresses).map(item).collect();
    let site = Site::start(move |own| feed_of(own, &items), Mood::Feed).await;
    let sites = [site, Site::start(GOOD, Mood::Good).await];
    let desk = desk(&sites, Crawl { robots: false, ..Crawl::default() });
    let running = desk.start().await;
    until(&desk, &running, "an answer", |_, source| source.error.is_none()).await;
    let found = articles(&running).await;
    // What has no address is an entry without a link.
    assert_eq!((of(&found, 0), of(&found, 1)), (1 + no_addresses.len(), 1), "{found:?}");
    running.stop().await.unwrap();
    assert!(two_silent() && six_silent(), "somebody connected");
    let lost = lost(&desk);
    assert_eq!(lost.len(), refused.len(), "{lost:#?}");
    let told = |why: &str| why.contains("not a public address") || why.contains("another service");
    assert!(lost.iter().all(|(_, why)| told(why)), "{lost:#?}");
}

/// Bombs, files of ours, bytes that are no text and times that were not: its own story comes in, and nothing of the rest is more
/// than it says.
#[tokio::test(flavor = "multi_thread")]
async fn feeds_that_are_traps_of_xml_give_their_entries_and_nothing_else() {
    let (two, silent) = canary(IpAddr::from([127, 0, 0, 2]));
    let entity = |name: u8| {
        let (name, before) = (char::from(name), char::from(name - 1));
        format!("<!ENTITY {name} \"{}\">", format!("&{before};").repeat(10))
    };
    let bomb = (b'b'..=b'k').map(entity).collect::<Vec<_>>().concat();
    let doctype = format!(
        "<!DOCTYPE rss [<!ENTITY a \"lol\">{bomb}<!ENTITY file SYSTEM \"file:///etc/passwd\">\
         <!ENTITY far SYSTEM \"http://{two}/\"><!ENTITY % all SYSTEM \"http://{two}/all\"> %all;]>"
    );
    let items = "<item><title>A &k; &file; &far; B</title><guid>1</guid></item>\
         <item><title>Long ago</title><guid>2</guid><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate></item>\
         <item><title>Far off</title><guid>3</guid><pubDate>Thu, 31 Dec 2099 23:59:59 GMT</pubDate></item>\
         <item><title>N\0N</title><guid>4</guid></item>";
    let act = move |own: &[u8]| {
        let feed = String::from_utf8_lossy(own);
        let feed = feed.replace("</channel>", &format!("{items}</channel>"));
        let feed = format!("<?xml version=\"1.0\"?>{doctype}{feed}");
        let mut bytes = feed.into_bytes();
        let at = bytes.windows(3).position(|three| three == b"N\0N").unwrap();
        bytes[at] = 0xFF;
        Act::Say(answer("", &bytes))
    };
    let sites = [Site::start(act, Mood::Feed).await, Site::start(GOOD, Mood::Good).await];
    let desk = desk(&sites, Crawl { robots: false, ..Crawl::default() });
    let running = desk.start().await;
    until(&desk, &running, "an answer", |_, source| source.error.is_none()).await;
    let found = articles(&running).await;
    assert_eq!((of(&found, 0), of(&found, 1)), (5, 1), "{found:?}");
    let said = serde_json::to_string(&found).unwrap();
    assert!(!said.contains("root:") && !said.contains("lollol") && said.len() < 16 << 10, "{said}");
    let now = desk.now().to_string();
    for article in found.iter().filter(|article| article["published"].is_string()) {
        let at = article["published"].as_str().unwrap();
        assert!(("2000".."2099").contains(&at) && *at <= *now, "{article}");
    }
    running.stop().await.unwrap();
    assert!(silent(), "somebody connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_entries_are_read_to_their_bound() {
    let site = Site::start(|own| feed_of(own, &"<item/>".repeat(1_000_000)), Mood::Feed).await;
    let sites = [site, Site::start(GOOD, Mood::Good).await];
    let crawl = Crawl { robots: false, deadline: PATIENCE, ..Crawl::default() };
    let desk = desk(&sites, crawl);
    let running = desk.start().await;
    until(&desk, &running, "an answer", |_, source| source.error.is_none()).await;
    let found = articles(&running).await;
    assert_eq!((of(&found, 0), of(&found, 1)), (1, 1), "{found:?}");
    running.stop().await.unwrap();
    assert_eq!(lost(&desk), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_goes_back_and_forth_is_told_of_with_its_source() {
    let visits = AtomicUsize::new(0);
    let other = move |own: &[u8]| {
        let side = ["on the left", "on the right"][visits.fetch_add(1, Ordering::SeqCst) % 2];
        let own = String::from_utf8_lossy(own);
        Act::Say(answer("", own.replace("That was all.", &format!("Read on {side}.")).as_bytes()))
    };
    let sites = [Site::start(other, Mood::Page).await];
    let desk = desk(&sites, Crawl { robots: false, ..Crawl::default() });
    let running = desk.start().await;
    let address = running.address;
    let told = || tokio::task::spawn_blocking(move || http::json(address, "/api/v1/sources/s0"));
    let mut flapping = Value::Null;
    for _ in 0..40 {
        desk.quiet(&running).await;
        flapping = told().await.unwrap()["flapping"].clone();
        if flapping["count"] == 1 {
            break;
        }
        desk.advance(15 * MINUTE);
    }
    assert_eq!(flapping["count"], 1, "{flapping}");
    let page = &flapping["pages"][0];
    let url = format!("http://{}/page", sites[0].at);
    assert_eq!(page["url"], url, "{flapping}");
    assert!(page["why"].as_str().unwrap().contains("between 2 texts"), "{flapping}");
    assert!(page["next_visit"].is_string(), "{flapping}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_differs_at_each_visit_is_one_article_and_left_alone_in_the_end() {
    let visits = AtomicUsize::new(0);
    let other = move |own: &[u8]| {
        let visit = visits.fetch_add(1, Ordering::SeqCst);
        let own = String::from_utf8_lossy(own);
        let own = own.replace("That was all.", &format!("You are visitor {visit} of this page."));
        Act::Say(answer("", own.as_bytes()))
    };
    let sites = [Site::start(other, Mood::Page).await];
    let desk = desk(&sites, Crawl { robots: false, ..Crawl::default() });
    let running = desk.start().await;
    let asked = || sites[0].seen().count("/page");
    for _ in 0..8 * 8 {
        desk.quiet(&running).await;
        desk.advance(3 * 60 * MINUTE);
    }
    desk.quiet(&running).await;
    let week = asked();
    assert!(week > 8, "{week}");
    for _ in 0..3 {
        desk.advance(24 * 60 * MINUTE);
        desk.quiet(&running).await;
    }
    assert_eq!(asked(), week, "it is visited for ever");
    assert_eq!(articles(&running).await.len(), 1);
    running.stop().await.unwrap();
}
