//! One integration binary: one link for all tests that cross rooms.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers; a panic here is a failed test"
)]

mod architecture;
#[cfg(feature = "daemon")]
mod backups;
#[cfg(feature = "daemon")]
mod bad_input;
#[cfg(feature = "daemon")]
mod bridge;
#[cfg(feature = "daemon")]
mod checkpoint;
#[cfg(feature = "daemon")]
mod config;
#[cfg(feature = "daemon")]
mod crash;
#[cfg(feature = "daemon")]
mod daemon;
#[cfg(feature = "daemon")]
mod desk;
mod detector;
#[cfg(feature = "daemon")]
mod discover;
#[cfg(feature = "daemon")]
mod disk;
#[cfg(feature = "daemon")]
mod docs;
#[cfg(feature = "daemon")]
mod erase;
#[cfg(feature = "daemon")]
mod evaluate;
#[cfg(feature = "daemon")]
mod faulty;
#[cfg(feature = "daemon")]
mod fetch;
mod floods;
#[cfg(feature = "daemon")]
mod hostile;
#[cfg(feature = "daemon")]
mod http;
#[cfg(feature = "daemon")]
mod journals;
mod languages;
#[cfg(feature = "daemon")]
mod leads;
#[cfg(feature = "daemon")]
mod overrides;
#[cfg(feature = "daemon")]
mod pages;
mod patience;
mod read_by;
mod replay;
#[cfg(feature = "daemon")]
mod replay_command;
#[cfg(feature = "daemon")]
mod retention;
mod rhythm;
#[cfg(feature = "daemon")]
mod rights;
#[cfg(feature = "daemon")]
mod soak;
#[cfg(feature = "daemon")]
mod store;
#[cfg(feature = "daemon")]
mod tls;
mod walls;
mod wire;

mod extract;
