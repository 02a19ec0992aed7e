//! `docebo-user-shared`: several DoceboUser records on one contact.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, shared};
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{docebo_user, user};
use crate::model::object::SfObject;
use crate::model::row::index;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-shared",
    title: "Contacts with several DoceboUser records",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "Several DoceboUser rows point to one contact, directly or through the contact's user. The contact's enrollments are spread over several Docebo accounts, and reports on the contact count them together.",
    expected_when: "one person has two Docebo accounts on purpose",
    remedy: "merge or deactivate the surplus Docebo account, and clear its sfdc_id",
    unit: "docebo users",
    requirements: &[Requirement::AnyRows(SfObject::DoceboUser)],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let rows = &reconciliation.data.docebo_users;
    let contacts =
        (0..rows.len()).filter_map(|at| reconciliation.contact_of_docebo_user(at).map(|contact| (contact, index(at))));
    let subjects = shared(contacts).into_iter().map(Subject::DoceboUsers).collect();
    let mut selection = Selection::fully_judged(0, subjects);
    let (users, origins) = (&reconciliation.data.users, &reconciliation.data.origins);
    let users_known = origins.extract(SfObject::User).completeness.is_complete()
        && origins.missing_columns(SfObject::User, &[user::CONTACT.name]).next().is_none();
    for at in 0..rows.len() {
        // A row linked to a user identifies its contact only if that user is extracted.
        let through_user = rows.contact(at, &reconciliation.data.contacts).is_none() && rows.user(at).is_some();
        let known = !through_user || users_known || rows.user(at).and_then(|user| users.find(user)).is_some();
        selection.coverage.add(if known { Judgment::Passes } else { Judgment::Unknown }, false);
    }
    selection
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::DoceboUsers(rows) = subject else { return FindingDetail::for_inputs(docebo_user::CONTACT.local_name) };
    let mut evidence_rows = rows.iter().map(|&at| evidence::docebo_user(reconciliation, at as usize));
    FindingDetail {
        field: docebo_user::CONTACT.local_name.into(),
        expected: Text::public("one record for the contact"),
        found: Text::public(format!("{} records", rows.len())),
        since: None,
        evidence: evidence_rows.next().unwrap_or_else(evidence::inputs),
        related: evidence_rows.collect(),
    }
}
