//! `username-shared`: two or more contacts with one key.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, shared};
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::model::row::NONE;

pub(super) static CHECK: Check = Check {
    id: "username-shared",
    title: "Keys that several contacts share",
    severity: Severity::Medium,
    owner: Owner::SalesforceAdmin,
    why: "Several contacts carry the same value in the field that is mapped to the Docebo username. The contacts sync cannot tell them apart: whichever comes last wins the learner.",
    expected_when: "a shared mailbox is used on purpose and none of these contacts is in the list view",
    remedy: "merge the duplicates or give each contact a key of its own",
    unit: "contacts",
    requirements: &[Requirement::Unquestioned(&[Question::KeysDisagree]), Requirement::AnyRows(SfObject::Contact)],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let groups = reconciliation.relations.key_group.iter().map(|(contact, group)| (group, contact));
    let subjects = shared(groups).into_iter().map(Subject::Contacts).collect();
    Selection::fully_judged(reconciliation.data.contacts.len() as u64, subjects)
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Contacts(contacts) = subject else { return FindingDetail::for_inputs("key") };
    let mut rows = contacts.iter().map(|&contact| evidence::contact(reconciliation, contact as usize));
    FindingDetail {
        field: reconciliation.rules.username_field.clone().into(),
        expected: Text::public("a value of its own for each contact"),
        found: Text::public(format!("{} contacts with one value", contacts.len())),
        since: None,
        evidence: rows.next().unwrap_or_else(evidence::inputs),
        related: rows.chain(ambiguous_learners(reconciliation, contacts)).collect(),
    }
}

/// Learners without `sfdc_id` whose username is this key: which contact is theirs is unknown.
fn ambiguous_learners<'a>(
    reconciliation: &'a Reconciliation,
    contacts: &[u32],
) -> impl Iterator<Item = crate::checks::evidence::Evidence> + 'a {
    let ambiguous = &reconciliation.relations.ambiguous;
    let group =
        contacts.first().and_then(|&contact| reconciliation.relations.key_group.get(contact as usize)).unwrap_or(NONE);
    let first = ambiguous.partition_point(|&(of, _)| of < group);
    let same = ambiguous[first..].iter().take_while(move |&&(of, _)| of == group);
    same.map(|&(_, learner)| evidence::learner(reconciliation, learner as usize))
}
