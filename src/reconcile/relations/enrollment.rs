//! `enrollment`: one value for every enrollment on either side. Three total functions: for a Docebo enrollment with a
//! Salesforce row, for one without, and for an unmatched Salesforce row.

use crate::model::label::Label as _;
use crate::reconcile::relations::outbound::Addressable;
use crate::reconcile::relations::relation::Relation;
use serde::{Deserialize, Serialize};

/// One value for every enrollment on either side.
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
pub enum EnrollmentMatch {
    /// Both sides agree.
    Matched,
    /// The row exists but differs.
    Outdated,
    /// Too new to be expected.
    Pending,
    /// No table has the export's status word.
    UnknownStatus,
    /// The course is not synchronized.
    OutOfScope,
    /// The learner has no usable `sfdc_id`: an inbound problem, reported there.
    NotAddressable,
    /// Due, but the course is not in Salesforce.
    AbsentNoCourse,
    /// Due, but the learner has no `DoceboUser__c` row to attach an enrollment to.
    AbsentNoDoceboUser,
    /// Due, but missing.
    Absent,
    /// Missing, and the learner's link is unknown.
    UnknownLink,
    /// A Salesforce row whose course or learner is not in the extract.
    Unresolved,
    /// A further Salesforce row, or a further export row, of the same learner and course.
    Repeated,
    /// A Salesforce row that is marked as unenrolled.
    Unenrolled,
    /// A Salesforce row of a learner who is not exported.
    LearnerNotExported,
    /// A Salesforce row of a deleted course.
    CourseDeleted,
    /// A Salesforce row that is unknown to Docebo.
    Orphaned,
    /// A required input is missing or unreadable.
    Unknown,
}

impl EnrollmentMatch {
    /// The values of a Docebo enrollment, in output order.
    pub const OF_DOCEBO: [Self; 11] = [
        Self::Matched,
        Self::Outdated,
        Self::Pending,
        Self::UnknownStatus,
        Self::OutOfScope,
        Self::NotAddressable,
        Self::AbsentNoCourse,
        Self::AbsentNoDoceboUser,
        Self::Absent,
        Self::UnknownLink,
        Self::Unknown,
    ];

    /// The values of a Salesforce row, in output order.
    pub const OF_SALESFORCE: [Self; 12] = [
        Self::Matched,
        Self::Outdated,
        Self::Pending,
        Self::UnknownStatus,
        Self::OutOfScope,
        Self::Unresolved,
        Self::Repeated,
        Self::Unenrolled,
        Self::LearnerNotExported,
        Self::CourseDeleted,
        Self::Orphaned,
        Self::Unknown,
    ];
}

impl Relation for EnrollmentMatch {
    fn meaning(self) -> &'static str {
        match self {
            Self::Matched => "both sides agree",
            Self::Outdated => "on both sides, but Salesforce says something else",
            Self::Pending => "too new to be expected yet",
            Self::UnknownStatus => "no table knows the export's status word",
            Self::OutOfScope => "the course is not synchronised",
            Self::NotAddressable => "the learner has no usable Salesforce id; reported with the link",
            Self::AbsentNoCourse => "due, but the course is not in Salesforce",
            Self::AbsentNoDoceboUser => "due, but the learner has no DoceboUser record to hang it on",
            Self::Absent => "due, and not in Salesforce",
            Self::UnknownLink => "not in Salesforce, and the learner's link is not known",
            Self::Unresolved => "its course or learner is not in the extract",
            Self::Repeated => "a further row of the same learner and course",
            Self::Unenrolled => "marked as unenrolled",
            Self::LearnerNotExported => "the export does not name the learner",
            Self::CourseDeleted => "the course was deleted",
            Self::Orphaned => "Docebo knows nothing of it",
            Self::Unknown => "an input that is needed to tell was not to be had",
        }
    }

    fn is_exception(self) -> bool {
        match self {
            Self::Outdated
            | Self::UnknownStatus
            | Self::AbsentNoCourse
            | Self::AbsentNoDoceboUser
            | Self::Absent
            | Self::UnknownLink
            | Self::Unresolved
            | Self::Repeated
            | Self::Orphaned
            | Self::Unknown => true,
            Self::Matched
            | Self::Pending
            | Self::OutOfScope
            | Self::NotAddressable
            | Self::Unenrolled
            | Self::LearnerNotExported
            | Self::CourseDeleted => false,
        }
    }
}

/// A difference of an outdated row.
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
pub enum Difference {
    /// The status.
    Status,
    /// The enrollment date.
    EnrollmentDate,
    /// The completion date.
    CompletionDate,
    /// The learner is unenrolled in Salesforce, but enrolled in Docebo.
    Unenrolled,
}

/// A set of [`Difference`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Differs(u8);

impl Differs {
    /// Adds a difference.
    pub fn add(&mut self, difference: Difference) {
        self.0 |= 1 << difference.index();
    }

    /// Whether nothing differs.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it contains a difference.
    #[must_use]
    pub fn has(self, difference: Difference) -> bool {
        self.0 & 1 << difference.index() != 0
    }

    /// The differences, in their fixed order.
    pub fn iter(self) -> impl Iterator<Item = Difference> {
        Difference::ALL.iter().copied().filter(move |&difference| self.has(difference))
    }
}

/// Words separated by spaces, as in the ledger.
impl std::fmt::Display for Differs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, difference) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(difference.label())?;
        }
        Ok(())
    }
}

/// Whether a course is synchronized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InScope {
    /// It is synchronized.
    Yes,
    /// It is not synchronized.
    No,
    /// The course is not in an incomplete extract, or there is no extract.
    Unknown,
}

/// The facts that decide the value of a Docebo enrollment with a Salesforce row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PresentFacts {
    /// Whether a table has the export's status word.
    pub status_known: bool,
    /// Whether the Salesforce row has a status of the package.
    pub row_status_known: bool,
    /// The differences; an unknown status is no difference.
    pub differs: Differs,
    /// Whether the course is synchronized.
    pub in_scope: InScope,
    /// Whether the row was modified after the export and is in a later state than exported.
    pub row_is_later: bool,
    /// Whether the newest of the export's dates is after the cutoff.
    pub newest_after_cutoff: bool,
    /// Whether a further export row for the same learner and course is unreadable.
    pub unread_row: bool,
}

/// The value of a Docebo enrollment with a Salesforce row.
#[must_use]
pub fn present(facts: PresentFacts) -> EnrollmentMatch {
    if !facts.status_known {
        EnrollmentMatch::UnknownStatus
    } else if facts.differs.is_empty() && facts.row_status_known {
        EnrollmentMatch::Matched
    } else if facts.in_scope == InScope::No {
        EnrollmentMatch::OutOfScope
    } else if facts.row_is_later || facts.newest_after_cutoff {
        EnrollmentMatch::Pending
    } else if facts.unread_row || facts.in_scope == InScope::Unknown || facts.differs.is_empty() {
        // The unreadable row may be newer, and agree; and so may the unknown status.
        EnrollmentMatch::Unknown
    } else {
        EnrollmentMatch::Outdated
    }
}

/// Whether a record exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It exists.
    There,
    /// It does not exist.
    Absent,
    /// It is not in an incomplete extract.
    Unseen,
}

/// The facts that decide the value of a Docebo enrollment without a Salesforce row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AbsentFacts {
    /// Whether the course is synchronized.
    pub in_scope: InScope,
    /// Whether Docebo can write for the learner.
    pub addressable: Addressable,
    /// Whether the enrollment date is after the cutoff.
    pub after_cutoff: bool,
    /// Whether the course is in Salesforce.
    pub course: Presence,
    /// Whether the learner's `DoceboUser__c` row exists.
    pub docebo_user: Presence,
    /// Whether an enrollment row that is not in the extract does not exist.
    pub rows_complete: bool,
    /// Whether a further export row for the same learner and course is unreadable.
    pub unread_row: bool,
}

/// The value of a Docebo enrollment without a Salesforce row.
#[must_use]
pub fn absent(facts: AbsentFacts) -> EnrollmentMatch {
    // A row missing from an incomplete extract may still exist, regardless of other facts; so may one with a missing
    // parent.
    if !facts.rows_complete || facts.course == Presence::Unseen || facts.docebo_user == Presence::Unseen {
        return EnrollmentMatch::Unknown;
    }
    match facts.in_scope {
        InScope::No => return EnrollmentMatch::OutOfScope,
        InScope::Unknown => return EnrollmentMatch::Unknown,
        InScope::Yes => {}
    }
    match (facts.addressable, facts.docebo_user) {
        (Addressable::No, _) => return EnrollmentMatch::NotAddressable,
        (Addressable::Unread, _) => return EnrollmentMatch::Unknown,
        (Addressable::Unknown, Presence::Absent) => return EnrollmentMatch::UnknownLink,
        (Addressable::Yes | Addressable::Unknown, _) => {}
    }
    if facts.unread_row {
        // The unreadable row may be the one that counts, and newer or older than the cutoff.
        EnrollmentMatch::Unknown
    } else if facts.after_cutoff {
        EnrollmentMatch::Pending
    } else if facts.course == Presence::Absent {
        EnrollmentMatch::AbsentNoCourse
    } else if facts.docebo_user == Presence::Absent {
        EnrollmentMatch::AbsentNoDoceboUser
    } else {
        EnrollmentMatch::Absent
    }
}

/// The facts that decide the value of an unmatched Salesforce row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnmatchedFacts {
    /// Whether its course and its Docebo user are in the extract.
    pub parents: Presence,
    /// Whether an unreadable export row is its counterpart by its ids.
    pub unread_counterpart: bool,
    /// Whether a newer row of the same learner and course counts instead.
    pub further: bool,
    /// Whether `UnenrollmentDate__c` is set.
    pub unenrolled: bool,
    /// Whether the learner is exported; [`Presence::Unseen`] if one of their rows is unreadable.
    pub learner: Presence,
    /// Whether the course is `Deleted__c`.
    pub course_deleted: bool,
    /// Whether the row was created after the cutoff.
    pub after_cutoff: bool,
}

/// The value of an unmatched Salesforce row.
#[must_use]
pub fn unmatched(facts: UnmatchedFacts) -> EnrollmentMatch {
    match facts.parents {
        Presence::Absent => return EnrollmentMatch::Unresolved,
        Presence::Unseen => return EnrollmentMatch::Unknown,
        Presence::There => {}
    }
    if facts.unread_counterpart {
        EnrollmentMatch::Unknown
    } else if facts.further {
        EnrollmentMatch::Repeated
    } else if facts.unenrolled {
        EnrollmentMatch::Unenrolled
    } else if facts.learner == Presence::Absent {
        EnrollmentMatch::LearnerNotExported
    } else if facts.learner == Presence::Unseen {
        EnrollmentMatch::Unknown
    } else if facts.course_deleted {
        EnrollmentMatch::CourseDeleted
    } else if facts.after_cutoff {
        EnrollmentMatch::Pending
    } else {
        EnrollmentMatch::Orphaned
    }
}
