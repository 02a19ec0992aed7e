//! `enrollment-absent`: an enrollment that is due in Salesforce and not there.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity, select_enrollments};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::model::zone::Readings;
use crate::relations::enrollment::Enrollment;
use crate::relations::{NEEDED_OF_COURSE, NEEDED_OF_ENROLLMENT};

pub(super) static CHECK: Check = Check {
    id: "enrollment-absent",
    title: "Enrollments that Docebo did not write",
    severity: Severity::High,
    owner: Owner::DoceboSupport,
    why: "The learner can be written for, the course is synchronised, the enrollment is older than the cutoff, and Salesforce has no row. Enrollments of learners who have no DoceboUser row at all are told once, under docebo-user-absent.",
    innocent_when: "enrollment replication is set to manual and nobody has run it since",
    remedy: "open a case with Docebo support with the evidence pack; ask for a backfill from the oldest missing enrollment on",
    examines: "enrollments",
    needs: &[
        Need::SfdcIds,
        Need::Whole(SfObject::Contact),
        Need::EnrollmentsReport,
        Need::Whole(SfObject::Course),
        Need::Whole(SfObject::DoceboUser),
        Need::Whole(SfObject::CourseEnrollment),
        Need::Columns(SfObject::Course, NEEDED_OF_COURSE),
        Need::Columns(SfObject::CourseEnrollment, NEEDED_OF_ENROLLMENT),
    ],
    select,
    tell,
};

fn select(books: &Books) -> Selection {
    select_enrollments(books, |at| {
        matches!(books.relations.enrollment[at], Enrollment::Absent | Enrollment::AbsentNoCourse)
    })
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Enrollment(at) = subject else { return Telling::of_inputs("CourseEnrollment record") };
    let at = *at as usize;
    let learner = books.data.enrollments.learner[at] as usize;
    let course = books.data.enrollments.course[at] as usize;
    let key = format!("{}_{}", books.data.learners.id[learner], books.data.courses.id[course]);
    let no_course = books.relations.enrollment[at] == Enrollment::AbsentNoCourse;
    Telling {
        field: "CourseEnrollment record".into(),
        expected: Text::public("a record"),
        found: Text::public(if no_course { "none, and the course is not in Salesforce either" } else { "none" }),
        since: books.relations.clocks.enrolled(&books.data, at).map(Readings::earliest),
        evidence: evidence::enrollment(books, at),
        more: vec![evidence::not_returned(SfObject::CourseEnrollment, format!("docebo_v3__EnrolmentId__c = '{key}'"))],
    }
}
