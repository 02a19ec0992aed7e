//! `rows-unreadable`: unreadable rows of the export, whose subjects cannot be judged.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence::{Evidence, FindingDetail, Origin, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects};
use crate::checks::subject::Subject;
use crate::model::row::index;
use crate::model::source_line::SourceLine;

pub(super) static CHECK: Check = Check {
    id: "rows-unreadable",
    title: "Rows of the export that could not be read",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "Some rows of the export could not be read. What they say is unknown, and so is everything that depends on them: their Salesforce records are reported neither as in sync nor as orphaned, and their learners neither as present nor as absent.",
    expected_when: "the rows are known to be broken and are accepted with docebo.max_unreadable_rows",
    remedy: "look at the rows in ledger/excluded-rows.csv (file, line, column, value, reason); export the report again without opening it in a spreadsheet program, or set the key that the reason names",
    unit: "rows of the export",
    requirements: &[Requirement::Reports],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let rows =
        reconciliation.data.origins.inputs.iter().filter(|input| input.side == "docebo").map(|input| input.rows).sum();
    let groups = (0..index(reconciliation.relations.unread.groups.len())).map(Subject::Unreadable).collect();
    Selection::fully_judged(rows, groups)
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Unreadable(at) = subject else { return FindingDetail::for_inputs("export") };
    let Some(group) = reconciliation.relations.unread.groups.get(*at as usize) else {
        return FindingDetail::for_inputs("export");
    };
    let file = &reconciliation.data.origins.exports[usize::from(group.file)].name;
    let column = if group.first.column.is_empty() { "whole row" } else { &group.first.column };
    let rows = if group.rows == 1 { "1 row".to_owned() } else { format!("{} rows", group.rows) };
    FindingDetail {
        field: format!("{file}, {column}: {}", group.first.reason).into(),
        expected: Text::public("every row can be read"),
        found: Text::public(format!("{rows}, the first on line {}: {}", group.line, group.first.reason)),
        since: None,
        evidence: Evidence::new(
            Origin::Line(SourceLine { file: group.file, line: group.line }),
            [
                ("column", Text::public(column.to_owned())),
                ("value", Text::personal(group.first.value.clone())),
                ("reason", Text::public(group.first.reason.clone())),
            ],
        ),
        related: Vec::new(),
    }
}
