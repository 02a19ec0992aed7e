//! One cause, one finding: every disturbance, and the check that must fire on its subject alone.

use fastrand::Rng;

use super::links::near;
use super::{Damage, Report, World};

/// What a disturbance was done to, and what its finding must be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Learner(u64),
    /// Learner and course.
    Enrollment(u64, u64),
    /// A record of the nine objects, by its id.
    Record(String),
    Contact(String),
    User(String),
    /// A key that contacts share.
    Key(String),
    /// A Salesforce id that learners share.
    SfdcId(String),
    Nothing,
}

/// One way to disturb a world that is in sync.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disturbance {
    pub(crate) name: &'static str,
    /// The check that finds it; `None` for what is innocent.
    pub(crate) check: Option<&'static str>,
    /// Checks that cannot but fire as well, once each, where the fault has two sides.
    pub(crate) also: &'static [&'static str],
    pub(crate) apply: fn(&mut World, &mut Rng) -> Subject,
}

/// Fires `check`, and nothing else.
const fn one(name: &'static str, check: &'static str, apply: fn(&mut World, &mut Rng) -> Subject) -> Disturbance {
    Disturbance { name, check: Some(check), also: &[], apply }
}

const fn innocent(name: &'static str, apply: fn(&mut World, &mut Rng) -> Subject) -> Disturbance {
    Disturbance { name, check: None, also: &[], apply }
}

const fn with(
    name: &'static str,
    check: &'static str,
    also: &'static [&'static str],
    apply: fn(&mut World, &mut Rng) -> Subject,
) -> Disturbance {
    Disturbance { name, check: Some(check), also, apply }
}

/// Hands a settled learner's username to a verb.
macro_rules! to_one {
    ($verb:ident $(, $more:expr)*) => {
        |world, rng| {
            let who = world.any_settled(rng);
            world.$verb(&who $(, $more)*)
        }
    };
}

const DISTURBANCES: &[Disturbance] = &[
    one("drop_docebo_user_record", "docebo-user-absent", to_one!(drop_docebo_user_record)),
    one("misattach", "docebo-user-misattached", to_one!(misattach)),
    one("lose_link", "docebo-user-link-lost", to_one!(lose_link)),
    // Not addressable is what makes a row stray, and that has a finding of its own.
    with("stray", "docebo-user-misattached", &["sfdc-id-blank"], to_one!(stray)),
    one("shared_docebo_user_through_portal", "docebo-user-shared", to_one!(shared_docebo_user_through_portal)),
    with(
        "shared_docebo_user",
        "docebo-user-shared",
        &["sfdc-id-shared", "username-drifted"],
        to_one!(shared_docebo_user),
    ),
    one("orphan_docebo_user", "docebo-user-orphaned", to_one!(orphan_docebo_user)),
    one("drop_enrollment", "enrollment-absent", to_one!(drop_enrollment)),
    one("outdate_status", "enrollment-outdated", to_one!(outdate_status)),
    one("outdate_enrollment_date", "enrollment-outdated", to_one!(outdate_enrollment_date)),
    one("outdate_completion", "enrollment-outdated", to_one!(outdate_completion)),
    one("stamp_unenrolled", "enrollment-outdated", to_one!(stamp_unenrolled)),
    one("orphan_enrollment", "enrollment-orphaned", to_one!(orphan_enrollment)),
    one("repeat_enrollment_row", "enrollment-key-mismatch", to_one!(repeat_enrollment_row)),
    one("break_enrolment_key", "enrollment-key-mismatch", to_one!(break_enrolment_key)),
    one("unresolve_parent", "enrollment-key-mismatch", to_one!(unresolve_parent)),
    one("unknown_status_word", "status-unknown", to_one!(unknown_status_word, "On sabbatical")),
    one("blank_sfdc_id", "sfdc-id-blank", to_one!(blank_sfdc_id)),
    one("ambiguous", "username-shared", to_one!(ambiguous)),
    one("cross_sfdc_id", "sfdc-id-crossed", to_one!(cross_sfdc_id)),
    one("dangle_sfdc_id", "sfdc-id-dangling", to_one!(dangle_sfdc_id)),
    with("delete_contact", "sfdc-id-dangling", &["docebo-user-link-lost"], to_one!(delete_contact)),
    one("shorten_sfdc_id", "sfdc-id-malformed", to_one!(shorten_sfdc_id)),
    one("change_case_of_sfdc_id", "sfdc-id-malformed", to_one!(change_case_of_sfdc_id)),
    one("foreign_sfdc_id", "sfdc-id-foreign", to_one!(foreign_sfdc_id)),
    one("share_sfdc_id", "sfdc-id-shared", |world, _| world.share_sfdc_id()),
    one("drift_username", "username-drifted", to_one!(drift_username)),
    with("drift_username_in_view", "username-drifted", &["contact-without-learner"], |world, rng| {
        let who = in_view(world, rng);
        world.drift_username_in_view(&who)
    }),
    one("near_miss_username, case", "username-near-miss", to_one!(near_miss_username, near::case)),
    one("near_miss_username, space", "username-near-miss", to_one!(near_miss_username, near::space)),
    one("near_miss_username, width", "username-near-miss", to_one!(near_miss_username, near::width)),
    with("near_miss_username_in_view", "username-near-miss", &["contact-without-learner"], |world, rng| {
        let who = in_view(world, rng);
        world.near_miss_username_in_view(&who, near::case)
    }),
    one("unlink", "learner-without-contact", to_one!(unlink)),
    one("contact_without_learner", "contact-without-learner", |world, _| {
        world.contact_without_learner("robin.unknown@example.org")
    }),
    one("blank_contact_key", "username-blank", |world, _| world.blank_contact_key()),
    one("shared_contact_key", "username-shared", to_one!(shared_contact_key)),
    one("deactivate_integration_user", "integration-user-inactive", |world, _| world.deactivate_integration_user()),
    one("edited_by_other", "record-edited-by-others", to_one!(edited_by_other)),
    one("reject_row, learner's id", "rows-unreadable", |world, _| {
        world.reject_row(Report::Enrollments, Damage::LearnerId("12x".to_owned()))
    }),
    one("reject_row, no learner", "rows-unreadable", |world, _| {
        world.reject_row(Report::Users, Damage::LearnerId("n/a".to_owned()))
    }),
    one("reject_row, course's id", "rows-unreadable", |world, _| {
        world.reject_row(Report::Enrollments, Damage::CourseId("6-10".to_owned()))
    }),
    one("reject_row, date", "rows-unreadable", |world, _| {
        world.reject_row(Report::Enrollments, Damage::Date("soon".to_owned()))
    }),
    one("reject_row, too few cells", "rows-unreadable", |world, _| {
        world.reject_row(Report::Enrollments, Damage::TooFewCells)
    }),
    one("reject_row, too many cells", "rows-unreadable", |world, _| {
        world.reject_row(Report::Users, Damage::TooManyCells)
    }),
    innocent("repeat_export_row", to_one!(repeat_export_row)),
];

/// A settled learner whose contact the inbound sync sees.
fn in_view(world: &World, rng: &mut Rng) -> String {
    let all = world.settled_learners();
    let seen = |who: &&String| world.list_view.as_ref().is_none_or(|view| view.contains(&world.learner(who).sfdc_id));
    let seen: Vec<&String> = all.iter().filter(seen).collect();
    (*rng.choice(&seen).expect("nine of ten contacts are in the view")).clone()
}

impl World {
    /// Every disturbance. A world needs some sixty learners for all of them to stand alone: below
    /// fifty `DoceboUser` rows one orphan is already 2 % of them.
    pub(crate) fn disturbances() -> &'static [Disturbance] {
        DISTURBANCES
    }
}
