//! `copytaster replay`: a journal to derived rows made anew, or to how its clusters would come out if judged again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::{clock, complain, held, progress, rounded, rows, runtime, say, stream};
use crate::cluster::regroup::{Merge, Move, Regrouping, Split};
use crate::cluster::{ENGINE, Params};
use crate::daemon::{self, Apart, Reextracted, Rejudged, Replayed};
use crate::extract::EXTRACTOR;
use crate::journal::{Lock, Reader};
use crate::model::Seq;

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line, each by itself")]
pub(super) struct Args {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Judge every version again by the present rules instead of following the verdicts in the journal
    #[arg(long)]
    judge: bool,
    /// Judge with this setting: window=48h, `live_max=50000`
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "judge")]
    set: Vec<String>,
    /// Read the kept pages again (`store.keep_raw`) whose texts an earlier extractor read
    #[arg(long, conflicts_with = "judge")]
    re_extract: bool,
    /// Change nothing, say what would change
    #[arg(long)]
    dry_run: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// No progress bar and no closing line; differences and faults are told all the same
    #[arg(long)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
Without --judge the derived rows are made again from the verdicts in the journal, beside the present
ones, and take their place when they are complete. No cluster changes. With --dry-run they are made
elsewhere, and what differs is listed: exit status 1 where anything does.

With --judge every version is judged again, by default with the settings last in force in the
journal, and each cluster that comes out otherwise is named. Exit status 0 whether there are any or
not. Without --dry-run the new verdicts take the place of the old ones: the journal is written anew
beside, so there has to be room for both, and kept as it was as journal.before, which may be
deleted. A new generation begins; versions whose text is gone keep their verdicts.

With --re-extract the pages in DIR/raw are read again, each for the newest version of its article,
where another extractor read that. A text that comes out otherwise becomes the next version of its
article, `reextracted`: it stays in its cluster and is no news. Pages that are no articles by the
present rules are named, and their articles stay as they are.";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.re_extract {
        return re_extract(args);
    }
    match (args.judge, args.dry_run) {
        (false, false) => rebuild(args),
        (false, true) => compare(args),
        (true, _) => judge(args),
    }
}

fn seconds(start: Instant) -> f64 {
    rounded(start.elapsed().as_secs_f64())
}

/// Makes the rows again and puts them in place.
fn rebuild(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = held::alone(&args.data, Lock::take)?;
    let start = Instant::now();
    let Replayed { counts, carried } = rows::make_again(&args.data, args.quiet)?;
    let (records, seconds) = (counts.applied_seq.0, seconds(start));
    if args.json {
        say(&json!({
            "records": records, "versions": counts.versions, "clusters": counts.clusters,
            "carried": carried.ok(), "seconds": seconds,
        })
        .to_string())?;
    } else if !args.quiet {
        say(&format!(
            "{records} records, {} versions, {} clusters: rows made again in {seconds} s",
            counts.versions, counts.clusters
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the rows elsewhere and lists what differs.
fn compare(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = held::alone(&args.data, Lock::take_to_read)?;
    let (start, last) = (Instant::now(), Reader::open(&args.data)?.last_seq());
    let bar = progress::bar(last.0, args.quiet);
    let mut wrong = Vec::new();
    let made = rows::compare(&args.data, &mut |seq| bar.set_position(seq.0), &mut wrong);
    bar.finish_and_clear();
    let (made, seconds) = (made?, seconds(start));
    let records = made.map_or(0, |counts| counts.applied_seq.0);
    if args.json {
        say(&json!({
            "clean": wrong.is_empty(), "records": records, "journal_seq": last.0,
            "versions": made.map(|counts| counts.versions),
            "clusters": made.map(|counts| counts.clusters), "wrong": wrong, "seconds": seconds,
        })
        .to_string())?;
    } else {
        for line in &wrong {
            say(line)?;
        }
    }
    if let (false, false, Some(counts)) = (args.json, args.quiet, made) {
        let verdict = if wrong.is_empty() { "nothing would change" } else { "see above" };
        say(&format!(
            "{records} of {last} records, {} versions, {} clusters in {seconds} s: {verdict}",
            counts.versions, counts.clusters
        ))?;
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Judges again and tells which clusters would come out otherwise.
fn judge(args: &Args) -> anyhow::Result<ExitCode> {
    // A wrong word is said before anything is read.
    stream::params(&args.set)?;
    let _lock = if args.dry_run {
        held::alone(&args.data, Lock::take_to_read)?
    } else {
        Some(held::alone(&args.data, Lock::take)?)
    };
    let reader = Reader::open(&args.data)?;
    let params = stream::params_over(daemon::settings(&reader)?, &args.set)?;
    let (start, last) = (Instant::now(), reader.last_seq().0);
    let bar = progress::bar(last, args.quiet);
    let each = &mut |seq: Seq| bar.set_position(seq.0);
    let (judged, generation) = if args.dry_run {
        (daemon::rejudge(&reader, params, each)?, None)
    } else {
        let (judged, generation) =
            daemon::rejudge_for_good(&args.data, params, held::CACHE_BYTES, each)?;
        bar.finish_and_clear();
        rows::make_again_judged(&args.data, args.quiet)?;
        (judged, Some(generation))
    };
    bar.finish_and_clear();
    let seconds = seconds(start);
    if args.json {
        say(&as_json(&judged, params, generation, seconds).to_string())?;
    } else {
        tell(&judged.regrouping)?;
        if !args.quiet {
            close(&judged, params, seconds)?;
            if let Some(generation) = generation {
                say(&format!("these verdicts hold from now on; generation {generation}"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads kept pages again.
fn re_extract(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = if args.dry_run {
        held::alone(&args.data, Lock::take_to_read)?
    } else {
        // Whoever holds it is named; the journal is locked when it is opened.
        drop(held::alone(&args.data, Lock::take)?);
        None
    };
    let start = Instant::now();
    let bar = progress::bar(0, args.quiet);
    let each = &mut |done: usize, wanted: usize| {
        bar.set_length(wanted as u64);
        bar.set_position(done as u64);
    };
    let (apart, dry) = (Some(Apart::of_this()?), args.dry_run);
    let done = runtime()?.block_on(daemon::reextract(
        &args.data,
        held::CACHE_BYTES,
        clock(),
        apart,
        dry,
        each,
    ));
    bar.finish_and_clear();
    let Reextracted { wanted, pages, changed, refused, damaged } = done?;
    let seconds = seconds(start);
    for what in &damaged {
        complain(what);
    }
    if args.json {
        let changed: Vec<String> = changed.iter().map(ToString::to_string).collect();
        let refused: Vec<Value> = refused
            .iter()
            .map(|(version, why)| json!({"version": version.to_string(), "why": why}))
            .collect();
        let told = json!({
            "wanted": wanted, "pages": pages, "changed": changed, "refused": refused,
            "damaged": damaged, "extractor": EXTRACTOR, "seconds": seconds,
        });
        say(&told.to_string())?;
    } else {
        for (version, why) in &refused {
            say(&format!("{version} stays as it is: {why}"))?;
        }
        if !args.quiet {
            let verb = if dry { "would be" } else { "are" };
            say(&format!(
                "{} of other extractors than {EXTRACTOR}, {pages} with their page: {} {verb} read otherwise, {} stay ({seconds} s)",
                counted(wanted, "article"),
                changed.len(),
                counted(refused.len(), "refused page"),
            ))?;
        }
    }
    Ok(if damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(Regrouping { merged, split, moved, .. }: &Regrouping) -> anyhow::Result<()> {
    for Merge { into, from } in merged {
        say(&format!("merge {} -> {into}", joined(from)))?;
    }
    for Split { from, into } in split {
        let part =
            |(cluster, count): &(_, usize)| format!("[{cluster} {}]", counted(*count, "version"));
        let parts: Vec<String> = into.iter().map(part).collect();
        say(&format!("split {from} -> {}", parts.join(", ")))?;
    }
    for Move { version, from, to } in moved {
        say(&format!("moved {version} from {from} to {to}"))?;
    }
    Ok(())
}

fn close(judged: &Rejudged, params: Params, seconds: f64) -> anyhow::Result<()> {
    let Rejudged { versions, without_text, links_before, links_after, regrouping, .. } = judged;
    let Regrouping { before, after, unchanged, merged, split, moved } = regrouping;
    let then: Vec<u16> = judged.engines.iter().copied().collect();
    say(&format!(
        "{} judged again in {seconds} s by rules {ENGINE} (then {}), window {} h, live_max {}",
        counted(*versions, "version"),
        joined(&then),
        params.window_millis as f64 / 3.6e6,
        params.live_max,
    ))?;
    if *without_text > 0 {
        say(&format!(
            "{} whose text is gone left by the old verdicts",
            counted(*without_text, "version")
        ))?;
    }
    say(&format!(
        "clusters {before} -> {after}: {unchanged} unchanged, {}, {}, {} moved; links {links_before} -> {links_after}",
        counted(merged.len(), "merge"),
        counted(split.len(), "split"),
        counted(moved.len(), "version"),
    ))?;
    Ok(())
}

fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn as_json(judged: &Rejudged, params: Params, generation: Option<u64>, seconds: f64) -> Value {
    let Rejudged { versions, without_text, engines, links_before, links_after, regrouping } =
        judged;
    let Regrouping { before, after, unchanged, merged, split, moved } = regrouping;
    let merge = |Merge { into, from }: &Merge| {
        let from: Vec<String> = from.iter().map(ToString::to_string).collect();
        json!({"into": into.to_string(), "from": from})
    };
    let split_of = |Split { from, into }: &Split| {
        let parts: Vec<String> = into.iter().map(|(cluster, _)| cluster.to_string()).collect();
        let counts: Vec<usize> = into.iter().map(|&(_, count)| count).collect();
        json!({"from": from.to_string(), "into": parts, "versions": counts})
    };
    let move_of = |Move { version, from, to }: &Move| json!({"version": version.to_string(), "from": from.to_string(), "to": to.to_string()});
    json!({
        "versions": versions,
        "without_text": without_text,
        "engine_then": engines,
        "engine_now": ENGINE,
        "window_millis": params.window_millis,
        "live_max": params.live_max,
        "clusters_before": before,
        "clusters_after": after,
        "unchanged": unchanged,
        "merged": merged.iter().map(merge).collect::<Vec<_>>(),
        "split": split.iter().map(split_of).collect::<Vec<_>>(),
        "moved": moved.iter().map(move_of).collect::<Vec<_>>(),
        "links_before": links_before,
        "links_after": links_after,
        "generation": generation,
        "seconds": seconds,
    })
}
