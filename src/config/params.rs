//! The configuration to the parameters each room asks for. No room sees more of it than its own.

use std::time::Duration;

use super::{Config, KeepRaw, Source, Tdm};
use crate::{api, cluster, fetch};

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
        fetch::Params {
            user_agent: crawl.user_agent(),
            deadline: crawl.deadline,
            body_bytes_max: crawl.body_bytes_max,
            redirects_max: crawl.redirects_max,
            per_host_delay: crawl.per_host_delay,
            allow: crawl.allow_addresses.clone(),
            robots: crawl.robots,
            signals: true,
            heads: self.store.keep_raw == KeepRaw::Warc,
            concurrency: crawl.concurrency,
            ..fetch::Params::default()
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
