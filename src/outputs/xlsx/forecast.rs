//! Forecast: what the next contacts sync will do, counted, and the contacts that are worth a look before it runs.

use rust_xlsxwriter::XlsxError;

use super::MAX_LINKS;
use super::sheet::{Cell, Header, Sheet};
use crate::checks::evidence::Text;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::outputs::control_totals::{ControlTotal, control_totals};
use crate::outputs::redact::Names;
use crate::outputs::{counted, grouped, wording};
use crate::report::Report;
use crate::report::run_summary::WORTH_A_LOOK;

pub(super) const WIDTHS: &[f64] = &[22.0, 62.0, 18.0, 36.0, 14.0];
const HEADINGS: [&str; 5] = ["Contact", "What it means", "Forecast", "Key", "Docebo user"];
const TOP: u32 = 3;

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, names: Names<'_>) -> Result<(), XlsxError> {
    let control_totals = control_totals(report);
    let contacts = control_totals.iter().find(|equation| equation.reference == "C6");
    sheet.title("Forecast")?;
    sheet.row(1, &[Cell::line("What the next contacts sync of Docebo will do with each contact of Salesforce.")])?;
    let Some(contacts) = contacts else {
        return sheet.row(TOP, &[Cell::line("Contacts are not accounted for, so nothing can be forecast.")]);
    };
    let row = counts(sheet, contacts)?;
    list(sheet, report, names, contacts, row + 1)
}

/// Every value with its contacts, which add up to the rows of Contact. Returns the next free row.
fn counts(sheet: &mut Sheet<'_>, contacts: &ControlTotal) -> Result<u32, XlsxError> {
    sheet.head(
        TOP,
        &[Header::Text("Forecast"), Header::Text("What it means"), Header::Number("Contacts"), Header::Text("Result")],
    )?;
    let mut row = TOP + 1;
    for term in &contacts.terms {
        sheet.row(row, &[Cell::text(term.word), Cell::text(term.meaning), Cell::Number(term.count)])?;
        row += 1;
    }
    let (first, last) = (TOP + 2, row);
    let sum = Cell::Total(format!("SUM(C{first}:C{last})"), contacts.sum());
    sheet.row(row, &[Cell::strong("Together"), Cell::Blank, sum])?;
    let (sum, read) = (row + 1, row + 2);
    let ties = if contacts.is_balanced() { "\u{2713} ties" } else { "\u{2717} open" };
    sheet.row(
        row + 1,
        &[
            Cell::text("Rows of Contact"),
            Cell::text(contacts.counted),
            Cell::Number(contacts.total),
            Cell::Tick(format!("IF(C{sum}=C{read},\"\u{2713} ties\",\"\u{2717} open\")"), ties),
        ],
    )?;
    Ok(row + 2)
}

/// The contacts that are worth a look.
fn list(
    sheet: &mut Sheet<'_>,
    report: &Report,
    names: Names<'_>,
    contacts: &ControlTotal,
    row: u32,
) -> Result<(), XlsxError> {
    let (here, all) = shown(report);
    let listed = &report.run.forecast;
    sheet.heading(row, "Contacts that are worth a look before the sync runs")?;
    sheet.row(row + 1, &[Cell::Line(described(all, here))])?;
    if listed.is_empty() {
        return Ok(());
    }
    let rows = u32::try_from(listed.len()).unwrap_or(u32::MAX);
    let head = row + 2;
    sheet.table(head, rows, "Forecast", &HEADINGS, "Contacts that are worth a look, the gravest first, one a row.")?;
    sheet.inner.ignore_error_range(head + 1, 0, head + rows, 4, rust_xlsxwriter::IgnoreError::NumberStoredAsText)?;
    let mut links = 0;
    for (row, contact) in (head + 1..).zip(listed) {
        let (id, word) = (contact.contact.to_string(), contact.forecast.label());
        match wording::link(report, SfObject::Contact, contact.contact).filter(|_| links < MAX_LINKS) {
            Some(url) => {
                links += 1;
                sheet.link(row, 0, &url, id)?;
            }
            None => sheet.data(row, 0, &id)?,
        }
        let meaning = contacts.terms.iter().find(|term| term.word == word).map_or("", |term| term.meaning);
        sheet.data(row, 1, meaning)?;
        sheet.data(row, 2, word)?;
        sheet.some(row, 3, &names.show(&Text::personal(contact.key.clone())))?;
        if let Some(learner) = contact.learner {
            sheet.data(row, 4, &learner.to_string())?;
        }
    }
    Ok(())
}

/// Number of listed contacts, and of all worth a look.
pub(super) fn shown(report: &Report) -> (u64, u64) {
    let all = WORTH_A_LOOK.iter().map(|&value| report.totals().contacts.forecast.get(value)).sum();
    (report.run.forecast.len() as u64, all)
}

/// How many there are, and how many are listed.
pub(super) fn described(all: u64, listed: u64) -> String {
    match all {
        0 => "None: on every contact the sync does what it should, or nothing.".to_owned(),
        all if all <= listed => format!("All {}, the gravest first.", counted(all, "contact", "contacts")),
        all => format!(
            "Contacts to look at: the first {} of {}, the gravest first; the ledger of contacts (ledger/contacts.csv) holds the others.",
            grouped(listed),
            counted(all, "contact", "contacts"),
        ),
    }
}
