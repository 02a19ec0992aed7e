//! `User` records in columns, sorted by record id.

use crate::model::column::{IdColumn, UniformColumn};
use crate::model::contacts::Contacts;
use crate::model::id::RecordId;
use crate::model::lookups::Lookups;
use crate::model::object::{DuplicateRecord, SfObject};
use crate::model::record_order::{by_id, check_unique};

/// `User`, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Users {
    id: IdColumn,
    contact: Lookups,
    active: UniformColumn<Option<bool>>,
}

impl Users {
    /// Appends a user: the record id, the contact of a portal user, and whether the user can log in, if the column
    /// exists. The contacts must already be sorted.
    pub fn push(&mut self, id: RecordId, contact: Option<RecordId>, active: Option<bool>, contacts: &Contacts) {
        self.id.push(id);
        self.contact.push(contact, contacts);
        self.active.push(active);
    }

    /// Sorts the users by id.
    #[must_use]
    pub fn sorted(self) -> Self {
        let order = by_id(&self.id);
        Self { id: self.id.reorder(&order), contact: self.contact.reorder(&order), active: self.active.reorder(&order) }
    }

    /// Record id.
    #[must_use]
    pub fn id(&self, user: usize) -> RecordId {
        self.id.get(user)
    }

    /// The record ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.id.iter()
    }

    /// The user with a record id.
    #[must_use]
    pub fn find(&self, id: RecordId) -> Option<usize> {
        self.id.find(id)
    }

    /// The contact of a portal user.
    #[must_use]
    pub fn contact(&self, user: usize, contacts: &Contacts) -> Option<RecordId> {
        self.contact.get(user, contacts)
    }

    /// Whether the user can log in; `None` if the column is missing.
    #[must_use]
    pub fn active(&self, user: usize) -> Option<bool> {
        self.active.get(user)
    }

    pub(crate) fn check_unique(&self) -> Result<(), DuplicateRecord> {
        check_unique(SfObject::User, &self.id)
    }
}
