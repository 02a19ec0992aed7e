//! Results so absurd that the inputs are questioned: nothing is charged to anybody until a person accepts them.

use std::collections::BTreeSet;

use tieout::checks::check::{Outcome, Severity};
use tieout::exit::Exit;
use tieout::model::label::Label as _;
use tieout::model::question::Question;
use tieout::progress::Progress;
use tieout::report::{Report, Verdict};
use tieout::settings::file::{self, Overrides};

use super::{Inputs, column, result};
use crate::ledger_rows;
use crate::world::dialect::Dialect;
use crate::world::{At, DAY, HOUR, World, at, ids};

const LEARNERS: usize = 60;

fn world() -> World {
    let mut world = World::in_sync(6, LEARNERS);
    world.save_by_hand();
    world
}

impl Inputs {
    fn accepting(&self, accept: &[Question]) -> Report {
        let path = self.path("tieout.toml");
        let text = String::from_utf8(self.read("tieout.toml")).expect("text");
        let overrides = Overrides { accept: accept.to_vec(), ..Overrides::default() };
        let settings = file::load(&path, &text, &overrides).expect("settings");
        tieout::commands::audit::audit(&settings, &Progress::hidden()).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Inputs of a world that was saved by hand, at the moment that its files tell.
fn by_hand(world: &World) -> Inputs {
    let inputs = Inputs::from_world(world);
    inputs.set("salesforce", "extracted_at = \"2026-11-20T06:10:00Z\"");
    inputs
}

fn asked(report: &Report) -> Vec<Question> {
    report.run.questions.iter().map(|asked| asked.question).collect()
}

/// The question is asked, these checks say nothing because of it, no others than the allowed ones fire, and accepting it
/// lets the run go on.
fn assert_questioned(inputs: &Inputs, question: Question, resting: &[&str], allowed: &[&str]) {
    let word = question.label();
    let report = inputs.report();
    assert!(asked(&report).contains(&question), "{word}: {:?}", report.sentence());
    assert_eq!(report.verdict, Verdict::NotEvaluated, "{word}");
    for (fail_on, exit_zero) in [(Severity::Notice, false), (Severity::Critical, true)] {
        assert_eq!(report.exit(fail_on, exit_zero), Exit::NotEvaluated, "{word}");
    }
    assert!(report.sentence().contains(&format!("rerun with --accept {word}")), "{}", report.sentence());
    for id in resting {
        let result = result(&report, id);
        assert_eq!(result.outcome(), Outcome::NotEvaluated, "{word}: {id}");
        assert!(result.missing.iter().any(|missing| missing.contains(word)), "{word}: {id} {:?}", result.missing);
    }
    let charged: Vec<&str> =
        report.found().iter().map(|found| found.check.id).filter(|id| !allowed.contains(id)).collect();
    assert_eq!(charged, Vec::<&str>::new(), "{word}");
    assert!(report.stalls().found.is_empty(), "{word}: a stall is charged");

    let every = asked(&report);
    let accepted = inputs.accepting(&every);
    assert!(accepted.run.questions.iter().all(|asked| asked.accepted), "{word}");
    assert!(accepted.sentence().contains(&format!("Accepted (--accept {word})")), "{}", accepted.sentence());
    for id in resting {
        let result = result(&accepted, id);
        assert!(!result.missing.iter().any(|missing| missing.contains("plausible")), "{word}: {id}");
    }
    let words: Vec<&str> = every.iter().flat_map(|question| ["--accept", question.label()]).collect();
    let (code, written, stderr) = inputs.run(&[]);
    assert!(code == 6 && written, "{word}: {code} {stderr}");
    let (code, written, stderr) = inputs.run(&[&words[..], &["--fail-on", "medium"]].concat());
    assert!(code == i32::from(accepted.exit(Severity::Medium, false).code()) && written, "{word}: {code} {stderr}");
}

fn assert_not_questioned(inputs: &Inputs, question: Question) {
    let report = inputs.report();
    assert!(!asked(&report).contains(&question), "{}: {}", question.label(), report.sentence());
}

/// Over half of so many, and half of them.
fn around_half(all: usize) -> [(usize, bool); 2] {
    [(all / 2 + 1, true), (all / 2, false)]
}

fn assert_asked(inputs: &Inputs, is_asked: bool, question: Question, resting: &[&str], allowed: &[&str]) {
    if is_asked {
        assert_questioned(inputs, question, resting, allowed);
    } else {
        assert_not_questioned(inputs, question);
    }
}

const KEYS: [&str; 6] = [
    "username-drifted",
    "sfdc-id-crossed",
    "sfdc-id-blank",
    "username-near-miss",
    "learner-without-contact",
    "contact-without-learner",
];
const DUE: [&str; 5] =
    ["docebo-user-absent", "enrollment-absent", "enrollment-outdated", "enrollment-orphaned", "outbound-stalled"];

#[test]
fn a_wrong_mapped_field() {
    let inputs = by_hand(&world());
    inputs.configure(|text| text.replace("username_field = \"Email\"", "username_field = \"LastName\""));
    assert_questioned(&inputs, Question::KeysDisagree, &KEYS, &[]);
    let learners = ledger_rows(&by_hand(&world()).report(), "ledger/learners.csv");
    let linked: Vec<&String> =
        learners.iter().filter(|row| row["link"] == "linked").map(|row| &row["contact_id"]).collect();
    for (count, is_asked) in around_half(linked.len()) {
        let inputs = by_hand(&world());
        inputs.edit_lines("snapshot/Contact.csv", |lines| {
            let (id, key) = (column(lines, "Id").expect("a column"), column(lines, "Email").expect("a column"));
            for row in &mut lines[1..] {
                if linked[..count].iter().any(|contact| contact.as_bytes() == row[id]) {
                    row[key].splice(0..0, *b"moved.");
                }
            }
        });
        assert_asked(&inputs, is_asked, Question::KeysDisagree, &KEYS, &[]);
    }
}

#[test]
fn ids_of_another_organization() {
    for (count, is_asked) in around_half(LEARNERS) {
        let inputs = by_hand(&world());
        let mut nth = 0;
        inputs.edit_cells("users.csv", "sfdc_id", |id| {
            nth += 1;
            (nth <= count).then(|| ids::with_suffix(&format!("{}9Zz{}", &id[..3], &id[6..15])))
        });
        let resting = ["sfdc-id-dangling", "docebo-user-misattached", "docebo-user-absent", "enrollment-absent"];
        assert_asked(&inputs, is_asked, Question::OtherOrganization, &resting, &["organization-mismatch"]);
        let found = result(&inputs.report(), "organization-mismatch").outcome();
        assert_eq!(found == Outcome::Found, is_asked);
    }
}

#[test]
fn a_filtered_export() {
    let world = world();
    let known: Vec<u64> = world.docebo_users.iter().map(|row| row.learner).collect();
    for (count, is_asked) in around_half(known.len()) {
        let mut world = world.clone();
        world.leave_out_of_export(&known[..count].iter().copied().collect::<BTreeSet<_>>());
        let resting = ["docebo-user-orphaned", "enrollment-orphaned", "contact-without-learner"];
        assert_asked(&by_hand(&world), is_asked, Question::ExportFiltered, &resting, &["export-incomplete"]);
    }
}

/// All learners, and not all of their enrollments: what is missing would be called orphaned, and nothing of it due.
#[test]
fn an_export_with_filtered_enrollments() {
    let compared: Vec<String> = ledger_rows(&by_hand(&world()).report(), "ledger/enrollments.csv")
        .into_iter()
        .filter(|row| row["side"] == "both" && row["enrollment"] == "matched")
        .map(|row| row["enrolment_id"].clone())
        .collect();
    let most = compared.len() / 5;
    for (count, is_asked) in [(most, false), (most + 1, true)] {
        let inputs = by_hand(&world());
        inputs.edit_lines("enrollments.csv", |lines| {
            let (learner, course) = super::ids_of(lines);
            let text = |cell: &[u8]| String::from_utf8(cell.to_vec()).expect("text");
            lines.retain(|row| {
                let pair = format!("{}_{}", text(&row[learner]), text(&row[course]));
                !compared[..count].contains(&pair)
            });
        });
        let resting = [&DUE[..], &["docebo-user-orphaned", "status-unknown", "outbound-gap"]].concat();
        assert_asked(&inputs, is_asked, Question::ExportFiltered, &resting, &[]);
    }
}

/// An export of last month, or one filtered by date, under today's time: nothing of the time since would be due.
#[test]
fn an_export_without_any_recent_date() {
    for (until, is_asked) in [("2026-10-21", true), ("2026-10-22", false)] {
        let inputs = by_hand(&world());
        for heading in ["Completion Date", "Course First Access Date", "Course Last Access Date", "Enrollment Date"] {
            inputs.edit_lines("enrollments.csv", |lines| {
                let Some(column) = column(lines, heading) else { return };
                let headings = lines[0].clone();
                lines.retain(|row| *row == headings || row[column].get(..10).is_none_or(|day| day < until.as_bytes()));
            });
        }
        // One at the very end of what is left.
        inputs.edit_lines("enrollments.csv", |lines| {
            let column = column(lines, "Course Last Access Date").expect("a column");
            let day = if is_asked { "2026-10-20" } else { "2026-10-21" };
            lines[1][column] = format!("{day} 08:00:00").into_bytes();
        });
        if is_asked {
            assert_questioned(&inputs, Question::ExportTime, &DUE, &[]);
        } else {
            assert_not_questioned(&inputs, Question::ExportTime);
        }
    }
}

#[test]
fn an_export_time_that_cannot_be() {
    let world = world();
    let newest = world.enrollments.iter().filter(|row| !row.archived).filter_map(|row| row.newest()).max();
    let newest = newest.expect("a date");
    for (exported_at, is_asked) in
        [(newest, false), (newest - 1, true), (at("2025-11-20T06:00:00Z"), true), (at("2100-01-01T00:00:00Z"), true)]
    {
        let mut world = world.clone();
        world.settings.exported_at = exported_at;
        let inputs = by_hand(&world);
        assert_asked(&inputs, is_asked, Question::ExportTime, &DUE, &[]);
    }
}

#[test]
fn a_time_of_the_snapshot_that_cannot_be() {
    let world = World::in_sync(6, LEARNERS);
    let stamps = world.docebo_users.iter().map(|row| &row.stamp).chain(world.course_rows.iter().map(|row| &row.stamp));
    let stamps = stamps.chain(world.course_enrollments.iter().map(|row| &row.stamp));
    let newest = stamps.map(|stamp| stamp.modified_at).max().expect("a write");
    let moments = |lasts: At| {
        [
            (newest - lasts, false),
            (newest - lasts - 1, true),
            (at("2025-11-20T06:00:00Z"), true),
            (at("2100-01-01T00:00:00Z"), true),
        ]
    };
    // An extraction may be resumed for two days.
    for (moment, is_asked) in moments(2 * DAY) {
        let mut world = world.clone();
        world.manifest.as_mut().expect("a manifest").server_time = moment;
        assert_asked(&Inputs::from_world(&world), is_asked, Question::ExtractTime, &DUE, &[]);
    }
    // A folder is saved within the hour.
    for (moment, is_asked) in moments(HOUR) {
        let mut world = world.clone();
        world.save_by_hand();
        let inputs = Inputs::from_world(&world);
        let text = jiff::Timestamp::from_second(moment).expect("a moment");
        inputs.set("salesforce", &format!("extracted_at = \"{text}\""));
        assert_asked(&inputs, is_asked, Question::ExtractTime, &DUE, &[]);
    }
}

#[test]
fn dates_in_another_zone_than_the_configured_one() {
    let inputs = Inputs::new(&World::in_sync(6, LEARNERS), &Dialect { zone: "Asia/Kolkata", ..Dialect::default() });
    inputs.configure(|text| text.replace("\"Asia/Kolkata\"", "\"UTC\""));
    assert_questioned(&inputs, Question::DatesDisagree, &DUE, &[]);

    let report = Inputs::from_world(&World::in_sync(6, LEARNERS)).report();
    let pairs: Vec<String> = ledger_rows(&report, "ledger/enrollments.csv")
        .into_iter()
        .filter(|row| row["side"] == "both")
        .map(|row| row["enrolment_id"].clone())
        .collect();
    for (count, is_asked) in around_half(pairs.len()) {
        let inputs = Inputs::from_world(&World::in_sync(6, LEARNERS));
        super::shift_enrollments(&inputs, "enrollments.csv", |pair| {
            pairs[..count].iter().any(|one| one == pair).then_some(-7 * HOUR)
        });
        assert_asked(&inputs, is_asked, Question::DatesDisagree, &DUE, &[]);
    }
}

#[test]
fn enrollment_dates_that_are_blank_on_one_side() {
    let inputs = by_hand(&world());
    inputs.edit_cells("snapshot/docebo_v3__CourseEnrollment__c.csv", "docebo_v3__EnrollmentStartDate__c", |_| {
        Some(String::new())
    });
    assert_questioned(&inputs, Question::DatesDisagree, &DUE, &[]);
}

#[test]
fn nothing_due() {
    type Change = (&'static str, fn(&Inputs));
    let changes: [Change; 4] = [
        ("headings alone", |inputs| inputs.edit_lines("enrollments.csv", |lines| lines.truncate(1))),
        ("all archived", |inputs| {
            inputs.edit_cells("enrollments.csv", "Archived Enrollment", |_| Some("Yes".to_owned()));
        }),
        ("courses that Salesforce does not have", |inputs| {
            inputs.edit_cells("enrollments.csv", "Course Internal ID", |id| Some(format!("77{id}")));
        }),
        ("dates in 2027", |inputs| late(inputs, "2027")),
    ];
    for (name, change) in changes {
        println!("{name}");
        let inputs = Inputs::from_world(&World::in_sync(6, LEARNERS));
        // Rows of nobody's enrollments and learners without them have none that could be compared.
        change(&inputs);
        for file in ["snapshot/docebo_v3__CourseEnrollment__c.csv", "snapshot/docebo_v3__DoceboUser__c.csv"] {
            if name.starts_with("dates") {
                inputs.edit_lines(file, |lines| lines.truncate(1));
            }
        }
        if name.starts_with("dates") {
            std::fs::remove_file(inputs.path("snapshot/manifest.json")).expect("a manifest");
            inputs.set("salesforce", "extracted_at = \"2026-11-20T06:10:00Z\"");
        }
        assert_questioned(&inputs, Question::NothingDue, &DUE, &[]);
    }
    // A year that is none is not even read.
    let inputs = Inputs::from_world(&World::in_sync(6, LEARNERS));
    late(&inputs, "9999");
    let refused = crate::audit(inputs.folder.path()).expect_err("no date can be read").to_string();
    assert!(refused.contains("the enrollment date lies outside the years 1970 to 2105"), "{refused}");
    // One enrollment that is compared is little evidence, and some.
    let inputs = Inputs::from_world(&World::in_sync(6, LEARNERS));
    let report = inputs.report();
    let matched = ledger_rows(&report, "ledger/enrollments.csv").into_iter().find(|row| row["enrollment"] == "matched");
    let matched = matched.expect("a matched enrollment");
    inputs.edit_lines("enrollments.csv", |lines| {
        let (learner, course) = super::ids_of(lines);
        let is_it = |row: &Vec<Vec<u8>>| {
            row[learner] == matched["learner_id"].as_bytes() && row[course] == matched["course_id"].as_bytes()
        };
        let headings = lines[0].clone();
        lines.retain(|row| *row == headings || is_it(row));
    });
    assert_not_questioned(&inputs, Question::NothingDue);
}

/// Writes every date of the enrollments into another year.
fn late(inputs: &Inputs, year: &str) {
    for heading in ["Enrollment Date", "Completion Date", "Course First Access Date", "Course Last Access Date"] {
        inputs.edit_cells("enrollments.csv", heading, |date| {
            (!date.is_empty()).then(|| format!("{year}-06-15{}", &date[10..]))
        });
    }
}
