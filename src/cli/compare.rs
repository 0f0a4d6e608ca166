//! `copytaster compare`: two texts, and all the detector has to say about them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::say;
use crate::cluster::{Between, Compared, Overlap, Reason, Refusal, prepare, rule};
use crate::extract::{self, Page};
use crate::model::SourceId;
use crate::{jsonl, text};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A text, a saved page (.html, .htm) or an article record (.json, .jsonl: its first line)
    a: PathBuf,
    /// The other one
    b: PathBuf,
    /// Hours between the two
    #[arg(long, value_name = "HOURS", default_value_t = 0)]
    apart: u32,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (a, b) = (text_of(&args.a)?, text_of(&args.b)?);
    let same_source = a.source == b.source && a.source.is_some();
    let between = Between { apart_millis: u64::from(args.apart) * 3_600_000, same_source };
    let found = compare(&a, &b, between);
    if args.json {
        say(&found.to_string())?;
    } else {
        tell(&found, args)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One side of the comparison.
#[derive(Default)]
struct Side {
    title: String,
    body: String,
    source: Option<SourceId>,
}

/// The text a file holds, by its ending; its headline and source, where the form has them.
fn text_of(path: &Path) -> anyhow::Result<Side> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let whole = text::decode(&bytes, None).text;
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    Ok(match ending.as_str() {
        "html" | "htm" => {
            let page = extract::article(&Page { url: None, html: whole });
            Side { title: page.title, body: page.text, source: None }
        }
        "json" | "jsonl" => {
            let line = whole.lines().find(|line| !line.trim().is_empty());
            let Some(line) = line else { bail!("{} is empty", path.display()) };
            let record = if ending == "json" { &whole } else { line };
            let article = jsonl::parse(record)
                .with_context(|| format!("{} is no article record", path.display()))?;
            Side { title: article.title, body: article.text, source: Some(article.source) }
        }
        _ => Side { body: text::paragraphs(&whole), ..Side::default() },
    })
}

fn compare(a: &Side, b: &Side, between: Between) -> Value {
    let compared = [a, b].map(|side| prepare(&side.title, &side.body, &[]).compared);
    let sets = compared.each_ref().map(Compared::shingle_set);
    let overlap = Overlap::of(&compared[0], &compared[1]);
    let verdict = rule(&overlap, between);
    let share = |part: u32, whole: u32| {
        if whole == 0 { 0.0 } else { (f64::from(part) / f64::from(whole) * 1e6).round() / 1e6 }
    };
    let passages = text::passages(&a.body, &sets[1]).into_iter().map(|range| &a.body[range]);
    json!({
        "jaccard": share(overlap.shared, overlap.size + overlap.other_size - overlap.shared),
        "containment_a_in_b": share(overlap.shared, overlap.size),
        "containment_b_in_a": share(overlap.shared, overlap.other_size),
        "shingles": {"a": overlap.size, "b": overlap.other_size, "shared": overlap.shared},
        "numbers": {"of_smaller": overlap.numbers, "found": overlap.numbers_found},
        "names": {"of_smaller": overlap.names, "found": overlap.names_found},
        "headline": {"of_shorter": overlap.title, "found": overlap.title_found},
        "shared_passages": passages.collect::<Vec<_>>(),
        "new_in_a": new_in(&a.body, &sets[1]),
        "new_in_b": new_in(&b.body, &sets[0]),
        "linked": verdict.is_ok(),
        "reason": verdict.ok().map(Reason::as_str),
        "refusal": verdict.err().map(Refusal::as_str),
        "why_not": verdict.err().map(Refusal::in_words),
    })
}

/// Paragraphs of which the other text has less than a third.
fn new_in<'a>(body: &'a str, other: &[u64]) -> Vec<&'a str> {
    let is_new = |paragraph: &&str| {
        let own = prepare("", paragraph, &[]).compared.shingle_set();
        let found = own.iter().filter(|shingle| other.binary_search(shingle).is_ok()).count();
        !own.is_empty() && found * 3 < own.len()
    };
    body.split('\n').filter(is_new).collect()
}

fn tell(found: &Value, args: &Args) -> anyhow::Result<()> {
    let percent = |key: &str| format!("{:>6.1} %", found[key].as_f64().unwrap_or(0.0) * 100.0);
    say(&format!("A  {}\nB  {}\n", args.a.display(), args.b.display()))?;
    say(&format!("Jaccard             {}", percent("jaccard")))?;
    say(&format!("A found in B        {}", percent("containment_a_in_b")))?;
    say(&format!("B found in A        {}", percent("containment_b_in_a")))?;
    say(&format!(
        "shingles            A {}, B {}, both {}",
        found["shingles"]["a"], found["shingles"]["b"], found["shingles"]["shared"]
    ))?;
    for (key, of, what) in [
        ("numbers", "of_smaller", "smaller text's"),
        ("names", "of_smaller", "smaller text's"),
        ("headline", "of_shorter", "shorter one's"),
    ] {
        let counts = &found[key];
        say(&format!("{key:<20}{} of the {what} {} found", counts["found"], counts[of]))?;
    }
    let verdict = match (found["reason"].as_str(), found["why_not"].as_str()) {
        (Some(reason), _) => format!("linked: {reason}"),
        (None, why) => format!("not linked: {}", why.unwrap_or_default()),
    };
    say(&format!("verdict             {verdict}"))?;
    for (key, heading) in [
        ("shared_passages", "Shared passages"),
        ("new_in_a", "Only in A"),
        ("new_in_b", "Only in B"),
    ] {
        let lines = found[key].as_array().map(Vec::as_slice).unwrap_or_default();
        if !lines.is_empty() {
            say(&format!("\n{heading}"))?;
        }
        for line in lines {
            say(&format!("  - {}", line.as_str().unwrap_or_default()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "The port authority of Orsk closed its locks on Monday after the river rose by 3 metres in one night.\nShips waited off the coast.";

    fn side(body: &str) -> Side {
        Side { body: body.to_owned(), ..Side::default() }
    }

    fn apart(hours: u64) -> Between {
        Between { apart_millis: hours * 3_600_000, same_source: false }
    }

    #[test]
    fn a_copy_with_a_paragraph_of_its_own_is_linked_and_the_paragraph_is_named() {
        let copy = format!(
            "{STORY}\nA reader of ours had filmed the empty quay from her kitchen window at dawn."
        );
        let found = compare(&side(STORY), &side(&copy), apart(0));
        assert_eq!(found["linked"], true);
        assert_eq!(found["containment_a_in_b"], 1.0);
        assert_eq!(found["new_in_a"], json!([]));
        assert_eq!(found["new_in_b"].as_array().map(Vec::len), Some(1));
        assert_eq!(found["shared_passages"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn the_same_words_with_other_figures_two_days_later_are_no_version() {
        let later = STORY.replace('3', "5");
        let found = compare(&side(STORY), &side(&later), apart(48));
        assert_eq!(found["linked"], false);
        assert!(found["why_not"].as_str().unwrap().contains("short"), "{found}");
    }
}
