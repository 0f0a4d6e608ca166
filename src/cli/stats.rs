//! `copytaster stats`.

use std::process::ExitCode;

/// Arguments of `stats`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("stats is not built yet")
}
