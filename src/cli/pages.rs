//! `copytaster __extract`: the process that parses pages. Not for people: it is started and ended by whoever has pages to parse.

use std::process::ExitCode;

use crate::daemon;

/// Arguments of `__extract`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Parse whatever comes, also what is known to blow up parsers
    #[arg(long)]
    unscanned: bool,
    /// How much memory it may take for itself, in bytes
    memory_bytes: u64,
}

/// Runs the command until the daemon has no more pages.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    daemon::parse_pages(args.memory_bytes, args.unscanned)?;
    Ok(ExitCode::SUCCESS)
}
