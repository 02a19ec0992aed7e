//! Properties over generated worlds: silence, one cause one finding, the oracle, order, partition,
//! and that less input never means more findings.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use proptest::prelude::*;
use tieout::checks::check::Outcome;
use tieout::checks::finding::Kind;
use tieout::model::excluded::Reject;
use tieout::model::label::Label as _;
use tieout::model::source_line::SourceLine;
use tieout::report::{Report, Verdict};

use crate::oracle;
use crate::world::dialect::{Dates, Dialect, Encoding, Headings, Numbers, Workbooks};
use crate::world::{Damage, EXPORTED_AT, Object, Scope, World, at};
use crate::{audit_world, counts, counts_of_rows, ledger_rows};

fn dialects() -> impl Strategy<Value = Dialect> {
    (
        (
            prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
            prop_oneof![
                Just(Encoding::Utf8),
                Just(Encoding::Utf8Bom),
                Just(Encoding::Utf16Le),
                Just(Encoding::Windows1252)
            ],
            prop_oneof![
                Just(Dates::IsoSpace),
                Just(Dates::DmySlashSeconds),
                Just(Dates::DmySlashMinutes),
                Just(Dates::MdyDay),
                Just(Dates::IsoZone),
                Just(Dates::ExcelSerial)
            ],
            prop_oneof![
                Just("UTC"),
                Just("Europe/Berlin"),
                Just("America/New_York"),
                Just("Asia/Kolkata"),
                Just("Australia/Lord_Howe")
            ],
        ),
        (
            prop_oneof![4 => Just(Workbooks::Neither), 1 => Just(Workbooks::Users), 1 => Just(Workbooks::Both)],
            prop_oneof![Just(Numbers::Plain), Just(Numbers::PointZero), Just(Numbers::Exponent)],
            prop_oneof![Just(15), Just(18)],
            prop_oneof![Just(Headings::Report), Just(Headings::Restyled), Just(Headings::Legacy)],
            1..4usize,
            any::<bool>(),
        ),
    )
        .prop_map(
            |((delimiter, encoding, dates, zone), (workbooks, numbers, id_length, headings, parts, zero_dates))| {
                Dialect {
                    delimiter,
                    encoding,
                    dates,
                    zero_dates,
                    zone,
                    zone_declared: true,
                    workbooks,
                    numbers,
                    id_length,
                    headings,
                    parts,
                }
            },
        )
}

/// A world with up to so many disturbances of any kind.
pub(crate) fn disturbed(seed: u64, learners: usize, disturbances: usize) -> World {
    let mut world = World::in_sync(seed, learners);
    let mut rng = Rng::with_seed(seed);
    for _ in 0..disturbances {
        let disturbance = rng.choice(World::disturbances()).expect("some");
        (disturbance.apply)(&mut world, &mut rng);
    }
    if rng.u8(0..4) == 0 {
        world.stall(at("2026-03-01T00:00:00Z"), (rng.bool()).then(|| at("2026-05-01T00:00:00Z")), rng.bool());
    }
    if rng.u8(0..4) == 0 {
        world.lose_single_writes(5, &mut rng);
    }
    world
}

pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Two maps are the same; if not, only what differs is shown.
fn assert_same<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    what: &str,
    found: &BTreeMap<K, V>,
    wanted: &BTreeMap<K, V>,
) {
    let keys: BTreeSet<&K> = found.keys().chain(wanted.keys()).collect();
    let differing: Vec<_> = keys
        .into_iter()
        .map(|key| (key, found.get(key), wanted.get(key)))
        .filter(|(_, found, wanted)| found != wanted)
        .collect();
    assert!(differing.is_empty(), "{what}: (record, found, wanted) {differing:?}");
}

/// Every label of every record, from the ledgers, against the oracle.
fn assert_labels(world: &World, dialect: &Dialect, report: &Report) {
    let wanted = oracle::labels(world, dialect);
    let cell = |row: &BTreeMap<String, String>, name: &str| row.get(name).cloned().expect("a column");

    let learners: BTreeMap<u64, (String, String)> = ledger_rows(report, "ledger/learners.csv")
        .iter()
        .map(|row| (cell(row, "learner_id").parse().expect("an id"), (cell(row, "link"), cell(row, "outbound"))))
        .collect();
    assert_same("learners", &learners, &wanted.learners);

    let enrollments = ledger_rows(report, "ledger/enrollments.csv");
    let docebo: BTreeMap<(u64, u64), String> = enrollments
        .iter()
        .filter(|row| cell(row, "side") != "salesforce")
        .map(|row| {
            let id = |name: &str| cell(row, name).parse().expect("an id");
            ((id("learner_id"), id("course_id")), cell(row, "enrollment"))
        })
        .collect();
    assert_same("Docebo enrollments", &docebo, &wanted.docebo);

    let differs: BTreeMap<(u64, u64), Vec<String>> = enrollments
        .iter()
        .filter(|row| cell(row, "enrollment") == "outdated")
        .map(|row| {
            let id = |name: &str| cell(row, name).parse().expect("an id");
            ((id("learner_id"), id("course_id")), cell(row, "differs").split(' ').map(str::to_owned).collect())
        })
        .collect();
    let wanted_differs: BTreeMap<(u64, u64), Vec<String>> = wanted
        .differs
        .iter()
        .map(|(key, names)| (*key, names.iter().map(|name| (*name).to_owned()).collect()))
        .collect();
    assert_eq!(differs, wanted_differs, "differences");

    let salesforce: BTreeMap<String, String> = enrollments
        .iter()
        .filter(|row| cell(row, "side") != "docebo")
        .map(|row| (cell(row, "record"), cell(row, "enrollment")))
        .collect();
    if world.export.enrollments {
        assert_same("Salesforce enrollments", &salesforce, &wanted.salesforce);
    } else {
        // Without the report nothing is judged, and the oracle is silent.
        assert!(salesforce.values().all(|value| value == "unknown"));
    }

    let contacts: BTreeMap<String, String> = ledger_rows(report, "ledger/contacts.csv")
        .iter()
        .map(|row| (cell(row, "contact_id"), cell(row, "forecast")))
        .collect();
    assert_same("contacts", &contacts, &wanted.contacts);

    let totals = report.totals();
    assert_eq!(totals.enrollments.docebo.archived, wanted.archived as u64, "archived");
    assert_eq!(totals.enrollments.docebo.rejected + totals.learners.rejected, wanted.rejected as u64, "rejected");
    assert_eq!(totals.enrollments.docebo.repeated + totals.learners.repeated, wanted.repeated as u64, "repeated");
    assert_eq!(totals.broken(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(config(48))]

    /// Property 5: the relations agree with the naive oracle, whatever the faults and the file formats.
    #[test]
    fn every_label_agrees_with_the_oracle(seed in 0..1_000_000u64, learners in 20..120usize, faults in 0..12usize, dialect in dialects()) {
        let world = disturbed(seed, learners, faults);
        prop_assume!(world.fits(&dialect));
        let report = audit_world(&world, &dialect);
        assert_labels(&world, &dialect, &report);
        prop_assert_eq!(counts_of_rows(&report), oracle::check_counts(&world, &dialect));
        crate::stall_runs::assert_stalls(&world, &dialect, &report);
    }

    /// Property 1: a world in sync is silent, at any size, in any dialect.
    #[test]
    fn a_world_in_sync_is_silent(seed in 0..1_000_000u64, learners in 4..90usize, dialect in dialects()) {
        let world = World::in_sync(seed, learners);
        prop_assume!(world.fits(&dialect));
        let report = audit_world(&world, &dialect);
        prop_assert_eq!(counts(&report), BTreeMap::new());
        prop_assert_eq!(report.verdict, Verdict::InSync);
    }

    /// Property 4: every record has one value and both sides tie out (the run itself refuses
    /// otherwise); each record stands in the ledgers exactly once.
    #[test]
    fn every_row_stands_in_the_ledgers_once(seed in 0..1_000_000u64, faults in 0..20usize) {
        let world = disturbed(seed, 60, faults);
        let report = audit_world(&world, &Dialect::default());
        for (name, column) in [("ledger/learners.csv", "learner_id"), ("ledger/contacts.csv", "contact_id")] {
            let rows = ledger_rows(&report, name);
            let ids: BTreeSet<&String> = rows.iter().map(|row| &row[column]).collect();
            prop_assert_eq!(ids.len(), rows.len());
        }
        let rows = ledger_rows(&report, "ledger/enrollments.csv");
        let of = |side: &[&str]| rows.iter().filter(|row| side.contains(&row["side"].as_str())).count() as u64;
        let excluded_row = ledger_rows(&report, "ledger/excluded-rows.csv").len() as u64;
        let totals = report.totals();
        prop_assert_eq!(of(&["both", "docebo"]) + excluded_row, totals.enrollments.docebo.total + totals.learners.rejected + totals.learners.repeated);
        prop_assert_eq!(of(&["both", "salesforce"]), totals.enrollments.salesforce.total);
    }
}

/// Property 2: each disturbance yields exactly its own check, on its own subject.
#[test]
fn one_cause_one_finding() {
    for seed in 0..3u64 {
        for disturbance in World::disturbances() {
            let mut world = World::in_sync(seed, 80);
            let mut rng = Rng::with_seed(seed * 1_000 + 7);
            let subject = (disturbance.apply)(&mut world, &mut rng);
            let dialect = Dialect::default();
            let report = audit_world(&world, &dialect);
            let wanted: BTreeMap<&str, usize> =
                disturbance.check.iter().chain(disturbance.also).map(|check| (*check, 1)).collect();
            assert_eq!(counts(&report), wanted, "{} (seed {seed})", disturbance.name);
            assert_labels(&world, &dialect, &report);
            assert_subject(&report, disturbance.check, &subject, disturbance.name);
        }
    }
}

fn assert_subject(report: &Report, check: Option<&str>, subject: &crate::world::catalogue::Subject, name: &str) {
    use crate::world::catalogue::Subject;
    let Some(finding) = report.findings().find(|finding| Some(finding.check.id) == check) else {
        assert_eq!(check, None, "{name}");
        return;
    };
    let record = finding.ids.record.map(|(_, id)| id.to_string());
    match subject {
        Subject::Learner(id) => {
            assert!(finding.ids.learner == Some(*id) || mentions(&finding, &id.to_string()), "{name}: {finding:?}");
        }
        Subject::Enrollment(learner, course) => {
            assert_eq!((finding.ids.learner, finding.ids.course), (Some(*learner), Some(*course)), "{name}");
        }
        Subject::Record(id) | Subject::Contact(id) | Subject::User(id) => {
            assert_eq!(record.as_ref(), Some(id), "{name}");
        }
        Subject::Key(text) | Subject::SfdcId(text) => assert!(mentions(&finding, text), "{name}: {finding:?}"),
        Subject::Nothing => {}
    }
}

fn mentions(finding: &tieout::checks::finding::Finding, text: &str) -> bool {
    finding.evidence().flat_map(|evidence| &evidence.fields).any(|(_, value)| value.raw() == text)
}

/// Property 3: the order of rows, columns and files leaves no trace in any output. What describes
/// the files themselves (digests, line numbers) is set alike first, since the files do differ.
#[test]
fn order_does_not_matter() {
    for seed in 0..8 {
        let mut world = disturbed(seed, 70, 10);
        // What is left of a row that ends early depends on which columns come first.
        world.rejects.retain(|reject| reject.damage != Damage::TooFewCells);
        let mut shuffled = world.clone();
        shuffled.shuffle(seed + 1);
        let dialect = Dialect { zone: "Europe/Berlin", zone_declared: false, parts: 2, ..Dialect::default() };
        let [first, second] = [world, shuffled].map(|world| {
            let mut reconciliation = audit_world(&world, &dialect).into_reconciliation().expect("the books");
            let data = &mut reconciliation.data;
            for input in &mut data.origins.inputs {
                input.sha256 = "0".repeat(64);
            }
            // Which part of the export a row stands in is a matter of order too.
            data.origins.inputs.retain(|input| input.holds != "Users - Courses report");
            let alike = |place: SourceLine| SourceLine { file: place.file.min(1), line: 0 };
            data.learners.source = data.learners.source.iter().map(alike).collect();
            data.enrollments.set_source_lines(alike);
            for (_, excluded_row) in &mut data.origins.excluded {
                excluded_row.line = 0;
                excluded_row.file = excluded_row.file.min(1);
            }
            // So is how many pairs each part has.
            for zone in &mut reconciliation.relations.clocks.findings {
                (zone.pairs, zone.agreeing) = (0, 0);
            }
            // So is which of several unreadable rows is the first one.
            let groups = &mut reconciliation.relations.unread.groups;
            groups.retain(|group| group.file == 0);
            for group in groups {
                let (column, reason) = (group.first.column.clone(), group.first.reason.clone());
                (group.line, group.first) = (0, Reject { column, reason, ..Reject::default() });
            }
            let data = &mut reconciliation.data;
            data.origins.excluded.sort_by_key(|(kind, excluded_row)| (*kind, format!("{:?}", excluded_row.why)));
            crate::outputs::every_output(&Report::new(reconciliation, &tieout::checks::CATALOGUE))
        });
        for ((name, one), (_, other)) in first.iter().zip(&second) {
            let at = one.iter().zip(other).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
            let near = |bytes: &[u8]| {
                String::from_utf8_lossy(&bytes[at.saturating_sub(200)..bytes.len().min(at + 200)]).into_owned()
            };
            assert!(one == other, "{name} depends on the order of rows (seed {seed}):\n{}\n{}", near(one), near(other));
        }
    }
}

/// Property 9: an input less turns outcomes into *not evaluated* and adds no finding.
#[test]
fn less_input_never_means_more_findings() {
    type Removal = (&'static str, fn(&mut World));
    let removals: [Removal; 12] = [
        ("Users report", World::remove_users_report),
        ("Users - Courses report", World::remove_enrollments_report),
        ("sfdc_id", World::remove_sfdc_id_column),
        ("User", |world| world.remove_object(Object::User)),
        ("Course", |world| world.remove_object(Object::Course)),
        ("CourseEnrollment", |world| world.remove_object(Object::CourseEnrollment)),
        ("status", |world| world.hide_column(Object::CourseEnrollment, "docebo_v3__Status__c")),
        ("effective", |world| world.hide_column(Object::Course, "docebo_v3__Effective__c")),
        ("created by", |world| world.hide_column(Object::DoceboUser, "CreatedById")),
        ("rows of CourseEnrollment", |world| world.truncate(Object::CourseEnrollment, 9)),
        ("rows of DoceboUser", |world| world.truncate(Object::DoceboUser, 4)),
        ("rows of Contact", |world| world.truncate(Object::Contact, 6)),
    ];
    for seed in 0..4 {
        let whole = disturbed(seed, 60, 8);
        let before = audit_world(&whole, &Dialect::default());
        for (name, remove) in removals {
            let mut less = whole.clone();
            remove(&mut less);
            let after = audit_world(&less, &Dialect::default());
            if name.starts_with("rows of ") {
                // A stall shows in enrollments alone; that some contacts are not at hand does not hide it.
                let stalled = name == "rows of Contact" && before.verdict == Verdict::Stalled;
                let wanted = if stalled { Verdict::Stalled } else { Verdict::NotEvaluated };
                assert_eq!(after.verdict, wanted, "without {name} (seed {seed})");
            }
            let (found, now) = (keys(&before), keys(&after));
            let new: Vec<_> = now.difference(&found).collect();
            assert!(new.is_empty(), "without {name} (seed {seed}) there are more findings: {new:?}");
            let silenced: Vec<_> = before
                .results
                .iter()
                .zip(&after.results)
                .filter(|(before, after)| before.outcome() == Outcome::Found && after.outcome().is_clean())
                .map(|(before, _)| before.check.id)
                .collect();
            assert!(silenced.is_empty(), "without {name} (seed {seed}) a finding reads as clean: {silenced:?}");
        }
    }
}

/// Findings by check and subject. A group names its members, which may become fewer; a run-wide
/// finding its check.
fn keys(report: &Report) -> BTreeSet<(String, String)> {
    report
        .findings()
        .filter(|finding| !matches!(finding.kind, Kind::Learners | Kind::Contacts | Kind::DoceboUsers))
        .map(|finding| {
            let ids = finding.ids;
            let record = match finding.kind {
                Kind::Learner | Kind::Enrollment if ids.course.is_none() || ids.learner.is_some() => None,
                _ => ids.record.map(|(object, id)| format!("{}{id}", object.label())),
            };
            (finding.check.id.to_owned(), format!("{:?} {:?} {record:?}", ids.learner, ids.course))
        })
        .collect()
}

/// The shapes an input may have beside the usual one: another scope, ids told elsewhere or not at all.
#[test]
fn other_shapes_agree_with_the_oracle() {
    type Shape = (&'static str, fn(&mut World));
    let shapes: [Shape; 11] = [
        ("every course is in scope", |world| world.settings.scope = Scope::All),
        ("two courses are in scope", |world| {
            world.settings.scope = Scope::List(world.courses.iter().take(2).map(|course| course.id).collect());
        }),
        ("no Users report, sfdc_id in the enrollments", |world| {
            world.remove_users_report();
            world.add_sfdc_id_to_enrollments();
        }),
        ("sfdc_id in both reports", World::add_sfdc_id_to_enrollments),
        ("courses by code", World::remove_course_id_column),
        ("learners by username", World::remove_learner_id_column),
        ("a learner who is only in the enrollments", |world| {
            let who = world.settled_learners()[0].clone();
            world.leave_out_of_users_report(&who);
        }),
        ("no sfdc_id at all", World::remove_sfdc_id_column),
        ("no enrollments", World::remove_enrollments_report),
        ("no User", |world| world.remove_object(Object::User)),
        ("Contact in part", |world| world.truncate(Object::Contact, 5)),
    ];
    for (seed, parts) in (0..6).zip([1, 2, 3].into_iter().cycle()) {
        for (name, shape) in shapes {
            let mut world = disturbed(seed, 70, 6);
            // A damaged cell needs its column.
            world.rejects.clear();
            shape(&mut world);
            let dialect = Dialect { parts, ..Dialect::default() };
            println!("{name} (seed {seed})");
            let report = audit_world(&world, &dialect);
            assert_labels(&world, &dialect, &report);
        }
    }
}

/// The zone is inferred from both sides, and said so; with too few pairs it is UTC, and said so.
#[test]
fn the_zone_is_inferred_from_both_sides() {
    for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"] {
        for dates in [Dates::IsoSpace, Dates::DmySlashMinutes] {
            let world = disturbed(11, 80, 4);
            let dialect = Dialect { zone, zone_declared: false, dates, ..Dialect::default() };
            let report = audit_world(&world, &dialect);
            let finding = &report.run.zones[0];
            assert_eq!(finding.how, "inferred", "{zone}");
            assert!(finding.name == zone || finding.same_clock.iter().any(|name| name == zone), "{zone}: {finding:?}");
            assert_labels(&world, &dialect, &report);
        }
    }
    let world = World::in_sync(3, 1);
    let report = audit_world(&world, &Dialect { zone_declared: false, ..Dialect::default() });
    assert_eq!((&*report.run.zones[0].how, report.run.zones[0].name.as_str()), ("assumed", "UTC"));
    assert!(report.origins().caveats.iter().any(|caveat| caveat.contains("could not be inferred")));
    // Dates of another zone, and too few of them to tell which.
    let dialect = Dialect { zone: "Asia/Kolkata", zone_declared: false, ..Dialect::default() };
    let report = audit_world(&World::in_sync(3, 1), &dialect);
    let finding = &report.run.zones[0];
    assert!(!finding.compared && finding.pairs < 20, "{finding:?}");
    let output = report.origins().caveats.iter().find(|caveat| caveat.contains("too few to tell the time zone"));
    assert!(output.is_some_and(|output| output.contains("it takes 20")), "{:?}", report.origins().caveats);
}

/// Of nobody's world there is nothing to say, and so it is not in sync.
#[test]
fn an_empty_world_is_not_evaluated() {
    let world = World::in_sync(1, 0);
    let report = audit_world(&world, &Dialect::default());
    assert_eq!(report.verdict, Verdict::NotEvaluated);
    assert!(report.sentence().contains("says nothing about the sync"), "{}", report.sentence());
    assert_eq!(report.origins().exported_at.map(|at| at.to_string()).as_deref(), Some(EXPORTED_AT));
}
