//! The configuration to the parameters each room asks for. No room sees more of it than its own.

use std::time::Duration;

use super::{Config, KeepRaw, Source, Tdm};
use crate::{api, cluster, feed, fetch};

fn terms(source: &Source) -> (String, api::Terms) {
    let (serve, licensed) = (source.rights().serve, source.licence.is_some());
    (source.id.0.clone(), api::Terms { serve, licensed })
}

impl Config {
    /// What the fold obeys.
    pub fn cluster_params(&self) -> cluster::Params {
        cluster::Params {
            window_millis: u64::try_from(self.detect.window.as_millis()).unwrap_or(u64::MAX),
            live_max: self.detect.live_max,
        }
    }

    /// What the fetcher obeys.
    pub fn fetch_params(&self) -> fetch::Params {
        let crawl = &self.crawl;
        let limits = &crawl.limits;
        fetch::Params {
            user_agent: crawl.user_agent(),
            deadline: crawl.deadline,
            connect_deadline: crawl.connect_deadline,
            roots: crawl.roots.clone(),
            body_bytes_max: crawl.body_bytes_max,
            redirects_max: crawl.redirects_max,
            per_host_delay: crawl.per_host_delay,
            allow: crawl.allow_addresses.clone(),
            robots: crawl.robots,
            signals: true,
            heads: self.store.keep_raw == KeepRaw::Warc,
            concurrency: crawl.concurrency,
            pace_bytes_min: limits.pace_bytes_min,
            pace_window: limits.pace_window,
            headers_max: limits.headers_max,
            header_bytes_max: u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX),
            robots_bytes_max: limits.robots_bytes_max,
            lookups_max: limits.lookups_max,
            lookup_deadline: limits.lookup_deadline,
        }
    }

    /// What bounds the reading of a feed.
    pub fn feed_limits(&self) -> feed::Limits {
        let limits = &self.crawl.limits;
        feed::Limits {
            entries_max: limits.feed_entries_max,
            depth_max: limits.feed_depth_max,
            link_bytes_max: limits.link_bytes_max,
        }
    }

    /// What the reading side obeys.
    pub fn api_params(&self, generation: u64) -> api::Params {
        let server = &self.server;
        let loopback = server.listen.ip().is_loopback();
        api::Params {
            tokens: server.tokens.iter().map(|token| token.expose().to_owned()).collect(),
            base_path: server.base_path.clone(),
            generation,
            reads_open: loopback || server.allow_anonymous_reads,
            writes_open: loopback,
            showing: api::Showing {
                texts_open: loopback,
                tdm_respected: self.crawl.tdm == Tdm::Respect,
                terms: self.sources.iter().map(terms).collect(),
            },
            deadline: Duration::from_secs(30),
            ..api::Params::default()
        }
    }
}
