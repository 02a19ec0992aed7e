//! The commands of the tool, one file each: they read, judge, render and write. Only they put the other modules together.

/// Compare both sides and write a report.
pub mod audit;
mod clock;
/// Whether a run can succeed, checked before it begins.
pub mod doctor;
/// Read a live organization into a snapshot folder.
pub mod extract;
/// Whether the sync is still writing, from Salesforce alone.
pub mod freshness;
/// The evidence pack of a support case.
pub mod pack;
/// Runs that were written before: found, read, reviewed, rendered again.
pub mod runs;
/// The outputs of a run, written into its folder.
pub mod write;
