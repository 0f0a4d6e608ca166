//! A day in which a tenth of the hosts fail at a time, each in a way drawn for it, and a calendar names hosts without end: nothing is
//! held that grows with it, and every source that behaves again is a source again.
//!
//! Hosts are names of a zone of our own, which fails, too. A few hours and hosts here; `just soak-crawl` makes a whole day of as
//! many hosts as are asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use copytaster::config::Limits;

use super::names::{LOOKUP, Said, Zone};
use super::*;

/// What the environment says, else this.
fn said(name: &str, here: u64) -> u64 {
    std::env::var(name).ok().and_then(|said| said.parse().ok()).unwrap_or(here)
}

/// The clock goes on by this much at a time.
const STEP: i64 = 5 * MINUTE;

/// Steps in an hour.
const HOUR: u64 = 12;

/// Of a hundred hosts, so many fail at a time.
const FAILING: u64 = 10;

/// New hosts that the calendar names in an hour.
const NAMED: u64 = 100;

/// Versions that are live at most, and the cache of the rows: what is bounded reaches its bound within the day, so that what grows
/// after that is a leak.
const LIVE_MAX: u32 = 1000;
const CACHE_BYTES: u64 = 4 << 20;

/// A host and how it does.
struct Host {
    name: String,
    site: Site,
    zone: Zone,
    /// Which of the cases it acts by.
    case: Arc<AtomicUsize>,
    /// Steps until it is good again; 0: it is.
    fails: u64,
    stories: usize,
}

impl Host {
    async fn start(number: u64, zone: &Zone, cases: &Arc<Vec<Case>>) -> Self {
        let name = format!("www.paper{number}.test");
        zone.says(&name, Said::Here);
        let case = Arc::new(AtomicUsize::new(0));
        let (which, cases) = (Arc::clone(&case), Arc::clone(cases));
        let act = move |body: &[u8]| (cases[which.load(Ordering::SeqCst)].misdeed)(body);
        let site = Site::start_as(&name, act, Mood::Good).await;
        Self { name, site, zone: zone.clone(), case, fails: 0, stories: 0 }
    }

    fn be_good(&self) {
        self.site.be(Mood::Good);
        self.zone.says(&self.name, Said::Here);
    }

    /// One step: a failing host may come to itself, a good one may fail, for five minutes to two hours.
    fn step(&mut self, draw: &mut Draw, cases: u64) {
        const FAILS_MEAN: u64 = HOUR + 1;
        if self.fails > 0 {
            self.fails -= 1;
            if self.fails == 0 {
                self.be_good();
            }
        } else if draw.below(FAILS_MEAN * (100 - FAILING)) < FAILING {
            self.fails = 1 + draw.below(2 * HOUR);
            self.case.store(draw.below(cases) as usize, Ordering::SeqCst);
            let moods = [Mood::Robots, Mood::Feed, Mood::Page];
            if let Some(&mood) = moods.get(draw.below(4) as usize) {
                self.site.be(mood);
            } else {
                let said = [Said::Elsewhere, Said::Nothing, Said::Silence];
                self.zone.says(&self.name, said[draw.below(3) as usize]);
            }
        }
    }
}

/// Resident bytes of this process, its servers among them.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Items that lead to hosts which nobody has seen before, where nobody listens, if they are found.
fn calendar(hour: u64) -> String {
    let item = |n: u64| {
        let host = format!("day{n}.hour{hour}-{n}.test");
        format!(
            "<item><title>Day {n} of {hour}</title><link>http://{host}:81/day/{n}</link></item>"
        )
    };
    (0..NAMED).map(item).collect()
}

/// A line of what is held at the end of an hour, and the resident MiB.
fn held(hour: u64, running: &Running, sources: &[SourceStatus]) -> (String, u64) {
    let failing = sources.iter().filter(|source| source.error.is_some()).count();
    let ((held, planned), resident) = (running.held(), resident() >> 20);
    let (_, metrics) = http::ask(running.address, "GET /metrics", b"").unwrap();
    let records =
        metrics.lines().find_map(|line| line.strip_prefix("copytaster_journal_last_seq "));
    let line = format!(
        "hour {hour:2}: {failing:3} sources fail, {held:?}, {planned} pages planned, {} records, {resident} MiB",
        records.unwrap_or("no")
    );
    (line, resident)
}

/// Lets every host be good, and waits until all that they tell is in.
async fn all_come_back(desk: &Desk, running: &Running, hosts: &[Host]) {
    for host in hosts {
        host.be_good();
    }
    until(desk, running, "a return", |_, source| source.error.is_none()).await;
    let wanted = |found: &[Value], host: &Host| {
        let url = format!("http://{}/page{}", host.site.name, host.stories);
        found.iter().any(|article| article["url"] == url.as_str())
    };
    let mut missing = vec![];
    for _ in 0..100 {
        desk.advance(3 * STEP);
        desk.quiet(running).await;
        let found = articles(running).await;
        missing =
            hosts.iter().filter(|host| !wanted(&found, host)).map(|host| &host.name).collect();
        if missing.is_empty() {
            break;
        }
    }
    assert_eq!(missing, [""; 0], "stuck: {:#?}", desk.sources(running));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_in_which_a_tenth_of_the_hosts_fail_holds_nothing_that_grows_and_loses_no_source() {
    let (hours, count) = (said("COPYTASTER_CRAWL_HOURS", 3), said("COPYTASTER_CRAWL_HOSTS", 12));
    let long = hours >= 24;
    // Those that take their time cost real time: they are for the long day.
    let cases = if long { [cases::quick(), cases::held()].concat() } else { cases::torn() };
    let (cases, zone) = (Arc::new(cases), Zone::default());
    let mut hosts = Vec::new();
    for number in 0..count {
        hosts.push(Host::start(number, &zone, &cases).await);
    }
    let sites: Vec<Site> = hosts.iter().map(|host| host.site.clone()).collect();
    let deadline = if long { Duration::from_secs(2) } else { PATIENCE };
    let limits = Limits { lookup_deadline: LOOKUP, ..Limits::default() };
    let mut desk = desk(&sites, Crawl { robots: true, deadline, limits, ..Crawl::default() });
    desk.names = zone.names();
    desk.config.detect.live_max = LIVE_MAX;
    desk.config.store.cache = CACHE_BYTES;
    for (source, site) in desk.config.sources.iter_mut().zip(&sites) {
        source.endpoints[0].url = format!("http://{}/feed.xml", site.name).parse().unwrap();
    }
    let running = desk.start().await;
    let mut draw = Draw(said("COPYTASTER_CRAWL_SEED", 20_161_012));
    let (mut grown, mut kinds) = (Vec::new(), BTreeMap::<String, usize>::new());
    for step in 0..hours * HOUR {
        for host in &mut hosts {
            host.step(&mut draw, cases.len() as u64);
            if step % HOUR == 0 {
                host.stories += 1;
                host.site.tell(host.stories, String::new());
            }
        }
        hosts[0].site.tell(hosts[0].stories, calendar(step / HOUR));
        desk.quiet(&running).await;
        desk.advance(STEP);
        let sources = desk.sources(&running);
        for error in sources.iter().filter_map(|source| source.error.as_ref()) {
            *kinds.entry(error.kind.clone()).or_default() += 1;
        }
        if step % HOUR == HOUR - 1 {
            let (line, resident) = held(step / HOUR + 1, &running, &sources);
            eprintln!("{line}");
            grown.push(resident);
        }
    }
    eprintln!("{kinds:?}");

    // They behave again: every one is a source again, with all it has to tell.
    all_come_back(&desk, &running, &hosts).await;
    let (held, _) = running.held();
    // The calendar's hosts go, and sites have a bound of their own.
    assert!(held.hosts <= 4096 && held.sites <= 1024 && held.names <= 1024, "{held:?}");
    running.stop().await.unwrap();
    if long {
        assert!(
            ["dns", "address", "body", "deadline"].iter().all(|&kind| kinds.contains_key(kind))
        );
        // What has a bound has reached it. What the allocator keeps of past days comes in steps: a tenth in the last quarter.
        let (then, end) = (grown[grown.len() * 3 / 4], grown[grown.len() - 1]);
        assert!(end <= then + then / 10, "{grown:?}");
    }
}
