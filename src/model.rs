//! The words of both sides as plain data: ids, keys, instants, statuses, and the columns they stand
//! in.
//!
//! Must not know: where a value was read from (files, spreadsheets), what is done with it
//! (relations, checks), or how it is told.

/// When an object was written, hour by hour.
pub mod activity;
/// Runs of text side by side in one allocation.
pub mod column;
/// What was built onto the package's objects by somebody else.
pub mod customisation;
/// Everything both sides said, in columns, ready to be related.
pub mod dataset;
/// A pattern of dates that the user gives.
pub mod date_format;
/// Enrollments of both sides, side by side.
pub mod enrollments;
/// By what a finding is known from run to run.
pub mod fingerprint;
/// Salesforce record ids, packed.
pub mod id;
/// Moments in UTC and wall-clock readings without a zone.
pub mod instant;
/// Keys and their folding: when two keys are near.
pub mod key;
/// Whole numbers in the three spellings that Salesforce uses.
pub mod number;
/// Learners, contacts, users and `DoceboUser__c` rows, in columns.
pub mod people;
/// What is known of the inputs themselves.
pub mod provenance;
/// Results that are questioned before anybody is charged with them.
pub mod question;
/// Enrollment statuses on both sides.
pub mod status;
/// Text whose characters act on what shows it.
pub mod text;
/// Enumerations whose values are words of the contract with the reader.
pub mod word;
/// From a wall clock in the export to UTC, clock changes included.
pub mod zone;
