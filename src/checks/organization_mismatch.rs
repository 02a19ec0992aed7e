//! `organization-mismatch`: export and snapshot belong to two different Salesforce organizations.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence;
use crate::checks::evidence::{FindingDetail, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects};
use crate::checks::subject::Subject;
use crate::model::object::SfObject;
use crate::reconcile::relations::link::Link;
use crate::reconcile::relations::questions::Dangling;

pub(super) static CHECK: Check = Check {
    id: "organization-mismatch",
    title: "Export and snapshot belong to different Salesforce organizations",
    severity: Severity::Critical,
    owner: Owner::SalesforceAdmin,
    why: "More than half of the Salesforce ids that Docebo holds do not exist in the snapshot and were issued by a Salesforce instance that issued none of the records in it. The snapshot was taken of another organization (a sandbox, or production), or Docebo was connected to another one.",
    expected_when: "the contacts were migrated from another organization and Docebo still holds their old ids; those ids are then wrong",
    remedy: "read the organization that Docebo is connected to; if the sandbox was refreshed, update the Salesforce ids in Docebo",
    unit: "Salesforce ids of learners",
    requirements: &[Requirement::SfdcIds, Requirement::CompleteObject(SfObject::Contact)],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let counts = Dangling::new(&reconciliation.data, &reconciliation.relations);
    let subjects = if counts.is_mismatch() { vec![Subject::Run] } else { Vec::new() };
    Selection::fully_judged(counts.addressable, subjects)
}

fn describe(reconciliation: &Reconciliation, _: &Subject) -> FindingDetail {
    let counts = Dangling::new(&reconciliation.data, &reconciliation.relations);
    let dangling = (0..reconciliation.data.learners.len())
        .filter(|&learner| reconciliation.relations.link[learner] == Link::Dangling);
    FindingDetail {
        field: "organization".into(),
        expected: Text::public(format!("{} Salesforce ids of learners exist in the snapshot", counts.addressable)),
        found: Text::public(format!("{} do not, and were issued by another Salesforce instance", counts.of_another)),
        since: None,
        evidence: evidence::inputs(),
        related: dangling.take(5).map(|learner| evidence::learner(reconciliation, learner)).collect(),
    }
}
