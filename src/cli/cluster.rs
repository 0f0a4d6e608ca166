//! `copytaster cluster`: one stream of article records in file order to clusters, without a store.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::input::{self, Timeline};
use super::{Usage, complain};
use crate::cluster::{Batch, Link, Params, Placed};
use crate::config;
use crate::jsonl;
use crate::model::{Article, Timestamp, VersionId};

/// Arguments of `cluster`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files of article records, one JSON object a line, plain or .gz or .zst; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where the cluster lines go; standard output if not given
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where each verified link goes
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Change a setting: window=72h, `live_max=100000`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Order by time of the fold before clustering; lines are answered in input order all the same
    #[arg(long, value_name = "ORDER")]
    sort_by: Option<SortBy>,
    /// One JSON object of figures on standard error
    #[arg(long)]
    stats: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SortBy {
    /// By `first_seen`, else `published`
    Seen,
}

/// A good line with its time of the fold.
struct Line {
    name: String,
    article: Article,
    seen_at: Option<Timestamp>,
}

/// What is remembered of a line to answer it at the end.
struct Answer {
    name: String,
    version: VersionId,
    duplicate: bool,
}

/// Everything counted on the way.
#[derive(Default)]
struct Figures {
    bad: usize,
    links: usize,
    out_of_order: usize,
    outside_window: u64,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let params = params(&args.set)?;
    let start = Instant::now();
    let mut work = Work::new(params, args)?;
    let bar = input::bar();
    for file in &args.files {
        let input = input::open(file, &bar)?;
        input::lines(input, |(number, line)| work.line(&file.display().to_string(), number, line))?;
    }
    bar.finish_and_clear();
    work.all_read()?;
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(BufWriter::new(create(path)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    work.answer(&mut out)?;
    out.flush()?;
    if args.stats {
        complain(&work.stats(start.elapsed().as_secs_f64()).to_string());
    }
    if work.figures.bad > 0 {
        complain(&format!("{} lines were refused; all others are answered", work.figures.bad));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn create(path: &PathBuf) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("{} cannot be written", path.display()))
}

fn params(set: &[String]) -> Result<Params, Usage> {
    let mut params = Params::default();
    for pair in set {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| Usage(format!("--set {pair}: write KEY=VALUE")))?;
        match key.trim_start_matches("detect.") {
            "window" => {
                let window = config::duration(value)
                    .ok_or_else(|| bad_value(pair, "a duration such as 72h"))?;
                params.window_millis = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
            }
            "live_max" => {
                params.live_max = value.parse().map_err(|_| bad_value(pair, "a whole number"))?;
            }
            _ => return Err(Usage(format!("--set {pair}: the settings are window and live_max"))),
        }
    }
    Ok(params)
}

fn bad_value(pair: &str, wanted: &str) -> Usage {
    Usage(format!("--set {pair}: the value must be {wanted}"))
}

/// The fold over the lines, and what their answers need.
struct Work {
    batch: Batch,
    answers: Vec<Option<Answer>>,
    /// Position in `answers` of the line that became each version, from version 1.
    places: Vec<usize>,
    timeline: Timeline<(usize, Line)>,
    /// Lines that wait to be sorted, where that was asked for.
    held: Option<Vec<(usize, Line)>>,
    pairs: Option<BufWriter<File>>,
    figures: Figures,
}

impl Work {
    fn new(params: Params, args: &Args) -> anyhow::Result<Self> {
        let pairs = args.pairs.as_ref().map(create).transpose()?.map(BufWriter::new);
        Ok(Self {
            batch: Batch::new(params),
            answers: Vec::new(),
            places: Vec::new(),
            timeline: Timeline::new(),
            held: args.sort_by.is_some().then(Vec::new),
            pairs,
            figures: Figures::default(),
        })
    }

    fn line(
        &mut self,
        file: &str,
        number: usize,
        line: Result<String, String>,
    ) -> anyhow::Result<()> {
        let article =
            line.and_then(|line| jsonl::parse(&line).map_err(|problem| problem.to_string()));
        match article {
            Err(problem) => {
                self.figures.bad += 1;
                complain(&format!("{file}:{number}: {problem}"));
                Ok(())
            }
            Ok(article) => {
                let name = article.id.clone().or_else(|| article.url.clone()).unwrap_or_default();
                let seen_at = article.first_seen.or(article.published);
                let place = self.answers.len();
                self.answers.push(None);
                self.take(place, Line { name, article, seen_at })
            }
        }
    }

    /// Sorted input waits for its end.
    fn take(&mut self, place: usize, line: Line) -> anyhow::Result<()> {
        if let Some(held) = &mut self.held {
            held.push((place, line));
            return Ok(());
        }
        let seen_at = line.seen_at;
        for ((place, line), seen_at) in self.timeline.push((place, line), seen_at) {
            self.fold(place, line, seen_at)?;
        }
        Ok(())
    }

    fn all_read(&mut self) -> anyhow::Result<()> {
        let mut dated = Vec::new();
        for (place, line) in self.held.take().unwrap_or_default() {
            let seen_at = line.seen_at;
            dated.extend(self.timeline.push((place, line), seen_at));
        }
        let timeline = std::mem::replace(&mut self.timeline, Timeline::new());
        self.figures.out_of_order = timeline.out_of_order;
        dated.extend(timeline.finish());
        dated.sort_by_key(|&(_, seen_at)| seen_at);
        for ((place, line), seen_at) in dated {
            self.fold(place, line, seen_at)?;
        }
        if let Some(pairs) = &mut self.pairs {
            pairs.flush()?;
        }
        Ok(())
    }

    fn fold(&mut self, place: usize, line: Line, seen_at: Timestamp) -> anyhow::Result<()> {
        let (version, duplicate) = match self.batch.push(line.article, seen_at) {
            Placed::Duplicate(version) => (version, true),
            Placed::Version { version, outside_window, .. } => {
                self.places.push(place);
                self.figures.outside_window += u64::from(outside_window);
                self.figures.links += version.verdicts.links.len();
                self.write_pairs(&line.name, &version.verdicts.links)?;
                (version.id, false)
            }
        };
        self.answers[place] = Some(Answer { name: line.name, version, duplicate });
        Ok(())
    }

    fn write_pairs(&mut self, name: &str, links: &[Link]) -> anyhow::Result<()> {
        if self.pairs.is_none() {
            return Ok(());
        }
        let lines: Vec<Value> = links
            .iter()
            .map(|link| {
                json!({
                    "a": name, "b": self.name_of(link.other), "kind": link.kind.as_str(), "jaccard": rounded(link.jaccard()),
                    "containment_a_in_b": rounded(link.in_other()), "containment_b_in_a": rounded(link.of_other()),
                })
            })
            .collect();
        if let Some(pairs) = &mut self.pairs {
            for line in lines {
                writeln!(pairs, "{line}")?;
            }
        }
        Ok(())
    }

    fn name_of(&self, version: VersionId) -> &str {
        let place = self.places[version.0 as usize - 1];
        self.answers[place].as_ref().map_or("", |answer| &answer.name)
    }

    fn answer(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let clusterer = self.batch.clusterer();
        for answer in self.answers.iter().flatten() {
            let cluster =
                clusterer.cluster_of(answer.version).map(|id| self.name_of(VersionId(id.0)));
            let (relation, parent) = clusterer.relation_of(answer.version).unwrap_or_default();
            let line = if answer.duplicate {
                let parent = self.name_of(answer.version);
                json!({"id": answer.name, "cluster": cluster, "relation": "repeat", "parent": parent, "jaccard": 1.0, "containment": 1.0})
            } else {
                json!({
                    "id": answer.name, "cluster": cluster, "relation": relation.as_str(),
                    "parent": parent.map(|link| self.name_of(link.other)),
                    "jaccard": parent.map(|link| rounded(link.jaccard())),
                    "containment": parent.map(|link| rounded(link.containment())),
                })
            };
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    fn stats(&self, seconds: f64) -> Value {
        json!({
            "documents": self.answers.len(), "links": self.figures.links, "clusters": self.batch.clusterer().clusters(),
            "seconds": rounded(seconds), "documents_per_second": (self.answers.len() as f64 / seconds).round(),
            "peak_bytes": peak_bytes(), "out_of_order": self.figures.out_of_order,
            "outside_window": self.figures.outside_window, "bad_lines": self.figures.bad,
        })
    }
}

/// Six decimals: the same on every machine, and more than any reader needs.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// Most memory this process ever held, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
