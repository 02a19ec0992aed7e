//! `sfdc-id-crossed`: a learner whose sfdc_id is one contact while the username is the key of another.

use crate::checks::check::{Check, KEY_QUESTIONS, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-crossed",
    title: "Learners whose sfdc_id and username name two contacts",
    severity: Severity::High,
    owner: Owner::DoceboAdmin,
    why: "The Salesforce id of the learner is one contact, the username is the key of another. Enrollments are written to the first; the next contacts sync will overwrite the id with the second.",
    expected_when: "two contacts are the same person and are about to be merged",
    remedy: "find out which contact is the person; correct sfdc_id in Docebo or the key field in Salesforce, and merge duplicates",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(KEY_QUESTIONS),
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
    ],
    selects: Selects::Link(&[Link::Crossed]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("sfdc_id") };
    let learner = *learner as usize;
    FindingDetail {
        field: "sfdc_id".into(),
        expected: Text::public("the contact whose key is the username"),
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
