//! `copytaster openapi`: the OpenAPI document of the HTTP API to stdout, as `/openapi.json` serves it.

use std::process::ExitCode;

use crate::{api, cli};

/// Arguments of `openapi`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    cli::say(&serde_json::to_string_pretty(&api::document(""))?)?;
    Ok(ExitCode::SUCCESS)
}
