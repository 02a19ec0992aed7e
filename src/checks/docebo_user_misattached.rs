//! `docebo-user-misattached`: a DoceboUser record that references somebody else than the learner's sfdc_id.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, Values, select_learners};
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{docebo_user, user};
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::model::row::row;
use crate::reconcile::relations::link::SfdcIdKind;
use crate::reconcile::relations::outbound::Outbound;

/// The values that it selects.
const SELECTED: &[Outbound] = &[Outbound::Misattached, Outbound::Stray];

pub(super) static CHECK: Check = Check {
    id: "docebo-user-misattached",
    title: "DoceboUser records that belong to somebody else",
    severity: Severity::High,
    owner: Owner::DoceboSupport,
    why: "The learner's DoceboUser row points to another contact or user than the learner's Salesforce id, or to somebody although the learner has no usable Salesforce id. The learner's enrollments stand in Salesforce under the wrong person.",
    expected_when: "the learner's Salesforce id was corrected a moment ago and Docebo has not written since",
    remedy: "compare sfdc_id in Docebo with the lookups of the row; correct sfdc_id if it is wrong, else ask Docebo support to write the row anew. Do not edit the row in Salesforce",
    unit: "learners",
    requirements: &[
        Requirement::Unquestioned(&[Question::OtherOrganization]),
        Requirement::SfdcIds,
        Requirement::CompleteObject(SfObject::Contact),
        Requirement::AnyRows(SfObject::DoceboUser),
    ],
    selects: Selects::Judged(Values::Outbound(SELECTED), select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let mut selection = select_learners(reconciliation, |learner| match reconciliation.relations.outbound[learner] {
        Outbound::Unknown if row(reconciliation.relations.docebo_user[learner]).is_none() => Judgment::Passes,
        Outbound::Unknown
            if reconciliation.relations.sfdc(&reconciliation.data, learner).kind == SfdcIdKind::Unread =>
        {
            Judgment::Unread
        }
        Outbound::Unknown => Judgment::Unknown,
        // There is a row, but no `sfdc_id` that identifies its owner.
        Outbound::Delivered
            if reconciliation.relations.sfdc(&reconciliation.data, learner).kind == SfdcIdKind::Unknown =>
        {
            Judgment::Unknown
        }
        outbound => Judgment::known(SELECTED.contains(&outbound)),
    });
    // A row linked to a user identifies its owner only if the users are extracted.
    let untold = reconciliation
        .relations
        .outbound
        .iter()
        .zip(&reconciliation.relations.docebo_user)
        .any(|(&outbound, &docebo_user)| outbound == Outbound::Unknown && row(docebo_user).is_some());
    if untold {
        let origins = &reconciliation.data.origins;
        let users = origins
            .missing_rows(SfObject::User)
            .or_else(|| origins.missing_columns(SfObject::User, &[user::CONTACT.name]).next());
        selection.missing.extend(users.or_else(|| origins.missing_rows(SfObject::Contact)));
    }
    selection
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learner(learner) = subject else { return FindingDetail::for_inputs(docebo_user::CONTACT.local_name) };
    let learner = *learner as usize;
    let rows = &reconciliation.data.docebo_users;
    FindingDetail {
        field: docebo_user::CONTACT.local_name.into(),
        expected: evidence::sfdc_id(reconciliation, learner),
        found: row(reconciliation.relations.docebo_user[learner]).map_or_else(
            || Text::public(""),
            |at| Text::id(rows.contact(at, &reconciliation.data.contacts).or(rows.user(at))),
        ),
        since: None,
        evidence: evidence::learner(reconciliation, learner),
        related: row(reconciliation.relations.docebo_user[learner])
            .map(|at| evidence::docebo_user(reconciliation, at))
            .into_iter()
            .collect(),
    }
}
