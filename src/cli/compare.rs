//! `copytaster compare`.

use std::process::ExitCode;

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("compare is not built yet")
}
