//! One finding as a JSON line of `findings.jsonl`, for reading and writing: values unmodified, personal fields listed
//! under `personal`, so that readers of the file can identify them.
//!
//! Must not know: files.

use std::borrow::Cow;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::checks::check::{Check, Owner, Severity};
use crate::checks::evidence::{Evidence, FindingDetail, Origin, Text};
use crate::checks::finding::{Finding, Kind};
use crate::model::fingerprint::{Ids, Key};
use crate::model::id::RecordId;
use crate::model::input::ExportFile;
use crate::model::instant::Instant;
use crate::model::object::SfObject;
use crate::model::origins::Origins;
use crate::model::source_line::SourceLine;

/// A finding.
#[derive(Debug, Serialize, Deserialize)]
pub struct FindingRecord<'a> {
    key: Key,
    #[serde(borrow)]
    check: Cow<'a, str>,
    severity: Severity,
    owner: Owner,
    subject: Kind,
    salesforce_object: Option<SfObject>,
    salesforce_id: Option<RecordId>,
    learner_id: Option<u64>,
    course_id: Option<u64>,
    #[serde(borrow)]
    field: Cow<'a, str>,
    #[serde(borrow)]
    expected: Cow<'a, str>,
    #[serde(borrow)]
    found: Cow<'a, str>,
    since: Option<Instant>,
    #[serde(rename = "because_of")]
    caused_by: Option<Key>,
    /// Which of `expected` and `found` may be personal.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    personal: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    evidence: Vec<Piece<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Piece<'a> {
    #[serde(flatten, borrow)]
    origin: Source<'a>,
    #[serde(borrow)]
    says: FieldList<'a>,
    /// Which fields may be personal.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    personal: Vec<Cow<'a, str>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
enum Source<'a> {
    Record { object: SfObject, id: RecordId },
    Export { file: Cow<'a, str>, line: u32 },
    NotReturned { object: SfObject, filter: Cow<'a, str> },
    Setup { what: Cow<'a, str> },
    Inputs,
}

/// Fields and values in order.
#[derive(Debug)]
struct FieldList<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Serialize for FieldList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, value)| (field, value)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for FieldList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(Cow<'de, str>, Cow<'de, str>)>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("fields and their values")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut says = Vec::new();
                while let Some((field, value)) = map.next_entry::<String, String>()? {
                    says.push((Cow::Owned(field), Cow::Owned(value)));
                }
                Ok(says)
            }
        }
        deserializer.deserialize_map(InOrder).map(FieldList)
    }
}

impl<'a> FindingRecord<'a> {
    /// A finding in the form of the line.
    #[must_use]
    pub fn new(finding: &'a Finding, origins: &'a Origins) -> Self {
        let detail = &finding.detail;
        Self {
            key: finding.key,
            check: Cow::Borrowed(finding.check.id),
            severity: finding.check.severity,
            owner: finding.check.owner,
            subject: finding.kind,
            salesforce_object: finding.ids.record.map(|(object, _)| object),
            salesforce_id: finding.ids.record.map(|(_, id)| id),
            learner_id: finding.ids.learner,
            course_id: finding.ids.course,
            field: Cow::Borrowed(&detail.field),
            expected: Cow::Borrowed(detail.expected.raw()),
            found: Cow::Borrowed(detail.found.raw()),
            since: detail.since,
            caused_by: finding.caused_by,
            personal: personal([("expected", &detail.expected), ("found", &detail.found)].into_iter()),
            evidence: finding.evidence().map(|evidence| piece(evidence, origins)).collect(),
        }
    }

    /// The check named in the line.
    #[must_use]
    pub fn check(&self) -> &str {
        &self.check
    }

    /// Converts the line to a finding of this check; its evidence names files of the export.
    ///
    /// # Errors
    /// If the line is invalid, in words.
    pub fn finding(self, check: &'static Check, exports: &[ExportFile]) -> Result<Finding, String> {
        let FindingRecord { salesforce_object, salesforce_id, personal, evidence, .. } = self;
        let is_personal = |name: &str| personal.iter().any(|field| field == name);
        let mut evidence = evidence.into_iter().map(|piece| piece.evidence(exports));
        let first = evidence.next().ok_or("a finding without evidence")??;
        Ok(Finding {
            key: self.key,
            check,
            kind: self.subject,
            ids: Ids { record: salesforce_object.zip(salesforce_id), learner: self.learner_id, course: self.course_id },
            detail: FindingDetail {
                field: Cow::Owned(self.field.into_owned()),
                expected: text(self.expected, is_personal("expected")),
                found: text(self.found, is_personal("found")),
                since: self.since,
                evidence: first,
                related: evidence.collect::<Result<_, _>>()?,
            },
            caused_by: self.caused_by,
        })
    }
}

fn text(value: Cow<'_, str>, personal: bool) -> Text {
    if personal { Text::personal(value.into_owned()) } else { Text::public(value.into_owned()) }
}

fn personal<'a>(fields: impl Iterator<Item = (&'a str, &'a Text)>) -> Vec<Cow<'a, str>> {
    fields.filter(|(_, text)| text.is_personal()).map(|(field, _)| Cow::Borrowed(field)).collect()
}

fn piece<'a>(evidence: &'a Evidence, origins: &'a Origins) -> Piece<'a> {
    let origin = match &evidence.origin {
        Origin::Record { object, id } => Source::Record { object: *object, id: *id },
        Origin::Line(place) => {
            Source::Export { file: Cow::Borrowed(&origins.exports[usize::from(place.file)].name), line: place.line }
        }
        Origin::NotReturned { object, filter } => {
            Source::NotReturned { object: *object, filter: Cow::Borrowed(filter) }
        }
        Origin::Setup { what } => Source::Setup { what: Cow::Borrowed(what) },
        Origin::Inputs => Source::Inputs,
    };
    let fields = || evidence.fields.iter().map(|(field, text)| (&**field, text));
    Piece {
        origin,
        says: FieldList(fields().map(|(field, text)| (Cow::Borrowed(field), Cow::Borrowed(text.raw()))).collect()),
        personal: personal(fields()),
    }
}

impl Piece<'_> {
    fn evidence(self, exports: &[ExportFile]) -> Result<Evidence, String> {
        let origin = match self.origin {
            Source::Record { object, id } => Origin::Record { object, id },
            Source::Export { file, line } => {
                let place = exports.iter().position(|export| export.name == file);
                let place = place.and_then(|place| u16::try_from(place).ok());
                Origin::Line(SourceLine {
                    file: place.ok_or_else(|| format!("`{file}` is no file of this run"))?,
                    line,
                })
            }
            Source::NotReturned { object, filter } => Origin::NotReturned { object, filter: filter.into_owned() },
            Source::Setup { what } => Origin::Setup { what: what.into_owned() },
            Source::Inputs => Origin::Inputs,
        };
        let personal = self.personal;
        let says = self.says.0.into_iter().map(|(field, value)| {
            let is_personal = personal.contains(&field);
            (Cow::Owned(field.into_owned()), text(value, is_personal))
        });
        Ok(Evidence { origin, fields: says.collect() })
    }
}
