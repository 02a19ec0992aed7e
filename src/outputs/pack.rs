//! `evidence-pack.zip`: what a support case needs, as a BagIt 1.0 bag, so that the receiver can verify that it is
//! complete and unchanged.
//!
//! It is sent to Docebo, and covers one cause: records are identified by their ids, values that a finding marks as
//! personal pass through a [`Redaction`], names that people chose for files, incidents and list views are replaced by
//! labels, and findings of other causes are counted and omitted.
//!
//! Must not know: any single check.

mod bag;
/// What a support agent asks in every case.
pub(crate) mod environment;
mod method;
/// Which findings are shown as examples.
pub(crate) mod samples;
/// Which part of a run one case covers.
pub(crate) mod scope;
mod sheets;
#[cfg(test)]
mod tests;
/// Wording and formatting shared by ticket and pack.
pub(crate) mod wording;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::checks::check::Check;
use crate::checks::evidence::Text;
use crate::outputs::redact::Redaction;
use crate::outputs::sanitize::{PrettySanitizedJson, SanitizedJson, escape_controls};
use crate::outputs::ticket::{Filled, Ticket};
use crate::outputs::{RenderError, chart, counted, grouped, json, ticket, timeline};
use crate::report::Report;
use crate::report::withheld::Withheld;

use bag::Bag;
pub use bag::{Described, FileClass};
use scope::Scope;
pub use scope::{causes, root};
use wording::{date, fill, utc};

const TIMELINE: &str = include_str!("../../templates/timeline.svg.hbs");
const README: &str = include_str!("../../templates/pack-readme.txt.hbs");

/// A person's consent to show personal fields unredacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The fields.
    pub fields: Vec<String>,
    /// Who consented, and why.
    pub statement: String,
}

/// Scope and redaction of one pack.
#[derive(Debug)]
pub struct Case<'a> {
    /// Case number at Docebo support.
    pub number: Option<&'a str>,
    /// The cause. `None` if there is none for Docebo's support.
    pub cause: Option<&'static Check>,
    /// Redacts personal values.
    pub redaction: Redaction<'a>,
    /// Prefix of the digest of the pseudonym key.
    pub key_id: Option<&'a str>,
    /// Who consented to personal fields.
    pub consent: Option<&'a Consent>,
    /// Ticket answers from the person opening the case.
    pub filled: &'a Filled,
    /// The workbook, if requested.
    pub workbook: Option<&'a [u8]>,
    /// Whether findings appear only as examples and counts.
    pub examples_only: bool,
}

/// A pack.
#[derive(Debug)]
pub struct Pack {
    /// Name of its folder, and of the file without `.zip`.
    pub name: String,
    /// The archive.
    pub bytes: Vec<u8>,
    /// Its files.
    pub files: Vec<Described>,
    /// The ticket.
    pub ticket: Ticket,
    /// Number of findings in it.
    pub findings: u64,
    /// Number of omitted findings of other causes.
    pub left_out: u64,
}

#[derive(Serialize)]
struct Readme {
    platform: String,
    organisation: String,
    exported: String,
    extracted: String,
    cause: String,
    findings: String,
    left_out: String,
    persons: &'static str,
    consent: String,
    contact: String,
    version: &'static str,
}

/// Size in bytes above which support forms and mail gateways refuse a file.
pub const MAX_BYTES: usize = 45_000_000;

/// The pack that every run writes: about the most severe cause, with all personal values withheld, and with only
/// examples and counts if the findings would make it too large to send. The same report gives the same bytes.
///
/// # Errors
/// None for any report.
pub fn zip(report: &Report) -> Result<Vec<u8>, RenderError> {
    let made = |examples_only| {
        let case = Case {
            number: None,
            cause: root(report),
            redaction: Redaction::new(None, &[]),
            key_id: None,
            consent: None,
            filled: &Filled::default(),
            workbook: None,
            examples_only,
        };
        Ok::<_, RenderError>(build(report, &case)?.bytes)
    };
    let bytes = made(false)?;
    if bytes.len() > MAX_BYTES { made(true) } else { Ok(bytes) }
}

/// The pack of a case.
///
/// # Errors
/// None for any report.
pub fn build(report: &Report, case: &Case<'_>) -> Result<Pack, RenderError> {
    let name = name(report, case.cause);
    // User-chosen names of files, incidents and list views are free text.
    let report = &report.without_names();
    let scope = Scope::new(report, case.cause);
    let redaction = &case.redaction;
    for (kind, count) in report.withheld().into_iter().flat_map(Withheld::counts) {
        redaction.note_withheld(&format!("names of {kind}"), count);
    }
    let values = if case.consent.is_some() { FileClass::Personal } else { FileClass::Pseudonymous };
    let mut bag = Bag::new(&name);
    if !case.examples_only {
        bag.payload("findings/findings.csv", "every finding of the case, one a row", values, |out| {
            sheets::findings(report, &scope, redaction, out)
        })?;
        bag.payload("findings/findings.jsonl", "the same for programs, one a line", values, |out| {
            sheets::lines(report, &scope, redaction, out)
        })?;
        bag.by_schema("data/schema/finding.schema.json");
    }
    bag.payload(
        "examples/examples.csv",
        "up to 25 findings a check with their evidence: the oldest, the newest and some between",
        values,
        |out| sheets::examples(report, &scope, redaction, out),
    )?;
    bag.payload("counts/control-totals.csv", "every row read, by what became of it", FileClass::None, |out| {
        sheets::control_totals(report, out)
    })?;
    timeline(&mut bag, report)?;
    bag.payload("analysis.json", "what each check said", FileClass::None, |out| {
        pretty(out, &environment::analysis(report, &scope))
    })?;
    bag.by_schema("data/schema/analysis.schema.json");
    bag.payload("environment/environment.json", "what support asks in every case", FileClass::Pseudonymous, |out| {
        pretty(out, &environment::environment(report))
    })?;
    bag.by_schema("data/schema/environment.schema.json");
    if let Some(answer) = &report.run.customisation {
        bag.payload(
            "environment/customisation.csv",
            "triggers, flows, rules and fields on the nine objects that the package did not ship, and what could not be asked",
            FileClass::Pseudonymous,
            |out| sheets::customisation(answer, out),
        )?;
    }
    provenance(&mut bag, report)?;
    if let Some(workbook) = case.workbook {
        bag.payload("workbook.xlsx", "the workbook of the whole run, without names", FileClass::Pseudonymous, |out| {
            out.write_all(workbook)?;
            Ok(None)
        })?;
    }
    schemas(&mut bag)?;
    bag.payload("redaction/report.json", "what became of personal values, by field", FileClass::None, |out| {
        pretty(out, &environment::redacted(redaction, case.key_id, case.consent))
    })?;
    bag.by_schema("data/schema/redaction.schema.json");
    let files = bag.describe()?;

    // The ticket repeats a few values of the tables, which must not be counted twice.
    let digest = bag.digest();
    let ticket = ticket::compose(report, &scope, &redaction.fresh(), case.filled, &digest)?;
    bag.tag("README.txt", &fill(README, &readme(report, case, &scope))?)?;
    bag.tag("ticket.md", &ticket.markdown)?;
    bag.tag("ticket.txt", &ticket.plain)?;
    let bytes = bag.close(&info(report, case))?;
    let left_out = scope.left_out.iter().map(|(_, count)| count).sum();
    Ok(Pack { name, bytes, files, ticket, findings: scope.count(), left_out })
}

/// The personal fields of a case, each with the files that contain its values.
#[must_use]
pub fn personal_fields(report: &Report, cause: Option<&'static Check>) -> BTreeMap<String, u64> {
    let mut fields: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = |field: &str, text: &Text| {
        if text.is_personal() && !text.raw().is_empty() {
            *fields.entry(field.to_owned()).or_default() += 1;
        }
    };
    for finding in Scope::new(report, cause).parts.iter().flat_map(|part| part.findings(report)) {
        count("expected", &finding.detail.expected);
        count("found", &finding.detail.found);
        finding.evidence().flat_map(|evidence| &evidence.fields).for_each(|(field, text)| count(field, text));
    }
    fields
}

/// Name of the pack: platform, cause, day and run.
#[must_use]
pub fn name(report: &Report, cause: Option<&'static Check>) -> String {
    let host = crate::outputs::wording::platform(report.origins()).unwrap_or("");
    let label = host.split('.').next().unwrap_or("");
    let label: String =
        label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect::<String>().to_lowercase();
    let platform = if label.is_empty() { "docebo".to_owned() } else { label };
    let cause = cause.map_or("nothing", |cause| cause.id);
    format!("docebo-evidence_{platform}_{cause}_{}_{}", date(report.run.read_at()), report.run.run)
}

fn timeline(bag: &mut Bag, report: &Report) -> Result<(), RenderError> {
    let days = timeline::days(report);
    bag.payload(
        "timeline/per-day.csv",
        "each day (UTC): enrollments that fell due, records written, whether the sync stood still",
        FileClass::None,
        |out| sheets::per_day(&days, out),
    )?;
    let shown = timeline::shown(&days);
    if let Some(chart) = chart::chart(shown, days.len()) {
        bag.payload("timeline/per-day.svg", "the same as a drawing", FileClass::None, |out| {
            out.write_all(fill(TIMELINE, &chart)?.as_bytes())?;
            Ok(None)
        })?;
    }
    bag.payload(
        "timeline/events.csv",
        "of each standstill the last write before it, its bounds, the first event that should have followed, incidents",
        FileClass::Pseudonymous,
        |out| sheets::events(report, out),
    )
}

/// How the results were obtained, so that a third person can reproduce them.
fn provenance(bag: &mut Bag, report: &Report) -> Result<(), RenderError> {
    bag.payload("method/rules.md", "the rules in force and every check in words", FileClass::None, |out| {
        out.write_all(method::text(report).as_bytes())?;
        Ok(None)
    })?;
    bag.payload(
        "method/config.redacted.toml",
        "the configuration in force, without paths and secrets",
        FileClass::None,
        |out| {
            out.write_all(method::configuration(report).as_bytes())?;
            Ok(None)
        },
    )?;
    let extraction = &report.origins().extraction;
    if !extraction.queries.is_empty() {
        bag.payload(
            "method/queries.soql",
            "each query, with what was counted and read, and when",
            FileClass::None,
            |out| {
                out.write_all(method::queries(extraction).as_bytes())?;
                Ok(None)
            },
        )?;
    }
    if extraction.requests > 0 {
        bag.payload(
            "log/requests.jsonl",
            "each request of the extraction, by Salesforce's clock",
            FileClass::Pseudonymous,
            |out| {
                for request in &extraction.log {
                    request.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, SanitizedJson))?;
                    out.write_all(b"\n")?;
                }
                Ok(Some(extraction.log.len() as u64))
            },
        )?;
    }
    bag.payload(
        "report.json",
        "the run as programs read it: verdict, totals, checks, inputs",
        FileClass::None,
        |out| {
            // In one piece: deflate's output depends on how its input is split.
            out.write_all(&json::report(report)?)?;
            Ok(None)
        },
    )?;
    bag.payload("sources/sources.csv", "the files that were read, with their digests", FileClass::None, |out| {
        sheets::sources(report, out)
    })
}

/// The schemas of the machine-readable files.
fn schemas(bag: &mut Bag) -> Result<(), RenderError> {
    for (name, schema) in [
        ("schema/finding.schema.json", schemars::schema_for!(sheets::PackedFinding)),
        ("schema/analysis.schema.json", schemars::schema_for!(environment::Analysis)),
        ("schema/environment.schema.json", schemars::schema_for!(environment::Environment)),
        ("schema/redaction.schema.json", schemars::schema_for!(environment::Redacted)),
    ] {
        bag.payload(name, "the form of a file of this pack, as a JSON Schema", FileClass::None, |out| {
            pretty(out, &schema)
        })?;
    }
    Ok(())
}

fn pretty(out: &mut dyn std::io::Write, value: &impl Serialize) -> Result<Option<u64>, RenderError> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, PrettySanitizedJson::default()))?;
    out.write_all(b"\n")?;
    Ok(None)
}

fn readme(report: &Report, case: &Case<'_>, scope: &Scope<'_>) -> Readme {
    let origins = report.origins();
    let moment = |instant: Option<_>| instant.map_or_else(|| "not known".to_owned(), utc);
    let left_out: Vec<String> =
        scope.left_out.iter().map(|(result, count)| format!("{} ({})", result.check.id, grouped(*count))).collect();
    Readme {
        platform: origins
            .platform
            .as_deref()
            .map_or_else(|| "[to fill: platform URL]".to_owned(), |url| escape_controls(url).into_owned()),
        organisation: origins.org_id.map_or_else(|| "[to fill: organization id]".to_owned(), |id| id.to_string()),
        exported: moment(origins.exported_at),
        extracted: moment(origins.extracted_at),
        cause: case.cause.map_or_else(|| "none".to_owned(), |cause| format!("{}: {}", cause.id, cause.title)),
        findings: counted(scope.count(), "finding", "findings"),
        left_out: left_out.join(", "),
        persons: if case.redaction.has_pseudonyms() {
            "In place of usernames, keys and whatever else the tool knows to be personal stand pseudonyms: p_ and sixteen\n\
             characters, equal ones for equal values in all packs of this case. The key to them stays with the\n\
             customer. It is still personal data, pseudonymised."
        } else {
            "Names, usernames, e-mail addresses and whatever else the tool knows to be personal are left out; where\n\
             one would stand it says [withheld]."
        },
        consent: case.consent.map_or_else(String::new, |consent| {
            format!(
                "{} shown as they are: {}",
                escape_controls(&consent.fields.join(", ")),
                escape_controls(&consent.statement)
            )
        }),
        contact: if case.filled.contact.is_empty() {
            "[to fill: name, e-mail address, time zone]".to_owned()
        } else {
            escape_controls(&case.filled.contact).into_owned()
        },
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The lines of `bag-info.txt`. The date is the export's, because there is no clock here.
fn info(report: &Report, case: &Case<'_>) -> Vec<(&'static str, String)> {
    let origins = report.origins();
    let persons = if case.consent.is_some() {
        "record ids and, by consent, personal values"
    } else if case.redaction.has_pseudonyms() {
        "record ids and pseudonyms, no personal values"
    } else {
        "record ids, no personal values"
    };
    let mut info = vec![
        ("Bag-Software-Agent", format!("tieout {}", env!("CARGO_PKG_VERSION"))),
        ("External-Description", format!("Comparison of a Docebo export with Salesforce; {persons}")),
        ("Internal-Sender-Identifier", report.run.run.clone()),
    ];
    if !case.filled.contact.is_empty() {
        info.push(("Contact-Name", escape_controls(&case.filled.contact).into_owned()));
    }
    if let Some(made) = origins.exported_at.or(origins.extracted_at) {
        info.push(("Bagging-Date", date(made)));
    }
    if let Some(organisation) = origins.org_id {
        info.push(("Internal-Sender-Description", format!("Salesforce organization {organisation}")));
    }
    if let Some(number) = case.number {
        info.push(("External-Identifier", escape_controls(number).into_owned()));
    }
    info
}
