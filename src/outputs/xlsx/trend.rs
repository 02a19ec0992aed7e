//! The trend of findings over the runs of the series: a sparkline for each check, and its data.

use rust_xlsxwriter::{Sparkline, SparklineType, XlsxError};

use super::check_lines::{CheckLines, NAME};
use super::sheet::Sheet;
use crate::checks::check::Check;
use crate::outputs::{grouped, wording};
use crate::report::Report;
use crate::report::run_history::Point;

/// Column of the first run.
const FIRST: u16 = 2;
/// Column of the sparklines.
const TREND: u16 = 12;

/// Findings of a check in a run, or all of them. `None` if the run could not see everything.
fn count(point: &Point, check: Option<&Check>) -> Option<u64> {
    let Some(check) = check else { return Some(point.all()) };
    if point.unseen.iter().any(|id| id == check.id) {
        return None;
    }
    Some(point.findings.get(check.id).copied().unwrap_or(0))
}

/// The trend in words; a dash means a run that could not see everything.
pub(super) fn first_and_last(report: &Report, check: Option<&Check>) -> String {
    let described = |point: &Point| count(point, check).map_or_else(|| "\u{2013}".to_owned(), grouped);
    match &report.run.trend[..] {
        [] => String::new(),
        [only] => described(only),
        [first, .., last] => format!("{} \u{2192} {}", described(first), described(last)),
    }
}

/// Writes the numbers, one run per column, and the sparklines.
pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, lines: &CheckLines<'_>, row: u32) -> Result<(), XlsxError> {
    let trend = &report.run.trend;
    sheet.heading(row, "Trend: findings of each run, by the day on which both sides had been read (not printed)")?;
    sheet.heads(row + 1, &["Check", "Title"])?;
    for (column, point) in (FIRST..).zip(trend) {
        sheet.head_of_number(row + 1, column, &wording::moment(point.read_at)[..10])?;
    }
    let last = FIRST + u16::try_from(trend.len().saturating_sub(1)).unwrap_or(0);
    let checks = lines.checks.iter().map(|line| Some(line.result.check)).chain([None]);
    for (at, check) in (0..).zip(checks) {
        let line = row + 2 + at;
        sheet.data(line, 0, check.map_or("Total", |check| check.id))?;
        sheet.data(line, 1, check.map_or("all checks that saw everything", |check| check.title))?;
        for (column, point) in (FIRST..).zip(trend) {
            if let Some(count) = count(point, check) {
                sheet.number(line, column, count)?;
            }
        }
        if trend.len() > 1 {
            let sparkline = Sparkline::new()
                .set_range((NAME, line, FIRST, line, last))
                .set_type(SparklineType::Line)
                .show_markers(true)
                .show_last_point(true)
                .set_custom_min(0)
                .set_sparkline_color("1D4F80");
            let target = u32::try_from(lines.first).unwrap_or(0) - 1 + at;
            sheet.inner.add_sparkline(target, TREND, &sparkline)?;
        }
    }
    Ok(())
}
