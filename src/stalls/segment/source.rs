//! The source of events: can be iterated repeatedly.
//!
//! Must not know: records, files, wording.

use super::Event;
use rayon::prelude::*;

/// Events that can be iterated any number of times, part by part and several parts in parallel. Millions of enrollment
/// events are recomputed each time: that costs less than storing them.
pub trait Events: Sync {
    /// The number of parts.
    fn parts(&self) -> usize;

    /// Passes every event of a part to `take`, the same ones each time.
    fn each(&self, part: usize, take: impl FnMut(Event));

    /// The number of events in each part.
    fn sizes(&self) -> Vec<usize> {
        count(self)
    }

    /// Gathers from every event, parts in parallel. The result of `join` must not depend on the division of events into
    /// parts, or it varies with the number of threads.
    fn gather<T: Send>(
        &self,
        empty: impl Fn() -> T + Sync + Send,
        add: impl Fn(&mut T, Event) + Sync + Send,
        join: impl Fn(T, T) -> T + Sync + Send,
    ) -> T {
        let part = |mut gathered: T, part: usize| {
            self.each(part, |event| add(&mut gathered, event));
            gathered
        };
        let parts = (0..self.parts()).into_par_iter().with_min_len(in_one_go(self.parts()));
        parts.fold(&empty, part).reduce(&empty, join)
    }
}

/// Minimum number of parts per batch, so that at most a few times as many results are gathered in parallel as there are
/// threads.
pub(in crate::stalls) fn in_one_go(parts: usize) -> usize {
    parts.div_ceil(4 * rayon::current_num_threads()).max(1)
}

/// Counts the events in each part by iterating over all.
pub(in crate::stalls) fn count<E: Events + ?Sized>(events: &E) -> Vec<usize> {
    let size = |part| {
        let mut size = 0;
        events.each(part, |_| size += 1);
        size
    };
    (0..events.parts()).into_par_iter().map(size).collect()
}

/// Events per part, if they are held in memory.
const PART: usize = 1 << 14;

impl Events for [Event] {
    fn parts(&self) -> usize {
        self.len().div_ceil(PART)
    }

    fn each(&self, part: usize, take: impl FnMut(Event)) {
        self.chunks(PART).nth(part).into_iter().flatten().copied().for_each(take);
    }

    fn sizes(&self) -> Vec<usize> {
        self.chunks(PART).map(<[Event]>::len).collect()
    }
}
