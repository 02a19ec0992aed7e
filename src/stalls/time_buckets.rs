//! Time buckets of equal length (hours, days), with one value for each non-empty one: a summary of millions of moments
//! if one per bucket, or their number, is enough.
//!
//! Must not know: what happened.

use crate::model::instant::Instant;

/// A value for each non-empty bucket. Buckets are numbered since 1970.
#[derive(Debug, Clone)]
pub(super) struct TimeBuckets<T> {
    /// The bucket at which `values` begins.
    from: usize,
    values: Vec<Option<T>>,
}

/// The bucket of a moment, for buckets of this many seconds.
pub(super) fn bucket(at: Instant, seconds: i64) -> usize {
    usize::try_from(at.seconds() / seconds).unwrap_or(usize::MAX)
}

/// The lesser of two if both exist; else the existing one.
pub(super) fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.into_iter().chain(other).min()
}

/// The beginning moves in steps of this many buckets, so that it seldom moves.
const STEP: usize = 1_024;

impl<T> Default for TimeBuckets<T> {
    fn default() -> Self {
        Self { from: 0, values: Vec::new() }
    }
}

impl<T: Copy> TimeBuckets<T> {
    /// Puts a value into its bucket; `both` combines it with an existing one.
    pub(super) fn put(&mut self, bucket: usize, value: T, both: impl Fn(T, T) -> T) {
        if bucket < self.from || bucket - self.from >= self.values.len() {
            self.reach(bucket);
        }
        let held = &mut self.values[bucket - self.from];
        *held = Some(held.map_or(value, |held| both(held, value)));
    }

    /// Extends the table to a bucket.
    #[cold]
    fn reach(&mut self, bucket: usize) {
        let step = bucket - bucket % STEP;
        if self.values.is_empty() {
            self.from = step;
        } else if step < self.from {
            self.values.splice(..0, std::iter::repeat_n(None, self.from - step));
            self.from = step;
        }
        self.values.resize(self.values.len().max(step + STEP - self.from), None);
    }

    /// Joins the values of both, bucket by bucket.
    pub(super) fn join(mut self, other: Self, both: impl Fn(T, T) -> T) -> Self {
        if self.values.is_empty() {
            return other;
        }
        for (bucket, value) in other.iter() {
            self.put(bucket, value, &both);
        }
        self
    }

    /// Iterates over the buckets with a value, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, T)> {
        (self.from..).zip(&self.values).filter_map(|(bucket, value)| Some((bucket, (*value)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::TimeBuckets;

    #[test]
    fn values_stand_in_their_slots_whatever_the_order_they_came_in() {
        let came = [(9_000_usize, 3_u32), (7, 1), (9_000, 2), (1_030, 5), (8_999, 4), (7, 8)];
        let of = |came: &[(usize, u32)]| {
            let mut buckets = TimeBuckets::default();
            came.iter().for_each(|&(bucket, value)| buckets.put(bucket, value, u32::min));
            buckets
        };
        let expected = [(7, 1), (1_030, 5), (8_999, 4), (9_000, 2)];
        assert_eq!(of(&came).iter().collect::<Vec<_>>(), expected);
        for cut in 0..=came.len() {
            let (one, other) = came.split_at(cut);
            assert_eq!(of(one).join(of(other), u32::min).iter().collect::<Vec<_>>(), expected);
        }
        assert_eq!(TimeBuckets::<u32>::default().iter().count(), 0);
    }
}
