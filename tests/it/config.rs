//! The reference configuration says what the program does when nothing is said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use copytaster::config::{self, Config};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/copytaster.toml");

fn reference() -> Config {
    config::load(Some(Path::new(REFERENCE)), &BTreeMap::new()).unwrap()
}

/// The lines of the reference file before its first source.
fn sections() -> Vec<String> {
    let text = std::fs::read_to_string(REFERENCE).unwrap();
    text.lines().take_while(|line| *line != "[[source]]").map(str::to_owned).collect()
}

#[test]
fn the_reference_file_is_the_default_but_for_its_sources() {
    let mut config = reference();
    assert!(config.sources.len() >= 20, "{} sources", config.sources.len());
    config.sources.clear();
    assert_eq!(config, Config::default());
}

#[test]
fn the_reference_file_has_every_key_and_a_line_of_why_for_each() {
    let (mut section, mut found, mut above) = (String::new(), BTreeSet::new(), String::new());
    for line in sections() {
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            assert!(above.starts_with("# "), "{key} has no comment above it");
            found.insert(format!("{section}.{key}"));
        }
        above = line;
    }
    let shown = Config::default().to_json();
    let keys = shown.as_object().unwrap().iter().flat_map(|(section, table)| {
        table.as_object().unwrap().keys().map(move |key| format!("{section}.{key}"))
    });
    assert_eq!(found, keys.collect());
}

#[test]
fn the_reference_sources_speak_several_languages_and_several_are_agencies() {
    let config = reference();
    let languages: BTreeSet<_> = config.sources.iter().filter_map(|s| s.lang.clone()).collect();
    assert!(languages.len() >= 5, "{languages:?}");
    let agencies = config.sources.iter().filter(|s| s.kind == config::SourceKind::Agency).count();
    assert!(agencies >= 5, "{agencies} agencies");
    assert!(config.sources.iter().all(|s| !s.endpoints.is_empty() && s.allow_addresses.is_empty()));
}

fn check(args: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .arg("check")
        .args(args)
        .env_remove("COPYTASTER_CONFIG")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn check_prints_what_is_in_force() {
    let variables = [("COPYTASTER_CRAWL__CONTACT", "desk@example.org")];
    let output = check(&["--config", REFERENCE, "--json"], &variables);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["crawl"]["contact"], "desk@example.org");
    assert_eq!(shown["source"].as_array().unwrap().len(), reference().sources.len());
}

#[test]
fn check_names_every_problem_on_stderr_and_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "[crawl]\nintervall = \"3s\"\n[detect]\nwindow = 72\n").unwrap();
    let path = path.to_str().unwrap();
    let output = check(&["--config", path], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let problems = String::from_utf8_lossy(&output.stderr);
    let places: Vec<_> = problems.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, [format!("{path}:2"), format!("{path}:4")], "{problems}");
}
