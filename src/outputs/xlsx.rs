//! `workbook.xlsx`: the run for an analyst. Control totals are formulas stored with their results, findings are a
//! table to sort and filter, and untrusted text is always plain text.
//!
//! Must not know: files, clocks; how a number was computed.

mod causes;
mod check_lines;
mod cleared;
mod control_totals;
mod findings;
mod forecast;
mod health;
mod lists;
mod read_me;
mod sheet;
mod sign_off;
mod sources;
mod summary;
mod table;
mod trend;

use std::cell::Cell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::model::label::Label as _;
use crate::outputs::RenderError;
use crate::outputs::redact::Names;
use crate::outputs::wording;
use crate::report::Report;
use sheet::{Sheet, Styles};
use table::TableRangeWriter;

/// Maximum findings on the sheet; `findings.jsonl` has all of them.
pub const MAX_FINDINGS: usize = 200_000;
/// Up to this many findings, texts are shared in one table of the file, which every reader supports; above it they
/// are inline, which takes a third of the memory, and which Excel, LibreOffice and Google Sheets support too.
const MAX_SHARED: u64 = 20_000;
/// Maximum links of one sheet. Excel drops all of them above 65,530; and each takes over a kilobyte of memory while
/// writing.
const MAX_LINKS: u32 = 40_000;
/// About half the time of the default level, for a tenth more bytes.
const COMPRESSION: u8 = 2;

/// Like [`write`], into memory.
///
/// # Errors
/// None for any report.
pub fn workbook(report: &Report, names: Names<'_>) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    write(report, names, None, &mut bytes)?;
    Ok(bytes)
}

/// Writes the workbook. Its long sheet is kept in an unnamed temporary file in the folder `temporary` (by default the
/// system's) until it is complete.
///
/// # Errors
/// If writing to `out` fails; [`RenderError::Temporary`] if the temporary file cannot be written.
pub fn write(
    report: &Report,
    names: Names<'_>,
    temporary: Option<&Path>,
    out: impl Write + Send,
) -> Result<(), RenderError> {
    // The workbook writer panics if it cannot write its temporary file.
    GUARDED.set(true);
    let written = catch_unwind(AssertUnwindSafe(|| sheets(report, names, temporary, out)));
    GUARDED.set(false);
    match written {
        Ok(Err(RenderError::Workbook(XlsxError::TempFileError(_, source)))) => {
            Err(RenderError::Temporary(source.to_string()))
        }
        Ok(written) => written,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map_or("no reason is known", String::as_str);
            // Only the temporary file involves system calls.
            Err(if text.contains("Os {") {
                RenderError::Temporary(no_debug(text))
            } else {
                RenderError::Panicked(text.to_owned())
            })
        }
    }
}

/// The readable part of a system error in a panic message: `… message: "No space left on device" }`.
fn no_debug(text: &str) -> String {
    let message = text.split_once("message: \"").and_then(|(_, rest)| rest.split_once('"'));
    message.map_or_else(|| "the disk refuses it".to_owned(), |(message, _)| message.to_owned())
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether [`write`] reports a panic of this thread as an error, so that nothing else has to.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

fn sheets(
    report: &Report,
    names: Names<'_>,
    temporary: Option<&Path>,
    out: impl Write + Send,
) -> Result<(), RenderError> {
    let mut workbook = Workbook::new();
    if let Some(temporary) = temporary {
        workbook.set_tempdir(temporary)?;
    }
    workbook.set_zip_compression_level(COMPRESSION);
    workbook.set_properties(&properties(report, names)?);
    let styles = Styles::new();
    let footer = footer(report, names);
    let sheet =
        |name: &str, landscape: bool, widths: &'static [f64]| Sheet::new(&styles, name, landscape, widths, &footer);

    // The first sheet reports what was cut on the others, so it is written last.
    let mut read_me = sheet("Read me", false, read_me::WIDTHS)?;
    let mut summary = sheet(check_lines::NAME, true, summary::widths(report))?;
    let mut control_totals = sheet("Control totals", true, control_totals::WIDTHS)?;
    let mut causes = sheet("Causes", true, causes::widths(report))?;
    let table = if report.finding_count() > MAX_SHARED {
        workbook.new_worksheet_with_constant_memory()?
    } else {
        workbook.new_worksheet_with_low_memory()?
    };
    let mut findings = Sheet::over(table, &styles, "Findings", true, findings::WIDTHS, &footer)?;
    let mut health = sheet("Sync health", true, health::WIDTHS)?;
    let mut forecast = sheet("Forecast", true, forecast::WIDTHS)?;
    let mut cleared = sheet("Cleared", true, cleared::WIDTHS)?;
    let mut sources = sheet("Sources", true, sources::WIDTHS)?;
    let mut sign_off = sheet("Sign-off", false, sign_off::WIDTHS)?;
    let mut lists = sheet("Lists", false, lists::WIDTHS)?;

    let lines = check_lines::lines(report);
    let written = findings::write(&mut findings, report, names)?;
    summary::write(&mut summary, report, &lines)?;
    control_totals::write(&mut control_totals, report, &lines)?;
    causes::write(&mut causes, report)?;
    health::write(&mut health, report)?;
    forecast::write(&mut forecast, report, names)?;
    let listed = cleared::write(&mut cleared, report)?;
    sources::write(&mut sources, report, names)?;
    sign_off::write(&mut sign_off, report, &written)?;
    lists::write(&mut lists, report)?;
    let others =
        [&summary, &control_totals, &causes, &findings, &health, &forecast, &cleared, &sources, &sign_off, &lists];
    let limits = read_me::Limits {
        cut: others.iter().fold((0, 0), |(cut, texts), sheet| (cut + sheet.cut, texts + sheet.texts)),
        links: (written.links, written.linkable),
        cleared: listed,
    };
    let named = read_me::write(&mut read_me, report, names, limits)?;

    for sheet in
        [read_me, summary, control_totals, causes, findings, health, forecast, cleared, sources, sign_off, lists]
    {
        workbook.push_worksheet(sheet.finish());
    }
    workbook.define_name("Run_Id", &named.run)?;
    workbook.define_name("Period_End", &named.period_end)?;
    workbook.define_name("StatusList", &lists::statuses())?;
    let mut out = TableRangeWriter::new(out, findings::range(1), findings::range(findings::rows(report)), COMPRESSION);
    workbook.save_to_writer(&mut out)?;
    Ok(out.finish()?)
}

/// Document properties. The date is that of the inputs, so that the same inputs give the same bytes.
fn properties(report: &Report, names: Names<'_>) -> Result<DocProperties, RenderError> {
    let origins = report.origins();
    let tool = report.summary().tool;
    let made = origins.exported_at.max(origins.extracted_at).unwrap_or(report.cutoff());
    let platform = wording::platform(origins).unwrap_or("Docebo");
    let platform: String = platform.chars().filter(|&c| !crate::outputs::sanitize::is_active(c)).take(100).collect();
    Ok(DocProperties::new()
        .set_title(format!("{platform} and Salesforce, tied out"))
        .set_subject(report.sentence())
        .set_author(format!("{} {}", tool.name, tool.version))
        .set_comment(wording::classification(names))
        .set_creation_datetime(&ExcelDateTime::from_timestamp(made.seconds())?)
        .set_custom_property("run_id", report.run.run.as_str())
        .set_custom_property("verdict", report.verdict.label())
        .set_custom_property("cutoff", report.cutoff().to_string())
        .set_custom_property("findings", report.finding_count().to_string())
        .set_custom_property("classification", wording::classification_word(names)))
}

/// Footer of every printed page: at most 255 characters, in which `&` starts a code.
fn footer(report: &Report, names: Names<'_>) -> String {
    let tool = report.summary().tool;
    let classification = wording::classification_word(names);
    format!("&L{} {}, {}&C{classification}&RPage &P of &N", tool.name, tool.version, report.verdict.label())
}

#[cfg(test)]
mod tests {
    use super::sheet::cell_text;

    #[test]
    fn texts_fit_a_cell() {
        for text in ["\u{1f600}".repeat(40_000), "\u{202e}".repeat(40_000), "=".repeat(40_000)] {
            let cell = cell_text(&text);
            assert!(cell.cut && cell.text.encode_utf16().count() <= 32_767, "{}", cell.text.len());
        }
        assert!(!cell_text("Ada").cut);
    }

    #[test]
    fn what_looks_like_a_formula_is_marked_as_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\u{ff1d}1"] {
            assert!(cell_text(text).quoted, "{text:?}");
        }
        assert!(!cell_text("ada@example.com").quoted);
    }
}
