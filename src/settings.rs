//! The settings: the configuration file, overridden by flags and environment variables, checked, with every default
//! filled in.
//!
//! Must not know: how a run uses them.

/// The configuration file as TOML, key by key.
pub mod file;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::input::DateOrder;
use crate::model::instant::Instant;
use crate::model::key::Equality;
use crate::model::question::Question;
use crate::model::status::Status;

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of CSV files with the Salesforce side; blank until a live organization is extracted.
    pub snapshot: PathBuf,
    /// The live organization to extract first.
    pub live: Option<OrgConnection>,
    /// When reading from Salesforce began, if set by the user.
    pub extracted_at: Option<Instant>,
    /// `https://…` of the organization, for links.
    pub instance: Option<String>,
    /// The Docebo platform's address.
    pub platform: Option<String>,
    /// Files of the *Users* report.
    pub users: Vec<PathBuf>,
    /// Files of the *Users - Courses* report.
    pub enrollments: Vec<PathBuf>,
    /// When Docebo produced the export, if set by the user.
    pub exported_at: Option<Instant>,
    /// How columns are found.
    pub columns: Columns,
    /// The user's table of incidents.
    pub incidents: Option<PathBuf>,
    /// User-defined status words, folded, in addition to the known ones.
    pub statuses: Vec<(String, Status)>,
    /// Words of the export that mean "no value", such as `null`; compared ignoring case and surrounding spaces.
    pub null_values: Vec<String>,
    /// Words of the column *Archived Enrollment* that mean yes, in the export's language; every other word then means
    /// no.
    pub archived_words: Vec<String>,
    /// The pattern of the export's dates (`strptime`), if set by the user.
    pub date_format: Option<String>,
    /// Whether `OBJECT_2.csv` and similar files are read as further parts of the object.
    pub snapshot_parts: bool,
    /// The comparison rules.
    pub rules: Rules,
}

/// A live organization and the data requested from it.
#[derive(Debug, Clone, Default)]
pub struct OrgConnection {
    /// An access token set by the library's caller; the configuration has none.
    pub token: Option<secrecy::SecretString>,
    /// The secret of the app that signs in, set by the library's caller; the command reads it from the environment.
    pub client_secret: Option<secrecy::SecretString>,
    /// An org in which the Salesforce CLI is signed in.
    pub org: Option<String>,
    /// `https://…` of the organization.
    pub instance_url: Option<String>,
    /// The app that signs in.
    pub client_id: Option<String>,
    /// The user for whom the key signs in.
    pub username: Option<String>,
    /// The audience of a key's assertion.
    pub login_url: Option<String>,
    /// The share of the organization's daily calls beyond which no more are made.
    pub api_budget_percent: u8,
    /// The Contact field mapped to the Docebo username.
    pub username_field: String,
    /// The list view that limits the inbound sync.
    pub list_view: Option<String>,
}

/// The settings of the freshness check.
#[derive(Debug, Clone)]
pub struct FreshnessSettings {
    /// The folder of CSV files with the Salesforce side; blank if a live organization is queried.
    pub snapshot: PathBuf,
    /// See [`Settings::snapshot_parts`].
    pub snapshot_parts: bool,
    /// The live organization to query.
    pub live: Option<OrgConnection>,
    /// When Salesforce was read, if set by the user.
    pub extracted_at: Option<Instant>,
    /// The Docebo platform's address.
    pub platform: Option<String>,
    /// `https://…` of the organization.
    pub instance: Option<String>,
    /// How enrollments are replicated.
    pub enrollment_mode: EnrollmentMode,
    /// Hours of silence until a warning.
    pub warn_after_hours: Option<u32>,
    /// Hours of silence until the sync counts as stalled.
    pub error_after_hours: Option<u32>,
    /// The user's template of the webhook's body.
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

/// The comparison rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The Contact field mapped to the Docebo username.
    pub username_field: String,
    /// How keys are compared.
    pub equality: Equality,
    /// Whether Docebo creates users from contacts.
    pub provisioning: bool,
    /// The list view that limits the inbound sync, if any.
    pub list_view: Option<String>,
    /// Which courses are synchronized.
    pub scope: Scope,
    /// How enrollments are replicated.
    pub enrollment_mode: EnrollmentMode,
    /// Maximum duration of the sync, in hours.
    pub grace_hours: i64,
    /// Minutes by which two equal dates may differ.
    pub tolerance_minutes: i64,
    /// The zone of the export's dates.
    pub zone: ZoneRule,
    /// The order of day and month in the export, if set by the user.
    pub date_order: Option<DateOrder>,
    /// How many unreadable rows of a file are accepted.
    pub max_unreadable_rows: Tolerance,
    /// Accepted questions about results, in order.
    pub accepted: Vec<Question>,
}

/// Maximum number of unreadable rows per file with which the run still counts as evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tolerance {
    /// Number of rows.
    Rows(u64),
    /// Number of rows per million rows of the file.
    PerMillion(u32),
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Rows(0)
    }
}

impl Tolerance {
    /// Whether this many unreadable rows are accepted in a file with `rows` rows.
    #[must_use]
    pub fn accepts(self, unreadable: u64, rows: u64) -> bool {
        match self {
            Self::Rows(most) => unreadable <= most,
            Self::PerMillion(share) => u128::from(unreadable) * 1_000_000 <= u128::from(rows) * u128::from(share),
        }
    }

    /// Parses `0.1%` (at most 100, to four decimal places); `None` for any other text.
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

/// As in the configuration.
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

/// Which courses are synchronized.
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
    /// On request.
    Manual,
}

/// A column of the export that tieout reads.
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
    /// The enrollment date.
    EnrollmentDate,
    /// The completion date.
    CompletionDate,
    /// When the course was first opened.
    FirstAccess,
    /// When it was last opened.
    LastAccess,
    /// Whether the enrollment is archived.
    Archived,
    /// When the course was created.
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

/// User-defined headings, and whether the export is known to have no `sfdc_id`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Column and heading.
    pub headings: Vec<(ColumnName, String)>,
    /// `sfdc_id = false`: continue without the column, and report what cannot be judged.
    pub without_sfdc_id: bool,
}

impl Columns {
    /// The user-defined heading of a column.
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
