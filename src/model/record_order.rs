//! The order of record ids, and columns in that order.

use crate::model::column::{IdColumn, SparseColumn};
use crate::model::id::RecordId;
use crate::model::object::{DuplicateRecord, SfObject};
use crate::model::row::NONE;

/// The rows sorted by id.
pub(crate) fn by_id(ids: &IdColumn) -> Vec<u32> {
    let mut keyed: Vec<(RecordId, u32)> = ids.iter().zip(0..).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// Moves each value to its row's new position.
pub(crate) fn moved(column: SparseColumn<RecordId>, order: &[u32]) -> SparseColumn<RecordId> {
    if column.is_empty() {
        return column;
    }
    let mut place = vec![NONE; order.len()];
    for (new, &old) in (0..).zip(order) {
        place[old as usize] = new;
    }
    column.moved(&place)
}

/// Checks that each record of a sorted column occurs only once.
pub(crate) fn check_unique(object: SfObject, ids: &IdColumn) -> Result<(), DuplicateRecord> {
    match ids.iter().zip(ids.iter().skip(1)).find(|(one, next)| one == next) {
        Some((id, _)) => Err(DuplicateRecord { object, id }),
        None => Ok(()),
    }
}
