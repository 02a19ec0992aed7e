//! Plain data of both sides: ids, keys, instants, statuses, and the tables that hold them in columns.
//!
//! Must not know: where a value was read from, what is concluded from it, or how it is shown.

/// Rows of the package's objects that are read only for who wrote them.
pub mod auxiliary;
/// Runs of values side by side in one allocation.
pub mod column;
/// How much of an object the snapshot holds.
pub mod completeness;
/// `Contact` records.
pub mod contacts;
/// Courses of either side.
pub mod courses;
/// What was built onto the package's objects by somebody else.
pub mod customization;
/// A date pattern that the user configures.
pub mod date_format;
/// Contacts that were deleted or merged.
pub mod deleted_contact;
/// `docebo_v3__DoceboUser__c` records.
pub mod docebo_users;
/// Rows of `docebo_v3__CourseEnrollment__c` as they were read.
pub mod enrollment_rows;
/// Rows that take no part in the comparison.
pub mod excluded;
/// Enrollments as the export holds them.
pub mod export_enrollments;
/// What the export holds, in the order it was read.
pub mod export_rows;
/// What an extraction would do, and what it brought.
pub mod extraction;
/// The stable key of a finding.
pub mod fingerprint;
/// Salesforce record ids, packed.
pub mod id;
/// The files of a run.
pub mod input;
/// Moments in UTC, and wall-clock readings without a zone.
pub mod instant;
/// Keys and their folding: when two keys are near.
pub mod key;
/// Enumerations whose values have a fixed label in every output.
pub mod label;
/// Learners as the export names them.
pub mod learner_rows;
/// Columns of lookups between Salesforce records.
pub(crate) mod lookups;
/// Whole numbers in the three spellings that Salesforce uses.
pub mod number;
/// The Salesforce objects that tieout reads.
pub mod object;
/// Where the data of a run came from.
pub mod origins;
/// Results that are questioned before anybody is charged with them.
pub mod question;
/// The order of record ids.
pub(crate) mod record_order;
/// The requests of an extraction.
pub mod request_log;
/// Row numbers.
pub mod row;
/// Where in the export a row stands.
pub mod source_line;
/// Enrollment statuses on both sides.
pub mod status;
/// Text whose characters act on what shows it.
pub mod text;
/// Users numbered in the order in which they are met.
pub mod user_numbers;
/// `User` records.
pub mod users;
/// When an object was written, hour by hour.
pub mod write_activity;
/// From a wall clock in the export to UTC, clock changes included.
pub mod zone;
