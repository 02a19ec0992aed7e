//! The definition of a check: its texts, its requirements, the records it selects, and its description of each.
//!
//! Must not know: any single check, or any output.

use serde::{Deserialize, Serialize};

use crate::checks::evidence::FindingDetail;
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selects;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::{course, course_enrollment};
use crate::model::completeness::Completeness;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::question::Question;

pub(crate) use crate::checks::coverage::outcome_schema;
pub use crate::checks::coverage::{AllJudged, Outcome};

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
    /// Which records it selects; each selected record is one finding.
    pub selects: Selects,
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
