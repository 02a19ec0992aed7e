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
const PERCENT: usize = 2;

fn select(books: &Books) -> Selection {
    let mut selection = select_docebo_users(books, |at| match books.relations.is_exported(&books.data, at) {
        Some(_) => Judged::Passes,
        None => Judged::Unread,
    });
    let unread = &books.relations.unread;
    selection.add_unread(books, unread.users.without_learner.max(unread.unidentified_learners));
    let (missing, total) = missing(books);
    if missing * 100 > total * PERCENT {
        selection.subjects = vec![Subject::Run];
    }
    let users = &books.relations.totals.learners;
    if users.rows == users.rejected {
        selection.subjects.clear();
        selection.missing.push("rows of the Users report (none could be read)".to_owned());
    }
    selection
}

/// Rows whose learner the report does not name, of those of whom that can be told.
fn missing(books: &Books) -> (usize, usize) {
    let rows = 0..books.data.docebo_users.len();
    let told = rows.filter_map(|at| books.relations.is_exported(&books.data, at));
    let (missing, total) =
        told.fold((0_usize, 0), |(missing, total), is_exported| (missing + usize::from(!is_exported), total + 1));
    // As many of them as there are rows whose learner id could not be read may be in the report.
    let unidentified = usize::try_from(books.relations.unread.unidentified_learners).unwrap_or(usize::MAX);
    (missing.saturating_sub(unidentified), total)
}

fn tell(books: &Books, _: &Subject) -> Telling {
    let (missing, total) = missing(books);
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
