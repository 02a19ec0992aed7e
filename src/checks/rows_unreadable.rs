//! `rows-unreadable`: rows of the export that could not be read, so that nothing can be said of what they are about.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity};
use crate::evidence::{Evidence, Origin, Telling, Text};
use crate::model::dataset::{Place, index};

pub(super) static CHECK: Check = Check {
    id: "rows-unreadable",
    title: "Rows of the export that could not be read",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "Some rows of the export could not be read. What they say is unknown, and so is everything that depends on them: their Salesforce records are reported neither as in sync nor as orphaned, and their learners neither as present nor as absent.",
    innocent_when: "the rows are known to be broken and are accepted with docebo.max_unreadable_rows",
    remedy: "look at the rows in ledger/excluded-rows.csv (file, line, column, value, reason); export the report again without opening it in a spreadsheet program, or set the key that the reason names",
    examines: "rows of the export",
    needs: &[Need::Reports],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let rows = books.data.origins.inputs.iter().filter(|input| input.side == "docebo").map(|input| input.rows).sum();
    let groups = (0..index(books.relations.unread.groups.len())).map(Subject::Unreadable).collect();
    Selection::of_all(rows, groups)
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Unreadable(at) = subject else { return Telling::of_inputs("export") };
    let Some(group) = books.relations.unread.groups.get(*at as usize) else { return Telling::of_inputs("export") };
    let file = &books.data.origins.exports[usize::from(group.file)].name;
    let column = if group.first.column.is_empty() { "whole row" } else { &group.first.column };
    let rows = if group.rows == 1 { "1 row".to_owned() } else { format!("{} rows", group.rows) };
    Telling {
        field: format!("{file}, {column}: {}", group.first.reason).into(),
        expected: Text::public("every row can be read"),
        found: Text::public(format!("{rows}, the first on line {}: {}", group.line, group.first.reason)),
        since: None,
        evidence: Evidence::new(
            Origin::Line(Place { file: group.file, line: group.line }),
            [
                ("column", Text::public(column.to_owned())),
                ("value", Text::personal(group.first.value.clone())),
                ("reason", Text::public(group.first.reason.clone())),
            ],
        ),
        more: Vec::new(),
    }
}
