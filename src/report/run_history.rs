//! Runs after one another: which findings are new, which are still there, which are gone, which came back; how
//! old they are, and how their number went.
//!
//! The history of a run names every finding that this run or an earlier one of its series knew, so that the
//! next run needs nothing but the last one. What a run could not see is neither open nor cleared by it: such a
//! finding stays as it was, as *unseen*, and the equation holds for it too:
//! open at start + new + reopened - cleared = open at end.
//!
//! Must not know: files, checks, what a finding says.

/// The history as a file.
pub mod file;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::fingerprint::{Ids, Key};
use crate::model::instant::{DAY, Instant};
use crate::model::label::Label as _;

/// How long a finding that is gone is remembered, in days: a year and a month, so that what comes back with
/// the same season is known again.
pub const REMEMBERED: i64 = 400;
/// Runs of a trend.
pub const MAX_POINTS: usize = 24;

/// How a finding stands in the series.
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
    /// Seen before, and still there.
    Open,
    /// Was gone, and is there again.
    Reopened,
    /// Was there, and this run could not look at everything.
    Unseen,
    /// Was there, and is not any more.
    Cleared,
    /// Was cleared by an earlier run.
    Gone,
}

impl State {
    /// Whether the finding counts as open at the end of its run.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Open | Self::Reopened | Self::Unseen)
    }
}

/// One finding in the course of the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The check that fired.
    pub check: Cow<'static, str>,
    /// How it stands.
    pub state: State,
    /// When the run read both sides that saw it first.
    pub first_seen: Instant,
    /// When the run did that saw it last.
    pub last_seen: Instant,
    /// The ids of its subject.
    pub ids: Ids,
}

/// Every finding that a series knows, by key.
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
    /// The ids of its subject.
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

    /// What is known of a finding.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&key, |&(known, _)| known).ok()?;
        Some(&self.entries[at].1)
    }

    /// Every finding, by key.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.entries.iter().map(|(key, entry)| (*key, entry))
    }

    /// The findings in a state, by key.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = (Key, &Entry)> {
        self.iter().filter(move |(_, entry)| entry.state == state)
    }

    /// The history after a further run. `whole` says of a check whether it looked at everything; `None`: there
    /// is no such check any more, and what it found is forgotten.
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

/// What becomes of a finding that a run does not see.
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

    /// Both movements together.
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

/// The movement of each check: the start from the run before, the end from the findings of this one, what lies
/// between from the history; so the equation is a proof and not a definition.
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

/// The bounds of the age buckets, in whole days, and their names.
pub const AGES: [(&str, i64); 4] = [("0-7", 7), ("8-30", 30), ("31-90", 90), ("over 90", i64::MAX)];

/// Open findings of this run by age: days since they were first seen.
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
