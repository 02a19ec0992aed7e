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
    let data = &books.data;
    let unread = &books.relations.unread;
    let mut selection = select_docebo_users(books, |at| {
        let account = data.docebo_users.account(at);
        let unread = || data.account_id(account).is_some_and(|learner| is_unread(books, learner));
        if data.learner_of(account).is_none() && unread() { Judged::Unread } else { Judged::Passes }
    });
    selection.add_unread(books, unread.users.without_learner.max(unread.unidentified_learners));
    let (missing, total) = missing(books);
    if missing * 100 > total * PERCENT {
        selection.subjects = vec![Subject::Run];
    }
    if books.relations.totals.learners.rows == 0 {
        selection.subjects.clear();
        selection.missing.push("rows of the Users report (it has none)".to_owned());
    }
    selection
}

/// Whether the export names a learner in rows that could not be read.
fn is_unread(books: &Books, learner: u64) -> bool {
    books.relations.unread.has_user(learner) || books.relations.unread.has_enrollment_of(learner)
}

fn missing(books: &Books) -> (usize, usize) {
    let data = &books.data;
    let accounts = || data.docebo_users.accounts().iter();
    let absent = |account: u32| data.learner_of(account).is_none();
    let unread = |account: u32| data.account_id(account).is_some_and(|learner| is_unread(books, learner));
    // Rows whose learner could not be read say neither that the learner is there nor that it is missing.
    let unknown = accounts().filter(|&&account| absent(account) && unread(account)).count();
    let missing = accounts().filter(|&&account| absent(account)).count() - unknown;
    // So do as many of them as there are rows whose learner id could not be read.
    let unidentified = usize::try_from(books.relations.unread.unidentified_learners).unwrap_or(usize::MAX);
    let missing = missing.saturating_sub(unidentified);
    (missing, data.docebo_users.len() - unknown)
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
