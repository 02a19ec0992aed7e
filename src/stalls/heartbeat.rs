//! The heartbeat of an object: its last write, its usual silences, and its current one; and the limits beyond which a
//! silence is worth a warning or an alarm.
//!
//! A gap is the time between two writes that are at least an hour apart: a burst of writes is one beat.
//!
//! Must not know: what was due.

use crate::model::id::RecordId;
use crate::model::instant::{HOUR, Instant};
use crate::model::object::SfObject;
use crate::model::write_activity::WriteActivity;

/// Usual gaps between writes, in hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Gaps {
    /// How many there were.
    pub count: u64,
    /// Half of them are shorter.
    pub median: u32,
    /// All but one in twenty are shorter.
    pub p95: u32,
    /// All but one in a hundred are shorter.
    pub p99: u32,
}

/// The heartbeat of one object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Heartbeat {
    /// The object.
    pub object: SfObject,
    /// The newest `CreatedDate`, and its record.
    pub created: Option<(Instant, RecordId)>,
    /// The newest `LastModifiedDate` by the integration, and its record.
    pub modified: Option<(Instant, RecordId)>,
    /// The usual gaps; `None` if there were no two writes.
    pub gaps: Option<Gaps>,
    /// Whole hours from the last write until Salesforce was read; `None` if nothing was ever written.
    pub silence: Option<u32>,
    /// Days (since 1970, in UTC) with writes: created, modified; ascending.
    pub days: Vec<(u32, u64, u64)>,
}

impl Heartbeat {
    /// The heartbeat of an object read at a moment.
    #[must_use]
    pub fn new(object: SfObject, activity: &WriteActivity, read_at: Instant) -> Self {
        let (created, modified) = (activity.created.newest, activity.modified.newest);
        let last = created.map(|(at, _)| at).max(modified.map(|(at, _)| at));
        let hours = beats(std::iter::once(activity));
        Self {
            object,
            created,
            modified,
            gaps: Gaps::between(&hours),
            silence: last.map(|last| silence(last, read_at)),
            days: days(activity),
        }
    }

    /// The newest write of either kind.
    #[must_use]
    pub fn last(&self) -> Option<Instant> {
        self.created.map(|(at, _)| at).max(self.modified.map(|(at, _)| at))
    }
}

/// Whole hours between a write and the read; zero if the write's clock is ahead.
#[must_use]
pub fn silence(last: Instant, read_at: Instant) -> u32 {
    u32::try_from((read_at.seconds() - last.seconds()).max(0) / HOUR).unwrap_or(u32::MAX)
}

/// The distinct hours (since 1970) with writes, ascending.
#[must_use]
pub fn beats<'a>(activity_by_object: impl Iterator<Item = &'a WriteActivity>) -> Vec<u32> {
    let mut hours: Vec<u32> = activity_by_object
        .flat_map(|activity| activity.created.hours().chain(activity.modified.hours()))
        .map(|(hour, _)| hour)
        .collect();
    hours.sort_unstable();
    hours.dedup();
    hours
}

impl Gaps {
    /// The gaps between hours with writes.
    #[must_use]
    pub fn between(hours: &[u32]) -> Option<Self> {
        Self::new(hours.windows(2).map(|two| two[1] - two[0]).collect())
    }

    /// Gaps in hours, in any order.
    #[must_use]
    pub fn new(mut gaps: Vec<u32>) -> Option<Self> {
        gaps.sort_unstable();
        let last = gaps.len().checked_sub(1)?;
        // The nearest rank: with few gaps the longest one represents the rare ones.
        let at = |percent: usize| gaps[(gaps.len() * percent).div_ceil(100).saturating_sub(1).min(last)];
        Some(Self { count: gaps.len() as u64, median: at(50), p95: at(95), p99: at(99) })
    }
}

/// Beyond which silence a sync is late, and beyond which it is taken for stalled, in hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Limits {
    /// From here on: a warning.
    pub warn_after_hours: u32,
    /// From here on: an alarm.
    pub error_after_hours: u32,
}

/// Minimum number of gaps from which limits are learned.
pub const MIN_GAPS: u64 = 20;

impl Limits {
    /// Limits learned from an organization's own gaps: a warning beyond the 99th percentile, at least a day; an alarm
    /// beyond three times that, at least three days. `None` if there are too few gaps.
    ///
    /// The longest gaps of a working sync are a long weekend or a break, and both are among the gaps; three times the
    /// longest usual one is beyond what a quiet week explains.
    #[must_use]
    pub fn learned(gaps: Option<Gaps>) -> Option<Self> {
        let gaps = gaps.filter(|gaps| gaps.count >= MIN_GAPS)?;
        Some(Self { warn_after_hours: gaps.p99.max(24), error_after_hours: gaps.p99.saturating_mul(3).max(72) })
    }
}

fn days(activity: &WriteActivity) -> Vec<(u32, u64, u64)> {
    let mut days: std::collections::BTreeMap<u32, (u64, u64)> = std::collections::BTreeMap::new();
    for (day, writes) in activity.created.days() {
        days.entry(day).or_default().0 += writes;
    }
    for (day, writes) in activity.modified.days() {
        days.entry(day).or_default().1 += writes;
    }
    days.into_iter().map(|(day, (created, modified))| (day, created, modified)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Gaps, Limits};

    #[test]
    fn percentiles_are_nearest_ranks() {
        let gaps = Gaps::new((1..=200).rev().collect()).expect("some");
        assert_eq!((gaps.count, gaps.median, gaps.p95, gaps.p99), (200, 100, 190, 198));
        assert_eq!(Gaps::new(vec![7]).map(|gaps| (gaps.median, gaps.p99)), Some((7, 7)));
        assert_eq!(Gaps::new(Vec::new()), None);
        assert_eq!(Gaps::between(&[10, 11, 14]).map(|gaps| (gaps.count, gaps.median, gaps.p99)), Some((2, 1, 3)));
    }

    #[test]
    fn limits_are_learned_from_enough_gaps_only() {
        let limits = |gap: u32, count: usize| Limits::learned(Gaps::new(vec![gap; count]));
        assert_eq!(limits(60, 19), None);
        assert_eq!(limits(60, 20), Some(Limits { warn_after_hours: 60, error_after_hours: 180 }));
        assert_eq!(limits(1, 500), Some(Limits { warn_after_hours: 24, error_after_hours: 72 }));
    }
}
