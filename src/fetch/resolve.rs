//! A host's name to those of its addresses we may connect to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use lru::LruCache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::address::allowed;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// Names whose answer is remembered, at most a kilobyte each.
const NAMES_MAX: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not zero");

/// How long a name's addresses count that the system tells. It does not say how long they may; a publisher who moves keeps the old
/// place for longer than this. Real time, as the deadlines: it bounds what is asked of a name server.
const FOUND_KEPT: Duration = Duration::from_mins(1);

/// How long a name without an answer counts as such, so that the pages of a dead host do not take all slots in turn.
const UNKNOWN_KEPT: Duration = Duration::from_secs(10);

/// Why a name gave no address. Found again in the chain of a `reqwest::Error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAddress {
    /// None of its addresses may be connected to; this is the first.
    #[error("{0} is not a public address")]
    Refused(IpAddr),
    /// The system said no.
    #[error("{0}")]
    Unknown(String),
}

/// What the system said of a name, whoever may go there.
type Found = Result<Vec<SocketAddr>, NoAddress>;

/// Who says which addresses a name has.
#[derive(Clone)]
pub struct Names {
    ask: Arc<dyn Fn(String) -> Asked + Send + Sync>,
    kept: Duration,
}

type Asked = BoxFuture<'static, io::Result<Vec<IpAddr>>>;

impl Names {
    /// The system's own resolver.
    pub fn of_system() -> Self {
        Self::new(|host| {
            Box::pin(async {
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|at| at.ip()).collect())
            })
        })
    }

    /// Another one. What it says is trusted no more than what the system says.
    pub fn new(ask: impl Fn(String) -> Asked + Send + Sync + 'static) -> Self {
        Self { ask: Arc::new(ask), kept: FOUND_KEPT }
    }

    /// The same, where what is found counts for `time`, and that nothing is for no longer.
    #[must_use]
    pub fn kept_for(self, time: Duration) -> Self {
        Self { kept: time, ..self }
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

/// What is remembered of a name.
#[derive(Clone)]
struct Memory {
    found: Found,
    until: Instant,
    /// True where it has had an address at some time.
    answered: bool,
}

/// The answers of the last minute. What a source may reach is judged anew at each use: nothing forbidden gets in by a name that was
/// remembered, nor by one whose address changes.
struct Memories {
    names: LruCache<String, Memory>,
    /// How long an address counts.
    kept: Duration,
}

impl Memories {
    fn new(kept: Duration) -> Self {
        Self { names: LruCache::new(NAMES_MAX), kept }
    }

    /// What is remembered of a name at `now`.
    fn get(&mut self, host: &str, now: Instant) -> Option<Found> {
        let memory = self.names.get(host)?;
        (memory.until > now).then(|| memory.found.clone())
    }

    /// True where a name has had an address, whatever it has now.
    fn answered(&self, host: &str) -> bool {
        self.names.peek(host).is_some_and(|memory| memory.answered)
    }

    fn put(&mut self, host: String, found: &Found, now: Instant) {
        let kept = if found.is_ok() { self.kept } else { self.kept.min(UNKNOWN_KEPT) };
        let answered = found.is_ok() || self.answered(&host);
        self.names.put(host, Memory { found: found.clone(), until: now + kept, answered });
    }
}

/// What all resolvers of one fetcher share: few slots, and what was found. The system's resolver blocks a thread for each look-up,
/// for as long as a dead name server likes, so names that have had an address have slots of their own: however many hosts a hostile
/// feed names whose name servers are silent, they take none of those.
#[derive(Clone)]
pub(super) struct Slots {
    names: Names,
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
    deadline: Duration,
    memories: Arc<Mutex<Memories>>,
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slots").finish_non_exhaustive()
    }
}

impl Slots {
    /// `lookups_max` look-ups at a time of names that are new, and half as many of others. Each may take `deadline`, the wait for
    /// a slot included.
    pub(super) fn new(names: Names, lookups_max: usize, deadline: Duration) -> Self {
        let slots = |number: usize| Arc::new(Semaphore::new(number.clamp(1, 512)));
        let memories = Arc::new(Mutex::new(Memories::new(names.kept)));
        Self {
            names,
            strangers: slots(lookups_max),
            known: slots(lookups_max.div_ceil(2)),
            deadline,
            memories,
        }
    }

    fn memories<T>(&self, with: impl FnOnce(&mut Memories) -> T) -> T {
        with(&mut self.memories.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Names remembered.
    pub(super) fn len(&self) -> usize {
        self.memories(|memories| memories.names.len())
    }

    /// What is remembered of a name, else what the system says now.
    async fn find(&self, host: String) -> Found {
        let look = |memories: &mut Memories| {
            (memories.get(&host, Instant::now()), memories.answered(&host))
        };
        let (found, answered) = self.memories(look);
        if let Some(found) = found {
            return found;
        }
        let found = self.look_up(host.clone(), answered).await;
        found.unwrap_or_else(|late| {
            let found = Err(NoAddress::Unknown(late.to_owned()));
            self.memories(|memories| memories.put(host, &found, Instant::now()));
            found
        })
    }

    /// Asks and remembers. The look-up is on a task of its own: the slot stays taken until the blocked thread is free, also where
    /// the caller gave up long ago, and what comes late is there for the next who asks.
    async fn look_up(&self, host: String, answered: bool) -> Result<Found, &'static str> {
        let end = Instant::now() + self.deadline;
        let slots = if answered { &self.known } else { &self.strangers };
        let slot = timeout_at(end, Arc::clone(slots).acquire_owned()).await;
        let slot = slot.map_err(|_| "look-ups that are not answered hold up all others")?;
        let us = self.clone();
        let asked = tokio::spawn(async move {
            let found = match (us.names.ask)(host.clone()).await {
                Ok(found) => {
                    let found = found.into_iter().take(ADDRESSES_MAX);
                    Ok(found.map(|ip| SocketAddr::new(ip, 0)).collect())
                }
                Err(fault) => Err(NoAddress::Unknown(fault.to_string())),
            };
            drop(slot);
            us.memories(|memories| memories.put(host, &found, Instant::now()));
            found
        });
        match timeout_at(end, asked).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) => Err("the look-up came to nothing"),
            Err(_) => Err("the name server did not answer"),
        }
    }
}

/// The system's resolver behind the address filter of one allow list.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) allow: Arc<[IpNet]>,
    pub(super) slots: Slots,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (allow, slots) = (Arc::clone(&self.allow), self.slots.clone());
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found = slots.find(host).await?;
            let addresses: Addrs = Box::new(choose(found, &allow)?.into_iter());
            Ok(addresses)
        })
    }
}

/// The addresses that may be connected to, in the order found.
fn choose(found: Vec<SocketAddr>, allow: &[IpNet]) -> Found {
    let first = found.first().map(SocketAddr::ip);
    let kept: Vec<_> = found.into_iter().filter(|at| allowed(at.ip(), allow)).collect();
    match first {
        _ if !kept.is_empty() => Ok(kept),
        Some(refused) => Err(NoAddress::Refused(refused.to_canonical())),
        None => Err(NoAddress::Unknown("the name has no address".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn check(found: &[&str], allow: &[&str], expected: Result<&[&str], &str>) {
        let at = |ip: &&str| SocketAddr::new(ip.parse().unwrap(), 0);
        let allow: Vec<IpNet> = allow.iter().map(|net| net.parse().unwrap()).collect();
        let got = choose(found.iter().map(at).collect(), &allow).map_err(|e| e.to_string());
        let expected =
            expected.map(|kept| kept.iter().map(at).collect::<Vec<_>>()).map_err(ToOwned::to_owned);
        assert_eq!(got, expected);
    }

    #[test]
    fn only_addresses_we_may_connect_to_are_kept() {
        check(&["1.1.1.1", "10.0.0.1"], &[], Ok(&["1.1.1.1"]));
        check(&["10.0.0.1", "127.0.0.1"], &[], Err("10.0.0.1 is not a public address"));
        check(&["::ffff:10.0.0.1"], &[], Err("10.0.0.1 is not a public address"));
        check(&["10.0.0.1", "127.0.0.1"], &["127.0.0.0/8"], Ok(&["127.0.0.1"]));
        check(&[], &[], Err("the name has no address"));
    }

    #[test]
    fn names_are_remembered_for_a_while_and_never_more_of_them_than_fit() {
        let (mut names, now) = (Memories::new(FOUND_KEPT), Instant::now());
        let found: Found = Ok(vec![SocketAddr::new([1, 1, 1, 1].into(), 0)]);
        let none: Found = Err(NoAddress::Unknown("no such name".to_owned()));
        names.put("a.test".to_owned(), &found, now);
        names.put("b.test".to_owned(), &none, now);
        let mut check = |host: &str, after: Duration, expected: Option<&Found>| {
            assert_eq!(names.get(host, now + after).as_ref(), expected, "{host} {after:?}");
        };
        let just_before = |kept: Duration| kept.saturating_sub(Duration::from_millis(1));
        check("c.test", Duration::ZERO, None);
        check("a.test", just_before(FOUND_KEPT), Some(&found));
        check("a.test", FOUND_KEPT, None);
        check("b.test", just_before(UNKNOWN_KEPT), Some(&none));
        check("b.test", UNKNOWN_KEPT, None);
        for number in 0..5000 {
            names.put(format!("{number}.test"), &found, now);
        }
        assert_eq!(names.names.len(), NAMES_MAX.get());
        assert_eq!(names.get("a.test", now), None, "the oldest goes first");
    }

    /// A resolver of names whose servers are silent, but for those that begin with "live"; and how many it was asked.
    fn half_dead() -> (Names, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let names = Names::new(move |host| {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                if host.starts_with("live") {
                    Ok(vec![IpAddr::from([1, 1, 1, 1])])
                } else {
                    std::future::pending().await
                }
            })
        });
        (names, asked)
    }

    const DEADLINE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn silent_name_servers_take_the_slots_of_strangers_for_as_long_as_they_like_and_no_others()
     {
        let (names, asked) = half_dead();
        let slots = Slots::new(names, 8, DEADLINE);
        assert!(slots.find("live.test".to_owned()).await.is_ok());
        let mut dead = tokio::task::JoinSet::new();
        for number in 0..1000 {
            let slots = slots.clone();
            dead.spawn(async move { slots.find(format!("{number}.test")).await });
        }
        let began = Instant::now();
        for found in dead.join_all().await {
            let told = found.unwrap_err().to_string();
            assert!(
                told.contains("did not answer") || told.contains("hold up all others"),
                "{told}"
            );
        }
        assert_eq!(began.elapsed().as_secs(), DEADLINE.as_secs(), "each has its time and no more");
        // Those that gave up before they had a slot are not asked for later.
        assert_eq!(asked.load(Ordering::SeqCst), 1 + 8);
        // A name that is known goes on when what is remembered of it has run out.
        tokio::time::advance(FOUND_KEPT).await;
        let began = Instant::now();
        assert!(slots.find("live.test".to_owned()).await.is_ok());
        assert_eq!((began.elapsed(), asked.load(Ordering::SeqCst)), (Duration::ZERO, 1 + 8 + 1));
        // A stranger waits its time in vain.
        let told = slots.find("live-too.test".to_owned()).await.unwrap_err().to_string();
        assert!(told.contains("hold up all others"), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_comes_late_serves_the_next_who_asks() {
        let names = Names::new(|_| {
            Box::pin(async {
                tokio::time::sleep(DEADLINE + DEADLINE / 10).await;
                Ok(vec![IpAddr::from([1, 1, 1, 1])])
            })
        });
        let slots = Slots::new(names, 1, DEADLINE);
        let told = slots.find("slow.test".to_owned()).await.unwrap_err().to_string();
        assert!(told.contains("did not answer"), "{told}");
        tokio::time::sleep(DEADLINE / 2).await;
        assert!(slots.find("slow.test".to_owned()).await.is_ok());
    }

    #[test]
    fn a_name_that_had_an_address_is_known_while_it_has_none() {
        let (mut names, now) = (Memories::new(FOUND_KEPT), Instant::now());
        let none: Found = Err(NoAddress::Unknown("no such name".to_owned()));
        names.put("a.test".to_owned(), &none, now);
        assert!(!names.answered("a.test"));
        names.put("a.test".to_owned(), &Ok(Vec::new()), now);
        names.put("a.test".to_owned(), &none, now);
        assert!(names.answered("a.test") && names.get("a.test", now).unwrap().is_err());
    }

    #[test]
    fn a_name_that_is_remembered_is_judged_for_each_who_asks() {
        let (mut names, now) = (Memories::new(FOUND_KEPT), Instant::now());
        let at = |ip: [u8; 4]| SocketAddr::new(ip.into(), 0);
        names.put("a.test".to_owned(), &Ok(vec![at([127, 0, 0, 2])]), now);
        let open: Vec<IpNet> = vec!["127.0.0.0/8".parse().unwrap()];
        for (allow, expected) in [
            (&open[..], Ok(vec![at([127, 0, 0, 2])])),
            (&[][..], Err(NoAddress::Refused([127, 0, 0, 2].into()))),
        ] {
            assert_eq!(choose(names.get("a.test", now).unwrap().unwrap(), allow), expected);
        }
        // It is bound anew to where we may not go: what it was before helps nobody.
        names.put("b.test".to_owned(), &Ok(vec![at([1, 1, 1, 1])]), now);
        names.put("b.test".to_owned(), &Ok(vec![at([10, 0, 0, 1])]), now);
        let again = choose(names.get("b.test", now).unwrap().unwrap(), &[]);
        assert_eq!(again, Err(NoAddress::Refused([10, 0, 0, 1].into())));
    }
}
