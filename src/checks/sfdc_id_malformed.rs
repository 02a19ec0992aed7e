//! `sfdc-id-malformed`: a learner whose sfdc_id is not an 18-character Salesforce id.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity, select_links};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::link::Link;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-malformed",
    title: "Learners whose sfdc_id is not a usable id",
    severity: Severity::High,
    owner: Owner::DoceboAdmin,
    why: "Docebo can use the 18-character form of an id only. A 15-character id, or one whose upper and lower case was changed (a spreadsheet does that), is not found, so nothing is written for this learner.",
    innocent_when: "never: such an id cannot work",
    remedy: "write the 18-character id into the field; the learners ledger gives the repaired id in contact_id where the checksum or the extract allows it",
    examines: "learners",
    needs: &[Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_links(books, &[Link::Malformed])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("sfdc_id") };
    let learner = *learner as usize;
    Telling {
        field: "sfdc_id".into(),
        expected: match books.relations.sfdc(&books.data, learner).id {
            Some(id) => Text::public(id.to_string()),
            None => Text::public("an 18-character id"),
        },
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
