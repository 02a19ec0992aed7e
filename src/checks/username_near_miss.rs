//! `username-near-miss`: a learner without sfdc_id whose username nearly is a contact's key.

use crate::books::{Books, Subject};
use crate::check::{Check, KEYS, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "username-near-miss",
    title: "Learners whose username nearly matches a contact",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "The username and the contact's key differ only in case, in spaces around them, or in the form of characters. Docebo compares exactly, so the two do not find each other, and with provisioning on a second learner is made.",
    innocent_when: "never: the two were meant to be equal",
    remedy: "correct the username in Docebo or the field in Salesforce so that both are the same text",
    examines: "learners",
    needs: &[Need::Unquestioned(KEYS), Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::NearMiss])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("username") };
    let learner = *learner as usize;
    Telling {
        field: "username".into(),
        expected: Text::public("exactly the contact's key"),
        found: Text::public(books.relations.contact(&books.data, learner).map_or("near", |contact| {
            crate::model::key::difference(books.data.username(learner), books.data.contacts.key(contact))
        })),
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
