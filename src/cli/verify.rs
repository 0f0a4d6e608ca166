//! `copytaster verify`: reads everything in a data directory and lists what is wrong.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::{rows, say};
use crate::journal::{Lock, Reader};
use crate::model::Seq;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data directory
    #[arg(long)]
    data: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = Lock::take_to_read(&args.data)
        .with_context(|| "verify reads what no daemon may change meanwhile: stop it first")?;
    let mut wrong = Vec::new();
    let records = read_journal(&args.data, &mut wrong)?;
    if wrong.is_empty() {
        rows::compare(&args.data, &mut |_| {}, &mut wrong)?;
    }
    let clean = wrong.is_empty();
    if args.json {
        say(&json!({"clean": clean, "records": records, "wrong": wrong}).to_string())?;
    } else {
        for line in &wrong {
            say(line)?;
        }
        let verdict = if clean { "nothing is wrong" } else { "see above" };
        say(&format!("{records} records read: {verdict}"))?;
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads every record: frames, checksums, numbers without a gap. The reader names what it finds.
fn read_journal(dir: &Path, wrong: &mut Vec<String>) -> anyhow::Result<u64> {
    let reader = Reader::open(dir)?;
    let mut records = 0;
    for entry in reader.entries(Seq(1)) {
        match entry {
            Ok(_) => records += 1,
            Err(fault) => {
                wrong.push(format!("journal: {fault}"));
                break;
            }
        }
    }
    Ok(records)
}
