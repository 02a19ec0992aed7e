//! `docebo_v3__DoceboUser__c` records in columns, sorted by record id.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::model::column::{IdColumn, NumberColumn, SparseColumn, UniformColumn, reorder};
use crate::model::contacts::Contacts;
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::lookups::Lookups;
use crate::model::object::{DuplicateRecord, SfObject};
use crate::model::record_order::{by_id, check_unique, moved};
use crate::model::row::{NONE, index, row};

/// One row of `docebo_v3__DoceboUser__c`.
#[derive(Debug, Clone, Copy)]
pub struct DoceboUserRow {
    /// Record id.
    pub id: RecordId,
    /// `UserId__c`, the learner's Docebo id.
    pub user_id: u64,
    /// `Contact__c`
    pub contact: Option<RecordId>,
    /// `User__c`
    pub user: Option<RecordId>,
    /// `CreatedDate`, if the column exists.
    pub created: Option<Instant>,
    /// `CreatedById`, if the column exists: an index into [`DoceboUsers::writers`], else [`NONE`].
    pub created_by: u32,
    /// `LastModifiedDate`
    pub modified: Option<Instant>,
    /// `LastModifiedById`, like `created_by`.
    pub modified_by: u32,
}

/// `docebo_v3__DoceboUser__c`, sorted by record id.
#[derive(Debug, Clone, Default)]
pub struct DoceboUsers {
    id: IdColumn,
    /// The learner's Docebo id; dropped once the account is known.
    user_id: NumberColumn,
    account: Vec<u32>,
    contact: Lookups,
    user: SparseColumn<RecordId>,
    created: Vec<Option<Instant>>,
    created_by: UniformColumn<u32>,
    modified: Vec<Option<Instant>>,
    modified_by: UniformColumn<u32>,
    /// The users who created or last modified rows.
    pub writers: Vec<RecordId>,
}

impl DoceboUsers {
    /// Appends a row. The contacts must already be sorted.
    pub fn push(&mut self, row: DoceboUserRow, contacts: &Contacts) {
        let DoceboUserRow { id, user_id, contact, user, created, created_by, modified, modified_by } = row;
        if let Some(user) = user {
            self.user.push(index(self.id.len()), user);
        }
        self.id.push(id);
        self.user_id.push(user_id);
        self.contact.push(contact, contacts);
        self.created.push(created);
        self.created_by.push(created_by);
        self.modified.push(modified);
        self.modified_by.push(modified_by);
    }

    /// Sorts the rows by id.
    #[must_use]
    pub fn sorted(self) -> Self {
        let order = by_id(&self.id);
        Self {
            id: self.id.reorder(&order),
            user_id: self.user_id.reorder(&order),
            account: self.account,
            contact: self.contact.reorder(&order),
            user: moved(self.user, &order),
            created: reorder(self.created, &order),
            created_by: self.created_by.reorder(&order),
            modified: reorder(self.modified, &order),
            modified_by: self.modified_by.reorder(&order),
            writers: self.writers,
        }
    }

    /// Number of rows.
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
    pub fn id(&self, at: usize) -> RecordId {
        self.id.get(at)
    }

    /// The most frequent instance part of the record ids (of several equally frequent ones, the first by id); `None` if
    /// there are no rows.
    #[must_use]
    pub fn instance_part(&self) -> Option<[u8; 3]> {
        let mut counts = BTreeMap::<[u8; 3], usize>::new();
        for at in 0..self.len() {
            *counts.entry(self.id(at).instance_part()).or_default() += 1;
        }
        counts.into_iter().max_by_key(|&(part, count)| (count, std::cmp::Reverse(part))).map(|(part, _)| part)
    }

    /// The account of a row: a row of the learners, or past their end an index into the unexported user ids.
    #[must_use]
    pub fn account(&self, at: usize) -> u32 {
        self.account[at]
    }

    /// The accounts of all rows.
    #[must_use]
    pub fn accounts(&self) -> &[u32] {
        &self.account
    }

    /// `Contact__c`
    #[must_use]
    pub fn contact(&self, at: usize, contacts: &Contacts) -> Option<RecordId> {
        self.contact.get(at, contacts)
    }

    /// `User__c`
    #[must_use]
    pub fn user(&self, at: usize) -> Option<RecordId> {
        self.user.get(at)
    }

    /// `CreatedDate`, if the column exists.
    #[must_use]
    pub fn created(&self, at: usize) -> Option<Instant> {
        self.created[at]
    }

    /// `CreatedById`, if the column exists.
    #[must_use]
    pub fn created_by(&self, at: usize) -> Option<RecordId> {
        self.writer(self.created_by.get(at))
    }

    /// `LastModifiedDate`
    #[must_use]
    pub fn modified(&self, at: usize) -> Option<Instant> {
        self.modified[at]
    }

    /// `LastModifiedById`, if the column exists.
    #[must_use]
    pub fn modified_by(&self, at: usize) -> Option<RecordId> {
        self.writer(self.modified_by.get(at))
    }

    fn writer(&self, at: u32) -> Option<RecordId> {
        row(at).map(|at| self.writers[at])
    }

    /// The user who created most rows; the lowest id on ties.
    #[must_use]
    pub fn foremost_creator(&self) -> Option<RecordId> {
        let mut rows = vec![0_u32; self.writers.len()];
        self.created_by.iter().filter_map(row).for_each(|writer| rows[writer] += 1);
        let flags = rows.iter().zip(&self.writers).filter(|&(&rows, _)| rows > 0);
        flags.max_by_key(|&(&rows, &id)| (rows, std::cmp::Reverse(id))).map(|(_, &id)| id)
    }

    pub(crate) fn check_unique(&self) -> Result<(), DuplicateRecord> {
        check_unique(SfObject::DoceboUser, &self.id)
    }

    /// Resolves the account of each row and returns the ids that are missing from the export, sorted. `learners` is the
    /// number of learners in the export; `learner` finds a learner by Docebo id.
    pub(crate) fn resolve_accounts(
        &mut self,
        learners: usize,
        learner: impl Fn(u64) -> Option<usize> + Sync,
    ) -> Vec<u64> {
        let user_id = std::mem::take(&mut self.user_id);
        let account = |at: usize| learner(user_id.get(at)).map_or(NONE, index);
        self.account = (0..user_id.len()).into_par_iter().map(account).collect();
        let unknown = self.account.iter().zip(user_id.iter()).filter(|&(&account, _)| account == NONE);
        let mut unexported: Vec<u64> = unknown.map(|(_, id)| id).collect();
        unexported.sort_unstable();
        unexported.dedup();
        if !unexported.is_empty() {
            for (account, id) in self.account.iter_mut().zip(user_id.iter()).filter(|(account, _)| **account == NONE) {
                *account = unexported.binary_search(&id).map_or(NONE, |at| index(learners + at));
            }
        }
        unexported
    }
}
