//! `copytaster extract`.

use std::process::ExitCode;

/// Arguments of `extract`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("extract is not built yet")
}
