//! Lists: an analyst's choices, and what the words mean.

use rust_xlsxwriter::XlsxError;

use super::sheet::{Cell, Header, Sheet};
use crate::checks::check::Severity;
use crate::inputs::reviews::Status;
use crate::model::label::Label;
use crate::outputs::wording;
use crate::report::Report;
use crate::report::run_history::State;

pub(super) const WIDTHS: &[f64] = &[24.0, 90.0];
/// Row of the first status, 0-based.
const FIRST: u32 = 4;

/// The cells of the name `StatusList`.
pub(super) fn statuses() -> String {
    format!("=Lists!$A${}:$A${}", FIRST + 1, FIRST as usize + Status::ALL.len())
}

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(), XlsxError> {
    sheet.title("Lists")?;
    sheet
        .row(1, &[Cell::line("What the yellow column Status takes, and what the words of the other columns mean.")])?;
    let mut row = list(sheet, FIRST - 2, "Statuses", Status::ALL.iter().map(|&it| (it.label(), status(it))))?;
    row = list(sheet, row, "Severities", Severity::ALL.iter().map(|&it| (it.label(), wording::severity(it))))?;
    if report.run.before.is_some() {
        let changes = [State::New, State::Open, State::Reopened, State::Unseen, State::Cleared];
        list(sheet, row, "Changes since the run before", changes.iter().map(|&it| (wording::state(it), state(it))))?;
    }
    sheet.protect();
    Ok(())
}

fn list<'t>(
    sheet: &mut Sheet<'_>,
    mut row: u32,
    title: &str,
    words: impl Iterator<Item = (&'t str, &'t str)>,
) -> Result<u32, XlsxError> {
    sheet.heading(row, title)?;
    sheet.head(row + 1, &[Header::Text("Word"), Header::Text("What it means")])?;
    row += 2;
    for (word, meaning) in words {
        sheet.row(row, &[Cell::strong(word), Cell::text(meaning)])?;
        row += 1;
    }
    Ok(row + 1)
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "nobody looks into it yet",
        Status::Investigating => "somebody looks into it",
        Status::RaisedWithDocebo => "Docebo support has it, with the evidence pack",
        Status::FixedInSalesforce => "put right in Salesforce; the next run shows whether that holds",
        Status::FixedInDocebo => "put right in Docebo; the next run shows whether that holds",
        Status::ExpectedDifference => "the two sides are meant to differ here",
        Status::WillNotFix => "known, and left as it is",
    }
}

const fn state(state: State) -> &'static str {
    match state {
        State::New => "seen for the first time",
        State::Open => "seen before, and still there",
        State::Reopened => "was gone, and is there again",
        State::Unseen => "was open, and this run could not look for it; it counts as open",
        State::Cleared => "was open, and is gone",
        State::Gone => "was cleared by an earlier run",
    }
}
