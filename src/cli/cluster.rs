//! `copytaster cluster`: one stream of article records in file order to clusters, without a store.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::stream::{self, Stream};
use super::{Usage, complain, heard, input, rounded};
use crate::cluster::{Params, Placed, Refusal};
use crate::jsonl;
use crate::model::{ClusterId, VersionId};

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

/// What is remembered of a line to answer it at the end.
struct Answer {
    name: String,
    version: VersionId,
    duplicate: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let params = stream::params(&args.set)?;
    let start = Instant::now();
    if let Some(file) = args.files.iter().find(|file| *file != Path::new("-") && !file.exists()) {
        return Err(Usage(format!(
            "{} is not there: name a file, or - for standard input",
            file.display()
        ))
        .into());
    }
    let mut work = Work::new(params, args)?;
    let bar = input::bar();
    for file in &args.files {
        let input = input::open(file, &bar)?;
        input::lines(input, |(number, line)| {
            work.line(&file.display().to_string(), number, line);
            Ok(())
        })?;
    }
    bar.finish_and_clear();
    work.all_read();
    work.write_pairs()?;
    match &args.out {
        Some(path) => work.answer(&mut BufWriter::new(create(path)?))?,
        None => {
            heard(work.answer(&mut BufWriter::new(io::stdout().lock())))?;
        }
    }
    if args.stats {
        complain(&work.stats(start.elapsed().as_secs_f64()).to_string());
    }
    if work.bad > 0 {
        complain(&format!("{} lines were refused; all others are answered", work.bad));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn create(path: &PathBuf) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("{} cannot be written", path.display()))
}

/// The fold over the lines, and what their answers need.
struct Work {
    /// Each line travels with its position in the answers and its name.
    stream: Stream<(usize, String)>,
    answers: Answers,
    pairs: Option<BufWriter<File>>,
    links: usize,
    bad: usize,
}

impl Work {
    fn new(params: Params, args: &Args) -> anyhow::Result<Self> {
        let pairs = args.pairs.as_ref().map(create).transpose()?.map(BufWriter::new);
        let stream = match args.sort_by {
            Some(SortBy::Seen) => Stream::sorted(params),
            None => Stream::new(params),
        };
        Ok(Self { stream, answers: Answers::default(), pairs, links: 0, bad: 0 })
    }

    fn line(&mut self, file: &str, number: usize, line: Result<String, String>) {
        let article =
            line.and_then(|line| jsonl::parse(&line).map_err(|problem| problem.to_string()));
        match article {
            Err(problem) => {
                self.bad += 1;
                complain(&format!("{file}:{number}: {problem}"));
            }
            Ok(article) => {
                let tag = (self.answers.lines.len(), stream::name(&article));
                self.answers.lines.push(None);
                self.stream.push(tag, article, |tag, placed| self.answers.take(tag, placed));
            }
        }
    }

    fn all_read(&mut self) {
        self.stream.finish(|tag, placed| self.answers.take(tag, placed));
    }

    /// Writes the links as they stand at the end: one that was taken back is none.
    fn write_pairs(&mut self) -> anyhow::Result<()> {
        let (clusterer, answers) = (self.stream.clusterer(), &self.answers);
        for version in (1..=answers.places.len() as u64).map(VersionId) {
            for link in clusterer.links_of(version) {
                self.links += 1;
                let Some(pairs) = &mut self.pairs else { continue };
                let line = json!({
                    "a": answers.name_of(version), "b": answers.name_of(link.other), "kind": link.kind.as_str(),
                    "jaccard": rounded(link.jaccard()), "containment_a_in_b": rounded(link.in_other()),
                    "containment_b_in_a": rounded(link.of_other()),
                });
                writeln!(pairs, "{line}")?;
            }
        }
        if let Some(pairs) = &mut self.pairs {
            pairs.flush()?;
        }
        Ok(())
    }

    fn answer(&self, out: &mut dyn Write) -> io::Result<()> {
        let (clusterer, answers) = (self.stream.clusterer(), &self.answers);
        let mut names = ClusterNames::default();
        for answer in answers.lines.iter().flatten() {
            let cluster = clusterer.cluster_of(answer.version);
            let cluster = cluster.map(|id| names.of(id, answers.name_of(VersionId(id.0))));
            let (relation, parent) = clusterer.relation_of(answer.version).unwrap_or_default();
            let line = if answer.duplicate {
                let parent = answers.name_of(answer.version);
                json!({"id": answer.name, "cluster": cluster, "relation": "repeat", "parent": parent, "jaccard": 1.0, "containment": 1.0})
            } else {
                json!({
                    "id": answer.name, "cluster": cluster, "relation": relation.as_str(),
                    "parent": parent.map(|link| answers.name_of(link.other)),
                    "jaccard": parent.map(|link| rounded(link.jaccard())),
                    "containment": parent.map(|link| rounded(link.containment())),
                })
            };
            writeln!(out, "{line}")?;
        }
        out.flush()
    }

    fn stats(&self, seconds: f64) -> Value {
        let documents = self.answers.lines.len();
        json!({
            "documents": documents, "links": self.links, "clusters": self.stream.clusterer().clusters(),
            "seconds": rounded(seconds), "documents_per_second": (documents as f64 / seconds).round(),
            "peak_bytes": peak_bytes(), "out_of_order": self.stream.out_of_order(),
            "outside_window": self.answers.outside_window, "bad_lines": self.bad,
        })
    }
}

/// What became of the lines.
#[derive(Default)]
struct Answers {
    lines: Vec<Option<Answer>>,
    /// Position in `lines` of the line that became each version, from version 1.
    places: Vec<usize>,
    outside_window: u64,
}

impl Answers {
    fn take(&mut self, (place, name): (usize, String), placed: Placed) {
        let (version, duplicate) = match placed {
            Placed::Duplicate(version) => (version, true),
            Placed::Version { version, refused, .. } => {
                self.places.push(place);
                let outside = |refusal: &&(VersionId, Refusal)| refusal.1 == Refusal::OutsideWindow;
                self.outside_window += refused.iter().filter(outside).count() as u64;
                (version.id, false)
            }
        };
        self.lines[place] = Some(Answer { name, version, duplicate });
    }

    fn name_of(&self, version: VersionId) -> &str {
        let place = self.places[version.0 as usize - 1];
        self.lines[place].as_ref().map_or("", |answer| &answer.name)
    }
}

/// What clusters are called: by the id of their first member. Two sources may use one id; then the cluster that is named later
/// has the number of its first version behind it.
#[derive(Default)]
struct ClusterNames<'a> {
    owners: HashMap<&'a str, ClusterId>,
}

impl<'a> ClusterNames<'a> {
    fn of(&mut self, cluster: ClusterId, name: &'a str) -> Cow<'a, str> {
        if *self.owners.entry(name).or_insert(cluster) == cluster {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{name}#{}", cluster.0))
        }
    }
}

/// Most memory this process ever held, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
