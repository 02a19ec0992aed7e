//! Statistics of the streams before they are cut: their counts, since when each learner has a record in Salesforce,
//! which writes belong to no event, and how much lateness is normal.
//!
//! Must not know: stalls.

use std::ops::Add;

use rayon::prelude::*;

use crate::model::instant::{DAY, HOUR, Instant};
use crate::stalls::Counts;
use crate::stalls::events::DueEvents;
use crate::stalls::segment::{Event, EventStatus, Events, in_one_go};
use crate::stalls::streams::PART;
use crate::stalls::time_buckets::{TimeBuckets, bucket, earlier};

/// Statistics of the stream of enrollments.
#[derive(Default)]
pub(super) struct StreamStats {
    /// The events by status.
    pub(super) counts: Counts,
    /// Number of events written at a known moment.
    written: u64,
    /// Number of events due, by day.
    pub(super) days: TimeBuckets<u64>,
    /// Creation times of enrollment rows that belong to no event: the first of each hour.
    others: TimeBuckets<Instant>,
    /// By learner: when their first event fell due.
    pub(super) first: Vec<Option<Instant>>,
    /// Number of events in each part.
    pub(super) sizes: Vec<usize>,
}

impl StreamStats {
    fn add(&mut self, event: &Event) {
        self.counts.add(event.status);
        self.written += u64::from(event.written.is_some());
        self.days.put(bucket(event.at, DAY), 1, Add::add);
    }

    /// Combines both; values by learner or part are unchanged.
    fn join(self, other: Self) -> Self {
        Self {
            counts: self.counts.and(other.counts),
            written: self.written + other.written,
            days: self.days.join(other.days, Add::add),
            others: self.others.join(other.others, Instant::min),
            ..self
        }
    }

    /// Creation times of enrollment rows that belong to no event.
    pub(super) fn other_writes(&self) -> Vec<Instant> {
        self.others.iter().map(|(_, at)| at).collect()
    }
}

/// Normal lateness, in seconds: if more than half of the writes were late, week by week and in ever new runs, the job
/// is inherently slower than the grace (say, it runs on Sundays), and events within twice its usual longest delay are
/// no sign of a stall. Zero otherwise; a backlog written at once after a stall is one run, however long it lasted.
pub(super) fn expected_lag(events: &impl Events, stats: &StreamStats) -> i64 {
    if stats.counts.late * 2 <= stats.written {
        return 0;
    }
    type Seen = (TimeBuckets<()>, TimeBuckets<()>);
    let (weeks, runs): Seen = events.gather(
        Seen::default,
        |(weeks, runs), event| {
            if event.status == EventStatus::Late {
                weeks.put(bucket(event.at, 7 * DAY), (), |(), ()| ());
                event.written.into_iter().for_each(|at| runs.put(bucket(at, 12 * HOUR), (), |(), ()| ()));
            }
        },
        |(weeks, runs), others| (weeks.join(others.0, |(), ()| ()), runs.join(others.1, |(), ()| ())),
    );
    let (weeks, runs) = (weeks.iter().count(), runs.iter().count());
    if weeks < 5 || runs * 3 < weeks {
        return 0;
    }
    let mut delays: Vec<i64> = Vec::with_capacity(usize::try_from(stats.written).unwrap_or_default());
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

impl DueEvents<'_> {
    /// By learner: since when Salesforce has a record of theirs.
    pub(super) fn proven_since(&self) -> Vec<Option<Instant>> {
        let mut since: Vec<Option<Instant>> = vec![None; self.data.learners.len()];
        let (users, rows) = (&self.data.docebo_users, &self.data.enrollments);
        let of_users = (0..users.len()).map(|at| (users.account(at), users.created(at)));
        let of_rows = rows.unmatched().map(|at| (rows.account(at), rows.created(at)));
        for (account, created) in of_users.chain(of_rows) {
            if let Some(learner) = self.data.learner_of(account) {
                since[learner] = earlier(since[learner], created);
            }
        }
        since.par_chunks_mut(PART).enumerate().for_each(|(part, since)| {
            for (since, (_, enrollments)) in since.iter_mut().zip(self.in_part(part)) {
                for row in enrollments.filter_map(|at| rows.matched_row(at)) {
                    *since = earlier(*since, rows.created(row));
                }
            }
        });
        since
    }

    /// Visits every enrollment once.
    pub(super) fn stats(&self) -> StreamStats {
        let mut first: Vec<Option<Instant>> = vec![None; self.data.learners.len()];
        let mut sizes = vec![0; self.parts()];
        let rows = &self.data.enrollments;
        let stats = first
            .par_chunks_mut(PART)
            .zip(&mut sizes)
            .with_min_len(in_one_go(self.parts()))
            .enumerate()
            .fold(StreamStats::default, |mut stats, (part, (first, size))| {
                for (learner, enrollments) in self.in_part(part) {
                    let first = &mut first[learner as usize - part * PART];
                    for at in enrollments {
                        let event = self.enrollment(learner, at);
                        if let Some(event) = &event {
                            stats.add(event);
                            *size += 1;
                            *first = earlier(*first, Some(event.at));
                        }
                        self.other_write(&mut stats.others, at, event, |row| rows.created(row));
                    }
                }
                stats
            })
            .reduce(StreamStats::default, StreamStats::join);
        let others = stats.others.join(self.unmatched(|row| rows.created(row)), Instant::min);
        StreamStats { others, first, sizes, ..stats }
    }

    /// Records the write of an enrollment's row if it does not belong to the enrollment's event.
    fn other_write(
        &self,
        signs: &mut TimeBuckets<Instant>,
        at: usize,
        event: Option<Event>,
        write: impl Fn(usize) -> Option<Instant>,
    ) {
        if event.is_none_or(|event| event.written.is_none())
            && let Some(written) = self.relations.matched_row(self.data, at).and_then(write)
        {
            signs.put(bucket(written, HOUR), written, Instant::min);
        }
    }

    /// The first write of each hour of unmatched rows.
    fn unmatched(&self, write: impl Fn(usize) -> Option<Instant>) -> TimeBuckets<Instant> {
        let mut signs = TimeBuckets::default();
        for written in self.data.enrollments.unmatched().filter_map(write) {
            signs.put(bucket(written, HOUR), written, Instant::min);
        }
        signs
    }

    /// Visits every update once: counts them in each part, and collects when the integration modified enrollment rows
    /// that belong to none (the first such write of each hour).
    pub(super) fn survey_updates(&self) -> (Vec<usize>, Vec<Instant>) {
        let mut sizes = vec![0; self.parts()];
        let rows = &self.data.enrollments;
        let write = |at: usize| {
            let modified = rows.modified(at).filter(|_| self.by_integration(at))?;
            rows.created(at).is_none_or(|created| created < modified).then_some(modified)
        };
        let signs = sizes
            .par_iter_mut()
            .with_min_len(in_one_go(self.parts()))
            .enumerate()
            .fold(TimeBuckets::default, |mut signs, (part, size)| {
                for (learner, enrollments) in self.in_part(part) {
                    for at in enrollments {
                        let event = self.update(learner, at);
                        *size += usize::from(event.is_some());
                        self.other_write(&mut signs, at, event, write);
                    }
                }
                signs
            })
            .reduce(TimeBuckets::default, |signs, others| signs.join(others, Instant::min));
        let signs = signs.join(self.unmatched(write), Instant::min);
        (sizes, signs.iter().map(|(_, at)| at).collect())
    }
}
