//! `Contact` records in columns, sorted by record id.

use crate::model::column::{IdColumn, TextColumn, UniformColumn};
use crate::model::id::RecordId;
use crate::model::key::is_blank;
use crate::model::number;
use crate::model::object::{DuplicateRecord, SfObject};
use crate::model::record_order::{by_id, check_unique};

/// `Contact`, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    id: IdColumn,
    key: TextColumn,
    in_view: UniformColumn<Option<bool>>,
}

impl Contacts {
    /// Appends a contact: its record id, the field mapped to the Docebo username, and whether it is in the list view,
    /// if known.
    pub fn push(&mut self, id: RecordId, key: &str, in_view: Option<bool>) {
        self.id.push(id);
        self.key.push(key);
        self.in_view.push(in_view);
    }

    /// Converts the keys to whole numbers if the field is a Number in Salesforce, i.e. if every non-blank key is
    /// written like such a value (`40000.0`). Returns whether it is.
    pub fn read_number_keys(&mut self) -> bool {
        let mut found = false;
        for key in self.key.iter().filter(|key| !is_blank(key)) {
            if number::from_number_field(key).is_none() {
                return false;
            }
            found = true;
        }
        if found {
            let mut keys = TextColumn::default();
            self.key.iter().for_each(|key| keys.push(number::from_number_field(key).as_deref().unwrap_or(key)));
            self.key = keys;
        }
        found
    }

    /// Sorts the contacts by id.
    #[must_use]
    pub fn sorted(self) -> Self {
        let order = by_id(&self.id);
        Self { id: self.id.reorder(&order), key: self.key.reorder(&order), in_view: self.in_view.reorder(&order) }
    }

    /// Number of contacts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Record id.
    #[must_use]
    pub fn id(&self, contact: usize) -> RecordId {
        self.id.get(contact)
    }

    /// The record ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.id.iter()
    }

    /// The contact with a record id.
    #[must_use]
    pub fn find(&self, id: RecordId) -> Option<usize> {
        self.id.find(id)
    }

    /// The field mapped to the Docebo username.
    #[must_use]
    pub fn key(&self, contact: usize) -> &str {
        self.key.get(contact)
    }

    /// The keys of all contacts.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.key.iter()
    }

    /// Whether the contact is in the list view, if known.
    #[must_use]
    pub fn in_view(&self, contact: usize) -> Option<bool> {
        self.in_view.get(contact)
    }

    pub(crate) fn check_unique(&self) -> Result<(), DuplicateRecord> {
        check_unique(SfObject::Contact, &self.id)
    }
}
