//! `username-shared`: two or more contacts with one key.

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Owner, Selection, Severity, shared};
use crate::evidence::{self, Telling, Text};
use crate::model::dataset::NONE;
use crate::model::provenance::SfObject;
use crate::model::question::Question;

pub(super) static CHECK: Check = Check {
    id: "username-shared",
    title: "Keys that several contacts share",
    severity: Severity::Medium,
    owner: Owner::SalesforceAdmin,
    why: "Several contacts carry the same value in the field that is mapped to the Docebo username. The contacts sync cannot tell them apart: whichever comes last wins the learner.",
    innocent_when: "a shared mailbox is used on purpose and none of these contacts is in the list view",
    remedy: "merge the duplicates or give each contact a key of its own",
    examines: "contacts",
    needs: &[Need::Unquestioned(&[Question::KeysDisagree]), Need::Rows(SfObject::Contact)],
    select,
    tell,
    fallout: None,
};

fn select(books: &Books) -> Selection {
    let groups = books.relations.key_group.iter().map(|(contact, group)| (group, contact));
    let subjects = shared(groups).into_iter().map(Subject::Contacts).collect();
    Selection::of_all(books.data.contacts.len() as u64, subjects)
}

fn tell(books: &Books, subject: &Subject) -> Telling {
    let Subject::Contacts(contacts) = subject else { return Telling::of_inputs("key") };
    let mut rows = contacts.iter().map(|&contact| evidence::contact(books, contact as usize));
    Telling {
        field: books.rules.username_field.clone().into(),
        expected: Text::public("a value of its own for each contact"),
        found: Text::public(format!("{} contacts with one value", contacts.len())),
        since: None,
        evidence: rows.next().unwrap_or_else(evidence::inputs),
        more: rows.chain(ambiguous_learners(books, contacts)).collect(),
    }
}

/// Learners without `sfdc_id` whose username is this key: nobody can say which contact is theirs.
fn ambiguous_learners<'a>(books: &'a Books, contacts: &[u32]) -> impl Iterator<Item = crate::evidence::Evidence> + 'a {
    let ambiguous = &books.relations.ambiguous;
    let group = contacts.first().and_then(|&contact| books.relations.key_group.get(contact as usize)).unwrap_or(NONE);
    let first = ambiguous.partition_point(|&(of, _)| of < group);
    let same = ambiguous[first..].iter().take_while(move |&&(of, _)| of == group);
    same.map(|&(_, learner)| evidence::learner(books, learner as usize))
}
