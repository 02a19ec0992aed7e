//! `sfdc-id-foreign`: a learner whose sfdc_id is the id of another object.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-foreign",
    title: "Learners whose sfdc_id is neither a contact nor a user",
    severity: Severity::Low,
    owner: Owner::DoceboAdmin,
    why: "The Salesforce id belongs to another object, such as a lead. The package links learners to contacts and users only; enrollments of this learner do not reach a contact.",
    expected_when: "your integration links leads or custom objects on purpose",
    remedy: "if the person is a contact by now, write the contact's id into sfdc_id",
    unit: "learners",
    requirements: &[Requirement::SfdcIds],
    selects: Selects::Link(&[Link::Foreign]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("sfdc_id") };
    let learner = *learner as usize;
    FindingDetail {
        field: "sfdc_id".into(),
        expected: Text::public("an id that starts with 003 or 005"),
        found: evidence::sfdc_id(reconciliation, learner),
        since: None,
        evidence: evidence::learner(reconciliation, learner),
        related: reconciliation
            .relations
            .contact(&reconciliation.data, learner)
            .map(|contact| evidence::contact(reconciliation, contact))
            .into_iter()
            .collect(),
    }
}
