//! `sfdc-id-dangling`: a learner whose sfdc_id is the id of a contact or user that does not exist.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::system::ID;
use crate::model::id::RecordId;
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-dangling",
    title: "Learners whose sfdc_id names a deleted record",
    severity: Severity::High,
    owner: Owner::SalesforceAdmin,
    why: "The Salesforce id is well formed, but no such contact or user exists: it was deleted or merged away, or the integration user cannot see it. Nothing can be written for this learner.",
    expected_when: "the snapshot was taken by somebody who cannot see every contact",
    remedy: "look for the record in the Recycle Bin or find the surviving contact of a merge (the finding names it where Salesforce still remembers), and correct sfdc_id in Docebo",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(&[Question::OtherOrganization]),
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
    ],
    selects: Selects::Link(&[Link::Dangling]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("sfdc_id") };
    let learner = *learner as usize;
    let deleted = reconciliation
        .relations
        .sfdc(&reconciliation.data, learner)
        .id
        .and_then(|id| reconciliation.data.resolve_merge(id));
    let survives = |id: &RecordId| reconciliation.data.contacts.find(*id).is_some();
    FindingDetail {
        field: "sfdc_id".into(),
        expected: match deleted.and_then(|deleted| deleted.into).filter(survives) {
            Some(survivor) => Text::public(survivor.to_string()),
            None => Text::public("a contact or user that exists"),
        },
        found: evidence::sfdc_id(reconciliation, learner),
        since: deleted.and_then(|deleted| deleted.at),
        evidence: evidence::learner(reconciliation, learner),
        related: reconciliation
            .relations
            .sfdc(&reconciliation.data, learner)
            .id
            .map(|id| {
                evidence::not_returned(
                    if id.is_user() { SfObject::User } else { SfObject::Contact },
                    format!("{ID} = '{id}'"),
                )
            })
            .into_iter()
            .chain(deleted.map(evidence::deleted_contact))
            .collect(),
    }
}
