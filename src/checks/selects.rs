//! Which records a check selects: the values of a relation if they suffice, else a function.
//!
//! Must not know: any single check, or any output.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

use crate::checks::coverage::{Coverage, Judgment};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::subject::Subject;
use crate::model::label::Label as _;
use crate::model::row::{index, row};
use crate::reconcile::relations::enrollment::EnrollmentMatch;
use crate::reconcile::relations::forecast::Forecast;
use crate::reconcile::relations::link::{Link, SfdcIdKind};
use crate::reconcile::relations::outbound::Outbound;
use crate::reconcile::relations::unread::UnreadRows;
use crate::stalls::Stall;

/// Which records a check selects. Each selected record is one finding.
#[derive(Debug, Clone, Copy)]
pub enum Selects {
    /// Learners with one of these links.
    Link(&'static [Link]),
    /// Learners with one of these values of `outbound`.
    Outbound {
        /// The values.
        values: &'static [Outbound],
        /// Number of unreadable rows that could be about one more such learner, in addition to the unjudged learners.
        unread: fn(&UnreadRows) -> u64,
    },
    /// Docebo enrollments with one of these values.
    Enrollment(&'static [EnrollmentMatch]),
    /// `CourseEnrollment__c` rows with one of these values.
    Rows {
        /// The values.
        values: &'static [EnrollmentMatch],
        /// Number of unreadable rows that could change one more such row, in addition to the unjudged rows.
        unread: fn(&UnreadRows) -> u64,
    },
    /// The records with one of these values, by a function of the check that also decides which other records are
    /// unjudged. If all are judged, it selects exactly the records with these values.
    Judged(Values, fn(&Reconciliation) -> Selection),
    /// The records with one of these values and some others, by a function of the check.
    WithOthers(Values, fn(&Reconciliation) -> Selection),
    /// Stalls that meet a condition.
    Stalls(fn(&Stall) -> bool),
    /// What a function of the check selects; no value of a relation decides it.
    Custom(fn(&Reconciliation) -> Selection),
}

/// Some values of one relation, and the records that have them.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// Of learners.
    Link(&'static [Link]),
    /// Of learners.
    Outbound(&'static [Outbound]),
    /// Of Docebo enrollments.
    Enrollment(&'static [EnrollmentMatch]),
    /// Of `CourseEnrollment__c` rows.
    Rows(&'static [EnrollmentMatch]),
    /// Of contacts.
    Forecast(&'static [Forecast]),
}

impl Values {
    /// The labels of the values, in their order.
    #[must_use]
    pub fn labels(self) -> Vec<&'static str> {
        match self {
            Self::Link(values) => values.iter().map(|value| value.label()).collect(),
            Self::Outbound(values) => values.iter().map(|value| value.label()).collect(),
            Self::Enrollment(values) | Self::Rows(values) => values.iter().map(|value| value.label()).collect(),
            Self::Forecast(values) => values.iter().map(|value| value.label()).collect(),
        }
    }
}

impl Selects {
    /// The selected records, and how many records were judged.
    #[must_use]
    pub fn select(self, reconciliation: &Reconciliation) -> Selection {
        let unread_rows = &reconciliation.relations.unread;
        match self {
            Self::Link(values) => select_links(reconciliation, values),
            Self::Outbound { values, unread } => {
                let mut selection = select_outbound(reconciliation, values);
                selection.add_unread(reconciliation, unread(unread_rows));
                selection
            }
            Self::Enrollment(values) => select_enrollments(reconciliation, |at| {
                let unknown = &[EnrollmentMatch::Unknown, EnrollmentMatch::UnknownLink];
                judge_enrollment(reconciliation, at, values, unknown)
            }),
            Self::Rows { values, unread } => {
                let mut selection = select_rows(reconciliation, values, |_| false);
                selection.add_unread(reconciliation, unread(unread_rows));
                selection
            }
            Self::Stalls(holds) => select_stalls(reconciliation, holds),
            Self::Judged(_, select) | Self::WithOthers(_, select) | Self::Custom(select) => select(reconciliation),
        }
    }

    /// The values of which it selects every record; `None` if no value decides.
    #[must_use]
    pub const fn values(self) -> Option<Values> {
        match self {
            Self::Link(values) => Some(Values::Link(values)),
            Self::Outbound { values, .. } => Some(Values::Outbound(values)),
            Self::Enrollment(values) => Some(Values::Enrollment(values)),
            Self::Rows { values, .. } => Some(Values::Rows(values)),
            Self::Judged(values, _) | Self::WithOthers(values, _) => Some(values),
            Self::Stalls(_) | Self::Custom(_) => None,
        }
    }

    /// The values that explain the number of findings: if every record is judged, the check selects each record with one
    /// of them, and no other. `None` if there are none.
    #[must_use]
    pub const fn explained(self) -> Option<Values> {
        match self {
            Self::WithOthers(..) => None,
            _ => self.values(),
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

/// Stalls that meet a condition.
fn select_stalls(reconciliation: &Reconciliation, fires: fn(&Stall) -> bool) -> Selection {
    let stalls = &reconciliation.stalls;
    let found = (0..).zip(&stalls.found).filter(|(_, stall)| fires(stall)).map(|(at, _)| Subject::Stall(at));
    let mut selection = Selection::fully_judged(stalls.counts.expected, found.collect());
    // Every unreadable row, and every enrollment whose existence is unknown, could be an event.
    selection.add_unread(reconciliation, reconciliation.relations.unread.enrollments.rows + stalls.unread);
    selection.coverage.add_unknown(stalls.unjudged);
    selection
}

/// Learners with one of these links.
fn select_links(reconciliation: &Reconciliation, fires: &[Link]) -> Selection {
    let relations = &reconciliation.relations;
    select_learners(reconciliation, |learner| match relations.link[learner] {
        Link::Unknown if relations.sfdc(&reconciliation.data, learner).kind == SfdcIdKind::Unread => Judgment::Unread,
        Link::Unknown => Judgment::Unknown,
        link => Judgment::known(fires.contains(&link)),
    })
}

/// Learners with one of these values of `outbound`.
fn select_outbound(reconciliation: &Reconciliation, fires: &[Outbound]) -> Selection {
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
