//! The configuration file: TOML, every key documented; unknown keys are rejected, with the nearest known one suggested.

mod document;
mod pattern;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files;
use crate::model::date_format::DateFormat;
use crate::model::input::{DateOrder, ExportKind};
use crate::model::instant::Instant;
use crate::model::key::Equality;
use crate::model::label::Label as _;
use crate::model::question::Question;
use crate::model::status::Status;
use crate::settings::{
    ColumnName, Columns, EnrollmentMode, FreshnessSettings, OrgConnection, Rules, Scope, Settings, Tolerance,
    WebhookOn, ZoneRule,
};
use document::{NumberOrText, Placed, Source, Table, TextOrIds, TextOrTruth};

/// Maximum size of a configuration, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Reads the text of a configuration.
///
/// # Errors
/// [`Error::ConfigurationUnreadable`].
pub fn read(path: &Path) -> Result<String, Error> {
    files::read_text(path, MAX_BYTES).map_err(|source| Error::ConfigurationUnreadable { path: path.to_owned(), source })
}

/// Flags and environment variables that override the file; every given value wins.
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
    /// Accepted questions about results.
    pub accept: Vec<Question>,
}

/// The whole file, with only the types of its values checked.
struct File {
    salesforce: SalesforceTable,
    snapshot_parts: bool,
    docebo: DoceboTable,
    mapping: MappingTable,
    scope: Option<Placed<TextOrIds>>,
    sync: SyncTable,
    freshness: FreshnessTable,
}

struct SalesforceTable {
    snapshot: Option<Placed<String>>,
    extracted_at: Option<Placed<String>>,
    org: Option<Placed<String>>,
    instance_url: Option<Placed<String>>,
    client_id: Option<Placed<String>>,
    username: Option<Placed<String>>,
    login_url: Option<Placed<String>>,
    api_budget_percent: Option<Placed<u32>>,
    no_snapshot: Placed<()>,
    no_org: Placed<()>,
}

struct DoceboTable {
    platform_url: Option<Placed<String>>,
    users: Vec<Placed<String>>,
    enrollments: Vec<Placed<String>>,
    exported_at: Option<Placed<String>>,
    time_zone: Option<Placed<String>>,
    date_order: Option<DateOrder>,
    date_format: Option<Placed<String>>,
    null_values: Vec<String>,
    archived_words: Vec<String>,
    max_unreadable_rows: Option<Placed<NumberOrText>>,
    columns: Columns,
    statuses: Vec<(String, Placed<String>)>,
    no_report: Placed<()>,
}

struct MappingTable {
    username_field: String,
    case_sensitive: bool,
    provisioning: bool,
    list_view: Option<String>,
}

struct SyncTable {
    enrollment_mode: EnrollmentMode,
    grace_hours: u32,
    date_tolerance_minutes: u32,
    incidents: Option<Placed<String>>,
}

struct FreshnessTable {
    warn_after_hours: Option<Placed<u32>>,
    error_after_hours: Option<Placed<u32>>,
    webhook_template: Option<Placed<String>>,
    webhook_on: WebhookOn,
}

const SCOPES: &str = "\"synced\", \"all\" or a list of course ids, such as [601, 602]";
const HOURS: &str = " of hours";
const TOLERANCE: &str = "a number of rows, or a percentage such as \"0.1%\"";

impl File {
    /// Reads every key of the file with its type.
    fn read(root: &mut Table<'_>) -> Self {
        Self {
            salesforce: root.table("salesforce", SalesforceTable::read),
            snapshot_parts: root.table("snapshot", |table| table.truth("parts")).unwrap_or(false),
            docebo: root.table("docebo", DoceboTable::read),
            mapping: root.table("mapping", |table| MappingTable {
                username_field: table.text("username_field").map_or_else(|| "Email".to_owned(), |field| field.value),
                case_sensitive: table.truth("case_sensitive").unwrap_or(true),
                provisioning: table.truth("provisioning").unwrap_or(true),
                list_view: table.text("list_view").map(|view| view.value),
            }),
            scope: root.table("scope", |table| table.text_or_ids("courses", SCOPES)),
            sync: root.table("sync", |table| SyncTable {
                enrollment_mode: table
                    .choice(
                        "enrollment_mode",
                        &[("realtime", EnrollmentMode::Realtime), ("manual", EnrollmentMode::Manual)],
                    )
                    .unwrap_or(EnrollmentMode::Realtime),
                grace_hours: table.number("grace_hours", HOURS, 0..=65_535).map_or(24, |hours| hours.value),
                date_tolerance_minutes: table
                    .number("date_tolerance_minutes", " of minutes", 0..=65_535)
                    .map_or(1, |minutes| minutes.value),
                incidents: table.path("incidents"),
            }),
            freshness: root.table("freshness", |table| FreshnessTable {
                warn_after_hours: table.number("warn_after_hours", HOURS, 0..=u32::MAX),
                error_after_hours: table.number("error_after_hours", HOURS, 0..=u32::MAX),
                webhook_template: table.path("webhook_template"),
                webhook_on: table
                    .choice("webhook_on", &[("problem", WebhookOn::Problem), ("always", WebhookOn::Always)])
                    .unwrap_or_default(),
            }),
        }
    }
}

impl SalesforceTable {
    fn read(table: &mut Table<'_>) -> Self {
        Self {
            snapshot: table.path("snapshot"),
            extracted_at: table.moment("extracted_at"),
            org: table.text("org"),
            instance_url: table.text("instance_url"),
            client_id: table.text("client_id"),
            username: table.text("username"),
            login_url: table.text("login_url"),
            api_budget_percent: table.number("api_budget_percent", "", 1..=100),
            no_snapshot: table.missing("snapshot"),
            no_org: table.missing("org"),
        }
    }

    const fn is_live(&self) -> bool {
        self.org.is_some() || self.client_id.is_some() || self.instance_url.is_some()
    }
}

impl DoceboTable {
    fn read(table: &mut Table<'_>) -> Self {
        Self {
            platform_url: table.text("platform_url"),
            users: table.paths("users"),
            enrollments: table.paths("enrollments"),
            exported_at: table.moment("exported_at"),
            time_zone: table.text("time_zone"),
            date_order: table
                .choice("date_order", &[("day-first", DateOrder::DayFirst), ("month-first", DateOrder::MonthFirst)]),
            date_format: table.text("date_format"),
            null_values: table.list("null_values"),
            archived_words: table.list("archived_words"),
            max_unreadable_rows: table.number_or_text("max_unreadable_rows", TOLERANCE),
            columns: table.table("columns", columns),
            statuses: table.table("statuses", |table| table.texts()),
            no_report: table.missing("enrollments"),
        }
    }
}

fn columns(table: &mut Table<'_>) -> Columns {
    let mut columns = Columns::default();
    for column in ColumnName::ALL {
        let heading = match column {
            ColumnName::SfdcId => table.text_or_truth(column.key()),
            _ => table.text(column.key()).map(|heading| TextOrTruth::Text(heading.value)),
        };
        match heading {
            Some(TextOrTruth::Text(heading)) => columns.headings.push((column, heading)),
            Some(TextOrTruth::Truth(present)) => columns.without_sfdc_id = !present,
            None => {}
        }
    }
    columns
}

impl Source<'_> {
    fn parse(self) -> Result<File, Error> {
        self.read(File::read)
    }

    /// The snapshot folder, if given; else a live organization is required.
    fn snapshot(self, salesforce: &SalesforceTable, given: Option<&Path>) -> Result<Option<PathBuf>, Error> {
        match (given, &salesforce.snapshot) {
            (Some(given), _) => Ok(Some(given.to_owned())),
            (None, Some(folder)) => Ok(Some(self.base().join(&folder.value))),
            (None, None) if salesforce.is_live() => Ok(None),
            (None, None) => Err(self.wrong(
                &salesforce.no_snapshot,
                "is missing, and no live organization is named either (org, instance_url or client_id); name the folder \
                 with the CSV files of the Salesforce objects, or an organization",
            )),
        }
    }

    fn live(self, salesforce: &SalesforceTable, mapping: &MappingTable) -> Result<OrgConnection, Error> {
        let text = |placed: &Option<Placed<String>>| placed.as_ref().map(|placed| placed.value.clone());
        let percent = salesforce.api_budget_percent.as_ref().map_or(80, |percent| percent.value);
        Ok(OrgConnection {
            token: None,
            client_secret: None,
            org: text(&salesforce.org),
            instance_url: self.address(salesforce.instance_url.as_ref(), instance)?,
            client_id: text(&salesforce.client_id),
            username: text(&salesforce.username),
            login_url: self.address(salesforce.login_url.as_ref(), instance)?,
            api_budget_percent: u8::try_from(percent).unwrap_or(100),
            username_field: mapping.username_field.clone(),
            list_view: mapping.list_view.clone(),
        })
    }

    fn address(self, url: Option<&Placed<String>>, known: fn(&str) -> Option<String>) -> Result<Option<String>, Error> {
        let Some(url) = url else { return Ok(None) };
        let wrong = || self.wrong(url, &format!("`{}` is not an https:// address of a host", url.value));
        known(&url.value).map(Some).ok_or_else(wrong)
    }

    fn moment(self, moment: Option<&Placed<String>>) -> Result<Option<Instant>, Error> {
        let Some(moment) = moment else { return Ok(None) };
        parse_moment(&moment.value).map(Some).map_err(|what| self.wrong(moment, &what))
    }

    /// Whether a value is a pattern rather than the path of a file whose name contains a bracket.
    #[expect(clippy::disallowed_methods, reason = "a pattern stands for the files that are there")]
    fn is_pattern(self, path: &Placed<String>) -> bool {
        pattern::is_pattern(&path.value) && !self.base().join(&path.value).exists()
    }

    fn check_patterns<'p>(self, mut paths: impl Iterator<Item = &'p Placed<String>>) -> Result<(), Error> {
        paths.try_for_each(|path| match glob::Pattern::new(&path.value) {
            Err(error) if self.is_pattern(path) => {
                Err(self.wrong(path, &format!("`{}` is not a valid pattern: {error}", path.value)))
            }
            _ => Ok(()),
        })
    }

    /// The files that paths and patterns match.
    fn files(self, paths: &[Placed<String>]) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::new();
        for given in paths {
            let path = self.base().join(&given.value);
            if !self.is_pattern(given) {
                files.push(path);
                continue;
            }
            let mut matched = pattern::matching(self.base(), &given.value).map_err(|fault| match fault {
                pattern::Fault::Invalid(error) => {
                    self.wrong(given, &format!("`{}` is not a valid pattern: {error}", path.display()))
                }
                pattern::Fault::Unreadable(path, source) => Error::Unreadable { path, source },
                pattern::Fault::TooMany => {
                    self.wrong(given, &format!("`{}`: {}", path.display(), pattern::Fault::too_many()))
                }
            })?;
            if matched.is_empty() {
                return Err(Error::Missing { path, what: "no file matches this pattern".to_owned() });
            }
            files.append(&mut matched);
        }
        Ok(files)
    }
}

/// Loads the settings of an extraction; the export's part may be missing.
///
/// # Errors
/// [`Error::Configuration`] with file, line and column.
pub fn load_org(path: &Path, text: &str) -> Result<OrgConnection, Error> {
    let source = Source { path, text };
    let File { salesforce, mapping, .. } = source.parse()?;
    if !salesforce.is_live() {
        return Err(source.wrong(
            &salesforce.no_org,
            "is missing, and so are instance_url and client_id; name the live organization with one of them",
        ));
    }
    source.live(&salesforce, &mapping)
}

/// Loads the settings of the freshness check; the export's part may be missing. `snapshot` overrides the file.
///
/// # Errors
/// [`Error::Configuration`] with file, line and column.
pub fn load_freshness(path: &Path, text: &str, snapshot: Option<&Path>) -> Result<FreshnessSettings, Error> {
    let source = Source { path, text };
    let File { salesforce, snapshot_parts, docebo, sync, freshness, mapping, scope: _ } = source.parse()?;
    let FreshnessTable { warn_after_hours, error_after_hours, webhook_template, webhook_on } = freshness;
    if let (Some(warn), Some(error)) = (&warn_after_hours, &error_after_hours)
        && warn.value > error.value
    {
        let what = format!(
            "{} is more than error_after_hours ({}), so the warning would never be given",
            warn.value, error.value
        );
        return Err(source.wrong(warn, &what));
    }
    let snapshot = source.snapshot(&salesforce, snapshot)?;
    Ok(FreshnessSettings {
        live: if snapshot.is_none() { Some(source.live(&salesforce, &mapping)?) } else { None },
        snapshot: snapshot.unwrap_or_default(),
        snapshot_parts,
        extracted_at: source.moment(salesforce.extracted_at.as_ref())?,
        platform: source.address(docebo.platform_url.as_ref(), https)?,
        instance: source.address(salesforce.instance_url.as_ref(), instance)?,
        enrollment_mode: sync.enrollment_mode,
        warn_after_hours: warn_after_hours.map(|hours| hours.value),
        error_after_hours: error_after_hours.map(|hours| hours.value),
        webhook_template: webhook_template.map(|path| source.base().join(path.value)),
        webhook_on,
    })
}

/// Loads a configuration and applies the overrides. Relative paths in the file are relative to the file; those of the
/// overrides to the working folder.
///
/// # Errors
/// [`Error::Configuration`] with file, line and column; [`Error::Missing`] if a pattern matches no file.
pub fn load(path: &Path, text: &str, overrides: &Overrides) -> Result<Settings, Error> {
    let source = Source { path, text };
    let File { salesforce, snapshot_parts, docebo, mapping, scope, sync, freshness: _ } = source.parse()?;

    let snapshot = source.snapshot(&salesforce, overrides.snapshot.as_deref())?;
    let live = if snapshot.is_none() { Some(source.live(&salesforce, &mapping)?) } else { None };
    let instance = source.address(salesforce.instance_url.as_ref(), instance)?;
    let platform = source.address(docebo.platform_url.as_ref(), https)?;
    let exported_at = match &overrides.exported_at {
        Some(given) => Some(parse_moment(given).map_err(|what| Error::Usage(format!("--exported-at: {what}")))?),
        None => source.moment(docebo.exported_at.as_ref())?,
    };
    let extracted_at = source.moment(salesforce.extracted_at.as_ref())?;

    source.check_patterns(docebo.users.iter().chain(&docebo.enrollments))?;
    let users = if overrides.users.is_empty() { source.files(&docebo.users)? } else { overrides.users.clone() };
    let enrollments = if overrides.enrollments.is_empty() {
        source.files(&docebo.enrollments)?
    } else {
        overrides.enrollments.clone()
    };
    for (report, files) in [(ExportKind::Users, &users), (ExportKind::Enrollments, &enrollments)] {
        refuse_named_twice(report, files)?;
    }
    if users.is_empty() && enrollments.is_empty() {
        return Err(
            source.wrong(&docebo.no_report, "is missing, and so is docebo.users; at least one report is needed")
        );
    }

    let zone = match (&overrides.time_zone, &docebo.time_zone) {
        (Some(given), _) => known_zone(given).map_err(|what| Error::Usage(format!("--time-zone: {what}")))?,
        (None, Some(zone)) => known_zone(&zone.value).map_err(|what| source.wrong(zone, &what))?,
        (None, None) => ZoneRule::Auto,
    };
    let mut statuses = Vec::new();
    for (word, meaning) in docebo.statuses {
        let known = Status::from_salesforce(&meaning.value).filter(|_| !meaning.value.is_empty());
        let Some(status) = known else {
            let known: Vec<&str> = Status::ALL.iter().map(|status| status.label()).collect();
            let what = format!("`{}` is not a Salesforce status; use one of {}", meaning.value, known.join(", "));
            return Err(source.wrong(&meaning, &what));
        };
        statuses.push((crate::model::status::fold(&word), status));
    }
    let max_unreadable_rows = match docebo.max_unreadable_rows.as_ref().map(|most| (most, &most.value)) {
        None => Tolerance::default(),
        Some((_, NumberOrText::Number(most))) => Tolerance::Rows(*most),
        Some((most, NumberOrText::Text(text))) => {
            Tolerance::parse_percent(text).ok_or_else(|| source.wrong(most, &format!("`{text}` is not {TOLERANCE}")))?
        }
    };
    if let Some(pattern) = &docebo.date_format {
        if docebo.date_order.is_some() {
            return Err(source.wrong(pattern, "cannot be combined with docebo.date_order; remove one of them"));
        }
        DateFormat::new(&pattern.value).map_err(|what| source.wrong(pattern, &what))?;
    }
    let mut accepted = overrides.accept.clone();
    accepted.sort_unstable();
    accepted.dedup();
    let scope = match scope.as_ref().map(|scope| (scope, &scope.value)) {
        None => Scope::Synced,
        Some((_, TextOrIds::Ids(ids))) => {
            let mut ids = ids.clone();
            ids.sort_unstable();
            Scope::Courses(ids)
        }
        Some((_, TextOrIds::Text(word))) if word == "synced" => Scope::Synced,
        Some((_, TextOrIds::Text(word))) if word == "all" => Scope::All,
        Some((scope, TextOrIds::Text(word))) => {
            let what = format!("`{word}` is neither \"synced\" nor \"all\" nor a list of course ids");
            return Err(source.wrong(scope, &what));
        }
    };
    Ok(Settings {
        // If none is given, the run names the folder that it extracts into.
        snapshot: snapshot.unwrap_or_default(),
        live,
        extracted_at,
        instance,
        platform,
        users,
        enrollments,
        exported_at,
        columns: docebo.columns,
        incidents: sync.incidents.map(|path| source.base().join(path.value)),
        statuses,
        null_values: docebo.null_values,
        archived_words: docebo.archived_words,
        date_format: docebo.date_format.map(|pattern| pattern.value),
        snapshot_parts,
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
            date_order: docebo.date_order,
            max_unreadable_rows,
            accepted,
        },
    })
}

/// Rejects a file that is given more than once for a report, by whatever path: its rows would be read twice, and all of
/// the second reading would count as repeats.
#[expect(clippy::disallowed_methods, reason = "two paths can lead to the same file")]
fn refuse_named_twice(report: ExportKind, files: &[PathBuf]) -> Result<(), Error> {
    let mut known: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    for file in files {
        // Opening it later reports why it cannot be resolved.
        let resolved = file.canonicalize().unwrap_or_else(|_| file.clone());
        if let Some(before) = known.insert(resolved, file) {
            let as_well = if before == file { String::new() } else { format!(", as {} too", before.display()) };
            return Err(Error::Usage(format!(
                "{}: is named more than once for the {report}{as_well}\n  next: name each file once; a pattern \
                 must not match a file that is named beside it",
                file.display()
            )));
        }
    }
    Ok(())
}

/// Parses a moment written by a person.
///
/// # Errors
/// If the text is not a moment; describes why.
pub fn parse_moment(text: &str) -> Result<Instant, String> {
    let moment = Instant::parse_stated(text.trim().as_bytes());
    moment.map_err(|fault| {
        format!("`{text}` {}", fault.why("is not a date and time with a zone, such as 2026-11-20T06:00:00Z"))
    })
}

/// `https://host`, without path and trailing slash; only this form is allowed in links.
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

/// Like [`https`], or `http` to this machine: the address of an organization.
#[must_use]
pub fn instance(url: &str) -> Option<String> {
    let here = |rest: &str| {
        let (host, port) = rest.trim_end_matches('/').split_once(':')?;
        let valid = matches!(host, "127.0.0.1" | "localhost") && port.parse::<u16>().is_ok();
        valid.then(|| format!("http://{host}:{port}"))
    };
    https(url).or_else(|| here(url.trim().strip_prefix("http://")?))
}

fn known_zone(name: &str) -> Result<ZoneRule, String> {
    if name == "auto" {
        return Ok(ZoneRule::Auto);
    }
    if crate::model::zone::Clock::named(name).is_some() {
        return Ok(ZoneRule::Named(name.to_owned()));
    }
    let names = crate::model::zone::Clock::names();
    let hint = nearest(name, names.iter().map(String::as_str))
        .map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
    Err(format!("`{name}` is not a time zone{hint} (use an IANA name such as \"Europe/Berlin\", or \"auto\")"))
}

/// The known name most similar to a misspelled one; `None` if none is similar.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|&(likeness, _)| likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
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
# date_format = "%m/%d/%y %H:%M"  # the whole pattern (strptime); only if it cannot be detected
# null_values = ["null", "#N/A"]  # words that mean "no value"; by default only a blank cell does
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
