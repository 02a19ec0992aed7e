//! Relates the two sides: four total functions ([`link()`](link::link), [`outbound()`](outbound::outbound),
//! [`enrollment`], [`forecast()`](forecast::forecast)), applied to every row, and the totals that prove it was every
//! row.
//!
//! Each function is a small decision table in its own file; the files `people` and `records` compute the facts that the
//! tables need. Checks, totals and reports only select from these results.
//!
//! Must not know: files, checks, outputs.

/// Infers the export's time zone and date order by comparing both sides.
pub mod clock;
/// One value for every enrollment.
pub mod enrollment;
/// One value for every contact.
pub mod forecast;
/// One value for every learner: the link to Salesforce.
pub mod link;
/// One value for every learner: the `DoceboUser__c` row.
pub mod outbound;
mod people;
/// Results so implausible that the inputs are questioned.
pub mod questions;
mod records;
/// What the four relations have in common.
pub mod relation;
/// The equations that account for every row.
pub mod totals;
/// What the unreadable rows of the export still reveal.
pub mod unread;

use crate::model::column::{CountColumn, SparseColumn};
use crate::model::id::RecordId;
use crate::model::instant::{HOUR, Instant, MINUTE};
use crate::model::zone::ZoneFinding;
use crate::reconcile::dataset::Dataset;
use crate::settings::Rules;

use clock::Clocks;
use enrollment::{Differs, EnrollmentMatch};
use forecast::Forecast;
use link::{Link, SfdcIdKind};
use outbound::Outbound;
pub use people::ResolvedSfdcId;
use people::{LearnerContacts, ResolvedSfdcIds};
use totals::Totals;
use unread::UnreadRows;

/// Every value of every relation, in columns parallel to the [`Dataset`].
#[derive(Debug, Clone)]
pub struct Relations {
    /// Events after this moment are not yet expected on the other side.
    pub cutoff: Instant,
    /// The zone and the date order of the export's dates.
    pub clocks: Clocks,
    sfdc: ResolvedSfdcIds,
    /// By learner.
    pub link: Vec<Link>,
    contact: LearnerContacts,
    /// By learner: the `DoceboUser__c` row, or [`NONE`](crate::model::row::NONE).
    pub docebo_user: Vec<u32>,
    /// By learner: number of due enrollments, whenever they fall due.
    pub due: CountColumn,
    /// By learner.
    pub outbound: Vec<Outbound>,
    /// By Docebo enrollment.
    pub enrollment: Vec<EnrollmentMatch>,
    /// By Docebo enrollment: the differences, if any.
    pub differs: SparseColumn<Differs>,
    /// By unmatched Salesforce enrollment row, from the first of them on.
    pub unmatched: Vec<EnrollmentMatch>,
    /// By contact.
    pub forecast: Vec<Forecast>,
    /// By contact: the learner whose username is its key, else one whose `sfdc_id` it is, else one whose username is
    /// near, or [`NONE`](crate::model::row::NONE).
    pub contact_learner: Vec<u32>,
    /// By contact: the group of contacts with the same key; none if the key is unique.
    pub key_group: SparseColumn<u32>,
    /// Learners whose link is `ambiguous`, each after its matching key group, sorted.
    pub ambiguous: Vec<(u32, u32)>,
    /// The newest enrollment, completion or access in the export, at its earliest possible moment.
    pub newest_of_export: Option<Instant>,
    /// The user who created most `DoceboUser__c` rows; on ties the lowest id.
    pub integration_user: Option<RecordId>,
    /// The unreadable rows of the export.
    pub unread: UnreadRows,
    /// Whether `link` was judged.
    pub link_judged: bool,
    /// Whether `enrollment` was judged.
    pub enrollment_judged: bool,
    /// The equations.
    pub totals: Totals,
}

/// Why the two sides cannot be related.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelateError {
    /// The order of day and month is ambiguous, in the file and by comparison.
    DateOrder {
        /// The export file.
        file: String,
    },
    /// The configured zone does not exist.
    Zone {
        /// The name.
        name: String,
    },
}

/// Relates the two sides.
///
/// # Errors
/// If the export's dates are ambiguous.
pub fn relate(data: &mut Dataset, rules: &Rules) -> Result<Relations, RelateError> {
    let exported = data.origins.exported_at;
    let extracted = data.origins.extracted_at;
    let newest = Instant::from_seconds(i64::MAX);
    let cutoff = exported.unwrap_or(newest).min(extracted.unwrap_or(newest)).plus(-rules.grace_hours * HOUR);
    let tolerance = rules.tolerance_minutes * MINUTE;

    let clocks = clock::infer(data, rules, tolerance)?;
    let unread = UnreadRows::new(data, rules);
    let people = people::relate(data, rules, &unread);
    let records = records::relate(data, rules, &clocks, &people, &unread, cutoff, tolerance);
    let totals = totals::count(data, &people, &records);
    let newest_of_export = clocks.newest(data);
    // The last access is reported only for outdated enrollments.
    data.enrollments.keep_accesses(|at| records.enrollment[at] != EnrollmentMatch::Matched);
    Ok(Relations {
        cutoff,
        clocks,
        ambiguous: people.ambiguous,
        newest_of_export,
        integration_user: data.docebo_users.foremost_creator(),
        sfdc: people.sfdc,
        link: people.link,
        contact: people.contact,
        docebo_user: records.docebo_user,
        due: records.due.into_iter().collect(),
        outbound: records.outbound,
        enrollment: records.enrollment,
        differs: records.differs,
        unmatched: records.unmatched,
        forecast: people.forecast,
        contact_learner: people.contact_learner,
        key_group: people.key_group,
        unread,
        link_judged: data.origins.sfdc_ids,
        enrollment_judged: records.judged,
        totals,
    })
}

/// The value of a Salesforce row by its number: values of unmatched rows follow those of the enrollments.
fn row_value(enrollment: &[EnrollmentMatch], unmatched: &[EnrollmentMatch], row: usize) -> EnrollmentMatch {
    enrollment.get(row).copied().unwrap_or_else(|| unmatched[row - enrollment.len()])
}

impl Relations {
    /// The Salesforce row that counts for a Docebo enrollment; `None` if enrollments were not judged.
    #[must_use]
    pub fn matched_row(&self, data: &Dataset, at: usize) -> Option<usize> {
        data.enrollments.matched_row(at).filter(|_| self.enrollment_judged)
    }

    /// The Docebo enrollment that matches a Salesforce row; `None` if enrollments were not judged.
    #[must_use]
    pub fn matched_enrollment(&self, data: &Dataset, row: usize) -> Option<usize> {
        data.enrollments.matched_enrollment(row).filter(|_| self.enrollment_judged)
    }

    /// The value of a Salesforce row; a matched one has its enrollment's.
    #[must_use]
    pub fn row_value(&self, row: usize) -> EnrollmentMatch {
        row_value(&self.enrollment, &self.unmatched, row)
    }

    /// The differences between an enrollment and its row.
    #[must_use]
    pub fn differs(&self, at: usize) -> Differs {
        // Most rows have no differences, and their value shows it.
        if self.enrollment[at] == EnrollmentMatch::Matched {
            Differs::default()
        } else {
            self.differs.get(at).unwrap_or_default()
        }
    }

    /// Whether the report that should list every learner has the one of a `DoceboUser__c` row: the *Users* report, else
    /// that of the enrollments. `None` if a row of the learner is unreadable.
    #[must_use]
    pub fn is_exported(&self, data: &Dataset, docebo_user: usize) -> Option<bool> {
        let account = data.docebo_users.account(docebo_user);
        let named = |learner| !data.origins.users_report || data.learners.in_users_report(learner);
        if data.learner_of(account).is_some_and(named) {
            return Some(true);
        }
        let unread = |id| self.unread.has_user(id) || !data.origins.users_report && self.unread.has_enrollment_of(id);
        // If only the enrollments list a learner, the row of the Users report may be one with an unreadable id.
        let unread_by_name = |learner| self.unread.has_user_named(data.learners.id(learner), data.username(learner));
        let is_unread =
            data.account_id(account).is_some_and(unread) || data.learner_of(account).is_some_and(unread_by_name);
        if is_unread { None } else { Some(false) }
    }

    /// Number of `DoceboUser__c` rows whose learners are missing from the report that should list every learner. Each
    /// row with an unreadable learner may be one of those, and reduces the number by one.
    #[must_use]
    pub fn missing_from_export(&self, data: &Dataset) -> u64 {
        let absent = (0..data.docebo_users.len()).filter(|&at| self.is_exported(data, at) == Some(false)).count();
        (absent as u64).saturating_sub(self.unread.unidentified_learners)
    }

    /// Whether the value of a Docebo enrollment is unknown because export rows are unreadable.
    #[must_use]
    pub fn rests_on_unread(&self, data: &Dataset, at: usize) -> bool {
        let learner = data.enrollments.learner(at) as usize;
        self.sfdc(data, learner).kind == SfdcIdKind::Unread
            || self.unread.has_enrollment(data.learners.id(learner), data.courses.id[data.enrollments.course(at)])
    }

    /// Whether the value of a Salesforce row is unknown because export rows are unreadable.
    #[must_use]
    pub fn row_rests_on_unread(&self, data: &Dataset, row: usize) -> bool {
        if row < data.enrollments.len() {
            return self.rests_on_unread(data, row);
        }
        let learner = data.account_id(data.enrollments.account(row));
        // Without its parents, a row cannot match any row of the export.
        learner.is_some_and(|id| self.unread.has_user(id) || self.unread.has_enrollment_of(id))
            && crate::model::row::row(data.enrollments.row_course(row)).is_some()
    }

    /// A learner's kind of `sfdc_id` and its record; `data` must be the related dataset.
    #[must_use]
    pub fn sfdc(&self, data: &Dataset, learner: usize) -> ResolvedSfdcId {
        self.sfdc.get(data, learner)
    }

    /// The contact of a learner: the one with the `sfdc_id`, else the one with this key, else the near one; `data` must
    /// be the related dataset.
    #[must_use]
    pub fn contact(&self, data: &Dataset, learner: usize) -> Option<usize> {
        self.contact.get(data, learner)
    }

    /// How each file's time zone is known, for the outputs.
    #[must_use]
    pub fn zones(&self) -> &[ZoneFinding] {
        &self.clocks.findings
    }
}
