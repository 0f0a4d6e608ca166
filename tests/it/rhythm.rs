//! A thousand sources over thirty days: how late their entries are found and for how many polls, against polling by the clock.

use std::time::Duration;

use copytaster::model::Timestamp;
use copytaster::schedule::{self, Outcome, Params, Poll};

mod sources;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const DAYS: i64 = 30;

/// Entries that a feed lists.
const LISTED: usize = 30;

/// What a way of polling costs and gives.
#[derive(Debug, Default)]
struct Report {
    polls: usize,
    /// From publication to discovery, in milliseconds, in order.
    delays: Vec<u64>,
    /// The median of each source.
    medians: Vec<u64>,
}

impl Report {
    fn of(
        sources: &[Vec<Timestamp>],
        mut polls: impl FnMut(usize, &[Timestamp]) -> Vec<Timestamp>,
    ) -> Self {
        let mut report = Self::default();
        for (number, entries) in sources.iter().enumerate() {
            let polls = polls(number, entries);
            report.polls += polls.len();
            let begin = sources::START;
            let found = |entry: &Timestamp| polls.get(polls.partition_point(|poll| poll < entry));
            let entries = entries.iter().filter(|&&entry| entry >= begin);
            let mut delays: Vec<u64> =
                entries.filter_map(|entry| Some(found(entry)?.distance_millis(*entry))).collect();
            delays.sort_unstable();
            report.medians.extend(delays.get(delays.len() / 2));
            report.delays.append(&mut delays);
        }
        report.delays.sort_unstable();
        report.medians.sort_unstable();
        report
    }

    /// The delay in minutes that this share of the entries does not pass.
    fn delay(&self, percent: usize) -> f64 {
        at(&self.delays, percent)
    }

    fn mean(&self) -> f64 {
        self.delays.iter().sum::<u64>() as f64 / self.delays.len() as f64 / MINUTE as f64
    }

    fn line(&self, name: &str, sources: usize) -> String {
        format!(
            "{name:<14} {:7.1} polls a day and source; delay in minutes: median {:5.2}, mean {:5.2}, 90 % {:6.2}, 99 % {:6.2}; \
             median of the sources' medians {:5.2}",
            self.polls as f64 / sources as f64 / DAYS as f64,
            self.delay(50),
            self.mean(),
            self.delay(90),
            self.delay(99),
            at(&self.medians, 50),
        )
    }
}

fn at(sorted: &[u64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100] as f64 / MINUTE as f64
}

fn end() -> Timestamp {
    sources::START.plus_millis(DAYS * DAY)
}

/// Polls each so many minutes, each source from a moment of its own.
fn by_the_clock(minutes: i64) -> impl FnMut(usize, &[Timestamp]) -> Vec<Timestamp> {
    move |number, _| {
        let first =
            sources::START.plus_millis(number.cast_signed() as i64 * 7919 % (minutes * MINUTE));
        let polls = (0..).map(|n| first.plus_millis(n * minutes * MINUTE));
        polls.take_while(|&at| at < end()).collect()
    }
}

/// Polls as the daemon does: it knows what a poll has found, and nothing else.
fn by_rhythm(number: usize, entries: &[Timestamp]) -> Vec<Timestamp> {
    let params = Params {
        min_interval: Duration::from_mins(2),
        max_interval: Duration::from_hours(2),
        ..Params::default()
    };
    let mut polls = Vec::new();
    let mut poll = Poll {
        next_poll: sources::START.plus_millis(number.cast_signed() as i64 % 60 * 1000),
        ..Poll::default()
    };
    while poll.next_poll < end() {
        let now = poll.next_poll;
        polls.push(now);
        let listed = entries.partition_point(|&entry| entry <= now);
        let known = poll.last_poll.map_or(listed.saturating_sub(LISTED), |last| {
            entries.partition_point(|&entry| entry <= last)
        });
        let times = entries[known..listed].to_vec();
        let outcome = if times.is_empty() {
            Outcome::Same { floor: None }
        } else {
            Outcome::New { times, undated: 0, floor: None }
        };
        poll = schedule::next(&poll, &outcome, now, &params, number as u64);
    }
    polls
}

/// What polling by rhythm is worth on these sources: `median` of the delay in minutes, for a third of the polls of asking all
/// of them each five minutes, and nobody forgotten for it.
fn holds(sources: &[Vec<Timestamp>], name: &str, median: f64) -> String {
    let five = Report::of(sources, by_the_clock(5));
    let fifteen = Report::of(sources, by_the_clock(15));
    let rhythm = Report::of(sources, by_rhythm);
    let mut said = format!("{name}: {} sources, {} entries", sources.len(), rhythm.delays.len());
    for (name, report) in [("each 5 m", &five), ("each 15 m", &fifteen), ("by rhythm", &rhythm)] {
        said = format!("{said}\n{}", report.line(name, sources.len()));
    }
    assert!(rhythm.polls * 3 <= five.polls, "{said}");
    assert!(rhythm.delay(50) <= median, "{said}");
    // Twice the polls are half the delay, so this product is the same for every clock.
    let cost = |report: &Report| report.mean() * report.polls as f64;
    assert!(cost(&rhythm) * 3.0 <= cost(&fifteen) * 2.0, "{said}");
    assert!(rhythm.delay(90) <= fifteen.delay(90), "{said}");
    assert!(rhythm.delay(99) <= 60.0, "{said}");
    said
}

/// A thousand, or a hundred where the code is not made fast (`just rhythm` makes it so).
fn count() -> usize {
    if cfg!(debug_assertions) { 100 } else { 1000 }
}

#[test]
fn sources_are_polled_by_their_rhythm_at_a_third_of_the_polls() {
    let sources = sources::invented(count(), DAYS);
    // Half of what the clock gives for as many polls.
    println!("{}", holds(&sources, "invented sources", 3.75));
}

/// `COPYTASTER_RHYTHMS` names a file of lines with a source's name, a tab and the seconds since 1970 of one of its entries.
#[test]
fn real_rhythms_are_polled_at_the_delay_of_five_minutes_for_a_third_of_the_polls() {
    let path = std::env::var_os("COPYTASTER_RHYTHMS").filter(|path| !path.is_empty());
    let Some(path) = path else {
        println!("skipped: COPYTASTER_RHYTHMS is not set");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let sources = sources::drawn(&text, count(), DAYS);
    println!("{}", holds(&sources, "sources with the rhythms of the file", 2.5));
}
