//! The configuration in force to TOML or JSON, with secrets masked. The TOML reads back but for those.

use std::path::Path;

use ipnet::IpNet;
use serde_json::{Map, Value, json};
use url::Host;

use super::rights::Rights;
use super::types::{Config, Endpoint, EndpointKind, Secret, Source, Tdm};
use super::units::{show_duration, show_size};

impl Config {
    /// The configuration as JSON, in the shape of the file. Tokens are masked.
    pub fn to_json(&self) -> Value {
        let masked = |_: &Secret| Secret::MASK;
        let crawl = &self.crawl;
        let mut shown = json!({
            "server": {
                "listen": self.server.listen.to_string(),
                "tokens": self.server.tokens.iter().map(masked).collect::<Vec<_>>(),
                "token_file": shown_path(self.server.token_file.as_deref()),
                "base_path": self.server.base_path,
                "allow_anonymous_reads": self.server.allow_anonymous_reads,
            },
            "store": {
                "path": self.store.path.display().to_string(),
                "cache": show_size(self.store.cache),
                "scrub_interval": show_duration(self.store.scrub_interval),
                "text_days": self.store.text_days,
                "text_bytes": show_size(self.store.text_bytes.unwrap_or(0)),
                "history_days": self.store.history_days,
                "keep_raw": self.store.keep_raw.as_str(),
            },
            "crawl": {
                "contact": crawl.contact.as_deref().unwrap_or_default(),
                "user_agent": crawl.user_agent(),
                "concurrency": crawl.concurrency,
                "leads_max": crawl.leads_max,
                "per_host_delay": show_duration(crawl.per_host_delay),
                "min_interval": show_duration(crawl.min_interval),
                "max_interval": show_duration(crawl.max_interval),
                "body_bytes_max": show_size(crawl.body_bytes_max),
                "deadline": show_duration(crawl.deadline),
                "connect_deadline": show_duration(crawl.connect_deadline),
                "pace_bytes_min": show_size(crawl.limits.pace_bytes_min),
                "pace_window": show_duration(crawl.limits.pace_window),
                "headers_max": crawl.limits.headers_max,
                "header_bytes_max": show_size(crawl.limits.header_bytes_max),
                "robots_bytes_max": show_size(crawl.limits.robots_bytes_max),
                "lookups_max": crawl.limits.lookups_max,
                "lookup_deadline": show_duration(crawl.limits.lookup_deadline),
                "feed_entries_max": crawl.limits.feed_entries_max,
                "feed_depth_max": crawl.limits.feed_depth_max,
                "link_bytes_max": crawl.limits.link_bytes_max,
                "redirects_max": crawl.redirects_max,
                "robots": crawl.robots,
                "tdm": crawl.tdm.as_str(),
                "allow_addresses": networks(&crawl.allow_addresses),
                "ca_file": shown_path(crawl.ca_file.as_deref()),
            },
            "detect": {
                "window": show_duration(self.detect.window),
                "live_max": self.detect.live_max,
            },
            "log": { "format": self.log.format.as_str(), "filter": self.log.filter },
        });
        if !self.sources.is_empty() {
            shown["source"] = self.sources.iter().map(source).collect();
        }
        shown
    }

    /// The configuration as TOML, in the shape of the file. Tokens are masked.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.to_json())
            .expect("strings, numbers, lists and tables have a TOML form")
    }

    /// What `new` would change, a line for each key and source; secrets stay masked.
    pub fn changes(&self, new: &Self) -> Vec<String> {
        let (was, is) = (self.to_json(), new.to_json());
        let mut changes = Vec::new();
        for (section, keys) in was.as_object().into_iter().flatten() {
            for (key, was) in keys.as_object().into_iter().flatten() {
                let is = &is[section][key];
                if was != is {
                    changes.push(format!("{section}.{key}: {was} is {is}"));
                }
            }
        }
        if self.server.tokens != new.server.tokens
            && was["server"]["tokens"] == is["server"]["tokens"]
        {
            changes.push("server.tokens: other tokens".to_owned());
        }
        if self.crawl.roots != new.crawl.roots && self.crawl.ca_file == new.crawl.ca_file {
            changes.push("crawl.ca_file: other certificates".to_owned());
        }
        changes.extend(changed_sources(&self.sources, &new.sources));
        changes
    }

    /// What is allowed and yet worth a word at start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.sources.is_empty() {
            warnings.push("no sources: nothing is polled; add [[source]] to a configuration and name it with --config, or push articles".to_owned());
        }
        if self.crawl.contact.is_none() && !self.sources.is_empty() {
            warnings.push("crawl.contact is not set: publishers cannot reach you; set it to a mail address or a web page".to_owned());
        }
        if !self.crawl.robots {
            warnings.push("crawl.robots is false: robots.txt is not obeyed".to_owned());
        }
        if self.crawl.tdm == Tdm::Record {
            warnings.push("crawl.tdm is \"record\": pages whose publishers reserve their rights are kept in full".to_owned());
        }
        for source in &self.sources {
            for endpoint in source.endpoints.iter().filter(|endpoint| sends_in_clear(endpoint)) {
                warnings.push(format!(
                    "source {:?} sends its credentials to {} in clear text: ask by https",
                    source.id.as_str(),
                    endpoint.url
                ));
            }
        }
        warnings
    }
}

fn changed_sources(old: &[Source], new: &[Source]) -> Vec<String> {
    let find = |sources: &[Source], one: &Source| sources.iter().find(|s| s.id == one.id).cloned();
    let fate = |was: &Source| match find(new, was) {
        None => Some(format!("source {:?} is gone", was.id.as_str())),
        Some(is) => (is != *was).then(|| format!("source {:?} is different", was.id.as_str())),
    };
    let added = |is: &Source| {
        find(old, is).is_none().then(|| format!("source {:?} is new", is.id.as_str()))
    };
    old.iter().filter_map(fate).chain(new.iter().filter_map(added)).collect()
}

fn shown_path(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

fn networks(networks: &[IpNet]) -> Value {
    networks.iter().map(IpNet::to_string).collect()
}

fn source(source: &Source) -> Value {
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    put("id", json!(source.id.as_str()));
    put("name", json!(source.name));
    put("kind", json!(source.kind.as_str()));
    put("own", json!(source.own));
    put("priority", json!(source.priority));
    for (key, text) in [("lang", &source.lang), ("licence", &source.licence)] {
        if let Some(text) = text {
            put(key, json!(text));
        }
    }
    if let Some(shown) = source.rights.as_ref() {
        put("rights", rights(shown));
    }
    put("tags", json!(source.tags));
    put("allow_addresses", networks(&source.allow_addresses));
    if !source.endpoints.is_empty() {
        put("endpoint", source.endpoints.iter().map(endpoint).collect());
    }
    Value::Object(shown)
}

/// As it is written: a statement alone in quotes, all else as a table.
fn rights(rights: &Rights) -> Value {
    let Rights { statement, store, serve, retention } = rights;
    let statement = statement.as_deref();
    if let (Some(statement), true) =
        (statement, *rights == Rights { statement: rights.statement.clone(), ..Rights::default() })
    {
        return json!(statement);
    }
    let mut shown = json!({"store": store.as_str(), "serve": serve.as_str()});
    for (key, text) in
        [("retention", retention.map(show_duration)), ("statement", statement.map(str::to_owned))]
    {
        if let Some(text) = text {
            shown[key] = json!(text);
        }
    }
    shown
}

fn endpoint(endpoint: &Endpoint) -> Value {
    if endpoint.kind == EndpointKind::Spool {
        let path = endpoint.url.to_file_path().unwrap_or_default();
        let interval = show_duration(endpoint.min_interval);
        return json!({"type": "spool", "path": path.display().to_string(), "min_interval": interval});
    }
    let mut shown = json!({
        "type": endpoint.kind.as_str(),
        "url": endpoint.url.as_str(),
        "min_interval": show_duration(endpoint.min_interval),
        "max_interval": show_duration(endpoint.max_interval),
        "fetch_pages": endpoint.fetch_pages,
    });
    if let (Some(login), Some(keys)) = (&endpoint.login, shown.as_object_mut()) {
        login.show(keys);
    }
    shown
}

/// An endpoint whose secret anybody on the way could read.
fn sends_in_clear(endpoint: &Endpoint) -> bool {
    let loopback = match endpoint.url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    endpoint.login.is_some() && endpoint.url.scheme() == "http" && !loopback
}
