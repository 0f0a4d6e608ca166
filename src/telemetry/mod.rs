//! What happened, to log lines on stderr and to the numbers of `/metrics`.

mod logs;
mod metrics;

pub use logs::{Format, TelemetryError, check_filter, init};
pub use metrics::Metrics;
