//! Read me: the result in words, the purpose of each sheet, and caveats.

use rust_xlsxwriter::XlsxError;

use super::MAX_FINDINGS;
use super::sheet::{Cell, Sheet};
use crate::checks::check::{Owner, Severity};
use crate::model::label::Label as _;
use crate::outputs::redact::Names;
use crate::outputs::sanitize::cut;
use crate::outputs::wording;
use crate::outputs::{counted, grouped};
use crate::report::Report;

pub(super) const WIDTHS: &[f64] = &[24.0, 100.0];

/// What did not fit.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Texts that were truncated, and all texts.
    pub(super) cut: (u64, u64),
    /// Records that became links, and all that could.
    pub(super) links: (u32, u32),
    /// Cleared findings that are listed, and all.
    pub(super) cleared: (u64, u64),
}

/// The cells that other sheets and programs refer to by name.
pub(super) struct Named {
    /// The run's id.
    pub(super) run: String,
    /// The cutoff.
    pub(super) period_end: String,
}

const SHEETS: [(&str, &str); 10] = [
    (
        "Summary",
        "findings by check, tied to the run before and to the rows of this workbook; who must act; whether the sync is alive; \
         what could not be evaluated",
    ),
    ("Control totals", "every row of both sides, accounted for by equations that you can recalculate"),
    ("Causes", "every check: why it matters, when it is innocent, what to do"),
    (
        "Findings",
        "one row for each finding, to sort, filter, assign and comment on, with the record to open and the evidence (which is not printed)",
    ),
    ("Sync health", "whether the sync stands still or stood still, since when, and its pulse, with a chart by the day"),
    ("Forecast", "what the next contacts sync will do, and the contacts that are worth a look before it"),
    (
        "Cleared",
        "what was open at the end of the run before and is gone, with what was said of it; and what was not looked for",
    ),
    ("Sources", "the files that were read, the rules in force, the rows that could not be read"),
    ("Sign-off", "for preparer and reviewer; what of the gravest is still without an answer"),
    ("Lists", "the statuses to choose from, and what the words mean"),
];

const HOW_TO_WORK: [&str; 4] = [
    "On the sheet Findings, fill in the yellow columns Status, Owner and Comment. Sort, filter and add columns as you like.",
    "Save the workbook and run: tieout review workbook.xlsx. It reads the three columns back and tells what it could not take; \
     a row that was deleted closes nothing.",
    "The next run shows what was said in its own workbook, and in which run it was said. A finding that comes back brings it along.",
    "What was put right disappears from the findings by itself, and stands on the sheet Cleared of the next run.",
];

pub(super) fn write(
    sheet: &mut Sheet<'_>,
    report: &Report,
    names: Names<'_>,
    limits: Limits,
) -> Result<Named, XlsxError> {
    let origins = report.origins();
    let tool = report.summary().tool;
    let platform =
        wording::platform(origins).map_or_else(|| "Docebo".to_owned(), |platform| cut(platform, 80).into_owned());
    sheet.title(&format!("{platform} and Salesforce, tied out"))?;

    let mut row = 1;
    let all = report.finding_count();
    if all > MAX_FINDINGS as u64 {
        let most = grouped(MAX_FINDINGS as u64);
        let text = format!(
            "The sheet Findings holds the first {most} of {} findings. findings.jsonl holds all of them.",
            grouped(all)
        );
        sheet.warning(row, 1, &text)?;
        row += 1;
    }
    row += 1;

    let (sign, word) = wording::verdict(report.verdict);
    let first = row;
    let facts = [
        ("Result", Cell::Strong(format!("{sign} {word}: {}", report.sentence()))),
        ("", Cell::Text(wording::headline(report))),
        ("Since the run before", Cell::Text(wording::movement(report))),
        ("Run", Cell::text(&report.run.run)),
        ("Period end (UTC)", Cell::Date(report.cutoff())),
        ("", Cell::text("The cutoff: what is newer is not yet expected on the other side")),
        ("Docebo exported", Cell::Text(wording::moment_or_unknown(origins.exported_at))),
        ("Salesforce read", Cell::Text(wording::moment_or_unknown(origins.extracted_at))),
        ("Time zone of the export", Cell::Text(wording::zones(&report.run.zones))),
        ("Salesforce", Cell::Text(wording::organisation(origins))),
        ("Personal data", Cell::Text(personal(names))),
        ("Made by", Cell::Text(format!("{} {}", tool.name, tool.version))),
    ];
    let cell = |term: &str| {
        let at = facts.iter().position(|(known, _)| *known == term).and_then(|at| u32::try_from(at).ok());
        format!("='Read me'!$B${}", first + at.unwrap_or(0) + 1)
    };
    let named = Named { run: cell("Run"), period_end: cell("Period end (UTC)") };
    for (term, cell) in facts {
        sheet.row(row, &[Cell::strong(term), cell])?;
        row += 1;
    }

    row = heading(sheet, row, "How to work with it")?;
    for (step, text) in (1..).zip(HOW_TO_WORK) {
        sheet.row(row, &[Cell::Text(format!("{step}")), Cell::text(text)])?;
        row += 1;
    }

    row = heading(sheet, row, "Sheets")?;
    for (name, text) in SHEETS {
        sheet.row(row, &[Cell::sheet(name), Cell::text(text)])?;
        row += 1;
    }

    row = heading(sheet, row, "Legend")?;
    let mut legend = vec![
        ("\u{2713} ties", "both numbers are the same"),
        (
            "\u{2717} open",
            "they are not: a defect of tieout, please report it; on the sheet Sign-off, something is still to be answered",
        ),
        ("\u{2713} done", "nothing is left to be answered"),
        ("\u{2013} cut", "the sheet does not hold all rows; the number beside it is the whole"),
    ];
    legend.extend(Severity::ALL.iter().map(|&severity| (severity.label(), wording::severity(severity))));
    legend.extend(Owner::ALL.iter().map(|&owner| (owner.label(), wording::owner(owner))));
    legend.push(("[U+202E]", "a character that would change how the text around it is shown, made visible"));
    legend.push(("p_\u{2026}", "in place of a value that may tell about a person: a pseudonym, equal for equal values; --show-names shows the value"));
    for (sign, meaning) in legend {
        sheet.row(row, &[Cell::text(sign), Cell::text(meaning)])?;
        row += 1;
    }

    row = section(
        sheet,
        row,
        "Limits that applied",
        &limits_in_words(report, limits),
        "None: every finding stands here in full.",
    )?;
    row = section(sheet, row, "What a reader has to know", &origins.caveats, "Nothing beyond what stands above.")?;
    let not_tested: Vec<String> = wording::not_tested(report).into_iter().map(str::to_owned).collect();
    section(sheet, row, "What is not tested", &not_tested, "")?;
    sheet.protect();
    Ok(named)
}

/// Whether the workbook contains personal data, starting with the answer.
fn personal(names: Names<'_>) -> String {
    let word = if names.are_shown() { "Yes." } else { "Not as they are." };
    format!("{word} {}", wording::classification(names))
}

fn limits_in_words(report: &Report, limits: Limits) -> Vec<String> {
    let mut described = Vec::new();
    let all = report.finding_count();
    if all > MAX_FINDINGS as u64 {
        described.push(format!(
            "Findings: the first {} of {}; findings.jsonl holds all.",
            grouped(MAX_FINDINGS as u64),
            grouped(all)
        ));
    }
    let (links, linkable) = limits.links;
    if links < linkable {
        described.push(format!(
            "Links: the first {} of {} records are links, the others plain ids, since Excel takes no more links on a sheet.",
            grouped(u64::from(links)),
            grouped(u64::from(linkable)),
        ));
    }
    let (cleared, all_cleared) = limits.cleared;
    if cleared < all_cleared {
        described.push(format!(
            "Cleared findings: the first {} of {}; history.csv holds all.",
            grouped(cleared),
            grouped(all_cleared)
        ));
    }
    let forecast = super::forecast::shown(report);
    if forecast.0 < forecast.1 {
        described.push(super::forecast::described(forecast.1, forecast.0));
    }
    if report.origins().instance.is_none() && all > 0 {
        described.push("Links: the Salesforce instance is not known, so record ids are plain text.".to_owned());
    }
    let (cut, texts) = limits.cut;
    if cut > 0 {
        described.push(format!(
            "Texts: {} of {} cut; findings.jsonl holds the whole values.",
            grouped(cut),
            counted(texts, "cell was", "cells were")
        ));
    }
    described
}

fn heading(sheet: &mut Sheet<'_>, row: u32, text: &str) -> Result<u32, XlsxError> {
    sheet.heading(row + 1, text)?;
    Ok(row + 2)
}

fn section(sheet: &mut Sheet<'_>, row: u32, title: &str, items: &[String], none: &str) -> Result<u32, XlsxError> {
    let mut row = heading(sheet, row, title)?;
    if items.is_empty() {
        sheet.row(row, &[Cell::Blank, Cell::text(none)])?;
        return Ok(row + 1);
    }
    for item in items {
        sheet.row(row, &[Cell::Blank, Cell::text(item)])?;
        row += 1;
    }
    Ok(row)
}
