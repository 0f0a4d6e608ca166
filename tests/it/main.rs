//! One integration binary: one link for all tests that cross rooms.

#[cfg(feature = "daemon")]
mod config;
