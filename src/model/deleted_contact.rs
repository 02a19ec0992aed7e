//! Contacts that were deleted or merged.

use crate::model::id::RecordId;
use crate::model::instant::Instant;

/// A contact that is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeletedContact {
    /// Record id.
    pub id: RecordId,
    /// The contact that it was merged into; nothing where it was deleted.
    pub into: Option<RecordId>,
    /// When: the last change of the deleted record.
    pub at: Option<Instant>,
}
