//! The snapshot's rows, by object. Knows nothing of Docebo's export.

use std::collections::BTreeMap;

use crate::model::auxiliary::AuxiliaryRow;
use crate::model::contacts::Contacts;
use crate::model::courses::Courses;
use crate::model::customization::Customisation;
use crate::model::deleted_contact::DeletedContact;
use crate::model::docebo_users::DoceboUsers;
use crate::model::object::SfObject;
use crate::model::users::Users;
use crate::model::write_activity::WriteActivity;

/// Salesforce rows, in the order read; all but the enrollments, which are stored in their final structure at once.
#[derive(Debug, Clone, Default)]
pub struct SnapshotRows {
    /// Contacts, sorted by id.
    pub contacts: Contacts,
    /// Users, sorted by id.
    pub users: Users,
    /// Docebo users, sorted by id, accounts not yet resolved.
    pub docebo_users: DoceboUsers,
    /// Courses in Salesforce.
    pub courses: Courses,
    /// Rows of the other package objects.
    pub auxiliary: Vec<AuxiliaryRow>,
    /// When the rows of each package object were written.
    pub write_activity: BTreeMap<SfObject, WriteActivity>,
    /// Deleted and merged contacts.
    pub deleted_contacts: Vec<DeletedContact>,
    /// Customizations of the package's objects.
    pub customisation: Option<Customisation>,
}
