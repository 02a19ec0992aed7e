//! What is known of the inputs themselves: which files, how they were read, how far they reach, and
//! what could not be seen. Every claim of the report rests on this.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::model::dataset::SourceLine;
use crate::model::id::RecordId;
use crate::model::instant::{Instant, Precision, Resolution};

/// A Salesforce object that the tool reads.
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
pub enum SfObject {
    /// A person Salesforce knows.
    #[serde(rename = "Contact")]
    #[strum(serialize = "Contact")]
    Contact,
    /// A Salesforce login.
    #[serde(rename = "User")]
    #[strum(serialize = "User")]
    User,
    /// One row for each Docebo account that takes part in the outbound sync.
    #[serde(rename = "docebo_v3__DoceboUser__c")]
    #[strum(serialize = "docebo_v3__DoceboUser__c")]
    DoceboUser,
    /// A synchronised course.
    #[serde(rename = "docebo_v3__Course__c")]
    #[strum(serialize = "docebo_v3__Course__c")]
    Course,
    /// One row for each learner and course.
    #[serde(rename = "docebo_v3__CourseEnrollment__c")]
    #[strum(serialize = "docebo_v3__CourseEnrollment__c")]
    CourseEnrollment,
    /// A session of a classroom or webinar course.
    #[serde(rename = "docebo_v3__Session__c")]
    #[strum(serialize = "docebo_v3__Session__c")]
    Session,
    /// A learner in a session.
    #[serde(rename = "docebo_v3__SessionAttendance__c")]
    #[strum(serialize = "docebo_v3__SessionAttendance__c")]
    SessionAttendance,
    /// A learning plan.
    #[serde(rename = "docebo_v3__LearningPlan__c")]
    #[strum(serialize = "docebo_v3__LearningPlan__c")]
    LearningPlan,
    /// A course of a learning plan.
    #[serde(rename = "docebo_v3__LearningPlanCourse__c")]
    #[strum(serialize = "docebo_v3__LearningPlanCourse__c")]
    LearningPlanCourse,
    /// A learner in a learning plan.
    #[serde(rename = "docebo_v3__LearningPlanEnrollment__c")]
    #[strum(serialize = "docebo_v3__LearningPlanEnrollment__c")]
    LearningPlanEnrollment,
    /// A course enrollment inside a learning plan.
    #[serde(rename = "docebo_v3__LearningPlanCourseEnrollment__c")]
    #[strum(serialize = "docebo_v3__LearningPlanCourseEnrollment__c")]
    LearningPlanCourseEnrollment,
}

impl SfObject {
    /// The nine objects of the package.
    pub const PACKAGE: [Self; 9] = [
        Self::DoceboUser,
        Self::Course,
        Self::CourseEnrollment,
        Self::Session,
        Self::SessionAttendance,
        Self::LearningPlan,
        Self::LearningPlanCourse,
        Self::LearningPlanEnrollment,
        Self::LearningPlanCourseEnrollment,
    ];

    /// Whether its rows follow what learners do, day by day; the others change only when somebody works on
    /// the catalogue, and are written by jobs of their own.
    #[must_use]
    pub const fn follows_learners(self) -> bool {
        matches!(
            self,
            Self::DoceboUser
                | Self::CourseEnrollment
                | Self::SessionAttendance
                | Self::LearningPlanEnrollment
                | Self::LearningPlanCourseEnrollment
        )
    }

    /// The six package objects that the audit looks at only for who edited their rows.
    pub const AUXILIARY: &'static [Self] = Self::PACKAGE.split_at(3).1;
}

/// One of the two reports that Docebo exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExportKind {
    /// The *Users* report.
    Users,
    /// The *Users - Courses* report.
    Enrollments,
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Users => "Users report",
            Self::Enrollments => "Users - Courses report",
        })
    }
}

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Input {
    /// `salesforce` or `docebo`.
    pub side: Cow<'static, str>,
    /// The object's API name, or the name of the report.
    pub holds: String,
    /// The file's name, without its folder.
    pub file: String,
    /// Rows beneath the heading, rejects included.
    pub rows: u64,
    /// Rows that could not be read.
    pub rejects: u64,
    /// Rows that Salesforce has deleted (`IsDeleted`), which are excluded.
    #[serde(default)]
    pub deleted: u64,
    /// Rows that Salesforce counted, where a manifest says so.
    pub counted: Option<u64>,
    /// `UTF-8`, `UTF-16LE`, `UTF-16BE`, `windows-1252`, `XLSX`, `XLS`, `XLSB` or `ODS`, and `gzip` or `zip` where it is wrapped.
    pub encoding: String,
    /// The character between cells; nothing for a spreadsheet.
    pub delimiter: Option<String>,
    /// The date pattern that was found, in words; nothing where the file has no dates to judge.
    pub dates: Option<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// In which order an export writes day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// `2026-01-31`, or a spreadsheet's serial number: nothing to tell apart.
    YearFirst,
    /// `31/01/2026`
    DayFirst,
    /// `01/31/2026`
    MonthFirst,
    /// Every day in the file is 12 or less, so the file itself does not tell; values are kept as if
    /// the day came first until the order is inferred.
    Undecided,
}

/// How one export file states its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateProfile {
    /// Day before month, or month before day.
    pub order: DateOrder,
    /// Whether the texts carry their offset from UTC, so that no zone is needed.
    pub zoned: bool,
    /// How fine the enrollment dates are.
    pub enrolled: Precision,
    /// How fine the completion dates are.
    pub completed: Precision,
    /// How fine the access dates are.
    pub accessed: Precision,
    /// How fine the courses' creation dates are.
    pub course_made: Precision,
}

impl Default for DateProfile {
    fn default() -> Self {
        Self {
            order: DateOrder::YearFirst,
            zoned: false,
            enrolled: Resolution::Second.into(),
            completed: Resolution::Second.into(),
            accessed: Resolution::Second.into(),
            course_made: Resolution::Second.into(),
        }
    }
}

/// Why a row of an export takes no value of any relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exclusion {
    /// An archived enrollment: history, not a current claim.
    Archived,
    /// The same learner, or the same enrollment, once more.
    Repeated,
    /// The same learner once more, with other values than the row that counts.
    Contradictory(Contradiction),
    /// It could not be read.
    Unreadable(Arc<Reject>),
}

/// What of a row of the *Users* report is otherwise in the row of the same learner that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// Where the row stands that counts.
    pub kept: SourceLine,
    /// The usernames differ.
    pub username: bool,
    /// The values of `sfdc_id` differ.
    pub sfdc_id: bool,
}

impl Contradiction {
    /// What differs, and from which row of the file of this name.
    #[must_use]
    pub fn describe(self, file: &str) -> String {
        let what = match (self.username, self.sfdc_id) {
            (true, true) => "another username and another sfdc_id",
            (true, false) => "another username",
            (false, _) => "another sfdc_id",
        };
        format!("{what} than the row on line {} of {file}", self.kept.line)
    }
}

/// A row that could not be read: why, and what it still says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Reject {
    /// The heading of the column whose value could not be read; blank where the row as a whole could not.
    pub column: String,
    /// The reason, in words without values.
    pub reason: Cow<'static, str>,
    /// The start of the value that could not be read, where there is one; it may be personal data.
    pub value: String,
    /// The learner's id of the row, where that can be read.
    pub learner: Option<u64>,
    /// The course's id of the row, where that can be read.
    pub course: Option<u64>,
    /// The username of the row, where that can be read; it is personal data.
    pub username: Option<String>,
    /// The `sfdc_id` of the row, where that can be read; blank where the file has no such column.
    pub sfdc_id: Option<String>,
}

impl Reject {
    /// The reason of a row whose course code no Salesforce course has: no fault of the file, since which courses Salesforce
    /// has is not for the export to say.
    pub const UNKNOWN_COURSE: &str = "no Salesforce course has this course code, and the export has no course id";

    /// A reason with the start of the value it is about.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>, value: &[u8]) -> Self {
        let value = String::from_utf8_lossy(value).chars().take(40).collect();
        Self { reason: reason.into(), value, ..Self::default() }
    }

    /// The same reject with the heading of the column that it is about.
    #[must_use]
    pub fn in_column(self, heading: &str) -> Self {
        Self { column: heading.to_owned(), ..self }
    }
}

/// Rejects that are equal, kept once: a file of a few megabytes has millions of rows that are broken in the same way.
#[derive(Debug, Default)]
pub struct SharedRejects(FxHashSet<Arc<Reject>>);

impl SharedRejects {
    /// So many different ones are remembered; what comes later than that is mostly different from row to row.
    const MAX: usize = 4_096;

    /// The reject, or the one that is equal to it.
    pub fn share(&mut self, reject: Reject) -> Arc<Reject> {
        if let Some(known) = self.0.get(&reject) {
            return Arc::clone(known);
        }
        if self.0.len() == Self::MAX {
            self.0.clear();
        }
        let kept = Arc::new(reject);
        self.0.insert(Arc::clone(&kept));
        kept
    }
}

impl From<&'static str> for Reject {
    fn from(reason: &'static str) -> Self {
        Self { reason: Cow::Borrowed(reason), ..Self::default() }
    }
}

/// Reason and value, for outputs that stay with the customer.
impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.value.is_empty() { Ok(()) } else { write!(f, ": {}", self.value) }
    }
}

/// A row of an export that takes no value but is accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedRow {
    /// Which of the export's files, by index into [`Origins::exports`].
    pub file: u16,
    /// The line in that file on which the row starts, counted from 1.
    pub line: u32,
    /// Why it is excluded.
    pub why: Exclusion,
}

/// A row of the snapshot that Salesforce has deleted (`IsDeleted`): it is excluded and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedRow {
    /// Which file, by index into the inputs of the snapshot.
    pub input: u16,
    /// The line in that file on which the row starts, counted from 1.
    pub line: u32,
}

/// How far an extract of one object can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// There is no such file.
    #[default]
    Absent,
    /// Fewer rows than Salesforce counted, or more: absence proves nothing.
    Incomplete {
        /// Rows in the file.
        rows: u64,
        /// Rows that Salesforce counted.
        counted: u64,
    },
    /// Further files seem to hold records of the object and were not read: absence proves nothing.
    Partial {
        /// The names of these files.
        unread: Vec<String>,
        /// What to do so that they are read, or need not be.
        next: String,
    },
    /// As many rows as Salesforce counted.
    Counted,
    /// Nobody counted; taken as complete, and every output says so.
    Assumed,
}

/// Whether rows are not as many as Salesforce counted. `drift` of them may be more: they were changed or deleted between
/// being read and being counted.
#[must_use]
pub const fn differ(rows: u64, counted: u64, drift: u64) -> bool {
    rows < counted || rows > counted.saturating_add(drift)
}

/// Rows at hand that are not as many as Salesforce counted, in words.
#[must_use]
pub fn rows_of(rows: u64, counted: u64) -> String {
    if rows > counted {
        format!("{rows} rows, but Salesforce counted {counted}")
    } else {
        format!("{rows} of {counted} rows")
    }
}

impl Completeness {
    /// Whether a record that is not in the extract can be called absent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Counted | Self::Assumed)
    }

    /// Whether some records are at hand, and others may be missing.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        matches!(self, Self::Incomplete { .. } | Self::Partial { .. })
    }
}

/// One object's extract: how far it reaches and which wanted columns it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectExtract {
    /// Whether all rows are there.
    #[serde(rename = "extent")]
    pub completeness: Completeness,
    /// Wanted columns that the file does not have (hidden by field-level security, or not selected).
    #[serde(skip)] // the checks have said what follows from it
    pub missing: Vec<&'static str>,
    /// Why nothing was read although a file is there: it cannot be read, or has another name. The extent is then
    /// [`Extent::Absent`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_absent: Option<String>,
}

impl ObjectExtract {
    /// An object of which nothing was read, for this reason.
    #[must_use]
    pub fn unread(why: String) -> Self {
        Self { why_absent: Some(why), ..Self::default() }
    }

    /// Whether a file that is there, and holds or seems to hold its records, was not read.
    #[must_use]
    pub fn has_unread_files(&self) -> bool {
        self.why_absent.is_some() || matches!(self.completeness, Completeness::Partial { .. })
    }

    /// What keeps the object from proving an absence, in words; nothing when it is whole.
    #[must_use]
    pub fn missing_rows(&self, object: SfObject) -> Option<String> {
        match &self.completeness {
            Completeness::Absent => {
                let why = self.why_absent.as_deref().unwrap_or("not in the snapshot");
                Some(format!("{object} ({why})"))
            }
            Completeness::Incomplete { rows, counted } => Some(format!("{object} ({})", rows_of(*rows, *counted))),
            Completeness::Partial { unread, next } => {
                Some(format!("{object} ({} not read; {next})", unread.join(", ")))
            }
            Completeness::Counted | Completeness::Assumed => None,
        }
    }
}

/// One file of the export as the rest of the house needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFile {
    /// The file's name, without its folder; of one of several parts, with the part.
    pub name: String,
    /// Which report it is.
    pub kind: ExportKind,
    /// Where the file that the user named has several parts (sheets, entries of an archive), the first of them; else the file
    /// itself. An index into [`Origins::exports`].
    #[serde(default)]
    pub first_part: u16,
    /// How it states dates.
    #[serde(skip)] // the relations have read them
    pub dates: DateProfile,
    /// Whether it tells when enrollments were completed; without that there is nothing to compare.
    #[serde(skip, default = "stated")] // the relations have read it
    pub has_completion_dates: bool,
}

const fn stated() -> bool {
    true
}

/// How the zone of a file's dates is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ZoneFinding {
    /// The file of the export.
    pub file: String,
    /// The IANA name; where it is unclear, that of the zone under which most pairs agree.
    pub name: String,
    /// `configured`, `inferred`, `assumed` (too few pairs to infer), `stated` (the dates carry their own offset), or
    /// `unclear` (enough pairs, and no zone under which nine in ten of them agree).
    pub how: Cow<'static, str>,
    /// Enrollments on both sides whose dates were compared.
    pub pairs: u64,
    /// Of these, how many agree under this zone.
    pub agreeing: u64,
    /// Whether the dates of the file are compared with those of Salesforce.
    pub compared: bool,
    /// Other zones that show the same time throughout, where the zone was inferred.
    pub same_clock: Vec<String>,
}

/// What an extraction of a live organisation brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// By object: rows, what Salesforce counted, and whether that does not [agree](differ).
    pub objects: Vec<(SfObject, u64, u64, bool)>,
    /// Objects and columns that the user cannot see, in words.
    pub hidden: Vec<String>,
    /// Requests that were sent.
    pub calls: u64,
}

impl Extracted {
    /// Objects of which fewer rows than Salesforce counted were read, or more.
    pub fn incomplete(&self) -> impl Iterator<Item = &(SfObject, u64, u64, bool)> {
        self.objects.iter().filter(|(.., differ)| *differ)
    }
}

/// What an extraction would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The organisation's id.
    pub org_id: String,
    /// `https://…`
    pub instance: String,
    /// The version of the API.
    pub api_version: String,
    /// The queries, one for each object.
    pub queries: Vec<PlannedQuery>,
    /// Objects and columns that the user cannot see, in words.
    pub hidden: Vec<String>,
    /// Calls that it would take, all together, as an estimate.
    pub calls: u64,
    /// Of the organisation's calls of the last 24 hours: used and allowed, where its answers tell.
    pub usage: Option<(u64, u64)>,
    /// Calls that the plan itself took.
    pub asked: u64,
}

/// One query of a plan.
#[derive(Debug, Clone)]
pub struct PlannedQuery {
    /// What is read.
    pub object: SfObject,
    /// By which API: `REST` or `Bulk API 2.0`.
    pub api: &'static str,
    /// Rows that Salesforce counts now.
    pub rows: u64,
    /// The query.
    pub soql: String,
    /// Calls that it would take.
    pub calls: u64,
}

/// A query of the extraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The object, or the list beside the objects.
    pub object: String,
    /// The query.
    pub soql: String,
    /// Rows that Salesforce counted.
    pub counted: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that came or went while it was read.
    pub drift: u64,
    /// When it was first asked, by Salesforce's clock, where the log of requests tells.
    pub began: Option<Instant>,
    /// When the last request for it was answered; nothing where the log was cut before.
    pub ended: Option<Instant>,
    /// Requests for it that the log holds: counts, pages, jobs, and whatever had to be asked again.
    #[serde(default)]
    pub requests: u64,
}

/// The file of a snapshot in which the requests of its extraction stand, one a line: [`Request`], at the end perhaps
/// [`Further`].
pub const REQUESTS: &str = "requests.jsonl";

/// One request of the extraction, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When it was answered, by Salesforce's clock, to the second; nothing before the first answer, and of a request
    /// that was under way when the extraction ended.
    pub at: Option<Instant>,
    /// `GET` or `POST`.
    pub method: String,
    /// Where it went: the path with its query, of a sign-in the path alone.
    pub path: String,
    /// The status, where there was an answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// Status and length of the answer, or why there was none.
    pub answer: String,
    /// Rows, where the answer is a page that tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The query of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soql: Option<String>,
    /// From sending to the last byte.
    pub milliseconds: u64,
}

impl Request {
    /// Whether Salesforce, or whoever stands before it, refused it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status >= 400)
    }
}

/// The last line of a log that has become too long for further requests: how many there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OmittedRequests {
    /// Requests that are not written down one by one.
    pub further: u64,
    /// Of these, the ones that were refused.
    pub refused: u64,
    /// When the last of them was answered, by Salesforce's clock.
    pub last: Option<Instant>,
}

/// How the extraction went, as far as the snapshot tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extraction {
    /// The version of the API.
    pub api_version: Option<String>,
    /// The user who read.
    pub user: Option<RecordId>,
    /// The queries.
    pub queries: Vec<Query>,
    /// Requests, all together; zero where nobody wrote them down.
    pub requests: u64,
    /// Of these, the ones that were refused (a status of 400 and more).
    #[serde(default)]
    pub refused: u64,
    /// When the first of them was answered, by Salesforce's clock.
    #[serde(default)]
    pub first: Option<Instant>,
    /// When the last of them was answered.
    #[serde(default)]
    pub last: Option<Instant>,
    /// The requests, at most the first and the last [`Extraction::MOST`] of them.
    pub log: Vec<Request>,
}

impl Extraction {
    /// Requests that are kept from the start and from the end of a log.
    pub const MAX_LOGGED: usize = 500;
}

/// Where everything came from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Origins {
    /// When Docebo produced the export.
    pub exported_at: Option<Instant>,
    /// When the Salesforce read began.
    pub extracted_at: Option<Instant>,
    /// The organisation's id, where a manifest says so.
    pub org_id: Option<RecordId>,
    /// Characters 4 to 6 of most `DoceboUser__c` record ids: the instance on which the organization was created.
    /// Nothing where there are no such records.
    #[serde(default)] // runs of earlier versions do not have it
    pub id_prefix: Option<String>,
    /// `https://…` of the organisation, where known.
    pub instance: Option<String>,
    /// The Docebo platform's address, where configured.
    pub platform: Option<String>,
    /// Each file read, Salesforce first.
    pub inputs: Vec<Input>,
    /// The export's files, in the order they were read.
    pub exports: Vec<ExportFile>,
    /// Rows of the export that take no value.
    #[serde(skip)] // the ledger holds them all, the frozen report those that could not be read
    pub excluded: Vec<(ExportKind, ExcludedRow)>,
    /// Rows of the snapshot that Salesforce has deleted.
    #[serde(skip)] // the ledger holds them all
    pub deleted_rows: Vec<DeletedRow>,
    /// What is there and was not read, in words: sheets of a workbook, entries of an archive, files of the snapshot folder.
    #[serde(default)]
    pub unread: Vec<String>,
    /// The extracts, by [`SfObject`].
    pub extracts: std::collections::BTreeMap<SfObject, ObjectExtract>,
    /// How the snapshot was extracted.
    pub extraction: Extraction,
    /// Whether a *Users* report was read.
    pub users_report: bool,
    /// Whether a *Users - Courses* report was read.
    pub enrollments_report: bool,
    /// Whether some report told the learners' Salesforce ids.
    pub sfdc_ids: bool,
    /// Whether the members of the list view are known.
    pub list_view: bool,
    /// What a reader of any output has to know about the inputs, in sentences without personal
    /// values.
    pub caveats: Vec<String>,
}

/// What identifies an organization, the most certain first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The Salesforce organization's id.
    OrgId,
    /// The address of the Docebo platform.
    Platform,
    /// The instance part of record ids, which organizations of one instance share.
    IdPrefix,
}

/// Whether two runs read the same organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameOrganization {
    /// They did, as far as this tells.
    Yes(Identity),
    /// They did not: this differs.
    No(Identity),
    /// Both runs know nothing that could be compared.
    Unknown,
}

impl Origins {
    /// Whether another run read the same organization: by the organization's id, else by the platform, else by the
    /// instance part of record ids. A different id or platform settles it, whatever else is the same.
    #[must_use]
    pub fn same_organization(&self, other: &Self) -> SameOrganization {
        fn same<T>(one: Option<&T>, other: Option<&T>, equal: impl FnOnce(&T, &T) -> bool) -> Option<bool> {
            one.zip(other).map(|(one, other)| equal(one, other))
        }
        let org_id = same(self.org_id.as_ref(), other.org_id.as_ref(), RecordId::eq);
        let platform =
            same(self.platform.as_ref(), other.platform.as_ref(), |one, other| one.eq_ignore_ascii_case(other));
        let id_prefix = same(self.id_prefix.as_ref(), other.id_prefix.as_ref(), String::eq);
        match (org_id, platform, id_prefix) {
            (Some(false), ..) => SameOrganization::No(Identity::OrgId),
            (_, Some(false), _) => SameOrganization::No(Identity::Platform),
            (Some(true), ..) => SameOrganization::Yes(Identity::OrgId),
            (_, Some(true), _) => SameOrganization::Yes(Identity::Platform),
            (None, None, Some(true)) => SameOrganization::Yes(Identity::IdPrefix),
            (None, None, Some(false)) => SameOrganization::No(Identity::IdPrefix),
            (None, None, None) => SameOrganization::Unknown,
        }
    }

    /// The extract of an object; an empty one where there is no file.
    #[must_use]
    pub fn extract(&self, object: SfObject) -> &ObjectExtract {
        static NOTHING: ObjectExtract =
            ObjectExtract { completeness: Completeness::Absent, missing: Vec::new(), why_absent: None };
        self.extracts.get(&object).unwrap_or(&NOTHING)
    }

    /// What keeps an object from proving an absence, in words; nothing when it is whole.
    #[must_use]
    pub fn missing_rows(&self, object: SfObject) -> Option<String> {
        self.extract(object).missing_rows(object)
    }

    /// The columns of an object that are missing, in words.
    pub fn missing_columns<'a>(
        &'a self,
        object: SfObject,
        wanted: &'a [&'static str],
    ) -> impl Iterator<Item = String> + 'a {
        self.extract(object)
            .missing
            .iter()
            .filter(move |column| wanted.contains(column))
            .map(move |column| format!("{object}.{column} (no such column in the snapshot)"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, Origins, SameOrganization};
    use crate::model::id::RecordId;

    /// Whatever two runs know of their organizations: what differs of id and platform separates them, the first that
    /// is the same joins them, and the record ids decide only where neither can be compared.
    #[test]
    fn fewer_and_more_rows_than_counted_differ() {
        for (rows, counted, drift, expected) in [
            (5, 5, 0, false),
            (4, 5, 0, true),
            (4, 5, 3, true),
            (6, 5, 0, true),
            // One was deleted after it was read.
            (6, 5, 1, false),
            (900, 5, 1, true),
            (6, 5, u64::MAX, false),
        ] {
            assert_eq!(super::differ(rows, counted, drift), expected, "{rows} {counted} {drift}");
        }
        assert_eq!(super::rows_of(4, 5), "4 of 5 rows");
        assert_eq!(super::rows_of(6, 5), "6 rows, but Salesforce counted 5");
    }

    #[test]
    fn the_first_identity_that_both_know_decides() {
        let origins = |[org_id, platform, id_prefix]: [&str; 3]| Origins {
            org_id: RecordId::parse(org_id.as_bytes()).ok(),
            platform: (!platform.is_empty()).then(|| platform.to_owned()),
            id_prefix: (!id_prefix.is_empty()).then(|| id_prefix.to_owned()),
            ..Origins::default()
        };
        let (id, other) = ("00D5g000004XyZA", "00D5g000004XyZB");
        let (yes, no) = (SameOrganization::Yes, SameOrganization::No);
        for (one, two, expected) in [
            ([id, "a", "5g0"], [id, "a", "5g0"], yes(Identity::OrgId)),
            ([id, "a", "5g0"], [id, "", "Hs0"], yes(Identity::OrgId)),
            ([id, "a", "5g0"], [id, "b", "5g0"], no(Identity::Platform)),
            ([id, "a", "5g0"], [other, "a", "5g0"], no(Identity::OrgId)),
            ([id, "a", "5g0"], ["", "A", "5g0"], yes(Identity::Platform)),
            (["", "a", "5g0"], ["", "b", "5g0"], no(Identity::Platform)),
            ([id, "a", "5g0"], ["", "", "5g0"], yes(Identity::IdPrefix)),
            ([id, "a", "5g0"], ["", "", "Hs0"], no(Identity::IdPrefix)),
            (["", "", "5g0"], ["", "", "5g0"], yes(Identity::IdPrefix)),
            (["", "", "5g0"], ["", "", "5G0"], no(Identity::IdPrefix)),
            (["", "", "5g0"], [id, "a", ""], SameOrganization::Unknown),
            (["", "", ""], ["", "", ""], SameOrganization::Unknown),
        ] {
            assert_eq!(origins(one).same_organization(&origins(two)), expected, "{one:?} {two:?}");
            assert_eq!(origins(two).same_organization(&origins(one)), expected, "{two:?} {one:?}");
        }
    }
}
