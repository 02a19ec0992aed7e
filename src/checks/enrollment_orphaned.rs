//! `enrollment-orphaned`: an enrollment row that Docebo knows nothing of.

use crate::books::{Books, Subject};
use crate::check::{Check, JUDGED_ENROLLMENTS, Owner, Selection, Severity, select_rows};
use crate::evidence::{self, Telling, Text};
use crate::relations::enrollment::Enrollment;

pub(super) static CHECK: Check = Check {
    id: "enrollment-orphaned",
    title: "Enrollments in Salesforce that Docebo does not have",
    severity: Severity::Low,
    owner: Owner::DoceboSupport,
    why: "Salesforce holds an enrollment of an exported learner in a course that is not deleted, not marked as unenrolled, and Docebo's report has no such enrollment. An unenrollment was not written.",
    innocent_when: "the report was filtered, or a row of it was rejected (see ledger/excluded-rows.csv)",
    remedy: "export the enrollments again without filters; if the rows stay, ask Docebo support why the unenrollment was not written",
    examines: "enrollment rows",
    needs: JUDGED_ENROLLMENTS,
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_rows(books, |at| books.relations.row_value(at) == Enrollment::Orphaned)
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Row(at) = subject else { return Telling::of_inputs("Docebo enrollment") };
    let at = *at as usize;
    Telling {
        field: "Docebo enrollment".into(),
        expected: Text::public(format!("an enrollment {} in the export", evidence::parents_key(books, at))),
        found: Text::public("none"),
        since: books.data.enrollments.modified(at),
        evidence: evidence::enrollment_row(books, at),
        more: Vec::new(),
    }
}
