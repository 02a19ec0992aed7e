//! Enrollment statuses: Salesforce's picklist, and the words for the same states in Docebo's exports and APIs.
//!
//! A word that is in no table stays unknown; it never counts as a difference.

use crate::model::label::Label as _;
use serde::{Deserialize, Serialize};

/// The picklist `docebo_v3__Status`, by API name.
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
pub enum Status {
    /// No counterpart in Docebo is known.
    #[serde(rename = "None")]
    #[strum(serialize = "None")]
    None,
    /// Enrolled, not started.
    #[serde(rename = "Subscribed")]
    #[strum(serialize = "Subscribed")]
    Subscribed,
    /// Started.
    #[serde(rename = "In_Progress")]
    #[strum(serialize = "In_Progress")]
    InProgress,
    /// Finished.
    #[serde(rename = "Completed")]
    #[strum(serialize = "Completed")]
    Completed,
    /// On the waiting list.
    #[serde(rename = "Waiting")]
    #[strum(serialize = "Waiting")]
    Waiting,
    /// Waits for an administrator's approval.
    #[serde(rename = "Subscription_to_Confirm")]
    #[strum(serialize = "Subscription_to_Confirm")]
    SubscriptionToConfirm,
    /// Suspended.
    #[serde(rename = "Suspended")]
    #[strum(serialize = "Suspended")]
    Suspended,
    /// Beyond the seats of a session.
    #[serde(rename = "Overbooking")]
    #[strum(serialize = "Overbooking")]
    Overbooking,
}

/// The words of Docebo's pages, report files and APIs, folded, that differ from the picklist values.
const ALIASES: &[(&str, Status)] = &[
    ("completed", Status::Completed),
    ("enrolled", Status::Subscribed),
    ("enrollmenttoconfirm", Status::SubscriptionToConfirm),
    ("inprogress", Status::InProgress),
    ("notstarted", Status::Subscribed),
    ("overbooking", Status::Overbooking),
    ("subscribed", Status::Subscribed),
    ("subscriptiontoconfirm", Status::SubscriptionToConfirm),
    ("suspended", Status::Suspended),
    ("waiting", Status::Waiting),
    ("waitinguser", Status::Waiting),
    ("waitingusers", Status::Waiting),
];

/// Normalizes a status word: ignores case, spaces, hyphens and underscores.
#[must_use]
pub fn fold(word: &str) -> String {
    word.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

impl Status {
    /// The status of a Docebo word; `None` if no table has it.
    #[must_use]
    pub fn from_docebo(word: &str) -> Option<Self> {
        let folded = fold(word);
        ALIASES.iter().find(|(alias, _)| *alias == folded).map(|&(_, status)| status)
    }

    /// Whether a status is further along than another on the path from enrolled over started to finished; never for
    /// other statuses.
    #[must_use]
    pub fn is_beyond(self, other: Self) -> bool {
        let step = |status| [Self::Subscribed, Self::InProgress, Self::Completed].iter().position(|&on| on == status);
        step(self).zip(step(other)).is_some_and(|(own, other)| own > other)
    }

    /// The status of a Salesforce row; a blank field is [`Status::None`].
    #[must_use]
    pub fn from_salesforce(word: &str) -> Option<Self> {
        if word.is_empty() {
            return Some(Self::None);
        }
        // Extracts contain exact API names; labels come from manually saved reports.
        if let Some(status) = Self::ALL.iter().copied().find(|status| status.label() == word) {
            return Some(status);
        }
        let folded = fold(word);
        Self::ALL.iter().copied().find(|status| fold(status.label()) == folded)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn words_of_pages_files_and_apis_mean_the_same_state() {
        for (word, status) in [
            ("Enrolled", Status::Subscribed),
            ("Subscribed", Status::Subscribed),
            ("Not started", Status::Subscribed),
            ("not-started", Status::Subscribed),
            ("In progress", Status::InProgress),
            ("in_progress", Status::InProgress),
            (" In-Progress ", Status::InProgress),
            ("Completed", Status::Completed),
            ("Waiting users", Status::Waiting),
            ("waiting", Status::Waiting),
            ("Enrollment to confirm", Status::SubscriptionToConfirm),
            ("subscription_to_confirm", Status::SubscriptionToConfirm),
            ("Suspended", Status::Suspended),
            ("Overbooking", Status::Overbooking),
        ] {
            assert_eq!(Status::from_docebo(word), Some(status), "{word}");
        }
        for word in ["", "Iscritto", "Passed", "null", "complete d!"] {
            assert_eq!(Status::from_docebo(word), None, "{word}");
        }
    }

    #[test]
    fn salesforce_gives_api_names_or_labels() {
        assert_eq!(Status::from_salesforce("In_Progress"), Some(Status::InProgress));
        assert_eq!(Status::from_salesforce("In Progress"), Some(Status::InProgress));
        assert_eq!(Status::from_salesforce(""), Some(Status::None));
        assert_eq!(Status::from_salesforce("Enrolled"), None);
    }
}

/// A status word of the export and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusWord {
    /// As written in the export.
    pub text: String,
    /// Its meaning; `None` if no alias table has it.
    pub status: Option<Status>,
}
