//! `copytaster verify`: reads everything in a data directory and lists what is wrong.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::say;
use crate::config;
use crate::daemon;
use crate::journal::{Lock, Reader};
use crate::model::Seq;
use crate::store::{DumpRow, Store};

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

/// Differences listed; the rest is counted.
const LISTED_MAX: usize = 20;

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = Lock::take_to_read(&args.data)
        .with_context(|| "verify reads what no daemon may change meanwhile: stop it first")?;
    let mut wrong = Vec::new();
    let records = read_journal(&args.data, &mut wrong)?;
    if wrong.is_empty() {
        compare_rows(&args.data, &mut wrong)?;
    }
    let clean = wrong.is_empty();
    if args.json {
        say(&json!({"clean": clean, "records": records, "wrong": wrong}).to_string());
    } else {
        for line in &wrong {
            say(line);
        }
        let verdict = if clean { "nothing is wrong" } else { "see above" };
        say(&format!("{records} records read: {verdict}"));
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

/// Folds the journal anew beside the rows that are served, and compares row by row. Rows that end before the journal are no
/// fault: a kill leaves them so, and the next start brings them up to it.
fn compare_rows(dir: &Path, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let cache = config::Store::default().cache;
    let served = match Store::open_existing(dir, cache) {
        Ok((served, _)) => served,
        Err(fault) => {
            wrong.push(format!("rows: {fault}; the next start makes them again from the journal"));
            return Ok(());
        }
    };
    let scratch = std::env::temp_dir().join(format!("copytaster-verify-{}", std::process::id()));
    let rebuilt = daemon::rebuild(&Reader::open(dir)?, served.applied_seq(), &scratch, cache);
    let compared = rebuilt
        .map_err(anyhow::Error::from)
        .and_then(|rebuilt| differences(&served, &rebuilt, wrong));
    std::fs::remove_dir_all(&scratch)
        .with_context(|| format!("{} cannot be removed", scratch.display()))?;
    compared
}

/// What one side has and the other has not, or has otherwise. Both come in the order of their keys.
fn differences(served: &Store, rebuilt: &Store, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let (mut left, mut right) = (served.dump(), rebuilt.dump());
    let (mut a, mut b) = (left.next().transpose()?, right.next().transpose()?);
    let mut more = 0;
    loop {
        let (order, line) = match (&a, &b) {
            (None, None) => break,
            (Some(x), Some(y)) if x == y => (Ordering::Equal, None),
            (Some(x), Some(y)) if x.key == y.key => (
                Ordering::Equal,
                Some(format!("rows: {} holds {} and should hold {}", shown(x), x.value, y.value)),
            ),
            (Some(x), y) if y.as_ref().is_none_or(|y| x.key < y.key) => {
                (Ordering::Less, Some(format!("rows: {} should not be there", shown(x))))
            }
            (_, y) => {
                (Ordering::Greater, y.as_ref().map(|y| format!("rows: {} is missing", shown(y))))
            }
        };
        match line {
            Some(line) if wrong.len() < LISTED_MAX => wrong.push(line),
            Some(_) => more += 1,
            None => {}
        }
        if order != Ordering::Greater {
            a = left.next().transpose()?;
        }
        if order != Ordering::Less {
            b = right.next().transpose()?;
        }
    }
    if more > 0 {
        wrong.push(format!("rows: and {more} more differences"));
    }
    Ok(())
}

fn shown(row: &DumpRow) -> String {
    format!("{} {}", row.kind, row.key)
}
