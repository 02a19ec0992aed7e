//! `enrollment-key-mismatch`: an enrollment row whose key, parents or number are not as they should be.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity, select_rows};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::enrollment::Enrollment;

pub(super) static CHECK: Check = Check {
    id: "enrollment-key-mismatch",
    title: "Enrollment rows with a wrong key, a second row, or no parents",
    severity: Severity::Medium,
    owner: Owner::DoceboSupport,
    why: "A CourseEnrollment row is named EnrolmentId__c = learner id and course id. Here the name differs from the course and learner that the row hangs on, or a second row exists for the same learner and course, or a parent is not there.",
    innocent_when: "the snapshot does not hold every DoceboUser or Course row because they were not saved at the same time",
    remedy: "save the objects again in one go; if it stays, send the record ids to Docebo support",
    examines: "enrollment rows",
    needs: &[
        Need::Whole(SfObject::Course),
        Need::Whole(SfObject::DoceboUser),
        Need::Rows(SfObject::CourseEnrollment),
        Need::Columns(SfObject::CourseEnrollment, &["docebo_v3__EnrolmentId__c"]),
    ],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let odd = |at: usize| books.data.enrollments.odd_key(at).is_some();
    select_rows(books, &[Enrollment::Repeated, Enrollment::Unresolved], odd)
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Row(at) = subject else { return Telling::of_inputs("EnrolmentId__c") };
    let at = *at as usize;
    let (expected, found) = match books.relations.row_value(at) {
        Enrollment::Unresolved => {
            (Text::public("a DoceboUser and a Course record as parents"), Text::public("one is not there"))
        }
        Enrollment::Repeated => (Text::public("one row for this learner and course"), Text::public("a further row")),
        _ => (
            Text::public(evidence::parents_key(books, at)),
            Text::personal(books.data.enrollments.odd_key(at).unwrap_or("").to_owned()),
        ),
    };
    Telling {
        field: "EnrolmentId__c".into(),
        expected,
        found,
        since: None,
        evidence: evidence::enrollment_row(books, at),
        more: Vec::new(),
    }
}
