//! `enrollment-orphaned`: an enrollment row that Docebo knows nothing of.

use crate::books::{Books, Subject};
use crate::check::{Check, DUE, Need, Owner, Selection, Severity, select_rows};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::model::question::Question;
use crate::relations::enrollment::Enrollment;
use crate::relations::{NEEDED_OF_COURSE, NEEDED_OF_ENROLLMENT};

/// A filtered export has no enrollments of courses and learners that it leaves out.
const ORPHANED: &[Need] = &[
    Need::Unquestioned(DUE),
    Need::Unquestioned(&[Question::ExportFiltered]),
    Need::EnrollmentsReport,
    Need::Rows(SfObject::Course),
    Need::Rows(SfObject::CourseEnrollment),
    Need::Columns(SfObject::Course, NEEDED_OF_COURSE),
    Need::Columns(SfObject::CourseEnrollment, NEEDED_OF_ENROLLMENT),
];

pub(super) static CHECK: Check = Check {
    id: "enrollment-orphaned",
    title: "Enrollments in Salesforce that Docebo does not have",
    severity: Severity::Low,
    owner: Owner::DoceboSupport,
    why: "Salesforce holds an enrollment of an exported learner in a course that is not deleted, not marked as unenrolled, and Docebo's report has no such enrollment. An unenrollment was not written.",
    innocent_when: "the report was filtered, or a row of it was rejected (see ledger/excluded-rows.csv)",
    remedy: "export the enrollments again without filters; if the rows stay, ask Docebo support why the unenrollment was not written",
    examines: "enrollment rows",
    needs: ORPHANED,
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let mut selection = select_rows(books, &[Enrollment::Orphaned], |_| false);
    // Rows without readable ids may be the counterparts of as many of these.
    selection.add_unread(books, books.relations.unread.enrollments.without_pair);
    selection
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Row(at) = subject else { return Telling::of_inputs("Docebo enrollment") };
    let at = *at as usize;
    Telling {
        field: "Docebo enrollment".into(),
        expected: Text::public(format!("an enrollment {} in the export", evidence::parents_key(books, at))),
        found: evidence::not_found(
            "none",
            books.relations.unread.enrollments.without_pair,
            ["a row of the export whose ids could not be read", "rows of the export whose ids could not be read"],
        ),
        since: books.data.enrollments.modified(at),
        evidence: evidence::enrollment_row(books, at),
        more: Vec::new(),
    }
}
