//! Causes: every check of the catalogue with its words and what came of it.

use rust_xlsxwriter::XlsxError;

use super::sheet::{Cell, Head, Sheet};
use crate::model::word::Word as _;
use crate::render::wording;
use crate::report::Report;

pub(super) const WIDTHS: &[f64] = &[26.0, 32.0, 14.0, 11.0, 16.0, 11.0, 10.0, 17.0, 56.0, 40.0, 50.0];
const TOP: u32 = 3;

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(), XlsxError> {
    sheet.title("Causes")?;
    let note = "One row for each check. Not evaluated: an input was missing or incomplete, which is not a pass; the sheet Summary says which.";
    sheet.row(1, &[Cell::Line(note.to_owned())])?;
    sheet.head(
        TOP,
        &[
            Head::Text("Check"),
            Head::Text("Title"),
            Head::Text("Outcome"),
            Head::Number("Examined"),
            Head::Text("What was examined"),
            Head::Number("Findings"),
            Head::Text("Severity"),
            Head::Text("Owner"),
            Head::Text("Why it matters"),
            Head::Text("Innocent when"),
            Head::Text("What to do"),
        ],
    )?;
    sheet.inner.set_freeze_panes(TOP + 1, 1)?.set_repeat_rows(TOP, TOP)?;
    let mut row = TOP;
    for result in &report.results {
        row += 1;
        let check = result.check;
        sheet.row(
            row,
            &[
                Cell::strong(check.id),
                Cell::text(check.title),
                Cell::text(result.outcome.word()),
                Cell::Number(result.examined),
                Cell::text(check.examines),
                Cell::Number(result.findings as u64),
                Cell::text(check.severity.word()),
                Cell::text(check.owner.word()),
                Cell::text(check.why),
                Cell::Text(wording::sentence(check.innocent_when)),
                Cell::Text(wording::sentence(check.remedy)),
            ],
        )?;
    }
    if row > TOP {
        sheet.inner.autofilter(TOP, 0, row, 10)?;
    }
    Ok(())
}
