//! Whom and what stretches of time hit, counted in one pass over all streams.
//!
//! Must not know: how stretches are found.

use rayon::prelude::*;

use crate::model::dataset::row;
use crate::model::instant::Instant;
use crate::stalls::events::Due;
use crate::stalls::segment::{Fate, Stretch, in_one_go};
use crate::stalls::slots::earlier;
use crate::stalls::{Counts, Stream};

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

impl Due<'_> {
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
                            toll.hit(event.at, at, self.data.enrollments.course(at));
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
        let parts = (0..self.parts()).into_par_iter().with_min_len(in_one_go(self.parts()));
        parts.fold(untouched, of_part).reduce(untouched, |tolls, others| {
            tolls.into_iter().zip(others).map(|(toll, other)| toll.join(other)).collect()
        })
    }
}
