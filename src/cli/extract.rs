//! `copytaster extract`: saved pages to the stories they carry, one JSON object a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use url::Url;

use super::Usage;
use crate::api::body::Origin;
use crate::daemon::{Apart, Credits, Parser};
use crate::extract::{EXTRACTOR, Extracted, Page};
use crate::model::Timestamp;
use crate::text;

/// How far from the top of a page the comment may stand that says where it was saved from, in bytes.
const SAVED_WITHIN_BYTES: usize = 2_048;

/// Arguments of `extract`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Saved html pages
    #[arg(required = true, value_name = "FILE.html")]
    files: Vec<PathBuf>,
    /// The address the page was saved from; helps to tell its own metadata from other stories'. Without it, the address that
    /// the page's first comment names (`<!-- saved from url=… -->`, `<!-- url: … -->`)
    #[arg(long)]
    url: Option<String>,
    /// Read pages beyond the bounds that the daemon's scan sets, too; for tests
    #[arg(long, hide = true)]
    unscanned: bool,
}

/// Files that are read side by side.
const SIDE_BY_SIDE: usize = 4;

/// Runs the command. A file that cannot be read is named on stderr; the rest is done, and the exit status is 1. Pages are parsed in
/// processes of their own: one that its parser dies of, or takes too long over, is such a file.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let apart = Apart::of_this()?;
    run_with(args, Some(if args.unscanned { apart.unscanned() } else { apart }))
}

fn run_with(args: &Args, apart: Option<Apart>) -> anyhow::Result<ExitCode> {
    let url = match &args.url {
        None => None,
        Some(text) => Some(address(text)?),
    };
    super::runtime()?.block_on(each(&args.files, url.as_ref(), apart))
}

async fn each(
    files: &[PathBuf],
    url: Option<&Url>,
    apart: Option<Apart>,
) -> anyhow::Result<ExitCode> {
    let parser = &Parser::new(apart, Arc::from([])).await?;
    let read = |file: PathBuf| async move {
        let found = read(&file, url, parser).await;
        (file, found)
    };
    let mut found = std::pin::pin!(stream::iter(files.to_vec()).map(read).buffered(SIDE_BY_SIDE));
    let mut refused = false;
    while let Some((file, found)) = found.next().await {
        match found {
            Ok(found) => {
                if !super::say(&shown(&file, &found).to_string())? {
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

async fn read(file: &Path, url: Option<&Url>, parser: &Parser) -> Result<Extracted, String> {
    let bytes = tokio::fs::read(file).await.map_err(|fault| fault.to_string())?;
    let html = text::decode(&bytes, None).text;
    let url = url.cloned().or_else(|| saved_from(&html));
    let found = parser.parse(Page { url, html }, Credits::Table).await;
    found.map_err(|fault| fault.to_string())
}

/// The address that a browser, or a fixture, writes on top of a saved page: `<!-- saved from url=(0024)https://… -->`,
/// `<!-- url: https://… -->`.
fn saved_from(html: &str) -> Option<Url> {
    let top = &html[..html.floor_char_boundary(SAVED_WITHIN_BYTES)];
    let said = top.split("<!--").skip(1).find_map(|comment| {
        let comment = comment.split("-->").next()?.trim();
        let saved = comment.strip_prefix("saved from url=").and_then(|rest| rest.split_once(')'));
        saved.map(|(_, url)| url).or_else(|| comment.strip_prefix("url:"))
    })?;
    address(said.trim()).ok()
}

/// The keys of the contract, `null` where nothing is known, then what else is known.
fn shown(file: &Path, found: &Extracted) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "title": text(&found.title),
        "text": text(&found.text),
        "byline": found.byline,
        "authors": found.authors,
        "dateline": found.dateline,
        "credit": found.credit,
        "origin": Origin::found(found.origin.as_ref(), &found.text, None),
        "published": found.published.map(|at| zoned(at, found.published_zone)),
        "updated": found.updated.map(|at| zoned(at, found.updated_zone)),
        "lang": found.lang,
        "canonical_url": found.canonical_url,
        "kind": found.kind.as_str(),
        "section": found.section,
        "links": found.links,
        "notes": found.notes,
        "extractor": EXTRACTOR,
        "file": file.display().to_string(),
    })
}

/// RFC 3339 in the zone the page wrote, `Z` where it wrote none.
fn zoned(at: Timestamp, minutes: Option<i32>) -> String {
    let Some(minutes) = minutes.filter(|minutes| *minutes != 0) else { return at.to_string() };
    let clock = at.plus_millis(i64::from(minutes) * 60_000).to_string();
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    format!("{}{sign}{hours:02}:{rest:02}", clock.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_contract() {
        let shown = shown(Path::new("a.html"), &Extracted::default());
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
        assert_eq!(keys[..contract.len()], contract);
        assert_eq!(keys[contract.len()..], ["section", "links", "notes", "extractor", "file"]);
        assert!(shown["title"].is_null());
        assert_eq!(shown["origin"]["verdict"], "unknown");
    }

    #[test]
    fn a_bad_file_is_named_and_the_rest_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good.html");
        std::fs::write(&good, "<article><h1>T</h1><p>Text</p></article>").unwrap();
        let args = |files| Args { files, url: None, unscanned: false };
        let run = |files| format!("{:?}", run_with(&args(files), None).unwrap());
        assert_eq!(run(vec![good.clone()]), format!("{:?}", ExitCode::SUCCESS));
        let missing = folder.path().join("missing.html");
        assert_eq!(run(vec![missing, good]), format!("{:?}", ExitCode::FAILURE));
        assert!(
            address("ftp://x").is_err() && address("x").is_err() && address("http://x").is_ok()
        );
    }

    #[test]
    fn times_keep_the_zone_they_were_written_in() {
        let at = Timestamp::parse("2016-10-12T16:05:00Z").unwrap();
        assert_eq!(zoned(at, None), "2016-10-12T16:05:00Z");
        assert_eq!(zoned(at, Some(0)), "2016-10-12T16:05:00Z");
        assert_eq!(zoned(at, Some(120)), "2016-10-12T18:05:00+02:00");
        assert_eq!(zoned(at, Some(-210)), "2016-10-12T12:35:00-03:30");
    }

    #[test]
    fn a_saved_page_tells_its_address() {
        let from = |html: &str| saved_from(html).map(|url| url.to_string());
        let own = Some("https://herald.test/a".to_owned());
        assert_eq!(
            from("<!DOCTYPE html>\n<!-- saved from url=(0021)https://herald.test/a -->\n<html>"),
            own
        );
        assert_eq!(from("<!-- url: https://herald.test/a -->"), own);
        assert_eq!(from("<!-- nothing --><p>x"), None);
        assert_eq!(from("<!-- url: file:///a -->"), None);
    }
}
