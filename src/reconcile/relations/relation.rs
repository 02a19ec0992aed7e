//! What the four relations have in common: each value has a label, a meaning, and a say on whether it needs a look.
//!
//! Must not know: any single relation.

use crate::model::label::Label;

/// The values of one of the four relations.
///
/// Implementations list every value, so that a new one does not compile before it has a meaning.
pub trait Relation: Label {
    /// What the value means, in the words of the control totals and the README: a phrase without a full stop.
    #[must_use]
    fn meaning(self) -> &'static str;

    /// Whether a record with this value is wrong or could not be judged. Of the other values, the record is as it should
    /// be, or another relation reports it.
    #[must_use]
    fn is_exception(self) -> bool;
}
