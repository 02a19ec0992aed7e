//! Cleared: findings of earlier runs that are gone, with their reviews; and those that this run could not look for.

use std::cmp::Reverse;

use rust_xlsxwriter::{IgnoreError, XlsxError};

use super::sheet::{Cell, Sheet};
use super::{MAX_FINDINGS, MAX_LINKS};
use crate::checks::check::Severity;
use crate::model::fingerprint::Key;
use crate::model::label::Label as _;
use crate::outputs::{counted, grouped, wording};
use crate::report::Report;
use crate::report::run_history::{Entry, State};

const HEADINGS: [&str; 12] = [
    "Finding",
    "Check",
    "Salesforce record",
    "Object",
    "Docebo user",
    "Docebo course",
    "First seen (UTC)",
    "Last seen (UTC)",
    "Status",
    "Owner",
    "Comment",
    "Said in",
];
pub(super) const WIDTHS: &[f64] = &[15.0, 26.0, 21.0, 30.0, 14.0, 14.0, 17.0, 17.0, 21.0, 18.0, 44.0, 19.0];

/// Writes both lists; returns the number of listed cleared findings, and of all.
pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(u64, u64), XlsxError> {
    sheet.title("Cleared")?;
    if report.run.before.is_none() {
        sheet.row(1, &[Cell::Line(wording::movement(report))])?;
        return Ok((0, 0));
    }
    sheet.row(1, &[Cell::line("What was open at the end of the run before and is not seen now, and why.")])?;
    let mut links = 0;
    let deleted = Block {
        state: State::Cleared,
        title: "Cleared since the run before",
        none: "Nothing was cleared.",
        name: "Cleared",
        says: "Findings that were cleared since the run before, one a row.",
    };
    let (row, listed, all) = deleted.write(sheet, report, 3, &mut links)?;
    let unseen = Block {
        state: State::Unseen,
        title: "Not looked for: an input was missing or a record could not be judged, so they count as open",
        none: "None: this run looked for everything that was open.",
        name: "NotLookedFor",
        says: "Findings that were open and that this run could not look for, one a row.",
    };
    unseen.write(sheet, report, row + 1, &mut links)?;
    Ok((listed, all))
}

struct Block {
    state: State,
    title: &'static str,
    none: &'static str,
    name: &'static str,
    says: &'static str,
}

impl Block {
    /// Returns the next free row, the number of listed findings, and of all.
    fn write(
        &self,
        sheet: &mut Sheet<'_>,
        report: &Report,
        row: u32,
        links: &mut u32,
    ) -> Result<(u32, u64, u64), XlsxError> {
        let entries = sorted(report, self.state);
        let shown = entries.len().min(MAX_FINDINGS);
        let (all, listed) = (entries.len() as u64, shown as u64);
        sheet.heading(row, self.title)?;
        if entries.is_empty() {
            sheet.row(row + 1, &[Cell::line(self.none)])?;
            return Ok((row + 2, 0, 0));
        }
        let note = if listed < all {
            format!(
                "The first {} of {}; history.csv holds all of them.",
                grouped(listed),
                counted(all, "finding", "findings")
            )
        } else {
            format!("{}.", counted(all, "finding", "findings"))
        };
        sheet.row(row + 1, &[Cell::Line(note)])?;
        let head = row + 2;
        let rows = u32::try_from(shown).unwrap_or(u32::MAX);
        sheet.table(head, rows, self.name, &HEADINGS, self.says)?;
        sheet.inner.ignore_error_range(head + 1, 0, head + rows, 5, IgnoreError::NumberStoredAsText)?;
        for (row, (key, entry)) in (head + 1..).zip(entries.into_iter().take(shown)) {
            self::row(sheet, report, row, (key, entry), links)?;
        }
        Ok((head + rows + 1, listed, all))
    }
}

/// Worst first, then by check and key.
fn sorted(report: &Report, state: State) -> Vec<(Key, &Entry)> {
    let mut entries: Vec<(Key, &Entry)> = report.history.in_state(state).collect();
    let severity = |id: &str| -> Option<Reverse<Severity>> {
        report.results.iter().find(|result| result.check.id == id).map(|result| Reverse(result.check.severity))
    };
    entries.sort_by(|(key, entry), (other, than)| {
        let worse = severity(&than.check).cmp(&severity(&entry.check));
        worse.then_with(|| entry.check.cmp(&than.check)).then(key.cmp(other))
    });
    entries
}

fn row(
    sheet: &mut Sheet<'_>,
    report: &Report,
    row: u32,
    (key, entry): (Key, &Entry),
    links: &mut u32,
) -> Result<(), XlsxError> {
    sheet.data(row, 0, &key.to_string())?;
    sheet.data(row, 1, &entry.check)?;
    if let Some((object, id)) = entry.ids.record {
        match wording::link(report, object, id).filter(|_| *links < MAX_LINKS) {
            Some(url) => {
                *links += 1;
                sheet.link(row, 2, &url, id.to_string())?;
            }
            None => sheet.data(row, 2, &id.to_string())?,
        }
        sheet.data(row, 3, object.label())?;
    }
    for (column, number) in [(4, entry.ids.learner), (5, entry.ids.course)] {
        if let Some(number) = number {
            sheet.data(row, column, &number.to_string())?;
        }
    }
    sheet.date(row, 6, entry.first_seen)?;
    sheet.date(row, 7, entry.last_seen)?;
    let Some(review) = report.review(key) else { return Ok(()) };
    sheet.some(row, 8, review.status.map_or("", |status| status.label()))?;
    sheet.typed(row, 9, &review.owner)?;
    sheet.typed(row, 10, &review.comment)?;
    sheet.some(row, 11, &review.run)
}
