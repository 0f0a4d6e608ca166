//! A host's name to those of its addresses we may connect to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::address::allowed;

/// Look-ups at a time. The system's resolver blocks a thread for each, for as long as a dead name server likes.
const LOOKUPS_MAX: usize = 8;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// How long a look-up may take, the wait for a slot included.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(10);

/// Why a name gave no address. Found again in the chain of a `reqwest::Error`.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAddress {
    /// None of its addresses may be connected to; this is the first.
    #[error("{0} is not a public address")]
    Refused(IpAddr),
    /// The system said no.
    #[error("{0}")]
    Unknown(String),
}

/// The slots that all resolvers of one fetcher share.
#[derive(Clone, Debug)]
pub(super) struct Slots(Arc<Semaphore>);

impl Default for Slots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS_MAX)))
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
            let found = look_up(host, slots).await?;
            let addresses: Addrs = Box::new(choose(found, &allow)?.into_iter());
            Ok(addresses)
        })
    }
}

/// Asks the system, on a task of its own: the slot stays taken until the blocked thread is free, even where the caller
/// gave up long ago.
async fn look_up(host: String, Slots(slots): Slots) -> Result<Vec<SocketAddr>, NoAddress> {
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
fn choose(found: Vec<SocketAddr>, allow: &[IpNet]) -> Result<Vec<SocketAddr>, NoAddress> {
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
}
