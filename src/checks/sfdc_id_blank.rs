//! `sfdc-id-blank`: a learner without sfdc_id whose username is the key of exactly one contact.

use crate::books::{Books, Subject};
use crate::check::{Check, KEYS, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-blank",
    title: "Learners without sfdc_id though one contact matches",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "One contact carries this username as its key, yet the learner has no Salesforce id, so nothing of this learner is written to Salesforce. The contacts sync should have filled the id: it did not run, or the contact is not in its list view.",
    innocent_when: "the contact was made after the last contacts sync",
    remedy: "run the contacts sync; if the contact is outside the list view, add it. The forecast in the contacts ledger says what the next sync will do",
    examines: "learners",
    needs: &[Need::Unquestioned(KEYS), Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::KeyOnly])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("sfdc_id") };
    let learner = *learner as usize;
    Telling {
        field: "sfdc_id".into(),
        expected: Text::id(
            books.relations.contact(&books.data, learner).map(|contact| books.data.contacts.id(contact)),
        ),
        found: Text::public("blank"),
        since: None,
        evidence: evidence::learner(books, learner),
        more: books
            .relations
            .contact(&books.data, learner)
            .map(|contact| evidence::contact(books, contact))
            .into_iter()
            .collect(),
    }
}
