//! Outcome of a poll and the time to the next poll, and when a page is visited again.
//!
//! A source that just published is likely to publish again, so the wait follows its own rhythm: half the age of its newest
//! entry, and no less than an eighth of its usual gap. A burst speeds it up, a quiet night slows it down.

use std::time::Duration;

use crate::model::Timestamp;

mod flaps;
mod why;

pub use flaps::Texts;
pub use why::Why;

/// Waits in the age of the newest entry: what was quiet for an hour is asked again after half an hour.
const WAITS_PER_AGE: u64 = 2;

/// Most polls in one usual gap between entries. An hourly source is not asked each minute just because it published.
const POLLS_PER_GAP: u64 = 8;

/// Weight of a gap longer than usual: one part in eight, so that one quiet night is no new rhythm. Shorter gaps weigh
/// half, so that a burst is one at its second entry.
const LONG_GAP_PARTS: u64 = 8;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Where permanent redirects led; set by the poller.
    pub moved_to: Option<String>,
    /// When the newest entry was published, or first seen where that is not said. Never ahead of the poll that found it.
    pub newest: Option<Timestamp>,
    /// Smoothed time between new entries, in milliseconds.
    pub gap_millis: Option<u64>,
    /// True once the endpoint said that it is gone for good (410).
    pub gone: bool,
}

/// How a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A feed with entries that were not there before.
    New {
        /// How many.
        entries: usize,
        /// Latest time that they claim; `None` where they claim none.
        newest: Option<Timestamp>,
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
/// jitter included; it is never zero. The same arguments give the same state: the seed (a hash of the endpoint) spreads
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
    let wait = match *outcome {
        Outcome::New { entries, newest, floor } => {
            next.learn(entries, newest, now);
            next.answered(now, floor, bounds)
        }
        Outcome::Same { floor } | Outcome::NotModified { floor } => {
            next.answered(now, floor, bounds)
        }
        Outcome::Failed { retry_after } => next.failed(retry_after, bounds),
        Outcome::Gone => {
            next.gone = true;
            next.failures = next.failures.saturating_add(1);
            next.why = Why::Gone;
            Wait { millis: bounds.backoff_max, least: bounds.backoff_max, most: bounds.backoff_max }
        }
    };
    let millis = wait.spread(params.jitter_permille, jitter_seed ^ now.millis().cast_unsigned());
    let after = |millis: u64| now.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    next.next_poll = after(millis);
    next.soonest = if next.failures == 0 { after(wait.least) } else { next.next_poll };
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

    /// Takes new entries into the rhythm. They came after the last answer, whatever time they claim.
    fn learn(&mut self, entries: usize, claimed: Option<Timestamp>, now: Timestamp) {
        let earliest = self.last_success.unwrap_or(Timestamp::from_millis(i64::MIN));
        let newest = claimed.unwrap_or(now).max(earliest).min(now);
        if let Some(known) = self.newest.filter(|&known| known < newest) {
            // Several entries in one poll: they came evenly, as far as we can know.
            let gap = newest.distance_millis(known) / (entries.max(1) as u64);
            self.gap_millis = Some(match self.gap_millis {
                Some(usual) if gap > usual => usual + (gap - usual) / LONG_GAP_PARTS,
                Some(usual) => usual - (usual - gap) / 2,
                None => gap,
            });
        }
        self.newest = self.newest.max(Some(newest)).min(Some(now));
    }

    /// Wait after an answer.
    fn answered(&mut self, now: Timestamp, floor: Option<Duration>, bounds: Bounds) -> Wait {
        self.last_success = Some(now);
        self.failures = 0;
        let by_gap = self.gap_millis.map_or(0, |gap| gap / POLLS_PER_GAP);
        let by_age = self.newest.map(|newest| now.distance_millis(newest) / WAITS_PER_AGE);
        let wanted = by_age.map_or(bounds.max, |by_age| by_age.max(by_gap));
        let mut every_millis = wanted.clamp(bounds.min, bounds.max);
        self.why = match (self.newest, self.gap_millis) {
            (None, _) => Why::Silent { every_millis },
            (Some(_), Some(gap_millis)) if Some(by_gap) > by_age => {
                Why::Rhythm { every_millis, gap_millis }
            }
            (Some(newest), _) => {
                Why::Newest { every_millis, age_millis: now.distance_millis(newest) }
            }
        };
        let floor = floor.map_or(0, millis).min(bounds.max);
        if floor > every_millis {
            every_millis = floor;
            self.why = Why::Floor { every_millis };
        }
        Wait { millis: every_millis, least: floor.max(bounds.min), most: bounds.max }
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
