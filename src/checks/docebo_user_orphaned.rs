//! `docebo-user-orphaned`: a DoceboUser record whose learner is not in the Users report.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, select_docebo_users};
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::docebo_user;
use crate::model::object::SfObject;
use crate::model::question::Question;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-orphaned",
    title: "DoceboUser records of learners who are not exported",
    severity: Severity::Notice,
    owner: Owner::DoceboAdmin,
    why: "Salesforce has a DoceboUser row for a Docebo id that the Users report does not name. The Docebo account was deleted, or the report leaves people out.",
    expected_when: "the Docebo account was deleted; the package has no mark for that, the row stays",
    remedy: "check that the Users report covers everybody; delete nothing in Salesforce unless Docebo says so",
    unit: "docebo users",
    requirements: &[
        Requirement::Unquestioned(&[Question::ExportFiltered]),
        Requirement::UsersReport,
        Requirement::AnyRows(SfObject::DoceboUser),
    ],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let unread = &reconciliation.relations.unread;
    let mut selection = select_docebo_users(reconciliation, |at| {
        match reconciliation.relations.is_exported(&reconciliation.data, at) {
            Some(exported) => Judgment::known(!exported),
            None => Judgment::Unread,
        }
    });
    selection.add_unread(reconciliation, unread.users.without_learner);
    selection
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::DoceboUser(at) = subject else { return FindingDetail::for_inputs(docebo_user::USER_ID.local_name) };
    FindingDetail {
        field: docebo_user::USER_ID.local_name.into(),
        expected: Text::public("a learner of the Users report"),
        found: evidence::not_found(
            "none with this id",
            reconciliation.relations.unread.users.without_learner,
            [
                "a row of the report whose learner id could not be read",
                "rows of the report whose learner id could not be read",
            ],
        ),
        since: None,
        evidence: evidence::docebo_user(reconciliation, *at as usize),
        related: Vec::new(),
    }
}
