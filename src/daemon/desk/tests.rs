//! Polls, their leads and the ends of those, in every order.

use super::*;
use crate::config::SourceKind;
use crate::feed::Entry;
use crate::model::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_772_000_000);

fn source() -> Arc<Source> {
    Arc::new(Source::named("desk".into(), SourceKind::Outlet))
}

fn lead(key: u64) -> Lead {
    let url = format!("http://a.example/{key}");
    let visits = Visits { url, ..Visits::default() };
    Lead {
        source: source(),
        key,
        entry: Arc::new(Entry::default()),
        page: None,
        signals: Arc::default(),
        visits,
        turn: None,
    }
}

/// The same entry, changed by its own word.
fn changed(key: u64) -> Lead {
    let entry = Entry { updated: Some(NOW), ..Entry::default() };
    Lead { entry: Arc::new(entry), ..lead(key) }
}

fn tag(etag: &str) -> Validators {
    Validators { etag: Some(etag.to_owned()), ..Validators::default() }
}

/// Takes a poll with these leads in hand; gives the keys begun, how many are left, and whether it is settled at once.
fn poll(desk: &Desk, endpoint: usize, etag: &str, keys: &[u64]) -> (Vec<u64>, usize, bool) {
    let leads = keys.iter().map(|&key| lead(key)).collect();
    let taken = desk.take_poll(endpoint, leads, tag(etag));
    (taken.begun.iter().map(|lead| lead.key).collect(), taken.left, taken.settled.is_some())
}

fn end(desk: &Desk, key: u64) {
    desk.ended(key, source(), Visits { good: true, last: NOW, first: NOW, ..lead(key).visits });
}

#[test]
fn pages_that_go_back_and_forth_are_told_by_source_until_they_are_calm() {
    let desk = Desk::new(10);
    let texts = |returns| schedule::Texts::kept(vec![1, 2], returns, 0);
    let visits = |key, returns| Visits {
        good: true,
        first: NOW,
        last: NOW,
        texts: texts(returns),
        ..lead(key).visits
    };
    let told = || {
        let (count, pages) = desk.flapping(&source().id, 1);
        (count, pages.into_iter().map(|page| page.url).collect::<Vec<_>>())
    };
    desk.plan(1, source(), visits(1, 1));
    assert_eq!(told(), (0, vec![]));
    desk.plan(1, source(), visits(1, 2));
    desk.plan(2, source(), visits(2, 3));
    desk.plan(3, Arc::new(Source::named("other".into(), SourceKind::Outlet)), visits(3, 3));
    assert_eq!(told(), (2, vec!["http://a.example/1".to_owned()]));
    desk.plan(1, source(), visits(1, 0));
    assert_eq!(told(), (1, vec!["http://a.example/2".to_owned()]));
    // Too old to be looked at again.
    let old = NOW.plus_millis(-30 * 24 * 3_600_000);
    desk.plan(2, source(), Visits { first: old, ..visits(2, 3) });
    assert_eq!(told(), (0, vec![]));
}

fn settled(desk: &Desk) -> Vec<(usize, String)> {
    desk.settled().into_iter().map(|(endpoint, kept)| (endpoint, kept.etag.unwrap())).collect()
}

#[test]
fn validators_are_kept_when_the_last_lead_has_ended_and_not_before() {
    let desk = Desk::new(10);
    assert_eq!(poll(&desk, 0, "a", &[1, 2]), (vec![1, 2], 0, false));
    end(&desk, 2);
    assert_eq!(settled(&desk), []);
    end(&desk, 1);
    assert_eq!(settled(&desk), [(0, "a".to_owned())]);
    assert_eq!(settled(&desk), []);
    assert_eq!(poll(&desk, 0, "b", &[]), (vec![], 0, true));
}

#[test]
fn a_poll_waits_for_leads_that_another_brought() {
    let desk = Desk::new(10);
    poll(&desk, 0, "a", &[1, 2]);
    assert_eq!(poll(&desk, 1, "b", &[2, 3]), (vec![3], 0, false));
    end(&desk, 3);
    end(&desk, 1);
    assert_eq!(settled(&desk), []);
    end(&desk, 2);
    assert_eq!(settled(&desk), [(0, "a".to_owned()), (1, "b".to_owned())]);
}

#[test]
fn the_newest_poll_of_an_endpoint_is_the_one_that_counts() {
    let desk = Desk::new(10);
    poll(&desk, 0, "a", &[1, 2]);
    assert_eq!(poll(&desk, 0, "b", &[2, 3]), (vec![3], 0, false));
    end(&desk, 2);
    end(&desk, 3);
    assert_eq!(settled(&desk), [(0, "b".to_owned())], "it does not list 1 any more");
    end(&desk, 1);
    assert_eq!(settled(&desk), [], "a is of yesterday");
    // Settled and not yet fetched, and then polled once more.
    poll(&desk, 0, "c", &[4]);
    end(&desk, 4);
    poll(&desk, 0, "d", &[5]);
    assert_eq!(settled(&desk), []);
}

#[test]
fn leads_beyond_the_most_are_left_and_their_poll_is_never_settled() {
    let desk = Desk::new(2);
    assert_eq!(poll(&desk, 0, "a", &[1, 2, 3]), (vec![1, 2], 1, false));
    assert!(!desk.has_room());
    end(&desk, 1);
    end(&desk, 2);
    assert!(desk.has_room());
    assert_eq!(settled(&desk), []);
    assert_eq!(poll(&desk, 0, "a", &[3]), (vec![3], 0, false));
    end(&desk, 3);
    assert_eq!(settled(&desk), [(0, "a".to_owned())]);
}

#[test]
fn an_entry_that_changes_while_it_is_visited_is_left_for_the_next_poll() {
    let desk = Desk::new(10);
    poll(&desk, 0, "a", &[1]);
    let taken = desk.take_poll(0, vec![changed(1)], tag("b"));
    assert_eq!((taken.begun.len(), taken.left), (0, 1));
    end(&desk, 1);
    assert_eq!(settled(&desk), [], "the visit was of the entry before");
}

#[test]
fn a_lead_that_never_got_to_its_page_settles_nothing() {
    let desk = Desk::new(10);
    poll(&desk, 0, "a", &[1, 2]);
    end(&desk, 1);
    desk.drop_lead(2);
    assert_eq!(settled(&desk), []);
    assert_eq!(desk.under_way(), 0);
    assert_eq!(poll(&desk, 0, "a", &[2]), (vec![2], 0, false));
}

#[test]
fn a_visit_that_is_due_while_hands_are_full_comes_later() {
    let desk = Desk::new(1);
    poll(&desk, 0, "a", &[1]);
    assert!(!desk.begin(&lead(2), NOW));
    assert_eq!(desk.next(), Some(NOW.plus_millis(FULL_MILLIS)));
    end(&desk, 1);
    let due = desk.due(NOW.plus_millis(FULL_MILLIS));
    assert_eq!(due.iter().map(|(key, ..)| *key).collect::<Vec<_>>(), [2]);
    assert!(desk.begin(&lead(2), NOW) && !desk.begin(&lead(2), NOW));
}

#[test]
fn visits_leave_half_of_the_hands_to_what_is_new() {
    let desk = Desk::new(4);
    assert_eq!([1, 2, 3, 4].map(|key| desk.begin(&lead(key), NOW)), [true, true, false, false]);
    assert!(desk.has_room());
    assert_eq!(poll(&desk, 0, "a", &[5, 6, 7]), (vec![5, 6], 1, false));
}

#[test]
fn a_lost_page_is_tried_again_and_one_without_an_address_is_not() {
    let desk = Desk::new(10);
    let lost =
        |url: &str, tries| Visits { url: url.to_owned(), last: NOW, tries, ..Visits::default() };
    desk.plan(1, source(), lost("http://a.example/1", 1));
    assert_eq!(desk.next(), Some(NOW.plus_millis(15 * 60_000)));
    desk.plan(1, source(), lost("http://a.example/1", 5));
    assert_eq!(desk.next(), None, "it had its tries");
    desk.plan(1, source(), lost("", 1));
    assert_eq!(desk.next(), None);
}
