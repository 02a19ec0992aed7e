//! Evidence: the rows that show what is wrong, and a check's description of them.
//!
//! Each check has fixed sentences; personal values are in [`Text`], which carries its privacy, so that redaction works
//! by type and not by pattern.
//!
//! Must not know: any single check, or any output.

use std::borrow::Cow;

use crate::checks::reconciliation::Reconciliation;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{course_enrollment, docebo_user, system};
use crate::model::deleted_contact::DeletedContact;
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::row::row;
use crate::model::source_line::SourceLine;
use crate::stalls::Stall;

/// A value with its privacy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    value: Cow<'static, str>,
    personal: bool,
}

impl Text {
    /// A value that reveals nothing about a person: record ids, times, statuses, counts.
    #[must_use]
    pub fn public(value: impl Into<Cow<'static, str>>) -> Self {
        Self { value: value.into(), personal: false }
    }

    /// A value that may reveal something: usernames, keys, any typed text.
    #[must_use]
    pub fn personal(value: impl Into<Cow<'static, str>>) -> Self {
        Self { value: value.into(), personal: true }
    }

    /// A record id, or a blank.
    #[must_use]
    pub fn id(id: Option<RecordId>) -> Self {
        Self::public(id.map_or_else(String::new, |id| id.to_string()))
    }

    /// A moment, or a blank.
    #[must_use]
    pub fn instant(instant: Option<Instant>) -> Self {
        Self::public(instant.map_or_else(String::new, |instant| instant.to_string()))
    }

    /// Whether the value may reveal something about a person.
    #[must_use]
    pub const fn is_personal(&self) -> bool {
        self.personal
    }

    /// The value itself, for outputs that stay with the customer.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.value
    }
}

/// The origin of a piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A Salesforce record.
    Record {
        /// Its object.
        object: SfObject,
        /// Its id.
        id: RecordId,
    },
    /// A row of the export.
    Line(SourceLine),
    /// A query of the extract that did not return the expected record.
    NotReturned {
        /// The object.
        object: SfObject,
        /// The condition, in SOQL.
        filter: String,
    },
    /// Something in Salesforce's setup.
    Setup {
        /// What it is, in words.
        what: String,
    },
    /// The inputs as a whole.
    Inputs,
}

/// One piece of evidence: an origin and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its origin.
    pub origin: Origin,
    /// Field and value.
    pub fields: Vec<(Cow<'static, str>, Text)>,
}

impl Evidence {
    /// A piece of evidence, field by field.
    #[must_use]
    pub fn new<const N: usize>(origin: Origin, says: [(&'static str, Text); N]) -> Self {
        Self { origin, fields: says.into_iter().map(|(field, text)| (Cow::Borrowed(field), text)).collect() }
    }
}

/// A check's description of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingDetail {
    /// The field or relation in question.
    pub field: Cow<'static, str>,
    /// The expected value.
    pub expected: Text,
    /// The actual value.
    pub found: Text,
    /// Since when the expected value is due, if known.
    pub since: Option<Instant>,
    /// The first piece of evidence.
    pub evidence: Evidence,
    /// Further pieces.
    pub related: Vec<Evidence>,
}

impl FindingDetail {
    /// The description of a subject that a check did not select itself: only its field.
    pub(crate) fn for_inputs(field: &'static str) -> Self {
        Self {
            field: Cow::Borrowed(field),
            expected: Text::public(""),
            found: Text::public(""),
            since: None,
            evidence: inputs(),
            related: Vec::new(),
        }
    }
}

/// An `sfdc_id`, unchanged: an id reveals nothing about a person, but any other typed text may.
pub(crate) fn sfdc_id(reconciliation: &Reconciliation, learner: usize) -> Text {
    let text = reconciliation.data.sfdc_id(learner).into_owned();
    if RecordId::repair(text.trim().as_bytes()).is_some() { Text::public(text) } else { Text::personal(text) }
}

/// States what was not found, and how many of the check's findings may be unreadable instead; takes singular and plural
/// wording for that.
pub(crate) fn not_found(absent: &str, unread: u64, [one, several]: [&str; 2]) -> Text {
    Text::public(match unread {
        0 => absent.to_owned(),
        1 => format!("{absent}; 1 finding of this check may be explained by {one}"),
        _ => format!("{absent}; up to {unread} findings of this check may be explained by {several}"),
    })
}

/// The learner's row in the export.
pub(crate) fn learner(reconciliation: &Reconciliation, learner: usize) -> Evidence {
    let data = &reconciliation.data;
    Evidence::new(
        Origin::Line(data.learners.source.get(learner)),
        [
            ("learner id", Text::public(data.learners.id(learner).to_string())),
            ("username", Text::personal(data.username(learner).to_owned())),
            ("sfdc_id", sfdc_id(reconciliation, learner)),
        ],
    )
}

/// A contact.
pub(crate) fn contact(reconciliation: &Reconciliation, contact: usize) -> Evidence {
    let contacts = &reconciliation.data.contacts;
    Evidence::new(
        Origin::Record { object: SfObject::Contact, id: contacts.id(contact) },
        [("key", Text::personal(contacts.key(contact).to_owned()))],
    )
}

/// A `DoceboUser__c` row.
pub(crate) fn docebo_user(reconciliation: &Reconciliation, at: usize) -> Evidence {
    let (data, rows) = (&reconciliation.data, &reconciliation.data.docebo_users);
    let user_id = data.account_id(rows.account(at)).map_or_else(String::new, |id| id.to_string());
    Evidence::new(
        Origin::Record { object: SfObject::DoceboUser, id: rows.id(at) },
        [
            (docebo_user::USER_ID.local_name, Text::public(user_id)),
            (docebo_user::CONTACT.local_name, Text::id(rows.contact(at, &data.contacts))),
            (docebo_user::USER.local_name, Text::id(rows.user(at))),
        ],
    )
}

/// A Docebo enrollment.
pub(crate) fn enrollment(reconciliation: &Reconciliation, at: usize) -> Evidence {
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    let enrollments = &data.enrollments;
    let course = enrollments.course(at);
    let stated = |readings: Option<crate::model::zone::Readings>| {
        Text::public(readings.map_or_else(String::new, |readings| readings.to_string()))
    };
    let word = data.status_words.get(enrollments.status_word(at)).map_or("", |word| word.text.as_str());
    Evidence::new(
        Origin::Line(enrollments.source_line(at)),
        [
            ("learner id", Text::public(data.learners.id(enrollments.learner(at) as usize).to_string())),
            ("course id", Text::public(data.courses.id[course].to_string())),
            ("course", Text::personal(data.courses.title.get(course).to_owned())),
            ("status", status_word(word)),
            ("enrollment date", stated(relations.clocks.enrolled(data, at))),
            ("completion date", stated(relations.clocks.completed(data, at))),
        ],
    )
}

/// A status word of the export: reveals nothing about a person, known or not.
pub(crate) fn status_word(word: &str) -> Text {
    Text::public(word.to_owned())
}

/// A `CourseEnrollment__c` row.
pub(crate) fn enrollment_row(reconciliation: &Reconciliation, at: usize) -> Evidence {
    let row = reconciliation.data.enrollments.row(at);
    Evidence::new(
        Origin::Record { object: SfObject::CourseEnrollment, id: row.id },
        [
            (course_enrollment::STATUS.local_name, Text::public(row.status.map_or("", |status| status.label()))),
            (course_enrollment::ENROLLED.local_name, Text::instant(row.enrolled)),
            (course_enrollment::COMPLETED.local_name, Text::instant(row.completed)),
            (course_enrollment::UNENROLLED.local_name, Text::instant(row.unenrolled)),
            (course_enrollment::CREATED_DATE.name, Text::instant(row.created)),
            (course_enrollment::MODIFIED_DATE.name, Text::instant(row.modified)),
        ],
    )
}

/// A record of which only the editor matters.
pub(crate) fn edited(object: SfObject, id: RecordId, by: RecordId) -> Evidence {
    Evidence::new(Origin::Record { object, id }, [(system::MODIFIED_BY.name, Text::public(by.to_string()))])
}

/// How a missing contact was removed.
pub(crate) fn deleted_contact(deleted: DeletedContact) -> Evidence {
    let how = if deleted.into.is_some() { "merged on" } else { "deleted on" };
    let into = deleted.into.map(|survivor| ("merged into", Text::id(Some(survivor))));
    Evidence {
        origin: Origin::Record { object: SfObject::Contact, id: deleted.id },
        fields: std::iter::once((how, Text::instant(deleted.at)))
            .chain(into)
            .map(|(field, text)| (Cow::Borrowed(field), text))
            .collect(),
    }
}

/// The query that should have returned a record but did not.
pub(crate) fn not_returned(object: SfObject, filter: String) -> Evidence {
    Evidence::new(Origin::NotReturned { object, filter }, [])
}

/// The inputs as a whole.
pub(crate) fn inputs() -> Evidence {
    Evidence::new(Origin::Inputs, [])
}

/// The description of a stall for both checks on stalls: the interval, what fell due in it, the last write before and
/// the first event that should have followed.
pub(crate) fn stall(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let Subject::Stall(at) = subject else { return FindingDetail::for_inputs("sync") };
    let Some(stall) = reconciliation.stalls.found.get(*at as usize) else { return FindingDetail::for_inputs("sync") };
    let counts = stall.counts;
    let mut shown = Vec::new();
    if let Some((object, id, written)) = stall.last_write {
        shown.push(Evidence::new(
            Origin::Record { object, id },
            [("last write before the stall", Text::instant(Some(written)))],
        ));
    }
    if let Some(first) = stall.first_missing {
        let first = first.enrollment;
        shown.push(enrollment(reconciliation, first));
        let learner = reconciliation.data.enrollments.learner(first) as usize;
        shown.push(if row(reconciliation.relations.docebo_user[learner]).is_none() {
            no_docebo_user(reconciliation, learner)
        } else {
            no_enrollment(reconciliation, first)
        });
    }
    let mut shown = shown.into_iter();
    FindingDetail {
        field: stall_field(stall).into(),
        expected: Text::public(format!("{} {} written in time", counts.expected, stall.stream.things())),
        found: Text::public(stall.sentences().join(" ")),
        since: stall.onset.before.or(Some(stall.from)),
        evidence: shown.next().unwrap_or_else(inputs),
        related: shown.collect(),
    }
}

/// Identifies a stall across runs: the open one by its stream, an ended one also by its day.
pub(crate) fn stall_field(stall: &Stall) -> String {
    let day = stall.from.to_string().chars().take(10).collect::<String>();
    if stall.is_open() { stall.stream.label().to_owned() } else { format!("{} from {day} on", stall.stream) }
}

/// The `CourseEnrollment__c` query for an enrollment.
pub(crate) fn no_enrollment(reconciliation: &Reconciliation, at: usize) -> Evidence {
    let (data, enrollments) = (&reconciliation.data, &reconciliation.data.enrollments);
    let learner = data.learners.id(enrollments.learner(at) as usize);
    let course = data.courses.id[enrollments.course(at)];
    not_returned(SfObject::CourseEnrollment, format!("{} = '{learner}_{course}'", course_enrollment::KEY))
}

/// The `DoceboUser__c` query for a learner.
pub(crate) fn no_docebo_user(reconciliation: &Reconciliation, learner: usize) -> Evidence {
    not_returned(
        SfObject::DoceboUser,
        format!("{} = {}", docebo_user::USER_ID, reconciliation.data.learners.id(learner)),
    )
}

/// The oldest due enrollment of a learner, which requires a `DoceboUser__c` row.
pub(crate) fn oldest_due(reconciliation: &Reconciliation, learner: usize) -> Option<usize> {
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    data.enrollments
        .of_learner(learner)
        .filter(|&at| {
            use crate::reconcile::relations::enrollment::EnrollmentMatch as E;
            matches!(relations.enrollment[at], E::AbsentNoDoceboUser | E::AbsentNoCourse | E::Absent | E::Unknown)
        })
        .min_by_key(|&at| (relations.clocks.enrolled(data, at).map(crate::model::zone::Readings::earliest), at))
}

/// `<learner id>_<course id>` of a row's parents, blank if a parent is missing.
pub(crate) fn parents_key(reconciliation: &Reconciliation, at: usize) -> String {
    let data = &reconciliation.data;
    let rows = &data.enrollments;
    match (data.account_id(rows.account(at)), row(rows.row_course(at))) {
        (Some(learner), Some(course)) => format!("{learner}_{}", data.courses.id[course]),
        _ => String::new(),
    }
}
