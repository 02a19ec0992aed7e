//! `docebo-user-shared`: several DoceboUser records on one contact.

use crate::books::{Books, Subject};
use crate::check::{Check, Judged, Need, Owner, Selection, Severity, shared};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::index;
use crate::model::provenance::SfObject;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-shared",
    title: "Contacts with several DoceboUser records",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "Several DoceboUser rows point to one contact, directly or through the contact's user. The contact's enrollments are spread over several Docebo accounts, and reports on the contact count them together.",
    innocent_when: "one person has two Docebo accounts on purpose",
    remedy: "merge or deactivate the surplus Docebo account, and clear its sfdc_id",
    examines: "docebo users",
    needs: &[Need::Rows(SfObject::DoceboUser)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let rows = &books.data.docebo_users;
    let contacts =
        (0..rows.len()).filter_map(|at| books.contact_of_docebo_user(at).map(|contact| (contact, index(at))));
    let subjects = shared(contacts).into_iter().map(Subject::DoceboUsers).collect();
    let mut selection = Selection::of_all(0, subjects);
    let (users, origins) = (&books.data.users, &books.data.origins);
    let users_known = origins.extract(SfObject::User).extent.is_complete()
        && origins.missing_columns(SfObject::User, &["ContactId"]).next().is_none();
    for at in 0..rows.len() {
        // A row that hangs on a user says whose contact it is only with that user at hand.
        let through_user = rows.contact(at, &books.data.contacts).is_none() && rows.user(at).is_some();
        let known = !through_user || users_known || rows.user(at).and_then(|user| users.find(user)).is_some();
        selection.coverage.add(if known { Judged::Passes } else { Judged::Unknown }, false);
    }
    selection
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::DoceboUsers(rows) = subject else { return Telling::of_inputs("Contact__c") };
    let mut evidence_rows = rows.iter().map(|&at| evidence::docebo_user(books, at as usize));
    Telling {
        field: "Contact__c".into(),
        expected: Text::public("one record for the contact"),
        found: Text::public(format!("{} records", rows.len())),
        since: None,
        evidence: evidence_rows.next().unwrap_or_else(evidence::inputs),
        more: evidence_rows.collect(),
    }
}
