//! `sfdc-id-foreign`: a learner whose sfdc_id is the id of another object.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-foreign",
    title: "Learners whose sfdc_id is neither a contact nor a user",
    severity: Severity::Low,
    owner: Owner::DoceboAdmin,
    why: "The Salesforce id belongs to another object, such as a lead. The package links learners to contacts and users only; enrollments of this learner do not reach a contact.",
    innocent_when: "your integration links leads or custom objects on purpose",
    remedy: "if the person is a contact by now, write the contact's id into sfdc_id",
    examines: "learners",
    needs: &[Need::SfdcIds],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::Foreign])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("sfdc_id") };
    let learner = *learner as usize;
    Telling {
        field: "sfdc_id".into(),
        expected: Text::public("an id that starts with 003 or 005"),
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
