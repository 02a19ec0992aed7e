//! What the user asked for: the configuration file with flags and environment laid over it, checked
//! and with every default filled in.
//!
//! Must not know: how a run goes on from there.

/// The configuration file as TOML, key by key.
pub mod file;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::input::DateOrder;
use crate::model::instant::Instant;
use crate::model::key::Equality;
use crate::model::question::Question;
use crate::model::status::Status;

/// Everything a run needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of CSV files that holds the Salesforce side; blank until a live organisation was extracted.
    pub snapshot: PathBuf,
    /// The live organisation that is extracted first.
    pub live: Option<OrgConnection>,
    /// When the Salesforce read began, where the user says so.
    pub extracted_at: Option<Instant>,
    /// `https://…` of the organisation, for links.
    pub instance: Option<String>,
    /// The Docebo platform's address.
    pub platform: Option<String>,
    /// Files of the *Users* report.
    pub users: Vec<PathBuf>,
    /// Files of the *Users - Courses* report.
    pub enrollments: Vec<PathBuf>,
    /// When Docebo produced the export, where the user says so.
    pub exported_at: Option<Instant>,
    /// How columns are found.
    pub columns: Columns,
    /// The user's own table of incidents.
    pub incidents: Option<PathBuf>,
    /// Status words of the user's own, folded, beside the known ones.
    pub statuses: Vec<(String, Status)>,
    /// Words of the export that mean nothing, such as `null`; compared without regard to case and surrounding spaces.
    pub null_values: Vec<String>,
    /// Words of the column *Archived Enrollment* that mean yes, in the export's language; every other word then means no.
    pub archived_words: Vec<String>,
    /// The pattern of the export's dates (`strptime`), where the user says so.
    pub date_format: Option<String>,
    /// Whether `OBJECT_2.csv` and its like are read as further parts of the object.
    pub snapshot_parts: bool,
    /// The rules of comparison.
    pub rules: Rules,
}

/// A live organisation, and what is asked of it.
#[derive(Debug, Clone, Default)]
pub struct OrgConnection {
    /// A token at hand, from whoever calls the library; the configuration holds none.
    pub token: Option<secrecy::SecretString>,
    /// The secret of the app that signs in, from whoever calls the library; the command takes it from the environment.
    pub client_secret: Option<secrecy::SecretString>,
    /// An org that the Salesforce CLI is signed in to.
    pub org: Option<String>,
    /// `https://…` of the organisation.
    pub instance_url: Option<String>,
    /// The app that signs in.
    pub client_id: Option<String>,
    /// The user whom a key speaks for.
    pub username: Option<String>,
    /// Where a key's assertion is addressed to.
    pub login_url: Option<String>,
    /// The share of the organisation's daily calls beyond which nothing more is asked.
    pub api_budget_percent: u8,
    /// The Contact field that is mapped to the Docebo username.
    pub username_field: String,
    /// The list view that limits the inbound sync.
    pub list_view: Option<String>,
}

/// What the freshness check needs to know.
#[derive(Debug, Clone)]
pub struct FreshnessSettings {
    /// The folder of CSV files that holds the Salesforce side; blank where a live organisation is asked.
    pub snapshot: PathBuf,
    /// As [`Settings::snapshot_parts`].
    pub snapshot_parts: bool,
    /// The live organisation that is asked.
    pub live: Option<OrgConnection>,
    /// When Salesforce was read, where the user says so.
    pub extracted_at: Option<Instant>,
    /// The Docebo platform's address.
    pub platform: Option<String>,
    /// `https://…` of the organisation.
    pub instance: Option<String>,
    /// How enrollments are replicated.
    pub enrollment_mode: EnrollmentMode,
    /// Hours of silence from which on a warning is given.
    pub warn_after_hours: Option<u32>,
    /// Hours of silence from which on the sync is taken for stalled.
    pub error_after_hours: Option<u32>,
    /// The user's own template of the webhook's body.
    pub webhook_template: Option<PathBuf>,
    /// When the webhook is called.
    pub webhook_on: WebhookOn,
}

/// When a webhook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebhookOn {
    /// When the sync is not fresh.
    #[default]
    Problem,
    /// After every check.
    Always,
}

/// The rules of comparison: what the pure part of the house goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The Contact field that is mapped to the Docebo username.
    pub username_field: String,
    /// How keys are compared.
    pub equality: Equality,
    /// Whether Docebo makes users from contacts.
    pub provisioning: bool,
    /// The list view that limits the inbound sync, where there is one.
    pub list_view: Option<String>,
    /// Which courses are synchronised.
    pub scope: Scope,
    /// How enrollments are replicated.
    pub enrollment_mode: EnrollmentMode,
    /// Hours that the sync may take.
    pub grace_hours: i64,
    /// Minutes by which two equal dates may differ.
    pub tolerance_minutes: i64,
    /// The zone of the export's dates.
    pub zone: ZoneRule,
    /// The order of day and month in the export, where the user says so.
    pub date_order: Option<DateOrder>,
    /// How many unreadable rows of a file are accepted.
    pub max_unreadable_rows: Tolerance,
    /// Questioned results that the user accepts, in their order.
    pub accepted: Vec<Question>,
}

/// How many unreadable rows of one file are accepted, so that the run still counts as evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tolerance {
    /// So many rows.
    Rows(u64),
    /// So many in a million of the file's rows.
    PerMillion(u32),
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Rows(0)
    }
}

impl Tolerance {
    /// Whether so many unreadable rows of a file with so many rows are accepted.
    #[must_use]
    pub fn accepts(self, unreadable: u64, rows: u64) -> bool {
        match self {
            Self::Rows(most) => unreadable <= most,
            Self::PerMillion(share) => u128::from(unreadable) * 1_000_000 <= u128::from(rows) * u128::from(share),
        }
    }

    /// Reads `0.1%` (at most 100, to four decimal places); nothing where the text is something else.
    #[must_use]
    pub fn parse_percent(text: &str) -> Option<Self> {
        let (whole, decimals) = {
            let number = text.trim().strip_suffix('%')?.trim_end();
            number.split_once('.').unwrap_or((number, ""))
        };
        let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || decimals.len() > 4 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let share: u32 = format!("{whole}{decimals:0<4}").parse().ok()?;
        (share <= 1_000_000).then_some(Self::PerMillion(share))
    }
}

/// As the configuration has it.
impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(most) => write!(f, "{most}"),
            Self::PerMillion(share) => {
                let text = format!("{}.{:04}", share / 10_000, share % 10_000);
                write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

/// The zone of the export's dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneRule {
    /// Inferred from enrollments on both sides.
    Auto,
    /// An IANA name.
    Named(String),
}

/// Which courses are synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Those in Salesforce that are effective and not deleted.
    Synced,
    /// Every course of the export.
    All,
    /// These Docebo course ids, sorted.
    Courses(Vec<u64>),
}

/// How enrollments are replicated to Salesforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnrollmentMode {
    /// As they happen.
    Realtime,
    /// When somebody asks for it.
    Manual,
}

/// A column of the export that the tool reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnName {
    /// The learner's Docebo id.
    LearnerId,
    /// The learner's username.
    Username,
    /// The additional field with the Salesforce id.
    SfdcId,
    /// The course's numeric id.
    CourseId,
    /// The course's code.
    CourseCode,
    /// The enrollment's status word.
    Status,
    /// When the enrollment was made.
    EnrollmentDate,
    /// When it was completed.
    CompletionDate,
    /// When the course was first opened.
    FirstAccess,
    /// When it was last opened.
    LastAccess,
    /// Whether the enrollment is archived.
    Archived,
    /// When the course was made.
    CourseCreated,
}

impl ColumnName {
    /// Every column.
    pub const ALL: [Self; 12] = [
        Self::LearnerId,
        Self::Username,
        Self::SfdcId,
        Self::CourseId,
        Self::CourseCode,
        Self::Status,
        Self::EnrollmentDate,
        Self::CompletionDate,
        Self::FirstAccess,
        Self::LastAccess,
        Self::Archived,
        Self::CourseCreated,
    ];

    /// The key under `[docebo.columns]`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::LearnerId => "learner_id",
            Self::Username => "username",
            Self::SfdcId => "sfdc_id",
            Self::CourseId => "course_id",
            Self::CourseCode => "course_code",
            Self::Status => "status",
            Self::EnrollmentDate => "enrollment_date",
            Self::CompletionDate => "completion_date",
            Self::FirstAccess => "first_access",
            Self::LastAccess => "last_access",
            Self::Archived => "archived",
            Self::CourseCreated => "course_created",
        }
    }
}

/// Headings of the user's own, and whether the export is known to have no `sfdc_id`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Column and heading.
    pub headings: Vec<(ColumnName, String)>,
    /// `sfdc_id = false`: go on without the column, and say what cannot be judged.
    pub without_sfdc_id: bool,
}

impl Columns {
    /// The heading that the user gave for a column.
    #[must_use]
    pub fn heading(&self, column: ColumnName) -> Option<&str> {
        self.headings.iter().find(|(known, _)| *known == column).map(|(_, heading)| heading.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Tolerance;

    #[test]
    fn a_tolerance_is_a_number_of_rows_or_a_share_of_the_file() {
        for (text, accepted, refused) in
            [("0.1%", (1, 1_000), (2, 1_000)), ("100%", (5, 5), (6, 5)), ("0%", (0, 9), (1, 9))]
        {
            let tolerance = Tolerance::parse_percent(text).expect("a percentage");
            assert!(tolerance.accepts(accepted.0, accepted.1) && !tolerance.accepts(refused.0, refused.1), "{text}");
            assert_eq!(tolerance.to_string(), text);
        }
        assert_eq!(Tolerance::parse_percent("12.345 %").map(|t| t.to_string()).as_deref(), Some("12.345%"));
        for text in ["", "1", "%", "-1%", "101%", "1.23456%", "one%", "1e2%"] {
            assert_eq!(Tolerance::parse_percent(text), None, "{text}");
        }
        assert!(Tolerance::default().accepts(0, 0) && !Tolerance::default().accepts(1, 1_000_000));
    }
}
