//! The definition of a check: its texts, its requirements, the records it selects, and its description of each.
//!
//! Must not know: any single check, or any output.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;
use serde::{Deserialize, Serialize};

use crate::checks::evidence::FindingDetail;
use crate::checks::reconciliation::Reconciliation;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{course, course_enrollment};
use crate::model::completeness::Completeness;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::question::Question;
use crate::model::row::{index, row};
use crate::reconcile::relations::enrollment::EnrollmentMatch;
use crate::reconcile::relations::link::{Link, SfdcIdKind};
use crate::reconcile::relations::outbound::Outbound;

pub(crate) use crate::checks::coverage::outcome_schema;
pub use crate::checks::coverage::{AllJudged, Coverage, Judgment, Outcome};

/// Severity of a finding, worst first.
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
    /// Records are wrong or will be.
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

/// Questions that prevent calling a record missing or outdated.
pub(crate) const TIMING_QUESTIONS: &[Question] = &[
    Question::DatesDisagree,
    Question::OtherOrganization,
    Question::ExportTime,
    Question::ExtractTime,
    Question::NothingDue,
];

/// Questions that prevent calling a key wrong.
pub(crate) const KEY_QUESTIONS: &[Question] = &[Question::KeysDisagree, Question::OtherOrganization];

/// Requirements of every check on judged enrollments.
pub(crate) const ENROLLMENT_REQUIREMENTS: &[Requirement] = &[
    Requirement::Unquestioned(TIMING_QUESTIONS),
    Requirement::UnfilteredExport,
    Requirement::EnrollmentsReport,
    Requirement::AnyRows(SfObject::Course),
    Requirement::AnyRows(SfObject::CourseEnrollment),
    Requirement::Columns(SfObject::Course, course::SCOPE),
    Requirement::Columns(SfObject::CourseEnrollment, course_enrollment::JUDGED),
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
    /// Both reports, as far as available; an audit has at least one.
    Reports,
    /// Every row of an object.
    CompleteObject(SfObject),
    /// The available rows of an object.
    AnyRows(SfObject),
    /// Columns of an object.
    Columns(SfObject, &'static [&'static str]),
    /// The customizations of the package's objects. A folder of CSV files cannot contain them.
    Customization,
    /// An unfiltered export, or one that the user accepts. A filtered one can yield findings, but no clean result.
    UnfilteredExport,
    /// None of these questions applies to the run, or the user accepts it.
    Unquestioned(&'static [Question]),
}

impl Requirement {
    /// What is only partly available, in words, if the check continues with the rest.
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

    /// What is missing, in words; empty if the requirement is met.
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

/// The selection of a check.
#[derive(Debug, Clone)]
pub struct Selection {
    /// How many of the records were judged.
    pub coverage: Coverage,
    /// Records with a finding, in table order.
    pub subjects: Vec<Subject>,
    /// Missing inputs beyond the declared requirements.
    pub missing: Vec<String>,
}

impl Selection {
    /// The selection of a check that could judge all of its `judged` records.
    #[must_use]
    pub const fn fully_judged(judged: u64, subjects: Vec<Subject>) -> Self {
        Self { coverage: Coverage::all(judged), subjects, missing: Vec::new() }
    }

    /// Adds records known only from unreadable rows.
    pub(crate) fn add_unread(&mut self, reconciliation: &Reconciliation, records: u64) {
        self.coverage.add_unread(records, reconciliation.relations.unread.accepted);
    }
}

/// One check: a rule with its texts.
#[derive(Debug)]
pub struct Check {
    /// Its name in every output; also the name of its file.
    pub id: &'static str,
    /// One line, in the plural.
    pub title: &'static str,
    /// Severity of its findings.
    pub severity: Severity,
    /// Who must act.
    pub owner: Owner,
    /// What is wrong and what follows from it.
    pub why: &'static str,
    /// When the same observation is not a fault.
    pub expected_when: &'static str,
    /// What to do, and in which system.
    pub remedy: &'static str,
    /// What it judges, in the plural.
    pub unit: &'static str,
    /// Inputs without which it is not evaluated.
    pub requirements: &'static [Requirement],
    /// Selects the records with a finding.
    pub select: fn(&Reconciliation) -> Selection,
    /// Describes what is wrong with one of them.
    pub describe: fn(&Reconciliation, &Subject) -> FindingDetail,
    /// The index of the stall that causes a finding; for checks whose findings can be caused by one.
    pub causing_stall: Option<fn(&Reconciliation, &Subject) -> Option<usize>>,
}

impl Check {
    /// The stall that causes a finding on a subject.
    #[must_use]
    pub fn stall_of(&self, reconciliation: &Reconciliation, subject: &Subject) -> Option<usize> {
        self.causing_stall.and_then(|consequence| consequence(reconciliation, subject))
    }
}

/// Requirements of every check on stalls: all rows that could be missing.
pub(crate) const STALL_REQUIREMENTS: &[Requirement] = &[
    Requirement::Unquestioned(TIMING_QUESTIONS),
    Requirement::UnfilteredExport,
    Requirement::EnrollmentsReport,
    Requirement::CompleteObject(SfObject::Course),
    Requirement::CompleteObject(SfObject::DoceboUser),
    Requirement::CompleteObject(SfObject::CourseEnrollment),
    Requirement::Columns(SfObject::Course, course::SCOPE),
    Requirement::Columns(SfObject::CourseEnrollment, course_enrollment::JUDGED),
];

/// Stalls that meet a condition.
pub(crate) fn select_stalls(
    reconciliation: &Reconciliation,
    fires: impl Fn(&crate::stalls::Stall) -> bool,
) -> Selection {
    let stalls = &reconciliation.stalls;
    let found = (0..).zip(&stalls.found).filter(|(_, stall)| fires(stall)).map(|(at, _)| Subject::Stall(at));
    let mut selection = Selection::fully_judged(stalls.counts.expected, found.collect());
    // Every unreadable row, and every enrollment whose existence is unknown, could be an event.
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

/// The judgment on a Docebo enrollment of a check that fires on some values of `enrollment`; `unknown` are the values
/// that it cannot judge.
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

/// Docebo enrollments on which a check fires; unreadable ones count as unread.
pub(crate) fn select_enrollments(reconciliation: &Reconciliation, judge: impl Fn(usize) -> Judgment) -> Selection {
    let mut selection = select(reconciliation, reconciliation.data.enrollments.len(), Subject::Enrollment, judge);
    selection.add_unread(reconciliation, reconciliation.relations.unread.enrollments.rows);
    selection
}

/// `CourseEnrollment__c` rows that meet a condition, regardless of other facts, or that have one of these values.
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

/// Contacts on which a check fires; learners who are only in unreadable rows count as unread, since each may belong to
/// any contact.
pub(crate) fn select_contacts(reconciliation: &Reconciliation, judge: impl Fn(usize) -> Judgment) -> Selection {
    let mut selection = select(reconciliation, reconciliation.data.contacts.len(), Subject::Contact, judge);
    selection.add_unread(reconciliation, reconciliation.relations.unread.missing_learners);
    selection
}

/// Learners on which a check fires; those who are only in unreadable rows count as unread.
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

/// Groups of two or more rows with the same value.
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
