//! `learner-without-contact`: a learner with neither sfdc_id nor matching contact.

use crate::checks::check::{Check, KEY_QUESTIONS, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "learner-without-contact",
    title: "Learners who have no contact in Salesforce",
    severity: Severity::Notice,
    owner: Owner::DoceboAdmin,
    why: "Neither a Salesforce id nor a contact with this username as key exists. Nothing of this learner is written to Salesforce.",
    expected_when: "the person is not meant to be in Salesforce: staff, test accounts, partners with single sign-on",
    remedy: "nothing, unless the person should be a contact; then make the contact and run the contacts sync",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(KEY_QUESTIONS),
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
    ],
    selects: Selects::Link(&[Link::Unlinked]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("sfdc_id") };
    let learner = *learner as usize;
    FindingDetail {
        field: "sfdc_id".into(),
        expected: Text::public("a contact with this username"),
        found: Text::public("none"),
        since: None,
        evidence: evidence::learner(reconciliation, learner),
        related: Vec::new(),
    }
}
