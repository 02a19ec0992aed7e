//! Sources: the files read, the rules in force, and the unreadable rows.

use rust_xlsxwriter::XlsxError;

use super::sheet::{Cell, Header, Sheet};
use crate::model::input::Input;
use crate::outputs::redact::Names;
use crate::outputs::wording;
use crate::outputs::{counted, grouped};
use crate::report::Report;

pub(super) const WIDTHS: &[f64] = &[40.0, 12.0, 42.0, 12.0, 11.0, 14.0, 14.0, 11.0, 30.0, 68.0];

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, names: Names<'_>) -> Result<(), XlsxError> {
    let origins = report.origins();
    sheet.title("Sources")?;
    sheet.heading(2, "Files that were read")?;
    sheet.head(
        3,
        &[
            Header::Text("File"),
            Header::Text("Side"),
            Header::Text("Holds"),
            Header::Number("Rows"),
            Header::Number("Rejected"),
            Header::Number("Counted by Salesforce"),
            Header::Text("Encoding"),
            Header::Text("Delimiter"),
            Header::Text("Dates"),
            Header::Text("SHA-256"),
        ],
    )?;
    let mut row = 4;
    for input in &origins.inputs {
        sheet.row(row, &file(input))?;
        row += 1;
    }
    row += 1;

    sheet.heading(row, "Rules of comparison")?;
    let zone = wording::zones(&report.run.zones);
    let rules = wording::rules(report.rules());
    for (term, value) in std::iter::once(("Time zone of the export's dates", zone)).chain(rules) {
        row += 1;
        sheet.row(row, &[Cell::text(term), Cell::Line(value)])?;
    }
    row += 2;
    rejects(sheet, report, names, row)
}

fn file(input: &Input) -> [Cell; 10] {
    [
        Cell::text(&input.file),
        Cell::text(if input.side == "docebo" { "Docebo" } else { "Salesforce" }),
        Cell::text(&input.holds),
        Cell::Number(input.rows),
        Cell::Number(input.rejects),
        match input.counted {
            Some(counted) => Cell::Number(counted),
            None if input.side == "docebo" => Cell::Blank,
            None => Cell::text("not counted"),
        },
        Cell::text(&input.encoding),
        Cell::text(wording::delimiter(input)),
        input.dates.as_deref().map_or(Cell::Blank, Cell::text),
        Cell::Line(input.sha256.clone()),
    ]
}

fn rejects(sheet: &mut Sheet<'_>, report: &Report, names: Names<'_>, mut row: u32) -> Result<(), XlsxError> {
    let kept = &report.run.rejects;
    let all: u64 = report.origins().inputs.iter().map(|input| input.rejects).sum();
    sheet.heading(row, "Rows that could not be read")?;
    row += 1;
    let note = match all {
        0 => "None.".to_owned(),
        all if all <= kept.len() as u64 => format!("{}.", counted(all, "row", "rows")),
        all => format!(
            "The first {} of {}; ledger/excluded-rows.csv lists all of them.",
            grouped(kept.len() as u64),
            counted(all, "row", "rows"),
        ),
    };
    sheet.row(row, &[Cell::Line(note)])?;
    if all == 0 {
        return Ok(());
    }
    row += 1;
    sheet.head(row, &[Header::Text("File"), Header::Number("Line"), Header::Text("Column"), Header::Text("Reason")])?;
    for rejected in kept {
        row += 1;
        sheet.row(
            row,
            &[
                Cell::text(&rejected.file),
                Cell::Number(u64::from(rejected.line)),
                Cell::text(&rejected.reject.column),
                Cell::Line(wording::reason(&rejected.reject, names)),
            ],
        )?;
    }
    Ok(())
}
