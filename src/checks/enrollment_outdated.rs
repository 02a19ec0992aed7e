//! `enrollment-outdated`: an enrollment whose Salesforce row differs from Docebo.

use crate::checks::check::{Check, ENROLLMENT_REQUIREMENTS, Owner, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, Values, judge_enrollment, select_enrollments};
use crate::checks::subject::Subject;
use crate::model::input::ExportKind;
use crate::model::label::Label as _;
use crate::model::zone::Readings;
use crate::reconcile::relations::enrollment::Difference;
use crate::reconcile::relations::enrollment::EnrollmentMatch;

/// The values that it selects.
const SELECTED: &[EnrollmentMatch] = &[EnrollmentMatch::Outdated];

pub(super) static CHECK: Check = Check {
    id: "enrollment-outdated",
    title: "Enrollments that Salesforce has in an older state",
    severity: Severity::Medium,
    owner: Owner::DoceboSupport,
    why: "The row is there, but status, enrollment date or completion date differ from Docebo, or the row is marked as unenrolled. An update was lost, or the outbound job stopped between the two states.",
    expected_when: "somebody edited the row in Salesforce (see record-edited-by-others)",
    remedy: "ask Docebo support to resynchronise these enrollments; if very many stopped on one day, tell them that day",
    unit: "enrollments",
    requirements: ENROLLMENT_REQUIREMENTS,
    selects: Selects::Judged(Values::Enrollment(SELECTED), select),
    describe,
    causing_stall: Some(consequence),
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    let mut selection = select_enrollments(reconciliation, |at| match relations.enrollment[at] {
        // Its status agrees; whether its dates do is unknown.
        EnrollmentMatch::Matched if !relations.clocks.compares(data, at) => Judgment::Unknown,
        _ => judge_enrollment(
            reconciliation,
            at,
            SELECTED,
            &[EnrollmentMatch::Unknown, EnrollmentMatch::UnknownLink, EnrollmentMatch::UnknownStatus],
        ),
    });
    let files = data.origins.exports.iter().filter(|file| file.kind == ExportKind::Enrollments);
    let without = files.filter(|file| !file.has_completion_dates);
    selection.missing.extend(without.map(|file| format!("Completion Date (no such column in {})", file.name)));
    selection
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Enrollment(at) = subject else { return FindingDetail::for_inputs("enrollment") };
    let at = *at as usize;
    let Some(counterpart) = reconciliation.relations.matched_row(&reconciliation.data, at) else {
        return FindingDetail::for_inputs("enrollment");
    };
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    let row = data.enrollments.row(counterpart);
    let stated =
        |readings: Option<Readings>| readings.map_or_else(|| "none".to_owned(), |readings| readings.to_string());
    let written = |instant: Option<crate::model::instant::Instant>| {
        instant.map_or_else(|| "none".to_owned(), |at| at.to_string())
    };
    let mut expected = Vec::new();
    let mut found = Vec::new();
    for difference in relations.differs(at).iter() {
        let (docebo, salesforce) = match difference {
            Difference::Status => {
                let word = data.status_words.get(data.enrollments.status_word(at)).and_then(|word| word.status);
                (
                    word.map_or("unknown", |status| status.label()).to_owned(),
                    row.status.map_or("unknown", |status| status.label()).to_owned(),
                )
            }
            Difference::EnrollmentDate => (stated(relations.clocks.enrolled(data, at)), written(row.enrolled)),
            Difference::CompletionDate => (stated(relations.clocks.completed(data, at)), written(row.completed)),
            Difference::Unenrolled => ("enrolled".to_owned(), written(row.unenrolled)),
        };
        expected.push(format!("{difference} {docebo}"));
        found.push(format!("{difference} {salesforce}"));
    }
    FindingDetail {
        field: relations.differs(at).to_string().into(),
        expected: Text::public(expected.join("; ")),
        found: Text::public(found.join("; ")),
        since: newest(reconciliation, at).map(Readings::earliest),
        evidence: evidence::enrollment(reconciliation, at),
        related: vec![evidence::enrollment_row(reconciliation, counterpart)],
    }
}

/// The stall in which an enrollment last changed.
fn consequence(reconciliation: &Reconciliation, subject: &Subject) -> Option<usize> {
    let Subject::Enrollment(at) = subject else { return None };
    newest(reconciliation, *at as usize).and_then(|news| reconciliation.stalls.covering_update(news.latest()))
}

/// The last event in Docebo: the latest that the row can miss.
fn newest(reconciliation: &Reconciliation, at: usize) -> Option<Readings> {
    let (data, clocks) = (&reconciliation.data, &reconciliation.relations.clocks);
    [clocks.enrolled(data, at), clocks.completed(data, at), clocks.accessed(data, at)]
        .into_iter()
        .flatten()
        .max_by_key(|readings| readings.earliest())
}
