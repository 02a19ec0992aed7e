//! `enrollment-orphaned`: an enrollment row that is unknown to Docebo.

use crate::checks::check::{Check, Owner, Requirement, Severity, TIMING_QUESTIONS};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{course, course_enrollment};
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::reconcile::relations::enrollment::EnrollmentMatch;

/// A filtered export omits the enrollments of excluded courses and learners.
const ORPHANED: &[Requirement] = &[
    Requirement::Unquestioned(TIMING_QUESTIONS),
    Requirement::Unquestioned(&[Question::ExportFiltered]),
    Requirement::EnrollmentsReport,
    Requirement::AnyRows(SfObject::Course),
    Requirement::AnyRows(SfObject::CourseEnrollment),
    Requirement::Columns(SfObject::Course, course::SCOPE),
    Requirement::Columns(SfObject::CourseEnrollment, course_enrollment::JUDGED),
];

pub(super) static CHECK: Check = Check {
    id: "enrollment-orphaned",
    title: "Enrollments in Salesforce that Docebo does not have",
    severity: Severity::Low,
    owner: Owner::DoceboSupport,
    why: "Salesforce holds an enrollment of an exported learner in a course that is not deleted, not marked as unenrolled, and Docebo's report has no such enrollment. An unenrollment was not written.",
    expected_when: "the report was filtered, or a row of it was rejected (see ledger/excluded-rows.csv)",
    remedy: "export the enrollments again without filters; if the rows stay, ask Docebo support why the unenrollment was not written",
    unit: "enrollment rows",
    requirements: ORPHANED,
    selects: Selects::Rows {
        values: &[EnrollmentMatch::Orphaned],
        // Rows without readable ids may be the counterparts of as many of these.
        unread: |unread| unread.enrollments.without_pair,
    },
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Row(at) = subject else { return FindingDetail::for_inputs("Docebo enrollment") };
    let at = *at as usize;
    FindingDetail {
        field: "Docebo enrollment".into(),
        expected: Text::public(format!("an enrollment {} in the export", evidence::parents_key(reconciliation, at))),
        found: evidence::not_found(
            "none",
            reconciliation.relations.unread.enrollments.without_pair,
            ["a row of the export whose ids could not be read", "rows of the export whose ids could not be read"],
        ),
        since: reconciliation.data.enrollments.modified(at),
        evidence: evidence::enrollment_row(reconciliation, at),
        related: Vec::new(),
    }
}
