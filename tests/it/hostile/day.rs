//! A day in which a tenth of the hosts fail at a time, each in a way drawn for it, and a calendar names hosts without end: nothing is
//! held that grows with it, and every source that behaves again is a source again.
//!
//! A few hours and hosts here; `just soak-crawl` makes a whole day of as many hosts as are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// A host and how it does.
struct Host {
    site: Site,
    /// Which of the cases it acts by.
    case: Arc<AtomicUsize>,
    /// Steps until it is good again; 0: it is.
    fails: u64,
    stories: usize,
}

impl Host {
    async fn start(cases: &Arc<Vec<Case>>) -> Self {
        let case = Arc::new(AtomicUsize::new(0));
        let (which, cases) = (Arc::clone(&case), Arc::clone(cases));
        let act = move |body: &[u8]| (cases[which.load(Ordering::SeqCst)].misdeed)(body);
        Self { site: Site::start(act, Mood::Good).await, case, fails: 0, stories: 0 }
    }

    /// One step: a failing host may come to itself, a good one may fail, for five minutes to two hours.
    fn step(&mut self, draw: &mut Draw, cases: u64) {
        const FAILS_MEAN: u64 = HOUR + 1;
        if self.fails > 0 {
            self.fails -= 1;
            if self.fails == 0 {
                self.site.be(Mood::Good);
            }
        } else if draw.below(FAILS_MEAN * (100 - FAILING)) < FAILING {
            self.fails = 1 + draw.below(2 * HOUR);
            self.case.store(draw.below(cases) as usize, Ordering::SeqCst);
            self.site.be([Mood::Robots, Mood::Feed, Mood::Page][draw.below(3) as usize]);
        }
    }
}

/// Resident bytes of this process, its servers among them.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Items that lead to hosts which nobody has seen before, where nobody listens.
fn calendar(hour: u64) -> String {
    let item = |n: u64| {
        let host = format!("127.77.{}.{}", hour % 250, 1 + n % 250);
        format!(
            "<item><title>Day {n} of {hour}</title><link>http://{host}:81/day/{n}</link></item>"
        )
    };
    (0..NAMED).map(item).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_in_which_a_tenth_of_the_hosts_fail_holds_nothing_that_grows_and_loses_no_source() {
    let (hours, count) = (said("COPYTASTER_CRAWL_HOURS", 3), said("COPYTASTER_CRAWL_HOSTS", 12));
    let long = hours >= 24;
    // Those that take their time cost real time: they are for the long day.
    let cases = if long { [cases::quick(), cases::held()].concat() } else { cases::torn() };
    let cases = Arc::new(cases);
    let mut hosts = Vec::new();
    for _ in 0..count {
        hosts.push(Host::start(&cases).await);
    }
    let sites: Vec<Site> = hosts.iter().map(|host| host.site.clone()).collect();
    let deadline = if long { Duration::from_secs(2) } else { PATIENCE };
    let mut desk = desk(&sites, Crawl { robots: true, deadline, ..Crawl::default() });
    desk.config.sources[0].allow_addresses = vec!["127.0.0.0/8".parse().unwrap()];
    let running = desk.start().await;
    let mut draw = Draw(said("COPYTASTER_CRAWL_SEED", 20_161_012));
    let mut grown = Vec::new();
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
        if step % HOUR == HOUR - 1 {
            let failing = desk.sources(&running).iter().filter(|s| s.error.is_some()).count();
            let ((held, planned), resident) = (running.held(), resident() >> 20);
            grown.push(resident);
            eprintln!(
                "hour {:2}: {failing:3} sources fail, {held:?}, {planned} pages planned, {resident} MiB",
                step / HOUR + 1
            );
        }
    }

    // They behave again: every one is a source again, with all it has to tell.
    for host in &hosts {
        host.site.be(Mood::Good);
    }
    until(&desk, &running, "a return", |_, source| source.error.is_none()).await;
    let wanted = |found: &[Value], number: usize| {
        let url = format!("http://{}/page{}", sites[number].at, hosts[number].stories);
        found.iter().any(|article| article["url"] == url.as_str())
    };
    let mut missing = vec![];
    for _ in 0..100 {
        desk.advance(3 * STEP);
        desk.quiet(&running).await;
        let found = articles(&running).await;
        missing = (0..sites.len()).filter(|&number| !wanted(&found, number)).collect();
        if missing.is_empty() {
            break;
        }
    }
    assert_eq!(missing, [0_usize; 0], "stuck: {:#?}", desk.sources(&running));
    let (held, _) = running.held();
    // The calendar's hosts go, and sites have a bound of their own.
    assert!(held.hosts <= 4096 && held.sites <= 1024 && held.names <= 1024, "{held:?}");
    running.stop().await.unwrap();
    if long {
        // What is kept of a story is far less than what came of it; what is held of hosts has its bound after some hours.
        let (half, end) = (grown[grown.len() / 2], grown[grown.len() - 1]);
        assert!(end < half + half / 4 + 64, "{grown:?}");
    }
}
