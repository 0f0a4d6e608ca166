//! `copytaster extract`: saved pages to the stories they carry, one JSON object a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use url::Url;

use super::Usage;
use crate::extract::{Extracted, Page, article};
use crate::text;

/// Arguments of `extract`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Saved html pages
    #[arg(required = true, value_name = "FILE.html")]
    files: Vec<PathBuf>,
    /// The address the page was saved from; helps to tell its own metadata from other stories'
    #[arg(long)]
    url: Option<String>,
}

/// Runs the command. A file that cannot be read is named on stderr; the rest is done, and the exit status is 1.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let url = match &args.url {
        None => None,
        Some(text) => Some(address(text)?),
    };
    let mut refused = false;
    for file in &args.files {
        match read(file, url.as_ref()) {
            Ok(found) => {
                if !super::say(&shown(&found).to_string())? {
                    break;
                }
            }
            Err(fault) => {
                refused = true;
                super::complain(&format!("{}: {fault}", file.display()));
            }
        }
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn address(text: &str) -> Result<Url, Usage> {
    let url = Url::parse(text).map_err(|fault| Usage(format!("--url {text}: {fault}")))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(Usage(format!("--url {text}: not an http or https address")))
    }
}

fn read(file: &Path, url: Option<&Url>) -> std::io::Result<Extracted> {
    let bytes = std::fs::read(file)?;
    let html = text::decode(&bytes, None).text;
    Ok(article(&Page { url: url.cloned(), html }))
}

/// The keys of the contract, `null` where nothing is known.
fn shown(found: &Extracted) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let origin = found.origin.as_ref().map(|claim| {
        json!({ "agency": claim.agency, "basis": claim.basis.as_str(), "evidence": claim.evidence })
    });
    json!({
        "title": text(&found.title),
        "text": text(&found.text),
        "byline": found.byline,
        "authors": found.authors,
        "dateline": found.dateline,
        "credit": found.credit,
        "origin": origin,
        "published": found.published.map(|at| at.to_string()),
        "updated": found.updated.map(|at| at.to_string()),
        "lang": found.lang,
        "canonical_url": found.canonical_url,
        "kind": found.kind.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_contract() {
        let shown = shown(&Extracted::default());
        let keys: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        let contract = [
            "title",
            "text",
            "byline",
            "authors",
            "dateline",
            "credit",
            "origin",
            "published",
            "updated",
            "lang",
            "canonical_url",
            "kind",
        ];
        assert_eq!(keys, contract);
        assert!(shown["title"].is_null() && shown["origin"].is_null());
    }

    #[test]
    fn a_bad_file_is_named_and_the_rest_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good.html");
        std::fs::write(&good, "<article><h1>T</h1><p>Text</p></article>").unwrap();
        let args = |files| Args { files, url: None };
        let run = |files| format!("{:?}", run(&args(files)).unwrap());
        assert_eq!(run(vec![good.clone()]), format!("{:?}", ExitCode::SUCCESS));
        let missing = folder.path().join("missing.html");
        assert_eq!(run(vec![missing, good]), format!("{:?}", ExitCode::FAILURE));
        assert!(
            address("ftp://x").is_err() && address("x").is_err() && address("http://x").is_ok()
        );
    }
}
