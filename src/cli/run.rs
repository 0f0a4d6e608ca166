//! `copytaster run`: the daemon.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use super::{Usage, clock, complain, runtime};
use crate::config::{self, Config};
use crate::daemon;
use crate::telemetry;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration; else `$COPYTASTER_CONFIG`, /etc/copytaster/copytaster.toml, defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to serve, overriding the configuration; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The data directory, overriding the configuration
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The signal of a write beyond `ulimit -f`, the same on Linux and macOS.
const SIGXFSZ: i32 = 25;

/// How long the line that says where it serves waits for it to be ready, too.
const READY_AT_ONCE: Duration = Duration::from_secs(1);

/// Where the configuration comes from; read at start and again at each SIGHUP.
struct Origin {
    file: Option<PathBuf>,
    env: BTreeMap<String, String>,
    flags: config::Flags,
}

impl Origin {
    fn load(&self) -> Result<Config, config::ConfigErrors> {
        config::load_with(self.file.as_deref(), &self.env, &self.flags)
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let env = config::environment();
    let file = config::find(args.config.as_deref(), &env);
    let flags = config::Flags { listen: args.listen.clone(), data: args.data.clone() };
    let origin = Origin { file, env, flags };
    let config = origin.load().map_err(|problems| Usage(problems.to_string()))?;
    telemetry::init(config.log.format, &config.log.filter)
        .map_err(|fault| Usage(fault.to_string()))?;
    if let Some(file) = &origin.file {
        info!("configured by {}", file.display());
    } else {
        warn!(
            "no configuration file: defaults, and no sources to crawl; push articles or name one with --config"
        );
    }
    if config.crawl.contact.is_none() && !config.sources.is_empty() {
        warn!("crawl.contact is not set: publishers cannot reach you, and may block you for it");
    }
    runtime()?.block_on(serve(config, &origin))
}

async fn serve(config: Config, origin: &Origin) -> anyhow::Result<ExitCode> {
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be listened for")?;
    // A file that outgrows its limit is an error of a write, which is mended, and no reason to die of the signal.
    let _outgrown = signal(SignalKind::from_raw(SIGXFSZ)).context("SIGXFSZ cannot be ignored")?;
    let base = config.server.base_path.clone();
    let apart = daemon::Apart::of_this().context("the program's own file cannot be found")?;
    let mut running =
        daemon::start_with(config.clone(), clock(), daemon::Around::apart(apart)).await?;
    // It serves already. Where there is little to read it is ready in a moment, and scripts need not ask for that.
    if let Ok(ready) = tokio::time::timeout(READY_AT_ONCE, running.ready()).await {
        ready?;
    }
    // Scripts wait for this line, whatever the log's format and filter.
    complain(&format!("listening=http://{}{base}", running.address));
    notify(sd_notify::NotifyState::Ready);
    let fault = loop {
        tokio::select! {
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            fault = running.broken() => break Some(fault),
            _ = hangup.recv() => reread(&config, origin),
        }
    };
    notify(sd_notify::NotifyState::Stopping);
    if let Some(fault) = fault {
        error!(%fault, "the daemon cannot go on; what was acknowledged is in the journal");
        return Err(fault.into());
    }
    running.stop().await?;
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Reads the configuration again and says what a restart would change. A broken file changes nothing.
fn reread(old: &Config, origin: &Origin) {
    match origin.load() {
        Err(problems) => {
            error!(%problems, "the configuration is kept as it was: the new one has problems");
        }
        Ok(new) => {
            let changes = old.changes(&new);
            if changes.is_empty() {
                info!("the configuration was read again: nothing has changed");
            }
            for change in changes {
                info!(%change, "changed in the configuration, in force after a restart: {change}");
            }
        }
    }
}

/// Tells systemd, where it asked to be told.
fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(fault) = sd_notify::notify(&[state]) {
        warn!(%fault, "systemd could not be told");
    }
}
