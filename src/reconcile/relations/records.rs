//! The facts behind `outbound` and `enrollment`: which Salesforce row belongs to which Docebo record.
//!
//! Every learner's enrollments are judged separately, so learners are judged in parallel.

use rayon::prelude::*;

use crate::inputs::salesforce::objects::{course, course_enrollment, user};
use crate::model::column::SparseColumn;
use crate::model::completeness::Completeness;
use crate::model::instant::Instant;
use crate::model::object::SfObject;
use crate::model::row::{NONE, index, row};
use crate::model::status::Status;
use crate::model::zone::Readings;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::clock::{Clocks, ZONE_DOUBT};
use crate::reconcile::relations::enrollment::{
    AbsentFacts, Difference, Differs, EnrollmentMatch, InScope, Presence, PresentFacts, UnmatchedFacts, absent,
    present, unmatched,
};
use crate::reconcile::relations::link::SfdcIdKind;
use crate::reconcile::relations::outbound::{Addressable, DoceboUserMatch, DueState, Outbound, outbound};
use crate::reconcile::relations::people::People;
use crate::reconcile::relations::unread::UnreadRows;
use crate::settings::{Rules, Scope};

pub(super) struct Records {
    pub(super) docebo_user: Vec<u32>,
    pub(super) due: Vec<u32>,
    pub(super) outbound: Vec<Outbound>,
    pub(super) enrollment: Vec<EnrollmentMatch>,
    pub(super) differs: SparseColumn<Differs>,
    pub(super) unmatched: Vec<EnrollmentMatch>,
    pub(super) judged: bool,
}

struct RecordJudge<'a> {
    data: &'a Dataset,
    clocks: &'a Clocks,
    people: &'a People,
    unread: &'a UnreadRows,
    cutoff: Instant,
    tolerance: i64,
    docebo_user: Vec<u32>,
    in_scope: Vec<InScope>,
    rows_complete: bool,
}

pub(super) fn relate(
    data: &Dataset,
    rules: &Rules,
    clocks: &Clocks,
    people: &People,
    unread: &UnreadRows,
    cutoff: Instant,
    tolerance: i64,
) -> Records {
    let judge = RecordJudge {
        data,
        clocks,
        people,
        unread,
        cutoff,
        tolerance,
        docebo_user: newest_docebo_users(data),
        in_scope: scope(data, rules),
        rows_complete: data.origins.extract(SfObject::CourseEnrollment).completeness.is_complete(),
    };
    let (due, due_before_cutoff) = judge.count_due();
    let outbound = judge.outbound(&due, &due_before_cutoff);
    let judged = judge.can_judge_enrollments();
    let enrollments = if judged { judge.enrollments() } else { judge.unjudged() };
    Records {
        docebo_user: judge.docebo_user,
        due,
        outbound,
        enrollment: enrollments.value,
        differs: enrollments.differs,
        unmatched: enrollments.unmatched,
        judged,
    }
}

struct Enrollments {
    value: Vec<EnrollmentMatch>,
    differs: SparseColumn<Differs>,
    unmatched: Vec<EnrollmentMatch>,
}

/// By learner, the `DoceboUser__c` row; the newest of several (which `UserId__c`, being unique, forbids).
fn newest_docebo_users(data: &Dataset) -> Vec<u32> {
    let mut newest = vec![NONE; data.learners.len()];
    let rows = &data.docebo_users;
    for candidate in 0..rows.len() {
        if let Some(learner) = data.learner_of(rows.account(candidate)) {
            let better = row(newest[learner]).is_none_or(|held| rows.modified(held) <= rows.modified(candidate));
            if better {
                newest[learner] = index(candidate);
            }
        }
    }
    newest
}

/// By course, whether it is synchronized (contract: in Salesforce, not deleted, effective; or all; or those listed).
fn scope(data: &Dataset, rules: &Rules) -> Vec<InScope> {
    let courses = &data.courses;
    let extract = data.origins.extract(SfObject::Course);
    let flags_known = !extract.missing.iter().any(|column| course::SCOPE.contains(column));
    (0..courses.id.len())
        .map(|course| match &rules.scope {
            Scope::All => InScope::Yes,
            Scope::Courses(ids) => {
                if ids.binary_search(&courses.id[course]).is_ok() {
                    InScope::Yes
                } else {
                    InScope::No
                }
            }
            Scope::Synced => match courses.record[course] {
                Some(_) if !flags_known => InScope::Unknown,
                Some(_) if courses.deleted[course] || !courses.effective[course] => InScope::No,
                Some(_) => InScope::Yes,
                None if extract.completeness.is_complete() => InScope::No,
                None => InScope::Unknown,
            },
        })
        .collect()
}

/// Counts of a learner's due enrollments.
#[derive(Clone, Copy, Default)]
struct DueCounts {
    before_cutoff: u32,
    unknown: u32,
}

impl RecordJudge<'_> {
    fn enrolled_after_cutoff(&self, at: usize) -> bool {
        self.clocks.enrolled(self.data, at).is_some_and(|readings| self.is_after_cutoff(at, readings))
    }

    /// Whether a date of an enrollment may be after the cutoff. Dates of a file without a fitting zone can be off by
    /// hours.
    fn is_after_cutoff(&self, at: usize, date: Readings) -> bool {
        let doubt = if self.clocks.compares(self.data, at) { 0 } else { ZONE_DOUBT };
        date.latest().plus(doubt) > self.cutoff
    }

    /// Whether an export row for this learner and course is unreadable.
    fn has_unread_row(&self, learner: usize, course: usize) -> bool {
        self.unread.enrollments.rows > 0
            && self.unread.has_enrollment(self.data.learners.id(learner), self.data.courses.id[course])
    }

    fn count_due(&self) -> (Vec<u32>, Vec<DueCounts>) {
        let enrollments = &self.data.enrollments;
        let of_learner = |learner: usize| {
            let (mut due, mut counts) = (0, DueCounts::default());
            for at in enrollments.of_learner(learner) {
                match self.in_scope[enrollments.course(at)] {
                    InScope::No => {}
                    InScope::Unknown => counts.unknown += 1,
                    InScope::Yes => {
                        due += 1;
                        // Whether something older is due matters only if the row is missing.
                        if self.docebo_user[learner] == NONE && !self.enrolled_after_cutoff(at) {
                            counts.before_cutoff += 1;
                        }
                    }
                }
            }
            (due, counts)
        };
        (0..self.data.learners.len()).into_par_iter().map(of_learner).unzip()
    }

    fn outbound(&self, due: &[u32], counts: &[DueCounts]) -> Vec<Outbound> {
        (0..self.data.learners.len())
            .into_par_iter()
            .map(|learner| {
                let owed = if !self.data.origins.enrollments_report {
                    DueState::Unknown
                } else if counts[learner].before_cutoff > 0 {
                    DueState::BeforeCutoff
                } else if counts[learner].unknown > 0 || self.has_unread_enrollment(learner) {
                    DueState::Unknown
                } else if due[learner] > 0 {
                    DueState::OnlyAfterCutoff
                } else {
                    DueState::Nothing
                };
                outbound(Addressable::from(self.people.sfdc.kind(learner)), self.docebo_user_row(learner), owed)
            })
            .collect()
    }

    fn has_unread_enrollment(&self, learner: usize) -> bool {
        self.unread.enrollments.rows > 0 && self.unread.may_owe(self.data.learners.id(learner))
    }

    fn docebo_user_row(&self, learner: usize) -> DoceboUserMatch {
        let Some(at) = row(self.docebo_user[learner]) else {
            // Without the enrollments it is unknown whether a row should exist.
            if !self.data.origins.enrollments_report {
                return DoceboUserMatch::Unseen;
            }
            return match self.docebo_user_presence(learner) {
                Presence::Unseen => DoceboUserMatch::Unseen,
                Presence::There | Presence::Absent => DoceboUserMatch::Absent,
            };
        };
        let data = self.data;
        let (contact, user) = (data.docebo_users.contact(at, &data.contacts), data.docebo_users.user(at));
        if contact.is_none() && user.is_none() {
            return DoceboUserMatch::NamesNobody;
        }
        let reference = self.people.sfdc.get(self.data, learner);
        let named = match reference.kind {
            // For a malformed id, the repaired one.
            SfdcIdKind::Contact | SfdcIdKind::User | SfdcIdKind::NotExtracted | SfdcIdKind::Malformed => reference.id,
            // For a merged contact, the one that it was merged into.
            SfdcIdKind::Dangling => reference.id.and_then(|id| data.resolve_merge(id)).and_then(|deleted| deleted.into),
            SfdcIdKind::Unknown | SfdcIdKind::Unread => return DoceboUserMatch::NamesSomebody,
            SfdcIdKind::Blank | SfdcIdKind::Foreign => None,
        };
        let Some(named) = named else { return DoceboUserMatch::NamesOther };
        if contact == Some(named) || user == Some(named) {
            return DoceboUserMatch::NamesLearner;
        }
        match user.map(|user| (user, data.users.find(user))) {
            Some((_, Some(at))) if data.users.contact(at, &data.contacts) == Some(named) => {
                DoceboUserMatch::NamesLearner
            }
            // A user who is not extracted may or may not be this contact's.
            Some((_, None)) if !self.data.origins.extract(SfObject::User).completeness.is_complete() => {
                DoceboUserMatch::NamesSomebody
            }
            Some(_) if self.data.origins.extract(SfObject::User).missing.contains(&user::CONTACT.name) => {
                DoceboUserMatch::NamesSomebody
            }
            _ => DoceboUserMatch::NamesOther,
        }
    }

    fn docebo_user_presence(&self, learner: usize) -> Presence {
        if self.docebo_user[learner] != NONE {
            Presence::There
        } else if self.data.origins.extract(SfObject::DoceboUser).completeness.is_complete() {
            Presence::Absent
        } else {
            Presence::Unseen
        }
    }

    /// Whether the required inputs exist.
    fn can_judge_enrollments(&self) -> bool {
        let origins = &self.data.origins;
        let rows = origins.extract(SfObject::CourseEnrollment);
        let courses = origins.extract(SfObject::Course);
        origins.enrollments_report
            && rows.completeness != Completeness::Absent
            && courses.completeness != Completeness::Absent
            && !rows.missing.iter().any(|column| course_enrollment::JUDGED.contains(column))
            && !courses.missing.iter().any(|column| course::SCOPE.contains(column))
    }

    fn unjudged(&self) -> Enrollments {
        Enrollments {
            value: vec![EnrollmentMatch::Unknown; self.data.enrollments.len()],
            differs: SparseColumn::default(),
            unmatched: vec![EnrollmentMatch::Unknown; self.data.enrollments.unmatched().len()],
        }
    }

    fn enrollments(&self) -> Enrollments {
        const LEARNERS_AT_ONCE: usize = 16_384;
        let learners = self.data.learners.len();
        let parts: Vec<_> = (0..learners.div_ceil(LEARNERS_AT_ONCE))
            .into_par_iter()
            .map(|part| {
                let from = part * LEARNERS_AT_ONCE;
                let mut values = Vec::new();
                let mut differing = Vec::new();
                for learner in from..learners.min(from + LEARNERS_AT_ONCE) {
                    for at in self.data.enrollments.of_learner(learner) {
                        let (value, differs) = self.enrollment(learner, at);
                        values.push(value);
                        if !differs.is_empty() {
                            differing.push((index(at), differs));
                        }
                    }
                }
                (values, differing)
            })
            .collect();
        let mut value = Vec::with_capacity(self.data.enrollments.len());
        let mut differs = SparseColumn::default();
        for (values, differing) in parts {
            value.extend(values);
            differing.into_iter().for_each(|(at, differing)| differs.push(at, differing));
        }
        Enrollments { value, differs, unmatched: self.unmatched() }
    }

    fn enrollment(&self, learner: usize, at: usize) -> (EnrollmentMatch, Differs) {
        match self.data.enrollments.matched_row(at) {
            Some(counterpart) => self.compare(learner, at, counterpart),
            None => (absent(self.absent_facts(learner, at)), Differs::default()),
        }
    }

    /// The values of unmatched rows. Of several rows of one unmatched learner and course, the last modified counts, on
    /// ties the one with the highest id.
    fn unmatched(&self) -> Vec<EnrollmentMatch> {
        let rows = &self.data.enrollments;
        let key = |at: usize| (rows.account(at), rows.row_course(at));
        let mut values = Vec::with_capacity(rows.unmatched().len());
        let mut from = rows.unmatched().start;
        while from < rows.unmatched().end {
            let alone = rows.account(from) == NONE;
            let same =
                (from..rows.unmatched().end).take_while(|&at| at == from || !alone && key(at) == key(from)).count();
            let group = from..from + same;
            let counted = match rows.enrollment_with_another_row(from) {
                Some(_) => None,
                None => group.clone().max_by_key(|&at| rows.modified(at)),
            };
            values.extend(group.map(|at| unmatched(self.unmatched_facts(at, counted != Some(at)))));
            from += same;
        }
        values
    }

    fn compare(&self, learner: usize, at: usize, counted: usize) -> (EnrollmentMatch, Differs) {
        let rows = &self.data.enrollments;
        let word = self.data.status_words.get(rows.status_word(at));
        let status = word.and_then(|word| word.status);
        let mut differs = Differs::default();
        let written = rows.status(counted);
        // An unknown status, on either side, is not a difference.
        if let (Some(status), Some(written)) = (status, written)
            && status != written
        {
            differs.add(Difference::Status);
        }
        let agrees = |docebo: Option<Readings>, salesforce: Option<Instant>| match (docebo, salesforce) {
            (None, None) => true,
            (Some(readings), Some(instant)) => readings.agrees(instant, self.tolerance),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let enrolled = self.clocks.enrolled(self.data, at);
        let completed = self.clocks.completed(self.data, at);
        // Dates with an unknown zone are not compared: `differs` never contains them.
        if self.clocks.compares(self.data, at) {
            if !agrees(enrolled, rows.row_enrolled(counted)) {
                differs.add(Difference::EnrollmentDate);
            }
            let stated = self.data.origins.exports[self.data.enrollments.export_file(at)].has_completion_dates;
            if stated && !agrees(completed, rows.row_completed(counted)) {
                differs.add(Difference::CompletionDate);
            }
        }
        if rows.unenrolled(counted).is_some() {
            differs.add(Difference::Unenrolled);
        }
        let Some(status) = status else { return (EnrollmentMatch::UnknownStatus, differs) };
        if differs.is_empty() && written.is_some() {
            return (EnrollmentMatch::Matched, differs);
        }
        let dates = [enrolled, completed, self.clocks.accessed(self.data, at)];
        let newest_after_cutoff = dates.into_iter().flatten().any(|date| self.is_after_cutoff(at, date));
        let course = self.data.enrollments.course(at);
        let value = present(PresentFacts {
            status_known: true,
            row_status_known: written.is_some(),
            differs,
            in_scope: self.in_scope[course],
            row_is_later: self.row_is_later(counted, status, written),
            newest_after_cutoff,
            unread_row: self.has_unread_row(learner, course),
        });
        (value, differs)
    }

    /// Whether a row was modified after the export and reflects something that the export cannot know yet: an
    /// enrollment, completion or unenrollment after it, or a status further along.
    fn row_is_later(&self, row: usize, exported: Status, written: Option<Status>) -> bool {
        let rows = &self.data.enrollments;
        let Some(exported_at) = self.data.origins.exported_at else { return false };
        let after = |at: Option<Instant>| at.is_some_and(|at| at > exported_at);
        after(rows.modified(row))
            && (after(rows.row_enrolled(row))
                || after(rows.row_completed(row))
                || after(rows.unenrolled(row))
                || written.is_some_and(|written| written.is_beyond(exported)))
    }

    fn absent_facts(&self, learner: usize, at: usize) -> AbsentFacts {
        let course = self.data.enrollments.course(at);
        AbsentFacts {
            in_scope: self.in_scope[course],
            addressable: match self.people.sfdc.kind(learner) {
                // The contact may be deleted, in which case nothing is due.
                SfdcIdKind::NotExtracted => Addressable::Unread,
                // Other learners' ids are known: this one may be blank or wrong.
                SfdcIdKind::Unknown if self.data.origins.sfdc_ids && self.docebo_user[learner] != NONE => {
                    Addressable::Unread
                }
                kind => Addressable::from(kind),
            },
            after_cutoff: self.enrolled_after_cutoff(at),
            course: if self.data.courses.record[course].is_some() {
                Presence::There
            } else if self.data.origins.extract(SfObject::Course).completeness.is_complete() {
                Presence::Absent
            } else {
                Presence::Unseen
            },
            docebo_user: self.docebo_user_presence(learner),
            rows_complete: self.rows_complete,
            unread_row: self.has_unread_row(learner, course),
        }
    }

    fn unmatched_facts(&self, at: usize, further: bool) -> UnmatchedFacts {
        let rows = &self.data.enrollments;
        let course = row(rows.row_course(at));
        let learner = self.data.account_id(rows.account(at));
        let pair = learner.zip(course.map(|course| self.data.courses.id[course]));
        let parents_complete = [SfObject::DoceboUser, SfObject::Course]
            .into_iter()
            .all(|object| self.data.origins.extract(object).completeness.is_complete());
        UnmatchedFacts {
            parents: match course {
                Some(_) => Presence::There,
                None if parents_complete => Presence::Absent,
                None => Presence::Unseen,
            },
            unread_counterpart: pair.is_some_and(|(learner, course)| self.unread.has_enrollment(learner, course)),
            further,
            unenrolled: rows.unenrolled(at).is_some(),
            learner: match learner {
                _ if self.data.learner_of(rows.account(at)).is_some() => Presence::There,
                Some(learner) if self.unread.has_user(learner) || self.unread.has_enrollment_of(learner) => {
                    Presence::Unseen
                }
                _ => Presence::Absent,
            },
            course_deleted: course.is_some_and(|course| self.data.courses.deleted[course]),
            after_cutoff: rows.created(at).is_some_and(|created| created > self.cutoff),
        }
    }
}
