//! The Salesforce objects that tieout reads, with their API names.
//!
//! Their fields are defined only in [`crate::inputs::salesforce::objects`].

use serde::{Deserialize, Serialize};

use crate::model::id::RecordId;

/// A Salesforce object that tieout reads.
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
pub enum SfObject {
    /// A person known to Salesforce.
    #[serde(rename = "Contact")]
    #[strum(serialize = "Contact")]
    Contact,
    /// A Salesforce login.
    #[serde(rename = "User")]
    #[strum(serialize = "User")]
    User,
    /// One row for each Docebo account in the outbound sync.
    #[serde(rename = "docebo_v3__DoceboUser__c")]
    #[strum(serialize = "docebo_v3__DoceboUser__c")]
    DoceboUser,
    /// A synchronized course.
    #[serde(rename = "docebo_v3__Course__c")]
    #[strum(serialize = "docebo_v3__Course__c")]
    Course,
    /// One row for each learner and course.
    #[serde(rename = "docebo_v3__CourseEnrollment__c")]
    #[strum(serialize = "docebo_v3__CourseEnrollment__c")]
    CourseEnrollment,
    /// A session of a classroom or webinar course.
    #[serde(rename = "docebo_v3__Session__c")]
    #[strum(serialize = "docebo_v3__Session__c")]
    Session,
    /// A learner in a session.
    #[serde(rename = "docebo_v3__SessionAttendance__c")]
    #[strum(serialize = "docebo_v3__SessionAttendance__c")]
    SessionAttendance,
    /// A learning plan.
    #[serde(rename = "docebo_v3__LearningPlan__c")]
    #[strum(serialize = "docebo_v3__LearningPlan__c")]
    LearningPlan,
    /// A course of a learning plan.
    #[serde(rename = "docebo_v3__LearningPlanCourse__c")]
    #[strum(serialize = "docebo_v3__LearningPlanCourse__c")]
    LearningPlanCourse,
    /// A learner in a learning plan.
    #[serde(rename = "docebo_v3__LearningPlanEnrollment__c")]
    #[strum(serialize = "docebo_v3__LearningPlanEnrollment__c")]
    LearningPlanEnrollment,
    /// A course enrollment inside a learning plan.
    #[serde(rename = "docebo_v3__LearningPlanCourseEnrollment__c")]
    #[strum(serialize = "docebo_v3__LearningPlanCourseEnrollment__c")]
    LearningPlanCourseEnrollment,
}

impl SfObject {
    /// The nine objects of the package.
    pub const PACKAGE: [Self; 9] = [
        Self::DoceboUser,
        Self::Course,
        Self::CourseEnrollment,
        Self::Session,
        Self::SessionAttendance,
        Self::LearningPlan,
        Self::LearningPlanCourse,
        Self::LearningPlanEnrollment,
        Self::LearningPlanCourseEnrollment,
    ];

    /// Whether its rows follow the learners' daily activity; the others change only when somebody edits the catalog,
    /// and are written by separate jobs.
    #[must_use]
    pub const fn follows_learners(self) -> bool {
        matches!(
            self,
            Self::DoceboUser
                | Self::CourseEnrollment
                | Self::SessionAttendance
                | Self::LearningPlanEnrollment
                | Self::LearningPlanCourseEnrollment
        )
    }

    /// The six package objects that the audit reads only to see who edited their rows.
    pub const AUXILIARY: &'static [Self] = Self::PACKAGE.split_at(3).1;
}

/// A record that occurs twice in an extract, which no complete read of Salesforce yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DuplicateRecord {
    /// The object.
    pub object: SfObject,
    /// The record.
    pub id: RecordId,
}
