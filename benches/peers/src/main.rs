//! Texts to a table: copytaster's detector and its peers on the same texts in one run. README.md says what the rows mean.

mod contest;
mod growth;
mod invented;
mod measure;
mod memory;
mod peer;

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::process::ExitCode;

use copytaster::jsonl;
use copytaster::model::Article;
use invented::Wire;
use measure::Timed;

const USAGE: &str = "\
usage: copytaster-peers [--words N] [--texts N] [--rounds N] [--live N] [--file FILE] [--write FILE] [--only WHAT]

  --words N      words of an invented text in the mean (700; news agencies: 130)
  --texts N      texts of the contests (4000)
  --rounds N     rounds of each contest (5)
  --live N       most live texts of the growth and memory rows (100000; the goals speak of 1000000)
  --file FILE    texts from a JSONL file in place of invented ones
  --write FILE   writes the texts of the contests as JSONL and ends
  --only WHAT    memory, sketches, candidates, clusters or growth alone";

struct Args {
    words: usize,
    texts: usize,
    rounds: usize,
    live: u32,
    file: Option<String>,
    write: Option<String>,
    only: Option<String>,
}

fn args() -> Result<Args, String> {
    let mut args = Args {
        words: 700,
        texts: 4_000,
        rounds: 5,
        live: 100_000,
        file: None,
        write: None,
        only: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} wants a value"))?;
        let number = || value.parse().map_err(|_| format!("{name} {value}: no number"));
        match name.as_str() {
            "--words" => args.words = number()?,
            "--texts" => args.texts = number()?,
            "--rounds" => args.rounds = number()?,
            "--live" => args.live = number()? as u32,
            "--file" => args.file = Some(value),
            "--write" => args.write = Some(value),
            "--only" => args.only = Some(value),
            _ => return Err(format!("{name}: no such option")),
        }
    }
    if args.texts == 0 || args.rounds == 0 || args.live == 0 {
        return Err("nothing to measure with 0".to_owned());
    }
    Ok(args)
}

/// The texts by number, invented or real.
enum Source {
    Invented(Wire),
    Real(Vec<Article>),
}

impl Source {
    fn open(args: &Args) -> Result<Self, String> {
        let Some(path) = &args.file else { return Ok(Self::Invented(Wire::new(args.words))) };
        let file = File::open(path).map_err(|fault| format!("{path}: {fault}"))?;
        let lines = BufReader::new(file).lines();
        let lines =
            lines.collect::<Result<Vec<_>, _>>().map_err(|fault| format!("{path}: {fault}"))?;
        // Records of a headline only are no text to sketch.
        let articles: Vec<Article> = lines
            .iter()
            .filter_map(|line| jsonl::parse(line).ok())
            .filter(|article| !article.text.is_empty())
            .collect();
        if articles.is_empty() {
            Err(format!("{path}: no texts"))
        } else {
            Ok(Self::Real(articles))
        }
    }

    fn text(&self, number: u64) -> Option<Article> {
        match self {
            Self::Invented(wire) => Some(wire.article(number)),
            Self::Real(articles) => articles.get(number as usize).cloned(),
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}\n\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let args = args()?;
    let source = Source::open(&args)?;
    if let Some(path) = &args.write {
        return write(path, &source, args.texts).map_err(|fault| format!("{path}: {fault}"));
    }
    let wanted = |what: &str| args.only.as_ref().is_none_or(|only| only == what);
    if wanted("memory") {
        tell_memory(args.live, &source);
    }
    let articles: Vec<Article> = (0..args.texts as u64).map_while(|at| source.text(at)).collect();
    let bytes: usize = articles.iter().map(|article| article.text.len()).sum();
    println!("\n{} texts, {} bytes in the mean", articles.len(), bytes / articles.len());
    if wanted("sketches") {
        tell("text to sketch", &contest::sketches(&articles, args.rounds), articles.len());
    }
    if wanted("candidates") {
        tell("text to candidates", &contest::candidates(&articles, args.rounds), articles.len());
    }
    if wanted("clusters") {
        tell("text to clusters", &contest::clusters(&articles, args.rounds), articles.len());
    }
    drop(articles);
    if wanted("growth") {
        tell_growth(args.live, &source);
    }
    Ok(())
}

fn write(path: &str, source: &Source, texts: usize) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for article in (0..texts as u64).map_while(|number| source.text(number)) {
        writeln!(file, "{}", jsonl::write(&article))?;
    }
    file.flush()
}

/// The first row is the one that others are compared with.
fn tell(title: &str, rows: &[Timed], texts: usize) {
    println!("\n{title:<46} {:>9} {:>9} {:>10} {:>7}", "best s", "median s", "texts/s", "ratio");
    for row in rows {
        println!(
            "  {:<44} {:>9.3} {:>9.3} {:>10.0} {:>6.1}x",
            row.name,
            row.best(),
            row.median(),
            texts as f64 / row.best(),
            row.times_as_fast_as(&rows[0]),
        );
    }
}

fn tell_growth(most: u32, source: &Source) {
    let mut sizes: Vec<u32> =
        [10_000, 100_000, 1_000_000].into_iter().filter(|&size| size <= most).collect();
    if !sizes.contains(&most) {
        sizes.push(most);
    }
    let costs = growth::costs(&sizes, &|number| source.text(number));
    println!(
        "\n{:<10} {:>24} {:>28} {:>10} {:>7} {:>11}",
        "live texts",
        "bands µs 50/99/99.9 %",
        "with containment 50/99/99.9",
        "whole µs",
        "to first",
        "candidates"
    );
    for cost in &costs {
        let [bands, whole] = [&cost.bands, &cost.whole_index].map(|latencies| {
            [500, 990, 999].map(|part| format!("{:.1}", latencies.micros(part))).join(" / ")
        });
        println!(
            "{:<10} {bands:>24} {whole:>28} {:>10.1} {:>7.2}x {:>11.1}",
            cost.live,
            cost.micros,
            cost.micros / costs[0].micros,
            cost.candidates
        );
    }
}

fn tell_memory(live: u32, source: &Source) {
    println!("\n{:<56} {:>9} {:>9}", "bytes a live text", "at most", "resident");
    for row in memory::bytes(live, |number| source.text(number)) {
        let at_most = row.at_most.map_or(String::new(), |bytes| bytes.to_string());
        println!("  {:<54} {at_most:>9} {:>9}", row.what, row.resident);
    }
}
