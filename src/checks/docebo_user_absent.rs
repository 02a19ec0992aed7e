//! `docebo-user-absent`: a learner whom Docebo should have written into Salesforce and did not.

use crate::books::{Books, Subject};
use crate::check::{Check, DUE, Need, Owner, Selection, Severity, select_outbound};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::model::zone::Readings;
use crate::relations::NEEDED_OF_COURSE;
use crate::relations::outbound::Outbound;

pub(super) static CHECK: Check = Check {
    id: "docebo-user-absent",
    title: "Learners with a due enrollment and no DoceboUser record",
    severity: Severity::High,
    owner: Owner::DoceboSupport,
    why: "Docebo knows the learner's Salesforce id and holds an enrollment that is due, but Salesforce has no DoceboUser row. Without it none of the learner's enrollments can be written. This is what a frozen outbound job looks like: it does not fail, and its log stays clean.",
    innocent_when: "the learner has no enrollment in scope (then the row is not due), or everything due is newer than the cutoff; neither is reported",
    remedy: "open a case with Docebo support and attach the evidence pack; ask for the state of the outbound job since the first missing record, a restart, and a backfill. Nothing has to be changed in Salesforce",
    examines: "learners",
    needs: &[
        Need::Unquestioned(DUE),
        Need::WholeExport,
        Need::SfdcIds,
        Need::EnrollmentsReport,
        Need::Whole(SfObject::Contact),
        Need::Whole(SfObject::DoceboUser),
        Need::Whole(SfObject::Course),
        Need::Columns(SfObject::Course, NEEDED_OF_COURSE),
    ],
    select,
    tell,
    fallout: Some(fallout),
};

fn select(books: &Books) -> Selection {
    let mut selection = select_outbound(books, &[Outbound::Missing]);
    // An unreadable enrollment of nobody knows whom may be one that is due for a learner of whom nothing else is.
    selection.add_unread(books, books.relations.unread.enrollments.without_learner);
    selection
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learner(learner) = subject else { return Telling::of_inputs("DoceboUser record") };
    let learner = *learner as usize;
    Telling {
        field: "DoceboUser record".into(),
        expected: Text::public(format!("a record; {} due", books.relations.due.get(learner))),
        found: Text::public("none"),
        since: evidence::oldest_due(books, learner)
            .and_then(|at| books.relations.clocks.enrolled(&books.data, at))
            .map(Readings::earliest),
        evidence: evidence::learner(books, learner),
        more: evidence::oldest_due(books, learner)
            .map(|at| evidence::enrollment(books, at))
            .into_iter()
            .chain([evidence::no_docebo_user(books, learner)])
            .collect(),
    }
}

/// A learner whose oldest enrollment fell due in a stall.
fn fallout(books: &Books, subject: &Subject) -> Option<usize> {
    let Subject::Learner(learner) = subject else { return None };
    let at = evidence::oldest_due(books, *learner as usize)?;
    let due = books.relations.clocks.enrolled(&books.data, at)?;
    books.stalls.behind_enrollment(due.latest(), true)
}
