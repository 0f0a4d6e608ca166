//! What poller and writer both look at: leads under way, pages to visit again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::line::Visits;
use crate::config::Source;
use crate::model::{SourceId, Timestamp};
use crate::schedule::{self, Poll, Why};

/// Leads that may be under way at once; more wait in their feeds for the next poll.
const UNDER_WAY_MAX: usize = 10_000;

/// The desk. Locks are held for a look or a note, never across I/O.
#[derive(Debug, Default)]
pub(super) struct Desk {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    under_way: BTreeSet<u64>,
    again: BTreeMap<(Timestamp, u64), (Arc<Source>, Visits)>,
    /// When each page in `again` is due.
    planned: BTreeMap<u64, Timestamp>,
    /// Last reason each lead was lost for, so that it is written down once.
    lost: BTreeMap<u64, String>,
}

/// Reasons remembered; the oldest keys go first.
const LOST_MAX: usize = 10_000;

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a lead in hand; false where it is already, or where too many are.
    pub(super) fn begin(&self, key: u64) -> bool {
        let mut inner = self.lock();
        inner.under_way.len() < UNDER_WAY_MAX && inner.under_way.insert(key)
    }

    /// A lead that was begun never got to its page.
    pub(super) fn drop_lead(&self, key: u64) {
        self.lock().under_way.remove(&key);
    }

    /// A lead's end is committed: it may be begun again, and its page has a time for the next visit.
    pub(super) fn ended(&self, key: u64, source: Arc<Source>, visits: Visits) {
        self.lock().under_way.remove(&key);
        self.plan(key, source, visits);
    }

    /// Plans the next visit of a page that gave an article.
    pub(super) fn plan(&self, key: u64, source: Arc<Source>, visits: Visits) {
        let mut inner = self.lock();
        if let Some(at) = inner.planned.remove(&key) {
            inner.again.remove(&(at, key));
        }
        if !visits.good || visits.url.is_empty() {
            return;
        }
        if let Some(at) = schedule::revisit(visits.first, visits.last) {
            inner.planned.insert(key, at);
            inner.again.insert((at, key), (source, visits));
        }
    }

    /// Takes the visits that are due at `now`.
    pub(super) fn due(&self, now: Timestamp) -> Vec<(u64, Arc<Source>, Visits)> {
        let mut inner = self.lock();
        let later = inner.again.split_off(&(now.plus_millis(1), 0));
        let due = std::mem::replace(&mut inner.again, later);
        for (_, key) in due.keys() {
            inner.planned.remove(key);
        }
        due.into_iter().map(|((_, key), (source, visits))| (key, source, visits)).collect()
    }

    /// When the next visit is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.lock().again.keys().next().map(|&(at, _)| at)
    }

    /// Leads begun and not yet ended.
    pub(super) fn under_way(&self) -> usize {
        self.lock().under_way.len()
    }

    /// True the first time a lead is lost for this reason.
    pub(super) fn is_news(&self, key: u64, reason: &str) -> bool {
        let mut inner = self.lock();
        if inner.lost.len() >= LOST_MAX {
            inner.lost.pop_first();
        }
        inner.lost.insert(key, reason.to_owned()).as_deref() != Some(reason)
    }
}

/// What is kept of a lead's visits on disk.
#[derive(Serialize, Deserialize)]
struct Row {
    source: String,
    url: String,
    title: String,
    first: i64,
    last: i64,
    stamp: Option<i64>,
    etag: Option<String>,
    last_modified: Option<String>,
    good: bool,
}

/// The row of a lead's visits.
pub(super) fn row(source: &SourceId, visits: &Visits) -> Vec<u8> {
    let row = Row {
        source: source.0.clone(),
        url: visits.url.clone(),
        title: visits.title.clone(),
        first: visits.first.millis(),
        last: visits.last.millis(),
        stamp: visits.stamp,
        etag: visits.etag.clone(),
        last_modified: visits.last_modified.clone(),
        good: visits.good,
    };
    postcard::to_stdvec(&row).expect("a row of strings and numbers always serialises")
}

/// A row read back; `None` where it is of a form we no longer read (then the page is simply visited again).
pub(super) fn read_row(bytes: &[u8]) -> Option<(SourceId, Visits)> {
    let row: Row = postcard::from_bytes(bytes).ok()?;
    let visits = Visits {
        url: row.url,
        title: row.title,
        first: Timestamp::from_millis(row.first),
        last: Timestamp::from_millis(row.last),
        stamp: row.stamp,
        etag: row.etag,
        last_modified: row.last_modified,
        good: row.good,
    };
    Some((SourceId(row.source), visits))
}

/// What is kept of an endpoint's schedule on disk.
#[derive(Serialize, Deserialize)]
struct PollRow {
    last_poll: Option<i64>,
    last_success: Option<i64>,
    next_poll: i64,
    failures: u32,
    etag: Option<String>,
    last_modified: Option<String>,
    moved_to: Option<String>,
    newest: Option<i64>,
    gap_millis: Option<u64>,
    gone: bool,
}

/// The row of an endpoint's schedule. Why the next poll is when it is lives no longer than the process.
pub(super) fn poll_row(poll: &Poll) -> Vec<u8> {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::millis);
    let row = PollRow {
        last_poll: millis(poll.last_poll),
        last_success: millis(poll.last_success),
        next_poll: poll.next_poll.millis(),
        failures: poll.failures,
        etag: poll.etag.clone(),
        last_modified: poll.last_modified.clone(),
        moved_to: poll.moved_to.clone(),
        newest: millis(poll.newest),
        gap_millis: poll.gap_millis,
        gone: poll.gone,
    };
    postcard::to_stdvec(&row).expect("a row of strings and numbers always serialises")
}

/// A schedule read back; `None` where the row is of a form we no longer read (then the endpoint is new).
pub(super) fn read_poll(bytes: &[u8]) -> Option<Poll> {
    let row: PollRow = postcard::from_bytes(bytes).ok()?;
    let at = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    Some(Poll {
        last_poll: at(row.last_poll),
        last_success: at(row.last_success),
        next_poll: Timestamp::from_millis(row.next_poll),
        why: Why::Kept,
        failures: row.failures,
        etag: row.etag,
        last_modified: row.last_modified,
        moved_to: row.moved_to,
        newest: at(row.newest),
        gap_millis: row.gap_millis,
        gone: row.gone,
    })
}
