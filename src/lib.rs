//! copytaster reads the wires: it crawls news copy, clusters the versions of each story and serves the clusters.
//!
//! The rooms stand in the order data flows. Pure rooms come first: they know no clock, disk, network or chance.
//! ARCHITECTURE.md has the plan of who may import whom; `tests/it/architecture.rs` holds it.

// pure
pub mod cluster;
pub mod extract;
pub mod feed;
pub mod jsonl;
pub mod lsh;
pub mod model;
pub mod quality;
pub mod rights;
pub mod schedule;
pub mod sketch;
pub mod text;
pub mod wire;

// effects
#[cfg(feature = "daemon")]
pub mod api;
#[cfg(feature = "daemon")]
pub mod cli;
#[cfg(feature = "daemon")]
pub mod config;
#[cfg(feature = "daemon")]
pub mod daemon;
#[cfg(feature = "daemon")]
pub mod demo;
#[cfg(feature = "daemon")]
pub mod fetch;
#[cfg(feature = "daemon")]
pub mod journal;
#[cfg(feature = "daemon")]
pub mod store;
#[cfg(feature = "daemon")]
pub mod telemetry;
#[cfg(feature = "daemon")]
pub mod warc;
