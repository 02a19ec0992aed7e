//! Rows of `docebo_v3__CourseEnrollment__c` in file order, in blocks. Knows nothing of Docebo's export.

use crate::model::column::TextColumn;
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::status::Status;

/// One row of `docebo_v3__CourseEnrollment__c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrollmentRecord {
    /// Record id.
    pub id: RecordId,
    /// `DoceboUser__c`
    pub docebo_user: RecordId,
    /// `Course__c`
    pub course: RecordId,
    /// `Status__c`; `None` if the value is not in the picklist.
    pub status: Option<Status>,
    /// `EnrollmentStartDate__c`
    pub enrolled: Option<Instant>,
    /// `EnrollmentCompletionDate__c`
    pub completed: Option<Instant>,
    /// `UnenrollmentDate__c`
    pub unenrolled: Option<Instant>,
    /// `CreatedDate`
    pub created: Option<Instant>,
    /// `LastModifiedDate`
    pub modified: Option<Instant>,
    /// `LastModifiedById`
    pub modified_by: Option<RecordId>,
}

/// A block of consecutive rows of the file.
#[derive(Debug, Clone, Default)]
pub struct EnrollmentBlock {
    /// The rows.
    pub rows: Vec<EnrollmentRecord>,
    /// `EnrolmentId__c` of each row; `None` if the column is missing.
    pub keys: Option<TextColumn>,
}
