//! `copytaster compare`: two texts, and all the detector has to say about them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::say;
use crate::cluster::{Compared, Overlap, Reason, prepare, rule};
use crate::extract::{self, Page};
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
    let (a, b) = (body(&args.a)?, body(&args.b)?);
    let apart_millis = u64::from(args.apart) * 3_600_000;
    let found = compare(&a, &b, apart_millis);
    if args.json {
        say(&found.to_string());
    } else {
        tell(&found, args);
    }
    Ok(ExitCode::SUCCESS)
}

/// The text a file holds, by its ending.
fn body(path: &Path) -> anyhow::Result<String> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let whole = text::decode(&bytes, None).text;
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    Ok(match ending.as_str() {
        "html" | "htm" => extract::article(&Page { url: None, html: whole }).text,
        "json" | "jsonl" => {
            let line = whole.lines().find(|line| !line.trim().is_empty());
            let Some(line) = line else { bail!("{} is empty", path.display()) };
            let record = if ending == "json" { &whole } else { line };
            jsonl::parse(record)
                .with_context(|| format!("{} is no article record", path.display()))?
                .text
        }
        _ => text::paragraphs(&whole).join("\n"),
    })
}

fn compare(a: &str, b: &str, apart_millis: u64) -> Value {
    let sets = [prepare(a, &[]).compared, prepare(b, &[]).compared];
    let overlap = Overlap::of(&sets[0], &sets[1]);
    let verdict = rule(&overlap, apart_millis);
    let share = |part: u32, whole: u32| {
        if whole == 0 { 0.0 } else { (f64::from(part) / f64::from(whole) * 1e6).round() / 1e6 }
    };
    json!({
        "jaccard": share(overlap.shared, overlap.size + overlap.other_size - overlap.shared),
        "containment_a_in_b": share(overlap.shared, overlap.size),
        "containment_b_in_a": share(overlap.shared, overlap.other_size),
        "shingles": {"a": overlap.size, "b": overlap.other_size, "shared": overlap.shared},
        "numbers": {"of_smaller": overlap.numbers, "found": overlap.numbers_found},
        "shared_passages": text::passages(a, &sets[1].shingles).into_iter().map(|range| &a[range]).collect::<Vec<_>>(),
        "new_in_a": new_in(a, &sets[1]),
        "new_in_b": new_in(b, &sets[0]),
        "linked": verdict.is_some(),
        "reason": verdict.map(Reason::as_str),
        "why_not": verdict.is_none().then(|| why_not(&overlap, apart_millis)),
    })
}

/// Paragraphs of which the other text has less than a third.
fn new_in(body: &str, other: &Compared) -> Vec<String> {
    let is_new = |paragraph: &&str| {
        let own = prepare(paragraph, &[]).compared.shingles;
        let found =
            own.iter().filter(|shingle| other.shingles.binary_search(shingle).is_ok()).count();
        !own.is_empty() && found * 3 < own.len()
    };
    body.split('\n').filter(is_new).map(str::to_owned).collect()
}

/// Which gate stands in the way, in words.
fn why_not(overlap: &Overlap, apart_millis: u64) -> &'static str {
    let late = apart_millis > 24 * 3_600_000;
    if overlap.smaller() == 0 {
        "one text has no three words in a row"
    } else if !overlap.jaccard_at_least(40) && !overlap.containment_at_least(60) {
        "too little shared text"
    } else if late && overlap.smaller() < 30 {
        "more than a day apart, and too short to be sure"
    } else if !overlap.numbers_at_least(80) {
        "the text is alike and the figures differ: a template, or news in old words"
    } else {
        "alike, but short of every clause of the rule"
    }
}

fn tell(found: &Value, args: &Args) {
    let percent = |key: &str| format!("{:>6.1} %", found[key].as_f64().unwrap_or(0.0) * 100.0);
    say(&format!("A  {}\nB  {}\n", args.a.display(), args.b.display()));
    say(&format!("Jaccard             {}", percent("jaccard")));
    say(&format!("A found in B        {}", percent("containment_a_in_b")));
    say(&format!("B found in A        {}", percent("containment_b_in_a")));
    say(&format!(
        "shingles            A {}, B {}, both {}",
        found["shingles"]["a"], found["shingles"]["b"], found["shingles"]["shared"]
    ));
    say(&format!(
        "numbers             {} of the smaller text's {} found",
        found["numbers"]["found"], found["numbers"]["of_smaller"]
    ));
    let verdict = match (found["reason"].as_str(), found["why_not"].as_str()) {
        (Some(reason), _) => format!("linked: {reason}"),
        (None, why) => format!("not linked: {}", why.unwrap_or_default()),
    };
    say(&format!("verdict             {verdict}"));
    for (key, heading) in [
        ("shared_passages", "Shared passages"),
        ("new_in_a", "Only in A"),
        ("new_in_b", "Only in B"),
    ] {
        let lines = found[key].as_array().map(Vec::as_slice).unwrap_or_default();
        if !lines.is_empty() {
            say(&format!("\n{heading}"));
        }
        for line in lines {
            say(&format!("  - {}", line.as_str().unwrap_or_default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "The port authority of Orsk closed its locks on Monday after the river rose by 3 metres in one night.\nShips waited off the coast.";

    #[test]
    fn a_copy_with_a_paragraph_of_its_own_is_linked_and_the_paragraph_is_named() {
        let copy = format!(
            "{STORY}\nA reader of ours had filmed the empty quay from her kitchen window at dawn."
        );
        let found = compare(STORY, &copy, 0);
        assert_eq!(found["linked"], true);
        assert_eq!(found["containment_a_in_b"], 1.0);
        assert_eq!(found["new_in_a"], json!([]));
        assert_eq!(found["new_in_b"].as_array().map(Vec::len), Some(1));
        assert_eq!(found["shared_passages"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn the_same_words_with_other_figures_two_days_later_are_no_version() {
        let later = STORY.replace('3', "5");
        let found = compare(STORY, &later, 48 * 3_600_000);
        assert_eq!(found["linked"], false);
        assert!(found["why_not"].as_str().unwrap().contains("short"), "{found}");
    }
}
