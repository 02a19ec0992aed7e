//! Causes: every check of the catalogue with its words and what came of it.

use rust_xlsxwriter::XlsxError;

use super::findings;
use super::sheet::{Cell, Head, Sheet};
use crate::model::word::Word as _;
use crate::render::wording;
use crate::report::{CheckResult, Report};
use crate::series::State;

const ALONE: &[f64] = &[26.0, 32.0, 14.0, 11.0, 16.0, 11.0, 11.0, 14.0, 10.0, 17.0, 56.0, 40.0, 50.0, 33.0];
const ROLLED: &[f64] = &[26.0, 32.0, 14.0, 11.0, 16.0, 11.0, 10.0, 11.0, 14.0, 10.0, 17.0, 56.0, 40.0, 50.0, 33.0];
const TOP: u32 = 3;

/// Without an earlier run nothing is new.
pub(super) fn widths(report: &Report) -> &'static [f64] {
    if report.facts.before.is_some() { ROLLED } else { ALONE }
}

/// Where a check stands on this sheet.
pub(super) fn place(result: &CheckResult) -> String {
    format!("'Causes'!A{}", TOP as usize + 2 + result.place)
}

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(), XlsxError> {
    let has_before = report.facts.before.is_some();
    sheet.title("Causes")?;
    let note = "One row for each check. Not evaluated: an input was missing or a record could not be judged, which is not a pass; the sheet Summary says which.";
    sheet.row(1, &[Cell::line(note)])?;
    let mut heads = vec![
        Head::Text("Check"),
        Head::Text("Title"),
        Head::Text("Outcome"),
        Head::Number("Examined"),
        Head::Number("Not judged"),
        Head::Text("What was examined"),
        Head::Number("Findings"),
    ];
    if has_before {
        heads.push(Head::Number("Of which new"));
    }
    heads.extend([
        Head::Number("Because of a stall"),
        Head::Text("Its rows"),
        Head::Text("Severity"),
        Head::Text("Must act"),
        Head::Text("Why it matters"),
        Head::Text("Innocent when"),
        Head::Text("What to do"),
        Head::Text("Reference: in a terminal"),
    ]);
    sheet.head(TOP, &heads)?;
    sheet.inner.set_freeze_panes(TOP + 1, 1)?.set_repeat_rows(TOP, TOP)?;
    let places = findings::places(report);
    let mut new = vec![0; report.results.len()];
    for (_, entry) in report.history.in_state(State::New) {
        if let Some(result) = report.results.iter().find(|result| result.check.id == entry.check) {
            new[result.place] += 1;
        }
    }
    let mut row = TOP;
    for result in &report.results {
        row += 1;
        let check = result.check;
        let mut cells = vec![
            Cell::strong(check.id),
            Cell::text(check.title),
            Cell::text(result.outcome().word()),
            Cell::Number(result.coverage.judged()),
            Cell::Number(result.coverage.unjudged()),
            Cell::text(check.examines),
            Cell::Number(result.findings as u64),
        ];
        if has_before {
            cells.push(Cell::Number(new[result.place]));
        }
        let rows = places.iter().find(|(found, here, _)| found.place == result.place && *here > 0);
        cells.extend([
            Cell::Number(result.because_of_stalls),
            rows.map_or(Cell::Blank, |(_, _, first)| {
                Cell::Jump(format!("'Findings'!A{first}"), format!("row {first}"))
            }),
            Cell::text(check.severity.word()),
            Cell::text(check.owner.word()),
            Cell::text(check.why),
            Cell::Text(wording::sentence(check.innocent_when)),
            Cell::Text(wording::sentence(check.remedy)),
            Cell::Text(format!("tieout explain {}", check.id)),
        ]);
        sheet.row(row, &cells)?;
    }
    if row > TOP {
        sheet.inner.autofilter(TOP, 0, row, u16::try_from(heads.len() - 1).unwrap_or(u16::MAX))?;
    }
    Ok(())
}
