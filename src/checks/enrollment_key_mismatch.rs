//! `enrollment-key-mismatch`: an enrollment row whose key, parents or number are wrong.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, Values, select_rows};
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::course_enrollment;
use crate::model::object::SfObject;
use crate::reconcile::relations::enrollment::EnrollmentMatch;

/// The values that it selects.
const SELECTED: &[EnrollmentMatch] = &[EnrollmentMatch::Repeated, EnrollmentMatch::Unresolved];

pub(super) static CHECK: Check = Check {
    id: "enrollment-key-mismatch",
    title: "Enrollment rows with a wrong key, a second row, or no parents",
    severity: Severity::Medium,
    owner: Owner::DoceboSupport,
    why: "A CourseEnrollment row is named EnrolmentId__c = learner id and course id. Here the name differs from the course and learner that the row hangs on, or a second row exists for the same learner and course, or a parent is not there.",
    expected_when: "the snapshot does not hold every DoceboUser or Course row because they were not saved at the same time",
    remedy: "save the objects again in one go; if it stays, send the record ids to Docebo support",
    unit: "enrollment rows",
    requirements: &[
        Requirement::CompleteObject(SfObject::Course),
        Requirement::CompleteObject(SfObject::DoceboUser),
        Requirement::AnyRows(SfObject::CourseEnrollment),
        Requirement::Columns(SfObject::CourseEnrollment, &[course_enrollment::KEY.name]),
    ],
    selects: Selects::WithOthers(Values::Rows(SELECTED), select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let odd = |at: usize| reconciliation.data.enrollments.key_mismatch(at).is_some();
    select_rows(reconciliation, SELECTED, odd)
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Row(at) = subject else { return FindingDetail::for_inputs(course_enrollment::KEY.local_name) };
    let at = *at as usize;
    let (expected, found) = match reconciliation.relations.row_value(at) {
        EnrollmentMatch::Unresolved => {
            (Text::public("a DoceboUser and a Course record as parents"), Text::public("one is not there"))
        }
        EnrollmentMatch::Repeated => {
            (Text::public("one row for this learner and course"), Text::public("a further row"))
        }
        _ => (
            Text::public(evidence::parents_key(reconciliation, at)),
            Text::personal(reconciliation.data.enrollments.key_mismatch(at).unwrap_or("").to_owned()),
        ),
    };
    FindingDetail {
        field: course_enrollment::KEY.local_name.into(),
        expected,
        found,
        since: None,
        evidence: evidence::enrollment_row(reconciliation, at),
        related: Vec::new(),
    }
}
