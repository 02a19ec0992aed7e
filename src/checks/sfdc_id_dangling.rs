//! `sfdc-id-dangling`: a learner whose sfdc_id is the id of a contact or user that is not there.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::model::id::SfId;
use crate::model::provenance::SfObject;
use crate::model::question::Question;
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-dangling",
    title: "Learners whose sfdc_id names a deleted record",
    severity: Severity::High,
    owner: Owner::SalesforceAdmin,
    why: "The Salesforce id is well formed, but no such contact or user exists: it was deleted or merged away, or the integration user cannot see it. Nothing can be written for this learner.",
    innocent_when: "the snapshot was taken by somebody who cannot see every contact",
    remedy: "look for the record in the Recycle Bin or find the surviving contact of a merge (the finding names it where Salesforce still remembers), and correct sfdc_id in Docebo",
    examines: "learners",
    needs: &[Need::Unquestioned(&[Question::OtherOrganization]), Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::Dangling])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("sfdc_id") };
    let learner = *learner as usize;
    let fate = books.relations.sfdc(&books.data, learner).id.and_then(|id| books.data.fate(id));
    let survives = |id: &SfId| books.data.contacts.find(*id).is_some();
    Telling {
        field: "sfdc_id".into(),
        expected: match fate.and_then(|fate| fate.into).filter(survives) {
            Some(survivor) => Text::public(survivor.to_string()),
            None => Text::public("a contact or user that exists"),
        },
        found: evidence::sfdc_id(books, learner),
        since: fate.and_then(|fate| fate.at),
        evidence: evidence::learner(books, learner),
        more: books
            .relations
            .sfdc(&books.data, learner)
            .id
            .map(|id| {
                evidence::not_returned(
                    if id.is_user() { SfObject::User } else { SfObject::Contact },
                    format!("Id = '{id}'"),
                )
            })
            .into_iter()
            .chain(fate.map(evidence::gone))
            .collect(),
    }
}
