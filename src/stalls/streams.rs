//! The streams of events, recomputed learner by learner on each iteration.
//!
//! Must not know: stalls, and what makes an event.

use std::ops::Range;

use crate::model::instant::Instant;
use crate::model::row::index;
use crate::stalls::events::DueEvents;
use crate::stalls::segment::{Event, Events, count};

/// Learners per part; several parts are processed in parallel.
pub(super) const PART: usize = 2_048;

/// The events that a slow job had time to write; all events if it is not slow.
pub(super) struct MatureEvents<'a, E> {
    pub(super) events: &'a E,
    /// See [`expected_lag`](super::stream_stats::expected_lag).
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

/// A stream of events, at most one per enrollment.
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

/// The stream of learners: the first event of each learner without an older record.
struct LearnerEvents<'a> {
    due: &'a DueEvents<'a>,
    /// By learner: when their first enrollment fell due.
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
    /// The number of parts of the learners.
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

    /// The stream of enrollments, with the number of events in each part.
    pub(super) fn enrollments<'e>(&'e self, sizes: &'e [usize]) -> impl Events + use<'e> {
        EnrollmentEvents { due: self, event: |learner, at| self.enrollment(learner, at), sizes }
    }

    /// The stream of updates, with the number of events in each part.
    pub(super) fn updates<'e>(&'e self, sizes: &'e [usize]) -> impl Events + use<'e> {
        EnrollmentEvents { due: self, event: |learner, at| self.update(learner, at), sizes }
    }

    /// The stream of learners; `first`: by learner, when their first enrollment fell due.
    pub(super) fn learners<'e>(&'e self, first: &'e [Option<Instant>]) -> impl Events + use<'e> {
        LearnerEvents { due: self, first }
    }
}
