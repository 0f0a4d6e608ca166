//! Counted events to the text of `/metrics` (OpenMetrics 1.0). Names start with `copytaster_`; docs/operations.md lists them.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// Upper ends of the latency buckets in seconds: from a push that clusters at once to a page found a day late.
const LATENCY_SECONDS: [f64; 14] = [
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 300.0, 600.0, 1800.0, 3600.0, 10_800.0, 21_600.0,
    86_400.0,
];

/// Upper ends of the buckets of a write in seconds: from a disk with a cache to one that hardly answers.
const APPEND_SECONDS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Via {
    via: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fetched {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySource {
    source: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: String,
    status: u16,
}

/// The numbers of one process. Shared behind an `Arc`; every call is lock-free or nearly so.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    accepted: Family<Via, Counter>,
    fetches: Family<Fetched, Counter>,
    last_success: Family<BySource, Gauge>,
    latency: Histogram,
    append: Histogram,
    journal_last_seq: Gauge,
    scrubbed: Counter,
    damaged: Gauge,
    store_bytes: Gauge,
    raw_pages: Family<Fetched, Counter>,
    requests: Family<Request, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// The media type of [`Metrics::render`].
    pub const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// All numbers at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("copytaster"),
            accepted: Family::default(),
            fetches: Family::default(),
            last_success: Family::default(),
            latency: Histogram::new(LATENCY_SECONDS),
            append: Histogram::new(APPEND_SECONDS),
            journal_last_seq: Gauge::default(),
            scrubbed: Counter::default(),
            damaged: Gauge::default(),
            store_bytes: Gauge::default(),
            raw_pages: Family::default(),
            requests: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running program", build);
        registry.register(
            "articles_accepted",
            "Articles taken in, durable when counted, by the way they came",
            self.accepted.clone(),
        );
        registry.register("fetches", "Fetches ended, by how they ended", self.fetches.clone());
        registry.register(
            "source_last_success_timestamp_seconds",
            "When a source last answered as it should, in seconds since 1970",
            self.last_success.clone(),
        );
        registry.register(
            "publication_to_cluster_seconds",
            "From the time a publisher claims to the moment the article stands in a cluster",
            self.latency.clone(),
        );
        registry.register(
            "journal_append_seconds",
            "How long it took to make a batch of records durable",
            self.append.clone(),
        );
        registry.register(
            "journal_last_seq",
            "Number of the newest record that is durable",
            self.journal_last_seq.clone(),
        );
        registry.register(
            "journal_segments_scrubbed",
            "Closed segments of the journal that were read again in the background",
            self.scrubbed.clone(),
        );
        registry.register(
            "journal_segments_damaged",
            "Segments that were found damaged and not found whole since",
            self.damaged.clone(),
        );
        registry.register(
            "store_bytes",
            "Size of the data directory on disk, journal and derived rows",
            self.store_bytes.clone(),
        );
        registry.register(
            "raw_pages",
            "Pages that new versions were read from, by whether they were kept",
            self.raw_pages.clone(),
        );
        registry.register(
            "http_requests",
            "Requests answered, by route and status",
            self.requests.clone(),
        );
    }

    /// `count` articles became durable; `via` is the way they came ("feed", "page", "push", "file").
    pub fn accepted(&self, via: &'static str, count: u64) {
        self.accepted.get_or_create(&Via { via }).inc_by(count);
    }

    /// Articles taken in so far, whichever way.
    pub fn accepted_via(&self, via: &'static str) -> u64 {
        self.accepted.get_or_create(&Via { via }).get()
    }

    /// A fetch ended; `result` is `ok`, `same`, `not_modified` or the kind of its error.
    pub fn fetched(&self, result: &'static str) {
        self.fetches.get_or_create(&Fetched { result }).inc();
    }

    /// Fetches that ended with `result` so far.
    pub fn fetched_with(&self, result: &'static str) -> u64 {
        self.fetches.get_or_create(&Fetched { result }).get()
    }

    /// Pages were to be kept; `result` is `kept` or `lost`.
    pub fn raw_pages(&self, result: &'static str, count: u64) {
        self.raw_pages.get_or_create(&Fetched { result }).inc_by(count);
    }

    /// A source answered as it should at `secs` since 1970.
    pub fn source_succeeded(&self, source: &str, secs: i64) {
        self.last_success.get_or_create(&BySource { source: source.to_owned() }).set(secs);
    }

    /// An article whose publisher dated it stands in a cluster, `seconds` after that date.
    /// Dates in the future count as zero.
    pub fn clustered_after(&self, seconds: f64) {
        self.latency.observe(seconds.max(0.0));
    }

    /// A batch of records became durable within `seconds`.
    pub fn appended_within(&self, seconds: f64) {
        self.append.observe(seconds);
    }

    /// The journal is durable up to record `seq`.
    pub fn journal_last_seq(&self, seq: u64) {
        self.journal_last_seq.set(i64::try_from(seq).unwrap_or(i64::MAX));
    }

    /// A closed segment of the journal was read again; so many of them are damaged.
    pub fn scrubbed(&self, damaged: usize) {
        self.scrubbed.inc();
        self.damaged.set(i64::try_from(damaged).unwrap_or(i64::MAX));
    }

    /// The data directory takes `bytes` on disk.
    pub fn store_bytes(&self, bytes: u64) {
        self.store_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A request was answered. `route` is the route's pattern, never the path as sent: labels must be few.
    pub fn answered(&self, route: &str, status: u16) {
        self.requests.get_or_create(&Request { route: route.to_owned(), status }).inc();
    }

    /// All numbers in the OpenMetrics text form.
    pub fn render(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("writing to a String does not fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, line: &str) {
        assert!(text.lines().any(|l| l == line), "no line {line:?} in\n{text}");
    }

    #[test]
    fn what_was_counted_is_what_is_rendered() {
        let metrics = Metrics::new();
        metrics.accepted("page", 2);
        metrics.accepted("page", 1);
        metrics.accepted("push", 1);
        metrics.fetched("ok");
        metrics.source_succeeded("northwire", 1_476_295_200);
        metrics.clustered_after(42.0);
        metrics.clustered_after(-3.0);
        metrics.appended_within(0.02);
        metrics.journal_last_seq(17);
        metrics.scrubbed(2);
        metrics.store_bytes(4096);
        metrics.answered("/api/v1/clusters/{id}", 200);
        let text = metrics.render();
        let version = env!("CARGO_PKG_VERSION");
        check(&text, &format!("copytaster_build_info{{version=\"{version}\"}} 1"));
        check(&text, "copytaster_articles_accepted_total{via=\"page\"} 3");
        check(&text, "copytaster_articles_accepted_total{via=\"push\"} 1");
        check(&text, "copytaster_fetches_total{result=\"ok\"} 1");
        check(
            &text,
            "copytaster_source_last_success_timestamp_seconds{source=\"northwire\"} 1476295200",
        );
        check(&text, "copytaster_publication_to_cluster_seconds_bucket{le=\"0.1\"} 1");
        check(&text, "copytaster_publication_to_cluster_seconds_bucket{le=\"60.0\"} 2");
        check(&text, "copytaster_journal_append_seconds_bucket{le=\"0.01\"} 0");
        check(&text, "copytaster_journal_append_seconds_bucket{le=\"0.03\"} 1");
        check(&text, "copytaster_journal_last_seq 17");
        check(&text, "copytaster_journal_segments_scrubbed_total 1");
        check(&text, "copytaster_journal_segments_damaged 2");
        check(&text, "copytaster_store_bytes 4096");
        let request =
            "copytaster_http_requests_total{route=\"/api/v1/clusters/{id}\",status=\"200\"} 1";
        check(&text, request);
        assert!(text.ends_with("# EOF\n"));
        assert_eq!((metrics.accepted_via("page"), metrics.fetched_with("ok")), (3, 1));
    }

    #[test]
    fn a_source_name_cannot_break_out_of_its_label() {
        let metrics = Metrics::new();
        metrics.source_succeeded("a\"b\\c\nd", 1);
        check(
            &metrics.render(),
            r#"copytaster_source_last_success_timestamp_seconds{source="a\"b\\c\nd"} 1"#,
        );
    }
}
