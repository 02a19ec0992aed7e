//! `sfdc-id-malformed`: a learner whose sfdc_id is not an 18-character Salesforce id.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-malformed",
    title: "Learners whose sfdc_id is not a usable id",
    severity: Severity::High,
    owner: Owner::DoceboAdmin,
    why: "Docebo can use the 18-character form of an id only. A 15-character id, or one whose upper and lower case was changed (a spreadsheet does that), is not found, so nothing is written for this learner.",
    expected_when: "never: such an id cannot work",
    remedy: "write the 18-character id into the field; the learners ledger gives the repaired id in contact_id where the checksum or the extract allows it",
    unit: "learners",
    requirements: &[Requirement::SfdcIds, Requirement::CompleteObject(SfObject::Contact)],
    selects: Selects::Link(&[Link::Malformed]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("sfdc_id") };
    let learner = *learner as usize;
    FindingDetail {
        field: "sfdc_id".into(),
        expected: match reconciliation.relations.sfdc(&reconciliation.data, learner).id {
            Some(id) => Text::public(id.to_string()),
            None => Text::public("an 18-character id"),
        },
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
