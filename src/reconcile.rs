//! Both sides matched, and one value for every record.
//!
//! [`join`] is the only place where the rows of both sides meet. [`relations`] gives every learner, enrollment and contact
//! one value by total functions. Checks, stalls, totals and reports only select from those values.
//!
//! Must not know: files, checks, wording.

/// Both sides in columns, joined.
pub mod dataset;
/// Where the two sides are matched.
pub mod join;
/// One value for every record, and the totals that account for every row.
pub mod relations;
