//! What a check is: its words, what it needs, which records it selects, and what it says of each.
//!
//! Must not know: any single check, or any output.

use rayon::slice::ParallelSliceMut as _;

use crate::books::{Books, Subject};
use crate::evidence::Telling;
use crate::model::dataset::Dataset;
use crate::model::provenance::{Extent, SfObject};
use crate::model::word::words;
use crate::relations::{NEEDED_OF_COURSE, NEEDED_OF_ENROLLMENT};

words! {
    /// How much a finding matters, worst first.
    pub enum Severity {
        /// The sync as a whole is broken.
        Critical = "critical",
        /// Records are missing or with the wrong person.
        High = "high",
        /// Records are wrong or will become so.
        Medium = "medium",
        /// Worth tidying up.
        Low = "low",
        /// Worth knowing.
        Notice = "notice",
    }
}

words! {
    /// Who must act.
    pub enum Owner {
        /// Docebo's support.
        DoceboSupport = "docebo-support",
        /// The Salesforce administrator.
        SalesforceAdmin = "salesforce-admin",
        /// The Docebo administrator.
        DoceboAdmin = "docebo-admin",
    }
}

words! {
    /// What came of a check.
    pub enum Outcome {
        /// It looked at everything and found nothing.
        Clean = "clean",
        /// It found something.
        Found = "found",
        /// An input was missing or incomplete; this is not a pass.
        NotEvaluated = "not-evaluated",
    }
}

/// What every check on judged enrollments needs.
pub(crate) const JUDGED_ENROLLMENTS: &[Need] = &[
    Need::EnrollmentsReport,
    Need::Rows(SfObject::Course),
    Need::Rows(SfObject::CourseEnrollment),
    Need::Columns(SfObject::Course, NEEDED_OF_COURSE),
    Need::Columns(SfObject::CourseEnrollment, NEEDED_OF_ENROLLMENT),
];

/// An input without which a check proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The learners' Salesforce ids.
    SfdcIds,
    /// The *Users* report.
    UsersReport,
    /// The *Users - Courses* report.
    EnrollmentsReport,
    /// Every row of an object.
    Whole(SfObject),
    /// The rows of an object, as far as they are there.
    Rows(SfObject),
    /// Columns of an object.
    Columns(SfObject, &'static [&'static str]),
    /// What was built onto the package's objects. A folder of CSV files cannot hold it.
    Customisation,
}

impl Need {
    /// What is there only in part, in words, where the check goes on with what there is.
    #[must_use]
    pub fn partial(self, data: &Dataset) -> Option<String> {
        match self {
            Self::Rows(object) => data.origins.lack_of(object),
            _ => None,
        }
    }

    /// What is missing, in words; nothing where the need is met.
    #[must_use]
    pub fn missing(self, data: &Dataset) -> Vec<String> {
        let origins = &data.origins;
        match self {
            Self::SfdcIds if !origins.sfdc_ids => vec!["sfdc_id (no such column in the export)".to_owned()],
            Self::UsersReport if !origins.users_report => vec!["Users report (not given)".to_owned()],
            Self::EnrollmentsReport if !origins.enrollments_report => {
                vec!["Users - Courses report (not given)".to_owned()]
            }
            Self::Whole(object) => origins.lack_of(object).into_iter().collect(),
            Self::Rows(object) if origins.extract(object).extent == Extent::Absent => {
                origins.lack_of(object).into_iter().collect()
            }
            Self::Columns(object, columns) => origins.missing_columns(object, columns).collect(),
            Self::Customisation if data.customisation.is_none() => {
                vec!["setup of the package's objects (not in the snapshot; `tieout extract` asks for it)".to_owned()]
            }
            Self::Customisation | Self::SfdcIds | Self::UsersReport | Self::EnrollmentsReport | Self::Rows(_) => {
                Vec::new()
            }
        }
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SfdcIds => f.write_str("the sfdc_id column of the export"),
            Self::UsersReport => f.write_str("the Users report"),
            Self::EnrollmentsReport => f.write_str("the Users - Courses report"),
            Self::Whole(object) => write!(f, "every row of {object}"),
            Self::Rows(object) => write!(f, "{object}"),
            Self::Customisation => f.write_str("the setup of the package's objects"),
            Self::Columns(object, columns) => write!(f, "{object}.{{{}}}", columns.join(", ")),
        }
    }
}

/// What a check picked.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Records that it looked at.
    pub examined: u64,
    /// Those it fires on, in the order of the tables.
    pub subjects: Vec<Subject>,
    /// What it could not see, beyond its declared needs.
    pub missing: Vec<String>,
}

/// One check: a rule of its own, with its words.
#[derive(Debug)]
pub struct Check {
    /// Its name in every output; also its file's.
    pub id: &'static str,
    /// One line, in the plural.
    pub title: &'static str,
    /// How much a finding matters.
    pub severity: Severity,
    /// Who must act.
    pub owner: Owner,
    /// What is wrong and what follows from it.
    pub why: &'static str,
    /// When the same sight is no fault.
    pub innocent_when: &'static str,
    /// What to do, and where.
    pub remedy: &'static str,
    /// What `examined` counts.
    pub examines: &'static str,
    /// Inputs without which it is not evaluated.
    pub needs: &'static [Need],
    /// Picks the records it fires on.
    pub select: fn(&Books) -> Selection,
    /// Says what is wrong with one of them.
    pub tell: fn(&Books, &Subject) -> Telling,
    /// Which stall, by its place among them, one of them is because of; for checks whose findings can be.
    pub fallout: Option<fn(&Books, &Subject) -> Option<usize>>,
}

impl Check {
    /// The stall that a finding on a subject is because of.
    #[must_use]
    pub fn stall_behind(&self, books: &Books, subject: &Subject) -> Option<usize> {
        self.fallout.and_then(|fallout| fallout(books, subject))
    }
}

/// What every check on stalls needs: all rows that could be missing.
pub(crate) const STALLS: &[Need] = &[
    Need::EnrollmentsReport,
    Need::Whole(SfObject::Course),
    Need::Whole(SfObject::DoceboUser),
    Need::Whole(SfObject::CourseEnrollment),
    Need::Columns(SfObject::Course, NEEDED_OF_COURSE),
    Need::Columns(SfObject::CourseEnrollment, NEEDED_OF_ENROLLMENT),
];

/// Stalls that a condition holds for.
pub(crate) fn select_stalls(books: &Books, fires: impl Fn(&crate::stalls::Stall) -> bool) -> Selection {
    let stalls = &books.stalls;
    Selection {
        examined: stalls.counts.expected,
        subjects: (0..)
            .zip(&stalls.found)
            .filter(|(_, stall)| fires(stall))
            .map(|(at, _)| Subject::Stall(at))
            .collect(),
        missing: Vec::new(),
    }
}

/// Learners that a condition holds for.
pub(crate) fn select_learners(books: &Books, fires: impl Fn(usize) -> bool) -> Selection {
    select(books.data.learners.len(), Subject::Learner, fires)
}

/// Contacts that a condition holds for.
pub(crate) fn select_contacts(books: &Books, fires: impl Fn(usize) -> bool) -> Selection {
    select(books.data.contacts.len(), Subject::Contact, fires)
}

/// Docebo enrollments that a condition holds for.
pub(crate) fn select_enrollments(books: &Books, fires: impl Fn(usize) -> bool) -> Selection {
    select(books.data.enrollments.len(), Subject::Enrollment, fires)
}

/// `CourseEnrollment__c` rows that a condition holds for.
pub(crate) fn select_rows(books: &Books, fires: impl Fn(usize) -> bool + Sync) -> Selection {
    let rows = &books.data.enrollments;
    let subjects = rows.rows_where(fires).into_iter().map(|row| Subject::Row(crate::model::dataset::index(row)));
    Selection { examined: rows.row_count() as u64, subjects: subjects.collect(), missing: Vec::new() }
}

/// `DoceboUser__c` rows that a condition holds for.
pub(crate) fn select_docebo_users(books: &Books, fires: impl Fn(usize) -> bool) -> Selection {
    select(books.data.docebo_users.len(), Subject::DoceboUser, fires)
}

fn select(rows: usize, subject: fn(u32) -> Subject, fires: impl Fn(usize) -> bool) -> Selection {
    Selection {
        examined: rows as u64,
        subjects: (0..rows).filter(|&row| fires(row)).map(|row| subject(crate::model::dataset::index(row))).collect(),
        missing: Vec::new(),
    }
}

/// Rows that share a value: for each value that two or more rows have, those rows.
pub(crate) fn shared<K: Ord + Send>(values: impl Iterator<Item = (K, u32)>) -> Vec<Vec<u32>> {
    let mut sorted: Vec<(K, u32)> = values.collect();
    sorted.par_sort_unstable();
    let mut groups: Vec<Vec<u32>> = sorted
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
        .map(|group| group.iter().map(|&(_, row)| row).collect())
        .collect();
    groups.sort_unstable();
    groups
}
