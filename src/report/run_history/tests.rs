//! Rules of a series: every transition between states, and the equation over random series.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Before, Entry, History, ObservedFinding, State, ages, file, movements};
use crate::model::fingerprint::{Ids, Key};
use crate::model::instant::{DAY, Instant};
use crate::model::label::Label as _;

const CHECKS: [&str; 3] = ["enrollment-absent", "sfdc-id-blank", "username-drifted"];

fn key(number: u64) -> Key {
    Key::new(&[&number.to_string()])
}

fn day(day: i64) -> Instant {
    Instant::from_seconds(20_000 * DAY + day * DAY)
}

fn seen(number: u64) -> ObservedFinding {
    let check = CHECKS[usize::try_from(number % 3).expect("small")];
    ObservedFinding { key: key(number), check, ids: Ids { learner: Some(number), ..Ids::default() } }
}

fn entry(state: State, last_seen: Instant) -> Entry {
    Entry { check: Cow::Borrowed(CHECKS[0]), state, first_seen: day(0), last_seen, ids: Ids::default() }
}

#[test]
fn the_state_after_a_run_follows_from_the_one_before() {
    let read_at = day(30);
    for before in State::ALL.iter().copied() {
        let history = History::new(vec![(key(0), entry(before, day(20)))]);
        let after = |seen: Vec<ObservedFinding>, whole: Option<bool>| {
            history.followed_by(seen, |_| whole, read_at).get(key(0)).map(|entry| (entry.state, entry.first_seen))
        };
        let open = before.is_open();
        assert_eq!(after(vec![seen(0)], Some(true)), Some((if open { State::Open } else { State::Reopened }, day(0))));
        assert_eq!(after(vec![], Some(true)), Some((if open { State::Cleared } else { State::Gone }, day(0))));
        assert_eq!(after(vec![], Some(false)), Some((if open { State::Unseen } else { State::Gone }, day(0))));
        assert_eq!(after(vec![], None), None, "no such check any more");
    }
    let first = History::default().followed_by(vec![seen(0)], |_| Some(true), read_at);
    assert_eq!(first.get(key(0)).map(|entry| (entry.state, entry.first_seen)), Some((State::New, read_at)));
}

#[test]
fn what_is_gone_is_remembered_for_thirteen_months() {
    let deleted = History::new(vec![(key(0), entry(State::Gone, day(0)))]);
    assert!(deleted.followed_by(vec![], |_| Some(true), day(400)).get(key(0)).is_some());
    assert!(deleted.followed_by(vec![], |_| Some(true), day(401)).get(key(0)).is_none());
    let open = History::new(vec![(key(0), entry(State::Unseen, day(0)))]);
    assert!(open.followed_by(vec![], |_| Some(false), day(4_000)).get(key(0)).is_some(), "open is never forgotten");
}

#[test]
fn age_counts_from_the_first_sight() {
    let at = |first_seen| Entry { first_seen, ..entry(State::Open, day(100)) };
    let entries = [100, 93, 92, 70, 69, 10, 9, 0].iter().zip(0..).map(|(&first, number)| (key(number), at(day(first))));
    assert_eq!(ages(&History::new(entries.collect()), day(100)), [2, 2, 2, 2]);
}

proptest! {
    /// For any sequence of runs, with checks that see everything, a part or nothing: open at start + new + reopened -
    /// cleared = open at end, for each check, and reading the file returns what was written.
    #[test]
    fn the_movement_ties(runs in proptest::collection::vec((proptest::collection::btree_set(0_u64..40, 0..30), 0_u8..8), 1..8)) {
        let mut history = History::default();
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for (number, (found, blind)) in (0_i64..).zip(runs) {
            let whole = |check: &str| CHECKS.iter().position(|known| *known == check).map(|at| blind >> at & 1 == 0);
            let found: Vec<ObservedFinding> = found.into_iter().map(seen).filter(|seen| whole(seen.check) == Some(true)).collect();
            let counts: Vec<(&'static str, u64)> = CHECKS
                .iter()
                .map(|&check| (check, found.iter().filter(|seen| seen.check == check).count() as u64))
                .collect();
            history = history.followed_by(found, whole, day(30 * number));
            let before = Before {
                run: String::new(),
                read_at: day(0),
                verdict: String::new(),
                open: open.clone(),
                remarks: Vec::new(),
            };
            for (check, movement) in movements(&history, &before, &counts) {
                prop_assert!(movement.ties(), "{check}: {movement:?}");
                open.insert(check.to_owned(), movement.open_at_end);
            }
            prop_assert_eq!(file::read(bytes(&history).as_slice()).expect("it can be read"), history.clone());
        }
    }
}

#[test]
fn a_file_that_is_none_is_told_with_its_line() {
    let good = String::from_utf8(bytes(&History::new(vec![(key(0), entry(State::New, day(0)))]))).expect("text");
    for (from, to, line) in
        [("key", "kex", "line 1"), ("F-", "G-", "line 2"), ("new", "newer", "line 2"), ("-10-", "-13-", "line 2")]
    {
        let described = file::read(good.replacen(from, to, 1).as_bytes());
        if good.contains(from) {
            assert!(described.as_ref().is_err_and(|why| why.contains(line)), "{from}: {described:?}");
        }
    }
}

fn bytes(history: &History) -> Vec<u8> {
    let mut bytes = Vec::new();
    file::write(history, &mut bytes).expect("it can be written");
    bytes
}
