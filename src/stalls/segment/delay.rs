//! How long a healthy sync takes to write an event, learned from those written on time.
//!
//! An event due just before a sync froze was still on its way, so it is missing although it came before the onset. How
//! probable that is depends on the usual delay, and on whether writes come one by one or in runs of a job.
//!
//! Must not know: stalls.

use crate::model::instant::{DAY, Instant, MINUTE};
use crate::stalls::segment::{Events, Record};
use crate::stalls::time_buckets::{TimeBuckets, bucket};

/// Maximum number of delays; more add no certainty.
const MAX_SAMPLES: usize = 100_000;
/// Writes no further apart than this belong to one run of a job.
const RUN: i64 = 5 * MINUTE;

/// The delays of a healthy sync.
#[derive(Debug, Clone, Default)]
pub(super) struct Delay {
    /// How long each event waited, in seconds, ascending; if events are written in runs, only the longest wait of each
    /// run.
    sorted: Vec<u32>,
    /// Start times of the job's runs, ascending, if events are written in runs; else empty.
    runs: Vec<i64>,
}

impl Delay {
    /// The sampling interval in days for this many events. Whole days are skipped, so that events waiting together are
    /// seen together.
    pub(super) fn every(events: usize) -> u32 {
        u32::try_from(events / MAX_SAMPLES + 1).unwrap_or(u32::MAX)
    }

    /// Whether an event due at a moment belongs to the sample of one in `every` days.
    pub(super) fn samples(every: u32, due: Instant) -> bool {
        u32::try_from(due.seconds() / DAY).is_ok_and(|day| day % every == 0)
    }

    /// Learns from a sample of events that did not fail, as due and write times, in any order; `runs` computes the
    /// start times of the job's runs.
    pub(super) fn learn(mut written: Vec<(Instant, Instant)>, runs: impl FnOnce() -> Vec<i64>) -> Self {
        written.sort_unstable();
        let waiting_together = written.windows(2).filter(|two| two[1].0 < two[0].1);
        let (mut pairs, mut same_run) = (0_u32, 0_u32);
        for two in waiting_together {
            pairs += 1;
            same_run += u32::from((two[1].1.seconds() - two[0].1.seconds()).abs() <= RUN);
        }
        let runs = if pairs >= 20 && same_run * 2 > pairs { runs() } else { Vec::new() };
        let mut sorted: Vec<u32> = if runs.is_empty() {
            written.iter().map(|(due, written)| seconds(written.seconds() - due.seconds())).collect()
        } else {
            // Of events waiting together, the longest wait shows when the job is late.
            let mut oldest: Vec<i64> = runs.clone();
            for (due, written) in written {
                if let Some(run) = runs.partition_point(|&run| run <= written.seconds()).checked_sub(1) {
                    oldest[run] = oldest[run].min(due.seconds());
                }
            }
            runs.iter().zip(oldest).map(|(run, oldest)| seconds(run - oldest)).filter(|&wait| wait > 0).collect()
        };
        sorted.sort_unstable();
        Self { sorted, runs }
    }

    /// Whether waiting events are written together.
    pub(super) fn in_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// The run that should have written an event, if the job ran soon enough after it.
    pub(super) fn run_for(&self, due: i64) -> Option<i64> {
        let next = self.runs.partition_point(|&run| run < due);
        self.runs.get(next).copied().filter(|run| run - due <= self.longest())
    }

    /// The probability that an event waits longer than this many seconds.
    pub(super) fn survives(&self, seconds: i64) -> f64 {
        let within = self.sorted.partition_point(|&delay| i64::from(delay) <= seconds);
        (self.sorted.len() - within) as f64 / (self.sorted.len() + 1) as f64
    }

    /// The longest delay seen, in seconds.
    pub(super) fn longest(&self) -> i64 {
        self.sorted.last().map_or(0, |&delay| i64::from(delay))
    }
}

fn seconds(delay: i64) -> u32 {
    u32::try_from(delay).unwrap_or(u32::MAX)
}

/// Start times of a job's runs, ascending: writes that follow each other closely are one run.
pub(super) fn runs<E: Events + ?Sized>(record: Record<'_, E>) -> Vec<i64> {
    // Of the writes in a slot as long as the gap between two runs, only the first and the last matter.
    let both = |(first, last): (Instant, Instant), (other, further)| (first.min(other), last.max(further));
    let buckets = record.events.gather(
        TimeBuckets::default,
        |buckets, event| {
            if let Some(written) = event.written.filter(|_| !record.failed(&event)) {
                buckets.put(bucket(written, RUN), (written, written), both);
            }
        },
        |buckets, others| buckets.join(others, both),
    );
    let mut runs = Vec::new();
    let mut before: Option<Instant> = None;
    for (_, (first, last)) in buckets.iter() {
        if before.is_none_or(|before| first.seconds() - before.seconds() > RUN) {
            runs.push(first.seconds());
        }
        before = Some(last);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::{Delay, RUN, runs};
    use crate::model::instant::{DAY, HOUR, Instant};
    use crate::stalls::segment::changes::marks;
    use crate::stalls::segment::{Event, EventStatus, Record};

    fn learn(written: impl Fn(i64) -> i64) -> Delay {
        let events: Vec<Event> = (0..400)
            .map(|nth| {
                let due = 1_760_000_000 + nth * HOUR;
                let [at, written] = [due, written(due)].map(Instant::from_seconds);
                Event { at, written: Some(written), learner: 0, status: EventStatus::OnTime }
            })
            .collect();
        marks(Record { events: events.as_slice(), proven_since: &[None], ..Record::default() }).1
    }

    #[test]
    fn a_nightly_job_writes_what_waits_together() {
        let nightly = learn(|due| (due / DAY + 1) * DAY + 120);
        assert!(nightly.in_runs());
        assert_eq!(nightly.run_for(1_760_000_000 + 5), Some((1_760_000_000 / DAY + 1) * DAY + 120));
        assert_eq!(nightly.run_for(1_760_000_000 + 500 * HOUR), None, "no run came after it");
        assert!(nightly.survives(12 * HOUR) > 0.9, "the first event of a day waits until the night");
        assert!(nightly.survives(25 * HOUR).abs() < f64::EPSILON && nightly.longest() <= DAY + 120);
    }

    #[test]
    fn a_run_ends_where_nothing_is_written_for_a_while() {
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..20 {
            let mut written: Vec<i64> =
                (0..400).map(|_| 1_760_000_000 + rng.i64(0..60) * 1_000 + rng.i64(0..700)).collect();
            let event = |&at: &i64| {
                let at = Instant::from_seconds(at);
                Event { at, written: Some(at), learner: 0, status: EventStatus::OnTime }
            };
            let events: Vec<Event> = written.iter().map(event).collect();
            written.sort_unstable();
            let one_by_one: Vec<i64> =
                written.chunk_by(|one, next| next - one <= RUN).filter_map(|run| run.first().copied()).collect();
            assert_eq!(runs(Record { events: events.as_slice(), ..Record::default() }), one_by_one);
        }
    }

    #[test]
    fn writes_one_by_one_are_no_runs() {
        let minutes = learn(|due| due + 300 + due % 97 * 100);
        assert!(!minutes.in_runs());
        assert!(minutes.survives(0) > 0.99 && minutes.survives(4 * HOUR) < 0.01);
        assert!(Delay::default().survives(0).abs() < f64::EPSILON, "nothing known, nothing on its way");
    }
}
