//! `enrollment`: one value for every enrollment that either side knows. Three total functions: for a
//! Docebo enrollment whose Salesforce row is there, for one whose row is absent, and for a row that
//! no Docebo enrollment claims.

use crate::model::label::Label as _;
use crate::reconcile::relations::outbound::Addressable;
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
    /// The row is there and says something else.
    Outdated,
    /// Too new to be expected.
    Pending,
    /// No table knows the export's status word.
    UnknownStatus,
    /// The course is not synchronised.
    OutOfScope,
    /// The learner has no usable `sfdc_id`: an inbound problem, reported there.
    NotAddressable,
    /// Due, but the course is not in Salesforce.
    AbsentNoCourse,
    /// Due, but the learner has no `DoceboUser__c` row that an enrollment could hang on.
    AbsentNoDoceboUser,
    /// Due, and not there.
    Absent,
    /// Not there, and the learner's link is not known.
    UnknownLink,
    /// A Salesforce row whose course or learner is not in the extract.
    Unresolved,
    /// A further Salesforce row, or a further export row, of the same learner and course.
    Repeated,
    /// A Salesforce row that is marked as unenrolled.
    Unenrolled,
    /// A Salesforce row of a learner whom the export does not name.
    LearnerNotExported,
    /// A Salesforce row of a deleted course.
    CourseDeleted,
    /// A Salesforce row that Docebo knows nothing of.
    Orphaned,
    /// A required input is missing or could not be read.
    Unknown,
}

impl EnrollmentMatch {
    /// The values that a Docebo enrollment can take, as outputs list them.
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

    /// The values that a Salesforce row can take, as outputs list them.
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

    /// Whether the value is a fault of its own or could not be judged; the rest is agreement, or
    /// innocent, or told elsewhere.
    #[must_use]
    pub const fn is_exception(self) -> bool {
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

/// What an outdated row says differently.
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
    /// Salesforce has the learner unenrolled, Docebo enrolled.
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

    /// Whether it holds a difference.
    #[must_use]
    pub fn has(self, difference: Difference) -> bool {
        self.0 & 1 << difference.index() != 0
    }

    /// The differences, in their fixed order.
    pub fn iter(self) -> impl Iterator<Item = Difference> {
        Difference::ALL.iter().copied().filter(move |&difference| self.has(difference))
    }
}

/// Words separated by spaces, as the ledger has them.
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

/// Whether a course is synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InScope {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The course is not in an incomplete extract, or there is none.
    Unknown,
}

/// What decides the value of a Docebo enrollment whose Salesforce row is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PresentFacts {
    /// Whether a table knows the export's status word.
    pub status_known: bool,
    /// Whether the status of the Salesforce row is one of the package's.
    pub row_status_known: bool,
    /// What differs; a status that is not known is no difference.
    pub differs: Differs,
    /// Whether the course is synchronized.
    pub in_scope: InScope,
    /// Whether the row was modified after the export and is in a later state than the export tells.
    pub row_is_later: bool,
    /// Whether the newest of the export's dates is after the cutoff.
    pub newest_after_cutoff: bool,
    /// Whether a further row of the export for the same learner and course could not be read.
    pub unread_row: bool,
}

/// A Docebo enrollment whose Salesforce row is there.
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
        // The row that could not be read may be the newer one, and agree; and so may the status that is not known.
        EnrollmentMatch::Unknown
    } else {
        EnrollmentMatch::Outdated
    }
}

/// Whether a record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It is.
    There,
    /// It is not.
    Absent,
    /// It is not in an incomplete extract.
    Unseen,
}

/// What decides the value of a Docebo enrollment without a Salesforce row.
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
    /// Whether the learner's `DoceboUser__c` row is.
    pub docebo_user: Presence,
    /// Whether an enrollment row that is not in the extract does not exist.
    pub rows_complete: bool,
    /// Whether a further row of the export for the same learner and course could not be read.
    pub unread_row: bool,
}

/// A Docebo enrollment whose Salesforce row is not there.
#[must_use]
pub fn absent(facts: AbsentFacts) -> EnrollmentMatch {
    // A row that an incomplete extract lacks may well be there, whatever else is known; so may one whose parent it lacks.
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
        // The row that could not be read may be the one that counts, and newer or older than the cutoff.
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

/// What decides the value of a Salesforce row that no Docebo enrollment claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnmatchedFacts {
    /// Whether its course and its Docebo user are in the extract.
    pub parents: Presence,
    /// Whether a row of the export that could not be read is its counterpart by its ids.
    pub unread_counterpart: bool,
    /// Whether a newer row of the same learner and course counts instead.
    pub further: bool,
    /// Whether `UnenrollmentDate__c` is set.
    pub unenrolled: bool,
    /// Whether the export names the learner; [`Presence::Unseen`] where a row of theirs could not be read.
    pub learner: Presence,
    /// Whether the course is `Deleted__c`.
    pub course_deleted: bool,
    /// Whether the row was created after the cutoff.
    pub after_cutoff: bool,
}

/// A Salesforce row that no Docebo enrollment claims.
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
