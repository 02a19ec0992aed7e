//! `docebo-user-shared`: several DoceboUser records on one contact.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity, shared};
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
    Selection { examined: rows.len() as u64, subjects, missing: Vec::new() }
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
