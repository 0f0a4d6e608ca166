//! `copytaster evaluate`: a gold set and clusters, given or made from texts, to scores.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::stream::{self, Stream};
use super::{Usage, complain, input, rounded, say};
use crate::cluster::Params;
use crate::jsonl;
use crate::model::{Article, VersionId};
use crate::quality::{Gold, LabelCount, Line, Pairs, Predicted, Report, Scores};

/// Arguments of `evaluate`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The gold set, one JSON object a line: items {id, `gold_cluster`} or pairs {a, b, label}
    #[arg(long, value_name = "FILE")]
    gold: PathBuf,
    /// Clusters as `copytaster cluster --out` writes them: {id, cluster}
    #[arg(long, value_name = "FILE")]
    pred: Option<PathBuf>,
    /// Article records to cluster, where the gold lines carry no texts; may be given several times
    #[arg(long, value_name = "FILE", conflicts_with = "pred")]
    texts: Vec<PathBuf>,
    /// Change a setting of the clustering: window=72h, `live_max=100000`
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "pred")]
    set: Vec<String>,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Files may be plain, .gz or .zst; `-` is standard input. Other keys of a line are passed over.

Without --pred and --texts the lines of the gold file are article records with a `gold_cluster`, and
are clustered in file order as `copytaster cluster` does.

Labels same_story_version, same, match, duplicate, positive, true and 1 say that a pair belongs
together, in upper or lower case; every other label says that it does not.

An item of gold without a prediction is missing and counts as a cluster of its own; predictions
without gold are counted and left out. Pairs have no B-cubed and no adjusted Rand index. A figure
that would be 0 / 0 is a dash, in JSON null.";

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let params = stream::params(&args.set)?;
    let paths = || args.pred.iter().chain(&args.texts);
    if paths().chain([&args.gold]).filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Usage("`-` is given twice: standard input can be read once".to_owned()).into());
    }
    let bar = input::bar();
    let gold = File::open(&args.gold, &bar)?;
    let files = paths().map(|path| File::open(path, &bar)).collect::<Result<Vec<_>, _>>()?;
    let mut work = Work::new(params);
    if files.is_empty() {
        work.read_gold_with_texts(gold)?;
    } else {
        work.read_gold(gold)?;
    }
    for file in files {
        if args.pred.is_some() { work.read_pred(file)? } else { work.read_texts(file)? }
    }
    work.place_texts();
    bar.finish_and_clear();
    if matches!(work.gold, Gold::Empty) {
        bail!("{} has no good gold line: there is nothing to score", args.gold.display());
    }
    let report = Report::of(&work.gold, &work.predicted);
    if args.json {
        say(&as_json(&report, work.bad).to_string())?;
    } else {
        tell(&report)?;
    }
    if work.bad > 0 {
        complain(&format!("{} lines were refused; all others are scored", work.bad));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of a file.
#[derive(Clone, Copy)]
struct Spot<'a> {
    file: &'a Path,
    number: usize,
}

/// A file that could be opened.
struct File<'a> {
    path: &'a Path,
    input: Box<dyn BufRead>,
}

impl<'a> File<'a> {
    /// All are opened before any is read, so one that cannot be is wrong usage.
    fn open(path: &'a Path, bar: &ProgressBar) -> Result<Self, Usage> {
        let input = input::open(path, bar).map_err(|fault| Usage(format!("{fault:#}")))?;
        Ok(Self { path, input })
    }

    /// Calls `each` with every line: its JSON, or why there is none.
    fn values(
        self,
        mut each: impl FnMut(Spot<'a>, Result<Value, String>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let file = self.path;
        let read = input::lines(self.input, |(number, line)| {
            let value = line.and_then(|line| jsonl::value(&line).map_err(in_words));
            each(Spot { file, number }, value)
        });
        read.with_context(|| format!("{} cannot be read to its end", file.display()))
    }
}

/// What has been read.
struct Work<'a> {
    gold: Gold,
    predicted: Predicted,
    /// Each text travels with its line and its name.
    stream: Stream<(Spot<'a>, String)>,
    placed: Vec<(Spot<'a>, String, VersionId)>,
    bad: usize,
}

impl<'a> Work<'a> {
    fn new(params: Params) -> Self {
        Self {
            gold: Gold::default(),
            predicted: Predicted::default(),
            stream: Stream::new(params),
            placed: Vec::new(),
            bad: 0,
        }
    }

    fn read_gold(&mut self, file: File<'a>) -> anyhow::Result<()> {
        file.values(|spot, value| {
            let line = value.and_then(|value| Line::read(&value).map_err(in_words));
            let added = line.and_then(|line| self.gold.add(line).map_err(in_words));
            self.note(spot, added);
            Ok(())
        })
    }

    /// Reads gold lines that are article records too. One that is refused as either counts as neither.
    fn read_gold_with_texts(&mut self, file: File<'a>) -> anyhow::Result<()> {
        let path = file.path;
        file.values(|spot, value| {
            match value.and_then(|value| self.add_with_text(value)) {
                Ok(Some(article)) => self.cluster(spot, article),
                Ok(None) => {}
                Err(problem) => self.note(spot, Err(problem)),
            }
            Ok(())
        })?;
        if matches!(self.gold, Gold::Pairs(_)) {
            return Err(Usage(format!(
                "{} has pairs, and pairs carry no texts: give clusters with --pred FILE, or article records with --texts FILE",
                path.display()
            ))
            .into());
        }
        Ok(())
    }

    /// The article of a gold line that has one.
    fn add_with_text(&mut self, value: Value) -> Result<Option<Article>, String> {
        let line = Line::read(&value).map_err(in_words)?;
        let article = match line {
            Line::Pair { .. } => None,
            Line::Item { .. } => {
                Some(jsonl::parse_value(value).map_err(|problem| match problem {
                    jsonl::Problem::Empty => {
                        format!("{problem}; or give clusters with --pred, or texts with --texts")
                    }
                    other => in_words(other),
                })?)
            }
        };
        self.gold.add(line).map_err(in_words)?;
        Ok(article)
    }

    fn read_pred(&mut self, file: File<'a>) -> anyhow::Result<()> {
        file.values(|spot, value| {
            let read = value.and_then(|value| self.predicted.read(&value).map_err(in_words));
            self.note(spot, read);
            Ok(())
        })
    }

    fn read_texts(&mut self, file: File<'a>) -> anyhow::Result<()> {
        file.values(|spot, value| {
            match value.and_then(|value| jsonl::parse_value(value).map_err(in_words)) {
                Ok(article) => self.cluster(spot, article),
                Err(problem) => self.note(spot, Err(problem)),
            }
            Ok(())
        })
    }

    fn cluster(&mut self, spot: Spot<'a>, article: Article) {
        let tag = (spot, stream::name(&article));
        self.stream.push(tag, article, |(spot, name), placed| {
            self.placed.push((spot, name, placed.id()));
        });
    }

    /// The end of the texts: now the clusters are known.
    fn place_texts(&mut self) {
        self.stream.finish(|(spot, name), placed| {
            self.placed.push((spot, name, placed.id()));
        });
        for (spot, name, version) in std::mem::take(&mut self.placed) {
            // By number: names of articles need not be unique across sources.
            let cluster = self.stream.clusterer().cluster_of(version);
            let cluster = cluster.map_or_else(String::new, |id| id.0.to_string());
            let added = self.predicted.add(name, cluster).map_err(in_words);
            self.note(spot, added);
        }
    }

    /// Tells and counts a line that was refused.
    fn note(&mut self, spot: Spot<'_>, outcome: Result<(), String>) {
        if let Err(problem) = outcome {
            self.bad += 1;
            complain(&format!("{}:{}: {problem}", spot.file.display(), spot.number));
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn in_words(problem: impl ToString) -> String {
    problem.to_string()
}

fn as_json(report: &Report, bad: usize) -> Value {
    let figure = |figure: Option<f64>| figure.map(rounded);
    let pairs = report.pairs.scores();
    let mut json = json!({
        "items": report.items,
        "gold_clusters": report.gold_clusters,
        "predicted_clusters": report.predicted_clusters,
        "pairs": {
            "gold": report.pairs.gold, "predicted": report.pairs.predicted, "both": report.pairs.both,
            "precision": figure(pairs.precision), "recall": figure(pairs.recall), "f1": figure(pairs.f1),
        },
        "b_cubed": {
            "precision": figure(report.b_cubed.precision), "recall": figure(report.b_cubed.recall),
            "f1": figure(report.b_cubed.f1),
        },
        "adjusted_rand": figure(report.adjusted_rand),
        "missing": report.missing,
        "not_in_gold": report.not_in_gold,
        "bad": bad,
    });
    if !report.labels.is_empty() {
        let counts = report.labels.iter().map(|(label, count)| {
            let count = json!({"positive": count.positive, "pairs": count.pairs, "together": count.together});
            (label.clone(), count)
        });
        json["labels"] = Value::Object(counts.collect());
    }
    json
}

fn tell(report: &Report) -> anyhow::Result<()> {
    let shown = |figure: Option<f64>| {
        figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.4}"))
    };
    let count = |name: &str, count: usize| say(&format!("{name:<20}{count:>10}"));
    let row = |name: &str, scores: Scores| {
        let [precision, recall, f1] = [scores.precision, scores.recall, scores.f1].map(shown);
        say(&format!("{name:<20}{precision:>10}{recall:>10}{f1:>10}"))
    };
    count("items", report.items)?;
    if let Some(clusters) = report.gold_clusters {
        count("gold clusters", clusters)?;
    }
    count("predicted clusters", report.predicted_clusters)?;
    count("missing", report.missing)?;
    count("not in gold", report.not_in_gold)?;
    say(&format!("\n{:<20}{:>10}{:>10}{:>10}", "", "precision", "recall", "F1"))?;
    row("pairs", report.pairs.scores())?;
    if report.gold_clusters.is_some() {
        row("B-cubed", report.b_cubed)?;
        say(&format!("{:<40}{:>10}", "adjusted Rand", shown(report.adjusted_rand)))?;
    }
    let Pairs { gold, predicted, both } = report.pairs;
    say(&format!("\npairs together: {gold} in gold, {predicted} predicted, {both} in both"))?;
    for (label, LabelCount { positive, pairs, together }) in &report.labels {
        let sign = if *positive { '+' } else { '-' };
        say(&format!("  {sign} {label}: {together} of {pairs} predicted together"))?;
    }
    Ok(())
}
