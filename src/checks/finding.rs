//! One finding: a check, a subject, its ids, and its mandatory evidence.
//!
//! Must not know: any single check, or any output.

use crate::checks::check::Check;
use crate::checks::evidence::{Evidence, FindingDetail, stall_field};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::subject::Subject;
use crate::model::fingerprint::{Ids, Key};
use crate::model::object::SfObject;
use crate::model::row::row;
use serde::{Deserialize, Serialize};

/// What a finding is about.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// The run as a whole.
    Run,
    /// A customization of a package object.
    Customisation,
    /// One learner.
    Learner,
    /// Learners who share something.
    Learners,
    /// One contact.
    Contact,
    /// Contacts that share something.
    Contacts,
    /// A Salesforce user.
    User,
    /// A `DoceboUser__c` row.
    DoceboUser,
    /// `DoceboUser__c` rows that share something.
    DoceboUsers,
    /// A course.
    Course,
    /// An enrollment, on either side.
    Enrollment,
    /// A stall of the sync.
    Stall,
    /// A row of another package object.
    Record,
    /// Unreadable rows of an input.
    Rows,
}

/// A finding, created when an output requests it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Stable between runs: `F-` and ten characters.
    pub key: Key,
    /// The check that fired.
    pub check: &'static Check,
    /// What it is about.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// The check's description.
    pub detail: FindingDetail,
    /// The key of the finding on the stall that caused this one.
    pub caused_by: Option<Key>,
}

impl Finding {
    /// The finding of a check on a subject.
    #[must_use]
    pub fn new(reconciliation: &Reconciliation, check: &'static Check, subject: &Subject) -> Self {
        let detail = (check.describe)(reconciliation, subject);
        let (kind, ids) = identify(reconciliation, subject);
        let caused_by = check.stall_of(reconciliation, subject).and_then(|stall| stall_key(reconciliation, stall));
        Self { key: key(check.id, ids, subject, &detail.field), check, kind, ids, detail, caused_by }
    }

    /// All evidence, the first piece first.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        std::iter::once(&self.detail.evidence).chain(&self.detail.related)
    }
}

/// The kind and the ids of a subject.
fn identify(reconciliation: &Reconciliation, subject: &Subject) -> (Kind, Ids) {
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    let learner = |at: u32| {
        let at = at as usize;
        let record = row(relations.docebo_user[at])
            .map(|docebo_user| (SfObject::DoceboUser, data.docebo_users.id(docebo_user)))
            .or_else(|| relations.contact(data, at).map(|contact| (SfObject::Contact, data.contacts.id(contact))))
            .or_else(|| {
                let user = relations.sfdc(data, at).id.filter(|id| id.is_user())?;
                data.users.find(user).is_some().then_some((SfObject::User, user))
            });
        Ids { record, learner: Some(data.learners.id(at)), course: None }
    };
    let contact = |at: u32| Ids { record: Some((SfObject::Contact, data.contacts.id(at as usize))), ..Ids::default() };
    let docebo_user = |at: u32| Ids {
        record: Some((SfObject::DoceboUser, data.docebo_users.id(at as usize))),
        learner: data.account_id(data.docebo_users.account(at as usize)),
        course: None,
    };
    match subject {
        Subject::Run => (Kind::Run, Ids::default()),
        Subject::Unreadable(_) => (Kind::Rows, Ids::default()),
        Subject::Part(_) => (Kind::Customisation, Ids::default()),
        Subject::Learner(at) => (Kind::Learner, learner(*at)),
        Subject::Learners(rows) => (Kind::Learners, rows.first().map_or_else(Ids::default, |&at| learner(at))),
        Subject::Contact(at) => (Kind::Contact, contact(*at)),
        Subject::Contacts(rows) => (Kind::Contacts, rows.first().map_or_else(Ids::default, |&at| contact(at))),
        Subject::User(at) => {
            (Kind::User, Ids { record: Some((SfObject::User, data.users.id(*at as usize))), ..Ids::default() })
        }
        Subject::DoceboUser(at) => (Kind::DoceboUser, docebo_user(*at)),
        Subject::DoceboUsers(rows) => {
            let contact = rows.first().and_then(|&at| reconciliation.contact_of_docebo_user(at as usize));
            (Kind::DoceboUsers, Ids { record: contact.map(|id| (SfObject::Contact, id)), ..Ids::default() })
        }
        Subject::Course(at) => {
            let at = *at as usize;
            let record = data.courses.record[at].map(|id| (SfObject::Course, id));
            (Kind::Course, Ids { record, learner: None, course: Some(data.courses.id[at]) })
        }
        Subject::Enrollment(at) => {
            let at = *at as usize;
            let of_learner = learner(data.enrollments.learner(at));
            let counterpart =
                relations.matched_row(data, at).map(|row| (SfObject::CourseEnrollment, data.enrollments.id(row)));
            let course = Some(data.courses.id[data.enrollments.course(at)]);
            (Kind::Enrollment, Ids { record: counterpart.or(of_learner.record), course, ..of_learner })
        }
        Subject::Row(at) => {
            let at = *at as usize;
            let rows = &data.enrollments;
            (
                Kind::Enrollment,
                Ids {
                    record: Some((SfObject::CourseEnrollment, rows.id(at))),
                    learner: data.account_id(rows.account(at)),
                    course: row(rows.row_course(at)).map(|course| data.courses.id[course]),
                },
            )
        }
        Subject::Stall(at) => {
            let stall = reconciliation.stalls.found.get(*at as usize);
            let record = stall.and_then(|stall| stall.last_write).map(|(object, id, _)| (object, id));
            (Kind::Stall, Ids { record, ..Ids::default() })
        }
        Subject::Other(at) => {
            let other = data.auxiliary[*at as usize];
            (Kind::Record, Ids { record: Some((other.object, other.id)), ..Ids::default() })
        }
    }
}

/// The key of a check's finding on a subject; a record counts only if it is the subject itself.
fn key(check: &str, ids: Ids, subject: &Subject, field: &str) -> Key {
    let goes_along =
        matches!(subject, Subject::Learner(_) | Subject::Learners(_) | Subject::Enrollment(_) | Subject::Stall(_));
    ids.key(check, !goes_along, field)
}

/// The key of the finding on a stall; `None` if no check fires on it.
fn stall_key(reconciliation: &Reconciliation, at: usize) -> Option<Key> {
    let stall = reconciliation.stalls.found.get(at)?;
    let check = if stall.is_open() { "outbound-stalled" } else { "outbound-gap" };
    let subject = Subject::Stall(crate::model::row::index(at));
    Some(key(check, Ids::default(), &subject, &stall_field(stall)))
}
