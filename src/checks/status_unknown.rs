//! `status-unknown`: an enrollment whose status word no table knows.

use crate::books::{Books, Subject};
use crate::check::{
    Check, JUDGED_ENROLLMENTS, Judged, Owner, Selection, Severity, judge_enrollment, select_enrollments,
};
use crate::evidence::{self, Telling, Text};
use crate::relations::enrollment::Enrollment;

pub(super) static CHECK: Check = Check {
    id: "status-unknown",
    title: "Enrollments with an unknown status word",
    severity: Severity::Low,
    owner: Owner::DoceboAdmin,
    why: "The export states a status that neither Docebo's pages nor its reports and APIs are known to use, so it cannot be compared. A report in another language does that.",
    innocent_when: "never: until the word is known, nobody can say whether both sides agree",
    remedy: "add the word and its meaning under [docebo.statuses] in the configuration, or export the report in English",
    examines: "enrollments",
    needs: JUDGED_ENROLLMENTS,
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let is_known = |at: usize| {
        books.data.status_words.get(books.data.enrollments.word(at)).is_some_and(|word| word.status.is_some())
    };
    select_enrollments(books, |at| {
        // Whether there is a row that a known word is compared with makes no difference.
        let unknown: &[Enrollment] = if is_known(at) { &[] } else { &[Enrollment::Unknown, Enrollment::UnknownLink] };
        match judge_enrollment(books, at, &[Enrollment::UnknownStatus], unknown) {
            Judged::Unread if is_known(at) => Judged::Passes,
            judged => judged,
        }
    })
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Enrollment(at) = subject else { return Telling::of_inputs("status") };
    let at = *at as usize;
    let word = books.data.status_words.get(books.data.enrollments.word(at)).map_or("", |word| word.text.as_str());
    Telling {
        field: "status".into(),
        expected: Text::public("a known status word"),
        found: evidence::status_word(word),
        since: None,
        evidence: evidence::enrollment(books, at),
        more: books
            .relations
            .counterpart(&books.data, at)
            .map(|row| evidence::enrollment_row(books, row))
            .into_iter()
            .collect(),
    }
}
