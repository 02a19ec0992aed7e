//! `link`: how a learner is tied to Salesforce. A total function over what the `sfdc_id` is and
//! which contacts carry the username as their key.

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
    /// The `sfdc_id` is one contact, the username is the key of another.
    Crossed,
    /// The `sfdc_id` is a contact, but no contact's key is the username: the outbound sync works,
    /// the next contacts sync will not find this learner again.
    Drifted,
    /// No `sfdc_id`; exactly one contact's key is the username.
    KeyOnly,
    /// No `sfdc_id`; several contacts' keys are the username.
    Ambiguous,
    /// No `sfdc_id`; no contact's key is the username, one is near.
    NearMiss,
    /// No `sfdc_id`, and no contact to go with.
    Unlinked,
    /// The `sfdc_id` is not an 18-character Salesforce id.
    Malformed,
    /// The `sfdc_id` is well formed, of an object that is neither Contact nor User.
    Foreign,
    /// The `sfdc_id` is the id of a contact or user that is not there.
    Dangling,
    /// A required input is missing or could not be read.
    Unknown,
}

/// What a learner's `sfdc_id` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SfdcIdKind {
    /// No report tells it.
    Unknown,
    /// A row of the learner in the *Users* report could not be read, so that whatever another row says is not the last word.
    Unread,
    /// Blank.
    Blank,
    /// Not 18 characters of base 62 with the right checksum.
    Malformed,
    /// A contact of the extract.
    Contact,
    /// A user: in the extract, or by its prefix where no complete `User` extract is at hand.
    User,
    /// The id of a contact or user that a complete extract does not have.
    Dangling,
    /// The id of a contact that an incomplete extract does not have.
    NotExtracted,
    /// Any other object.
    Foreign,
}

/// How many contacts carry the username as their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matches {
    /// None.
    None,
    /// Exactly one.
    One,
    /// Two or more.
    Several,
}

/// What decides a learner's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkFacts {
    /// What the `sfdc_id` is.
    pub sfdc_id: SfdcIdKind,
    /// Where it is a contact: whether that contact's key is the username.
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
        // The rest speaks of all contacts, those that are missing from the extract included.
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
