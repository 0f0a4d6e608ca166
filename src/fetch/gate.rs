//! A host to a turn at it: one request at a time, with a pause between two, first come first served.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;
use url::{Host, Url};

use crate::model::Timestamp;

/// Hosts remembered before those nobody waits for are forgotten.
const HOSTS_MAX: usize = 4096;

/// Who counts as one host: the registrable domain (`news.example.co.uk` → `example.co.uk`, by the public suffix list),
/// or address and port where the host is literal. A name without a registrable domain (`localhost`) keeps its port, too.
pub(super) fn key(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(0);
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            match psl::domain_str(name) {
                Some(domain) => domain.to_owned(),
                None => format!("{name}:{port}"),
            }
        }
        Some(host) => format!("{host}:{port}"),
        None => String::new(),
    }
}

/// One host.
#[derive(Debug, Default)]
struct Slot {
    /// When its last request ended; `None` before the first. Who holds the lock has the turn.
    ended: Arc<tokio::sync::Mutex<Option<Instant>>>,
    /// The end of a rest that it asked for, really and on the clock.
    rested: Mutex<Option<(Instant, Timestamp)>>,
}

/// All hosts' queues. tokio's mutex hands itself on in the order of asking, which makes each queue fair.
#[derive(Debug, Default)]
pub(super) struct Gate {
    hosts: Mutex<BTreeMap<String, Arc<Slot>>>,
}

/// The right to ask one host. Dropping it, also in mid-request, ends the turn and starts the pause.
#[derive(Debug)]
pub(super) struct Turn(OwnedMutexGuard<Option<Instant>>);

impl Gate {
    /// Waits until it is this caller's turn at `key` and at least `pause` (real time) after the turn before ended.
    pub(super) async fn turn(&self, key: &str, pause: Duration) -> Turn {
        let slot = self.slot(key);
        let turn = Turn(Arc::clone(&slot.ended).lock_owned().await);
        if let Some(ended) = *turn.0 {
            tokio::time::sleep_until(ended + pause).await;
        }
        turn
    }

    /// Waits until nobody has a turn at `key`, its last one is `pause` ago and its rest is over, without taking a turn.
    pub(super) async fn ready(&self, key: &str, pause: Duration) {
        let slot = self.slot(key);
        loop {
            let paused = slot.ended.lock().await.map(|ended| ended + pause);
            let rested = slot.rested().map(|(until, _)| until);
            let until = paused.max(rested);
            let Some(until) = until.filter(|&until| until > Instant::now()) else { return };
            tokio::time::sleep_until(until).await;
        }
    }

    /// The host at `key` asked for a rest of this long (real time), which is until then on the clock. A longer one that it asked
    /// for before stands.
    pub(super) fn rest(&self, key: &str, rest: Duration, until: Timestamp) {
        let slot = self.slot(key);
        let mut rested = slot.rested();
        *rested = rested.max(Some((Instant::now() + rest, until)));
    }

    /// The hosts that want to be left alone at `now`, and until when.
    pub(super) fn resting(&self, now: Timestamp) -> Vec<(String, Timestamp)> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let rests = hosts.iter().filter_map(|(key, slot)| Some((key.clone(), (*slot.rested())?.1)));
        rests.filter(|&(_, until)| until > now).collect()
    }

    /// How much longer the host at `key` asked to be left alone (real time).
    pub(super) fn rests(&self, key: &str) -> Option<Duration> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, _) = (*hosts.get(key)?.rested())?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// Hosts remembered.
    pub(super) fn len(&self) -> usize {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn slot(&self, key: &str) -> Arc<Slot> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_MAX && !hosts.contains_key(key) {
            // A host forgotten here loses at most the rest of one pause.
            hosts.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.is_resting());
        }
        Arc::clone(hosts.entry(key.to_owned()).or_default())
    }
}

impl Slot {
    fn rested(&self) -> MutexGuard<'_, Option<(Instant, Timestamp)>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_resting(&self) -> bool {
        self.rested().is_some_and(|(until, _)| until > Instant::now())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0 = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_its_registrable_domain_or_its_address_and_port() {
        for (url, expected) in [
            ("https://news.example.co.uk/a", "example.co.uk"),
            ("http://example.co.uk:8080/", "example.co.uk"),
            ("https://WWW.Presse.Example.fr./", "example.fr"),
            ("https://a.github.io/", "a.github.io"),
            ("http://127.0.0.1:8000/", "127.0.0.1:8000"),
            ("http://127.0.0.1/", "127.0.0.1:80"),
            ("https://[::1]/", "[::1]:443"),
            ("http://localhost:9/", "localhost:9"),
        ] {
            assert_eq!(key(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    const PAUSE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn turns_at_one_host_come_in_order_with_the_pause_between() {
        let gate = Arc::new(Gate::default());
        let began = Instant::now();
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut asks = tokio::task::JoinSet::new();
        for n in 0..4_u64 {
            let (gate, done) = (Arc::clone(&gate), Arc::clone(&done));
            asks.spawn(async move {
                let _turn = gate.turn("a", PAUSE).await;
                let at = began.elapsed().as_secs();
                tokio::time::sleep(Duration::from_secs(1)).await; // the request itself
                done.lock().unwrap().push((n, at));
            });
        }
        asks.join_all().await;
        assert_eq!(*done.lock().unwrap(), [(0, 0), (1, 6), (2, 12), (3, 18)]);
    }

    #[tokio::test(start_paused = true)]
    async fn another_host_does_not_wait() {
        let gate = Gate::default();
        let began = Instant::now();
        let _a = gate.turn("a", PAUSE).await;
        let _b = gate.turn("b", PAUSE).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_waiting_leaves_the_queue_and_no_pause_is_lost() {
        let gate = Gate::default();
        drop(gate.turn("a", PAUSE).await);
        let began = Instant::now();
        let gave_up = tokio::time::timeout(Duration::from_secs(1), gate.turn("a", PAUSE)).await;
        assert!(gave_up.is_err());
        drop(gate.turn("a", PAUSE).await);
        assert!(began.elapsed() >= PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_ready_when_its_pause_and_its_rest_are_over() {
        let gate = Gate::default();
        let began = Instant::now();
        gate.ready("a", PAUSE).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop(gate.turn("a", PAUSE).await);
        gate.ready("a", PAUSE).await;
        assert_eq!(began.elapsed().as_secs(), PAUSE.as_secs());
        gate.rest("a", 3 * PAUSE, Timestamp::from_secs(15));
        gate.rest("a", PAUSE, Timestamp::from_secs(5));
        let resting = |secs| gate.resting(Timestamp::from_secs(secs));
        assert_eq!(resting(14), [("a".to_owned(), Timestamp::from_secs(15))]);
        assert_eq!(resting(15), []);
        assert_eq!((gate.rests("a"), gate.rests("b")), (Some(3 * PAUSE), None));
        gate.ready("a", PAUSE).await;
        assert_eq!(began.elapsed().as_secs(), 4 * PAUSE.as_secs());
        assert_eq!(gate.rests("a"), None);
    }

    #[test]
    fn hosts_nobody_waits_for_are_forgotten_at_the_limit() {
        let gate = Gate::default();
        let held = gate.slot("held");
        for n in 0..2 * HOSTS_MAX {
            gate.slot(&n.to_string());
        }
        let hosts = gate.hosts.lock().unwrap();
        assert!(hosts.len() <= HOSTS_MAX && hosts.contains_key("held"));
        drop(held);
    }
}
