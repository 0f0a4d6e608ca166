//! `copytaster check`: a configuration to what is in force, or to every problem in it.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Usage, complain, say};
use crate::config;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to check; else `$COPYTASTER_CONFIG`, else /etc/copytaster/copytaster.toml, else the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print what is in force as JSON instead of TOML
    #[arg(long)]
    json: bool,
}

/// Prints the configuration in force with secrets masked, and warnings to stderr. A problem is wrong usage: exit status 2.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let env = config::environment();
    let file = config::find(args.config.as_deref(), &env);
    let config =
        config::load(file.as_deref(), &env).map_err(|problems| Usage(problems.to_string()))?;
    for warning in config.warnings() {
        complain(&format!("warning: {warning}"));
    }
    say(if args.json { format!("{:#}", config.to_json()) } else { config.to_toml() }.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
