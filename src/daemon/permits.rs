//! What sites said in robots.txt and tdmrep.json, to `DIR/permits` and back, so that a start does not ask all of them again.
//!
//! ```text
//! permits   "copytaster permits\n" │ format u8 = 1 │ xxh3 u64 of what follows, little-endian │ postcard
//! ```
//! A cache: without it, or where it cannot be read, every site is asked. It holds at most what a day may hold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::{Fetcher, Kept, Remembered};
use crate::model::{Clock, Timestamp};

const HEAD: &[u8] = b"copytaster permits\n\x01";

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
        let sites = fetcher.remembered();
        if sites != written {
            let (dir, ours) = (dir.clone(), sites.clone());
            let saved = tokio::task::spawn_blocking(move || save(&dir, &ours)).await;
            match saved {
                Ok(Ok(())) => written = sites,
                Ok(Err(fault)) => {
                    warn!(%fault, "what sites said cannot be written down, the next start asks them again: {fault}");
                    written = sites;
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
pub(super) fn load(dir: &Path) -> Vec<Remembered> {
    let Ok(bytes) = fs::read(path(dir)) else { return Vec::new() };
    let sites = read(&bytes);
    if sites.is_none() {
        warn!("{} cannot be read: sites are asked again", path(dir).display());
    }
    sites.unwrap_or_default()
}

fn save(dir: &Path, sites: &[Remembered]) -> io::Result<()> {
    let new = dir.join("permits.new");
    fs::write(&new, written(sites)).and_then(|()| fs::rename(&new, path(dir)))
}

fn path(dir: &Path) -> PathBuf {
    dir.join("permits")
}

/// The bytes of as many sites as fit.
fn written(sites: &[Remembered]) -> Vec<u8> {
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
    let body = postcard::to_stdvec(&sites).expect("strings, numbers and bytes always serialise");
    [HEAD, &xxh3_64(&body).to_le_bytes(), &body].concat()
}

fn read(bytes: &[u8]) -> Option<Vec<Remembered>> {
    let (sum, body) = bytes.strip_prefix(HEAD)?.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*sum) != xxh3_64(body) {
        return None;
    }
    let sites: Vec<DiskSite> = postcard::from_bytes(body).ok()?;
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
    Some(sites.into_iter().map(site).collect())
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

    #[test]
    fn what_is_written_reads_back_and_what_is_damaged_does_not() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).is_empty());
        let sites = vec![
            site("https://a.test", 9),
            Remembered { robots: None, ..site("https://b.test", 1) },
        ];
        save(dir.path(), &sites).unwrap();
        assert_eq!(load(dir.path()), sites);
        let whole = written(&sites);
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            assert_eq!(read(&bent), None, "byte {at}");
            assert_eq!(read(&whole[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn format_one_stays_format_one() {
        let bytes = written(&[site("http://a.test", 2)]);
        let hex = bytes[HEAD.len() + 8..]
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(
            hex,
            "010d687474703a2f2f612e7465737401c801b06d0223230194 03b06d00".replace(' ', "")
        );
    }

    #[test]
    fn the_file_stays_bounded() {
        let sites: Vec<Remembered> = (0..1024).map(|n| site(&n.to_string(), 32 << 10)).collect();
        let bytes = written(&sites);
        assert!(bytes.len() <= FILE_BYTES_MAX + HEAD.len() + 64);
        assert!(read(&bytes).unwrap().len() > 500);
    }
}
