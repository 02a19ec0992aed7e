//! How the two sides stand to each other: four total functions ([`link()`](link::link),
//! [`outbound()`](outbound::outbound), [`enrollment`], [`forecast()`](forecast::forecast)), applied to
//! every row, and the totals that prove it was every row.
//!
//! Each function is a small decision table in a file of its own; the files `people` and `records`
//! find the facts that the tables ask for. Checks, totals and reports only select from what stands
//! here.
//!
//! Must not know: files, checks, wording.

/// Which time zone and date order the export is in, by comparing both sides.
pub mod clock;
/// One value for every enrollment.
pub mod enrollment;
/// One value for every contact.
pub mod forecast;
/// One value for every learner: the tie to Salesforce.
pub mod link;
/// One value for every learner: the `DoceboUser__c` row.
pub mod outbound;
mod people;
/// Results so absurd that the inputs are questioned.
pub mod questions;
mod records;
/// The equations that account for every row.
pub mod totals;
/// What the unreadable rows of the export still say.
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
pub(crate) use records::{NEEDED_OF_COURSE, NEEDED_OF_ENROLLMENT};
use totals::Totals;
use unread::UnreadRows;

/// Every value of every relation, column by column beside the [`Dataset`].
#[derive(Debug, Clone)]
pub struct Relations {
    /// What happened after this moment is not yet expected on the other side.
    pub cutoff: Instant,
    /// The zone and the date order that the export's dates were read with.
    pub clocks: Clocks,
    sfdc: ResolvedSfdcIds,
    /// By learner.
    pub link: Vec<Link>,
    contact: LearnerContacts,
    /// By learner: the `DoceboUser__c` row, or [`NONE`](crate::model::row::NONE).
    pub docebo_user: Vec<u32>,
    /// By learner: enrollments that are due, whenever they fall due.
    pub due: CountColumn,
    /// By learner.
    pub outbound: Vec<Outbound>,
    /// By Docebo enrollment.
    pub enrollment: Vec<EnrollmentMatch>,
    /// By Docebo enrollment, where something does: what differs.
    pub differs: SparseColumn<Differs>,
    /// By Salesforce enrollment row that no enrollment claims, from the first of them on.
    pub unmatched: Vec<EnrollmentMatch>,
    /// By contact.
    pub forecast: Vec<Forecast>,
    /// By contact: the learner who has its key as username, else one whose `sfdc_id` it is, else one
    /// whose username is near, or [`NONE`](crate::model::row::NONE).
    pub contact_learner: Vec<u32>,
    /// By contact: the group of contacts with the same key; nothing where the key is its own.
    pub key_group: SparseColumn<u32>,
    /// Learners whose link is `ambiguous`, each behind the key group they match, sorted.
    pub ambiguous: Vec<(u32, u32)>,
    /// The newest enrollment, completion or access that the export tells of, as early as it can be meant.
    pub newest_of_export: Option<Instant>,
    /// Who created most `DoceboUser__c` rows; of equals the lowest id.
    pub integration_user: Option<RecordId>,
    /// What could not be read of the export.
    pub unread: UnreadRows,
    /// Whether `link` was judged.
    pub link_judged: bool,
    /// Whether `enrollment` was judged.
    pub enrollment_judged: bool,
    /// The equations.
    pub totals: Totals,
}

/// Why both sides cannot be related.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelateError {
    /// Day and month cannot be told apart, neither in the file nor by comparison.
    DateOrder {
        /// The export file.
        file: String,
    },
    /// There is no zone of the configured name.
    Zone {
        /// The name.
        name: String,
    },
}

/// Relates everything.
///
/// # Errors
/// When the dates of the export cannot be read in one way only.
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
    // When somebody last opened the course is told of what is outdated alone.
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

/// The value of a Salesforce row by its number: those of the rows that no enrollment claims follow those of the enrollments.
fn row_value(enrollment: &[EnrollmentMatch], unmatched: &[EnrollmentMatch], row: usize) -> EnrollmentMatch {
    enrollment.get(row).copied().unwrap_or_else(|| unmatched[row - enrollment.len()])
}

impl Relations {
    /// The Salesforce row that counts for a Docebo enrollment; nothing where enrollments could not be judged.
    #[must_use]
    pub fn matched_row(&self, data: &Dataset, at: usize) -> Option<usize> {
        data.enrollments.matched_row(at).filter(|_| self.enrollment_judged)
    }

    /// The Docebo enrollment that claims a Salesforce row; nothing where enrollments could not be judged.
    #[must_use]
    pub fn matched_enrollment(&self, data: &Dataset, row: usize) -> Option<usize> {
        data.enrollments.matched_enrollment(row).filter(|_| self.enrollment_judged)
    }

    /// The value of a Salesforce row; a claimed one has its enrollment's.
    #[must_use]
    pub fn row_value(&self, row: usize) -> EnrollmentMatch {
        row_value(&self.enrollment, &self.unmatched, row)
    }

    /// What differs between an enrollment and its row.
    #[must_use]
    pub fn differs(&self, at: usize) -> Differs {
        // Of millions nothing differs, and their value tells.
        if self.enrollment[at] == EnrollmentMatch::Matched {
            Differs::default()
        } else {
            self.differs.get(at).unwrap_or_default()
        }
    }

    /// Whether the report that should name every learner names the one of a `DoceboUser__c` row: the *Users* report, or where
    /// there is none, that of the enrollments. Nothing where a row of the learner could not be read.
    #[must_use]
    pub fn is_exported(&self, data: &Dataset, docebo_user: usize) -> Option<bool> {
        let account = data.docebo_users.account(docebo_user);
        let named = |learner| !data.origins.users_report || data.learners.in_users_report(learner);
        if data.learner_of(account).is_some_and(named) {
            return Some(true);
        }
        let unread = |id| self.unread.has_user(id) || !data.origins.users_report && self.unread.has_enrollment_of(id);
        // Of a learner whom only the enrollments name, the row of the Users report may be one whose id could not be read.
        let unread_by_name = |learner| self.unread.has_user_named(data.learners.id(learner), data.username(learner));
        let is_unread =
            data.account_id(account).is_some_and(unread) || data.learner_of(account).is_some_and(unread_by_name);
        if is_unread { None } else { Some(false) }
    }

    /// How many `DoceboUser__c` rows belong to learners whom the report that should name every learner does not name. As many
    /// of those as there are rows whose learner could not be read may be in it, and are not counted.
    #[must_use]
    pub fn missing_from_export(&self, data: &Dataset) -> u64 {
        let absent = (0..data.docebo_users.len()).filter(|&at| self.is_exported(data, at) == Some(false)).count();
        (absent as u64).saturating_sub(self.unread.unidentified_learners)
    }

    /// Whether the value of a Docebo enrollment is unknown because rows of the export could not be read.
    #[must_use]
    pub fn rests_on_unread(&self, data: &Dataset, at: usize) -> bool {
        let learner = data.enrollments.learner(at) as usize;
        self.sfdc(data, learner).kind == SfdcIdKind::Unread
            || self.unread.has_enrollment(data.learners.id(learner), data.courses.id[data.enrollments.course(at)])
    }

    /// Whether the value of a Salesforce row is unknown because rows of the export could not be read.
    #[must_use]
    pub fn row_rests_on_unread(&self, data: &Dataset, row: usize) -> bool {
        if row < data.enrollments.len() {
            return self.rests_on_unread(data, row);
        }
        let learner = data.account_id(data.enrollments.account(row));
        // Without its parents, a row says nothing that a row of the export could answer.
        learner.is_some_and(|id| self.unread.has_user(id) || self.unread.has_enrollment_of(id))
            && crate::model::row::row(data.enrollments.row_course(row)).is_some()
    }

    /// What a learner's `sfdc_id` is, and which record it names; with the dataset that was related.
    #[must_use]
    pub fn sfdc(&self, data: &Dataset, learner: usize) -> ResolvedSfdcId {
        self.sfdc.get(data, learner)
    }

    /// The contact that goes with a learner: the one named, else the one with this key, else the near one; with the
    /// dataset that was related.
    #[must_use]
    pub fn contact(&self, data: &Dataset, learner: usize) -> Option<usize> {
        self.contact.get(data, learner)
    }

    /// How the zone of each file's dates is known, for the outputs.
    #[must_use]
    pub fn zones(&self) -> &[ZoneFinding] {
        &self.clocks.findings
    }
}
