//! The catalogue: every check, one a file, in the order of their ids.
//!
//! A check has a name, its words and a condition; it reads the relations and decides nothing else.
//! None of them knows another.

/// What a check is.
pub mod check;
mod contact_without_learner;
/// How much a check judged, and the proof without which it is not clean.
pub mod coverage;
mod docebo_user_absent;
mod docebo_user_link_lost;
mod docebo_user_misattached;
mod docebo_user_orphaned;
mod docebo_user_shared;
mod enrollment_absent;
mod enrollment_key_mismatch;
mod enrollment_orphaned;
mod enrollment_outdated;
/// What shows that a finding is true.
pub mod evidence;
mod export_incomplete;
/// One finding.
pub mod finding;
mod integration_customized;
mod integration_user_inactive;
mod learner_without_contact;
mod organization_mismatch;
mod outbound_gap;
mod outbound_stalled;
/// All that a check sees.
pub mod reconciliation;
mod record_edited_by_others;
mod rows_unreadable;
/// Which records a check selects.
pub mod selects;
mod sfdc_id_blank;
mod sfdc_id_crossed;
mod sfdc_id_dangling;
mod sfdc_id_foreign;
mod sfdc_id_malformed;
mod sfdc_id_shared;
mod status_unknown;
/// What a finding is about.
pub mod subject;
mod username_blank;
mod username_drifted;
mod username_near_miss;
mod username_shared;

use crate::checks::check::Check;

/// Every check, by id.
pub static CATALOGUE: [&Check; 30] = [
    &contact_without_learner::CHECK,
    &docebo_user_absent::CHECK,
    &docebo_user_link_lost::CHECK,
    &docebo_user_misattached::CHECK,
    &docebo_user_orphaned::CHECK,
    &docebo_user_shared::CHECK,
    &enrollment_absent::CHECK,
    &enrollment_key_mismatch::CHECK,
    &enrollment_orphaned::CHECK,
    &enrollment_outdated::CHECK,
    &export_incomplete::CHECK,
    &integration_customized::CHECK,
    &integration_user_inactive::CHECK,
    &learner_without_contact::CHECK,
    &organization_mismatch::CHECK,
    &outbound_gap::CHECK,
    &outbound_stalled::CHECK,
    &record_edited_by_others::CHECK,
    &rows_unreadable::CHECK,
    &sfdc_id_blank::CHECK,
    &sfdc_id_crossed::CHECK,
    &sfdc_id_dangling::CHECK,
    &sfdc_id_foreign::CHECK,
    &sfdc_id_malformed::CHECK,
    &sfdc_id_shared::CHECK,
    &status_unknown::CHECK,
    &username_blank::CHECK,
    &username_drifted::CHECK,
    &username_near_miss::CHECK,
    &username_shared::CHECK,
];

/// The check of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    CATALOGUE.iter().find(|check| check.id == id).copied()
}
