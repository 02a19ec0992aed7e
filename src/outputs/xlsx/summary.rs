//! Summary: findings by check, rolled forward from the previous run and tied to the table of findings; the trend of
//! their number; whether the sync is active; and what could not be evaluated.

use rust_xlsxwriter::{
    Chart, ChartAxisLabelPosition, ChartDataLabel, ChartFormat, ChartSolidFill, ChartType, Color, XlsxError,
};

use super::check_lines::{CheckLine, CheckLines, NAME, words};
use super::sheet::{Cell, Header, Sheet};
use super::{causes, trend};
use crate::checks::check::{Owner, Severity};
use crate::model::label::Label as _;
use crate::outputs::{counted, grouped, wording};
use crate::report::{CheckResult, Report};

const ALONE: &[f64] = &[27.0, 46.0, 10.0, 11.0, 14.0, 11.0, 18.0, 72.0];
const ROLLED: &[f64] = &[27.0, 46.0, 10.0, 10.0, 9.0, 11.0, 10.0, 10.0, 12.0, 11.0, 10.0, 10.0, 16.0, 16.0, 18.0];

/// Without an earlier run there is nothing to roll forward.
pub(super) fn widths(report: &Report) -> &'static [f64] {
    if report.run.before.is_some() { ROLLED } else { ALONE }
}

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, lines: &CheckLines<'_>) -> Result<(), XlsxError> {
    let has_before = report.run.before.is_some();
    sheet.title(NAME)?;
    let mut row = 1;
    for text in words(report) {
        sheet.row(row, &[Cell::Line(text)])?;
        row += 1;
    }
    row += 1;
    head(sheet, row, has_before)?;
    sheet.inner.set_freeze_panes(row + 1, 0)?;
    row += 1;
    for (line, at) in lines.checks.iter().zip(lines.first..) {
        sheet.row(row, &cells(report, line, at))?;
        row += 1;
    }
    if lines.checks.is_empty() {
        sheet.row(row, &[Cell::line("No check found anything.")])?;
        row += 1;
    }
    sheet.row(row, &total(lines, has_before))?;
    row += 1;
    sheet.row(row, &[Cell::Line(others(report, lines))])?;
    row += 2;
    if !lines.checks.is_empty() {
        row = bars(sheet, lines, row, has_before)?;
    }
    row = health(sheet, report, row)?;
    row = by_severity(sheet, lines, row, has_before)?;
    row = by_owner(sheet, lines, row, has_before)?;
    row = not_evaluated(sheet, report, row)?;
    if has_before {
        // The data of the sparklines is not printed.
        let last = u16::try_from(ROLLED.len() - 1).unwrap_or(u16::MAX);
        sheet.inner.set_print_area(0, 0, row.saturating_sub(1), last)?;
        trend::write(sheet, report, lines, row + 1)?;
    }
    sheet.protect();
    Ok(())
}

fn head(sheet: &mut Sheet<'_>, row: u32, has_before: bool) -> Result<(), XlsxError> {
    let mut heads = vec![Header::Text("Check"), Header::Text("Title"), Header::Text("Severity")];
    if has_before {
        heads.extend([
            Header::Number("Open at start"),
            Header::Number("New"),
            Header::Number("Reopened"),
            Header::Number("Cleared"),
            Header::Number("Open at end"),
            Header::Number("On sheet Findings"),
            Header::Number("Not looked for"),
            Header::Number("Counted"),
            Header::Text("Ties"),
            Header::Text("Trend"),
            Header::Text("First \u{2192} last"),
            Header::Text("Must act"),
        ]);
    } else {
        heads.extend([
            Header::Number("Findings"),
            Header::Number("On sheet Findings"),
            Header::Text("Ties"),
            Header::Text("Must act"),
            Header::Text("What to do"),
        ]);
    }
    sheet.head(row, &heads)
}

fn cells(report: &Report, line: &CheckLine<'_>, at: usize) -> Vec<Cell> {
    let check = line.result.check;
    let mut cells = vec![
        Cell::Jump(causes::place(line.result), check.id.to_owned()),
        Cell::text(check.title),
        Cell::text(check.severity.label()),
    ];
    let on_the_sheet = Cell::Sum(format!("COUNTIF(Findings[Check],A{at})"), line.here);
    let Some(movement) = line.movement else {
        cells.extend([
            Cell::Number(line.findings),
            on_the_sheet,
            line.tick(&format!("D{at}"), &format!("E{at}")),
            Cell::text(check.owner.label()),
            Cell::Text(wording::sentence(check.remedy)),
        ]);
        return cells;
    };
    cells.extend([
        Cell::Number(movement.open_at_start),
        Cell::Number(movement.new),
        Cell::Number(movement.reopened),
        Cell::Number(movement.cleared),
        Cell::Sum(format!("D{at}+E{at}+F{at}-G{at}"), line.open()),
        on_the_sheet,
        Cell::Number(movement.unseen),
        Cell::Sum(format!("I{at}+J{at}"), line.counted()),
        line.tick(&format!("H{at}"), &format!("K{at}")),
        Cell::Blank,
        Cell::Text(trend::first_and_last(report, Some(check))),
        Cell::text(check.owner.label()),
    ]);
    cells
}

fn total(lines: &CheckLines<'_>, has_before: bool) -> Vec<Cell> {
    let (first, last, at) = (lines.first, lines.total() - 1, lines.total());
    let sum = |column: &str, result| Cell::Total(format!("SUM({column}{first}:{column}{last})"), result);
    let mut cells = vec![Cell::strong("Total"), Cell::Blank, Cell::Blank];
    if !has_before {
        let (all, here) = (lines.sum(|line| line.findings), lines.sum(|line| line.here));
        cells.extend([sum("D", all), sum("E", here), lines.total_tick(&format!("D{at}"), &format!("E{at}"))]);
        return cells;
    }
    let all = lines.movement();
    cells.extend([
        sum("D", all.open_at_start),
        sum("E", all.new),
        sum("F", all.reopened),
        sum("G", all.cleared),
        sum("H", lines.open()),
        sum("I", lines.sum(|line| line.here)),
        sum("J", all.unseen),
        sum("K", lines.counted()),
        lines.total_tick(&format!("H{at}"), &format!("K{at}")),
    ]);
    cells
}

/// What is not in the table.
fn others(report: &Report, lines: &CheckLines<'_>) -> String {
    let described = |result: &&CheckResult| lines.checks.iter().all(|line| line.result.place != result.place);
    let (whole, blind): (Vec<&CheckResult>, Vec<&CheckResult>) =
        report.results.iter().filter(described).partition(|result| result.is_whole());
    let clean = match whole.len() as u64 {
        0 => "No other check is clean.".to_owned(),
        1 => "1 other check is clean.".to_owned(),
        many => format!("{} other checks are clean.", grouped(many)),
    };
    match blind.len() as u64 {
        0 => clean,
        1 => format!("{clean} 1 could not be evaluated and is listed below, which is not a pass."),
        many => format!("{clean} {} could not be evaluated and are listed below, which is not a pass.", grouped(many)),
    }
}

/// Bar chart of open findings by check, in its own rows. Returns the next free row.
fn bars(sheet: &mut Sheet<'_>, lines: &CheckLines<'_>, row: u32, has_before: bool) -> Result<u32, XlsxError> {
    let count = u32::try_from(lines.checks.len()).unwrap_or(u32::MAX);
    let first = u32::try_from(lines.first).unwrap_or(u32::MAX) - 1;
    let last = first + count - 1;
    let column = if has_before { 7 } else { 3 };
    let mut chart = Chart::new(ChartType::Bar);
    let mut blue = ChartFormat::new();
    blue.set_solid_fill(ChartSolidFill::new().set_color(Color::RGB(0x001D_4F80)));
    chart
        .add_series()
        .set_name("Open findings")
        .set_categories((NAME, first, 1, last, 1))
        .set_values((NAME, first, column, last, column))
        .set_format(&mut blue)
        .set_data_label(ChartDataLabel::new().show_value().set_num_format("#,##0"))
        .set_gap(40);
    chart.title().set_name("Open findings by check");
    // The first row of the table is the top bar, and the scale stays at the bottom.
    chart.y_axis().set_reverse().set_label_position(ChartAxisLabelPosition::Low);
    chart.x_axis().set_hidden(true).set_major_gridlines(false);
    chart.legend().set_hidden();
    let described: Vec<String> =
        lines.checks.iter().map(|line| format!("{} {}", line.result.check.title, grouped(line.open()))).collect();
    let height = 70 + 26 * count;
    // Excel allows 255 characters; the table above has the same numbers.
    let words: String = format!("Open findings by check: {}", described.join("; ")).chars().take(250).collect();
    chart.set_width(1_000).set_height(height).set_alt_text(words);
    sheet.inner.insert_chart(row, 0, &chart)?;
    // Rows are 20 pixels high.
    Ok(row + height.div_ceil(20) + 1)
}

/// Whether the sync is active, in four lines. Returns the next free row.
fn health(sheet: &mut Sheet<'_>, report: &Report, mut row: u32) -> Result<u32, XlsxError> {
    let stalls = report.stalls();
    let verdict = match (stalls.open(), stalls.found.last()) {
        (Some(stall), _) | (None, Some(stall)) => stall.headline(),
        (None, None) => wording::no_stall(report),
    };
    let beats: Vec<_> = stalls.heartbeats.iter().filter(|beat| beat.object.follows_learners()).collect();
    let described = |of: &dyn Fn(&crate::stalls::heartbeat::Heartbeat) -> String| -> String {
        let described: Vec<String> =
            beats.iter().map(|beat| format!("{}: {}", wording::object(beat.object), of(beat))).collect();
        if described.is_empty() { "not known: no object was read".to_owned() } else { described.join("; ") }
    };
    let hours = |hours: u32| match hours {
        0..48 => counted(u64::from(hours), "hour", "hours"),
        _ => counted(u64::from(hours / 24), "day", "days"),
    };
    let written = described(&|beat| wording::moment_or_unknown(beat.last()));
    let silent = described(&|beat| {
        let now = beat.silence.map_or_else(|| "nothing was ever written".to_owned(), hours);
        beat.gaps.map_or_else(|| now.clone(), |gaps| format!("{now}, usually {}", hours(gaps.median)))
    });
    sheet.heading(row, "Sync health")?;
    for cells in [
        [Cell::strong("Verdict"), Cell::Line(verdict)],
        [Cell::strong("Last write"), Cell::Line(written)],
        [Cell::strong("Silent since"), Cell::Line(silent)],
        [Cell::strong("More"), Cell::sheet("Sync health")],
    ] {
        row += 1;
        sheet.row(row, &cells)?;
    }
    Ok(row + 2)
}

/// A sum over the table's column of open findings.
fn sum_where(lines: &CheckLines<'_>, row: u32, by: &str, has_before: bool, result: u64) -> Cell {
    let (first, last, line) = (lines.first, lines.total() - 1, row + 1);
    let open = if has_before { "H" } else { "D" };
    Cell::Sum(format!("SUMIF({by}{first}:{by}{last},A{line},{open}{first}:{open}{last})"), result)
}

fn group(
    sheet: &mut Sheet<'_>,
    row: u32,
    (word, meaning): (&str, &str),
    sum: Cell,
    has_before: bool,
) -> Result<(), XlsxError> {
    let mut cells = vec![Cell::text(word), Cell::text(meaning), Cell::Blank];
    if has_before {
        cells.extend([Cell::Blank, Cell::Blank, Cell::Blank, Cell::Blank]);
    }
    cells.push(sum);
    sheet.row(row, &cells)
}

fn by_severity(
    sheet: &mut Sheet<'_>,
    lines: &CheckLines<'_>,
    mut row: u32,
    has_before: bool,
) -> Result<u32, XlsxError> {
    sheet.heading(row, "By severity")?;
    for &severity in Severity::ALL {
        row += 1;
        let open = lines.sum(|line| if line.result.check.severity == severity { line.open() } else { 0 });
        let sum = sum_where(lines, row, "C", has_before, open);
        group(sheet, row, (severity.label(), wording::severity(severity)), sum, has_before)?;
    }
    Ok(row + 2)
}

fn by_owner(sheet: &mut Sheet<'_>, lines: &CheckLines<'_>, mut row: u32, has_before: bool) -> Result<u32, XlsxError> {
    sheet.heading(row, "By who must act")?;
    for &owner in Owner::ALL {
        row += 1;
        let open = lines.sum(|line| if line.result.check.owner == owner { line.open() } else { 0 });
        let sum = sum_where(lines, row, if has_before { "O" } else { "G" }, has_before, open);
        group(sheet, row, (owner.label(), wording::owner(owner)), sum, has_before)?;
    }
    Ok(row + 2)
}

/// Returns the next free row.
fn not_evaluated(sheet: &mut Sheet<'_>, report: &Report, mut row: u32) -> Result<u32, XlsxError> {
    sheet.heading(row, "Checks that could not be evaluated, or not in full")?;
    row += 1;
    if report.unseen().next().is_none() {
        sheet.row(row, &[Cell::line("None: nothing was missing.")])?;
        return Ok(row + 2);
    }
    sheet.head(
        row,
        &[Header::Text("Check"), Header::Text("Title"), Header::Text("Severity"), Header::Text("Lacking")],
    )?;
    for result in report.unseen() {
        row += 1;
        sheet.row(
            row,
            &[
                Cell::Jump(causes::place(result), result.check.id.to_owned()),
                Cell::text(result.check.title),
                Cell::text(result.check.severity.label()),
                Cell::Line(result.gaps().join("; ")),
            ],
        )?;
    }
    Ok(row + 2)
}
