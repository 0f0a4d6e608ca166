//! A URL to what its site's robots.txt says of it, fetched through the same guards and remembered for a day.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use lru::LruCache;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use url::{Position, Url};

use crate::model::Timestamp;

use super::client::Beyond;
use super::explain::{RobotsSeen, Trail};
use super::robots::{ROBOTS_BYTES_MAX, Robots};
use super::walk::{Visit, target};
use super::{FetchError, Inner, check_url, headers};

/// Sites whose file is remembered. Each costs what its file has for us: some hundred bytes, at worst half a megabyte.
const SITES_MAX: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not zero");

/// RFC 9309 §2.4: no longer than a day.
const KEPT_MAX: Duration = Duration::from_hours(24);

/// A file that calls itself stale sooner is still kept for an hour.
const KEPT_MIN: Duration = Duration::from_hours(1);

/// After a server error a site is asked again this much later.
const ERROR_KEPT: Duration = Duration::from_mins(10);

/// A host that took all the time there is and gave nothing is tried again this much later. What fails at once costs nothing, and
/// hangs on who asks: it is not remembered.
const FAULT_KEPT_MILLIS: i64 = 60_000;

/// Redirects of the file itself: RFC 9309 §2.3.1.2 asks for at least five.
const ROBOTS_REDIRECTS_MAX: usize = 5;

/// The longest `Crawl-delay` obeyed: a site that asks for more gets a page a minute.
const CRAWL_DELAY_MAX: Duration = Duration::from_mins(1);

/// What a site said, and until when that counts.
#[derive(Clone, Debug)]
struct Known {
    robots: Arc<Robots>,
    status: u16,
    until: Timestamp,
}

/// One lock a site: whoever comes first fetches, all others wait for what it finds. Nobody who holds a turn at a host
/// waits here, so the two cannot lock each other out.
type Site = Arc<tokio::sync::Mutex<Option<Heard>>>;

/// What came of asking for a file.
#[derive(Clone, Debug)]
enum Heard {
    /// The file, or none.
    Known(Known),
    /// No answer in time. It counts for a moment, so that not each page of a dead host costs its whole deadline.
    Fault(FetchError, Timestamp),
}

impl Heard {
    /// What it says at `now`; `None` where it counts no more.
    fn counts(&self, now: Timestamp) -> Option<Result<Known, FetchError>> {
        match self {
            Self::Known(known) => (known.until > now).then(|| Ok(known.clone())),
            Self::Fault(fault, until) => (*until > now).then(|| Err(fault.clone())),
        }
    }
}

/// The files, by origin.
pub(super) struct Permits(Mutex<LruCache<String, Site>>);

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
    fn site(&self, url: &Url) -> Site {
        let origin = url[..Position::BeforePath].to_owned();
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sites.get_or_insert(origin, Site::default))
    }
}

impl Inner {
    /// Asks robots.txt. Returns the pause that the host wants between two requests, on the clock.
    ///
    /// # Errors
    /// [`FetchError::Robots`] where it says no, or where its server is in trouble; the fault itself where the host cannot
    /// be reached at all.
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
        let verdict = known.robots.verdict(&url[Position::BeforePath..Position::AfterQuery]);
        let in_trouble = is_trouble(known.status);
        trail.robots.push(RobotsSeen {
            url: format!("{}/robots.txt", &url[..Position::BeforePath]),
            status: known.status,
            allowed: verdict.allowed,
            rule: verdict.rule.clone().filter(|_| !in_trouble),
            crawl_delay_seconds: known.robots.crawl_delay().map(|delay| delay.as_secs_f64()),
            sitemaps: known.robots.sitemaps().to_vec(),
        });
        if verdict.allowed {
            let wanted = known.robots.crawl_delay().unwrap_or_default().min(CRAWL_DELAY_MAX);
            return Ok(pause.max(wanted));
        }
        let why = match verdict.rule {
            Some(rule) if !in_trouble => rule,
            _ => {
                format!("which answered {}: that closes the site until it is mended", known.status)
            }
        };
        Err(FetchError::Robots { url: url.clone(), why })
    }

    /// The file as remembered, else as it is. A host that cannot be reached is not remembered, unless it made us wait.
    async fn known(&self, url: &Url, allow: &[IpNet]) -> Result<Known, FetchError> {
        let site = self.permits.site(url);
        let mut site = site.lock().await;
        if let Some(heard) = site.as_ref().and_then(|heard| heard.counts(self.clock.now())) {
            return heard;
        }
        let heard = self.ask_site(url, allow).await;
        *site = match &heard {
            Ok(known) => Some(Heard::Known(known.clone())),
            Err(fault @ (FetchError::Deadline { .. } | FetchError::Slow { .. })) => {
                let until = self.clock.now().plus_millis(FAULT_KEPT_MILLIS);
                Some(Heard::Fault(fault.clone(), until))
            }
            Err(_) => None,
        };
        heard
    }

    /// Fetches the file. 4xx, or redirects without end: there are no rules. 5xx, and 429, which says the same: keep out.
    /// (RFC 9309 §2.3.1)
    async fn ask_site(&self, url: &Url, allow: &[IpNet]) -> Result<Known, FetchError> {
        let mut at = url.clone();
        at.set_path("/robots.txt");
        at.set_query(None);
        at.set_fragment(None);
        let mut sent = HeaderMap::new();
        sent.insert(ACCEPT, HeaderValue::from_static("text/plain, */*;q=0.5"));
        let mut spent = Duration::ZERO;
        let mut status = 0;
        for _ in 0..=ROBOTS_REDIRECTS_MAX {
            check_url(&at, allow)?;
            let visit = Visit {
                url: &at,
                allow,
                pause: self.params.per_host_delay,
                spent,
                body_bytes_max: ROBOTS_BYTES_MAX as u64 + 1, // one more, so that the parser sees the cut
                beyond: Beyond::Cut,
            };
            let reply = self.visit(visit, sent.clone(), &mut spent).await?;
            status = reply.status;
            match target(&at, &reply) {
                Ok(Some(next)) => at = next,
                Ok(None) if status == 200 => {
                    let fresh = headers::floor(&reply.headers, self.clock.now());
                    let kept = fresh.unwrap_or(KEPT_MAX).clamp(KEPT_MIN, KEPT_MAX);
                    let robots = Robots::parse(&reply.body, &self.agent);
                    return Ok(self.keep(robots, status, kept));
                }
                Ok(None) if is_trouble(status) => {
                    return Ok(self.keep(Robots::forbid_all(), status, ERROR_KEPT));
                }
                Ok(None) | Err(_) => break,
            }
        }
        Ok(self.keep(Robots::default(), status, KEPT_MAX))
    }

    fn keep(&self, robots: Robots, status: u16, kept: Duration) -> Known {
        let millis = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        let until = self.clock.now().plus_millis(millis);
        Known { robots: Arc::new(robots), status, until }
    }
}

const fn is_trouble(status: u16) -> bool {
    matches!(status, 429 | 500..=599)
}
