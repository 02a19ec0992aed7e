//! If enrollments are replicated by hand, writes come in batches at irregular times, and lateness is normal. Only the
//! time since the last batch matters, compared with the organization's own history of batches.
//!
//! Must not know: records, files, wording.

use crate::model::instant::{HOUR, Instant};
use crate::model::write_activity::Writes;
use crate::stalls::heartbeat::{Gaps, silence};
use crate::stalls::segment::{Bounds, EventStatus, Events, MIN_FAILURES, StalledPeriod};
use crate::stalls::time_buckets::earlier;

/// Writes further apart belong to two batches, in hours.
const MAX_GAP: u32 = 12;
/// Minimum number of gaps between batches for a history.
const MIN_HISTORY: u64 = 5;

/// The time since the last batch, if it is longer than three times nearly all gaps (their 99th percentile) and enough
/// events are waiting.
///
/// The confidence is that of a rank: if the present gap were like the others, it would be the longest of `n + 1` with a
/// probability of one in `n + 1`.
pub(super) fn stalled_period(writes: &Writes, events: &impl Events, read_at: Instant) -> Option<StalledPeriod> {
    let hours: Vec<u32> = writes.hours().map(|(hour, _)| hour).collect();
    let last = *hours.last()?;
    let between = hours.windows(2).map(|two| two[1] - two[0]).filter(|&gap| gap >= MAX_GAP).collect();
    let gaps = Gaps::new(between).filter(|gaps| gaps.count >= MIN_HISTORY)?;
    let since = Instant::from_seconds((i64::from(last) + 1) * HOUR);
    if silence(since, read_at) <= gaps.p99.saturating_mul(3) {
        return None;
    }
    let (waiting, first) = events.gather(
        || (0, None::<Instant>),
        |(waiting, first), event| {
            if event.status == EventStatus::Missed && event.at >= since {
                *waiting += 1;
                *first = earlier(*first, Some(event.at));
            }
        },
        |(waiting, first), (others, other)| (waiting + others, earlier(first, other)),
    );
    let from = first.filter(|_| waiting >= MIN_FAILURES)?;
    let written = events.gather(
        || None,
        |written, event| {
            if event.status != EventStatus::Missed && event.at < from {
                *written = (*written).max(Some(event.at));
            }
        },
        Option::max,
    );
    Some(StalledPeriod {
        onset: Bounds { after: written, before: Some(from) },
        end: None,
        from,
        until: None,
        confidence: gaps.count as f64 / (gaps.count + 1) as f64,
    })
}
