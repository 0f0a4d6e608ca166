//! The walls of the house: imports go one way along the plan in ARCHITECTURE.md, files stay short, channels bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Longest file, in lines.
const LINES_MAX: usize = 500;

/// What a pure room cannot name: the clock, the disk, the network, the environment.
const EFFECTS: [&str; 9] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::io::std",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "Instant::now",
    "SystemTime",
];

/// Room to the rooms it may import; `None` for all rooms above it. In the order of the plan.
type Plan = Vec<(String, Option<BTreeSet<String>>)>;

/// The table of ARCHITECTURE.md between its two marks.
fn plan() -> Plan {
    let text = read(&Path::new(ROOT).join("ARCHITECTURE.md"));
    let (_, rest) = text.split_once("<!-- plan -->").expect("ARCHITECTURE.md has its plan mark");
    let (table, _) = rest.split_once("<!-- /plan -->").expect("the plan mark is closed");
    let mut plan = Plan::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [rooms, imports, _] = cells.as_slice() else { panic!("three cells in {row}") };
        let imports = match imports.trim() {
            "all above" => None,
            names => Some(ticked(names)),
        };
        plan.extend(ticked(rooms).into_iter().map(|room| (room, imports.clone())));
    }
    plan
}

/// The names between backticks.
fn ticked(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// Every Rust file under `folder`, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(ROOT).join(folder)]);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // What cargo builds beside a package of its own is not ours.
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The room a file of src belongs to; `None` for lib.rs and main.rs.
fn room(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(Path::new(ROOT).join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    let name = first.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main")).then(|| name.to_owned())
}

/// The modules lib.rs lists: the pure ones, and those behind the feature.
fn modules() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut pure, mut effects, mut gated) = (BTreeSet::new(), BTreeSet::new(), false);
    for line in read(&Path::new(ROOT).join("src/lib.rs")).lines() {
        if let Some(name) = line.strip_prefix("pub mod ") {
            let rooms = if gated { &mut effects } else { &mut pure };
            rooms.insert(name.trim_end_matches(';').to_owned());
        }
        gated = line == "#[cfg(feature = \"daemon\")]";
    }
    (pure, effects)
}

/// Rust source without comments, strings and characters: each becomes one space.
fn code(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    while let Some(c) = rest.chars().next() {
        let after_name = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            'r' if !after_name || code.ends_with('b') => raw_string(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, _) in rest.match_indices(['/', '*']) {
        if rest[at..].starts_with("/*") {
            depth += 1;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at + 2;
            }
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> usize {
    let hashes = rest[1..].bytes().take_while(|&b| b == b'#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let body = &rest[hashes + 2..];
    let close = format!("\"{}", "#".repeat(hashes));
    body.find(&close).map_or(rest.len(), |at| hashes + 2 + at + close.len())
}

/// Length of a character literal; 0 for a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(0, |at| at + 4),
        Some(_) => chars.next().filter(|&(_, c)| c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

/// The rooms that code names as `crate::room` or in `crate::{room, room::x}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = code[at + found.len()..].trim_start();
        let Some(list) = rest.strip_prefix('{') else {
            rooms.insert(first_name(rest));
            continue;
        };
        let (mut depth, mut part) = (1_usize, String::new());
        for c in list.chars() {
            depth = match c {
                '{' => depth + 1,
                '}' => depth - 1,
                _ => depth,
            };
            if depth == 0 || (depth == 1 && c == ',') {
                rooms.insert(first_name(part.trim()));
                part.clear();
            } else {
                part.push(c);
            }
            if depth == 0 {
                break;
            }
        }
    }
    rooms.remove("");
    rooms
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Room to the rooms its files import, and one file for each.
fn imported() -> BTreeMap<String, BTreeMap<String, PathBuf>> {
    let mut found: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for path in files("src") {
        let Some(room) = room(&path) else { continue };
        let rooms = found.entry(room.clone()).or_default();
        for name in imports(&code(&read(&path))).into_iter().filter(|name| *name != room) {
            rooms.entry(name).or_insert_with(|| path.clone());
        }
    }
    found
}

#[test]
fn the_plan_names_every_room_and_only_rooms_above() {
    let (pure, effects) = modules();
    let plan = plan();
    let named: BTreeSet<String> = plan.iter().map(|(room, _)| room.clone()).collect();
    assert_eq!(
        named,
        pure.union(&effects).cloned().collect(),
        "ARCHITECTURE.md against src/lib.rs"
    );
    let mut above = BTreeSet::new();
    for (room, imports) in &plan {
        let unknown = imports.iter().flatten().find(|name| !above.contains(*name));
        assert_eq!(unknown, None, "{room} may import only rooms above it in the plan");
        above.insert(room.clone());
    }
}

#[test]
fn imports_go_one_way_along_the_plan() {
    let (plan, imported) = (plan(), imported());
    let (mut above, mut faults) = (BTreeSet::new(), Vec::new());
    for (room, may) in plan {
        let does = imported.get(&room).cloned().unwrap_or_default();
        let allowed = may.as_ref().unwrap_or(&above);
        for (name, path) in does.iter().filter(|(name, _)| !allowed.contains(*name)) {
            faults.push(format!("{}: {room} may not import {name}", path.display()));
        }
        for name in may.iter().flatten().filter(|name| !does.contains_key(*name)) {
            faults.push(format!("ARCHITECTURE.md: {room} does not import {name}, take it out"));
        }
        above.insert(room);
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn pure_rooms_name_no_effect_and_no_room_climbs_two_steps() {
    let (pure, _) = modules();
    for path in files("src") {
        let code = code(&read(&path));
        assert!(!code.contains("super::super"), "{}: write crate::room::x", path.display());
        if room(&path).is_some_and(|room| pure.contains(&room)) {
            let named = EFFECTS.into_iter().find(|effect| code.contains(effect));
            assert_eq!(named, None, "{}: a pure room has no effects", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_does_and_fits_its_length() {
    for folder in ["src", "tests", "benches"] {
        for path in files(folder) {
            let text = read(&path);
            assert!(text.starts_with("//! "), "{}: begins with no //! line", path.display());
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{}: {lines} lines, at most {LINES_MAX}", path.display());
        }
    }
}

#[test]
fn no_channel_is_unbounded() {
    for path in files("src") {
        let code = code(&read(&path));
        let unbounded = code.contains("unbounded") || code.contains("mpsc::channel()");
        assert!(!unbounded, "{}: every channel has a limit", path.display());
    }
}

#[test]
fn the_scanner_sees_imports_and_nothing_else() {
    for (source, rooms) in [
        ("use crate::model::Seq;", vec!["model"]),
        ("use crate::{text, wire::{a, b}, model::X as Y};", vec!["model", "text", "wire"]),
        ("fn f() { let x = crate::lsh::Index::new(); }", vec!["lsh"]),
        ("pub(in crate::api) fn f() {}", vec!["api"]),
        ("macro_rules! m { () => { $crate::feed::x() } }", vec!["feed"]),
        ("// use crate::model;\n/* crate::a /* crate::b */ crate::c */", vec![]),
        ("const A: &str = \"crate::model \\\" crate::text\"; use crate::wire;", vec!["wire"]),
        ("let a = r#\"\"crate::model\"#; let b = br\"crate::x\"; crate::wire::f()", vec!["wire"]),
        (
            "let q = '\"'; use crate::text; let r = '\\''; fn f<'a>() { crate::wire::f() }",
            vec!["text", "wire"],
        ),
        ("use mycrate::model; use super::x;", vec![]),
    ] {
        let found: Vec<String> = imports(&code(source)).into_iter().collect();
        assert_eq!(found, rooms, "{source}");
    }
}
