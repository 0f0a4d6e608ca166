//! `copytaster fetch`.

use std::process::ExitCode;

/// Arguments of `fetch`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("fetch is not built yet")
}
