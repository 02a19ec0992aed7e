//! `username-blank`: a contact without a key.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, Values};
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::model::row::index;
use crate::reconcile::relations::forecast::Forecast;

pub(super) static CHECK: Check = Check {
    id: "username-blank",
    title: "Contacts with no value in the mapped field",
    severity: Severity::Low,
    owner: Owner::SalesforceAdmin,
    why: "The field that is mapped to the Docebo username is empty, so the contacts sync can neither find nor make a learner for this contact.",
    expected_when: "the contact is not meant to learn",
    remedy: "fill the field, or leave the contact out of the list view",
    unit: "contacts",
    requirements: &[Requirement::Unquestioned(&[Question::KeysDisagree]), Requirement::AnyRows(SfObject::Contact)],
    selects: Selects::Judged(Values::Forecast(&[Forecast::BlankKey]), select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    // A blank key can be judged without any learner.
    let fires = |contact: usize| reconciliation.relations.forecast[contact] == Forecast::BlankKey;
    let blank = (0..reconciliation.data.contacts.len()).filter(|&contact| fires(contact));
    let subjects = blank.map(|contact| Subject::Contact(index(contact))).collect();
    Selection::fully_judged(reconciliation.data.contacts.len() as u64, subjects)
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Contact(contact) = subject else { return FindingDetail::for_inputs("key") };
    FindingDetail {
        field: reconciliation.rules.username_field.clone().into(),
        expected: Text::public("a value"),
        found: Text::public("blank"),
        since: None,
        evidence: evidence::contact(reconciliation, *contact as usize),
        related: Vec::new(),
    }
}
