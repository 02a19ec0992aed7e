//! `username-drifted`: a learner whose username is no longer the contact's key.

use crate::checks::check::{Check, KEY_QUESTIONS, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "username-drifted",
    title: "Learners whose contact has another key by now",
    severity: Severity::Medium,
    owner: Owner::SalesforceAdmin,
    why: "The Salesforce id is right and the outbound sync works, but no contact's key is the username any more: the mapped field was changed in Salesforce, or the username in Docebo. The next contacts sync will not find this learner and may make a second one.",
    expected_when: "usernames are not mapped to this field on purpose",
    remedy: "bring the mapped field and the username together again before the next contacts sync",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(KEY_QUESTIONS),
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
    ],
    selects: Selects::Link(&[Link::Drifted]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("username") };
    let learner = *learner as usize;
    FindingDetail {
        field: "username".into(),
        expected: Text::personal(
            reconciliation
                .relations
                .contact(&reconciliation.data, learner)
                .map_or_else(String::new, |contact| reconciliation.data.contacts.key(contact).to_owned()),
        ),
        found: Text::personal(reconciliation.data.username(learner).to_owned()),
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
