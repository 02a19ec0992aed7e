//! `organization-mismatch`: export and snapshot are of two different Salesforce organizations.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity};
use crate::evidence::{self, Telling, Text};
use crate::model::provenance::SfObject;
use crate::relations::link::Link;
use crate::relations::questions::Dangling;

pub(super) static CHECK: Check = Check {
    id: "organization-mismatch",
    title: "Export and snapshot belong to different Salesforce organizations",
    severity: Severity::Critical,
    owner: Owner::SalesforceAdmin,
    why: "More than half of the Salesforce ids that Docebo holds do not exist in the snapshot and were issued by a Salesforce instance that issued none of the records in it. The snapshot was taken of another organization (a sandbox, or production), or Docebo was connected to another one.",
    innocent_when: "the contacts were migrated from another organization and Docebo still holds their old ids; those ids are then wrong",
    remedy: "read the organization that Docebo is connected to; if the sandbox was refreshed, update the Salesforce ids in Docebo",
    examines: "Salesforce ids of learners",
    needs: &[Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let counts = Dangling::of(&books.data, &books.relations);
    let subjects = if counts.is_mismatch() { vec![Subject::Run] } else { Vec::new() };
    Selection::of_all(counts.addressable, subjects)
}

fn tell(books: &Books, _: &Subject) -> Telling {
    let counts = Dangling::of(&books.data, &books.relations);
    let dangling = (0..books.data.learners.len()).filter(|&learner| books.relations.link[learner] == Link::Dangling);
    Telling {
        field: "organization".into(),
        expected: Text::public(format!("{} Salesforce ids of learners exist in the snapshot", counts.addressable)),
        found: Text::public(format!("{} do not, and were issued by another Salesforce instance", counts.of_another)),
        since: None,
        evidence: evidence::inputs(),
        more: dangling.take(5).map(|learner| evidence::learner(books, learner)).collect(),
    }
}
