//! Writes the outputs of a run into its folder.

use super::{pack, runs};
use crate::diagnosis::Diagnosis;
use crate::error::Error;
use crate::exit::Exit;
use crate::inputs::reviews;
use crate::outputs;
use crate::outputs::RenderError;
use crate::outputs::ledger::Rows;
use crate::outputs::redact::{Names, Pseudonyms};
use crate::outputs::writer::{Folder, OutputSink, Unfinished};
use crate::progress::Progress;
use crate::report::run_history::file as history;
use crate::report::{Report, run_summary};

/// What to write, and how openly.
#[derive(Debug, Clone, Copy)]
pub struct Outputs {
    /// Which rows the ledgers contain; `None` omits them.
    pub ledger: Option<Rows>,
    /// Whether page and workbook show personal values; else pseudonyms replace them.
    pub show_names: bool,
}

/// Files that are made from a report alone and can be rendered again.
pub const RENDERED: [&str; 5] = ["report.json", "report.html", "workbook.xlsx", "evidence-pack.zip", REPLY];

/// Every file that a run writes into its folder, except the list of digests. Files with other names are never
/// replaced.
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

/// Closing statement of a support case; written if an earlier run had findings for Docebo's support.
const REPLY: &str = "reply.md";

/// Writes all outputs of a run into the folder. Returns the `tieout verify` result for the evidence pack, which is not
/// written if verification fails.
///
/// # Errors
/// If a file cannot be written.
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

/// Renders the files made from a report alone: [`RENDERED`]. Returns the `tieout verify` result for the evidence pack,
/// which is not written if verification fails.
///
/// # Errors
/// If a file cannot be written.
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

/// Renders one file directly into its final destination.
pub(super) fn put(
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

pub(super) fn defect(error: &RenderError) -> Error {
    Error::Defect(format!("an output could not be made: {error}"))
}
