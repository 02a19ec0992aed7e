//! The rows that show a finding, ready for a check to point at.

use crate::check::Books;
use crate::finding::{Evidence, Origin, Text};
use crate::model::dataset::row;
use crate::model::id::SfId;
use crate::model::provenance::SfObject;
use crate::model::word::Word as _;

/// An `sfdc_id` as it stands: an id says nothing about a person, whatever else was typed may.
pub(crate) fn sfdc_id(books: &Books, learner: usize) -> Text {
    let text = books.data.learners.sfdc_id.get(learner).to_owned();
    if SfId::repair(text.trim().as_bytes()).is_some() { Text::public(text) } else { Text::personal(text) }
}

/// The learner's row in the export.
pub(crate) fn learner(books: &Books, learner: usize) -> Evidence {
    let learners = &books.data.learners;
    Evidence {
        origin: Origin::Line(learners.place[learner]),
        says: vec![
            ("learner id", Text::public(learners.id[learner].to_string())),
            ("username", Text::personal(learners.username.get(learner).to_owned())),
            ("sfdc_id", sfdc_id(books, learner)),
        ],
    }
}

/// A contact.
pub(crate) fn contact(books: &Books, contact: usize) -> Evidence {
    let contacts = &books.data.contacts;
    Evidence {
        origin: Origin::Record { object: SfObject::Contact, id: contacts.id[contact] },
        says: vec![("key", Text::personal(contacts.key.get(contact).to_owned()))],
    }
}

/// A `DoceboUser__c` row.
pub(crate) fn docebo_user(books: &Books, at: usize) -> Evidence {
    let rows = &books.data.docebo_users;
    Evidence {
        origin: Origin::Record { object: SfObject::DoceboUser, id: rows.id[at] },
        says: vec![
            ("UserId__c", Text::public(rows.user_id[at].to_string())),
            ("Contact__c", Text::id(rows.contact[at])),
            ("User__c", Text::id(rows.user[at])),
        ],
    }
}

/// A Docebo enrollment.
pub(crate) fn enrollment(books: &Books, at: usize) -> Evidence {
    let (data, relations) = (&books.data, &books.relations);
    let enrollments = &data.enrollments;
    let course = enrollments.course[at] as usize;
    let earliest = |readings: Option<crate::model::zone::Readings>| {
        Text::instant(readings.map(crate::model::zone::Readings::earliest))
    };
    let word = data.status_words.get(usize::from(enrollments.status[at])).map_or("", |word| word.text.as_str());
    Evidence {
        origin: Origin::Line(enrollments.place[at]),
        says: vec![
            ("learner id", Text::public(data.learners.id[enrollments.learner[at] as usize].to_string())),
            ("course id", Text::public(data.courses.id[course].to_string())),
            ("course", Text::personal(data.courses.title.get(course).to_owned())),
            ("status", status_word(data, word)),
            ("enrollment date", earliest(relations.clocks.enrolled(data, at))),
            ("completion date", earliest(relations.clocks.completed(data, at))),
        ],
    }
}

/// A status word: a known one is public, an unknown one is whatever somebody typed.
pub(crate) fn status_word(data: &crate::model::dataset::Dataset, word: &str) -> Text {
    let known = data.status_words.iter().any(|known| known.text == word && known.status.is_some());
    if known { Text::public(word.to_owned()) } else { Text::personal(word.to_owned()) }
}

/// A `CourseEnrollment__c` row.
pub(crate) fn enrollment_row(books: &Books, at: usize) -> Evidence {
    let rows = &books.data.course_enrollments;
    Evidence {
        origin: Origin::Record { object: SfObject::CourseEnrollment, id: rows.id[at] },
        says: vec![
            ("Status__c", Text::public(rows.status[at].map_or("", |status| status.word()))),
            ("EnrollmentStartDate__c", Text::instant(rows.enrolled[at])),
            ("EnrollmentCompletionDate__c", Text::instant(rows.completed[at])),
            ("UnenrollmentDate__c", Text::instant(rows.unenrolled[at])),
            ("CreatedDate", Text::instant(rows.created[at])),
            ("LastModifiedDate", Text::instant(rows.modified[at])),
        ],
    }
}

/// A record of which nothing but the editor matters.
pub(crate) fn edited(object: SfObject, id: SfId, by: SfId) -> Evidence {
    Evidence { origin: Origin::Record { object, id }, says: vec![("LastModifiedById", Text::public(by.to_string()))] }
}

/// The query that should have returned a record and did not.
pub(crate) fn not_returned(object: SfObject, filter: String) -> Evidence {
    Evidence { origin: Origin::NotReturned { object, filter }, says: Vec::new() }
}

/// The inputs as a whole.
pub(crate) fn inputs() -> Evidence {
    Evidence { origin: Origin::Inputs, says: Vec::new() }
}

/// The `DoceboUser__c` query for a learner.
pub(crate) fn no_docebo_user(books: &Books, learner: usize) -> Evidence {
    not_returned(SfObject::DoceboUser, format!("docebo_v3__UserId__c = {}", books.data.learners.id[learner]))
}

/// The oldest enrollment that is due for a learner, which a `DoceboUser__c` row should carry.
pub(crate) fn oldest_due(books: &Books, learner: usize) -> Option<usize> {
    let (data, relations) = (&books.data, &books.relations);
    let learner = crate::model::dataset::index(learner);
    let first = data.enrollments.learner.partition_point(|&other| other < learner);
    (first..data.enrollments.learner.len())
        .take_while(|&at| data.enrollments.learner[at] == learner)
        .filter(|&at| {
            use crate::relations::enrollment::Enrollment as E;
            matches!(relations.enrollment[at], E::AbsentNoDoceboUser | E::AbsentNoCourse | E::Absent | E::Unknown)
        })
        .min_by_key(|&at| (relations.clocks.enrolled(data, at).map(crate::model::zone::Readings::earliest), at))
}

/// The `EnrolmentId__c` of a row that says otherwise than its parents.
pub(crate) fn odd_key(books: &Books, at: usize) -> Option<&str> {
    let odd = &books.data.course_enrollments.odd_keys;
    let found = odd.binary_search_by_key(&at, |&(row, _)| row as usize).ok()?;
    Some(&odd[found].1)
}

/// `<learner id>_<course id>` of a row by its parents, blank where a parent is missing.
pub(crate) fn parents_key(books: &Books, at: usize) -> String {
    let data = &books.data;
    let rows = &data.course_enrollments;
    match (data.account_id(rows.account[at]), row(rows.course[at])) {
        (Some(learner), Some(course)) => format!("{learner}_{}", data.courses.id[course]),
        _ => String::new(),
    }
}
