//! `copytaster ingest`: article records from files into a data directory.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::input::{self, Timeline};
use super::{clock, complain, say};
use crate::config;
use crate::daemon::{Fault, Offline};
use crate::journal::JournalError;
use crate::jsonl;
use crate::model::{Article, Timestamp};

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
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// Told from the file
    Auto,
    /// Article records, one a line
    Jsonl,
}

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
    let bar = input::bar();
    for file in &args.files {
        let input = input::open(file, &bar)?;
        input::lines(input, |(number, line)| {
            match line.and_then(|line| jsonl::parse(&line).map_err(|problem| problem.to_string())) {
                Ok(article) => {
                    let seen_at = article.first_seen.or(article.published);
                    take(&mut data, &mut figures, timeline.push(article, seen_at))
                }
                Err(problem) => {
                    figures.refused += 1;
                    complain(&format!("{}:{number}: {problem}", file.display()));
                    Ok(())
                }
            }
        })?;
    }
    take(&mut data, &mut figures, timeline.finish())?;
    bar.finish_and_clear();
    let counts = data.finish()?;
    let Figures { taken, duplicates, refused, erased } = figures;
    if erased > 0 {
        complain(&format!("{erased} lines passed over: these articles were erased by order"));
    }
    if args.json {
        say(&json!({"taken": taken, "duplicates": duplicates, "refused": refused, "erased": erased, "articles": counts.articles, "clusters": counts.clusters}).to_string())?;
    } else {
        say(&format!(
            "{taken} versions taken in, {duplicates} there already, {refused} lines refused; now {} articles in {} clusters",
            counts.articles, counts.clusters
        ))?;
    }
    Ok(if refused > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn take(
    data: &mut Offline,
    figures: &mut Figures,
    dated: Vec<(Article, Timestamp)>,
) -> anyhow::Result<()> {
    for (article, seen_at) in dated {
        let figure = match data.take(article, seen_at)? {
            Some((_, true)) => &mut figures.duplicates,
            Some((_, false)) => &mut figures.taken,
            None => &mut figures.erased,
        };
        *figure += 1;
    }
    Ok(())
}
