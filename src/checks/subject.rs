//! What a finding is about: row numbers of the joined tables.
//!
//! Must not know: any check, any wording, any output.

/// What a finding is about. Indices are rows of the [`Dataset`](crate::reconcile::dataset::Dataset)'s tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The run as a whole.
    Run,
    /// One learner.
    Learner(u32),
    /// Learners who share something.
    Learners(Vec<u32>),
    /// One contact.
    Contact(u32),
    /// Contacts that share something.
    Contacts(Vec<u32>),
    /// One user.
    User(u32),
    /// One `DoceboUser__c` row.
    DoceboUser(u32),
    /// `DoceboUser__c` rows that share something.
    DoceboUsers(Vec<u32>),
    /// One course.
    Course(u32),
    /// One Docebo enrollment.
    Enrollment(u32),
    /// One `CourseEnrollment__c` row.
    Row(u32),
    /// A row of another package object.
    Other(u32),
    /// Unreadable rows of one file with one reason, as an index into
    /// [`UnreadRows::groups`](crate::reconcile::relations::unread::UnreadRows::groups).
    Unreadable(u32),
    /// A customization of one of the package's objects.
    Part(u32),
    /// One stall, as an index into [`Stalls::found`](crate::stalls::Stalls::found).
    Stall(u32),
}
