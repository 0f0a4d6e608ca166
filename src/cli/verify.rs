//! `copytaster verify`.

use std::process::ExitCode;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("verify is not built yet")
}
