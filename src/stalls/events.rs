//! What Docebo should have written, and when it was written: the events of each stream.
//!
//! The moment of an event is the enrollment's own date as Salesforce holds it, where both sides agree, for
//! that is exact; else the latest moment that the export's reading can mean, so that nothing is called
//! missing before it was surely due.
//!
//! Must not know: stalls.

use std::ops::Range;

use rayon::prelude::*;

use crate::model::dataset::{Dataset, index, row};
use crate::model::id::SfId;
use crate::model::instant::{DAY, HOUR, Instant, MINUTE};
use crate::model::provenance::SfObject;
use crate::model::zone::Readings;
use crate::relations::Relations;
use crate::relations::enrollment::{Difference, Enrollment};
use crate::relations::outbound::Outbound;
use crate::settings::Rules;
use crate::stalls::segment::{Event, Events, Fate, Stretch};
use crate::stalls::slots::{Slots, earlier, slot};
use crate::stalls::{Counts, Fared, FirstMissing, Stream};

/// Learners that are looked at in one go; several such parts are looked at side by side.
const PART: usize = 2_048;

/// What the stream of enrollments tells as a whole.
#[derive(Default)]
pub(super) struct Census {
    /// What became of them.
    pub(super) counts: Counts,
    /// How many of them were written at a known moment.
    written: u64,
    /// How many fell due, by day.
    pub(super) days: Slots<u64>,
    /// When enrollment rows were created that answer no event: the first of each hour.
    others: Slots<Instant>,
    /// By learner: when the first of theirs fell due.
    pub(super) first: Vec<Option<Instant>>,
    /// How many there are in each part.
    pub(super) sizes: Vec<usize>,
}

impl Census {
    fn add(&mut self, event: &Event) {
        self.counts.add(event.fate);
        self.written += u64::from(event.written.is_some());
        self.days.put(slot(event.at, DAY), 1, std::ops::Add::add);
    }

    /// Of both; what stands by learner or part is not touched.
    fn join(self, other: Self) -> Self {
        Self {
            counts: self.counts.and(other.counts),
            written: self.written + other.written,
            days: self.days.join(other.days, std::ops::Add::add),
            others: self.others.join(other.others, Instant::min),
            ..self
        }
    }

    /// When enrollment rows were created that answer no event.
    pub(super) fn signs(&self) -> Vec<Instant> {
        self.others.iter().map(|(_, at)| at).collect()
    }
}

/// Whom and what a stretch of time hit.
#[derive(Clone, Default)]
pub(super) struct Toll {
    /// What fell due in it: of the enrollments, the learners, the updates.
    pub(super) counts: [Counts; 3],
    /// Learners of whom an event of its stream was not on time.
    pub(super) learners: u64,
    /// By course, whether one was not on time there.
    courses: Vec<bool>,
    /// The event that fell due first of those, and its enrollment.
    first: Option<(Instant, usize)>,
}

impl Toll {
    /// Courses in which an event was not on time.
    pub(super) fn courses(&self) -> u64 {
        self.courses.iter().filter(|&&hit| hit).count() as u64
    }

    /// The enrollment whose event fell due first of those that were not on time.
    pub(super) fn first(&self) -> Option<usize> {
        self.first.map(|(_, at)| at)
    }

    fn hit(&mut self, due: Instant, at: usize, course: u32) {
        self.courses[course as usize] = true;
        self.first = earlier(self.first, Some((due, at)));
    }

    fn join(mut self, other: Self) -> Self {
        for (hit, other) in self.courses.iter_mut().zip(other.courses) {
            *hit |= other;
        }
        let [enrollments, learners, updates] = self.counts;
        Self {
            counts: [enrollments.and(other.counts[0]), learners.and(other.counts[1]), updates.and(other.counts[2])],
            learners: self.learners + other.learners,
            first: earlier(self.first, other.first),
            courses: self.courses,
        }
    }
}

/// Lateness that is normal, in seconds: where more than half of what was written was late, week by week and
/// in ever new runs, the job is slower than the grace by its nature (say, it runs on Sundays), and what
/// came within twice its usual longest delay is no sign of a stall. Zero elsewhere; a backlog written at
/// once after a stall is one run, however long it stood.
pub(super) fn patience(events: &impl Events, census: &Census) -> i64 {
    if census.counts.late * 2 <= census.written {
        return 0;
    }
    type Seen = (Slots<()>, Slots<()>);
    let (weeks, runs): Seen = events.gather(
        Seen::default,
        |(weeks, runs), event| {
            if event.fate == Fate::Late {
                weeks.put(slot(event.at, 7 * DAY), (), |(), ()| ());
                event.written.into_iter().for_each(|at| runs.put(slot(at, 12 * HOUR), (), |(), ()| ()));
            }
        },
        |(weeks, runs), others| (weeks.join(others.0, |(), ()| ()), runs.join(others.1, |(), ()| ())),
    );
    let (weeks, runs) = (weeks.iter().count(), runs.iter().count());
    if weeks < 5 || runs * 3 < weeks {
        return 0;
    }
    let mut delays: Vec<i64> = Vec::with_capacity(usize::try_from(census.written).unwrap_or_default());
    for part in 0..events.parts() {
        events.each(part, |event| {
            delays.extend(event.written.map(|written| written.seconds() - event.at.seconds()));
        });
    }
    let rank = delays.len() * 95 / 100;
    if rank >= delays.len() {
        return 0;
    }
    let (_, longest, _) = delays.select_nth_unstable(rank);
    2 * *longest
}

/// The events that a slow job has had its time for; all of them where it is not slow.
pub(super) struct Ripe<'a, E> {
    pub(super) events: &'a E,
    /// As [`patience`] tells it.
    pub(super) patience: i64,
    pub(super) read_at: Instant,
}

impl<E: Events> Events for Ripe<'_, E> {
    fn parts(&self) -> usize {
        self.events.parts()
    }

    fn each(&self, part: usize, mut take: impl FnMut(Event)) {
        self.events.each(part, |event| {
            if self.patience == 0 || event.written.is_some() || event.at.plus(self.patience) <= self.read_at {
                take(event);
            }
        });
    }

    fn sizes(&self) -> Vec<usize> {
        if self.patience == 0 {
            return self.events.sizes();
        }
        let size = |part| {
            let mut size = 0;
            self.each(part, |_| size += 1);
            size
        };
        (0..self.parts()).into_par_iter().map(size).collect()
    }
}

/// A stream of events, at most one of each enrollment.
struct OfEnrollments<'a, F> {
    due: &'a Due<'a>,
    /// The event of a learner's enrollment.
    event: F,
    sizes: &'a [usize],
}

impl<F: Fn(u32, usize) -> Option<Event> + Sync> Events for OfEnrollments<'_, F> {
    fn parts(&self) -> usize {
        self.due.parts()
    }

    fn each(&self, part: usize, mut take: impl FnMut(Event)) {
        for (learner, rows) in self.due.of_part(part) {
            rows.filter_map(|at| (self.event)(learner, at)).for_each(&mut take);
        }
    }

    fn sizes(&self) -> Vec<usize> {
        self.sizes.to_vec()
    }
}

/// The stream of learners: the first event of each who has no older record.
struct OfLearners<'a> {
    due: &'a Due<'a>,
    /// By learner: when the first of their enrollments fell due.
    first: &'a [Option<Instant>],
}

impl Events for OfLearners<'_> {
    fn parts(&self) -> usize {
        self.due.parts()
    }

    fn each(&self, part: usize, take: impl FnMut(Event)) {
        self.due.learners_of(part).filter_map(|learner| self.due.learner(learner, self.first[learner]?)).for_each(take);
    }
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

    /// Into how many parts the learners fall.
    fn parts(&self) -> usize {
        self.data.learners.id.len().div_ceil(PART)
    }

    /// The learners of a part.
    fn learners_of(&self, part: usize) -> Range<usize> {
        part * PART..((part + 1) * PART).min(self.data.learners.id.len())
    }

    /// The learners of a part who have enrollments, each with the rows of theirs: the one place that knows how
    /// the enrollments of a learner are found.
    fn of_part(&self, part: usize) -> impl Iterator<Item = (u32, Range<usize>)> {
        let (learners, column) = (self.learners_of(part), &self.data.enrollments.learner);
        let bound = |learner: usize| column.partition_point(|&known| (known as usize) < learner);
        let mut from = bound(learners.start);
        column[from..bound(learners.end)].chunk_by(|one, next| one == next).map(move |same| {
            let rows = from..from + same.len();
            from = rows.end;
            (same[0], rows)
        })
    }

    /// The Salesforce rows of the learners of a part.
    fn rows_of_part(&self, part: usize) -> Range<usize> {
        let (learners, accounts) = (self.learners_of(part), &self.data.course_enrollments.account);
        let bound = |learner: usize| accounts.partition_point(|&known| (known as usize) < learner);
        bound(learners.start)..bound(learners.end)
    }

    /// By learner: since when Salesforce has held a record of theirs.
    pub(super) fn proven_since(&self) -> Vec<Option<Instant>> {
        let mut since: Vec<Option<Instant>> = vec![None; self.data.learners.id.len()];
        let (users, rows) = (&self.data.docebo_users, &self.data.course_enrollments);
        for (&account, &created) in users.account.iter().zip(&users.created) {
            if let Some(learner) = self.data.learner_of(account) {
                since[learner] = earlier(since[learner], created);
            }
        }
        since.par_chunks_mut(PART).enumerate().for_each(|(part, since)| {
            for at in self.rows_of_part(part) {
                if let Some(learner) = self.data.learner_of(rows.account[at]) {
                    let since = &mut since[learner - part * PART];
                    *since = earlier(*since, rows.created[at]);
                }
            }
        });
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
        let rows = &self.data.course_enrollments;
        let counterpart = row(self.relations.counterpart[at]).filter(|_| there);
        let agrees = there && !self.relations.differs[at].has(Difference::EnrollmentDate);
        let exact = counterpart.filter(|_| agrees).and_then(|counterpart| rows.enrolled[counterpart]);
        let due = exact.or_else(|| Some(self.relations.clocks.enrolled(self.data, at)?.latest()))?;
        if due > self.relations.cutoff {
            return None;
        }
        let (fate, written) = match counterpart {
            None => (Fate::Missed, None),
            Some(counterpart) => match rows.created[counterpart] {
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
        let rows = &self.data.course_enrollments;
        let in_time = |&modified: &Instant| modified >= due.plus(-self.tolerance) && modified <= due.plus(self.grace);
        rows.modified[counterpart].filter(in_time).filter(|_| self.by_integration(counterpart))
    }

    fn by_integration(&self, counterpart: usize) -> bool {
        let by = self.data.course_enrollments.modified_by[counterpart];
        row(by).is_none() || self.editor.is_none() || self.editor == Some(by)
    }

    /// Looks at every enrollment once.
    pub(super) fn census(&self) -> Census {
        let mut first: Vec<Option<Instant>> = vec![None; self.data.learners.id.len()];
        let mut sizes = vec![0; self.parts()];
        let rows = &self.data.course_enrollments;
        let census = first
            .par_chunks_mut(PART)
            .zip(&mut sizes)
            .enumerate()
            .fold(Census::default, |mut census, (part, (first, size))| {
                for (learner, enrollments) in self.of_part(part) {
                    let first = &mut first[learner as usize - part * PART];
                    for at in enrollments {
                        let event = self.enrollment(learner, at);
                        if let Some(event) = &event {
                            census.add(event);
                            *size += 1;
                            *first = earlier(*first, Some(event.at));
                        }
                        self.sign(&mut census.others, at, event, |row| rows.created[row]);
                    }
                }
                census
            })
            .reduce(Census::default, Census::join);
        let others = census.others.join(self.unclaimed(|row| rows.created[row]), Instant::min);
        Census { others, first, sizes, ..census }
    }

    /// Puts down the write of the row that goes with an enrollment, where it does not answer the enrollment's event.
    fn sign(
        &self,
        signs: &mut Slots<Instant>,
        at: usize,
        event: Option<Event>,
        write: impl Fn(usize) -> Option<Instant>,
    ) {
        if event.is_none_or(|event| event.written.is_none())
            && let Some(written) = row(self.relations.counterpart[at]).and_then(write)
        {
            signs.put(slot(written, HOUR), written, Instant::min);
        }
    }

    /// The first write of each hour of rows that go with no enrollment.
    fn unclaimed(&self, write: impl Fn(usize) -> Option<Instant> + Sync + Send) -> Slots<Instant> {
        (0..self.data.course_enrollments.id.len())
            .into_par_iter()
            .filter(|&at| row(self.relations.claimed_by[at]).is_none())
            .filter_map(write)
            .fold(Slots::default, |mut signs, written| {
                signs.put(slot(written, HOUR), written, Instant::min);
                signs
            })
            .reduce(Slots::default, |signs, others| signs.join(others, Instant::min))
    }

    /// The stream of enrollments, with how many there are in each part.
    pub(super) fn enrollments<'e>(&'e self, sizes: &'e [usize]) -> impl Events + use<'e> {
        OfEnrollments { due: self, event: |learner, at| self.enrollment(learner, at), sizes }
    }

    /// The event of a completion: on time or late where that can be told, covered where a later write of
    /// the row has overwritten when it was.
    fn update(&self, learner: u32, at: usize) -> Option<Event> {
        if !matches!(self.relations.enrollment[at], Enrollment::Matched | Enrollment::Outdated) {
            return None;
        }
        let rows = &self.data.course_enrollments;
        let counterpart = row(self.relations.counterpart[at])?;
        let stated: Readings = self.relations.clocks.completed(self.data, at)?;
        let differs = self.relations.differs[at];
        let agrees = !differs.has(Difference::CompletionDate) && !differs.has(Difference::Status);
        let due = rows.completed[counterpart].filter(|_| agrees).unwrap_or_else(|| stated.latest());
        if due > self.relations.cutoff {
            return None;
        }
        let (fate, written) = if !agrees {
            (Fate::Missed, None)
        } else if let Some(modified) = self.modified(counterpart, due) {
            (Fate::OnTime, Some(modified))
        } else {
            match rows.created[counterpart].filter(|created| *created >= due) {
                // The row came after the completion and brought it along.
                Some(created) => self.written(due, created),
                None => (Fate::Covered, None),
            }
        };
        Some(Event { at: due, written, learner, fate })
    }

    /// Looks at every update once: how many there are in each part, and when the integration modified enrollment
    /// rows that answer none (the first such write of each hour).
    pub(super) fn survey_updates(&self) -> (Vec<usize>, Vec<Instant>) {
        let mut sizes = vec![0; self.parts()];
        let rows = &self.data.course_enrollments;
        let write = |at: usize| {
            let modified = rows.modified[at].filter(|_| self.by_integration(at))?;
            rows.created[at].is_none_or(|created| created < modified).then_some(modified)
        };
        let signs = sizes
            .par_iter_mut()
            .enumerate()
            .fold(Slots::default, |mut signs, (part, size)| {
                for (learner, enrollments) in self.of_part(part) {
                    for at in enrollments {
                        let event = self.update(learner, at);
                        *size += usize::from(event.is_some());
                        self.sign(&mut signs, at, event, write);
                    }
                }
                signs
            })
            .reduce(Slots::default, |signs, others| signs.join(others, Instant::min));
        let signs = signs.join(self.unclaimed(write), Instant::min);
        (sizes, signs.iter().map(|(_, at)| at).collect())
    }

    /// The stream of updates, with how many there are in each part.
    pub(super) fn updates<'e>(&'e self, sizes: &'e [usize]) -> impl Events + use<'e> {
        OfEnrollments { due: self, event: |learner, at| self.update(learner, at), sizes }
    }

    /// The event of a learner whose first enrollment fell due at a moment, unless they have an older record.
    fn learner(&self, learner: usize, due: Instant) -> Option<Event> {
        let (fate, written) = match (self.relations.outbound[learner], row(self.relations.docebo_user[learner])) {
            (Outbound::Missing, None) => (Fate::Missed, None),
            (_, Some(at)) => {
                let created = self.data.docebo_users.created[at]?;
                if created < due.plus(-self.tolerance) {
                    return None;
                }
                self.written(due, created)
            }
            _ => return None,
        };
        Some(Event { at: due, written, learner: index(learner), fate })
    }

    /// The stream of learners; `first` tells by learner when the first of their enrollments fell due.
    pub(super) fn learners<'e>(&'e self, first: &'e [Option<Instant>]) -> impl Events + use<'e> {
        OfLearners { due: self, first }
    }

    /// When the `DoceboUser__c` rows were created of accounts that the export does not name.
    pub(super) fn docebo_users(&self) -> Vec<Instant> {
        let rows = &self.data.docebo_users;
        (0..rows.id.len())
            .filter(|&at| self.data.learner_of(rows.account[at]).is_none())
            .filter_map(|at| rows.created[at])
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

    /// What fell due in each of some stretches of a stream, and whom and what they hit.
    pub(super) fn tolls(&self, stretches: &[(Stream, Stretch)], first: &[Option<Instant>]) -> Vec<Toll> {
        let untouched = || {
            let toll = Toll { courses: vec![false; self.data.courses.id.len()], ..Toll::default() };
            vec![toll; stretches.len()]
        };
        if stretches.is_empty() {
            return Vec::new();
        }
        let of_part = |mut tolls: Vec<Toll>, part: usize| {
            for learner in self.learners_of(part) {
                if let Some(event) = first[learner].and_then(|due| self.learner(learner, due)) {
                    for ((_, stretch), toll) in stretches.iter().zip(&mut tolls) {
                        if stretch.holds(event.at) {
                            toll.counts[1].add(event.fate);
                        }
                    }
                }
            }
            let mut hit = vec![false; stretches.len()];
            for (learner, rows) in self.of_part(part) {
                hit.fill(false);
                let known = row(self.relations.docebo_user[learner as usize]).is_some();
                for at in rows {
                    let (enrollment, update) = (self.enrollment(learner, at), self.update(learner, at));
                    for (((stream, stretch), toll), hit) in stretches.iter().zip(&mut tolls).zip(&mut hit) {
                        let enrollment = enrollment.filter(|event| stretch.holds(event.at));
                        let update = update.filter(|event| stretch.holds(event.at));
                        enrollment.iter().for_each(|event| toll.counts[0].add(event.fate));
                        update.iter().for_each(|event| toll.counts[2].add(event.fate));
                        let own = if *stream == Stream::Updates { update } else { enrollment };
                        let failed = own.filter(|event| matches!(event.fate, Fate::Late | Fate::Missed));
                        if let Some(event) = failed.filter(|_| *stream != Stream::Learners || !known) {
                            toll.hit(event.at, at, self.data.enrollments.course[at]);
                            *hit = true;
                        }
                    }
                }
                for (toll, &hit) in tolls.iter_mut().zip(&hit) {
                    toll.learners += u64::from(hit);
                }
            }
            tolls
        };
        (0..self.parts()).into_par_iter().fold(untouched, of_part).reduce(untouched, |tolls, others| {
            tolls.into_iter().zip(others).map(|(toll, other)| toll.join(other)).collect()
        })
    }

    /// What is told of the first event that a stretch kept from being written.
    pub(super) fn first_missing(&self, stream: Stream, at: usize) -> FirstMissing {
        let (data, clocks) = (self.data, &self.relations.clocks);
        FirstMissing {
            enrollment: at,
            learner: data.learners.id[data.enrollments.learner[at] as usize],
            course: data.courses.id[data.enrollments.course[at] as usize],
            due: if stream == Stream::Updates { clocks.completed(data, at) } else { clocks.enrolled(data, at) },
        }
    }

    /// The newest write of a stream that is not after a moment; of several in one second the highest id.
    pub(super) fn last_write(&self, stream: Stream, until: Instant) -> Option<(SfObject, SfId, Instant)> {
        let newest = |ids: &[SfId], writes: &[Option<Instant>], of_sync: &(dyn Fn(usize) -> bool + Sync)| {
            (0..ids.len())
                .into_par_iter()
                .filter(|&at| of_sync(at))
                .filter_map(|at| Some((writes[at].filter(|&written| written <= until)?, ids[at])))
                .max()
        };
        let (users, rows) = (&self.data.docebo_users, &self.data.course_enrollments);
        let (object, newest) = match stream {
            Stream::Learners => (SfObject::DoceboUser, newest(&users.id, &users.created, &|_| true)),
            Stream::Updates => {
                (SfObject::CourseEnrollment, newest(&rows.id, &rows.modified, &|at| self.by_integration(at)))
            }
            Stream::Enrollments | Stream::Courses => {
                (SfObject::CourseEnrollment, newest(&rows.id, &rows.created, &|_| true))
            }
        };
        newest.map(|(at, id)| (object, id, at))
    }
}
