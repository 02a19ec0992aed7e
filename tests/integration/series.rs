//! Runs after one another: roll-forward, outputs made again, and an analyst's words carried along. Everything
//! through the binary, as a user has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fastrand::Rng;
use serde_json::Value;

use crate::cli::{audit_into, run, tieout};
use crate::sample_folder;
use crate::world::World;
use crate::world::dialect::Dialect;

/// A place for a series of runs of one organisation.
struct Series {
    folder: tempfile::TempDir,
}

impl Series {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the inputs as they stood on a day.
    fn inputs(&self, world: &World, day: &str) -> PathBuf {
        let inputs = self.path(&format!("inputs-{day}"));
        std::fs::create_dir_all(&inputs).expect("a folder");
        world.write(&inputs, &Dialect::default());
        on_day(&inputs.join("tieout.toml"), day);
        inputs.join("tieout.toml")
    }

    /// Audits into `runs/<day>`.
    fn audit(&self, world: &World, day: &str, arguments: &[&str]) -> PathBuf {
        let inputs = self.inputs(world, day);
        let out = self.path("runs").join(day);
        audit(&inputs, &out, arguments);
        out
    }
}

/// Puts a configuration on a day: exported at six in the morning, read ten minutes later.
pub(crate) fn on_day(configuration: &Path, day: &str) {
    let text = std::fs::read_to_string(configuration).expect("a configuration");
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("exported_at") && !line.starts_with("extracted_at"))
        .map(str::to_owned)
        .collect();
    let at = |lines: &[String], heading: &str| lines.iter().position(|line| line == heading).expect("a section") + 1;
    let place = at(&lines, "[salesforce]");
    lines.insert(place, format!("extracted_at = \"{day}T06:10:00Z\""));
    let place = at(&lines, "[docebo]");
    lines.insert(place, format!("exported_at = \"{day}T06:00:00Z\""));
    std::fs::write(configuration, lines.join("\n")).expect("it can be written");
}

pub(crate) fn audit(configuration: &Path, out: &Path, arguments: &[&str]) {
    // A world that is put on an earlier day holds what happened since.
    let accepted = ["--accept", "export-time,extract-time"];
    audit_into(configuration, out, &[&accepted, arguments].concat());
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

pub(crate) fn findings(out: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(out.join("findings.jsonl")).expect("findings");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line"));
    lines.map(|line| (word(&line["key"]), word(&line["check"]))).collect()
}

fn word(value: &Value) -> String {
    value.as_str().expect("a word").to_owned()
}

/// Key and state of every finding that a run's history names.
fn states(out: &Path) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(out.join("history.csv")).expect("a history");
    reader.records().map(|row| row.expect("a row")).map(|row| (row[0].to_owned(), row[2].to_owned())).collect()
}

/// A world and so many disturbances of it; two with one seed share their people.
fn disturbed(seed: u64, disturbances: &[u64]) -> World {
    let mut world = World::in_sync(seed, 60);
    for &number in disturbances {
        let mut rng = Rng::with_seed(number);
        let disturbance = rng.choice(World::disturbances()).expect("some");
        (disturbance.apply)(&mut world, &mut rng);
    }
    world
}

/// Three runs with disturbances that come and go: each state is what sets of keys say, and the roll-forward is
/// the same counted by hand.
#[test]
fn the_roll_forward_is_what_sets_of_keys_say() {
    let published = include_str!("../../templates/report.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(published).expect("JSON")).expect("a schema");
    for seed in 0..6_u64 {
        let series = Series::new();
        let days = ["2026-11-18", "2026-11-19", "2026-11-20"];
        let kinds: Vec<u64> = (0..12).map(|number| seed * 100 + number).collect();
        // What is there on the first, second and third day: comes, stays, goes, comes back.
        let there = |day: usize| -> Vec<u64> {
            let pattern = |number: u64| [0b001, 0b011, 0b111, 0b110, 0b101, 0b100, 0b010][(number % 7) as usize];
            kinds.iter().copied().filter(|&number| pattern(number) >> day & 1 == 1).collect()
        };
        let runs: Vec<PathBuf> =
            (0..3).map(|day| series.audit(&disturbed(seed, &there(day)), days[day], &[])).collect();
        let keys: Vec<BTreeMap<String, String>> = runs.iter().map(|run| findings(run)).collect();

        let mut expected: BTreeMap<String, &str> = keys[0].keys().map(|key| (key.clone(), "new")).collect();
        assert_eq!(json(&runs[0].join("report.json"))["roll_forward"], Value::Null);
        for day in 1..3 {
            let before = expected.clone();
            let open = |state: &str| matches!(state, "new" | "open" | "reopened" | "unseen");
            // What a check could not judge is neither cleared nor forgotten.
            let report = json(&runs[day].join("report.json"));
            let whole = |check: &str| {
                let mut checks = report["checks"].as_array().expect("checks").iter();
                let check = checks.find(|known| known["id"] == check).expect("a check");
                check["unjudged"] == 0 && check["missing"] == serde_json::json!([])
            };
            let check_of = |key: &str| keys[..day].iter().rev().find_map(|known| known.get(key)).expect("a check");
            expected = before
                .iter()
                .filter(|(key, _)| !keys[day].contains_key(*key))
                .map(|(key, state)| {
                    let state = match open(state) {
                        true if whole(check_of(key)) => "cleared",
                        true => "unseen",
                        false => "gone",
                    };
                    (key.clone(), state)
                })
                .collect();
            for key in keys[day].keys() {
                let state = before.get(key).map_or("new", |state| if open(state) { "open" } else { "reopened" });
                expected.insert(key.clone(), state);
            }
            let found = states(&runs[day]);
            let found: BTreeMap<String, &str> =
                found.iter().map(|(key, state)| (key.clone(), state.as_str())).collect();
            assert_eq!(found, expected, "seed {seed}, day {day}");

            let report = json(&runs[day].join("report.json"));
            assert!(
                schema.is_valid(&report),
                "{:?}",
                schema.iter_errors(&report).map(|e| e.to_string()).collect::<Vec<_>>()
            );
            let roll = &report["roll_forward"];
            let count = |state: &str| expected.values().filter(|known| **known == state).count() as u64;
            let all = &roll["all"];
            assert_eq!(all["open_at_start"], before.values().filter(|state| open(state)).count() as u64, "seed {seed}");
            assert_eq!(all["open_at_end"], expected.values().filter(|state| open(state)).count() as u64);
            for state in ["new", "reopened", "cleared"] {
                assert_eq!(all[state], count(state), "{state}");
            }
            for check in roll["checks"].as_array().expect("checks") {
                let number = |name: &str| check[name].as_u64().expect("a number");
                assert_eq!(
                    number("open_at_start") + number("new") + number("reopened"),
                    number("open_at_end") + number("cleared"),
                    "{check}"
                );
            }
            assert_eq!(roll["trend"].as_array().map(Vec::len), Some(day + 1));
        }
    }
}

/// What a run cannot look for is neither cleared nor forgotten, and is there again when it can be looked for.
#[test]
fn what_was_not_looked_for_stays_open() {
    let series = Series::new();
    let world = {
        let mut world = World::in_sync(5, 60);
        let who = world.settled_learners();
        world.blank_sfdc_id(&who[0]);
        world.drop_enrollment(&who[1]);
        world
    };
    let first = series.audit(&world, "2026-11-18", &[]);
    let mut blind = world.clone();
    blind.remove_enrollments_report();
    let second = series.audit(&blind, "2026-11-19", &[]);
    let third = series.audit(&world, "2026-11-20", &[]);
    let absent = findings(&first).into_iter().find(|(_, check)| check == "enrollment-absent").expect("one").0;
    assert_eq!(states(&second)[&absent], "unseen");
    assert_eq!(states(&third)[&absent], "open");
    let roll = &json(&second.join("report.json"))["roll_forward"];
    assert_eq!((&roll["all"]["cleared"], &roll["all"]["unseen"]), (&Value::from(0), &Value::from(1)));
    let page = std::fs::read_to_string(second.join("report.html")).expect("a page");
    assert!(page.contains("could not be looked for this time and count as open"));
}

/// The run before is found where a user keeps them: beside the output folder, the newest one of the same
/// organisation that had read before.
#[test]
fn the_run_before_is_the_newest_earlier_one_of_the_same_organisation() {
    let series = Series::new();
    let world = disturbed(1, &[1, 2, 3]);
    let previous = |out: &Path| json(&out.join("report.json"))["roll_forward"]["previous"]["read_at"].clone();
    let third = series.audit(&world, "2026-11-20", &[]);
    assert_eq!(previous(&third), Value::Null);
    let first = series.audit(&world, "2026-11-18", &[]);
    assert_eq!(previous(&first), Value::Null, "a later run is no predecessor");
    let second = series.audit(&world, "2026-11-19", &[]);
    assert_eq!(previous(&second), "2026-11-18T06:10:00Z");

    // Of another organisation, of another kind, or broken: passed over when it is merely found.
    let other = disturbed(2, &[4]);
    let inputs = series.inputs(&other, "2026-11-17");
    let text = std::fs::read_to_string(&inputs).expect("a configuration");
    std::fs::write(&inputs, text.replace("acme.docebosaas.com", "other.docebosaas.com")).expect("written");
    audit(&inputs, &series.path("runs").join("other"), &[]);
    std::fs::create_dir_all(series.path("runs").join("notes")).expect("a folder");
    std::fs::create_dir_all(series.path("runs").join("broken")).expect("a folder");
    std::fs::write(series.path("runs").join("broken/run.json"), "{\"version\":1").expect("written");
    let configuration = series.path("inputs-2026-11-20/tieout.toml");
    audit(&configuration, &series.path("runs").join("again"), &[]);
    assert_eq!(previous(&series.path("runs").join("again")), "2026-11-19T06:10:00Z");
    audit(&configuration, &series.path("runs").join("alone"), &["--no-previous"]);
    assert_eq!(previous(&series.path("runs").join("alone")), Value::Null);
    let given = ["--previous", first.to_str().expect("UTF-8")];
    audit(&configuration, &series.path("elsewhere/run"), &given);
    assert_eq!(previous(&series.path("elsewhere/run")), "2026-11-18T06:10:00Z");

    // One that is named and cannot be followed is an error.
    for (folder, code, output) in [
        (series.path("runs/other"), 2, "is a run of another organization (platform "),
        (third, 2, "is not before this run"),
        (series.path("runs/notes"), 4, "is not the folder of a run"),
        (series.path("runs/broken"), 4, "run.json"),
    ] {
        let out = series.path("refused");
        let (found, _, stderr) = run(tieout()
            .arg("audit")
            .arg("-c")
            .arg(&configuration)
            .arg("--out")
            .arg(&out)
            .arg("--previous")
            .arg(&folder));
        assert_eq!(found, code, "{stderr}");
        assert!(stderr.contains(output) && stderr.contains("next:"), "{stderr}");
        assert!(!out.exists(), "nothing half-written");
    }
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            all.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            all.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    all
}

/// The outputs of a finished run, made again without its inputs, are the same bytes; for every sample.
#[test]
fn outputs_made_again_are_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    for sample in crate::sample_definitions::names() {
        let inputs = folder.path().join(format!("inputs-{sample}"));
        copy(&sample_folder(sample), &inputs);
        let out = folder.path().join(sample).join("run");
        audit(&inputs.join("tieout.toml"), &out, &[]);
        std::fs::remove_dir_all(&inputs).expect("the inputs are gone");
        let before = files(&out);
        let (code, stdout, stderr) = run(tieout().arg("report").arg(&out));
        assert_eq!(code, 0, "{sample}: {stdout}{stderr}");
        let after = files(&out);
        for (name, bytes) in &before {
            assert!(after.get(name) == Some(bytes), "{sample}: {name} differs");
        }
        assert_eq!(before.len(), after.len(), "{sample}");
        let elsewhere = folder.path().join(sample).join("elsewhere");
        let (code, _, stderr) =
            run(tieout().arg("report").arg(&out).arg("--out").arg(&elsewhere).arg("--show-names").arg("--quiet"));
        assert_eq!(code, 0, "{sample}: {stderr}");
        let shown = files(&elsewhere);
        assert_eq!(shown["report.json"], before["report.json"], "{sample}");
        assert_eq!(shown["evidence-pack.zip"], before["evidence-pack.zip"], "{sample}: never a name in the pack");
    }
}

fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("written");
    }
}

/// What tieout lists in SHA256SUMS is what lies there; and what somebody changed is not replaced unasked.
#[test]
fn a_changed_workbook_is_not_replaced_unasked() {
    let series = Series::new();
    let out = series.audit(&disturbed(1, &[1, 2, 3]), "2026-11-18", &[]);
    let listed: BTreeSet<String> = std::fs::read_to_string(out.join("SHA256SUMS"))
        .expect("a list")
        .lines()
        .map(|line| line.split_once("  ").expect("two columns").1.to_owned())
        .collect();
    let there: BTreeSet<String> = files(&out).into_keys().filter(|name| name != "SHA256SUMS").collect();
    assert_eq!(listed, there);

    std::fs::write(out.join("workbook.xlsx"), "an analyst's hours").expect("written");
    let (code, _, stderr) = run(tieout().arg("report").arg(&out));
    assert_eq!(code, 7, "{stderr}");
    assert!(
        stderr.contains("workbook.xlsx: was changed since tieout wrote it") && stderr.contains("--force"),
        "{stderr}"
    );
    assert_eq!(std::fs::read(out.join("workbook.xlsx")).expect("a file"), b"an analyst's hours");
    let (code, _, stderr) = run(tieout().arg("report").arg(&out).arg("--force"));
    assert_eq!(code, 0, "{stderr}");
    assert!(files(&out)["workbook.xlsx"].starts_with(b"PK"));
    let (code, ..) = run(tieout().arg("report").arg(&out));
    assert_eq!(code, 0, "and is its own again");
}

/// A folder that was tampered with is told, never rendered as if it were whole.
#[test]
fn a_run_that_does_not_hang_together_is_refused() {
    let series = Series::new();
    let out = series.audit(&disturbed(1, &[1, 2, 3]), "2026-11-18", &[]);
    let lines = std::fs::read_to_string(out.join("findings.jsonl")).expect("findings");
    let (first, rest) = lines.split_once('\n').expect("several");
    for (text, output) in [
        (rest.to_owned(), "and the run had"),
        (format!("{{\n{rest}"), "line 1"),
        (lines.replacen("\"check\":\"", "\"check\":\"no-", 1), "is no check of this run"),
        (format!("{first}\n{first}\n{rest}"), "and the run had"),
    ] {
        std::fs::write(out.join("findings.jsonl"), text).expect("written");
        let (code, _, stderr) = run(tieout().arg("report").arg(&out));
        assert_eq!(code, 4, "{stderr}");
        assert!(stderr.contains("findings.jsonl") && stderr.contains(output) && stderr.contains("next:"), "{stderr}");
    }
    std::fs::write(out.join("findings.jsonl"), &lines).expect("written");
    let facts = std::fs::read_to_string(out.join("run.json")).expect("facts");
    for (text, output) in [
        (facts.replacen("\"version\":1", "\"version\":9", 1), "reads version 1"),
        (facts.replacen("\"sfdc-id-blank\"", "\"sfdc-id-empty\"", 1), "is not known to this version"),
        (facts[..facts.len() / 2].to_owned(), "EOF"),
    ] {
        std::fs::write(out.join("run.json"), text).expect("written");
        let (code, _, stderr) = run(tieout().arg("report").arg(&out));
        assert_eq!(code, 4, "{stderr}");
        assert!(stderr.contains(output), "{stderr}");
    }
}

/// A workbook as an analyst's program saves it: the sheet, its four columns in an order of its own, the run's id.
pub(crate) fn filled(path: &Path, run: &str, rows: &[(&str, &str, &str, &str)]) {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet().set_name("Findings").expect("a name");
    for (column, heading) in (0..).zip(["Comment", "Finding", "Status", "Owner"]) {
        sheet.write_string(0, column, heading).expect("a cell");
    }
    for (row, (key, status, owner, comment)) in (1..).zip(rows) {
        for (column, text) in (0..).zip([comment, key, status, owner]) {
            sheet.write_string(row, column, *text).expect("a cell");
        }
    }
    let about = workbook.add_worksheet().set_name("Read me").expect("a name");
    about.write_string(0, 1, run).expect("a cell");
    workbook.define_name("Run_Id", "='Read me'!$B$1").expect("a name");
    workbook.save(path).expect("saved");
}

pub(crate) fn reviews(out: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(out.join("reviews.jsonl")).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line"));
    lines.map(|line| (word(&line["key"]), line)).collect()
}

/// An analyst's words: read back, shown, carried into the next run, kept while a finding is gone, there again
/// when it comes back.
#[test]
fn what_an_analyst_said_goes_along() {
    let series = Series::new();
    let (one, two) = (disturbed(3, &[1, 2, 3, 4]), disturbed(3, &[1, 2]));
    let first = series.audit(&one, "2026-11-18", &[]);
    let id = word(&json(&first.join("report.json"))["run"]);
    let keys: Vec<String> = findings(&first).into_keys().collect();
    let deleted = |second: &Path| states(second).into_iter().find(|(_, state)| state == "cleared").expect("one").0;

    // Said of every finding; the workbook lies elsewhere, as mail brings it.
    let workbook = series.path("from-mail.xlsx");
    let owners: Vec<String> = (0..keys.len()).map(|number| format!("=Ada {number}")).collect();
    let rows: Vec<(&str, &str, &str, &str)> = keys
        .iter()
        .zip(&owners)
        .map(|(key, owner)| (key.as_str(), " raised with  docebo", owner.as_str(), "two\nlines, \u{202e}reversed"))
        .collect();
    filled(&workbook, &id, &rows);
    let review = |arguments: &[&str]| run(tieout().arg("review").arg(&workbook).args(arguments));
    let (code, _, stderr) = review(&[]);
    assert!(code == 2 && stderr.contains("--run"), "{stderr}");
    let folder = first.to_str().expect("UTF-8");
    let (code, stdout, stderr) = review(&["--run", folder, "--dry-run"]);
    assert_eq!((code, reviews(&first).len()), (0, 0), "{stdout}{stderr}");
    let (code, stdout, stderr) = review(&["--run", folder]);
    assert_eq!((code, reviews(&first).len()), (0, keys.len()), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("{} new", keys.len())), "{stdout}");
    let (_, stdout, _) = review(&["--run", folder]);
    assert!(stdout.contains("0 new, 0 changed") && stdout.contains(&format!("{} as before", keys.len())), "{stdout}");

    // In the same run's outputs, made again.
    let (code, _, stderr) = run(tieout().arg("report").arg(&first));
    assert_eq!(code, 0, "{stderr}");
    let page = std::fs::read_to_string(first.join("report.html")).expect("a page");
    assert!(page.contains("Raised with Docebo") && !page.contains("=Ada"), "the status, not who works on it");

    // In the next run, and kept while the finding is gone; it comes back with its words.
    let second = series.audit(&two, "2026-11-19", &[]);
    assert_eq!(reviews(&second), reviews(&first));
    let key = deleted(&second);
    assert!(reviews(&second).contains_key(&key));
    let third = series.audit(&one, "2026-11-20", &[]);
    assert_eq!(states(&third)[&key], "reopened");
    assert_eq!(reviews(&third)[&key]["comment"], "two\nlines, \u{202e}reversed");
    assert_eq!(reviews(&third)[&key]["run"], id.as_str(), "and in which run they were said");

    // A run that is replaced hands its words to its successor.
    let (code, _, stderr) = run(tieout()
        .args(["audit", "--exit-zero", "--force", "--no-previous", "--accept", "export-time,extract-time", "-c"])
        .arg(series.path("inputs-2026-11-18/tieout.toml"))
        .arg("--out")
        .arg(&first));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(reviews(&first).len(), keys.len());
}

/// Deleted rows, unknown keys, bad statuses, the workbook of another run: told, and nothing of them taken.
#[test]
fn nothing_is_taken_silently() {
    let series = Series::new();
    let out = series.audit(&disturbed(3, &[1, 2, 3, 4]), "2026-11-18", &[]);
    let id = word(&json(&out.join("report.json"))["run"]);
    let keys: Vec<String> = findings(&out).into_keys().collect();
    let workbook = out.join("filled.xlsx");
    filled(
        &workbook,
        &id,
        &[
            (&keys[0], "Open", "Ada", ""),
            (&keys[1], "Opne", "", ""),
            ("F-0000000000", "Open", "", ""),
            ("", "", "", "a lost thought"),
        ],
    );
    let (code, stdout, stderr) = run(tieout().arg("review").arg(&workbook));
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert_eq!(reviews(&out).into_keys().collect::<Vec<_>>(), [keys[0].clone()]);
    for output in ["Findings!C3", "did you mean `Open`?", "Findings!B4", "no finding of this run", "Findings!B5"] {
        assert!(stderr.contains(output), "{output}: {stderr}");
    }
    let deleted = keys.len() - 2;
    assert!(stdout.contains("1 new") && stdout.contains("3 refused"), "{stdout}");
    assert!(stdout.contains(&format!("{deleted} finding")) && stdout.contains("closes nothing"), "{stdout}");

    // Blank cells of an older copy take nothing away unless that is said.
    filled(&workbook, &id, &[(&keys[0], "", "", "")]);
    let (code, stdout, _) = run(tieout().arg("review").arg(&workbook));
    assert!(code == 0 && stdout.contains("kept") && stdout.contains(&keys[0]), "{stdout}");
    assert_eq!(reviews(&out).len(), 1);
    let (_, stdout, _) = run(tieout().arg("review").arg(&workbook).arg("--withdraw"));
    assert!(stdout.contains("1 withdrawn"), "{stdout}");
    assert_eq!(reviews(&out).len(), 0);

    filled(&workbook, "R-0000000000", &[(&keys[0], "Open", "", "")]);
    let (code, _, stderr) = run(tieout().arg("review").arg(&workbook));
    assert!(code == 2 && stderr.contains("R-0000000000") && stderr.contains(&id), "{stderr}");
}

/// Pseudonyms are the same in every output, and from run to run.
#[test]
fn pseudonyms_stay_from_run_to_run() {
    let series = Series::new();
    let mut world = World::in_sync(7, 60);
    let who = world.settled_learners();
    world.near_miss_username(&who[0], |key| key.to_uppercase());
    let first = series.audit(&world, "2026-11-18", &[]);
    world.add_contact("somebody.new@example.com", "Somebody", "New");
    let second = series.audit(&world, "2026-11-19", &[]);
    let alone = series.path("alone/run");
    audit(&series.path("inputs-2026-11-19/tieout.toml"), &alone, &[]);
    let pseudonyms = |out: &Path| -> BTreeSet<String> {
        let page = std::fs::read_to_string(out.join("report.html")).expect("a page");
        let found = page.split("p_").skip(1).filter_map(|rest| rest.get(..16));
        found
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()))
            .map(str::to_owned)
            .collect()
    };
    let (one, two, other) = (pseudonyms(&first), pseudonyms(&second), pseudonyms(&alone));
    assert!(!one.is_empty() && one.is_subset(&two), "{one:?} {two:?}");
    assert!(one.is_disjoint(&other), "the key is that of the series");
    let page = std::fs::read_to_string(second.join("report.html")).expect("a page");
    assert!(!page.to_lowercase().contains(&who[0].to_lowercase()), "a name in the page");
}
