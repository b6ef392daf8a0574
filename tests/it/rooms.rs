//! The house plan, held to: who may use whom, and what every file owes its reader.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::app::root;

/// Rooms from the ground up; a room uses only those before it in its own list.
const MAY_USE: [(&str, &[&str]); 26] = [
    ("register", &["sheet"]),
    ("sheet", &["register"]),
    ("calendar", &["error"]),
    ("auth", &[]),
    ("db", &["auth", "error"]),
    ("audit", &["hex", "auth", "db", "clock", "error", "each"]),
    (
        "org",
        &[
            "hex", "audit", "db", "auth", "register", "sheet", "clock", "error", "each",
        ],
    ),
    ("almanac", &["calendar", "audit", "db", "auth", "error"]),
    ("notice", &["db", "auth", "clock", "error", "each"]),
    (
        "deadline",
        &[
            "almanac", "calendar", "notice", "ledger", "audit", "org", "db", "auth", "register",
            "error", "each",
        ],
    ),
    (
        "accounts",
        &[
            "hex", "audit", "org", "db", "auth", "register", "clock", "error", "each",
        ],
    ),
    (
        "jobs",
        &[
            "upkeep", "sharing", "issue", "intake", "review", "campaign", "deadline", "notice",
            "accounts", "audit", "ledger", "org", "db", "auth", "register", "sheet", "clock",
            "error", "app", "each",
        ],
    ),
    (
        "ledger",
        &[
            "hex", "audit", "org", "db", "auth", "register", "sheet", "clock", "error", "each",
        ],
    ),
    (
        "report",
        &[
            "sharing", "issue", "intake", "campaign", "review", "deadline", "ledger", "audit",
            "org", "db", "auth", "register", "sheet", "clock", "error", "each",
        ],
    ),
    (
        "intake",
        &[
            "sharing", "issue", "ledger", "audit", "org", "db", "auth", "register", "sheet",
            "clock", "error", "app", "each",
        ],
    ),
    (
        "issue",
        &[
            "words", "impact", "deadline", "notice", "almanac", "calendar", "ledger", "audit",
            "org", "db", "auth", "register", "sheet", "clock", "error", "each",
        ],
    ),
    (
        "sharing",
        &[
            "words", "issue", "impact", "deadline", "notice", "almanac", "calendar", "ledger",
            "audit", "org", "db", "auth", "register", "sheet", "clock", "error", "each",
        ],
    ),
    (
        "impact",
        &[
            "ledger", "audit", "db", "auth", "register", "sheet", "error",
        ],
    ),
    (
        "review",
        &[
            "words", "sharing", "issue", "impact", "deadline", "ledger", "notice", "audit", "org",
            "db", "auth", "register", "clock", "error", "each",
        ],
    ),
    (
        "campaign",
        &[
            "sharing", "issue", "review", "ledger", "notice", "almanac", "calendar", "audit",
            "org", "db", "auth", "register", "clock", "error", "each",
        ],
    ),
    (
        "handover",
        &[
            "sharing", "issue", "ledger", "audit", "org", "db", "auth", "register", "clock",
            "error", "each",
        ],
    ),
    (
        "upkeep",
        &["ledger", "audit", "db", "auth", "clock", "error", "hex"],
    ),
    ("hex", &[]),
    ("error", &["auth"]),
    (
        "app",
        &[
            "db", "deadline", "issue", "notice", "org", "register", "sharing", "sheet", "upkeep",
        ],
    ),
    (
        "config",
        &[
            "accounts", "deadline", "issue", "notice", "org", "review", "sharing", "sheet",
            "error", "upkeep",
        ],
    ),
];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn all() -> Vec<(String, String)> {
    let src = root().join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    let name = |p: &PathBuf| p.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
    paths
        .iter()
        .map(|p| (name(p), std::fs::read_to_string(p).unwrap()))
        .collect()
}

/// Rooms that a file names, in `use` lines and in paths.
fn used(text: &str) -> BTreeSet<&str> {
    text.split("crate::")
        .skip(1)
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_lowercase() && c != '_')
                .next()
        })
        .filter(|room| !room.is_empty())
        .collect()
}

#[test]
fn imports_point_one_way() {
    for (file, text) in all() {
        let room = file.split(['/', '.']).next().unwrap().to_owned();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            continue;
        };
        for other in used(&text) {
            assert!(
                other == room || allowed.contains(&other),
                "{file} uses {other}: see ARCHITECTURE.md"
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    for (file, text) in all() {
        assert!(
            text.starts_with("//! "),
            "{file} does not begin with what it is"
        );
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().count();
        // The tables are a list, not something to follow.
        let is_list = file.contains("tests") || file == "db/schema.rs";
        assert!(is_list || lines <= 400, "{file} has {lines} lines");
        for marker in ["TO", "FIX", "XX"].map(|m| {
            [
                m,
                if m == "FIX" {
                    "ME"
                } else if m == "TO" {
                    "DO"
                } else {
                    "X"
                },
            ]
            .concat()
        }) {
            assert!(
                !text.contains(&format!("{marker}:")) && !text.contains(&format!("{marker} ")),
                "{file}: {marker}"
            );
        }
    }
}

/// Name of the schema that a type with `ToSchema` has in the API's description: its own, unless it says otherwise.
fn schema_names(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !(line.starts_with("#[derive(") && line.contains("ToSchema")) {
            continue;
        }
        let mut named = None;
        for line in lines.by_ref() {
            if let Some((_, rest)) = line.split_once("schema(as = ") {
                named = rest.split([',', ')']).next().map(str::to_owned);
            }
            let words: Vec<&str> = line.split([' ', '<', '(', ';']).collect();
            if let Some(at) = words.iter().position(|w| *w == "struct" || *w == "enum") {
                out.push(named.unwrap_or_else(|| words[at + 1].to_owned()));
                break;
            }
        }
    }
    out
}

/// Of two schemas with one name, the description keeps one: the other's operations would be described wrongly.
#[test]
fn no_two_schemas_share_a_name() {
    let mut seen = std::collections::BTreeMap::new();
    for (file, text) in all() {
        for name in schema_names(&text) {
            if let Some(other) = seen.insert(name.clone(), file.clone()) {
                panic!("{name} is a schema in {file} and in {other}: say #[schema(as = …)]");
            }
        }
    }
    assert!(seen.len() > 30, "{seen:?}");
}
