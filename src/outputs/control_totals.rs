//! The equations that account for every row, as page and workbook show them: the rows read, and the terms that add up
//! to them, each with its meaning.
//!
//! Must not know: markup, sheets.

use crate::checks::selects::Values;
use crate::model::completeness::Completeness;
use crate::model::label::{Label as _, Tally};
use crate::model::object::SfObject;
use crate::reconcile::relations::enrollment::EnrollmentMatch;
use crate::reconcile::relations::relation::Relation;
use crate::report::Report;

/// One term of an equation.
pub(crate) struct Term {
    pub(crate) word: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) count: u64,
}

/// One population of rows and its values.
pub(crate) struct ControlTotal {
    /// `C1`, `C2`, …: its reference in other sheets and conversations.
    pub(crate) reference: &'static str,
    /// What the rows are.
    pub(crate) title: &'static str,
    /// How the total was counted.
    pub(crate) counted: &'static str,
    /// Meaning of the terms.
    pub(crate) tells: &'static str,
    /// Number of rows read.
    pub(crate) total: u64,
    pub(crate) terms: Vec<Term>,
}

impl ControlTotal {
    pub(crate) fn sum(&self) -> u64 {
        self.terms.iter().map(|term| term.count).sum()
    }

    pub(crate) fn is_balanced(&self) -> bool {
        self.sum() == self.total
    }
}

/// All equations of the run, except those whose report was not given.
pub(crate) fn control_totals(report: &Report) -> Vec<ControlTotal> {
    let totals = report.totals();
    let origins = report.origins();
    let (learners, docebo, salesforce) = (&totals.learners, &totals.enrollments.docebo, &totals.enrollments.salesforce);
    let mut all = Vec::new();
    if origins.enrollments_report {
        let mut terms = vec![
            Term { word: "archived", meaning: "history, not a current claim", count: docebo.archived },
            Term { word: "rejected", meaning: "could not be read; listed with file and line", count: docebo.rejected },
            Term { word: "repeated", meaning: "the same enrollment once more", count: docebo.repeated },
        ];
        terms.extend(EnrollmentMatch::OF_DOCEBO.iter().map(|&value| Term {
            word: value.label(),
            meaning: value.meaning(),
            count: docebo.values.get(value),
        }));
        all.push(ControlTotal {
            reference: "C1",
            title: "Enrollments in Docebo",
            counted: "rows beneath the headings of the Users - Courses report",
            tells: "where each enrollment of the export stands in Salesforce",
            total: docebo.total,
            terms,
        });
    }
    if origins.extract(SfObject::CourseEnrollment).completeness != Completeness::Absent {
        all.push(ControlTotal {
            reference: "C2",
            title: "Enrollments in Salesforce",
            counted: "rows of docebo_v3__CourseEnrollment__c",
            tells: "where each row of Salesforce stands in the export",
            total: salesforce.total,
            terms: EnrollmentMatch::OF_SALESFORCE
                .iter()
                .map(|&value| Term {
                    word: value.label(),
                    meaning: value.meaning(),
                    count: salesforce.values.get(value),
                })
                .collect(),
        });
    }
    if origins.users_report {
        all.push(ControlTotal {
            reference: "C3",
            title: "Rows of the Users report",
            counted: "rows beneath the headings of the Users report",
            tells: "how many learners the rows are",
            total: learners.rows,
            terms: vec![
                Term {
                    word: "learners",
                    meaning: "one row for each learner",
                    count: learners.total.saturating_sub(learners.enrollments_only),
                },
                Term {
                    word: "rejected",
                    meaning: "could not be read; listed with file and line",
                    count: learners.rejected,
                },
                Term { word: "repeated", meaning: "the same learner once more", count: learners.repeated },
            ],
        });
    }
    all.push(ControlTotal {
        reference: "C4",
        title: "Learners by link",
        counted: "learners that the export names",
        tells: "how each learner is tied to a contact or user in Salesforce",
        total: learners.total,
        terms: tally(&learners.link),
    });
    all.push(ControlTotal {
        reference: "C5",
        title: "Learners by outbound sync",
        counted: "learners that the export names",
        tells: "whether Docebo wrote each learner's docebo_v3__DoceboUser__c record",
        total: learners.total,
        terms: tally(&learners.outbound),
    });
    all.push(ControlTotal {
        reference: "C6",
        title: "Contacts by forecast",
        counted: "rows of Contact",
        tells: "what the next contacts sync will do with each contact",
        total: totals.contacts.total,
        terms: tally(&totals.contacts.forecast),
    });
    all
}

/// The reference of the control total that counts the records with some values.
pub(crate) const fn reference(values: Values) -> &'static str {
    match values {
        Values::Enrollment(_) => "C1",
        Values::Rows(_) => "C2",
        Values::Link(_) => "C4",
        Values::Outbound(_) => "C5",
        Values::Forecast(_) => "C6",
    }
}

/// Which populations are not accounted for, and why.
pub(crate) fn missing_control_totals(report: &Report) -> Vec<&'static str> {
    let origins = report.origins();
    let mut missing = Vec::new();
    if !origins.enrollments_report {
        missing.push("No Users - Courses report was given, so enrollments in Docebo are not accounted for.");
    }
    if origins.extract(SfObject::CourseEnrollment).completeness == Completeness::Absent {
        missing.push("docebo_v3__CourseEnrollment__c is not in the snapshot, so enrollments in Salesforce are not accounted for.");
    }
    if !origins.users_report {
        missing.push("No Users report was given; learners are those whom the enrollments name.");
    }
    missing
}

/// Number of equations that hold, and of all.
pub(crate) fn balanced(control_totals: &[ControlTotal]) -> (usize, usize) {
    (control_totals.iter().filter(|equation| equation.is_balanced()).count(), control_totals.len())
}

fn tally<V: Relation>(tally: &Tally<V>) -> Vec<Term> {
    tally.iter().map(|(value, count)| Term { word: value.label(), meaning: value.meaning(), count }).collect()
}
