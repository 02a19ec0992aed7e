//! What a check is: its words, what it needs, which records it selects, and what it says of each.
//!
//! Must not know: any single check, or any output.

/// How much was judged, and the proof without which no check is clean.
mod coverage;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

use crate::books::{Books, Subject};
use crate::evidence::Telling;
use crate::model::dataset::{index, row};
use crate::model::provenance::{Extent, SfObject};
use crate::model::question::Question;
use crate::model::word::{Word as _, words};
use crate::relations::enrollment::Enrollment;
use crate::relations::link::{Link, SfdcId};
use crate::relations::outbound::Outbound;
use crate::relations::{NEEDED_OF_COURSE, NEEDED_OF_ENROLLMENT};

pub(crate) use coverage::outcome_schema;
pub use coverage::{AllJudged, Coverage, Judged, Outcome};

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

/// What must not be questioned for a record to be called missing or out of date.
pub(crate) const DUE: &[Question] = &[
    Question::DatesDisagree,
    Question::OtherOrganization,
    Question::ExportTime,
    Question::ExtractTime,
    Question::NothingDue,
];

/// What must not be questioned for a key to be called wrong.
pub(crate) const KEYS: &[Question] = &[Question::KeysDisagree, Question::OtherOrganization];

/// What every check on judged enrollments needs.
pub(crate) const JUDGED_ENROLLMENTS: &[Need] = &[
    Need::Unquestioned(DUE),
    Need::WholeExport,
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
    /// Both reports, as far as they are there; an audit has at least one.
    Reports,
    /// Every row of an object.
    Whole(SfObject),
    /// The rows of an object, as far as they are there.
    Rows(SfObject),
    /// Columns of an object.
    Columns(SfObject, &'static [&'static str]),
    /// What was built onto the package's objects. A folder of CSV files cannot hold it.
    Customisation,
    /// An export that is not filtered, or one that the user accepts. From a filtered one findings can follow, but nothing clean.
    WholeExport,
    /// That none of these is questioned about the run, or the user accepts it.
    Unquestioned(&'static [Question]),
}

impl Need {
    /// What is there only in part, in words, where the check goes on with what there is.
    #[must_use]
    pub fn partial(self, books: &Books) -> Option<String> {
        match self {
            Self::Reports => {
                [Self::UsersReport, Self::EnrollmentsReport].iter().find_map(|need| need.missing(books).pop())
            }
            Self::Rows(object) => books.data.origins.lack_of(object),
            Self::WholeExport => Self::Unquestioned(&[Question::ExportFiltered]).missing(books).pop(),
            _ => None,
        }
    }

    /// What is missing, in words; nothing where the need is met.
    #[must_use]
    pub fn missing(self, books: &Books) -> Vec<String> {
        let (data, origins) = (&books.data, &books.data.origins);
        match self {
            Self::Unquestioned(questions) => {
                let open = books.questions.iter().filter(|asked| !asked.accepted);
                let open = open.filter(|asked| questions.contains(&asked.question));
                open.map(|asked| format!("a plausible result (questioned: {})", asked.question.word())).collect()
            }
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
            Self::Customisation
            | Self::SfdcIds
            | Self::UsersReport
            | Self::EnrollmentsReport
            | Self::Reports
            | Self::WholeExport
            | Self::Rows(_) => Vec::new(),
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
            Self::Reports => f.write_str("the reports of the export"),
            Self::Customisation => f.write_str("the setup of the package's objects"),
            Self::WholeExport => f.write_str("an export that is not filtered"),
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
    pub const fn of_all(judged: u64, subjects: Vec<Subject>) -> Self {
        Self { coverage: Coverage::all(judged), subjects, missing: Vec::new() }
    }

    /// Adds records of which nothing but unreadable rows tells.
    pub(crate) fn add_unread(&mut self, books: &Books, records: u64) {
        self.coverage.add_unread(records, books.relations.unread.accepted);
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
    pub innocent_when: &'static str,
    /// What to do, and where.
    pub remedy: &'static str,
    /// What is judged, in the plural.
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
    Need::Unquestioned(DUE),
    Need::WholeExport,
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
    let found = (0..).zip(&stalls.found).filter(|(_, stall)| fires(stall)).map(|(at, _)| Subject::Stall(at));
    let mut selection = Selection::of_all(stalls.counts.expected, found.collect());
    // Every row that could not be read, and every enrollment that may be there or not, could be an event.
    selection.add_unread(books, books.relations.unread.enrollments.rows);
    selection.coverage.add_unknown(stalls.unjudged);
    selection
}

/// Learners with one of these links.
pub(crate) fn select_links(books: &Books, fires: &[Link]) -> Selection {
    let relations = &books.relations;
    select_learners(books, |learner| match relations.link[learner] {
        Link::Unknown if relations.sfdc(&books.data, learner).kind == SfdcId::Unread => Judged::Unread,
        Link::Unknown => Judged::Unknown,
        link => Judged::known(fires.contains(&link)),
    })
}

/// Learners with one of these values of `outbound`.
pub(crate) fn select_outbound(books: &Books, fires: &[Outbound]) -> Selection {
    let (data, relations) = (&books.data, &books.relations);
    select_learners(books, |learner| match relations.outbound[learner] {
        Outbound::Unknown
            if relations.sfdc(data, learner).kind == SfdcId::Unread
                || row(relations.docebo_user[learner]).is_none()
                    && relations.unread.may_owe(data.learners.id(learner)) =>
        {
            Judged::Unread
        }
        Outbound::Unknown => Judged::Unknown,
        outbound => Judged::known(fires.contains(&outbound)),
    })
}

/// What a check that fires on some values of `enrollment` says of a Docebo enrollment; `unknown` are those under which it
/// cannot tell.
pub(crate) fn judge_enrollment(books: &Books, at: usize, fires: &[Enrollment], unknown: &[Enrollment]) -> Judged {
    let relations = &books.relations;
    match relations.enrollment[at] {
        Enrollment::Unknown if relations.rests_on_unread(&books.data, at) => Judged::Unread,
        value if unknown.contains(&value) => Judged::Unknown,
        value => Judged::known(fires.contains(&value)),
    }
}

/// Docebo enrollments on which a check fires; those that could not be read are counted as unread.
pub(crate) fn select_enrollments(books: &Books, judge: impl Fn(usize) -> Judged) -> Selection {
    let mut selection = select(books, books.data.enrollments.len(), Subject::Enrollment, judge);
    selection.add_unread(books, books.relations.unread.enrollments.rows);
    selection
}

/// `CourseEnrollment__c` rows that a condition holds for, whatever else is known of them, or that have one of these values.
pub(crate) fn select_rows(books: &Books, fires: &[Enrollment], holds: impl Fn(usize) -> bool + Sync) -> Selection {
    let (relations, rows) = (&books.relations, &books.data.enrollments);
    let judge = |at: usize| match relations.row_value(at) {
        _ if holds(at) => Judged::Fires,
        Enrollment::Unknown if relations.row_rests_on_unread(&books.data, at) => Judged::Unread,
        Enrollment::Unknown => Judged::Unknown,
        value => Judged::known(fires.contains(&value)),
    };
    let subjects = rows.rows_where(|at| judge(at) == Judged::Fires);
    let unjudged = rows.loose().into_par_iter().map(judge);
    let claimed = |at: &usize| relations.enrollment[*at] == Enrollment::Unknown && rows.counterpart(*at).is_some();
    let unjudged = unjudged.chain((0..rows.len()).into_par_iter().filter(claimed).map(judge));
    let (unread, unknown) = unjudged
        .map(|judged| (u64::from(judged == Judged::Unread), u64::from(judged == Judged::Unknown)))
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let subjects = subjects.into_iter().map(|row| Subject::Row(index(row))).collect();
    let mut selection = Selection::of_all(rows.row_count() as u64 - unread - unknown, subjects);
    selection.add_unread(books, unread);
    selection.coverage.add_unknown(unknown);
    selection
}

/// Contacts on whom a check fires; learners whom the export names only in unreadable rows are counted as unread, for each
/// may be the one of any contact.
pub(crate) fn select_contacts(books: &Books, judge: impl Fn(usize) -> Judged) -> Selection {
    let mut selection = select(books, books.data.contacts.len(), Subject::Contact, judge);
    selection.add_unread(books, books.relations.unread.missing_learners);
    selection
}

/// Learners on whom a check fires; those whom the export names only in unreadable rows are counted as unread.
pub(crate) fn select_learners(books: &Books, judge: impl Fn(usize) -> Judged) -> Selection {
    let mut selection = select(books, books.data.learners.len(), Subject::Learner, judge);
    selection.add_unread(books, books.relations.unread.missing_learners);
    selection
}

/// `DoceboUser__c` rows on which a check fires.
pub(crate) fn select_docebo_users(books: &Books, judge: impl Fn(usize) -> Judged) -> Selection {
    select(books, books.data.docebo_users.len(), Subject::DoceboUser, judge)
}

fn select(books: &Books, rows: usize, subject: fn(u32) -> Subject, judge: impl Fn(usize) -> Judged) -> Selection {
    let accepted = books.relations.unread.accepted;
    let mut selection = Selection::of_all(0, Vec::new());
    for row in 0..rows {
        let judged = judge(row);
        selection.coverage.add(judged, accepted);
        if judged == Judged::Fires {
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
