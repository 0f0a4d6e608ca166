//! `copytaster restore`: a backup to a data directory.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::{progress, say};
use crate::journal::archive;

/// Arguments of `restore`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The data directory to make; it must not be there, or be empty
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// No progress bar and no closing line
    #[arg(long)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
The backup is read to its end before anything is made. The restored history is a new generation:
cursors and streams of the old one are told to begin again. The next start makes the rows.";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let bar = progress::bar(0, args.quiet);
    let made = archive::restore(&args.from, &args.data, &mut |seq, last| {
        bar.set_length(last.0);
        bar.set_position(seq.0);
    });
    bar.finish_and_clear();
    let archive::Backup { last, generation, .. } = made?;
    let generation = generation + 1;
    if args.json {
        let dir = args.data.display().to_string();
        say(&json!({"data": dir, "records": last.0, "generation": generation}).to_string())?;
    } else if !args.quiet {
        let dir = args.data.display();
        say(&format!("{last} records restored to {dir}, generation {generation}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
