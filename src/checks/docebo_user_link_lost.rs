//! `docebo-user-link-lost`: a DoceboUser record whose lookups are both empty.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, Values, select_learners};
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::docebo_user;
use crate::model::object::SfObject;
use crate::model::row::row;
use crate::reconcile::relations::outbound::Outbound;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-link-lost",
    title: "DoceboUser records that point to nobody",
    severity: Severity::Medium,
    owner: Owner::SalesforceAdmin,
    why: "The row is there, but neither Contact__c nor User__c is filled. Salesforce empties a lookup when its contact or user is deleted, so the enrollments beneath the row have lost their person.",
    expected_when: "the learner is a lead or a custom object, which the package stores only in Who__c",
    remedy: "look whether the contact was deleted or merged (Recycle Bin, or the surviving contact), set the right Salesforce id in Docebo, and let the sync write the row",
    unit: "learners",
    requirements: &[Requirement::AnyRows(SfObject::DoceboUser)],
    selects: Selects::Judged(Values::Outbound(&[Outbound::LinkLost]), select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    // Two empty lookups need no other input; a missing row has none.
    select_learners(reconciliation, |learner| {
        Judgment::known(reconciliation.relations.outbound[learner] == Outbound::LinkLost)
    })
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs(docebo_user::CONTACT_AND_USER) };
    let learner = *learner as usize;
    FindingDetail {
        field: docebo_user::CONTACT_AND_USER.into(),
        expected: evidence::sfdc_id(reconciliation, learner),
        found: Text::public("both empty"),
        since: None,
        evidence: evidence::learner(reconciliation, learner),
        related: row(reconciliation.relations.docebo_user[learner])
            .map(|at| evidence::docebo_user(reconciliation, at))
            .into_iter()
            .collect(),
    }
}
