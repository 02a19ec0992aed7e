//! `docebo-user-misattached`: a DoceboUser record that names somebody else than the learner's sfdc_id.

use crate::books::{Books, Subject};
use crate::check::{Check, Judged, Need, Owner, Selection, Severity, select_learners};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::row;
use crate::model::provenance::SfObject;
use crate::model::question::Question;
use crate::relations::link::SfdcId;
use crate::relations::outbound::Outbound;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-misattached",
    title: "DoceboUser records that belong to somebody else",
    severity: Severity::High,
    owner: Owner::DoceboSupport,
    why: "The learner's DoceboUser row points to another contact or user than the learner's Salesforce id, or to somebody although the learner has no usable Salesforce id. The learner's enrollments stand in Salesforce under the wrong person.",
    innocent_when: "the learner's Salesforce id was corrected a moment ago and Docebo has not written since",
    remedy: "compare sfdc_id in Docebo with the lookups of the row; correct sfdc_id if it is wrong, else ask Docebo support to write the row anew. Do not edit the row in Salesforce",
    examines: "learners",
    needs: &[
        Need::Unquestioned(&[Question::OtherOrganization]),
        Need::SfdcIds,
        Need::Whole(SfObject::Contact),
        Need::Rows(SfObject::DoceboUser),
    ],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let mut selection = select_learners(books, |learner| match books.relations.outbound[learner] {
        Outbound::Unknown if row(books.relations.docebo_user[learner]).is_none() => Judged::Passes,
        Outbound::Unknown if books.relations.sfdc(&books.data, learner).kind == SfdcId::Unread => Judged::Unread,
        Outbound::Unknown => Judged::Unknown,
        // There is a row, and no `sfdc_id` that says whose it should be.
        Outbound::Delivered if books.relations.sfdc(&books.data, learner).kind == SfdcId::Unknown => Judged::Unknown,
        outbound => Judged::known(matches!(outbound, Outbound::Misattached | Outbound::Stray)),
    });
    // A row that hangs on a user says whose it is only with the users at hand.
    let untold = books
        .relations
        .outbound
        .iter()
        .zip(&books.relations.docebo_user)
        .any(|(&outbound, &docebo_user)| outbound == Outbound::Unknown && row(docebo_user).is_some());
    if untold {
        let origins = &books.data.origins;
        let users =
            origins.lack_of(SfObject::User).or_else(|| origins.missing_columns(SfObject::User, &["ContactId"]).next());
        selection.missing.extend(users.or_else(|| origins.lack_of(SfObject::Contact)));
    }
    selection
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("Contact__c") };
    let learner = *learner as usize;
    let rows = &books.data.docebo_users;
    Telling {
        field: "Contact__c".into(),
        expected: evidence::sfdc_id(books, learner),
        found: row(books.relations.docebo_user[learner])
            .map_or_else(|| Text::public(""), |at| Text::id(rows.contact(at, &books.data.contacts).or(rows.user(at)))),
        since: None,
        evidence: evidence::learner(books, learner),
        more: row(books.relations.docebo_user[learner])
            .map(|at| evidence::docebo_user(books, at))
            .into_iter()
            .collect(),
    }
}
