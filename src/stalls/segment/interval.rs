//! When a stall began or ended, as an interval with 95 % of the posterior.
//!
//! Given that there is one change between the healthy and the stalled stretch, the weight of each moment is the
//! likelihood of all marks around it (P. Fearnhead, "Exact and efficient Bayesian inference for multiple changepoint
//! problems", Stat. Comput. 16, 2006, for a single change-point; the prior is uniform over all moments). The interval
//! is the run of gaps between marks whose share is nearest to 95 %; the actual share is returned with it.
//!
//! At an onset, events due shortly before may still have been on their way ([`Delay`]), so that an onset some minutes
//! after the first missing event (or, if a job runs once a night, some hours) is quite probable.
//!
//! Must not know: records, files, wording.

use super::changes::{Kind, Mark};
use super::delay::Delay;
use super::path::Gains;
use super::{Bounds, Events, STRAY};
use crate::model::instant::DAY;
use crate::stalls::time_buckets::earlier;
use std::ops::Range;

/// The share of the posterior in an interval.
const SHARE: f64 = 0.95;
/// Number of marks on either side of a change that are searched for its interval.
const WINDOW: usize = 512;
/// The first step into a gap at which its weight is evaluated, in seconds; each further one is twice as long.
const STEP: i64 = 16;

/// The kind of change.
pub(super) enum Change<'a> {
    /// From healthy to stalled, after these delays.
    Onset(&'a Delay),
    /// From stalled to healthy.
    End,
}

/// The moments of the marks on either side of a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edges {
    after: Option<i64>,
    before: Option<i64>,
}

/// The marks around the most probable change right before mark `likely`, among the marks of a range, and the share of
/// the posterior within them.
pub(super) fn edges(
    marks: &[Mark],
    gains: &Gains,
    among: Range<usize>,
    likely: usize,
    change: &Change<'_>,
) -> (Edges, f64) {
    let from = among.start.max(likely.saturating_sub(WINDOW));
    let until = among.end.min(likely + WINDOW).min(marks.len());
    let weights = weights(marks, gains, from..until, change);
    let (run, share) = nearest(&weights);
    let edge = |at: usize| marks.get(at).map(|mark| mark.at());
    (Edges { after: (from + run.start).checked_sub(1).and_then(edge), before: edge(from + run.end - 1) }, share)
}

/// The weight of the gap before each mark of the range, and of the one after the last.
fn weights(marks: &[Mark], gains: &Gains, among: Range<usize>, change: &Change<'_>) -> Vec<f64> {
    let mut logs = Vec::with_capacity(among.len() + 1);
    let mut sum = 0.0_f64;
    for at in among.start..=among.end {
        if at > among.start {
            // An onset one gap further right makes one more mark healthy, an end one more stalled.
            let sign = if matches!(change, Change::Onset(_)) { -1.0 } else { 1.0 };
            sum += sign * f64::from(gains.for_mark(marks[at - 1]));
        }
        // Before the first mark and after the last one the record is empty; assume a day.
        let (left, right) = match (at.checked_sub(1).map(|before| marks[before].at()), marks.get(at)) {
            (Some(left), Some(mark)) => (left, mark.at()),
            (Some(left), None) => (left, left + DAY),
            (None, Some(mark)) => (mark.at() - DAY, mark.at()),
            (None, None) => (0, DAY),
        };
        let waiting = match change {
            Change::Onset(delay) => Waiting::before(marks, gains, among.start..at, left, delay),
            Change::End => Waiting::nobody(),
        };
        let mut span = 0.0;
        let (mut begin, mut step) = (left, STEP);
        while begin < right {
            let end = (begin + step).min(right);
            span += (end - begin) as f64 * waiting.factor(begin + (end - begin) / 2);
            (begin, step) = (end, step * 2);
        }
        logs.push(if span > 0.0 { sum + span.ln() } else { f64::NEG_INFINITY });
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logs.iter().map(|log| (log - top).exp()).collect()
}

/// Events that had failed by a moment and may have been on their way just then, newest first: their due times and loss
/// rates.
struct Waiting<'a> {
    events: Vec<(i64, f64)>,
    delay: Option<&'a Delay>,
}

impl<'a> Waiting<'a> {
    const fn nobody() -> Self {
        Self { events: Vec::new(), delay: None }
    }

    fn before(marks: &[Mark], gains: &Gains, among: Range<usize>, now: i64, delay: &'a Delay) -> Self {
        let mut events = Vec::new();
        for at in among.rev() {
            if now - marks[at].at() > delay.longest() {
                break;
            }
            if marks[at].failed() {
                // An uninformative event (one more of a batch) is as good as lost.
                let rate =
                    ((1.0 - STRAY) * (-f64::from(gains.for_mark(marks[at]))).exp()).clamp(f64::MIN_POSITIVE, 1.0);
                events.push((marks[at].at(), rate));
            } else if delay.in_runs() && marks[at].kind() != Kind::Write {
                // A job that ran wrote all waiting events.
                break;
            }
        }
        Self { events, delay: Some(delay) }
    }

    /// How much more probable the events are if some were on their way at a moment than if all were lost.
    fn factor(&self, at: i64) -> f64 {
        let Some(delay) = self.delay else { return 1.0 };
        let survives = |due: i64| delay.survives(at - due);
        if delay.in_runs() {
            // All events after the first waiting one wait with it; those before it were lost.
            let mut all_lost = 1.0_f64;
            let mut factor = 1.0_f64;
            for &(due, rate) in &self.events {
                all_lost = (all_lost * rate).max(f64::MIN_POSITIVE);
                factor += survives(due) / all_lost;
            }
            factor
        } else {
            self.events.iter().map(|&(due, rate)| 1.0 + (1.0 - rate) * survives(due) / rate).product()
        }
    }
}

/// Of the heaviest runs of one gap, of two, and so on, the one whose weight is nearest to the share; and its weight.
/// Gaps cannot be cut, and a run that must hold at least the share would on average hold much more.
fn nearest(weights: &[f64]) -> (Range<usize>, f64) {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return (0..weights.len(), 1.0);
    }
    let mut best = (0..0, 0.0);
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(weights.iter().scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        }))
        .collect();
    for length in 1..=weights.len() {
        let held = |from: &usize| sums[from + length] - sums[*from];
        let Some(from) = (0..=weights.len() - length).max_by(|a, b| held(a).total_cmp(&held(b))) else { break };
        let share = (held(&from) / total).min(1.0);
        if (share - SHARE).abs() < (best.1 - SHARE).abs() {
            best = (from..from + length, share);
        }
        if share >= SHARE {
            break;
        }
    }
    best
}

/// Converts edges to due times of events: the axis shows a written event at its write, a little after its due time.
pub(super) fn in_events<E: Events + ?Sized>(events: &E, edges: &[Edges]) -> Vec<Bounds> {
    if edges.is_empty() {
        return Vec::new();
    }
    events.gather(
        || vec![Bounds { after: None, before: None }; edges.len()],
        |bounds, event| {
            let due = event.at.seconds();
            for (bounds, edges) in bounds.iter_mut().zip(edges) {
                if edges.after.is_some_and(|edge| due <= edge) {
                    bounds.after = bounds.after.max(Some(event.at));
                }
                if edges.before.is_some_and(|edge| due >= edge) {
                    bounds.before = earlier(bounds.before, Some(event.at));
                }
            }
        },
        |mut bounds, others| {
            for (bounds, other) in bounds.iter_mut().zip(others) {
                bounds.after = bounds.after.max(other.after);
                bounds.before = earlier(bounds.before, other.before);
            }
            bounds
        },
    )
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_run_that_holds_nearest_to_the_share_is_taken() {
        assert_eq!(nearest(&[1.0, 97.0, 2.0]).0, 1..2);
        assert_eq!(nearest(&[10.0, 81.0, 9.0]).0, 0..2, "nearer than all three");
        assert_eq!(nearest(&[6.0, 91.0, 3.0]).0, 0..2);
        assert_eq!(nearest(&[1.0, 94.0, 5.0]).0, 1..2);
        assert_eq!(nearest(&[1.0]), (0..1, 1.0));
        let (run, share) = nearest(&[0.0, 1.0, 0.0]);
        assert!(run == (1..2) && (share - 1.0).abs() < f64::EPSILON);
    }
}
