//! The contents of the export, in reading order. Knows nothing of Salesforce.

use crate::model::export_enrollments::ExportEnrollments;
use crate::model::instant::LocalTime;
use crate::model::learner_rows::LearnerRows;
use crate::model::status::StatusWord;

/// The contents of the export in reading order; courses and learners by provisional index.
#[derive(Debug, Clone, Default)]
pub struct ExportRows {
    /// Learner rows; an id may have several.
    pub learners: LearnerRows,
    /// Enrollments, by rows of `learners` and indices into `course_ids`.
    pub enrollments: ExportEnrollments,
    /// Course ids in order of first appearance.
    pub course_ids: Vec<u64>,
    /// Like [`Courses::created_at`](crate::model::courses::Courses::created_at), parallel to `course_ids`.
    pub courses_created: Vec<Option<(LocalTime, u16)>>,
    /// The status words in order of first appearance.
    pub status_words: Vec<StatusWord>,
}
