//! `copytaster cluster`.

use std::process::ExitCode;

/// Arguments of `cluster`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("cluster is not built yet")
}
