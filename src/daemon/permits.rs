//! What sites said in robots.txt and tdmrep.json, and which hosts asked to be left alone, to `DIR/permits` and back, so that a
//! start does not ask all of them again, nor those at all.
//!
//! ```text
//! permits   "copytaster permits\n" │ format u8 = 2 │ xxh3 u64 of what follows, little-endian │ postcard
//! ```
//! Format 1 has no hosts that rest, and is read as well. A cache: without it, or where it cannot be read, every site is asked. It holds at most what a day may hold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::{Fetcher, Kept, Memory, Remembered};
use crate::model::{Clock, Timestamp};

const HEAD: &[u8] = b"copytaster permits\n\x02";

/// What a file of the first format begins with.
const HEAD_1: &[u8] = b"copytaster permits\n\x01";

/// Hosts that rest which are written down: more than are kept apart from others.
const RESTS_MAX: usize = 4096;

/// Bytes of the file: what goes beyond is asked for again. A thousand large newsrooms come to three.
const FILE_BYTES_MAX: usize = 16 << 20;

/// How often what was learned is written down, by the daemon's clock.
const EVERY: Duration = Duration::from_mins(1);

/// A file of a site: status, until when it counts, its bytes.
type DiskKept = (u16, i64, Vec<u8>);

#[derive(Serialize, Deserialize)]
struct DiskSite {
    origin: String,
    robots: Option<DiskKept>,
    tdmrep: Option<DiskKept>,
}

/// Takes up what an earlier run wrote down, and writes down what this one learns, until `stop`, and then once more. Blocking
/// work is done on threads for it.
pub(super) async fn run(fetcher: Fetcher, dir: PathBuf, clock: Clock, stop: CancellationToken) {
    let mut written = fetcher.remembered();
    loop {
        let stopped = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(clock.wait(EVERY).max(Duration::from_secs(1))) => false,
        };
        let memory = fetcher.remembered();
        if memory != written {
            let (dir, ours) = (dir.clone(), memory.clone());
            let saved = tokio::task::spawn_blocking(move || save(&dir, &ours)).await;
            match saved {
                Ok(Ok(())) => written = memory,
                Ok(Err(fault)) => {
                    warn!(%fault, "what sites said cannot be written down, the next start asks them again: {fault}");
                    written = memory;
                }
                Err(fault) => debug!(%fault, "what sites said was not written down"),
            }
        }
        if stopped {
            return;
        }
    }
}

/// What an earlier run wrote down; nothing where there is none, or none that can be read.
pub(super) fn load(dir: &Path) -> Memory {
    let Ok(bytes) = fs::read(path(dir)) else { return Memory::default() };
    let memory = read(&bytes);
    if memory.is_none() {
        warn!("{} cannot be read: sites are asked again", path(dir).display());
    }
    memory.unwrap_or_default()
}

fn save(dir: &Path, memory: &Memory) -> io::Result<()> {
    let new = dir.join("permits.new");
    fs::write(&new, written(memory)).and_then(|()| fs::rename(&new, path(dir)))
}

fn path(dir: &Path) -> PathBuf {
    dir.join("permits")
}

/// The bytes of the hosts that rest and of as many sites as fit.
fn written(memory: &Memory) -> Vec<u8> {
    let Memory { sites, rests } = memory;
    let mut room = FILE_BYTES_MAX;
    let disk = |kept: &Kept| (kept.status, kept.until.millis(), kept.body.to_vec());
    let bytes = |kept: &Option<Kept>| kept.as_ref().map_or(0, |kept| kept.body.len() + 16);
    let fits = |site: &&Remembered| {
        let size = site.origin.len() + bytes(&site.robots) + bytes(&site.tdmrep) + 16;
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    };
    let sites: Vec<DiskSite> = sites
        .iter()
        .take_while(fits)
        .map(|site| DiskSite {
            origin: site.origin.clone(),
            robots: site.robots.as_ref().map(disk),
            tdmrep: site.tdmrep.as_ref().map(disk),
        })
        .collect();
    let rests: Vec<(&str, i64)> =
        rests.iter().take(RESTS_MAX).map(|(host, until)| (host.as_str(), until.millis())).collect();
    let body =
        postcard::to_stdvec(&(sites, rests)).expect("strings, numbers and bytes always serialise");
    [HEAD, &xxh3_64(&body).to_le_bytes(), &body].concat()
}

fn read(bytes: &[u8]) -> Option<Memory> {
    let first = bytes.strip_prefix(HEAD_1);
    let (sum, body) = first.or_else(|| bytes.strip_prefix(HEAD))?.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*sum) != xxh3_64(body) {
        return None;
    }
    let (sites, rests): (Vec<DiskSite>, Vec<(String, i64)>) = match first {
        Some(_) => (postcard::from_bytes(body).ok()?, Vec::new()),
        None => postcard::from_bytes(body).ok()?,
    };
    let kept = |(status, until, body): DiskKept| Kept {
        status,
        body: body.into(),
        until: Timestamp::from_millis(until),
    };
    let site = |site: DiskSite| Remembered {
        origin: site.origin,
        robots: site.robots.map(kept),
        tdmrep: site.tdmrep.map(kept),
    };
    let rest = |(host, until)| (host, Timestamp::from_millis(until));
    let (sites, rests) = (sites.into_iter().map(site), rests.into_iter().map(rest));
    Some(Memory { sites: sites.collect(), rests: rests.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(origin: &str, body: usize) -> Remembered {
        let kept = |status, body: Vec<u8>| Kept {
            status,
            body: body.into(),
            until: Timestamp::from_secs(7),
        };
        Remembered {
            origin: origin.to_owned(),
            robots: Some(kept(200, vec![b'#'; body])),
            tdmrep: Some(kept(404, Vec::new())),
        }
    }

    fn memory(sites: Vec<Remembered>) -> Memory {
        Memory { sites, rests: vec![("slow.test".to_owned(), Timestamp::from_secs(9))] }
    }

    #[test]
    fn what_is_written_reads_back_and_what_is_damaged_does_not() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path()), Memory::default());
        let memory = memory(vec![
            site("https://a.test", 9),
            Remembered { robots: None, ..site("https://b.test", 1) },
        ]);
        save(dir.path(), &memory).unwrap();
        assert_eq!(load(dir.path()), memory);
        let whole = written(&memory);
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            assert_eq!(read(&bent), None, "byte {at}");
            assert_eq!(read(&whole[..at]), None, "cut at {at}");
        }
    }

    /// The bytes that begin with `head` and hold `hex`.
    fn file(head: &[u8], hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(|&digit| digit != b' ').collect();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let body: Vec<u8> = digits.chunks(2).map(byte).collect();
        [head, &xxh3_64(&body).to_le_bytes(), &body].concat()
    }

    const SITE: &str = "01 0d687474703a2f2f612e74657374 01c801b06d022323 01 9403b06d00";

    #[test]
    fn format_one_stays_format_one() {
        let sites = vec![site("http://a.test", 2)];
        assert_eq!(read(&file(HEAD_1, SITE)), Some(Memory { sites, rests: Vec::new() }));
    }

    #[test]
    fn format_two_stays_format_two() {
        let memory = memory(vec![site("http://a.test", 2)]);
        let bytes = file(HEAD, &format!("{SITE} 01 09736c6f772e74657374 d08c01"));
        assert_eq!(written(&memory), bytes);
        assert_eq!(read(&bytes), Some(memory));
    }

    #[test]
    fn the_file_stays_bounded() {
        let sites: Vec<Remembered> = (0..1024).map(|n| site(&n.to_string(), 32 << 10)).collect();
        let bytes = written(&memory(sites));
        assert!(bytes.len() <= FILE_BYTES_MAX + HEAD.len() + 96);
        let read = read(&bytes).unwrap();
        assert!(read.sites.len() > 500 && read.rests.len() == 1);
    }
}
