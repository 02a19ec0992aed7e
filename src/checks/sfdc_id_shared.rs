//! `sfdc-id-shared`: one usable sfdc_id on two or more learners.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::coverage::Judgment;
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects, select_learners, shared};
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::model::row::index;
use crate::reconcile::relations::link::SfdcIdKind;
use crate::reconcile::relations::outbound::Addressable;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-shared",
    title: "Salesforce ids that several learners share",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "Several learners carry the same Salesforce id, so their enrollments all land on one contact or user.",
    expected_when: "one person has two Docebo accounts on purpose",
    remedy: "decide which account is the person's, clear sfdc_id of the other or deactivate it",
    unit: "learners",
    requirements: &[Requirement::SfdcIds, Requirement::CompleteObject(SfObject::Contact)],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let ids = (0..reconciliation.data.learners.len()).filter_map(|learner| {
        let reference = reconciliation.relations.sfdc(&reconciliation.data, learner);
        let usable = Addressable::from(reference.kind) == Addressable::Yes;
        reference.id.filter(|_| usable).map(|id| (id, index(learner)))
    });
    let mut selection = select_learners(reconciliation, |learner| {
        match reconciliation.relations.sfdc(&reconciliation.data, learner).kind {
            SfdcIdKind::Unread => Judgment::Unread,
            SfdcIdKind::Unknown | SfdcIdKind::NotExtracted => Judgment::Unknown,
            _ => Judgment::Passes,
        }
    });
    selection.subjects = shared(ids).into_iter().map(Subject::Learners).collect();
    selection
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Learners(learners) = subject else { return FindingDetail::for_inputs("sfdc_id") };
    let mut rows = learners.iter().map(|&learner| evidence::learner(reconciliation, learner as usize));
    let id =
        learners.first().and_then(|&learner| reconciliation.relations.sfdc(&reconciliation.data, learner as usize).id);
    FindingDetail {
        field: id.map_or_else(|| "sfdc_id".to_owned(), |id| format!("sfdc_id {id}")).into(),
        expected: Text::public("one learner"),
        found: Text::public(format!("{} learners", learners.len())),
        since: None,
        evidence: rows.next().unwrap_or_else(evidence::inputs),
        related: rows.collect(),
    }
}
