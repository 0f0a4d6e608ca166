//! `copytaster ingest`: article records from files into a data directory.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::Context as _;
use indicatif::ProgressBar;
use serde_json::json;

use super::input::{self, Timeline, seen_at};
use super::{clock, complain, say};
use crate::cluster::Arrival;
use crate::config;
use crate::daemon::{Fault, Offline};
use crate::journal::JournalError;
use crate::jsonl;
use crate::model::Timestamp;

/// Arguments of `ingest`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files of article records, one JSON object a line, plain or .gz or .zst; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The data directory; made where it is missing
    #[arg(long)]
    data: PathBuf,
    /// What the files hold
    #[arg(long, default_value = "auto")]
    format: Format,
    /// One JSON object of figures
    #[arg(long)]
    json: bool,
    /// No progress bar and no closing line
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// Told from the file
    Auto,
    /// Article records, one a line
    Jsonl,
}

/// Articles that are read ahead of their turn.
const READ_MAX: usize = 256;

/// What came of the lines.
#[derive(Default)]
struct Figures {
    taken: u64,
    duplicates: u64,
    refused: u64,
    erased: u64,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (Format::Auto | Format::Jsonl) = args.format;
    let mut data = match Offline::open(&args.data, config::Store::default().cache, clock()) {
        Err(Fault::Journal(fault @ JournalError::InUse { .. })) => anyhow::bail!(
            "{fault}; push to the daemon itself with POST /api/v1/articles, or stop it first"
        ),
        opened => opened?,
    };
    let mut figures = Figures::default();
    let mut timeline = Timeline::new();
    let bar = if args.quiet { ProgressBar::hidden() } else { input::bar() };
    // What is read waits in a line of bounded length for its turn to be judged.
    let (line, read) = sync_channel(READ_MAX);
    thread::scope(|scope| {
        let (files, bar) = (&args.files, &bar);
        let reading = scope.spawn(move || read_files(files, bar, &line));
        for arrived in read {
            match arrived {
                Ok(arrival) => {
                    let seen_at = seen_at(&arrival.article);
                    take(&mut data, &mut figures, timeline.push(arrival, seen_at))?;
                }
                Err(problem) => {
                    figures.refused += 1;
                    complain(&problem);
                }
            }
        }
        reading.join().map_err(|_| anyhow::anyhow!("the reading of the files broke off"))?
    })?;
    take(&mut data, &mut figures, timeline.finish())?;
    bar.finish_and_clear();
    let counts = data.finish()?;
    let Figures { taken, duplicates, refused, erased } = figures;
    if erased > 0 {
        complain(&format!("{erased} lines passed over: these articles were erased by order"));
    }
    if args.json {
        say(&json!({"taken": taken, "duplicates": duplicates, "refused": refused, "erased": erased, "articles": counts.articles, "clusters": counts.clusters}).to_string())?;
    } else if !args.quiet {
        say(&format!(
            "{taken} versions taken in, {duplicates} there already, {refused} lines refused; now {} articles in {} clusters",
            counts.articles, counts.clusters
        ))?;
    }
    Ok(if refused > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Hands the articles of the files on, in order, with all that can be said of each before it is judged; or what is wrong with a
/// line. Those before the first dated one wait for it, however many they are, so nothing is made of them that takes room. Ends where
/// nobody takes them any more: whoever did says why.
fn read_files(
    files: &[PathBuf],
    bar: &ProgressBar,
    line: &SyncSender<Result<Arrival, String>>,
) -> anyhow::Result<()> {
    let mut dated = false;
    for file in files {
        input::lines(input::open(file, bar)?, |(number, text)| {
            let article =
                text.and_then(|text| jsonl::parse(&text).map_err(|problem| problem.to_string()));
            let arrived = article
                .map(|article| {
                    dated |= seen_at(&article).is_some();
                    if dated { Arrival::read(article) } else { article.into() }
                })
                .map_err(|problem| format!("{}:{number}: {problem}", file.display()));
            line.send(arrived).context("the writer ended")
        })?;
    }
    Ok(())
}

fn take(
    data: &mut Offline,
    figures: &mut Figures,
    dated: Vec<(Arrival, Timestamp)>,
) -> anyhow::Result<()> {
    for (arrival, seen_at) in dated {
        let figure = match data.take(arrival, seen_at)? {
            Some((_, true)) => &mut figures.duplicates,
            Some((_, false)) => &mut figures.taken,
            None => &mut figures.erased,
        };
        *figure += 1;
    }
    Ok(())
}
