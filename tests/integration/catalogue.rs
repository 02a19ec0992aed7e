//! Laws over the catalogue of checks, and over the pages that list it: a forgotten step turns one of
//! these red.

use std::collections::BTreeSet;

use tieout::checks::check::{Outcome, Requirement};
use tieout::checks::selects::Values;
use tieout::checks::{CATALOGUE, find};
use tieout::exit::Exit;
use tieout::model::label::Label as _;
use tieout::reconcile::relations::enrollment::EnrollmentMatch;
use tieout::reconcile::relations::forecast::Forecast;
use tieout::reconcile::relations::link::Link;
use tieout::reconcile::relations::outbound::Outbound;
use tieout::reconcile::relations::relation::Relation;
use tieout::report::CheckResult;
use tieout::settings::file::TEMPLATE;

use crate::{audit_sample, root, sample_definitions};

/// Files of the folder that are no checks.
const SHARED: [&str; 7] = ["check", "coverage", "evidence", "finding", "reconciliation", "selects", "subject"];

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

/// Exceptions that no check selects: the relation, the value, and where they are reported instead.
const NOT_SELECTED: [(&str, &str, &str); 10] = [
    ("link", "ambiguous", "username-shared reports the contacts that share the key"),
    ("link", "unknown", "could not be judged; the checks on links count it as such"),
    ("outbound", "unknown", "could not be judged; the checks on DoceboUser records count it as such"),
    ("enrollment", "absent-no-docebo-user", "docebo-user-absent reports the learner, once for all enrollments"),
    ("enrollment", "unknown-link", "could not be judged; the checks on enrollments count it as such"),
    ("enrollment", "unknown", "could not be judged; the checks on enrollments count it as such"),
    ("forecast", "link", "sfdc-id-blank reports the learner"),
    ("forecast", "relink", "the checks on links report the learner; the workbook lists the contact"),
    ("forecast", "collide", "username-shared reports the contacts that share the key"),
    ("forecast", "unknown", "could not be judged; contact-without-learner counts it as such"),
];

#[test]
fn every_exception_is_selected_by_a_check_or_has_a_reason_why_not() {
    fn exceptions<V: Relation>(name: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
        V::ALL.iter().filter(|value| value.is_exception()).map(move |value| (name, value.label()))
    }
    let exceptions = exceptions::<Link>("link")
        .chain(exceptions::<Outbound>("outbound"))
        .chain(exceptions::<EnrollmentMatch>("enrollment"))
        .chain(exceptions::<Forecast>("forecast"));
    let selected: BTreeSet<(&str, &str)> = CATALOGUE
        .iter()
        .filter_map(|check| check.selects.values())
        .flat_map(|values| {
            let relation = match values {
                Values::Link(_) => "link",
                Values::Outbound(_) => "outbound",
                Values::Enrollment(_) | Values::Rows(_) => "enrollment",
                Values::Forecast(_) => "forecast",
            };
            values.labels().into_iter().map(move |label| (relation, label))
        })
        .collect();
    let unselected: BTreeSet<(&str, &str)> = exceptions.filter(|value| !selected.contains(value)).collect();
    let listed: BTreeSet<(&str, &str)> = NOT_SELECTED.iter().map(|&(relation, value, _)| (relation, value)).collect();
    assert_eq!(unselected, listed);
}

/// What a check declares to select is what it selects: the workbook compares both numbers.
#[test]
fn every_record_with_an_explained_value_is_one_finding() {
    let mut compared: BTreeSet<&str> = BTreeSet::new();
    for name in sample_definitions::names() {
        let report = audit_sample(name);
        let totals = report.totals();
        let evaluated = |result: &&CheckResult| result.outcome() != Outcome::NotEvaluated;
        for result in report.results.iter().filter(evaluated) {
            let Some(values) = result.check.selects.explained() else { continue };
            let (learners, enrollments) = (&totals.learners, &totals.enrollments);
            let records: u64 = match values {
                Values::Link(values) => values.iter().map(|&value| learners.link.get(value)).sum(),
                Values::Outbound(values) => values.iter().map(|&value| learners.outbound.get(value)).sum(),
                Values::Enrollment(values) => values.iter().map(|&value| enrollments.docebo.values.get(value)).sum(),
                Values::Rows(values) => values.iter().map(|&value| enrollments.salesforce.values.get(value)).sum(),
                Values::Forecast(values) => values.iter().map(|&v| totals.contacts.forecast.get(v)).sum(),
            };
            let findings = result.findings as u64;
            // A record that could not be judged by its value can be a finding as well.
            let agree = if result.is_whole() { findings == records } else { findings >= records };
            assert!(agree, "{name}: {} has {findings} findings on {records} records", result.check.id);
            if records > 0 {
                compared.insert(result.check.id);
            }
        }
    }
    let explaining = CATALOGUE.iter().filter(|check| check.selects.explained().is_some()).map(|check| check.id);
    assert_eq!(compared, explaining.collect(), "no sample compares the others");
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

fn value_rows<V: Relation>() -> Vec<String> {
    V::ALL.iter().map(|value| format!("| `{}` | {} |", value.label(), value.meaning())).collect()
}

#[test]
fn the_readme_lists_the_values_of_each_relation_as_they_are() {
    for (name, wanted) in [
        ("link", value_rows::<Link>()),
        ("outbound", value_rows::<Outbound>()),
        ("enrollment", value_rows::<EnrollmentMatch>()),
        ("forecast", value_rows::<Forecast>()),
    ] {
        assert_eq!(readme_rows(name), wanted, "the README's table of {name} should read:\n{}\n", wanted.join("\n"));
    }
}

#[test]
fn every_value_of_enrollment_is_one_of_docebo_or_of_salesforce() {
    for value in EnrollmentMatch::ALL {
        let listed = EnrollmentMatch::OF_DOCEBO.contains(value) || EnrollmentMatch::OF_SALESFORCE.contains(value);
        assert!(listed, "{value} is in no control total");
    }
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
