//! Names whose addresses change, on loopback: what is judged is what is connected to.

use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use copytaster::fetch::{Fetcher, Names, Params};
use copytaster::model::Clock;
use url::Url;

use super::site::{Act, Site};
use super::{NOW, ask, kind};

/// A resolver that gives every name what the test says at the time, and what it was asked.
#[derive(Clone, Default)]
struct Zone {
    now: Arc<Mutex<Vec<IpAddr>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Zone {
    fn says(&self, addresses: &[&str]) {
        *self.now.lock().unwrap() = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn names(&self) -> Names {
        let zone = self.clone();
        Names::new(move |host| {
            zone.asked.lock().unwrap().push(host);
            let found = zone.now.lock().unwrap().clone();
            Box::pin(async move { Ok(found) })
        })
    }
}

/// Lets what is remembered of names run out.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_name_that_is_bound_anew_leads_nowhere_it_may_not() {
    let page = b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".to_vec();
    let site = Site::start("127.0.0.1", [("/a", Act::SayAndClose(page))]).await;
    let port = site.at.port();
    // A canary at the same port of a place that may not be reached.
    let canary = TcpListener::bind(("127.0.0.2", port)).unwrap();
    canary.set_nonblocking(true).unwrap();
    let zone = Zone::default();
    let params =
        Params { allow: vec!["127.0.0.1/32".parse().unwrap()], robots: false, ..Params::default() };
    let clock = Clock::new(|| NOW, 1_000_000);
    let fetcher = Fetcher::with_names(params, clock, zone.names()).unwrap();
    let url = Url::parse(&format!("http://news.rebound.test:{port}/a")).unwrap();
    let get = async || kind(&fetcher.get(&ask(url.as_str())).await);

    zone.says(&["127.0.0.1"]);
    assert_eq!((get().await, zone.asked()), ("ok", 1));
    // What was judged is what is remembered: the new word is not heard yet.
    zone.says(&["127.0.0.2"]);
    assert_eq!((get().await, zone.asked()), ("ok", 1));
    // When it is, it is judged anew.
    pass(Duration::from_mins(1)).await;
    assert_eq!((get().await, zone.asked()), ("address", 2));
    let fault = fetcher.get(&ask(url.as_str())).await.unwrap_err().to_string();
    assert!(fault.contains("is at 127.0.0.2, which is not a public address"), "{fault}");
    // Of several, those that may be reached are tried, and they alone.
    zone.says(&["127.0.0.2", "::1", "127.0.0.1"]);
    pass(Duration::from_mins(1)).await;
    assert_eq!((get().await, site.connections()), ("ok", 3));
    // A name without an address is one for a moment.
    zone.says(&[]);
    pass(Duration::from_mins(1)).await;
    assert_eq!(get().await, "dns");
    assert!(canary.accept().is_err(), "somebody connected");
    zone.says(&["127.0.0.1"]);
    pass(Duration::from_mins(1)).await;
    assert_eq!(get().await, "ok");
}
