//! The streams of events, made learner by learner each time that somebody goes through them.
//!
//! Must not know: stalls, and what makes an event.

use std::ops::Range;

use crate::model::instant::Instant;
use crate::model::row::index;
use crate::stalls::events::DueEvents;
use crate::stalls::segment::{Event, Events, count};

/// Learners that are looked at in one go; several such parts are looked at side by side.
pub(super) const PART: usize = 2_048;

/// The events that a slow job has had its time for; all of them where it is not slow.
pub(super) struct MatureEvents<'a, E> {
    pub(super) events: &'a E,
    /// As [`patience`](super::census::patience) tells it.
    pub(super) expected_lag: i64,
    pub(super) read_at: Instant,
}

impl<E: Events> Events for MatureEvents<'_, E> {
    fn parts(&self) -> usize {
        self.events.parts()
    }

    fn each(&self, part: usize, mut take: impl FnMut(Event)) {
        self.events.each(part, |event| {
            if self.expected_lag == 0 || event.written.is_some() || event.at.plus(self.expected_lag) <= self.read_at {
                take(event);
            }
        });
    }

    fn sizes(&self) -> Vec<usize> {
        if self.expected_lag == 0 { self.events.sizes() } else { count(self) }
    }
}

/// A stream of events, at most one of each enrollment.
struct EnrollmentEvents<'a, F> {
    due: &'a DueEvents<'a>,
    /// The event of a learner's enrollment.
    event: F,
    sizes: &'a [usize],
}

impl<F: Fn(u32, usize) -> Option<Event> + Sync> Events for EnrollmentEvents<'_, F> {
    fn parts(&self) -> usize {
        self.due.parts()
    }

    fn each(&self, part: usize, mut take: impl FnMut(Event)) {
        for (learner, rows) in self.due.in_part(part) {
            rows.filter_map(|at| (self.event)(learner, at)).for_each(&mut take);
        }
    }

    fn sizes(&self) -> Vec<usize> {
        self.sizes.to_vec()
    }
}

/// The stream of learners: the first event of each who has no older record.
struct LearnerEvents<'a> {
    due: &'a DueEvents<'a>,
    /// By learner: when the first of their enrollments fell due.
    first: &'a [Option<Instant>],
}

impl Events for LearnerEvents<'_> {
    fn parts(&self) -> usize {
        self.due.parts()
    }

    fn each(&self, part: usize, take: impl FnMut(Event)) {
        self.due.learners_of(part).filter_map(|learner| self.due.learner(learner, self.first[learner]?)).for_each(take);
    }
}

impl DueEvents<'_> {
    /// Into how many parts the learners fall.
    pub(super) fn parts(&self) -> usize {
        self.data.learners.len().div_ceil(PART)
    }

    /// The learners of a part.
    pub(super) fn learners_of(&self, part: usize) -> Range<usize> {
        part * PART..((part + 1) * PART).min(self.data.learners.len())
    }

    /// The learners of a part, each with their enrollments.
    pub(super) fn in_part(&self, part: usize) -> impl Iterator<Item = (u32, Range<usize>)> {
        self.learners_of(part).map(|learner| (index(learner), self.data.enrollments.of_learner(learner)))
    }

    /// The stream of enrollments, with how many there are in each part.
    pub(super) fn enrollments<'e>(&'e self, sizes: &'e [usize]) -> impl Events + use<'e> {
        EnrollmentEvents { due: self, event: |learner, at| self.enrollment(learner, at), sizes }
    }

    /// The stream of updates, with how many there are in each part.
    pub(super) fn updates<'e>(&'e self, sizes: &'e [usize]) -> impl Events + use<'e> {
        EnrollmentEvents { due: self, event: |learner, at| self.update(learner, at), sizes }
    }

    /// The stream of learners; `first` tells by learner when the first of their enrollments fell due.
    pub(super) fn learners<'e>(&'e self, first: &'e [Option<Instant>]) -> impl Events + use<'e> {
        LearnerEvents { due: self, first }
    }
}
