//! tieout compares what Docebo says of its learners with what its integration wrote into Salesforce,
//! and accounts for every row of both sides.
//!
//! The house, from the doors inwards:
//!
//! - [`run`] is the only room that knows both doors. In come a [`snapshot`] of Salesforce (which
//!   [`salesforce`] makes from a live organisation) and an [`export`] of Docebo, both read through [`table`]; out go files, through [`output`].
//! - In the middle nothing touches the world. [`model`] holds both sides as columns, [`relations`]
//!   gives every row one value, [`stalls`] cuts the course of time into healthy and stalled stretches,
//!   [`books`] holds it all; [`checks`] select from them and point at [`evidence`], [`report`] freezes
//!   the result, [`series`] puts it behind earlier runs, [`review`] keeps what analysts said. [`freshness`] judges the pulse of Salesforce alone, [`diagnosis`] whether a run can succeed.
//! - [`render`] turns the report into bytes: one file a format, none of them decides anything.
//! - [`verify`] looks at an evidence pack as a stranger would.
//! - [`salesforce`] reads a live organisation, [`notify`] sends a message to a webhook: the only two doors
//!   to the network.
//! - [`secrets`] knows what must not be shown, and takes it out of what is.
//! - [`files`] opens what all of them read, and keeps runs apart that write to one place.
//! - [`settings`], [`error`] and [`exit`] are what a user sees of the tool's manners.
//!
//! To follow one value through the house, start with `checks/docebo_user_absent.rs`.

pub mod check;
pub mod checks;
pub mod diagnosis;
pub mod error;
pub mod evidence;
pub mod exit;
pub mod export;
pub mod files;
pub mod finding;
pub mod freshness;
pub mod model;
pub mod notify;
pub mod output;
pub mod progress;
pub mod reconciliation;
pub mod redact;
pub mod relations;
pub mod render;
pub mod report;
pub mod review;
pub mod run;
pub mod salesforce;
pub mod secrets;
pub mod series;
pub mod settings;
pub mod snapshot;
pub mod stalls;
pub mod table;
pub mod verify;
