//! The samples: what they are made of, what every check says of every one of them, how each run
//! ends, and that `report.json` keeps to its schema.

use std::fmt::Write as _;
use std::path::Path;

use tieout::checks::CATALOGUE;
use tieout::outputs;
use tieout::outputs::redact::Names;

use crate::{audit_sample, counts, root, sample_definitions, sample_folder};

/// The committed files are what the stories make. `UPDATE_SAMPLES=1 cargo test` writes them anew.
#[test]
fn the_samples_are_as_their_stories_make_them() {
    let made = tempfile::tempdir().expect("a folder");
    sample_definitions::write_all(made.path());
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        sample_definitions::write_all(&root().join("samples"));
    }
    for name in sample_definitions::names() {
        same_files(&made.path().join(name), &sample_folder(name));
    }
}

fn same_files(made: &Path, committed: &Path) {
    let names = |folder: &Path| {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(made), names(committed), "{}", committed.display());
    for name in names(made) {
        let (one, other) = (made.join(&name), committed.join(&name));
        if one.is_dir() {
            same_files(&one, &other);
        } else if one.extension().is_some_and(|extension| extension == "xlsx") {
            assert_eq!(cells(&one), cells(&other), "{}", other.display());
        } else {
            let same = std::fs::read(&one).expect("a file") == std::fs::read(&other).expect("a file");
            assert!(
                same,
                "{} is not what its story makes; UPDATE_SAMPLES=1 cargo test writes it anew",
                other.display()
            );
        }
    }
}

fn cells(path: &Path) -> Vec<Vec<String>> {
    use calamine::Reader as _;
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook(path).expect("a workbook");
    let range = workbook.worksheet_range_at(0).expect("a sheet").expect("readable");
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

/// The exit code of `tieout audit` on each sample; a sample that is not listed is an error.
#[test]
fn each_sample_ends_with_its_exit_code() {
    let expected = [
        ("gap-and-resume", 1),
        ("hostile-text", 1),
        ("in-sync", 0),
        ("incomplete-extract", 6),
        ("keys-near-miss", 0),
        ("linked-through-user", 0),
        ("links-crossed", 1),
        ("no-enrollments-yet", 0),
        ("other-organization", 6),
        ("outbound-stalled", 5),
        ("outside-list-view", 0),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let ended = sample_definitions::names().into_iter().map(|name| {
        let mut command = crate::cli::tieout();
        command.args(["audit", "--quiet", "-c"]).arg(sample_folder(name).join("tieout.toml"));
        (name, crate::cli::run(command.arg("--out").arg(folder.path().join(name))).0)
    });
    assert_eq!(ended.collect::<std::collections::BTreeMap<_, _>>(), expected.into_iter().collect());
}

#[test]
fn each_sample_has_the_findings_that_its_story_tells() {
    for name in sample_definitions::names() {
        let report = audit_sample(name);
        let evaluated = |id: &&str| {
            report
                .results
                .iter()
                .any(|r| r.check.id == *id && r.outcome() != tieout::checks::check::Outcome::NotEvaluated)
        };
        let wanted: std::collections::BTreeMap<_, _> =
            sample_definitions::expected(name).into_iter().filter(|(id, _)| evaluated(id)).collect();
        let mut found = counts(&report);
        let unreadable = found.remove("rows-unreadable").is_some();
        assert_eq!(unreadable, !sample_definitions::sample(name).world.rejects.is_empty(), "{name}");
        assert_eq!(found, wanted, "{name}");
    }
}

/// One snapshot a check: its outcome on every sample, and the words of its first finding.
#[test]
fn every_check_over_every_sample() {
    let reports: Vec<_> = sample_definitions::names().map(|name| (name, audit_sample(name))).into_iter().collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/checks");
    settings.set_omit_expression(true);
    settings.bind(|| {
        for check in CATALOGUE {
            let mut text = String::new();
            for (name, report) in &reports {
                let result =
                    report.results.iter().find(|result| result.check.id == check.id).expect("every check has a result");
                let _ = writeln!(
                    text,
                    "{name:<20} {:<13} {} of {}{}",
                    result.outcome(),
                    result.findings,
                    result.coverage.judged(),
                    if result.is_whole() { String::new() } else { format!("  missing {}", result.gaps().join("; ")) }
                );
                for finding in report.findings_of(result).take(2) {
                    let ids = finding.ids;
                    let shown = |text: &tieout::checks::evidence::Text| Names::Withheld.show(text).into_owned();
                    let _ = writeln!(
                        text,
                        "    {} {} learner {} course {} {}",
                        finding.key,
                        finding.kind,
                        ids.learner.map_or("-".to_owned(), |id| id.to_string()),
                        ids.course.map_or("-".to_owned(), |id| id.to_string()),
                        ids.record.map_or("-".to_owned(), |(object, id)| format!("{object} {id}")),
                    );
                    let detail = &finding.detail;
                    let _ = writeln!(
                        text,
                        "        {}: expected {}, found {}{}; {} pieces of evidence",
                        detail.field,
                        shown(&detail.expected),
                        shown(&detail.found),
                        detail.since.map_or(String::new(), |since| format!(", since {since}")),
                        finding.evidence().count(),
                    );
                }
            }
            insta::assert_snapshot!(check.id, text);
        }
    });
}

#[test]
fn the_published_schema_is_that_of_the_code_and_every_report_keeps_to_it() {
    let path = root().join("templates/report.schema.json");
    let made = outputs::json::schema().expect("a schema");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &made).expect("a writable file");
    }
    let published = std::fs::read_to_string(&path).expect("the published schema");
    assert!(published == made, "templates/report.schema.json is stale; UPDATE_SCHEMA=1 cargo test writes it anew");
    let schema = serde_json::from_str(&published).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for name in sample_definitions::names() {
        let bytes = outputs::json::report(&audit_sample(name)).expect("a report");
        let report: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

/// The ticket of each sample, as the agent reads it who has nothing else.
#[test]
fn each_ticket_reads_well_on_its_own() {
    for name in sample_definitions::names() {
        let report = audit_sample(name);
        let ticket = outputs::ticket::text(&report).expect("a ticket");
        insta::assert_snapshot!(format!("ticket-{name}"), ticket.plain);
        for text in [&ticket.plain, &ticket.markdown] {
            assert!(text.chars().count() <= outputs::ticket::MAX_CHARACTERS, "{name}");
        }
        for line in ticket.plain.lines().filter(|line| line.contains(" in the export: ")) {
            let numbers: Vec<u64> = line
                .replace('\u{202f}', "")
                .split(|letter: char| !letter.is_ascii_digit())
                .filter_map(|digits| digits.parse().ok())
                .collect();
            assert_eq!(numbers[1..].iter().sum::<u64>(), numbers[0], "{name}: a reader adds this up: {line}");
        }
    }
}

#[test]
fn the_summary_of_the_stalled_sync_is_understood_at_a_glance() {
    let report = audit_sample("outbound-stalled");
    let coloured = outputs::summary::text(&report, "tieout-runs/20261120T060000Z", None);
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    insta::assert_snapshot!("summary-outbound-stalled", plain);
}
