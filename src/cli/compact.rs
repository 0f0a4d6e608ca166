//! `copytaster compact`: gives back disk that derived rows no longer need.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::{held, rows, say};
use crate::journal::{Lock, judged};
use crate::store::Store;

/// Arguments of `compact`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The data directory
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
The derived rows are made again beside the present ones, so there has to be room for both, and take
their place when they are complete; rows that were set aside as damaged are removed, and so is the
journal as it was before it was judged again. The journal in force is not touched. sled never gives back by itself what its rows once took.";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = held::alone(&args.data, Lock::take)?;
    let before = size(&args.data)?;
    rows::make_again(&args.data, args.quiet)?;
    Store::forget_aside(&args.data)?;
    judged::forget_before(&args.data)?;
    let after = size(&args.data)?;
    let freed = before.saturating_sub(after);
    if args.json {
        say(&json!({"bytes_before": before, "bytes_after": after, "freed": freed}).to_string())?;
    } else if !args.quiet {
        say(&format!("{before} -> {after} bytes, {freed} given back"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Bytes of all files under `dir`.
fn size(dir: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let list = || format!("{} cannot be listed", folder.display());
        for file in std::fs::read_dir(&folder).with_context(list)? {
            let file = file.with_context(list)?;
            let about = file.metadata().with_context(list)?;
            if about.is_dir() {
                folders.push(file.path());
            } else {
                sum += about.len();
            }
        }
    }
    Ok(sum)
}
