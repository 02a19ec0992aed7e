//! `enrollment-absent`: an enrollment that is due in Salesforce and not there.

use crate::books::{Books, Subject};
use crate::check::{Check, DUE, Need, Owner, Selection, Severity, judge_enrollment, select_enrollments};
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
        Need::Unquestioned(DUE),
        Need::WholeExport,
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
    fallout: Some(fallout),
};

fn select(books: &Books) -> Selection {
    let unknown = [Enrollment::Unknown, Enrollment::UnknownLink];
    select_enrollments(books, |at| {
        judge_enrollment(books, at, &[Enrollment::Absent, Enrollment::AbsentNoCourse], &unknown)
    })
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Enrollment(at) = subject else { return Telling::of_inputs("CourseEnrollment record") };
    let at = *at as usize;
    let no_course = books.relations.enrollment[at] == Enrollment::AbsentNoCourse;
    Telling {
        field: "CourseEnrollment record".into(),
        expected: Text::public("a record"),
        found: Text::public(if no_course { "none, and the course is not in Salesforce either" } else { "none" }),
        since: books.relations.clocks.enrolled(&books.data, at).map(Readings::earliest),
        evidence: evidence::enrollment(books, at),
        more: vec![evidence::no_enrollment(books, at)],
    }
}

/// An enrollment that fell due in a stall. One whose course is not there is no event of it.
fn fallout(books: &Books, subject: &Subject) -> Option<usize> {
    let Subject::Enrollment(at) = subject else { return None };
    let at = *at as usize;
    if books.relations.enrollment[at] != Enrollment::Absent {
        return None;
    }
    let due = books.relations.clocks.enrolled(&books.data, at)?;
    books.stalls.behind_enrollment(due.latest(), false)
}
