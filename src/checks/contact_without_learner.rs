//! `contact-without-learner`: a contact for whom Docebo has no learner yet.

use crate::books::{Books, Subject};
use crate::check::{Check, Judged, KEYS, Need, Owner, Selection, Severity, select_contacts};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::row;
use crate::model::provenance::SfObject;
use crate::model::question::Question;
use crate::model::word::Word as _;
use crate::relations::forecast::Forecast;
use crate::relations::link::SfdcId;

pub(super) static CHECK: Check = Check {
    id: "contact-without-learner",
    title: "Contacts for whom Docebo has no learner",
    severity: Severity::Notice,
    owner: Owner::DoceboAdmin,
    why: "No learner has this contact's key as username. With provisioning the next contacts sync makes one; where a learner with this Salesforce id or nearly this username exists, that will be a second account for one person. Without provisioning nothing happens.",
    innocent_when: "the contact was made after the last contacts sync, or is not meant to learn",
    remedy: "look at create-duplicate in the contacts ledger before the next contacts sync; the rest needs no action",
    examines: "contacts",
    needs: &[
        Need::Unquestioned(KEYS),
        Need::Unquestioned(&[Question::ExportFiltered]),
        Need::UsersReport,
        Need::SfdcIds,
        Need::Rows(SfObject::Contact),
    ],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let (relations, unread) = (&books.relations, &books.relations.unread);
    let all_known = unread.users_reported && books.data.origins.extract(SfObject::Contact).extent.is_complete();
    let is_unknown = |contact: &usize| relations.forecast[*contact] == Forecast::Unknown;
    let nobody_read = |contact: usize| {
        learner_with_key(books, contact).is_none() && !unread.has_username(books.data.contacts.key(contact))
    };
    // Any of these may be a learner whose username could not be read, but no more of them than there are such
    // learners: of a greater number, some have none.
    let candidates = (0..books.data.contacts.len()).filter(is_unknown).filter(|&contact| nobody_read(contact)).count();
    let some_have_none = candidates as u64 > unread.unnamed_learners;
    select_contacts(books, |contact| match relations.forecast[contact] {
        Forecast::Create | Forecast::CreateDuplicate | Forecast::None => Judged::Fires,
        Forecast::Unknown if !all_known => Judged::Unknown,
        Forecast::Unknown => match learner_with_key(books, contact) {
            Some(learner) if relations.sfdc(&books.data, learner).kind != SfdcId::Unread => Judged::Unknown,
            None if some_have_none && nobody_read(contact) => Judged::Fires,
            _ => Judged::Unread,
        },
        _ => Judged::Passes,
    })
}

/// The learner who has the contact's key as username, among those that could be read.
fn learner_with_key(books: &Books, contact: usize) -> Option<usize> {
    let canonical = |text| books.rules.equality.canonical(text);
    let has_key =
        |learner: &usize| canonical(books.data.username(*learner)) == canonical(books.data.contacts.key(contact));
    row(books.relations.contact_learner[contact]).filter(has_key)
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Contact(contact) = subject else { return Telling::of_inputs("learner") };
    let contact = *contact as usize;
    Telling {
        field: "learner".into(),
        expected: Text::public("a learner with this username"),
        found: evidence::not_found(
            &format!("none; the next contacts sync: {}", books.relations.forecast[contact].word()),
            books.relations.unread.unnamed_learners,
            ["a learner whose username could not be read", "learners whose usernames could not be read"],
        ),
        since: None,
        evidence: evidence::contact(books, contact),
        more: row(books.relations.contact_learner[contact])
            .map(|learner| evidence::learner(books, learner))
            .into_iter()
            .collect(),
    }
}
