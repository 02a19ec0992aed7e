//! The data of both sides, in columns.
//!
//! A row is an index. Learners and enrollments are sorted by Docebo id, Salesforce records by learner and course if
//! they have them, else by record id; so the input order leaves no trace.
//!
//! Must not know: which side is right.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::inputs::snapshot::rows::SnapshotRows;
use crate::model::auxiliary::AuxiliaryRow;
use crate::model::contacts::Contacts;
use crate::model::courses::Courses;
use crate::model::customization::Customisation;
use crate::model::deleted_contact::DeletedContact;
use crate::model::docebo_users::DoceboUsers;
use crate::model::id::RecordId;
use crate::model::learner_rows::sfdc_id_text;
use crate::model::object::SfObject;
use crate::model::origins::Origins;
use crate::model::row::row;
use crate::model::status::StatusWord;
use crate::model::users::Users;
use crate::model::write_activity::WriteActivity;
use crate::reconcile::join::enrollments::Enrollments;
use crate::reconcile::join::learners::Learners;

/// The data of both sides, before relating.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// The origin of the data.
    pub origins: Origins,
    /// Docebo: learners.
    pub learners: Learners,
    /// Docebo ids of DoceboUser rows whose learner is not in the export, sorted.
    pub unexported_user_ids: Vec<u64>,
    /// Enrollments of both sides.
    pub enrollments: Enrollments,
    /// The status words of the export.
    pub status_words: Vec<StatusWord>,
    /// Salesforce: contacts.
    pub contacts: Contacts,
    /// Salesforce: users.
    pub users: Users,
    /// Salesforce: Docebo users.
    pub docebo_users: DoceboUsers,
    /// Courses of either side.
    pub courses: Courses,
    /// Users who last modified course enrollments.
    pub editors: Vec<RecordId>,
    /// Salesforce: rows of the other package objects, sorted by object and id.
    pub auxiliary: Vec<AuxiliaryRow>,
    /// Salesforce: when the rows of each extracted package object were written.
    pub write_activity: BTreeMap<SfObject, WriteActivity>,
    /// Salesforce: deleted and merged contacts that it still knows, sorted by id.
    pub deleted_contacts: Vec<DeletedContact>,
    /// Salesforce: customizations of the package's objects; `None` if not queried.
    pub customisation: Option<Customisation>,
}

impl Dataset {
    /// The Docebo id of an account index.
    #[must_use]
    pub fn account_id(&self, account: u32) -> Option<u64> {
        let account = row(account)?;
        match account.checked_sub(self.learners.len()) {
            None => Some(self.learners.id(account)),
            Some(beyond) => self.unexported_user_ids.get(beyond).copied(),
        }
    }

    /// How a missing contact was removed, and which contact survived at the end of a chain of merges.
    #[must_use]
    pub fn resolve_merge(&self, contact: RecordId) -> Option<DeletedContact> {
        let find = |id: RecordId| {
            self.deleted_contacts
                .binary_search_by_key(&id, |deleted| deleted.id)
                .ok()
                .map(|at| self.deleted_contacts[at])
        };
        let mut deleted = find(contact)?;
        // A survivor can be merged in turn; a chain is never longer than the list.
        for _ in 0..self.deleted_contacts.len() {
            match deleted.into.and_then(find) {
                Some(next) if next.into.is_some() => deleted.into = next.into,
                _ => break,
            }
        }
        Some(deleted)
    }

    /// The learner of an account index, if exported.
    #[must_use]
    pub fn learner_of(&self, account: u32) -> Option<usize> {
        row(account).filter(|&account| account < self.learners.len())
    }
}

impl Dataset {
    /// Adds the data that is not joined, after reading.
    pub fn add_unjoined(&mut self, salesforce: SnapshotRows) {
        let SnapshotRows { mut auxiliary, write_activity, mut deleted_contacts, customisation, .. } = salesforce;
        // A restored contact is not deleted.
        deleted_contacts.retain(|deleted| self.contacts.find(deleted.id).is_none());
        deleted_contacts.sort_unstable();
        auxiliary.sort_unstable_by_key(|row| (row.object, row.id));
        self.auxiliary = auxiliary;
        self.write_activity = write_activity;
        self.deleted_contacts = deleted_contacts;
        self.customisation = customisation;
    }
}

impl Dataset {
    /// A learner's username.
    #[must_use]
    pub fn username(&self, learner: usize) -> &str {
        match self.learners.contact_by_key(learner) {
            Some(contact) => self.contacts.key(contact),
            None => self.learners.own_username(learner).unwrap_or(""),
        }
    }

    /// The usernames of all learners.
    pub fn usernames(&self) -> impl Iterator<Item = &str> {
        (0..self.learners.len()).map(|learner| self.username(learner))
    }

    /// A learner's `sfdc_id`, if it is an id of 18 characters.
    #[must_use]
    pub fn sfdc_record(&self, learner: usize) -> Option<RecordId> {
        match self.learners.contact_by_id(learner) {
            Some(contact) => Some(self.contacts.id(contact)),
            None => self.learners.own_sfdc_id(learner),
        }
    }

    /// A learner's additional field with the Salesforce id, unchanged.
    #[must_use]
    pub fn sfdc_id(&self, learner: usize) -> Cow<'_, str> {
        sfdc_id_text(self.sfdc_record(learner), self.learners.sfdc_text(learner))
    }
}
