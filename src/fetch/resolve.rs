//! A host's name to those of its addresses we may connect to.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use lru::LruCache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::address::allowed;

/// Look-ups at a time. The system's resolver blocks a thread for each, for as long as a dead name server likes.
const LOOKUPS_MAX: usize = 8;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// How long a look-up may take, the wait for a slot included.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(10);

/// Names whose answer is remembered, at most a kilobyte each.
const NAMES_MAX: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not zero");

/// How long a name's addresses count. The system does not tell how long they may; a publisher who moves keeps the old place for
/// longer than this. Real time, as the deadlines: it bounds what is asked of a name server.
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

/// The answers of the last minute. What a source may reach is judged anew at each use: nothing forbidden gets in by a name that was
/// remembered, nor by one whose address changes.
struct Names(LruCache<String, (Found, Instant)>);

impl Names {
    fn new() -> Self {
        Self(LruCache::new(NAMES_MAX))
    }

    /// What is remembered of a name at `now`.
    fn get(&mut self, host: &str, now: Instant) -> Option<Found> {
        let (found, until) = self.0.get(host)?;
        (*until > now).then(|| found.clone())
    }

    fn put(&mut self, host: String, found: &Found, now: Instant) {
        let kept = if found.is_ok() { FOUND_KEPT } else { UNKNOWN_KEPT };
        self.0.put(host, (found.clone(), now + kept));
    }
}

/// What all resolvers of one fetcher share: few slots, and what was found.
#[derive(Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    names: Arc<Mutex<Names>>,
}

impl Default for Slots {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            names: Arc::new(Mutex::new(Names::new())),
        }
    }
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slots").finish_non_exhaustive()
    }
}

impl Slots {
    fn names<T>(&self, with: impl FnOnce(&mut Names) -> T) -> T {
        with(&mut self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is remembered of a name, else what the system says now.
    async fn find(&self, host: String) -> Found {
        if let Some(found) = self.names(|names| names.get(&host, Instant::now())) {
            return found;
        }
        let found = look_up(host.clone(), Arc::clone(&self.free)).await;
        self.names(|names| names.put(host, &found, Instant::now()));
        found
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

/// Asks the system, on a task of its own: the slot stays taken until the blocked thread is free, even where the caller
/// gave up long ago.
async fn look_up(host: String, slots: Arc<Semaphore>) -> Found {
    let asked = tokio::spawn(async move {
        let _slot = slots.acquire_owned().await.map_err(|e| NoAddress::Unknown(e.to_string()))?;
        match tokio::net::lookup_host((host, 0)).await {
            Ok(found) => Ok(found.take(ADDRESSES_MAX).collect()),
            Err(fault) => Err(NoAddress::Unknown(fault.to_string())),
        }
    });
    match tokio::time::timeout(LOOKUP_DEADLINE, asked).await {
        Ok(Ok(found)) => found,
        Ok(Err(fault)) => Err(NoAddress::Unknown(fault.to_string())),
        Err(_) => Err(NoAddress::Unknown("the name server did not answer".to_owned())),
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
        let (mut names, now) = (Names::new(), Instant::now());
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
        assert_eq!(names.0.len(), NAMES_MAX.get());
        assert_eq!(names.get("a.test", now), None, "the oldest goes first");
    }

    #[test]
    fn a_name_that_is_remembered_is_judged_for_each_who_asks() {
        let (mut names, now) = (Names::new(), Instant::now());
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
