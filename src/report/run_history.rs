//! Findings across runs: which are new, still open, cleared or reopened; how old they are, and how their number
//! changes.
//!
//! The history of a run lists every finding known to this run or an earlier one of its series, so that the next run
//! needs only the last one. A finding that a run could not check is neither open nor cleared by it: it keeps its
//! state as *unseen*, and the equation still holds: open at start + new + reopened - cleared = open at end.
//!
//! Must not know: files, checks, the text of findings.

/// The history as a file.
pub mod file;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::fingerprint::{Ids, Key};
use crate::model::instant::{DAY, Instant};
use crate::model::label::Label as _;

/// How long a cleared finding is remembered, in days: a year and a month, so that seasonal recurrences are
/// recognized.
pub const REMEMBERED: i64 = 400;
/// Maximum number of runs in a trend.
pub const MAX_POINTS: usize = 24;

/// State of a finding in the series.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// First seen in this run.
    New,
    /// Seen before and still open.
    Open,
    /// Cleared earlier and seen again.
    Reopened,
    /// Open before; this run could not check everything.
    Unseen,
    /// Open before and no longer found.
    Cleared,
    /// Cleared by an earlier run.
    Gone,
}

impl State {
    /// Whether the finding counts as open at the end of its run.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Open | Self::Reopened | Self::Unseen)
    }
}

/// One finding across the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The check that fired.
    pub check: Cow<'static, str>,
    /// Its state.
    pub state: State,
    /// Read time of the first run that saw it.
    pub first_seen: Instant,
    /// Read time of the last run that saw it.
    pub last_seen: Instant,
    /// Ids of its subject.
    pub ids: Ids,
}

/// All findings of a series, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<(Key, Entry)>,
}

/// A finding that a run sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedFinding {
    /// Its key.
    pub key: Key,
    /// The check that fired.
    pub check: &'static str,
    /// Ids of its subject.
    pub ids: Ids,
}

impl History {
    /// A history of these entries.
    #[must_use]
    pub fn new(mut entries: Vec<(Key, Entry)>) -> Self {
        entries.sort_unstable_by_key(|&(key, _)| key);
        entries.dedup_by_key(|&mut (key, _)| key);
        Self { entries }
    }

    /// Entry of a finding.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&key, |&(known, _)| known).ok()?;
        Some(&self.entries[at].1)
    }

    /// All findings, by key.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.entries.iter().map(|(key, entry)| (*key, entry))
    }

    /// Findings in a state, by key.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = (Key, &Entry)> {
        self.iter().filter(move |(_, entry)| entry.state == state)
    }

    /// The history after another run. `whole` returns whether a check saw everything; `None` if the check no longer
    /// exists, and its findings are dropped.
    #[must_use]
    pub fn followed_by(
        &self,
        mut seen: Vec<ObservedFinding>,
        whole: impl Fn(&str) -> Option<bool>,
        at: Instant,
    ) -> Self {
        seen.sort_unstable_by_key(|seen| seen.key);
        seen.dedup_by_key(|seen| seen.key);
        let mut entries = Vec::with_capacity(seen.len());
        let mut before = self.entries.iter().peekable();
        for ObservedFinding { key, check, ids } in seen {
            while let Some((deleted, entry)) = before.next_if(|(known, _)| *known < key) {
                entries.extend(absent(entry, &whole, at).map(|entry| (*deleted, entry)));
            }
            let known = before.next_if(|(known, _)| *known == key).map(|(_, entry)| entry);
            let state =
                known.map_or(State::New, |entry| if entry.state.is_open() { State::Open } else { State::Reopened });
            let first_seen = known.map_or(at, |entry| entry.first_seen);
            entries.push((key, Entry { check: Cow::Borrowed(check), state, first_seen, last_seen: at, ids }));
        }
        for (deleted, entry) in before {
            entries.extend(absent(entry, &whole, at).map(|entry| (*deleted, entry)));
        }
        Self { entries }
    }
}

/// New entry of a finding that a run does not see.
fn absent(entry: &Entry, whole: &impl Fn(&str) -> Option<bool>, at: Instant) -> Option<Entry> {
    let state = match (entry.state.is_open(), whole(&entry.check)?) {
        (true, true) => State::Cleared,
        (true, false) => State::Unseen,
        (false, _) => State::Gone,
    };
    let forgotten = state == State::Gone && at.seconds() - entry.last_seen.seconds() > REMEMBERED * DAY;
    (!forgotten).then(|| Entry { state, ..entry.clone() })
}

/// The run before, as far as a report tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Before {
    /// Its id.
    pub run: String,
    /// When it had read both sides.
    #[schemars(with = "String")]
    pub read_at: Instant,
    /// Its verdict.
    pub verdict: String,
    /// Findings that were open at its end, by check.
    pub open: BTreeMap<String, u64>,
    /// What has to be known when both runs are compared: other rules, another version.
    pub remarks: Vec<String>,
}

/// One run of a trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Point {
    /// The run's id.
    pub run: String,
    /// When it had read both sides.
    #[schemars(with = "String")]
    pub read_at: Instant,
    /// Its verdict.
    pub verdict: String,
    /// Its findings, by check; one with none is left out, and so is one that could not see everything.
    pub findings: BTreeMap<String, u64>,
    /// Checks that could not see everything.
    pub unseen: Vec<String>,
}

impl Point {
    /// All findings of the run.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.findings.values().sum()
    }
}

/// The movement of findings from one run to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Movement {
    /// Findings that were open at the end of the run before.
    pub open_at_start: u64,
    /// Seen for the first time.
    pub new: u64,
    /// Was gone, and is there again.
    pub reopened: u64,
    /// Was open, and is gone.
    pub cleared: u64,
    /// Findings that are open now: those of this run, and the unseen ones.
    pub open_at_end: u64,
    /// Of these, those that this run could not look for.
    pub unseen: u64,
}

impl Movement {
    /// Whether open at start + new + reopened - cleared = open at end.
    #[must_use]
    pub const fn ties(&self) -> bool {
        self.open_at_start + self.new + self.reopened == self.open_at_end + self.cleared
    }

    /// Sum of both movements.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            open_at_start: self.open_at_start + other.open_at_start,
            new: self.new + other.new,
            reopened: self.reopened + other.reopened,
            cleared: self.cleared + other.cleared,
            open_at_end: self.open_at_end + other.open_at_end,
            unseen: self.unseen + other.unseen,
        }
    }
}

/// Movement of each check: the start from the previous run, the end from this run's findings, the rest from the
/// history; so the equation is a proof and not a definition.
#[must_use]
pub fn movements(history: &History, before: &Before, found: &[(&'static str, u64)]) -> Vec<(&'static str, Movement)> {
    let mut by_check: BTreeMap<&str, [u64; 6]> = BTreeMap::new();
    for (_, entry) in history.iter() {
        by_check.entry(&entry.check).or_default()[entry.state.index()] += 1;
    }
    found
        .iter()
        .map(|&(check, findings)| {
            let states = by_check.get(check).copied().unwrap_or_default();
            let unseen = states[State::Unseen.index()];
            let movement = Movement {
                open_at_start: before.open.get(check).copied().unwrap_or(0),
                new: states[State::New.index()],
                reopened: states[State::Reopened.index()],
                cleared: states[State::Cleared.index()],
                open_at_end: findings + unseen,
                unseen,
            };
            (check, movement)
        })
        .collect()
}

/// Names and upper bounds of the age buckets, in whole days.
pub const AGES: [(&str, i64); 4] = [("0-7", 7), ("8-30", 30), ("31-90", 90), ("over 90", i64::MAX)];

/// Open findings of this run by age: days since first seen.
#[must_use]
pub fn ages(history: &History, at: Instant) -> [u64; 4] {
    let mut ages = [0; 4];
    for (_, entry) in history.iter().filter(|(_, entry)| entry.state.is_open()) {
        let days = age(entry.first_seen, at);
        let bucket = AGES.iter().position(|&(_, most)| days <= most).unwrap_or(AGES.len() - 1);
        ages[bucket] += 1;
    }
    ages
}

/// Whole days between two runs.
#[must_use]
pub fn age(first_seen: Instant, at: Instant) -> i64 {
    (at.seconds() - first_seen.seconds()).max(0) / DAY
}

#[cfg(test)]
mod tests;
