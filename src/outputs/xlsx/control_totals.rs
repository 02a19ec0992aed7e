//! Control totals: for each population the rows read, the values that add up to them, and whether they do.

use rust_xlsxwriter::XlsxError;

use super::check_lines::{CheckLine, CheckLines, NAME as SUMMARY};
use super::findings;
use super::sheet::{Cell, Header, Sheet};
use crate::outputs::control_totals::{ControlTotal, control_totals, missing_control_totals, reference};
use crate::report::run_history::Movement;
use crate::report::{CheckResult, Report};

pub(super) const WIDTHS: &[f64] = &[7.0, 28.0, 62.0, 13.0, 19.0, 13.0, 12.0, 27.0, 12.0, 12.0];
const TOP: u32 = 4;

/// Checks that the list of explained values leaves out, although it could name them: earlier workbooks do not have them.
const LEFT_OUT: [&str; 1] = ["username-blank"];

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, lines: &CheckLines<'_>) -> Result<(), XlsxError> {
    let control_totals = control_totals(report);
    sheet.title("Control totals")?;
    sheet.row(
        1,
        &[Cell::Line(
            "Every row that was read takes one value; the values of a population add up to its rows.".to_owned(),
        )],
    )?;
    sheet.head(
        TOP,
        &[
            Header::Text("Ref"),
            Header::Text("Population"),
            Header::Text("How the rows were counted"),
            Header::Number("Rows read"),
            Header::Number("Sum of the values"),
            Header::Number("Difference"),
            Header::Text("Result"),
        ],
    )?;

    let missing = missing_control_totals(report).join(" ");
    if !missing.is_empty() {
        sheet.row(2, &[Cell::Line(missing)])?;
    }

    // The blocks of values come below the overview, one after the other, with a blank row between.
    let has_before = report.run.before.is_some();
    let mut block = TOP + 1 + rows(control_totals.len() + usize::from(has_before)) + 1;
    let mut found = Vec::new();
    for (row, equation) in (TOP + 1..).zip(&control_totals) {
        let line = row + 1;
        let first = block + 3;
        let last = block + 2 + rows(equation.terms.len());
        sheet.row(
            row,
            &[
                Cell::strong(equation.reference),
                Cell::strong(equation.title),
                Cell::text(equation.counted),
                Cell::Number(equation.total),
                Cell::Sum(format!("SUM(D{first}:D{last})"), equation.sum()),
                Cell::Sum(format!("D{line}-E{line}"), equation.total.abs_diff(equation.sum())),
                Cell::Tick(
                    format!("IF(F{line}=0,\"\u{2713} ties\",\"\u{2717} open\")"),
                    if equation.is_balanced() { "\u{2713} ties" } else { "\u{2717} open" },
                ),
            ],
        )?;
        found.extend(explained(report, equation, block + 3));
        block = values(sheet, equation, block)?;
    }
    if has_before {
        overview(sheet, lines, TOP + 1 + rows(control_totals.len()))?;
    }
    block = explanations(sheet, &found, block)?;
    if has_before {
        roll_forward(sheet, lines, block)?;
    }
    sheet.protect();
    Ok(())
}

/// Rows of some values that are findings.
struct Explained {
    reference: &'static str,
    words: String,
    check: &'static str,
    title: &'static str,
    /// The cells of the values.
    cells: String,
    rows: u64,
    /// Findings on their sheet, and whether it is truncated.
    here: u64,
    is_cut: bool,
}

/// The values explained by findings, if their checks saw everything.
fn explained(report: &Report, equation: &ControlTotal, first: u32) -> Vec<Explained> {
    let places = findings::places(report);
    let of = |result: &&CheckResult| {
        let values = result.check.selects.explained().filter(|_| result.is_whole())?;
        let labels = values.labels();
        let here = places.iter().find(|(found, _, _)| found.place == result.place).map_or(0, |&(_, here, _)| here);
        let terms = || (first..).zip(&equation.terms).filter(|(_, term)| labels.contains(&term.word));
        let rows: u64 = terms().map(|(_, term)| term.count).sum();
        (reference(values) == equation.reference && rows > 0).then(|| Explained {
            reference: equation.reference,
            words: labels.join(", "),
            check: result.check.id,
            title: result.check.title,
            cells: terms().map(|(row, _)| format!("D{row}")).collect::<Vec<_>>().join("+"),
            rows,
            here,
            is_cut: here < result.findings as u64,
        })
    };
    let mut results: Vec<&CheckResult> =
        report.results.iter().filter(|result| !LEFT_OUT.contains(&result.check.id)).collect();
    results.sort_by_key(|result| (result.check.severity, result.check.id));
    results.iter().filter_map(of).collect()
}

/// The rows explained by findings, compared with the findings. Returns the next block's row.
fn explanations(sheet: &mut Sheet<'_>, found: &[Explained], block: u32) -> Result<u32, XlsxError> {
    if found.is_empty() {
        return Ok(block);
    }
    sheet.heading(block, "E  Rows that findings explain: of these values every row is one finding of one check")?;
    sheet.head(
        block + 1,
        &[
            Header::Text("Ref"),
            Header::Text("Value"),
            Header::Text("What its findings are"),
            Header::Number("Rows"),
            Header::Number("Explained by findings"),
            Header::Number("Unexplained"),
            Header::Text("Result"),
            Header::Text("Check"),
        ],
    )?;
    let mut row = block + 2;
    for it in found {
        let line = row + 1;
        let otherwise = if it.is_cut { "\u{2013} cut" } else { "\u{2717} open" };
        sheet.row(
            row,
            &[
                Cell::text(it.reference),
                Cell::text(&it.words),
                Cell::text(it.title),
                Cell::Sum(it.cells.clone(), it.rows),
                Cell::Sum(format!("COUNTIF(Findings[Check],H{line})"), it.here),
                Cell::Sum(format!("D{line}-E{line}"), it.rows.saturating_sub(it.here)),
                Cell::Tick(
                    format!("IF(F{line}=0,\"\u{2713} ties\",\"{otherwise}\")"),
                    if it.rows == it.here { "\u{2713} ties" } else { otherwise },
                ),
                Cell::text(it.check),
            ],
        )?;
        row += 1;
    }
    Ok(row + 1)
}

/// The roll-forward among the populations.
fn overview(sheet: &mut Sheet<'_>, lines: &CheckLines<'_>, row: u32) -> Result<(), XlsxError> {
    let (line, total) = (row + 1, lines.total());
    let (counted, open) = (lines.counted(), lines.open());
    sheet.row(
        row,
        &[
            Cell::strong("R"),
            Cell::strong("Open findings"),
            Cell::text("rows of the sheet Findings, and findings that were not looked for; against open at start + new + reopened - cleared"),
            Cell::Sum(format!("{SUMMARY}!K{total}"), counted),
            Cell::Sum(format!("{SUMMARY}!H{total}"), open),
            Cell::Sum(format!("ABS(D{line}-E{line})"), counted.abs_diff(open)),
            lines.total_tick(&format!("E{line}"), &format!("D{line}")),
        ],
    )
}

/// For each check: open at start + new + reopened - cleared = open at end.
fn roll_forward(sheet: &mut Sheet<'_>, lines: &CheckLines<'_>, block: u32) -> Result<(), XlsxError> {
    sheet.heading(block, "R  Roll-forward: open at start + new + reopened - cleared = open at end")?;
    sheet.head(
        block + 1,
        &[
            Header::Text("Ref"),
            Header::Text("Check"),
            Header::Text("Title"),
            Header::Number("Open at start"),
            Header::Number("New"),
            Header::Number("Reopened"),
            Header::Number("Cleared"),
            Header::Number("Open at end"),
            Header::Number("Counted"),
            Header::Text("Result"),
        ],
    )?;
    let mut row = block + 2;
    if lines.checks.is_empty() {
        return sheet.row(row, &[Cell::line("No finding was open at the start, and none came.")]);
    }
    for (line, at) in lines.checks.iter().zip(lines.first..) {
        let Some(movement) = line.movement else { continue };
        let reference = format!("R{}", row - block - 1);
        let (check, title) = (line.result.check.id, line.result.check.title);
        let tick = |open: &str, counted: &str| CheckLine::tick(line, open, counted);
        sheet.row(row, &rolled(row, at, (&reference, check, title), (movement, line.counted()), tick))?;
        row += 1;
    }
    let all = (lines.movement(), lines.counted());
    let tick = |open: &str, counted: &str| lines.total_tick(open, counted);
    sheet.row(row, &rolled(row, lines.total(), ("R", "Total", ""), all, tick))
}

/// One row of the roll-forward, which refers back to the Summary.
fn rolled(
    row: u32,
    at: usize,
    (reference, check, title): (&str, &str, &str),
    (movement, counted): (Movement, u64),
    tick: impl Fn(&str, &str) -> Cell,
) -> [Cell; 10] {
    let line = row + 1;
    let open = (movement.open_at_start + movement.new + movement.reopened).saturating_sub(movement.cleared);
    let there = |column: &str, result| Cell::Sum(format!("{SUMMARY}!{column}{at}"), result);
    [
        Cell::strong(reference),
        Cell::text(check),
        Cell::text(title),
        there("D", movement.open_at_start),
        there("E", movement.new),
        there("F", movement.reopened),
        there("G", movement.cleared),
        Cell::Sum(format!("D{line}+E{line}+F{line}-G{line}"), open),
        there("K", counted),
        tick(&format!("H{line}"), &format!("I{line}")),
    ]
}

/// Writes the values of one equation; returns the next block's row.
fn values(sheet: &mut Sheet<'_>, equation: &ControlTotal, block: u32) -> Result<u32, XlsxError> {
    sheet.heading(block, &format!("{}  {}: {}", equation.reference, equation.title, equation.tells))?;
    sheet.head(
        block + 1,
        &[Header::Text("Ref"), Header::Text("Value"), Header::Text("What it means"), Header::Number("Rows")],
    )?;
    let mut row = block + 2;
    for term in &equation.terms {
        sheet.row(
            row,
            &[
                Cell::text(equation.reference),
                Cell::text(term.word),
                Cell::text(term.meaning),
                Cell::Number(term.count),
            ],
        )?;
        row += 1;
    }
    Ok(row + 1)
}

fn rows(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
