//! `tieout audit`: reads both sides, joins and relates them, finds stalls, and runs the checks.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::clock::now;
use crate::checks::CATALOGUE;
use crate::checks::check::TIMING_QUESTIONS;
use crate::checks::reconciliation::Reconciliation;
use crate::error::Error;
use crate::inputs::docebo::{Export, MissingColumn};
use crate::inputs::snapshot::Snapshot;
use crate::inputs::{docebo, snapshot};
use crate::model::completeness::{Completeness, rows_of};
use crate::model::excluded::{ExcludedRow, Exclusion};
use crate::model::input::{DateOrder, ExportFile, ExportKind};
use crate::model::instant::HOUR;
use crate::model::object::SfObject;
use crate::model::origins::Origins;
use crate::model::question::Question;
use crate::progress::Progress;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::join::Joined;
use crate::reconcile::relations::{RelateError, Relations, questions};
use crate::reconcile::{join, relations};
use crate::report::run_summary::RunSummary;
use crate::report::{Baseline, Report};
use crate::settings::{Rules, Settings};
use crate::stalls::incidents::{Incident, parse, with_own};
use crate::{files, stalls};

/// Reads and audits both sides, following no earlier run. Writes nothing.
///
/// # Errors
/// If an input cannot be read; [`Error::Defect`] if the totals do not tie out.
pub fn audit(settings: &Settings, progress: &Progress) -> Result<Report, Error> {
    audit_after(settings, progress, |_| Ok(Baseline::default()))
}

/// Like [`audit`], following the run that `past` finds.
///
/// # Errors
/// Those of [`audit`] and of `past`.
pub fn audit_after(
    settings: &Settings,
    progress: &Progress,
    past: impl FnOnce(&RunSummary) -> Result<Baseline, Error>,
) -> Result<Report, Error> {
    let incidents = incidents(settings)?;
    progress.stage("reading both sides");
    // An export without course ids needs Salesforce's course codes before the snapshot is read; both readings must be of
    // the same bytes.
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
    // Rows missing from a filtered export may hide a stall but do not refute one.
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

/// Maximum size of an incident table, in bytes.
const MAX_INCIDENTS: u64 = 64 << 20;

/// Known incidents that may explain a stall: the built-in ones and the user's own.
fn incidents(settings: &Settings) -> Result<Vec<Incident>, Error> {
    let Some(path) = &settings.incidents else { return Ok(with_own(Vec::new())) };
    let text = files::read_text(path, MAX_INCIDENTS).map_err(|source| Error::from_input(path, source))?;
    let own = parse(&text).map_err(|fault| Error::Input {
        path: path.clone(),
        what: format!("line {}: {}", fault.line, fault.what),
        next: "correct the line; templates/incidents.csv in the source of tieout is an example".to_owned(),
    })?;
    Ok(with_own(own))
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

/// Caveat about rows that contradict each other.
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

/// Caveats about the inputs for readers of any output.
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

/// Notes how the dates were read, if that was inferred.
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
