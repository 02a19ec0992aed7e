//! What Docebo should have written, and when it was written: the events of each stream.
//!
//! The moment of an event is the enrollment's own date as Salesforce holds it, where both sides agree, for
//! that is exact; else the latest moment that the export's reading can mean, so that nothing is called
//! missing before it was surely due.
//!
//! Must not know: stalls.

use std::collections::BTreeSet;

use crate::model::dataset::{Dataset, index, row};
use crate::model::enrollments::Enrollments;
use crate::model::id::SfId;
use crate::model::instant::{DAY, HOUR, Instant, MINUTE};
use crate::model::provenance::SfObject;
use crate::model::zone::Readings;
use crate::relations::Relations;
use crate::relations::enrollment::{Difference, Enrollment};
use crate::relations::outbound::Outbound;
use crate::settings::Rules;
use crate::stalls::segment::{Event, Fate};
use crate::stalls::{Counts, Fared, FirstMissing, Stream};

/// Whom and what a stretch of time hit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hit {
    /// Learners of whom an event was not on time.
    pub(super) learners: u64,
    /// Courses in which one was not.
    pub(super) courses: u64,
    /// The enrollment whose event fell due first of those that were not on time.
    pub(super) first: Option<usize>,
}

/// Lateness that is normal, in seconds: where more than half of what was written was late, week by week and
/// in ever new runs, the job is slower than the grace by its nature (say, it runs on Sundays), and what
/// came within twice its usual longest delay is no sign of a stall. Zero elsewhere; a backlog written at
/// once after a stall is one run, however long it stood.
pub(super) fn patience(events: &[Event]) -> i64 {
    let week = |at: Instant| at.seconds() / (7 * DAY);
    let late = || events.iter().filter(|event| event.fate == Fate::Late);
    let written = events.iter().filter(|event| event.written.is_some()).count();
    if late().count() * 2 <= written {
        return 0;
    }
    let weeks: BTreeSet<i64> = late().map(|event| week(event.at)).collect();
    let mut runs: Vec<i64> = late().filter_map(|event| event.written).map(|at| at.seconds() / (12 * HOUR)).collect();
    runs.sort_unstable();
    runs.dedup();
    if weeks.len() < 5 || runs.len() * 3 < weeks.len() {
        return 0;
    }
    let mut delays: Vec<i64> =
        events.iter().filter_map(|event| Some(event.written?.seconds() - event.at.seconds())).collect();
    delays.sort_unstable();
    delays.get(delays.len() * 95 / 100).map_or(0, |longest| 2 * longest)
}

/// Both sides as events.
pub(super) struct Due<'a> {
    data: &'a Dataset,
    relations: &'a Relations,
    grace: i64,
    tolerance: i64,
    /// The integration's user as an editor of enrollment rows, where that is known.
    editor: Option<u32>,
}

impl<'a> Due<'a> {
    pub(super) fn new(data: &'a Dataset, relations: &'a Relations, rules: &Rules) -> Self {
        let editor = relations.integration_user.and_then(|user| {
            let at = data.editors.iter().position(|&editor| editor == user)?;
            Some(index(at))
        });
        Self { data, relations, grace: rules.grace_hours * HOUR, tolerance: rules.tolerance_minutes * MINUTE, editor }
    }

    /// By learner: since when Salesforce has held a record of theirs.
    pub(super) fn proven_since(&self) -> Vec<Option<Instant>> {
        let mut since: Vec<Option<Instant>> = vec![None; self.data.learners.len()];
        let mut prove = |learner: usize, created: Option<Instant>| {
            if let Some(created) = created {
                since[learner] = Some(since[learner].map_or(created, |known| known.min(created)));
            }
        };
        let (users, rows) = (&self.data.docebo_users, &self.data.enrollments);
        for at in 0..users.len() {
            if let Some(learner) = self.data.learner_of(users.account(at)) {
                prove(learner, users.created(at));
            }
        }
        for learner in 0..self.data.learners.len() {
            for at in rows.of_learner(learner) {
                if let Some(row) = rows.counterpart(at) {
                    prove(learner, rows.created(row));
                }
            }
        }
        for row in rows.loose() {
            if let Some(learner) = self.data.learner_of(rows.account(row)) {
                prove(learner, rows.created(row));
            }
        }
        since
    }

    /// The event of a Docebo enrollment, if it is one: it is matched, outdated, absent or
    /// absent-no-docebo-user, and fell due by the cutoff.
    fn enrollment(&self, learner: u32, at: usize) -> Option<Event> {
        let there = match self.relations.enrollment[at] {
            Enrollment::Matched | Enrollment::Outdated => true,
            Enrollment::Absent | Enrollment::AbsentNoDoceboUser => false,
            _ => return None,
        };
        let rows = &self.data.enrollments;
        let counterpart = self.relations.counterpart(self.data, at).filter(|_| there);
        let agrees = there && !self.relations.differs(at).has(Difference::EnrollmentDate);
        let exact = counterpart.filter(|_| agrees).and_then(|counterpart| rows.row_enrolled(counterpart));
        let due = exact.or_else(|| Some(self.relations.clocks.enrolled(self.data, at)?.latest()))?;
        if due > self.relations.cutoff {
            return None;
        }
        let (fate, written) = match counterpart {
            None => (Fate::Missed, None),
            Some(counterpart) => match rows.created(counterpart) {
                Some(created) if created >= due.plus(-self.tolerance) => self.written(due, created),
                // Created before the event: enrolled again, which a modification has told or has not.
                _ if agrees => (Fate::OnTime, self.modified(counterpart, due)),
                _ => (Fate::Missed, None),
            },
        };
        Some(Event { at: due, written, learner, fate })
    }

    fn written(&self, due: Instant, written: Instant) -> (Fate, Option<Instant>) {
        let fate = if written <= due.plus(self.grace) { Fate::OnTime } else { Fate::Late };
        (fate, Some(written))
    }

    /// When the integration last modified a row, if that was within the grace after a moment.
    fn modified(&self, counterpart: usize, due: Instant) -> Option<Instant> {
        let rows = &self.data.enrollments;
        let in_time = |&modified: &Instant| modified >= due.plus(-self.tolerance) && modified <= due.plus(self.grace);
        rows.modified(counterpart).filter(in_time).filter(|_| self.by_integration(counterpart))
    }

    fn by_integration(&self, counterpart: usize) -> bool {
        let by = self.data.enrollments.modified_by(counterpart);
        row(by).is_none() || self.editor.is_none() || self.editor == Some(by)
    }

    /// The stream of enrollments.
    pub(super) fn enrollments(&self) -> impl Iterator<Item = Event> {
        self.pairs().filter_map(|(learner, at)| self.enrollment(learner, at))
    }

    /// When the enrollment rows were created that answer no event.
    pub(super) fn other_rows(&self) -> Vec<Instant> {
        self.of_rows(
            |due, learner, at| due.enrollment(learner, at).is_some_and(|event| event.written.is_some()),
            |rows, at| rows.created(at),
        )
    }

    /// The event of a completion: on time or late where that can be told, covered where a later write of
    /// the row has overwritten when it was.
    fn update(&self, learner: u32, at: usize) -> Option<Event> {
        if !matches!(self.relations.enrollment[at], Enrollment::Matched | Enrollment::Outdated) {
            return None;
        }
        let rows = &self.data.enrollments;
        let counterpart = self.relations.counterpart(self.data, at)?;
        let stated: Readings = self.relations.clocks.completed(self.data, at)?;
        let differs = self.relations.differs(at);
        let agrees = !differs.has(Difference::CompletionDate) && !differs.has(Difference::Status);
        let due = rows.row_completed(counterpart).filter(|_| agrees).unwrap_or_else(|| stated.latest());
        if due > self.relations.cutoff {
            return None;
        }
        let (fate, written) = if !agrees {
            (Fate::Missed, None)
        } else if let Some(modified) = self.modified(counterpart, due) {
            (Fate::OnTime, Some(modified))
        } else {
            match rows.created(counterpart).filter(|created| *created >= due) {
                // The row came after the completion and brought it along.
                Some(created) => self.written(due, created),
                None => (Fate::Covered, None),
            }
        };
        Some(Event { at: due, written, learner, fate })
    }

    /// The stream of updates.
    pub(super) fn updates(&self) -> impl Iterator<Item = Event> {
        self.pairs().filter_map(|(learner, at)| self.update(learner, at))
    }

    /// When the integration modified enrollment rows that answer no completion.
    pub(super) fn other_updates(&self) -> Vec<Instant> {
        self.of_rows(
            |due, learner, at| due.update(learner, at).is_some_and(|event| event.written.is_some()),
            |rows, at| {
                let modified = rows.modified(at).filter(|_| self.by_integration(at))?;
                rows.created(at).is_none_or(|created| created < modified).then_some(modified)
            },
        )
    }

    fn of_rows(
        &self,
        answers: impl Fn(&Self, u32, usize) -> bool,
        write: impl Fn(&Enrollments, usize) -> Option<Instant>,
    ) -> Vec<Instant> {
        let rows = &self.data.enrollments;
        let claimed = self.pairs().filter_map(|(learner, at)| Some((learner, at, rows.counterpart(at)?)));
        let other = claimed.filter(|&(learner, at, row)| {
            self.relations.claim(self.data, row).is_none() || !answers(self, learner, at)
        });
        other.map(|(.., row)| row).chain(rows.loose()).filter_map(|at| write(rows, at)).collect()
    }

    /// Whether a number below [`Enrollments::row_end`] stands for a row.
    fn is_row(&self, at: usize) -> bool {
        self.data.enrollments.claim(at).is_none_or(|at| self.data.enrollments.counterpart(at).is_some())
    }

    /// Every Docebo enrollment with its learner.
    fn pairs(&self) -> impl Iterator<Item = (u32, usize)> {
        (0..self.data.learners.len())
            .flat_map(|learner| self.data.enrollments.of_learner(learner).map(move |at| (index(learner), at)))
    }

    /// The stream of learners: the first event of each who has no older record.
    pub(super) fn learners(&self, enrollments: &[Event]) -> Vec<Event> {
        let mut first: Vec<Option<Instant>> = vec![None; self.data.learners.len()];
        for event in enrollments {
            let known = &mut first[event.learner as usize];
            *known = Some(known.map_or(event.at, |known| known.min(event.at)));
        }
        (0..self.data.learners.len())
            .filter_map(|learner| {
                let due = first[learner]?;
                let (fate, written) = match (self.relations.outbound[learner], row(self.relations.docebo_user[learner]))
                {
                    (Outbound::Missing, None) => (Fate::Missed, None),
                    (_, Some(at)) => {
                        let created = self.data.docebo_users.created(at)?;
                        if created < due.plus(-self.tolerance) {
                            return None;
                        }
                        self.written(due, created)
                    }
                    _ => return None,
                };
                Some(Event { at: due, written, learner: index(learner), fate })
            })
            .collect()
    }

    /// When the `DoceboUser__c` rows were created of accounts that the export does not name.
    pub(super) fn docebo_users(&self) -> Vec<Instant> {
        let rows = &self.data.docebo_users;
        (0..rows.len())
            .filter(|&at| self.data.learner_of(rows.account(at)).is_none())
            .filter_map(|at| rows.created(at))
            .collect()
    }

    /// How courses fared that were made in Docebo within a time: those in Salesforce count as on time, and a
    /// course row written in that time shows that the stream is alive.
    pub(super) fn courses(&self, within: &impl Fn(Instant) -> bool) -> (Fared, Counts) {
        let mut counts = Counts::default();
        for course in 0..self.data.courses.id.len() {
            let made = self.relations.clocks.course_made(self.data, course).map(Readings::latest);
            if made.is_some_and(|made| made <= self.relations.cutoff && within(made)) {
                let there = self.data.courses.record[course].is_some();
                counts.add(if there { Fate::OnTime } else { Fate::Missed });
            }
        }
        let writes = self.data.pulses.get(&SfObject::Course).is_some_and(|pulse| {
            let hours = pulse.created.hours().chain(pulse.modified.hours());
            hours.map(|(hour, _)| Instant::from_seconds(i64::from(hour) * HOUR)).any(within)
        });
        // A course may be left out of the sync, so a few that are not there say little.
        let fared = if writes || counts.on_time > 0 {
            Fared::Alive
        } else if counts.missed >= 3 {
            Fared::Frozen
        } else {
            Fared::Unclear
        };
        (fared, counts)
    }

    /// Whom and what a stretch of time hit in a stream.
    pub(super) fn hit(&self, stream: Stream, within: &impl Fn(Instant) -> bool) -> Hit {
        let mut learners = BTreeSet::new();
        let mut courses = BTreeSet::new();
        let mut first: Option<(Instant, usize)> = None;
        for (learner, at) in self.pairs() {
            let event = match stream {
                Stream::Updates => self.update(learner, at),
                _ => self.enrollment(learner, at),
            };
            let failed = |event: &Event| matches!(event.fate, Fate::Late | Fate::Missed) && within(event.at);
            let Some(event) = event.filter(failed) else { continue };
            if stream == Stream::Learners && row(self.relations.docebo_user[event.learner as usize]).is_some() {
                continue;
            }
            learners.insert(event.learner);
            courses.insert(self.data.enrollments.course(at));
            if first.is_none_or(|(due, _)| event.at < due) {
                first = Some((event.at, at));
            }
        }
        Hit { learners: learners.len() as u64, courses: courses.len() as u64, first: first.map(|(_, at)| at) }
    }

    /// What is told of the first event that a stretch kept from being written.
    pub(super) fn first_missing(&self, stream: Stream, at: usize) -> FirstMissing {
        let (data, clocks) = (self.data, &self.relations.clocks);
        FirstMissing {
            enrollment: at,
            learner: data.learners.id(data.enrollments.learner(at) as usize),
            course: data.courses.id[data.enrollments.course(at)],
            due: if stream == Stream::Updates { clocks.completed(data, at) } else { clocks.enrolled(data, at) },
        }
    }

    /// The newest write of a stream that is not after a moment; of several in one second the highest id.
    pub(super) fn last_write(&self, stream: Stream, until: Instant) -> Option<(SfObject, SfId, Instant)> {
        let (users, rows) = (&self.data.docebo_users, &self.data.enrollments);
        let by_then = |written: Option<Instant>| written.filter(|&written| written <= until);
        let (object, newest) = match stream {
            Stream::Learners => {
                let writes = (0..users.len()).filter_map(|at| Some((users.created(at)?, users.id(at))));
                (SfObject::DoceboUser, writes.filter(|&(written, _)| written <= until).max())
            }
            Stream::Updates => {
                let writes = (0..rows.row_end()).filter(|&at| self.is_row(at) && self.by_integration(at));
                let newest = writes.filter_map(|at| Some((by_then(rows.modified(at))?, rows.id(at)))).max();
                (SfObject::CourseEnrollment, newest)
            }
            Stream::Enrollments | Stream::Courses => {
                let writes = (0..rows.row_end()).filter(|&at| self.is_row(at));
                let newest = writes.filter_map(|at| Some((by_then(rows.created(at))?, rows.id(at)))).max();
                (SfObject::CourseEnrollment, newest)
            }
        };
        newest.map(|(at, id)| (object, id, at))
    }
}
