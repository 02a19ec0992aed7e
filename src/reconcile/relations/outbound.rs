//! `outbound`: whether Docebo wrote a learner's `DoceboUser__c` row, and for whom. A total function of the link, the
//! row and what is due.
//!
//! A row can be expected only for a learner who is *addressable* (the `sfdc_id` is a contact or a user) and has an
//! enrollment that is due.

use crate::reconcile::relations::link::SfdcIdKind;
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
pub enum Outbound {
    /// The row exists and references the learner's contact or user.
    Delivered,
    /// No row, and nothing due: Docebo writes the row only once there is something to sync.
    NotDue,
    /// No row, and everything due is newer than the cutoff.
    Pending,
    /// No row, though something older is due: caused by a stalled sync.
    Missing,
    /// The row references somebody else.
    Misattached,
    /// The row exists, but both its lookups are empty.
    LinkLost,
    /// The row references somebody, though the learner has no usable `sfdc_id`.
    Stray,
    /// No row, and no usable `sfdc_id`: an inbound problem, reported there.
    NotAddressable,
    /// A required input is missing or unreadable.
    Unknown,
}

impl Relation for Outbound {
    fn meaning(self) -> &'static str {
        match self {
            Self::Delivered => "the record is there, and names the right person",
            Self::NotDue => "no record, and nothing to sync: as it should be",
            Self::Pending => "no record, and all that is due is too new",
            Self::Missing => "no record, though something older is due",
            Self::Misattached => "the record names somebody else",
            Self::LinkLost => "the record names nobody",
            Self::Stray => "the record names somebody, though the learner has no usable Salesforce id",
            Self::NotAddressable => "no record, and no usable Salesforce id; reported with the link",
            Self::Unknown => "an input that is needed to tell was not to be had",
        }
    }

    fn is_exception(self) -> bool {
        match self {
            Self::Missing | Self::Misattached | Self::LinkLost | Self::Stray | Self::Unknown => true,
            Self::Delivered | Self::NotDue | Self::Pending | Self::NotAddressable => false,
        }
    }
}

/// Whether Docebo can write for a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addressable {
    /// The `sfdc_id` is a contact or a user.
    Yes,
    /// The `sfdc_id` is neither.
    No,
    /// No report states it.
    Unknown,
    /// A row of the learner, or the contact, is unreadable: nothing that depends on the `sfdc_id` is known.
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
    /// It does not exist.
    Absent,
    /// It is not in an incomplete extract.
    Unseen,
    /// Its lookup is the `sfdc_id`, or a user of that contact; if the `sfdc_id` is unusable: the record with the
    /// repaired id, or the one that the contact was merged into.
    NamesLearner,
    /// Its lookup is somebody else.
    NamesOther,
    /// Its lookup is filled; whether with the learner is unknown.
    NamesSomebody,
    /// Both lookups are empty.
    NamesNobody,
}

/// Whether an enrollment of a learner is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DueState {
    /// No enrollment is due.
    Nothing,
    /// Everything due is newer than the cutoff.
    OnlyAfterCutoff,
    /// Something due is older than the cutoff.
    BeforeCutoff,
    /// What is due is unknown.
    Unknown,
}

/// The decision table.
#[must_use]
pub fn outbound(addressable: Addressable, row: DoceboUserMatch, due: DueState) -> Outbound {
    use Addressable::{No, Unknown, Unread, Yes};
    use DoceboUserMatch::{Absent, NamesLearner, NamesNobody, NamesOther, NamesSomebody, Unseen};
    match (addressable, row) {
        (_, NamesNobody) => Outbound::LinkLost,
        // If a learner is not addressable, the fault is the link's and is reported only there.
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
