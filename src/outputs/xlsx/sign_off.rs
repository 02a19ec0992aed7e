//! Sign-off: who prepared and who reviewed the workbook, and which severe findings are still unanswered.

use rust_xlsxwriter::XlsxError;

use super::findings::{self, Written};
use super::sheet::{Cell, Header, Sheet};
use crate::checks::check::Severity;
use crate::model::label::Label as _;
use crate::outputs::wording;
use crate::report::Report;

pub(super) const WIDTHS: &[f64] = &[27.0, 62.0, 12.0, 13.0, 17.0, 13.0];
/// The two people, and the statement of each.
const PEOPLE: [(&str, &str); 2] = [
    (
        "Preparer",
        "I have gone through the findings of this run, and every critical and high one has a status and an owner.",
    ),
    (
        "Reviewer",
        "I have checked that the sources are the right ones, that the control totals tie, and that I agree with the answers given.",
    ),
];

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, written: &Written) -> Result<(), XlsxError> {
    let (sign, word) = wording::verdict(report.verdict);
    sheet.title("Sign-off")?;
    let mut row = 2;
    for (term, cell) in [
        ("Run", Cell::Words("Run_Id".to_owned(), report.run.run.clone())),
        ("Period end (UTC)", Cell::Moment("Period_End".to_owned(), report.cutoff())),
        ("Result", Cell::Text(format!("{sign} {word}: {}", report.sentence()))),
    ] {
        sheet.row(row, &[Cell::strong(term), cell])?;
        row += 1;
    }
    for (person, statement) in PEOPLE {
        row += 1;
        sheet.heading(row, person)?;
        sheet.row(row + 1, &[Cell::Blank, Cell::text(statement)])?;
        sheet.row(row + 2, &[Cell::strong("Name"), Cell::Input])?;
        sheet.row(row + 3, &[Cell::strong("Date"), Cell::InputDay])?;
        sheet.row(row + 4, &[Cell::strong("Comment"), Cell::Input])?;
        sheet.inner.set_row_height(row + 4, 60)?;
        row += 5;
    }
    unanswered(sheet, report, written, row + 1)?;
    sheet.protect();
    Ok(())
}

/// Critical and high findings without a status, by check, counted over the table of findings.
fn unanswered(sheet: &mut Sheet<'_>, report: &Report, written: &Written, mut row: u32) -> Result<(), XlsxError> {
    sheet.heading(row, "Critical and high findings without a status")?;
    row += 1;
    let places = findings::places(report);
    let grave: Vec<_> = places.iter().filter(|(result, _, _)| result.check.severity <= Severity::High).collect();
    if grave.is_empty() {
        return sheet.row(row, &[Cell::line("There is no critical and no high finding.")]);
    }
    sheet.head(
        row,
        &[
            Header::Text("Check"),
            Header::Text("Title"),
            Header::Text("Severity"),
            Header::Number("Findings"),
            Header::Number("Without a status"),
            Header::Text("Result"),
        ],
    )?;
    let tick = |line: u32, left: u64| {
        let formula = format!("IF(E{line}=0,\"\u{2713} done\",\"\u{2717} open\")");
        Cell::Tick(formula, if left == 0 { "\u{2713} done" } else { "\u{2717} open" })
    };
    let first = row + 2;
    let mut all = (0, 0);
    for (result, here, _) in grave {
        row += 1;
        let (line, left) = (row + 1, written.unanswered[result.place]);
        all = (all.0 + here, all.1 + left);
        sheet.row(
            row,
            &[
                Cell::text(result.check.id),
                Cell::text(result.check.title),
                Cell::text(result.check.severity.label()),
                Cell::Sum(format!("COUNTIFS(Findings[Check],A{line})"), *here),
                Cell::Sum(format!("COUNTIFS(Findings[Check],A{line},Findings[Status],\"\")"), left),
                tick(line, left),
            ],
        )?;
    }
    let last = row + 1;
    row += 1;
    sheet.row(
        row,
        &[
            Cell::strong("Total"),
            Cell::Blank,
            Cell::Blank,
            Cell::Total(format!("SUM(D{first}:D{last})"), all.0),
            Cell::Total(format!("SUM(E{first}:E{last})"), all.1),
            tick(row + 1, all.1),
        ],
    )
}
