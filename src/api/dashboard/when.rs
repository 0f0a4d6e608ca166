//! A moment and the time it is to the words a page shows: how long ago, and exactly when. Pure.

use crate::model::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A moment as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// RFC 3339, for `datetime`.
    pub(super) iso: String,
    /// "4 min ago", "in 2 h".
    pub(super) relative: String,
    /// "18:05", or "12 Oct, 18:05" on another day.
    pub(super) clock: String,
    /// "12 Oct 2016, 18:05:00 UTC".
    pub(super) full: String,
}

impl When {
    /// Words for `at`, seen from `now`.
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        let utc = at.to_utc();
        let today = at.millis().div_euclid(DAY) == now.millis().div_euclid(DAY);
        let clock = if today { "%H:%M" } else { "%-d %b, %H:%M" };
        Self {
            iso: at.to_string(),
            relative: relative(at, now),
            clock: utc.format(clock).to_string(),
            full: utc.format("%-d %b %Y, %H:%M:%S UTC").to_string(),
        }
    }

    /// The same of an RFC 3339 text; `None` where it is none.
    pub(super) fn read(at: &str, now: Timestamp) -> Option<Self> {
        Timestamp::parse(at).map(|at| Self::new(at, now))
    }
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let distance = i64::try_from(at.distance_millis(now)).unwrap_or(i64::MAX);
    if distance < MINUTE {
        return if at > now { "in a moment" } else { "just now" }.to_owned();
    }
    let span = span(distance);
    if at > now { format!("in {span}") } else { format!("{span} ago") }
}

/// A distance in its largest unit: "4 min", "3 h", "12 d".
pub(super) fn span(millis: i64) -> String {
    match millis {
        ..MINUTE => format!("{} s", millis / 1000),
        MINUTE..HOUR => format!("{} min", millis / MINUTE),
        HOUR..DAY => format!("{} h", millis / HOUR),
        _ => format!("{} d", millis / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secs: i64, relative: &str, clock: &str) {
        let now = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        let when = When::new(now.plus_millis(secs * 1000), now);
        assert_eq!((when.relative.as_str(), when.clock.as_str()), (relative, clock));
    }

    #[test]
    fn a_moment_is_told_in_its_largest_unit() {
        check(0, "just now", "12:00");
        check(-59, "just now", "11:59");
        check(-60, "1 min ago", "11:59");
        check(-3599, "59 min ago", "11:00");
        check(-2 * 3600, "2 h ago", "10:00");
        check(-13 * 3600, "13 h ago", "28 Feb, 23:00");
        check(-50 * 3600, "2 d ago", "27 Feb, 10:00");
        check(30, "in a moment", "12:00");
        check(180, "in 3 min", "12:03");
    }

    #[test]
    fn a_moment_has_its_exact_form_beside_it() {
        let when = When::read("2016-10-12T20:05:09+02:00", Timestamp::EPOCH).unwrap();
        assert_eq!(when.iso, "2016-10-12T18:05:09Z");
        assert_eq!(when.full, "12 Oct 2016, 18:05:09 UTC");
        assert_eq!(When::read("soon", Timestamp::EPOCH), None);
    }
}
