//! Rows of the package's objects that are read only for who wrote them and when.

use crate::model::id::RecordId;
use crate::model::object::SfObject;

/// A row of one of the package's other objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxiliaryRow {
    /// Its object.
    pub object: SfObject,
    /// Record id.
    pub id: RecordId,
    /// `LastModifiedById`
    pub modified_by: RecordId,
}
