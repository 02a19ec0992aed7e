//! `outbound`: whether Docebo wrote a learner's `DoceboUser__c` row, and for whom. A total function
//! over the link, the row and what is due.
//!
//! A row can be expected only for a learner who is *addressable* (the `sfdc_id` is a contact or a
//! user) and has an enrollment that is due.

use crate::reconcile::relations::link::SfdcIdKind;
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
pub enum Outbound {
    /// The row is there and names the learner's contact or user.
    Delivered,
    /// No row, and nothing due: Docebo writes the row only once there is something to sync.
    NotDue,
    /// No row, and all that is due is newer than the cutoff.
    Pending,
    /// No row, though something older is due: the fault of a stalled sync.
    Missing,
    /// The row names somebody else.
    Misattached,
    /// The row is there, both its lookups are empty.
    LinkLost,
    /// The row names somebody, though the learner has no usable `sfdc_id`.
    Stray,
    /// No row, and no usable `sfdc_id`: an inbound problem, reported there.
    NotAddressable,
    /// A required input is missing or could not be read.
    Unknown,
}

/// Whether Docebo can write for a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addressable {
    /// The `sfdc_id` is a contact or a user.
    Yes,
    /// It is not.
    No,
    /// No report says it.
    Unknown,
    /// A row of the learner, or the contact, could not be read: nothing that rests on the `sfdc_id` can be said.
    Unread,
}

impl From<SfdcIdKind> for Addressable {
    fn from(sfdc_id: SfdcIdKind) -> Self {
        match sfdc_id {
            SfdcIdKind::Contact | SfdcIdKind::User => Self::Yes,
            SfdcIdKind::Blank | SfdcIdKind::Malformed | SfdcIdKind::Dangling | SfdcIdKind::Foreign => Self::No,
            SfdcIdKind::Unknown | SfdcIdKind::NotExtracted => Self::Unknown,
            SfdcIdKind::Unread => Self::Unread,
        }
    }
}

/// The learner's `DoceboUser__c` row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DoceboUserMatch {
    /// There is none.
    Absent,
    /// It is not in an incomplete extract.
    Unseen,
    /// Its lookup is the `sfdc_id`, or a user of that contact; where the `sfdc_id` is no usable id: the record that it stands
    /// for once it is repaired, or that the contact was merged into.
    NamesLearner,
    /// Its lookup is somebody else.
    NamesOther,
    /// Its lookup is filled; whether with the learner cannot be told.
    NamesSomebody,
    /// Both lookups are empty.
    NamesNobody,
}

/// What Docebo owes for a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DueState {
    /// No enrollment is due.
    Nothing,
    /// All that is due is newer than the cutoff.
    OnlyAfterCutoff,
    /// Something due is older than the cutoff.
    BeforeCutoff,
    /// What is due cannot be told.
    Unknown,
}

/// The decision table.
#[must_use]
pub fn outbound(addressable: Addressable, row: DoceboUserMatch, due: DueState) -> Outbound {
    use Addressable::{No, Unknown, Unread, Yes};
    use DoceboUserMatch::{Absent, NamesLearner, NamesNobody, NamesOther, NamesSomebody, Unseen};
    match (addressable, row) {
        (_, NamesNobody) => Outbound::LinkLost,
        // Of a learner who is not addressable, the fault is the link's and is reported there alone.
        (Yes | No | Unknown, NamesLearner) | (Unknown, NamesSomebody) => Outbound::Delivered,
        (Yes, NamesOther) => Outbound::Misattached,
        (No, NamesOther | NamesSomebody) => Outbound::Stray,
        (No, Absent) => Outbound::NotAddressable,
        (Yes, Absent) => match due {
            DueState::Nothing => Outbound::NotDue,
            DueState::OnlyAfterCutoff => Outbound::Pending,
            DueState::BeforeCutoff => Outbound::Missing,
            DueState::Unknown => Outbound::Unknown,
        },
        (Yes, NamesSomebody) | (Unknown, NamesOther | Absent) | (Unread, _) | (_, Unseen) => Outbound::Unknown,
    }
}
