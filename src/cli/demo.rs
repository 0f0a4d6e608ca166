//! `copytaster demo`: the whole line over an invented newsroom, with no internet.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::{clock, complain, runtime, say};
use crate::daemon::Apart;
use crate::demo::{self, Options};
use crate::telemetry::{self, Format};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A clock so many times as fast; waits are divided by it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    speed: Option<u32>,
    /// Where to serve the dashboard; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
    /// Keep the data here; a temporary directory, removed at the end, if not given
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Play the scripted wire day to its end, check what came of it, and exit
    #[arg(long)]
    once: bool,
    /// With --once: JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Which log lines to show: a level, or levels a module
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    log: String,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    telemetry::init(Format::Auto, &args.log)?;
    let options = Options {
        speed: args.speed,
        apart: Some(Apart::of_this().context("the program's own file cannot be found")?),
        // A scripted run in a pipeline must not trip over a port in use.
        listen: if args.once { SocketAddr::from(([127, 0, 0, 1], 0)) } else { args.listen },
        data: args.data.clone(),
        once: args.once,
        json: args.json,
        wall: clock(),
    };
    let ended = runtime()?.block_on(async {
        demo::run(options, complain, interrupted()?).await.map_err(anyhow::Error::from)
    })?;
    if !ended.output.is_empty() {
        say(ended.output.trim_end())?;
    }
    Ok(if ended.came_out { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Resolves at Ctrl-C or SIGTERM.
fn interrupted() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
