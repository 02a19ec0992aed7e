//! Summary: the checks that found something, tied to the table of findings; and those that could not
//! be evaluated.

use rust_xlsxwriter::XlsxError;

use super::findings;
use super::sheet::{Cell, Head, Sheet};
use crate::model::word::Word as _;
use crate::render::wording;
use crate::report::Report;

pub(super) const WIDTHS: &[f64] = &[27.0, 46.0, 10.0, 18.0, 11.0, 14.0, 11.0, 72.0];
const TOP: u32 = 3;

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(), XlsxError> {
    sheet.title("Summary")?;
    sheet.row(1, &[Cell::Line(wording::headline(report))])?;
    sheet.head(
        TOP,
        &[
            Head::Text("Check"),
            Head::Text("Title"),
            Head::Text("Severity"),
            Head::Text("Owner"),
            Head::Number("Findings"),
            Head::Number("On the sheet Findings"),
            Head::Text("Result"),
            Head::Text("What to do"),
        ],
    )?;
    sheet.inner.set_freeze_panes(TOP + 1, 0)?;
    let mut row = TOP + 1;
    let mut room = findings::shown(report) as u64;
    for result in report.found() {
        let count = result.findings as u64;
        let here = count.min(room);
        room -= here;
        let line = row + 1;
        sheet.row(
            row,
            &[
                Cell::text(result.check.id),
                Cell::text(result.check.title),
                Cell::text(result.check.severity.word()),
                Cell::text(result.check.owner.word()),
                Cell::Number(count),
                Cell::Sum(format!("COUNTIF(Findings[Check],A{line})"), here),
                tick(line, here == count),
                Cell::Text(wording::sentence(result.check.remedy)),
            ],
        )?;
        row += 1;
    }
    if row == TOP + 1 {
        sheet.row(row, &[Cell::Line("No check found anything.".to_owned())])?;
        row += 1;
    }
    let (first, last, line) = (TOP + 2, row, row + 1);
    let (all, here) = (report.finding_count(), findings::shown(report) as u64);
    sheet.row(
        row,
        &[
            Cell::strong("Total"),
            Cell::Blank,
            Cell::Blank,
            Cell::Blank,
            Cell::Total(format!("SUM(E{first}:E{last})"), all),
            Cell::Total(format!("SUM(F{first}:F{last})"), here),
            tick(line, all == here),
        ],
    )?;
    row += 2;

    sheet.heading(row, "By severity")?;
    for (severity, count) in wording::by_severity(report) {
        row += 1;
        let line = row + 1;
        let formula = format!("SUMIF(C{first}:C{last},A{line},E{first}:E{last})");
        sheet.row(
            row,
            &[
                Cell::text(severity.word()),
                Cell::text(wording::severity(severity)),
                Cell::Blank,
                Cell::Blank,
                Cell::Sum(formula, count),
            ],
        )?;
    }
    row += 2;
    sheet.heading(row, "By owner")?;
    for &owner in crate::check::Owner::ALL {
        row += 1;
        let line = row + 1;
        let count = wording::by_owner(report)
            .iter()
            .find(|(known, _, _)| *known == owner)
            .map_or(0, |&(_, _, findings)| findings);
        let formula = format!("SUMIF(D{first}:D{last},A{line},E{first}:E{last})");
        sheet.row(
            row,
            &[
                Cell::text(owner.word()),
                Cell::text(wording::owner(owner)),
                Cell::Blank,
                Cell::Blank,
                Cell::Sum(formula, count),
            ],
        )?;
    }
    row += 2;
    not_evaluated(sheet, report, row)
}

fn tick(line: u32, whole: bool) -> Cell {
    let result = if whole { "\u{2713} ties" } else { "\u{2013} cut" };
    Cell::Tick(format!("IF(E{line}=F{line},\"\u{2713} ties\",\"\u{2013} cut\")"), result)
}

fn not_evaluated(sheet: &mut Sheet<'_>, report: &Report, mut row: u32) -> Result<(), XlsxError> {
    sheet.heading(row, "Checks that could not be evaluated, or not in full")?;
    row += 1;
    if report.unseen().next().is_none() {
        return sheet.row(row, &[Cell::Line("None: nothing was lacking.".to_owned())]);
    }
    sheet.head(
        row,
        &[Head::Text("Check"), Head::Text("Title"), Head::Text("Severity"), Head::Text("Owner"), Head::Text("Lacking")],
    )?;
    for result in report.unseen() {
        row += 1;
        sheet.row(
            row,
            &[
                Cell::text(result.check.id),
                Cell::text(result.check.title),
                Cell::text(result.check.severity.word()),
                Cell::text(result.check.owner.word()),
                Cell::Line(result.lacking.join("; ")),
            ],
        )?;
    }
    Ok(())
}
