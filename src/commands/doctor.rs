//! Checks before a run whether it can succeed: the configuration, Salesforce or its snapshot, the export, the output
//! folder. Nothing is written, and a failed check does not stop the others.
//!
//! Must not know: how the lines are shown.

#![expect(clippy::disallowed_methods, reason = "the doctor reads the configuration and the clock, and probes a folder")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::clock::now;
use crate::diagnosis::{Area, Diagnosis, DoctorCheck};
use crate::error::Error;
use crate::inputs::docebo;
use crate::inputs::salesforce::doctor;
use crate::inputs::salesforce::transport::{RetryPolicy, Trace};
use crate::inputs::snapshot;
use crate::inputs::snapshot::Snapshot;
use crate::model::completeness::{Completeness, rows_of};
use crate::model::courses::CourseCodes;
use crate::model::excluded::{Exclusion, Reject};
use crate::model::export_rows::ExportRows;
use crate::model::input::{ExportKind, Input};
use crate::model::instant::{DAY, Instant};
use crate::outputs::writer::Folder;
use crate::progress::Progress;
use crate::reconcile::join;
use crate::secrets::mask;
use crate::settings::file::{self, Overrides};
use crate::settings::{OrgConnection, Settings};

/// Age in days above which an export is reported as old.
const MAX_SNAPSHOT_AGE: i64 = 7;

/// The parts of a configuration that can be read.
#[derive(Default)]
struct Named {
    live: Option<OrgConnection>,
    snapshot: Option<Settings>,
    export: Option<Settings>,
}

/// Checks everything that a run with this configuration needs.
#[must_use]
pub fn diagnose(config: &Path, out: Option<&Path>, trace: Option<Trace>, progress: &Progress) -> Diagnosis {
    let mut lines = Vec::new();
    let Named { live, snapshot, export } = configuration(config, &mut lines);
    if let Some(live) = &live {
        progress.stage("asking Salesforce");
        // `doctor` stops retrying sooner than an extraction does.
        let pace = RetryPolicy {
            cap: std::time::Duration::from_secs(4),
            max_wait: std::time::Duration::from_secs(60),
            ..RetryPolicy::default()
        };
        match super::extract::runtime() {
            Ok(runtime) => lines.extend(runtime.block_on(doctor::examine(live, pace, trace))),
            Err(error) => lines.push(DoctorCheck::error(Area::SignIn, "Salesforce", &error)),
        }
    }
    if let Some(settings) = &snapshot {
        progress.stage("reading the snapshot");
        look_at_snapshot(settings, progress, &mut lines);
    }
    if let Some(settings) = &export {
        progress.stage("reading the export");
        look_at_export(settings, progress, &mut lines);
    }
    lines.push(output(out, export.and_then(|settings| settings.exported_at)));
    for line in &mut lines {
        // A URL in the configuration may contain a password.
        for text in [&mut line.what, &mut line.found].into_iter().chain(&mut line.next) {
            *text = mask(text).into_owned();
        }
    }
    Diagnosis { checks: lines }
}

/// Reads the configuration and adds a line about it; a fault in one part does not hide the others.
fn configuration(config: &Path, lines: &mut Vec<DoctorCheck>) -> Named {
    let what = config.display().to_string();
    let text = match file::read(config) {
        Ok(text) => text,
        Err(error) => {
            lines.push(DoctorCheck::error(Area::Configuration, what, &error));
            return Named::default();
        }
    };
    // With a dummy report path, only errors about the reports themselves are missed.
    let nobody = || vec![PathBuf::new()];
    let without = Overrides { users: nobody(), enrollments: nobody(), ..Overrides::default() };
    let whole = file::load(config, &text, &Overrides::default());
    let (settings, export, about_export) = match (whole, file::load(config, &text, &without)) {
        (Ok(settings), _) => (settings.clone(), Some(settings), None),
        (Err(Error::Configuration { .. }), Ok(settings)) => {
            let found = "no report is configured (docebo.users, docebo.enrollments); an audit needs one";
            (settings, None, Some(DoctorCheck::skip(Area::Export, "the export", found)))
        }
        (Err(error @ Error::Missing { .. }), Ok(settings)) => {
            (settings, None, Some(DoctorCheck::error(Area::Export, "the export", &error)))
        }
        (Err(error), _) => {
            lines.push(DoctorCheck::error(Area::Configuration, what, &error));
            let live = file::load_freshness(config, &text, None).ok().and_then(|watch| watch.live);
            return Named { live, ..Named::default() };
        }
    };
    let source = match &settings.live {
        Some(_) => "Salesforce is asked itself".to_owned(),
        None => format!("Salesforce is read from the snapshot {}", settings.snapshot.display()),
    };
    lines.push(match file::load_freshness(config, &text, None) {
        Ok(_) => DoctorCheck::pass(Area::Configuration, what, format!("readable; {source}")),
        Err(error) => {
            let next = "correct it; only `tieout freshness` needs this part";
            DoctorCheck::warn(Area::Configuration, what, error.to_string(), next)
        }
    });
    lines.extend(about_export);
    let live = settings.live.clone();
    Named { snapshot: live.is_none().then_some(settings), live, export }
}

fn look_at_snapshot(settings: &Settings, progress: &Progress, lines: &mut Vec<DoctorCheck>) {
    let what = settings.snapshot.display().to_string();
    let snapshot = match read_snapshot(settings, progress) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            lines.push(DoctorCheck::error(Area::Snapshot, what, &error));
            return;
        }
    };
    let rows: u64 = snapshot.inputs.iter().map(|input| input.rows).sum();
    let of = snapshot.extracted_at.map_or_else(String::new, |at| format!(", of {}", at.to_minute()));
    lines.push(DoctorCheck::pass(
        Area::Snapshot,
        what,
        format!("{} files with {rows} rows{of}", snapshot.inputs.len()),
    ));
    lines.push(if snapshot.counted {
        DoctorCheck::pass(Area::Snapshot, "manifest.json", "says what Salesforce counted")
    } else {
        let found =
            "not there: nobody counted the rows, and one that was not saved looks like one that was never written";
        DoctorCheck::warn(Area::Snapshot, "manifest.json", found, "let `tieout extract` read Salesforce")
    });
    for (object, extract) in &snapshot.extracts {
        let of_object = |found: String, next: &str| DoctorCheck::warn(Area::Snapshot, object.to_string(), found, next);
        match &extract.completeness {
            Completeness::Incomplete { rows, counted } => {
                let found = format!(
                    "{}; checks that rely on a record being absent are not evaluated",
                    rows_of(*rows, *counted)
                );
                lines.push(of_object(found, "extract the snapshot again"));
            }
            Completeness::Partial { unread, next } => {
                let found = format!(
                    "{} not read; checks that rely on a record being absent are not evaluated",
                    unread.join(", ")
                );
                lines.push(of_object(found, next));
            }
            Completeness::Absent => {
                if let Some(why) = &extract.why_absent {
                    let found = format!("is treated as missing: {why}");
                    lines.push(of_object(found, "save the object again, or move the file away"));
                }
            }
            Completeness::Assumed if snapshot.counted => {
                let found = "not listed in manifest.json, so its rows were not counted; taken as complete".to_owned();
                lines.push(of_object(found, "extract the snapshot again"));
            }
            Completeness::Counted | Completeness::Assumed => {}
        }
        if !extract.missing.is_empty() {
            let found = format!("has no {}; a check that needs one is not evaluated", extract.missing.join(", "));
            let next = "give the user read access to these fields, and save the object again with them";
            lines.push(of_object(found, next));
        }
    }
    for unread in &snapshot.unread {
        lines.push(DoctorCheck::warn(
            Area::Snapshot,
            "further files",
            format!("not read: {unread}"),
            "check whether a file is misnamed",
        ));
    }
}

fn look_at_export(settings: &Settings, progress: &Progress, lines: &mut Vec<DoctorCheck>) {
    let uncoded = Cell::new(false);
    let codes = || {
        if settings.live.is_none() {
            return snapshot::course_codes(settings).map(|(codes, _)| codes);
        }
        uncoded.set(true);
        Ok(CourseCodes::new())
    };
    let export = match docebo::read(settings, codes, progress) {
        Ok(export) => export,
        Err(error) => {
            lines.push(DoctorCheck::error(Area::Export, "the export", &error));
            return;
        }
    };
    // Rows whose type only Salesforce knows are not a fault of the export.
    let mut unknown_here: BTreeMap<usize, u64> = BTreeMap::new();
    for (kind, excluded_row) in export.excluded.iter().filter(|_| uncoded.get()) {
        if let Exclusion::Unreadable(reject) = &excluded_row.why
            && *kind == ExportKind::Enrollments
            && reject.reason == Reject::UNKNOWN_COURSE
        {
            *unknown_here.entry(usize::from(excluded_row.file)).or_default() += 1;
        }
    }
    for (file, input) in export.inputs.iter().enumerate() {
        lines.push(export_file(input, unknown_here.get(&file).copied().unwrap_or(0)));
    }
    lines.push(age(settings.exported_at, export.oldest));
}

fn export_file(input: &Input, by_code: u64) -> DoctorCheck {
    let parts = [
        Some(format!("{}: {} rows", input.holds, input.rows)),
        Some(input.encoding.clone()),
        input.delimiter.as_deref().map(|delimiter| match delimiter {
            "\t" => "cells parted by tabs".to_owned(),
            other => format!("cells parted by `{other}`"),
        }),
        input.dates.as_deref().map(|dates| format!("dates {dates}")),
        (by_code > 0).then(|| format!("{by_code} rows name their course by a code that only Salesforce knows")),
    ];
    let found = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let rejects = input.rejects.saturating_sub(by_code);
    if rejects > 0 {
        let next = "run `tieout audit`: its ledger of excluded rows lists these rows, with the reason for each";
        return DoctorCheck::warn(Area::Export, &*input.file, format!("{found}; {rejects} rows cannot be read"), next);
    }
    if input.rows == 0 {
        let next = "look at the report's filters in Docebo, and export it again";
        return DoctorCheck::warn(Area::Export, &*input.file, found, next);
    }
    DoctorCheck::pass(Area::Export, &*input.file, found)
}

/// Age of the export.
fn age(stated: Option<Instant>, files: Option<Instant>) -> DoctorCheck {
    let what = "the age of the export";
    let Some(at) = stated.or(files) else { return DoctorCheck::skip(Area::Export, what, "nothing tells it") };
    let days = (now().seconds() - at.seconds()).max(0) / DAY;
    let whence = if stated.is_some() { "docebo.exported_at" } else { "the files' times" };
    let found = format!("{days} days, by {whence} ({})", at.to_minute());
    if days >= MAX_SNAPSHOT_AGE {
        let next = if stated.is_some() {
            "export the reports again and set docebo.exported_at, unless you audit a past day on purpose"
        } else {
            "export the reports again, unless you audit a past day on purpose"
        };
        return DoctorCheck::warn(Area::Export, what, found, next);
    }
    DoctorCheck::pass(Area::Export, what, found)
}

/// Whether an audit could write its folder; the probe folder is removed again.
fn output(out: Option<&Path>, exported_at: Option<Instant>) -> DoctorCheck {
    let target = out.map_or_else(
        || {
            let name = exported_at.map_or_else(|| "run".to_owned(), |at| at.to_string().replace(['-', ':'], ""));
            Folder::unused(&PathBuf::from("tieout-runs"), &name)
        },
        Path::to_owned,
    );
    let parents = target.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
    let made: Vec<&Path> = parents.take_while(|parent| parent.symlink_metadata().is_err()).collect();
    let probed = Folder::probe(&target);
    for folder in made {
        // Fails, as it should, if the folder is no longer empty.
        let _ = std::fs::remove_dir(folder);
    }
    let what = target.display().to_string();
    match probed {
        Ok(()) => DoctorCheck::pass(Area::Output, what, "can be written"),
        Err(error) => DoctorCheck::error(Area::Output, what, &error),
    }
}

/// Reads a snapshot without an export to check that it is readable.
fn read_snapshot(settings: &Settings, progress: &Progress) -> Result<Snapshot, Error> {
    join::join(ExportRows::default(), snapshot::parents(settings, progress)?).map(|joined| joined.snapshot)
}
