//! What a check is: its words, what it needs, which records it selects, and what it says of each.
//!
//! Must not know: any single check, or any output.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;
use serde::{Deserialize, Serialize};

use crate::checks::evidence::FindingDetail;
use crate::checks::reconciliation::Reconciliation;
use crate::checks::subject::Subject;
use crate::model::completeness::Completeness;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::model::row::{index, row};
use crate::reconcile::relations::enrollment::EnrollmentMatch;
use crate::reconcile::relations::link::{Link, SfdcIdKind};
use crate::reconcile::relations::outbound::Outbound;
use crate::reconcile::relations::{NEEDED_OF_COURSE, NEEDED_OF_ENROLLMENT};

pub(crate) use crate::checks::coverage::outcome_schema;
pub use crate::checks::coverage::{AllJudged, Coverage, Judgment, Outcome};

/// How much a finding matters, worst first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Severity {
    /// The sync as a whole is broken.
    Critical,
    /// Records are missing or with the wrong person.
    High,
    /// Records are wrong or will become so.
    Medium,
    /// Worth tidying up.
    Low,
    /// Worth knowing.
    Notice,
}

/// Who must act.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Owner {
    /// Docebo's support.
    DoceboSupport,
    /// The Salesforce administrator.
    SalesforceAdmin,
    /// The Docebo administrator.
    DoceboAdmin,
}

/// What must not be questioned for a record to be called missing or out of date.
pub(crate) const TIMING_QUESTIONS: &[Question] = &[
    Question::DatesDisagree,
    Question::OtherOrganization,
    Question::ExportTime,
    Question::ExtractTime,
    Question::NothingDue,
];

/// What must not be questioned for a key to be called wrong.
pub(crate) const KEY_QUESTIONS: &[Question] = &[Question::KeysDisagree, Question::OtherOrganization];

/// What every check on judged enrollments needs.
pub(crate) const ENROLLMENT_REQUIREMENTS: &[Requirement] = &[
    Requirement::Unquestioned(TIMING_QUESTIONS),
    Requirement::UnfilteredExport,
    Requirement::EnrollmentsReport,
    Requirement::AnyRows(SfObject::Course),
    Requirement::AnyRows(SfObject::CourseEnrollment),
    Requirement::Columns(SfObject::Course, NEEDED_OF_COURSE),
    Requirement::Columns(SfObject::CourseEnrollment, NEEDED_OF_ENROLLMENT),
];

/// An input without which a check proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// The learners' Salesforce ids.
    SfdcIds,
    /// The *Users* report.
    UsersReport,
    /// The *Users - Courses* report.
    EnrollmentsReport,
    /// Both reports, as far as they are there; an audit has at least one.
    Reports,
    /// Every row of an object.
    CompleteObject(SfObject),
    /// The rows of an object, as far as they are there.
    AnyRows(SfObject),
    /// Columns of an object.
    Columns(SfObject, &'static [&'static str]),
    /// What was built onto the package's objects. A folder of CSV files cannot hold it.
    Customization,
    /// An export that is not filtered, or one that the user accepts. From a filtered one findings can follow, but nothing clean.
    UnfilteredExport,
    /// That none of these is questioned about the run, or the user accepts it.
    Unquestioned(&'static [Question]),
}

impl Requirement {
    /// What is there only in part, in words, where the check goes on with what there is.
    #[must_use]
    pub fn missing_in_part(self, reconciliation: &Reconciliation) -> Option<String> {
        match self {
            Self::Reports => {
                [Self::UsersReport, Self::EnrollmentsReport].iter().find_map(|need| need.missing(reconciliation).pop())
            }
            Self::AnyRows(object) => reconciliation.data.origins.missing_rows(object),
            Self::UnfilteredExport => Self::Unquestioned(&[Question::ExportFiltered]).missing(reconciliation).pop(),
            _ => None,
        }
    }

    /// What is missing, in words; nothing where the need is met.
    #[must_use]
    pub fn missing(self, reconciliation: &Reconciliation) -> Vec<String> {
        let (data, origins) = (&reconciliation.data, &reconciliation.data.origins);
        match self {
            Self::Unquestioned(questions) => {
                let open = reconciliation.questions.iter().filter(|asked| !asked.accepted);
                let open = open.filter(|asked| questions.contains(&asked.question));
                open.map(|asked| format!("a plausible result (questioned: {})", asked.question.label())).collect()
            }
            Self::SfdcIds if !origins.sfdc_ids => vec!["sfdc_id (no such column in the export)".to_owned()],
            Self::UsersReport if !origins.users_report => vec!["Users report (not given)".to_owned()],
            Self::EnrollmentsReport if !origins.enrollments_report => {
                vec!["Users - Courses report (not given)".to_owned()]
            }
            Self::CompleteObject(object) => origins.missing_rows(object).into_iter().collect(),
            Self::AnyRows(object) if origins.extract(object).completeness == Completeness::Absent => {
                origins.missing_rows(object).into_iter().collect()
            }
            Self::Columns(object, columns) => origins.missing_columns(object, columns).collect(),
            Self::Customization if data.customisation.is_none() => {
                vec!["setup of the package's objects (not in the snapshot; `tieout extract` asks for it)".to_owned()]
            }
            Self::Customization
            | Self::SfdcIds
            | Self::UsersReport
            | Self::EnrollmentsReport
            | Self::Reports
            | Self::UnfilteredExport
            | Self::AnyRows(_) => Vec::new(),
        }
    }
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SfdcIds => f.write_str("the sfdc_id column of the export"),
            Self::UsersReport => f.write_str("the Users report"),
            Self::EnrollmentsReport => f.write_str("the Users - Courses report"),
            Self::CompleteObject(object) => write!(f, "every row of {object}"),
            Self::AnyRows(object) => write!(f, "{object}"),
            Self::Reports => f.write_str("the reports of the export"),
            Self::Customization => f.write_str("the setup of the package's objects"),
            Self::UnfilteredExport => f.write_str("an export that is not filtered"),
            Self::Unquestioned(_) => f.write_str("a plausible result"),
            Self::Columns(object, columns) => write!(f, "{object}.{{{}}}", columns.join(", ")),
        }
    }
}

/// What a check picked.
#[derive(Debug, Clone)]
pub struct Selection {
    /// How much of what it looks at was judged.
    pub coverage: Coverage,
    /// Records that it fires on, in the order of the tables.
    pub subjects: Vec<Subject>,
    /// What it could not see, beyond its declared needs.
    pub missing: Vec<String>,
}

impl Selection {
    /// What a check picked that judged so many records, and could judge all of them.
    #[must_use]
    pub const fn fully_judged(judged: u64, subjects: Vec<Subject>) -> Self {
        Self { coverage: Coverage::all(judged), subjects, missing: Vec::new() }
    }

    /// Adds records of which nothing but unreadable rows tells.
    pub(crate) fn add_unread(&mut self, reconciliation: &Reconciliation, records: u64) {
        self.coverage.add_unread(records, reconciliation.relations.unread.accepted);
    }
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
    pub expected_when: &'static str,
    /// What to do, and where.
    pub remedy: &'static str,
    /// What is judged, in the plural.
    pub unit: &'static str,
    /// Inputs without which it is not evaluated.
    pub requirements: &'static [Requirement],
    /// Picks the records it fires on.
    pub select: fn(&Reconciliation) -> Selection,
    /// Says what is wrong with one of them.
    pub describe: fn(&Reconciliation, &Subject) -> FindingDetail,
    /// Which stall, by its place among them, one of them is because of; for checks whose findings can be.
    pub causing_stall: Option<fn(&Reconciliation, &Subject) -> Option<usize>>,
}

impl Check {
    /// The stall that a finding on a subject is because of.
    #[must_use]
    pub fn stall_of(&self, reconciliation: &Reconciliation, subject: &Subject) -> Option<usize> {
        self.causing_stall.and_then(|consequence| consequence(reconciliation, subject))
    }
}

/// What every check on stalls needs: all rows that could be missing.
pub(crate) const STALL_REQUIREMENTS: &[Requirement] = &[
    Requirement::Unquestioned(TIMING_QUESTIONS),
    Requirement::UnfilteredExport,
    Requirement::EnrollmentsReport,
    Requirement::CompleteObject(SfObject::Course),
    Requirement::CompleteObject(SfObject::DoceboUser),
    Requirement::CompleteObject(SfObject::CourseEnrollment),
    Requirement::Columns(SfObject::Course, NEEDED_OF_COURSE),
    Requirement::Columns(SfObject::CourseEnrollment, NEEDED_OF_ENROLLMENT),
];

/// Stalls that a condition holds for.
pub(crate) fn select_stalls(
    reconciliation: &Reconciliation,
    fires: impl Fn(&crate::stalls::Stall) -> bool,
) -> Selection {
    let stalls = &reconciliation.stalls;
    let found = (0..).zip(&stalls.found).filter(|(_, stall)| fires(stall)).map(|(at, _)| Subject::Stall(at));
    let mut selection = Selection::fully_judged(stalls.counts.expected, found.collect());
    // Every row that could not be read, and every enrollment that may be there or not, could be an event.
    selection.add_unread(reconciliation, reconciliation.relations.unread.enrollments.rows);
    selection.coverage.add_unknown(stalls.unjudged);
    selection
}

/// Learners with one of these links.
pub(crate) fn select_links(reconciliation: &Reconciliation, fires: &[Link]) -> Selection {
    let relations = &reconciliation.relations;
    select_learners(reconciliation, |learner| match relations.link[learner] {
        Link::Unknown if relations.sfdc(&reconciliation.data, learner).kind == SfdcIdKind::Unread => Judgment::Unread,
        Link::Unknown => Judgment::Unknown,
        link => Judgment::known(fires.contains(&link)),
    })
}

/// Learners with one of these values of `outbound`.
pub(crate) fn select_outbound(reconciliation: &Reconciliation, fires: &[Outbound]) -> Selection {
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    select_learners(reconciliation, |learner| match relations.outbound[learner] {
        Outbound::Unknown
            if relations.sfdc(data, learner).kind == SfdcIdKind::Unread
                || row(relations.docebo_user[learner]).is_none()
                    && relations.unread.may_owe(data.learners.id(learner)) =>
        {
            Judgment::Unread
        }
        Outbound::Unknown => Judgment::Unknown,
        outbound => Judgment::known(fires.contains(&outbound)),
    })
}

/// What a check that fires on some values of `enrollment` says of a Docebo enrollment; `unknown` are those under which it
/// cannot tell.
pub(crate) fn judge_enrollment(
    reconciliation: &Reconciliation,
    at: usize,
    fires: &[EnrollmentMatch],
    unknown: &[EnrollmentMatch],
) -> Judgment {
    let relations = &reconciliation.relations;
    match relations.enrollment[at] {
        EnrollmentMatch::Unknown if relations.rests_on_unread(&reconciliation.data, at) => Judgment::Unread,
        value if unknown.contains(&value) => Judgment::Unknown,
        value => Judgment::known(fires.contains(&value)),
    }
}

/// Docebo enrollments on which a check fires; those that could not be read are counted as unread.
pub(crate) fn select_enrollments(reconciliation: &Reconciliation, judge: impl Fn(usize) -> Judgment) -> Selection {
    let mut selection = select(reconciliation, reconciliation.data.enrollments.len(), Subject::Enrollment, judge);
    selection.add_unread(reconciliation, reconciliation.relations.unread.enrollments.rows);
    selection
}

/// `CourseEnrollment__c` rows that a condition holds for, whatever else is known of them, or that have one of these values.
pub(crate) fn select_rows(
    reconciliation: &Reconciliation,
    fires: &[EnrollmentMatch],
    holds: impl Fn(usize) -> bool + Sync,
) -> Selection {
    let (relations, rows) = (&reconciliation.relations, &reconciliation.data.enrollments);
    let judge = |at: usize| match relations.row_value(at) {
        _ if holds(at) => Judgment::Fires,
        EnrollmentMatch::Unknown if relations.row_rests_on_unread(&reconciliation.data, at) => Judgment::Unread,
        EnrollmentMatch::Unknown => Judgment::Unknown,
        value => Judgment::known(fires.contains(&value)),
    };
    let subjects = rows.rows_where(|at| judge(at) == Judgment::Fires);
    let unjudged = rows.unmatched().into_par_iter().map(judge);
    let claimed = |at: &usize| relations.enrollment[*at] == EnrollmentMatch::Unknown && rows.matched_row(*at).is_some();
    let unjudged = unjudged.chain((0..rows.len()).into_par_iter().filter(claimed).map(judge));
    let (unread, unknown) = unjudged
        .map(|judged| (u64::from(judged == Judgment::Unread), u64::from(judged == Judgment::Unknown)))
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let subjects = subjects.into_iter().map(|row| Subject::Row(index(row))).collect();
    let mut selection = Selection::fully_judged(rows.row_count() as u64 - unread - unknown, subjects);
    selection.add_unread(reconciliation, unread);
    selection.coverage.add_unknown(unknown);
    selection
}

/// Contacts on whom a check fires; learners whom the export names only in unreadable rows are counted as unread, for each
/// may be the one of any contact.
pub(crate) fn select_contacts(reconciliation: &Reconciliation, judge: impl Fn(usize) -> Judgment) -> Selection {
    let mut selection = select(reconciliation, reconciliation.data.contacts.len(), Subject::Contact, judge);
    selection.add_unread(reconciliation, reconciliation.relations.unread.missing_learners);
    selection
}

/// Learners on whom a check fires; those whom the export names only in unreadable rows are counted as unread.
pub(crate) fn select_learners(reconciliation: &Reconciliation, judge: impl Fn(usize) -> Judgment) -> Selection {
    let mut selection = select(reconciliation, reconciliation.data.learners.len(), Subject::Learner, judge);
    selection.add_unread(reconciliation, reconciliation.relations.unread.missing_learners);
    selection
}

/// `DoceboUser__c` rows on which a check fires.
pub(crate) fn select_docebo_users(reconciliation: &Reconciliation, judge: impl Fn(usize) -> Judgment) -> Selection {
    select(reconciliation, reconciliation.data.docebo_users.len(), Subject::DoceboUser, judge)
}

fn select(
    reconciliation: &Reconciliation,
    rows: usize,
    subject: fn(u32) -> Subject,
    judge: impl Fn(usize) -> Judgment,
) -> Selection {
    let accepted = reconciliation.relations.unread.accepted;
    let mut selection = Selection::fully_judged(0, Vec::new());
    for row in 0..rows {
        let judged = judge(row);
        selection.coverage.add(judged, accepted);
        if judged == Judgment::Fires {
            selection.subjects.push(subject(index(row)));
        }
    }
    selection
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
