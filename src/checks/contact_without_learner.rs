//! `contact-without-learner`: a contact without a learner in Docebo.

use crate::checks::check::{Check, KEY_QUESTIONS, Owner, Requirement, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, Values, select_contacts};
use crate::checks::subject::Subject;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::model::row::row;
use crate::reconcile::relations::forecast::Forecast;
use crate::reconcile::relations::link::SfdcIdKind;

/// The values that it selects.
const SELECTED: &[Forecast] = &[Forecast::Create, Forecast::CreateDuplicate, Forecast::None];

pub(super) static CHECK: Check = Check {
    id: "contact-without-learner",
    title: "Contacts for whom Docebo has no learner",
    severity: Severity::Notice,
    owner: Owner::DoceboAdmin,
    why: "No learner has this contact's key as username. With provisioning the next contacts sync makes one; where a learner with this Salesforce id or nearly this username exists, that will be a second account for one person. Without provisioning nothing happens.",
    expected_when: "the contact was made after the last contacts sync, or is not meant to learn",
    remedy: "look at create-duplicate in the contacts ledger before the next contacts sync; the rest needs no action",
    unit: "contacts",
    requirements: &[
        Requirement::Unquestioned(KEY_QUESTIONS),
        Requirement::Unquestioned(&[Question::ExportFiltered]),
        Requirement::UsersReport,
        Requirement::SfdcIds,
        Requirement::AnyRows(SfObject::Contact),
    ],
    selects: Selects::Judged(Values::Forecast(SELECTED), select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let (relations, unread) = (&reconciliation.relations, &reconciliation.relations.unread);
    let all_known =
        unread.users_reported && reconciliation.data.origins.extract(SfObject::Contact).completeness.is_complete();
    let is_unknown = |contact: &usize| relations.forecast[*contact] == Forecast::Unknown;
    let nobody_read = |contact: usize| {
        learner_with_key(reconciliation, contact).is_none()
            && !unread.has_username(reconciliation.data.contacts.key(contact))
    };
    // Any of these may be a learner with an unreadable username, but no more than there are such learners: of a greater
    // number, some have none.
    let candidates =
        (0..reconciliation.data.contacts.len()).filter(is_unknown).filter(|&contact| nobody_read(contact)).count();
    let some_have_none = candidates as u64 > unread.unnamed_learners;
    select_contacts(reconciliation, |contact| match relations.forecast[contact] {
        Forecast::Unknown if !all_known => Judgment::Unknown,
        Forecast::Unknown => match learner_with_key(reconciliation, contact) {
            Some(learner) if relations.sfdc(&reconciliation.data, learner).kind != SfdcIdKind::Unread => {
                Judgment::Unknown
            }
            None if some_have_none && nobody_read(contact) => Judgment::Fires,
            _ => Judgment::Unread,
        },
        forecast => Judgment::known(SELECTED.contains(&forecast)),
    })
}

/// The learner whose username is the contact's key, among readable ones.
fn learner_with_key(reconciliation: &Reconciliation, contact: usize) -> Option<usize> {
    let canonical = |text| reconciliation.rules.equality.canonical(text);
    let has_key = |learner: &usize| {
        canonical(reconciliation.data.username(*learner)) == canonical(reconciliation.data.contacts.key(contact))
    };
    row(reconciliation.relations.contact_learner[contact]).filter(has_key)
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Contact(contact) = subject else { return FindingDetail::for_inputs("learner") };
    let contact = *contact as usize;
    FindingDetail {
        field: "learner".into(),
        expected: Text::public("a learner with this username"),
        found: evidence::not_found(
            &format!("none; the next contacts sync: {}", reconciliation.relations.forecast[contact].label()),
            reconciliation.relations.unread.unnamed_learners,
            ["a learner whose username could not be read", "learners whose usernames could not be read"],
        ),
        since: None,
        evidence: evidence::contact(reconciliation, contact),
        related: row(reconciliation.relations.contact_learner[contact])
            .map(|learner| evidence::learner(reconciliation, learner))
            .into_iter()
            .collect(),
    }
}
