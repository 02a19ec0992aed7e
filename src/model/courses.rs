//! Courses in columns.

use crate::model::column::TextColumn;
use crate::model::id::RecordId;
use crate::model::instant::LocalTime;
use std::collections::BTreeMap;

/// Courses of either side, sorted by Docebo id.
#[derive(Debug, Clone, Default)]
pub struct Courses {
    /// Docebo course id.
    pub id: Vec<u64>,
    /// The `docebo_v3__Course__c` record, if Salesforce has one.
    pub record: Vec<Option<RecordId>>,
    /// `Code__c`
    pub code: TextColumn,
    /// `Name__c`
    pub title: TextColumn,
    /// `Deleted__c`
    pub deleted: Vec<bool>,
    /// `Effective__c`
    pub effective: Vec<bool>,
    /// Creation time of the course in Docebo, if exported, and the file that states it (an index into
    /// [`Origins::exports`](crate::model::origins::Origins::exports)).
    pub created_at: Vec<Option<(LocalTime, u16)>>,
    /// `LastModifiedById`, if the column exists.
    pub modified_by: Vec<Option<RecordId>>,
}

/// Course codes to Docebo course ids, `None` where two courses share a code.
pub type CourseCodes = BTreeMap<String, Option<u64>>;
