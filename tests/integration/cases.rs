//! Support cases: one cause a pack, nothing of a person in it, joins by pseudonym as by value, and what is answered
//! when support says that it is fixed. Through the binary, as a user has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::cli::{run, tieout};
use crate::series::{audit, findings, json, on_day};
use crate::world::World;
use crate::world::dialect::Dialect;

fn prepare(folder: &Path, world: &World, day: &str, arguments: &[&str]) -> PathBuf {
    let inputs = folder.join(format!("inputs-{day}"));
    std::fs::create_dir_all(&inputs).expect("a folder");
    world.write(&inputs, &Dialect::default());
    on_day(&inputs.join("tieout.toml"), day);
    let out = folder.join("runs").join(day);
    audit(&inputs.join("tieout.toml"), &out, arguments);
    out
}

fn disturbed(seed: u64, disturbances: usize) -> World {
    let mut world = World::in_sync(seed, 60);
    let mut rng = Rng::with_seed(seed);
    for _ in 0..disturbances {
        let disturbance = rng.choice(World::disturbances()).expect("some");
        (disturbance.apply)(&mut world, &mut rng);
    }
    world
}

/// Packs a run; the only archive in the folder `out`.
fn pack(run_folder: &Path, out: &Path, arguments: &[&str]) -> Result<PathBuf, (i32, String)> {
    let (code, _, stderr) = run(tieout().arg("pack").arg(run_folder).arg("--out").arg(out).args(arguments));
    if code != 0 {
        return Err((code, stderr));
    }
    let mut zips: Vec<PathBuf> = std::fs::read_dir(out)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "zip"))
        .collect();
    zips.sort_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).expect("a time"));
    Ok(zips.pop().expect("a pack"))
}

/// Every file of a pack by its path in the bag.
fn unpacked(zip: &Path) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(zip).expect("a file")).expect("a zip");
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).expect("an entry");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("UTF-8");
            let name = file.name().expect("a name").into_owned();
            (name.split_once('/').expect("one top folder").1.to_owned(), text)
        })
        .collect()
}

fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(csv.as_bytes()).deserialize().map(|row| row.expect("a row")).collect()
}

/// The causes that a run has for Docebo's support.
fn causes(out: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(out.join("findings.jsonl")).expect("findings");
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line"))
        .filter(|line| line["owner"] == "docebo-support" && line["because_of"].is_null())
        .map(|line| line["check"].as_str().expect("a check").to_owned())
        .collect()
}

/// Over generated worlds and every cause: no personal value of the world occurs in any file of a pack, ids and
/// counts are those of the run, and equal values have equal pseudonyms in all packs of a case, other ones in
/// another case.
#[test]
fn a_pack_tells_nothing_of_persons_and_joins_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut packs = 0;
    for seed in 0..5 {
        let world = disturbed(seed, 14);
        let out = prepare(&folder.path().join(seed.to_string()), &world, "2026-11-18", &[]);
        let personal: BTreeSet<String> = world
            .learners
            .iter()
            .map(|learner| learner.username.clone())
            .chain(world.contacts.iter().map(|contact| contact.key.clone()))
            .map(|value| value.trim().to_lowercase())
            .filter(|value| value.len() >= 4)
            .collect();
        assert!(personal.len() > 50);
        let of_run = |cause: &str| findings(&out).into_values().filter(|check| check == cause).count();
        for cause in causes(&out) {
            let cases = folder.path().join(format!("cases-{seed}"));
            let one = pack(&out, &cases, &["--case", "1", "--cause", &cause]).expect("a pack");
            let files = unpacked(&one);
            for (name, text) in &files {
                let text = text.to_lowercase();
                for value in &personal {
                    assert!(!text.contains(value), "seed {seed}, {cause}: {name} tells {value}");
                }
            }
            let output = rows(&files["data/findings/findings.csv"]);
            assert!(output.iter().filter(|row| row["check"] == cause).count() <= of_run(&cause));
            assert_eq!(output.len(), files["data/findings/findings.jsonl"].lines().count());
            // Ids, checks and moments are those of the run, unchanged.
            let text = std::fs::read_to_string(out.join("findings.jsonl")).expect("findings");
            let run_lines: BTreeMap<String, serde_json::Value> = text
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line"))
                .map(|line| (line["key"].as_str().expect("a key").to_owned(), line))
                .collect();
            let mut by_value: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for row in &output {
                let line = &run_lines[&row["key"]];
                let same = |column: &str, field: &str| {
                    let value = &line[field];
                    let value = if value.is_null() {
                        String::new()
                    } else {
                        value.as_str().map_or(value.to_string(), str::to_owned)
                    };
                    assert_eq!(row[column], value, "{column} of {}", row["key"]);
                };
                for (column, field) in [
                    ("record_id", "salesforce_id"),
                    ("learner_id", "learner_id"),
                    ("course_id", "course_id"),
                    ("since", "since"),
                    ("because_of", "because_of"),
                ] {
                    same(column, field);
                }
                for field in ["expected", "found"] {
                    let value = line[field].as_str().expect("text").to_owned();
                    by_value.entry(value).or_default().insert(row[field].clone());
                }
            }
            // A join by pseudonym is a join by value: one for each value, and none for two.
            let shown: Vec<&String> = by_value.values().flatten().filter(|shown| shown.starts_with("p_")).collect();
            assert!(by_value.values().all(|shown| shown.len() == 1), "{by_value:?}");
            assert_eq!(shown.len(), shown.iter().collect::<BTreeSet<_>>().len(), "two values, one pseudonym");
            packs += 1;
        }
    }
    assert!(packs > 12, "{packs} packs are too few to say anything");
}

/// Packs of one case join with each other and not with another; key and mapping are for their owner alone.
#[test]
fn a_case_keeps_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::in_sync(7, 60);
    let who = world.settled_learners();
    world.misattach(&who[0]);
    world.unknown_status_word(&who[1], "Iscritta, ma non troppo");
    world.drop_enrollment(&who[2]);
    world.write_into_enrolment_id(&who[3], "as Ada Lovelace typed it");
    let out = prepare(folder.path(), &world, "2026-11-18", &[]);
    let cases = folder.path().join("cases");
    // What somebody typed in place of a key is a value of a person too.
    let typed = pack(&out, &cases, &["--case", "4711", "--cause", "enrollment-key-mismatch"]).expect("a pack");
    let files = unpacked(&typed);
    assert!(files.values().all(|text| !text.contains("Lovelace")), "typed text in the pack");
    let output = rows(&files["data/findings/findings.csv"]);
    assert!(output.iter().any(|row| row["found"].starts_with("p_")), "{output:?}");
    let pseudonyms = |zip: &Path| -> BTreeSet<String> {
        let files = unpacked(zip);
        let text = files.values().cloned().collect::<String>();
        text.split("p_")
            .skip(1)
            .filter_map(|rest| rest.get(..16))
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()))
            .map(str::to_owned)
            .collect()
    };
    let misattached = ["--case", "4711", "--cause", "docebo-user-misattached"];
    let zip = pack(&out, &cases, &misattached).expect("a pack");
    let (first, bytes) = (pseudonyms(&zip), std::fs::read(&zip).expect("a file"));
    let zip = pack(&out, &cases, &[&misattached[..], &["--force"]].concat()).expect("a pack");
    let again = pseudonyms(&zip);
    assert!(std::fs::read(&zip).expect("a file") == bytes, "the same case, run and cause give the same bytes");
    let other = pseudonyms(
        &pack(&out, &folder.path().join("others"), &["--case", "4712", "--cause", "docebo-user-misattached"])
            .expect("a pack"),
    );
    assert!(!first.is_empty() && first == again && first.is_disjoint(&other), "{first:?} {again:?} {other:?}");

    let private = cases.join("docebo-case-4711.private");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| path.metadata().expect("it").permissions().mode() & 0o777;
        assert_eq!([mode(&cases), mode(&private)], [0o700; 2]);
        assert_eq!([mode(&private.join("key.json")), mode(&private.join("pseudonyms.csv"))], [0o600; 2]);
    }
    let mapping = rows(&std::fs::read_to_string(private.join("pseudonyms.csv")).expect("a mapping"));
    assert!(mapping.iter().any(|row| row["value"] == who[0]), "the mapping leads back: {mapping:?}");
    let mapped: BTreeSet<String> =
        mapping.iter().map(|row| row["pseudonym"].trim_start_matches("p_").to_owned()).collect();
    assert!(first.is_subset(&mapped), "every pseudonym of the pack");
    let (code, stderr) =
        pack(&out, &cases, &["--case", "4711", "--cause", "docebo-user-misattached"]).expect_err("it is there");
    assert!(code == 7 && stderr.contains("--force"), "{stderr}");
    let mapping = std::fs::read(private.join("pseudonyms.csv")).expect("a mapping");
    std::fs::write(private.join("pseudonyms.csv"), "name,city,age\n").expect("written");
    let (code, stderr) = pack(&out, &cases, &["--case", "4711", "--force"]).expect_err("another's file");
    assert!(code == 4 && stderr.contains("its headings are others") && stderr.contains("next:"), "{stderr}");
    let kept = std::fs::read_to_string(private.join("pseudonyms.csv")).expect("a file");
    assert_eq!(kept, "name,city,age\n");
    std::fs::write(private.join("pseudonyms.csv"), mapping).expect("written");
    std::fs::write(private.join("key.json"), "{}").expect("written");
    let (code, stderr) = pack(&out, &cases, &["--case", "4711", "--force"]).expect_err("a broken key");
    assert!(code == 4 && stderr.contains("key.json") && stderr.contains("next:"), "{stderr}");
}

/// Raw values only by consent; the pack says whose, of which fields, and how many.
#[test]
fn raw_values_need_consent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::in_sync(7, 60);
    let who = world.settled_learners();
    world.misattach(&who[0]);
    let out = prepare(folder.path(), &world, "2026-11-18", &[]);
    let cases = folder.path().join("cases");
    let (code, stderr) = pack(&out, &cases, &["--include-raw", "username"]).expect_err("nobody consents");
    assert!(code == 2 && stderr.contains("--consent") && !cases.exists(), "{stderr}");
    let (code, stderr) =
        pack(&out, &cases, &["--include-raw", "shoe size", "--consent", "Ada, for 4711"]).expect_err("no such field");
    assert!(code == 2 && stderr.contains("username"), "{stderr}");
    let zip = pack(&out, &cases, &["--include-raw", "username", "--consent", "Ada, for 4711"]).expect("a pack");
    let files = unpacked(&zip);
    assert!(files["data/examples/examples.csv"].contains(&who[0]));
    let report: serde_json::Value = serde_json::from_str(&files["data/redaction/report.json"]).expect("JSON");
    assert_eq!(report["raw"]["consent"], "Ada, for 4711");
    assert!(report["fields"]["username"]["raw"].as_u64().is_some_and(|count| count > 0), "{report}");
    assert!(files["README.txt"].contains("Ada, for 4711") && files["bag-info.txt"].contains("by consent"));
    let manifest: serde_json::Value = serde_json::from_str(&files["data/manifest.json"]).expect("JSON");
    let class = manifest["files"]
        .as_array()
        .expect("files")
        .iter()
        .find(|file| file["path"] == "data/examples/examples.csv")
        .expect("it")["class"]
        .clone();
    assert_eq!(class, "personal");
}

/// A stall's case holds all that is there because of it; a case beside it holds nothing of that.
#[test]
fn fallout_is_told_in_the_case_of_its_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    audit(&crate::sample_folder("outbound-stalled").join("tieout.toml"), &out, &[]);
    let output = |cause: &str| -> BTreeMap<String, usize> {
        let zip = pack(&out, &folder.path().join(cause), &["--cause", cause]).expect("a pack");
        let mut counts = BTreeMap::new();
        for row in rows(&unpacked(&zip)["data/findings/findings.csv"]) {
            *counts.entry(row["check"].clone()).or_default() += 1;
        }
        counts
    };
    let text = std::fs::read_to_string(out.join("findings.jsonl")).expect("findings");
    let consequence = text.lines().filter(|line| line.contains("\"because_of\":\"F-")).count();
    let stalled = output("outbound-stalled");
    assert!(consequence > 1_000 && stalled.values().sum::<usize>() == consequence + 1, "{stalled:?}");
    // Six outdated enrollments have another cause than the stall, and a case of their own.
    assert_eq!(output("enrollment-outdated"), BTreeMap::from([("enrollment-outdated".to_owned(), 6)]));
    assert_eq!(output("enrollment-orphaned"), BTreeMap::from([("enrollment-orphaned".to_owned(), 2)]));
    let (code, stderr) = pack(&out, &folder.path().join("x"), &["--cause", "enrollment-absent"]).expect_err("fallout");
    assert!(code == 2 && stderr.contains("only what is there because of a stall"), "{stderr}");
}

/// A cause that is none of the run's is refused with those that are; a dry run writes nothing.
#[test]
fn a_cause_is_one_of_the_runs_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::in_sync(7, 60);
    let who = world.settled_learners();
    world.drop_enrollment(&who[0]);
    world.blank_sfdc_id(&who[1]);
    let out = prepare(folder.path(), &world, "2026-11-18", &[]);
    let cases = folder.path().join("cases");
    for (cause, output) in [
        ("enrolment-absent", "is no check"),
        ("enrollment-orphaned", "found nothing in this run"),
        ("sfdc-id-blank", "is for the docebo-admin to act on"),
    ] {
        let (code, stderr) = pack(&out, &cases, &["--cause", cause]).expect_err("no cause");
        assert!(code == 2 && stderr.contains(output) && stderr.contains("name one of enrollment-absent"), "{stderr}");
    }
    let (code, stderr) = pack(&out, &cases, &["--case", "../../etc"]).expect_err("no number");
    assert!(code == 2 && stderr.contains("is not a case number"), "{stderr}");
    let (code, stdout, _) = run(tieout().arg("pack").arg(&out).arg("--out").arg(&cases).arg("--dry-run"));
    assert!(code == 0 && stdout.contains("data/findings/findings.csv") && stdout.contains("[to fill"), "{stdout}");
    assert!(!cases.exists(), "a dry run writes nothing");
    let zip = pack(
        &out,
        &cases,
        &[
            "--contact",
            "Ada Okafor <ada@example.com>, UTC+1",
            "--impact",
            "Nobody can be billed",
            "--tried",
            "Resynchronised on Monday",
            "--with-workbook",
        ],
    );
    let mut archive = zip::ZipArchive::new(std::fs::File::open(zip.expect("a pack")).expect("a file")).expect("a zip");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("UTF-8").into_owned()).collect();
    assert!(names.iter().any(|name| name.ends_with("/data/workbook.xlsx")), "{names:?}");
    let ticket = names.iter().find(|name| name.ends_with("/ticket.txt")).expect("a ticket");
    let mut text = String::new();
    archive.by_name(ticket).expect("it").read_to_string(&mut text).expect("UTF-8");
    for message in ["Ada Okafor <ada@example.com>, UTC+1", "Nobody can be billed", "Resynchronised on Monday"] {
        assert!(text.contains(message), "{message}: {text}");
    }
}

/// The answer to "it is fixed": what was restored and what is still missing, in numbers that a count by hand gives.
#[test]
fn the_reply_says_what_was_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut broken = World::in_sync(9, 60);
    let who = broken.settled_learners();
    let whole = broken.clone();
    for learner in &who[..4] {
        broken.drop_enrollment(learner);
    }
    let mut partly = whole.clone();
    partly.drop_enrollment(&who[0]);
    let first = prepare(folder.path(), &broken, "2026-11-18", &[]);
    assert!(!first.join("reply.md").exists(), "there is nothing to answer yet");
    let second = prepare(folder.path(), &partly, "2026-11-19", &[]);
    let reply = std::fs::read_to_string(second.join("reply.md")).expect("a reply");
    let left = findings(&second);
    let before = findings(&first);
    let still = before.keys().filter(|key| left.contains_key(*key)).count();
    assert!(still > 0 && still < before.len(), "{before:?} {left:?}");
    assert!(reply.contains(&format!("{} are restored and {still}", before.len() - still)), "{reply}");
    assert!(reply.contains("Please write what is still missing"), "{reply}");
    for key in before.keys().filter(|key| left.contains_key(*key)).take(1) {
        assert!(reply.contains(key.as_str()), "{reply}");
    }
    let third = prepare(folder.path(), &whole, "2026-11-20", &[]);
    let reply = std::fs::read_to_string(third.join("reply.md")).expect("a reply");
    assert!(reply.contains("the case can be closed") && reply.contains("and 0 are not"), "{reply}");
    assert_eq!(json(&third.join("report.json"))["roll_forward"]["all"]["open_at_end"], 0);
}
