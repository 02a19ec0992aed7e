//! `sfdc-id-shared`: one usable sfdc_id on two or more learners.

use crate::books::{Books, Subject};
use crate::check::{Check, Judged, Need, Owner, Selection, Severity, select_learners, shared};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::index;
use crate::model::provenance::SfObject;
use crate::relations::link::SfdcId;
use crate::relations::outbound::Addressable;

pub(super) static CHECK: Check = Check {
    id: "sfdc-id-shared",
    title: "Salesforce ids that several learners share",
    severity: Severity::Medium,
    owner: Owner::DoceboAdmin,
    why: "Several learners carry the same Salesforce id, so their enrollments all land on one contact or user.",
    innocent_when: "one person has two Docebo accounts on purpose",
    remedy: "decide which account is the person's, clear sfdc_id of the other or deactivate it",
    examines: "learners",
    needs: &[Need::SfdcIds, Need::Whole(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let ids = (0..books.data.learners.len()).filter_map(|learner| {
        let reference = books.relations.sfdc(&books.data, learner);
        let usable = Addressable::from(reference.kind) == Addressable::Yes;
        reference.id.filter(|_| usable).map(|id| (id, index(learner)))
    });
    let mut selection = select_learners(books, |learner| match books.relations.sfdc(&books.data, learner).kind {
        SfdcId::Unread => Judged::Unread,
        SfdcId::Unknown | SfdcId::Unseen => Judged::Unknown,
        _ => Judged::Passes,
    });
    selection.subjects = shared(ids).into_iter().map(Subject::Learners).collect();
    selection
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Learners(learners) = subject else { return Telling::of_inputs("sfdc_id") };
    let mut rows = learners.iter().map(|&learner| evidence::learner(books, learner as usize));
    let id = learners.first().and_then(|&learner| books.relations.sfdc(&books.data, learner as usize).id);
    Telling {
        field: id.map_or_else(|| "sfdc_id".to_owned(), |id| format!("sfdc_id {id}")).into(),
        expected: Text::public("one learner"),
        found: Text::public(format!("{} learners", learners.len())),
        since: None,
        evidence: rows.next().unwrap_or_else(evidence::inputs),
        more: rows.collect(),
    }
}
