//! Findings: a table of Excel's own, one row each, in the order of `findings.jsonl`.

use rust_xlsxwriter::{IgnoreError, Table, TableColumn, TableStyle, XlsxError};

use super::sheet::Sheet;
use super::{MOST_FINDINGS, MOST_LINKS};
use crate::model::word::Word as _;
use crate::redact::Names;
use crate::render::wording;
use crate::report::Report;

const HEADINGS: [&str; 14] = [
    "Finding",
    "Severity",
    "Check",
    "Owner",
    "Salesforce record",
    "Object",
    "Docebo user",
    "Docebo course",
    "Field",
    "Expected",
    "Found",
    "Since (UTC)",
    "Because of",
    "Evidence",
];
pub(super) const WIDTHS: &[f64] = &[14.0, 9.5, 25.0, 16.0, 20.5, 29.0, 13.5, 15.5, 23.0, 26.0, 26.0, 16.0, 14.0, 80.0];
const LAST: u16 = 13;
/// Pieces of evidence in one cell.
const PIECES: usize = 10;

/// Writes the table; says how many records became links.
pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, names: Names<'_>) -> Result<u32, XlsxError> {
    let shown = shown(report);
    // A table needs a row of data; without findings it is an empty one.
    let last_row = u32::try_from(shown.max(1)).unwrap_or(u32::MAX);
    let columns: Vec<TableColumn> = HEADINGS.iter().map(|&heading| TableColumn::new().set_header(heading)).collect();
    let table = Table::new().set_name("Findings").set_style(TableStyle::Light9).set_columns(&columns);
    sheet.inner.add_table(0, 0, last_row, LAST, &table)?;
    // On paper without the evidence, which would make everything else too small to read.
    sheet.inner.set_freeze_panes(1, 1)?.set_repeat_rows(0, 0)?.set_print_area(0, 0, last_row, LAST - 1)?;
    sheet.inner.ignore_error_range(1, 0, last_row, LAST, IgnoreError::NumberStoredAsText)?;

    let mut links = 0;
    for (row, finding) in (1u32..).zip(report.findings().take(shown)) {
        let (telling, ids) = (&finding.telling, finding.ids);
        sheet.data(row, 0, &finding.key.to_string())?;
        sheet.data(row, 1, finding.check.severity.word())?;
        sheet.data(row, 2, finding.check.id)?;
        sheet.data(row, 3, finding.check.owner.word())?;
        if let Some((object, id)) = ids.record {
            let text = id.to_string();
            match wording::link(report, object, id).filter(|_| links < MOST_LINKS) {
                Some(url) => {
                    links += 1;
                    sheet.link(row, 4, &url, text)?;
                }
                None => sheet.data(row, 4, &text)?,
            }
            sheet.data(row, 5, object.word())?;
        }
        for (column, number) in [(6, ids.learner), (7, ids.course)] {
            if let Some(number) = number {
                sheet.data(row, column, &number.to_string())?;
            }
        }
        let evidence = wording::evidence(&finding, report.origins(), names, PIECES).join("; ");
        for (column, text) in
            [(8, &*telling.field), (9, &*names.show(&telling.expected)), (10, &*names.show(&telling.found))]
        {
            if !text.is_empty() {
                sheet.data(row, column, text)?;
            }
        }
        if let Some(since) = telling.since {
            sheet.date(row, 11, since)?;
        }
        if let Some(because_of) = &finding.because_of {
            sheet.data(row, 12, &because_of.to_string())?;
        }
        sheet.data(row, LAST, &evidence)?;
    }
    Ok(links)
}

/// How many findings the sheet holds.
pub(super) fn shown(report: &Report) -> usize {
    usize::try_from(report.finding_count()).unwrap_or(usize::MAX).min(MOST_FINDINGS)
}
