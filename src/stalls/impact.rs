//! The impact of stretches of time, counted in one pass over all streams.
//!
//! Must not know: how stretches are found.

use rayon::prelude::*;

use crate::model::instant::Instant;
use crate::model::row::row;
use crate::stalls::events::DueEvents;
use crate::stalls::segment::{EventStatus, StalledPeriod, in_one_go};
use crate::stalls::time_buckets::earlier;
use crate::stalls::{Counts, Stream};

/// The impact of a stretch of time.
#[derive(Clone, Default)]
pub(super) struct Impact {
    /// Events due in it: of enrollments, learners, updates.
    pub(super) counts: [Counts; 3],
    /// Learners with an event of its stream that was not on time.
    pub(super) learners: u64,
    /// By course, whether one of its events was not on time.
    courses: Vec<bool>,
    /// The first due of those events, and its enrollment.
    first: Option<(Instant, usize)>,
}

impl Impact {
    /// Number of courses with an event that was not on time.
    pub(super) fn courses(&self) -> u64 {
        self.courses.iter().filter(|&&hit| hit).count() as u64
    }

    /// The enrollment of the first due event that was not on time.
    pub(super) fn first(&self) -> Option<usize> {
        self.first.map(|(_, at)| at)
    }

    fn hit(&mut self, due: Instant, at: usize, course: usize) {
        self.courses[course] = true;
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

impl DueEvents<'_> {
    /// The due events and the impact of each of some stretches of a stream.
    pub(super) fn impacts(&self, stretches: &[(Stream, StalledPeriod)], first: &[Option<Instant>]) -> Vec<Impact> {
        let untouched = || {
            let impact = Impact { courses: vec![false; self.data.courses.id.len()], ..Impact::default() };
            vec![impact; stretches.len()]
        };
        if stretches.is_empty() {
            return Vec::new();
        }
        let of_part = |mut tolls: Vec<Impact>, part: usize| {
            for learner in self.learners_of(part) {
                if let Some(event) = first[learner].and_then(|due| self.learner(learner, due)) {
                    for ((_, stretch), impact) in stretches.iter().zip(&mut tolls) {
                        if stretch.holds(event.at) {
                            impact.counts[1].add(event.status);
                        }
                    }
                }
            }
            let mut hit = vec![false; stretches.len()];
            for (learner, rows) in self.in_part(part) {
                hit.fill(false);
                let known = row(self.relations.docebo_user[learner as usize]).is_some();
                for at in rows {
                    let (enrollment, update) = (self.enrollment(learner, at), self.update(learner, at));
                    for (((stream, stretch), impact), hit) in stretches.iter().zip(&mut tolls).zip(&mut hit) {
                        let enrollment = enrollment.filter(|event| stretch.holds(event.at));
                        let update = update.filter(|event| stretch.holds(event.at));
                        enrollment.iter().for_each(|event| impact.counts[0].add(event.status));
                        update.iter().for_each(|event| impact.counts[2].add(event.status));
                        let own = if *stream == Stream::Updates { update } else { enrollment };
                        let failed =
                            own.filter(|event| matches!(event.status, EventStatus::Late | EventStatus::Missed));
                        if let Some(event) = failed.filter(|_| *stream != Stream::Learners || !known) {
                            impact.hit(event.at, at, self.data.enrollments.course(at));
                            *hit = true;
                        }
                    }
                }
                for (impact, &hit) in tolls.iter_mut().zip(&hit) {
                    impact.learners += u64::from(hit);
                }
            }
            tolls
        };
        let parts = (0..self.parts()).into_par_iter().with_min_len(in_one_go(self.parts()));
        parts.fold(untouched, of_part).reduce(untouched, |tolls, others| {
            tolls.into_iter().zip(others).map(|(impact, other)| impact.join(other)).collect()
        })
    }
}
