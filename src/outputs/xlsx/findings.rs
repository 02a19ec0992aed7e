//! Findings: an Excel table, one row each, in the order of `findings.jsonl`; with yellow cells for an analyst's
//! answers, filled with earlier answers.

use rust_xlsxwriter::{
    Color, ConditionalFormatFormula, DataValidation, DataValidationRule, Format, FormatBorder, Formula, IgnoreError,
    XlsxError, cell_range,
};

use super::sheet::Sheet;
use super::{MAX_FINDINGS, MAX_LINKS};
use crate::checks::check::Severity;
use crate::inputs::reviews::{MAX_COMMENT, MAX_OWNER, Review};
use crate::model::label::Label as _;
use crate::outputs::redact::Names;
use crate::outputs::wording;
use crate::report::run_history;
use crate::report::{CheckResult, Report};

const HEADINGS: [&str; 21] = [
    "Finding",
    "Severity",
    "Change",
    "Check",
    "Must act",
    "Because of",
    "Salesforce record",
    "Object",
    "Docebo user",
    "Docebo course",
    "Field",
    "Expected",
    "Found",
    "Since (UTC)",
    "First seen (UTC)",
    "Age in days",
    "Status",
    "Owner",
    "Comment",
    "Carried from",
    "Evidence",
];
pub(super) const WIDTHS: &[f64] = &[
    14.0, 10.5, 11.0, 25.0, 16.0, 14.0, 20.5, 29.0, 13.5, 13.5, 23.0, 26.0, 26.0, 16.0, 16.0, 9.0, 20.0, 18.0, 40.0,
    19.0, 80.0,
];
const SEVERITY: u16 = 1;
const STATUS: u16 = 16;
const OWNER: u16 = 17;
const COMMENT: u16 = 18;
const LAST: u16 = 20;
/// Maximum pieces of evidence per cell.
const PIECES: usize = 4;
const A3: u8 = 8;

/// Content of the sheet.
pub(super) struct Written {
    /// Records that became links.
    pub(super) links: u32,
    /// Records that could be links.
    pub(super) linkable: u32,
    /// By check index: number of findings without a status.
    pub(super) unanswered: Vec<u64>,
}

/// Writes the table.
pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, names: Names<'_>) -> Result<Written, XlsxError> {
    let last_row = rows(report);
    // Declared over its first row: the full range is inserted while writing the file.
    sheet.table(0, 1, "Findings", &HEADINGS, "The findings of the run, one a row, worst first.")?;
    // Printed without the evidence, which would make everything else too small to read.
    sheet.inner.set_freeze_panes(1, 1)?.set_repeat_rows(0, 0)?.set_print_area(0, 0, last_row, LAST - 1)?;
    sheet.inner.set_paper_size(A3).ignore_error_range(1, 0, last_row, LAST, IgnoreError::NumberStoredAsText)?;
    answers(sheet, last_row)?;

    let mut written = Written { links: 0, linkable: 0, unanswered: vec![0; report.results.len()] };
    let places: Vec<usize> =
        report.found().iter().flat_map(|result| std::iter::repeat_n(result.place, result.findings)).collect();
    let now = report.run.read_at();
    for ((row, finding), place) in (1u32..).zip(report.findings().take(shown(report))).zip(places) {
        let (detail, ids) = (&finding.detail, finding.ids);
        sheet.data(row, 0, &finding.key.to_string())?;
        sheet.data(row, SEVERITY, finding.check.severity.label())?;
        sheet.some(row, 2, wording::change(report, finding.key))?;
        sheet.data(row, 3, finding.check.id)?;
        sheet.data(row, 4, finding.check.owner.label())?;
        if let Some(caused_by) = &finding.caused_by {
            sheet.data(row, 5, &caused_by.to_string())?;
        }
        if let Some((object, id)) = ids.record {
            let text = id.to_string();
            let url = wording::link(report, object, id);
            written.linkable += u32::from(url.is_some());
            match url.filter(|_| written.links < MAX_LINKS) {
                Some(url) => {
                    written.links += 1;
                    sheet.link(row, 6, &url, text)?;
                }
                None => sheet.data(row, 6, &text)?,
            }
            sheet.data(row, 7, object.label())?;
        }
        for (column, number) in [(8, ids.learner), (9, ids.course)] {
            if let Some(number) = number {
                sheet.data(row, column, &number.to_string())?;
            }
        }
        sheet.some(row, 10, &detail.field)?;
        sheet.some(row, 11, &names.show(&detail.expected))?;
        sheet.some(row, 12, &names.show(&detail.found))?;
        if let Some(since) = detail.since {
            sheet.date(row, 13, since)?;
        }
        if let Some(entry) = report.entry(finding.key) {
            sheet.date(row, 14, entry.first_seen)?;
            sheet.inner.write_number(row, 15, age(entry.first_seen, now))?;
        }
        let review = report.review(finding.key);
        answer(sheet, row, review, &report.run.run)?;
        written.unanswered[place] += u64::from(review.is_none_or(|review| review.status.is_none()));
        let evidence = wording::evidence(&finding, report.origins(), names, PIECES).join("; ");
        sheet.data(row, LAST, &evidence)?;
    }
    Ok(written)
}

/// Whole days, as a sheet number.
fn age(first_seen: crate::model::instant::Instant, now: crate::model::instant::Instant) -> f64 {
    f64::from(i32::try_from(run_history::age(first_seen, now)).unwrap_or(i32::MAX))
}

/// The yellow cells of one row.
fn answer(sheet: &mut Sheet<'_>, row: u32, review: Option<&Review>, run: &str) -> Result<(), XlsxError> {
    let Some(review) = review else {
        return [STATUS, OWNER, COMMENT].into_iter().try_for_each(|column| sheet.input(row, column, ""));
    };
    sheet.input(row, STATUS, review.status.map_or("", |status| status.label()))?;
    sheet.input(row, OWNER, &review.owner)?;
    sheet.input(row, COMMENT, &review.comment)?;
    if review.run == run { Ok(()) } else { sheet.some(row, COMMENT + 1, &review.run) }
}

/// Validation of the yellow cells, and the format of unanswered ones.
fn answers(sheet: &mut Sheet<'_>, last_row: u32) -> Result<(), XlsxError> {
    let at_most = |longest: usize| u32::try_from(longest).unwrap_or(u32::MAX);
    let status = DataValidation::new()
        .allow_list_formula(Formula::new("=StatusList"))
        .set_input_title("Status")?
        .set_input_message("Choose from the list, or leave it blank. The sheet Lists says what each means.")?
        .set_error_title("No such status")?
        .set_error_message("Choose one from the list: tieout review takes no other. Delete takes a status away.")?;
    let owner = DataValidation::new()
        .allow_text_length(DataValidationRule::LessThanOrEqualTo(at_most(MAX_OWNER)))
        .set_input_title("Owner")?
        .set_input_message(format!("Who works on it, in at most {MAX_OWNER} characters."))?
        .set_error_title("Too long")?
        .set_error_message(format!("An owner takes at most {MAX_OWNER} characters."))?;
    let comment = DataValidation::new()
        .allow_text_length(DataValidationRule::LessThanOrEqualTo(at_most(MAX_COMMENT)))
        .set_input_title("Comment")?
        .set_input_message("Whatever there is to say, in at most 2,000 characters. The next run shows it again.")?
        .set_error_title("Too long")?
        .set_error_message("A comment takes at most 2,000 characters.")?;
    for (column, validation) in [(STATUS, status), (OWNER, owner), (COMMENT, comment)] {
        sheet.inner.add_data_validation(1, column, last_row, column, &validation)?;
    }
    let grave = [Severity::Critical, Severity::High].map(|severity| format!("$B2=\"{severity}\"")).join(",");
    let dark_red = Color::RGB(0x008F_1A14);
    let waited_for =
        ConditionalFormatFormula::new().set_rule(format!("=AND(OR({grave}),$Q2=\"\")").as_str()).set_format(
            Format::new()
                .set_bold()
                .set_font_color(dark_red)
                .set_border_left(FormatBorder::Thin)
                .set_border_left_color(dark_red),
        );
    sheet.inner.add_conditional_format(1, SEVERITY, last_row, SEVERITY, &waited_for)?;
    Ok(())
}

/// Rows of the table. Excel requires one; without findings it is empty.
pub(super) fn rows(report: &Report) -> u32 {
    u32::try_from(shown(report)).unwrap_or(u32::MAX).max(1)
}

/// The range of a table with `rows` rows below its headings.
pub(super) fn range(rows: u32) -> String {
    cell_range(0, 0, rows, LAST)
}

/// Number of findings on the sheet.
pub(super) fn shown(report: &Report) -> usize {
    usize::try_from(report.finding_count()).unwrap_or(usize::MAX).min(MAX_FINDINGS)
}

/// For every check with findings: their number on the sheet, and the row of the first, 1-based; in the order of the
/// sheet.
pub(super) fn places(report: &Report) -> Vec<(&CheckResult, u64, u64)> {
    let mut room = shown(report) as u64;
    let mut row = 2;
    let place = |result| {
        let here = (result as &CheckResult).findings as u64;
        let here = here.min(room);
        room -= here;
        row += here;
        (result, here, row - here)
    };
    report.found().into_iter().map(place).collect()
}
