//! The failure rates of events, the evidence of each mark under them, and the likeliest path through healthy and
//! stalled.
//!
//! Must not know: events, files, wording.

use super::changes::{Kind, Known, Mark};
use super::{COVERED, ENDS_PER_DAY, ONSETS_PER_DAY, STRAY};
use crate::model::instant::{DAY, MINUTE};

/// Failure rates of a healthy sync.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    /// For an event of a proven learner.
    pub(super) proven: f64,
    /// For the first event of an unproven learner.
    pub(super) first: f64,
    /// For a further one after a failure.
    pub(super) repeated: f64,
}

impl Rates {
    /// The rates of the healthy stretches, clamped to bounds. Stores in each mark what is known of its learner by then;
    /// failures in a stall are the stall's and not the learner's.
    pub(super) fn learn(marks: &mut [Mark], learners: usize, stalled: &[(usize, usize)]) -> Self {
        let mut seen = Seen { counts: [[0; 2]; 3], failed: vec![false; learners], last_failure: i64::MIN };
        let mut healthy_from = 0;
        for &(from, until) in stalled {
            marks[healthy_from..from].iter_mut().for_each(|mark| seen.look(mark, false));
            marks[from..until].iter_mut().for_each(|mark| seen.look(mark, true));
            healthy_from = until;
        }
        marks[healthy_from..].iter_mut().for_each(|mark| seen.look(mark, false));
        let rate = |[good, bad]: [u64; 2], prior: f64, weight: f64, low: f64, high: f64| {
            let (good, bad) = (good as f64, bad as f64);
            ((bad + prior * weight) / (good + bad + weight)).clamp(low, high)
        };
        Self {
            proven: rate(seen.counts[0], 0.03, 20.0, 0.002, 0.12),
            first: rate(seen.counts[1], 0.2, 10.0, 0.05, 0.7),
            repeated: rate(seen.counts[2], 0.9, 10.0, 0.6, 0.98),
        }
    }
}

/// What the marks so far reveal.
struct Seen {
    /// Good and failed events in healthy stretches: of proven learners, of others at first, of others after a failure.
    counts: [[u64; 2]; 3],
    /// By learner: whether they failed while unproven, outside any stall.
    failed: Vec<bool>,
    /// The minute of the last failure.
    last_failure: i64,
}

impl Seen {
    fn look(&mut self, mark: &mut Mark, inside: bool) {
        let (class, known) = match mark.kind() {
            Kind::Write => return,
            Kind::Good | Kind::Covered => {
                self.counts[0][0] += u64::from(!inside);
                return;
            }
            Kind::GoodUnproven if std::mem::take(&mut self.failed[mark.learner()]) => (2, Known::Repeated),
            Kind::GoodUnproven => (1, Known::Fresh),
            kind => {
                let (minute, before) = (mark.at() / MINUTE, self.last_failure);
                self.last_failure = minute;
                let unproven = kind == Kind::BadUnproven;
                let again = unproven && self.failed[mark.learner()];
                if unproven && !inside {
                    self.failed[mark.learner()] = true;
                }
                if minute == before {
                    *mark = mark.knowing(Known::Batch);
                    return;
                }
                match (unproven, again) {
                    (false, _) => (0, Known::Fresh),
                    (true, false) => (1, Known::Fresh),
                    (true, true) => (2, Known::Repeated),
                }
            }
        };
        *mark = mark.knowing(known);
        if !inside {
            self.counts[class][usize::from(mark.failed())] += 1;
        }
    }
}

/// Each mark's evidence for a stalled over a healthy sync: ln P(mark | stalled) - ln P(mark | healthy).
pub(super) struct Gains([f32; 32]);

impl Gains {
    pub(super) fn new(rates: Rates) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "seven digits of a logarithm are plenty")]
        let ln = |value: f64| value.ln() as f32;
        let (stray, none) = (ln(STRAY), ln(1.0 - STRAY));
        let mut gains = [0.0; 32];
        for kind in Kind::ALL {
            for known in Known::ALL {
                let rate = if known == Known::Repeated { rates.repeated } else { rates.first };
                gains[Mark::class_of(kind, known)] = match (kind, known) {
                    (Kind::Write, _) => stray,
                    (Kind::Covered, _) => ln(COVERED) - ln(1.0 - rates.proven),
                    (_, Known::Batch) => 0.0,
                    (Kind::Good, _) => stray - ln(1.0 - rates.proven),
                    (Kind::GoodUnproven, _) => stray - ln(1.0 - rate),
                    (Kind::Bad, _) => none - ln(rates.proven),
                    (Kind::BadUnproven, _) => none - ln(rate),
                };
            }
        }
        Self(gains)
    }

    pub(super) const fn for_mark(&self, mark: Mark) -> f32 {
        self.0[mark.class()]
    }
}

/// Stalled ranges of marks on a path: the last range, and the index of the earlier ones. Paths that diverge late share
/// their earlier ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ranges {
    last: (usize, usize),
    before: Option<usize>,
}

/// Viterbi's path: the stalled stretches as ranges of marks. The path into each state is carried along, so that no mark
/// must be remembered.
pub(super) fn likeliest(marks: &[Mark], gains: &Gains) -> Vec<(usize, usize)> {
    let chances = Chances::new();
    let (mut healthy, mut stalled) = (0.0_f64, (0.02_f64).ln());
    // The stalled ranges on the path into *healthy*; on the path into *stalled*, the range's start and earlier ranges.
    let mut behind: Option<Ranges> = None;
    let (mut since, mut before): (usize, Option<usize>) = (0, None);
    let mut kept: Vec<Ranges> = Vec::new();
    let mut last = marks.first().map_or(0, |mark| mark.at());
    for (at, &mark) in marks.iter().enumerate() {
        let gap = mark.at() - last;
        last = mark.at();
        if gap > 0 {
            let (end, onset) = chances.for_counts(gap);
            let (into_healthy, into_stalled) = (stalled + end, healthy + onset);
            let behind_before = behind;
            if into_healthy > healthy {
                healthy = into_healthy;
                behind = Some(Ranges { last: (since, at), before });
            }
            if into_stalled > stalled {
                stalled = into_stalled;
                since = at;
                before = behind_before.map(|ranges| {
                    if kept.last() != Some(&ranges) {
                        kept.push(ranges);
                    }
                    kept.len() - 1
                });
            }
        }
        stalled += f64::from(gains.for_mark(mark));
    }
    let mut ranges = if stalled > healthy { Some(Ranges { last: (since, marks.len()), before }) } else { behind };
    let mut found = Vec::new();
    while let Some(Ranges { last, before }) = ranges {
        found.push(last);
        ranges = before.map(|at| kept[at]);
    }
    found.reverse();
    found
}

/// The chances of an end and of an onset within a number of seconds, cached for short times.
struct Chances(Vec<(f64, f64)>);

impl Chances {
    fn new() -> Self {
        Self((0..1_024).map(Self::compute).collect())
    }

    fn for_counts(&self, seconds: i64) -> (f64, f64) {
        let known = usize::try_from(seconds).ok().and_then(|at| self.0.get(at));
        known.copied().unwrap_or_else(|| Self::compute(seconds))
    }

    fn compute(seconds: i64) -> (f64, f64) {
        (change(seconds, ENDS_PER_DAY), change(seconds, ONSETS_PER_DAY))
    }
}

/// The logarithm of the chance of a change within a number of seconds.
pub(super) fn change(seconds: i64, per_day: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a century fit")]
    let days = seconds as f64 / DAY as f64;
    (days * per_day).min(0.5).ln()
}
