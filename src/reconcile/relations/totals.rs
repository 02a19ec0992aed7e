//! The equations that account for every row: on each side, the values add up to the rows read.

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::{Deserialize, Serialize};

use crate::model::excluded::Exclusion;
use crate::model::input::ExportKind;
use crate::model::label::{Label, Tally};
use crate::model::object::SfObject;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::enrollment::EnrollmentMatch;
use crate::reconcile::relations::forecast::Forecast;
use crate::reconcile::relations::link::Link;
use crate::reconcile::relations::outbound::Outbound;
use crate::reconcile::relations::people::People;
use crate::reconcile::relations::records::Records;
use crate::reconcile::relations::row_value;

/// Rows by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Totals {
    /// Learners.
    pub learners: LearnerTotals,
    /// Enrollments.
    pub enrollments: EnrollmentTotals,
    /// Contacts.
    pub contacts: ContactTotals,
}

/// Learners by link and by outbound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LearnerTotals {
    /// Learners that the export names.
    pub total: u64,
    /// Rows beneath the headings of the *Users* report.
    pub rows: u64,
    /// Rows of the *Users* report that could not be read.
    pub rejected: u64,
    /// Further rows of the *Users* report for the same learner.
    pub repeated: u64,
    /// Learners that stand only in the enrollments report.
    pub enrollments_only: u64,
    /// By `link`.
    pub link: Tally<Link>,
    /// By `outbound`.
    pub outbound: Tally<Outbound>,
}

/// Enrollments, side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EnrollmentTotals {
    /// Rows of the export.
    pub docebo: DoceboTotals,
    /// Rows of `docebo_v3__CourseEnrollment__c`.
    pub salesforce: SalesforceTotals,
}

/// Rows of the enrollments export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoceboTotals {
    /// Rows beneath the headings.
    pub total: u64,
    /// Archived rows.
    pub archived: u64,
    /// Rows that could not be read.
    pub rejected: u64,
    /// Further rows of the same enrollment.
    pub repeated: u64,
    /// By `enrollment`.
    pub values: Tally<EnrollmentMatch>,
}

/// Rows of the Salesforce object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SalesforceTotals {
    /// Rows read.
    pub total: u64,
    /// By `enrollment`.
    pub values: Tally<EnrollmentMatch>,
}

/// Contacts by forecast.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ContactTotals {
    /// Rows read.
    pub total: u64,
    /// By `forecast`.
    pub forecast: Tally<Forecast>,
}

impl DoceboTotals {
    /// The terms that must add up to the total, in output order.
    #[must_use]
    pub fn terms(&self) -> Vec<(&'static str, u64)> {
        let mut terms = vec![("archived", self.archived), ("rejected", self.rejected), ("repeated", self.repeated)];
        terms.extend(EnrollmentMatch::OF_DOCEBO.iter().map(|&value| (value.label(), self.values.get(value))));
        terms
    }
}

impl SalesforceTotals {
    /// The terms that must add up to the total, in output order.
    #[must_use]
    pub fn terms(&self) -> Vec<(&'static str, u64)> {
        EnrollmentMatch::OF_SALESFORCE.iter().map(|&value| (value.label(), self.values.get(value))).collect()
    }
}

fn serialize_terms<S: serde::Serializer>(
    total: u64,
    terms: &[(&'static str, u64)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;
    let mut map = serializer.serialize_map(Some(terms.len() + 1))?;
    map.serialize_entry("total", &total)?;
    for (word, count) in terms {
        map.serialize_entry(word, count)?;
    }
    map.end()
}

fn terms_schema(terms: &[(&'static str, u64)], description: &str) -> schemars::Schema {
    let words: Vec<&str> = std::iter::once("total").chain(terms.iter().map(|&(word, _)| word)).collect();
    let properties: serde_json::Map<String, serde_json::Value> =
        words.iter().map(|&word| (word.to_owned(), serde_json::json!({"type": "integer", "minimum": 0}))).collect();
    schemars::json_schema!({
        "type": "object",
        "description": description,
        "properties": properties,
        "required": words,
        "additionalProperties": false,
    })
}

impl Serialize for DoceboTotals {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_terms(self.total, &self.terms(), serializer)
    }
}

impl Serialize for SalesforceTotals {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_terms(self.total, &self.terms(), serializer)
    }
}

/// Removes the terms that are not relation values from the file's map; the rest are values.
fn take_terms<'de, D: serde::Deserializer<'de>, const N: usize>(
    deserializer: D,
    named: [&str; N],
) -> Result<([u64; N], Tally<EnrollmentMatch>), D::Error> {
    use serde::de::Error as _;
    let mut terms = std::collections::BTreeMap::<String, u64>::deserialize(deserializer)?;
    let mut counts = [0; N];
    for (count, name) in counts.iter_mut().zip(named) {
        *count = terms.remove(name).ok_or_else(|| D::Error::custom(format!("`{name}` is missing")))?;
    }
    let mut values = Tally::default();
    for (word, count) in terms {
        let value = EnrollmentMatch::parse(&word).ok_or_else(|| D::Error::custom(format!("`{word}` is no value")))?;
        values.set(value, count);
    }
    Ok((counts, values))
}

impl<'de> Deserialize<'de> for DoceboTotals {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ([total, archived, rejected, repeated], values) =
            take_terms(deserializer, ["total", "archived", "rejected", "repeated"])?;
        Ok(Self { total, archived, rejected, repeated, values })
    }
}

impl<'de> Deserialize<'de> for SalesforceTotals {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ([total], values) = take_terms(deserializer, ["total"])?;
        Ok(Self { total, values })
    }
}

impl schemars::JsonSchema for DoceboTotals {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DoceboTotals".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        terms_schema(&Self::default().terms(), "rows of the enrollments export: the other numbers add up to the total")
    }
}

impl schemars::JsonSchema for SalesforceTotals {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SalesforceTotals".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        terms_schema(
            &Self::default().terms(),
            "rows of docebo_v3__CourseEnrollment__c: the other numbers add up to the total",
        )
    }
}

impl Totals {
    /// The violated equations, in words; a correct run has none.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let sum = |terms: &[(&str, u64)]| terms.iter().map(|&(_, count)| count).sum::<u64>();
        let LearnerTotals { total, rows, rejected, repeated, enrollments_only, link, outbound } = &self.learners;
        let (docebo, salesforce) = (&self.enrollments.docebo, &self.enrollments.salesforce);
        [
            ("learners by link", *total, link.sum()),
            ("learners by outbound", *total, outbound.sum()),
            ("rows of the Users report", *rows + enrollments_only, *total + rejected + repeated),
            ("Docebo enrollments", docebo.total, sum(&docebo.terms())),
            ("Salesforce enrollments", salesforce.total, sum(&salesforce.terms())),
            ("contacts by forecast", self.contacts.total, self.contacts.forecast.sum()),
        ]
        .into_iter()
        .filter(|(_, left, right)| left != right)
        .map(|(what, left, right)| format!("{what}: {left} read, {right} accounted for"))
        .collect()
    }
}

/// Counts the rows read against the values assigned.
pub(super) fn count(data: &Dataset, people: &People, records: &Records) -> Totals {
    let rows_of = |holds: &str| {
        data.origins.inputs.iter().filter(|input| input.holds == holds).map(|input| input.rows - input.deleted).sum()
    };
    let excluded_row = |kind: ExportKind, matches: fn(&Exclusion) -> bool| {
        data.origins.excluded.iter().filter(|(of, excluded_row)| *of == kind && matches(&excluded_row.why)).count()
            as u64
    };
    let rejected = |why: &Exclusion| matches!(why, Exclusion::Unreadable(_));
    let repeated = |why: &Exclusion| matches!(why, Exclusion::Repeated | Exclusion::Contradictory(_));
    let archived = |why: &Exclusion| matches!(why, Exclusion::Archived);
    let rows = data.enrollments.rows_in_any_order().map(|row| row_value(&records.enrollment, &records.unmatched, row));
    Totals {
        learners: LearnerTotals {
            total: data.learners.len() as u64,
            rows: rows_of(&ExportKind::Users.to_string()),
            rejected: excluded_row(ExportKind::Users, rejected),
            repeated: excluded_row(ExportKind::Users, repeated),
            enrollments_only: (0..data.learners.len()).filter(|&at| !data.learners.in_users_report(at)).count() as u64,
            link: Tally::count(people.link.iter().copied()),
            outbound: Tally::count(records.outbound.iter().copied()),
        },
        enrollments: EnrollmentTotals {
            docebo: DoceboTotals {
                total: rows_of(&ExportKind::Enrollments.to_string()),
                archived: excluded_row(ExportKind::Enrollments, archived),
                rejected: excluded_row(ExportKind::Enrollments, rejected),
                repeated: excluded_row(ExportKind::Enrollments, repeated),
                values: records.enrollment.par_iter().copied().collect(),
            },
            salesforce: SalesforceTotals { total: rows_of(SfObject::CourseEnrollment.label()), values: rows.collect() },
        },
        contacts: ContactTotals {
            total: rows_of(SfObject::Contact.label()),
            forecast: Tally::count(people.forecast.iter().copied()),
        },
    }
}
