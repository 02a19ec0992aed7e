//! Control totals: for each population the rows that were read, the values that add up to them, and
//! whether they do.

use rust_xlsxwriter::XlsxError;

use super::sheet::{Cell, Head, Sheet};
use crate::render::equations::{Equation, equations, missing};
use crate::report::Report;

pub(super) const WIDTHS: &[f64] = &[7.0, 28.0, 62.0, 13.0, 19.0, 13.0, 12.0];
const TOP: u32 = 4;

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(), XlsxError> {
    let equations = equations(report);
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
            Head::Text("Ref"),
            Head::Text("Population"),
            Head::Text("How the rows were counted"),
            Head::Number("Rows read"),
            Head::Number("Sum of the values"),
            Head::Number("Difference"),
            Head::Text("Result"),
        ],
    )?;

    let missing = missing(report).join(" ");
    if !missing.is_empty() {
        sheet.row(2, &[Cell::Line(missing)])?;
    }

    // The blocks of values come below the overview, one after the other, with a blank row between.
    let mut block = TOP + 1 + rows(equations.len()) + 1;
    for (row, equation) in (TOP + 1..).zip(&equations) {
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
                    if equation.ties() { "\u{2713} ties" } else { "\u{2717} open" },
                ),
            ],
        )?;
        block = values(sheet, equation, block)?;
    }
    Ok(())
}

/// Writes the values of one equation; says where the next block starts.
fn values(sheet: &mut Sheet<'_>, equation: &Equation, block: u32) -> Result<u32, XlsxError> {
    sheet.heading(block, &format!("{}  {}: {}", equation.reference, equation.title, equation.tells))?;
    sheet.head(
        block + 1,
        &[Head::Text("Ref"), Head::Text("Value"), Head::Text("What it means"), Head::Number("Rows")],
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
