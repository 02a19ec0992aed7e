//! `contact-without-learner`: a contact for whom Docebo has no learner yet.

use crate::books::{Books, Subject};
use crate::check::{Check, KEYS, Need, Owner, Selection, Severity, select_forecasts};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::row;
use crate::model::provenance::SfObject;
use crate::model::question::Question;
use crate::model::word::Word as _;
use crate::relations::forecast::Forecast;

pub(super) static CHECK: Check = Check {
    id: "contact-without-learner",
    title: "Contacts for whom Docebo has no learner",
    severity: Severity::Notice,
    owner: Owner::DoceboAdmin,
    why: "No learner has this contact's key as username. With provisioning the next contacts sync makes one; where a learner with this Salesforce id or nearly this username exists, that will be a second account for one person. Without provisioning nothing happens.",
    innocent_when: "the contact was made after the last contacts sync, or is not meant to learn",
    remedy: "look at create-duplicate in the contacts ledger before the next contacts sync; the rest needs no action",
    examines: "contacts",
    needs: &[
        Need::Unquestioned(KEYS),
        Need::Unquestioned(&[Question::ExportFiltered]),
        Need::UsersReport,
        Need::SfdcIds,
        Need::Rows(SfObject::Contact),
    ],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    select_forecasts(books, &[Forecast::Create, Forecast::CreateDuplicate, Forecast::None])
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Contact(contact) = subject else { return Telling::of_inputs("learner") };
    let contact = *contact as usize;
    Telling {
        field: "learner".into(),
        expected: Text::public("a learner with this username"),
        found: Text::public(format!("none; the next contacts sync: {}", books.relations.forecast[contact].word())),
        since: None,
        evidence: evidence::contact(books, contact),
        more: row(books.relations.contact_learner[contact])
            .map(|learner| evidence::learner(books, learner))
            .into_iter()
            .collect(),
    }
}
