//! Where events come from: something that can be gone through again and again.
//!
//! Must not know: records, files, wording.

use super::Event;
use rayon::prelude::*;

/// Events that can be gone through any number of times, part by part and several parts side by side. Of millions
/// of enrollments they are made anew each time: that costs less than to keep them.
pub trait Events: Sync {
    /// Into how many parts they fall.
    fn parts(&self) -> usize;

    /// Hands over every event of a part, each time the same.
    fn each(&self, part: usize, take: impl FnMut(Event));

    /// How many events each part has.
    fn sizes(&self) -> Vec<usize> {
        count(self)
    }

    /// Gathers from every event, parts side by side. What `join` makes must not depend on how the events were
    /// divided, or it differs with the number of threads.
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

/// How many parts are gone through in one go at least, so that no more than a few times as much is gathered side by
/// side as there are threads.
pub(in crate::stalls) fn in_one_go(parts: usize) -> usize {
    parts.div_ceil(4 * rayon::current_num_threads()).max(1)
}

/// Goes through all events to find out how many each part has.
pub(in crate::stalls) fn count<E: Events + ?Sized>(events: &E) -> Vec<usize> {
    let size = |part| {
        let mut size = 0;
        events.each(part, |_| size += 1);
        size
    };
    (0..events.parts()).into_par_iter().map(size).collect()
}

/// Events of a part, where they are held in memory.
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
