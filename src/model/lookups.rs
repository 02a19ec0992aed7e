//! Columns of lookups from Salesforce records to contacts.

use crate::model::column::{SparseColumn, UniformColumn};
use crate::model::contacts::Contacts;
use crate::model::id::RecordId;
use crate::model::record_order::moved;
use crate::model::row::{NONE, index, row};

/// A column of lookups to contacts: rows, and the ids that the extract does not contain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookups {
    row: UniformColumn<u32>,
    unextracted: SparseColumn<RecordId>,
}

impl Lookups {
    pub(crate) fn push(&mut self, id: Option<RecordId>, contacts: &Contacts) {
        let found = id.and_then(|id| contacts.find(id));
        if let (Some(id), None) = (id, found) {
            self.unextracted.push(index(self.row.len()), id);
        }
        self.row.push(found.map_or(NONE, index));
    }

    pub(crate) fn get(&self, at: usize, contacts: &Contacts) -> Option<RecordId> {
        row(self.row.get(at)).map_or_else(|| self.unextracted.get(at), |contact| Some(contacts.id(contact)))
    }

    pub(crate) fn reorder(self, order: &[u32]) -> Self {
        Self { row: self.row.reorder(order), unextracted: moved(self.unextracted, order) }
    }
}
