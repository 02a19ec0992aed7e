//! Situations that people met, made by the generator of worlds.

use std::collections::BTreeMap;

use tieout::checks::check::Outcome;
use tieout::report::{Report, Verdict};

use super::{Inputs, Labels, result};
use crate::counts;
use crate::world::dialect::Dialect;
use crate::world::{DAY, EXPORTED_AT, HOUR, MINUTE, World, at};

fn outbound(report: &Report, learner: u64) -> String {
    Labels::from_report(report).outbound[&learner.to_string()].clone()
}

/// The id of a contact that was merged into another; the record of Docebo names the other.
#[test]
fn a_merged_contact_is_delivered() {
    let mut world = World::in_sync(6, 60);
    world.save_by_hand();
    let who = world.settled_learners()[0].clone();
    let learner = world.learner(&who).clone();
    world.contacts.retain(|contact| contact.id != learner.sfdc_id);
    let survivor = world.add_contact(&learner.username, &learner.given, &learner.family);
    for row in world.docebo_users.iter_mut().filter(|row| row.learner == learner.id) {
        row.contact.clone_from(&survivor);
    }
    let inputs = Inputs::from_world(&world);
    let deleted = format!(
        "Id,IsDeleted,MasterRecordId,SystemModstamp\n{},true,{survivor},2026-10-01T08:00:00.000Z\n",
        learner.sfdc_id
    );
    inputs.write("snapshot/deleted_contacts.csv", deleted);
    inputs.set("salesforce", "extracted_at = \"2026-11-20T06:10:00Z\"");
    let report = inputs.report();
    assert_eq!(outbound(&report, learner.id), "delivered");
    // The next contacts sync gives the learner another id, which the forecast tells.
    assert_eq!(counts(&report), BTreeMap::from([("sfdc-id-dangling", 1)]));
}

/// Each contact may be that of a learner whose username could not be read, so that none has a forecast. Of more contacts than
/// such learners some have none, which is found and stays found once the rows are accepted.
#[test]
fn contacts_beside_usernames_that_could_not_be_read() {
    let world = |contacts: usize| {
        let mut world = World::in_sync(6, 60);
        world.list_view = None;
        (0..contacts).for_each(|n| drop(world.add_contact(&format!("new-{n}@example.com"), "New", "Person")));
        world
    };
    let report = |contacts: usize, unnamed: usize, accept: bool| {
        let inputs = Inputs::from_world(&world(contacts));
        inputs.edit_lines("users.csv", |lines| {
            for row in 1..=unnamed {
                let surplus = [lines[row].clone(), vec![b"one too many".to_vec()]].concat();
                lines.push(surplus);
            }
        });
        if accept {
            inputs.set("docebo", &format!("max_unreadable_rows = {unnamed}"));
        }
        inputs.report()
    };
    for (contacts, unnamed, found) in [(5, 0, 5), (5, 2, 5), (2, 2, 0), (1, 2, 0), (0, 2, 0)] {
        for accept in [false, true] {
            let report = report(contacts, unnamed, accept);
            let result = result(&report, "contact-without-learner");
            let what = format!("{contacts} contacts, {unnamed} rows, accepted {accept}");
            assert_eq!(result.findings, found, "{what}");
            assert_eq!(result.outcome().is_clean(), found == 0 && accept, "{what}");
            let unknown = Labels::from_report(&report).contacts.values().filter(|label| *label == "unknown").count();
            assert_eq!(unknown, if unnamed > 0 { contacts } else { 0 }, "{what}");
            for finding in report.findings_of(result) {
                let sentence =
                    "; up to 2 findings of this check may be explained by learners whose usernames could not be read";
                assert_eq!(finding.detail.found.raw().ends_with(sentence), unnamed == 2, "{what}");
            }
        }
    }
}

#[test]
fn ids_of_fifteen_characters_are_delivered() {
    let mut world = World::in_sync(6, 60);
    let who = world.settled_learners();
    let mut ids = Vec::new();
    for learner in world.learners.iter_mut().filter(|learner| who[..5].contains(&learner.username)) {
        learner.sfdc_id.truncate(15);
        ids.push(learner.id);
    }
    let report = Inputs::from_world(&world).report();
    assert!(ids.iter().all(|&learner| outbound(&report, learner) == "delivered"));
    assert_eq!(counts(&report), BTreeMap::from([("sfdc-id-malformed", 5)]));
}

#[test]
fn rows_of_a_course_that_is_no_longer_synchronized_are_out_of_scope() {
    let mut world = World::in_sync(6, 60);
    let who = world.settled_learners();
    for learner in &who[..5] {
        world.outdate_status(learner);
    }
    let outdated = Labels::from_report(&Inputs::from_world(&world).report());
    let outdated = outdated.docebo.into_iter().filter(|(_, label)| label == "outdated").map(|(pair, _)| pair);
    let outdated: Vec<String> = outdated.collect();
    assert_eq!(outdated.len(), 5);
    let of_them = |course: u64| outdated.iter().any(|pair| pair.ends_with(&format!("_{course}")));
    world.course_rows.iter_mut().filter(|row| of_them(row.course)).for_each(|row| row.effective = false);
    let report = Inputs::from_world(&world).report();
    let labels = Labels::from_report(&report);
    assert!(outdated.iter().all(|pair| labels.docebo[pair] == "out-of-scope"));
    assert_eq!(counts(&report), BTreeMap::new());
}

/// What happened between export and extract is not yet in the export.
#[test]
fn an_export_three_days_older_than_the_extract() {
    let mut world = World::in_sync(6, 60);
    let exported_at = at(EXPORTED_AT);
    world.manifest.as_mut().expect("a manifest").server_time = exported_at + 3 * DAY;
    let who = world.settled_learners();
    let mut later = Vec::new();
    for learner in &who[..8] {
        let id = world.learner(learner).id;
        let course = world.settled_courses(id)[0];
        let row = world.course_enrollments.iter_mut().find(|row| row.enrolment_id == format!("{id}_{course}"));
        let row = row.expect("a row");
        row.stamp.modified_at = exported_at + DAY;
        row.status = "Completed".to_owned();
        row.completed_at = Some(exported_at + DAY - MINUTE);
        later.push(row.enrolment_id.clone());
    }
    let report = Inputs::from_world(&world).report();
    let labels = Labels::from_report(&report);
    assert!(later.iter().all(|pair| labels.docebo[pair] == "pending"), "{labels:?}");
    assert_eq!(counts(&report), BTreeMap::new());
    let caveats = &report.origins().caveats;
    assert!(caveats.iter().any(|caveat| caveat.contains("72 hours") || caveat.contains("3 days")), "{caveats:?}");
}

const TWO_FILES: Dialect = Dialect {
    delimiter: b',',
    encoding: crate::world::dialect::Encoding::Utf8,
    dates: crate::world::dialect::Dates::IsoSpace,
    zero_dates: false,
    zone: "Europe/Berlin",
    zone_declared: false,
    workbooks: crate::world::dialect::Workbooks::Neither,
    numbers: crate::world::dialect::Numbers::PointZero,
    id_length: 18,
    headings: crate::world::dialect::Headings::Report,
    parts: 2,
};

#[test]
fn two_reports_in_two_zones() {
    let world = World::in_sync(6, 80);
    let inputs = Inputs::new(&world, &TWO_FILES);
    let other = Inputs::new(&world, &Dialect { zone: "America/New_York", ..TWO_FILES });
    inputs.write("enrollments-2.csv", other.read("enrollments-2.csv"));
    let report = inputs.report();
    assert_eq!(counts(&report), BTreeMap::new());
    assert_eq!(report.verdict, Verdict::InSync, "{}", report.sentence());
    assert_eq!(report.run.zones.len(), 2);
    assert_ne!(report.run.zones[0].name, report.run.zones[1].name);
}

#[test]
fn dates_of_a_file_that_fit_no_zone_are_not_compared() {
    let mut world = World::in_sync(6, 80);
    world.enrollments.retain(|row| !row.archived);
    let inputs = Inputs::new(&world, &TWO_FILES);
    let mut hours = 0;
    super::shift_enrollments(&inputs, "enrollments-2.csv", |_| {
        hours += 1;
        Some(-(hours % 13) * HOUR - hours % 47 * MINUTE)
    });
    let report = inputs.report();
    let zones = &report.run.zones;
    assert!(zones[0].compared && !zones[1].compared, "{zones:?}");
    assert!(report.run.questions.is_empty(), "{}", report.sentence());
    // No difference is named, and none is ruled out.
    assert_eq!(counts(&report), BTreeMap::new());
    let outdated = result(&report, "enrollment-outdated");
    assert!(outdated.outcome() == Outcome::NotEvaluated && outdated.coverage.unjudged() > 20);
    assert_eq!(report.verdict, Verdict::NotEvaluated);
}
