//! Both sets of books, related: what every check and every output reads.
//!
//! Must not know: any check, any wording, any output.

use crate::model::id::RecordId;
use crate::model::question::Questioned;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::Relations;
use crate::settings::Rules;
use crate::stalls::Stalls;

/// Both sides and how they stand to each other: all that a check sees.
#[derive(Debug, Clone)]
pub struct Reconciliation {
    /// What both sides said.
    pub data: Dataset,
    /// How it fits together.
    pub relations: Relations,
    /// The rules it was compared by.
    pub rules: Rules,
    /// What is questioned about the run.
    pub questions: Vec<Questioned>,
    /// Where the sync stood still, and its pulse.
    pub stalls: Stalls,
}

impl Reconciliation {
    /// The integration's user: who created most `DoceboUser__c` rows (of equals, the lowest id).
    #[must_use]
    pub fn integration_user(&self) -> Option<RecordId> {
        self.relations.integration_user
    }

    /// The contact that a `DoceboUser__c` row belongs to, directly or through the contact's user.
    #[must_use]
    pub fn contact_of_docebo_user(&self, at: usize) -> Option<RecordId> {
        let (rows, users) = (&self.data.docebo_users, &self.data.users);
        let through_user = || {
            let user = users.find(rows.user(at)?)?;
            users.contact(user, &self.data.contacts)
        };
        rows.contact(at, &self.data.contacts).or_else(through_user)
    }
}
