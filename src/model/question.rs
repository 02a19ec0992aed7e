//! Results so implausible that the inputs are questioned before any fault is reported.
//!
//! A wrong mapped field, a wrong time zone or the ids of another organization look like thousands of faults. Each
//! question names one such mistake; until a person accepts the result (`--accept WORD`), the run is not evaluated, and
//! the checks that depend on the questioned input report nothing.
//!
//! Must not know: how a question is detected (`relations::questions`), or what depends on it (`check`).

use serde::{Deserialize, Serialize};

/// What is questioned about a run.
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
pub enum Question {
    /// Under half of the dates on both sides agree: the time zone, or the order of day and month.
    DatesDisagree,
    /// Over half of the linked learners are `drifted`: the mapped field.
    KeysDisagree,
    /// Over half of the addressable ids are `dangling`: another organization or a refreshed sandbox.
    OtherOrganization,
    /// Over half of the `DoceboUser__c` rows have a learner missing from the export, or over a fifth of the enrollment rows
    /// that are judged are `orphaned`: a filtered export.
    ExportFiltered,
    /// `exported_at` is in the future, before the newest date in the export, or at least 30 days after it.
    ExportTime,
    /// `extracted_at` is in the future, or before a write in the snapshot.
    ExtractTime,
    /// No enrollment was compared on both sides, and none was due: nothing is known of the sync.
    NothingDue,
}

/// A question that applies to a run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Questioned {
    /// What is questioned.
    #[schemars(with = "String")]
    pub question: Question,
    /// What was seen, with its numbers, and the likely cause, as one or two sentences without personal values.
    pub sentence: String,
    /// Whether a person accepted it (`--accept`), so that the run goes on.
    pub accepted: bool,
}

/// Minimum number of records that can prove a result implausible.
pub const MIN_RECORDS: u64 = 20;
