//! The tables of the pack. Every value passes through [`Names::Withheld`]; no table names a line of
//! the customer's export.

use std::borrow::Cow;
use std::io::Write;

use crate::evidence::{Evidence, Origin, Text};
use crate::finding::Finding;
use crate::model::customisation::Customisation;
use crate::model::id::SfId;
use crate::model::instant::Instant;
use crate::model::word::{Tally, Word};
use crate::redact::Names;
use crate::render::RenderError;
use crate::render::inert::csv_cell;
use crate::render::pack::samples::Dated;
use crate::render::pack::words::short;
use crate::render::timeline::Day;
use crate::report::Report;
use crate::report::stalls::day;

/// Examples of one check.
const MOST_EXAMPLES: usize = 25;
/// Characters of one cell; values that are not personal are short, this bounds what is not.
const MOST_CHARACTERS: usize = 1_000;

type Rows = Result<Option<u64>, RenderError>;

fn shown(text: &Text) -> String {
    csv_cell(&short(&Names::Withheld.show(text), MOST_CHARACTERS)).into_owned()
}

fn number(id: Option<u64>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}

/// The cells that every table of findings starts with.
fn cells(finding: &Finding) -> [String; 13] {
    let Finding { key, check, kind: _, ids, telling, because_of } = finding;
    [
        key.to_string(),
        check.id.to_owned(),
        check.severity.word().to_owned(),
        check.owner.word().to_owned(),
        ids.record.map_or_else(String::new, |(object, _)| object.word().to_owned()),
        ids.record.map_or_else(String::new, |(_, id)| id.to_string()),
        number(ids.learner),
        number(ids.course),
        csv_cell(&short(&telling.field, MOST_CHARACTERS)).into_owned(),
        shown(&telling.expected),
        shown(&telling.found),
        telling.since.map_or_else(String::new, |since| since.to_string()),
        because_of.map_or_else(String::new, |key| key.to_string()),
    ]
}

const HEADINGS: [&str; 13] = [
    "key",
    "check",
    "severity",
    "owner",
    "object",
    "record_id",
    "learner_id",
    "course_id",
    "field",
    "expected",
    "found",
    "since",
    "because_of",
];

/// Every finding; returns the moments of the findings, check by check.
pub(super) fn findings<'a>(report: &'a Report, out: &mut dyn Write) -> Result<Vec<Dated<'a>>, RenderError> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS)?;
    let mut dated = Vec::new();
    for result in report.found() {
        let mut since: Vec<Option<Instant>> = Vec::with_capacity(result.findings);
        for finding in report.findings_of(result) {
            writer.write_record(cells(&finding))?;
            since.push(finding.telling.since);
        }
        dated.push(Dated { result, since });
    }
    writer.flush()?;
    Ok(dated)
}

/// Of each check the oldest finding, the newest and some between, with their evidence.
pub(super) fn examples(report: &Report, dated: &[Dated<'_>], out: &mut dyn Write) -> Rows {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS.iter().chain(&["chosen", "evidence"]))?;
    let mut rows = 0;
    for check in dated {
        for (at, chosen) in check.pick(MOST_EXAMPLES) {
            let Some(finding) = report.finding(check.result, at) else { continue };
            let evidence: Vec<String> = finding.evidence().map(evidence).collect();
            let evidence = short(&evidence.join(" / "), 4 * MOST_CHARACTERS);
            writer.write_record(cells(&finding).iter().map(String::as_str).chain([chosen, &csv_cell(&evidence)]))?;
            rows += 1;
        }
    }
    writer.flush()?;
    Ok(Some(rows))
}

/// One piece of evidence on one line. A query that returned nothing is named by its object alone,
/// since its condition may hold a value of a person.
fn evidence(evidence: &Evidence) -> String {
    let origin: Cow<'_, str> = match &evidence.origin {
        Origin::Record { object, id } => Cow::Owned(format!("{object} {id}")),
        Origin::Line(_) => Cow::Borrowed("Docebo export"),
        Origin::NotReturned { object, filter: _ } => Cow::Owned(format!("no such row in {object}")),
        Origin::Setup { what } => Cow::Owned(format!("setup, {what}")),
        Origin::Inputs => Cow::Borrowed("inputs"),
    };
    let says: Vec<String> = evidence
        .says
        .iter()
        .map(|(field, text)| {
            let value = Names::Withheld.show(text);
            format!(
                "{field} = {}",
                if value.is_empty() { Cow::Borrowed("(blank)") } else { Cow::Owned(short(&value, 200)) }
            )
        })
        .collect();
    if says.is_empty() { origin.into_owned() } else { format!("{origin}: {}", says.join(", ")) }
}

/// The timeline: each day with what fell due and what was written.
pub(super) fn per_day(days: &[Day], out: &mut dyn Write) -> Rows {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["day", "enrollments_due", "records_written", "stalled"])?;
    for date in days {
        let stalled = if date.stalled { "yes" } else { "no" };
        writer.write_record([day(date.day), date.due.to_string(), date.written.to_string(), stalled.to_owned()])?;
    }
    writer.flush()?;
    Ok(Some(days.len() as u64))
}

/// A name, a total, and the values that must add up to it.
type Population = (&'static str, u64, Vec<(&'static str, u64)>);

/// The equations: every population with its total, the values that add up to it, and what is left.
pub(super) fn control_totals(report: &Report, out: &mut dyn Write) -> Rows {
    let totals = report.totals();
    let (docebo, salesforce) = (&totals.enrollments.docebo, &totals.enrollments.salesforce);
    let learners = &totals.learners;
    let populations: [Population; 5] = [
        ("learners by link", learners.total, terms(&learners.link)),
        ("learners by outbound", learners.total, terms(&learners.outbound)),
        ("Docebo enrollments", docebo.total, docebo.terms()),
        ("Salesforce course enrollments", salesforce.total, salesforce.terms()),
        ("contacts by forecast", totals.contacts.total, terms(&totals.contacts.forecast)),
    ];
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["ref", "population", "value", "records"])?;
    let mut rows = 0;
    let mut write = |at: usize, population: &str, value: &str, records: &str| {
        rows += 1;
        writer.write_record([&format!("C{}", at + 1), population, value, records])
    };
    for (at, (population, total, terms)) in populations.iter().enumerate() {
        write(at, population, "total", &total.to_string())?;
        for (value, count) in terms {
            write(at, population, value, &count.to_string())?;
        }
        let accounted: u64 = terms.iter().map(|&(_, count)| count).sum();
        write(at, population, "not accounted for", &(i128::from(*total) - i128::from(accounted)).to_string())?;
    }
    writer.flush()?;
    Ok(Some(rows))
}

fn terms<W: Word>(tally: &Tally<W>) -> Vec<(&'static str, u64)> {
    tally.iter().map(|(value, count)| (value.word(), count)).collect()
}

/// What was built onto the package's objects. Who changed it last is told by the user's record alone.
pub(super) fn customisation(answer: &Customisation, out: &mut dyn Write) -> Rows {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "object",
        "kind",
        "name",
        "package",
        "detail",
        "id",
        "last_changed",
        "changed_by_user",
        "not_asked",
    ])?;
    let id = |id: Option<SfId>| id.map_or_else(String::new, |id| id.to_string());
    for part in &answer.parts {
        writer.write_record([
            part.object.word(),
            part.kind.word(),
            &csv_cell(&short(&part.name, MOST_CHARACTERS)),
            &csv_cell(&short(&part.namespace, MOST_CHARACTERS)),
            &csv_cell(&short(&part.detail, MOST_CHARACTERS)),
            &id(part.id),
            &part.changed.map_or_else(String::new, |changed| changed.to_string()),
            &id(part.changed_by_id),
            "",
        ])?;
    }
    for unseen in &answer.unseen {
        let unseen = csv_cell(&short(unseen, MOST_CHARACTERS)).into_owned();
        writer.write_record(["", "", "", "", "", "", "", "", &unseen])?;
    }
    writer.flush()?;
    Ok(Some((answer.parts.len() + answer.unseen.len()) as u64))
}

/// The files that were read; none of their content.
pub(super) fn sources(report: &Report, out: &mut dyn Write) -> Rows {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "side",
        "holds",
        "file",
        "rows",
        "rejects",
        "counted_by_salesforce",
        "encoding",
        "delimiter",
        "dates",
        "sha256",
    ])?;
    let inputs = &report.origins().inputs;
    for input in inputs {
        writer.write_record([
            &*input.side,
            &csv_cell(&input.holds),
            &csv_cell(&input.file),
            &input.rows.to_string(),
            &input.rejects.to_string(),
            &number(input.counted),
            &csv_cell(&input.encoding),
            &csv_cell(input.delimiter.as_deref().unwrap_or("")),
            &csv_cell(input.dates.as_deref().unwrap_or("")),
            &input.sha256,
        ])?;
    }
    writer.flush()?;
    Ok(Some(inputs.len() as u64))
}
