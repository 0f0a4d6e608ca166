//! Outcome of a poll and the time to the next poll, and when a page is visited again.
//!
//! A source's rhythm is learned (`rhythm`), and polls come in proportion to the square root of the entries to be expected:
//! that spends a number of polls where they save most waiting. A burst speeds it up, a quiet night slows it down.

use std::time::Duration;

use crate::model::Timestamp;

mod flaps;
mod rhythm;
mod skip;
mod why;

pub use flaps::Texts;
pub use rhythm::{Bin, Rate, Rhythm};
pub use skip::Skip;
pub use why::{Held, Why};

/// Roots of an hour that earn a poll: a source with an entry an hour is asked each quarter of an hour, one with 25 entries
/// an hour every three minutes. On a thousand sources of 1 to 300 entries a day that is a third of the polls of asking all of
/// them each five minutes, at less than their delay (`tests/it/rhythm.rs`).
const EFFORT: f64 = 0.26;

/// A source is quiet when this many entries should have come since the newest, and no less than [`QUIET_MILLIS`] ago.
const QUIET_ENTRIES: f64 = 12.0;
const QUIET_MILLIS: u64 = 6 * HOUR_MILLIS;

/// After a first 410 a source is asked once more, a day later; after a second one once in a month.
const GONE_ONCE_MILLIS: u64 = DAY_MILLIS;
const GONE_MILLIS: u64 = 30 * DAY_MILLIS;

/// Doublings after which a back-off grows no more, whatever the limits: 2^20 s are twelve days.
const DOUBLINGS_MAX: u32 = 20;

const MINUTE_MILLIS: u64 = 60_000;
const HOUR_MILLIS: u64 = 60 * MINUTE_MILLIS;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

/// The bounds of polling one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Shortest wait between two polls.
    pub min_interval: Duration,
    /// Longest wait while the source answers.
    pub max_interval: Duration,
    /// Longest wait after failures, and the longest `Retry-After` obeyed. Never below `max_interval`.
    pub backoff_max: Duration,
    /// Share of the wait by which it is spread, in thousandths: 100 is ±10 %.
    pub jitter_permille: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            min_interval: Duration::from_mins(2),
            max_interval: Duration::from_hours(1),
            backoff_max: Duration::from_hours(72),
            jitter_permille: 100,
        }
    }
}

/// What is known of one endpoint between polls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Poll {
    /// When it was last asked.
    pub last_poll: Option<Timestamp>,
    /// When it last answered with a feed, or with "not modified".
    pub last_success: Option<Timestamp>,
    /// When it is to be asked next. 1970 for a new endpoint: at once.
    pub next_poll: Timestamp,
    /// Why then.
    pub why: Why,
    /// The earliest time at which another poll is no rudeness: what the shortest interval and the publisher ask for after an
    /// answer, `next_poll` after a failure.
    pub soonest: Timestamp,
    /// True while entries of the last good answer are still to be brought in; kept here, set by the poller.
    pub unfinished: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Validator of the last good answer; kept here, set by the poller.
    pub etag: Option<String>,
    /// Validator of the last good answer; kept here, set by the poller.
    pub last_modified: Option<String>,
    /// Names the address that gave the validators; kept here, set by the poller.
    pub validated: Option<u64>,
    /// Where permanent redirects led; set by the poller.
    pub moved_to: Option<String>,
    /// When the newest entry was published, or first seen where that is not said. Never ahead of the poll that found it.
    pub newest: Option<Timestamp>,
    /// When it publishes.
    pub rhythm: Rhythm,
    /// When its feed asks not to be polled; set by the poller.
    pub skip: Skip,
    /// True once the endpoint said that it is gone for good (410).
    pub gone: bool,
    /// What is wrong with it; kept here, set by the poller.
    pub fault: Option<Fault>,
}

/// Why an endpoint fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind, as in the metrics.
    pub kind: String,
    /// In plain words.
    pub detail: String,
    /// When the row of failures began.
    pub since: Timestamp,
}

/// How a poll ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A feed with entries that were not there before.
    New {
        /// The times that they claim.
        times: Vec<Timestamp>,
        /// How many claim none.
        undated: usize,
        /// What `Cache-Control`, `Expires` or the feed's ttl ask for.
        floor: Option<Duration>,
    },
    /// A feed without anything new.
    Same {
        /// As above.
        floor: Option<Duration>,
    },
    /// 304.
    NotModified {
        /// As above.
        floor: Option<Duration>,
    },
    /// No answer, a bad one, or no feed in it.
    Failed {
        /// What a 429 or 503 asked for.
        retry_after: Option<Duration>,
    },
    /// 410: gone for good.
    Gone,
}

/// The state after a poll that ended with `outcome` at `now`.
///
/// The wait lies in `min_interval..=max_interval` after an answer and in `min_interval..=backoff_max` after a failure,
/// jitter included; it is never zero. Only what the feed asks to skip, and a 410, make it longer. The same arguments give the same state: the seed (a hash of the endpoint) spreads
/// endpoints, the time spreads polls.
pub fn next(
    poll: &Poll,
    outcome: &Outcome,
    now: Timestamp,
    params: &Params,
    jitter_seed: u64,
) -> Poll {
    let bounds = Bounds::of(params);
    let mut next = Poll { last_poll: Some(now), gone: false, ..poll.clone() };
    let wait = match outcome {
        Outcome::New { times, undated, floor } => {
            next.learn(times, *undated, now);
            next.answered(now, *floor, bounds)
        }
        Outcome::Same { floor } | Outcome::NotModified { floor } => {
            next.learn(&[], 0, now);
            next.answered(now, *floor, bounds)
        }
        Outcome::Failed { retry_after } => next.failed(*retry_after, bounds),
        Outcome::Gone => next.went(poll.gone),
    };
    let millis = wait.spread(params.jitter_permille, jitter_seed ^ now.millis().cast_unsigned());
    let after = |millis: u64| now.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    next.next_poll = after(millis);
    next.soonest = if next.failures == 0 { after(wait.least) } else { next.next_poll };
    next.skip_what_is_to_be_skipped(now, wait.least, jitter_seed);
    next
}

/// Params in milliseconds, in order whatever was configured.
#[derive(Clone, Copy)]
struct Bounds {
    min: u64,
    max: u64,
    backoff_max: u64,
}

impl Bounds {
    fn of(params: &Params) -> Self {
        let min = millis(params.min_interval).max(1);
        let max = millis(params.max_interval).max(min);
        Self { min, max, backoff_max: millis(params.backoff_max).max(max) }
    }
}

/// A wait and what jitter may make of it.
#[derive(Clone, Copy)]
struct Wait {
    millis: u64,
    least: u64,
    most: u64,
}

impl Wait {
    fn spread(self, permille: u32, seed: u64) -> u64 {
        let reach = (u128::from(self.millis) * u128::from(permille.min(1000)) / 1000) as u64;
        let off = mix(seed) % (reach.saturating_mul(2).saturating_add(1));
        (self.millis - reach).saturating_add(off).clamp(self.least, self.most)
    }
}

impl Poll {
    /// Moves the next poll to the earliest time there can be one, where entries were left in the feed.
    pub fn hasten(&mut self) {
        if self.unfinished && self.soonest < self.next_poll {
            self.next_poll = self.soonest;
            self.why = Why::Unfinished;
        }
    }

    /// Puts the next poll off for as long as its host wants to be left alone, and a little: its other endpoints wait as well.
    pub fn leave(&mut self, rest: Duration, now: Timestamp, seed: u64) {
        let every_millis = millis(rest).saturating_add(mix(seed) % MINUTE_MILLIS);
        self.next_poll = now.plus_millis(every_millis.min(DAY_MILLIS).cast_signed());
        self.soonest = self.soonest.max(self.next_poll);
        self.why = Why::Rest { every_millis };
    }

    /// True where what should have come by its own rhythm did not, for hours.
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        let Some(newest) = self.newest.filter(|&newest| newest < now) else { return false };
        // What is older than the rhythm's memory needs no summing up.
        let since = newest.max(now.plus_millis(-(14 * DAY_MILLIS).cast_signed()));
        now.distance_millis(newest) >= QUIET_MILLIS
            && self.rhythm.expected(since, now) >= QUIET_ENTRIES
    }

    /// Takes an answer into the rhythm. What came, came after the last answer, whatever time it claims.
    fn learn(&mut self, times: &[Timestamp], undated: usize, now: Timestamp) {
        self.rhythm.learn(self.last_success, times, undated, now);
        if times.is_empty() && undated == 0 {
            return;
        }
        let earliest = self.last_success.unwrap_or(Timestamp::from_millis(i64::MIN));
        let claimed = times.iter().copied().filter(|&at| at <= now).max();
        let newest = claimed.filter(|_| undated == 0).unwrap_or(now).max(earliest).min(now);
        self.newest = self.newest.max(Some(newest)).min(Some(now));
    }

    /// Wait after an answer.
    fn answered(&mut self, now: Timestamp, floor: Option<Duration>, bounds: Bounds) -> Wait {
        self.last_success = Some(now);
        self.failures = 0;
        let wanted = self.rhythm.wait(now, EFFORT, bounds.max);
        let mut every_millis = wanted.clamp(bounds.min, bounds.max);
        let held = match wanted {
            _ if wanted < bounds.min => Some(Held::Shortest),
            _ if wanted >= bounds.max => Some(Held::Longest),
            _ => None,
        };
        self.why = Why::Rhythm { every_millis, rate: self.rhythm.rate(now), held };
        let floor = floor.map_or(0, millis).min(bounds.max);
        if floor > every_millis {
            every_millis = floor;
            self.why = Why::Floor { every_millis };
        }
        Wait { millis: every_millis, least: floor.max(bounds.min), most: bounds.max }
    }

    /// Wait after a 410, the second in a row where `again`.
    fn went(&mut self, again: bool) -> Wait {
        self.gone = true;
        self.failures = self.failures.saturating_add(1);
        let millis = if again { GONE_MILLIS } else { GONE_ONCE_MILLIS };
        self.why = if again {
            Why::Gone { every_millis: millis }
        } else {
            Why::GoneOnce { every_millis: millis }
        };
        Wait { millis, least: millis, most: millis }
    }

    /// Moves the next poll out of the hours that the feed asks to skip, a little into the free ones: many feeds name the
    /// same hours.
    fn skip_what_is_to_be_skipped(&mut self, now: Timestamp, least: u64, seed: u64) {
        self.soonest = self.skip.after(self.soonest);
        let free = self.skip.after(self.next_poll);
        if free > self.next_poll {
            self.next_poll =
                free.plus_millis((mix(seed) % least.clamp(1, HOUR_MILLIS)).cast_signed());
            self.why = Why::Skip { every_millis: self.next_poll.distance_millis(now) };
        }
    }

    /// Wait after a failure: doubles from the shortest interval.
    fn failed(&mut self, retry_after: Option<Duration>, bounds: Bounds) -> Wait {
        self.failures = self.failures.saturating_add(1);
        let failures = self.failures;
        let doublings = (failures - 1).min(DOUBLINGS_MAX);
        let every_millis = bounds.min.saturating_mul(1 << doublings).min(bounds.backoff_max);
        self.why = Why::BackOff { every_millis, failures };
        let asked = retry_after.map_or(0, millis).min(bounds.backoff_max);
        if asked < every_millis {
            return Wait {
                millis: every_millis,
                least: asked.max(bounds.min),
                most: bounds.backoff_max,
            };
        }
        self.why = Why::RetryAfter { every_millis: asked, failures };
        Wait { millis: asked, least: asked, most: bounds.backoff_max }
    }
}

/// When a page is visited again to see whether it changed: each 15 min while it is under 3 h old, each hour under a day,
/// each 3 h under seven days; `None` from then on. The age is that at the last visit.
pub fn revisit(first_seen: Timestamp, last_visit: Timestamp) -> Option<Timestamp> {
    const LADDER: [(u64, u64); 3] = [
        (3 * HOUR_MILLIS, 15 * MINUTE_MILLIS),
        (DAY_MILLIS, HOUR_MILLIS),
        (7 * DAY_MILLIS, 3 * HOUR_MILLIS),
    ];
    let age = last_visit.max(first_seen).distance_millis(first_seen);
    let (_, step) = LADDER.iter().find(|&&(under, _)| age < under)?;
    Some(last_visit.max(first_seen).plus_millis(step.cast_signed()))
}

/// When a page that gave no article is tried again after its `tries`th failure in a row: after 15 min, an hour, 3 h and 12 h,
/// so that neither a slow publication nor a night's outage costs a story; `None` from then on.
pub fn retry(last_visit: Timestamp, tries: u32) -> Option<Timestamp> {
    const LADDER: [u64; 4] = [15 * MINUTE_MILLIS, HOUR_MILLIS, 3 * HOUR_MILLIS, 12 * HOUR_MILLIS];
    let step = LADDER.get(tries.checked_sub(1)? as usize)?;
    Some(last_visit.plus_millis(step.cast_signed()))
}

/// Whole milliseconds, as far as a u64 and a `Timestamp` hold them.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).min(i64::MAX.cast_unsigned())
}

/// Spreads a seed over all bits. Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators" (`SplitMix64`).
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
