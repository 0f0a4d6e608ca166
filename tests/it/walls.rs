//! Pages of `tests/fixtures/walls`: what stands in place of a story is seen, and a story beside a banner stays one.

use std::fs;
use std::path::Path;

use copytaster::extract::{Extracted, Page, article};
use copytaster::model::PageKind;
use url::Url;

/// Each page and its file's name.
fn pages() -> Vec<(String, Extracted)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/walls");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "html"));
    files.sort();
    let read = |file: std::path::PathBuf| {
        let html = fs::read_to_string(&file).unwrap();
        let line = html.lines().next().unwrap();
        let url = line.strip_prefix("<!-- url: ").unwrap().strip_suffix(" -->").unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        (name, article(&Page { url: Some(Url::parse(url).unwrap()), html }))
    };
    files.into_iter().map(read).collect()
}

#[test]
fn a_wall_is_no_article_and_a_story_beside_a_banner_is_one() {
    let pages = pages();
    assert!(pages.len() >= 21, "pages are missing");
    let mut wrong = Vec::new();
    for (name, found) in &pages {
        let said = |words: &str| found.notes.iter().any(|note| note.contains(words));
        let right = match name.split('_').next().unwrap() {
            "consent" => found.kind == PageKind::Other && said("a consent wall"),
            "check" => found.kind == PageKind::Other && said("a check for robots"),
            "index" => found.kind == PageKind::Index && found.links.len() == 18,
            _ => {
                let kind =
                    if name.contains("stub") { PageKind::PaywallStub } else { PageKind::Article };
                found.kind == kind && !said("in place of") && found.text.contains('.')
            }
        };
        if !right || (found.kind == PageKind::Other && !found.text.is_empty()) {
            wrong.push((name, found.kind, &found.notes, &found.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
