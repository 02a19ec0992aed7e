//! The model of stalls at its edges: what it must say of a handful of events set by hand.

use tieout::model::instant::Instant;
use tieout::stalls::segment::{Event, EventStatus, Record, StalledPeriod, segment};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const FROM: i64 = 1_759_276_800;

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(FROM + seconds)
}

fn event(seconds: i64, outcome: EventStatus, written: Option<i64>) -> Event {
    Event { at: at(seconds), written: written.map(at), learner: 0, status: outcome }
}

/// One event every hour of so many days, of one learner known from the start; those in a stall missed.
fn hourly(days: i64, stalled: &[(i64, i64)]) -> Vec<Event> {
    (0..days * 24)
        .map(|hour| {
            let due = hour * HOUR;
            if stalled.iter().any(|&(from, until)| (from..until).contains(&due)) {
                event(due, EventStatus::Missed, None)
            } else {
                event(due, EventStatus::OnTime, Some(due + 300))
            }
        })
        .collect()
}

fn cut_events(events: &[Event], proven_since: &[Option<Instant>]) -> Vec<StalledPeriod> {
    segment(Record { events, proven_since, ..Record::default() })
}

fn cut(events: &[Event]) -> Vec<StalledPeriod> {
    cut_events(events, &[Some(at(-DAY))])
}

#[test]
fn nothing_is_said_of_nothing_or_next_to_nothing() {
    assert_eq!(cut(&[]), []);
    assert_eq!(cut(&[event(0, EventStatus::Missed, None)]), []);
    assert_eq!(cut(&[event(0, EventStatus::OnTime, Some(60))]), []);
    let four: Vec<Event> = (0..4).map(|day| event(day * DAY, EventStatus::Missed, None)).collect();
    assert_eq!(cut(&four), []);
}

#[test]
fn a_record_that_begins_stalled_has_no_last_good_event() {
    let found = cut(&hourly(30, &[(0, 30 * DAY)]));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].onset.after, found[0].onset.before, found[0].end), (None, Some(at(0)), None));
}

#[test]
fn a_stall_of_the_last_hours_is_open() {
    let onset = 30 * DAY - 8 * HOUR;
    let found = cut(&hourly(30, &[(onset, 30 * DAY)]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].end, None);
    assert_eq!((found[0].onset.after, found[0].onset.before), (Some(at(onset - HOUR)), Some(at(onset))));
}

#[test]
fn two_stalls_with_a_day_between_are_two() {
    let found = cut(&hourly(60, &[(20 * DAY, 25 * DAY), (26 * DAY, 40 * DAY)]));
    let from: Vec<Instant> = found.iter().map(|stretch| stretch.from).collect();
    assert_eq!(from, [at(20 * DAY), at(26 * DAY)]);
    assert!(found.iter().all(|stretch| stretch.end.is_some() && stretch.confidence > 0.9), "{found:?}");
}

#[test]
fn the_order_of_the_events_does_not_matter() {
    let mut events = hourly(60, &[(20 * DAY, 30 * DAY)]);
    let sorted = cut(&events);
    assert_eq!(sorted.len(), 1);
    events.reverse();
    assert_eq!(cut(&events), sorted);
    fastrand::Rng::with_seed(1).shuffle(&mut events);
    assert_eq!(cut(&events), sorted);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    // Enough events for several parts: of a job that writes one by one, and of one that writes at night; every third
    // learner has no record, and writes come late when a stall is over.
    let proven: Vec<Option<Instant>> = (0..300).map(|learner| (learner % 3 != 0).then(|| at(-DAY))).collect();
    for nightly in [false, true] {
        let events: Vec<Event> = (0..100_000)
            .map(|nth| {
                let due = nth * 7_919 % 100_000 * 400;
                let written = if nightly { (due / DAY + 1) * DAY + due % 240 } else { due + due % 1_100 };
                let (outcome, written) = match due {
                    due if due / DAY % 100 > 95 => {
                        (EventStatus::Late, Some((due / DAY / 100 + 1) * 100 * DAY + due % 997))
                    }
                    due if due / DAY % 71 > 65 || due % 5_300 == 0 => (EventStatus::Missed, None),
                    due if due % 1_700 == 0 => (EventStatus::Covered, None),
                    _ => (EventStatus::OnTime, Some(written)),
                };
                Event { learner: u32::try_from(nth % 300).expect("few"), ..event(due, outcome, written) }
            })
            .collect();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| cut_events(&events, &proven))
        };
        let one = on(1);
        assert!(one.len() > 5, "{} stalls were found", one.len());
        for threads in [2, 3, 8] {
            assert_eq!(on(threads), one, "{threads} threads");
        }
    }
}

#[test]
fn one_lost_batch_is_no_stall_however_large() {
    let mut events = hourly(60, &[]);
    events.extend((0..500).map(|_| event(20 * DAY + 1_800, EventStatus::Missed, None)));
    assert_eq!(cut(&events), []);
}

#[test]
fn events_of_one_moment_are_one_moment() {
    let events: Vec<Event> = (0..1_000).map(|_| event(0, EventStatus::OnTime, Some(0))).collect();
    assert_eq!(cut(&events), []);
    let days: Vec<Event> = (0..40)
        .flat_map(|day| {
            let missed = (20..30).contains(&day);
            (0..25).map(move |_| {
                let outcome = if missed { EventStatus::Missed } else { EventStatus::OnTime };
                event(day * DAY, outcome, (!missed).then_some(day * DAY))
            })
        })
        .collect();
    let found = cut(&days);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].from, found[0].until), (at(20 * DAY), Some(at(30 * DAY))));
}

#[test]
fn a_backfill_shows_in_lateness_alone() {
    let mut events = hourly(60, &[]);
    for event in &mut events {
        let due = event.at.seconds() - FROM;
        if (20 * DAY..30 * DAY).contains(&due) {
            event.written = Some(at(30 * DAY + 60));
            event.status = if 30 * DAY + 60 - due > DAY { EventStatus::Late } else { EventStatus::OnTime };
        }
    }
    let found = cut(&events);
    assert_eq!(found.len(), 1);
    let end = found[0].end.expect("closed");
    assert!(end.after < Some(at(30 * DAY)) && end.before >= Some(at(30 * DAY)), "{end:?}");
}

#[test]
fn learners_linked_late_are_no_stall() {
    // Every tenth learner has eight events over two months before the link arrives.
    let mut events = hourly(120, &[]);
    let mut proven = vec![Some(at(-DAY))];
    for learner in 1..12_u32 {
        proven.push(None);
        for nth in 0..8 {
            let due = i64::from(learner) * 9 * DAY + nth * 2 * DAY + 777;
            events.push(Event { at: at(due), written: None, learner, status: EventStatus::Missed });
        }
    }
    assert_eq!(cut_events(&events, &proven), []);
}
