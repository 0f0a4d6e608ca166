//! `copytaster openapi`.

use std::process::ExitCode;

/// Arguments of `openapi`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("openapi is not built yet")
}
