//! A stall cannot be ruled out by a stream of which five or more events could not be judged.

use tieout::report::{Report, Verdict};

use super::{Inputs, result};
use crate::world::{DAY, EXPORTED_AT, World, at};

/// What `report.json` says of stalls.
fn stalls_of(report: &Report) -> serde_json::Value {
    serde_json::to_value(report.summary()).expect("plain values")["stalls"].clone()
}

/// Makes the enrollment dates of the first rows unreadable.
fn spoil(inputs: &Inputs, rows: usize) {
    let mut nth = 0;
    inputs.edit_cells("enrollments.csv", "Enrollment Date", |_| {
        nth += 1;
        (nth <= rows).then(|| "soon".to_owned())
    });
}

#[test]
fn five_unreadable_enrollments_could_hide_a_stall() {
    let mut world = World::in_sync(6, 60);
    world.enrollments.retain(|row| !row.archived);
    for (rows, judged) in [(0, true), (4, true), (5, false), (12, false)] {
        let inputs = Inputs::from_world(&world);
        spoil(&inputs, rows);
        let report = inputs.report();
        assert_eq!(report.stalls().judged, judged, "{rows}");
        assert_eq!(stalls_of(&report).is_null(), !judged, "{rows}: {}", stalls_of(&report));
        for id in ["outbound-stalled", "outbound-gap"] {
            assert_eq!(result(&report, id).outcome().is_clean(), rows == 0, "{id}, {rows}");
        }
    }
}

#[test]
fn a_stall_that_is_found_all_the_same_is_told() {
    let mut world = World::in_sync(6, 120);
    world.stall(at(EXPORTED_AT) - 90 * DAY, None, false);
    let inputs = Inputs::from_world(&world);
    spoil(&inputs, 12);
    let report = inputs.report();
    assert_eq!(report.verdict, Verdict::Stalled, "{}", report.sentence());
    assert!(report.stalls().judged && report.stalls().open().is_some());
    assert_eq!(stalls_of(&report).as_array().map(Vec::len), Some(report.stalls().found.len()));
    assert!(result(&report, "outbound-stalled").coverage.unjudged() >= 12);
}

/// No word of status is needed to see that a row is there.
#[test]
fn status_words_of_another_language_do_not_hide_a_gap() {
    let mut world = World::in_sync(6, 120);
    let from = at(EXPORTED_AT) - 150 * DAY;
    world.stall(from, Some(from + 40 * DAY), false);
    let english = Inputs::from_world(&world).report();
    let gaps = |report: &Report| -> Vec<_> {
        report.stalls().found.iter().map(|stall| (stall.stream, stall.from, stall.until.is_some())).collect()
    };
    assert!(!gaps(&english).is_empty());
    let inputs = Inputs::from_world(&world);
    inputs.edit_cells("enrollments.csv", "Course Enrollment Status", |word| Some(format!("{word} (auf Klingonisch)")));
    let foreign = inputs.report();
    assert_eq!(gaps(&foreign), gaps(&english));
    assert!(result(&foreign, "outbound-gap").findings > 0);
    let outdated = result(&foreign, "enrollment-outdated");
    assert!(outdated.coverage.unjudged() > 0 && !outdated.outcome().is_clean());
    assert_ne!(foreign.verdict, Verdict::InSync);
}
