//! Rows of the package's auxiliary objects, read only for their last writers.

use crate::model::id::RecordId;
use crate::model::object::SfObject;

/// A row of an auxiliary object of the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxiliaryRow {
    /// The object.
    pub object: SfObject,
    /// Record id.
    pub id: RecordId,
    /// `LastModifiedById`
    pub modified_by: RecordId,
}
