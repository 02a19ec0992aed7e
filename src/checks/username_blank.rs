//! `username-blank`: a contact without a key.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::index;
use crate::model::provenance::SfObject;
use crate::model::question::Question;
use crate::relations::forecast::Forecast;

pub(super) static CHECK: Check = Check {
    id: "username-blank",
    title: "Contacts with no value in the mapped field",
    severity: Severity::Low,
    owner: Owner::SalesforceAdmin,
    why: "The field that is mapped to the Docebo username is empty, so the contacts sync can neither find nor make a learner for this contact.",
    innocent_when: "the contact is not meant to learn",
    remedy: "fill the field, or leave the contact out of the list view",
    examines: "contacts",
    needs: &[Need::Unquestioned(&[Question::KeysDisagree]), Need::Rows(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    // A blank key needs no learner to be known.
    let fires = |contact: usize| books.relations.forecast[contact] == Forecast::BlankKey;
    let blank = (0..books.data.contacts.len()).filter(|&contact| fires(contact));
    let subjects = blank.map(|contact| Subject::Contact(index(contact))).collect();
    Selection::of_all(books.data.contacts.len() as u64, subjects)
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Contact(contact) = subject else { return Telling::of_inputs("key") };
    Telling {
        field: books.rules.username_field.clone().into(),
        expected: Text::public("a value"),
        found: Text::public("blank"),
        since: None,
        evidence: evidence::contact(books, *contact as usize),
        more: Vec::new(),
    }
}
