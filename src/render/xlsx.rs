//! `workbook.xlsx`: the run as an analyst works with it. Control totals are formulas that also carry
//! their result, findings a table to sort and filter, every word of a stranger a plain text.
//!
//! Must not know: files, clocks; how a number came about.

mod causes;
mod control_totals;
mod findings;
mod health;
mod read_me;
mod sheet;
mod sources;
mod summary;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};

use crate::model::word::Word as _;
use crate::redact::Names;
use crate::render::RenderError;
use crate::render::wording;
use crate::report::Report;
use sheet::{Sheet, Styles};

/// Findings on the sheet; beyond it `findings.jsonl` holds them.
pub const MOST_FINDINGS: usize = 200_000;
/// Links of one sheet: Excel drops all of them beyond 65,530.
const MOST_LINKS: u32 = 65_000;
/// Rejected rows on the sheet of sources.
const MOST_REJECTS: usize = 1_000;
/// About half the time of the usual level, for a tenth more bytes.
const COMPRESSION: u8 = 2;

/// The workbook.
///
/// # Errors
/// None that a report can cause.
pub fn workbook(report: &Report, names: Names<'_>) -> Result<Vec<u8>, RenderError> {
    let mut workbook = Workbook::new();
    workbook.set_zip_compression_level(COMPRESSION);
    workbook.set_properties(&properties(report, names)?);
    let styles = Styles::new();
    let footer = footer(report, names);
    let sheet =
        |name: &str, landscape: bool, widths: &'static [f64]| Sheet::new(&styles, name, landscape, widths, &footer);

    // The first sheet tells what was cut on the others, so it is written last.
    let mut read_me = sheet("Read me", false, read_me::WIDTHS)?;
    let mut summary = sheet("Summary", true, summary::WIDTHS)?;
    let mut health = sheet("Sync health", true, health::WIDTHS)?;
    let mut control_totals = sheet("Control totals", true, control_totals::WIDTHS)?;
    let mut causes = sheet("Causes", true, causes::WIDTHS)?;
    let mut sources = sheet("Sources", true, sources::WIDTHS)?;
    let low_memory = workbook.new_worksheet_with_low_memory()?;
    let mut findings = Sheet::over(low_memory, &styles, "Findings", true, findings::WIDTHS, &footer)?;

    let links = findings::write(&mut findings, report, names)?;
    summary::write(&mut summary, report)?;
    health::write(&mut health, report)?;
    control_totals::write(&mut control_totals, report)?;
    causes::write(&mut causes, report)?;
    sources::write(&mut sources, report, names)?;
    let cut = [&findings, &summary, &health, &control_totals, &causes, &sources].iter().map(|sheet| sheet.cut).sum();
    read_me::write(&mut read_me, report, names, read_me::Limits { cut, links })?;

    for sheet in [read_me, summary, health, control_totals, causes, findings, sources] {
        workbook.push_worksheet(sheet.finish());
    }
    Ok(workbook.save_to_buffer()?)
}

/// What the file says of itself. Its date is that of the inputs, so that the same inputs give the
/// same bytes.
fn properties(report: &Report, names: Names<'_>) -> Result<DocProperties, RenderError> {
    let origins = report.origins();
    let tool = report.summary().tool;
    let made = origins.exported_at.max(origins.extracted_at).unwrap_or(report.cutoff());
    let platform = wording::platform(origins).unwrap_or("Docebo");
    let platform: String = platform.chars().filter(|&c| !crate::render::inert::is_active(c)).take(100).collect();
    Ok(DocProperties::new()
        .set_title(format!("{platform} and Salesforce, tied out"))
        .set_subject(report.sentence())
        .set_author(format!("{} {}", tool.name, tool.version))
        .set_comment(wording::classification(names))
        .set_creation_datetime(&ExcelDateTime::from_timestamp(made.seconds())?)
        .set_custom_property("verdict", report.verdict.word())
        .set_custom_property("cutoff", report.cutoff().to_string())
        .set_custom_property("findings", report.finding_count().to_string())
        .set_custom_property("classification", wording::classification_word(names)))
}

/// The foot of every printed page: at most 255 characters, in which `&` starts a code.
fn footer(report: &Report, names: Names<'_>) -> String {
    let tool = report.summary().tool;
    let classification = wording::classification_word(names);
    format!("&L{} {}, {}&C{classification}&RPage &P of &N", tool.name, tool.version, report.verdict.word())
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
