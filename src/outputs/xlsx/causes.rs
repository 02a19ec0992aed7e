//! Causes: every check of the catalog with its texts and its result.

use rust_xlsxwriter::XlsxError;

use super::findings;
use super::sheet::{Cell, Header, Sheet};
use crate::model::label::Label as _;
use crate::outputs::wording;
use crate::report::run_history::State;
use crate::report::{CheckResult, Report};

const ALONE: &[f64] = &[26.0, 32.0, 14.0, 11.0, 16.0, 11.0, 11.0, 14.0, 10.0, 17.0, 56.0, 40.0, 50.0, 33.0];
const ROLLED: &[f64] = &[26.0, 32.0, 14.0, 11.0, 16.0, 11.0, 10.0, 11.0, 14.0, 10.0, 17.0, 56.0, 40.0, 50.0, 33.0];
const TOP: u32 = 3;

/// Without an earlier run nothing is new.
pub(super) fn widths(report: &Report) -> &'static [f64] {
    if report.run.before.is_some() { ROLLED } else { ALONE }
}

/// Location of a check on this sheet.
pub(super) fn place(result: &CheckResult) -> String {
    format!("'Causes'!A{}", TOP as usize + 2 + result.place)
}

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(), XlsxError> {
    let has_before = report.run.before.is_some();
    sheet.title("Causes")?;
    let note = "One row for each check. Not evaluated: an input was missing or a record could not be judged, which is not a pass; the sheet Summary says which.";
    sheet.row(1, &[Cell::line(note)])?;
    let mut heads = vec![
        Header::Text("Check"),
        Header::Text("Title"),
        Header::Text("Outcome"),
        Header::Number("Examined"),
        Header::Number("Not judged"),
        Header::Text("What was examined"),
        Header::Number("Findings"),
    ];
    if has_before {
        heads.push(Header::Number("Of which new"));
    }
    heads.extend([
        Header::Number("Because of a stall"),
        Header::Text("Its rows"),
        Header::Text("Severity"),
        Header::Text("Must act"),
        Header::Text("Why it matters"),
        Header::Text("Innocent when"),
        Header::Text("What to do"),
        Header::Text("Reference: in a terminal"),
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
            Cell::text(result.outcome().label()),
            Cell::Number(result.coverage.judged()),
            Cell::Number(result.coverage.unjudged()),
            Cell::text(check.unit),
            Cell::Number(result.findings as u64),
        ];
        if has_before {
            cells.push(Cell::Number(new[result.place]));
        }
        let rows = places.iter().find(|(found, here, _)| found.place == result.place && *here > 0);
        cells.extend([
            Cell::Number(result.caused_by_stalls),
            rows.map_or(Cell::Blank, |(_, _, first)| {
                Cell::Jump(format!("'Findings'!A{first}"), format!("row {first}"))
            }),
            Cell::text(check.severity.label()),
            Cell::text(check.owner.label()),
            Cell::text(check.why),
            Cell::Text(wording::sentence(check.expected_when)),
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
