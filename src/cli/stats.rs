//! `copytaster stats`: a data directory to what it holds, counted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::{complain, held, progress, say};
use crate::journal::{self, Reader, Record};
use crate::model::SourceId;
use crate::store::{Counts, Store, StoreError};
use crate::warc;

/// Arguments of `stats`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = held::to_read(&args.data, "GET /metrics")?;
    let counted = count(&args.data, args.quiet)?;
    if args.json {
        say(&Value::Object(counted).to_string())?;
    } else {
        for (name, value) in &counted {
            let shown = if value.is_null() { "unknown".to_owned() } else { value.to_string() };
            say(&format!("{name:15}{shown:>15}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn count(dir: &Path, quiet: bool) -> anyhow::Result<Map<String, Value>> {
    let reader = Reader::open(dir)?;
    let last = reader.last_seq();
    let journal_bytes = reader.bytes()?;
    let store = match Store::open_existing(dir, held::CACHE_BYTES) {
        Ok((store, _)) => Some(store),
        Err(StoreError::Absent { .. }) => None,
        Err(fault) => {
            complain(&format!(
                "the derived rows cannot be read, so the journal is counted: {fault}"
            ));
            None
        }
    };
    let derived = store.as_ref().map(Store::counts);
    let counts = match derived.filter(|counts| counts.applied_seq == last) {
        Some(counts) => counts,
        None => count_journal(&reader, quiet)?,
    };
    let store_bytes = store.as_ref().map_or(Ok(0), Store::bytes)?;
    let (damaged_stores, damaged_bytes) = Store::aside(dir)?;
    let (raw_files, raw_bytes) = warc::bytes(dir)?;
    let value = json!({
        "articles": counts.articles,
        "versions": counts.versions,
        "clusters": derived.map(|derived| derived.clusters),
        "sources": counts.sources,
        "lost": counts.lost,
        "journal_seq": last.0,
        "applied_seq": derived.map_or(0, |derived| derived.applied_seq.0),
        "generation": journal::generation(dir)?,
        "bytes": journal_bytes + store_bytes + damaged_bytes + raw_bytes,
        "journal_bytes": journal_bytes,
        "store_bytes": store_bytes,
        "damaged_stores": damaged_stores,
        "damaged_bytes": damaged_bytes,
        "raw_files": raw_files,
        "raw_bytes": raw_bytes,
    });
    match value {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

/// Counts the truth itself, where the derived rows are missing or behind. Clusters are not in it.
fn count_journal(reader: &Reader, quiet: bool) -> anyhow::Result<Counts> {
    let bar = progress::bar(reader.last_seq().0, quiet);
    let mut counts = Counts { applied_seq: reader.last_seq(), ..Counts::default() };
    let mut sources: BTreeSet<SourceId> = BTreeSet::new();
    reader.each(|entry| {
        bar.inc(1);
        match entry.record {
            Record::Version(version) => {
                counts.versions += 1;
                counts.articles += u64::from(version.verdicts.article.is_none());
                sources.insert(version.article.source);
            }
            Record::Lost(_) => counts.lost += 1,
            Record::Settings(_)
            | Record::Source(_)
            | Record::Override(_)
            | Record::Erase(_)
            | Record::Trim(_)
            | Record::Gap(_)
            | Record::Tick => {}
        }
    })?;
    bar.finish_and_clear();
    counts.sources = sources.len() as u64;
    Ok(counts)
}
