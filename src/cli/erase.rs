//! `copytaster erase`: takes every word of an article, or of all articles of a source, out of a data directory.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::{clock, complain, held, progress, say};
use crate::config;
use crate::daemon::{self, Which};
use crate::journal::Log;
use crate::model::{ArticleId, SourceId};

/// Arguments of `erase`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// An article, by its id; may be given more than once
    #[arg(long, value_name = "ID", required_unless_present = "source", conflicts_with = "source")]
    article: Vec<ArticleId>,
    /// Every article of a source so far
    #[arg(long, value_name = "ID")]
    source: Option<String>,
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
Title, text, byline, address and every other word leave the journal, the rows and what was set aside
of either; the number of the article, its times and how it stands to others stay, so clusters stay as
they are. What goes by the same address or id is not taken in again. There is no way back. Backups
are not reached: DIR/erasures.jsonl lists what was erased, for `restore --erased`.";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let which = match &args.source {
        Some(source) => Which::Source(SourceId(source.clone())),
        None => Which::Articles(args.article.iter().copied().collect::<BTreeSet<_>>()),
    };
    let (log, _) = held::alone(&args.data, Log::open_to_erase)?;
    let bar = progress::bar(log.last_seq().0, args.quiet);
    let cache = config::Store::default().cache;
    let each = &mut |seq: crate::model::Seq| bar.set_position(seq.0);
    let erased = daemon::erase(log, &args.data, &which, cache, clock().now(), each);
    bar.finish_and_clear();
    let erased = erased?;
    if args.json {
        let told = json!({"articles": erased.articles, "versions": erased.versions});
        say(&told.to_string())?;
    } else if erased.articles > 0 && !args.quiet {
        say(&format!("{} articles erased in {} versions", erased.articles, erased.versions))?;
    }
    if erased.articles == 0 {
        complain(&format!("{} has nothing of the kind; nothing was changed", args.data.display()));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
