//! Never green on what was not read: whatever of the inputs cannot be read, no finding becomes clean and no record is called
//! present, absent or in order because of it.

mod damage;
mod field_cases;
mod lost_inputs;
mod questions;
mod stalls;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use proptest::prelude::*;
use tieout::checks::check::{Outcome, Severity};
use tieout::error::Error;
use tieout::exit::Exit;
use tieout::reconcile::relations::unread::UnreadRows;
use tieout::report::{CheckResult, Report, Verdict};

use crate::cli::{run, tieout};
use crate::inputs::Inputs;
use crate::properties::{config, disturbed};
use crate::reconciliation;
use crate::world::World;
use crate::{audit, ledger_rows};

use damage::{Damage, ENROLLMENTS, USERS};

/// The cells of a file, headings first.
type Lines = Vec<Vec<Vec<u8>>>;

impl Inputs {
    fn lines(&self, name: &str) -> Lines {
        let bytes = self.read(name);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
        let rows = reader.byte_records().map(|row| row.expect("a row"));
        rows.map(|row| row.iter().map(<[u8]>::to_vec).collect()).collect()
    }

    fn put(&self, name: &str, lines: &Lines) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for line in lines {
            writer.write_record(line).expect("memory takes every record");
        }
        self.write(name, writer.into_inner().expect("memory takes every record"));
    }

    fn edit_lines(&self, name: &str, edit: impl FnOnce(&mut Lines)) {
        let mut lines = self.lines(name);
        edit(&mut lines);
        self.put(name, &lines);
    }

    /// Writes other text into the cells of a column for which the change gives one.
    fn edit_cells(&self, name: &str, heading: &str, mut change: impl FnMut(&str) -> Option<String>) {
        self.edit_lines(name, |lines| {
            let column = column(lines, heading).expect("a column");
            for row in &mut lines[1..] {
                if let Some(text) = change(std::str::from_utf8(&row[column]).expect("text")) {
                    row[column] = text.into_bytes();
                }
            }
        });
    }

    fn configure(&self, edit: impl FnOnce(String) -> String) {
        self.edit("tieout.toml", edit);
    }

    /// Adds a line to a table of the configuration.
    fn set(&self, table: &str, line: &str) {
        let heading = format!("[{table}]\n");
        self.configure(|text| text.replacen(&heading, &format!("{heading}{line}\n"), 1));
    }

    fn audit(&self) -> Result<Report, Error> {
        audit(self.folder.path())
    }

    fn report(&self) -> Report {
        self.audit().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The exit code of the binary with further arguments, and whether it wrote anything.
    fn run(&self, arguments: &[&str]) -> (i32, bool, String) {
        let out = self.path("out");
        let mut command = tieout();
        command.args(["audit", "--no-previous", "-c"]).arg(self.path("tieout.toml")).arg("--out").arg(&out);
        let (code, _, stderr) = run(command.args(arguments));
        let written = out.exists();
        if written {
            std::fs::remove_dir_all(&out).expect("the outputs");
        }
        (code, written, stderr)
    }
}

/// Where a heading stands.
fn column(lines: &Lines, heading: &str) -> Option<usize> {
    lines[0].iter().position(|known| known == heading.as_bytes())
}

/// Where the learner id and the course id of an enrollment stand.
fn ids_of(lines: &Lines) -> (usize, usize) {
    (column(lines, "User unique ID").expect("a column"), column(lines, "Course Internal ID").expect("a column"))
}

/// Moves the enrollment dates of current rows by so many seconds, where there is something to move by for the pair.
fn shift_enrollments(inputs: &Inputs, name: &str, mut seconds: impl FnMut(&str) -> Option<i64>) {
    inputs.edit_lines(name, |lines| {
        let (learner, course) = ids_of(lines);
        let archived = column(lines, "Archived Enrollment").expect("a column");
        let date = column(lines, "Enrollment Date").expect("a column");
        for row in lines[1..].iter_mut().filter(|row| row[archived] == b"No") {
            let pair = [&row[learner], b"_".as_slice(), &row[course]].concat();
            if let Some(seconds) = seconds(std::str::from_utf8(&pair).expect("digits")) {
                let text = std::str::from_utf8(&row[date]).expect("a date");
                let local: jiff::civil::DateTime = text.replace(' ', "T").parse().expect("a date");
                let moved = local + jiff::SignedDuration::from_secs(seconds);
                row[date] = moved.strftime("%Y-%m-%d %H:%M:%S").to_string().into_bytes();
            }
        }
    });
}

/// The result of one check.
fn result<'a>(report: &'a Report, id: &str) -> &'a CheckResult {
    report.results.iter().find(|result| result.check.id == id).expect("a check of this name")
}

fn unread(report: &Report) -> &UnreadRows {
    &reconciliation(report).relations.unread
}

/// The labels of every record, from the ledgers with every row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Labels {
    /// Link and outbound, by learner id.
    link: BTreeMap<String, String>,
    outbound: BTreeMap<String, String>,
    /// By learner and course.
    docebo: BTreeMap<String, String>,
    /// By record; the learner id of each stands in `learner_of`.
    salesforce: BTreeMap<String, String>,
    learner_of: BTreeMap<String, String>,
    /// By contact.
    contacts: BTreeMap<String, String>,
}

impl Labels {
    fn from_report(report: &Report) -> Self {
        let learners = ledger_rows(report, "ledger/learners.csv");
        let enrollments = ledger_rows(report, "ledger/enrollments.csv");
        let contacts = ledger_rows(report, "ledger/contacts.csv");
        let by = |rows: &[BTreeMap<String, String>], key: &str, value: &str, without: &str| {
            let rows = rows.iter().filter(|row| row.get("side").is_none_or(|side| side != without));
            rows.map(|row| (row[key].clone(), row[value].clone())).collect::<BTreeMap<_, _>>()
        };
        Self {
            link: by(&learners, "learner_id", "link", ""),
            outbound: by(&learners, "learner_id", "outbound", ""),
            docebo: by(&enrollments, "enrolment_id", "enrollment", "salesforce"),
            salesforce: by(&enrollments, "record", "enrollment", "docebo"),
            learner_of: by(&enrollments, "record", "learner_id", "docebo"),
            contacts: by(&contacts, "contact_id", "forecast", ""),
        }
    }
}

/// Records with another label than before that does not say unknown: the record, its label before and after. A record that
/// is there no more has none; one that is new has none before.
fn turned<'a>(
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
) -> Vec<(&'a str, Option<&'a str>, &'a str)> {
    let other = after.iter().filter(|(_, label)| !label.starts_with("unknown"));
    let other = other.map(|(record, label)| (record.as_str(), before.get(record).map(String::as_str), label.as_str()));
    other.filter(|(_, before, after)| *before != Some(*after)).collect()
}

/// No check that found something is clean, and each clean one judged every record.
fn assert_outcomes(before: &Report, after: &Report, what: &str) {
    // Of a stall most of whose events are unknown, the known ones can read as a gap; whether it is over is then not evaluated.
    let may_be_open = result(before, "outbound-stalled").findings > 0
        && result(after, "outbound-stalled").outcome() == Outcome::NotEvaluated;
    for (before, after) in before.results.iter().zip(&after.results) {
        let id = after.check.id;
        assert!(
            before.outcome() != Outcome::Found || !after.outcome().is_clean(),
            "{id} had found something and is clean: {what}"
        );
        // What could not be read is no reason to charge anybody with something new; whom a list view leaves out is known only
        // with the list view.
        assert!(
            before.findings > 0
                || after.findings == 0
                || matches!(id, "rows-unreadable" | "enrollment-orphaned" | "docebo-user-orphaned")
                || id == "outbound-gap" && may_be_open
                || id == "contact-without-learner" && what.contains("list_view"),
            "{id} had found nothing and has {} findings: {what}",
            after.findings
        );
        if after.outcome().is_clean() {
            assert!(after.coverage.unjudged() == 0 && after.missing.is_empty(), "{id}: {what}");
        } else {
            assert!(matches!(after.outcome(), Outcome::Found | Outcome::NotEvaluated), "{id}: {what}");
        }
    }
    assert_eq!(after.totals().broken(), Vec::<String>::new(), "{what}");
}

/// The run is neither in sync nor a success, however little counts as a failure.
fn assert_not_green(report: &Report, what: &str) {
    assert_ne!(report.verdict, Verdict::InSync, "{what}");
    for (fail_on, exit_zero) in [(Severity::Critical, false), (Severity::Notice, false), (Severity::Critical, true)] {
        assert_ne!(report.exit(fail_on, exit_zero), Exit::Clean, "{fail_on:?} {exit_zero}: {what}");
    }
}

/// What must hold of a run of which rows of the export could not be read, beside the run of which all could.
fn assert_unread_rows(before: &Report, after: &Report, what: &str) {
    let unread = unread(after);
    let (then, now) = (Labels::from_report(before), Labels::from_report(after));
    assert_outcomes(before, after, what);
    if unread.is_empty() {
        assert_eq!(then, now, "{what}");
        return;
    }
    assert_not_green(after, what);
    assert_eq!(turned(&then.link, &now.link), [], "links: {what}");
    assert_eq!(turned(&then.docebo, &now.docebo), [], "Docebo enrollments: {what}");
    assert_eq!(turned(&then.contacts, &now.contacts), [], "contacts: {what}");
    let mut outbound = turned(&then.outbound, &now.outbound);
    if unread.enrollments.without_learner > 0 {
        outbound.retain(|(_, before, after)| before.is_none() || !matches!(*after, "not-due" | "pending"));
    }
    assert_eq!(outbound, [], "outbound: {what}");
    // Of rows whose ids cannot be read, only the number is known.
    let (without_enrollment, without_learner): (Vec<_>, Vec<_>) =
        turned(&then.salesforce, &now.salesforce).into_iter().partition(|(_, before, after)| {
            let innocent = matches!(*after, "orphaned" | "unenrolled" | "course-deleted" | "pending" | "repeated");
            assert!(before.is_some() && (innocent || *after == "learner-not-exported"), "{before:?} {after}: {what}");
            innocent
        });
    assert!(
        without_enrollment.len() as u64 <= unread.enrollments.without_pair,
        "{without_enrollment:?} {unread:?}: {what}"
    );
    let learners: BTreeSet<&String> = without_learner.iter().map(|(record, ..)| &now.learner_of[*record]).collect();
    assert!(
        learners.len() as u64 <= unread.users.without_learner + unread.enrollments.without_learner,
        "{without_learner:?} {unread:?}: {what}"
    );
    let orphaned = result(after, "enrollment-orphaned");
    if unread.enrollments.without_pair > 0 && orphaned.missing.is_empty() {
        assert!(orphaned.coverage.unjudged() >= unread.enrollments.without_pair, "{what}");
        for finding in after.findings_of(orphaned) {
            assert!(finding.detail.found.raw().contains("ids could not be read"), "{what}");
        }
    }
}

/// What must hold once the unreadable rows are accepted: the same labels, and nothing unjudged because of these rows.
fn assert_accepted(before: &Report, strict: &Report, accepted: &Report, what: &str) {
    assert_eq!(Labels::from_report(strict), Labels::from_report(accepted), "{what}");
    if unread(accepted).is_empty() {
        return;
    }
    assert!(unread(accepted).accepted, "{what}");
    for (before, after) in before.results.iter().zip(&accepted.results) {
        let (then, now) = (before.coverage.unjudged(), after.coverage.unjudged());
        assert!(now <= then, "{}: {then} unjudged, now {now}: {what}", after.check.id);
    }
    let sentence = accepted.sentence();
    assert!(sentence.contains("accepted (docebo.max_unreadable_rows"), "{sentence}: {what}");
    assert_eq!(accepted.totals().broken(), Vec::<String>::new(), "{what}");
}

/// The name of a change, and the change.
type Shape = (&'static str, fn(&mut World));

/// The shapes that an export may have.
const SHAPES: [Shape; 6] = [
    ("both reports", |_| {}),
    ("no Users report", |world| {
        world.remove_users_report();
        world.add_sfdc_id_to_enrollments();
    }),
    ("sfdc_id in both reports", World::add_sfdc_id_to_enrollments),
    ("learners by username", World::remove_learner_id_column),
    ("courses by code", World::remove_course_id_column),
    ("learners who are only in the enrollments", |world| {
        for who in world.settled_learners().iter().step_by(3) {
            world.leave_out_of_users_report(who);
        }
    }),
];

/// Makes rows of the two reports unreadable, and holds the run against the one of which all could be read.
fn unreadable_rows(
    seed: u64,
    learners: usize,
    faults: usize,
    shape: usize,
    percent: [usize; 2],
    ways: usize,
) -> Result<(), proptest::test_runner::TestCaseError> {
    let mut world = disturbed(seed, learners, faults);
    world.rejects.clear();
    let (shape, change) = SHAPES[shape];
    change(&mut world);
    let inputs = Inputs::from_world(&world);
    let before = inputs.report();
    let mut rng = Rng::with_seed(seed);
    let mut most = 0;
    for ((name, all), percent) in [("users.csv", USERS), ("enrollments.csv", ENROLLMENTS)].into_iter().zip(percent) {
        if !inputs.path(name).exists() {
            continue;
        }
        inputs.edit_lines(name, |lines| {
            let all: Vec<&Damage> = all.iter().filter(|damage| damage.applies(lines)).collect();
            let chosen: Vec<&Damage> = (0..ways).map(|_| *rng.choice(&all).expect("some")).collect();
            let mut rows: Vec<usize> = (1..lines.len()).collect();
            rng.shuffle(&mut rows);
            let count = rows.len() * percent / 100;
            most = most.max(count);
            for &row in &rows[..count] {
                rng.choice(&chosen).expect("some").apply(lines, row);
            }
        });
    }
    let what = format!("{shape}, {percent:?} % in {ways} ways, seed {seed}, {learners} learners, {faults} faults");
    let strict = match inputs.audit() {
        // A Users row that is not read takes the enrollments of its username along, which can be too many.
        Err(Error::Input { what, .. }) if shape == "learners by username" && what.contains("username") => return Ok(()),
        other => other.unwrap_or_else(|error| panic!("{error}: {what}")),
    };
    assert_unread_rows(&before, &strict, &what);
    let unreadable =
        ledger_rows(&strict, "ledger/excluded-rows.csv").iter().filter(|row| row["what"] == "unreadable").count();
    inputs.set("docebo", &format!("max_unreadable_rows = {}", unreadable.max(most)));
    assert_accepted(&before, &strict, &inputs.report(), &what);
    Ok(())
}

/// A gap that only learners of unreadable rows show is not clean.
#[test]
fn a_gap_of_learners_who_cannot_be_read_is_not_clean() {
    unreadable_rows(885_023, 28, 8, 0, [8, 0], 3).expect("a case");
}

proptest! {
    #![proptest_config(config(120))]

    /// Any rows of the two reports become unreadable, in any way, below the share that ends the run.
    #[test]
    fn rows_that_cannot_be_read_are_never_green(
        seed in 0..1_000_000u64,
        learners in 25..80usize,
        faults in 0..12usize,
        shape in 0..SHAPES.len(),
        percent in [0..=20usize, 0..=20usize],
        ways in 1..6usize,
    ) {
        unreadable_rows(seed, learners, faults, shape, percent, ways)?;
    }
}

/// A pattern that was not understood is an error with the first line, and nothing is written.
#[test]
fn more_than_a_fifth_for_one_reason_ends_the_run() {
    let mut world = World::in_sync(8, 30);
    world.enrollments.retain(|row| !row.archived);
    for (name, damages) in [("users.csv", USERS), ("enrollments.csv", ENROLLMENTS)] {
        for damage in damages {
            let inputs = Inputs::from_world(&world);
            let rows = inputs.lines(name).len() - 1;
            for count in [rows / 5 + 1, rows] {
                let inputs = Inputs::from_world(&world);
                inputs.edit_lines(name, |lines| (1..=count).for_each(|row| damage.apply(lines, row)));
                let (code, written, stderr) = inputs.run(&[]);
                assert!(code == 4 && !written, "{}: {code}, {written}, {stderr}", damage.name);
                assert!(stderr.contains(name) && stderr.contains("next:"), "{}: {stderr}", damage.name);
            }
        }
    }
}
