//! `findings.jsonl`: every finding with all its evidence, one a line, values untouched.

use serde::Serialize;

use crate::evidence::{Evidence, Origin, Text};
use crate::finding::Finding;
use crate::model::provenance::Origins;
use crate::render::RenderError;
use crate::render::inert::InertJson;
use crate::report::Report;

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    check: &'a str,
    severity: crate::check::Severity,
    owner: crate::check::Owner,
    subject: &'a str,
    salesforce_object: Option<crate::model::provenance::SfObject>,
    salesforce_id: Option<String>,
    learner_id: Option<u64>,
    course_id: Option<u64>,
    field: &'a str,
    expected: &'a str,
    found: &'a str,
    since: Option<crate::model::instant::Instant>,
    because_of: Option<&'a str>,
    evidence: Vec<Piece<'a>>,
}

#[derive(Serialize)]
struct Piece<'a> {
    #[serde(flatten)]
    origin: Source<'a>,
    says: Says<'a>,
}

#[derive(Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
enum Source<'a> {
    Record { object: &'a str, id: String },
    Export { file: &'a str, line: u32 },
    NotReturned { object: &'a str, filter: &'a str },
    Setup { what: &'a str },
    Inputs,
}

/// Field and value in their order.
struct Says<'a>(&'a [(&'static str, Text)]);

impl Serialize for Says<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, text)| (field, text.raw())))
    }
}

/// Every finding, one JSON object a line.
///
/// # Errors
/// None that a report can cause.
pub fn lines(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    for finding in report.findings() {
        line(&finding, report.origins())
            .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, InertJson))?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

fn line<'a>(finding: &'a Finding, origins: &'a Origins) -> Line<'a> {
    Line {
        key: &finding.key,
        check: finding.check.id,
        severity: finding.check.severity,
        owner: finding.check.owner,
        subject: finding.kind,
        salesforce_object: finding.ids.record.map(|(object, _)| object),
        salesforce_id: finding.ids.record.map(|(_, id)| id.to_string()),
        learner_id: finding.ids.learner,
        course_id: finding.ids.course,
        field: &finding.telling.field,
        expected: finding.telling.expected.raw(),
        found: finding.telling.found.raw(),
        since: finding.telling.since,
        because_of: finding.because_of.as_deref(),
        evidence: finding.evidence().map(|evidence| piece(evidence, origins)).collect(),
    }
}

fn piece<'a>(evidence: &'a Evidence, origins: &'a Origins) -> Piece<'a> {
    use crate::model::word::Word as _;
    let origin = match &evidence.origin {
        Origin::Record { object, id } => Source::Record { object: object.word(), id: id.to_string() },
        Origin::Line(place) => {
            Source::Export { file: &origins.exports[usize::from(place.file)].name, line: place.line }
        }
        Origin::NotReturned { object, filter } => Source::NotReturned { object: object.word(), filter },
        Origin::Setup { what } => Source::Setup { what },
        Origin::Inputs => Source::Inputs,
    };
    Piece { origin, says: Says(&evidence.says) }
}
