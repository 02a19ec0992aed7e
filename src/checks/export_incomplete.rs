//! `export-incomplete`: an export that leaves out more learners than chance would.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity};
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
    let (missing, total) = missing(books);
    let subjects = if missing * 100 > total * PERCENT { vec![Subject::Run] } else { Vec::new() };
    Selection { examined: total as u64, subjects, missing: Vec::new() }
}

fn missing(books: &Books) -> (usize, usize) {
    let data = &books.data;
    let missing = data.docebo_users.accounts().iter().filter(|&&account| data.learner_of(account).is_none()).count();
    (missing, data.docebo_users.len())
}

fn tell(books: &Books, _: &Subject) -> Telling {
    let (missing, total) = missing(books);
    let data = &books.data;
    let examples = (0..total).filter(|&at| data.learner_of(data.docebo_users.account(at)).is_none()).take(5);
    Telling {
        field: "Users report".into(),
        expected: Text::public(format!("every learner of {total} DoceboUser records, give or take {PERCENT} %")),
        found: Text::public(format!("{missing} of them missing")),
        since: None,
        evidence: evidence::inputs(),
        more: examples.map(|at| evidence::docebo_user(books, at)).collect(),
    }
}
