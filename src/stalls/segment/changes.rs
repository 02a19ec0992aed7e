//! The axis of writes: a mark for every event and for every hour with another write, eight bytes each and sorted by
//! time.
//!
//! Must not know: stalls.

use super::delay::{Delay, runs};
use super::{Event, EventStatus, Events, Record, in_one_go};
use crate::model::instant::{HOUR, Instant};
use crate::stalls::time_buckets::{TimeBuckets, bucket};
use rayon::prelude::*;

/// A point on the axis, packed so that it sorts by time: time (32 bits), learner (27), kind (3), what is known (2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(u64);

/// The status of the event, or another write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// On time, learner proven.
    Good,
    /// On time, learner not yet proven.
    GoodUnproven,
    /// Not on time, learner proven.
    Bad,
    /// Not on time, learner not yet proven.
    BadUnproven,
    /// Another write, such as a late row: not an event, yet a sign of life.
    Write,
    /// Written at an unknown time.
    Covered,
}

/// What earlier marks reveal about a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Fresh,
    /// An unproven learner failed before, outside any stall.
    Repeated,
    /// A failure in the same minute came before: one batch, which adds no information.
    Batch,
}

impl Kind {
    /// The order of marks with the same moment and learner.
    pub(super) const ALL: [Self; 6] =
        [Self::Good, Self::GoodUnproven, Self::Bad, Self::BadUnproven, Self::Write, Self::Covered];
}

impl Known {
    pub(super) const ALL: [Self; 3] = [Self::Fresh, Self::Repeated, Self::Batch];
}

impl Mark {
    /// The bits below the learner.
    const CLASS: u64 = 0b1_1111;
    const KNOWN: u64 = 0b11;
    /// More learners than any platform has.
    const LEARNERS: u64 = (1 << 27) - 1;

    pub(super) const fn class_of(kind: Kind, known: Known) -> usize {
        (kind as usize) << 2 | known as usize
    }

    fn new(at: Instant, learner: u32, kind: Kind) -> Self {
        let learner = u64::from(learner) & Self::LEARNERS;
        Self(at.seconds().unsigned_abs() << 32 | learner << 5 | (kind as u64) << 2)
    }

    fn moved(self, at: Instant) -> Self {
        Self(at.seconds().unsigned_abs() << 32 | self.0 & u64::from(u32::MAX))
    }

    pub(super) const fn knowing(self, known: Known) -> Self {
        Self(self.0 & !Self::KNOWN | known as u64)
    }

    pub(super) const fn at(self) -> i64 {
        (self.0 >> 32).cast_signed()
    }

    pub(super) const fn learner(self) -> usize {
        (self.0 >> 5 & Self::LEARNERS) as usize
    }

    /// Kind and what is known, numbered as in [`Mark::class_of`].
    pub(super) const fn class(self) -> usize {
        (self.0 & Self::CLASS) as usize
    }

    pub(super) const fn kind(self) -> Kind {
        match self.0 >> 2 & 7 {
            0 => Kind::Good,
            1 => Kind::GoodUnproven,
            2 => Kind::Bad,
            3 => Kind::BadUnproven,
            4 => Kind::Write,
            _ => Kind::Covered,
        }
    }

    pub(super) const fn failed(self) -> bool {
        matches!(self.kind(), Kind::Bad | Kind::BadUnproven)
    }
}

/// What the events reveal besides their own marks.
#[derive(Default)]
struct Concurrent {
    /// One sign of life per hour is enough: a backfill writes thousands at once.
    writes: TimeBuckets<Mark>,
    /// A sample of delays, for [`Delay::learn`].
    waits: Vec<(Instant, Instant)>,
}

impl Concurrent {
    fn write(&mut self, at: Instant, learner: u32) {
        self.writes.put(bucket(at, HOUR), Mark::new(at, learner, Kind::Write), Mark::min);
    }

    fn join(mut self, mut other: Self) -> Self {
        self.waits.append(&mut other.waits);
        Self { writes: self.writes.join(other.writes, Mark::min), waits: self.waits }
    }
}

/// The marks of a record sorted by time, and the delays of its events.
pub(super) fn marks<E: Events + ?Sized>(record: Record<'_, E>) -> (Vec<Mark>, Delay) {
    let sizes = record.events.sizes();
    let count = sizes.iter().sum::<usize>();
    let every = Delay::every(count);
    // Reserve memory for the writes too, so that appending them moves nothing: seven years of hours. Unwritten pages
    // take no memory.
    let mut packed = vec![0_u64; count + (count + record.other_writes.len()).min(1 << 16)];
    let mut rest = packed.as_mut_slice();
    let mut parts: Vec<&mut [u64]> = Vec::with_capacity(sizes.len());
    for size in sizes {
        let (part, more) = rest.split_at_mut(size);
        parts.push(part);
        rest = more;
    }
    let of_part = |mut concurrent: Concurrent, (part, places): (usize, &mut [u64])| {
        let mut places = places.iter_mut();
        record.events.each(part, |event| {
            let mark = mark(record, &event, every, &mut concurrent);
            if let Some(place) = places.next() {
                *place = mark.0;
            }
        });
        concurrent
    };
    let in_one_go = in_one_go(parts.len());
    let parts = parts.into_par_iter().with_min_len(in_one_go).enumerate();
    let mut concurrent = parts.fold(Concurrent::default, of_part).reduce(Concurrent::default, Concurrent::join);
    record.other_writes.iter().for_each(|&at| concurrent.write(at, 0));
    packed.truncate(count);
    let delay = Delay::learn(concurrent.waits, || runs(record));
    if delay.in_runs() {
        // If a job writes a whole day's events at night, nothing is written by day: a single loss must not be placed
        // there, but among the writes of that night.
        packed.par_iter_mut().for_each(|packed| {
            let mark = Mark(*packed);
            if mark.failed()
                && let Some(run) = delay.run_for(mark.at())
            {
                *packed = mark.moved(Instant::from_seconds(run)).0;
            }
        });
    }
    packed.extend(concurrent.writes.iter().map(|(_, mark)| mark.0));
    sort(&mut packed, rayon::current_num_threads());
    (packed.into_iter().map(Mark).collect(), delay)
}

/// Sorts in as many pieces as there are threads. (Rayon's sort takes a third more time on one thread.)
fn sort(marks: &mut [u64], threads: usize) {
    if threads < 2 || marks.len() < 1 << 16 {
        marks.sort_unstable();
        return;
    }
    let (low, _, high) = marks.select_nth_unstable(marks.len() / 2);
    rayon::join(|| sort(low, threads / 2), || sort(high, threads.div_ceil(2)));
}

/// The mark of an event; `concurrent` collects what else the event reveals.
fn mark<E: Events + ?Sized>(record: Record<'_, E>, event: &Event, every: u32, concurrent: &mut Concurrent) -> Mark {
    let &Event { at, written, learner, status } = event;
    let (proven, failed) = (record.proven(event), record.failed(event));
    if failed {
        if let Some(written) = written {
            concurrent.write(written, learner);
        }
        return Mark::new(at, learner, if proven { Kind::Bad } else { Kind::BadUnproven });
    }
    let later = written.filter(|&written| written >= at);
    if let Some(written) = later
        && Delay::samples(every, at)
    {
        concurrent.waits.push((at, written));
    }
    if status == EventStatus::Covered {
        return Mark::new(at, learner, Kind::Covered);
    }
    Mark::new(later.unwrap_or(at), learner, if proven { Kind::Good } else { Kind::GoodUnproven })
}
