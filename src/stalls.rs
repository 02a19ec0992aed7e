//! Stalls: a job that is frozen never fails and leaves no error, so that it froze is inferred from
//! what should be there and is not.
//!
//! Must not know: files, checks, wording.

/// The model: from due events to stalled stretches.
pub mod segment;
