//! Read me: the result in words, what each sheet is for, and what a reader has to know.

use rust_xlsxwriter::XlsxError;

use super::sheet::{Cell, Sheet};
use super::{MOST_FINDINGS, MOST_LINKS};
use crate::check::{Owner, Severity};
use crate::model::word::Word as _;
use crate::redact::Names;
use crate::render::inert::cut;
use crate::render::wording;
use crate::render::{counted, grouped};
use crate::report::Report;

pub(super) const WIDTHS: &[f64] = &[24.0, 100.0];

/// What did not fit.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Texts that were cut.
    pub(super) cut: u64,
    /// Records that became links.
    pub(super) links: u32,
}

const SHEETS: [(&str, &str); 6] = [
    (
        "Summary",
        "the checks that found something, worst first, with who must act; and those that could not be evaluated",
    ),
    ("Sync health", "whether the sync stands still or stood still, since when, and its pulse, with a chart by the day"),
    ("Control totals", "every row of both sides, accounted for by equations that you can recalculate"),
    ("Causes", "every check: why it matters, when it is innocent, what to do"),
    (
        "Findings",
        "one row for each finding, to sort and filter, with the record to open and the evidence (which is not printed)",
    ),
    ("Sources", "the files that were read, the rules in force, the rows that could not be read"),
];

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report, names: Names<'_>, limits: Limits) -> Result<(), XlsxError> {
    let origins = report.origins();
    let tool = report.summary().tool;
    let platform =
        wording::platform(origins).map_or_else(|| "Docebo".to_owned(), |platform| cut(platform, 80).into_owned());
    sheet.title(&format!("{platform} and Salesforce, tied out"))?;

    let mut row = 1;
    let all = report.finding_count();
    if all > MOST_FINDINGS as u64 {
        let most = grouped(MOST_FINDINGS as u64);
        let text = format!(
            "The sheet Findings holds the first {most} of {} findings. findings.jsonl holds all of them.",
            grouped(all)
        );
        sheet.warning(row, 1, &text)?;
        row += 1;
    }
    row += 1;

    let (sign, word) = wording::verdict(report.verdict);
    let moments = [
        ("Result", format!("{sign} {word}: {}", report.sentence())),
        ("", wording::headline(report)),
        ("Docebo exported", wording::moment_or_unknown(origins.exported_at)),
        ("Salesforce read", wording::moment_or_unknown(origins.extracted_at)),
        (
            "Cutoff",
            format!("{}: what is newer is not yet expected on the other side", wording::moment(report.cutoff())),
        ),
        ("Time zone of the export", wording::zone(&report.facts.zone)),
        ("Salesforce", wording::organisation(origins)),
        ("Classification", wording::classification(names).to_owned()),
        ("Made by", format!("{} {}", tool.name, tool.version)),
    ];
    for (term, text) in moments {
        let text = if term == "Result" { Cell::Strong(text) } else { Cell::Text(text) };
        sheet.row(row, &[Cell::strong(term), text])?;
        row += 1;
    }

    row = heading(sheet, row, "Sheets")?;
    for (name, text) in SHEETS {
        sheet.row(row, &[Cell::Jump(name, name), Cell::text(text)])?;
        row += 1;
    }

    row = heading(sheet, row, "Legend")?;
    let mut legend = vec![
        ("\u{2713} ties", "the values add up to the rows that were read"),
        ("\u{2717} open", "they do not: a defect of tieout, please report it"),
        ("\u{2013} cut", "the sheet does not hold all rows; the number beside it is the whole"),
    ];
    legend.extend(Severity::ALL.iter().map(|&severity| (severity.word(), wording::severity(severity))));
    legend.extend(Owner::ALL.iter().map(|&owner| (owner.word(), wording::owner(owner))));
    legend.push(("[U+202E]", "a character that would change how the text around it is shown, made visible"));
    legend.push(("[withheld]", "a value that may tell about a person; --show-names shows it"));
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
    Ok(())
}

fn limits_in_words(report: &Report, limits: Limits) -> Vec<String> {
    let mut told = Vec::new();
    let all = report.finding_count();
    if all > MOST_FINDINGS as u64 {
        told.push(format!(
            "Findings: the first {} of {}; findings.jsonl holds all.",
            grouped(MOST_FINDINGS as u64),
            grouped(all)
        ));
    }
    if limits.links >= MOST_LINKS {
        told.push(format!(
            "Links: the first {} records are links, the others plain ids, since Excel takes no more links on a sheet.",
            grouped(u64::from(MOST_LINKS)),
        ));
    }
    if report.origins().instance.is_none() && all > 0 {
        told.push("Links: the Salesforce instance is not known, so record ids are plain text.".to_owned());
    }
    if limits.cut > 0 {
        told.push(format!(
            "Texts: {} cut; findings.jsonl holds the whole values.",
            counted(limits.cut, "cell was", "cells were")
        ));
    }
    told
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
