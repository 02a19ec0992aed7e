//! The verdict of the run: one word, one sentence and some remarks, from a few facts.
//!
//! *In sync* is a proof and not a default: it requires every record of `link` and `enrollment` judged (or accepted as
//! unreadable), every extract complete, no open question, and at least one enrollment compared or accepted as not due.
//!
//! Must not know: formats, files.

use crate::checks::check::{Outcome, Severity};
use crate::checks::coverage::{Coverage, Judgment};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::judge_enrollment;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::question::Questioned;
use crate::reconcile::relations::enrollment::EnrollmentMatch;
use crate::reconcile::relations::link::{Link, SfdcIdKind};
use crate::report::{CheckResult, Verdict};

/// The facts that decide the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerdictFacts {
    /// Whether a stall is open.
    pub stall_open: bool,
    /// Whether a question is neither answered nor accepted.
    pub questioned: bool,
    /// Whether an extract that records are looked up in is known to be incomplete, or is unreadable.
    pub incomplete: bool,
    /// Whether `link` and `enrollment` could be judged at all.
    pub judged: bool,
    /// Whether some record of `link` or `enrollment` could not be judged and is not accepted as unreadable.
    pub unjudged: bool,
    /// Whether there is a finding of severity medium or above.
    pub found: bool,
}

/// The decision table.
#[must_use]
pub const fn verdict(facts: VerdictFacts) -> Verdict {
    if facts.stall_open {
        Verdict::Stalled
    } else if facts.questioned || facts.incomplete || !facts.judged || facts.unjudged {
        Verdict::NotEvaluated
    } else if facts.found {
        Verdict::Attention
    } else {
        Verdict::InSync
    }
}

/// The facts that decide this run's verdict.
pub(super) fn facts(reconciliation: &Reconciliation, results: &[CheckResult]) -> VerdictFacts {
    let relations = &reconciliation.relations;
    VerdictFacts {
        stall_open: reconciliation.stalls.open().is_some(),
        questioned: is_questioned(&reconciliation.questions),
        // In an incomplete extract only some records are judged, which is not enough.
        incomplete: [SfObject::Contact, SfObject::DoceboUser, SfObject::Course, SfObject::CourseEnrollment]
            .into_iter()
            .any(|object| reconciliation.data.origins.extract(object).completeness.is_incomplete()),
        judged: relations.link_judged && relations.enrollment_judged,
        unjudged: unjudged(reconciliation) > 0,
        found: results.iter().any(|r| r.outcome() == Outcome::Found && r.check.severity <= Severity::Medium),
    }
}

/// Whether a question is neither answered nor accepted.
#[must_use]
pub fn is_questioned(questions: &[Questioned]) -> bool {
    questions.iter().any(|asked| !asked.accepted)
}

/// Number of `link` and `enrollment` records, on either side, that could not be judged and are not accepted as
/// unreadable.
fn unjudged(reconciliation: &Reconciliation) -> u64 {
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    let accepted = relations.unread.accepted;
    let mut coverage = Coverage::all(0);
    for learner in (0..data.learners.len()).filter(|&at| relations.link[at] == Link::Unknown) {
        let unread = relations.sfdc(data, learner).kind == SfdcIdKind::Unread;
        coverage.add(if unread { Judgment::Unread } else { Judgment::Unknown }, accepted);
    }
    let unknown = [EnrollmentMatch::Unknown, EnrollmentMatch::UnknownLink, EnrollmentMatch::UnknownStatus];
    for (at, &value) in relations.enrollment.iter().enumerate() {
        if unknown.contains(&value) {
            coverage.add(judge_enrollment(reconciliation, at, &[], &unknown), accepted);
        } else if value == EnrollmentMatch::Matched && !relations.clocks.compares(data, at) {
            coverage.add_unknown(1);
        }
    }
    for row in data.enrollments.unmatched().filter(|&row| relations.row_value(row) == EnrollmentMatch::Unknown) {
        let unread = relations.row_rests_on_unread(data, row);
        coverage.add(if unread { Judgment::Unread } else { Judgment::Unknown }, accepted);
    }
    coverage.add_unread(relations.unread.rows(), accepted);
    coverage.unjudged()
}

/// Reasons for the verdict, in sentences without personal values: the questions, the unreadable rows, how much was
/// compared, and any other class that more than half of the enrollments belong to.
pub(super) fn remarks(reconciliation: &Reconciliation, verdict: Verdict) -> Vec<String> {
    let mut remarks = Vec::new();
    for asked in &reconciliation.questions {
        let word = asked.question.label();
        remarks.push(if asked.accepted {
            format!("Accepted (--accept {word}): {}", asked.sentence)
        } else {
            format!("Questioned ({word}): {} If this is correct, rerun with --accept {word}.", asked.sentence)
        });
    }
    let (unread, tolerance) = (&reconciliation.relations.unread, reconciliation.rules.max_unreadable_rows);
    let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    if !unread.is_empty() {
        remarks.push(if unread.accepted {
            format!("{} of the export could not be read and {} accepted (docebo.max_unreadable_rows = {tolerance}).", rows(unread.rows()), if unread.rows() == 1 { "is" } else { "are" })
        } else {
            format!(
                "{} of the export could not be read; what depends on them is not judged. ledger/excluded-rows.csv lists them; to \
                 accept them, set docebo.max_unreadable_rows.",
                rows(unread.rows())
            )
        });
    }
    let values = &reconciliation.relations.totals.enrollments.docebo.values;
    let total = values.sum();
    if reconciliation.relations.enrollment_judged && total > 0 && verdict != Verdict::Stalled {
        let compared = values.get(EnrollmentMatch::Matched) + values.get(EnrollmentMatch::Outdated);
        let share =
            |part: u64| format!("{part} of {total} current enrollments of the export ({}%)", part * 100 / total);
        if verdict == Verdict::InSync || compared * 2 < total {
            remarks.push(format!("{} were compared with their Salesforce record.", share(compared)));
        }
        for (value, what) in [
            (EnrollmentMatch::OutOfScope, "are in courses that are not synchronized"),
            (EnrollmentMatch::Pending, "are newer than the cutoff and not yet expected in Salesforce"),
            (EnrollmentMatch::NotAddressable, "belong to learners without a usable Salesforce id"),
        ] {
            if values.get(value) * 2 > total {
                remarks.push(format!("{} {what}.", share(values.get(value))));
            }
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::{VerdictFacts, verdict};
    use crate::report::Verdict;

    #[test]
    fn verdict_table() {
        let good = VerdictFacts {
            stall_open: false,
            questioned: false,
            incomplete: false,
            judged: true,
            unjudged: false,
            found: false,
        };
        for (facts, value) in [
            (good, Verdict::InSync),
            (VerdictFacts { found: true, ..good }, Verdict::Attention),
            (VerdictFacts { unjudged: true, ..good }, Verdict::NotEvaluated),
            (VerdictFacts { unjudged: true, found: true, ..good }, Verdict::NotEvaluated),
            (VerdictFacts { judged: false, ..good }, Verdict::NotEvaluated),
            (VerdictFacts { incomplete: true, found: true, ..good }, Verdict::NotEvaluated),
            (VerdictFacts { questioned: true, found: true, ..good }, Verdict::NotEvaluated),
            (
                VerdictFacts { stall_open: true, questioned: true, unjudged: true, found: true, ..good },
                Verdict::Stalled,
            ),
        ] {
            assert_eq!(verdict(facts), value, "{facts:?}");
        }
    }
}
