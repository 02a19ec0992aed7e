//! `enrollment-absent`: an enrollment that is due in Salesforce but missing.

use crate::checks::check::{Check, Owner, Requirement, Severity, TIMING_QUESTIONS};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{course, course_enrollment};
use crate::model::object::SfObject;
use crate::model::zone::Readings;
use crate::reconcile::relations::enrollment::EnrollmentMatch;

pub(super) static CHECK: Check = Check {
    id: "enrollment-absent",
    title: "Enrollments that Docebo did not write",
    severity: Severity::High,
    owner: Owner::DoceboSupport,
    why: "The learner can be written for, the course is synchronised, the enrollment is older than the cutoff, and Salesforce has no row. Enrollments of learners who have no DoceboUser row at all are told once, under docebo-user-absent.",
    expected_when: "enrollment replication is set to manual and nobody has run it since",
    remedy: "open a case with Docebo support with the evidence pack; ask for a backfill from the oldest missing enrollment on",
    unit: "enrollments",
    requirements: &[
        Requirement::Unquestioned(TIMING_QUESTIONS),
        Requirement::UnfilteredExport,
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
        Requirement::EnrollmentsReport,
        Requirement::CompleteObject(SfObject::Course),
        Requirement::CompleteObject(SfObject::DoceboUser),
        Requirement::CompleteObject(SfObject::CourseEnrollment),
        Requirement::Columns(SfObject::Course, course::SCOPE),
        Requirement::Columns(SfObject::CourseEnrollment, course_enrollment::JUDGED),
    ],
    selects: Selects::Enrollment(&[EnrollmentMatch::Absent, EnrollmentMatch::AbsentNoCourse]),
    describe,
    causing_stall: Some(consequence),
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Enrollment(at) = subject else { return FindingDetail::for_inputs("CourseEnrollment record") };
    let at = *at as usize;
    let no_course = reconciliation.relations.enrollment[at] == EnrollmentMatch::AbsentNoCourse;
    FindingDetail {
        field: "CourseEnrollment record".into(),
        expected: Text::public("a record"),
        found: Text::public(if no_course { "none, and the course is not in Salesforce either" } else { "none" }),
        since: reconciliation.relations.clocks.enrolled(&reconciliation.data, at).map(Readings::earliest),
        evidence: evidence::enrollment(reconciliation, at),
        related: vec![evidence::no_enrollment(reconciliation, at)],
    }
}

/// The stall in which an enrollment fell due. An enrollment without a course is not an event of it.
fn consequence(reconciliation: &Reconciliation, subject: &Subject) -> Option<usize> {
    let Subject::Enrollment(at) = subject else { return None };
    let at = *at as usize;
    if reconciliation.relations.enrollment[at] != EnrollmentMatch::Absent {
        return None;
    }
    let due = reconciliation.relations.clocks.enrolled(&reconciliation.data, at)?;
    reconciliation.stalls.covering_enrollment(due.latest(), false)
}
