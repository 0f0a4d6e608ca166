//! Every page of `tests/fixtures/pages` gives what its snapshot says.

use std::fs;
use std::path::Path;

use copytaster::extract::{Extracted, Page, article};
use serde_json::{Value, json};
use url::Url;

fn shown(found: &Extracted) -> Value {
    let paragraphs: Vec<&str> = found.text.lines().collect();
    let origin = found.origin.as_ref().map(|o| json!([o.agency, o.basis.as_str(), o.evidence]));
    json!({
        "title": found.title,
        "kind": found.kind.as_str(),
        "paragraphs": paragraphs,
        "byline": found.byline,
        "authors": found.authors,
        "dateline": found.dateline,
        "credit": found.credit,
        "origin": origin,
        "published": found.published.map(|at| at.to_string()),
        "updated": found.updated.map(|at| at.to_string()),
        "lang": found.lang,
        "canonical_url": found.canonical_url,
        "links": found.links,
        "notes": found.notes,
    })
}

/// The address in the page's first line.
fn address(html: &str) -> Option<Url> {
    let line = html.lines().next()?.strip_prefix("<!-- url: ")?.strip_suffix(" -->")?;
    Url::parse(line).ok()
}

#[test]
fn every_page_gives_what_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "html"));
    files.sort();
    assert!(files.len() >= 12, "pages are missing");
    for file in files {
        let html = fs::read_to_string(&file).unwrap();
        let url = address(&html);
        assert!(url.is_some(), "{} has no address", file.display());
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        insta::assert_json_snapshot!(name, shown(&article(&Page { url, html })));
    }
}
