//! The documentation says what is there: its links lead somewhere, its tables list what the program has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// Every Markdown file of the repository.
fn pages() -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/decisions", "deploy", "tests/fixtures"];
    let mut pages: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(Path::new(ROOT).join(folder)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// What stands in the first cell of each row whose cell begins with a backtick: the code in it.
fn first_cells(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').step_by(2).map(str::to_owned)).collect()
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let file = link.split('#').next().unwrap();
            assert!(page.with_file_name(file).exists(), "{}: {link} leads nowhere", page.display());
            links += 1;
        }
    }
    assert!(links > 10, "{links} links: the pages are not read");
}

#[test]
fn every_decision_is_in_the_list_of_decisions() {
    let list = read("docs/decisions/README.md");
    let decisions: Vec<_> = pages()
        .into_iter()
        .filter(|page| page.parent().is_some_and(|folder| folder.ends_with("decisions")))
        .filter_map(|page| page.file_name().map(|name| name.to_string_lossy().into_owned()))
        .filter(|name| name != "README.md")
        .collect();
    assert!(decisions.len() >= 8);
    for name in decisions {
        assert!(list.contains(&format!("({name})")), "{name} is not listed");
    }
}

#[test]
fn the_readme_lists_the_commands_there_are() {
    let help = Command::new(env!("CARGO_BIN_EXE_copytaster")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let has: BTreeSet<String> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    let told = first_cells(&read("README.md"));
    let told: BTreeSet<String> = told
        .iter()
        .filter_map(|cell| cell.split_whitespace().next())
        .filter(|name| *name != ",")
        .map(str::to_owned)
        .collect();
    assert_eq!(told, has);
}

#[test]
fn the_operations_page_lists_the_metrics_there_are() {
    let metrics = copytaster::telemetry::Metrics::new();
    metrics.accepted("page", 1);
    metrics.fetched("ok");
    metrics.source_succeeded("a", 1);
    metrics.answered("/", 200);
    metrics.raw_pages("kept", 1);
    let names = |text: &str| -> BTreeSet<String> {
        let typed = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        typed.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    };
    let told: BTreeSet<String> = first_cells(&read("docs/operations.md"))
        .iter()
        .filter(|cell| cell.starts_with("copytaster_"))
        .filter_map(|cell| cell.split('{').next())
        .map(|name| name.trim_end_matches("_total").trim_end_matches("_info").to_owned())
        .collect();
    assert_eq!(told, names(&metrics.render()));
}
