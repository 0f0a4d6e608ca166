//! `copytaster verify`: reads everything in a data directory and lists what is wrong; by order, gives up what cannot be read.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{clock, held, progress, rows, say};
use crate::daemon::{self, Deep};
use crate::journal::{Bridged, Lock, Reader, Record, Survey};
use crate::model::{Seq, VersionId};
use crate::store::Store;
use crate::warc;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line, each by itself")]
pub(super) struct Args {
    /// The data directory
    #[arg(long)]
    data: PathBuf,
    /// Give up what of the journal cannot be read, so that the daemon can go on with the rest
    #[arg(long)]
    bridge: bool,
    /// Judge every version again, too, where its text is there and the present rules judged it
    #[arg(long, conflicts_with = "bridge")]
    deep: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// No progress bar, and nothing at all where nothing is wrong
    #[arg(long)]
    quiet: bool,
}

/// Versions judged otherwise that are listed; the rest is counted.
const LISTED_MAX: usize = 20;

const AFTER_HELP: &str = "\
A journal that is damaged is best put back from a backup: then nothing is lost. With --bridge each
damaged file is written anew from the records in it that are whole, and kept as it was beside
(journal/NUMBER.damaged-N). A gap record stands for what is lost, the generation goes up, and the
derived rows are set aside: the next start makes them again. A journal that is whole is left alone.";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let _lock = if args.bridge {
        Some(held::alone(&args.data, Lock::take)?)
    } else {
        Lock::take_to_read(&args.data)
            .with_context(|| "verify reads what no daemon may change meanwhile: stop it first")?
    };
    let survey = Survey::of(&args.data, known_to_rows(&args.data))?;
    let mut wrong: Vec<String> =
        survey.holes.iter().map(|hole| format!("journal: {hole}")).collect();
    if args.bridge && !wrong.is_empty() {
        return bridge(args, survey, &wrong);
    }
    let mut deep = None;
    if wrong.is_empty() {
        let reader = Reader::open(&args.data)?;
        let bar = progress::bar(reader.last_seq().0, args.quiet);
        rows::compare(&args.data, &mut |seq| bar.set_position(seq.0), &mut wrong)?;
        if args.deep {
            bar.reset();
            let judged = daemon::judge_again(&reader, &mut |seq| bar.set_position(seq.0))?;
            name(&judged.differing, &mut wrong);
            deep = Some(judged);
        }
        bar.finish_and_clear();
    }
    let pages = pages(&args.data, &mut wrong)?;
    let found = Found {
        records: survey.records,
        by_order: [
            ("gone", survey.gone, "lost earlier and bridged by order"),
            ("redacted", survey.redacted, "without their words by order"),
            ("erased", survey.erased, "articles erased"),
            ("trimmed", survey.trimmed, "trimmed by order"),
            ("stands", survey.stands, "of those versions that still stand"),
            ("pages", pages.pages, "pages kept"),
            ("pages_unclaimed", pages.unclaimed, "of them without a version that has its text"),
        ],
        losing_words: daemon::is_losing_words(&args.data),
        wrong,
        deep,
    };
    if args.json {
        say(&found.to_json().to_string())?;
    } else {
        found.tell(args.quiet)?;
    }
    Ok(if found.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was found.
struct Found {
    records: u64,
    /// What is less or more than the journal's records, by its name in JSON and in words.
    by_order: [(&'static str, u64, &'static str); 7],
    /// True where rows were compared without words.
    losing_words: bool,
    /// A line each.
    wrong: Vec<String>,
    deep: Option<Deep>,
}

impl Found {
    fn to_json(&self) -> Value {
        let mut told = json!({"clean": self.wrong.is_empty(), "records": self.records});
        for (key, count, _) in self.by_order {
            told[key] = count.into();
        }
        told["losing_words"] = self.losing_words.into();
        told["wrong"] = self.wrong.as_slice().into();
        let deep = |deep: &Deep| {
            let Deep { judged, other_rules, without_text, differing, .. } = deep;
            json!({"judged": judged, "other_rules": other_rules, "without_text": without_text, "differing": differing.len()})
        };
        told["deep"] = self.deep.as_ref().map(deep).into();
        told
    }

    /// Says what is wrong, and where more is wanted, what was looked at.
    fn tell(&self, quiet: bool) -> anyhow::Result<()> {
        for line in &self.wrong {
            say(line)?;
        }
        if quiet {
            return Ok(());
        }
        if let Some(Deep { judged, other_rules, without_text, .. }) = &self.deep {
            say(&format!(
                "{judged} versions judged again; {other_rules} judged by other rules or settings, {without_text} without text"
            ))?;
        }
        if self.losing_words {
            say(
                "words of a segment were being removed when the daemon ended: rows were compared without words, and the next start ends it",
            )?;
        }
        let mut by_order = String::new();
        for (_, count, what) in self.by_order.iter().filter(|(_, count, _)| *count > 0) {
            let _ = write!(by_order, ", {count} {what}");
        }
        let verdict = if self.wrong.is_empty() { "nothing is wrong" } else { "see above" };
        say(&format!("{} records read{by_order}: {verdict}", self.records))?;
        Ok(())
    }
}

/// Reads the pages that are kept. A journal that cannot be read claims none of them.
fn pages(dir: &Path, wrong: &mut Vec<String>) -> anyhow::Result<warc::Checked> {
    let mut claimed = BTreeSet::new();
    let each = |entry: crate::journal::Entry| {
        if let Record::Version(version) = entry.record {
            claimed.extend(version.article.raw.map(|raw| raw.to_string()));
        }
    };
    if wrong.is_empty() && !warc::files(dir)?.is_empty() {
        Reader::open(dir)?.each(each)?;
    }
    let checked = warc::check(dir, &|raw| claimed.contains(raw))?;
    wrong.extend(checked.wrong.iter().map(|what| format!("pages: {what}")));
    Ok(checked)
}

/// Names the versions that would be judged otherwise.
fn name(differing: &[VersionId], wrong: &mut Vec<String>) {
    let listed = differing.iter().take(LISTED_MAX);
    wrong.extend(listed.map(|version| format!("verdicts: {version} is judged otherwise now")));
    if let Some(more @ 1..) = differing.len().checked_sub(LISTED_MAX) {
        wrong.push(format!("verdicts: and {more} more"));
    }
}

/// How far the derived rows say that the journal went. Rows that cannot be read say nothing.
fn known_to_rows(dir: &Path) -> Seq {
    let rows = Store::open_existing(dir, held::CACHE_BYTES);
    rows.ok().and_then(|(store, _)| daemon::known(dir, &store)).unwrap_or_default()
}

/// Sets the rows aside, which hold what is lost, and has the journal made whole.
fn bridge(args: &Args, survey: Survey, wrong: &[String]) -> anyhow::Result<ExitCode> {
    Store::set_aside(&args.data)?;
    let Bridged { gaps, kept, generation } = survey.bridge(clock().now())?;
    let kept: Vec<String> = kept.iter().map(|path| path.display().to_string()).collect();
    if args.json {
        let gaps: Vec<Value> = gaps
            .iter()
            .map(|gap| json!({"from": gap.from.0, "to": gap.to.0, "why": gap.why}))
            .collect();
        let told = json!({"bridged": {"gaps": gaps, "kept": kept, "generation": generation}, "wrong": wrong});
        say(&told.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in wrong {
        say(line)?;
    }
    for path in &kept {
        say(&format!("kept as it was: {path}"))?;
    }
    for gap in &gaps {
        say(&format!("given up: {} to {}, {}", gap.from, gap.to, gap.why))?;
    }
    say(&format!("generation {generation} begins; the next start makes the rows again"))?;
    Ok(ExitCode::SUCCESS)
}
