//! Worlds of events with known stalls, and how well the model finds them: the figures that the README
//! states. `cargo test --release stall_worlds -- --nocapture` prints them.

#![expect(clippy::cast_possible_truncation, reason = "times and counts of a simulation, far below any bound")]

use fastrand::Rng;
use tieout::model::instant::Instant;
use tieout::stalls::segment::{Event, Fate, Stretch, segment};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 2025-10-01T00:00:00Z, a Wednesday.
const FROM: i64 = 1_759_276_800;
const DAYS: i64 = 400;
const GRACE: i64 = DAY;

struct Stall {
    from: i64,
    /// Beyond the cutoff where it is open.
    until: i64,
    backfill: bool,
}

struct World {
    events: Vec<Event>,
    proven: Vec<Option<Instant>>,
    stalls: Vec<Stall>,
    monthly: f64,
}

fn instant(seconds: i64) -> Instant {
    Instant::from_seconds(seconds)
}

/// Whether people are at work: weekdays from seven to seven, not between Christmas and New Year.
fn at_work(at: i64, rng: &mut Rng) -> bool {
    let day = (at - FROM) / DAY;
    let weekend = matches!((day + 2) % 7, 5 | 6);
    let christmas = (84..93).contains(&day);
    let hour = at % DAY / HOUR;
    let odds = if christmas {
        0.01
    } else if weekend {
        0.03
    } else if (7..19).contains(&hour) {
        1.0
    } else {
        0.05
    };
    rng.f64() < odds
}

fn simulate(seed: u64, stalls: usize) -> World {
    let mut rng = Rng::with_seed(seed);
    let monthly = 20.0 * 100.0_f64.powf(rng.f64());
    let loss = rng.f64() * 0.05;
    let late = rng.f64() * 0.15;
    let newcomers = 0.1 + 0.5 * rng.f64();
    let cutoff = FROM + DAYS * DAY;
    let mut known: Vec<Stall> = Vec::new();
    let mut tries = 0;
    while known.len() < stalls {
        tries += 1;
        // An open stall that began early leaves no room for another: begin again.
        if tries % 100 == 0 {
            known.clear();
        }
        let length = (DAY as f64 * 2.0 * 100.0_f64.powf(rng.f64())) as i64;
        let from = FROM + 30 * DAY + (rng.f64() * ((DAYS - 33) * DAY) as f64) as i64;
        let open = known.is_empty() && rng.f64() < 0.4;
        let until = if open { cutoff + DAY } else { from + length };
        let apart = known.iter().all(|other| until + 10 * DAY < other.from || other.until + 10 * DAY < from);
        if apart && (open || until < cutoff - 10 * DAY) {
            known.push(Stall { from, until, backfill: rng.bool() });
        }
    }
    known.sort_by_key(|stall| stall.from);

    let mut events = Vec::new();
    let mut proven: Vec<Option<Instant>> = Vec::new();
    let mut linked: Vec<i64> = Vec::new();
    let mut arrives: Vec<bool> = Vec::new();
    let wanted = (monthly * DAYS as f64 / 30.4) as usize;
    while events.len() < wanted {
        let at = FROM + (rng.f64() * (DAYS * DAY) as f64) as i64;
        if at_work(at, &mut rng) {
            events.push(at);
        }
    }
    events.sort_unstable();
    let mut told = Vec::new();
    for at in events {
        let learner = if linked.is_empty() || rng.f64() < newcomers {
            linked.push(if rng.f64() < late {
                at + 20 * DAY + (rng.f64() * 200.0 * DAY as f64) as i64
            } else {
                at - HOUR
            });
            arrives.push(rng.bool());
            proven.push(None);
            linked.len() - 1
        } else {
            linked.len() - 1 - rng.usize(..linked.len().min(400))
        };
        let mut written = Some(at + 60 - (rng.f64().max(1e-9).ln() * 600.0) as i64);
        if linked[learner] > at {
            written = arrives[learner].then_some(linked[learner] + 60 + rng.i64(0..600));
        }
        if rng.f64() < loss {
            written = None;
        }
        if let Some(moment) = written
            && let Some(stall) = known.iter().find(|stall| (stall.from..stall.until).contains(&moment))
        {
            written = stall.backfill.then_some(stall.until + rng.i64(0..HOUR));
        }
        let written = written.filter(|&moment| moment <= cutoff + GRACE);
        if let Some(moment) = written {
            let first = proven[learner].map_or(i64::MAX, Instant::seconds).min(moment);
            proven[learner] = Some(instant(first));
        }
        let fate = match written {
            Some(moment) if moment - at <= GRACE => Fate::OnTime,
            Some(_) => Fate::Late,
            None => Fate::Missed,
        };
        told.push(Event {
            at: instant(at),
            written: written.map(instant),
            learner: u32::try_from(learner).expect("few learners"),
            fate,
        });
    }
    rng.shuffle(&mut told);
    World { events: told, proven, stalls: known, monthly }
}

fn overlaps(stall: &Stall, found: &Stretch) -> bool {
    found.from.seconds() < stall.until && found.until.is_none_or(|until| until.seconds() > stall.from)
}

#[test]
fn stalls_are_found_where_they_are_and_nowhere_else() {
    let (mut invented, mut free) = (0, 0);
    let (mut judged, mut inside, mut near, mut large, mut missing) = (0, 0, 0, 0, 0);
    let mut spans = Vec::new();
    let mut stated = 0.0;
    for seed in 0..500 {
        let world = simulate(seed, 0);
        free += 1;
        let found = segment(&world.events, &world.proven);
        if !found.is_empty() {
            invented += 1;
            println!("seed {seed}: invented {:?} at {:.0} a month", found, world.monthly);
        }
    }
    for seed in 1_000..1_500 {
        let world = simulate(seed, 1 + (seed % 2) as usize);
        let found = segment(&world.events, &world.proven);
        for stall in &world.stalls {
            let hit = world
                .events
                .iter()
                .filter(|e| e.fate != Fate::OnTime && (stall.from..stall.until).contains(&e.at.seconds()))
                .count();
            if hit < 20 {
                continue;
            }
            judged += 1;
            large += usize::from(world.monthly >= 200.0);
            let Some(stretch) = found.iter().find(|found| overlaps(stall, found)) else {
                missing += 1;
                println!("seed {seed}: missed a stall of {hit} at {:.0} a month", world.monthly);
                continue;
            };
            let after = stretch.onset.after.map_or(i64::MIN, Instant::seconds);
            let before = stretch.onset.before.map_or(i64::MAX, Instant::seconds);
            inside += usize::from((after..=before).contains(&stall.from));
            if !(after..=before).contains(&stall.from) {
                println!(
                    "seed {seed}: {} outside {after}..{before} ({} / {}), {hit} at {:.0}",
                    stall.from,
                    after - stall.from,
                    before - stall.from,
                    world.monthly
                );
            }
            if world.monthly >= 200.0 {
                near += usize::from(stall.from > after.saturating_sub(DAY) && stall.from < before.saturating_add(DAY));
            }
            stated += stretch.confidence;
            spans.push(world.events.iter().filter(|e| (after..=before).contains(&e.at.seconds())).count());
        }
    }
    println!("stated confidence {:.1} % on average", 100.0 * stated / judged as f64);
    spans.sort_unstable();
    println!(
        "invented {invented} of {free}; judged {judged}, not found {missing}, inside {inside} ({:.1} %)",
        100.0 * inside as f64 / judged as f64
    );
    println!(
        "median span {} events, 95th {}; within a day {near} of {large}",
        spans[spans.len() / 2],
        spans[spans.len() * 95 / 100]
    );
    let share = inside as f64 / judged as f64;
    assert!(invented <= 1, "{invented} stalls invented");
    assert!((0.93..=0.99).contains(&share), "{share}");
    assert!(spans[spans.len() / 2] <= 4);
    assert!(near as f64 >= 0.99 * large as f64);
}
