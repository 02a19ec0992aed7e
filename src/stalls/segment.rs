//! Cuts a sequence of due events into healthy and stalled stretches, with their confidence.
//!
//! The model has two states, and its path is Viterbi's (L. R. Rabiner, "A Tutorial on Hidden Markov
//! Models", Proc. IEEE 77, 1989, section III.B), with four departures that the data require:
//!
//! - **The time axis shows the write, not the event.** An event that was written appears at the
//!   moment of its write, one that was not appears at its due time. A frozen sync writes nothing
//!   at all, so every write, even of a late row, is evidence of a sync that is alive just then.
//! - **A failure is weighed by its information.** A learner is *proven* once Salesforce has a record
//!   of theirs. A proven learner's events fail only by single losses. Others may not have been linked
//!   yet, and then all their events fail together: the first failure is weighed by the share of
//!   learners who are linked late, further ones add next to nothing. Failures due in the same minute
//!   are one batch and count once.
//! - **A write at an unknown time** (an update that a later one has overwritten) is evidence of a
//!   healthy sync, but weak: later writes of the same row also include a stall's losses.
//! - **Time passes between events.** The chance of a change between two events grows with the time
//!   between them, so that a night, a weekend or a Christmas break is no evidence, yet contains the
//!   onset more probably than a minute does.
//!
//! The three failure rates are learned from the healthy stretches (a few rounds of segmental k-means,
//! Rabiner section V.B), within bounds that keep a stalled year from passing for a bad one.
//!
//! [`marks`] places the events on the axis, [`path`] learns the rates and finds the path. [`interval`] computes exactly
//! when a stall began and ended, and with what confidence. Of millions of events, only one mark of eight bytes each is
//! stored.
//!
//! Must not know: records, files, wording.

mod changes;
mod delay;
mod interval;
mod path;
mod source;

use crate::model::instant::{DAY, Instant};
use changes::{Mark, marks};
use delay::Delay;
use interval::{Change, Edges};
use path::{Gains, Rates, change};
pub use source::Events;
pub(super) use source::{count, in_one_go};

/// The status of a due event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// Written within the grace hours.
    OnTime,
    /// Written later.
    Late,
    /// Not written.
    Missed,
    /// Written at an unknown time: a later write has overwritten it.
    Covered,
}

/// Something that Docebo should have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When it fell due.
    pub at: Instant,
    /// When it was written; `None` for an event on time whose moment is unknown.
    pub written: Option<Instant>,
    /// Its learner: an index below the length of `proven_since`.
    pub learner: u32,
    /// Its status.
    pub status: EventStatus,
}

/// The record of one stream.
#[derive(Debug)]
pub struct Record<'a, E: ?Sized = [Event]> {
    /// The due events, in any order.
    pub events: &'a E,
    /// Other moments at which the same job wrote something; the earliest of each hour is enough.
    pub other_writes: &'a [Instant],
    /// By learner: when Salesforce first had a record of theirs.
    pub proven_since: &'a [Option<Instant>],
    /// Seconds after its due time within which a late event counts as on time: for a job that is inherently slower than
    /// the grace. Zero: late is late.
    pub expected_lag: i64,
}

impl<E: ?Sized> Copy for Record<'_, E> {}

impl<E: ?Sized> Clone for Record<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl Default for Record<'_> {
    fn default() -> Self {
        Self { events: &[], other_writes: &[], proven_since: &[], expected_lag: 0 }
    }
}

impl<E: ?Sized> Record<'_, E> {
    /// Whether an event failed.
    fn failed(&self, event: &Event) -> bool {
        match event.status {
            EventStatus::OnTime | EventStatus::Covered => false,
            EventStatus::Missed => true,
            EventStatus::Late => event.written.is_none_or(|written| written > event.at.plus(self.expected_lag)),
        }
    }

    /// Whether Salesforce had a record of its learner when an event fell due.
    fn proven(&self, event: &Event) -> bool {
        self.proven_since[event.learner as usize].is_some_and(|since| since <= event.at)
    }
}

/// Bounds of the 95 % interval of a change; both are moments at which an event fell due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// The change came after this moment; `None` if the record begins stalled.
    pub after: Option<Instant>,
    /// The change came no later than this moment; `None` if nothing follows.
    pub before: Option<Instant>,
}

/// A stalled stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StalledPeriod {
    /// When it began.
    pub onset: Bounds,
    /// When it ended; `None` while it is open.
    pub end: Option<Bounds>,
    /// When the first event that failed in it fell due: the most probable onset is right before.
    pub from: Instant,
    /// The first write after it; `None` while it is open.
    pub until: Option<Instant>,
    /// The probability that there is such a stall and that its onset lies within the bounds: the share of the onset's
    /// posterior in the interval (at least 95 %), times the posterior that there is a stall at all.
    pub confidence: f64,
}

impl StalledPeriod {
    /// Whether events due at a moment fell due in it.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// Minimum number of failures in a stall.
pub const MIN_FAILURES: u64 = 5;
/// The chance of a write in a stalled stretch: a manual edit, or a wrong clock.
const STRAY: f64 = 0.01;
/// The share of a stall's unwritten events that a later write of the same row includes.
const COVERED: f64 = 0.2;
/// Expected stalls per day: one in two years.
const ONSETS_PER_DAY: f64 = 1.0 / 730.0;
/// Expected ends per day of a stall: one in two months.
const ENDS_PER_DAY: f64 = 1.0 / 60.0;
/// By how much a stall must be more probable than none, as a natural logarithm.
const MIN_SCORE: f64 = 5.0;
/// Rounds of learning; more change nothing.
const ROUNDS: usize = 4;

/// Cuts the events of a stream into stretches, the first stall first.
#[must_use]
pub fn segment<E: Events + ?Sized>(record: Record<'_, E>) -> Vec<StalledPeriod> {
    let (mut marks, delay) = marks(record);
    let learners = record.proven_since.len();
    if marks.is_empty() {
        return Vec::new();
    }
    let mut gains = Gains::new(Rates { proven: 0.05, first: 0.3, repeated: 0.85 });
    let mut stalled: Vec<(usize, usize)> = Vec::new();
    let mut learned = Rates::learn(&mut marks, learners, &stalled);
    for _ in 0..ROUNDS {
        let next = path::likeliest(&marks, &gains);
        let settled = next == stalled;
        if !settled {
            stalled = next;
            learned = Rates::learn(&mut marks, learners, &stalled);
        }
        gains = Gains::new(learned);
        if settled {
            break;
        }
    }
    stalled_periods(record.events, &marks, &gains, &stalled, &delay)
}

fn stalled_periods<E: Events + ?Sized>(
    events: &E,
    marks: &[Mark],
    gains: &Gains,
    stalled: &[(usize, usize)],
    delay: &Delay,
) -> Vec<StalledPeriod> {
    let mut found = Vec::new();
    let mut edges: Vec<(Edges, Option<Edges>)> = Vec::new();
    for (nth, &(from, until)) in stalled.iter().enumerate() {
        let failures = marks[from..until].iter().filter(|mark| mark.failed()).count() as u64;
        let gap = |at: usize| if at == 0 { DAY } else { marks[at].at() - marks[at - 1].at() };
        let mut score: f64 = marks[from..until].iter().map(|&mark| f64::from(gains.for_mark(mark))).sum();
        score += change(gap(from).max(1), ONSETS_PER_DAY);
        if until < marks.len() {
            score += change(gap(until).max(1), ENDS_PER_DAY);
        }
        if failures < MIN_FAILURES || score < MIN_SCORE {
            continue;
        }
        let earlier = if nth == 0 { 0 } else { stalled[nth - 1].1 };
        let later = stalled.get(nth + 1).map_or(marks.len(), |&(from, _)| from);
        let middle = from + (until - from) / 2;
        let (onset, held) = interval::edges(marks, gains, earlier..middle + 1, from, &Change::Onset(delay));
        let end = (until < marks.len()).then(|| interval::edges(marks, gains, middle..later, until, &Change::End).0);
        edges.push((onset, end));
        let real = 1.0 / (1.0 + (-score).exp());
        found.push(StalledPeriod {
            onset: Bounds { after: None, before: None },
            end: None,
            from: Instant::from_seconds(marks[from].at()),
            until: marks.get(until).map(|mark| Instant::from_seconds(mark.at())),
            confidence: held * real,
        });
    }
    // Events are recomputed on each iteration, so all edges are searched at once.
    let changes: Vec<Edges> = edges.iter().flat_map(|&(onset, end)| std::iter::once(onset).chain(end)).collect();
    let mut bounds = interval::in_events(events, &changes).into_iter();
    for (stretch, (_, end)) in found.iter_mut().zip(edges) {
        stretch.onset = bounds.next().unwrap_or(stretch.onset);
        stretch.end = end.and_then(|_| bounds.next());
    }
    found
}
