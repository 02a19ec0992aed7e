//! The pack and the ticket for handmade reports: hostile values, many causes, none at all.

use std::io::{Cursor, Read as _};

use super::zip;
use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence::{Evidence, FindingDetail, Origin, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects};
use crate::checks::subject::Subject;
use crate::model::instant::Instant;
use crate::model::key::Equality;
use crate::model::object::SfObject;
use crate::model::source_line::SourceLine;
use crate::outputs::ticket;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations;
use crate::report::Report;
use crate::settings::{EnrollmentMode, Rules, Scope, Tolerance, ZoneRule};

const HOSTILE: &str = "=cmd|' /C calc'!A0 </script> `x` | [a](b) \u{202e}\u{1b}[31m";

fn select(_: &Reconciliation) -> Selection {
    Selection::fully_judged(40, vec![Subject::Run; 40])
}

fn describe(_: &Reconciliation, _: &Subject) -> FindingDetail {
    FindingDetail {
        field: "docebo_v3__Status__c".into(),
        expected: Text::personal("ada.lovelace@example.com"),
        found: Text::public(HOSTILE.repeat(30)),
        since: Some(Instant::from_seconds(1_760_942_880)),
        evidence: Evidence::new(
            Origin::NotReturned { object: SfObject::Contact, filter: "Email = 'ada.lovelace@example.com'".to_owned() },
            [("username", Text::personal("ada.lovelace@example.com"))],
        ),
        related: vec![Evidence::new(Origin::Line(SourceLine { file: 0, line: 4_711 }), [])],
    }
}

fn quiet(_: &Reconciliation) -> Selection {
    Selection::fully_judged(0, Vec::new())
}

fn check(
    id: &'static str,
    owner: Owner,
    select: fn(&Reconciliation) -> Selection,
    needs: &'static [Requirement],
) -> &'static Check {
    Box::leak(Box::new(Check {
        id,
        title: "Enrollments that are due and absent from Salesforce, with a title that goes on for a very long time indeed",
        severity: Severity::High,
        owner,
        why: "A sentence that tells at length what follows from this, and another one. It is there to fill the ticket up to \
              its limit, which a real check does not come near to, and goes on and on until it is over at last.",
        expected_when: "never",
        remedy: "none",
        unit: "enrollments",
        requirements: needs,
        selects: Selects::Custom(select),
        describe,
        causing_stall: None,
    }))
}

fn report(catalogue: &[&'static Check]) -> Report {
    let rules = Rules {
        username_field: "Email".to_owned(),
        equality: Equality::Exact,
        provisioning: true,
        list_view: None,
        scope: Scope::Courses((0..1_000).collect()),
        enrollment_mode: EnrollmentMode::Realtime,
        grace_hours: 24,
        tolerance_minutes: 1,
        zone: ZoneRule::Auto,
        date_order: None,
        max_unreadable_rows: Tolerance::default(),
        accepted: Vec::new(),
    };
    let mut data = Dataset::default();
    data.origins.caveats =
        (0..40).map(|i| format!("Remark {i} on the file <b>users</b>.csv, {}", "long ".repeat(50))).collect();
    let relations = relations::relate(&mut data, &rules).expect("no dates");
    let stalls = crate::stalls::Stalls::default();
    Report::new(Reconciliation { data, relations, rules, questions: Vec::new(), stalls }, catalogue)
}

fn crowded() -> Report {
    let catalogue: Vec<&Check> = (0..12)
        .map(|i| {
            let id: &'static str = Box::leak(format!("a-check-with-a-long-name-{i:02}").into_boxed_str());
            let needs: &'static [Requirement] =
                if i >= 10 { &[Requirement::SfdcIds, Requirement::UsersReport] } else { &[] };
            check(id, if i % 4 == 3 { Owner::DoceboAdmin } else { Owner::DoceboSupport }, select, needs)
        })
        .collect();
    report(&catalogue)
}

fn files(bytes: Vec<u8>) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).expect("an entry");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("UTF-8");
            (file.name().expect("UTF-8").into_owned(), text)
        })
        .collect()
}

#[test]
fn a_ticket_fits_a_form_and_holds_nothing_active() {
    let report = crowded();
    let ticket = ticket::text(&report).expect("a ticket");
    for text in [&ticket.markdown, &ticket.plain] {
        assert!(text.chars().count() <= ticket::MAX_CHARACTERS);
        assert!(text.contains("What we ask") || text.contains("WHAT WE ASK"), "it is whole");
        let subject = text.lines().next().expect("a line").trim_start_matches("# ");
        assert!(subject.chars().count() <= ticket::MAX_SUBJECT, "{subject}");
        assert!(subject.ends_with("(40, oldest 2025-10-20)"), "{subject}");
        assert!(text.contains("[withheld]") && !text.contains("ada.lovelace"));
        assert!(!text.chars().any(|c| c != '\n' && crate::outputs::sanitize::is_active(c)));
    }
    let (_, from_pack) =
        files(zip(&report).expect("a pack")).into_iter().find(|(name, _)| name.ends_with("ticket.txt")).expect("it");
    let alone =
        |text: &str| text.lines().filter(|line| !line.starts_with("Attachment: ")).collect::<Vec<_>>().join("\n");
    assert_eq!(alone(&from_pack), alone(&ticket.plain), "from the pack or alone, it is the same");
}

#[test]
fn without_findings_the_ticket_says_so() {
    let clean = ticket::text(&report(&[check("clean", Owner::DoceboSupport, quiet, &[])])).expect("a ticket");
    assert!(clean.plain.contains("The checks found nothing that Docebo's support would have to act on."));
    let unseen = ticket::text(&report(&[check("unseen", Owner::DoceboSupport, select, &[Requirement::SfdcIds])]))
        .expect("a ticket");
    assert!(unseen.plain.contains("1 check of theirs could not be evaluated, so this is no clean bill."));
}

#[test]
fn the_pack_withholds_persons_and_names_no_line() {
    let files = files(zip(&crowded()).expect("a pack"));
    for (name, text) in &files {
        assert!(name.starts_with("docebo-evidence_docebo_a-check-with-a-long-name-00_"));
        assert!(!text.contains("ada.lovelace") && !text.contains("4711"), "{name}");
    }
    let of = |path: &str| &files.iter().find(|(name, _)| name.ends_with(path)).expect("the file").1;
    assert_eq!(of("findings/findings.csv").lines().count(), 1 + 40);
    assert_eq!(of("examples/examples.csv").lines().count(), 1 + 25);
    assert!(of("findings/findings.csv").contains(",\"'=cmd|") || of("findings/findings.csv").contains(",'=cmd|"));
    assert!(of("bag-info.txt").contains("Payload-Oxum: "));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(zip(&crowded()).expect("a pack"), zip(&crowded()).expect("a pack"));
}
