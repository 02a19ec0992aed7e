//! `username-drifted`: a learner whose contact no longer carries the username as its key.

use crate::books::{Books, Subject};
use crate::check::{Check, KEYS, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "username-drifted",
    title: "Learners whose contact has another key by now",
    severity: Severity::Medium,
    owner: Owner::SalesforceAdmin,
    why: "The Salesforce id is right and the outbound sync works, but no contact's key is the username any more: the mapped field was changed in Salesforce, or the username in Docebo. The next contacts sync will not find this learner and may make a second one.",
    innocent_when: "usernames are not mapped to this field on purpose",
    remedy: "bring the mapped field and the username together again before the next contacts sync",
    examines: "learners",
    needs: &[Need::Unquestioned(KEYS), Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::Drifted])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("username") };
    let learner = *learner as usize;
    Telling {
        field: "username".into(),
        expected: Text::personal(
            books
                .relations
                .contact(&books.data, learner)
                .map_or_else(String::new, |contact| books.data.contacts.key(contact).to_owned()),
        ),
        found: Text::personal(books.data.username(learner).to_owned()),
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
