//! `learner-without-contact`: a learner who has neither sfdc_id nor a contact to go with.

use crate::books::{Books, Subject};
use crate::check::{Check, KEYS, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "learner-without-contact",
    title: "Learners who have no contact in Salesforce",
    severity: Severity::Notice,
    owner: Owner::DoceboAdmin,
    why: "Neither a Salesforce id nor a contact with this username as key exists. Nothing of this learner is written to Salesforce.",
    innocent_when: "the person is not meant to be in Salesforce: staff, test accounts, partners with single sign-on",
    remedy: "nothing, unless the person should be a contact; then make the contact and run the contacts sync",
    examines: "learners",
    needs: &[Need::Unquestioned(KEYS), Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::Unlinked])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("sfdc_id") };
    let learner = *learner as usize;
    Telling {
        field: "sfdc_id".into(),
        expected: Text::public("a contact with this username"),
        found: Text::public("none"),
        since: None,
        evidence: evidence::learner(books, learner),
        more: Vec::new(),
    }
}
