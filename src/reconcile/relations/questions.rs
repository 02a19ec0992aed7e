//! Which results of a run are so implausible that its inputs are questioned before any fault is reported.
//!
//! Each question is a total function of a few numbers; shares count only over at least [`MIN_RECORDS`] records. Until
//! the user accepts it (`--accept`), the run is not evaluated, and checks that depend on the questioned input report
//! nothing.
//!
//! Must not know: checks, outputs, or the clock of this machine (the time is a parameter).

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::inputs::salesforce::objects::course_enrollment;
use crate::model::instant::{DAY, HOUR, Instant};
use crate::model::origins::Origins;
use crate::model::question::{MIN_RECORDS, Question, Questioned};
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::Relations;
use crate::reconcile::relations::clock::ZONE_DOUBT;
use crate::reconcile::relations::enrollment::{Difference, EnrollmentMatch};
use crate::reconcile::relations::link::{Link, SfdcIdKind};
use crate::settings::Rules;

/// How long a read of Salesforce may take: an extraction can be resumed for two days, and manually saved objects are
/// saved one after the other.
const READ_LASTS: i64 = 2 * 24 * HOUR;
/// How long saving a folder by hand may take.
const SAVING_LASTS: i64 = HOUR;
/// The export is questioned if its newest date is at least this many days before the export time.
const MAX_DAYS_WITHOUT_DATE: i64 = 30;

/// The applicable questions, in order. `now` is the time of the run.
#[must_use]
pub fn ask(data: &Dataset, relations: &Relations, rules: &Rules, now: Instant) -> Vec<Questioned> {
    let asked = [
        (Question::DatesDisagree, dates_disagree(relations).or_else(|| dates_differ(data, relations))),
        (Question::KeysDisagree, keys_disagree(relations, rules)),
        (Question::OtherOrganization, other_organization(data, relations)),
        (Question::ExportFiltered, export_filtered(data, relations)),
        (Question::ExportTime, export_time(&data.origins, relations, now)),
        (Question::ExtractTime, extract_time(data, now)),
        (Question::NothingDue, nothing_due(relations)),
    ];
    let asked = asked.into_iter().filter_map(|(question, sentence)| Some((question, sentence?)));
    asked
        .map(|(question, sentence)| Questioned { question, sentence, accepted: rules.accepted.contains(&question) })
        .collect()
}

/// Whether a share is over a fifth of enough records.
const fn is_large(part: u64, of: u64) -> bool {
    of >= MIN_RECORDS && part * 5 > of
}

/// Whether a share is over half of enough records.
const fn is_most(part: u64, of: u64) -> bool {
    of >= MIN_RECORDS && part * 2 > of
}

fn dates_disagree(relations: &Relations) -> Option<String> {
    let total: u64 = relations.zones().iter().map(|zone| zone.pairs).sum();
    let agreeing: u64 = relations.zones().iter().map(|zone| zone.agreeing).sum();
    is_most(total - agreeing, total).then(|| {
        format!(
            "At best, only {agreeing} of {total} enrollment dates that are on both sides agree. The time zone or the \
             order of day and month is probably wrong: set docebo.time_zone, docebo.date_order or docebo.date_format."
        )
    })
}

/// The enrollment dates of most matched enrollments differ, or are blank on one side, where there is no pair to compare.
fn dates_differ(data: &Dataset, relations: &Relations) -> Option<String> {
    let enrollments = &data.enrollments;
    let is_matched = |&at: &usize| relations.matched_row(data, at).is_some();
    let matched = (0..enrollments.len()).into_par_iter().filter(is_matched).count() as u64;
    let differing =
        relations.differs.iter().filter(|(_, differs)| differs.has(Difference::EnrollmentDate)).count() as u64;
    is_most(differing, matched).then(|| {
        format!(
            "{differing} of {matched} enrollments that are on both sides have another enrollment date in Salesforce, or none on \
             one side. A column of dates is probably blank or the wrong one: check docebo.columns.enrollment_date, and \
             whether {} was saved with its values.",
            course_enrollment::ENROLLED
        )
    })
}

fn keys_disagree(relations: &Relations, rules: &Rules) -> Option<String> {
    let links = &relations.totals.learners.link;
    let drifted = links.get(Link::Drifted);
    let linked = drifted + links.get(Link::Linked) + links.get(Link::Crossed);
    is_most(drifted, linked).then(|| {
        format!(
            "For {drifted} of {linked} linked learners, no contact has the username in {}. This is probably not the field that \
             Docebo's data mapper maps to the username: correct mapping.username_field.",
            rules.username_field
        )
    })
}

/// Learners whose `sfdc_id` is the id of a contact or user, those of them whose record is not in the extract, and of
/// these the ones whose id another Salesforce instance assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dangling {
    /// Ids of contacts and users.
    pub addressable: u64,
    /// Those whose record does not exist.
    pub dangling: u64,
    /// Those from another instance than all ids of the extract.
    pub of_another: u64,
}

impl Dangling {
    /// Counts them.
    #[must_use]
    pub fn new(data: &Dataset, relations: &Relations) -> Self {
        let mut counts = Self::default();
        let own = instances(data);
        for learner in 0..data.learners.len() {
            let named = relations.sfdc(data, learner);
            match named.kind {
                SfdcIdKind::Contact | SfdcIdKind::User => counts.addressable += 1,
                SfdcIdKind::Dangling => {
                    counts.addressable += 1;
                    counts.dangling += 1;
                    counts.of_another += u64::from(named.id.is_some_and(|id| !own.contains(&id.instance_part())));
                }
                _ => {}
            }
        }
        counts
    }

    /// Whether over half match no record of this organization, and come from another instance: another organization.
    #[must_use]
    pub const fn is_mismatch(self) -> bool {
        is_most(self.of_another, self.addressable)
    }
}

/// The distinct instances that assigned the ids of the extract.
fn instances(data: &Dataset) -> Vec<[u8; 3]> {
    let docebo_users = (0..data.docebo_users.len()).map(|at| data.docebo_users.id(at));
    let ids = data.contacts.ids().chain(data.users.ids()).chain(docebo_users);
    let mut all: Vec<[u8; 3]> = Vec::new();
    for id in ids {
        let instance = id.instance_part();
        if all.last() != Some(&instance) && !all.contains(&instance) {
            all.push(instance);
        }
    }
    all
}

fn other_organization(data: &Dataset, relations: &Relations) -> Option<String> {
    let counts = Dangling::new(data, relations);
    is_most(counts.dangling, counts.addressable).then(|| {
        let Dangling { addressable, dangling, of_another } = counts;
        let cause = if counts.is_mismatch() {
            "They were issued by another Salesforce instance: the export and the snapshot probably come from two organizations, such as a \
             sandbox and production."
        } else {
            "Contacts are probably missing from the snapshot, or a sandbox was refreshed."
        };
        format!(
            "{dangling} of {addressable} Salesforce ids of learners are not in the snapshot ({of_another} of them of another \
             instance). {cause}"
        )
    })
}

fn export_filtered(data: &Dataset, relations: &Relations) -> Option<String> {
    let total = data.docebo_users.len() as u64;
    let absent = relations.missing_from_export(data);
    if is_most(absent, total) {
        return Some(format!(
            "The learners of {absent} of {total} DoceboUser records are missing from the export. It was probably filtered: \
             export it again with all users, deactivated ones included."
        ));
    }
    // The users report can be complete while the enrollments were filtered by date, course or status, or truncated at a
    // line end.
    let values = &relations.totals.enrollments.salesforce.values;
    let orphaned = values.get(EnrollmentMatch::Orphaned);
    let compared = [EnrollmentMatch::Matched, EnrollmentMatch::Outdated, EnrollmentMatch::UnknownStatus]
        .map(|value| values.get(value));
    let total = orphaned + compared.iter().sum::<u64>();
    (relations.enrollment_judged && is_large(orphaned, total)).then(|| {
        format!(
            "{orphaned} of {total} enrollments in Salesforce are missing from the export, although it has their learners. It was \
             probably filtered or cut off: export all enrollments again, whatever their date, course and status."
        )
    })
}

fn export_time(origins: &Origins, relations: &Relations, now: Instant) -> Option<String> {
    let exported_at = origins.exported_at?;
    if exported_at > now {
        return Some(format!(
            "The export time {} is in the future. Correct docebo.exported_at, or this machine's clock.",
            exported_at.to_minute()
        ));
    }
    let doubt = if relations.clocks.are_certain() { 0 } else { ZONE_DOUBT };
    let newest = relations.newest_of_export?;
    let days = (exported_at.seconds() - newest.seconds()) / DAY;
    if days >= MAX_DAYS_WITHOUT_DATE {
        return Some(format!(
            "The newest date in the export, {}, is {days} days before the export time {}. The export is probably older than \
             that, or was filtered by date: correct docebo.exported_at, or export all enrollments again.",
            newest.to_minute(),
            exported_at.to_minute()
        ));
    }
    (newest.plus(-doubt) > exported_at).then(|| format!(
        "The export time {} is before the newest date in the export, {}. Correct docebo.exported_at; if it is right, the \
         dates are being misread (docebo.time_zone, docebo.date_format).",
        exported_at.to_minute(),
        newest.to_minute()
    ))
}

fn extract_time(data: &Dataset, now: Instant) -> Option<String> {
    let origins = &data.origins;
    let extracted_at = origins.extracted_at?;
    if extracted_at > now {
        return Some(format!(
            "The time of the Salesforce snapshot, {}, is in the future. Correct salesforce.extracted_at, or this machine's \
             clock.",
            extracted_at.to_minute()
        ));
    }
    // `extracted_at` is when the read began, and rows that change during it are read as well.
    let lasts = if origins.extraction.queries.is_empty() { SAVING_LASTS } else { READ_LASTS };
    let ended = origins.extraction.last.unwrap_or(extracted_at).max(extracted_at.plus(lasts));
    let newest =
        data.write_activity.values().filter_map(|activity| activity.newest).max().filter(|&newest| newest > ended)?;
    Some(format!(
        "The time of the Salesforce snapshot, {}, is before the newest write in it, {}. Correct \
         salesforce.extracted_at, or extract again.",
        extracted_at.to_minute(),
        newest.to_minute()
    ))
}

fn nothing_due(relations: &Relations) -> Option<String> {
    let values = &relations.totals.enrollments.docebo.values;
    let message = [
        EnrollmentMatch::Matched,
        EnrollmentMatch::Outdated,
        EnrollmentMatch::UnknownStatus,
        EnrollmentMatch::Absent,
        EnrollmentMatch::AbsentNoCourse,
        EnrollmentMatch::AbsentNoDoceboUser,
        EnrollmentMatch::Unknown,
        EnrollmentMatch::UnknownLink,
    ];
    let nothing = relations.enrollment_judged && message.iter().all(|&value| values.get(value) == 0);
    nothing.then(|| {
        "No enrollment was compared on both sides, and none was due in Salesforce: this run says nothing about the sync."
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::is_most;

    #[test]
    fn a_share_is_absurd_over_half_of_twenty_records() {
        for (part, of, absurd) in [(10, 20, false), (11, 20, true), (19, 19, false), (0, 0, false), (500, 1_000, false)]
        {
            assert_eq!(is_most(part, of), absurd, "{part} of {of}");
        }
    }
}
