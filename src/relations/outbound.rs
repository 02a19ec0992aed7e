//! `outbound`: whether Docebo wrote a learner's `DoceboUser__c` row, and for whom. A total function
//! over the link, the row and what is due.
//!
//! A row can be expected only for a learner who is *addressable* (the `sfdc_id` is a contact or a
//! user) and has an enrollment that is due.

use crate::model::word::words;
use crate::relations::link::SfdcId;

words! {
    /// One value for every learner.
    pub enum Outbound {
        /// The row is there and names the learner's contact or user.
        Delivered = "delivered",
        /// No row, and nothing due: Docebo writes the row only once there is something to sync.
        NotDue = "not-due",
        /// No row, and all that is due is newer than the cutoff.
        Pending = "pending",
        /// No row, though something older is due: the fault of a stalled sync.
        Missing = "missing",
        /// The row names somebody else.
        Misattached = "misattached",
        /// The row is there, both its lookups are empty.
        LinkLost = "link-lost",
        /// The row names somebody, though the learner has no usable `sfdc_id`.
        Stray = "stray",
        /// No row, and no usable `sfdc_id`: an inbound problem, reported there.
        NotAddressable = "not-addressable",
        /// A required input is missing or could not be read.
        Unknown = "unknown",
    }
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

impl From<SfdcId> for Addressable {
    fn from(sfdc_id: SfdcId) -> Self {
        match sfdc_id {
            SfdcId::Contact | SfdcId::User => Self::Yes,
            SfdcId::Blank | SfdcId::Malformed | SfdcId::Dangling | SfdcId::Foreign => Self::No,
            SfdcId::Unknown | SfdcId::Unseen => Self::Unknown,
            SfdcId::Unread => Self::Unread,
        }
    }
}

/// The learner's `DoceboUser__c` row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DoceboUserRow {
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
pub enum Due {
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
pub fn outbound(addressable: Addressable, row: DoceboUserRow, due: Due) -> Outbound {
    use Addressable::{No, Unknown, Unread, Yes};
    use DoceboUserRow::{Absent, NamesLearner, NamesNobody, NamesOther, NamesSomebody, Unseen};
    match (addressable, row) {
        (_, NamesNobody) => Outbound::LinkLost,
        // Of a learner who is not addressable, the fault is the link's and is reported there alone.
        (Yes | No | Unknown, NamesLearner) | (Unknown, NamesSomebody) => Outbound::Delivered,
        (Yes, NamesOther) => Outbound::Misattached,
        (No, NamesOther | NamesSomebody) => Outbound::Stray,
        (No, Absent) => Outbound::NotAddressable,
        (Yes, Absent) => match due {
            Due::Nothing => Outbound::NotDue,
            Due::OnlyAfterCutoff => Outbound::Pending,
            Due::BeforeCutoff => Outbound::Missing,
            Due::Unknown => Outbound::Unknown,
        },
        (Yes, NamesSomebody) | (Unknown, NamesOther | Absent) | (Unread, _) | (_, Unseen) => Outbound::Unknown,
    }
}
