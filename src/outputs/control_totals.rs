//! The equations that account for every row, as page and workbook show them: the rows read, and the terms that add up
//! to them, each with its meaning.
//!
//! Must not know: markup, sheets.

use crate::model::completeness::Completeness;
use crate::model::label::{Label, Tally};
use crate::model::object::SfObject;
use crate::reconcile::relations::enrollment::EnrollmentMatch;
use crate::reconcile::relations::forecast::Forecast;
use crate::reconcile::relations::link::Link;
use crate::reconcile::relations::outbound::Outbound;
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
            meaning: enrollment(value),
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
                    meaning: enrollment(value),
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
        terms: tally(&learners.link, link),
    });
    all.push(ControlTotal {
        reference: "C5",
        title: "Learners by outbound sync",
        counted: "learners that the export names",
        tells: "whether Docebo wrote each learner's docebo_v3__DoceboUser__c record",
        total: learners.total,
        terms: tally(&learners.outbound, outbound),
    });
    all.push(ControlTotal {
        reference: "C6",
        title: "Contacts by forecast",
        counted: "rows of Contact",
        tells: "what the next contacts sync will do with each contact",
        total: totals.contacts.total,
        terms: tally(&totals.contacts.forecast, forecast),
    });
    all
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

fn tally<W: Label>(tally: &Tally<W>, meaning: fn(W) -> &'static str) -> Vec<Term> {
    tally.iter().map(|(value, count)| Term { word: value.label(), meaning: meaning(value), count }).collect()
}

const fn enrollment(value: EnrollmentMatch) -> &'static str {
    match value {
        EnrollmentMatch::Matched => "both sides agree",
        EnrollmentMatch::Outdated => "on both sides, but Salesforce says something else",
        EnrollmentMatch::Pending => "too new to be expected yet",
        EnrollmentMatch::UnknownStatus => "no table knows the export's status word",
        EnrollmentMatch::OutOfScope => "the course is not synchronised",
        EnrollmentMatch::NotAddressable => "the learner has no usable Salesforce id; reported with the link",
        EnrollmentMatch::AbsentNoCourse => "due, but the course is not in Salesforce",
        EnrollmentMatch::AbsentNoDoceboUser => "due, but the learner has no DoceboUser record to hang it on",
        EnrollmentMatch::Absent => "due, and not in Salesforce",
        EnrollmentMatch::UnknownLink => "not in Salesforce, and the learner's link is not known",
        EnrollmentMatch::Unresolved => "its course or learner is not in the extract",
        EnrollmentMatch::Repeated => "a further row of the same learner and course",
        EnrollmentMatch::Unenrolled => "marked as unenrolled",
        EnrollmentMatch::LearnerNotExported => "the export does not name the learner",
        EnrollmentMatch::CourseDeleted => "the course was deleted",
        EnrollmentMatch::Orphaned => "Docebo knows nothing of it",
        EnrollmentMatch::Unknown => "an input that is needed to tell was not to be had",
    }
}

const fn link(value: Link) -> &'static str {
    match value {
        Link::Linked => "the Salesforce id is a contact whose key is the username",
        Link::LinkedUser => "the Salesforce id is a user",
        Link::Crossed => "the Salesforce id is one contact, the username belongs to another",
        Link::Drifted => "the Salesforce id is a contact, but no contact has the username as key",
        Link::KeyOnly => "no Salesforce id; one contact has the username as key",
        Link::Ambiguous => "no Salesforce id; several contacts have the username as key",
        Link::NearMiss => "no Salesforce id; a contact's key is nearly the username",
        Link::Unlinked => "no Salesforce id, and no contact to go with",
        Link::Malformed => "the Salesforce id is not a valid id of 18 characters",
        Link::Foreign => "the Salesforce id is neither a contact's nor a user's",
        Link::Dangling => "the Salesforce id is of a record that is not there",
        Link::Unknown => "an input that is needed to tell was not to be had",
    }
}

const fn outbound(value: Outbound) -> &'static str {
    match value {
        Outbound::Delivered => "the record is there, and names the right person",
        Outbound::NotDue => "no record, and nothing to sync: as it should be",
        Outbound::Pending => "no record, and all that is due is too new",
        Outbound::Missing => "no record, though something older is due",
        Outbound::Misattached => "the record names somebody else",
        Outbound::LinkLost => "the record names nobody",
        Outbound::Stray => "the record names somebody, though the learner has no usable Salesforce id",
        Outbound::NotAddressable => "no record, and no usable Salesforce id; reported with the link",
        Outbound::Unknown => "an input that is needed to tell was not to be had",
    }
}

const fn forecast(value: Forecast) -> &'static str {
    match value {
        Forecast::Update => "updates the learner with this username",
        Forecast::Link => "gives the learner with this username the contact's id",
        Forecast::Relink => "replaces another Salesforce id of the learner by this contact's",
        Forecast::Create => "makes a new learner",
        Forecast::CreateDuplicate => "makes a second learner for what is probably the same person",
        Forecast::None => "nothing: no learner matches, and provisioning is off",
        Forecast::Collide => "several contacts claim one username",
        Forecast::BlankKey => "the contact has no key",
        Forecast::OutsideView => "nothing: the contact is not in the list view",
        Forecast::Unknown => "the learner's Salesforce id is not known",
    }
}
