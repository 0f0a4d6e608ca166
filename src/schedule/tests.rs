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
fn check(poll: &Poll, outcome: Outcome, wait: u64, why: &str) {
    let got = next(poll, &outcome, START, &exact(), 7);
    assert_eq!((wait_secs(&got, START), got.why.to_string().as_str()), (wait, why), "{outcome:?}");
}

/// A source whose newest entry and usual gap are these many seconds.
fn source(age: u64, gap: Option<u64>) -> Poll {
    Poll { newest: Some(ago(age)), gap_millis: gap.map(|gap| gap * 1000), ..Poll::default() }
}

const SAME: Outcome = Outcome::Same { floor: None };

fn failed() -> Outcome {
    Outcome::Failed { retry_after: None }
}

#[test]
fn the_age_of_the_newest_entry_sets_the_wait() {
    check(&source(9 * MINUTE, None), SAME, 270, "every 4 m: newest entry 9 m old");
    check(&source(30, None), SAME, 120, "every 2 m: newest entry 30 s old");
    check(&source(8 * HOUR, Some(180)), SAME, 3600, "every 1 h: newest entry 8 h old");
    check(&source(3 * DAY, None), SAME, 3600, "every 1 h: newest entry 3 d old");
    check(&Poll::default(), SAME, 3600, "every 1 h: no new entry seen yet");
    check(
        &source(9 * MINUTE, None),
        Outcome::NotModified { floor: None },
        270,
        "every 4 m: newest entry 9 m old",
    );
}

#[test]
fn the_usual_gap_keeps_a_slow_source_from_being_asked_each_minute() {
    check(&source(60, Some(2 * HOUR)), SAME, 900, "every 15 m: an entry each 2 h");
    check(&source(60, Some(3 * MINUTE)), SAME, 120, "every 2 m: newest entry 1 m old");
}

#[test]
fn the_publishers_floor_holds_but_never_above_the_longest_interval() {
    let busy = source(MINUTE, None);
    let floor = |secs| Outcome::Same { floor: Some(Duration::from_secs(secs)) };
    check(&busy, floor(900), 900, "every 15 m: the publisher asks for no more");
    check(&busy, floor(DAY), 3600, "every 1 h: the publisher asks for no more");
    check(&busy, floor(10), 120, "every 2 m: newest entry 1 m old");
}

#[test]
fn failures_back_off_to_days_and_one_answer_ends_it() {
    let mut poll = source(9 * MINUTE, None);
    let mut waits = Vec::new();
    for _ in 0..14 {
        poll = next(&poll, &failed(), START, &exact(), 7);
        waits.push(wait_secs(&poll, START) / MINUTE);
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4320, 4320]);
    assert_eq!(poll.why.to_string(), "in 3 d: backing off after 14 failures");
    assert_eq!(poll.last_success, None);
    check(&poll, SAME, 270, "every 4 m: newest entry 9 m old");
    assert_eq!(next(&poll, &SAME, START, &exact(), 7).failures, 0);
    check(&Poll::default(), failed(), 120, "in 2 m: backing off after 1 failure");
}

#[test]
fn retry_after_is_obeyed_and_clamped() {
    let asked = |secs| Outcome::Failed { retry_after: Some(Duration::from_secs(secs)) };
    let new = Poll::default();
    check(
        &new,
        asked(HOUR + 5 * MINUTE),
        3900,
        "in 1 h 5 m: the server said when, after 1 failure",
    );
    check(&new, asked(90 * DAY), 3 * DAY, "in 3 d: the server said when, after 1 failure");
    check(&new, asked(5), 120, "in 2 m: backing off after 1 failure");
    let failing = Poll { failures: 5, ..Poll::default() };
    check(&failing, asked(60), 3840, "in 1 h 4 m: backing off after 6 failures");
}

#[test]
fn gone_is_said_and_an_answer_takes_it_back() {
    let gone = next(&Poll::default(), &Outcome::Gone, START, &exact(), 7);
    assert!(gone.gone && gone.next_poll > START);
    assert_eq!(gone.why.to_string(), "never: gone for good (410)");
    assert!(!next(&gone, &SAME, START, &exact(), 7).gone);
}

#[test]
fn a_burst_speeds_up_and_a_quiet_night_slows_down() {
    let mut poll = source(HOUR, Some(2 * HOUR));
    poll.last_success = Some(ago(30 * MINUTE));
    let mut now = START;
    let mut waits = Vec::new();
    for _ in 0..6 {
        let outcome = Outcome::New { entries: 2, newest: Some(now), floor: None };
        poll = next(&poll, &outcome, now, &exact(), 7);
        waits.push(wait_secs(&poll, now));
        now = now.plus_millis(3 * 60 * 1000);
    }
    assert!(waits.is_sorted_by(|a, b| a >= b) && waits[5] == 120, "{waits:?}");
    let mut night = Vec::new();
    for _ in 0..14 {
        now = poll.next_poll;
        poll = next(&poll, &SAME, now, &exact(), 7);
        night.push(wait_secs(&poll, now));
    }
    assert!(night.is_sorted() && night[13] == 3600, "{night:?}");
}

#[test]
fn an_entry_is_no_older_than_the_last_answer_and_no_younger_than_now() {
    let known = Poll { last_success: Some(ago(600)), ..source(DAY, None) };
    for (claimed, newest) in [
        (Some(ago(5 * HOUR)), ago(600)),
        (Some(ago(60)), ago(60)),
        (Some(START.plus_millis(3_600_000)), START),
        (None, START),
    ] {
        let outcome = Outcome::New { entries: 1, newest: claimed, floor: None };
        assert_eq!(next(&known, &outcome, START, &exact(), 7).newest, Some(newest), "{claimed:?}");
    }
}

#[test]
fn what_the_poller_keeps_stays_untouched() {
    let poll = Poll {
        etag: Some("\"1\"".to_owned()),
        last_modified: Some("x".to_owned()),
        moved_to: Some("https://gazette.test/new".to_owned()),
        ..Poll::default()
    };
    let got = next(&poll, &failed(), START, &exact(), 7);
    assert_eq!(
        (got.etag, got.last_modified, got.moved_to),
        (poll.etag, poll.last_modified, poll.moved_to)
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
    assert!(next(&source(0, None), &SAME, START, &zero, 7).next_poll > START);
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
        let mut poll = next(&source(8 * HOUR, None), &outcome, START, &exact(), 7);
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
    let at = prop::option::of((0_u64..10_000_000).prop_map(ago));
    prop_oneof![
        (0_usize..50, at, span()).prop_map(|(entries, newest, floor)| Outcome::New {
            entries,
            newest,
            floor
        }),
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
                Outcome::Failed { .. } | Outcome::Gone => params.backoff_max,
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
        let poll = source(HOUR, None);
        let params = Params { max_interval: secs(DAY), ..Params::default() };
        let one = wait_secs(&next(&poll, &SAME, START, &params, seed), START);
        prop_assert!((1620..=1980).contains(&one), "{one}");
        let others = (1..20_u64).map(|other| next(&poll, &SAME, START, &params, seed ^ other).next_poll);
        let distinct: std::collections::BTreeSet<_> = others.collect();
        prop_assert!(distinct.len() > 10);
    }
}
