//! A run from end to end: read both sides, relate them, check, render, write. The only room that
//! knows both doors of the house.

/// Whether a run can succeed, asked before it begins.
pub mod doctor;
/// The evidence pack of a case.
pub mod pack;
/// Runs that were written before.
pub mod runs;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::checks::CATALOGUE;
use crate::checks::check::TIMING_QUESTIONS;
use crate::checks::reconciliation::Reconciliation;
use crate::diagnosis::Diagnosis;
use crate::error::Error;
use crate::exit::Exit;
use crate::files;
use crate::inputs::docebo::{Export, MissingColumn};
use crate::inputs::salesforce::extract;
use crate::inputs::salesforce::extract::Options;
use crate::inputs::salesforce::plan;
use crate::inputs::salesforce::read::Api;
use crate::inputs::salesforce::transport::{RetryPolicy, Trace};
use crate::inputs::salesforce::write_activity;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::{docebo, reviews, snapshot};
use crate::model::completeness::{Completeness, rows_of};
use crate::model::excluded::{ExcludedRow, Exclusion};
use crate::model::extraction::{Extracted, Plan};
use crate::model::input::{DateOrder, ExportFile, ExportKind};
use crate::model::instant::{HOUR, Instant};
use crate::model::object::SfObject;
use crate::model::origins::Origins;
use crate::model::question::Question;
use crate::outputs;
use crate::outputs::RenderError;
use crate::outputs::ledger::Rows;
use crate::outputs::redact::{Names, Pseudonyms};
use crate::outputs::writer::{Folder, OutputSink, Unfinished};
use crate::progress::Progress;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::join::{self, Joined};
use crate::reconcile::relations;
use crate::reconcile::relations::{RelateError, Relations, questions};
use crate::report::run_history::file as history;
use crate::report::run_summary;
use crate::report::run_summary::RunSummary;
use crate::report::{Baseline, Report};
use crate::settings::{FreshnessSettings, OrgConnection, Rules, Settings};
use crate::stalls;
use crate::stalls::freshness;
use crate::stalls::freshness::{Configured, Freshness};
use crate::stalls::incidents::{self, Incident};

/// Reads both sides and judges them, as a run of its own. Writes nothing.
///
/// # Errors
/// Whatever keeps the inputs from being read, and [`Error::Defect`] where the totals do not tie out.
pub fn audit(settings: &Settings, progress: &Progress) -> Result<Report, Error> {
    audit_after(settings, progress, |_| Ok(Baseline::default()))
}

/// As [`audit`], behind the run that `past` finds.
///
/// # Errors
/// As [`audit`], and those of `past`.
pub fn audit_after(
    settings: &Settings,
    progress: &Progress,
    past: impl FnOnce(&RunSummary) -> Result<Baseline, Error>,
) -> Result<Report, Error> {
    let incidents = incidents(settings)?;
    progress.stage("reading both sides");
    // What was read of the export is given up once it is sorted, and this thread has use for the room.
    let read_apart = OnceLock::new();
    let codes = || {
        let (codes, digests) = snapshot::course_codes(settings)?;
        read_apart.get_or_init(|| digests);
        Ok(codes)
    };
    let (export, snapshot) =
        rayon::join(|| docebo::read(settings, codes, progress), || snapshot::parents(settings, progress));
    let (snapshot, mut export) = (snapshot?, export?);
    if let Some(digests) = read_apart.get() {
        snapshot.require(digests)?;
    }
    let rows = std::mem::take(&mut export.rows);
    let Joined { mut data, snapshot, repeated } = join::join(rows, snapshot)?;

    progress.stage("comparing");
    data.origins = origins(settings, snapshot, export, repeated);
    data.origins.id_prefix =
        data.docebo_users.instance_part().map(|part| part.map(char::from).iter().collect::<String>());
    let relations = relations::relate(&mut data, &settings.rules).map_err(|why| undecidable(settings, why))?;
    let broken = relations.totals.broken();
    if !broken.is_empty() {
        return Err(Error::Defect(format!("the totals do not tie out ({})", broken.join("; "))));
    }
    note_clock(&mut data, &relations, &settings.rules);
    let questions = questions::ask(&data, &relations, &settings.rules, now());
    let stalls = stalls::infer(&data, &relations, &settings.rules, &incidents);
    let is_open = |among: &[Question]| questions.iter().any(|asked| !asked.accepted && among.contains(&asked.question));
    // What is missing from a filtered export may hide a stall, but does not refute one.
    let is_unknown = is_open(TIMING_QUESTIONS) || is_open(&[Question::ExportFiltered]) && stalls.found.is_empty();
    let stalls = if is_unknown { stalls::heartbeats_only(stalls) } else { stalls };
    let reconciliation = Reconciliation { data, relations, rules: settings.rules.clone(), questions, stalls };
    let report = Report::following(reconciliation, &CATALOGUE, past)?;
    let unmatched = report.movements().unwrap_or_default().into_iter().find(|(_, movement)| !movement.ties());
    match unmatched {
        Some((check, movement)) => {
            Err(Error::Defect(format!("the roll-forward of {check} does not tie out ({movement:?})")))
        }
        None => Ok(report),
    }
}

/// Extracts a live organisation into a new folder, going on where an earlier run ended.
///
/// # Errors
/// As [`extract::extract`].
pub fn extract(live: &OrgConnection, target: &Path, options: Options, progress: &Progress) -> Result<Extracted, Error> {
    runtime()?.block_on(extract::extract(live, target, options, progress))
}

/// What an extraction would ask, and how many calls that takes.
///
/// # Errors
/// As [`plan::plan`].
pub fn plan(live: &OrgConnection, api: Option<Api>, trace: Option<Trace>) -> Result<Plan, Error> {
    runtime()?.block_on(plan::plan(live, api, trace))
}

/// What answers on the network are waited for with: one thread, for that is spent waiting.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Defect(format!("waiting for answers is not possible here: {error}")))
}

/// Reads Salesforce's side alone and judges whether the sync breathes, now or as of a moment. Writes and sends nothing.
///
/// # Errors
/// Whatever keeps the snapshot from being read.
pub fn freshness(watch: &FreshnessSettings, as_of: Option<Instant>, progress: &Progress) -> Result<Freshness, Error> {
    progress.stage("reading Salesforce");
    let activity_by_object = match &watch.live {
        Some(live) => runtime()?.block_on(write_activity::activity(live, RetryPolicy::default(), None))?,
        None => snapshot::write_activity(watch, progress)?,
    };
    let configured = Configured { warn_after: watch.warn_after_hours, error_after: watch.error_after_hours };
    let read_at = activity_by_object.read_at.ok_or_else(|| Error::Defect("the snapshot has no time".to_owned()))?;
    // A live organization is read now, whatever the clock of this machine shows.
    let judged_at = as_of.unwrap_or_else(|| if watch.live.is_some() { read_at } else { now() });
    let mut freshness =
        freshness::judge(&activity_by_object.objects, (read_at, judged_at), configured, watch.enrollment_mode);
    if activity_by_object.read_at_assumed {
        freshness.caveats.push(
            "When Salesforce was read is taken from the oldest file of the snapshot, which a copy may have changed; \
             salesforce.extracted_at is not set."
                .to_owned(),
        );
    }
    freshness.caveats.extend(activity_by_object.caveats);
    if !activity_by_object.incomplete.is_empty() {
        // The rows that are missing may be the newest ones.
        freshness.incomplete(&activity_by_object.incomplete);
    }
    Ok(freshness)
}

/// No table of incidents is longer.
const MAX_INCIDENTS: u64 = 64 << 20;

/// The incidents that a stall may coincide with: those that travel with the tool, and the user's own.
fn incidents(settings: &Settings) -> Result<Vec<Incident>, Error> {
    let Some(path) = &settings.incidents else { return Ok(incidents::with_own(Vec::new())) };
    let text = files::read_text(path, MAX_INCIDENTS).map_err(|source| Error::from_input(path, source))?;
    let own = incidents::parse(&text).map_err(|fault| Error::Input {
        path: path.clone(),
        what: format!("line {}: {}", fault.line, fault.what),
        next: "correct the line; templates/incidents.csv in the source of tieout is an example".to_owned(),
    })?;
    Ok(incidents::with_own(own))
}

fn origins(
    settings: &Settings,
    snapshot: Snapshot,
    export: Export,
    repeated: Vec<(ExportKind, ExcludedRow)>,
) -> Origins {
    let mut inputs = snapshot.inputs.clone();
    inputs.extend(export.inputs);
    let mut excluded = export.excluded;
    excluded.extend(repeated);
    excluded.sort_by_key(|(_, excluded_row)| (excluded_row.file, excluded_row.line));
    let contradictions = contradictions(&excluded, &export.files);
    let mut origins = Origins {
        exported_at: settings.exported_at.or(export.oldest),
        extracted_at: settings.extracted_at.or(snapshot.extracted_at),
        org_id: snapshot.org_id,
        id_prefix: None,
        instance: settings.instance.clone().or_else(|| snapshot.instance.clone()),
        platform: settings.platform.clone(),
        inputs,
        exports: export.files,
        excluded,
        deleted_rows: snapshot.deleted_rows.clone(),
        unread: snapshot.unread.clone(),
        extracts: snapshot.extracts.clone(),
        extraction: snapshot.extraction.clone(),
        users_report: !settings.users.is_empty(),
        enrollments_report: !settings.enrollments.is_empty(),
        sfdc_ids: export.sfdc_ids,
        list_view: snapshot.list_view,
        caveats: Vec::new(),
    };
    origins.caveats = caveats(settings, &snapshot, &origins);
    origins.caveats.extend(snapshot.caveats);
    for MissingColumn { file, column, consequence } in &export.missing_columns {
        let column = docebo::default_heading(*column);
        origins.caveats.push(format!("{file} has no column `{column}`: {consequence}."));
    }
    origins.caveats.extend(contradictions);
    origins.caveats.extend(export.caveats);
    origins.unread.extend(export.unread);
    let unread = origins.unread.iter().map(|what| format!("Not read: {what}"));
    origins.caveats.extend(unread.collect::<Vec<_>>());
    origins
}

/// What a reader has to know of rows that contradict each other.
fn contradictions(excluded: &[(ExportKind, ExcludedRow)], files: &[ExportFile]) -> Option<String> {
    let mut rows = excluded.iter().filter_map(|(_, row)| match row.why {
        Exclusion::Contradictory(contradiction) => Some((row, contradiction)),
        _ => None,
    });
    let (first, contradiction) = rows.next()?;
    let (row, others) = match rows.count() {
        0 => ("1 row of the Users report contradicts", String::new()),
        more => ("rows of the Users report contradict", format!("{} ", more + 1)),
    };
    let name = |file: u16| files.get(usize::from(file)).map_or("", |file| file.name.as_str());
    Some(format!(
        "{others}{row} another row of the same learner, the first on line {} of {}: it has {}. The other row counts; which of \
         the two is right is not known. All are listed in ledger/excluded-rows.csv.",
        first.line,
        name(first.file),
        contradiction.describe(name(contradiction.kept.file))
    ))
}

/// What a reader of any output has to know about the inputs.
fn caveats(settings: &Settings, snapshot: &Snapshot, origins: &Origins) -> Vec<String> {
    let mut caveats = Vec::new();
    if !snapshot.counted {
        caveats.push(
            "Nobody counted the rows of the snapshot (it has no manifest.json): the files are taken as complete, and a row \
             that was not saved looks like a row that Docebo did not write."
                .to_owned(),
        );
        if settings.extracted_at.is_none() {
            caveats.push("When Salesforce was read is taken from the oldest file of the snapshot.".to_owned());
        }
    }
    for (object, extract) in &origins.extracts {
        if let Completeness::Incomplete { rows, counted } = extract.completeness {
            caveats.push(format!(
                "{object} is incomplete: {}. Checks that rely on a record being absent are not evaluated.",
                rows_of(rows, counted)
            ));
        }
    }
    if settings.exported_at.is_none() {
        caveats.push(
            "When Docebo produced the export is taken from the files' times; docebo.exported_at is not set.".to_owned(),
        );
    }
    if !origins.users_report {
        caveats.push(
            "There is no Users report: people without an enrollment are unknown, and the forecast does not see them."
                .to_owned(),
        );
    }
    if !origins.enrollments_report {
        caveats.push("There is no Users - Courses report: enrollments are not judged.".to_owned());
    }
    if !origins.sfdc_ids {
        caveats.push("The export does not tell the learners' Salesforce ids: links are not judged.".to_owned());
    }
    if settings.rules.list_view.is_some() && !origins.list_view {
        caveats.push("A list view is configured, but its members are not in the snapshot (list_view_contacts.csv): the forecast takes every contact as a member.".to_owned());
    }
    if origins.extract(SfObject::User).completeness == Completeness::Absent {
        caveats
            .push("The User object is not in the snapshot: every id with the prefix 005 counts as a user.".to_owned());
    }
    if let (Some(exported_at), Some(extracted_at)) = (origins.exported_at, origins.extracted_at) {
        let apart = (exported_at.seconds() - extracted_at.seconds()).abs();
        if apart > settings.rules.grace_hours * HOUR {
            caveats.push(format!(
                "Export and Salesforce were read {} hours apart ({} and {}): what changed in between is not compared. Read both \
                 sides at the same time.",
                apart / HOUR,
                exported_at.to_minute(),
                extracted_at.to_minute()
            ));
        }
    }
    caveats
}

/// When the run takes place: the one thing that the clock of this machine is asked for.
#[expect(clippy::disallowed_methods, reason = "an export from the future is questioned")]
fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Instant::from_seconds(i64::try_from(since).unwrap_or(i64::MAX))
}

/// How the dates were read, where that was inferred.
fn note_clock(data: &mut Dataset, relations: &Relations, rules: &Rules) {
    let caveats = &mut data.origins.caveats;
    for zone in relations.zones() {
        match &*zone.how {
            "assumed" if zone.compared => caveats.push(format!(
                "{}: the time zone could not be inferred ({} of {} enrollments on both sides agree under UTC, which is assumed). \
                 Set docebo.time_zone.",
                zone.file, zone.agreeing, zone.pairs
            )),
            "assumed" => caveats.push(format!(
                "{}: {} enrollments on both sides are too few to tell the time zone (it takes {}), and under UTC only {} of them \
                 agree, so the dates are not compared. Set docebo.time_zone, docebo.date_order or docebo.date_format.",
                zone.file,
                zone.pairs,
                relations::clock::MIN_PAIRS,
                zone.agreeing
            )),
            "unclear" => caveats.push(format!(
                "{}: no time zone fits the dates ({} of {} enrollments on both sides agree under {}), so they are not compared. \
                 Set docebo.time_zone, docebo.date_order or docebo.date_format.",
                zone.file, zone.agreeing, zone.pairs, zone.name
            )),
            "configured" if zone.pairs >= relations::clock::MIN_PAIRS && zone.agreeing * 2 < zone.pairs => {
                caveats.push(format!(
                    "{}: under the configured time zone {} only {} of {} enrollments on both sides have the same date; check \
                     docebo.time_zone.",
                    zone.file, zone.name, zone.agreeing, zone.pairs
                ));
            }
            _ => {}
        }
    }
    if rules.date_order.is_some() && data.origins.exports.iter().all(|file| file.dates.order == DateOrder::YearFirst) {
        caveats.push("docebo.date_order is set, but no date of the export needs it.".to_owned());
    }
}

fn undecidable(settings: &Settings, why: RelateError) -> Error {
    match why {
        RelateError::DateOrder { file } => {
            let path = settings
                .enrollments
                .iter()
                .find(|path| path.ends_with(&file))
                .cloned()
                .unwrap_or_else(|| PathBuf::from(file));
            Error::Input {
                path,
                what: "day and month of the dates cannot be told apart: no date of the file has a day beyond 12, and too few \
                       enrollments stand on both sides to infer it"
                    .to_owned(),
                next: "set `date_order = \"day-first\"` or `date_order = \"month-first\"` under [docebo] in the configuration".to_owned(),
            }
        }
        RelateError::Zone { name } => Error::Usage(format!("`{name}` is not a time zone")),
    }
}

/// What to write, and how openly.
#[derive(Debug, Clone, Copy)]
pub struct Outputs {
    /// Which rows the ledgers hold; `None` leaves them out.
    pub ledger: Option<Rows>,
    /// Whether page and workbook show what may tell about a person; else pseudonyms stand in its place.
    pub show_names: bool,
}

/// The files that are made from a report alone, and can be made again.
pub const RENDERED: [&str; 5] = ["report.json", "report.html", "workbook.xlsx", "evidence-pack.zip", REPLY];

/// Every file that a run writes into its folder, the list of digests aside. What has another name is never replaced.
pub const OUTPUTS: [&str; 13] = [
    run_summary::NAME,
    history::NAME,
    runs::REVIEWS,
    outputs::findings::NAME,
    "ledger/learners.csv",
    "ledger/enrollments.csv",
    "ledger/contacts.csv",
    "ledger/excluded-rows.csv",
    "report.json",
    "report.html",
    "workbook.xlsx",
    "evidence-pack.zip",
    REPLY,
];

/// The closing statement of a support case; written where an earlier run had found something for Docebo's support.
const REPLY: &str = "reply.md";

/// Writes everything that a run leaves behind into the folder. Returns what `tieout verify` says of the evidence pack, which
/// is not written if it does not pass.
///
/// # Errors
/// When the disk says no.
pub fn write_outputs(
    report: &Report,
    outputs: Outputs,
    folder: &Folder,
    progress: &Progress,
) -> Result<Diagnosis, Error> {
    progress.stage("writing");
    let kept = || {
        put(folder, run_summary::NAME, |out| outputs::json::facts(report, out))?;
        put(folder, history::NAME, |out| Ok(history::write(&report.history, out)?))?;
        if !report.reviews.is_empty() {
            folder.write(runs::REVIEWS, &reviews::lines(&report.reviews))?;
        }
        put(folder, outputs::findings::NAME, |out| outputs::findings::write(report, out))?;
        match outputs.ledger {
            Some(rows) => outputs::ledger::each(report, rows, |name, write| put(folder, name, |out| write(out))),
            None => Ok(()),
        }
    };
    let (rendered, kept) = rayon::join(|| render(report, outputs.show_names, folder), kept);
    let verified = rendered?;
    kept?;
    Ok(verified)
}

/// Renders what is made from a report alone: [`RENDERED`]. Returns what `tieout verify` says of the evidence pack, which is
/// not written if it does not pass.
///
/// # Errors
/// When the disk says no.
pub fn render(report: &Report, show_names: bool, place: &(impl OutputSink + Sync)) -> Result<Diagnosis, Error> {
    let pseudonyms = Pseudonyms::with_key(report.run.pseudonyms.as_bytes());
    let names = if show_names { Names::Shown } else { Names::Pseudonyms(&pseudonyms) };
    // The workbook takes as long as everything else together.
    let workbook =
        || put(place, "workbook.xlsx", |out| outputs::xlsx::write(report, names, Some(place.temporary_folder()), out));
    let others = || {
        put(place, "report.json", |out| outputs::json::write(report, out))?;
        put(place, "report.html", |out| outputs::html::write(report, names, out))?;
        let packed = outputs::pack::zip(report).map_err(|error| defect(&error))?;
        let verified = pack::verified(report, &packed);
        if verified.exit() == Exit::Clean {
            place.write("evidence-pack.zip", &packed)?;
        }
        if let Some(reply) = outputs::reply::text(report).map_err(|error| defect(&error))? {
            place.write(REPLY, reply.as_bytes())?;
        }
        Ok(verified)
    };
    let (workbook, others) = rayon::join(workbook, others);
    workbook?;
    others
}

/// Renders one file on its way to its place.
fn put(
    place: &impl OutputSink,
    name: &str,
    render: impl FnOnce(&mut Unfinished<'_>) -> Result<(), RenderError>,
) -> Result<(), Error> {
    let mut file = place.begin(name)?;
    match render(&mut file) {
        Ok(()) => file.finish(),
        Err(error) => Err(file.refused().unwrap_or_else(|| match &error {
            RenderError::Temporary(_) => file.cannot_be_written(&error.to_string()),
            _ => defect(&error),
        })),
    }
}

fn defect(error: &RenderError) -> Error {
    Error::Defect(format!("an output could not be made: {error}"))
}
