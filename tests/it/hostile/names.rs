//! A zone of our own: names that are found, that are not, and that lead where nobody may go.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};

use copytaster::config::Limits;
use copytaster::fetch::Names;

use super::*;

/// Time for a look-up; one that comes to nothing takes longer.
pub(super) const LOOKUP: Duration = Duration::from_millis(100);

/// What is said of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Here,
    /// Where no source may go.
    Elsewhere,
    Nothing,
    /// Not a word within the time that there is for it.
    Silence,
}

/// Who knows the names, and what is not as it should be with them. Of those it never heard it says one thing or another.
#[derive(Clone, Default)]
pub(super) struct Zone(Arc<Mutex<BTreeMap<String, Said>>>);

impl Zone {
    pub(super) fn says(&self, host: &str, said: Said) {
        self.0.lock().unwrap().insert(host.to_owned(), said);
    }

    pub(super) fn names(&self) -> Names {
        let zone = self.clone();
        let names = Names::new(move |host| {
            let said = zone.0.lock().unwrap().get(&host).copied();
            let said = said.unwrap_or_else(|| stranger(&host));
            Box::pin(async move {
                match said {
                    Said::Here => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
                    Said::Elsewhere => Ok(vec![IpAddr::from([127, 0, 0, 2])]),
                    Said::Nothing => Err(io::Error::other("no such name")),
                    Said::Silence => {
                        // No wait of the test: a name server that is silent holds its slot until it gives up.
                        tokio::time::sleep(4 * LOOKUP).await;
                        Err(io::Error::other("no answer"))
                    }
                }
            })
        });
        names.kept_for(LOOKUP)
    }
}

fn stranger(host: &str) -> Said {
    let said = [Said::Here, Said::Elsewhere, Said::Nothing, Said::Silence];
    said[host.bytes().map(usize::from).sum::<usize>() % said.len()]
}

/// A site by the name of `host`, which misbehaves nowhere.
async fn site(host: &str, zone: &Zone, said: Said) -> Site {
    zone.says(host, said);
    Site::start_as(host, GOOD, Mood::Good).await
}

/// True of a reason in these words, or in those of one that had to wait for others.
fn is_told(why: &str, words: &str) -> bool {
    why.contains(words) || why.contains("hold up all others")
}

/// Three names that lead nowhere, as feeds and as links of a feed that is well.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_silent_gone_or_lead_elsewhere_are_told_of_and_taken_back() {
    let bad = [
        ("www.silent.test", Said::Silence, "dns", "did not answer"),
        ("www.gone.test", Said::Nothing, "dns", "no such name"),
        ("www.elsewhere.test", Said::Elsewhere, "address", "127.0.0.2, which is not a public"),
    ];
    let zone = Zone::default();
    let mut sites = Vec::new();
    for (host, said, ..) in bad {
        sites.push(site(host, &zone, said).await);
    }
    let canary = TcpListener::bind(("127.0.0.2", sites[2].at.port())).unwrap();
    canary.set_nonblocking(true).unwrap();
    let item = |site: &Site| {
        format!("<item><title>{0}</title><link>http://{0}/page7</link></item>", site.name)
    };
    let items = sites.iter().map(item).collect();
    let neighbour = site("www.good.test", &zone, Said::Here).await;
    neighbour.tell(0, items);
    sites.push(neighbour);
    let limits = Limits { lookup_deadline: LOOKUP, lookups_max: 1, ..Limits::default() };
    let mut desk = desk(&sites, Crawl { robots: false, limits, ..Crawl::default() });
    desk.names = zone.names();
    for (source, site) in desk.config.sources.iter_mut().zip(&sites) {
        source.endpoints[0].url = format!("http://{}/feed.xml", site.name).parse().unwrap();
    }
    let running = desk.start().await;
    let told = |number: usize, source: &SourceStatus| match (bad.get(number), &source.error) {
        // There is one slot for all look-ups, and who waited too long for it is told that.
        (Some((.., kind, words)), Some(error)) => {
            error.kind == *kind && is_told(&error.detail, words)
        }
        (bad, error) => bad.is_none() && error.is_none(),
    };
    until(&desk, &running, "a state in words", told).await;
    let polls = sites[3].seen().count("/feed.xml");
    // It goes on; now and then its own name may have to wait too long for the slot.
    for _ in 0..100 {
        desk.quiet(&running).await;
        if sites[3].seen().count("/feed.xml") >= polls + 3 {
            break;
        }
        desk.advance(11 * MINUTE);
    }
    assert!(sites[3].seen().count("/feed.xml") >= polls + 3, "{:#?}", desk.sources(&running));
    assert_eq!(articles(&running).await.len(), 1);
    assert!(sites[..3].iter().all(|site| site.seen().all() == 0) && canary.accept().is_err());

    for (host, ..) in bad {
        zone.says(host, Said::Here);
    }
    for _ in 0..100 {
        desk.advance(15 * MINUTE);
        desk.quiet(&running).await;
        // Each of the three has its story, and the page that the good one's feed names.
        if articles(&running).await.len() == 1 + 2 * bad.len() {
            break;
        }
    }
    assert_eq!(articles(&running).await.len(), 1 + 2 * bad.len(), "{:#?}", desk.sources(&running));
    assert!(desk.sources(&running).iter().all(|source| source.error.is_none()));
    running.stop().await.unwrap();
    let lost = lost(&desk);
    for (host, _, _, words) in bad {
        let mut said = lost.iter().filter(|(url, _)| url.contains(host));
        assert!(said.any(|(_, why)| is_told(why, words)), "{host}: {lost:?}");
    }
}
