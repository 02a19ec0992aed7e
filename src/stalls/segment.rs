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
//! When exactly a stall began and ended, and how surely, is told by [`interval`].
//!
//! Must not know: records, files, wording.

mod delay;
mod interval;

use crate::model::instant::{DAY, HOUR, Instant, MINUTE};
use delay::Delay;
use interval::Change;

/// What became of a due event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
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
    pub fate: Fate,
}

/// What one stream tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'a> {
    /// What fell due, in any order.
    pub events: &'a [Event],
    /// Further moments at which the same job wrote something.
    pub signs: &'a [Instant],
    /// By learner: when Salesforce first held a record of theirs.
    pub proven_since: &'a [Option<Instant>],
    /// Seconds after its due time within which a late event is as good as one on time: for a job that
    /// is slower than the grace by its nature. Zero: late is late.
    pub patience: i64,
}

impl Record<'_> {
    /// Whether an event failed.
    fn failed(&self, event: &Event) -> bool {
        match event.fate {
            Fate::OnTime | Fate::Covered => false,
            Fate::Missed => true,
            Fate::Late => event.written.is_none_or(|written| written > event.at.plus(self.patience)),
        }
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
pub struct Stretch {
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

impl Stretch {
    /// Whether what fell due at a moment fell due in it.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// Failure rates of a healthy sync.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rates {
    /// Of an event of a learner who is proven.
    proven: f64,
    /// Of the first event of one who is not.
    first: f64,
    /// Of a further one after a failure.
    again: f64,
}

/// No stall is called from fewer failures.
pub const LEAST_FAILURES: u64 = 5;
/// The chance of a write in a stalled stretch: a person's doing, or a clock that is off.
const STRAY: f64 = 0.01;
/// The share of what a stall kept from being written that a later write of the same row brings along.
const COVERED: f64 = 0.2;
/// Stalls to expect in a day: one in two years.
const ONSETS_PER_DAY: f64 = 1.0 / 730.0;
/// Ends to expect in a day of a stall: one in two months.
const ENDS_PER_DAY: f64 = 1.0 / 60.0;
/// What a stall must be more probable by than none, as a natural logarithm.
const LEAST_SCORE: f64 = 5.0;
/// Rounds of learning; more change nothing.
const ROUNDS: usize = 4;

/// A point on the axis of writes, packed: time (32 bits), learner (29), kind (3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// On time, learner proven.
    Good,
    /// On time, learner not yet proven.
    GoodUnproven,
    /// Not on time, learner proven.
    Bad,
    /// Not on time, learner not yet proven.
    BadUnproven,
    /// Something else was written, a late row for one: no event, yet a sign of life.
    Write,
    /// Written at a time that nothing tells.
    Covered,
}

impl Mark {
    fn new(at: Instant, learner: u32, kind: Kind) -> Self {
        Self((at.seconds().unsigned_abs() << 32) | (u64::from(learner) << 3) | kind as u64)
    }
    const fn at(self) -> i64 {
        (self.0 >> 32).cast_signed()
    }
    const fn learner(self) -> usize {
        ((self.0 >> 3) & 0x1FFF_FFFF) as usize
    }
    const fn kind(self) -> Kind {
        match self.0 & 7 {
            0 => Kind::Good,
            1 => Kind::GoodUnproven,
            2 => Kind::Bad,
            3 => Kind::BadUnproven,
            4 => Kind::Write,
            _ => Kind::Covered,
        }
    }
    const fn failed(self) -> bool {
        matches!(self.kind(), Kind::Bad | Kind::BadUnproven)
    }
}

/// Cuts the events of a stream into stretches, the first stall first.
#[must_use]
pub fn segment(record: Record<'_>) -> Vec<Stretch> {
    let delay = Delay::learn(record);
    let marks = marks(record, &delay);
    let learners = record.proven_since.len();
    if marks.is_empty() {
        return Vec::new();
    }
    let mut rates = Rates { proven: 0.05, first: 0.3, again: 0.85 };
    let mut stalled: Vec<(usize, usize)> = Vec::new();
    let mut odds = Odds::default();
    for _ in 0..ROUNDS {
        odds.weigh(&marks, learners, rates, &stalled);
        let next = odds.path(&marks);
        let settled = next == stalled;
        stalled = next;
        rates = Rates::learn(&marks, learners, &stalled);
        if settled {
            break;
        }
    }
    odds.weigh(&marks, learners, rates, &stalled);
    stretches(record.events, &marks, &odds.gain, &stalled, &delay)
}

fn marks(record: Record<'_>, delay: &Delay) -> Vec<Mark> {
    let mut marks = Vec::with_capacity(record.events.len() + record.signs.len());
    marks.extend(record.signs.iter().map(|&at| Mark::new(at, 0, Kind::Write)));
    for event in record.events {
        let proven = record.proven_since[event.learner as usize].is_some_and(|since| since <= event.at);
        if event.fate == Fate::Covered {
            marks.push(Mark::new(event.at, event.learner, Kind::Covered));
        } else if record.failed(event) {
            // Where a job writes all of a day at night, nothing is written by day: a single loss must not
            // stand there alone, but beside what the job did write that night.
            let at = delay.run_for(event.at.seconds()).map_or(event.at, Instant::from_seconds);
            marks.push(Mark::new(at, event.learner, if proven { Kind::Bad } else { Kind::BadUnproven }));
            if let Some(written) = event.written {
                marks.push(Mark::new(written, event.learner, Kind::Write));
            }
        } else {
            let at = event.written.filter(|&written| written > event.at).unwrap_or(event.at);
            marks.push(Mark::new(at, event.learner, if proven { Kind::Good } else { Kind::GoodUnproven }));
        }
    }
    marks.sort_unstable();
    // One sign of life an hour is enough: a backfill writes thousands at once.
    let mut last = i64::MIN;
    marks.retain(|mark| {
        if mark.kind() != Kind::Write {
            return true;
        }
        let hour = mark.at() / HOUR;
        let keep = hour != last;
        last = hour;
        keep
    });
    marks
}

/// What each mark says for a stalled sync and against a healthy one.
#[derive(Default)]
struct Odds {
    /// ln P(mark | stalled) - ln P(mark | healthy).
    gain: Vec<f32>,
}

/// What is known of a mark by the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nothing.
    Fresh,
    /// An unproven learner failed before, outside any stall.
    Again,
    /// A failure of the same minute came before: one batch, which tells nothing more.
    Batch,
}

/// Walks over the marks with what is known of each learner by then; failures inside a stall are the
/// stall's and not the learner's. `each` is told whether the mark lies inside a stall.
fn walk(marks: &[Mark], learners: usize, stalled: &[(usize, usize)], mut each: impl FnMut(bool, Mark, Known)) {
    let mut failed = vec![false; learners];
    let mut last_failure = i64::MIN;
    let mut stall = 0;
    for (at, &mark) in marks.iter().enumerate() {
        while stalled.get(stall).is_some_and(|&(_, until)| until <= at) {
            stall += 1;
        }
        let inside = stalled.get(stall).is_some_and(|&(from, _)| from <= at);
        let again = match mark.kind() {
            Kind::BadUnproven => failed[mark.learner()],
            Kind::GoodUnproven => std::mem::take(&mut failed[mark.learner()]),
            _ => false,
        };
        let batch = mark.failed() && mark.at() / MINUTE == last_failure;
        let known = if batch {
            Known::Batch
        } else if again {
            Known::Again
        } else {
            Known::Fresh
        };
        each(inside, mark, known);
        if mark.failed() {
            last_failure = mark.at() / MINUTE;
            if mark.kind() == Kind::BadUnproven && !inside {
                failed[mark.learner()] = true;
            }
        }
    }
}

impl Rates {
    /// The rates of the healthy stretches, held within bounds.
    fn learn(marks: &[Mark], learners: usize, stalled: &[(usize, usize)]) -> Rates {
        let mut counts = [[0.0_f64; 2]; 3];
        walk(marks, learners, stalled, |inside, mark, known| {
            if inside {
                return;
            }
            let class = match (mark.kind(), known) {
                (Kind::Write, _) | (_, Known::Batch) => return,
                (Kind::Good | Kind::Covered | Kind::Bad, _) => 0,
                (Kind::GoodUnproven | Kind::BadUnproven, Known::Fresh) => 1,
                (Kind::GoodUnproven | Kind::BadUnproven, Known::Again) => 2,
            };
            counts[class][usize::from(mark.failed())] += 1.0;
        });
        let rate = |[good, bad]: [f64; 2], prior: f64, weight: f64, low: f64, high: f64| {
            ((bad + prior * weight) / (good + bad + weight)).clamp(low, high)
        };
        Rates {
            proven: rate(counts[0], 0.03, 20.0, 0.002, 0.12),
            first: rate(counts[1], 0.2, 10.0, 0.05, 0.7),
            again: rate(counts[2], 0.9, 10.0, 0.6, 0.98),
        }
    }
}

impl Odds {
    fn weigh(&mut self, marks: &[Mark], learners: usize, rates: Rates, stalled: &[(usize, usize)]) {
        #[expect(clippy::cast_possible_truncation, reason = "seven digits of a logarithm are plenty")]
        let ln = |value: f64| value.ln() as f32;
        let (stray, none) = (ln(STRAY), ln(1.0 - STRAY));
        let good = [stray - ln(1.0 - rates.proven), stray - ln(1.0 - rates.first), stray - ln(1.0 - rates.again)];
        let covered = ln(COVERED) - ln(1.0 - rates.proven);
        let bad = [none - ln(rates.proven), none - ln(rates.first), none - ln(rates.again)];
        let gain = &mut self.gain;
        gain.clear();
        gain.reserve(marks.len());
        walk(marks, learners, stalled, |_, mark, known| {
            gain.push(match (mark.kind(), known) {
                (Kind::Write, _) => stray,
                (Kind::Covered, _) => covered,
                (_, Known::Batch) => 0.0,
                (Kind::Good, _) => good[0],
                (Kind::GoodUnproven, Known::Fresh) => good[1],
                (Kind::GoodUnproven, Known::Again) => good[2],
                (Kind::Bad, _) => bad[0],
                (Kind::BadUnproven, Known::Fresh) => bad[1],
                (Kind::BadUnproven, Known::Again) => bad[2],
            });
        });
    }

    /// Viterbi's path: the stalled stretches as ranges of marks.
    fn path(&self, marks: &[Mark]) -> Vec<(usize, usize)> {
        // Bit 0: the best way into *healthy* came from *stalled*; bit 1: into *stalled* from *healthy*.
        let mut came = Vec::with_capacity(marks.len());
        let (mut healthy, mut stalled) = (0.0_f64, (0.02_f64).ln());
        let mut before = marks.first().map_or(0, |mark| mark.at());
        for (mark, &gain) in marks.iter().zip(&self.gain) {
            let gap = mark.at() - before;
            before = mark.at();
            let (mut into_healthy, mut into_stalled) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
            if gap > 0 {
                into_healthy = stalled + change(gap, ENDS_PER_DAY);
                into_stalled = healthy + change(gap, ONSETS_PER_DAY);
            }
            came.push(u8::from(into_healthy > healthy) | (u8::from(into_stalled > stalled) << 1));
            healthy = healthy.max(into_healthy);
            stalled = stalled.max(into_stalled) + f64::from(gain);
        }
        let mut found = Vec::new();
        let mut is_stalled = stalled > healthy;
        let mut until = marks.len();
        for at in (0..marks.len()).rev() {
            // `is_stalled` is the state of mark `at`; the bits say what it was one mark earlier.
            let switched = came[at] & if is_stalled { 2 } else { 1 } != 0;
            if switched && is_stalled {
                found.push((at, until));
                is_stalled = false;
            } else if switched {
                until = at;
                is_stalled = true;
            }
        }
        if is_stalled {
            found.push((0, until));
        }
        found.reverse();
        found
    }
}

/// The logarithm of the chance of a change within so many seconds.
fn change(seconds: i64, per_day: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a century fit")]
    let days = seconds as f64 / DAY as f64;
    (days * per_day).min(0.5).ln()
}

fn stretches(
    events: &[Event],
    marks: &[Mark],
    gain: &[f32],
    stalled: &[(usize, usize)],
    delay: &Delay,
) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (nth, &(from, until)) in stalled.iter().enumerate() {
        let failures = marks[from..until].iter().filter(|mark| mark.failed()).count() as u64;
        let gap = |at: usize| if at == 0 { DAY } else { marks[at].at() - marks[at - 1].at() };
        let mut score: f64 = gain[from..until].iter().map(|&gain| f64::from(gain)).sum();
        score += change(gap(from).max(1), ONSETS_PER_DAY);
        if until < marks.len() {
            score += change(gap(until).max(1), ENDS_PER_DAY);
        }
        if failures < LEAST_FAILURES || score < LEAST_SCORE {
            continue;
        }
        let earlier = if nth == 0 { 0 } else { stalled[nth - 1].1 };
        let later = stalled.get(nth + 1).map_or(marks.len(), |&(from, _)| from);
        let middle = from + (until - from) / 2;
        let (onset, held) = interval::bounds(events, marks, gain, earlier..middle + 1, from, &Change::Onset(delay));
        let end =
            (until < marks.len()).then(|| interval::bounds(events, marks, gain, middle..later, until, &Change::End).0);
        let real = 1.0 / (1.0 + (-score).exp());
        found.push(Stretch {
            onset,
            end,
            from: Instant::from_seconds(marks[from].at()),
            until: marks.get(until).map(|mark| Instant::from_seconds(mark.at())),
            confidence: held * real,
        });
    }
    found
}
