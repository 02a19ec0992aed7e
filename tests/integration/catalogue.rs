//! Laws over the catalogue of checks, and over the pages that list it: a forgotten step turns one of
//! these red.

use std::collections::BTreeSet;

use tieout::checks::check::{Outcome, Requirement};
use tieout::checks::{CATALOGUE, find};
use tieout::exit::Exit;
use tieout::settings::file::TEMPLATE;

use crate::{audit_sample, root, sample_definitions};

/// Files of the folder that are no checks.
const SHARED: [&str; 6] = ["check", "coverage", "evidence", "finding", "reconciliation", "subject"];

#[test]
fn every_check_is_a_file_of_its_name_and_every_file_a_check() {
    let files: BTreeSet<String> = std::fs::read_dir(root().join("src/checks"))
        .expect("the folder of checks")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| !SHARED.contains(&name.as_str()))
        .map(|name| name.replace('_', "-"))
        .collect();
    let ids: BTreeSet<String> = CATALOGUE.iter().map(|check| check.id.to_owned()).collect();
    assert_eq!(files, ids);
}

#[test]
fn the_catalogue_is_sorted_and_every_id_is_found() {
    assert!(CATALOGUE.windows(2).all(|pair| pair[0].id < pair[1].id));
    for check in CATALOGUE {
        assert!(std::ptr::eq(find(check.id).expect("known"), check));
    }
    assert!(find("no-such-check").is_none());
}

#[test]
fn every_check_says_what_it_means_when_it_is_innocent_and_what_to_do() {
    for check in CATALOGUE {
        for (name, text) in [
            ("title", check.title),
            ("why", check.why),
            ("innocent_when", check.expected_when),
            ("remedy", check.remedy),
            ("examines", check.unit),
        ] {
            assert!(text.len() > 4 && text == text.trim(), "{}: {name}", check.id);
            assert!(!text.contains("  ") && !text.ends_with(' '), "{}: {name}", check.id);
        }
        assert!(check.title.len() <= 72, "{}: the title is a line of a list", check.id);
        assert!(check.why.ends_with('.'), "{}: why is in sentences", check.id);
        assert!(!check.requirements.is_empty(), "{}: a check of nothing", check.id);
        let repeated = check.requirements.iter().enumerate().any(|(i, need)| check.requirements[..i].contains(need));
        assert!(!repeated, "{}: a need stands twice", check.id);
        let columns = check.requirements.iter().filter(|need| matches!(need, Requirement::Columns(_, []))).count();
        assert_eq!(columns, 0, "{}: a need of no columns", check.id);
    }
}

#[test]
fn every_check_fires_on_some_sample_and_none_on_the_one_in_sync() {
    let mut silent: BTreeSet<&str> = CATALOGUE.iter().map(|check| check.id).collect();
    for name in sample_definitions::names() {
        for result in audit_sample(name).results {
            if result.outcome() == Outcome::Found {
                assert_ne!(name, "in-sync", "{} fires on it", result.check.id);
                silent.remove(result.check.id);
            }
        }
    }
    assert_eq!(silent, BTreeSet::new(), "no sample tells the story of these");
}

/// The rows between two markers of the README, table heading left out.
pub(crate) fn readme_rows(name: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let (_, rest) = readme.split_once(&format!("<!-- {name}:begin -->")).expect("a begin marker");
    let (block, _) = rest.split_once(&format!("<!-- {name}:end -->")).expect("an end marker");
    block.lines().map(str::to_owned).filter(|line| line.starts_with('|')).skip(2).collect()
}

#[test]
fn the_readme_lists_the_checks_as_they_are() {
    let wanted: Vec<String> = CATALOGUE
        .iter()
        .map(|check| format!("| `{}` | {} | {} | {} |", check.id, check.severity, check.owner, check.title))
        .collect();
    assert_eq!(readme_rows("checks"), wanted, "the README's table should read:\n{}\n", wanted.join("\n"));
}

#[test]
fn the_readme_lists_the_exit_codes_as_they_are() {
    let wanted: Vec<String> =
        Exit::TABLE.iter().map(|(exit, meaning)| format!("| {} | {meaning} |", exit.code())).collect();
    assert_eq!(readme_rows("exit"), wanted, "the README's table should read:\n{}\n", wanted.join("\n"));
}

#[test]
fn the_readme_shows_the_configuration_that_init_writes() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("a README");
    assert!(readme.contains(TEMPLATE.trim_end()), "the README's configuration is not the template of `tieout init`");
}
