//! One integration binary: one link for all tests that cross rooms.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do: at the line")]

#[cfg(feature = "daemon")]
mod config;
#[cfg(feature = "daemon")]
mod store;
