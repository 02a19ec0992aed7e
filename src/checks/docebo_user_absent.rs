//! `docebo-user-absent`: a learner whom Docebo should have written to Salesforce but did not.

use crate::checks::check::{Check, Owner, Requirement, Severity, TIMING_QUESTIONS};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::course;
use crate::model::object::SfObject;
use crate::model::zone::Readings;
use crate::reconcile::relations::outbound::Outbound;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-absent",
    title: "Learners with a due enrollment and no DoceboUser record",
    severity: Severity::High,
    owner: Owner::DoceboSupport,
    why: "Docebo knows the learner's Salesforce id and holds an enrollment that is due, but Salesforce has no DoceboUser row. Without it none of the learner's enrollments can be written. This is what a frozen outbound job looks like: it does not fail, and its log stays clean.",
    expected_when: "the learner has no enrollment in scope (then the row is not due), or everything due is newer than the cutoff; neither is reported",
    remedy: "open a case with Docebo support and attach the evidence pack; ask for the state of the outbound job since the first missing record, a restart, and a backfill. Nothing has to be changed in Salesforce",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(TIMING_QUESTIONS),
        Requirement::UnfilteredExport,
        Requirement::SfdcIds,
        Requirement::EnrollmentsReport,
        Requirement::CompleteObject(SfObject::Contact),
        Requirement::CompleteObject(SfObject::DoceboUser),
        Requirement::CompleteObject(SfObject::Course),
        Requirement::Columns(SfObject::Course, course::SCOPE),
    ],
    selects: Selects::Outbound {
        values: &[Outbound::Missing],
        // An unreadable enrollment of an unknown learner may be due for a learner of whom nothing else is.
        unread: |unread| unread.enrollments.without_learner,
    },
    describe,
    causing_stall: Some(consequence),
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("DoceboUser record") };
    let learner = *learner as usize;
    FindingDetail {
        field: "DoceboUser record".into(),
        expected: Text::public(format!("a record; {} due", reconciliation.relations.due.get(learner))),
        found: Text::public("none"),
        since: evidence::oldest_due(reconciliation, learner)
            .and_then(|at| reconciliation.relations.clocks.enrolled(&reconciliation.data, at))
            .map(Readings::earliest),
        evidence: evidence::learner(reconciliation, learner),
        related: evidence::oldest_due(reconciliation, learner)
            .map(|at| evidence::enrollment(reconciliation, at))
            .into_iter()
            .chain([evidence::no_docebo_user(reconciliation, learner)])
            .collect(),
    }
}

/// The stall in which a learner's oldest enrollment fell due.
fn consequence(reconciliation: &Reconciliation, subject: &Subject) -> Option<usize> {
    let Subject::Learner(learner) = subject else { return None };
    let at = evidence::oldest_due(reconciliation, *learner as usize)?;
    let due = reconciliation.relations.clocks.enrolled(&reconciliation.data, at)?;
    reconciliation.stalls.covering_enrollment(due.latest(), true)
}
