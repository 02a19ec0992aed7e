//! `export-incomplete`: an export that leaves out more learners than chance would.

use crate::books::{Books, Subject};
use crate::check::{Check, Judged, Need, Owner, Selection, Severity, select_docebo_users};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;

pub(super) static CHECK: Check = Check {
    id: "export-incomplete",
    title: "Exports that leave out learners whom Salesforce knows",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "More than 2 % of the DoceboUser rows belong to learners who are not in the export. The report was filtered (deactivated people, a branch, a group), so what looks missing in Docebo may only be missing in the file.",
    innocent_when: "many Docebo accounts were deleted",
    remedy: "export the Users report again without filters, deactivated people included",
    examines: "docebo users",
    needs: &[Need::UsersReport, Need::Rows(SfObject::DoceboUser)],
    select,
    tell,
    fallout: None,
};

/// Above this share of DoceboUser rows without a learner, the export is held to be incomplete.
const PERCENT: u64 = 2;

fn select(books: &Books) -> Selection {
    let mut selection = select_docebo_users(books, |at| match books.relations.is_exported(&books.data, at) {
        Some(_) => Judged::Passes,
        None => Judged::Unread,
    });
    let unread = &books.relations.unread;
    selection.add_unread(books, unread.users.without_learner.max(unread.unidentified_learners));
    // Of all rows, also those of whom it cannot be told: rows that could not be read make no share larger.
    if books.relations.missing_from_export(&books.data) * 100 > books.data.docebo_users.len() as u64 * PERCENT {
        selection.subjects = vec![Subject::Run];
    }
    let users = &books.relations.totals.learners;
    if users.rows == users.rejected {
        selection.subjects.clear();
        selection.missing.push("rows of the Users report (none could be read)".to_owned());
    }
    selection
}

fn tell(books: &Books, _: &Subject) -> Telling {
    let (missing, total) = (books.relations.missing_from_export(&books.data), books.data.docebo_users.len());
    let examples = (0..books.data.docebo_users.len())
        .filter(|&at| books.relations.is_exported(&books.data, at) == Some(false))
        .take(5);
    Telling {
        field: "Users report".into(),
        expected: Text::public(format!("every learner of {total} DoceboUser records, give or take {PERCENT} %")),
        found: Text::public(format!("{missing} of them missing")),
        since: None,
        evidence: evidence::inputs(),
        more: examples.map(|at| evidence::docebo_user(books, at)).collect(),
    }
}
