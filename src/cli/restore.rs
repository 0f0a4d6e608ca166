//! `copytaster restore`: a backup to a data directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{clock, held, progress, rows, say};
use crate::config;
use crate::daemon::{self, Erased, Which};
use crate::journal::{Lock, Log, archive};
use crate::model::ArticleId;

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
    /// A list of erasures (`erasures.jsonl` of the directory that was lost): what it names is erased again
    #[arg(long, value_name = "FILE")]
    erased: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// No progress bar and no closing line
    #[arg(long)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
The backup is read to its end before anything is made. The restored history is a new generation:
cursors and streams of the old one are told to begin again. The derived rows are made with it.";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // Read first: a list that cannot be is found before anything is restored.
    let again = args.erased.as_deref().map(erased).transpose()?;
    let bar = progress::bar(0, args.quiet);
    let made = archive::restore(&args.from, &args.data, &mut |seq, last| {
        bar.set_length(last.0);
        bar.set_position(seq.0);
    });
    bar.finish_and_clear();
    let archive::Backup { last, generation, .. } = made?;
    let generation = generation + 1;
    let erased = match again {
        Some(again) => erase(args, &again)?,
        None => Erased::default(),
    };
    archive::end_restore(&args.data)?;
    make_rows(args)?;
    if args.json {
        let dir = args.data.display().to_string();
        say(&json!({"data": dir, "records": last.0, "generation": generation, "erased": erased.articles}).to_string())?;
    } else if !args.quiet {
        let dir = args.data.display();
        say(&format!("{last} records restored to {dir}, generation {generation}"))?;
        if args.erased.is_some() {
            say(&format!("{} articles erased again", erased.articles))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the derived rows of the restored directory, so that it can be looked over and served at once.
fn make_rows(args: &Args) -> anyhow::Result<()> {
    let _lock = held::alone(&args.data, Lock::take)?;
    rows::make_again(&args.data, args.quiet)?;
    Ok(())
}

/// Erases in the restored directory what the list names.
fn erase(args: &Args, again: &BTreeMap<ArticleId, Vec<u64>>) -> anyhow::Result<Erased> {
    let (log, _) = held::alone(&args.data, Log::open_restored)?;
    let which = Which::Again(again.clone());
    let cache = config::Store::default().cache;
    Ok(daemon::erase(log, &args.data, &which, cache, clock().now(), &mut |_| {})?)
}

/// The articles of a list of erasures, and the keys they went by.
fn erased(path: &Path) -> anyhow::Result<BTreeMap<ArticleId, Vec<u64>>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?;
    let mut again: BTreeMap<ArticleId, Vec<u64>> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let read = serde_json::from_str::<Value>(line).ok().and_then(|line| {
            let keys = line["keys"].as_array()?.iter();
            let key = |key: &Value| u64::from_str_radix(key.as_str()?, 16).ok();
            let keys: Option<Vec<u64>> = keys.map(key).collect();
            Some((line["article"].as_str()?.parse().ok()?, keys?))
        });
        let Some((article, keys)) = read else {
            anyhow::bail!("{shown}:{number} is no line of an erasures.jsonl; nothing was restored");
        };
        again.entry(article).or_default().extend(keys);
    }
    Ok(again)
}
