//! `copytaster backup`: a data directory to one file that says of itself whether it is whole.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::{held, progress, say};
use crate::journal::{self, Reader, archive};

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The file to make; an older one of that name is replaced when the new one is whole
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// No progress bar and no closing line
    #[arg(long)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
The file holds the journal up to its last record: every article with its text and its verdicts.
What is derived from it is made again after a restore; what the poller knows of its feeds is not in
it, so that the first round afterwards asks every feed anew, and doubles nothing.

From a running daemon: curl -X POST -o FILE http://HOST:PORT/api/v1/admin/backup";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = held::to_read(&args.data, "POST /api/v1/admin/backup")?;
    let reader = Reader::open(&args.data)?;
    let generation = journal::generation(&args.data)?;
    let bar = progress::bar(reader.last_seq().0, args.quiet);
    let made =
        archive::write_file(&reader, generation, &args.to, &mut |seq| bar.set_position(seq.0));
    bar.finish_and_clear();
    let archive::Backup { last, bytes, .. } = made?;
    if args.json {
        let file = args.to.display().to_string();
        say(&json!({"file": file, "records": last.0, "bytes": bytes, "generation": generation})
            .to_string())?;
    } else if !args.quiet {
        say(&format!("{last} records in {bytes} bytes: {}", args.to.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
