//! A URL to what its site's robots.txt says of it, fetched through the same guards and remembered for a day at most, across
//! restarts too ([`Remembered`]). What could not be read is remembered as well, for a while: a site whose file drips must
//! not cost the deadline at each of its pages.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use lru::LruCache;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use url::{Position, Url};

use crate::model::{Signal, SignalPlace, Timestamp};
use crate::rights;

use super::client::Beyond;
use super::explain::{RobotsSeen, Trail};
use super::robots::{Robots, covers};
use super::walk::{Visit, target};
use super::{FetchError, Inner, check_url, headers};

/// Sites whose files are remembered. Each costs what its files have for us: some hundred bytes, at worst half a megabyte.
const SITES_MAX: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not zero");

/// RFC 9309 §2.4: no longer than a day.
const KEPT_MAX: Duration = Duration::from_hours(24);

/// A file that calls itself stale sooner is still kept for an hour.
const KEPT_MIN: Duration = Duration::from_hours(1);

/// After a server error a site is asked again this much later.
const ERROR_KEPT: Duration = Duration::from_mins(10);

/// A host that took all the time there is and gave nothing is tried again this much later. What fails at once costs nothing: it is
/// not remembered.
const FAULT_KEPT: Duration = Duration::from_mins(1);

/// Redirects of the file itself: RFC 9309 §2.3.1.2 asks for at least five.
const FILE_REDIRECTS_MAX: usize = 5;

/// The longest `Crawl-delay` obeyed: a site that asks for more gets a page a minute.
pub(super) const CRAWL_DELAY_MAX: Duration = Duration::from_mins(1);

/// Bytes of a file that is remembered across restarts; ten times what large newsrooms have. A longer one is asked for again.
const REMEMBERED_BYTES_MAX: usize = 32 << 10;

/// The well-known place of the TDM Reservation Protocol.
const TDMREP: &str = "/.well-known/tdmrep.json";

/// What a site said, and until when that counts.
#[derive(Clone, Debug)]
struct Known {
    robots: Arc<Robots>,
    /// 0 where nothing came.
    status: u16,
    /// Why nothing came, and with which networks allowed: what one source may not reach, another may.
    fault: Option<(FetchError, Vec<IpNet>)>,
    kept: Kept,
}

/// What a site reserves, and until when that counts.
#[derive(Clone, Debug)]
struct Reserved {
    rules: Arc<[rights::Location]>,
    kept: Kept,
}

/// One file as it came: what a later run needs to know it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its status, always 200 or one that means there is no such file.
    pub status: u16,
    /// Its bytes; none where there is no such file.
    pub body: Bytes,
    /// How long it counts.
    pub until: Timestamp,
}

/// What is remembered of one site, for whoever keeps it across restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Scheme, host and port.
    pub origin: String,
    /// Its robots.txt.
    pub robots: Option<Kept>,
    /// Its tdmrep.json.
    pub tdmrep: Option<Kept>,
}

/// What is remembered of hosts and sites, for whoever keeps it across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What sites said to crawlers.
    pub sites: Vec<Remembered>,
    /// The hosts that asked to be left alone, by their [`host_key`](super::host_key), and until when.
    pub rests: Vec<(String, Timestamp)>,
}

/// One lock a file: whoever comes first fetches, all others wait for what it finds. Nobody who holds a turn at a host
/// waits here, so the two cannot lock each other out.
#[derive(Default)]
struct Files {
    robots: tokio::sync::Mutex<Option<Known>>,
    tdmrep: tokio::sync::Mutex<Option<Reserved>>,
}

/// The files, by origin.
pub(super) struct Permits(Mutex<LruCache<String, Arc<Files>>>);

impl Default for Permits {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(SITES_MAX)))
    }
}

impl std::fmt::Debug for Permits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permits").finish_non_exhaustive()
    }
}

impl Permits {
    fn site(&self, url: &Url) -> Arc<Files> {
        self.of(&url[..Position::BeforePath])
    }

    /// Sites remembered.
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn of(&self, origin: &str) -> Arc<Files> {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sites.get_or_insert(origin.to_owned(), Arc::default))
    }
}

/// A file that came, or is not there.
struct Answered {
    status: u16,
    body: Bytes,
    kept: Duration,
}

impl Inner {
    /// Asks robots.txt. Returns the pause that the host wants between two requests, on the clock.
    ///
    /// # Errors
    /// [`FetchError::Robots`] where it says no, or where its server is in trouble; the fault itself where the file could not
    /// be had at all.
    pub(super) async fn permit(
        &self,
        url: &Url,
        allow: &[IpNet],
        trail: &mut Trail,
    ) -> Result<Duration, FetchError> {
        let pause = self.params.per_host_delay;
        if !self.params.robots {
            return Ok(pause);
        }
        let known = self.known(url, allow).await?;
        let verdict = known.robots.verdict(path(url));
        let in_trouble = is_trouble(known.status);
        let asked = known.robots.crawl_delay();
        let pause = pause.max(asked.unwrap_or_default().min(CRAWL_DELAY_MAX));
        trail.robots.push(RobotsSeen {
            url: format!("{}/robots.txt", &url[..Position::BeforePath]),
            status: known.status,
            allowed: verdict.allowed,
            rule: verdict.rule.clone().filter(|_| !in_trouble),
            crawl_delay_seconds: asked.map(|delay| delay.as_secs_f64()),
            pause_seconds: pause.as_secs_f64(),
            sitemaps: known.robots.sitemaps().to_vec(),
        });
        if verdict.allowed {
            return Ok(pause);
        }
        let why = match verdict.rule {
            Some(rule) if !in_trouble => rule,
            _ => {
                format!("which answered {}: that closes the site until it is mended", known.status)
            }
        };
        Err(FetchError::Robots { url: url.clone(), why })
    }

    /// The sitemaps that the site of `url` names in its robots.txt.
    pub(super) async fn sitemaps(
        &self,
        url: &Url,
        allow: &[IpNet],
    ) -> Result<Vec<Url>, FetchError> {
        check_url(url, allow)?;
        let known = self.known(url, allow).await?;
        Ok(known.robots.sitemaps().iter().filter_map(|line| url.join(line).ok()).collect())
    }

    /// What the site says of the use of this page, in robots.txt and in tdmrep.json. A file that cannot be had says nothing;
    /// one that robots.txt closes is not asked for.
    pub(super) async fn site_signals(&self, url: &Url, allow: &[IpNet]) -> Vec<Signal> {
        let mut signals = Vec::new();
        let mut may_ask = true;
        if self.params.robots
            && let Ok(known) = self.known(url, allow).await
        {
            let said = known.robots.uses(path(url));
            let signal = |(name, value)| Signal::new(SignalPlace::Robots, name, value);
            signals.extend(said.into_iter().map(signal));
            may_ask = known.robots.verdict(TDMREP).allowed;
        }
        if may_ask {
            let locations = self.reserved(url, allow).await;
            signals.extend(rights::of_locations(&locations, |pattern| covers(pattern, path(url))));
        }
        signals
    }

    /// robots.txt as remembered, else as it is.
    async fn known(&self, url: &Url, allow: &[IpNet]) -> Result<Known, FetchError> {
        let site = self.permits.site(url);
        let mut robots = site.robots.lock().await;
        if let Some(known) = robots.as_ref().filter(|known| known.kept.until > self.clock.now()) {
            match &known.fault {
                None => return Ok(known.clone()),
                Some((fault, of)) if of == allow => return Err(fault.clone()),
                Some(_) => {}
            }
        }
        let answered = self.file(url, "/robots.txt", "text/plain, */*;q=0.5", allow).await;
        let fault = answered.as_ref().err().map(|fault| (fault.clone(), allow.to_vec()));
        let known = self.understood(answered.unwrap_or_else(|fault| Answered {
            status: 0,
            body: Bytes::new(),
            kept: kept_after(&fault),
        }));
        if let Some(asked) = known.robots.crawl_delay().filter(|&asked| asked > CRAWL_DELAY_MAX) {
            let (site, most) = (&url[..Position::BeforePath], CRAWL_DELAY_MAX.as_secs());
            let asked = asked.as_secs();
            tracing::info!(
                url = site,
                "{site} asks for {asked} s between two pages; it gets {most} s, the longest pause there is"
            );
        }
        *robots = Some(Known { fault: fault.clone(), ..known.clone() });
        fault.map_or(Ok(known), |(fault, _)| Err(fault))
    }

    /// What robots.txt means by its status (RFC 9309 §2.3.1). 4xx, or redirects without end: there are no rules. 5xx, and 429,
    /// which says the same: keep out.
    fn understood(&self, answered: Answered) -> Known {
        let Answered { status, body, kept } = answered;
        let robots = match status {
            200 => Robots::parse_within(&body, &self.agent, self.params.robots_bytes_max),
            status if is_trouble(status) || status == 0 => Robots::forbid_all(),
            _ => Robots::default(),
        };
        Known { robots: Arc::new(robots), status, fault: None, kept: self.keep(status, body, kept) }
    }

    /// tdmrep.json as remembered, else as it is.
    async fn reserved(&self, url: &Url, allow: &[IpNet]) -> Arc<[rights::Location]> {
        let site = self.permits.site(url);
        let mut tdmrep = site.tdmrep.lock().await;
        if let Some(known) = tdmrep.as_ref().filter(|known| known.kept.until > self.clock.now()) {
            return Arc::clone(&known.rules);
        }
        let answered = self.file(url, TDMREP, "application/json, */*;q=0.5", allow).await;
        let Answered { status, body, kept } = answered.unwrap_or_else(|_| Answered {
            status: 0,
            body: Bytes::new(),
            kept: ERROR_KEPT,
        });
        let rules: Arc<[_]> =
            if status == 200 { rights::locations(&body).into() } else { [].into() };
        *tdmrep = Some(Reserved { rules: Arc::clone(&rules), kept: self.keep(status, body, kept) });
        rules
    }

    /// Fetches a file that a site keeps for programs like this one.
    async fn file(
        &self,
        url: &Url,
        name: &str,
        accept: &'static str,
        allow: &[IpNet],
    ) -> Result<Answered, FetchError> {
        let mut at = url.clone();
        at.set_path(name);
        at.set_query(None);
        at.set_fragment(None);
        let mut sent = HeaderMap::new();
        sent.insert(ACCEPT, HeaderValue::from_static(accept));
        let mut spent = Duration::ZERO;
        let mut status = 0;
        for _ in 0..=FILE_REDIRECTS_MAX {
            check_url(&at, allow)?;
            let visit = Visit {
                url: &at,
                allow,
                pause: self.params.per_host_delay,
                spent,
                body_bytes_max: self.params.robots_bytes_max + 1, // one more, so that the parser sees the cut
                beyond: Beyond::Cut,
                wanted: None,
            };
            let reply = self.visit(visit, sent.clone(), &mut spent).await?;
            status = reply.status;
            match target(&at, &reply) {
                Ok(Some(next)) => at = next,
                Ok(None) if status == 200 => {
                    let fresh = headers::floor(&reply.headers, self.clock.now());
                    let kept = fresh.unwrap_or(KEPT_MAX).clamp(KEPT_MIN, KEPT_MAX);
                    return Ok(Answered { status, body: reply.body, kept });
                }
                Ok(None) if is_trouble(status) => {
                    return Ok(Answered { status, body: Bytes::new(), kept: ERROR_KEPT });
                }
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Answered { status, body: Bytes::new(), kept: KEPT_MAX })
    }

    fn keep(&self, status: u16, body: Bytes, kept: Duration) -> Kept {
        let millis = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        Kept { status, body, until: self.clock.now().plus_millis(millis) }.bounded()
    }

    /// What a later run would ask for again, by origin.
    pub(super) fn remembered_sites(&self) -> Vec<Remembered> {
        let now = self.clock.now();
        let counts = |kept: &Kept| kept.until > now && kept.is_whole();
        let sites: Vec<(String, Arc<Files>)> = {
            let sites = self.permits.0.lock().unwrap_or_else(PoisonError::into_inner);
            sites.iter().map(|(origin, files)| (origin.clone(), Arc::clone(files))).collect()
        };
        let mut all: Vec<Remembered> = sites
            .into_iter()
            .map(|(origin, files)| {
                // One that is being asked for is not there yet.
                let robots = files.robots.try_lock().ok().and_then(|known| known.clone());
                let tdmrep = files.tdmrep.try_lock().ok().and_then(|known| known.clone());
                Remembered {
                    origin,
                    robots: robots.map(|known| known.kept).filter(counts),
                    tdmrep: tdmrep.map(|known| known.kept).filter(counts),
                }
            })
            .filter(|site| site.robots.is_some() || site.tdmrep.is_some())
            .collect();
        all.sort_by(|a, b| a.origin.cmp(&b.origin));
        all
    }

    /// Takes up what an earlier run remembered. Nothing counts longer than a day from now, whatever it says.
    pub(super) fn recall_sites(&self, all: Vec<Remembered>) {
        let now = self.clock.now();
        let most = now.plus_millis(i64::try_from(KEPT_MAX.as_millis()).unwrap_or(i64::MAX));
        let bounded = |kept: Kept| Kept { until: kept.until.min(most), ..kept };
        let counts = |kept: &Kept| kept.until > now && kept.is_whole();
        for Remembered { origin, robots, tdmrep } in all {
            let files = self.permits.of(&origin);
            if let Some(kept) = robots.map(bounded).filter(counts)
                && let Ok(mut robots) = files.robots.try_lock()
            {
                let Kept { status, body, .. } = kept.clone();
                let known = self.understood(Answered { status, body, kept: Duration::ZERO });
                *robots = Some(Known { kept, ..known });
            }
            if let Some(kept) = tdmrep.map(bounded).filter(counts)
                && let Ok(mut tdmrep) = files.tdmrep.try_lock()
            {
                *tdmrep = Some(Reserved { rules: rights::locations(&kept.body).into(), kept });
            }
        }
    }
}

impl Kept {
    /// Lets go of what is too long to be remembered by.
    fn bounded(self) -> Self {
        if self.body.len() > REMEMBERED_BYTES_MAX {
            Self { body: Bytes::new(), ..self }
        } else {
            self
        }
    }

    /// True where it says all that its site said: no trouble of a server, and no file too long to be kept.
    fn is_whole(&self) -> bool {
        self.status != 0
            && !is_trouble(self.status)
            && (self.status != 200 || !self.body.is_empty())
            && self.body.len() <= REMEMBERED_BYTES_MAX
    }
}

/// What stands behind the authority, query included.
fn path(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

const fn is_trouble(status: u16) -> bool {
    matches!(status, 429 | 500..=599)
}

const fn kept_after(fault: &FetchError) -> Duration {
    match fault {
        FetchError::Deadline { .. } | FetchError::Slow { .. } => FAULT_KEPT,
        _ => Duration::ZERO,
    }
}
