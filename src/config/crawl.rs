//! The section `[crawl]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fields;
use super::problem::Problem;
use super::sheet::Sheet;
use super::types::{Crawl, Tdm};
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
