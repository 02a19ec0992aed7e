//! `export-incomplete`: an export that omits more learners than chance explains.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, select_docebo_users};
use crate::checks::subject::Subject;
use crate::model::object::SfObject;

pub(super) static CHECK: Check = Check {
    id: "export-incomplete",
    title: "Exports that leave out learners whom Salesforce knows",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "More than 2 % of the DoceboUser rows belong to learners who are not in the export. The report was filtered (deactivated people, a branch, a group), so what looks missing in Docebo may only be missing in the file.",
    expected_when: "many Docebo accounts were deleted",
    remedy: "export the Users report again without filters, deactivated people included",
    unit: "docebo users",
    requirements: &[Requirement::UsersReport, Requirement::AnyRows(SfObject::DoceboUser)],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

/// Above this percentage of DoceboUser rows without a learner, the export counts as incomplete.
const PERCENT: u64 = 2;

fn select(reconciliation: &Reconciliation) -> Selection {
    let mut selection = select_docebo_users(reconciliation, |at| {
        match reconciliation.relations.is_exported(&reconciliation.data, at) {
            Some(_) => Judgment::Passes,
            None => Judgment::Unread,
        }
    });
    let unread = &reconciliation.relations.unread;
    selection.add_unread(reconciliation, unread.users.without_learner.max(unread.unidentified_learners));
    // Relative to all rows, including undecidable ones: unreadable rows must not increase the share.
    if reconciliation.relations.missing_from_export(&reconciliation.data) * 100
        > reconciliation.data.docebo_users.len() as u64 * PERCENT
    {
        selection.subjects = vec![Subject::Run];
    }
    let users = &reconciliation.relations.totals.learners;
    if users.rows == users.rejected {
        selection.subjects.clear();
        selection.missing.push("rows of the Users report (none could be read)".to_owned());
    }
    selection
}

fn describe(reconciliation: &Reconciliation, _: &Subject) -> FindingDetail {
    let (missing, total) =
        (reconciliation.relations.missing_from_export(&reconciliation.data), reconciliation.data.docebo_users.len());
    let examples = (0..reconciliation.data.docebo_users.len())
        .filter(|&at| reconciliation.relations.is_exported(&reconciliation.data, at) == Some(false))
        .take(5);
    FindingDetail {
        field: "Users report".into(),
        expected: Text::public(format!("every learner of {total} DoceboUser records, give or take {PERCENT} %")),
        found: Text::public(format!("{missing} of them missing")),
        since: None,
        evidence: evidence::inputs(),
        related: examples.map(|at| evidence::docebo_user(reconciliation, at)).collect(),
    }
}
