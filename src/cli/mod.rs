//! The commands: one file each reads its arguments, calls a room and prints. Data to stdout, progress and logs to stderr.

mod backup;
mod check;
mod cluster;
mod compact;
mod compare;
mod demo;
mod erase;
mod evaluate;
mod export;
mod extract;
mod fetch;
mod held;
mod ingest;
mod input;
mod openapi;
mod pages;
mod progress;
mod replay;
mod restore;
mod rows;
mod run;
mod sources;
mod stats;
mod stream;
mod verify;
mod whose;

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::model::{Clock, Timestamp};

/// copytaster: crawls wire copy, clusters the versions of each story, serves the clusters.
#[derive(Debug, Parser)]
#[command(name = "copytaster", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an invented newsroom on loopback, crawl it, serve its clusters
    Demo(demo::Args),
    /// Run the daemon
    Run(run::Args),
    /// Name every problem of a configuration and print what is in force
    Check(check::Args),
    /// Fetch one feed or page under the full policy and say what we see
    Fetch(fetch::Args),
    /// Extract the story of saved pages, one JSON object a file
    Extract(extract::Args),
    /// Find publishers, take them over from a list, list them
    Sources(sources::Args),
    /// Take articles from files into a data directory
    Ingest(ingest::Args),
    /// Cluster files of article records, without a store
    Cluster(cluster::Args),
    /// Score clusters against a gold set: pairs, B-cubed, adjusted Rand index
    Evaluate(evaluate::Args),
    /// Compare two texts with the very sets the detector uses
    Compare(compare::Args),
    /// Make the derived rows again from the journal, or say how its clusters would come out by other rules
    Replay(replay::Args),
    /// Write everything a data directory holds to one checksummed file
    Backup(backup::Args),
    /// Make a data directory from a backup
    Restore(restore::Args),
    /// Give back disk that derived rows no longer need
    Compact(compact::Args),
    /// Take every word of an article or a source out of a data directory, for good
    Erase(erase::Args),
    /// Read everything in a data directory and list what is wrong
    Verify(verify::Args),
    /// Count what a data directory holds
    Stats(stats::Args),
    /// Write what a data directory holds as JSON lines
    Export(export::Args),
    /// Print the `OpenAPI` document of the HTTP API
    Openapi(openapi::Args),
    /// Parse the pages that the daemon hands over on standard input
    #[command(name = "__extract", hide = true)]
    Pages(pages::Args),
}

/// Runs the command the process was started with. Exit 0 done; 1 tried and something failed; 2 nothing was attempted.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(&cli.command) {
        Ok(code) => code,
        Err(fault) => {
            complain(&format!("{fault:#}"));
            if fault.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// A fault found before anything was attempted: wrong usage or an invalid configuration. Exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// One line to stderr, where a person or a log reads it.
#[expect(clippy::print_stderr, reason = "the one place where the commands speak to a person")]
pub fn complain(line: &str) {
    eprintln!("{line}");
}

/// One line of data to stdout; false where nobody reads any more, which is no fault. A disk that is full is one.
pub fn say(line: &str) -> anyhow::Result<bool> {
    heard(writeln!(io::stdout().lock(), "{line}"))
}

/// What came of writing to stdout: whether anybody still reads there.
fn heard(written: io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(fault) => Err(fault).context("standard output cannot be written to"),
    }
}

/// Six decimals: the same on every machine, and more than any reader needs.
fn rounded(figure: f64) -> f64 {
    (figure * 1e6).round() / 1e6
}

/// The process's one clock.
#[expect(
    clippy::disallowed_methods,
    reason = "here time enters; every room below is handed this clock"
)]
pub(crate) fn clock() -> Clock {
    Clock::new(|| Timestamp::from(chrono::Utc::now()), 1)
}

/// Stack of each runtime thread: parsers recurse as deep as a page nests, up to the guard's bound. Taken as it is touched.
const STACK_BYTES: usize = 16 << 20;

/// Threads for work that blocks: what reads feeds and pages, and look-ups of names, which hold theirs longest, a dozen at most. Each
/// has memory of its own, so there are no more of them than work side by side.
const BLOCKING_MAX: usize = 64;

/// The runtime every command that waits for a network runs on.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let made = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .max_blocking_threads(BLOCKING_MAX)
        .build();
    made.context("the asynchronous runtime cannot be started")
}

fn dispatch(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(args) => demo::run(args),
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::run(args),
        Command::Fetch(args) => fetch::run(args),
        Command::Extract(args) => extract::run(args),
        Command::Sources(args) => sources::run(args),
        Command::Ingest(args) => ingest::run(args),
        Command::Cluster(args) => cluster::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Compact(args) => compact::run(args),
        Command::Erase(args) => erase::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Stats(args) => stats::run(args),
        Command::Export(args) => export::run(args),
        Command::Openapi(args) => openapi::run(args),
        Command::Pages(args) => pages::run(args),
    }
}
