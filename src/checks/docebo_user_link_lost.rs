//! `docebo-user-link-lost`: a DoceboUser record whose lookups are both empty.

use crate::books::{Books, Subject};
use crate::check::{Check, Judged, Need, Owner, Selection, Severity, select_learners};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::row;
use crate::model::provenance::SfObject;
use crate::relations::outbound::Outbound;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-link-lost",
    title: "DoceboUser records that point to nobody",
    severity: Severity::Medium,
    owner: Owner::SalesforceAdmin,
    why: "The row is there, but neither Contact__c nor User__c is filled. Salesforce empties a lookup when its contact or user is deleted, so the enrollments beneath the row have lost their person.",
    innocent_when: "the learner is a lead or a custom object, which the package stores only in Who__c",
    remedy: "look whether the contact was deleted or merged (Recycle Bin, or the surviving contact), set the right Salesforce id in Docebo, and let the sync write the row",
    examines: "learners",
    needs: &[Need::Rows(SfObject::DoceboUser)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    // Two empty lookups need no other input; a row that is not there has none.
    select_learners(books, |learner| Judged::known(books.relations.outbound[learner] == Outbound::LinkLost))
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("Contact__c, User__c") };
    let learner = *learner as usize;
    Telling {
        field: "Contact__c, User__c".into(),
        expected: evidence::sfdc_id(books, learner),
        found: Text::public("both empty"),
        since: None,
        evidence: evidence::learner(books, learner),
        more: row(books.relations.docebo_user[learner])
            .map(|at| evidence::docebo_user(books, at))
            .into_iter()
            .collect(),
    }
}
