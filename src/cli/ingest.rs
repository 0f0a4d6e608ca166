//! `copytaster ingest`.

use std::process::ExitCode;

/// Arguments of `ingest`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("ingest is not built yet")
}
