//! `integration-user-inactive`: an integration user who cannot log in.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects};
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{docebo_user, user};
use crate::model::object::SfObject;
use crate::model::row::index;

pub(super) static CHECK: Check = Check {
    id: "integration-user-inactive",
    title: "Integration users who are inactive",
    severity: Severity::Critical,
    owner: Owner::SalesforceAdmin,
    why: "The user who created most DoceboUser rows is the integration's user, and it is not active. Docebo cannot write anything until that changes.",
    expected_when: "the integration was moved to another user, and this one only created the old rows",
    remedy: "activate the user, or set the integration up again with an active one in both systems",
    unit: "users",
    requirements: &[
        Requirement::AnyRows(SfObject::DoceboUser),
        Requirement::AnyRows(SfObject::User),
        Requirement::Columns(SfObject::DoceboUser, &[docebo_user::CREATED_BY.name]),
        Requirement::Columns(SfObject::User, &[user::ACTIVE.name]),
    ],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    // Without rows there is no integration user.
    let Some(user) = reconciliation.integration_user() else { return Selection::fully_judged(0, Vec::new()) };
    let mut selection = Selection::fully_judged(1, Vec::new());
    match reconciliation.data.users.find(user) {
        Some(at) if reconciliation.data.users.active(at) == Some(false) => {
            selection.subjects.push(Subject::User(index(at)));
        }
        Some(_) => {}
        None => selection.missing.push(format!("User {user} (not in the snapshot)")),
    }
    selection
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::User(at) = subject else { return FindingDetail::for_inputs(user::ACTIVE.name) };
    let user = reconciliation.data.users.id(*at as usize);
    let rows = &reconciliation.data.docebo_users;
    let example = (0..rows.len()).rev().find(|&at| rows.created_by(at) == Some(user));
    FindingDetail {
        field: user::ACTIVE.name.into(),
        expected: Text::public("true"),
        found: Text::public("false"),
        since: None,
        evidence: crate::checks::evidence::Evidence::new(
            crate::checks::evidence::Origin::Record { object: SfObject::User, id: user },
            [(user::ACTIVE.name, Text::public("false"))],
        ),
        related: example.map(|at| evidence::docebo_user(reconciliation, at)).into_iter().collect(),
    }
}
