//! The four relations as decision tables: each line is one rule.

use tieout::reconcile::relations::enrollment::{
    AbsentFacts, Difference, Differs, EnrollmentMatch, InScope, Presence, PresentFacts, UnmatchedFacts, absent,
    present, unmatched,
};
use tieout::reconcile::relations::forecast::{Forecast, ForecastFacts, KeyOwner, forecast};
use tieout::reconcile::relations::link::{Link, LinkFacts, Matches, SfdcIdKind, link};
use tieout::reconcile::relations::outbound::{Addressable, DoceboUserMatch, DueState, Outbound, outbound};

#[test]
fn link_table() {
    use Matches::{None, One, Several};
    for (sfdc_id, own_key, matches, near, value) in [
        (SfdcIdKind::Contact, true, One, false, Link::Linked),
        (SfdcIdKind::Contact, true, Several, false, Link::Linked),
        (SfdcIdKind::Contact, false, One, false, Link::Crossed),
        (SfdcIdKind::Contact, false, Several, false, Link::Crossed),
        (SfdcIdKind::Contact, false, None, false, Link::Drifted),
        (SfdcIdKind::Contact, false, None, true, Link::Drifted),
        (SfdcIdKind::User, false, None, false, Link::LinkedUser),
        (SfdcIdKind::User, false, One, true, Link::LinkedUser),
        (SfdcIdKind::Blank, false, One, false, Link::KeyOnly),
        (SfdcIdKind::Blank, false, One, true, Link::KeyOnly),
        (SfdcIdKind::Blank, false, Several, false, Link::Ambiguous),
        (SfdcIdKind::Blank, false, None, true, Link::NearMiss),
        (SfdcIdKind::Blank, false, None, false, Link::Unlinked),
        (SfdcIdKind::Malformed, false, One, false, Link::Malformed),
        (SfdcIdKind::Foreign, false, One, false, Link::Foreign),
        (SfdcIdKind::Dangling, false, One, false, Link::Dangling),
        (SfdcIdKind::Unknown, false, One, false, Link::Unknown),
        (SfdcIdKind::Unread, true, One, true, Link::Unknown),
    ] {
        let facts = LinkFacts { sfdc_id, own_key, matches, near, contacts_complete: true };
        assert_eq!(link(facts), value, "{facts:?}");
    }
}

#[test]
fn with_contacts_missing_only_what_rests_on_no_absence_is_said() {
    for (sfdc_id, own_key, matches, value) in [
        (SfdcIdKind::Contact, true, Matches::One, Link::Linked),
        (SfdcIdKind::User, false, Matches::None, Link::LinkedUser),
        (SfdcIdKind::Malformed, false, Matches::None, Link::Malformed),
        (SfdcIdKind::Foreign, false, Matches::None, Link::Foreign),
        (SfdcIdKind::Contact, false, Matches::One, Link::Unknown),
        (SfdcIdKind::Contact, false, Matches::None, Link::Unknown),
        (SfdcIdKind::Blank, false, Matches::One, Link::Unknown),
        (SfdcIdKind::Blank, false, Matches::None, Link::Unknown),
        (SfdcIdKind::NotExtracted, false, Matches::None, Link::Unknown),
    ] {
        let facts = LinkFacts { sfdc_id, own_key, matches, near: false, contacts_complete: false };
        assert_eq!(link(facts), value, "{facts:?}");
    }
}

#[test]
fn outbound_table() {
    use Addressable::{No, Unknown, Unread, Yes};
    use DoceboUserMatch as Row;
    for (addressable, row, due, value) in [
        (Yes, Row::Absent, DueState::Nothing, Outbound::NotDue),
        (Yes, Row::Absent, DueState::OnlyAfterCutoff, Outbound::Pending),
        (Yes, Row::Absent, DueState::BeforeCutoff, Outbound::Missing),
        (Yes, Row::Absent, DueState::Unknown, Outbound::Unknown),
        (Yes, Row::NamesLearner, DueState::Nothing, Outbound::Delivered),
        (Yes, Row::NamesOther, DueState::BeforeCutoff, Outbound::Misattached),
        (Yes, Row::NamesNobody, DueState::BeforeCutoff, Outbound::LinkLost),
        (No, Row::NamesNobody, DueState::Nothing, Outbound::LinkLost),
        (Unknown, Row::NamesNobody, DueState::Nothing, Outbound::LinkLost),
        (No, Row::NamesOther, DueState::Nothing, Outbound::Stray),
        // The fault is the learner's link, and is reported there alone.
        (No, Row::NamesLearner, DueState::Nothing, Outbound::Delivered),
        (No, Row::Absent, DueState::BeforeCutoff, Outbound::NotAddressable),
        (No, Row::Absent, DueState::Nothing, Outbound::NotAddressable),
        // Inputs that cannot be had.
        (Unknown, Row::NamesSomebody, DueState::BeforeCutoff, Outbound::Delivered),
        (Unknown, Row::NamesLearner, DueState::BeforeCutoff, Outbound::Delivered),
        (Unknown, Row::Absent, DueState::BeforeCutoff, Outbound::Unknown),
        (Yes, Row::NamesSomebody, DueState::BeforeCutoff, Outbound::Unknown),
        (Yes, Row::Unseen, DueState::BeforeCutoff, Outbound::Unknown),
        (No, Row::Unseen, DueState::BeforeCutoff, Outbound::Unknown),
        // Whatever rests on a learner's id says nothing where a row of the learner could not be read.
        (Unread, Row::NamesNobody, DueState::Nothing, Outbound::LinkLost),
        (Unread, Row::NamesLearner, DueState::Nothing, Outbound::Unknown),
        (Unread, Row::NamesOther, DueState::Nothing, Outbound::Unknown),
        (Unread, Row::NamesSomebody, DueState::Nothing, Outbound::Unknown),
        (Unread, Row::Absent, DueState::BeforeCutoff, Outbound::Unknown),
        (Unread, Row::Absent, DueState::Nothing, Outbound::Unknown),
    ] {
        assert_eq!(outbound(addressable, row, due), value, "{addressable:?} {row:?} {due:?}");
    }
}

fn differing() -> Differs {
    let mut differs = Differs::default();
    differs.add(Difference::Status);
    differs
}

#[test]
fn enrollment_with_a_row() {
    let agrees = PresentFacts {
        status_known: true,
        row_status_known: true,
        differs: Differs::default(),
        in_scope: InScope::Yes,
        row_is_later: false,
        newest_after_cutoff: false,
        unread_row: false,
    };
    let differs = PresentFacts { differs: differing(), ..agrees };
    for (facts, value) in [
        (PresentFacts { status_known: false, ..agrees }, EnrollmentMatch::UnknownStatus),
        (PresentFacts { status_known: false, newest_after_cutoff: true, ..differs }, EnrollmentMatch::UnknownStatus),
        (agrees, EnrollmentMatch::Matched),
        (PresentFacts { row_status_known: false, ..agrees }, EnrollmentMatch::Unknown),
        (PresentFacts { row_status_known: false, in_scope: InScope::No, ..agrees }, EnrollmentMatch::OutOfScope),
        (PresentFacts { row_status_known: false, ..differs }, EnrollmentMatch::Outdated),
        (PresentFacts { in_scope: InScope::No, newest_after_cutoff: true, ..agrees }, EnrollmentMatch::Matched),
        (PresentFacts { unread_row: true, ..agrees }, EnrollmentMatch::Matched),
        (differs, EnrollmentMatch::Outdated),
        (PresentFacts { in_scope: InScope::No, newest_after_cutoff: true, ..differs }, EnrollmentMatch::OutOfScope),
        (PresentFacts { newest_after_cutoff: true, ..differs }, EnrollmentMatch::Pending),
        (PresentFacts { row_is_later: true, ..differs }, EnrollmentMatch::Pending),
        (PresentFacts { unread_row: true, ..differs }, EnrollmentMatch::Unknown),
        (PresentFacts { unread_row: true, row_is_later: true, ..differs }, EnrollmentMatch::Pending),
    ] {
        assert_eq!(present(facts), value, "{facts:?}");
    }
}

#[test]
fn enrollment_without_a_row() {
    let due = AbsentFacts {
        in_scope: InScope::Yes,
        addressable: Addressable::Yes,
        after_cutoff: false,
        course: Presence::There,
        docebo_user: Presence::There,
        rows_complete: true,
        unread_row: false,
    };
    for (facts, value) in [
        (due, EnrollmentMatch::Absent),
        (AbsentFacts { in_scope: InScope::No, addressable: Addressable::No, ..due }, EnrollmentMatch::OutOfScope),
        (AbsentFacts { addressable: Addressable::No, after_cutoff: true, ..due }, EnrollmentMatch::NotAddressable),
        (AbsentFacts { after_cutoff: true, course: Presence::Absent, ..due }, EnrollmentMatch::Pending),
        (
            AbsentFacts { course: Presence::Absent, docebo_user: Presence::Absent, ..due },
            EnrollmentMatch::AbsentNoCourse,
        ),
        (AbsentFacts { docebo_user: Presence::Absent, ..due }, EnrollmentMatch::AbsentNoDoceboUser),
        (
            AbsentFacts { addressable: Addressable::Unknown, docebo_user: Presence::Absent, after_cutoff: true, ..due },
            EnrollmentMatch::UnknownLink,
        ),
        (AbsentFacts { addressable: Addressable::Unknown, ..due }, EnrollmentMatch::Absent),
        // What is missing from an incomplete extract may be there.
        (AbsentFacts { rows_complete: false, ..due }, EnrollmentMatch::Unknown),
        (AbsentFacts { rows_complete: false, in_scope: InScope::No, ..due }, EnrollmentMatch::Unknown),
        (AbsentFacts { docebo_user: Presence::Unseen, ..due }, EnrollmentMatch::Unknown),
        (AbsentFacts { course: Presence::Unseen, ..due }, EnrollmentMatch::Unknown),
        (AbsentFacts { in_scope: InScope::Unknown, ..due }, EnrollmentMatch::Unknown),
        // Rows are found through their parents.
        (AbsentFacts { docebo_user: Presence::Unseen, addressable: Addressable::No, ..due }, EnrollmentMatch::Unknown),
        (AbsentFacts { docebo_user: Presence::Unseen, in_scope: InScope::No, ..due }, EnrollmentMatch::Unknown),
        // A further row of the export for the pair could not be read.
        (AbsentFacts { unread_row: true, ..due }, EnrollmentMatch::Unknown),
        (AbsentFacts { unread_row: true, after_cutoff: true, ..due }, EnrollmentMatch::Unknown),
        (AbsentFacts { unread_row: true, addressable: Addressable::No, ..due }, EnrollmentMatch::NotAddressable),
        // So may be what rests on a row that could not be read.
        (AbsentFacts { addressable: Addressable::Unread, ..due }, EnrollmentMatch::Unknown),
        (
            AbsentFacts { addressable: Addressable::Unread, docebo_user: Presence::Absent, after_cutoff: true, ..due },
            EnrollmentMatch::Unknown,
        ),
        (AbsentFacts { addressable: Addressable::Unread, in_scope: InScope::No, ..due }, EnrollmentMatch::OutOfScope),
    ] {
        assert_eq!(absent(facts), value, "{facts:?}");
    }
}

#[test]
fn a_row_without_an_enrollment() {
    let row = UnmatchedFacts {
        parents: Presence::There,
        further: false,
        unenrolled: false,
        unread_counterpart: false,
        learner: Presence::There,
        course_deleted: false,
        after_cutoff: false,
    };
    for (facts, value) in [
        (row, EnrollmentMatch::Orphaned),
        (UnmatchedFacts { after_cutoff: true, ..row }, EnrollmentMatch::Pending),
        (UnmatchedFacts { course_deleted: true, after_cutoff: true, ..row }, EnrollmentMatch::CourseDeleted),
        (
            UnmatchedFacts { learner: Presence::Absent, course_deleted: true, ..row },
            EnrollmentMatch::LearnerNotExported,
        ),
        (UnmatchedFacts { unenrolled: true, learner: Presence::Absent, ..row }, EnrollmentMatch::Unenrolled),
        (UnmatchedFacts { further: true, unenrolled: true, ..row }, EnrollmentMatch::Repeated),
        (UnmatchedFacts { parents: Presence::Absent, further: true, ..row }, EnrollmentMatch::Unresolved),
        (UnmatchedFacts { parents: Presence::Unseen, ..row }, EnrollmentMatch::Unknown),
        (UnmatchedFacts { unread_counterpart: true, further: true, unenrolled: true, ..row }, EnrollmentMatch::Unknown),
        (UnmatchedFacts { parents: Presence::Absent, unread_counterpart: true, ..row }, EnrollmentMatch::Unresolved),
        (UnmatchedFacts { learner: Presence::Unseen, course_deleted: true, ..row }, EnrollmentMatch::Unknown),
        (UnmatchedFacts { learner: Presence::Unseen, unenrolled: true, ..row }, EnrollmentMatch::Unenrolled),
    ] {
        assert_eq!(unmatched(facts), value, "{facts:?}");
    }
}

#[test]
fn forecast_table() {
    let contact = ForecastFacts {
        in_view: None,
        key_blank: false,
        key_shared: false,
        owner: KeyOwner::Nobody,
        known_elsewhere: false,
        provisioning: true,
    };
    for (facts, value) in [
        (contact, Forecast::Create),
        (ForecastFacts { known_elsewhere: true, ..contact }, Forecast::CreateDuplicate),
        (ForecastFacts { provisioning: false, known_elsewhere: true, ..contact }, Forecast::None),
        (ForecastFacts { owner: KeyOwner::This, ..contact }, Forecast::Update),
        (ForecastFacts { owner: KeyOwner::Blank, provisioning: false, ..contact }, Forecast::Link),
        (ForecastFacts { owner: KeyOwner::Other, ..contact }, Forecast::Relink),
        (ForecastFacts { owner: KeyOwner::Unknown, ..contact }, Forecast::Unknown),
        (ForecastFacts { key_shared: true, owner: KeyOwner::This, ..contact }, Forecast::Collide),
        (ForecastFacts { key_blank: true, key_shared: true, ..contact }, Forecast::BlankKey),
        (ForecastFacts { in_view: Some(false), key_blank: true, ..contact }, Forecast::OutsideView),
        (ForecastFacts { in_view: Some(true), ..contact }, Forecast::Create),
    ] {
        assert_eq!(forecast(facts), value, "{facts:?}");
    }
}
