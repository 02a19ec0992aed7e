//! `integration-user-inactive`: an integration user who cannot log in.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::index;
use crate::model::provenance::SfObject;

pub(super) static CHECK: Check = Check {
    id: "integration-user-inactive",
    title: "Integration users who are inactive",
    severity: Severity::Critical,
    owner: Owner::SalesforceAdmin,
    why: "The user who created most DoceboUser rows is the integration's user, and it is not active. Docebo cannot write anything until that changes.",
    innocent_when: "the integration was moved to another user, and this one only created the old rows",
    remedy: "activate the user, or set the integration up again with an active one in both systems",
    examines: "users",
    needs: &[
        Need::Rows(SfObject::DoceboUser),
        Need::Rows(SfObject::User),
        Need::Columns(SfObject::DoceboUser, &["CreatedById"]),
        Need::Columns(SfObject::User, &["IsActive"]),
    ],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    // With no rows there is no user to speak of.
    let Some(user) = books.integration_user() else { return Selection::of_all(0, Vec::new()) };
    let mut selection = Selection::of_all(1, Vec::new());
    match books.data.users.find(user) {
        Some(at) if books.data.users.active(at) == Some(false) => selection.subjects.push(Subject::User(index(at))),
        Some(_) => {}
        None => selection.missing.push(format!("User {user} (not in the snapshot)")),
    }
    selection
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::User(at) = subject else { return Telling::of_inputs("IsActive") };
    let user = books.data.users.id(*at as usize);
    let rows = &books.data.docebo_users;
    let example = (0..rows.len()).rev().find(|&at| rows.created_by(at) == Some(user));
    Telling {
        field: "IsActive".into(),
        expected: Text::public("true"),
        found: Text::public("false"),
        since: None,
        evidence: crate::evidence::Evidence::new(
            crate::evidence::Origin::Record { object: SfObject::User, id: user },
            [("IsActive", Text::public("false"))],
        ),
        more: example.map(|at| evidence::docebo_user(books, at)).into_iter().collect(),
    }
}
