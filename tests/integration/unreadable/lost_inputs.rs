//! Inputs that are removed, emptied, cut short or split: what they held is unknown, never absent.

use super::{Inputs, Labels, Lines, assert_not_green, assert_outcomes, config, disturbed, turned};
use crate::world::World;
use proptest::prelude::*;
use tieout::checks::check::Severity;
use tieout::exit::Exit;
use tieout::report::{Report, Verdict};

const LIST_VIEW: &str = "snapshot/list_view_contacts.csv";
const CONTACT: &str = "snapshot/Contact.csv";
const USER: &str = "snapshot/User.csv";
const DOCEBO_USERS: &str = "snapshot/docebo_v3__DoceboUser__c.csv";
const COURSES: &str = "snapshot/docebo_v3__Course__c.csv";
const ROWS: &str = "snapshot/docebo_v3__CourseEnrollment__c.csv";
const OBJECTS: [&str; 5] = [CONTACT, USER, DOCEBO_USERS, COURSES, ROWS];
const REPORTS: [&str; 2] = ["users.csv", "enrollments.csv"];

/// Without these, both sides can still be compared.
const OPTIONAL: [&str; 2] = [USER, LIST_VIEW];

fn headings_alone(inputs: &Inputs, name: &str) {
    inputs.edit_lines(name, |lines| lines.truncate(1));
}

fn blank_line(inputs: &Inputs, name: &str) {
    inputs.write(name, "\n");
}

fn no_bytes(inputs: &Inputs, name: &str) {
    inputs.write(name, "");
}

fn half(inputs: &Inputs, name: &str) {
    inputs.edit_lines(name, |lines| lines.truncate(lines.len() / 2 + 1));
}

fn without_last_row(inputs: &Inputs, name: &str) {
    inputs.edit_lines(name, |lines| lines.truncate(lines.len() - 1));
}

fn removed(inputs: &Inputs, name: &str) {
    std::fs::remove_file(inputs.path(name)).expect("a file");
}

fn split(inputs: &Inputs, name: &str) {
    let lines = inputs.lines(name);
    let (first, rest) = lines.split_at(lines.len() / 2 + 1);
    let second: Lines = lines[..1].iter().chain(rest).cloned().collect();
    inputs.put(name, &first.to_vec());
    inputs.put(&name.replace(".csv", "_2.csv"), &second);
}

fn saved_by_hand(world: &World) -> Inputs {
    let mut world = world.clone();
    world.save_by_hand();
    let inputs = Inputs::from_world(&world);
    // Files that are written anew are younger than the export.
    inputs.set("salesforce", "extracted_at = \"2026-11-20T06:10:00Z\"");
    inputs
}

/// What must hold of a run with an input less, beside the run with all.
fn assert_lost(before: &Report, after: &Report, name: &str, what: &str) {
    assert_outcomes(before, after, what);
    if !OPTIONAL.contains(&name) {
        assert_not_green(after, what);
    } else if before.verdict != Verdict::InSync && after.verdict == Verdict::InSync {
        // What nobody can see of users is said, and the run is no success.
        assert!(after.sentence().contains("not everything could be compared"), "{what}");
        assert_eq!(after.exit(Severity::Critical, false), Exit::NotEvaluated, "{what}");
    }
    let (then, now) = (Labels::from_report(before), Labels::from_report(after));
    assert_eq!(turned(&then.link, &now.link), [], "links: {what}");
    assert_eq!(turned(&then.docebo, &now.docebo), [], "Docebo enrollments: {what}");
    let mut contacts = turned(&then.contacts, &now.contacts);
    // A list view that is not known leaves nobody out.
    contacts.retain(|(_, before, _)| name != LIST_VIEW || *before != Some("outside-view"));
    assert_eq!(contacts, [], "contacts: {what}");
    if name != "enrollments.csv" || !what.contains("headings alone") {
        assert_eq!(turned(&then.salesforce, &now.salesforce), [], "Salesforce enrollments: {what}");
        let mut outbound = turned(&then.outbound, &now.outbound);
        // Without `sfdc_id`s, a row that is there counts as delivered; the check on whose it is then says nothing.
        outbound.retain(|(.., after)| name != "users.csv" || *after != "delivered");
        assert_eq!(outbound, [], "outbound: {what}");
    } else {
        // A report without rows is no unreadable one, but nothing is charged to anybody because of it.
        assert!(after.sentence().contains("nothing-due"), "{what}");
        assert!(after.results.iter().all(|result| {
            !matches!(result.check.id, "enrollment-orphaned" | "enrollment-absent" | "docebo-user-absent")
                || result.findings == 0 && !result.outcome().is_clean()
        }));
    }
}

type Loss = (&'static str, fn(&Inputs, &str));

proptest! {
    #![proptest_config(config(6))]

    #[test]
    fn an_input_less_is_never_green(seed in 0..1_000_000u64, learners in 25..60usize, faults in prop_oneof![Just(0), 1..10usize]) {
        let mut world = if faults == 0 { World::in_sync(seed, learners) } else { disturbed(seed, learners, faults) };
        world.rejects.clear();
        let run = |whole: &dyn Fn() -> Inputs, names: &[&str], losses: &[Loss], sealed: bool| {
            let before = whole().report();
            for name in names {
                for (loss, lose) in losses {
                    let inputs = whole();
                    if !inputs.path(name).exists() {
                        continue;
                    }
                    lose(&inputs, name);
                    if sealed {
                        // The manifest goes on to say how many rows there were.
                        inputs.seal(name.trim_start_matches("snapshot/"), None);
                    }
                    let what = format!("{name}, {loss}, seed {seed}, {learners} learners, {faults} faults");
                    // What cannot be done without ends the run.
                    if let Ok(after) = inputs.audit() {
                        assert_lost(&before, &after, name, &what);
                    }
                }
            }
        };
        let counted = || Inputs::from_world(&world);
        let by_hand = || saved_by_hand(&world);
        let objects: Vec<&str> = OBJECTS.into_iter().chain([LIST_VIEW]).collect();
        run(&counted, &objects, &[
            ("headings alone", headings_alone),
            ("a blank line", blank_line),
            ("no bytes", no_bytes),
            ("half of the rows", half),
            ("without the last row", without_last_row),
        ], true);
        run(&by_hand, &objects, &[("removed", removed), ("no bytes", no_bytes), ("split", split)], false);
        run(&counted, &REPORTS, &[("headings alone", headings_alone), ("a blank line", blank_line), ("no bytes", no_bytes)], false);
        run(&counted, &REPORTS, &[("not configured", |inputs, name| {
            let line = format!("{} = \"{name}\"\n", name.trim_end_matches(".csv"));
            inputs.configure(|text| text.replace(&line, ""));
        })], false);
    }
}

/// Without a count, a query without rows is one without rows: it is named, and the run is not in sync.
#[test]
fn an_emptied_object_that_nobody_counted_is_named() {
    let world = World::in_sync(4, 40);
    for name in OBJECTS {
        for lose in [headings_alone, blank_line] {
            let inputs = saved_by_hand(&world);
            lose(&inputs, name);
            let report = inputs.report();
            if !OPTIONAL.contains(&name) {
                assert_ne!(report.verdict, Verdict::InSync, "{name}");
            }
            let object = name.trim_start_matches("snapshot/").trim_end_matches(".csv");
            assert!(report.origins().caveats.iter().any(|caveat| caveat.contains(object)), "{name}");
            assert_eq!(report.totals().broken(), Vec::<String>::new());
        }
    }
}
