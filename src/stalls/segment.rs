//! Cuts a sequence of due events into healthy and stalled stretches, and says how surely.
//!
//! The model has two states, and its path is Viterbi's (L. R. Rabiner, "A Tutorial on Hidden Markov
//! Models", Proc. IEEE 77, 1989, section III.B), with four departures that the material asks for:
//!
//! - **What stands on the time axis is the write, not the event.** An event that was written stands at
//!   the moment of its write, one that was not stands at the moment it was due. A frozen sync writes
//!   nothing at all, so every write, of a late row too, speaks for a sync that is alive just then.
//! - **A failure is weighed by what it can tell.** A learner is *proven* once Salesforce holds a record
//!   of theirs. A proven learner's events fail only by single losses. Others may not have been linked
//!   yet, and then all their events fail together: the first failure is weighed by the share of
//!   learners who are linked late, further ones tell next to nothing. Failures due in the same minute
//!   are one batch and count once.
//! - **What was written at an unknown time** (an update that a later one has covered up) speaks for a
//!   healthy sync, but weakly: a stall's losses are brought along by later writes of the same row, too.
//! - **Time passes between events.** The chance of a change between two events grows with the time
//!   between them, so that a night, a weekend or a Christmas break is no evidence, yet holds the onset
//!   more probably than a minute does.
//!
//! The three failure rates are learned from the healthy stretches (a few rounds of segmental k-means,
//! Rabiner section V.B), within bounds that keep a stalled year from passing for a bad one.
//!
//! [`marks`] lays the events out on the axis, [`path`] learns the rates and finds the path. When exactly a stall began
//! and ended, and how surely, is told by [`interval`]. Of millions of events, one mark of eight bytes each is all
//! that is held.
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

/// What became of a due event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// Written within the grace hours.
    OnTime,
    /// Written later.
    Late,
    /// Not written.
    Missed,
    /// Written, but nothing tells when: a later write has covered up the moment.
    Covered,
}

/// Something that Docebo should have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When it fell due.
    pub at: Instant,
    /// When it was written; for an event on time without a moment of its own, `None`.
    pub written: Option<Instant>,
    /// Whose it is: an index below the length of `proven_since`.
    pub learner: u32,
    /// What became of it.
    pub status: EventStatus,
}

/// What one stream tells.
#[derive(Debug)]
pub struct Record<'a, E: ?Sized = [Event]> {
    /// What fell due, in any order.
    pub events: &'a E,
    /// Further moments at which the same job wrote something; the earliest of each hour is enough.
    pub other_writes: &'a [Instant],
    /// By learner: when Salesforce first held a record of theirs.
    pub proven_since: &'a [Option<Instant>],
    /// Seconds after its due time within which a late event is as good as one on time: for a job that
    /// is slower than the grace by its nature. Zero: late is late.
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

    /// Whether Salesforce held a record of its learner when an event fell due.
    fn proven(&self, event: &Event) -> bool {
        self.proven_since[event.learner as usize].is_some_and(|since| since <= event.at)
    }
}

/// Bounds of the 95 % interval of a change; both are moments at which an event fell due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// The change came after this moment; `None` where the record begins stalled.
    pub after: Option<Instant>,
    /// And not after this one; `None` where nothing follows.
    pub before: Option<Instant>,
}

/// A stalled stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StalledPeriod {
    /// When it began.
    pub onset: Bounds,
    /// When it ended; `None` while it is open.
    pub end: Option<Bounds>,
    /// When the first event fell due that failed in it: the most probable place of the onset is right
    /// before.
    pub from: Instant,
    /// When the first write came after it; `None` while it is open.
    pub until: Option<Instant>,
    /// The probability that there is such a stall and that its onset lies within the bounds: the share of
    /// the onset's posterior that the interval holds (at least 95 %), times the posterior of there being a
    /// stall at all.
    pub confidence: f64,
}

impl StalledPeriod {
    /// Whether what fell due at a moment fell due in it.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// No stall is called from fewer failures.
pub const MIN_FAILURES: u64 = 5;
/// The chance of a write in a stalled stretch: a person's doing, or a clock that is off.
const STRAY: f64 = 0.01;
/// The share of what a stall kept from being written that a later write of the same row brings along.
const COVERED: f64 = 0.2;
/// Stalls to expect in a day: one in two years.
const ONSETS_PER_DAY: f64 = 1.0 / 730.0;
/// Ends to expect in a day of a stall: one in two months.
const ENDS_PER_DAY: f64 = 1.0 / 60.0;
/// What a stall must be more probable by than none, as a natural logarithm.
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
    // Each time that events are gone through they are made anew, so all edges are looked for at once.
    let changes: Vec<Edges> = edges.iter().flat_map(|&(onset, end)| std::iter::once(onset).chain(end)).collect();
    let mut bounds = interval::in_events(events, &changes).into_iter();
    for (stretch, (_, end)) in found.iter_mut().zip(edges) {
        stretch.onset = bounds.next().unwrap_or(stretch.onset);
        stretch.end = end.and_then(|_| bounds.next());
    }
    found
}
