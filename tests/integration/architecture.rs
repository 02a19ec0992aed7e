//! Which module may use which, read from the paths in the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tieout::checks::CATALOGUE;

use crate::root;

/// Each module at the top and those that it may use; each uses only modules above it in this list.
const PLAN: &[(&str, &[&str])] = &[
    ("exit", &[]),
    ("secrets", &[]),
    ("progress", &[]),
    ("model", &[]),
    ("error", &["exit", "model"]),
    ("files", &["error"]),
    ("diagnosis", &["error", "exit", "model"]),
    ("settings", &["error", "files", "model"]),
    ("verify", &["diagnosis", "model"]),
    ("inputs", &["diagnosis", "error", "files", "model", "progress", "secrets", "settings"]),
    ("reconcile", &["error", "inputs", "model", "settings"]),
    ("stalls", &["model", "reconcile", "settings"]),
    ("checks", &["inputs", "model", "reconcile", "settings", "stalls"]),
    ("report", &["checks", "exit", "inputs", "model", "reconcile", "settings", "stalls"]),
    (
        "outputs",
        &[
            "checks",
            "diagnosis",
            "error",
            "files",
            "inputs",
            "model",
            "reconcile",
            "report",
            "secrets",
            "settings",
            "stalls",
        ],
    ),
    (
        "commands",
        &[
            "checks",
            "diagnosis",
            "error",
            "exit",
            "files",
            "inputs",
            "model",
            "outputs",
            "progress",
            "reconcile",
            "report",
            "secrets",
            "settings",
            "stalls",
            "verify",
        ],
    ),
];

/// A source without its comments.
fn code_of(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("a source");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

pub(crate) fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
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
fn modules_use_only_what_the_plan_allows() {
    let plan: BTreeMap<&str, BTreeSet<&str>> =
        PLAN.iter().map(|(module, uses)| (*module, uses.iter().copied().collect())).collect();
    let src = root().join("src");
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(&src) {
        let relative = file.strip_prefix(&src).expect("inside").with_extension("");
        let module = relative.iter().next().expect("a module").to_string_lossy().into_owned();
        if matches!(module.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let code = code_of(&file);
        for part in code.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if plan.contains_key(name.as_str()) && name != module {
                let allowed = plan.get(module.as_str()).unwrap_or_else(|| panic!("{module} is not in the plan"));
                assert!(
                    allowed.contains(name.as_str()),
                    "{} uses crate::{name}, which the plan does not allow",
                    file.display()
                );
                used.entry(module.clone()).or_default().insert(name);
            }
        }
    }
    for (module, uses) in &plan {
        let idle: Vec<&&str> = uses
            .iter()
            .filter(|name| **name != *module && !used.get(*module).is_some_and(|used| used.contains(**name)))
            .collect();
        assert!(idle.is_empty(), "the plan allows {module} what it does not use: {idle:?}");
    }
}

#[test]
fn the_plan_runs_one_way() {
    for (at, (module, uses)) in PLAN.iter().enumerate() {
        for used in *uses {
            assert!(
                PLAN[..at].iter().any(|(above, _)| above == used),
                "{module} uses {used}, which does not stand above it"
            );
        }
    }
}

/// The rows of the two sides meet in `reconcile/join` alone: no reader knows the other side, and nothing else takes
/// the rows of both.
#[test]
fn the_two_sides_meet_in_one_place() {
    let src = root().join("src");
    for file in sources(&src) {
        let name = file.strip_prefix(&src).expect("inside").to_string_lossy().into_owned();
        let code = code_of(&file);
        let names = |modules: &[&str]| modules.iter().any(|module| code.contains(module));
        let docebo = names(&["inputs::docebo", "model::export_rows"]);
        let salesforce = names(&["inputs::snapshot", "inputs::salesforce"]);
        // The commands hand what one reader read to the join; they look into none of it.
        let may_know_both = name.starts_with("reconcile/join") || name.starts_with("commands");
        assert!(!(docebo && salesforce) || may_know_both, "{name} knows both sides");
        assert!(!name.starts_with("inputs/docebo") || !salesforce, "{name} knows Salesforce's side");
        let of_salesforce = name.starts_with("inputs/snapshot") || name.starts_with("inputs/salesforce");
        assert!(!of_salesforce || !docebo, "{name} knows Docebo's side");
    }
}

#[test]
fn no_check_knows_another() {
    for check in CATALOGUE {
        let file = root().join("src/checks").join(check.id.replace('-', "_")).with_extension("rs");
        let code = code_of(&file);
        for other in CATALOGUE {
            assert!(!code.contains(&format!("{}::", other.id.replace('-', "_"))), "{} knows {}", check.id, other.id);
        }
        assert!(!code.contains("super::super"), "{}", file.display());
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

/// The recipes of CONTRIBUTING.md name real files.
#[test]
fn every_path_of_the_recipes_exists() {
    let text = std::fs::read_to_string(root().join(".github/CONTRIBUTING.md")).expect("the recipes");
    let mut paths = 0;
    for path in text.split('`').skip(1).step_by(2) {
        let is_path = ["src/", "tests/", "samples/", "templates/", ".ci/"].iter().any(|start| path.starts_with(start));
        if !is_path || path.contains(['<', ' ', '\n']) {
            continue;
        }
        paths += 1;
        assert!(root().join(path).exists(), "CONTRIBUTING.md names {path}, which does not exist");
    }
    assert!(paths > 20, "only {paths} paths were found");
}
