//! `status-unknown`: an enrollment whose status word is in no table.

use crate::checks::check::{Check, ENROLLMENT_REQUIREMENTS, Owner, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, Values, judge_enrollment, select_enrollments};
use crate::checks::subject::Subject;
use crate::reconcile::relations::enrollment::EnrollmentMatch;

/// The values that it selects.
const SELECTED: &[EnrollmentMatch] = &[EnrollmentMatch::UnknownStatus];

pub(super) static CHECK: Check = Check {
    id: "status-unknown",
    title: "Enrollments with an unknown status word",
    severity: Severity::Low,
    owner: Owner::DoceboAdmin,
    why: "The export states a status that neither Docebo's pages nor its reports and APIs are known to use, so it cannot be compared. A report in another language does that.",
    expected_when: "never: until the word is known, nobody can say whether both sides agree",
    remedy: "add the word and its meaning under [docebo.statuses] in the configuration, or export the report in English",
    unit: "enrollments",
    requirements: ENROLLMENT_REQUIREMENTS,
    selects: Selects::Judged(Values::Enrollment(SELECTED), select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let is_known = |at: usize| {
        reconciliation
            .data
            .status_words
            .get(reconciliation.data.enrollments.status_word(at))
            .is_some_and(|word| word.status.is_some())
    };
    select_enrollments(reconciliation, |at| {
        // Whether there is a row to compare a known word with makes no difference.
        let unknown: &[EnrollmentMatch] =
            if is_known(at) { &[] } else { &[EnrollmentMatch::Unknown, EnrollmentMatch::UnknownLink] };
        match judge_enrollment(reconciliation, at, SELECTED, unknown) {
            Judgment::Unread if is_known(at) => Judgment::Passes,
            judged => judged,
        }
    })
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Enrollment(at) = subject else { return FindingDetail::for_inputs("status") };
    let at = *at as usize;
    let word = reconciliation
        .data
        .status_words
        .get(reconciliation.data.enrollments.status_word(at))
        .map_or("", |word| word.text.as_str());
    FindingDetail {
        field: "status".into(),
        expected: Text::public("a known status word"),
        found: evidence::status_word(word),
        since: None,
        evidence: evidence::enrollment(reconciliation, at),
        related: reconciliation
            .relations
            .matched_row(&reconciliation.data, at)
            .map(|row| evidence::enrollment_row(reconciliation, row))
            .into_iter()
            .collect(),
    }
}
