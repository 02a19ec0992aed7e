//! `link`: how a learner is linked to Salesforce. A total function of the `sfdc_id` and of the contacts whose key is
//! the username.

use crate::reconcile::relations::relation::Relation;
use serde::{Deserialize, Serialize};

/// One value for every learner.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Link {
    /// The `sfdc_id` is a contact whose key is the username.
    Linked,
    /// The `sfdc_id` is a user.
    LinkedUser,
    /// The `sfdc_id` is one contact; the username is the key of another.
    Crossed,
    /// The `sfdc_id` is a contact, but the username is no contact's key: the outbound sync works, but the next contacts
    /// sync will not find this learner.
    Drifted,
    /// No `sfdc_id`; the username is exactly one contact's key.
    KeyOnly,
    /// No `sfdc_id`; the username is several contacts' key.
    Ambiguous,
    /// No `sfdc_id`; the username is no contact's key, but near one.
    NearMiss,
    /// No `sfdc_id` and no matching contact.
    Unlinked,
    /// The `sfdc_id` is not an 18-character Salesforce id.
    Malformed,
    /// The `sfdc_id` is well formed, but its object is neither Contact nor User.
    Foreign,
    /// The `sfdc_id` is the id of a contact or user that does not exist.
    Dangling,
    /// A required input is missing or unreadable.
    Unknown,
}

impl Relation for Link {
    fn meaning(self) -> &'static str {
        match self {
            Self::Linked => "the Salesforce id is a contact whose key is the username",
            Self::LinkedUser => "the Salesforce id is a user",
            Self::Crossed => "the Salesforce id is one contact, the username belongs to another",
            Self::Drifted => "the Salesforce id is a contact, but no contact has the username as key",
            Self::KeyOnly => "no Salesforce id; one contact has the username as key",
            Self::Ambiguous => "no Salesforce id; several contacts have the username as key",
            Self::NearMiss => "no Salesforce id; a contact's key is nearly the username",
            Self::Unlinked => "no Salesforce id, and no contact to go with",
            Self::Malformed => "the Salesforce id is not a valid id of 18 characters",
            Self::Foreign => "the Salesforce id is neither a contact's nor a user's",
            Self::Dangling => "the Salesforce id is of a record that is not there",
            Self::Unknown => "an input that is needed to tell was not to be had",
        }
    }

    fn is_exception(self) -> bool {
        match self {
            Self::Crossed
            | Self::Drifted
            | Self::KeyOnly
            | Self::Ambiguous
            | Self::NearMiss
            | Self::Unlinked
            | Self::Malformed
            | Self::Foreign
            | Self::Dangling
            | Self::Unknown => true,
            Self::Linked | Self::LinkedUser => false,
        }
    }
}

/// What a learner's `sfdc_id` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SfdcIdKind {
    /// No report has it.
    Unknown,
    /// A row of the learner in the *Users* report is unreadable, so another row's value may be wrong.
    Unread,
    /// Blank.
    Blank,
    /// Not 18 characters of base 62 with the correct checksum.
    Malformed,
    /// A contact of the extract.
    Contact,
    /// A user: extracted, or by its prefix if there is no complete `User` extract.
    User,
    /// The id of a contact or user that a complete extract does not have.
    Dangling,
    /// The id of a contact that an incomplete extract does not have.
    NotExtracted,
    /// Any other object.
    Foreign,
}

/// Number of contacts whose key is the username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matches {
    /// None.
    None,
    /// Exactly one.
    One,
    /// Two or more.
    Several,
}

/// The facts that decide a learner's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkFacts {
    /// What the `sfdc_id` is.
    pub sfdc_id: SfdcIdKind,
    /// Whether the key of the contact with the `sfdc_id` is the username.
    pub own_key: bool,
    /// Contacts whose key is the username.
    pub matches: Matches,
    /// Whether a contact's key is near the username.
    pub near: bool,
    /// Whether a contact that is not in the extract does not exist.
    pub contacts_complete: bool,
}

/// The decision table.
#[must_use]
pub fn link(facts: LinkFacts) -> Link {
    match facts.sfdc_id {
        SfdcIdKind::Unknown | SfdcIdKind::Unread | SfdcIdKind::NotExtracted => Link::Unknown,
        SfdcIdKind::Malformed => Link::Malformed,
        SfdcIdKind::Foreign => Link::Foreign,
        SfdcIdKind::Dangling => Link::Dangling,
        SfdcIdKind::User => Link::LinkedUser,
        SfdcIdKind::Contact if facts.own_key => Link::Linked,
        // The other values depend on all contacts, including those missing from the extract.
        SfdcIdKind::Contact | SfdcIdKind::Blank if !facts.contacts_complete => Link::Unknown,
        SfdcIdKind::Contact if facts.matches != Matches::None => Link::Crossed,
        SfdcIdKind::Contact => Link::Drifted,
        SfdcIdKind::Blank => match facts.matches {
            Matches::One => Link::KeyOnly,
            Matches::Several => Link::Ambiguous,
            Matches::None if facts.near => Link::NearMiss,
            Matches::None => Link::Unlinked,
        },
    }
}
