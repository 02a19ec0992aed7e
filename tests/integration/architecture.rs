//! The house keeps its plan: which room may know which, read from the `use crate::` lines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::root;

/// Each room and the rooms it may use. No arrow goes up, and no check knows another.
const PLAN: &[(&str, &[&str])] = &[
    ("exit", &[]),
    ("model", &["model"]),
    ("error", &["exit", "model"]),
    ("files", &["error"]),
    ("secrets", &[]),
    ("diagnosis", &["error", "exit", "model"]),
    ("progress", &[]),
    ("settings", &["error", "files", "model", "settings"]),
    ("table", &["error", "files", "model", "progress", "table"]),
    ("export", &["error", "model", "progress", "settings", "table"]),
    ("snapshot", &["error", "export", "files", "model", "progress", "settings", "snapshot", "table"]),
    ("relations", &["model", "relations", "settings"]),
    ("stalls", &["model", "relations", "settings"]),
    ("books", &["model", "relations", "settings", "stalls"]),
    ("evidence", &["books", "model", "relations", "stalls"]),
    ("check", &["books", "evidence", "model", "relations", "stalls"]),
    ("finding", &["books", "check", "evidence", "model"]),
    ("checks", &["books", "check", "evidence", "model", "relations", "stalls"]),
    (
        "report",
        &[
            "books",
            "check",
            "evidence",
            "exit",
            "finding",
            "model",
            "relations",
            "report",
            "review",
            "series",
            "settings",
            "stalls",
        ],
    ),
    ("review", &["error", "files", "model", "review", "table"]),
    ("series", &["model", "series"]),
    ("redact", &["evidence"]),
    (
        "render",
        &[
            "books",
            "check",
            "checks",
            "diagnosis",
            "evidence",
            "finding",
            "freshness",
            "model",
            "redact",
            "relations",
            "render",
            "report",
            "review",
            "series",
            "settings",
            "stalls",
        ],
    ),
    ("salesforce", &["diagnosis", "error", "files", "model", "progress", "salesforce", "secrets", "settings"]),
    ("freshness", &["model", "settings", "stalls"]),
    ("notify", &["error", "files", "secrets"]),
    ("output", &["error", "files"]),
    ("verify", &["diagnosis", "model", "verify"]),
    (
        "run",
        &[
            "books",
            "check",
            "checks",
            "diagnosis",
            "error",
            "exit",
            "export",
            "files",
            "freshness",
            "model",
            "output",
            "progress",
            "redact",
            "relations",
            "render",
            "report",
            "review",
            "salesforce",
            "secrets",
            "series",
            "settings",
            "snapshot",
            "stalls",
            "verify",
        ],
    ),
];

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort_unstable();
    files
}

#[test]
fn no_room_knows_more_than_the_plan_says() {
    let plan: BTreeMap<&str, BTreeSet<&str>> =
        PLAN.iter().map(|(room, uses)| (*room, uses.iter().copied().collect())).collect();
    let src = root().join("src");
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(&src) {
        let relative = file.strip_prefix(&src).expect("inside").with_extension("");
        let room = relative.iter().next().expect("a room").to_string_lossy().into_owned();
        if matches!(room.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source");
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for part in code.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if plan.contains_key(name.as_str()) && name != room {
                let allowed = plan.get(room.as_str()).unwrap_or_else(|| panic!("{room} is not in the plan"));
                assert!(
                    allowed.contains(name.as_str()),
                    "{} uses crate::{name}, which the plan does not allow",
                    file.display()
                );
                used.entry(room.clone()).or_default().insert(name);
            }
        }
    }
    for (room, uses) in &plan {
        let idle: Vec<&&str> = uses
            .iter()
            .filter(|name| **name != *room && !used.get(*room).is_some_and(|used| used.contains(**name)))
            .collect();
        assert!(idle.is_empty(), "the plan allows {room} what it does not use: {idle:?}");
    }
}

#[test]
fn no_check_knows_another() {
    for file in sources(&root().join("src/checks")) {
        let text = std::fs::read_to_string(&file).expect("a source");
        assert!(!text.contains("crate::checks") && !text.contains("super::super"), "{}", file.display());
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    for folder in ["src", "tests"] {
        for file in sources(&root().join(folder)) {
            let text = std::fs::read_to_string(&file).expect("a source");
            assert!(text.starts_with("//! "), "{} has no header", file.display());
            let lines = text.lines().count();
            assert!(lines <= 1_000, "{} has {lines} lines", file.display());
        }
    }
}

#[test]
fn no_template_lets_text_through_as_markup() {
    for entry in std::fs::read_dir(root().join("templates")).expect("the templates") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a template");
        assert!(!text.contains("{{{") && !text.contains("{{&"), "{}", path.display());
    }
}
