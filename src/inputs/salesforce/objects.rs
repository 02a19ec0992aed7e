//! The catalogue of the fields that tieout reads: for each Salesforce object its fields, how much the object needs each of
//! them, what each holds and what it is read for.
//!
//! The names of fields are written in this file alone; a test holds that. Queries, the reader of snapshots, the checks, the
//! doctor and the README follow it.
//!
//! Sources: the page "System Fields" and the pages "Contact" and "User" of Salesforce's *Object Reference for the Salesforce
//! Platform*; for the package's objects, "Salesforce V3 data model" of Docebo's help
//! (<https://help.docebo.com/hc/en-us/articles/360020081620-Salesforce-V3-data-model>).
//!
//! Must not know: queries, files, checks.

use crate::model::customization::NAMESPACE;
use crate::model::object::SfObject;

/// How much an object needs a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Need {
    /// Without it the object is of no use: an extraction ends, and the object's file is refused.
    Required,
    /// A check that needs it is not evaluated without it.
    Expected,
    /// Nothing depends on it but what outputs show.
    Optional,
}

/// What a field holds, as far as an extraction refuses other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The record's own id, never blank.
    Id,
    /// The id of another record, or a blank.
    Reference,
    /// A moment that Salesforce itself fills in.
    SystemMoment,
    /// Anything else; an extraction keeps it as it is.
    Any,
}

/// A field of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectField {
    /// Its API name, with the namespace of the package where it is one of the package's.
    pub name: &'static str,
    /// Its API name without the namespace, as findings show it.
    pub local_name: &'static str,
    /// How much its object needs it.
    pub need: Need,
    /// What it holds.
    pub holds: Holds,
    /// What it is read for, in words without a capital at the beginning.
    pub role: &'static str,
}

impl ObjectField {
    const fn new(name: &'static str, need: Need, holds: Holds, role: &'static str) -> Self {
        Self { name, local_name: without_namespace(name), need, holds, role }
    }

    /// The same field of an object that needs it more or less, or for something else.
    const fn of_object(self, need: Need, role: &'static str) -> Self {
        Self { need, role, ..self }
    }
}

/// A field is shown by its name.
impl std::fmt::Display for ObjectField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// `docebo_v3__Status__c` as `Status__c`; any other name as it is.
const fn without_namespace(name: &'static str) -> &'static str {
    let (prefix, bytes) = (NAMESPACE.as_bytes(), name.as_bytes());
    let length = prefix.len() + 2;
    if bytes.len() <= length || bytes[length - 1] != b'_' || bytes[length - 2] != b'_' {
        return name;
    }
    let mut at = 0;
    while at < prefix.len() {
        if bytes[at] != prefix[at] {
            return name;
        }
        at += 1;
    }
    name.split_at(length).1
}

/// The fields of an object.
#[derive(Debug, Clone, Copy)]
pub struct ObjectFields {
    /// The object.
    pub object: SfObject,
    /// Its fields, in the order in which a query names them: the required ones first. `Contact` has the mapped field too,
    /// whose name the configuration gives.
    pub fields: &'static [ObjectField],
}

impl ObjectFields {
    /// Names of the fields without which the object is of no use.
    pub fn required<'n>(&self) -> impl Iterator<Item = &'n str> + use<'n> {
        self.fields.iter().filter(|field| field.need == Need::Required).map(|field| field.name)
    }

    /// Names of the fields that the object can do without.
    pub fn further<'n>(&self) -> impl Iterator<Item = &'n str> + use<'n> {
        self.fields.iter().filter(|field| field.need != Need::Required).map(|field| field.name)
    }
}

/// Fields that Salesforce fills in itself and that nearly every object has (*Object Reference*, "System Fields").
pub mod system {
    use super::{Holds, Need, ObjectField};

    /// The record.
    pub const ID: ObjectField = ObjectField::new("Id", Need::Required, Holds::Id, "the record's id");
    /// When the record was created.
    pub const CREATED_DATE: ObjectField =
        ObjectField::new("CreatedDate", Need::Expected, Holds::SystemMoment, "when the sync wrote the record first");
    /// Who created the record: the user of most `DoceboUser__c` rows is the integration's.
    pub const CREATED_BY: ObjectField =
        ObjectField::new("CreatedById", Need::Expected, Holds::Reference, "who created the record");
    /// When a user modified the record last.
    pub const MODIFIED_DATE: ObjectField =
        ObjectField::new("LastModifiedDate", Need::Expected, Holds::SystemMoment, "when the record was modified last");
    /// Who modified the record last.
    pub const MODIFIED_BY: ObjectField =
        ObjectField::new("LastModifiedById", Need::Expected, Holds::Reference, "who modified the record last");
    /// When a user or an automated process modified the record last. An extraction cannot do without it, for the watermark
    /// is compared with it; a snapshot that was saved by hand can.
    pub const SYSTEM_MODSTAMP: ObjectField = ObjectField::new(
        "SystemModstamp",
        Need::Required,
        Holds::SystemMoment,
        "what the watermark of an extraction is compared with",
    );
    /// Whether the record is in the Recycle Bin. No query of an object selects it; `queryAll` and Data Loader's *Export All*
    /// bring such records too.
    pub const IS_DELETED: ObjectField =
        ObjectField::new("IsDeleted", Need::Optional, Holds::Any, "whether the record is in the Recycle Bin");
}

/// Fields of `Contact` (*Object Reference*, "Contact"), beside the mapped one.
pub mod contact {
    use super::{Holds, Need, ObjectField, system};

    pub use super::system::ID;

    /// When the contact was created; no check uses it.
    pub const CREATED_DATE: ObjectField =
        system::CREATED_DATE.of_object(Need::Optional, "kept in the snapshot, used by no check");
    /// When the contact was modified last; of one that is deleted, when that was, where `SystemModstamp` is missing.
    pub const MODIFIED_DATE: ObjectField =
        system::MODIFIED_DATE.of_object(Need::Optional, "when a deleted contact was deleted");
    /// As [`MODIFIED_DATE`], and better: deleting counts as a modification.
    pub const SYSTEM_MODSTAMP: ObjectField =
        system::SYSTEM_MODSTAMP.of_object(Need::Optional, "when a deleted contact was deleted");
    /// The contact that was kept, where this one was deleted because the two were merged; blank otherwise.
    pub const MASTER_RECORD: ObjectField = ObjectField::new(
        "MasterRecordId",
        Need::Optional,
        Holds::Any,
        "the contact that a deleted one was merged into",
    );
}

/// Columns of the list of deleted contacts, which is a query of `Contact` by itself.
pub mod deleted_contact {
    use super::{Need, ObjectField, contact};

    pub use super::system::{ID, IS_DELETED, SYSTEM_MODSTAMP};

    /// The contact that was kept.
    pub const MASTER_RECORD: ObjectField =
        contact::MASTER_RECORD.of_object(Need::Required, contact::MASTER_RECORD.role);

    /// The columns, in their order.
    pub const COLUMNS: [ObjectField; 3] = [ID, MASTER_RECORD, SYSTEM_MODSTAMP];
}

/// Fields of `User` (*Object Reference*, "User").
pub mod user {
    use super::{Holds, Need, ObjectField};

    pub use super::system::ID;

    /// The login name.
    pub const USERNAME: ObjectField =
        ObjectField::new("Username", Need::Optional, Holds::Any, "how `tieout doctor` names the integration's user");
    /// The contact of a user of an Experience Cloud site: a learner may be linked through that user.
    pub const CONTACT: ObjectField =
        ObjectField::new("ContactId", Need::Expected, Holds::Reference, "the contact of a user of a site");
    /// Whether the user can log in.
    pub const ACTIVE: ObjectField =
        ObjectField::new("IsActive", Need::Expected, Holds::Any, "whether the user can log in");
}

/// Fields of `docebo_v3__DoceboUser__c` (Docebo, "Salesforce V3 data model").
pub mod docebo_user {
    use super::{Holds, Need, ObjectField};

    pub use super::system::{CREATED_BY, CREATED_DATE, ID, MODIFIED_BY, MODIFIED_DATE};

    /// The learner's id in Docebo: a number, an external id and unique.
    pub const USER_ID: ObjectField =
        ObjectField::new("docebo_v3__UserId__c", Need::Required, Holds::Any, "the learner's Docebo id");
    /// The contact that the learner is.
    pub const CONTACT: ObjectField =
        ObjectField::new("docebo_v3__Contact__c", Need::Required, Holds::Reference, "the contact that the learner is");
    /// The Salesforce user that the learner is.
    pub const USER: ObjectField =
        ObjectField::new("docebo_v3__User__c", Need::Required, Holds::Reference, "the user that the learner is");
    /// Both fields of which one names the learner's record in Salesforce, as findings show them.
    pub const CONTACT_AND_USER: &str = "Contact__c, User__c";
}

/// Fields of `docebo_v3__Course__c` (Docebo, "Salesforce V3 data model").
pub mod course {
    use super::{Holds, Need, ObjectField};

    pub use super::system::{CREATED_BY, CREATED_DATE, ID, MODIFIED_BY, MODIFIED_DATE};

    /// The course's id in Docebo: a number, an external id and unique.
    pub const COURSE_ID: ObjectField =
        ObjectField::new("docebo_v3__CourseId__c", Need::Required, Holds::Any, "the course's Docebo id");
    /// The course's code, by which an export without course ids names it.
    pub const CODE: ObjectField = ObjectField::new(
        "docebo_v3__Code__c",
        Need::Optional,
        Holds::Any,
        "the course's code, where the export has no course ids",
    );
    /// The course's title.
    pub const TITLE: ObjectField =
        ObjectField::new("docebo_v3__Name__c", Need::Optional, Holds::Any, "the course's title");
    /// Whether the course was deleted in Docebo: it is no longer synchronized.
    pub const DELETED: ObjectField = ObjectField::new(
        "docebo_v3__Deleted__c",
        Need::Expected,
        Holds::Any,
        "whether the course is still synchronized",
    );
    /// Whether the course is effective: one that is not is not synchronized.
    pub const EFFECTIVE: ObjectField = ObjectField::new(
        "docebo_v3__Effective__c",
        Need::Expected,
        Holds::Any,
        "whether the course is still synchronized",
    );

    /// Names of the fields without which it cannot be decided whether a course is in scope.
    pub const SCOPE: &[&str] = &[DELETED.name, EFFECTIVE.name];
}

/// Fields of `docebo_v3__CourseEnrollment__c` (Docebo, "Salesforce V3 data model").
pub mod course_enrollment {
    use super::{Holds, Need, ObjectField};

    pub use super::system::{CREATED_BY, CREATED_DATE, ID, MODIFIED_BY, MODIFIED_DATE};

    /// The `DoceboUser__c` row of the learner.
    pub const DOCEBO_USER: ObjectField =
        ObjectField::new("docebo_v3__DoceboUser__c", Need::Required, Holds::Reference, "the learner's record");
    /// The `Course__c` row of the course.
    pub const COURSE: ObjectField =
        ObjectField::new("docebo_v3__Course__c", Need::Required, Holds::Reference, "the course's record");
    /// `<learner id>_<course id>`; the package spells it with one l.
    pub const KEY: ObjectField = ObjectField::new(
        "docebo_v3__EnrolmentId__c",
        Need::Expected,
        Holds::Any,
        "the key, made of the learner's and the course's Docebo ids",
    );
    /// The status of the enrollment.
    pub const STATUS: ObjectField =
        ObjectField::new("docebo_v3__Status__c", Need::Expected, Holds::Any, "the status of the enrollment");
    /// When the learner was enrolled.
    pub const ENROLLED: ObjectField = ObjectField::new(
        "docebo_v3__EnrollmentStartDate__c",
        Need::Expected,
        Holds::Any,
        "when the learner was enrolled",
    );
    /// When the learner completed the course.
    pub const COMPLETED: ObjectField = ObjectField::new(
        "docebo_v3__EnrollmentCompletionDate__c",
        Need::Expected,
        Holds::Any,
        "when the learner completed the course",
    );
    /// When the learner was unenrolled.
    pub const UNENROLLED: ObjectField = ObjectField::new(
        "docebo_v3__UnenrollmentDate__c",
        Need::Expected,
        Holds::Any,
        "when the learner was unenrolled",
    );

    /// Names of the fields without which an enrollment cannot be judged.
    pub const JUDGED: &[&str] =
        &[STATUS.name, ENROLLED.name, COMPLETED.name, UNENROLLED.name, CREATED_DATE.name, MODIFIED_DATE.name];
}

/// Names of the fields without which it is not known who wrote a row of the package.
pub const WRITERS: &[&str] = &[system::CREATED_BY.name, system::MODIFIED_BY.name];

/// Fields of the package that are not read, but that somebody who saves a snapshot by hand may select: their names contain
/// nothing about a person.
const UNREAD: [&str; 5] = [
    "docebo_v3__Who__c",
    "docebo_v3__Type__c",
    "docebo_v3__DeletionDate__c",
    "docebo_v3__Completion__c",
    "docebo_v3__CreatedDate__c",
];

/// Fields of a package object that is read only for when and by whom its rows were written.
const AUXILIARY: &[ObjectField] =
    &[system::ID, system::CREATED_DATE, system::CREATED_BY, system::MODIFIED_DATE, system::MODIFIED_BY];

/// Everything that an audit reads, in the order in which it is extracted.
pub const CATALOGUE: [ObjectFields; 11] = [
    ObjectFields { object: SfObject::Contact, fields: &[contact::ID, contact::CREATED_DATE, contact::MODIFIED_DATE] },
    ObjectFields { object: SfObject::User, fields: &[user::ID, user::USERNAME, user::CONTACT, user::ACTIVE] },
    ObjectFields {
        object: SfObject::DoceboUser,
        fields: &[
            docebo_user::ID,
            docebo_user::USER_ID,
            docebo_user::CONTACT,
            docebo_user::USER,
            docebo_user::CREATED_DATE,
            docebo_user::CREATED_BY,
            docebo_user::MODIFIED_DATE,
            docebo_user::MODIFIED_BY,
        ],
    },
    ObjectFields {
        object: SfObject::Course,
        fields: &[
            course::ID,
            course::COURSE_ID,
            course::CODE,
            course::TITLE,
            course::DELETED,
            course::EFFECTIVE,
            course::CREATED_DATE,
            course::CREATED_BY,
            course::MODIFIED_DATE,
            course::MODIFIED_BY,
        ],
    },
    ObjectFields {
        object: SfObject::CourseEnrollment,
        fields: &[
            course_enrollment::ID,
            course_enrollment::DOCEBO_USER,
            course_enrollment::COURSE,
            course_enrollment::KEY,
            course_enrollment::STATUS,
            course_enrollment::ENROLLED,
            course_enrollment::COMPLETED,
            course_enrollment::UNENROLLED,
            course_enrollment::CREATED_DATE,
            course_enrollment::CREATED_BY,
            course_enrollment::MODIFIED_DATE,
            course_enrollment::MODIFIED_BY,
        ],
    },
    ObjectFields { object: SfObject::Session, fields: AUXILIARY },
    ObjectFields { object: SfObject::SessionAttendance, fields: AUXILIARY },
    ObjectFields { object: SfObject::LearningPlan, fields: AUXILIARY },
    ObjectFields { object: SfObject::LearningPlanCourse, fields: AUXILIARY },
    ObjectFields { object: SfObject::LearningPlanEnrollment, fields: AUXILIARY },
    ObjectFields { object: SfObject::LearningPlanCourseEnrollment, fields: AUXILIARY },
];

/// Fields that are read where an answer or a file has them, and belong to no query of an object.
pub const AUXILIARY_FIELDS: [ObjectField; 3] = [system::SYSTEM_MODSTAMP, system::IS_DELETED, contact::MASTER_RECORD];

/// Every field of the catalogue; one that several objects have, several times.
fn all() -> impl Iterator<Item = ObjectField> {
    CATALOGUE.into_iter().flat_map(|object| object.fields).copied().chain(AUXILIARY_FIELDS)
}

/// What a column of this name holds; anything, where the name is none of the catalogue's.
pub(super) fn holds(column: &str) -> Holds {
    all().find(|field| field.name == column).map_or(Holds::Any, |field| field.holds)
}

/// Whether a word is the name of a field of the catalogue or of Docebo's package, in upper or lower case: such a word
/// contains nothing about a person.
pub(crate) fn is_name(word: &str) -> bool {
    all().map(|field| field.name).chain(UNREAD).any(|name| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, Need, all, course_enrollment, without_namespace};

    #[test]
    fn findings_show_a_field_without_the_namespace() {
        assert_eq!(course_enrollment::KEY.local_name, "EnrolmentId__c");
        for name in ["CreatedDate", "docebo_v3__", "docebo_v3_Status__c", "docebo_v4__Status__c", ""] {
            assert_eq!(without_namespace(name), name);
        }
    }

    #[test]
    fn a_query_names_required_fields_first_and_each_field_once() {
        for object in CATALOGUE {
            let is_required = |field: &&super::ObjectField| field.need == Need::Required;
            let required = object.fields.iter().take_while(is_required).count();
            assert_eq!(required, object.fields.iter().filter(is_required).count(), "{}", object.object);
            for (at, field) in object.fields.iter().enumerate() {
                assert!(object.fields[..at].iter().all(|other| other.name != field.name), "{}.{field}", object.object);
            }
        }
    }

    #[test]
    fn a_name_holds_the_same_in_every_object() {
        for field in all() {
            assert!(all().all(|other| other.name != field.name || other.holds == field.holds), "{field}");
        }
    }
}
