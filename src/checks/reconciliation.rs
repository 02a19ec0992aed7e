//! Both sides, related: the input of every check and every output.
//!
//! Must not know: any check, any wording, any output.

use crate::model::id::RecordId;
use crate::model::question::Questioned;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::Relations;
use crate::settings::Rules;
use crate::stalls::Stalls;

/// Both sides and their relations: everything that a check sees.
#[derive(Debug, Clone)]
pub struct Reconciliation {
    /// The data of both sides.
    pub data: Dataset,
    /// The relations between them.
    pub relations: Relations,
    /// The comparison rules.
    pub rules: Rules,
    /// The questions about the run.
    pub questions: Vec<Questioned>,
    /// The stalls of the sync, and its heartbeats.
    pub stalls: Stalls,
}

impl Reconciliation {
    /// The integration's user: who created most `DoceboUser__c` rows (on ties, the lowest id).
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
