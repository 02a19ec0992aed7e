//! `username-near-miss`: a learner without sfdc_id whose username is near a contact's key.

use crate::checks::check::{Check, KEY_QUESTIONS, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::reconcile::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "username-near-miss",
    title: "Learners whose username nearly matches a contact",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "The username and the contact's key differ only in case, in spaces around them, or in the form of characters. Docebo compares exactly, so the two do not find each other, and with provisioning on a second learner is made.",
    expected_when: "never: the two were meant to be equal",
    remedy: "correct the username in Docebo or the field in Salesforce so that both are the same text",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(KEY_QUESTIONS),
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
    ],
    selects: Selects::Link(&[Link::NearMiss]),
    describe,
    causing_stall: None,
};

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs("username") };
    let learner = *learner as usize;
    FindingDetail {
        field: "username".into(),
        expected: Text::public("exactly the contact's key"),
        found: Text::public(reconciliation.relations.contact(&reconciliation.data, learner).map_or(
            "near",
            |contact| {
                crate::model::key::difference(
                    reconciliation.data.username(learner),
                    reconciliation.data.contacts.key(contact),
                )
            },
        )),
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
