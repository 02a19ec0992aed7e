//! The tables of the pack. Every value passes through the [`Redaction`]; no table names a line of the customer's
//! export.

use std::borrow::Cow;
use std::io::Write;

use serde::Serialize;

use crate::checks::check::{Owner, Severity};
use crate::checks::evidence::{Evidence, Origin};
use crate::checks::finding::Finding;
use crate::model::customization::Customisation;
use crate::model::fingerprint::Key;
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::key::apart;
use crate::model::label::{Label, Tally};
use crate::model::object::SfObject;
use crate::outputs::RenderError;
use crate::outputs::pack::scope::Scope;
use crate::outputs::pack::wording::short;
use crate::outputs::redact::Redaction;
use crate::outputs::sanitize::{SanitizedJson, csv_cell, escape_controls};
use crate::outputs::timeline::Day;
use crate::outputs::wording;
use crate::report::stalls::day;
use crate::report::{Report, word_schema};
use crate::stalls::Stall;

/// Maximum examples per check.
const MAX_EXAMPLES: usize = 25;
/// Maximum characters per cell; non-personal values are short, so this only limits others.
const MAX_CHARACTERS: usize = 1_000;

type Rows = Result<Option<u64>, RenderError>;

fn cell(text: &str) -> String {
    csv_cell(&short(text, MAX_CHARACTERS)).into_owned()
}

fn number(id: Option<u64>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}

/// A finding as the pack tells it: a line of `findings.jsonl`, and what every table of findings starts with.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "finding of an evidence pack")]
pub(super) struct PackedFinding {
    /// Stable between runs: quote it.
    #[schemars(with = "String")]
    key: Key,
    /// The check that fired.
    check: &'static str,
    /// How much it matters.
    #[schemars(schema_with = "word_schema::<Severity>")]
    severity: Severity,
    /// Who must act.
    #[schemars(schema_with = "word_schema::<Owner>")]
    owner: Owner,
    /// The object of the Salesforce record.
    #[schemars(with = "Option<String>")]
    object: Option<SfObject>,
    /// The Salesforce record.
    #[schemars(with = "Option<String>")]
    record_id: Option<RecordId>,
    /// The Docebo user.
    learner_id: Option<u64>,
    /// The Docebo course.
    course_id: Option<u64>,
    /// The field or relation in question.
    field: String,
    /// What should stand there.
    expected: String,
    /// What does.
    found: String,
    /// How two personal values differ, in words that give neither away; blank elsewhere.
    difference: &'static str,
    /// Since when it should be otherwise.
    #[schemars(with = "Option<String>")]
    since: Option<Instant>,
    /// The key of the finding that this one is because of.
    #[schemars(with = "Option<String>")]
    #[serde(rename = "because_of")]
    caused_by: Option<Key>,
}

impl PackedFinding {
    fn new(finding: &Finding, redaction: &Redaction<'_>) -> Self {
        let Finding { key, check, kind: _, ids, detail, caused_by } = finding;
        let (expected, found) = (&detail.expected, &detail.found);
        let personal = expected.is_personal() && found.is_personal();
        Self {
            key: *key,
            check: check.id,
            severity: check.severity,
            owner: check.owner,
            object: ids.record.map(|(object, _)| object),
            record_id: ids.record.map(|(_, id)| id),
            learner_id: ids.learner,
            course_id: ids.course,
            field: short(&escape_controls(&detail.field), MAX_CHARACTERS),
            expected: short(&escape_controls(&redaction.show("expected", expected)), MAX_CHARACTERS),
            found: short(&escape_controls(&redaction.show("found", found)), MAX_CHARACTERS),
            difference: if personal { apart(expected.raw(), found.raw()).unwrap_or("") } else { "" },
            since: detail.since,
            caused_by: *caused_by,
        }
    }

    fn cells(&self) -> [String; 14] {
        let text = |id: Option<RecordId>| id.map_or_else(String::new, |id| id.to_string());
        [
            self.key.to_string(),
            self.check.to_owned(),
            self.severity.label().to_owned(),
            self.owner.label().to_owned(),
            self.object.map_or("", |object| object.label()).to_owned(),
            text(self.record_id),
            number(self.learner_id),
            number(self.course_id),
            cell(&self.field),
            cell(&self.expected),
            cell(&self.found),
            self.difference.to_owned(),
            self.since.map_or_else(String::new, |since| since.to_string()),
            self.caused_by.map_or_else(String::new, |key| key.to_string()),
        ]
    }
}

const HEADINGS: [&str; 14] = [
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
    "difference",
    "since",
    "because_of",
];

/// Every finding of the case.
pub(super) fn findings(report: &Report, scope: &Scope<'_>, redaction: &Redaction<'_>, out: &mut dyn Write) -> Rows {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS)?;
    for finding in scope.parts.iter().flat_map(|part| part.findings(report)) {
        writer.write_record(PackedFinding::new(&finding, redaction).cells())?;
    }
    writer.flush()?;
    Ok(Some(scope.count()))
}

/// Every finding for programs, one JSON object per line.
pub(super) fn lines(report: &Report, scope: &Scope<'_>, redaction: &Redaction<'_>, out: &mut dyn Write) -> Rows {
    for finding in scope.parts.iter().flat_map(|part| part.findings(report)) {
        PackedFinding::new(&finding, redaction)
            .serialize(&mut serde_json::Serializer::with_formatter(&mut *out, SanitizedJson))?;
        out.write_all(b"\n")?;
    }
    Ok(Some(scope.count()))
}

/// Each check's oldest finding, the newest and some between, with their evidence.
pub(super) fn examples(report: &Report, scope: &Scope<'_>, redaction: &Redaction<'_>, out: &mut dyn Write) -> Rows {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS.iter().chain(&["chosen", "evidence"]))?;
    let mut rows = 0;
    for (finding, chosen) in scope.parts.iter().flat_map(|part| part.pick(report, MAX_EXAMPLES)) {
        let evidence: Vec<String> = finding.evidence().map(|piece| evidence(piece, redaction)).collect();
        let evidence = short(&evidence.join(" / "), 4 * MAX_CHARACTERS);
        let cells = PackedFinding::new(&finding, redaction).cells();
        writer.write_record(cells.iter().map(String::as_str).chain([chosen, &csv_cell(&evidence)]))?;
        rows += 1;
    }
    writer.flush()?;
    Ok(Some(rows))
}

/// One piece of evidence on one line. A query without results is identified only by its object, since its condition
/// may contain a personal value.
fn evidence(evidence: &Evidence, redaction: &Redaction<'_>) -> String {
    let origin: Cow<'_, str> = match &evidence.origin {
        Origin::Record { object, id } => Cow::Owned(format!("{object} {id}")),
        Origin::Line(_) => Cow::Borrowed("Docebo export"),
        Origin::NotReturned { object, filter: _ } => Cow::Owned(format!("no such row in {object}")),
        Origin::Setup { what } => Cow::Owned(format!("setup, {what}")),
        Origin::Inputs => Cow::Borrowed("inputs"),
    };
    let says: Vec<String> = evidence
        .fields
        .iter()
        .map(|(field, text)| {
            let value = redaction.show(field, text);
            format!(
                "{field} = {}",
                if value.is_empty() { Cow::Borrowed("(blank)") } else { Cow::Owned(short(&value, 200)) }
            )
        })
        .collect();
    if says.is_empty() { origin.into_owned() } else { format!("{origin}: {}", says.join(", ")) }
}

/// The timeline: enrollments due and written per day.
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

/// Events in order: for each stall the last write before it, its bounds, the first event that should have followed,
/// and incidents near its onset.
pub(super) fn events(report: &Report, out: &mut dyn Write) -> Rows {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["at", "what", "object", "record_id", "learner_id", "course_id", "note"])?;
    let mut events: Vec<[String; 7]> = report.stalls().found.iter().flat_map(describe_event).collect();
    events.sort();
    for event in &events {
        writer.write_record(event)?;
    }
    writer.flush()?;
    Ok(Some(events.len() as u64))
}

fn describe_event(stall: &Stall) -> Vec<[String; 7]> {
    let blank = String::new;
    let plain = |at: Instant, what: &str, note: String| {
        [at.to_string(), what.to_owned(), blank(), blank(), blank(), blank(), cell(&note)]
    };
    let record = |at: Instant, what: &str, object: SfObject, id: RecordId| {
        [at.to_string(), what.to_owned(), object.label().to_owned(), id.to_string(), blank(), blank(), blank()]
    };
    let mut events = Vec::new();
    if let Some((object, id, at)) = stall.last_write {
        events.push(record(at, "last write before the standstill", object, id));
    }
    if let Some((id, at)) = stall.last_update {
        events.push(record(at, "last change of an enrollment before it", SfObject::CourseEnrollment, id));
    }
    if let Some(first) = stall.first_missing {
        events.push([
            first.due.map_or_else(blank, |due| due.latest().to_string()),
            "first event that should have followed".to_owned(),
            blank(),
            blank(),
            first.learner.to_string(),
            first.course.to_string(),
            stall.stream.things().to_owned(),
        ]);
    }
    let bounds = [(stall.onset.after, "onset, not before"), (stall.onset.before, "onset, not after")];
    let ends = stall.end.map(|end| [(end.after, "end, not before"), (end.before, "end, not after")]);
    for (at, what) in bounds.into_iter().chain(ends.into_iter().flatten()) {
        events.extend(at.map(|at| plain(at, what, wording::stall_heading(stall).to_owned())));
    }
    for incident in &stall.incidents {
        let note = format!("{}; {}; that they coincide does not make it the cause", incident.name, incident.source);
        events.push(plain(incident.start, "known incident begins", note.clone()));
        events.push(plain(incident.end, "known incident ends", note));
    }
    events
}

/// A name, a total, and the values that must add up to it.
type Population = (&'static str, u64, Vec<(&'static str, u64)>);

/// The equations: every population with its total, the values that add up to it, and the remainder.
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

fn terms<W: Label>(tally: &Tally<W>) -> Vec<(&'static str, u64)> {
    tally.iter().map(|(value, count)| (value.label(), count)).collect()
}

/// Customizations of the package's objects. The last editor is identified only by user id.
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
    let id = |id: Option<RecordId>| id.map_or_else(String::new, |id| id.to_string());
    for part in &answer.parts {
        writer.write_record([
            part.object.label(),
            part.kind.label(),
            &csv_cell(&short(&part.name, MAX_CHARACTERS)),
            &csv_cell(&short(&part.namespace, MAX_CHARACTERS)),
            &csv_cell(&short(&part.detail, MAX_CHARACTERS)),
            &id(part.id),
            &part.changed.map_or_else(String::new, |changed| changed.to_string()),
            &id(part.changed_by_id),
            "",
        ])?;
    }
    for unseen in &answer.unseen {
        let unseen = csv_cell(&short(unseen, MAX_CHARACTERS)).into_owned();
        writer.write_record(["", "", "", "", "", "", "", "", &unseen])?;
    }
    writer.flush()?;
    Ok(Some((answer.parts.len() + answer.unseen.len()) as u64))
}

/// The files that were read, without their content.
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
