//! Days of invented sources to the times they must be polled at.

use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const START: Timestamp = Timestamp::from_secs(1_772_000_000);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// No jitter, 2 min to 1 h, back-off to three days.
fn exact() -> Params {
    Params { jitter_permille: 0, ..Params::default() }
}

fn ago(secs: u64) -> Timestamp {
    START.plus_millis(-(secs.cast_signed() * 1000))
}

fn wait_secs(poll: &Poll, now: Timestamp) -> u64 {
    poll.next_poll.distance_millis(now) / 1000
}

/// The wait in seconds and the words after `outcome` at `START`.
fn check(poll: &Poll, outcome: &Outcome, wait: u64, why: &str) {
    let got = next(poll, outcome, START, &exact(), 7);
    assert_eq!((wait_secs(&got, START), got.why.to_string().as_str()), (wait, why), "{outcome:?}");
}

/// A source that brought `count` entries, one each `gap` seconds, and was asked just before `START`.
fn source(count: u64, gap: u64) -> Poll {
    let times: Vec<Timestamp> = (0..count).map(|n| ago(1 + n * gap)).collect();
    let outcome = Outcome::New { times, undated: 0, floor: None };
    next(&Poll::default(), &outcome, ago(1), &exact(), 7)
}

/// A source that was watched for a fortnight and brought an entry each `gap` seconds, at all hours alike.
fn steady(gap: u64) -> Poll {
    let bin = Bin { entries: (14 * HOUR) as f32 / gap as f32, watched: 14.0 };
    let rhythm = Rhythm { hours: [bin; 24], ..Rhythm::default() };
    Poll { rhythm, newest: Some(ago(gap / 2)), last_success: Some(ago(1)), ..Poll::default() }
}

const SAME: Outcome = Outcome::Same { floor: None };

fn failed() -> Outcome {
    Outcome::Failed { retry_after: None }
}

#[test]
fn a_source_is_asked_by_the_root_of_what_it_brings() {
    let waits = |poll: &Poll| wait_secs(&next(poll, &SAME, START, &exact(), 7), START) / MINUTE;
    // A quarter of the entries is worth half of the polls.
    let gaps = [150, 600, HOUR, 4 * HOUR];
    let got: Vec<u64> = gaps.iter().map(|&gap| waits(&steady(gap))).collect();
    assert_eq!(got, [3, 6, 15, 31]);
    assert_eq!(waits(&Poll::default()), 27, "nothing is known of it");
}

#[test]
fn the_wait_is_said_in_words() {
    check(&steady(600), &SAME, 382, "in 6 m: 6.0 entries an hour are usual at this time");
    check(
        &steady(20),
        &Outcome::NotModified { floor: None },
        120,
        "in 2 m, the shortest interval: 177.8 entries an hour are usual at this time",
    );
    check(
        &steady(2 * DAY),
        &SAME,
        3600,
        "in 1 h, the longest interval: an entry each 1 d is usual at this time",
    );
}

#[test]
fn the_publishers_floor_holds_but_never_above_the_longest_interval() {
    let busy = source(200, 60);
    let floor = |secs| Outcome::Same { floor: Some(Duration::from_secs(secs)) };
    check(&busy, &floor(900), 900, "in 15 m: the publisher asks for no more");
    check(&busy, &floor(DAY), 3600, "in 1 h: the publisher asks for no more");
    let polled = next(&busy, &floor(10), START, &exact(), 7);
    assert!(matches!(polled.why, Why::Rhythm { .. }), "{}", polled.why);
}

#[test]
fn failures_back_off_to_days_and_one_answer_ends_it() {
    let mut poll = steady(600);
    let answered = poll.last_success;
    let mut waits = Vec::new();
    for _ in 0..14 {
        poll = next(&poll, &failed(), START, &exact(), 7);
        waits.push(wait_secs(&poll, START) / MINUTE);
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4320, 4320]);
    assert_eq!(poll.why.to_string(), "in 3 d: backing off after 14 failures");
    assert_eq!(poll.last_success, answered);
    let back = next(&poll, &SAME, START, &exact(), 7);
    assert_eq!((back.failures, wait_secs(&back, START)), (0, 382));
    check(&Poll::default(), &failed(), 120, "in 2 m: backing off after 1 failure");
}

#[test]
fn retry_after_is_obeyed_and_clamped() {
    let asked = |secs| Outcome::Failed { retry_after: Some(Duration::from_secs(secs)) };
    let new = Poll::default();
    check(
        &new,
        &asked(HOUR + 5 * MINUTE),
        3900,
        "in 1 h 5 m: the server said when, after 1 failure",
    );
    check(&new, &asked(90 * DAY), 3 * DAY, "in 3 d: the server said when, after 1 failure");
    check(&new, &asked(5), 120, "in 2 m: backing off after 1 failure");
    let failing = Poll { failures: 5, ..Poll::default() };
    check(&failing, &asked(60), 3840, "in 1 h 4 m: backing off after 6 failures");
}

#[test]
fn gone_is_asked_again_to_be_sure_and_then_once_in_a_month_and_an_answer_takes_it_back() {
    let once = next(&Poll::default(), &Outcome::Gone, START, &exact(), 7);
    assert_eq!((once.gone, wait_secs(&once, START)), (true, DAY));
    assert_eq!(once.why.to_string(), "in 1 d: gone for good (410), asked again to be sure");
    let twice = next(&once, &Outcome::Gone, START, &exact(), 7);
    assert_eq!((twice.gone, wait_secs(&twice, START)), (true, 30 * DAY));
    assert_eq!(
        twice.why.to_string(),
        "in 30 d: gone for good (410), said twice; a look now and then"
    );
    let back = next(&twice, &SAME, START, &exact(), 7);
    assert!(!back.gone && wait_secs(&back, START) <= HOUR);
}

#[test]
fn hours_that_a_feed_skips_are_slept_through() {
    // START is 2026-02-25T06:13:20Z.
    let poll = Poll { skip: Skip { hours: 0b1_1100_0000, days: 0 }, ..source(200, 600) };
    let got = next(&poll, &SAME, START, &exact(), 7);
    let free = Timestamp::parse("2026-02-25T09:00:00Z").unwrap();
    assert!(free <= got.next_poll && got.next_poll < free.plus_millis(3_600_000));
    assert!(got.soonest >= free);
    assert!(got.why.to_string().ends_with("the feed names hours or days to skip"), "{}", got.why);
}

/// A source that brings an entry each ten minutes by day and none at night, for `days` days from a Monday; each day is passed
/// to `day` with the waits that began in its hours.
fn days(days: u64, mut day: impl FnMut(u64, [Vec<u64>; 24]), rest: impl Fn(u64) -> bool) {
    let monday = Timestamp::parse("2026-03-02T00:00:00Z").unwrap();
    let params = Params { max_interval: secs(4 * HOUR), ..exact() };
    let (mut now, mut poll) = (monday, Poll::default());
    for number in 0..days {
        let mut waits: [Vec<u64>; 24] = Default::default();
        let midnight = monday.plus_millis((number * DAY * 1000).cast_signed());
        while now.distance_millis(midnight) < DAY * 1000 {
            let last = poll.last_poll.unwrap_or(monday);
            let times: Vec<Timestamp> = (7 * 6..19 * 6)
                .map(|tenth| midnight.plus_millis(tenth * 600_000))
                .filter(|&at| !rest(number) && last < at && at <= now)
                .collect();
            let outcome = if times.is_empty() {
                SAME
            } else {
                Outcome::New { times, undated: 0, floor: None }
            };
            poll = next(&poll, &outcome, now, &params, 7);
            waits[rhythm::hour_of(now)].push(wait_secs(&poll, now) / MINUTE);
            now = poll.next_poll;
        }
        day(number, waits);
    }
}

#[test]
fn a_night_is_slept_through_and_the_morning_wakes_it() {
    let rest = |_| false;
    days(
        12,
        |number, waits| {
            if number < 10 {
                return;
            }
            let night: Vec<u64> = waits[0..5].concat();
            let noon: Vec<u64> = waits[10..16].concat();
            assert!(night.iter().all(|&wait| wait >= 30), "{night:?}");
            assert!(noon.iter().all(|&wait| wait <= 8), "{noon:?}");
            assert!(!waits[7].is_empty(), "asleep at seven: {waits:?}");
        },
        rest,
    );
}

#[test]
fn a_weekend_is_told_from_a_working_day() {
    let mut polls = [0, 0];
    let weekend = |number| number % 7 >= 5;
    days(
        28,
        |number, waits| {
            if number >= 21 {
                polls[usize::from(weekend(number))] += waits.iter().map(Vec::len).sum::<usize>();
            }
        },
        weekend,
    );
    let [working, free] = [polls[0] / 5, polls[1] / 2];
    assert!(free * 3 < working, "{polls:?}");
}

#[test]
fn a_burst_speeds_up_and_a_silence_slows_down() {
    let usual = source(200, HOUR);
    let burst = Outcome::New { times: vec![START; 6], undated: 0, floor: None };
    let fast = next(&usual, &burst, START, &exact(), 7);
    assert!(wait_secs(&fast, START) < 9 * MINUTE, "{}", fast.why);
    assert!(fast.why.to_string().contains("times that comes now"), "{}", fast.why);
    let mut poll = source(400, 600);
    let mut now = START;
    let mut waits = Vec::new();
    for _ in 0..40 {
        poll = next(&poll, &SAME, now, &exact(), 7);
        waits.push(wait_secs(&poll, now));
        now = poll.next_poll;
    }
    assert!(waits[12] > waits[0] * 3 / 2, "{waits:?}");
    assert!(poll.is_quiet(now), "{}", poll.why);
    assert!(!usual.is_quiet(START));
}

#[test]
fn a_feeds_first_answer_tells_its_rhythm_and_an_old_entry_on_top_does_not() {
    let times: Vec<Timestamp> = (0..30).map(|n| ago(n * 600)).chain([ago(13 * DAY)]).collect();
    let outcome = Outcome::New { times, undated: 0, floor: None };
    let poll = next(&Poll::default(), &outcome, START, &exact(), 7);
    let hourly = poll.rhythm.rate(START).now();
    assert!((3.0..7.0).contains(&hourly), "{hourly}");
    let undated = Outcome::New { times: vec![], undated: 30, floor: None };
    let poll = next(&Poll::default(), &undated, START, &exact(), 7);
    assert_eq!(poll.rhythm, Rhythm::default(), "nobody knows when these came");
}

#[test]
fn an_entry_is_no_older_than_the_last_answer_and_no_younger_than_now() {
    let known = Poll { last_success: Some(ago(600)), newest: Some(ago(DAY)), ..Poll::default() };
    for (claimed, newest) in [
        (vec![ago(5 * HOUR)], ago(600)),
        (vec![ago(60)], ago(60)),
        (vec![START.plus_millis(3_600_000)], START),
        (vec![], START),
    ] {
        let undated = usize::from(claimed.is_empty());
        let outcome = Outcome::New { times: claimed.clone(), undated, floor: None };
        let got = next(&known, &outcome, START, &exact(), 7);
        assert_eq!(got.newest, Some(newest), "{claimed:?}");
    }
}

#[test]
fn what_the_poller_keeps_stays_untouched() {
    let poll = Poll {
        etag: Some("\"1\"".to_owned()),
        last_modified: Some("x".to_owned()),
        moved_to: Some("https://gazette.test/new".to_owned()),
        validated: Some(1),
        skip: Skip { hours: 1, days: 0 },
        ..Poll::default()
    };
    let got = next(&poll, &failed(), START, &exact(), 7);
    assert_eq!(
        (got.etag, got.last_modified, got.moved_to, got.validated, got.skip),
        (poll.etag, poll.last_modified, poll.moved_to, poll.validated, poll.skip)
    );
    assert_eq!(got.last_poll, Some(START));
    assert_eq!(Poll::default().why.to_string(), "at once: never polled");
}

#[test]
fn intervals_configured_the_wrong_way_round_do_no_harm() {
    let params = Params {
        min_interval: secs(HOUR),
        max_interval: secs(60),
        backoff_max: Duration::ZERO,
        jitter_permille: 5000,
    };
    let got = next(&Poll::default(), &failed(), START, &params, 7);
    assert_eq!(wait_secs(&got, START), HOUR);
    let zero = Params { min_interval: Duration::ZERO, max_interval: Duration::MAX, ..params };
    assert!(next(&source(9, 1), &SAME, START, &zero, 7).next_poll > START);
}

#[test]
fn pages_are_revisited_down_the_ladder_and_then_left() {
    for (age, step) in [
        (0, Some(15 * MINUTE)),
        (3 * HOUR - 1, Some(15 * MINUTE)),
        (3 * HOUR, Some(HOUR)),
        (DAY - 1, Some(HOUR)),
        (DAY, Some(3 * HOUR)),
        (7 * DAY - 1, Some(3 * HOUR)),
        (7 * DAY, None),
    ] {
        let got = revisit(ago(age), START).map(|at| at.distance_millis(START) / 1000);
        assert_eq!(got, step, "{age}");
    }
    assert_eq!(revisit(START, ago(60)), Some(START.plus_millis(15 * 60 * 1000)));
}

#[test]
fn a_page_that_fails_is_tried_four_times_more_and_no_more() {
    let waits: Vec<_> = (0..7)
        .map(|tries| retry(START, tries).map(|at| at.distance_millis(START) / 60_000))
        .collect();
    assert_eq!(waits, [None, Some(15), Some(60), Some(180), Some(720), None, None]);
}

#[test]
fn an_unfinished_poll_is_hastened_to_what_is_polite_and_no_further() {
    let check = |outcome: Outcome, unfinished: bool, wait: u64| {
        let mut poll = next(&steady(2 * DAY), &outcome, START, &exact(), 7);
        poll.unfinished = unfinished;
        poll.hasten();
        assert_eq!(wait_secs(&poll, START), wait, "{outcome:?}");
    };
    check(SAME, false, HOUR);
    check(SAME, true, 2 * MINUTE);
    check(Outcome::Same { floor: Some(secs(600)) }, true, 600);
    check(Outcome::Failed { retry_after: Some(secs(900)) }, true, 900);
    check(Outcome::Failed { retry_after: None }, true, 2 * MINUTE);
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let span = || prop::option::of((0_u64..4_000_000).prop_map(secs));
    let at = (0_u64..10_000_000).prop_map(ago);
    prop_oneof![
        (prop::collection::vec(at, 0..9), 0_usize..9, span())
            .prop_map(|(times, undated, floor)| Outcome::New { times, undated, floor }),
        span().prop_map(|floor| Outcome::Same { floor }),
        span().prop_map(|floor| Outcome::NotModified { floor }),
        span().prop_map(|retry_after| Outcome::Failed { retry_after }),
        Just(Outcome::Gone),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_wait_lies_within_its_bounds(
        days in prop::collection::vec((outcomes(), 0_u64..100_000), 1..20),
        min in 1_u64..600, more in 0_u64..10_000, seed in any::<u64>(),
    ) {
        let params = Params { min_interval: secs(min), max_interval: secs(min + more), ..Params::default() };
        let mut poll = Poll::default();
        let mut now = START;
        for (outcome, pause) in days {
            let again = next(&poll, &outcome, now, &params, seed);
            poll = next(&poll, &outcome, now, &params, seed);
            prop_assert_eq!(&again, &poll, "the same arguments give the same state");
            let most = match outcome {
                Outcome::Gone => secs(30 * DAY),
                Outcome::Failed { .. } => params.backoff_max,
                _ => params.max_interval,
            };
            let wait = poll.next_poll.millis() - now.millis();
            prop_assert!(wait > 0);
            let wait = Duration::from_millis(wait.cast_unsigned());
            prop_assert!(params.min_interval <= wait && wait <= most, "{wait:?}");
            prop_assert!(now < poll.soonest && poll.soonest <= poll.next_poll);
            prop_assert!(!poll.why.to_string().is_empty());
            now = now.plus_millis(pause.cast_signed());
        }
    }

    #[test]
    fn more_failures_never_mean_a_shorter_wait(failures in 0_u32..100, retry in prop::option::of(0_u64..DAY)) {
        let outcome = Outcome::Failed { retry_after: retry.map(secs) };
        let fewer = Poll { failures, ..Poll::default() };
        let more = Poll { failures: failures + 1, ..Poll::default() };
        let after = |poll| next(poll, &outcome, START, &exact(), 7).next_poll;
        prop_assert!(after(&fewer) <= after(&more));
    }

    #[test]
    fn jitter_spreads_by_a_tenth_and_by_the_seed(seed in any::<u64>()) {
        let poll = steady(4 * HOUR);
        let params = Params { max_interval: secs(DAY), ..Params::default() };
        let one = wait_secs(&next(&poll, &SAME, START, &params, seed), START);
        prop_assert!((1670..=2070).contains(&one), "{one}");
        let others = (1..20_u64).map(|other| next(&poll, &SAME, START, &params, seed ^ other).next_poll);
        let distinct: std::collections::BTreeSet<_> = others.collect();
        prop_assert!(distinct.len() > 10);
    }
}
