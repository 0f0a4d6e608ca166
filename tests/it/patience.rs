//! Files that this process has just let go of, opened again.

use std::fmt::Display;
use std::time::{Duration, Instant};

#[cfg(feature = "daemon")]
use copytaster::{config::Config, daemon, fetch::Names, model::Clock};

/// Opens what this process held a moment ago, trying again while its lock is still held: a child that another test is starting
/// has our open files, and the locks with them, until it is the program it is to be.
pub(crate) fn unlocked<T, E: Display>(mut open: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    for _ in 0..1_000_000 {
        match open() {
            Err(fault) if is_locked(&fault.to_string()) => std::thread::yield_now(),
            done => return done,
        }
    }
    panic!("it stays locked")
}

fn is_locked(told: &str) -> bool {
    told.contains("acquire lock") || told.contains("in use by")
}

/// The same where it has to open.
pub(crate) fn reopen<T, E: Display>(open: impl FnMut() -> Result<T, E>) -> T {
    unlocked(open).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A daemon over a directory that this process has just let go of.
#[cfg(feature = "daemon")]
pub(crate) async fn started(config: &Config, clock: &Clock) -> daemon::Running {
    started_with(config, clock, &Names::of_system()).await
}

/// The same, where hosts have these addresses.
#[cfg(feature = "daemon")]
pub(crate) async fn started_with(config: &Config, clock: &Clock, names: &Names) -> daemon::Running {
    let began = Instant::now();
    loop {
        let around = daemon::Around { names: names.clone(), ..daemon::Around::default() };
        match daemon::start_with(config.clone(), clock.clone(), around).await {
            Err(fault) if is_locked(&fault.to_string()) => {
                assert!(began.elapsed() < Duration::from_secs(90), "it stays locked");
                tokio::task::yield_now().await;
            }
            done => return done.unwrap_or_else(|fault| panic!("{fault}")),
        }
    }
}
