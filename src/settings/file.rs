//! The configuration file: TOML, every key documented, unknown keys refused with the nearest known
//! one.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::model::date_format::DateFormat;
use crate::model::instant::Instant;
use crate::model::key::Equality;
use crate::model::provenance::DateOrder;
use crate::model::question::Question;
use crate::model::status::Status;
use crate::model::word::Word as _;
use crate::settings::{
    ColumnName, Columns, EnrollmentMode, Live, Rules, Scope, Settings, Tolerance, Watch, WebhookOn, ZoneRule,
};

/// What flags and environment lay over the file; every value that is given wins.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The snapshot folder.
    pub snapshot: Option<PathBuf>,
    /// Files of the *Users* report.
    pub users: Vec<PathBuf>,
    /// Files of the *Users - Courses* report.
    pub enrollments: Vec<PathBuf>,
    /// When Docebo produced the export.
    pub exported_at: Option<String>,
    /// The zone of the export's dates.
    pub time_zone: Option<String>,
    /// Questioned results that are accepted.
    pub accept: Vec<Question>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    salesforce: SalesforceTable,
    snapshot: SnapshotTable,
    docebo: DoceboTable,
    mapping: MappingTable,
    scope: ScopeTable,
    sync: SyncTable,
    freshness: FreshnessTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SalesforceTable {
    snapshot: Option<PathBuf>,
    extracted_at: Option<Moment>,
    org: Option<String>,
    instance_url: Option<String>,
    client_id: Option<String>,
    username: Option<String>,
    login_url: Option<String>,
    api_budget_percent: Option<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SnapshotTable {
    parts: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DoceboTable {
    platform_url: Option<String>,
    users: OneOrMany,
    enrollments: OneOrMany,
    exported_at: Option<Moment>,
    time_zone: Option<String>,
    date_order: Option<OrderWord>,
    date_format: Option<String>,
    null_values: Vec<String>,
    archived_words: Vec<String>,
    max_unreadable_rows: Option<ToleranceValue>,
    columns: ColumnsTable,
    statuses: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ColumnsTable {
    learner_id: Option<String>,
    username: Option<String>,
    sfdc_id: Option<HeadingOrNone>,
    course_id: Option<String>,
    course_code: Option<String>,
    status: Option<String>,
    enrollment_date: Option<String>,
    completion_date: Option<String>,
    first_access: Option<String>,
    last_access: Option<String>,
    archived: Option<String>,
    course_created: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MappingTable {
    username_field: String,
    case_sensitive: bool,
    provisioning: bool,
    list_view: Option<String>,
}

impl Default for MappingTable {
    fn default() -> Self {
        Self { username_field: "Email".to_owned(), case_sensitive: true, provisioning: true, list_view: None }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScopeTable {
    courses: ScopeWord,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SyncTable {
    enrollment_mode: EnrollmentMode,
    grace_hours: u16,
    date_tolerance_minutes: u16,
    incidents: Option<PathBuf>,
}

impl Default for SyncTable {
    fn default() -> Self {
        Self { enrollment_mode: EnrollmentMode::Realtime, grace_hours: 24, date_tolerance_minutes: 1, incidents: None }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FreshnessTable {
    warn_after_hours: Option<u32>,
    error_after_hours: Option<u32>,
    webhook_template: Option<PathBuf>,
    webhook_on: WebhookOn,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Toml(toml::value::Datetime),
    Text(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum HeadingOrNone {
    Heading(String),
    Present(bool),
}

#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum ScopeWord {
    #[default]
    Default,
    Word(String),
    Courses(Vec<u64>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ToleranceValue {
    Rows(u64),
    Percent(String),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OrderWord {
    DayFirst,
    MonthFirst,
}

/// A configuration while it is read: it knows where its errors stand.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    fn parse(self) -> Result<File, Error> {
        toml::from_str(self.text).map_err(|error| explain(self.path, self.text, &error))
    }

    /// Relative paths in the file are relative to this folder.
    fn base(self) -> &'a Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn wrong(self, key: &str, what: &str) -> Error {
        let at = self.text.find(key.rsplit('.').next().unwrap_or(key)).unwrap_or(0);
        configuration(self.path, self.text, at, format!("{key}: {what}"))
    }

    /// The snapshot folder, where one is given; else a live organisation must be named.
    fn snapshot(self, salesforce: &SalesforceTable, given: Option<&Path>) -> Result<Option<PathBuf>, Error> {
        match (given, &salesforce.snapshot) {
            (Some(given), _) => Ok(Some(given.to_owned())),
            (None, Some(folder)) => Ok(Some(self.base().join(folder))),
            (None, None) if salesforce.is_live() => Ok(None),
            (None, None) => Err(self.wrong(
                "salesforce.snapshot",
                "is missing, and no live organisation is named either (org, instance_url or client_id); name the folder with \
                 the CSV files of the Salesforce objects, or an organisation",
            )),
        }
    }

    fn live(self, salesforce: &SalesforceTable, mapping: &MappingTable) -> Result<Live, Error> {
        let percent = salesforce.api_budget_percent.unwrap_or(80);
        if !(1..=100).contains(&percent) {
            return Err(self.wrong("salesforce.api_budget_percent", &format!("`{percent}` is not between 1 and 100")));
        }
        Ok(Live {
            token: None,
            org: salesforce.org.clone(),
            instance_url: self.address("salesforce.instance_url", salesforce.instance_url.clone())?,
            client_id: salesforce.client_id.clone(),
            username: salesforce.username.clone(),
            login_url: self.address("salesforce.login_url", salesforce.login_url.clone())?,
            api_budget_percent: percent,
            username_field: mapping.username_field.clone(),
            list_view: mapping.list_view.clone(),
        })
    }

    fn address(self, key: &str, url: Option<String>) -> Result<Option<String>, Error> {
        let Some(url) = url else { return Ok(None) };
        let known = if key.starts_with("salesforce.") { instance(&url) } else { https(&url) };
        known.map(Some).ok_or_else(|| self.wrong(key, &format!("`{url}` is not an https:// address of a host")))
    }

    fn moment(self, key: &str, value: Option<Moment>) -> Result<Option<Instant>, Error> {
        match value {
            None => Ok(None),
            Some(Moment::Toml(value)) => parse_moment(&value.to_string()).map(Some).ok_or_else(|| {
                self.wrong(key, &format!("`{value}` has no time zone; write it as 2026-11-20T06:00:00Z"))
            }),
            Some(Moment::Text(value)) => parse_moment(&value).map(Some).ok_or_else(|| {
                self.wrong(key, &format!("`{value}` is not a date and time with a zone, such as 2026-11-20T06:00:00Z"))
            }),
        }
    }
}

impl SalesforceTable {
    const fn is_live(&self) -> bool {
        self.org.is_some() || self.client_id.is_some() || self.instance_url.is_some()
    }
}

/// Reads of a configuration what an extraction needs; the export's part may be missing.
///
/// # Errors
/// [`Error::Configuration`] with file, line and column.
pub fn load_live(path: &Path, text: &str) -> Result<Live, Error> {
    let source = Source { path, text };
    let File { salesforce, mapping, .. } = source.parse()?;
    if !salesforce.is_live() {
        return Err(source.wrong(
            "salesforce",
            "names no live organisation; set org (of the Salesforce CLI), instance_url or client_id",
        ));
    }
    source.live(&salesforce, &mapping)
}

/// Reads of a configuration what the freshness check needs; the export's part may be missing. `snapshot`
/// wins over the file.
///
/// # Errors
/// [`Error::Configuration`] with file, line and column.
pub fn load_watch(path: &Path, text: &str, snapshot: Option<&Path>) -> Result<Watch, Error> {
    let source = Source { path, text };
    let File { salesforce, snapshot: snapshot_table, docebo, sync, freshness, mapping, scope: _ } = source.parse()?;
    let FreshnessTable { warn_after_hours, error_after_hours, webhook_template, webhook_on } = freshness;
    if let (Some(warn), Some(error)) = (warn_after_hours, error_after_hours)
        && warn > error
    {
        return Err(source.wrong(
            "freshness.warn_after_hours",
            &format!("{warn} is more than error_after_hours ({error}), so the warning would never be seen"),
        ));
    }
    let snapshot = source.snapshot(&salesforce, snapshot)?;
    Ok(Watch {
        live: if snapshot.is_none() { Some(source.live(&salesforce, &mapping)?) } else { None },
        snapshot: snapshot.unwrap_or_default(),
        snapshot_parts: snapshot_table.parts,
        extracted_at: source.moment("salesforce.extracted_at", salesforce.extracted_at)?,
        platform: source.address("docebo.platform_url", docebo.platform_url)?,
        instance: source.address("salesforce.instance_url", salesforce.instance_url)?,
        enrollment_mode: sync.enrollment_mode,
        warn_after_hours,
        error_after_hours,
        webhook_template: webhook_template.map(|path| source.base().join(path)),
        webhook_on,
    })
}

/// Reads a configuration and lays the overrides over it. Relative paths in the file are relative to
/// the file; those of the overrides to the working folder.
///
/// # Errors
/// [`Error::Configuration`] with file, line and column; [`Error::Missing`] where a pattern matches no
/// file.
pub fn load(path: &Path, text: &str, overrides: &Overrides) -> Result<Settings, Error> {
    let source = Source { path, text };
    let wrong = |key: &str, what: String| source.wrong(key, &what);
    let base = source.base();
    let File { salesforce, snapshot: snapshot_table, docebo, mapping, scope, sync, freshness: _ } = source.parse()?;

    let snapshot = source.snapshot(&salesforce, overrides.snapshot.as_deref())?;
    let live = if snapshot.is_none() { Some(source.live(&salesforce, &mapping)?) } else { None };
    let instance = source.address("salesforce.instance_url", salesforce.instance_url)?;
    let platform = source.address("docebo.platform_url", docebo.platform_url)?;
    let exported_at = match &overrides.exported_at {
        Some(given) => Some(parse_moment(given).ok_or_else(|| {
            Error::Usage(format!(
                "--exported-at: `{given}` is not a date and time with a zone, such as 2026-11-20T06:00:00Z"
            ))
        })?),
        None => source.moment("docebo.exported_at", docebo.exported_at)?,
    };
    let extracted_at = source.moment("salesforce.extracted_at", salesforce.extracted_at)?;

    let users = if overrides.users.is_empty() { docebo.users.resolve(base)? } else { overrides.users.clone() };
    let enrollments = if overrides.enrollments.is_empty() {
        docebo.enrollments.resolve(base)?
    } else {
        overrides.enrollments.clone()
    };
    if users.is_empty() && enrollments.is_empty() {
        return Err(wrong(
            "docebo.enrollments",
            "is missing, and so is docebo.users; at least one report is needed".to_owned(),
        ));
    }

    let zone = match overrides.time_zone.as_deref().or(docebo.time_zone.as_deref()) {
        None | Some("auto") => ZoneRule::Auto,
        Some(name) => ZoneRule::Named(known_zone(name).map_err(|what| wrong("docebo.time_zone", what))?),
    };
    if mapping.username_field.is_empty() {
        return Err(wrong(
            "mapping.username_field",
            "is empty; name the Contact field that the data mapper maps to the username".to_owned(),
        ));
    }
    let mut statuses = Vec::new();
    for (word, meaning) in docebo.statuses {
        let status = Status::from_salesforce(&meaning).filter(|_| !meaning.is_empty()).ok_or_else(|| {
            let known: Vec<&str> = Status::ALL.iter().map(|status| status.word()).collect();
            wrong(
                "docebo.statuses",
                format!("`{meaning}` is not a status of Salesforce's; use one of {}", known.join(", ")),
            )
        })?;
        statuses.push((crate::model::status::fold(&word), status));
    }
    let max_unreadable_rows = match docebo.max_unreadable_rows {
        None => Tolerance::default(),
        Some(ToleranceValue::Rows(most)) => Tolerance::Rows(most),
        Some(ToleranceValue::Percent(text)) => Tolerance::parse_percent(&text).ok_or_else(|| {
            wrong(
                "docebo.max_unreadable_rows",
                format!("`{text}` is neither a number of rows nor a percentage such as \"0.1%\""),
            )
        })?,
    };
    if docebo.date_format.is_some() && docebo.date_order.is_some() {
        return Err(wrong(
            "docebo.date_order",
            "is given beside docebo.date_format, which says it already; remove one".to_owned(),
        ));
    }
    if let Some(pattern) = &docebo.date_format {
        DateFormat::new(pattern).map_err(|what| wrong("docebo.date_format", what))?;
    }
    let mut accepted = overrides.accept.clone();
    accepted.sort_unstable();
    accepted.dedup();
    let scope = match scope.courses {
        ScopeWord::Default => Scope::Synced,
        ScopeWord::Word(word) if word == "synced" => Scope::Synced,
        ScopeWord::Word(word) if word == "all" => Scope::All,
        ScopeWord::Word(word) => {
            return Err(wrong(
                "scope.courses",
                format!("`{word}` is neither \"synced\" nor \"all\" nor a list of course ids"),
            ));
        }
        ScopeWord::Courses(mut ids) => {
            ids.sort_unstable();
            Scope::Courses(ids)
        }
    };
    Ok(Settings {
        // Where there is none yet, the run names the folder that it extracts into.
        snapshot: snapshot.unwrap_or_default(),
        live,
        extracted_at,
        instance,
        platform,
        users,
        enrollments,
        exported_at,
        columns: columns(docebo.columns),
        incidents: sync.incidents.map(|path| base.join(path)),
        statuses,
        null_values: docebo.null_values,
        archived_words: docebo.archived_words,
        date_format: docebo.date_format,
        snapshot_parts: snapshot_table.parts,
        rules: Rules {
            username_field: mapping.username_field,
            equality: if mapping.case_sensitive { Equality::Exact } else { Equality::CaseBlind },
            provisioning: mapping.provisioning,
            list_view: mapping.list_view,
            scope,
            enrollment_mode: sync.enrollment_mode,
            grace_hours: i64::from(sync.grace_hours),
            tolerance_minutes: i64::from(sync.date_tolerance_minutes),
            zone,
            date_order: docebo.date_order.map(|word| match word {
                OrderWord::DayFirst => DateOrder::DayFirst,
                OrderWord::MonthFirst => DateOrder::MonthFirst,
            }),
            max_unreadable_rows,
            accepted,
        },
    })
}

impl OneOrMany {
    #[expect(clippy::disallowed_methods, reason = "a pattern stands for the files that are there")]
    fn resolve(self, base: &Path) -> Result<Vec<PathBuf>, Error> {
        let patterns = match self {
            Self::None => return Ok(Vec::new()),
            Self::One(pattern) => vec![pattern],
            Self::Many(patterns) => patterns,
        };
        let mut files = Vec::new();
        for pattern in patterns {
            let path = base.join(&pattern);
            // A file whose name happens to hold a bracket is a file, not a pattern.
            if !pattern.contains(['*', '?', '[']) || path.exists() {
                files.push(path);
                continue;
            }
            let mut matched: Vec<PathBuf> = glob::glob(&path.to_string_lossy())
                .map_err(|error| Error::Usage(format!("`{pattern}` is not a valid pattern: {error}")))?
                .filter_map(Result::ok)
                .collect();
            if matched.is_empty() {
                return Err(Error::Missing { path, what: "no file matches this pattern".to_owned() });
            }
            matched.sort_unstable();
            files.append(&mut matched);
        }
        Ok(files)
    }
}

fn columns(table: ColumnsTable) -> Columns {
    let mut without_sfdc_id = false;
    let sfdc_id = match table.sfdc_id {
        Some(HeadingOrNone::Heading(heading)) => Some(heading),
        Some(HeadingOrNone::Present(present)) => {
            without_sfdc_id = !present;
            None
        }
        None => None,
    };
    let headings = [
        (ColumnName::LearnerId, table.learner_id),
        (ColumnName::Username, table.username),
        (ColumnName::SfdcId, sfdc_id),
        (ColumnName::CourseId, table.course_id),
        (ColumnName::CourseCode, table.course_code),
        (ColumnName::Status, table.status),
        (ColumnName::EnrollmentDate, table.enrollment_date),
        (ColumnName::CompletionDate, table.completion_date),
        (ColumnName::FirstAccess, table.first_access),
        (ColumnName::LastAccess, table.last_access),
        (ColumnName::Archived, table.archived),
        (ColumnName::CourseCreated, table.course_created),
    ];
    let headings = headings.into_iter().filter_map(|(column, heading)| Some((column, heading?))).collect();
    Columns { headings, without_sfdc_id }
}

fn parse_moment(text: &str) -> Option<Instant> {
    Instant::parse(text.trim().as_bytes()).ok().flatten()
}

/// `https://host`, without path and trailing slash; nothing else may end up in a link.
#[must_use]
pub fn https(url: &str) -> Option<String> {
    let host = url.trim().strip_prefix("https://")?.trim_end_matches('/');
    let valid = !host.is_empty()
        && host.len() <= 253
        && host.split('.').count() > 1
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'));
    valid.then(|| format!("https://{host}"))
}

/// As [`https`], or `http` to this very machine: what an organisation is asked at.
#[must_use]
pub fn instance(url: &str) -> Option<String> {
    let here = |rest: &str| {
        let (host, port) = rest.trim_end_matches('/').split_once(':')?;
        let valid = matches!(host, "127.0.0.1" | "localhost") && port.parse::<u16>().is_ok();
        valid.then(|| format!("http://{host}:{port}"))
    };
    https(url).or_else(|| here(url.trim().strip_prefix("http://")?))
}

fn known_zone(name: &str) -> Result<String, String> {
    if crate::model::zone::Clock::named(name).is_some() {
        return Ok(name.to_owned());
    }
    let names = crate::model::zone::Clock::names();
    let hint = nearest(name, names.iter().map(String::as_str))
        .map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
    Err(format!("`{name}` is not a time zone{hint} (use an IANA name such as \"Europe/Berlin\", or \"auto\")"))
}

/// The known name that is most like a misspelt one, if any is like it at all.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|&(likeness, _)| likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Keys under which somebody may try to put a secret into the file.
const SECRETS: [&str; 6] = ["password", "client_secret", "access_token", "token", "security_token", "jwt_key"];

fn explain(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let message = error.message();
    let at = error.span().map_or(0, |span| span.start);
    // serde names the unknown key first and the known ones after it, each between backticks.
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let what = match names.split_first() {
        Some((&secret, _)) if message.starts_with("unknown field") && SECRETS.contains(&secret) => {
            format!(
                "`{secret}` is a secret and does not belong into a file; set SF_ACCESS_TOKEN, TIEOUT_CLIENT_SECRET or \
                 TIEOUT_JWT_KEY in the environment (username and password are not supported: Salesforce retires them)"
            )
        }
        Some((unknown, known)) if message.starts_with("unknown field") => {
            let hint = nearest(unknown, known.iter().copied())
                .map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            format!("unknown key `{unknown}`; {hint}")
        }
        _ => {
            let line = text.get(..at).unwrap_or("").rsplit('\n').next().unwrap_or("");
            let key = line.split_once('=').map_or_else(String::new, |(key, _)| format!("`{}`: ", key.trim()));
            format!("{key}{}", message.replace('\n', "; "))
        }
    };
    configuration(path, text, at, what)
}

fn configuration(path: &Path, text: &str, at: usize, what: String) -> Error {
    let before = text.get(..at).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Error::Configuration { path: path.to_owned(), line, column, what }
}

/// The commented configuration that `tieout init` writes.
pub const TEMPLATE: &str = r##"# tieout: Docebo tied out against Salesforce.
# Relative paths are relative to this file. Commented keys show their defaults or an example.

[salesforce]
snapshot = "snapshot"             # a folder of CSV files, one an object, named by API name; or, in its place, one of:
# org = "my-alias"                # an org that the Salesforce CLI is signed in to
# instance_url = "https://acme.my.salesforce.com"   # with SF_ACCESS_TOKEN; beside a snapshot: for links into Salesforce
# client_id = "3MVG9…"            # with instance_url, and TIEOUT_CLIENT_SECRET or TIEOUT_JWT_KEY
# username = "integration@example.com"              # the user that the key speaks for
# login_url = "https://test.salesforce.com"         # where the key's assertion is addressed to; a sandbox's is this
# api_budget_percent = 80         # of the organisation's daily API calls, beyond which tieout stops
# extracted_at = "2026-11-20T06:10:00Z"             # when Salesforce was read; else manifest.json, else the oldest file

[snapshot]
# parts = true                    # read OBJECT_2.csv, OBJECT_3.csv, … as further parts of OBJECT.csv

[docebo]
# platform_url = "https://acme.docebosaas.com"
users = "users.csv"               # the Users report; one path, a list, or a glob
enrollments = "enrollments.csv"   # the Users - Courses report; one path, a list, or a glob
# exported_at = "2026-11-20T06:00:00Z"              # when Docebo produced the export; else the oldest file
time_zone = "auto"                # of the dates in the export: an IANA name, or inferred from both sides
# date_order = "day-first"        # or "month-first"; only where the dates themselves do not tell
# date_format = "%m/%d/%y %H:%M"  # the whole pattern (strptime); only where it cannot be found out
# null_values = ["null", "#N/A"]  # words that mean nothing; by default only a blank cell does
# archived_words = ["Archiviert"] # words of "Archived Enrollment" that mean yes, in the export's language
# max_unreadable_rows = 0         # unreadable rows of a file that are accepted: a number, or a share such as "0.1%"

[docebo.columns]                  # only where headings differ from the known ones
# sfdc_id = "Salesforce ID"       # the additional field with the Salesforce id; false: the export does not have it
# learner_id = "User unique ID"
# username = "Username"
# course_id = "Course Internal ID"
# course_code = "Course code"
# status = "Course Enrollment Status"
# enrollment_date = "Enrollment Date"
# completion_date = "Completion Date"
# first_access = "Course First Access Date"
# last_access = "Course Last Access Date"
# archived = "Archived Enrollment"
# course_created = "Course Creation Date"

[docebo.statuses]                 # status words of your own language, and what they mean in Salesforce
# "Iscritto" = "Subscribed"

[mapping]
username_field = "Email"          # the Contact field that the data mapper maps to the Docebo username
case_sensitive = true             # Docebo compares exactly
provisioning = true               # whether Docebo makes users from contacts
# list_view = "00B000000000000AAA"  # the list view that limits the contacts sync

[scope]
courses = "synced"                # courses in Salesforce, effective and not deleted; or "all", or [601, 602]

[sync]
enrollment_mode = "realtime"      # or "manual"
grace_hours = 24                  # what is newer than this is not yet expected
date_tolerance_minutes = 1        # by which two equal dates may differ
# incidents = "incidents.csv"     # outages of your own (name,start,end,source), beside those that tieout knows

[freshness]                       # tieout freshness; without limits they are learned from the organisation's own gaps
# warn_after_hours = 48           # hours without a write: exit code 1
# error_after_hours = 168         # hours without a write: exit code 5
# webhook_on = "always"           # the address is TIEOUT_WEBHOOK_URL; by default it is called only on a problem
# webhook_template = "webhook.json.hbs"  # a body of your own; by default one that Slack understands
"##;
