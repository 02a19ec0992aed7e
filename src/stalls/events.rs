//! What Docebo should have written, and when it was written: the events of each stream.
//!
//! The moment of an event is the enrollment's own date in Salesforce if both sides agree, since that is exact; else the
//! latest moment that the export's reading can mean, so that nothing is called missing before it was surely due.
//!
//! Must not know: stalls.

use rayon::prelude::*;

use crate::model::id::RecordId;
use crate::model::instant::{HOUR, Instant, MINUTE};
use crate::model::object::SfObject;
use crate::model::row::{index, row};
use crate::model::zone::Readings;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::Relations;
use crate::reconcile::relations::enrollment::{Difference, EnrollmentMatch};
use crate::reconcile::relations::outbound::Outbound;
use crate::settings::Rules;
use crate::stalls::segment::{Event, EventStatus};
use crate::stalls::{Counts, FirstMissing, Stream, StreamState};

/// Both sides as events.
pub(super) struct DueEvents<'a> {
    pub(super) data: &'a Dataset,
    pub(super) relations: &'a Relations,
    grace: i64,
    tolerance: i64,
    /// The integration's user as an editor of enrollment rows, if known.
    editor: Option<u32>,
}

impl<'a> DueEvents<'a> {
    pub(super) fn new(data: &'a Dataset, relations: &'a Relations, rules: &Rules) -> Self {
        let editor = relations.integration_user.and_then(|user| {
            let at = data.editors.iter().position(|&editor| editor == user)?;
            Some(index(at))
        });
        Self { data, relations, grace: rules.grace_hours * HOUR, tolerance: rules.tolerance_minutes * MINUTE, editor }
    }

    /// The event of a Docebo enrollment, if there is one: it is matched, outdated, absent or absent-no-docebo-user, and
    /// fell due by the cutoff.
    pub(super) fn enrollment(&self, learner: u32, at: usize) -> Option<Event> {
        let there = match self.relations.enrollment[at] {
            // That a row exists is visible without its status.
            EnrollmentMatch::Matched | EnrollmentMatch::Outdated | EnrollmentMatch::UnknownStatus => true,
            EnrollmentMatch::Unknown if self.is_there_with_unknown_status(at) => true,
            EnrollmentMatch::Absent | EnrollmentMatch::AbsentNoDoceboUser => false,
            _ => return None,
        };
        let rows = &self.data.enrollments;
        let counterpart = self.relations.matched_row(self.data, at).filter(|_| there);
        let agrees = there && !self.relations.differs(at).has(Difference::EnrollmentDate);
        let exact = counterpart.filter(|_| agrees).and_then(|counterpart| rows.row_enrolled(counterpart));
        let due = exact.or_else(|| Some(self.relations.clocks.enrolled(self.data, at)?.latest()))?;
        if due > self.relations.cutoff {
            return None;
        }
        let (status, written) = match counterpart {
            None => (EventStatus::Missed, None),
            Some(counterpart) => match rows.created(counterpart) {
                Some(created) if created >= due.plus(-self.tolerance) => self.written(due, created),
                // Created before the event: a re-enrollment, which a modification may or may not show.
                _ if agrees => (EventStatus::OnTime, self.modified(counterpart, due)),
                _ => (EventStatus::Missed, None),
            },
        };
        Some(Event { at: due, written, learner, status })
    }

    /// Whether Salesforce has the row of an enrollment of unknown value, with a status that is not in the package.
    fn is_there_with_unknown_status(&self, at: usize) -> bool {
        let counterpart = self.relations.matched_row(self.data, at);
        counterpart.is_some_and(|counterpart| self.data.enrollments.status(counterpart).is_none())
    }

    fn written(&self, due: Instant, written: Instant) -> (EventStatus, Option<Instant>) {
        let status = if written <= due.plus(self.grace) { EventStatus::OnTime } else { EventStatus::Late };
        (status, Some(written))
    }

    /// When the integration last modified a row, if within the grace period after a moment.
    fn modified(&self, counterpart: usize, due: Instant) -> Option<Instant> {
        let rows = &self.data.enrollments;
        let in_time = |&modified: &Instant| modified >= due.plus(-self.tolerance) && modified <= due.plus(self.grace);
        rows.modified(counterpart).filter(in_time).filter(|_| self.by_integration(counterpart))
    }

    pub(super) fn by_integration(&self, counterpart: usize) -> bool {
        let by = self.data.enrollments.modified_by(counterpart);
        row(by).is_none() || self.editor.is_none() || self.editor == Some(by)
    }

    /// Whether an enrollment is due by the cutoff and its existence in Salesforce is unknown.
    fn is_unknown(&self, at: usize) -> bool {
        let due = || self.relations.clocks.enrolled(self.data, at);
        matches!(self.relations.enrollment[at], EnrollmentMatch::Unknown | EnrollmentMatch::UnknownLink)
            && !self.is_there_with_unknown_status(at)
            && due().is_some_and(|due| due.latest() <= self.relations.cutoff)
    }

    /// Number of enrollments due by the cutoff whose existence in Salesforce is unknown, unreadable rows aside.
    pub(super) fn unjudged(&self) -> u64 {
        let unknown = |&at: &usize| self.is_unknown(at) && !self.relations.rests_on_unread(self.data, at);
        (0..self.data.enrollments.len()).into_par_iter().filter(unknown).count() as u64
    }

    /// Number of enrollments due by the cutoff that are unknown because a row of their learner could not be read. An
    /// enrollment with an unreadable row of its own is counted with that row.
    pub(super) fn unread(&self) -> u64 {
        let unread = |&at: &usize| {
            let enrollments = &self.data.enrollments;
            let learner = self.data.learners.id(enrollments.learner(at) as usize);
            let course = self.data.courses.id[enrollments.course(at)];
            self.is_unknown(at)
                && self.relations.rests_on_unread(self.data, at)
                && !self.relations.unread.has_enrollment(learner, course)
        };
        (0..self.data.enrollments.len()).into_par_iter().filter(unread).count() as u64
    }

    /// The event of a completion: on time or late if known, covered if a later write of the row has overwritten the
    /// time.
    pub(super) fn update(&self, learner: u32, at: usize) -> Option<Event> {
        if !matches!(self.relations.enrollment[at], EnrollmentMatch::Matched | EnrollmentMatch::Outdated) {
            return None;
        }
        let rows = &self.data.enrollments;
        let counterpart = self.relations.matched_row(self.data, at)?;
        let differs = self.relations.differs(at);
        let agrees = !differs.has(Difference::CompletionDate) && !differs.has(Difference::Status);
        let due = if agrees {
            // If both sides agree, the export has a completion whenever Salesforce does.
            rows.row_completed(counterpart)?
        } else {
            self.relations.clocks.completed(self.data, at)?.latest()
        };
        if due > self.relations.cutoff {
            return None;
        }
        let (status, written) = if !agrees {
            (EventStatus::Missed, None)
        } else if let Some(modified) = self.modified(counterpart, due) {
            (EventStatus::OnTime, Some(modified))
        } else {
            match rows.created(counterpart).filter(|created| *created >= due) {
                // The row was created after the completion and included it.
                Some(created) => self.written(due, created),
                None => (EventStatus::Covered, None),
            }
        };
        Some(Event { at: due, written, learner, status })
    }

    /// The event of a learner whose first enrollment fell due at a moment, unless they have an older record.
    pub(super) fn learner(&self, learner: usize, due: Instant) -> Option<Event> {
        let (status, written) = match (self.relations.outbound[learner], row(self.relations.docebo_user[learner])) {
            (Outbound::Missing, None) => (EventStatus::Missed, None),
            (_, Some(at)) => {
                let created = self.data.docebo_users.created(at)?;
                if created < due.plus(-self.tolerance) {
                    return None;
                }
                self.written(due, created)
            }
            _ => return None,
        };
        Some(Event { at: due, written, learner: index(learner), status })
    }

    /// Creation times of `DoceboUser__c` rows of accounts that are not exported.
    pub(super) fn docebo_users(&self) -> Vec<Instant> {
        let rows = &self.data.docebo_users;
        (0..rows.len())
            .filter(|&at| self.data.learner_of(rows.account(at)).is_none())
            .filter_map(|at| rows.created(at))
            .collect()
    }

    /// The state of courses created in Docebo within a time: those in Salesforce count as on time, and a course row
    /// written in that time shows that the stream is alive.
    pub(super) fn courses(&self, within: &impl Fn(Instant) -> bool) -> (StreamState, Counts) {
        let mut counts = Counts::default();
        for course in 0..self.data.courses.id.len() {
            let made = self.relations.clocks.course_made(self.data, course).map(Readings::latest);
            if made.is_some_and(|made| made <= self.relations.cutoff && within(made)) {
                let there = self.data.courses.record[course].is_some();
                counts.add(if there { EventStatus::OnTime } else { EventStatus::Missed });
            }
        }
        let writes = self.data.write_activity.get(&SfObject::Course).is_some_and(|activity| {
            let hours = activity.created.hours().chain(activity.modified.hours());
            hours.map(|(hour, _)| Instant::from_seconds(i64::from(hour) * HOUR)).any(within)
        });
        // A course may be excluded from the sync, so a few missing ones mean little.
        let state = if writes || counts.on_time > 0 {
            StreamState::Alive
        } else if counts.missed >= 3 {
            StreamState::Frozen
        } else {
            StreamState::Unclear
        };
        (state, counts)
    }

    /// Describes the first event that a stretch prevented from being written.
    pub(super) fn first_missing(&self, stream: Stream, at: usize) -> FirstMissing {
        let (data, clocks) = (self.data, &self.relations.clocks);
        FirstMissing {
            enrollment: at,
            learner: data.learners.id(data.enrollments.learner(at) as usize),
            course: data.courses.id[data.enrollments.course(at)],
            due: if stream == Stream::Updates { clocks.completed(data, at) } else { clocks.enrolled(data, at) },
        }
    }

    /// The newest write of a stream that is not after a moment; the highest id of several in one second.
    pub(super) fn last_write(&self, stream: Stream, until: Instant) -> Option<(SfObject, RecordId, Instant)> {
        let (users, rows) = (&self.data.docebo_users, &self.data.enrollments);
        let by_then = |written: Option<Instant>| written.filter(|&written| written <= until);
        let (object, newest) = match stream {
            Stream::Learners => {
                let writes = (0..users.len()).filter_map(|at| Some((users.created(at)?, users.id(at))));
                (SfObject::DoceboUser, writes.filter(|&(written, _)| written <= until).max())
            }
            Stream::Updates => {
                let writes = rows.rows_in_any_order().filter(|&at| self.by_integration(at));
                let newest = writes.filter_map(|at| Some((by_then(rows.modified(at))?, rows.id(at)))).max();
                (SfObject::CourseEnrollment, newest)
            }
            Stream::Enrollments | Stream::Courses => {
                let writes = rows.rows_in_any_order();
                let newest = writes.filter_map(|at| Some((by_then(rows.created(at))?, rows.id(at)))).max();
                (SfObject::CourseEnrollment, newest)
            }
        };
        newest.map(|(at, id)| (object, id, at))
    }
}
