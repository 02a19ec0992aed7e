//! Stalls from end to end: worlds as files, read and judged by the whole audit.

use std::collections::BTreeSet;

use tieout::model::instant::Instant;
use tieout::report::{Report, Verdict};
use tieout::stalls::{Stall, Stream, StreamState};

use crate::world::dialect::{Dates, Dialect};
use crate::world::{At, DAY, EXPORTED_AT, HOUR, MINUTE, Plan, World, at};
use crate::{audit_sample, audit_world, oracle};

/// What must hold of the stalls of any world: each silence in which twenty enrollments or more were not
/// written on time is found, open where it lasts; and where nothing was ever silent, none is.
pub(crate) fn assert_stalls(world: &World, dialect: &Dialect, report: &Report) {
    let stalls = report.stalls();
    if !stalls.judged {
        return;
    }
    if world.silences.is_empty() {
        assert_eq!(stalls.found, [], "a stall was invented");
        return;
    }
    for &(from, until, made_up_for) in &world.silences {
        let hit = missed_in(world, dialect, from, until);
        let found =
            stalls.found.iter().find(|stall| stall.stream == Stream::Enrollments && overlaps(stall, from, until));
        // A silence that was made up for shows only in lateness, which an hour's grace hides.
        if hit >= 20 && !made_up_for {
            let stall = found.unwrap_or_else(|| panic!("a silence of {hit} events is not found: {:?}", stalls.found));
            assert_eq!(stall.is_open(), until.is_none(), "{stall:?}");
        }
    }
}

fn overlaps(stall: &Stall, from: At, until: Option<At>) -> bool {
    until.is_none_or(|until| stall.from.seconds() < until) && stall.until.is_none_or(|end| end.seconds() > from)
}

/// Enrollments that fell due in a silence and are not in Salesforce, by the oracle.
fn missed_in(world: &World, dialect: &Dialect, from: At, until: Option<At>) -> usize {
    let labels = oracle::labels(world, dialect);
    world
        .enrollments
        .iter()
        .filter(|row| !row.archived)
        .filter(|row| row.enrolled_at.is_some_and(|due| due >= from && until.is_none_or(|until| due < until)))
        .filter(|row| {
            let label = labels.docebo.get(&(row.learner, row.course)).map(String::as_str);
            matches!(label, Some("absent" | "absent-no-docebo-user"))
        })
        .map(|row| (row.learner, row.course))
        .collect::<BTreeSet<_>>()
        .len()
}

fn moment(seconds: At) -> Instant {
    Instant::from_seconds(seconds)
}

fn holds(stall: &Stall, onset: At) -> bool {
    stall.onset.after.is_none_or(|after| after.seconds() <= onset)
        && stall.onset.before.is_none_or(|before| onset <= before.seconds())
}

/// The audit finds the onset where it was, in whole worlds with losses, newcomers and innocent sights.
#[test]
fn onsets_of_whole_worlds_lie_in_their_intervals() {
    let (mut judged, mut inside) = (0, 0);
    for seed in 0..40_u64 {
        let to = at(EXPORTED_AT);
        let mut world = World::simulate(Plan { seed, learners: 120, from: to - 400 * DAY, to, mean: 6 });
        let mut rng = fastrand::Rng::with_seed(seed);
        let from = to - rng.i64(40..300) * DAY + rng.i64(0..DAY);
        let until = rng.bool().then(|| from + rng.i64(20..35) * DAY);
        world.stall(from, until, false);
        world.lose_single_writes(3, &mut rng);
        let dialect = Dialect::default();
        let report = audit_world(&world, &dialect);
        assert_stalls(&world, &dialect, &report);
        if missed_in(&world, &dialect, from, until) < 20 {
            continue;
        }
        let stall = report.stalls().found.iter().find(|stall| overlaps(stall, from, until)).expect("found");
        judged += 1;
        inside += usize::from(holds(stall, from));
    }
    println!("{inside} of {judged} onsets of whole worlds lie inside");
    assert!(judged >= 30 && inside * 100 >= judged * 93, "{inside} of {judged}");
}

#[test]
fn one_cause_stands_on_top_and_its_rows_beneath_it() {
    let report = audit_sample("outbound-stalled");
    assert_eq!(report.verdict, Verdict::Stalled);
    let found = report.found();
    assert_eq!(found[0].check.id, "outbound-stalled");
    let key = report.findings().next().expect("a finding").key;
    let mut because = 0;
    for finding in report.findings() {
        match finding.check.id {
            "docebo-user-absent" | "enrollment-absent" => {
                assert_eq!(finding.caused_by.as_ref(), Some(&key), "{}", finding.key);
                because += 1;
            }
            "enrollment-outdated" => {}
            _ => assert_eq!(finding.caused_by, None, "{}", finding.key),
        }
    }
    assert!(because > 1_000);
    let stall = report.stalls().open().expect("an open stall");
    assert!(holds(stall, at("2025-10-20T06:48:00Z")), "{:?}", stall.onset);
    assert_eq!(
        stall.incidents.iter().map(|incident| incident.name.as_str()).collect::<Vec<_>>(),
        ["AWS us-east-1 2025-10-20"]
    );
    assert!(stall.sentences().iter().any(|sentence| sentence.contains("coincides with")));
    assert!(!stall.sentences().iter().any(|sentence| sentence.contains("caused by")));
    // What was missing before the stall is not laid at its door.
    assert!(report.stalls().covering_enrollment(moment(at("2025-09-01T00:00:00Z")), false).is_none());
}

#[test]
fn a_gap_that_was_not_made_up_for_is_told_and_one_that_was_is_not() {
    let gap = audit_sample("gap-and-resume");
    assert_eq!(gap.verdict, Verdict::Attention);
    let stall = &gap.stalls().found[0];
    assert!(holds(stall, at("2026-04-07T02:00:00Z")) && !stall.is_open(), "{stall:?}");

    let to = at(EXPORTED_AT);
    let mut world = World::simulate(Plan { seed: 3, learners: 120, from: to - 300 * DAY, to, mean: 6 });
    world.stall(to - 200 * DAY, Some(to - 150 * DAY), true);
    let report = audit_world(&world, &Dialect::default());
    let stall = &report.stalls().found[0];
    assert!(stall.counts.late > 20 && stall.counts.missed == 0, "{:?}", stall.counts);
    assert_eq!(crate::counts(&report), std::collections::BTreeMap::new(), "nothing is missing any more");
    assert_eq!(report.verdict, Verdict::InSync);
}

/// Everything froze, or only what needs a new record: the two read differently.
#[test]
fn what_froze_and_what_did_not_is_told_apart() {
    let to = at(EXPORTED_AT);
    let plan = Plan { seed: 5, learners: 200, from: to - 300 * DAY, to, mean: 6 };
    let mut everything = World::simulate(plan);
    everything.stall(to - 120 * DAY, None, false);
    let stall = audit_world(&everything, &Dialect::default()).stalls().found[0].clone();
    assert_eq!((stall.stream, stall.state(Stream::Updates)), (Stream::Enrollments, StreamState::Frozen));
    assert!(stall.headline().starts_with("The sync from Docebo to Salesforce has stood still"), "{}", stall.headline());

    // Rows are updated as ever, but none is created any more.
    let mut creations = World::simulate(plan);
    let frozen = to - 120 * DAY;
    creations.course_enrollments.retain(|row| row.stamp.created_at < frozen);
    creations.docebo_users.retain(|row| row.stamp.created_at < frozen);
    let stall = audit_world(&creations, &Dialect::default()).stalls().found[0].clone();
    assert_eq!((stall.stream, stall.state(Stream::Updates)), (Stream::Enrollments, StreamState::Alive), "{stall:?}");
    assert!(stall.headline().contains("the part for new enrollments"), "{}", stall.headline());

    // Only people without a record wait; those who have one are served.
    let mut newcomers = World::simulate(plan);
    let late: BTreeSet<String> = newcomers
        .docebo_users
        .iter()
        .filter(|row| row.stamp.created_at >= to - 200 * DAY)
        .map(|row| row.id.clone())
        .collect();
    assert!(late.len() >= 20, "{}", late.len());
    newcomers.course_enrollments.retain(|row| !late.contains(&row.docebo_user));
    newcomers.docebo_users.retain(|row| !late.contains(&row.id));
    let report = audit_world(&newcomers, &Dialect::default());
    let stall = report.stalls().found.first().expect("a stall of new learners");
    assert_eq!(stall.stream, Stream::Learners, "{stall:?}");
    assert!(stall.headline().contains("the part for new learners"), "{}", stall.headline());
}

/// Local times of an export over a clock change: the repeated hour and the skipped one make neither a
/// stall nor a hole in one.
#[test]
fn a_clock_change_in_the_export_is_no_stall() {
    for (zone, dates) in [
        ("Europe/Berlin", Dates::DmySlashMinutes),
        ("America/New_York", Dates::IsoSpace),
        ("Australia/Lord_Howe", Dates::MdyDay),
    ] {
        let to = at(EXPORTED_AT);
        let mut world = World::simulate(Plan { seed: 8, learners: 100, from: to - 390 * DAY, to, mean: 6 });
        let dialect = Dialect { zone, dates, ..Dialect::default() };
        assert_stalls(&world, &dialect, &audit_world(&world, &dialect));
        // Frozen in the very night in which the clock goes back in Berlin.
        let frozen = at("2026-10-25T00:30:00Z");
        world.stall(frozen, None, false);
        let report = audit_world(&world, &dialect);
        let stall = report.stalls().open().unwrap_or_else(|| panic!("{zone}: no stall"));
        let day = if dates == Dates::MdyDay { DAY } else { 0 };
        let (after, before) = (stall.onset.after.expect("known"), stall.onset.before.expect("known"));
        assert!(after.seconds() - day <= frozen && frozen <= before.seconds() + day, "{zone}: {:?}", stall.onset);
    }
}

/// Replicated by hand, everything is late and nothing is a stall, until nobody does it any more.
#[test]
fn by_hand_only_the_time_since_the_last_lump_speaks() {
    let to = at(EXPORTED_AT);
    let lumps = |last: At| {
        let mut world = World::simulate(Plan { seed: 13, learners: 120, from: to - 300 * DAY, to, mean: 6 });
        world.settings.manual = true;
        // Somebody resynchronises about every ten days.
        let run = |written: At| {
            let mut next = to - 320 * DAY;
            let mut step = 9;
            while next < written {
                next += step * DAY + 3 * HOUR;
                step = 9 + (step + 1) % 4;
            }
            next + written % 7 * MINUTE
        };
        world.course_enrollments.retain_mut(|row| {
            row.stamp.created_at = run(row.stamp.created_at);
            row.stamp.modified_at = run(row.stamp.modified_at).max(row.stamp.created_at);
            row.stamp.created_at <= last
        });
        world
    };
    let alive = audit_world(&lumps(to), &Dialect::default());
    assert_eq!(alive.stalls().found, [], "lateness is normal");
    let report = audit_world(&lumps(to - 120 * DAY), &Dialect::default());
    let stall = report.stalls().open().expect("nobody has replicated for four months");
    assert!(stall.onset.after < stall.onset.before && stall.counts.missed >= 20, "{stall:?}");
    assert!(stall.confidence > 0.8 && stall.confidence < 1.0, "{}", stall.confidence);
    assert_eq!(report.verdict, Verdict::Stalled);
}

/// Everything older than the set-up of the integration came with its first run, long after it was due.
#[test]
fn the_first_load_is_no_stall() {
    let to = at(EXPORTED_AT);
    let mut world = World::simulate(Plan { seed: 21, learners: 150, from: to - 400 * DAY, to, mean: 6 });
    let installed = to - 180 * DAY;
    for row in &mut world.course_enrollments {
        row.stamp.created_at = row.stamp.created_at.max(installed + row.stamp.created_at % 900);
        row.stamp.modified_at = row.stamp.modified_at.max(row.stamp.created_at);
    }
    for row in &mut world.docebo_users {
        row.stamp.created_at = row.stamp.created_at.max(installed);
        row.stamp.modified_at = row.stamp.created_at;
    }
    let report = audit_world(&world, &Dialect::default());
    assert_eq!((report.verdict, &report.stalls().found[..]), (Verdict::InSync, &[][..]));
    // A freeze after that is found all the same.
    world.stall(to - 60 * DAY, None, false);
    let report = audit_world(&world, &Dialect::default());
    assert!(report.stalls().open().is_some_and(|stall| holds(stall, to - 60 * DAY)), "{:?}", report.stalls().found);
}

/// Somebody resynchronised everything last week: no row tells any more when its completion was written.
#[test]
fn a_full_resync_that_covers_up_every_update_is_no_stall() {
    let to = at(EXPORTED_AT);
    for seed in 0..6 {
        let mut world = World::simulate(Plan { seed, learners: 150, from: to - 300 * DAY, to, mean: 6 });
        world.lose_single_writes(5, &mut fastrand::Rng::with_seed(seed));
        for row in &mut world.course_enrollments {
            row.stamp.modified_at = row.stamp.modified_at.max(to - 7 * DAY + row.stamp.modified_at % 3_600);
        }
        let report = audit_world(&world, &Dialect::default());
        assert_eq!(report.stalls().found, [], "seed {seed}");
    }
}

/// A job that runs on Sundays alone is late with nearly everything, and stands still on no week.
#[test]
fn a_weekly_job_is_slow_and_not_stalled() {
    let to = at(EXPORTED_AT);
    let sunday = |written: At| (written / (7 * DAY) + 1) * 7 * DAY - 4 * DAY + written % 600;
    let weekly = || {
        let mut world = World::simulate(Plan { seed: 17, learners: 200, from: to - 400 * DAY, to, mean: 6 });
        for row in &mut world.course_enrollments {
            row.stamp.created_at = sunday(row.stamp.created_at + 4 * DAY);
            row.stamp.modified_at = sunday(row.stamp.modified_at + 4 * DAY);
        }
        for row in &mut world.docebo_users {
            row.stamp.created_at = sunday(row.stamp.created_at + 4 * DAY);
            row.stamp.modified_at = row.stamp.created_at;
        }
        world.course_enrollments.retain(|row| row.stamp.created_at < to);
        world.docebo_users.retain(|row| row.stamp.created_at < to);
        world
    };
    let stalls = audit_world(&weekly(), &Dialect::default()).stalls().clone();
    assert!(stalls.counts.late > stalls.counts.on_time, "{:?}", stalls.counts);
    assert_eq!(stalls.found, []);

    let mut frozen = weekly();
    frozen.course_enrollments.retain(|row| row.stamp.created_at < to - 90 * DAY);
    frozen.docebo_users.retain(|row| row.stamp.created_at < to - 90 * DAY);
    let stalls = audit_world(&frozen, &Dialect::default()).stalls().clone();
    assert!(stalls.open().is_some(), "{:?}", stalls.found);
}
