//! `copytaster run`.

use std::process::ExitCode;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("run is not built yet")
}
