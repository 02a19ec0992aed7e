//! `record-edited-by-others`: a row of the package last modified by somebody else than the integration.

use rayon::iter::ParallelIterator as _;

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::coverage::Coverage;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects};
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{docebo_user, system};
use crate::model::id::RecordId;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::row::{index, row};

pub(super) static CHECK: Check = Check {
    id: "record-edited-by-others",
    title: "Package records that somebody else edited",
    severity: Severity::Low,
    owner: Owner::SalesforceAdmin,
    why: "The integration's user is the only one who should write the package's rows. Here somebody else did last. Docebo gives no support where its objects are customised or written to, so this is looked at first in a support case. Of the nine objects, those in the snapshot are examined.",
    expected_when: "the integration was moved to another user, or the package's own jobs ran under an administrator",
    remedy: "find out who or what wrote (a flow, a data load, a person) and stop it; Docebo's next write corrects the row",
    unit: "package records",
    requirements: &[
        Requirement::AnyRows(SfObject::DoceboUser),
        Requirement::Columns(SfObject::DoceboUser, &[docebo_user::CREATED_BY.name]),
    ],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let data = &reconciliation.data;
    let mut selection = Selection::fully_judged(0, Vec::new());
    let Some(user) = reconciliation.integration_user() else { return selection };
    let other = |by: Option<RecordId>| by.is_some_and(|by| by != user);
    let editors: Vec<bool> = data.editors.iter().map(|&editor| editor != user).collect();
    let of_package = SfObject::ALL.iter().filter(|object| !matches!(object, SfObject::Contact | SfObject::User));
    selection.missing = of_package
        .flat_map(|&object| {
            let extract = data.origins.extract(object);
            let compared = matches!(object, SfObject::Course | SfObject::CourseEnrollment);
            let unread = extract
                .missing_rows(object)
                .filter(|_| compared || extract.has_unread_files() || extract.completeness.is_incomplete());
            let columns = data.origins.missing_columns(object, &[system::MODIFIED_BY.name]);
            unread.into_iter().chain(columns).collect::<Vec<_>>()
        })
        .collect();

    let docebo_users = (0..data.docebo_users.len()).filter(|&at| other(data.docebo_users.modified_by(at)));
    selection.subjects.extend(docebo_users.map(|at| Subject::DoceboUser(index(at))));
    let courses = (0..data.courses.id.len()).filter(|&at| other(data.courses.modified_by[at]));
    selection.subjects.extend(courses.map(|at| Subject::Course(index(at))));
    let by = |at: usize| row(data.enrollments.modified_by(at));
    let rows = data.enrollments.rows_where(|at| by(at).is_some_and(|editor| editors[editor]));
    selection.subjects.extend(rows.into_iter().map(|at| Subject::Row(index(at))));
    let others = (0..data.auxiliary.len()).filter(|&at| data.auxiliary[at].modified_by != user);
    selection.subjects.extend(others.map(|at| Subject::Other(index(at))));

    let seen = (0..data.docebo_users.len()).filter(|&at| data.docebo_users.modified_by(at).is_some()).count()
        + data.courses.modified_by.iter().filter(|by| by.is_some()).count()
        + data.enrollments.rows_in_any_order().filter(|&at| by(at).is_some()).count()
        + data.auxiliary.len();
    selection.coverage = Coverage::all(seen as u64);
    selection
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Some((object, id, by)) = record(reconciliation, subject) else {
        return FindingDetail::for_inputs(system::MODIFIED_BY.name);
    };
    FindingDetail {
        field: system::MODIFIED_BY.name.into(),
        expected: Text::id(reconciliation.integration_user()),
        found: Text::public(by.to_string()),
        since: None,
        evidence: evidence::edited(object, id, by),
        related: Vec::new(),
    }
}

/// The record of a subject and its last modifier.
fn record(reconciliation: &Reconciliation, subject: &Subject) -> Option<(SfObject, RecordId, RecordId)> {
    let data = &reconciliation.data;
    match subject {
        Subject::DoceboUser(at) => {
            let at = *at as usize;
            Some((SfObject::DoceboUser, data.docebo_users.id(at), data.docebo_users.modified_by(at)?))
        }
        Subject::Course(at) => {
            let at = *at as usize;
            Some((SfObject::Course, data.courses.record[at]?, data.courses.modified_by[at]?))
        }
        Subject::Row(at) => {
            let edited = data.enrollments.row(*at as usize);
            Some((SfObject::CourseEnrollment, edited.id, data.editors[row(edited.modified_by)?]))
        }
        Subject::Other(at) => {
            let other = data.auxiliary[*at as usize];
            Some((other.object, other.id, other.modified_by))
        }
        _ => None,
    }
}
