//! Contacts that were deleted or merged.

use crate::model::id::RecordId;
use crate::model::instant::Instant;

/// A deleted contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeletedContact {
    /// Record id.
    pub id: RecordId,
    /// The contact that it was merged into; `None` if it was deleted.
    pub into: Option<RecordId>,
    /// When it was deleted: the last change of the record.
    pub at: Option<Instant>,
}
