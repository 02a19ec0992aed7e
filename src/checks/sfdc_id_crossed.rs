//! `sfdc-id-crossed`: a learner whose sfdc_id is one contact while the username is the key of another.

use crate::books::{Books, Subject};
use crate::check::{Check, KEYS, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-crossed",
    title: "Learners whose sfdc_id and username name two contacts",
    severity: Severity::High,
    owner: Owner::DoceboAdmin,
    why: "The Salesforce id of the learner is one contact, the username is the key of another. Enrollments are written to the first; the next contacts sync will overwrite the id with the second.",
    innocent_when: "two contacts are the same person and are about to be merged",
    remedy: "find out which contact is the person; correct sfdc_id in Docebo or the key field in Salesforce, and merge duplicates",
    examines: "learners",
    needs: &[Need::Unquestioned(KEYS), Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::Crossed])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("sfdc_id") };
    let learner = *learner as usize;
    Telling {
        field: "sfdc_id".into(),
        expected: Text::public("the contact whose key is the username"),
        found: evidence::sfdc_id(books, learner),
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
