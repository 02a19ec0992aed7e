//! `docebo-user-orphaned`: a DoceboUser record whose learner is not in the Users report.

use crate::books::{Books, Subject};
use crate::check::{Check, Judged, Need, Owner, Selection, Severity, select_docebo_users};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::model::question::Question;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-orphaned",
    title: "DoceboUser records of learners who are not exported",
    severity: Severity::Notice,
    owner: Owner::DoceboAdmin,
    why: "Salesforce has a DoceboUser row for a Docebo id that the Users report does not name. The Docebo account was deleted, or the report leaves people out.",
    innocent_when: "the Docebo account was deleted; the package has no mark for that, the row stays",
    remedy: "check that the Users report covers everybody; delete nothing in Salesforce unless Docebo says so",
    examines: "docebo users",
    needs: &[Need::Unquestioned(&[Question::ExportFiltered]), Need::UsersReport, Need::Rows(SfObject::DoceboUser)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let unread = &books.relations.unread;
    let mut selection = select_docebo_users(books, |at| match books.relations.is_exported(&books.data, at) {
        Some(exported) => Judged::known(!exported),
        None => Judged::Unread,
    });
    selection.add_unread(books, unread.users.without_learner);
    selection
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::DoceboUser(at) = subject else { return Telling::of_inputs("UserId__c") };
    Telling {
        field: "UserId__c".into(),
        expected: Text::public("a learner of the Users report"),
        found: evidence::not_found(
            "none with this id",
            books.relations.unread.users.without_learner,
            [
                "a row of the report whose learner id could not be read",
                "rows of the report whose learner id could not be read",
            ],
        ),
        since: None,
        evidence: evidence::docebo_user(books, *at as usize),
        more: Vec::new(),
    }
}
