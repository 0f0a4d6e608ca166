//! The section `[crawl]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fields;
use super::problem::Problem;
use super::sheet::Sheet;
use super::types::{Crawl, Limits, Tdm};
use super::units::show_duration;
use crate::fetch::Roots;

/// Bounds of every interval: a second for tests and private spools, a month for what hardly changes.
pub(super) const INTERVAL: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_hours(30 * 24));

/// Reads the section.
pub(super) fn read(mut sheet: Sheet<'_>, problems: &mut Vec<Problem>) -> Crawl {
    let default = Crawl::default();
    let (least, most) = INTERVAL;
    let concurrency = fields::whole(1, 512);
    let leads = fields::whole(1, 1_000_000);
    let redirects = fields::whole(0, 20);
    let mut crawl = Crawl {
        contact: sheet.take("contact", default.contact, fields::contact),
        user_agent: sheet.take("user_agent", default.user_agent, fields::header),
        concurrency: sheet
            .take("concurrency", default.concurrency, |raw| concurrency(raw).map(|n| n as usize)),
        leads_max: sheet.take("leads_max", default.leads_max, |raw| leads(raw).map(|n| n as usize)),
        per_host_delay: sheet.take(
            "per_host_delay",
            default.per_host_delay,
            fields::duration(Duration::ZERO, Duration::from_hours(1)),
        ),
        min_interval: sheet.take(
            "min_interval",
            default.min_interval,
            fields::duration(least, most),
        ),
        max_interval: sheet.take(
            "max_interval",
            default.max_interval,
            fields::duration(least, most),
        ),
        body_bytes_max: sheet.take(
            "body_bytes_max",
            default.body_bytes_max,
            fields::size(1 << 10, 256 << 20),
        ),
        deadline: sheet.take("deadline", default.deadline, fields::duration(least, most)),
        connect_deadline: sheet.take(
            "connect_deadline",
            default.connect_deadline,
            fields::duration(least, most),
        ),
        limits: limits(&mut sheet, &default.limits),
        redirects_max: sheet
            .take("redirects_max", default.redirects_max, |raw| redirects(raw).map(|n| n as usize)),
        robots: sheet.take("robots", default.robots, fields::truth),
        tdm: sheet.take("tdm", default.tdm, fields::word(&Tdm::ALL, Tdm::as_str)),
        allow_addresses: sheet.take("allow_addresses", default.allow_addresses, fields::networks),
        ca_file: sheet.take("ca_file", default.ca_file, |raw| {
            Ok(fields::unset_if_empty(raw)?.map(PathBuf::from))
        }),
        roots: default.roots,
    };
    if let Some(file) = &crawl.ca_file {
        match read_roots(file) {
            Ok(roots) => crawl.roots = roots,
            Err(what) => sheet.complain("ca_file", what),
        }
    }
    intervals_fit(&mut sheet, "[crawl]", crawl.min_interval, crawl.max_interval);
    problems.extend(sheet.finish());
    crawl
}

/// The bounds of an answer and of a feed. The lower ends still let what honest servers send pass, or keep to what an RFC asks for.
fn limits(sheet: &mut Sheet<'_>, default: &Limits) -> Limits {
    let (least, most) = INTERVAL;
    let mut count = |key, default: usize, min, max| {
        let whole = fields::whole(min, max);
        sheet.take(key, default, |raw| whole(raw).map(|n| n as usize))
    };
    let headers_max = count("headers_max", default.headers_max, 20, 10_000);
    let lookups_max = count("lookups_max", default.lookups_max, 1, 256);
    let feed_entries_max = count("feed_entries_max", default.feed_entries_max, 1, 1_000_000);
    let feed_depth_max = count("feed_depth_max", default.feed_depth_max, 16, 4096);
    let link_bytes_max = count("link_bytes_max", default.link_bytes_max, 64, 8 << 10);
    Limits {
        pace_bytes_min: sheet.take(
            "pace_bytes_min",
            default.pace_bytes_min,
            fields::size(1, 1 << 30),
        ),
        pace_window: sheet.take("pace_window", default.pace_window, fields::duration(least, most)),
        headers_max,
        header_bytes_max: sheet.take(
            "header_bytes_max",
            default.header_bytes_max,
            fields::size(4 << 10, 16 << 20),
        ),
        robots_bytes_max: sheet.take(
            "robots_bytes_max",
            default.robots_bytes_max,
            fields::size(500 << 10, 16 << 20), // RFC 9309, section 2.5: no limit below 500 KiB
        ),
        lookups_max,
        lookup_deadline: sheet.take(
            "lookup_deadline",
            default.lookup_deadline,
            fields::duration(least, most),
        ),
        feed_entries_max,
        feed_depth_max,
        link_bytes_max,
    }
}

fn read_roots(file: &Path) -> Result<Roots, String> {
    let shown = file.display();
    let pem = std::fs::read(file).map_err(|fault| {
        format!("ca_file {shown} cannot be read ({fault}): make it readable for this user")
    })?;
    Roots::read_pem(&pem).map_err(|fault| format!("ca_file {shown} {fault}"))
}

/// Notes it where two bounds of an interval do not fit each other.
pub(super) fn intervals_fit(sheet: &mut Sheet<'_>, title: &str, min: Duration, max: Duration) {
    if min > max {
        let (min, max) = (show_duration(min), show_duration(max));
        let key =
            if sheet.said_at("max_interval").is_some() { "max_interval" } else { "min_interval" };
        let what = format!(
            "min_interval {min} is longer than max_interval {max} in {title}: raise max_interval or lower min_interval"
        );
        sheet.complain(key, what);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::read::parse;
    use crate::config::{Config, Flags};

    fn read(text: &str) -> Result<Config, String> {
        let file = format!("[crawl]\n{text}\n");
        parse("c.toml", &file, &std::collections::BTreeMap::new(), &Flags::default())
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn every_limit_has_a_key_and_reaches_who_obeys_it() {
        let config = read(
            "connect_deadline = \"4s\"\npace_bytes_min = \"2KiB\"\npace_window = \"5s\"\nheaders_max = 50\n\
             header_bytes_max = \"32KiB\"\nrobots_bytes_max = \"1MiB\"\nlookups_max = 3\nlookup_deadline = \"2s\"\n\
             feed_entries_max = 70\nfeed_depth_max = 40\nlink_bytes_max = 100",
        )
        .unwrap();
        let (fetch, feed) = (config.fetch_params(), config.feed_limits());
        let seconds = [fetch.connect_deadline, fetch.pace_window, fetch.lookup_deadline];
        assert_eq!(seconds.map(|time| time.as_secs()), [4, 5, 2]);
        assert_eq!((fetch.pace_bytes_min, fetch.headers_max, fetch.lookups_max), (2 << 10, 50, 3));
        assert_eq!((fetch.header_bytes_max, fetch.robots_bytes_max), (32 << 10, 1 << 20));
        assert_eq!((feed.entries_max, feed.depth_max, feed.link_bytes_max), (70, 40, 100));
    }

    #[test]
    fn a_limit_that_no_honest_server_could_keep_is_refused_with_its_bounds() {
        for (text, part) in [
            ("pace_bytes_min = \"0B\"", "from 1B to 1GiB"),
            ("pace_window = \"0s\"", "from 1s to 30d"),
            ("headers_max = 3", "from 20 to 10000"),
            ("header_bytes_max = \"1KiB\"", "from 4KiB to 16MiB"),
            ("robots_bytes_max = \"64KiB\"", "from 500KiB to 16MiB"),
            ("lookups_max = 0", "from 1 to 256"),
            ("lookup_deadline = 10", "want a duration"),
            ("feed_entries_max = -1", "from 1 to 1000000"),
            ("feed_depth_max = 2", "from 16 to 4096"),
            ("link_bytes_max = 10", "from 64 to 8192"),
            ("connect_deadline = \"soon\"", "want a duration"),
            ("entries_max = 9", "did you mean `feed_entries_max`?"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with("c.toml:2: ") && problem.contains(part), "{problem}");
        }
    }
}
