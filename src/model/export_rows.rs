//! What the export holds, in the order it was read. Knows nothing of Salesforce.

use crate::model::export_enrollments::ExportEnrollments;
use crate::model::instant::LocalTime;
use crate::model::learner_rows::LearnerRows;
use crate::model::status::StatusWord;

/// What the export said, in the order it was read; courses and learners by provisional index.
#[derive(Debug, Clone, Default)]
pub struct ExportRows {
    /// Learner rows, several of one id possible.
    pub learners: LearnerRows,
    /// Enrollments, by rows of `learners` and indices into `course_ids`.
    pub enrollments: ExportEnrollments,
    /// Course ids in the order they were met.
    pub course_ids: Vec<u64>,
    /// As [`Courses::made`], beside `course_ids`.
    pub courses_created: Vec<Option<(LocalTime, u16)>>,
    /// The status words in the order they were met.
    pub status_words: Vec<StatusWord>,
}
