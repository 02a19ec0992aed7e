//! The four relations as decision tables: each line is one rule.

use tieout::relations::enrollment::{
    AbsentFacts, Difference, Differs, Enrollment, InScope, Presence, PresentFacts, UnclaimedFacts, absent, present,
    unclaimed,
};
use tieout::relations::forecast::{Forecast, ForecastFacts, KeyOwner, forecast};
use tieout::relations::link::{Link, LinkFacts, Matches, SfdcId, link};
use tieout::relations::outbound::{Addressable, DoceboUserRow, Due, Outbound, outbound};

#[test]
fn link_table() {
    use Matches::{None, One, Several};
    for (sfdc_id, own_key, matches, near, value) in [
        (SfdcId::Contact, true, One, false, Link::Linked),
        (SfdcId::Contact, true, Several, false, Link::Linked),
        (SfdcId::Contact, false, One, false, Link::Crossed),
        (SfdcId::Contact, false, Several, false, Link::Crossed),
        (SfdcId::Contact, false, None, false, Link::Drifted),
        (SfdcId::Contact, false, None, true, Link::Drifted),
        (SfdcId::User, false, None, false, Link::LinkedUser),
        (SfdcId::User, false, One, true, Link::LinkedUser),
        (SfdcId::Blank, false, One, false, Link::KeyOnly),
        (SfdcId::Blank, false, One, true, Link::KeyOnly),
        (SfdcId::Blank, false, Several, false, Link::Ambiguous),
        (SfdcId::Blank, false, None, true, Link::NearMiss),
        (SfdcId::Blank, false, None, false, Link::Unlinked),
        (SfdcId::Malformed, false, One, false, Link::Malformed),
        (SfdcId::Foreign, false, One, false, Link::Foreign),
        (SfdcId::Dangling, false, One, false, Link::Dangling),
        (SfdcId::Unknown, false, One, false, Link::Unknown),
        (SfdcId::Unread, true, One, true, Link::Unknown),
    ] {
        let facts = LinkFacts { sfdc_id, own_key, matches, near, contacts_complete: true };
        assert_eq!(link(facts), value, "{facts:?}");
    }
}

#[test]
fn with_contacts_missing_only_what_rests_on_no_absence_is_said() {
    for (sfdc_id, own_key, matches, value) in [
        (SfdcId::Contact, true, Matches::One, Link::Linked),
        (SfdcId::User, false, Matches::None, Link::LinkedUser),
        (SfdcId::Malformed, false, Matches::None, Link::Malformed),
        (SfdcId::Foreign, false, Matches::None, Link::Foreign),
        (SfdcId::Contact, false, Matches::One, Link::Unknown),
        (SfdcId::Contact, false, Matches::None, Link::Unknown),
        (SfdcId::Blank, false, Matches::One, Link::Unknown),
        (SfdcId::Blank, false, Matches::None, Link::Unknown),
        (SfdcId::Unseen, false, Matches::None, Link::Unknown),
    ] {
        let facts = LinkFacts { sfdc_id, own_key, matches, near: false, contacts_complete: false };
        assert_eq!(link(facts), value, "{facts:?}");
    }
}

#[test]
fn outbound_table() {
    use Addressable::{No, Unknown, Unread, Yes};
    use DoceboUserRow as Row;
    for (addressable, row, due, value) in [
        (Yes, Row::Absent, Due::Nothing, Outbound::NotDue),
        (Yes, Row::Absent, Due::OnlyAfterCutoff, Outbound::Pending),
        (Yes, Row::Absent, Due::BeforeCutoff, Outbound::Missing),
        (Yes, Row::Absent, Due::Unknown, Outbound::Unknown),
        (Yes, Row::NamesLearner, Due::Nothing, Outbound::Delivered),
        (Yes, Row::NamesOther, Due::BeforeCutoff, Outbound::Misattached),
        (Yes, Row::NamesNobody, Due::BeforeCutoff, Outbound::LinkLost),
        (No, Row::NamesNobody, Due::Nothing, Outbound::LinkLost),
        (Unknown, Row::NamesNobody, Due::Nothing, Outbound::LinkLost),
        (No, Row::NamesOther, Due::Nothing, Outbound::Stray),
        // The fault is the learner's link, and is reported there alone.
        (No, Row::NamesLearner, Due::Nothing, Outbound::Delivered),
        (No, Row::Absent, Due::BeforeCutoff, Outbound::NotAddressable),
        (No, Row::Absent, Due::Nothing, Outbound::NotAddressable),
        // Inputs that cannot be had.
        (Unknown, Row::NamesSomebody, Due::BeforeCutoff, Outbound::Delivered),
        (Unknown, Row::NamesLearner, Due::BeforeCutoff, Outbound::Delivered),
        (Unknown, Row::Absent, Due::BeforeCutoff, Outbound::Unknown),
        (Yes, Row::NamesSomebody, Due::BeforeCutoff, Outbound::Unknown),
        (Yes, Row::Unseen, Due::BeforeCutoff, Outbound::Unknown),
        (No, Row::Unseen, Due::BeforeCutoff, Outbound::Unknown),
        // Whatever rests on a learner's id says nothing where a row of the learner could not be read.
        (Unread, Row::NamesNobody, Due::Nothing, Outbound::LinkLost),
        (Unread, Row::NamesLearner, Due::Nothing, Outbound::Unknown),
        (Unread, Row::NamesOther, Due::Nothing, Outbound::Unknown),
        (Unread, Row::NamesSomebody, Due::Nothing, Outbound::Unknown),
        (Unread, Row::Absent, Due::BeforeCutoff, Outbound::Unknown),
        (Unread, Row::Absent, Due::Nothing, Outbound::Unknown),
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
        (PresentFacts { status_known: false, ..agrees }, Enrollment::UnknownStatus),
        (PresentFacts { status_known: false, newest_after_cutoff: true, ..differs }, Enrollment::UnknownStatus),
        (agrees, Enrollment::Matched),
        (PresentFacts { row_status_known: false, ..agrees }, Enrollment::Unknown),
        (PresentFacts { row_status_known: false, in_scope: InScope::No, ..agrees }, Enrollment::OutOfScope),
        (PresentFacts { row_status_known: false, ..differs }, Enrollment::Outdated),
        (PresentFacts { in_scope: InScope::No, newest_after_cutoff: true, ..agrees }, Enrollment::Matched),
        (PresentFacts { unread_row: true, ..agrees }, Enrollment::Matched),
        (differs, Enrollment::Outdated),
        (PresentFacts { in_scope: InScope::No, newest_after_cutoff: true, ..differs }, Enrollment::OutOfScope),
        (PresentFacts { newest_after_cutoff: true, ..differs }, Enrollment::Pending),
        (PresentFacts { row_is_later: true, ..differs }, Enrollment::Pending),
        (PresentFacts { unread_row: true, ..differs }, Enrollment::Unknown),
        (PresentFacts { unread_row: true, row_is_later: true, ..differs }, Enrollment::Pending),
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
        (due, Enrollment::Absent),
        (AbsentFacts { in_scope: InScope::No, addressable: Addressable::No, ..due }, Enrollment::OutOfScope),
        (AbsentFacts { addressable: Addressable::No, after_cutoff: true, ..due }, Enrollment::NotAddressable),
        (AbsentFacts { after_cutoff: true, course: Presence::Absent, ..due }, Enrollment::Pending),
        (AbsentFacts { course: Presence::Absent, docebo_user: Presence::Absent, ..due }, Enrollment::AbsentNoCourse),
        (AbsentFacts { docebo_user: Presence::Absent, ..due }, Enrollment::AbsentNoDoceboUser),
        (
            AbsentFacts { addressable: Addressable::Unknown, docebo_user: Presence::Absent, after_cutoff: true, ..due },
            Enrollment::UnknownLink,
        ),
        (AbsentFacts { addressable: Addressable::Unknown, ..due }, Enrollment::Absent),
        // What is missing from an incomplete extract may be there.
        (AbsentFacts { rows_complete: false, ..due }, Enrollment::Unknown),
        (AbsentFacts { rows_complete: false, in_scope: InScope::No, ..due }, Enrollment::Unknown),
        (AbsentFacts { docebo_user: Presence::Unseen, ..due }, Enrollment::Unknown),
        (AbsentFacts { course: Presence::Unseen, ..due }, Enrollment::Unknown),
        (AbsentFacts { in_scope: InScope::Unknown, ..due }, Enrollment::Unknown),
        // Rows are found through their parents.
        (AbsentFacts { docebo_user: Presence::Unseen, addressable: Addressable::No, ..due }, Enrollment::Unknown),
        (AbsentFacts { docebo_user: Presence::Unseen, in_scope: InScope::No, ..due }, Enrollment::Unknown),
        // A further row of the export for the pair could not be read.
        (AbsentFacts { unread_row: true, ..due }, Enrollment::Unknown),
        (AbsentFacts { unread_row: true, after_cutoff: true, ..due }, Enrollment::Unknown),
        (AbsentFacts { unread_row: true, addressable: Addressable::No, ..due }, Enrollment::NotAddressable),
        // So may be what rests on a row that could not be read.
        (AbsentFacts { addressable: Addressable::Unread, ..due }, Enrollment::Unknown),
        (
            AbsentFacts { addressable: Addressable::Unread, docebo_user: Presence::Absent, after_cutoff: true, ..due },
            Enrollment::Unknown,
        ),
        (AbsentFacts { addressable: Addressable::Unread, in_scope: InScope::No, ..due }, Enrollment::OutOfScope),
    ] {
        assert_eq!(absent(facts), value, "{facts:?}");
    }
}

#[test]
fn a_row_without_an_enrollment() {
    let row = UnclaimedFacts {
        parents: Presence::There,
        further: false,
        unenrolled: false,
        unread_counterpart: false,
        learner: Presence::There,
        course_deleted: false,
        after_cutoff: false,
    };
    for (facts, value) in [
        (row, Enrollment::Orphaned),
        (UnclaimedFacts { after_cutoff: true, ..row }, Enrollment::Pending),
        (UnclaimedFacts { course_deleted: true, after_cutoff: true, ..row }, Enrollment::CourseDeleted),
        (UnclaimedFacts { learner: Presence::Absent, course_deleted: true, ..row }, Enrollment::LearnerNotExported),
        (UnclaimedFacts { unenrolled: true, learner: Presence::Absent, ..row }, Enrollment::Unenrolled),
        (UnclaimedFacts { further: true, unenrolled: true, ..row }, Enrollment::Repeated),
        (UnclaimedFacts { parents: Presence::Absent, further: true, ..row }, Enrollment::Unresolved),
        (UnclaimedFacts { parents: Presence::Unseen, ..row }, Enrollment::Unknown),
        (UnclaimedFacts { unread_counterpart: true, further: true, unenrolled: true, ..row }, Enrollment::Unknown),
        (UnclaimedFacts { parents: Presence::Absent, unread_counterpart: true, ..row }, Enrollment::Unresolved),
        (UnclaimedFacts { learner: Presence::Unseen, course_deleted: true, ..row }, Enrollment::Unknown),
        (UnclaimedFacts { learner: Presence::Unseen, unenrolled: true, ..row }, Enrollment::Unenrolled),
    ] {
        assert_eq!(unclaimed(facts), value, "{facts:?}");
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
