//! What poller and writer both look at: leads under way, polls whose leads have not all ended, pages to visit again.
//!
//! A feed that is asked with validators says a thing once. So a poll's validators wait here until each lead that the poll
//! brought has ended and its end is on disk; a crash before that costs one more poll in full, and no story.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::line::{Lead, Validators, Visits};
use crate::api::FlappingPage;
use crate::config::Source;
use crate::model::{SourceId, Timestamp};
use crate::schedule;

mod rows;

pub(super) use rows::{poll_row, read_poll, read_row, row};

/// How long a visit waits that was due while too many leads were under way.
const FULL_MILLIS: i64 = 60_000;

/// The desk. Locks are held for a look or a note, never across I/O.
#[derive(Debug)]
pub(super) struct Desk {
    inner: Mutex<Inner>,
    /// Leads that may be under way at once; more wait in their feeds.
    leads_max: usize,
    /// Told when the last lead of a poll has ended.
    settled: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    under_way: BTreeMap<u64, UnderWay>,
    /// By endpoint, of its newest poll: what to ask with once its leads have ended.
    polls: BTreeMap<usize, Open>,
    /// By endpoint: what to ask with from now on.
    settled: BTreeMap<usize, Validators>,
    again: BTreeMap<(Timestamp, u64), (Arc<Source>, Visits)>,
    /// When each page in `again` is due.
    planned: BTreeMap<u64, Timestamp>,
    /// Those of them that go back and forth between texts.
    flapping: BTreeMap<u64, SourceId>,
}

/// A lead begun and not yet ended.
#[derive(Debug)]
struct UnderWay {
    /// The entry's `updated` that its visit will note.
    stamp: Option<i64>,
    /// Endpoints whose polls wait for its end.
    polls: BTreeSet<usize>,
}

/// A poll some of whose leads have not ended.
#[derive(Debug)]
struct Open {
    leads: BTreeSet<u64>,
    validators: Validators,
}

/// What became of a poll's leads.
#[derive(Debug)]
pub(super) struct Taken {
    /// Those that are begun by it.
    pub(super) begun: Vec<Lead>,
    /// How many must wait in their feed: too many are under way, or an older state of the entry is.
    pub(super) left: usize,
    /// What to ask with next, where nothing has to be waited for.
    pub(super) settled: Option<Validators>,
}

impl Desk {
    /// An empty desk for at most `leads_max` leads under way.
    pub(super) fn new(leads_max: usize) -> Self {
        Self { inner: Mutex::default(), leads_max, settled: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the leads of an endpoint's poll in hand, in one step, so that none can end before the poll waits for it. What the
    /// endpoint's poll before waited for counts no more: what is still listed is among the leads of this one.
    pub(super) fn take_poll(
        &self,
        endpoint: usize,
        leads: Vec<Lead>,
        validators: Validators,
    ) -> Taken {
        let mut inner = self.lock();
        inner.forget(endpoint);
        let (mut begun, mut left, mut waits) = (Vec::new(), 0, BTreeSet::new());
        for lead in leads {
            let (key, stamp) = (lead.key, lead.stamp());
            match inner.under_way.get(&key) {
                // The visit may come before the change and will not note it: the next poll brings it up again.
                Some(under_way) if under_way.stamp != stamp => left += 1,
                Some(_) => {
                    waits.insert(key);
                }
                None if inner.under_way.len() >= self.leads_max => left += 1,
                None => {
                    inner.unplan(key);
                    inner.under_way.insert(key, UnderWay { stamp, polls: BTreeSet::new() });
                    waits.insert(key);
                    begun.push(lead);
                }
            }
        }
        if left > 0 {
            return Taken { begun, left, settled: None };
        }
        if waits.is_empty() {
            return Taken { begun, left, settled: Some(validators) };
        }
        for key in &waits {
            if let Some(under_way) = inner.under_way.get_mut(key) {
                under_way.polls.insert(endpoint);
            }
        }
        inner.polls.insert(endpoint, Open { leads: waits, validators });
        Taken { begun, left, settled: None }
    }

    /// Takes a visit in hand that no poll waits for. False where the page is under way already, which plans its next visit, or
    /// where half of the hands are full: the other half is for what is new. Then it is planned for a little later than `now`.
    pub(super) fn begin(&self, lead: &Lead, now: Timestamp) -> bool {
        let mut inner = self.lock();
        if inner.under_way.contains_key(&lead.key) {
            return false;
        }
        if inner.under_way.len() >= self.leads_max.div_ceil(2) {
            let at = now.plus_millis(FULL_MILLIS);
            inner.plan(lead.key, at, Arc::clone(&lead.source), lead.visits.clone());
            return false;
        }
        let under_way = UnderWay { stamp: lead.stamp(), polls: BTreeSet::new() };
        inner.under_way.insert(lead.key, under_way);
        true
    }

    /// Nobody waits any more for what an endpoint's polls brought: another one takes its number.
    pub(super) fn release(&self, endpoint: usize) {
        self.lock().forget(endpoint);
    }

    /// A lead that was begun never got to its page: the polls that brought it are never settled.
    pub(super) fn drop_lead(&self, key: u64) {
        let mut inner = self.lock();
        let under_way = inner.under_way.remove(&key);
        for endpoint in under_way.into_iter().flat_map(|under_way| under_way.polls) {
            inner.forget(endpoint);
        }
    }

    /// A lead's end is committed: it may be begun again, and its page has a time for the next visit.
    pub(super) fn ended(&self, key: u64, source: Arc<Source>, visits: Visits) {
        self.plan(key, source, visits);
        if self.lock().end(key) {
            self.settled.notify_one();
        }
    }

    /// Takes the endpoints whose newest polls have been brought in to their last lead, with what to ask with from now on.
    pub(super) fn settled(&self) -> BTreeMap<usize, Validators> {
        std::mem::take(&mut self.lock().settled)
    }

    /// Resolves when [`Self::settled`] may have something new.
    pub(super) async fn until_settled(&self) {
        self.settled.notified().await;
    }

    /// Plans the next visit of a page: to see whether it has changed where it gave an article, to try again where not.
    pub(super) fn plan(&self, key: u64, source: Arc<Source>, visits: Visits) {
        let at = match (visits.url.is_empty(), visits.good) {
            (true, _) => None,
            (false, true) => visits.look(),
            (false, false) => schedule::retry(visits.last, visits.tries),
        };
        let mut inner = self.lock();
        inner.unplan(key);
        if let Some(at) = at {
            if visits.texts.flap() {
                inner.flapping.insert(key, source.id.clone());
            }
            inner.plan(key, at, source, visits);
        }
    }

    /// The pages of a source that go back and forth between texts: how many, and the first few.
    pub(super) fn flapping(&self, source: &SourceId, first: usize) -> (usize, Vec<FlappingPage>) {
        let inner = self.lock();
        let keys = inner.flapping.iter().filter(|(_, of)| *of == source).map(|(key, _)| key);
        let page = |key: &u64| {
            let at = *inner.planned.get(key)?;
            let (_, visits) = inner.again.get(&(at, *key))?;
            let Visits { url, texts, .. } = visits;
            Some(FlappingPage { url: url.clone(), why: texts.to_string(), next_visit: at })
        };
        (keys.clone().count(), keys.filter_map(page).take(first).collect())
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

    /// Pages that are to be looked at again.
    pub(super) fn planned(&self) -> usize {
        self.lock().planned.len()
    }

    /// True while this lead is begun and not yet ended.
    pub(super) fn is_under_way(&self, key: u64) -> bool {
        self.lock().under_way.contains_key(&key)
    }

    /// True where so many leads have ended that asking feeds for what was left in them is worth their trouble.
    pub(super) fn has_room(&self) -> bool {
        self.lock().under_way.len() <= self.leads_max.div_ceil(2)
    }
}

impl Inner {
    /// Ends a lead; true where a poll waited for nothing else.
    fn end(&mut self, key: u64) -> bool {
        let mut settled = false;
        let polls = self.under_way.remove(&key).map(|under_way| under_way.polls);
        for endpoint in polls.unwrap_or_default() {
            let Some(open) = self.polls.get_mut(&endpoint) else { continue };
            open.leads.remove(&key);
            if open.leads.is_empty()
                && let Some(open) = self.polls.remove(&endpoint)
            {
                self.settled.insert(endpoint, open.validators);
                settled = true;
            }
        }
        settled
    }

    /// Lets go of what an endpoint's poll waited for.
    fn forget(&mut self, endpoint: usize) {
        self.settled.remove(&endpoint);
        for key in self.polls.remove(&endpoint).into_iter().flat_map(|open| open.leads) {
            if let Some(under_way) = self.under_way.get_mut(&key) {
                under_way.polls.remove(&endpoint);
            }
        }
    }

    fn unplan(&mut self, key: u64) {
        self.flapping.remove(&key);
        if let Some(at) = self.planned.remove(&key) {
            self.again.remove(&(at, key));
        }
    }

    fn plan(&mut self, key: u64, at: Timestamp, source: Arc<Source>, visits: Visits) {
        self.planned.insert(key, at);
        self.again.insert((at, key), (source, visits));
    }
}

#[cfg(test)]
mod tests;
