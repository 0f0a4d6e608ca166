//! `copytaster export`.

use std::process::ExitCode;

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("export is not built yet")
}
