//! `sfdc-id-blank`: a learner without sfdc_id whose username is the key of exactly one contact.

use crate::checks::check::{Check, KEY_QUESTIONS, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-blank",
    title: "Learners without sfdc_id though one contact matches",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "One contact carries this username as its key, yet the learner has no Salesforce id, so nothing of this learner is written to Salesforce. The contacts sync should have filled the id: it did not run, or the contact is not in its list view.",
    expected_when: "the contact was made after the last contacts sync",
    remedy: "run the contacts sync; if the contact is outside the list view, add it. The forecast in the contacts ledger says what the next sync will do",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(KEY_QUESTIONS),
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
    ],
    selects: Selects::Link(&[Link::KeyOnly]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("sfdc_id") };
    let learner = *learner as usize;
    FindingDetail {
        field: "sfdc_id".into(),
        expected: Text::id(
            reconciliation
                .relations
                .contact(&reconciliation.data, learner)
                .map(|contact| reconciliation.data.contacts.id(contact)),
        ),
        found: Text::public("blank"),
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
